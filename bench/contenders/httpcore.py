"""httpcore: a pool, and its asynchronous twin on asyncio."""

from __future__ import annotations

import asyncio

import httpcore

from bench.contenders.base import CONNECTIONS, FIELDS, Contender, Target, version_of
from bench.contenders.bodies import UPLOAD_FIELDS, pieces


class Httpcore(Contender):
    """httpcore, which gives the pieces of a body as they come."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._context = target.context()
        self._pool = httpcore.ConnectionPool(ssl_context=self._context)
        self._held: list[httpcore.ConnectionPool] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    @staticmethod
    def version() -> str:
        return version_of("httpcore")

    def get(self, path: str, count: int) -> None:
        pool, url = self._pool, self.target.url + path
        for _ in range(count):
            _ = pool.request("GET", url).content

    def look(self, path: str, count: int) -> None:
        pool, url = self._pool, self.target.url + path
        first, second, third = (name.lower().encode() for name in FIELDS)
        for _ in range(count):
            headers = {name.lower(): value for name, value in pool.request("GET", url).headers}
            headers[first], headers[second], headers[third]

    def stream(self, path: str, count: int) -> None:
        pool, url = self._pool, self.target.url + path
        for _ in range(count):
            with pool.stream("GET", url) as response:
                for _ in response.iter_stream():
                    pass

    def read(self, path: str, count: int) -> None:
        self.stream(path, count)

    def upload(self, path: str, count: int) -> None:
        pool, url = self._pool, self.target.url + path
        for _ in range(count):
            pool.request("PUT", url, headers=UPLOAD_FIELDS, content=pieces())

    def connect(self, path: str, count: int) -> None:
        url = self.target.url + path
        with httpcore.ConnectionPool(
            ssl_context=self._context, max_keepalive_connections=0
        ) as pool:
            for _ in range(count):
                pool.request("GET", url)

    def hold(self, path: str, count: int) -> None:
        for _ in range(count):
            pool = httpcore.ConnectionPool()
            pool.request("GET", self.target.url + path)
            self._held.append(pool)

    def concurrent(self, path: str, count: int) -> None:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._async_pool = httpcore.AsyncConnectionPool(max_connections=CONNECTIONS)
        self._loop.run_until_complete(self._fetch_all(path, count // CONNECTIONS))

    async def _fetch_all(self, path: str, count: int) -> None:
        async def fetch() -> None:
            for _ in range(count):
                await self._async_pool.request("GET", url)

        url = self.target.url + path
        await asyncio.gather(*(fetch() for _ in range(CONNECTIONS)))
