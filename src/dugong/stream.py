"""The file-like side of a connection: what `io.TextIOWrapper` and other readers ask of a stream.

It owns the methods that a binary stream has beside reading and writing, and knows nothing of
HTTP. `HTTPConnection` fills in the rest.
"""

from __future__ import annotations

import io
import operator
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed import ReadableBuffer, WriteableBuffer


class BinaryStream(ABC):
    """A stream of octets that cannot be positioned, and that no wrapper can close."""

    @abstractmethod
    def read(self, len_: int | None = None) -> bytes:
        """Return up to *len_* octets; empty at the end."""

    @abstractmethod
    def readinto(self, buf: WriteableBuffer) -> int:
        """Read into *buf*, and return the count of octets; 0 at the end."""

    @abstractmethod
    def write(self, buf: ReadableBuffer) -> None:
        """Write all octets of *buf*."""

    @property
    def name(self) -> str:
        """What a wrapper shows of this stream in its own name."""
        return repr(self)

    @property
    def mode(self) -> str:
        """How a file of this kind would have been opened."""
        return "rb+"

    @property
    def closed(self) -> bool:
        """Always False, since `close` closes nothing."""
        return False

    def close(self) -> None:  # noqa: B027  # nothing is what is promised
        """Do nothing, so that a wrapper that is dropped leaves the connection usable."""

    def flush(self) -> None:  # noqa: B027  # likewise
        """Do nothing: what was written is sent already."""

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return False."""
        return False

    def isatty(self) -> bool:
        """Return False."""
        return False

    def read1(self, len_: int = -1, /) -> bytes:
        """Return what one read gives: up to *len_* octets; -1 stands for a good size."""
        return self.read(io.DEFAULT_BUFFER_SIZE if len_ < 0 else len_)

    def readinto1(self, buf: WriteableBuffer, /) -> int:
        """Read into *buf* what one read gives, and return the count of octets."""
        return self.readinto(buf)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the octets up to the next LF, with it, but at most *size* if that is not negative.

        An octet is read at a time, since nothing can be put back: for many lines wrap the
        connection into an `io.BufferedReader`.
        """
        limit = -1 if size is None else operator.index(size)
        line = bytearray()
        while len(line) != limit and not line.endswith(b"\n"):
            if not (octet := self.read(1)):
                break
            line += octet
        return bytes(line)

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        """Return all lines, or as many as have *hint* octets, if that is positive."""
        lines: list[bytes] = []
        total = 0
        for line in self:
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines

    def __iter__(self) -> Self:
        """Iterate over the lines; see `readline`."""
        return self

    def __next__(self) -> bytes:
        """Return the next line; see `readline`."""
        if line := self.readline():
            return line
        raise StopIteration

    def writelines(self, lines: Iterable[ReadableBuffer], /) -> None:
        """Write one buffer after the other."""
        for line in lines:
            self.write(line)

    def fileno(self) -> int:
        """Raise `io.UnsupportedOperation`: what the descriptor carries is not the stream."""
        raise io.UnsupportedOperation("fileno")

    def tell(self) -> int:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("tell")

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("seek")

    def truncate(self, size: int | None = None, /) -> int:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("truncate")

    def detach(self) -> None:
        """Raise `io.UnsupportedOperation`."""
        raise io.UnsupportedOperation("detach")
