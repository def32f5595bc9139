"""The connection as a binary stream, in the hands of the standard library."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tarfile

import pytest

from dugong import BodyFollowing
from dugong.testing import END, SENT, ScriptedTransport
from tests.unit.faces import CHUNKED, UNTIL_CLOSE, Face, chunked, driven, head, reply

TEXT = "first line\nsecond line \u20ac\r\nthird\n\nlast without LF"
OCTETS = TEXT.encode()

FRAMINGS = pytest.mark.parametrize(
    "octets",
    [
        pytest.param(reply(OCTETS), id="sized"),
        pytest.param(CHUNKED + chunked(*(bytes([octet]) for octet in OCTETS)), id="tiny chunks"),
        pytest.param(CHUNKED + chunked(OCTETS), id="one chunk"),
        pytest.param(UNTIL_CLOSE + OCTETS, id="until close"),
    ],
)


def serving(body: bytes, *, size: int = 1_000) -> ScriptedTransport:
    """Return a transport that gives *body* in pieces of *size* octets."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return ScriptedTransport(head(b"Content-Length: %d" % len(body)), *pieces)


@FRAMINGS
@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
def test_text_wrapper_gives_pieces_of_any_size(octets: bytes, size: int) -> None:
    with driven(Face.BLOCKING, ScriptedTransport(octets, END)) as http:
        http.get()
        text = io.TextIOWrapper(http.conn, encoding="utf-8", newline="")
        assert "".join(iter(lambda: text.read(size), "")) == TEXT
        assert text.read(size) == ""


@FRAMINGS
def test_text_wrapper_reads_all(octets: bytes) -> None:
    with driven(Face.BLOCKING, ScriptedTransport(octets, END)) as http:
        http.get()
        assert io.TextIOWrapper(http.conn, encoding="utf-8", newline="").read() == TEXT


@FRAMINGS
def test_text_wrapper_gives_lines(octets: bytes) -> None:
    with driven(Face.BLOCKING, ScriptedTransport(octets, END)) as http:
        http.get()
        lines = list(io.TextIOWrapper(http.conn, encoding="utf-8", newline=""))
        assert lines == TEXT.splitlines(keepends=True)


def test_text_wrapper_reads_past_the_end() -> None:
    with driven(Face.BLOCKING, ScriptedTransport(reply(b"text"))) as http:
        http.get()
        text = io.TextIOWrapper(http.conn, encoding="ascii")
        assert [text.read(), text.read(), text.readline(), text.read(1)] == ["text", "", "", ""]


def test_text_wrapper_has_a_name() -> None:
    with driven(Face.BLOCKING) as http:
        assert "http://example.com:80" in repr(io.TextIOWrapper(http.conn, encoding="ascii"))


def test_dropped_wrapper_leaves_the_connection_usable() -> None:
    with driven(Face.BLOCKING, ScriptedTransport(reply(b"one"), SENT, reply(b"two"))) as http:
        http.get()
        text = io.TextIOWrapper(http.conn, encoding="ascii")
        assert text.read() == "one"
        del text
        http.get()
        assert http.readall() == b"two"


def test_closed_wrapper_leaves_the_connection_usable() -> None:
    with driven(Face.BLOCKING, ScriptedTransport(reply(b"one"), SENT, reply(b"two"))) as http:
        http.get()
        with io.TextIOWrapper(http.conn, encoding="ascii") as text:
            assert text.read() == "one"
        http.get()
        with io.BufferedReader(http.conn) as buffered:
            assert buffered.read() == b"two"
        assert not http.conn.closed


@FRAMINGS
@pytest.mark.parametrize("size", [1, 3, 16, 8_192])
def test_buffered_reader_gives_pieces_of_any_size(octets: bytes, size: int) -> None:
    with driven(Face.BLOCKING, ScriptedTransport(octets, END)) as http:
        http.get()
        buffered = io.BufferedReader(http.conn, 16)
        assert b"".join(iter(lambda: buffered.read(size), b"")) == OCTETS


@FRAMINGS
def test_buffered_reader_gives_lines(octets: bytes) -> None:
    with driven(Face.BLOCKING, ScriptedTransport(octets, END)) as http:
        http.get()
        assert list(io.BufferedReader(http.conn)) == OCTETS.splitlines(keepends=True)


@FRAMINGS
def test_lines_without_a_wrapper(octets: bytes) -> None:
    with driven(Face.BLOCKING, ScriptedTransport(octets, END)) as http:
        http.get()
        assert list(http.conn) == OCTETS.splitlines(keepends=True)


def test_csv_over_the_connection() -> None:
    rows = [["name", "value"], ["a,b", "line\r\nline"], ["\u20ac", ""]]
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    with driven(Face.BLOCKING, serving(written.getvalue().encode(), size=3)) as http:
        http.get()
        text = io.TextIOWrapper(http.conn, encoding="utf-8", newline="")
        assert list(csv.reader(text)) == rows


def test_json_over_the_connection() -> None:
    value = {"a": [1, 2.5, None, "\u20ac"], "b": {"c": True}}
    with driven(Face.BLOCKING, serving(json.dumps(value).encode(), size=3)) as http:
        http.get()
        assert json.load(http.conn) == value


def test_tar_stream_over_the_connection() -> None:
    files = {"one": b"1" * 30_000, "two": b"", "three": b"3" * 700}
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w|gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    with driven(Face.BLOCKING, serving(written.getvalue(), size=11)) as http:
        http.get()
        found = {}
        with tarfile.open(fileobj=http.conn, mode="r|*") as archive:
            for member in archive:
                file = archive.extractfile(member)
                assert file is not None
                found[member.name] = file.read()
        assert found == files


def test_copyfileobj_over_the_connection() -> None:
    copy = io.BytesIO()
    with driven(Face.BLOCKING, serving(bytes(100_000))) as http:
        http.get()
        shutil.copyfileobj(http.conn, copy, 333)
        assert copy.getvalue() == bytes(100_000)


def test_copyfileobj_into_the_connection() -> None:
    transport = ScriptedTransport()
    with driven(Face.BLOCKING, transport) as http:
        http.send_request("PUT", "/", body=BodyFollowing(1_000))
        shutil.copyfileobj(io.BytesIO(bytes(1_000)), http.conn, 333)
        assert transport.sent.endswith(b"\r\n\r\n" + bytes(1_000))


def test_text_can_be_written_through_a_wrapper() -> None:
    transport = ScriptedTransport()
    with driven(Face.BLOCKING, transport) as http:
        http.send_request("PUT", "/", body=BodyFollowing())
        text = io.TextIOWrapper(http.conn, encoding="utf-8", write_through=True)
        text.write("\u20ac")
        text.flush()
        assert transport.sent.endswith(b"3\r\n\xe2\x82\xac\r\n")


def test_connection_is_no_seekable_file() -> None:
    with driven(Face.BLOCKING) as http:
        conn = http.conn
        assert (conn.readable(), conn.writable(), conn.seekable()) == (True, True, False)
        conn.close()
        conn.flush()
        assert not conn.closed
