"""What is on its way to the server: octets, and what they mean once they are out.

It owns the octets that are left to be sent, and the hold on the caller's memory. It knows
nothing of transports. The encoder makes the requests, the sender everything else; a request is
also the queue's entry until its response was read.
"""

from __future__ import annotations

from typing import Final

import attrs

from dugong.protocol.state import Phase, SendEvent, Verdict

# Members are looked up by a Python call before 3.12.
_WHOLE: Final = Phase.WHOLE
_NO_VERDICT: Final = Verdict.NONE


@attrs.define(eq=False, repr=False, weakref_slot=False)
class Outgoing:
    """Something on its way to the server; given to a step of the sender until all of it is out.

    Attributes:
        event: What it means to the state of the connection once it is out.
        pieces: The octets that are left, none of them empty. They may refer to the caller's
            memory, until the end of the call.
        octets: Payload octets of the body that are among *pieces*.
        is_begun: Whether any octet may have gone out.
        is_out: Whether all of it is out.
    """

    event: SendEvent
    pieces: list[bytes | memoryview]
    octets: int = attrs.field(default=0, kw_only=True)
    is_begun: bool = attrs.field(default=False, init=False)
    is_out: bool = attrs.field(default=False, init=False)

    def release(self) -> None:
        """Give up the hold on the caller's memory."""
        for piece in self.pieces:
            if isinstance(piece, memoryview):
                piece.release()
        self.pieces.clear()


# A plain class: what attrs makes of defaults without arguments takes twice as long (bench, small).
class EncodedRequest(Outgoing):
    """A request that was checked, as octets; then one that waits for its response.

    Its *pieces* are the request line and all header fields with the empty line, as one piece. The
    sender puts the body behind it.

    Attributes:
        method: The method.
        path: The path as the caller gave it.
        body: The whole body, where it is sent in one call.
        length: Octets of a body that follows in calls of ``write``; 0 for all others.
        chunked: Whether the body that follows is sent in chunks.
        closes: Whether the request says ``Connection: close``.
        phase: How far the sending has come; written by the sending half.
        verdict: What the server said to an expectation; written by the receiving half.
    """

    __slots__ = (
        "body",
        "chunked",
        "closes",
        "length",
        "method",
        "path",
        "phase",
        "verdict",
    )

    def __init__(
        self,
        event: SendEvent,
        pieces: list[bytes | memoryview],
        method: str,
        path: str,
        body: memoryview | None = None,
        length: int = 0,
        chunked: bool = False,
        closes: bool = False,
    ) -> None:
        # What its base class sets, too: to call that takes as long as all of this (bench, small).
        self.event = event
        self.pieces = pieces
        self.octets = 0
        self.is_begun = False
        self.is_out = False
        self.method: str = method
        self.path: str = path
        self.body: memoryview | None = body
        self.length: int = length
        self.chunked: bool = chunked
        self.closes: bool = closes
        self.phase: Phase = _WHOLE
        self.verdict: Verdict = _NO_VERDICT

    @property
    def head(self) -> bytes:
        """The request line and all header fields, with the empty line, before it is sent."""
        return bytes(self.pieces[0]) if self.pieces else b""

    @property
    def has_content(self) -> bool:
        """Whether there is, or follows, a body that is not known to be empty."""
        return self.chunked or bool(self.length or self.body)

    def release(self) -> None:
        """Give up the hold on the caller's memory."""
        super().release()
        if self.body is not None:
            self.body.release()
            self.body = None
