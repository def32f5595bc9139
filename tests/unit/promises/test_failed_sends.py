"""The sending half ends before its time: what is still read, and what is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dugong import BodyFollowing, ConnectionClosed, ConnectionTimedOut, StateError
from dugong.testing import END, ScriptedTransport
from tests.unit.faces import (
    UNTIL_CLOSE,
    Driven,
    Face,
    StuckTransport,
    both_faces,
    driven,
    head,
    reply,
    suspend,
)

Breaking = Callable[[Driven, ScriptedTransport], None]


def upload_fails(http: Driven, transport: ScriptedTransport) -> None:
    http.send_request("PUT", "/upload", body=BodyFollowing(10))
    transport._accepts.append(ConnectionClosed("reset"))
    with pytest.raises(ConnectionClosed):
        http.write(b"1234567890")


def upload_is_dropped(http: Driven, transport: ScriptedTransport) -> None:
    http.send_request("PUT", "/upload", body=BodyFollowing(10))
    transport._accepts.extend([3, 0])
    crt = http.conn.co_write(b"1234567890")
    suspend(crt)
    crt.close()


def request_fails(http: Driven, transport: ScriptedTransport) -> None:
    transport._accepts.extend([5, ConnectionClosed("reset")])
    with pytest.raises(ConnectionClosed):
        http.send_request("PUT", "/upload", body=b"1234567890")


def request_is_dropped(http: Driven, transport: ScriptedTransport) -> None:
    transport._accepts.extend([5, 0])
    crt = http.conn.co_send_request("PUT", "/upload", body=b"1234567890")
    suspend(crt)
    crt.close()


def expectation_is_dropped(http: Driven, transport: ScriptedTransport) -> None:
    transport._accepts.extend([5, 0])
    crt = http.conn.co_send_request("PUT", "/upload", body=BodyFollowing(5), expect100=True)
    suspend(crt)
    crt.close()


def end_is_dropped(http: Driven, transport: ScriptedTransport) -> None:
    http.send_request("PUT", "/upload", body=BodyFollowing())
    transport._accepts.extend([2, 0])
    crt = http.conn.co_end_body()
    suspend(crt)
    crt.close()


def other_error_of_the_socket(http: Driven, transport: ScriptedTransport) -> None:
    http.send_request("PUT", "/upload", body=BodyFollowing(10))
    transport._accepts.append(OSError(5, "input/output error"))
    with pytest.raises(OSError, match="input/output"):
        http.write(b"1234567890")


BREAKS = pytest.mark.parametrize(
    "break_off",
    [
        upload_fails,
        upload_is_dropped,
        request_fails,
        request_is_dropped,
        expectation_is_dropped,
        end_is_dropped,
        other_error_of_the_socket,
    ],
)


@both_faces
@BREAKS
def test_sends_raise_the_reason(face: Face, break_off: Breaking) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        break_off(http, transport)
        before = bytes(transport.sent)
        for _ in range(2):
            with pytest.raises(ConnectionClosed):
                http.send_request()
            with pytest.raises(ConnectionClosed):
                http.write(b"x")
            with pytest.raises(ConnectionClosed):
                http.end_body()
            with pytest.raises(ConnectionClosed):
                http.conn.skip_continue()
        assert transport.sent == before


@both_faces
def test_reason_is_that_of_the_failed_send(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        upload_fails(http, transport)
        with pytest.raises(ConnectionClosed, match="reset"):
            http.send_request()


@both_faces
@BREAKS
def test_error_response_that_has_arrived_is_read(face: Face, break_off: Breaking) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        break_off(http, transport)
        transport.extend(reply(b"too large", status=b"413 Too Large"), END)
        assert http.conn.response_pending()
        response = http.read_response()
        assert (response.status, response.path) == (413, "/upload")
        assert http.readall() == b"too large"
        assert not http.conn.response_pending()


@both_faces
@BREAKS
def test_error_response_of_which_octets_have_arrived_is_waited_for(
    face: Face, break_off: Breaking
) -> None:
    transport = ScriptedTransport()
    octets = reply(b"too large", status=b"413 Too Large")
    with driven(face, transport, timeout=0) as http:
        break_off(http, transport)
        transport.extend(octets[:9])
        with pytest.raises(ConnectionTimedOut):
            http.read_response()
        transport.extend(octets[9:])
        assert http.read_response().status == 413
        assert http.readall() == b"too large"


@both_faces
@BREAKS
@pytest.mark.parametrize(
    "end", [pytest.param((), id="silence"), (END,), (ConnectionClosed("reset"),)]
)
def test_response_that_has_not_arrived_is_not_waited_for(
    face: Face, break_off: Breaking, end: tuple[Exception]
) -> None:
    transport = ScriptedTransport()
    # No timeout: a wait would be a hang.
    with driven(face, transport, timeout=None) as http:
        break_off(http, transport)
        transport.extend(*end)
        assert http.conn.response_pending()
        for _ in range(2):
            with pytest.raises(ConnectionClosed):
                http.read_response()
        assert http.conn.response_pending()
        http.conn.disconnect()
        assert not http.conn.response_pending()


@both_faces
def test_reason_is_told_where_no_response_will_come(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        upload_fails(http, transport)
        with pytest.raises(ConnectionClosed, match=r"no response will come.*reset"):
            http.read_response()


@both_faces
@BREAKS
def test_whole_requests_before_are_read_normally(face: Face, break_off: Breaking) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        http.send_request("GET", "/one")
        http.send_request("PUT", "/two", body=b"body")
        break_off(http, transport)
        transport.extend(reply(b"1")[:20], reply(b"1")[20:], reply(b"2"))
        for path, body in (("/one", b"1"), ("/two", b"2")):
            assert http.read_response().path == path
            assert http.readall() == body
        with pytest.raises(ConnectionClosed):
            http.read_response()


@both_faces
def test_whole_request_before_is_waited_for(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport, timeout=0) as http:
        http.send_request("GET", "/one")
        upload_fails(http, transport)
        with pytest.raises(ConnectionTimedOut):
            http.read_response()
        transport.extend(reply(b"1"))
        assert http.read_response().path == "/one"


@both_faces
def test_body_that_ends_by_closing_is_not_complete_after_a_failed_send(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        upload_fails(http, transport)
        transport.extend(UNTIL_CLOSE + b"error", END)
        http.read_response()
        assert http.read(100) == b"error"
        with pytest.raises(ConnectionClosed):
            http.read(100)


@both_faces
def test_interim_response_does_not_make_the_response_arrive(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport, timeout=None) as http:
        upload_fails(http, transport)
        transport.extend(head(status=b"102 Processing"))
        with pytest.raises(ConnectionClosed):
            http.read_response()


@both_faces
def test_request_that_failed_before_anything_went_out_is_not_owed(face: Face) -> None:
    transport = ScriptedTransport(reply(b"1"))
    with driven(face, transport) as http:
        http.send_request("GET", "/one")
        transport._accepts.append(ConnectionClosed("reset"))
        with pytest.raises(ConnectionClosed):
            http.send_request("GET", "/two")
        assert http.read_response().path == "/one"
        assert http.readall() == b"1"
        assert not http.conn.response_pending()
        with pytest.raises(ConnectionClosed):
            http.send_request()


@both_faces
@pytest.mark.parametrize("takes", [0, 5], ids=["nothing out", "part out"])
def test_send_that_times_out(face: Face, takes: int) -> None:
    transport = StuckTransport(takes=takes)
    with driven(face, transport, timeout=0) as http:
        with pytest.raises(ConnectionTimedOut):
            http.send_request("PUT", "/", body=b"x")
        assert http.conn.response_pending() is (takes > 0)


@both_faces
def test_send_that_timed_out_before_anything_went_out_can_be_repeated(face: Face) -> None:
    transport = StuckTransport(reply(b"late"))
    with driven(face, transport, timeout=0) as http:
        with pytest.raises(ConnectionTimedOut):
            http.send_request("GET", "/")
        transport.unstick()
        http.get("/")
        assert http.readall() == b"late"
        assert transport.sent.count(b"GET / ") == 1


@both_faces
def test_send_that_timed_out_in_its_middle_ends_the_sending(face: Face) -> None:
    transport = StuckTransport(takes=5)
    with driven(face, transport, timeout=0) as http:
        with pytest.raises(ConnectionTimedOut):
            http.send_request("GET", "/")
        transport.unstick()
        with pytest.raises(ConnectionClosed):
            http.send_request("GET", "/")
        assert transport.sent == b"GET /"


@both_faces
def test_write_that_timed_out_before_anything_went_out_can_be_repeated(face: Face) -> None:
    transport = StuckTransport(takes=10_000)
    with driven(face, transport, timeout=0) as http:
        http.send_request("PUT", "/", body=BodyFollowing(4))
        transport._left = 0
        with pytest.raises(ConnectionTimedOut):
            http.write(b"1234")
        transport.unstick()
        http.write(b"1234")
        assert transport.sent.endswith(b"\r\n\r\n1234")


@both_faces
def test_buffer_of_a_write_that_timed_out_can_be_resized_while_the_error_exists(
    face: Face,
) -> None:
    buf = bytearray(100_000)
    transport = StuckTransport(takes=20_000)
    with driven(face, transport, timeout=0) as http:
        http.send_request("PUT", "/", body=BodyFollowing())
        with pytest.raises(ConnectionTimedOut) as caught:
            http.write(buf)
        buf.clear()
        assert caught.value.__traceback__ is not None


def test_reader_that_waits_for_the_cut_request_is_woken() -> None:
    transport = ScriptedTransport(accepts=[5, 0])
    with driven(Face.COROUTINE, transport) as http:
        sending = http.conn.co_send_request("PUT", "/", body=b"x")
        suspend(sending)
        reading = http.conn.co_read_response()
        needed = suspend(reading)
        assert not needed.poll(0)
        sending.close()
        assert needed.poll(0)
        with pytest.raises(ConnectionClosed, match="no response will come"):
            suspend(reading)


def test_response_that_has_begun_to_arrive_is_not_cut_by_a_failed_send() -> None:
    transport = ScriptedTransport(accepts=[5, 0])
    octets = reply(b"too large", status=b"413 Too Large")
    with driven(Face.COROUTINE, transport) as http:
        sending = http.conn.co_send_request("PUT", "/", body=b"x")
        suspend(sending)
        transport.extend(octets[:9])
        reading = http.conn.co_read_response()
        suspend(reading)
        sending.close()
        transport.extend(octets[9:])
        with pytest.raises(StopIteration) as done:
            next(reading)
        assert done.value.value.status == 413
        assert http.readall() == b"too large"


def test_error_body_that_is_being_read_is_not_cut_by_a_failed_send() -> None:
    transport = ScriptedTransport(accepts=[5, 0])
    octets = reply(b"too large", status=b"413 Too Large")
    with driven(Face.COROUTINE, transport) as http:
        sending = http.conn.co_send_request("PUT", "/", body=b"x")
        suspend(sending)
        transport.extend(octets[:-5])
        http.read_response()
        reading = http.conn.co_readall()
        suspend(reading)
        sending.close()
        transport.extend(octets[-5:])
        with pytest.raises(StopIteration) as done:
            next(reading)
        assert done.value.value == b"too large"


def test_reader_of_an_earlier_response_is_not_disturbed_by_a_failed_send() -> None:
    transport = ScriptedTransport()
    with driven(Face.COROUTINE, transport) as http:
        http.send_request("GET", "/one")
        reading = http.conn.co_read_response()
        suspend(reading)
        request_is_dropped(http, transport)
        transport.extend(reply(b"1"))
        with pytest.raises(StopIteration) as done:
            next(reading)
        assert done.value.value.path == "/one"


@both_faces
def test_disconnect_after_the_answer_to_a_cut_upload_makes_the_object_as_new(face: Face) -> None:
    transport = ScriptedTransport(
        reply(b"no"), accepts=[10_000, ConnectionClosed("reset by the script")]
    )
    with driven(face, transport) as http:
        http.send_request("PUT", "/", body=BodyFollowing(10))
        with pytest.raises(ConnectionClosed):
            http.write(b"1234")
        http.read_response()
        http.readall()
        http.conn.disconnect()
        assert http.read(4) == b""
        with pytest.raises(StateError):
            http.write(b"5")
