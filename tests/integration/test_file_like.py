"""A connection as a binary stream, for the standard library's wrappers, over real servers."""

import csv
import io
import json
import shutil

import pytest

from dugong import HTTPConnection
from tests.integration.apps.payload import payload
from tests.integration.certificates import TlsContexts
from tests.integration.drive import both_faces, client_of, fetch
from tests.integration.peers import Peer, replay
from tests.integration.servers import SMALL_TEXT, Nginx, Server

pytestmark = both_faces

TEXT = "Manatee,2\nDugong,1\nStellersche Seekühe,0\n"


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def answer_chunked(body: bytes, size: int) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n" % chunks


@pytest.fixture
def connection(
    nginx: Nginx, tls_contexts: TlsContexts, face: type[HTTPConnection]
) -> HTTPConnection:
    return client_of(nginx.tls, tls_contexts, face)


@pytest.mark.parametrize("path", ["/small.txt", "/chunked/small.txt"])
def test_text_is_read_by_lines(connection: HTTPConnection, path: str) -> None:
    with connection:
        connection.send_request("GET", path)
        connection.read_response()
        assert list(io.TextIOWrapper(connection, encoding="ascii")) == ["A small text.\n"]


def test_dropped_wrapper_leaves_the_connection_usable(connection: HTTPConnection) -> None:
    with connection:
        for _ in range(3):
            connection.send_request("GET", "/small.txt")
            connection.read_response()
            with io.TextIOWrapper(connection, encoding="ascii") as text:
                assert text.read() == SMALL_TEXT.decode()
        assert fetch(connection, "/small.txt").body == SMALL_TEXT


def test_wrapper_reads_past_the_end(connection: HTTPConnection) -> None:
    with connection:
        connection.send_request("GET", "/small.txt")
        connection.read_response()
        text = io.TextIOWrapper(connection, encoding="ascii")
        assert text.readline() == "A small text.\n"
        assert [text.readline(), text.read(1), text.read()] == ["", "", ""]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_characters_split_between_chunks_are_whole(face: type[HTTPConnection], size: int) -> None:
    octets = answer_chunked(TEXT.encode(), size)
    with Peer(replay(octets)) as peer, client_of(peer, face=face) as connection:
        connection.send_request("GET", "/")
        connection.read_response()
        text = io.TextIOWrapper(connection, encoding="utf-8", newline="")
        assert list(csv.reader(text))[2] == ["Stellersche Seekühe", "0"]


@pytest.mark.parametrize("size", [1, 5, 8192, 1_000_000, -1])
def test_buffered_reader_gives_any_piece_size(connection: HTTPConnection, size: int) -> None:
    with connection:
        connection.send_request("GET", "/chunked/1m.bin" if size > 5 or size < 0 else "/small.txt")
        connection.read_response()
        reader = io.BufferedReader(connection)
        octets = bytearray()
        while piece := reader.read(size):
            octets += piece
        assert octets in (SMALL_TEXT, payload(1024 * 1024))


def test_json_is_loaded(
    python_server: Server, tls_contexts: TlsContexts, face: type[HTTPConnection]
) -> None:
    with client_of(python_server, tls_contexts, face) as connection:
        connection.send_request("GET", "/echo-headers", {"X-Test": "1"})
        connection.read_response()
        assert ["x-test", "1"] in json.load(connection)


def test_lines_are_iterated_over(face: type[HTTPConnection]) -> None:
    body = TEXT.encode()
    with Peer(replay(answer(body))) as peer, client_of(peer, face=face) as connection:
        connection.send_request("GET", "/")
        connection.read_response()
        assert list(connection) == body.splitlines(keepends=True)


def test_copy_into_a_file(connection: HTTPConnection) -> None:
    target = io.BytesIO()
    with connection:
        connection.send_request("GET", "/1m.bin")
        connection.read_response()
        shutil.copyfileobj(connection, target)
    assert target.getvalue() == payload(1024 * 1024)
