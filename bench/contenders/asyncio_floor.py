"""The floor of many connections: bare asyncio protocols that count octets."""

from __future__ import annotations

import asyncio
import platform

from bench.contenders.base import CONNECTIONS, Contender, Target
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
        self._loop.run_until_complete(self._fetch_all(path, count // CONNECTIONS))

    async def _fetch_all(self, path: str, count: int) -> None:
        if not self._pool:
            request, size = Floor(self.target).exchange(path)
            for _ in range(CONNECTIONS):
                _, counter = await self._loop.create_connection(
                    lambda: _Counter(request, size), self.target.host, self.target.port
                )
                self._pool.append(counter)
        await asyncio.gather(*(counter.fetch(count) for counter in self._pool))


class _Counter(asyncio.Protocol):
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

    def data_received(self, data: bytes) -> None:
        self._rest -= len(data)
        if not self._rest:
            self._rest = self._size
            self._count -= 1
            if self._count:
                self._write(self._request)
            elif self._done is not None:
                self._done.set_result(None)
