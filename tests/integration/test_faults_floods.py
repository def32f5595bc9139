"""A peer that never ends is refused early, in little memory; an endless body costs constant memory.

The peer sends whenever the client waits, so it is known to the octet how much was taken.
"""

import time
import tracemalloc
from collections.abc import Callable, Generator, Iterator
from itertools import repeat
from typing import Final

import attrs
import pytest

from dugong import ConnectionClosed, HTTPConnection, InvalidResponse, PollNeeded
from dugong.limits import (
    BUFFER_SIZE,
    MAX_EXTENSION_SIZE,
    MAX_FIELDS,
    MAX_HEADER_SIZE,
    MAX_INTERIM,
    MAX_LINE_SIZE,
    MAX_STRAY_CRLF,
)
from tests.integration.certificates import TlsContexts
from tests.integration.fault_clients import BlockingFace, CoroutineFace, open_client
from tests.integration.faults import Cut, Wire, drive
from tests.integration.peers import Connection, Peer, may_be_cut

MEMORY: Final = 1_000_000  # octets beside what was there: buffer, its copy, text
SECONDS: Final = 10.0  # a quadratic parser takes minutes for the smallest segments
BODY_MEMORY: Final = 400_000

HEAD: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
EXTENSION: Final = b";a=" + b"b" * 29
INTERIM: Final = b"HTTP/1.1 103 Early Hints\r\n\r\n"


@attrs.frozen
class Flood:
    """Octets without end.

    Attributes:
        start: What comes first.
        unit: What then comes again and again.
        limit: How many octets, of all, may come before the refusal.
        match: A part of the refusal's message.
    """

    start: bytes
    unit: bytes
    limit: int
    match: str


# What is not a line is refused as soon as its first octets are judged.
FLOODS: Final[dict[str, Flood]] = {
    "status line": Flood(HEAD[:-2], b"a", MAX_LINE_SIZE, "status line exceeds"),
    "nonsense": Flood(b"", b"a", 0, "status line"),
    "NULs": Flood(b"", b"\0", 0, "status line"),
    "CRLFs": Flood(b"", b"\r\n", 0, "status line"),
    "header line": Flood(HEAD + b"X: ", b"a", len(HEAD) + MAX_HEADER_SIZE, "section exceeds"),
    "field name": Flood(HEAD, b"a", len(HEAD) + MAX_HEADER_SIZE, "section exceeds"),
    "header lines": Flood(HEAD, b"A:\r\n", len(HEAD) + 4 * MAX_FIELDS, "field lines"),
    "long header lines": Flood(
        HEAD, b"A: %b\r\n" % (b"a" * 1000), len(HEAD) + MAX_HEADER_SIZE, "section exceeds"
    ),
    "folds": Flood(HEAD + b"A: b\r\n", b" \r\n", len(HEAD) + MAX_HEADER_SIZE, "section exceeds"),
    "blanks in a value": Flood(HEAD + b"A:", b" ", len(HEAD) + MAX_HEADER_SIZE, "section exceeds"),
    "lengths": Flood(HEAD, b"Content-Length: 1\r\n", len(HEAD) + 19 * MAX_FIELDS, "field lines"),
    "interim responses": Flood(b"", INTERIM, len(INTERIM) * (MAX_INTERIM + 1), "interim responses"),
    "header of an interim response": Flood(
        b"HTTP/1.1 102 X\r\n", b"Link: a\r\n", 16 + 9 * MAX_FIELDS, "field lines"
    ),
    "chunk size": Flood(CHUNKED, b"0", len(CHUNKED) + 16, "chunk size"),
    "blanks behind a chunk size": Flood(
        CHUNKED + b"1", b" ", len(CHUNKED) + MAX_LINE_SIZE, "exceed"
    ),
    "chunk extension": Flood(CHUNKED + b"1;", b"a", len(CHUNKED) + MAX_LINE_SIZE, "exceed"),
    "quoted chunk extension": Flood(
        CHUNKED + b'1;a="', b"\\a", len(CHUNKED) + MAX_LINE_SIZE, "exceed"
    ),
    "chunk extensions": Flood(
        CHUNKED,
        b"1%b\r\nx\r\n" % EXTENSION,
        len(CHUNKED) + (len(EXTENSION) + 6) * (MAX_EXTENSION_SIZE // len(EXTENSION) + 1),
        "extensions",
    ),
    "trailer": Flood(
        CHUNKED + b"0\r\nX: ", b"a", len(CHUNKED) + 3 + MAX_HEADER_SIZE, "section exceeds"
    ),
    "trailers": Flood(
        CHUNKED + b"0\r\n", b"A: b\r\n", len(CHUNKED) + 3 + 6 * MAX_FIELDS, "field lines"
    ),
    "behind a chunk": Flood(CHUNKED + b"1\r\n", b"a", len(CHUNKED) + 4, "CRLF"),
}
LARGEST_UNIT: Final = max(len(flood.unit) for flood in FLOODS.values())


@attrs.define
class Source:
    """Octets of a flood, in segments, whenever the client waits.

    Attributes:
        segments: The octets that are still to come.
        send: Puts a segment on the wire.
        sent: How many octets were sent.
    """

    segments: Iterator[bytes]
    send: Callable[[bytes], object]
    sent: int = 0

    def act(self) -> bool:
        """Send the next segment."""
        segment = next(self.segments)
        self.send(segment)
        self.sent += len(segment)
        return True


def segments_of(flood: Flood, size: int) -> Iterator[bytes]:
    """Give the octets of a flood in segments of *size* octets; the first has all of the start."""
    units = flood.unit * (size // len(flood.unit) + 2)
    yield flood.start
    offset = 0
    while True:
        yield units[offset : offset + size]
        offset = (offset + size) % len(flood.unit)


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """What gives the peak of Python's memory since the start of the test."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    yield lambda: tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()


def read_whole(client: HTTPConnection) -> Generator[PollNeeded, None, None]:
    yield from client.co_read_response()
    yield from client.co_discard()


@pytest.mark.parametrize("size", [31, 16_000])
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_flood_is_refused(flood: Flood, size: int, peak: Callable[[], int]) -> None:
    start = time.monotonic()
    with Wire() as wire:
        end = wire.end()
        with open_client(wire, CoroutineFace, end) as client:
            client.send_request("GET", "/")
            source = Source(segments_of(flood, size), end.send)
            with pytest.raises(InvalidResponse, match=flood.match):
                drive(read_whole(client), source.act)
        end.close()
    assert source.sent <= flood.limit + size + len(flood.start) + len(flood.unit)
    assert peak() <= MEMORY
    assert time.monotonic() - start < SECONDS


@pytest.mark.parametrize("name", ["header line", "interim responses", "nonsense"])
def test_flood_of_a_proxy_is_refused(
    name: str, peak: Callable[[], int], tls_contexts: TlsContexts
) -> None:
    flood = FLOODS[name]
    with Wire() as wire:
        end = wire.end()
        proxy = (wire.host, wire.port)
        client = HTTPConnection("localhost", 443, tls_contexts.client, proxy)
        source = Source(segments_of(flood, 1_000), end.send)
        with client, pytest.raises(InvalidResponse):
            drive(client.co_connect(), lambda: source.act() if end.is_ready else end.act())
        end.close()
    assert source.sent <= flood.limit + 1_000 + len(flood.start) + len(flood.unit)
    assert peak() <= MEMORY


def test_flood_over_tls_is_refused(peak: Callable[[], int], tls_contexts: TlsContexts) -> None:
    flood = FLOODS["header line"]
    with Wire(tls_contexts.server) as wire:
        end = wire.end()
        with open_client(wire, CoroutineFace, end, tls_contexts.client) as client:
            client.send_request("GET", "/")
            source = Source(segments_of(flood, 1_000), end.send)
            with pytest.raises(InvalidResponse, match=flood.match):
                drive(read_whole(client), source.act)
        end.close()
    assert source.sent <= flood.limit + 1_000 + len(flood.start) + len(flood.unit)
    assert peak() <= MEMORY


@pytest.mark.parametrize("name", ["header line", "interim responses", "trailer"])
def test_flood_is_refused_by_the_blocking_face(name: str) -> None:
    flood = FLOODS[name]

    def pour(connection: Connection) -> None:
        connection.receive_head()
        for segment in segments_of(flood, 16_000):
            connection.send(segment)

    with Peer(may_be_cut(pour)) as peer, HTTPConnection(peer.host, peer.port) as client:
        client.send_request("GET", "/")

        def read() -> None:
            client.read_response()
            client.readall()

        with pytest.raises(InvalidResponse, match=flood.match):
            read()


@pytest.mark.parametrize("octets", [b"\r\n" * 5, b"\r\n" * 100_000, b"HTTP/1.1 200 OK\r\n" * 9_000])
def test_flood_between_responses_is_refused(octets: bytes, peak: Callable[[], int]) -> None:
    assert len(octets) > MAX_STRAY_CRLF
    with Wire() as wire:
        end = wire.end(b"HTTP/1.1 204 \r\n\r\n", octets)
        with open_client(wire, BlockingFace, end) as client:
            client.send_request("GET", "/")
            end.take()
            end.play()
            client.read_response()
            end.sock.setblocking(True)
            end.play()
            with pytest.raises(InvalidResponse, match="nobody asked for"):
                client.send_request("GET", "/next")
        end.close()
    assert peak() <= MEMORY + len(octets)


def count_by_readinto(client: HTTPConnection) -> int:
    target = bytearray(BUFFER_SIZE)
    octets = 0
    while count := client.readinto(target):
        octets += count
    return octets


def count_by_read(client: HTTPConnection) -> int:
    octets = 0
    while payload := client.read(BUFFER_SIZE):
        octets += len(payload)
    return octets


def count_nothing(client: HTTPConnection) -> int:
    client.discard()
    return 0


PIECE: Final = bytes(20_000)
PIECES: Final = 100


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        pytest.param(HEAD + b"\r\n", PIECE, id="until close"),
        pytest.param(HEAD + b"Content-Length: %d\r\n\r\n" % 2**60, PIECE, id="sized"),
        pytest.param(CHUNKED, b"4e20\r\n%b\r\n" % PIECE, id="chunks"),
        pytest.param(CHUNKED, b"64\r\n%b\r\n" % bytes(100) * 100, id="small chunks"),
    ],
)
@pytest.mark.parametrize(
    "read", [count_by_readinto, count_by_read, count_nothing], ids=["readinto", "read", "discard"]
)
def test_endless_body_costs_constant_memory(
    head: bytes,
    piece: bytes,
    read: Callable[[HTTPConnection], int],
    peak: Callable[[], int],
) -> None:
    with Wire() as wire:
        end = wire.end()
        end.script.extend([head, *repeat(piece, PIECES), Cut.RST])
        with open_client(wire, CoroutineFace, end) as client:
            client.send_request("GET", "/")
            client.read_response()
            with pytest.raises(ConnectionClosed):
                read(client)
        end.close()
    assert peak() <= BODY_MEMORY


def test_announced_length_costs_no_memory(peak: Callable[[], int]) -> None:
    with Wire() as wire:
        end = wire.end(HEAD + b"Content-Length: %d\r\n\r\nlittle" % (2**63 - 1), Cut.FIN)
        with open_client(wire, BlockingFace, end) as client:
            client.send_request("GET", "/")
            end.play_all()
            assert client.read_response().length == 2**63 - 1
            with pytest.raises(ConnectionClosed):
                client.readall()
    assert peak() <= MEMORY
