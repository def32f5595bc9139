"""The floor of many connections: bare asyncio protocols that count octets."""

from __future__ import annotations

import asyncio
import platform

from bench.contenders.base import PIECE, Contender, Target
from bench.contenders.floor import Floor


class AsyncioFloor(Contender):
    """Asks again as soon as the octets of a response have come, and looks at none of them."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._loop = asyncio.new_event_loop()
        self._pool: list[_Counter] = []

    @staticmethod
    def version() -> str:
        return f"Python {platform.python_version()}"

    def concurrent(self, path: str, count: int) -> None:
        self._loop.run_until_complete(self._fetch_all(path, count // self.connections))

    def make_counter(self, request: bytes, size: int) -> _Counter:
        """Return the protocol of a connection."""
        return _SimpleCounter(request, size)

    async def _fetch_all(self, path: str, count: int) -> None:
        if not self._pool:
            request, size = Floor(self.target).exchange(path)
            for _ in range(self.connections):
                _, counter = await self._loop.create_connection(
                    lambda: self.make_counter(request, size), self.target.host, self.target.port
                )
                self._pool.append(counter)
        await asyncio.gather(*(counter.fetch(count) for counter in self._pool))


class AsyncioBufferedFloor(AsyncioFloor):
    """Does the same with buffered protocols, which allocate nothing for a receive."""

    def make_counter(self, request: bytes, size: int) -> _Counter:
        return _BufferedCounter(request, size)


class _Counter(asyncio.BaseProtocol):
    def __init__(self, request: bytes, size: int) -> None:
        self._request = request
        self._size = self._rest = size
        self._count = 0
        self._done: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._write = transport.write

    def fetch(self, count: int) -> asyncio.Future[None]:
        """Begin *count* requests, one after the other; the result is there when all are done."""
        self._count = count
        self._done = asyncio.get_running_loop().create_future()
        self._write(self._request)
        return self._done

    def _end_response(self) -> None:
        self._rest = self._size
        self._count -= 1
        if self._count:
            self._write(self._request)
        elif self._done is not None:
            self._done.set_result(None)


class _SimpleCounter(_Counter, asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        self._rest -= len(data)
        if not self._rest:
            self._end_response()


class _BufferedCounter(_Counter, asyncio.BufferedProtocol):
    _buffer = bytearray(PIECE)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._rest -= nbytes
        if not self._rest:
            self._end_response()
