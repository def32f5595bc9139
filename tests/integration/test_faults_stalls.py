"""A peer that falls silent in any phase costs one timeout."""

import contextlib
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final, TypeAlias

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    is_temp_network_error,
)
from tests.integration.certificates import TlsContexts
from tests.integration.drive import ATTEMPTS, TOLERANCE
from tests.integration.fault_clients import (
    SMALL_WAITING_FACES,
    WAITING_FACES,
    BlockingFace,
    open_client,
    running,
)
from tests.integration.faults import Wire
from tests.integration.peers import silent_address

TIMEOUT: Final = 0.15  # seconds
CLOCK_TICK: Final = 0.01  # seconds; the clock of poll() is a coarse one

Operation: TypeAlias = Callable[[], object]
Stall: TypeAlias = Callable[[type[BlockingFace], TlsContexts], AbstractContextManager[Operation]]
"""Makes a client and a peer, and gives the operation in which the peer is silent."""


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
            with connected(SMALL_WAITING_FACES[face], context=context, wire=wire) as client:
                if at_once:
                    yield lambda: client.send_request("PUT", "/", {"Content-MD5": "x"}, body)
                else:
                    client.send_request("PUT", "/", body=BodyFollowing(len(body)))
                    yield lambda: client.write(body)

    return stall


@contextlib.contextmanager
def ending(face: type[BlockingFace], contexts: TlsContexts) -> Iterator[Operation]:
    """Stall while the end of a body in chunks is sent, with a trailer that no buffer takes."""
    with Wire() as wire:
        wire.set_receive_buffer(4096)
        with connected(SMALL_WAITING_FACES[face], wire=wire) as client:
            client.send_request("PUT", "/", body=BodyFollowing())
            yield lambda: client.end_body({"X-Large": "x" * 1_000_000})


@contextlib.contextmanager
def sending_file(face: type[BlockingFace], contexts: TlsContexts) -> Iterator[Operation]:
    with Wire() as wire, tempfile.TemporaryFile() as file:
        file.truncate(1_000_000)
        wire.set_receive_buffer(4096)
        with connected(SMALL_WAITING_FACES[face], wire=wire) as client:
            client.send_request("PUT", "/", body=BodyFollowing(1_000_000))
            yield lambda: client.send_file(file)


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
    "large chunk": reading(CHUNKED + b"4e20\r\n" + bytes(19_999)),
    "behind a large chunk": reading(CHUNKED + b"4e20\r\n" + bytes(20_000) + b"\r"),
    "trailers, nothing": reading(CHUNKED + b"0\r\n"),
    "trailers, field": reading(CHUNKED + b"0\r\nX-Digest: abc\r\n"),
    "awaited 100": silent_continue,
    "write": writing(secure=False, at_once=False),
    "write over TLS": writing(secure=True, at_once=False),
    "end_body": ending,
    "send_file": sending_file,
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
@pytest.mark.parametrize("face", WAITING_FACES.values(), ids=WAITING_FACES)
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


@pytest.mark.parametrize("face", WAITING_FACES.values(), ids=WAITING_FACES)
def test_peer_that_stops_reading_ends_the_sending_half(
    face: type[BlockingFace], tls_contexts: TlsContexts
) -> None:
    with Wire() as wire:
        wire.set_receive_buffer(4096)
        with connected(SMALL_WAITING_FACES[face], wire=wire) as client:
            client.send_request("PUT", "/", body=BodyFollowing(1_000_000))
            duration_of_timeout(lambda: client.write(bytes(500_000)))
            with pytest.raises(ConnectionClosed):
                client.write(b"more")
            with pytest.raises(ConnectionClosed):
                client.read_response()
            client.disconnect()
            assert not client.response_pending()
