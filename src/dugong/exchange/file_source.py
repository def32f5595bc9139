"""The octets of a file of the caller's, from its position on.

It owns what counts as a file that can be sent, how much of it is, and which files the system may
read by itself. It knows nothing of HTTP or of transports. The façade has each file judged here;
the file sender takes one payload after the other.
"""

from __future__ import annotations

import contextlib
import errno
import io
import operator
import os
import stat
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, runtime_checkable

import attrs

from dugong.exceptions import ExcessBodyData
from dugong.limits import BUFFER_SIZE

if TYPE_CHECKING:
    from _typeshed import SupportsRead

_DiskFile: TypeAlias = io.FileIO | io.BufferedReader | io.BufferedRandom

# Octets of a regular file in one chunk: its size line costs nothing, and a server that gathers a
# chunk before it hands it on needs no more memory.
_CHUNK: Final = 1_048_576


@runtime_checkable
class _Positionable(Protocol):
    def seekable(self) -> bool: ...

    def tell(self) -> int: ...

    def seek(self, offset: int, /) -> int: ...


@attrs.define(eq=False)
class Stretch:
    """Octets that follow each other in a regular file, and are still to be sent.

    Attributes:
        source: The file.
        size: How many octets, beginning at the offset of *source*; never 0 while it is to be sent.
    """

    source: RegularFile
    size: int

    def advance(self, count: int) -> None:
        """Account for octets that went out, or were read.

        Raises:
            EOFError: There were none: the file has become shorter.
        """
        if not count:
            raise EOFError(
                f"file has become shorter: it ends before octet {self.source.offset + 1}"
            )
        self.size -= count
        self.source.offset += count

    def read(self) -> bytes:
        """Read the first octets, at most 64 KiB; they are no more part of the stretch.

        Raises:
            EOFError: There are none: the file has become shorter.
        """
        source = self.source
        data = os.pread(source.fileno(), min(self.size, BUFFER_SIZE), source.offset)
        self.advance(len(data))
        return data


class FileSource(ABC):
    """A file, as far as it is to be sent.

    Attributes:
        size: How many octets that is; `None`: those up to its end, wherever that is.
    """

    size: int | None

    @abstractmethod
    def take(self, room: int | None) -> bytes | Stretch | None:
        """Return the next payload, which is not empty, or `None` behind the last one.

        Args:
            room: How many octets the body still takes; `None`: any number.

        Raises:
            ExcessBodyData: The file has more than *room* octets.
            EOFError: It ended early.
        """

    @abstractmethod
    def settle(self, *, is_begun: bool) -> None:
        """Put the file's position behind what was sent; back, where nothing was.

        Args:
            is_begun: Whether anything was sent.
        """


class RegularFile(FileSource):
    """A file on a disk, whose octets the system can send without reading them to us.

    Attributes:
        size: How many octets are to be sent.
        offset: Where the octets begin that were not sent.
    """

    def __init__(self, file: _DiskFile, count: int) -> None:
        self.size: int | None = count
        self.offset: int = file.tell()
        self._file = file
        self._start = self.offset
        self._end = self.offset + count
        self._taken = self.offset

    def fileno(self) -> int:
        """Return the descriptor.

        Raises:
            ValueError: The file was closed; its number may belong to another one.
        """
        return self._file.fileno()

    def take(self, room: int | None) -> Stretch | None:
        left = self._end - self._taken
        size = min(left, _CHUNK) if room is None else left
        self._taken += size
        return Stretch(self, size) if size else None

    def settle(self, *, is_begun: bool) -> None:
        if not self._file.closed:
            self._file.seek(self.offset if is_begun else self._start)


class ReadFile(FileSource):
    """Any other file: all that is known of it is what its ``read`` gives."""

    def __init__(self, file: SupportsRead[bytes], count: int | None) -> None:
        self.size: int | None = count
        self._left = count
        self._file = file
        self._start: int | None = None
        if isinstance(file, _Positionable) and file.seekable():
            self._start = file.tell()

    def take(self, room: int | None) -> bytes | None:
        if self._left is None:
            return self._take_unknown(room)
        if not self._left:
            return None
        data = self._read(min(self._left, BUFFER_SIZE))
        if not data:
            raise EOFError(f"file ended {self._left} octets too early")
        self._left -= len(data)
        return data

    def _take_unknown(self, room: int | None) -> bytes | None:
        data = self._read(BUFFER_SIZE if room is None else min(BUFFER_SIZE, room + 1))
        if len(data) == room:
            # The last octets of the body go out only where the file is known to have no more.
            data += self._read(1)
            self._left = 0
        if room is not None and len(data) > room:
            raise ExcessBodyData(f"{room} octets of the body are left, but the file has more")
        return data or None

    def _read(self, size: int) -> bytes:
        data = self._file.read(size)
        if data is None:
            raise BlockingIOError(errno.EAGAIN, "file is in non-blocking mode, and has nothing now")
        _check_octets(data)
        if len(data) > size:
            raise ValueError(f"read({size}) of the file gave {len(data)} octets")
        return data

    def settle(self, *, is_begun: bool) -> None:
        if self._start is not None and not is_begun and isinstance(self._file, _Positionable):
            with contextlib.suppress(OSError, ValueError):  # it was closed meanwhile
                self._file.seek(self._start)


def judge_file(file: SupportsRead[bytes], count: int | None) -> FileSource:
    """Return what is to be sent of a file, from its position on.

    Args:
        file: Any binary file that can be read; nothing is read yet.
        count: How many octets; `None`: up to the end.

    Raises:
        TypeError: *file* is no file, or one of text, or *count* is no integer.
        ValueError: *file* is closed, or was not opened for reading; *count* is negative, or more
            than a regular file has.
    """
    wanted = None if count is None else operator.index(count)
    if wanted is not None and wanted < 0:
        raise ValueError(f"count is negative: {wanted}")
    if not callable(getattr(file, "read", None)):
        raise TypeError(f"not a file that can be read: {type(file).__name__}")
    _check_octets(file.read(0))
    disk_file = _as_disk_file(file)
    if disk_file is None:
        return ReadFile(file, wanted)
    rest = max(os.fstat(disk_file.fileno()).st_size - disk_file.tell(), 0)
    if wanted is not None and wanted > rest:
        raise ValueError(f"file has {rest} octets left, but {wanted} were to be sent")
    return RegularFile(disk_file, rest if wanted is None else wanted)


def _check_octets(data: object) -> None:
    if not isinstance(data, bytes):
        raise TypeError(f"read() of the file gave {type(data).__name__}, not bytes")


def _as_disk_file(file: object) -> _DiskFile | None:
    """Return *file* where its descriptor has the very octets that its ``read`` gives."""
    # Of these classes themselves: a subclass, or what stands around another file, as GzipFile
    # does, may read other octets than those that the descriptor has.
    if type(file) is io.BufferedReader or type(file) is io.BufferedRandom:
        if type(file.raw) is not io.FileIO:
            return None
    elif type(file) is not io.FileIO:
        return None
    file.flush()
    status = os.fstat(file.fileno())
    # Files of /proc, say, are regular and have octets, though their size is 0.
    return file if stat.S_ISREG(status.st_mode) and status.st_size else None
