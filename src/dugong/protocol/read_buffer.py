"""The octets that were received and not yet consumed.

It owns one block of memory and two indices, and knows nothing of what the octets mean.
The receiver fills it; the head parser and the framing look into it and consume. All
offsets in its methods count from the first octet not yet consumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dugong.limits import BUFFER_SIZE, FIRST_BUFFER_SIZE, SMALL_BUFFER_SIZE
from dugong.polling import PollNeeded

if TYPE_CHECKING:
    import re
    from collections.abc import Callable


_NOTHING: Final = bytearray()
_NO_VIEW: Final = memoryview(_NOTHING)


class ReadBuffer:
    """A queue of octets in contiguous memory.

    The memory is allocated on first use, and becomes larger when a receive has filled it: up
    to `BUFFER_SIZE` in any case, beyond it only where nothing is consumed because the parser
    needs more octets than that at once, which the limits on heads and lines bound.

    Attributes:
        size: How many octets there are.
        is_fitted: Whether `fit` was called.
    """

    __slots__ = (
        "_capacity",
        "_data",
        "_end",
        "_first_capacity",
        "_start",
        "_view",
        "is_fitted",
        "size",
    )

    def __init__(self) -> None:
        self._data = _NOTHING
        self._view = _NO_VIEW
        self._capacity = 0
        self._first_capacity = FIRST_BUFFER_SIZE
        self._start = 0
        self._end = 0
        # Kept beside the indices, since it is asked for more often than they change.
        self.size: int = 0
        self.is_fitted: bool = False

    def __len__(self) -> int:
        return self.size

    def fill(
        self, receive: Callable[[memoryview], int | PollNeeded], most: int | None = None
    ) -> int | PollNeeded:
        """Have octets put behind those that are there.

        Args:
            receive: Puts octets into the memory that it is given, which is not empty, and returns
                their count, or what it waits for.
            most: How many octets it is to be given memory for at most; `None`: all there is.

        Returns:
            What *receive* returned.
        """
        if not self.size:
            self._start = self._end = 0
        if self._end == (capacity := self._capacity):
            if not capacity:
                self._allocate(self._first_capacity)
            else:
                self._compact(capacity if self._start else 2 * capacity)
        begin = self._end
        target = self._view
        if begin or most is not None:
            target = target[begin : None if most is None else begin + most]
        received = receive(target)
        # isinstance() takes long to say no (bench, small).
        if type(received) is not int and isinstance(received, PollNeeded):
            return received
        self._end = end = begin + received
        self.size += received
        if end == self._capacity and end < BUFFER_SIZE:
            is_small = self._capacity < FIRST_BUFFER_SIZE
            self._compact(FIRST_BUFFER_SIZE if is_small else BUFFER_SIZE)
        return received

    def put(self, octets: bytes) -> None:
        """Put *octets* that were received elsewhere into the buffer, which is empty."""
        self._start = self._end = 0
        if self._capacity < len(octets):
            self._compact(max(self._first_capacity, len(octets)))
        self._end = self.size = len(octets)
        self._view[: self._end] = octets

    def _compact(self, capacity: int) -> None:
        """Move what is not consumed to the front of a block of *capacity* octets."""
        octets = self._view[self._start : self._end].tobytes()
        if capacity != self._capacity:
            self._allocate(capacity)
        self._view[: len(octets)] = octets
        self._start, self._end = 0, len(octets)

    def _allocate(self, capacity: int) -> None:
        self._capacity = capacity
        self._data = bytearray(capacity)
        self._view = memoryview(self._data)

    def fit(self) -> None:
        """Give back the memory, and allocate what a response needs; to be called behind the first.

        Many connections are idle for ever after it. Where there is a second response, it will be
        of about the same size: half as much again is allocated for it, rounded up.
        """
        self.is_fitted = True
        if self.size:
            return
        needed = self._end * 3 // 2
        if needed < FIRST_BUFFER_SIZE:
            self._first_capacity = 1 << (needed | SMALL_BUFFER_SIZE - 1).bit_length()
        self._data, self._view = _NOTHING, _NO_VIEW
        self._capacity = self._start = self._end = 0

    def find_end(self, needle: bytes, begin: int = 0) -> int | None:
        """Return the offset behind the first *needle* at or behind *begin*, if there is one."""
        position = self._data.find(needle, self._start + begin, self._end)
        return None if position < 0 else position + len(needle) - self._start

    def match_within(self, pattern: re.Pattern[bytes], limit: int) -> re.Match[bytes] | None:
        """Match *pattern* at the front, as if there were no more than *limit* octets."""
        begin = self._start
        return pattern.match(self._data, begin, begin + limit if self.size > limit else self._end)

    def window(self) -> tuple[bytearray, memoryview, int, int]:
        """Return the memory, a view of it, and where in it the octets begin and end.

        For loops over many small parts, where each call would count; `skip` what was used.
        """
        return self._data, self._view, self._start, self._end

    def match(self, pattern: re.Pattern[bytes], begin: int = 0) -> re.Match[bytes] | None:
        """Match *pattern* at the offset *begin*."""
        return pattern.match(self._data, self._start + begin, self._end)

    def matched_end(self, match: re.Match[bytes]) -> int:
        """Return the offset behind what `match` found."""
        return match.end() - self._start

    def octet(self, offset: int) -> int:
        """Return the octet at *offset*."""
        return self._data[self._start + offset]

    def peek(self, begin: int, end: int) -> bytes:
        """Return a copy of the octets from *begin* to *end*; they stay in the buffer."""
        return self._view[self._start + begin : min(self._start + end, self._end)].tobytes()

    def text(self, begin: int, end: int) -> str:
        """Return the octets from *begin* to *end* as latin-1 text; they stay in the buffer."""
        return str(self._view[self._start + begin : self._start + end], "latin-1")

    def skip(self, count: int) -> None:
        """Consume *count* octets, which must be there."""
        self._start += count
        self.size -= count
        if self._capacity > BUFFER_SIZE and self.size <= BUFFER_SIZE:
            self._compact(BUFFER_SIZE)

    def skip_match(self, match: re.Match[bytes]) -> None:
        """Consume what `match_within` or `match` found, and what is before it."""
        self._start = begin = match.end()
        self.size = size = self._end - begin
        if self._capacity > BUFFER_SIZE and size <= BUFFER_SIZE:
            self._compact(BUFFER_SIZE)

    def skip_if(self, octets: bytes) -> bool:
        """Consume *octets* where they come next; return whether they do."""
        start = self._start
        if not self._data.startswith(octets, start, self._end):
            return False
        self.skip(len(octets))
        return True

    def take(self, count: int) -> bytes:
        """Consume *count* octets, which must be there, and return them."""
        begin = self._start
        self._start = begin + count
        self.size -= count
        return self._view[begin : begin + count].tobytes()

    def move_into(self, target: memoryview) -> int:
        """Consume octets into the front of *target*, as many as fit; return their count."""
        count = min(len(target), self.size)
        begin = self._start
        target[:count] = self._view[begin : begin + count]
        self._start = begin + count
        self.size -= count
        return count

    def clear(self) -> None:
        """Consume everything."""
        self._start = self._end = self.size = 0
