"""Clients for `faults`: both faces, every way to read a body, and the count of what was tried."""

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

import attrs

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    HTTPConnection,
    HTTPResponse,
    Layers,
    is_temp_network_error,
)
from dugong.network.open_transport import open_transport
from tests.integration.drive import CoroutineConnection, in_background
from tests.integration.faults import PATIENCE, End, Wire, drive

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from dugong.network.transport import Transport


class BlockingFace(HTTPConnection):
    """The blocking face, for a peer that has done all it does before the client reads.

    Attributes:
        end: The other end of the connection.
    """

    end: End

    def open(self) -> None:
        """Connect, with the other end in the same thread."""
        drive(self.co_connect(), self.end.act)
        while not self.end.is_ready and self.end.act():
            pass

    def let_peer_act(self) -> None:
        """Have the peer do all that it does."""
        self.end.play_all()


class CoroutineFace(BlockingFace):
    """The coroutine face: whenever it waits in vain, the peer does the next thing."""

    def let_peer_act(self) -> None:
        """Do nothing: the peer acts when the client waits."""

    def send_request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: "ReadableBuffer | BodyFollowing | None" = None,
        expect100: bool = False,
    ) -> None:
        drive(self.co_send_request(method, path, headers, body, expect100), self.end.act)

    def write(self, buf: "ReadableBuffer") -> None:
        drive(self.co_write(buf), self.end.act)

    def end_body(self, trailers: Mapping[str, str] | None = None) -> None:
        drive(self.co_end_body(trailers), self.end.act)

    def read_response(self) -> HTTPResponse:
        return drive(self.co_read_response(), self.end.act)

    def read(self, len_: int | None = None) -> bytes:
        return drive(self.co_read(len_), self.end.act)

    def readinto(self, buf: "WriteableBuffer") -> int:
        return drive(self.co_readinto(buf), self.end.act)

    def readall(self) -> bytes:
        return drive(self.co_readall(), self.end.act)

    def discard(self) -> None:
        drive(self.co_discard(), self.end.act)


SMALL_BUFFER: Final = 4_096  # octets


def open_with_small_buffers(sock: socket.socket) -> "Transport":
    """Return the transport for a socket whose kernel buffers are small from now on."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    return open_transport(sock)


class SmallBlockingFace(BlockingFace):
    """The blocking face with small kernel buffers."""

    layers = Layers(transport=open_with_small_buffers)


class SmallCoroutineFace(CoroutineFace):
    """The coroutine face with small kernel buffers."""

    layers = Layers(transport=open_with_small_buffers)


FACES: Final[dict[str, type[BlockingFace]]] = {
    "blocking": BlockingFace,
    "coroutine": CoroutineFace,
}


class EvaluatedFace(CoroutineConnection, BlockingFace):
    """The coroutine face, driven by `eval_coroutine`, which limits its waits."""


class SmallEvaluatedFace(EvaluatedFace):
    """The same, with small kernel buffers."""

    layers = SmallBlockingFace.layers


WAITING_FACES: Final[dict[str, type[BlockingFace]]] = {
    "blocking": BlockingFace,
    "coroutine": EvaluatedFace,
}
"""Faces that wait for as long as their timeout allows, whatever the peer does."""

SMALL_WAITING_FACES: Final[dict[type[BlockingFace], type[BlockingFace]]] = {
    BlockingFace: SmallBlockingFace,
    EvaluatedFace: SmallEvaluatedFace,
}


@contextlib.contextmanager
def running(end: End) -> Iterator[Future[None]]:
    """Let *end* act in a thread, until the client leaves."""
    future = in_background(end.run)
    try:
        yield future
    finally:
        future.result(3 * PATIENCE)


def open_client(
    wire: Wire, face: type[BlockingFace], end: End, context: ssl.SSLContext | None = None
) -> BlockingFace:
    """Return a client that is connected to *end*."""
    client = face(wire.host, wire.port, context, timeout=PATIENCE)
    client.end = end
    client.open()
    return client


ReadMode = Callable[[HTTPConnection, bytearray], None]
"""Reads a body to its end, and puts what is delivered into the bytearray as it is delivered."""


def read_all(client: HTTPConnection, body: bytearray) -> None:
    body += client.readall()
    assert client.read(1) == b""


def read_by(size: int) -> ReadMode:
    def read(client: HTTPConnection, body: bytearray) -> None:
        while octets := client.read(size):
            assert len(octets) <= size
            body.extend(octets)

    return read


def read_into(size: int) -> ReadMode:
    def read(client: HTTPConnection, body: bytearray) -> None:
        target = bytearray(size)
        while count := client.readinto(target):
            body.extend(target[:count])

    return read


def discard(client: HTTPConnection, body: bytearray) -> None:
    client.discard()
    assert client.read(1) == b""


MODES: Final[dict[str, ReadMode]] = {
    "readall": read_all,
    "read(7)": read_by(7),
    "read(1)": read_by(1),
    "readinto(5)": read_into(5),
    "readinto(64K)": read_into(65_536),
    "discard": discard,
}


@attrs.define
class Tally:
    """How many cuts were tried, and what became of them.

    Attributes:
        whole: Those after which nothing was missing.
        closed: Those that the client was told of, by `ConnectionClosed`.
    """

    whole: int = 0
    closed: int = 0

    @property
    def tried(self) -> int:
        """All of them; what a test cannot count so has failed it."""
        return self.whole + self.closed

    def count(self, error: Exception | None) -> None:
        """Count a cut that ended in *error*, or in nothing missing."""
        if error is None:
            self.whole += 1
            return
        assert type(error) is ConnectionClosed
        assert is_temp_network_error(error)
        self.closed += 1

    def report(self, what: str) -> None:
        """Print the figures; `pytest -rP` shows them."""
        print(
            f"{what}: {self.tried} cuts tried and survived,"
            f" {self.closed} told as ConnectionClosed, {self.whole} with nothing missing"
        )
