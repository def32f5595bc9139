"""A peer that falls silent in any phase costs one timeout; one that drips costs none."""

import contextlib
import functools
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Final, ParamSpec, TypeAlias

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    HTTPConnection,
    TunnelRefused,
    is_temp_network_error,
)
from tests.integration.certificates import TlsContexts
from tests.integration.drive import ATTEMPTS, TOLERANCE, CoroutineConnection, at_best, in_background
from tests.integration.fault_clients import (
    BlockingFace,
    SmallBlockingFace,
    open_client,
)
from tests.integration.faults import PATIENCE, End, Wire
from tests.integration.peers import silent_address

TIMEOUT: Final = 0.15  # seconds
CLOCK_TICK: Final = 0.01  # seconds; the clock of poll() is a coarse one
PACE: Final = 0.05  # seconds between two octets of a peer that drips

Parameters = ParamSpec("Parameters")
Operation: TypeAlias = Callable[[], object]
Stall: TypeAlias = Callable[[type[BlockingFace], TlsContexts], AbstractContextManager[Operation]]
"""Makes a client and a peer, and gives the operation in which the peer is silent."""


class EvaluatedFace(CoroutineConnection, BlockingFace):
    """The coroutine face, driven by `eval_coroutine`, which limits its waits."""


class SmallEvaluatedFace(EvaluatedFace):
    """The same, with small kernel buffers."""

    layers = SmallBlockingFace.layers


FACES: Final[dict[str, type[BlockingFace]]] = {
    "blocking": BlockingFace,
    "coroutine": EvaluatedFace,
}
SMALL_FACES: Final[dict[type[BlockingFace], type[BlockingFace]]] = {
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


def connecting(*octets: bytes, tunnel: bool = False, forwarded: int | None = None) -> Stall:
    """Stall while a client connects.

    Args:
        octets: What the peer sends: a proxy's answer.
        tunnel: Whether it is a proxy; otherwise it speaks TLS.
        forwarded: How much of its handshake comes.
    """

    @contextlib.contextmanager
    def stall(face: type[BlockingFace], contexts: TlsContexts) -> Iterator[Operation]:
        with Wire(contexts.server) as wire:
            end = wire.end(*octets, plain=tunnel)
            end.forward_limit, end.forward_cut = forwarded, None
            proxy = (wire.host, wire.port) if tunnel else None
            client = face(wire.host, wire.port, contexts.client, proxy, timeout=TIMEOUT)
            with running(end), client:
                yield client.connect

    return stall


@contextlib.contextmanager
def tcp_connect(face: type[BlockingFace], contexts: TlsContexts) -> Iterator[Operation]:
    with silent_address() as (host, port), face(host, port, timeout=TIMEOUT) as client:
        yield client.connect


@contextlib.contextmanager
def connected(
    face: type[BlockingFace], *octets: bytes, context: ssl.SSLContext | None = None, wire: Wire
) -> Iterator[BlockingFace]:
    end = wire.end(*octets)
    with open_client(wire, face, end, context) as client:
        client.timeout = TIMEOUT
        yield client
    end.close()


def reading(octets: bytes, *, secure: bool = False, within_record: bool = False) -> Stall:
    """Stall behind *octets* of a response; over TLS, maybe within their record."""

    @contextlib.contextmanager
    def stall(face: type[BlockingFace], contexts: TlsContexts) -> Iterator[Operation]:
        context = contexts.client if secure else None
        with (
            Wire(contexts.server if secure else None) as wire,
            connected(face, octets, context=context, wire=wire) as client,
        ):
            if within_record:
                client.end.forward_limit = client.end.forwarded + len(octets)
                client.end.forward_cut = None
            client.send_request("GET", "/")
            client.end.play_all()
            if octets.startswith(b"HTTP/1.1 200") and b"\r\n\r\n" in octets and not within_record:
                client.read_response()
                yield client.readall
            else:
                yield client.read_response

    return stall


@contextlib.contextmanager
def silent_continue(face: type[BlockingFace], contexts: TlsContexts) -> Iterator[Operation]:
    with Wire() as wire, connected(face, wire=wire) as client:
        client.send_request("PUT", "/", body=BodyFollowing(5), expect100=True)
        yield client.read_response


def writing(*, secure: bool, at_once: bool) -> Stall:
    """Stall while a body is sent, by `write` or with its request."""

    @contextlib.contextmanager
    def stall(face: type[BlockingFace], contexts: TlsContexts) -> Iterator[Operation]:
        body = bytes(1_000_000)
        context = contexts.client if secure else None
        with Wire(contexts.server if secure else None) as wire:
            wire.set_receive_buffer(4096)
            with connected(SMALL_FACES[face], context=context, wire=wire) as client:
                if at_once:
                    yield lambda: client.send_request("PUT", "/", {"Content-MD5": "x"}, body)
                else:
                    client.send_request("PUT", "/", body=BodyFollowing(len(body)))
                    yield lambda: client.write(body)

    return stall


CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
STALLS: Final[dict[str, Stall]] = {
    "TCP connect": tcp_connect,
    "tunnel, no answer": connecting(tunnel=True),
    "tunnel, status line": connecting(b"HTTP/1.1 20", tunnel=True),
    "tunnel, interim": connecting(b"HTTP/1.1 102 Busy\r\n\r\n", tunnel=True),
    "tunnel, fields": connecting(b"HTTP/1.1 200 OK\r\nVia: p\r\n", tunnel=True),
    "TLS in the tunnel": connecting(b"HTTP/1.1 200 OK\r\n\r\n", tunnel=True),
    "handshake, nothing": connecting(forwarded=0),
    "handshake, an octet": connecting(forwarded=1),
    "handshake, half": connecting(forwarded=400),
    "head, nothing": reading(b""),
    "head, status line": reading(b"HTTP/1.1 200 "),
    "head, CR": reading(b"HTTP/1.1 200 OK\r\nX: y\r\n\r"),
    "head, interim": reading(b"HTTP/1.1 103 Hints\r\n\r\n"),
    "head over TLS": reading(b"HTTP/1.1 200 OK\r\nX: y\r\n", secure=True),
    "head over TLS, within its record": reading(
        b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n", secure=True, within_record=True
    ),
    "sized body": reading(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\neight..."),
    "sized body over TLS": reading(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\neight...", secure=True
    ),
    "until close": reading(b"HTTP/1.1 200 OK\r\n\r\nsome"),
    "chunk-size line, nothing": reading(CHUNKED),
    "chunk-size line, digit": reading(CHUNKED + b"5"),
    "chunk-size line, extension": reading(CHUNKED + b'5;name="va'),
    "chunk-size line, CR": reading(CHUNKED + b"5\r"),
    "chunk data": reading(CHUNKED + b"5\r\nfour"),
    "behind chunk data": reading(CHUNKED + b"5\r\nfive!"),
    "trailers, nothing": reading(CHUNKED + b"0\r\n"),
    "trailers, field": reading(CHUNKED + b"0\r\nX-Digest: abc\r\n"),
    "awaited 100": silent_continue,
    "write": writing(secure=False, at_once=False),
    "write over TLS": writing(secure=True, at_once=False),
    "request with a large body": writing(secure=False, at_once=True),
}


def duration_of_timeout(operation: Operation) -> float:
    start = time.monotonic()
    with pytest.raises(ConnectionTimedOut) as caught:
        operation()
    duration = time.monotonic() - start
    assert is_temp_network_error(caught.value)
    return duration


@pytest.mark.parametrize("stall", STALLS.values(), ids=STALLS)
@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
def test_silence_costs_one_timeout(
    face: type[BlockingFace], stall: Stall, tls_contexts: TlsContexts
) -> None:
    # A busy machine may wake a process late; a library that waits too long does so every time.
    durations: list[float] = []
    while len(durations) < ATTEMPTS and min(durations, default=9) > TIMEOUT + TOLERANCE:
        with stall(face, tls_contexts) as operation:
            durations.append(duration_of_timeout(operation))
        assert durations[-1] >= TIMEOUT - CLOCK_TICK
    assert min(durations) <= TIMEOUT + TOLERANCE


@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
def test_peer_that_stops_reading_ends_the_sending_half(
    face: type[BlockingFace], tls_contexts: TlsContexts
) -> None:
    with Wire() as wire:
        wire.set_receive_buffer(4096)
        with connected(SMALL_FACES[face], wire=wire) as client:
            client.send_request("PUT", "/", body=BodyFollowing(1_000_000))
            duration_of_timeout(lambda: client.write(bytes(500_000)))
            with pytest.raises(ConnectionClosed):
                client.write(b"more")
            with pytest.raises(ConnectionClosed):
                client.read_response()
            client.disconnect()
            assert not client.response_pending()


@pytest.fixture
def pause() -> Callable[[], object]:
    """A wait of `PACE`; what it waits for never comes."""
    never = threading.Event()
    return lambda: never.wait(PACE)


def may_be_late(test: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Let a test be made again where the peer itself was late, as on a busy machine."""

    @functools.wraps(test)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        at_best(lambda: test(*args, **kwargs), ConnectionTimedOut)

    return run


DRIPPED: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
    b"ok",
)


@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
class TestDrip:
    def fetch(self, client: HTTPConnection) -> None:
        start = time.monotonic()
        client.send_request("GET", "/")
        assert client.read_response().status == 200
        assert client.readall() == b"ok"
        assert time.monotonic() - start > 2 * TIMEOUT

    @may_be_late
    def test_response(self, face: type[BlockingFace], pause: Callable[[], object]) -> None:
        with Wire() as wire:
            end = wire.end(*DRIPPED)
            end.pause = pause
            with running(end), face(wire.host, wire.port, timeout=TIMEOUT) as client:
                self.fetch(client)

    @may_be_late
    def test_chunks_and_trailers(
        self, face: type[BlockingFace], pause: Callable[[], object]
    ) -> None:
        with Wire() as wire:
            end = wire.end(CHUNKED, b"1\r\no\r\n1\r\nk\r\n", b"0\r\nX: y\r\n\r\n")
            end.pause = pause
            with running(end), face(wire.host, wire.port, timeout=TIMEOUT) as client:
                self.fetch(client)

    @may_be_late
    def test_tls_handshake_and_records(
        self, face: type[BlockingFace], pause: Callable[[], object], tls_contexts: TlsContexts
    ) -> None:
        with Wire(tls_contexts.server) as wire:
            end = wire.end(*DRIPPED)
            end.pause = pause
            address = (wire.host, wire.port, tls_contexts.client)
            with running(end), face(*address, timeout=TIMEOUT) as client:
                self.fetch(client)

    @may_be_late
    def test_tunnel(
        self, face: type[BlockingFace], pause: Callable[[], object], tls_contexts: TlsContexts
    ) -> None:
        with Wire() as wire:
            end = wire.end(b"HTTP/1.1 103 Wait\r\n\r\n", b"HTTP/1.1 403 No\r\n\r\n")
            end.pause = pause
            where = ("localhost", 443, tls_contexts.client, (wire.host, wire.port))
            client = face(*where, timeout=TIMEOUT)
            with running(end), client, pytest.raises(TunnelRefused, match="403"):
                client.connect()

    @may_be_late
    def test_peer_that_reads_slowly(
        self, face: type[BlockingFace], pause: Callable[[], object]
    ) -> None:
        size = 100_000

        def read_slowly(end: End) -> None:
            while not end.act():
                pause()
            while end.taken < size and not end.has_left:
                pause()
                end.take(size // 8)

        with Wire() as wire:
            wire.set_receive_buffer(size // 8)
            end = wire.end()
            reader = in_background(lambda: read_slowly(end))
            with SMALL_FACES[face](wire.host, wire.port, timeout=2 * TIMEOUT) as client:
                client.send_request("PUT", "/", body=BodyFollowing(size))
                start = time.monotonic()
                client.write(bytes(size))
                reader.result(3 * PATIENCE)
                assert time.monotonic() - start > 2 * TIMEOUT
            end.close()
