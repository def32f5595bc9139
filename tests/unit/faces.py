"""Connections over scripted transports whose operations run in one of their two faces.

A test that takes a `Face` holds for the blocking methods and for the coroutines alike.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import attrs
import pytest

from dugong import HTTPConnection, HTTPResponse, Layers, PollNeeded, eval_coroutine
from dugong.exchange.conversation import Conversation
from dugong.limits import Limits
from dugong.network.connector import Connector
from dugong.network.open_transport import open_transport
from dugong.network.resolver import Resolver
from dugong.network.route import Route
from dugong.protocol.authority import Authority
from dugong.protocol.framing import choose_framing
from dugong.protocol.response_head import HeadParser
from dugong.testing import ScriptedTransport

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, SupportsRead, WriteableBuffer

    from dugong import BodyFollowing
    from dugong.network.transport import Transport, TransportFactory
    from dugong.testing.scripted import Line

Params = ParamSpec("Params")
Result = TypeVar("Result")
Opening = Callable[[], Generator[PollNeeded, None, "Transport"]]


class Face(Enum):
    """In which way operations are called."""

    BLOCKING = "blocking"
    COROUTINE = "coroutine"


both_faces: Final = pytest.mark.parametrize(
    "face", [pytest.param(face, id=face.value) for face in Face]
)


@attrs.define(eq=False)
class Driven:
    """A connection, with each operation run in one face until it has its result."""

    face: Face
    conn: HTTPConnection

    def run(
        self,
        blocking: Callable[Params, Result],
        coroutine: Callable[Params, Generator[PollNeeded, None, Result]],
        *args: Params.args,
        **kwargs: Params.kwargs,
    ) -> Result:
        if self.face is Face.BLOCKING:
            return blocking(*args, **kwargs)
        return eval_coroutine(coroutine(*args, **kwargs), self.conn.timeout)

    def connect(self) -> None:
        self.run(self.conn.connect, self.conn.co_connect)

    def send_request(
        self,
        method: str = "GET",
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        body: ReadableBuffer | BodyFollowing | None = None,
        expect100: bool = False,
    ) -> None:
        conn = self.conn
        self.run(conn.send_request, conn.co_send_request, method, path, headers, body, expect100)

    def write(self, buf: ReadableBuffer) -> None:
        self.run(self.conn.write, self.conn.co_write, buf)

    def send_file(self, fh: SupportsRead[bytes], count: int | None = None) -> int:
        return self.run(self.conn.send_file, self.conn.co_send_file, fh, count)

    def end_body(self, trailers: Mapping[str, str] | None = None) -> None:
        self.run(self.conn.end_body, self.conn.co_end_body, trailers)

    def read_response(self) -> HTTPResponse:
        return self.run(self.conn.read_response, self.conn.co_read_response)

    def read(self, len_: int | None = None) -> bytes:
        return self.run(self.conn.read, self.conn.co_read, len_)

    def readinto(self, buf: WriteableBuffer) -> int:
        return self.run(self.conn.readinto, self.conn.co_readinto, buf)

    def readall(self) -> bytes:
        return self.run(self.conn.readall, self.conn.co_readall)

    def discard(self) -> None:
        self.run(self.conn.discard, self.conn.co_discard)

    def get(self, path: str = "/") -> HTTPResponse:
        """Send a GET and return the head of its response."""
        self.send_request("GET", path)
        return self.read_response()


def connection(opening: Opening, *, timeout: float | None = 5) -> HTTPConnection:
    """Return a connection to ``example.com`` that is opened by what *opening* returns."""

    def make(
        route: Route, resolver: Resolver, factory: TransportFactory, limits: Limits
    ) -> Connector:
        return OpeningConnector(opening, route, resolver, factory, limits)

    class OpenedConnection(HTTPConnection):
        layers = Layers(connector=make)

    return OpenedConnection("example.com", timeout=timeout)


class OpeningConnector(Connector):
    """Opens a connection as the test says."""

    def __init__(
        self,
        opening: Opening,
        route: Route,
        resolver: Resolver,
        factory: TransportFactory,
        limits: Limits,
    ) -> None:
        super().__init__(route, resolver, factory, limits)
        self._opening = opening

    def co_open(self) -> Generator[PollNeeded, None, Transport]:
        return self._opening()


def opening_to(*transports: Transport | Exception) -> Opening:
    """Return what opens a connection to one of *transports* after the other, or raises."""
    rest = list(transports)

    def co_open() -> Generator[PollNeeded, None, Transport]:
        yield from ()
        if not rest:
            raise ConnectionRefusedError("the script has no further connection")
        transport = rest.pop(0)
        if isinstance(transport, Exception):
            raise transport
        return transport

    return co_open


def connector(opening: Opening) -> Connector:
    """Return a connector that opens a connection to ``example.com`` by what *opening* returns."""
    route = Route(Authority("example.com", 80))
    return OpeningConnector(opening, route, Resolver(), open_transport, Limits())


@contextlib.contextmanager
def conversation(
    *transports: ScriptedTransport, timeout: float | None = 5, limits: Limits | None = None
) -> Iterator[Conversation]:
    """Give a conversation that is open to the one transport, or not open without one."""
    talk = Conversation(timeout, HeadParser, choose_framing, limits or Limits())
    if transports:
        finish(talk.link.co_open(connector(opening_to(*transports))))
    try:
        yield talk
    finally:
        talk.link.abort("the test is over")
        for transport in transports:
            transport.close()


@contextlib.contextmanager
def driven(
    face: Face, *transports: ScriptedTransport, timeout: float | None = 5
) -> Iterator[Driven]:
    """Give a connection to one transport after the other, all of which are closed at the end."""
    conn = connection(opening_to(*transports), timeout=timeout)
    try:
        yield Driven(face, conn)
    finally:
        conn.disconnect()
        for transport in transports:
            transport.close()


class StuckTransport(ScriptedTransport):
    """Takes a number of octets, and then blocks every send until `unstick` is called."""

    def __init__(self, *script: Line, takes: int = 0) -> None:
        super().__init__(*script)
        self._left: int | None = takes
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.send(bytes(65_536))

    def send(self, data: bytes | memoryview) -> int | PollNeeded:
        if self._left is None:
            return super().send(data)
        if not self._left and not self.is_closed:
            return self.writable
        taken = super().send(data[: self._left])
        if isinstance(taken, int):
            self._left -= taken
        return taken

    def unstick(self) -> None:
        """Take everything from now on."""
        self._left = None
        self._feeder.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self._feeder.recv(65_536):
                pass


def suspend(crt: Generator[PollNeeded, None, object]) -> PollNeeded:
    """Let a coroutine run until it waits, and return what it waits for."""
    return next(crt)


def finish(crt: Generator[PollNeeded, None, Result]) -> Result:
    """Run a coroutine, suspended or not, to its result."""
    return eval_coroutine(crt, 5)


def reply(body: bytes = b"", *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """Return a response with a body of known length."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join([*lines, b"", body])


def head(*fields: bytes, status: bytes = b"200 OK", version: bytes = b"HTTP/1.1") -> bytes:
    """Return the head of a response."""
    return b"\r\n".join([version + b" " + status, *fields, b"", b""])


def chunked(*chunks: bytes, trailers: bytes = b"") -> bytes:
    """Return a body in chunks, with the last chunk and *trailers*, each of which ends in CRLF."""
    data = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return data + b"0\r\n" + trailers + b"\r\n"


CHUNKED: Final = head(b"Transfer-Encoding: chunked")
UNTIL_CLOSE: Final = head()
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
