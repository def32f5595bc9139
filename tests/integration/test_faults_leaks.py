"""Connections that fail in every way, thousands of them, leave nothing behind."""

import gc
import os
import ssl
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Final

import attrs
import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    HTTPConnection,
    InvalidResponse,
    TunnelRefused,
)
from tests.integration.certificates import TlsContexts
from tests.integration.drive import no_descriptor_leak
from tests.integration.fault_clients import BlockingFace, open_client
from tests.integration.faults import Cut, End, Wire, drive
from tests.integration.peers import refused_port

CYCLES: Final = 2_000
WARM_UP: Final = 300  # cycles after which caches are full
GROWTH: Final = 20_000  # octets of Python's memory; a tenth of an object for each cycle
RESIDENT_GROWTH: Final = 2_000_000  # octets

TRUSTS_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
HALF: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
UNTIL_CLOSE: Final = b"HTTP/1.1 200 OK\r\n\r\nsome"


@attrs.frozen
class World:
    """Where clients go: a plain listener, one for TLS, and a port that refuses."""

    plain: Wire
    tls: Wire
    context: ssl.SSLContext
    refused: int

    def proxied(self, end: End) -> BlockingFace:
        """Return a client that is to go through a tunnel."""
        proxy = (self.plain.host, self.plain.port)
        client = BlockingFace("localhost", 443, self.context, proxy, timeout=0)
        client.end = end
        return client

    def accept_leftovers(self) -> None:
        """Take the connections from the queues whose client gave up at once."""
        for wire in (self.plain, self.tls):
            end = wire.end()
            while end.act():
                end.close()
                end = wire.end()

    def opened(self, end: End, *, secure: bool = False) -> BlockingFace:
        wire = self.tls if secure else self.plain
        return open_client(wire, BlockingFace, end, self.context if secure else None)


def refuse(world: World) -> None:
    client = HTTPConnection("127.0.0.1", world.refused)
    with client, pytest.raises(ConnectionRefusedError):
        client.send_request("GET", "/")


def cut_body(world: World, cut: Cut, *, secure: bool) -> None:
    wire = world.tls if secure else world.plain
    end = wire.end(HALF, cut)
    with world.opened(end, secure=secure) as client:
        client.send_request("GET", "/")
        end.play_all()
        client.read_response()
        with pytest.raises(ConnectionClosed):
            client.readall()


def cut_handshake(world: World) -> None:
    end = world.tls.end()
    end.forward_limit = 300
    client = HTTPConnection(world.tls.host, world.tls.port, world.context)
    with client, pytest.raises(ConnectionClosed):
        drive(client.co_connect(), end.act)


def refuse_certificate(world: World) -> None:
    end = world.tls.end()
    client = HTTPConnection(world.tls.host, world.tls.port, TRUSTS_NOBODY)
    with client, pytest.raises(ssl.SSLCertVerificationError):
        drive(client.co_connect(), end.act)
    end.close()


def refuse_tunnel(world: World) -> None:
    end = world.plain.end(b"HTTP/1.1 403 No\r\n\r\n")
    with world.proxied(end) as client, pytest.raises(TunnelRefused):
        drive(client.co_connect(), end.act)
    end.close()


def drop_tunnel(world: World) -> None:
    end = world.plain.end()
    with world.proxied(end) as client:
        opening = client.co_connect()
        next(opening)
        opening.close()
    world.accept_leftovers()


def drop_handshake(world: World) -> None:
    client = HTTPConnection(world.tls.host, world.tls.port, world.context)
    opening = client.co_connect()
    next(opening)
    del opening
    client.disconnect()
    world.accept_leftovers()


def drop_read(world: World) -> None:
    end = world.plain.end(HALF)
    with world.opened(end) as client:
        client.send_request("GET", "/")
        end.play_all()
        client.read_response()
        client.read(4)
        reading = client.co_readall()
        next(reading)
        client.disconnect()
        with pytest.raises(ConnectionClosed):
            next(reading)
    end.close()


def never_disconnect(world: World) -> None:
    """Leave the end to a response that does not keep the connection."""
    end = world.plain.end(UNTIL_CLOSE, Cut.FIN)
    client = world.opened(end)
    client.send_request("GET", "/")
    end.play_all()
    client.read_response()
    assert client.readall() == b"some"


def send_nonsense(world: World) -> None:
    end = world.plain.end(b"nonsense\r\n")
    with world.opened(end) as client:
        client.send_request("GET", "/")
        end.play_all()
        with pytest.raises(InvalidResponse):
            client.read_response()
    end.close()


def time_out_in_a_body(world: World) -> None:
    end = world.tls.end(HALF)
    with world.opened(end, secure=True) as client:
        client.timeout = 0
        client.send_request("GET", "/")
        end.play_all()
        client.read_response()
        with pytest.raises(ConnectionTimedOut):
            client.readall()
    end.close()


def reset_upload(world: World) -> None:
    end = world.plain.end()
    with world.opened(end) as client:
        client.send_request("PUT", "/", body=BodyFollowing())
        end.cut(Cut.RST)
        with pytest.raises(ConnectionClosed):
            client.write(b"late")
        with pytest.raises(ConnectionClosed):
            client.end_body()


FAILURES: Final[dict[str, Callable[[World], None]]] = {
    "refused": refuse,
    "body, FIN": lambda world: cut_body(world, Cut.FIN, secure=False),
    "body, RST": lambda world: cut_body(world, Cut.RST, secure=False),
    "body, FIN under TLS": lambda world: cut_body(world, Cut.FIN, secure=True),
    "body, RST under TLS": lambda world: cut_body(world, Cut.RST, secure=True),
    "body, close_notify": lambda world: cut_body(world, Cut.NOTIFY, secure=True),
    "handshake": cut_handshake,
    "certificate": refuse_certificate,
    "tunnel": refuse_tunnel,
    "tunnel dropped": drop_tunnel,
    "handshake dropped": drop_handshake,
    "read dropped": drop_read,
    "no disconnect": never_disconnect,
    "nonsense": send_nonsense,
    "timeout": time_out_in_a_body,
    "upload": reset_upload,
}


@pytest.fixture
def world(tls_contexts: TlsContexts) -> Iterator[World]:
    with refused_port() as port, Wire() as plain, Wire(tls_contexts.server) as tls:
        yield World(plain, tls, tls_contexts.client, port)


def resident_octets() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def fail(world: World, cycles: int) -> None:
    failures = cycle(FAILURES.values())
    for _ in range(cycles):
        next(failures)(world)
    gc.collect()


def test_failed_connections_leave_nothing(world: World) -> None:
    fail(world, WARM_UP)
    with (
        no_descriptor_leak(),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        before = resident_octets()
        fail(world, CYCLES)
        growth = resident_octets() - before
    print(f"{CYCLES} failed connections: {growth} octets of resident memory more")
    assert not [str(warning.message) for warning in caught]
    assert growth <= RESIDENT_GROWTH


def traced_growth(world: World) -> tuple[int, int]:
    """Return how many octets and objects more there are after many failed connections."""
    fail(world, WARM_UP)
    before, _ = tracemalloc.get_traced_memory()
    objects = len(gc.get_objects())
    fail(world, WARM_UP)
    after, _ = tracemalloc.get_traced_memory()
    return after - before, len(gc.get_objects()) - objects


def test_failed_connections_leave_no_objects(world: World) -> None:
    measured: list[tuple[int, int]] = []
    tracemalloc.start()
    try:
        # What is left behind is left each time; what else this process does meanwhile is not.
        for _ in range(3):
            octets, objects = traced_growth(world)
            measured.append((octets, objects))
            if octets <= GROWTH and objects < WARM_UP // 10:
                break
    finally:
        tracemalloc.stop()
    print(f"{WARM_UP} failed connections: (octets, objects) more: {measured}")
    assert measured[-1][0] <= GROWTH
    assert measured[-1][1] < WARM_UP // 10


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_nothing_waits_for_the_collector(world: World, failure: Callable[[World], None]) -> None:
    failure(world)
    gc.collect()
    gc.disable()
    try:
        with no_descriptor_leak():
            failure(world)
    finally:
        gc.enable()
