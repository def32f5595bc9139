"""The server of the strictness table: for each row one, which does what the row says."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Self

from strictness_rows import SECOND, Ending, Row

if TYPE_CHECKING:
    from types import TracebackType

HARD_LIMIT: Final = 30.0  # seconds for a row; clients have shorter limits of their own
FLOOD_SIZE: Final = 16_000_000  # octets
LITTLE_LATER: Final = 0.05  # seconds before a stray response
SETTLED: Final = 0.2  # seconds that octets under way are given to arrive
ACCEPT_SLICE: Final = 0.01  # seconds
LINGER: Final = 0.3  # seconds from an early answer to the end of the connection
RECEIVE_SIZE: Final = 65_536


class Server:
    """The scripted server of one row; a context manager, at whose end everything has arrived.

    Attributes:
        port: The port it listens on.
        flooded: Whether it could send all of a flood.
    """

    def __init__(self, row: Row, context: ssl.SSLContext) -> None:
        """Serve *row*, over TLS with *context* where the row says so."""
        self._row = row
        self._context = context if row.secure else None
        self._received: list[bytearray] = []
        self._threads: list[threading.Thread] = []
        self._is_over = threading.Event()
        self.flooded = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(ACCEPT_SLICE)
        self.port: int = self._listener.getsockname()[1]

    @property
    def received(self) -> bytes:
        """What came, of one connection after the other."""
        return b"".join(self._received)

    def __enter__(self) -> Self:
        """Listen."""
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take what has come, and end."""
        self._is_over.set()
        for thread in self._threads:  # the first adds to them until it ends
            thread.join(SETTLED if thread is not self._threads[0] else HARD_LIMIT)

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with self._listener:
            while True:
                try:
                    sock, _ = self._listener.accept()
                except TimeoutError:
                    if self._is_over.is_set():
                        return
                    continue
                self._received.append(bytearray())
                self._start(partial(self._serve, sock, self._received[-1]))

    def _serve(self, sock: socket.socket, received: bytearray) -> None:
        sock.settimeout(HARD_LIMIT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError, EOFError, ValueError):
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
            with sock:
                Conversation(self, self._row, sock, received).run()


class Conversation:
    """One connection to the server, in one row."""

    def __init__(self, server: Server, row: Row, sock: socket.socket, received: bytearray) -> None:
        self._server = server
        self._row = row
        self._socket = sock
        self._received = received
        self._taken = 0

    def run(self) -> None:
        """Answer requests until the row says that the connection ends."""
        while True:
            head = self._receive_head()
            if b" /2" in head.partition(b"\r\n")[0]:
                self._socket.sendall(SECOND)
                continue
            self._answer(head)
            if self._row.ending in (Ending.CLOSE, Ending.CUT, Ending.RESET, Ending.HALFWAY):
                return

    def _answer(self, head: bytes) -> None:
        row, sock = self._row, self._socket
        size = body_size(head)
        expects = b"\r\nexpect: 100-continue\r\n" in head.lower()
        if row.ending is Ending.SILENT:
            self._receive(size)
        elif row.ending is not Ending.HALFWAY and not expects:
            self._receive(min(size, 1000))
        sock.sendall(row.reply)
        if row.ending is Ending.FLOOD:
            self._flood()
        elif row.ending is Ending.STRAY:
            time.sleep(LITTLE_LATER)
            sock.sendall(row.again)
        elif row.ending is Ending.HALFWAY:
            time.sleep(LINGER)
        elif row.ending is Ending.RESET:
            time.sleep(LITTLE_LATER)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif expects and row.ending is not Ending.SILENT:
            self._receive(size)  # a client that goes on with this connection owes the body
        elif row.ending is Ending.CLOSE:
            self._close()

    def _flood(self) -> None:
        again = self._row.again * (RECEIVE_SIZE // len(self._row.again) + 1)
        for _ in range(FLOOD_SIZE // len(again)):
            self._socket.sendall(again)
        self._server.flooded = True
        raise EOFError

    def _close(self) -> None:
        """Close in order, TLS too; what the client still sends is let go by."""
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.setblocking(False)
            with contextlib.suppress(OSError):
                self._socket.unwrap()
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_WR)
            select.select([self._socket], [], [], LINGER)

    def _receive_head(self) -> bytes:
        while (end := self._received.find(b"\r\n\r\n", self._taken)) < 0:
            self._receive_more()
        head = bytes(self._received[self._taken : end + 4])
        self._taken = end + 4
        return head

    def _receive(self, size: int) -> None:
        while len(self._received) < self._taken + size:
            self._receive_more()
        self._taken += size

    def _receive_more(self) -> None:
        if not (octets := self._socket.recv(RECEIVE_SIZE)):
            raise EOFError
        self._received += octets


def body_size(head: bytes) -> int:
    """Return the Content-Length of a request, 0 where it has none that counts."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return 0
