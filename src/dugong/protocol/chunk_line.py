"""The chunk-size lines of a response (RFC 9112 sections 7.1 and 7.1.1).

It owns their grammar, with the extensions, and the limits on both. It knows nothing of what a line
stands before; the chunked coding uses it for every line that is not a plain one in one piece.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from dugong.exceptions import InvalidResponse
from dugong.protocol.line_grammar import (
    BLANKS,
    CHUNK_LINE,
    CHUNK_SIZE,
    EXTENSION_QUOTED_TEXT,
    EXTENSION_TEXT,
)

if TYPE_CHECKING:
    import re

    from dugong.limits import Limits
    from dugong.protocol.read_buffer import ReadBuffer


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
            self._judge(buffer, buffer.size)
            return None
        self._check_size(end - 2)
        match = buffer.match(CHUNK_LINE)
        if match is None:
            match = self._match_quoted(buffer, end)
        extension = end - 2 - len(match[1])
        self._check_extension(extension)
        self._extension_left -= extension
        buffer.skip(end)
        self._seen, self._stretch = 0, _Stretch.SIZE
        return int(match[1], 16)

    def _match_quoted(self, buffer: ReadBuffer, end: int) -> re.Match[bytes]:
        """Judge a line with quoted strings, whose LF is before *end*; return its size."""
        self._judge(buffer, end - 1)
        match = buffer.match(CHUNK_SIZE)
        if match is None or self._stretch is not _Stretch.LF:
            raise _wrong_line(buffer)
        return match

    def _check_size(self, size: int) -> None:
        if size > self._limits.line_size:
            raise InvalidResponse(f"chunk-size line exceeds {self._limits.line_size} octets")

    def _check_extension(self, size: int) -> None:
        if size > self._extension_left:
            raise InvalidResponse(
                f"chunk extensions of one body exceed {self._limits.extension_size} octets"
            )

    def _judge(self, buffer: ReadBuffer, size: int) -> None:
        """Judge the octets that have come since the last call, and are before *size*.

        The LF is not among them. Each octet is judged once, so that the work is linear however the
        line is segmented.
        """
        while self._seen < size:
            pattern = _STRETCHES.get(self._stretch)
            if pattern is None:
                raise _wrong_line(buffer)
            # A size is short, and is a size only as a whole.
            begin = 0 if self._stretch is _Stretch.SIZE else self._seen
            match = buffer.match(pattern, begin)
            if match is not None:
                before, self._seen = self._seen, buffer.matched_end(match)
                if self._stretch is _Stretch.QUOTED and self._seen > before:
                    continue  # what is matched at once is bounded
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
