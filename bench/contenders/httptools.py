"""httptools, the parser of Node.js in C, with a loop over a blocking socket written by hand.

The request is a constant, and what nobody asks for is not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httptools

from bench.contenders.base import DEPTH, FIELDS, PIECE, UPLOAD_SIZE, Contender, Target, version_of

if TYPE_CHECKING:
    import socket


class Httptools(Contender):
    """httptools."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._context = target.context()
        self._socket = self._open()
        self._held: list[tuple[socket.socket, _Body]] = []

    @staticmethod
    def version() -> str:
        return version_of("httptools")

    def _open(self) -> socket.socket:
        opened = self.target.open_socket()
        if self._context is None:
            return opened
        return self._context.wrap_socket(opened, server_hostname=self.target.host)

    def _request(self, path: str, method: str = "GET", fields: str = "") -> bytes:
        host = f"{self.target.host}:{self.target.port}"
        return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n".encode()

    def get(self, path: str, count: int) -> None:
        connection, request, body = self._socket, self._request(path), _Body()
        for _ in range(count):
            connection.sendall(request)
            body.receive(connection)
            b"".join(body.pieces)
            body.pieces.clear()

    def look(self, path: str, count: int) -> None:
        connection, request, body = self._socket, self._request(path), _BodyWithFields()
        first, second, third = (name.lower().encode() for name in FIELDS)
        for _ in range(count):
            connection.sendall(request)
            body.receive(connection)
            headers = {name.lower(): value for name, value in body.fields}
            headers[first], headers[second], headers[third]
            body.fields.clear()
            b"".join(body.pieces)
            body.pieces.clear()

    def pipeline(self, path: str, count: int) -> None:
        connection, request, body = self._socket, self._request(path), _Body()
        for _ in range(count // DEPTH):
            for _ in range(DEPTH):
                connection.sendall(request)
            body.receive(connection, DEPTH)
            body.pieces.clear()

    def stream(self, path: str, count: int) -> None:
        connection, request, body = self._socket, self._request(path), _DroppedBody()
        for _ in range(count):
            connection.sendall(request)
            body.receive(connection)

    def read(self, path: str, count: int) -> None:
        self.stream(path, count)

    def upload(self, path: str, count: int) -> None:
        connection, body = self._socket, _Body()
        request = self._request(path, "PUT", f"Content-Length: {UPLOAD_SIZE}\r\n")
        piece = bytes(PIECE)
        for _ in range(count):
            connection.sendall(request)
            for _ in range(UPLOAD_SIZE // PIECE):
                connection.sendall(piece)
            body.receive(connection)

    def connect(self, path: str, count: int) -> None:
        request = self._request(path)
        for _ in range(count):
            connection, body = self._open(), _Body()
            connection.sendall(request)
            body.receive(connection)
            b"".join(body.pieces)
            connection.close()

    def hold(self, path: str, count: int) -> None:
        request = self._request(path)
        for _ in range(count):
            connection, body = self._open(), _Body()
            connection.sendall(request)
            body.receive(connection)
            body.pieces.clear()
            self._held.append((connection, body))


class _DroppedBody:
    """What the parser calls, where the body is dropped."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._complete = 0

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the body."""

    def on_message_complete(self) -> None:
        """Learn that a response has ended."""
        self._complete += 1

    def receive(self, connection: socket.socket, count: int = 1) -> None:
        """Receive until *count* responses have ended."""
        while self._complete < count:
            self._parser.feed_data(connection.recv(PIECE))
        self._complete -= count


class _Body(_DroppedBody):
    """What the parser calls, where the body is collected."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        super().__init__()

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self.pieces.append(piece)


class _BodyWithFields(_Body):
    """What the parser calls, where the fields are collected too."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        super().__init__()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field."""
        self.fields.append((name, value))
