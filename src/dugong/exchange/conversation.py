"""What happens on one TCP connection: the link and its two halves, put together.

It owns nothing else. The façade makes one for each connection, and replaces it when that one
has ended. Where there is none yet, or none any more, it has `NO_CONVERSATION`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from dugong.exchange.link import Link
from dugong.exchange.receiver import Receiver
from dugong.exchange.sender import Sender
from dugong.limits import Limits
from dugong.protocol.framing import choose_framing
from dugong.protocol.response_head import HeadParser

if TYPE_CHECKING:
    from dugong.protocol.framing import FramingChoice


class Conversation:
    """One connection, from before it is opened until after it has ended.

    Attributes:
        link: What the two halves share.
        sender: The sending half.
        receiver: The receiving half.
    """

    __slots__ = (
        "link",
        "receiver",
        "sender",
    )

    def __init__(
        self,
        timeout: float | None,
        make_parser: Callable[[Limits], HeadParser],
        choose_framing: FramingChoice,
        limits: Limits,
    ) -> None:
        link = Link(timeout)
        self.link: Link = link
        self.sender: Sender = Sender(link, limits)
        self.receiver: Receiver = Receiver(link, make_parser(limits), choose_framing, limits)


# One for all connections, since nothing can change in it: nothing is owed, and it is never opened.
NO_CONVERSATION: Final = Conversation(None, HeadParser, choose_framing, Limits())
