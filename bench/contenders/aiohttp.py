"""aiohttp, on asyncio and on uvloop."""

from __future__ import annotations

import asyncio

import aiohttp

from bench.contenders.base import CONNECTIONS, FIELDS, PIECE, Contender, Target, version_of
from bench.contenders.bodies import UPLOAD_FIELDS, async_pieces


class Aiohttp(Contender):
    """aiohttp, one session on one event loop."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._context = target.context() or True  # True: the default, of which nothing is used
        self._loop = self.new_loop()
        self._session = self._loop.run_until_complete(self._make())
        self._held: list[aiohttp.ClientSession] = []

    @staticmethod
    def version() -> str:
        return version_of("aiohttp")

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop."""
        return asyncio.new_event_loop()

    async def _make(self, *, force_close: bool = False) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self._context, force_close=force_close)
        return aiohttp.ClientSession(connector=connector)

    async def _fetch(self, session: aiohttp.ClientSession, path: str, count: int) -> None:
        url = self.target.url + path
        for _ in range(count):
            async with session.get(url) as response:
                await response.read()

    def close(self) -> None:
        self._loop.run_until_complete(self._session.close())

    def get(self, path: str, count: int) -> None:
        self._loop.run_until_complete(self._fetch(self._session, path, count))

    def look(self, path: str, count: int) -> None:
        self._loop.run_until_complete(self._look(path, count))

    async def _look(self, path: str, count: int) -> None:
        url = self.target.url + path
        first, second, third = FIELDS
        for _ in range(count):
            async with self._session.get(url) as response:
                response.headers[first], response.headers[second], response.headers[third]
                await response.read()

    def stream(self, path: str, count: int) -> None:
        self._loop.run_until_complete(self._stream(path, count))

    async def _stream(self, path: str, count: int) -> None:
        url = self.target.url + path
        for _ in range(count):
            async with self._session.get(url) as response:
                async for _ in response.content.iter_any():
                    pass

    def read(self, path: str, count: int) -> None:
        self._loop.run_until_complete(self._read(path, count))

    async def _read(self, path: str, count: int) -> None:
        url = self.target.url + path
        for _ in range(count):
            async with self._session.get(url) as response:
                async for _ in response.content.iter_chunked(PIECE):
                    pass

    def upload(self, path: str, count: int) -> None:
        self._loop.run_until_complete(self._upload(path, count))

    async def _upload(self, path: str, count: int) -> None:
        url = self.target.url + path
        for _ in range(count):
            async with self._session.put(
                url, data=async_pieces(), headers=UPLOAD_FIELDS
            ) as response:
                await response.read()

    def connect(self, path: str, count: int) -> None:
        self._loop.run_until_complete(self._connect(path, count))

    async def _connect(self, path: str, count: int) -> None:
        async with await self._make(force_close=True) as session:
            await self._fetch(session, path, count)

    def hold(self, path: str, count: int) -> None:
        self._loop.run_until_complete(self._hold(path, count))

    async def _hold(self, path: str, count: int) -> None:
        for _ in range(count):
            session = await self._make()
            await self._fetch(session, path, 1)
            self._held.append(session)

    def concurrent(self, path: str, count: int) -> None:
        self._loop.run_until_complete(self._fetch_all(path, count // CONNECTIONS))

    async def _fetch_all(self, path: str, count: int) -> None:
        fetches = (self._fetch(self._session, path, count) for _ in range(CONNECTIONS))
        await asyncio.gather(*fetches)


class AiohttpUvloop(Aiohttp):
    """aiohttp on uvloop."""

    @staticmethod
    def version() -> str:
        return version_of("aiohttp", "uvloop")

    def new_loop(self) -> asyncio.AbstractEventLoop:
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop
