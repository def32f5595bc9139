"""http.client of the standard library."""

from __future__ import annotations

import http.client
import platform

from bench.contenders.base import FIELDS, PIECE, Contender, Target
from bench.contenders.bodies import UPLOAD_FIELDS, pieces


class HttpClient(Contender):
    """http.client, with one connection that is kept."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._context = target.context()
        self._connection = self._make()
        self._held: list[http.client.HTTPConnection] = []

    @staticmethod
    def version() -> str:
        return f"Python {platform.python_version()}"

    def _make(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self.target.host, self.target.port)
        return http.client.HTTPSConnection(
            self.target.host, self.target.port, context=self._context
        )

    def get(self, path: str, count: int) -> None:
        connection = self._connection
        for _ in range(count):
            connection.request("GET", path)
            connection.getresponse().read()

    def look(self, path: str, count: int) -> None:
        connection = self._connection
        first, second, third = FIELDS
        for _ in range(count):
            connection.request("GET", path)
            response = connection.getresponse()
            response.headers[first], response.headers[second], response.headers[third]
            response.read()

    def stream(self, path: str, count: int) -> None:
        connection = self._connection
        buffer = bytearray(PIECE)
        for _ in range(count):
            connection.request("GET", path)
            response = connection.getresponse()
            while response.readinto(buffer):
                pass

    def read(self, path: str, count: int) -> None:
        connection = self._connection
        for _ in range(count):
            connection.request("GET", path)
            response = connection.getresponse()
            while response.read(PIECE):
                pass

    def upload(self, path: str, count: int) -> None:
        connection = self._connection
        for _ in range(count):
            connection.request("PUT", path, body=pieces(), headers=UPLOAD_FIELDS)
            connection.getresponse().read()

    def connect(self, path: str, count: int) -> None:
        for _ in range(count):
            connection = self._make()
            connection.request("GET", path)
            connection.getresponse().read()
            connection.close()

    def hold(self, path: str, count: int) -> None:
        for _ in range(count):
            connection = self._make()
            connection.request("GET", path)
            connection.getresponse().read()
            self._held.append(connection)
