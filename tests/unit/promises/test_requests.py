"""send_request(): what is refused, what is sent, and in which order it is answered."""

from __future__ import annotations

import socket
from types import MappingProxyType

import pytest

from dugong import BodyFollowing, ConnectionClosed, InvalidResponse, StateError
from dugong.network.plain_transport import PlainTransport
from dugong.network.transport import FAIR_SHARE
from dugong.testing import SENT, ScriptedTransport
from tests.unit.faces import (
    Driven,
    Face,
    both_faces,
    connection,
    driven,
    finish,
    head,
    opening_to,
    reply,
    suspend,
)


@both_faces
def test_responses_come_in_the_order_of_the_requests(face: Face) -> None:
    script = b"".join(reply(b"%d" % number) for number in range(5))
    with driven(face, ScriptedTransport(script)) as http:
        for number in range(5):
            http.send_request("GET", f"/{number}")
        for number in range(5):
            assert http.read_response().path == f"/{number}"
            assert http.readall() == b"%d" % number


@both_faces
def test_response_names_its_request(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(), head(b"Content-Length: 7"))) as http:
        http.send_request("PUT", "/one?a=b", body=b"x")
        http.send_request("HEAD", "/two")
        first, second = http.read_response(), http.read_response()
        assert [(first.method, first.path), (second.method, second.path)] == [
            ("PUT", "/one?a=b"),
            ("HEAD", "/two"),
        ]


@both_faces
def test_head_and_small_body_are_one_send(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        http.send_request("PUT", "/", body=b"small")
        assert transport.sends == [len(transport.sent)]
        assert transport.sent.endswith(b"\r\n\r\nsmall")


@both_faces
def test_large_body_is_sent_whole(face: Face) -> None:
    transport = ScriptedTransport(accepts=[1000, 0, 20_000])
    body = bytes(range(256)) * 400
    with driven(face, transport) as http:
        http.send_request("PUT", "/", body=body)
        assert bytes(transport.sent.partition(b"\r\n\r\n")[2]) == body


@both_faces
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(bytearray(b"12345678"), id="bytearray"),
        pytest.param(memoryview(b"12345678"), id="memoryview"),
        pytest.param(memoryview(b"12345678").cast("I"), id="items of four octets"),
        pytest.param(memoryview(b"12345678").cast("B", (2, 4)), id="two dimensions"),
    ],
)
def test_body_is_counted_in_octets(face: Face, body: bytearray | memoryview) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        http.send_request("PUT", "/", body=body)
        assert b"\r\nContent-Length: 8\r\n" in transport.sent
        assert transport.sent.endswith(b"\r\n\r\n12345678")


@both_faces
def test_mapping_of_the_caller_is_not_changed(face: Face) -> None:
    headers = MappingProxyType({"X-Name": "value"})
    with driven(face, ScriptedTransport()) as http:
        http.send_request("PUT", "/", headers, b"body")
        assert dict(headers) == {"X-Name": "value"}


WRONG_REQUESTS = pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(("BAD METHOD", "/"), ValueError, id="method no token"),
        pytest.param(("", "/"), ValueError, id="method empty"),
        pytest.param(("CONNECT", "/"), ValueError, id="method CONNECT"),
        pytest.param((b"GET", "/"), TypeError, id="method bytes"),
        pytest.param(("GET", "no-slash"), ValueError, id="path without slash"),
        pytest.param(("GET", "/a b"), ValueError, id="path with blank"),
        pytest.param(("GET", "/\r\nEvil: y"), ValueError, id="path with CRLF"),
        pytest.param(("GET", "/\0"), ValueError, id="path with NUL"),
        pytest.param(("GET", None), TypeError, id="path None"),
        pytest.param(("GET", "/", {"A b": "c"}), ValueError, id="name no token"),
        pytest.param(("GET", "/", {"": "c"}), ValueError, id="name empty"),
        pytest.param(("GET", "/", {"A": "b\r\nEvil: y"}), ValueError, id="value with CRLF"),
        pytest.param(("GET", "/", {"A": "b\ny"}), ValueError, id="value with LF"),
        pytest.param(("GET", "/", {"A": "\0"}), ValueError, id="value with NUL"),
        pytest.param(("GET", "/", {"A": "\u20ac"}), ValueError, id="value beyond latin-1"),
        pytest.param(("GET", "/", {"A": 5}), TypeError, id="value no str"),
        pytest.param(("GET", "/", {b"A": "b"}), TypeError, id="name no str"),
        pytest.param(("GET", "/", [("A", "b")]), TypeError, id="headers no mapping"),
        pytest.param(("GET", "/", {"A": "1", "a": "2"}), ValueError, id="names equal but for case"),
        pytest.param(
            ("PUT", "/", {"Content-Length": "3"}, b"body"), ValueError, id="length contradicts"
        ),
        pytest.param(
            ("PUT", "/", {"Transfer-Encoding": "chunked"}, BodyFollowing()),
            ValueError,
            id="transfer coding",
        ),
        pytest.param(("PUT", "/", None, "text"), TypeError, id="body str"),
        pytest.param(("PUT", "/", None, 5), TypeError, id="body int"),
        pytest.param(("PUT", "/", None, memoryview(b"abcd")[::2]), TypeError, id="body with gaps"),
        pytest.param(("PUT", "/", None, None, True), ValueError, id="expect100 without body"),
        pytest.param(("PUT", "/", None, b"body", True), ValueError, id="expect100 with octets"),
        pytest.param(("PUT", "/", None, BodyFollowing(0), True), ValueError, id="expect100 with 0"),
    ],
)


def send(http: Driven, arguments: tuple[object, ...]) -> None:
    """Send a request with arguments that no type checker would let pass."""
    http.run(http.conn.send_request, http.conn.co_send_request, *arguments)  # type: ignore[arg-type]  # wrong ones


@both_faces
@WRONG_REQUESTS
def test_wrong_request_is_refused_and_nothing_is_sent(
    face: Face, arguments: tuple[object, ...], error: type[Exception]
) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        http.connect()
        with pytest.raises(error):
            send(http, arguments)
        assert not transport.sent
        assert not http.conn.response_pending()


@both_faces
@WRONG_REQUESTS
def test_wrong_request_is_refused_before_a_connection_is_opened(
    face: Face, arguments: tuple[object, ...], error: type[Exception]
) -> None:
    with driven(face) as http, pytest.raises(error):
        send(http, arguments)


@both_faces
def test_wrong_argument_is_told_before_the_wrong_state(face: Face) -> None:
    with driven(face, ScriptedTransport()) as http:
        http.send_request("PUT", "/", body=BodyFollowing(5))
        with pytest.raises(ValueError, match="method"):
            http.send_request("BAD METHOD", "/")


@both_faces
def test_dead_connection_is_told_before_the_wrong_state(face: Face) -> None:
    with driven(face, ScriptedTransport(b"nonsense")) as http:
        http.send_request()
        http.send_request("PUT", "/", body=BodyFollowing(5))
        with pytest.raises(InvalidResponse):
            http.read_response()
        with pytest.raises(InvalidResponse):
            http.send_request("GET", "/")


@both_faces
@pytest.mark.parametrize(
    "body",
    [pytest.param(BodyFollowing(5), id="sized"), pytest.param(BodyFollowing(), id="chunked")],
)
def test_request_before_the_body_is_complete_is_misuse(face: Face, body: BodyFollowing) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        http.send_request("PUT", "/", body=body)
        http.write(b"1234")
        before = bytes(transport.sent)
        with pytest.raises(StateError):
            http.send_request("GET", "/")
        assert transport.sent == before


@both_faces
def test_body_of_length_zero_is_complete_at_once(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(), reply())) as http:
        http.send_request("PUT", "/one", body=BodyFollowing(0))
        http.send_request("GET", "/two")
        assert http.read_response().path == "/one"
        assert http.read_response().path == "/two"


def test_second_send_while_one_is_suspended_is_misuse() -> None:
    transport = ScriptedTransport(reply(), accepts=[5, 0])
    with driven(Face.COROUTINE, transport) as http:
        crt = http.conn.co_send_request("GET", "/one")
        suspend(crt)
        with pytest.raises(StateError):
            http.send_request("GET", "/two")
        finish(crt)
        assert http.read_response().path == "/one"
        assert transport.sent.count(b"GET ") == 1


def test_second_write_while_one_is_suspended_is_misuse() -> None:
    transport = ScriptedTransport()
    with driven(Face.COROUTINE, transport) as http:
        http.send_request("PUT", "/", body=BodyFollowing(8))
        transport._accepts.extend([2, 0])
        crt = http.conn.co_write(b"1234")
        suspend(crt)
        with pytest.raises(StateError):
            http.write(b"5678")
        with pytest.raises(StateError):
            http.end_body()
        with pytest.raises(StateError):
            http.conn.skip_continue()
        finish(crt)
        http.write(b"5678")
        assert transport.sent.endswith(b"12345678")


@both_faces
def test_request_of_one_call_can_be_read_before_it_is_out(face: Face) -> None:
    # Its answer may come early, so it is booked before its first octet goes out.
    transport = ScriptedTransport(reply(b"early"), accepts=[5, 0])
    with driven(face, transport) as http:
        crt = http.conn.co_send_request("GET", "/")
        suspend(crt)
        assert http.conn.response_pending()
        assert http.read_response().status == 200
        assert http.readall() == b"early"
        finish(crt)
        assert not http.conn.response_pending()


@both_faces
def test_withdrawn_request_leaves_no_trace(face: Face) -> None:
    transport = ScriptedTransport(reply(), accepts=[0])
    with driven(face, transport) as http:
        crt = http.conn.co_send_request("GET", "/dropped", body=b"x")
        suspend(crt)
        crt.close()
        assert not http.conn.response_pending()
        with pytest.raises(StateError):
            http.read_response()
        assert http.get("/kept").path == "/kept"
        assert b"dropped" not in transport.sent


@both_faces
def test_withdrawn_request_between_others_is_skipped(face: Face) -> None:
    transport = ScriptedTransport(reply(), reply())
    with driven(face, transport) as http:
        http.send_request("GET", "/one")
        transport._accepts.append(0)
        crt = http.conn.co_send_request("GET", "/dropped")
        suspend(crt)
        crt.close()
        http.send_request("GET", "/two")
        assert [http.read_response().path, http.read_response().path] == ["/one", "/two"]
        assert not http.conn.response_pending()


@both_faces
def test_withdrawn_request_with_connection_close_ends_nothing(face: Face) -> None:
    transport = ScriptedTransport(reply(), accepts=[0])
    with driven(face, transport) as http:
        crt = http.conn.co_send_request("GET", "/", {"Connection": "close"})
        suspend(crt)
        crt.close()
        assert http.get("/kept").status == 200


def test_withdrawn_body_can_be_resized() -> None:
    body = bytearray(100_000)
    with driven(Face.COROUTINE, ScriptedTransport(accepts=[0])) as http:
        crt = http.conn.co_send_request("PUT", "/", body=body)
        suspend(crt)
        crt.close()
        body.clear()


def test_body_that_was_sent_in_part_can_be_resized() -> None:
    body = bytearray(100_000)
    with driven(Face.COROUTINE, ScriptedTransport(accepts=[50_000, 7, 0])) as http:
        crt = http.conn.co_send_request("PUT", "/", body=body)
        suspend(crt)
        crt.close()
        body.clear()


@both_faces
def test_body_that_was_sent_can_be_resized(face: Face) -> None:
    body = bytearray(100_000)
    with driven(face, ScriptedTransport()) as http:
        http.send_request("PUT", "/", body=body)
        body.clear()


@both_faces
def test_body_whose_sending_failed_can_be_resized_while_the_error_exists(face: Face) -> None:
    body = bytearray(100_000)
    transport = ScriptedTransport(accepts=[50_000, 7, ConnectionClosed("reset")])
    with driven(face, transport) as http, pytest.raises(ConnectionClosed) as caught:
        http.send_request("PUT", "/", body=body)
    body.clear()
    assert caught.value.__traceback__ is not None


@both_faces
def test_body_of_a_refused_request_can_be_resized_while_the_error_exists(face: Face) -> None:
    body = bytearray(100_000)
    with driven(face, ScriptedTransport()) as http:
        http.send_request("PUT", "/", body=BodyFollowing(5))
        with pytest.raises(StateError) as caught:
            http.send_request("PUT", "/", body=body)
        body.clear()
        assert caught.value.__traceback__ is not None


# -- octets that nobody asked for

STRAY = pytest.mark.parametrize(
    ("stray", "error"),
    [
        pytest.param(b"HTTP/1.1 408 Request Timeout\r\n\r\n", ConnectionClosed, id="408"),
        pytest.param(b"HTTP/1.0 408", ConnectionClosed, id="start of a 408"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", InvalidResponse, id="another response"),
        pytest.param(b"x", InvalidResponse, id="garbage"),
        pytest.param(b"\r\n\r\n\r\n\r\n\r\n", InvalidResponse, id="too many empty lines"),
        pytest.param(b"\r", InvalidResponse, id="half of an empty line"),
    ],
)


@both_faces
@STRAY
def test_stray_octets_are_told_before_the_next_request(
    face: Face, stray: bytes, error: type[Exception]
) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        http.get()
        transport.extend(stray)
        before = bytes(transport.sent)
        with pytest.raises(error):
            http.send_request("GET", "/next")
        assert transport.sent == before
        with pytest.raises(error):
            http.send_request("GET", "/next")


@both_faces
@STRAY
def test_stray_octets_in_the_segment_of_a_response_are_no_answer(
    face: Face, stray: bytes, error: type[Exception]
) -> None:
    transport = ScriptedTransport(reply(b"body") + stray)
    with driven(face, transport) as http:
        http.get()
        assert http.readall() == b"body"
        before = bytes(transport.sent)
        with pytest.raises(error):
            http.send_request("GET", "/next")
        assert transport.sent == before


@both_faces
@pytest.mark.parametrize("stray", [b"\r\n", b"\r\n\r\n\r\n\r\n"], ids=["one", "four"])
def test_few_empty_lines_are_dropped(face: Face, stray: bytes) -> None:
    transport = ScriptedTransport(reply() + stray, SENT, reply(b"next"))
    with driven(face, transport) as http:
        http.get()
        http.get("/next")
        assert http.readall() == b"next"


@both_faces
def test_stray_octets_on_a_new_connection_are_no_answer(face: Face) -> None:
    transport = ScriptedTransport()
    transport.extend(reply(b"unasked"))
    with driven(face, transport) as http:
        with pytest.raises(InvalidResponse):
            http.send_request()
        assert not transport.sent


@both_faces
def test_eof_on_an_idle_connection_is_told_before_anything_is_sent(face: Face) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        http.get()
        transport.shutdown(2)
        before = bytes(transport.sent)
        with pytest.raises(ConnectionClosed):
            http.send_request()
        assert transport.sent == before
        assert not http.conn.response_pending()


@both_faces
def test_reset_of_an_idle_connection_is_told_before_anything_is_sent(face: Face) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        http.get()
        transport.extend(ConnectionClosed("reset"))
        with pytest.raises(ConnectionClosed, match="reset"):
            http.send_request()


@both_faces
def test_what_comes_after_booking_is_the_answer(face: Face) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        http.send_request("GET", "/one")
        http.send_request("GET", "/two")
        transport.extend(reply(b"2"))
        http.read_response()
        assert http.read_response().path == "/two"


@both_faces
def test_read_response_with_nothing_owed_does_not_look(face: Face) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        http.get()
        transport.extend(b"garbage")
        with pytest.raises(StateError):
            http.read_response()


@both_faces
def test_octets_behind_the_last_response_are_ignored(face: Face) -> None:
    transport = ScriptedTransport(reply(b"last", b"Connection: close") + b"garbage")
    with driven(face, transport) as http:
        http.get()
        assert http.readall() == b"last"
        with pytest.raises(ConnectionClosed):
            http.send_request()


@both_faces
@pytest.mark.parametrize("stray", [b"HTTP/1.1 200 Wrong\r\nContent-Length: 0\r\n\r\n", b"x"])
def test_stray_octets_behind_a_large_body_are_no_answer(face: Face, stray: bytes) -> None:
    # A transport lets others have their turn after so many octets; the look must not be misled.
    mine, server = socket.socketpair()
    piece = bytearray(65_536)
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        server.setsockopt(socket.SOL_SOCKET, option, 4 * len(piece))
    transport = PlainTransport(mine)
    with server, connection(opening_to(transport)) as conn:
        http = Driven(face, conn)
        http.send_request()
        server.sendall(head(b"Content-Length: %d" % FAIR_SHARE))
        http.read_response()
        for _ in range(FAIR_SHARE // len(piece)):
            server.sendall(piece)
            assert http.readinto(piece) == len(piece)
        server.sendall(stray)
        with pytest.raises(InvalidResponse):
            http.send_request("GET", "/next")
