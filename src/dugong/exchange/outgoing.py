"""Something on its way to the transport.

It owns the octets that are left to be sent, and the hold on the caller's memory. The sender makes
one for each send, and gives it to its step until all of it is out.
"""

from __future__ import annotations

from collections import deque

import attrs

from dugong.protocol.request import EncodedRequest
from dugong.protocol.state import Owed, SendEvent


@attrs.define(eq=False)
class Outgoing:
    """Something on its way to the transport; given to `Sender.step` until all of it is out.

    Attributes:
        event: What it means to the state of the connection once it is out.
        pieces: The octets that are left. They refer to the caller's memory, until the end of the
            call.
        entry: The request that this begins, or `None` where it belongs to the active one.
        request: That request, encoded.
        octets: Payload octets of the body that are among *pieces*.
        is_begun: Whether any octet may have gone out.
        is_out: Whether all of it is out.
    """

    event: SendEvent
    pieces: deque[bytes | memoryview]
    entry: Owed | None = None
    request: EncodedRequest | None = None
    octets: int = 0
    is_begun: bool = False
    is_out: bool = False

    def release(self) -> None:
        """Give up the hold on the caller's memory."""
        for piece in self.pieces:
            if isinstance(piece, memoryview):
                piece.release()
        self.pieces.clear()
        if self.request is not None:
            self.request.release()
