"""The sending half, where the octets of a request body are those of a file.

It owns how a file is divided into chunks, and what goes past Python: the transport is asked to send
the file by itself, and only where it cannot, the octets are read and sent. The sender knows the
order of things, and what becomes of a send that was not finished. The façade calls this.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, TypeAlias, TypeVar, TypeVarTuple

import attrs

from dugong.exceptions import ConnectionClosed, ExcessBodyData
from dugong.exchange.file_source import FileSource, Stretch
from dugong.polling import PollNeeded
from dugong.protocol.chunks_out import encode_chunk_start
from dugong.protocol.outgoing import Outgoing
from dugong.protocol.state import SENDING, SendEvent

if TYPE_CHECKING:
    from dugong.exchange.link import Link
    from dugong.exchange.sender import Sender

Args = TypeVarTuple("Args")
Result = TypeVar("Result")

_Part: TypeAlias = bytes | memoryview | Stretch


@attrs.define(eq=False, weakref_slot=False)
class OutgoingFile(Outgoing):
    """A file on its way to the server. Its *octets* are those that were taken from the file.

    Attributes:
        source: Where its octets come from.
        parts: What was taken from the source, with its framing, and is left to be sent.
        is_read: Whether the octets have to be read, since the transport cannot send files.
    """

    source: FileSource
    parts: list[_Part] = attrs.field(factory=list, init=False)
    is_read: bool = attrs.field(default=False, init=False)

    def release(self) -> None:
        """Give up the octets that were taken; the file's position says what was sent."""
        self.parts.clear()


class FileSender:
    """Sends files as request bodies on one connection."""

    def __init__(self, sender: Sender, link: Link) -> None:
        self._sender = sender
        self._link = link

    def prepare(self, source: FileSource) -> OutgoingFile:
        """Return what is to be sent for a file.

        Raises:
            StateError: No body is open, or its 100 is still awaited.
            ExcessBodyData: The body is longer than announced.
        """
        sender, state = self._sender, self._link.state
        sender.check_can_send()
        SENDING[state.sending, SendEvent.WRITE]
        size = source.size
        if not sender.is_chunked and size is not None and size > state.body_left:
            raise ExcessBodyData(
                f"{state.body_left} octets of the body are left, but {size} were to be sent"
            )
        return OutgoingFile(SendEvent.WRITE, [], source)

    def send(self, outgoing: OutgoingFile) -> int:
        """Send a file, waiting where necessary; return the count of its octets."""
        try:
            return self._link.sending.block_with(self.step, outgoing)
        finally:
            self._end(outgoing)

    def co_send(self, outgoing: OutgoingFile) -> Generator[PollNeeded, None, int]:
        """Send a file, yielding what that waits for; return the count of its octets."""
        try:
            return (yield from self._link.sending.coroutine(self.step, outgoing))
        finally:
            self._end(outgoing)

    def step(self, outgoing: OutgoingFile) -> int | PollNeeded:
        """Send as much of a file as goes out now; return the count of its octets at its end."""
        self._sender.current = outgoing
        self._link.check_alive()
        while outgoing.parts or self._take(outgoing):
            needed = self._send_part(outgoing)
            if needed is not None:
                return needed
        self._sender.complete(outgoing)
        return outgoing.octets

    def _take(self, outgoing: OutgoingFile) -> bool:
        """Take the next payload from the file; return whether there was one."""
        sender = self._sender
        room = None if sender.is_chunked else self._link.state.body_left - outgoing.octets
        payload = outgoing.source.take(room)
        if payload is None:
            return False
        if isinstance(payload, Stretch):
            outgoing.octets += payload.size
            start = encode_chunk_start(payload.size)
            outgoing.parts = [start, payload, b"\r\n"] if sender.is_chunked else [payload]
        else:
            outgoing.octets += len(payload)
            chunk = sender.frame_chunk(memoryview(payload)) if sender.is_chunked else [payload]
            outgoing.parts.extend(chunk)
        return True

    def _send_part(self, outgoing: OutgoingFile) -> PollNeeded | None:
        """Send octets of the first part; return what that waits for."""
        parts = outgoing.parts
        part = parts[0]
        if isinstance(part, Stretch):
            if not outgoing.is_read:
                return self._send_stretch(outgoing, part)
            part = self._read(parts, part)
        sent = self._begin(outgoing, self._link.transport.send, part)
        if isinstance(sent, PollNeeded):
            return sent
        if sent == len(part):
            del parts[0]
        else:
            parts[0] = memoryview(part)[sent:]
        return None

    def _send_stretch(self, outgoing: OutgoingFile, stretch: Stretch) -> PollNeeded | None:
        fd = stretch.source.fileno()
        offset, size = stretch.source.offset, stretch.size
        sent = self._begin(outgoing, self._link.transport.send_file, fd, offset, size)
        if sent is None:
            outgoing.is_read = True
        elif isinstance(sent, PollNeeded):
            return sent
        else:
            stretch.advance(sent)
            if not stretch.size:
                del outgoing.parts[0]
        return None

    def _begin(
        self, outgoing: OutgoingFile, send: Callable[[*Args], Result], *args: *Args
    ) -> Result:
        """Return what the transport says to *send*, and note whether octets may have gone out."""
        is_begun = outgoing.is_begun
        # A signal handler may raise behind a send before its result is known.
        outgoing.is_begun = True
        try:
            sent = send(*args)
        except (ConnectionClosed, OSError) as exc:
            outgoing.is_begun = is_begun
            self._sender.break_off(exc)
            raise
        if sent is None:
            outgoing.is_begun = is_begun
        elif isinstance(sent, PollNeeded):
            outgoing.is_begun = is_begun or self._link.transport.is_committed
        return sent

    def _read(self, parts: list[_Part], stretch: Stretch) -> bytes:
        """Put octets of the file before what is left of the stretch."""
        data = stretch.read()
        parts[: 0 if stretch.size else 1] = [data]
        return data

    def _end(self, outgoing: OutgoingFile) -> None:
        if not outgoing.is_out:
            self._sender.abandon(outgoing)
        outgoing.source.settle(is_begun=outgoing.is_begun)
