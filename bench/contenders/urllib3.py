"""urllib3: a pool of one connection."""

from __future__ import annotations

import urllib3

from bench.contenders.base import FIELDS, PIECE, Contender, Target, version_of
from bench.contenders.bodies import UPLOAD_FIELDS, pieces


class Urllib3(Contender):
    """urllib3, without the layer that looks for the pool of a URL."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._context = target.context()
        self._pool = self._make()
        self._held: list[urllib3.HTTPConnectionPool] = []

    @staticmethod
    def version() -> str:
        return version_of("urllib3")

    def _make(self) -> urllib3.HTTPConnectionPool:
        if self._context is None:
            return urllib3.HTTPConnectionPool(self.target.host, self.target.port)
        return urllib3.HTTPSConnectionPool(
            self.target.host, self.target.port, ssl_context=self._context
        )

    def get(self, path: str, count: int) -> None:
        request = self._pool.request
        for _ in range(count):
            _ = request("GET", path).data

    def look(self, path: str, count: int) -> None:
        request = self._pool.request
        first, second, third = FIELDS
        for _ in range(count):
            response = request("GET", path)
            response.headers[first], response.headers[second], response.headers[third]

    def stream(self, path: str, count: int) -> None:
        buffer = bytearray(PIECE)
        for _ in range(count):
            response = self._pool.request("GET", path, preload_content=False)
            if response.chunked:
                # readinto() of a chunked body gives its framing too.
                for _ in response.stream(PIECE):
                    pass
            else:
                while response.readinto(buffer):
                    pass
            response.release_conn()

    def read(self, path: str, count: int) -> None:
        for _ in range(count):
            response = self._pool.request("GET", path, preload_content=False)
            for _ in response.stream(PIECE):
                pass
            response.release_conn()

    def upload(self, path: str, count: int) -> None:
        for _ in range(count):
            self._pool.request("PUT", path, body=pieces(), headers=UPLOAD_FIELDS)

    def connect(self, path: str, count: int) -> None:
        for _ in range(count):
            with self._make() as pool:
                pool.request("GET", path)

    def hold(self, path: str, count: int) -> None:
        for _ in range(count):
            pool = self._make()
            pool.request("GET", path)
            self._held.append(pool)
