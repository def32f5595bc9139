"""Octets that servers send and tests expect: the same on both ends, at any length.

Octet *i* is `i % 251`. 251 is prime, so a piece that is lost, doubled or out of order shows.
"""

from collections.abc import Iterator
from typing import Final

PERIOD: Final = 251
BLOCK: Final = bytes(range(PERIOD)) * 512
MAX_PIECE: Final = len(BLOCK) - PERIOD  # octets that can be cut from BLOCK at any phase


def payload(count: int) -> bytes:
    """Return the first *count* octets."""
    return (BLOCK * (count // len(BLOCK) + 1))[:count]


def pieces(count: int, size: int = MAX_PIECE) -> Iterator[bytes]:
    """Yield the first *count* octets in pieces of *size* octets, in constant memory.

    Raises:
        ValueError: *size* is not between 1 and `MAX_PIECE`.
    """
    if not 1 <= size <= MAX_PIECE:
        raise ValueError(f"pieces of {size} octets are not between 1 and {MAX_PIECE}")
    for start in range(0, count, size):
        phase = start % PERIOD
        yield BLOCK[phase : phase + min(size, count - start)]
