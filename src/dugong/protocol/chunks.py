"""The chunked transfer coding of a response (RFC 9112 section 7.1).

It owns the order of size lines, data and trailers, and what can be foreseen of it. It knows
nothing of I/O; the receiver uses it as any other framing.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from dugong.exceptions import InvalidResponse
from dugong.limits import BUFFER_SIZE, DIRECT_SIZE
from dugong.protocol.bodies import BodyFraming
from dugong.protocol.chunk_line import ChunkLine
from dugong.protocol.field_message import FieldMessage
from dugong.protocol.fields import FieldSection
from dugong.protocol.line_grammar import CHUNK_DATA_END_AND_LINE

if TYPE_CHECKING:
    from dugong.limits import Limits
    from dugong.protocol.read_buffer import ReadBuffer


_MANY: Final = 16  # pieces
_MOST: Final = 1_024  # pieces in one call: each costs more memory than a small chunk has
_FORESEEN: Final = 4_096  # octets; smaller chunks are put together faster from the buffer
_LINES: Final = 16  # size lines in one receive


class _Next(Enum):
    """What the framing octets that come next are."""

    SIZE_LINE = auto()
    DATA_END = auto()
    TRAILERS = auto()


class ChunkedBody(BodyFraming):
    """A body in chunks.

    Attributes:
        length: Always `None`: the head does not tell.
        room: Octets that remain of the present chunk.
        tail: Those of the next chunk's line with the CRLF before it, behind a large chunk.
        is_foreseen: Whether the present chunk is not small, and as long as the one before.
    """

    def __init__(self, limits: Limits, *, closes: bool = False) -> None:
        self.closes: bool = closes
        self.room: int = 0
        self.tail: int = 0
        self.is_foreseen: bool = False
        self._lines = bytearray()
        self._line_views: list[memoryview] = []
        self._size = 0
        self._plain_line = b""
        self._next = _Next.SIZE_LINE
        self._line = ChunkLine(limits)
        self._section = FieldSection(limits)
        self.trailers: FieldMessage | None = None

    def delivered(self, count: int) -> None:
        self.room -= count

    def advance(self, buffer: ReadBuffer) -> bool:
        if self.room or self.ended:
            return True
        if not buffer.size:
            return False
        if (line := self._plain_line) and buffer.skip_if(line):
            self._repeat_chunk()
            return True
        if self._next is _Next.DATA_END and not self._end_data(buffer):
            return False
        if self._next is _Next.SIZE_LINE and not self._start_chunk(buffer):
            return False
        return self._next is not _Next.TRAILERS or self._read_trailers(buffer)

    def move_into(self, buffer: ReadBuffer, target: memoryview) -> int:
        pieces = self._collect(buffer, len(target))
        # Many small pieces are put together faster than each is put into its place.
        done = 0
        for piece in pieces if len(pieces) < _MANY else (b"".join(pieces),):
            end = done + len(piece)
            target[done:end] = piece
            done = end
        return done

    def take(self, buffer: ReadBuffer, limit: int) -> bytes:
        return b"".join(self._collect(buffer, limit))

    def lay_out(self, target: memoryview) -> list[memoryview]:
        room, size = self.room, self._size
        left = len(target) - room
        if left <= 0:
            return [target] if left else [target, self._line_views[0]]
        if not size % len(target):
            # Each of the calls that follow can give what fills the memory from its begin.
            return [target[:room], self._line_views[0]]
        if left > BUFFER_SIZE:
            # What comes otherwise than expected has to fit into the buffer.
            target, left = target[: room + BUFFER_SIZE], BUFFER_SIZE
        if left < size:
            # A chunk ends within the memory, and the next one does not (bench, chunks-64k).
            return [target[:room], self._line_views[0], target[room:]]
        pieces = [target[:room]]
        pieces += [target[at : at + size] for at in range(room, len(target) + 1, size)[:_LINES]]
        lines = self._line_views[: len(pieces) - 1]
        views = pieces + lines
        views[::2], views[1::2] = pieces, lines
        return views

    def settle(self, views: list[memoryview], received: int, buffer: ReadBuffer) -> int:
        room, size, line = self.room, self._size, self._plain_line
        behind = received - room
        if behind <= 0:
            self.room = -behind
            return received
        rest = behind - len(line)
        if 0 <= rest < size and self._lines.startswith(line):
            # All of one line: what nearly always comes behind a large chunk (bench, chunks-64k)
            self.room = size - rest
            return received - len(line)
        stride = len(line) + size
        lines = min((behind + size) // stride, len(views) // 2)
        while not self._lines.startswith(line * lines):
            lines -= 1
        rest = behind - lines * stride
        if rest <= 0:
            self.room = -rest
            return received - lines * len(line)
        self.room = 0
        buffer.put(b"".join(views[1:])[behind - rest : behind])
        return room + lines * size

    def _collect(self, buffer: ReadBuffer, limit: int) -> list[memoryview]:
        """Consume payload, at most *limit* octets, of as many chunks as there are.

        A chunk whose size line is not a plain one, or is wrong, is left to `advance`.
        """
        if not self.room and not self.advance(buffer):
            return []
        pieces: list[memoryview] = []
        data, view, begin, end = buffer.window()
        start, left = begin, limit
        while (room := self.room) and left and start < end and len(pieces) < _MOST:
            stop = start + room
            if room > left or stop > end:
                stop = min(start + left, end)
                pieces.append(view[start:stop])
                self.room = room - (stop - start)
                start = stop
                break
            pieces.append(view[start:stop])
            left -= room
            # The chunks that follow are nearly always as long as this one.
            line, size = self._plain_line, self._size
            head, stride = len(line), len(line) + size
            whole = min((end - stop) // stride, left // size, _MOST - len(pieces))
            for at in range(stop, stop + whole * stride, stride):
                if not data.startswith(line, at):
                    break
                stop = at + stride
                left -= size
                pieces.append(view[at + head : stop])
            start = self._start_next(data, stop, end)
        buffer.skip(start - begin)
        return pieces

    def _start_next(self, data: bytearray, begin: int, end: int) -> int:
        """Begin the next chunk, where a plain line says so; return where its payload begins."""
        if data.startswith(self._plain_line, begin, end):
            self._repeat_chunk()
            return begin + len(self._plain_line)
        match = CHUNK_DATA_END_AND_LINE.match(data, begin, end)
        if match is None:
            self.room = 0
            return begin
        self._begin_chunk(int(match[1], 16), match[0])
        return match.end()

    def _end_data(self, buffer: ReadBuffer) -> bool:
        """Consume the CRLF behind chunk data, and a plain size line where it is there too."""
        match = buffer.match(CHUNK_DATA_END_AND_LINE)
        if match is not None:
            self._begin_chunk(int(match[1], 16), match[0])
            buffer.skip(len(match[0]))
            return True
        end = buffer.peek(0, 2)
        if not b"\r\n".startswith(end):
            raise InvalidResponse(f"chunk data is not followed by CRLF: {buffer.peek(0, 40)!r}")
        if len(end) < 2:
            return False
        buffer.skip(2)
        self._plain_line = b""
        self._next = _Next.SIZE_LINE
        return True

    def _start_chunk(self, buffer: ReadBuffer) -> bool:
        size = self._line.parse(buffer)
        if size is None:
            return False
        self._begin_chunk(size, b"\r\n%x\r\n" % size)
        return True

    def _begin_chunk(self, size: int, line: bytes) -> None:
        """Begin a chunk of *size* octets; *line* says so, with the CRLF before it."""
        self.room = self._size = size
        # Nearly always the next line is the same.
        self._plain_line = line if size else b""
        self.tail = len(line) if size >= DIRECT_SIZE else 0
        self.is_foreseen = False
        self._next = _Next.DATA_END if size else _Next.TRAILERS

    def _repeat_chunk(self) -> None:
        """Begin a chunk that is as long as the one before."""
        self.room = self._size
        if self._size >= _FORESEEN and not self.is_foreseen:
            self._foresee()

    def _foresee(self) -> None:
        """Prepare for chunks that are as long as this one."""
        self.is_foreseen = True
        size = len(self._plain_line)
        # What stands there is what came last, and says nothing of how the memory was cut.
        if len(self._lines) != size * _LINES:
            self._lines = bytearray(size * _LINES)
            self._line_views = _cut(memoryview(self._lines), size)

    def _read_trailers(self, buffer: ReadBuffer) -> bool:
        end = self._section.find_end(buffer)
        if end is None:
            return False
        self.trailers = FieldMessage(self._section.text(buffer, end))
        buffer.skip(end)
        self.ended = True
        return True


def _cut(memory: memoryview, size: int) -> list[memoryview]:
    """Return *memory* in parts of *size* octets."""
    return [memory[at : at + size] for at in range(0, len(memory), size)]
