"""What an unfinished `readall` has gathered, until somebody takes it.

It owns that memory, and how much of it was taken. The receiver keeps it for the next read.
"""

from __future__ import annotations

import io


class Gathered:
    """A queue of payload octets, filled at one end and read at the other."""

    def __init__(self) -> None:
        self._octets = io.BytesIO()
        self._taken = 0
        self._size = 0

    def __len__(self) -> int:
        return self._size - self._taken

    def add(self, payload: bytes) -> None:
        """Put *payload* at the end."""
        self._octets.seek(self._size)
        self._size += self._octets.write(payload)

    def take(self, limit: int) -> bytes:
        """Return at most *limit* octets from the front."""
        self._octets.seek(self._taken)
        payload = self._octets.read(min(limit, len(self)))
        self._taken += len(payload)
        return payload

    def move_into(self, target: memoryview) -> int:
        """Put octets from the front into *target*, as many as fit; return their count."""
        self._octets.seek(self._taken)
        count = self._octets.readinto(target)
        self._taken += count
        return count

    def rest(self) -> bytes:
        """Return all octets that are left."""
        # getvalue() of what was gathered in one go shares its memory instead of copying it.
        return self.take(len(self)) if self._taken else self._octets.getvalue()
