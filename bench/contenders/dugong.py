"""dugong, blocking; and its coroutines on asyncio, or on uvloop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dugong
from bench.contenders.base import (
    DEPTH,
    FIELDS,
    PIECE,
    UPLOAD_SIZE,
    Contender,
    Target,
    version_of,
)

if TYPE_CHECKING:
    from collections.abc import Generator


class Dugong(Contender):
    """dugong; where it has a choice of calls, the blocking ones."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._context = target.context()
        self._connection = self._make()
        self._held: list[dugong.HTTPConnection] = []
        self._pool: list[dugong.HTTPConnection] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    @staticmethod
    def version() -> str:
        return dugong.__version__

    def _make(self) -> dugong.HTTPConnection:
        return dugong.HTTPConnection(self.target.host, self.target.port, self._context)

    def get(self, path: str, count: int) -> None:
        connection = self._connection
        for _ in range(count):
            connection.send_request("GET", path)
            connection.read_response()
            connection.readall()

    def look(self, path: str, count: int) -> None:
        connection = self._connection
        first, second, third = FIELDS
        for _ in range(count):
            connection.send_request("GET", path)
            headers = connection.read_response().headers
            headers[first], headers[second], headers[third]
            connection.readall()

    def pipeline(self, path: str, count: int) -> None:
        connection = self._connection
        for _ in range(count // DEPTH):
            for _ in range(DEPTH):
                connection.send_request("GET", path)
            for _ in range(DEPTH):
                connection.read_response()
                connection.readall()

    def stream(self, path: str, count: int) -> None:
        connection = self._connection
        buffer = bytearray(PIECE)
        for _ in range(count):
            connection.send_request("GET", path)
            connection.read_response()
            while connection.readinto(buffer):
                pass

    def read(self, path: str, count: int) -> None:
        connection = self._connection
        for _ in range(count):
            connection.send_request("GET", path)
            connection.read_response()
            while connection.read(PIECE):
                pass

    def upload(self, path: str, count: int) -> None:
        connection = self._connection
        piece = bytes(PIECE)
        for _ in range(count):
            connection.send_request("PUT", path, body=dugong.BodyFollowing(UPLOAD_SIZE))
            for _ in range(UPLOAD_SIZE // PIECE):
                connection.write(piece)
            connection.read_response()
            connection.readall()

    def connect(self, path: str, count: int) -> None:
        for _ in range(count):
            with self._make() as connection:
                connection.send_request("GET", path)
                connection.read_response()
                connection.readall()

    def hold(self, path: str, count: int) -> None:
        for _ in range(count):
            connection = self._make()
            connection.send_request("GET", path)
            connection.read_response()
            connection.readall()
            self._held.append(connection)

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop for `concurrent`."""
        return asyncio.new_event_loop()

    def concurrent(self, path: str, count: int) -> None:
        if self._loop is None:
            self._loop = self.new_loop()
            self._pool = [self._make() for _ in range(self.connections)]
        self._loop.run_until_complete(self._fetch_all(path, count // self.connections))

    async def _fetch_all(self, path: str, count: int) -> None:
        await asyncio.gather(*(_fetch(connection, path, count) for connection in self._pool))


class DugongUvloop(Dugong):
    """dugong's coroutines on uvloop, where it differs from asyncio."""

    @staticmethod
    def version() -> str:
        return f"{dugong.__version__}, uvloop {version_of('uvloop')}"

    def new_loop(self) -> asyncio.AbstractEventLoop:
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop

    get = Contender.get
    look = Contender.look
    pipeline = Contender.pipeline
    stream = Contender.stream
    read = Contender.read
    upload = Contender.upload
    connect = Contender.connect
    hold = Contender.hold


async def _fetch(connection: dugong.HTTPConnection, path: str, count: int) -> None:
    for _ in range(count):
        await dugong.AioFuture(_co_fetch(connection, path))


def _co_fetch(
    connection: dugong.HTTPConnection, path: str
) -> Generator[dugong.PollNeeded, None, bytes]:
    yield from connection.co_send_request("GET", path)
    yield from connection.co_read_response()
    return (yield from connection.co_readall())
