"""100-continue: the server's word before the body is sent, or instead of it."""

from __future__ import annotations

import pytest

from dugong import BodyFollowing, ConnectionClosed, ConnectionTimedOut, StateError
from dugong.testing import END, SENT, ScriptedTransport
from tests.unit.faces import (
    CHUNKED,
    CONTINUE,
    Driven,
    Face,
    both_faces,
    chunked,
    driven,
    finish,
    head,
    reply,
    suspend,
)

EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"

BODIES = pytest.mark.parametrize(
    "body",
    [pytest.param(BodyFollowing(5), id="sized"), pytest.param(BodyFollowing(), id="chunked")],
)


def expect(http: Driven, body: BodyFollowing | None = None) -> None:
    http.send_request("PUT", "/", None, body or BodyFollowing(5), True)


def write_all(http: Driven) -> None:
    http.write(b"12345")
    http.end_body()


@both_faces
def test_expectation_is_announced_and_only_the_head_is_sent(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        expect(http)
        assert b"\r\nExpect: 100-continue\r\n" in transport.sent
        assert transport.sent.endswith(b"\r\n\r\n")


@both_faces
@BODIES
def test_100_means_write_now(face: Face, body: BodyFollowing) -> None:
    with driven(face, ScriptedTransport(CONTINUE, reply(b"done"))) as http:
        expect(http, body)
        assert http.conn.response_pending()
        go_on = http.read_response()
        assert (go_on.status, go_on.method, go_on.path, go_on.length) == (100, "PUT", "/", 0)
        assert not http.conn.response_pending()
        write_all(http)
        assert http.read_response().status == 200
        assert http.readall() == b"done"


@both_faces
def test_response_is_not_due_after_the_100(face: Face) -> None:
    with driven(face, ScriptedTransport(CONTINUE, reply())) as http:
        expect(http)
        http.read_response()
        with pytest.raises(StateError):
            http.read_response()
        http.write(b"123")
        with pytest.raises(StateError):
            http.read_response()


@both_faces
def test_connection_is_kept_after_the_body_was_sent(face: Face) -> None:
    with driven(face, ScriptedTransport(CONTINUE, SENT, reply(), SENT, reply(b"next"))) as http:
        expect(http)
        http.read_response()
        write_all(http)
        http.read_response()
        http.get()
        assert http.readall() == b"next"


@both_faces
@BODIES
def test_write_while_the_100_is_awaited_is_misuse(face: Face, body: BodyFollowing) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        expect(http, body)
        before = bytes(transport.sent)
        with pytest.raises(StateError):
            http.write(b"12345")
        with pytest.raises(StateError):
            http.end_body()
        with pytest.raises(StateError):
            http.send_request()
        assert transport.sent == before


@both_faces
def test_other_interim_responses_are_kept_by_the_100(face: Face) -> None:
    with driven(face, ScriptedTransport(EARLY_HINTS + CONTINUE)) as http:
        expect(http)
        response = http.read_response()
        assert response.status == 100
        assert [passed.status for passed in response.interim] == [103]
        assert response.interim[0].headers["Link"] == "x"


@both_faces
def test_second_100_is_passed_over(face: Face) -> None:
    with driven(face, ScriptedTransport(CONTINUE, CONTINUE + reply())) as http:
        expect(http)
        http.read_response()
        write_all(http)
        response = http.read_response()
        assert response.status == 200
        assert [passed.status for passed in response.interim] == [100]


@both_faces
def test_read_response_for_the_100_can_be_repeated(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport, timeout=0) as http:
        expect(http)
        with pytest.raises(ConnectionTimedOut):
            http.read_response()
        transport.extend(CONTINUE)
        assert http.read_response().status == 100


# -- a body that is sent without the 100


@both_faces
@BODIES
def test_skip_continue_lets_the_body_be_written(face: Face, body: BodyFollowing) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        expect(http, body)
        http.conn.skip_continue()
        with pytest.raises(StateError):
            http.read_response()
        write_all(http)
        assert http.read_response().status == 200


@both_faces
def test_100_after_skip_continue_is_passed_over(face: Face) -> None:
    with driven(face, ScriptedTransport(CONTINUE + reply())) as http:
        expect(http)
        http.conn.skip_continue()
        write_all(http)
        response = http.read_response()
        assert response.status == 200
        assert [passed.status for passed in response.interim] == [100]


@both_faces
def test_final_response_after_skip_continue_keeps_the_connection(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(), SENT, reply(b"same"))) as http:
        expect(http)
        http.conn.skip_continue()
        write_all(http)
        http.read_response()
        http.get()
        assert http.readall() == b"same"


def test_skip_continue_without_a_connection_is_misuse() -> None:
    with driven(Face.BLOCKING) as http, pytest.raises(StateError):
        http.conn.skip_continue()


@both_faces
def test_skip_continue_twice_is_misuse(face: Face) -> None:
    with driven(face, ScriptedTransport()) as http:
        expect(http)
        http.conn.skip_continue()
        with pytest.raises(StateError):
            http.conn.skip_continue()


@both_faces
@pytest.mark.parametrize("body", [None, b"x", BodyFollowing(5), BodyFollowing()], ids=repr)
def test_skip_continue_where_no_100_is_awaited_is_misuse(
    face: Face, body: bytes | BodyFollowing | None
) -> None:
    with driven(face, ScriptedTransport()) as http:
        http.send_request("PUT", "/", body=body)
        with pytest.raises(StateError):
            http.conn.skip_continue()


@both_faces
def test_skip_continue_after_the_100_came_is_misuse(face: Face) -> None:
    with driven(face, ScriptedTransport(CONTINUE)) as http:
        expect(http)
        http.read_response()
        with pytest.raises(StateError):
            http.conn.skip_continue()
        http.write(b"12345")


# -- a final response instead of the 100

REFUSALS = pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(reply(b"no", status=b"417 No"), id="sized"),
        pytest.param(reply(b"no", b"Connection: close", status=b"403 No"), id="close"),
        pytest.param(CHUNKED + chunked(b"no"), id="chunked"),
        pytest.param(head(status=b"500 No") + b"no", id="until close"),
        pytest.param(reply(b"no", status=b"200 OK"), id="success"),
    ],
)


@both_faces
@REFUSALS
def test_after_a_refusal_the_next_request_opens_a_new_connection(
    face: Face, refusal: bytes
) -> None:
    first = ScriptedTransport(refusal, END)
    second = ScriptedTransport(reply(b"new"))
    with driven(face, first, second) as http:
        expect(http)
        response = http.read_response()
        assert response.status >= 200
        assert http.readall() == b"no"
        assert first.is_closed
        assert not http.conn.response_pending()
        http.get("/next")
        assert http.readall() == b"new"
        assert second.sent.startswith(b"GET /next ")


@both_faces
@pytest.mark.parametrize("fields", [(), (b"Connection: close",)], ids=["kept", "close"])
def test_refusal_without_body_opens_a_new_connection(face: Face, fields: tuple[bytes, ...]) -> None:
    first = ScriptedTransport(reply(b"", *fields, status=b"417 No"))
    with driven(face, first, ScriptedTransport(reply(b"new"))) as http:
        expect(http)
        assert http.read_response().status == 417
        http.get()
        assert http.readall() == b"new"


@both_faces
def test_connect_opens_a_new_connection_after_a_refusal(face: Face) -> None:
    second = ScriptedTransport(reply())
    with driven(face, ScriptedTransport(reply()), second) as http:
        expect(http)
        http.read_response()
        http.connect()
        assert http.conn._talk.link.transport is second


@both_faces
@REFUSALS
def test_before_the_refusal_was_read_nothing_can_be_sent(face: Face, refusal: bytes) -> None:
    transport = ScriptedTransport(refusal, END)
    with driven(face, transport, ScriptedTransport()) as http:
        expect(http)
        http.read_response()
        before = bytes(transport.sent)
        for _ in range(2):
            with pytest.raises(StateError):
                http.send_request()
            with pytest.raises(StateError):
                http.write(b"12345")
            with pytest.raises(StateError):
                http.end_body()
            with pytest.raises(StateError):
                http.conn.skip_continue()
        assert transport.sent == before
        assert http.readall() == b"no"


@both_faces
def test_after_a_refusal_was_read_nothing_is_open(face: Face) -> None:
    with driven(face, ScriptedTransport(reply()), ScriptedTransport()) as http:
        expect(http)
        http.read_response()
        for attempt in (http.read_response, lambda: http.write(b"x"), http.end_body):
            with pytest.raises(StateError):
                attempt()
        assert http.read(5) == b""


@both_faces
def test_trailers_of_a_refusal_are_kept_over_the_next_request(face: Face) -> None:
    refusal = CHUNKED + chunked(b"no", trailers=b"X-Why: because\r\n")
    with driven(face, ScriptedTransport(refusal), ScriptedTransport(reply())) as http:
        expect(http)
        http.read_response()
        http.readall()
        http.send_request()
        assert http.conn.trailers is not None
        assert http.conn.trailers["X-Why"] == "because"
        http.read_response()
        assert http.conn.trailers is None


@both_faces
def test_requests_before_the_expectation_are_answered_first(face: Face) -> None:
    script = reply(b"1") + reply(b"no", status=b"417 No")
    with driven(face, ScriptedTransport(script), ScriptedTransport(reply(b"new"))) as http:
        http.send_request("GET", "/one")
        expect(http)
        assert http.read_response().path == "/one"
        http.readall()
        assert http.read_response().status == 417
        http.discard()
        http.get()
        assert http.readall() == b"new"


@both_faces
def test_refused_body_over_a_connection_that_cannot_be_replaced(face: Face) -> None:
    with driven(face, ScriptedTransport(reply())) as http:
        expect(http)
        http.read_response()
        with pytest.raises(ConnectionRefusedError):
            http.send_request()
        assert not http.conn.response_pending()


@both_faces
def test_caller_who_closes_after_the_expectation_gets_a_new_connection(face: Face) -> None:
    first = ScriptedTransport(reply(b"no", status=b"417 No"))
    with driven(face, first, ScriptedTransport(reply(b"new"))) as http:
        http.send_request("PUT", "/", {"Connection": "close"}, BodyFollowing(5), True)
        http.read_response()
        assert http.readall() == b"no"
        http.get()
        assert http.readall() == b"new"


def test_100_that_comes_before_the_head_is_out() -> None:
    transport = ScriptedTransport(CONTINUE, reply(), accepts=[10, 0])
    with driven(Face.COROUTINE, transport) as http:
        crt = http.conn.co_send_request("PUT", "/", None, BodyFollowing(5), True)
        suspend(crt)
        assert http.read_response().status == 100
        finish(crt)
        http.write(b"12345")
        assert http.read_response().status == 200


def test_refusal_that_comes_before_the_head_is_out() -> None:
    transport = ScriptedTransport(reply(b"no"), accepts=[10, 0])
    with driven(Face.COROUTINE, transport, ScriptedTransport(reply(b"new"))) as http:
        crt = http.conn.co_send_request("PUT", "/", None, BodyFollowing(5), True)
        suspend(crt)
        assert http.read_response().status == 200
        finish(crt)
        with pytest.raises(StateError):
            http.write(b"12345")
        assert http.readall() == b"no"
        http.get()
        assert http.readall() == b"new"


@both_faces
def test_end_of_the_connection_instead_of_the_100(face: Face) -> None:
    with driven(face, ScriptedTransport(END)) as http:
        expect(http)
        with pytest.raises(ConnectionClosed):
            http.read_response()
        with pytest.raises(ConnectionClosed):
            http.write(b"12345")
