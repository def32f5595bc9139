"""The chunked transfer coding of a response (RFC 9112 section 7.1).

It owns the grammar of chunk-size lines, with extensions and trailers, and the limits on them.
It knows nothing of I/O; the receiver uses it as any other framing.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from dugong.exceptions import InvalidResponse
from dugong.protocol.bodies import BodyFraming
from dugong.protocol.field_message import FieldMessage
from dugong.protocol.fields import FieldSection
from dugong.protocol.line_grammar import (
    BLANKS,
    CHUNK_DATA_END_AND_LINE,
    CHUNK_LINE,
    CHUNK_SIZE,
    EXTENSION_QUOTED_TEXT,
    EXTENSION_TEXT,
)

if TYPE_CHECKING:
    from dugong.limits import Limits
    from dugong.protocol.read_buffer import ReadBuffer


_MANY: Final = 16  # pieces
_MOST: Final = 1_024  # pieces in one call: each costs more memory than a small chunk has


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
    """

    def __init__(self, limits: Limits, *, closes: bool = False) -> None:
        self.closes: bool = closes
        self.room: int = 0
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

    def _collect(self, buffer: ReadBuffer, limit: int) -> list[memoryview]:
        """Consume payload, at most *limit* octets, of as many chunks as there are.

        A chunk whose size line is not a plain one, or is wrong, is left to `advance`.
        """
        if not self.room and not self.advance(buffer):
            return []
        pieces: list[memoryview] = []
        data, view, start, end = buffer.window()
        begin, room, left = start, self.room, limit
        line, size = b"", 0  # the last line, and what it says: most chunks are as long as that one
        for _ in range(_MOST):
            if not room or start >= end:
                break
            if room > left or room > end - start:
                piece = view[start : min(start + left, end)]
                pieces.append(piece)
                start += len(piece)
                room -= len(piece)
                break
            pieces.append(view[start : start + room])
            start += room
            left -= room
            if line and data.startswith(line, start, end):
                room = size
            elif match := CHUNK_DATA_END_AND_LINE.match(data, start, end):
                line = match[0]
                room = size = int(match[1], 16)
                self._begin_chunk(size)
            else:
                room = 0
                break
            start += len(line)
        self.room = room
        buffer.skip(start - begin)
        return pieces

    def _end_data(self, buffer: ReadBuffer) -> bool:
        """Consume the CRLF behind chunk data, and a plain size line where it is there too."""
        match = buffer.match(CHUNK_DATA_END_AND_LINE)
        if match is not None:
            self._begin_chunk(int(match[1], 16))
            buffer.skip(len(match[0]))
            return True
        end = buffer.peek(0, 2)
        if not b"\r\n".startswith(end):
            raise InvalidResponse(f"chunk data is not followed by CRLF: {buffer.peek(0, 40)!r}")
        if len(end) < 2:
            return False
        buffer.skip(2)
        self._next = _Next.SIZE_LINE
        return True

    def _start_chunk(self, buffer: ReadBuffer) -> bool:
        size = self._line.parse(buffer)
        if size is None:
            return False
        self._begin_chunk(size)
        return True

    def _begin_chunk(self, size: int) -> None:
        self.room = size
        self._next = _Next.DATA_END if size else _Next.TRAILERS

    def _read_trailers(self, buffer: ReadBuffer) -> bool:
        end = self._section.find_end(buffer)
        if end is None:
            return False
        self.trailers = FieldMessage(self._section.text(buffer, end))
        buffer.skip(end)
        self.ended = True
        return True


class _Stretch(Enum):
    """The part of an unfinished chunk-size line that comes next."""

    SIZE = auto()
    BLANK = auto()
    EXTENSION = auto()
    QUOTED = auto()
    LF = auto()


_STRETCHES: Final = {
    _Stretch.SIZE: CHUNK_SIZE,
    _Stretch.BLANK: BLANKS,
    _Stretch.EXTENSION: EXTENSION_TEXT,
    _Stretch.QUOTED: EXTENSION_QUOTED_TEXT,
}

# Which stretch begins behind the octet that ends another one; what is not here is refused.
_FOLLOWING: Final = {
    (_Stretch.SIZE, ord(" ")): _Stretch.BLANK,
    (_Stretch.SIZE, ord("\t")): _Stretch.BLANK,
    (_Stretch.SIZE, ord(";")): _Stretch.EXTENSION,
    (_Stretch.SIZE, ord("\r")): _Stretch.LF,
    (_Stretch.BLANK, ord(";")): _Stretch.EXTENSION,
    (_Stretch.BLANK, ord("\r")): _Stretch.LF,
    (_Stretch.EXTENSION, ord('"')): _Stretch.QUOTED,
    (_Stretch.EXTENSION, ord("\r")): _Stretch.LF,
    (_Stretch.QUOTED, ord('"')): _Stretch.EXTENSION,
}


class ChunkLine:
    """Reads chunk-size lines, and judges what has come of an unfinished one octet by octet."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._extension_left = limits.extension_size
        self._seen = 0
        self._stretch = _Stretch.SIZE

    def parse(self, buffer: ReadBuffer) -> int | None:
        """Consume a chunk-size line and return its size, or `None` while more octets are needed.

        Raises:
            InvalidResponse: The line breaks RFC 9112 section 7.1, or a limit is exceeded.
        """
        end = buffer.find_end(b"\n", self._seen)
        if end is None:
            self._judge_unfinished(buffer)
            return None
        self._check_size(end - 2)
        match = buffer.match(CHUNK_LINE)
        if match is None:
            raise _wrong_line(buffer)
        self._check_extension(len(match[2]))
        self._extension_left -= len(match[2])
        buffer.skip(end)
        self._seen, self._stretch = 0, _Stretch.SIZE
        return int(match[1], 16)

    def _check_size(self, size: int) -> None:
        if size > self._limits.line_size:
            raise InvalidResponse(f"chunk-size line exceeds {self._limits.line_size} octets")

    def _check_extension(self, size: int) -> None:
        if size > self._extension_left:
            raise InvalidResponse(
                f"chunk extensions of one body exceed {self._limits.extension_size} octets"
            )

    def _judge_unfinished(self, buffer: ReadBuffer) -> None:
        """Judge the octets that have come since the last call; the LF is not among them.

        Each octet is judged once, so that the work is linear however the line is segmented.
        """
        size = buffer.size
        while self._seen < size:
            pattern = _STRETCHES.get(self._stretch)
            if pattern is None:
                raise _wrong_line(buffer)
            # A size is short, and is a size only as a whole.
            match = buffer.match(pattern, 0 if self._stretch is _Stretch.SIZE else self._seen)
            if match is not None:
                self._seen = buffer.matched_end(match)
            if not self._enter_next(buffer, size):
                break
        size -= self._stretch is _Stretch.LF
        self._check_size(size)
        if (match := buffer.match(CHUNK_SIZE)) is not None:
            self._check_extension(size - buffer.matched_end(match))

    def _enter_next(self, buffer: ReadBuffer, size: int) -> bool:
        """Step over the octet that ends a stretch, where it has come; return whether it has."""
        if self._seen == size:
            return False
        octet = buffer.octet(self._seen)
        if self._stretch is _Stretch.QUOTED and octet == ord("\\") and self._seen == size - 1:
            return False  # what is escaped has not come
        following = _FOLLOWING.get((self._stretch, octet))
        if following is None or not self._seen:
            raise _wrong_line(buffer)
        self._stretch = following
        self._seen += 1
        return True


def _wrong_line(buffer: ReadBuffer) -> InvalidResponse:
    return InvalidResponse(
        "chunk size line is not at most 16 hexadecimal digits below 2**63, with optional"
        f" extensions: {buffer.peek(0, 40)!r}"
    )
