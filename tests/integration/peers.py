"""Scripted peers: servers on loopback that do exactly what a test tells them, octet by octet.

A `Peer` runs a handler, written by the test, for each connection it accepts; what a handler can do
is a `Connection`. Nothing here waits without a limit, and a handler that fails fails the test.
Handlers and tests synchronise with `threading.Event` and `wait_for`, never by sleeping.
Beside it: handlers for the frequent cases, and addresses that refuse or never answer.
"""

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Self, TypeAlias

import attrs

from dugong import HTTPConnection
from tests.integration.wire import TIME_LIMIT, Connection

__all__ = [
    "TIME_LIMIT",
    "Connection",
    "Handler",
    "Peer",
    "in_turn",
    "may_be_cut",
    "refused_port",
    "replay",
    "silent_address",
    "wait_for",
]

Handler: TypeAlias = Callable[[Connection], None]
"""What a peer does with one connection. When it returns, the connection is closed in order."""

BACKLOG: Final = 128
FILLING_ATTEMPTS: Final = 16
FILLING_WAIT: Final = 0.1  # seconds; a connection on loopback is complete at once, or never


@attrs.define(eq=False)
class Peer:
    """A server on loopback that runs *handler* in a thread for each connection; a context manager.

    On leaving, what has connected by then is still served, and all threads are joined. Then the
    error of a handler is raised; where the test itself failed, it becomes a note of that error.

    Attributes:
        handler: Called with each accepted connection, in a thread of its own.
        tls: The server context where the peer speaks TLS.
        host: The address to listen on, `"127.0.0.1"` or `"::1"`.
        receive_buffer: Octets for SO_RCVBUF, `None` for the system's choice.
        send_buffer: Octets for SO_SNDBUF, `None` for the system's choice.
        port: The port it listens on.
        connections: All accepted connections, also those whose TLS handshake failed.
        handshake_errors: Errors of TLS handshakes; not raised, since the client has met them too.
    """

    handler: Handler
    tls: ssl.SSLContext | None = attrs.field(default=None, kw_only=True)
    host: str = attrs.field(default="127.0.0.1", kw_only=True)
    receive_buffer: int | None = attrs.field(default=None, kw_only=True)
    send_buffer: int | None = attrs.field(default=None, kw_only=True)
    port: int = attrs.field(default=0, init=False)
    connections: list[Connection] = attrs.field(factory=list, init=False)
    handshake_errors: list[OSError] = attrs.field(factory=list, init=False)
    _errors: list[BaseException] = attrs.field(factory=list, init=False)
    _accepting: threading.Thread = attrs.field(init=False)
    _threads: list[threading.Thread] = attrs.field(factory=list, init=False)
    _leaving: contextlib.ExitStack = attrs.field(factory=contextlib.ExitStack, init=False)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, as `socket.create_connection` takes them."""
        return self.host, self.port

    @property
    def received(self) -> bytes:
        """All octets received, of one connection after the other."""
        return b"".join(connection.received for connection in self.connections)

    def __enter__(self) -> Self:
        """Listen."""
        listener = self._listen()
        self.port = listener.getsockname()[1]
        stop, stopped = socket.socketpair()
        self._leaving.callback(stop.close)
        self._accepting = start_thread(lambda: self._accept_until(stopped, listener))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening, wait for the handlers, raise their errors."""
        self._leaving.close()
        self._accepting.join(TIME_LIMIT)
        if error is not None:
            for connection in self.connections:
                connection.wake()
        for thread in self._threads:
            thread.join(3 * TIME_LIMIT)
            if thread.is_alive():
                self._errors.append(TimeoutError("a handler did not end"))
        if error is not None:
            for mine in self._errors:
                error.add_note(f"the peer failed, too: {mine!r}")
        elif len(self._errors) == 1:
            raise self._errors[0]
        elif self._errors:
            raise BaseExceptionGroup("several handlers failed", self._errors)

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        # On the listener, since accepted sockets inherit them and the first window obeys them.
        if self.receive_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        if self.send_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_buffer)
        listener.bind((self.host, 0))
        listener.listen(BACKLOG)
        listener.setblocking(False)
        return listener

    def _accept_until(self, stopped: socket.socket, listener: socket.socket) -> None:
        with stopped, listener:
            while True:
                # Both may be ready: who has connected before the end is served.
                ready, _, _ = select.select([listener, stopped], [], [])
                if listener not in ready:
                    return
                with contextlib.suppress(OSError):  # the client has given up meanwhile
                    self._serve(listener.accept()[0])

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(TIME_LIMIT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(sock, len(self.connections))
        self.connections.append(connection)
        self._threads.append(start_thread(lambda: self._handle(connection)))

    def _handle(self, connection: Connection) -> None:
        try:
            if self._handshake(connection):
                self.handler(connection)
        except BaseException as exc:  # noqa: BLE001  it is raised in the test's thread
            self._errors.append(exc)
        finally:
            if not connection.is_closed():
                connection.close()

    def _handshake(self, connection: Connection) -> bool:
        if self.tls is None:
            return True
        try:
            connection.start_tls(self.tls)
        except OSError as exc:
            self.handshake_errors.append(exc)
            return False
        return True


def start_thread(target: Callable[[], None]) -> threading.Thread:
    """Run *target* in a new thread, which does not keep the interpreter alive."""
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def replay(*responses: bytes) -> Handler:
    """Return a handler that answers each request head with the next of *responses*.

    It ends when the client closes; requests beyond the last response are received and not answered.
    Request bodies are not understood.
    """

    def handle(connection: Connection) -> None:
        for response in responses:
            if not connection.receive_head():
                return
            connection.send(response)
        # A client that leaves unread octets behind (tickets of TLS, say) closes with RST.
        with contextlib.suppress(ConnectionError):
            connection.receive_until_eof()

    return handle


def in_turn(*handlers: Handler) -> Handler:
    """Return a handler that gives the first connection to the first of *handlers*, and so on.

    More connections than handlers are an `IndexError`, and so a failed test.
    """

    def handle(connection: Connection) -> None:
        handlers[connection.number](connection)

    return handle


def may_be_cut(handler: Handler) -> Handler:
    """Return *handler* for a client that may close or reset its connection at any moment."""

    def handle(connection: Connection) -> None:
        with contextlib.suppress(ConnectionError, EOFError, ssl.SSLError):
            handler(connection)

    return handle


def await_input(connection: HTTPConnection) -> None:
    """Wait until what the server did last has arrived: on a busy machine loopback takes a while."""
    assert connection._talk.link.transport.readable.poll(TIME_LIMIT)


def wait_for(event: threading.Event) -> None:
    """Wait for *event*.

    Raises:
        TimeoutError: It did not come within `TIME_LIMIT`.
    """
    if not event.wait(TIME_LIMIT):
        raise TimeoutError(f"an event did not come within {TIME_LIMIT} seconds")


@contextlib.contextmanager
def refused_port() -> Iterator[int]:
    """Give a port of 127.0.0.1 that refuses connections; nobody else can get it meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextlib.contextmanager
def silent_address() -> Iterator[tuple[str, int]]:
    """Give an address on loopback where a TCP connect neither succeeds nor fails.

    Its listener accepts nothing, and its backlog is full.

    Raises:
        RuntimeError: The system goes on completing connections.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(FILLING_ATTEMPTS):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            _, connected, _ = select.select([], [filler], [], FILLING_WAIT)
            if not connected:
                break
        else:
            raise RuntimeError(f"{FILLING_ATTEMPTS} connections did not fill the backlog")
        host, port = listener.getsockname()
        yield host, port
