"""send_file(): the body of a request, or a part of it, out of a file."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    ExcessBodyData,
    StateError,
)
from dugong.testing import END, ScriptedTransport
from tests.unit.faces import (
    CONTINUE,
    Driven,
    Face,
    StuckTransport,
    both_faces,
    driven,
    finish,
    reply,
    suspend,
)

if TYPE_CHECKING:
    from pathlib import Path

DATA = bytes(range(256)) * 400  # more than one piece that is read


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


@pytest.fixture(params=["disk", "memory"])
def file(request: pytest.FixtureRequest, path: Path) -> Iterator[io.BufferedReader | io.BytesIO]:
    with path.open("rb") if request.param == "disk" else io.BytesIO(DATA) as file:
        yield file


AnyFile = io.BufferedReader | io.BytesIO


def body_of(transport: ScriptedTransport) -> bytes:
    """Return what was sent behind the head."""
    return bytes(transport.sent.partition(b"\r\n\r\n")[2])


def start(http: Driven, length: int | None, *, expect100: bool = False) -> None:
    http.send_request("PUT", "/", None, BodyFollowing(length), expect100)


@both_faces
def test_sized_body_is_sent_as_it_is(face: Face, file: AnyFile) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        start(http, len(DATA))
        assert http.send_file(file) == len(DATA)
        assert http.read_response().status == 200
        assert body_of(transport) == DATA


@both_faces
def test_chunked_body_goes_on_until_its_end(face: Face, file: AnyFile) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        start(http, None)
        assert http.send_file(file, 10) == 10
        http.write(b"between")
        assert http.send_file(file, 5) == 5
        assert not http.conn.response_pending()
        http.end_body()
        expected = (
            b"a\r\n",
            DATA[:10],
            b"\r\n7\r\nbetween\r\n5\r\n",
            DATA[10:15],
            b"\r\n0\r\n\r\n",
        )
        assert body_of(transport) == b"".join(expected)
        assert http.read_response().status == 200


@both_faces
def test_file_begins_at_its_position_and_stays_open_behind_what_was_sent(
    face: Face, file: AnyFile
) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, len(DATA))
        assert file.read(3) == DATA[:3]
        assert http.send_file(file, 4) == 4
        assert file.tell() == 7
        assert file.read(3) == DATA[7:10]
        assert http.send_file(file) == len(DATA) - 10
        assert file.tell() == len(DATA)
        assert not file.closed
        assert body_of(transport) == DATA[3:7] + DATA[10:]


@both_faces
def test_end_of_a_file_is_nothing_to_send(face: Face, file: AnyFile) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, 5)
        file.seek(0, os.SEEK_END)
        assert http.send_file(file) == 0
        assert http.send_file(file, 0) == 0
        assert not body_of(transport)
        http.write(b"12345")


@both_faces
def test_more_than_announced_is_refused_and_nothing_is_sent(face: Face, file: AnyFile) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        start(http, 8)
        for count in (None, 9):
            with pytest.raises(ExcessBodyData):
                http.send_file(file, count)
            assert file.tell() == 0
        assert not body_of(transport)
        assert http.send_file(file, 8) == 8
        assert http.read_response().status == 200


@both_faces
def test_file_without_enough_octets_is_refused_and_nothing_is_sent(
    face: Face, file: AnyFile
) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        start(http, 5)
        file.seek(-4, os.SEEK_END)
        with pytest.raises(EOFError if isinstance(file, io.BytesIO) else ValueError):
            http.send_file(file, 5)
        # Of a file in memory it is known only when it was read.
        assert body_of(transport) == (DATA[-4:] if isinstance(file, io.BytesIO) else b"")


@both_faces
@pytest.mark.parametrize(
    ("file", "count", "error"),
    [
        pytest.param(io.StringIO("text"), None, TypeError, id="text"),
        pytest.param("name", None, TypeError, id="name"),
        pytest.param(io.BytesIO(b"1"), -1, ValueError, id="negative count"),
        pytest.param(io.BytesIO(b"1"), "1", TypeError, id="count no int"),
    ],
)
def test_wrong_arguments_are_refused_and_nothing_is_sent(
    face: Face, file: io.BytesIO, count: int, error: type[Exception]
) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, 1)
        with pytest.raises(error):
            http.send_file(file, count)
        assert not body_of(transport)
        http.write(b"1")


@both_faces
def test_send_file_without_a_connection_is_misuse(face: Face, file: AnyFile) -> None:
    with driven(face) as http, pytest.raises(StateError):
        http.send_file(file)


@both_faces
@pytest.mark.parametrize("body", [None, b"whole", BodyFollowing(0)], ids=["none", "octets", "0"])
def test_send_file_after_a_request_without_an_open_body_is_misuse(
    face: Face, body: bytes | BodyFollowing | None, file: AnyFile
) -> None:
    with driven(face, ScriptedTransport()) as http:
        http.send_request("PUT", "/", body=body)
        with pytest.raises(StateError):
            http.send_file(file, 1)


def test_coroutine_does_nothing_before_it_is_resumed() -> None:
    with driven(Face.COROUTINE, ScriptedTransport()) as http:
        http.conn.co_send_file("no file", -1).close()  # type: ignore[arg-type]  # misuse


@both_faces
def test_file_waits_for_the_100(face: Face, file: AnyFile) -> None:
    transport = ScriptedTransport(CONTINUE, reply())
    with driven(face, transport) as http:
        start(http, len(DATA), expect100=True)
        with pytest.raises(StateError):
            http.send_file(file)
        assert http.read_response().status == 100
        assert http.send_file(file) == len(DATA)
        assert http.read_response().status == 200


@both_faces
def test_refused_file_is_not_sent(face: Face, file: AnyFile) -> None:
    transport = ScriptedTransport(reply(status=b"417 No"))
    with driven(face, transport) as http:
        start(http, len(DATA), expect100=True)
        assert http.read_response().status == 417
        with pytest.raises((StateError, ConnectionClosed)):
            http.send_file(file)
        assert not body_of(transport)
        assert file.tell() == 0


def test_suspended_file_goes_out_whole_when_it_goes_on(file: AnyFile) -> None:
    transport = ScriptedTransport()
    with driven(Face.COROUTINE, transport) as http:
        start(http, len(DATA))
        transport._accepts.extend([2, 0, 70_000, 0, 0])
        assert finish(http.conn.co_send_file(file)) == len(DATA)
        assert body_of(transport) == DATA


@pytest.mark.parametrize("length", [len(DATA), None], ids=["sized", "chunked"])
def test_withdrawn_file_leaves_no_trace(length: int | None, file: AnyFile) -> None:
    transport = ScriptedTransport()
    with driven(Face.COROUTINE, transport) as http:
        start(http, length)
        file.seek(5)
        transport._accepts.append(0)
        crt = http.conn.co_send_file(file)
        suspend(crt)
        crt.close()
        assert file.tell() == 5
        assert not body_of(transport)
        assert http.send_file(file) == len(DATA) - 5


@both_faces
def test_file_that_timed_out_before_anything_went_out_can_be_sent_again(
    face: Face, file: AnyFile
) -> None:
    transport = StuckTransport(takes=10_000)
    with driven(face, transport, timeout=0) as http:
        start(http, len(DATA))
        transport._left = 0
        with pytest.raises(ConnectionTimedOut):
            http.send_file(file)
        transport.unstick()
        assert http.send_file(file) == len(DATA)
        assert body_of(transport) == DATA


@both_faces
def test_file_that_timed_out_in_its_middle_ends_the_sending(face: Face, file: AnyFile) -> None:
    transport = StuckTransport(takes=10_000)
    with driven(face, transport, timeout=0) as http:
        start(http, len(DATA))
        with pytest.raises(ConnectionTimedOut):
            http.send_file(file)
        transport.unstick()
        for _ in range(2):
            with pytest.raises(ConnectionClosed):
                http.send_file(file)


@both_faces
def test_error_response_in_the_middle_of_a_file_is_read(face: Face, file: AnyFile) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, len(DATA))
        transport._accepts.extend([10, ConnectionClosed("reset")])
        transport.extend(reply(b"too large", status=b"413 Too Large"), END)
        with pytest.raises(ConnectionClosed, match="reset"):
            http.send_file(file)
        assert http.read_response().status == 413
        assert http.readall() == b"too large"


def test_disconnect_ends_a_suspended_file(file: AnyFile) -> None:
    transport = ScriptedTransport()
    with driven(Face.COROUTINE, transport) as http:
        start(http, len(DATA))
        transport._accepts.extend([5, 0])
        crt = http.conn.co_send_file(file)
        suspend(crt)
        http.conn.disconnect()
        with pytest.raises(ConnectionClosed):
            next(crt)
        assert not file.closed


def test_body_of_another_response_can_be_sent_on() -> None:
    source = ScriptedTransport(reply(DATA))
    target = ScriptedTransport(reply())
    with driven(Face.BLOCKING, source) as download, driven(Face.BLOCKING, target) as upload:
        response = download.get()
        start(upload, response.length)
        assert upload.send_file(download.conn) == len(DATA)
        assert body_of(target) == DATA
