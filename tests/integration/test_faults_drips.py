"""A peer that drips costs no timeout, however long it takes."""

import contextlib
import functools
import threading
import time
from collections.abc import Callable
from typing import Final, ParamSpec

import pytest

from dugong import BodyFollowing, ConnectionTimedOut, HTTPConnection, TunnelRefused
from tests.integration.certificates import TlsContexts
from tests.integration.drive import at_best, in_background
from tests.integration.fault_clients import (
    SMALL_WAITING_FACES,
    WAITING_FACES,
    BlockingFace,
    running,
)
from tests.integration.faults import PATIENCE, End, Wire

TIMEOUT: Final = 0.15  # seconds
PACE: Final = 0.05  # seconds between two octets of a peer that drips
CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

Parameters = ParamSpec("Parameters")


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


@pytest.mark.parametrize("face", WAITING_FACES.values(), ids=WAITING_FACES)
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
            # Also where this was too late, and is tried again.
            with contextlib.closing(wire.end()) as end:
                reader = in_background(lambda: read_slowly(end))
                address = (wire.host, wire.port)
                with SMALL_WAITING_FACES[face](*address, timeout=2 * TIMEOUT) as client:
                    client.send_request("PUT", "/", body=BodyFollowing(size))
                    start = time.monotonic()
                    client.write(bytes(size))
                    reader.result(3 * PATIENCE)
                    assert time.monotonic() - start > 2 * TIMEOUT
