"""What an unfinished `readall` has gathered, until somebody takes it.

It owns that memory, and how much of it was filled and taken. It grows with what has arrived, never
with what was announced. The body reader keeps it for the next read.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from dugong.limits import BUFFER_SIZE
from dugong.polling import PollNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

# Memory is got in large blocks, of which the system gives what is written to: to set it to zero, a
# little at a time, took a fifth of the rate (bench, readall).
_FIRST_ROOM: Final = 262_144  # octets
_GROWTH: Final = 16  # times what has arrived
_MOST_AHEAD: Final = 268_435_456  # octets, unless that is less than a quarter of what has arrived


class Gathered:
    """A queue of payload octets, filled at one end and read at the other."""

    def __init__(self) -> None:
        # What it gives as bytes in the end is its own memory, without a copy.
        self._octets = io.BytesIO()
        self._capacity = 0
        self._size = 0
        self._taken = 0

    def __len__(self) -> int:
        return self._size - self._taken

    def add(self, payload: bytes) -> None:
        """Put *payload* at the end."""
        self._octets.seek(self._size)
        self._size += self._octets.write(payload)
        self._capacity = max(self._capacity, self._size)

    def fill(
        self, receive: Callable[[memoryview], int | PollNeeded], most: int
    ) -> int | PollNeeded:
        """Have at most *most* octets received at the end; return what *receive* returned."""
        if self._size == self._capacity:
            self._grow(most)
        end = min(self._capacity, self._size + most)
        with self._octets.getbuffer() as memory, memory[self._size : end] as window:
            received = receive(window)
        if not isinstance(received, PollNeeded):
            self._size += received
        return received

    def _grow(self, most: int) -> None:
        """Make room for a part of *most* octets, as large as what has arrived allows."""
        size = self._size
        capacity = _capacity_for(size, size + most)
        if capacity < 2 * size:
            self._octets.seek(capacity - 1)
            self._octets.write(b"\0")
        else:
            larger = io.BytesIO(bytes(capacity))
            with self._octets.getbuffer() as memory:
                larger.write(memory[:size])
            self._octets = larger
        self._capacity = capacity

    def take(self, limit: int) -> bytes:
        """Return at most *limit* octets from the front."""
        self._octets.seek(self._taken)
        payload = self._octets.read(min(limit, len(self)))
        self._taken += len(payload)
        return payload

    def move_into(self, target: memoryview) -> int:
        """Put octets from the front into *target*, as many as fit; return their count."""
        self._octets.seek(self._taken)
        with target[: len(self)] as window:
            count = self._octets.readinto(window)
        self._taken += count
        return count

    def rest(self) -> bytes:
        """Return all octets that are left."""
        if self._taken:
            return self.take(len(self))
        self._octets.truncate(self._size)
        return self._octets.getvalue()


def _capacity_for(size: int, total: int) -> int:
    """Return how many octets to have room for, where *size* of at most *total* have arrived.

    It is never more than what has arrived allows, and such a part of *total* that of a large body
    hardly more than one part in `_GROWTH` is copied on the way there. With steps that began at
    whatever had come with the head, a quarter of 64 MiB was copied as a rule (bench, readall).
    """
    if size > _MOST_AHEAD // _GROWTH:
        return min(total, size + max(_MOST_AHEAD, size // 4))
    allowed = max(_FIRST_ROOM, size * _GROWTH)
    capacity = total
    while capacity > allowed:
        capacity = -(-capacity // _GROWTH)
    return max(capacity, min(total, size + BUFFER_SIZE))
