"""The body of an upload, as the clients that pull it want to have it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Final

from bench.contenders.base import PIECE, UPLOAD_SIZE

UPLOAD_FIELDS: Final = {"Content-Length": str(UPLOAD_SIZE)}


def pieces() -> Iterator[bytes]:
    """Yield the pieces of the body."""
    piece = bytes(PIECE)
    for _ in range(UPLOAD_SIZE // PIECE):
        yield piece


async def async_pieces() -> AsyncIterator[bytes]:
    """Yield the pieces of the body."""
    piece = bytes(PIECE)
    for _ in range(UPLOAD_SIZE // PIECE):
        yield piece
