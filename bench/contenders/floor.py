"""The floors: the least that a Python loop over a raw socket can do for the same octets.

They know beforehand how long each response is, and look at no octet of it.
"""

from __future__ import annotations

import platform
import select
import socket
import ssl

from bench.contenders.base import DEPTH, PIECE, UPLOAD_SIZE, Contender, Target


class Floor(Contender):
    """A loop over a blocking socket, or one with TLS."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._context = target.context()
        self._sizes: dict[str, int] = {}
        self._socket = self._open()
        self._held: list[socket.socket] = []

    @staticmethod
    def version() -> str:
        return f"Python {platform.python_version()}"

    def _open(self) -> socket.socket:
        opened = self.target.open_socket()
        if self._context is None:
            return opened
        return self._context.wrap_socket(opened, server_hostname=self.target.host)

    def _request(self, path: str, method: str = "GET", fields: str = "") -> bytes:
        host = f"{self.target.host}:{self.target.port}"
        return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n".encode()

    def _size(self, path: str) -> int:
        """Return the octets of a whole response, which a connection of its own tells."""
        if path not in self._sizes:
            with self._open() as probe:
                probe.sendall(self._request(path, fields="Connection: close\r\n"))
                self._sizes[path] = 0
                while received := len(probe.recv(PIECE)):
                    self._sizes[path] += received
        return self._sizes[path]

    def exchange(self, path: str) -> tuple[bytes, int]:
        """Return a request, and the octets of its response."""
        return self._request(path), self._size(path)

    def get(self, path: str, count: int) -> None:
        connection, request, size = self._socket, *self.exchange(path)
        for _ in range(count):
            connection.sendall(request)
            data = connection.recv(PIECE)
            if len(data) < size:
                # Into octets that nobody has set to zero before.
                connection.recv(size - len(data), socket.MSG_WAITALL)

    def look(self, path: str, count: int) -> None:
        self.get(path, count)

    def stream(self, path: str, count: int) -> None:
        connection, request, size = self._socket, *self.exchange(path)
        buffer = bytearray(PIECE)
        for _ in range(count):
            connection.sendall(request)
            rest = size
            while rest:
                rest -= connection.recv_into(buffer)

    def read(self, path: str, count: int) -> None:
        self.stream(path, count)

    def upload(self, path: str, count: int) -> None:
        connection = self._socket
        request = self._request(path, "PUT", f"Content-Length: {UPLOAD_SIZE}\r\n")
        piece = bytes(PIECE)
        for _ in range(count):
            connection.sendall(request)
            for _ in range(UPLOAD_SIZE // PIECE):
                connection.sendall(piece)
            connection.recv(PIECE)

    def connect(self, path: str, count: int) -> None:
        request, size = self.exchange(path)
        for _ in range(count):
            connection = self._open()
            connection.sendall(request)
            rest = size
            while rest:
                rest -= len(connection.recv(PIECE))
            connection.close()

    def hold(self, path: str, count: int) -> None:
        request = self._request(path)
        for _ in range(count):
            connection = self._open()
            connection.sendall(request)
            connection.recv(PIECE)
            self._held.append(connection)


class NonBlockingFloor(Floor):
    """A loop over a non-blocking socket: on EAGAIN it polls."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._socket.setblocking(False)
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(self._socket, select.POLLIN)
        self._writable.register(self._socket, select.POLLOUT)

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._writable.poll()

    def get(self, path: str, count: int) -> None:
        connection, request, size = self._socket, *self.exchange(path)
        poll = self._readable.poll
        for _ in range(count):
            connection.send(request)
            # What is long is received where it is to stay.
            buffer = memoryview(bytearray(size)) if size > PIECE else None
            got = 0
            while got < size:
                try:
                    if buffer is None:
                        got += len(connection.recv(PIECE))
                    else:
                        got += connection.recv_into(buffer[got:])
                except (BlockingIOError, ssl.SSLWantReadError):
                    poll()

    def pipeline(self, path: str, count: int) -> None:
        connection, request, size = self._socket, *self.exchange(path)
        poll = self._readable.poll
        for _ in range(count // DEPTH):
            for _ in range(DEPTH):
                connection.send(request)
            rest = size * DEPTH
            while rest:
                try:
                    rest -= len(connection.recv(PIECE))
                except BlockingIOError:
                    poll()

    def stream(self, path: str, count: int) -> None:
        connection, request, size = self._socket, *self.exchange(path)
        poll = self._readable.poll
        buffer = bytearray(PIECE)
        for _ in range(count):
            connection.send(request)
            rest = size
            while rest:
                try:
                    rest -= connection.recv_into(buffer)
                except (BlockingIOError, ssl.SSLWantReadError):
                    poll()

    def upload(self, path: str, count: int) -> None:
        request = self._request(path, "PUT", f"Content-Length: {UPLOAD_SIZE}\r\n")
        piece = bytes(PIECE)
        for _ in range(count):
            self._send(request)
            for _ in range(UPLOAD_SIZE // PIECE):
                self._send(piece)
            while True:
                try:
                    self._socket.recv(PIECE)
                    break
                except BlockingIOError:
                    self._readable.poll()

    # A connection costs both floors the same.
    connect = Contender.connect
    hold = Contender.hold
