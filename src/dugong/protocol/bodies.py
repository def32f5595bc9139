"""Where a response body ends: one class for each kind but chunks (RFC 9112 section 6).

Framing objects own the count of what is still to come. They know nothing of I/O: they consume
framing octets from the buffer, say how many payload octets may be received directly into the
caller's memory, account for what was delivered, and say what a close by the peer means. The
receiver calls them. Chunks, which are a grammar of their own, are in `dugong.protocol.chunks`.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from dugong.exceptions import (
    ConnectionClosed,
    InvalidResponse,
    UnsupportedResponse,
    fresh_copy,
)

if TYPE_CHECKING:
    from dugong.protocol.field_message import FieldMessage
    from dugong.protocol.read_buffer import ReadBuffer


class BodyFraming(ABC):
    """The end of one body, and the way there.

    It is given the buffer whenever octets have come, and delivers payload from it (`take`,
    `move_into`) or is told of payload that went past it, directly into the caller's memory
    (`delivered`, or `settle` where it said how by `lay_out`). It raises `InvalidResponse` or
    `UnsupportedResponse` for a faulty framing, and again when called again, and `ConnectionClosed`
    from `peer_closed`. It may not do I/O, consume an octet that follows the body, keep memory that
    it is given, take a body that was cut short for a whole one, or come to another result where the
    octets arrive in other segments.

    Attributes:
        length: Octets of the transmitted body, or `None` where the head does not tell.
        room: Payload octets that may be delivered before framing octets come next. It is 0 at
            the end of the body, and where `advance` has to be called first.
        tail: Framing octets that are expected behind `room`, where it is the rest of something
            large; otherwise 0.
        is_foreseen: Whether it is worth while to receive as `lay_out` says.
        ended: Whether the body is at its end.
        closes: Whether the connection cannot be kept after this body.
        trailers: The trailer section of a chunked body that is at its end, otherwise `None`.
    """

    length: int | None = None
    room: int = 0
    tail: int = 0
    is_foreseen: bool = False
    ended: bool = False
    closes: bool = False
    trailers: FieldMessage | None = None

    @abstractmethod
    def advance(self, buffer: ReadBuffer) -> bool:
        """Consume the framing octets that come next.

        Returns:
            False while more octets are needed; otherwise `room` or `ended` is up to date.

        Raises:
            InvalidResponse: The framing is faulty. It is raised again when called again.
            UnsupportedResponse: The framing is none that this library reads.
        """

    @abstractmethod
    def delivered(self, count: int) -> None:
        """Account for *count* payload octets, at most `room`, that the caller was given."""

    def move_into(self, buffer: ReadBuffer, target: memoryview) -> int:
        """Deliver payload from *buffer* into *target*, as much as there is; return its octets."""
        with target[: self.room] as window:
            count = buffer.move_into(window)
        self.delivered(count)
        return count

    def take(self, buffer: ReadBuffer, limit: int) -> bytes:
        """Deliver payload from *buffer*, at most *limit* octets; empty where there is none."""
        payload = buffer.take(min(self.room, buffer.size, limit))
        self.delivered(len(payload))
        return payload

    def lay_out(self, target: memoryview) -> list[memoryview]:
        """Return where to receive what comes next: every other view is a part of *target*.

        The first one is, and the parts follow each other without gaps. The views between are for
        what lies between the payload. To be called where `room` is not 0.
        """
        return [target[: self.room]]

    def settle(self, views: list[memoryview], received: int, buffer: ReadBuffer) -> int:
        """Account for what was received into *views*, as `lay_out` gave them.

        Args:
            views: Filled from the first on.
            received: How many octets there are, and not 0.
            buffer: Is empty, and gets what did not come as it was expected.

        Returns:
            The octets of payload, which are at the front of the caller's memory.
        """
        self.delivered(received)
        return received

    def peer_closed(self, *, orderly: bool) -> None:
        """Say what it means that the peer closes before the end of the body.

        Args:
            orderly: Whether the close can be one that ends a body.

        Raises:
            ConnectionClosed: The body is cut short.
        """
        raise ConnectionClosed("server closed the connection before the end of the body")


class EmptyBody(BodyFraming):
    """No body at all (RFC 9112 section 6.3, rules 1 and 2); also what stands before any body."""

    length: int | None = 0
    ended = True

    def __init__(self, *, closes: bool = False) -> None:
        self.closes: bool = closes

    def advance(self, buffer: ReadBuffer) -> bool:
        return True

    def delivered(self, count: int) -> None:
        assert not count, "an empty body delivers nothing"


class SizedBody(BodyFraming):
    """A body delimited by Content-Length (RFC 9112 section 6.3, rule 6)."""

    def __init__(self, length: int) -> None:
        self.length: int | None = length
        self.room: int = length
        self.ended: bool = not length
        # What a class has as a default takes longer to read (bench, small).
        self.closes: bool = False
        self.trailers: FieldMessage | None = None

    def advance(self, buffer: ReadBuffer) -> bool:
        return True

    def delivered(self, count: int) -> None:
        self.room -= count
        self.ended = not self.room

    def take(self, buffer: ReadBuffer, limit: int) -> bytes:
        room = self.room
        if room <= limit and room <= buffer.size:  # all that is left (bench, small)
            self.room = 0
            self.ended = True
            return buffer.take(room)
        payload = buffer.take(min(buffer.size, limit))
        self.room = room - len(payload)
        return payload

    def peer_closed(self, *, orderly: bool) -> None:
        raise ConnectionClosed(
            f"server closed the connection {self.room} octets before the end of the body"
        )


class UntilCloseBody(BodyFraming):
    """A body that ends when the server closes (RFC 9112 section 6.3, rule 8)."""

    closes: bool = True
    room: int = sys.maxsize

    def advance(self, buffer: ReadBuffer) -> bool:
        return True

    def delivered(self, count: int) -> None:
        """Nothing to account for: only the close tells how long the body is."""

    def peer_closed(self, *, orderly: bool) -> None:
        if not orderly:
            raise ConnectionClosed("connection failed before the server ended the body by closing")
        self.room = 0
        self.ended = True


class FaultyBody(BodyFraming):
    """A body whose end cannot be known: it raises on first use, so the head can be looked at."""

    closes: bool = True

    def __init__(self, error: InvalidResponse | UnsupportedResponse) -> None:
        self._error = error

    def advance(self, buffer: ReadBuffer) -> bool:
        raise fresh_copy(self._error)

    def delivered(self, count: int) -> None:
        assert not count, "a faulty body delivers nothing"
