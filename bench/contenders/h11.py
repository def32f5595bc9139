"""h11 with a loop over a blocking socket, written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11

from bench.contenders.base import FIELDS, PIECE, UPLOAD_SIZE, Contender, Target, version_of

if TYPE_CHECKING:
    import socket


class H11(Contender):
    """h11, used as its documentation shows."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._context = target.context()
        self._socket, self._protocol = self._open()
        self._host = f"{target.host}:{target.port}"
        self._held: list[tuple[socket.socket, h11.Connection]] = []

    @staticmethod
    def version() -> str:
        return version_of("h11")

    def _open(self) -> tuple[socket.socket, h11.Connection]:
        opened = self.target.open_socket()
        if self._context is not None:
            opened = self._context.wrap_socket(opened, server_hostname=self.target.host)
        return opened, h11.Connection(h11.CLIENT)

    def _send(self, connection: socket.socket, protocol: h11.Connection, path: str) -> None:
        request = h11.Request(method="GET", target=path, headers=[("Host", self._host)])
        sent = (protocol.send(request) or b"") + (protocol.send(h11.EndOfMessage()) or b"")
        connection.sendall(sent)

    @staticmethod
    def _receive(
        connection: socket.socket, protocol: h11.Connection, pieces: list[bytes] | None
    ) -> h11.Response:
        """Return the response; its body is appended to *pieces*, or dropped."""
        response: h11.Response | None = None
        while True:
            event = protocol.next_event()
            if event is h11.NEED_DATA:
                protocol.receive_data(connection.recv(PIECE))
            elif isinstance(event, h11.Data):
                if pieces is not None:
                    pieces.append(event.data)
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.EndOfMessage):
                protocol.start_next_cycle()
                assert response is not None
                return response

    def get(self, path: str, count: int) -> None:
        connection, protocol = self._socket, self._protocol
        pieces: list[bytes] = []
        for _ in range(count):
            self._send(connection, protocol, path)
            self._receive(connection, protocol, pieces)
            b"".join(pieces)
            pieces.clear()

    def look(self, path: str, count: int) -> None:
        connection, protocol = self._socket, self._protocol
        first, second, third = (name.lower().encode() for name in FIELDS)
        for _ in range(count):
            self._send(connection, protocol, path)
            headers = dict(self._receive(connection, protocol, None).headers)
            headers[first], headers[second], headers[third]

    def stream(self, path: str, count: int) -> None:
        connection, protocol = self._socket, self._protocol
        for _ in range(count):
            self._send(connection, protocol, path)
            self._receive(connection, protocol, None)

    def read(self, path: str, count: int) -> None:
        self.stream(path, count)

    def upload(self, path: str, count: int) -> None:
        connection, protocol = self._socket, self._protocol
        fields = [("Host", self._host), ("Content-Length", str(UPLOAD_SIZE))]
        piece = bytes(PIECE)
        for _ in range(count):
            request = h11.Request(method="PUT", target=path, headers=fields)
            connection.sendall(protocol.send(request) or b"")
            for _ in range(UPLOAD_SIZE // PIECE):
                connection.sendall(protocol.send(h11.Data(data=piece)) or b"")
            connection.sendall(protocol.send(h11.EndOfMessage()) or b"")
            self._receive(connection, protocol, None)

    def connect(self, path: str, count: int) -> None:
        for _ in range(count):
            connection, protocol = self._open()
            self._send(connection, protocol, path)
            self._receive(connection, protocol, [])
            connection.close()

    def hold(self, path: str, count: int) -> None:
        for _ in range(count):
            connection, protocol = self._open()
            self._send(connection, protocol, path)
            self._receive(connection, protocol, [])
            self._held.append((connection, protocol))
