"""httpx: one client, and its asynchronous twin on asyncio."""

from __future__ import annotations

import asyncio
import ssl

import httpx

from bench.contenders.base import CONNECTIONS, FIELDS, PIECE, Contender, Target, version_of
from bench.contenders.bodies import UPLOAD_FIELDS, pieces


class Httpx(Contender):
    """httpx, with a context made beforehand, and not looking into the environment."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        # Without one, each client would load the authorities that the system trusts.
        self._context = target.context() or ssl.create_default_context()
        self._client = httpx.Client(verify=self._context, trust_env=False)
        self._held: list[httpx.Client] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    @staticmethod
    def version() -> str:
        return version_of("httpx", "httpcore")

    def get(self, path: str, count: int) -> None:
        client, url = self._client, self.target.url + path
        for _ in range(count):
            _ = client.get(url).content

    def look(self, path: str, count: int) -> None:
        client, url = self._client, self.target.url + path
        first, second, third = FIELDS
        for _ in range(count):
            headers = client.get(url).headers
            headers[first], headers[second], headers[third]

    def stream(self, path: str, count: int) -> None:
        client, url = self._client, self.target.url + path
        for _ in range(count):
            with client.stream("GET", url) as response:
                for _ in response.iter_raw():
                    pass

    def read(self, path: str, count: int) -> None:
        client, url = self._client, self.target.url + path
        for _ in range(count):
            with client.stream("GET", url) as response:
                for _ in response.iter_raw(PIECE):
                    pass

    def upload(self, path: str, count: int) -> None:
        client, url = self._client, self.target.url + path
        for _ in range(count):
            client.put(url, content=pieces(), headers=UPLOAD_FIELDS)

    def connect(self, path: str, count: int) -> None:
        url = self.target.url + path
        limits = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(verify=self._context, trust_env=False, limits=limits) as client:
            for _ in range(count):
                client.get(url)

    def hold(self, path: str, count: int) -> None:
        for _ in range(count):
            client = httpx.Client(verify=self._context, trust_env=False)
            client.get(self.target.url + path)
            self._held.append(client)

    def concurrent(self, path: str, count: int) -> None:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            limits = httpx.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS
            )
            self._async_client = httpx.AsyncClient(
                verify=self._context, trust_env=False, limits=limits
            )
        self._loop.run_until_complete(self._fetch_all(path, count // CONNECTIONS))

    async def _fetch_all(self, path: str, count: int) -> None:
        async def fetch() -> None:
            for _ in range(count):
                await self._async_client.get(url)

        url = self.target.url + path
        await asyncio.gather(*(fetch() for _ in range(CONNECTIONS)))
