"""A connection that is dead says why, every time; read_raw() shows what was not accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    InvalidResponse,
    Layers,
    StateError,
    UnsupportedResponse,
)
from dugong.protocol.response_head import HeadParser
from dugong.testing import END, ScriptedTransport, scripted_connection
from tests.unit.faces import CHUNKED, Driven, Face, both_faces, driven, head, reply, suspend

if TYPE_CHECKING:
    from dugong.protocol.read_buffer import ReadBuffer
    from dugong.protocol.response_head import ResponseHead
    from dugong.testing.scripted import Line

DEATHS = pytest.mark.parametrize(
    ("script", "error"),
    [
        pytest.param((b"nonsense",), InvalidResponse, id="InvalidResponse"),
        pytest.param((b"HTTP/2.0 200 OK\r\n",), UnsupportedResponse, id="UnsupportedResponse"),
        pytest.param((END,), ConnectionClosed, id="EOF"),
        pytest.param((b"HTTP/1.1 200 OK\r\n", END), ConnectionClosed, id="EOF in a head"),
        pytest.param((ConnectionClosed("reset"),), ConnectionClosed, id="reset"),
        pytest.param((OSError(5, "input/output error"),), OSError, id="other error of the socket"),
    ],
)


class BrokenGreeting(InvalidResponse):
    """What a layer of a user's raises: its message is made of other arguments."""

    def __init__(self, greeting: bytes, *, device: str) -> None:
        super().__init__(f"{device} says {greeting!r}")


class SuspiciousParser(HeadParser):
    def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
        raise BrokenGreeting(buffer.take(4), device="radio")


def attempts(http: Driven) -> dict[str, tuple[object, ...]]:
    """Return the operations that meet the error of a dead connection, with arguments."""
    return {
        "connect": (),
        "send_request": (),
        "write": (b"x",),
        "end_body": (),
        "read_response": (),
        "read": (5,),
        "readinto": (bytearray(5),),
        "readall": (),
        "discard": (),
    }


def test_error_of_a_layer_with_arguments_of_its_own_is_repeated() -> None:
    transport = ScriptedTransport(b"ICY 200 OK\r\n\r\n")
    layers = Layers(head_parser=SuspiciousParser)
    with scripted_connection(transport, layers=layers) as conn:
        conn.send_request("GET", "/")
        for operation in (conn.read_response, conn.read_response, conn.readall, conn.connect):
            with pytest.raises(BrokenGreeting, match=r"^radio says b'ICY '$"):
                operation()


@both_faces
@DEATHS
def test_later_operations_repeat_the_error(
    face: Face, script: tuple[Line, ...], error: type[Exception]
) -> None:
    with driven(face, ScriptedTransport(*script)) as http:
        http.send_request("GET", "/")
        http.send_request("PUT", "/", body=BodyFollowing(5))
        with pytest.raises(error) as first:
            http.read_response()
        for name, arguments in attempts(http).items():
            with pytest.raises(error) as again:
                getattr(http, name)(*arguments)
            assert str(again.value) == str(first.value), name
        with pytest.raises(error):
            http.conn.skip_continue()


@both_faces
@DEATHS
def test_some_methods_work_on_a_dead_connection(
    face: Face, script: tuple[Line, ...], error: type[Exception]
) -> None:
    with driven(face, ScriptedTransport(*script)) as http:
        with pytest.raises(error):
            http.get()
        assert http.conn.response_pending()
        assert http.conn.get_ssl_cipher() is None
        assert http.conn.get_ssl_peercert() is None
        http.conn.disconnect()
        assert not http.conn.response_pending()


@both_faces
def test_fault_in_a_body_kills_the_connection(face: Face) -> None:
    with driven(face, ScriptedTransport(CHUNKED + b"nonsense\r\n")) as http:
        http.get()
        with pytest.raises(InvalidResponse):
            http.read(5)
        with pytest.raises(InvalidResponse):
            http.send_request()
        with pytest.raises(InvalidResponse):
            http.read_response()


def test_repeated_error_is_a_fresh_one() -> None:
    # Else each repetition would make its traceback longer, and keep all its frames.
    with driven(Face.BLOCKING, ScriptedTransport(b"nonsense")) as http:
        with pytest.raises(InvalidResponse) as first:
            http.get()
        with pytest.raises(InvalidResponse) as second:
            http.read_response()
        with pytest.raises(InvalidResponse) as third:
            http.read_response()
        assert len({id(e.value) for e in (first, second, third)}) == 3


def test_suspended_send_meets_the_error() -> None:
    transport = ScriptedTransport(b"nonsense", accepts=[5, 0])
    with driven(Face.COROUTINE, transport) as http:
        sending = http.conn.co_send_request("GET", "/")
        needed = suspend(sending)
        with pytest.raises(InvalidResponse):
            http.read_response()
        assert needed.poll(0)
        with pytest.raises(InvalidResponse):
            suspend(sending)


def test_first_error_stays() -> None:
    transport = ScriptedTransport(END)
    with driven(Face.COROUTINE, transport) as http:
        http.send_request()
        reading = http.conn.co_read_response()
        http.conn.disconnect()
        with pytest.raises(ConnectionClosed, match="disconnect"):
            suspend(reading)


# -- read_raw


@pytest.mark.parametrize(
    ("script", "size", "raw"),
    [
        pytest.param((b"SSH-2.0-x\r\n",), 7, b"SSH-2.0", id="a part"),
        pytest.param((b"SSH-2.0-x\r\n", b"more", END), 100, b"SSH-2.0-x\r\nmore", id="all"),
        pytest.param((b"SSH", b"-2.0"), 7, b"SSH-2.0", id="waits for more"),
        pytest.param((b"SSH", ConnectionClosed("reset")), 7, b"SSH", id="until the reset"),
        pytest.param((b"SSH", END), 2**100, b"SSH", id="beyond any index"),
        pytest.param((b"SSH",), 0, b"", id="nothing"),
    ],
)
def test_read_raw_gives_what_was_not_accepted(
    script: tuple[Line, ...], size: int, raw: bytes
) -> None:
    with driven(Face.BLOCKING, ScriptedTransport(*script)) as http:
        with pytest.raises(InvalidResponse):
            http.get()
        assert http.conn.read_raw(size) == raw


def test_read_raw_begins_behind_what_was_accepted() -> None:
    transport = ScriptedTransport(reply(b"one") + b"HTTP/1.1 two hundred\r\n", END)
    with driven(Face.BLOCKING, transport) as http:
        http.send_request()
        http.send_request()
        http.read_response()
        http.readall()
        with pytest.raises(InvalidResponse):
            http.read_response()
        assert http.conn.read_raw(100) == b"HTTP/1.1 two hundred\r\n"


def test_read_raw_shows_a_body_whose_coding_is_not_supported() -> None:
    octets = head(b"Transfer-Encoding: gzip")
    with driven(Face.BLOCKING, ScriptedTransport(octets + b"\x1f\x8b", END)) as http:
        http.get()
        with pytest.raises(UnsupportedResponse):
            http.readall()
        assert http.conn.read_raw(100) == b"\x1f\x8b"


def test_read_raw_can_be_called_again() -> None:
    with driven(Face.BLOCKING, ScriptedTransport(b"nonsense", END)) as http:
        with pytest.raises(InvalidResponse):
            http.get()
        assert [http.conn.read_raw(3) for _ in range(4)] == [b"non", b"sen", b"se", b""]


def test_read_raw_that_timed_out_loses_nothing() -> None:
    transport = ScriptedTransport(b"nonsense")
    with driven(Face.BLOCKING, transport, timeout=0) as http:
        with pytest.raises(InvalidResponse):
            http.get()
        with pytest.raises(ConnectionTimedOut):
            http.conn.read_raw(12)
        transport.extend(b" and")
        assert http.conn.read_raw(12) == b"nonsense and"


def test_read_raw_keeps_the_error_of_the_connection() -> None:
    with driven(Face.BLOCKING, ScriptedTransport(b"nonsense")) as http:
        with pytest.raises(InvalidResponse):
            http.get()
        http.conn.read_raw(3)
        with pytest.raises(InvalidResponse):
            http.read_response()


def test_after_read_raw_on_a_living_connection_only_disconnect_is_possible() -> None:
    transport = ScriptedTransport(reply(b"12345678"))
    with driven(Face.BLOCKING, transport, ScriptedTransport(reply())) as http:
        http.get()
        assert http.conn.read_raw(4) == b"1234"
        for name, arguments in attempts(http).items():
            with pytest.raises(StateError, match="read_raw"):
                getattr(http, name)(*arguments)
        http.conn.disconnect()
        assert http.get().status == 200


def test_read_raw_after_the_last_response_gives_what_was_received_and_does_not_wait() -> None:
    transport = ScriptedTransport(reply(b"last", b"Connection: close") + b"more")
    with driven(Face.BLOCKING, transport, timeout=0) as http:
        http.get()
        http.readall()
        assert http.conn.read_raw(100) == b"more"


def test_read_raw_without_a_connection_is_misuse() -> None:
    with driven(Face.BLOCKING) as http, pytest.raises(StateError):
        http.conn.read_raw(5)


@pytest.mark.parametrize(
    ("size", "error"),
    [
        pytest.param(-1, ValueError, id="negative"),
        pytest.param(1.5, TypeError, id="float"),
        pytest.param(None, TypeError, id="None"),
    ],
)
def test_wrong_size_of_read_raw_is_refused_and_changes_nothing(
    size: int, error: type[Exception]
) -> None:
    with driven(Face.BLOCKING, ScriptedTransport(reply(b"body"))) as http:
        http.get()
        with pytest.raises(error):
            http.conn.read_raw(size)
        assert http.readall() == b"body"
