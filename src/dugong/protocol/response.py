"""What the user holds of a response: its status line and headers, and which request it answers.

It owns no behaviour. The body is read through the connection.
"""

from __future__ import annotations

from email.message import Message

import attrs


# slots=False: made once for each response, and a third faster so (360 against 561 ns).
@attrs.frozen(eq=False, slots=False)
class HTTPResponse:
    """The head of a response (RFC 9112 section 4), compared by identity.

    Attributes:
        method: The method of the request that this response answers.
        path: The path of that request, as it was given.
        status: The status code.
        reason: The reason phrase, possibly empty.
        headers: The header fields in the order in which they came.
        length: Octets of the transmitted body: 0 where there is none by the rules of HTTP,
            `None` where the head does not tell.
        interim: The 1xx responses that were passed over before this one, in order.
    """

    method: str
    path: str
    status: int
    reason: str
    headers: Message
    length: int | None = None
    interim: tuple[HTTPResponse, ...] = ()
