"""read_response(), trailers, response_pending(), and the end of a connection."""

from __future__ import annotations

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    InvalidResponse,
    StateError,
    UnsupportedResponse,
)
from dugong.testing import END, SENT, ScriptedTransport
from tests.unit.faces import (
    CHUNKED,
    UNTIL_CLOSE,
    Face,
    both_faces,
    chunked,
    driven,
    head,
    reply,
)

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"


@both_faces
def test_response_tells_status_and_headers(face: Face) -> None:
    transport = ScriptedTransport(head(b"A: 1", b"a: 2", status=b"404 Not here"))
    with driven(face, transport) as http:
        response = http.get("/path")
        assert (response.status, response.reason) == (404, "Not here")
        assert response.headers.get_all("A") == ["1", "2"]
        assert response.interim == ()


@both_faces
@pytest.mark.parametrize(
    ("method", "octets", "length"),
    [
        pytest.param("GET", head(b"Content-Length: 5"), 5, id="sized"),
        pytest.param("GET", head(b"Content-Length: 0"), 0, id="of length 0"),
        pytest.param("GET", CHUNKED, None, id="chunked"),
        pytest.param("GET", UNTIL_CLOSE, None, id="until close"),
        pytest.param("HEAD", head(b"Content-Length: 5"), 0, id="HEAD"),
        pytest.param("HEAD", CHUNKED, 0, id="HEAD chunked"),
        pytest.param("GET", head(b"Content-Length: 5", status=b"204 No"), 0, id="204"),
        pytest.param("GET", head(b"Content-Length: 5", status=b"304 Not"), 0, id="304"),
        pytest.param("GET", head(b"Transfer-Encoding: gzip"), None, id="unsupported"),
    ],
)
def test_length_is_that_of_the_transmitted_body(
    face: Face, method: str, octets: bytes, length: int | None
) -> None:
    with driven(face, ScriptedTransport(octets)) as http:
        http.send_request(method, "/")
        assert http.read_response().length == length


@both_faces
@pytest.mark.parametrize(
    ("method", "octets"),
    [
        pytest.param("GET", head(b"Content-Length: 0"), id="length 0"),
        pytest.param("HEAD", head(b"Content-Length: 5"), id="HEAD"),
        pytest.param("HEAD", CHUNKED, id="HEAD chunked"),
        pytest.param("HEAD", UNTIL_CLOSE, id="HEAD without length"),
        pytest.param("GET", head(b"Content-Length: 5", status=b"204 No"), id="204"),
        pytest.param("GET", head(b"Content-Length: 5", status=b"304 Not"), id="304"),
    ],
)
def test_response_without_body_ends_with_its_head(face: Face, method: str, octets: bytes) -> None:
    with driven(face, ScriptedTransport(octets + reply(b"next"))) as http:
        http.send_request(method, "/one")
        http.send_request("GET", "/two")
        http.read_response()
        assert http.read(5) == b""
        assert http.readinto(bytearray(5)) == 0
        assert http.readall() == b""
        http.discard()
        assert http.read_response().path == "/two"
        assert http.readall() == b"next"


@both_faces
def test_interim_responses_are_passed_over_and_kept(face: Face) -> None:
    with driven(face, ScriptedTransport(HINTS + PROCESSING + reply(b"body"))) as http:
        response = http.get("/path")
        assert response.status == 200
        assert [passed.status for passed in response.interim] == [103, 102]
        hints = response.interim[0]
        assert (hints.method, hints.path, hints.length, hints.interim) == ("GET", "/path", 0, ())
        assert hints.headers["Link"] == "</style.css>"
        assert http.readall() == b"body"


@both_faces
def test_100_that_nobody_awaits_is_passed_over(face: Face) -> None:
    with driven(face, ScriptedTransport(b"HTTP/1.1 100 Continue\r\n\r\n" + reply())) as http:
        assert [passed.status for passed in http.get().interim] == [100]


@both_faces
def test_interim_responses_belong_to_one_request(face: Face) -> None:
    with driven(face, ScriptedTransport(HINTS + reply() + reply())) as http:
        http.send_request()
        http.send_request()
        assert len(http.read_response().interim) == 1
        assert http.read_response().interim == ()


@both_faces
def test_unfinished_read_response_keeps_the_interim_responses(face: Face) -> None:
    transport = ScriptedTransport(HINTS + b"HTTP/1.1 200")
    with driven(face, transport, timeout=0) as http:
        http.send_request()
        with pytest.raises(ConnectionTimedOut):
            http.read_response()
        transport.extend(b" OK\r\nContent-Length: 0\r\n\r\n")
        response = http.read_response()
        assert response.status == 200
        assert [passed.status for passed in response.interim] == [103]


@both_faces
def test_32_interim_responses_are_accepted(face: Face) -> None:
    with driven(face, ScriptedTransport(PROCESSING * 32 + reply())) as http:
        assert len(http.get().interim) == 32


@both_faces
def test_33_interim_responses_are_refused(face: Face) -> None:
    with (
        driven(face, ScriptedTransport(PROCESSING * 33 + reply())) as http,
        pytest.raises(InvalidResponse, match="interim"),
    ):
        http.get()


@both_faces
def test_interim_responses_are_counted_over_several_calls(face: Face) -> None:
    transport = ScriptedTransport(PROCESSING * 20)
    with driven(face, transport, timeout=0) as http:
        http.send_request()
        with pytest.raises(ConnectionTimedOut):
            http.read_response()
        transport.extend(PROCESSING * 13)
        with pytest.raises(InvalidResponse, match="interim"):
            http.read_response()


@both_faces
def test_switch_of_protocols_is_not_supported(face: Face) -> None:
    transport = ScriptedTransport(b"HTTP/1.1 101 Switching\r\n\r\n")
    with driven(face, transport) as http, pytest.raises(UnsupportedResponse):
        http.get()


@both_faces
def test_read_response_without_a_connection_is_misuse(face: Face) -> None:
    with driven(face) as http, pytest.raises(StateError):
        http.read_response()


@both_faces
def test_read_response_with_nothing_owed_is_misuse(face: Face) -> None:
    with driven(face, ScriptedTransport(reply())) as http:
        http.get()
        with pytest.raises(StateError):
            http.read_response()


@both_faces
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(reply(b"body"), id="sized"),
        pytest.param(CHUNKED + chunked(b"body"), id="chunked"),
        pytest.param(UNTIL_CLOSE + b"body", id="until close"),
    ],
)
def test_read_response_before_the_end_of_the_body_is_misuse(face: Face, octets: bytes) -> None:
    with driven(face, ScriptedTransport(octets)) as http:
        http.send_request()
        http.send_request()
        http.read_response()
        with pytest.raises(StateError):
            http.read_response()
        assert http.read(3) == b"bod"
        with pytest.raises(StateError):
            http.read_response()


@both_faces
def test_response_can_come_octet_by_octet(face: Face) -> None:
    octets = HINTS + CHUNKED + chunked(b"one", b"two", trailers=b"A: b\r\n")
    with driven(face, ScriptedTransport(*(bytes([octet]) for octet in octets))) as http:
        assert http.get().status == 200
        assert http.readall() == b"onetwo"
        assert http.conn.trailers is not None
        assert http.conn.trailers["A"] == "b"


# -- trailers


@both_faces
def test_trailers_are_there_once_the_body_was_read_to_its_end(face: Face) -> None:
    body = chunked(b"body", trailers=b"X-One: 1\r\nX-Two: 2\r\n")
    with driven(face, ScriptedTransport(CHUNKED + body)) as http:
        assert http.conn.trailers is None
        http.get()
        assert http.conn.trailers is None
        assert http.read(100) == b"body"
        assert http.conn.trailers is None
        assert http.read(100) == b""
        assert http.conn.trailers is not None
        assert http.conn.trailers.items() == [("X-One", "1"), ("X-Two", "2")]


@both_faces
def test_trailers_are_empty_where_there_were_none(face: Face) -> None:
    with driven(face, ScriptedTransport(CHUNKED + chunked(b"body"))) as http:
        http.get()
        http.discard()
        assert http.conn.trailers is not None
        assert len(http.conn.trailers) == 0


@both_faces
@pytest.mark.parametrize("octets", [reply(b"body"), reply()], ids=["sized", "empty"])
def test_there_are_no_trailers_behind_other_bodies(face: Face, octets: bytes) -> None:
    with driven(face, ScriptedTransport(octets)) as http:
        http.get()
        http.discard()
        assert http.conn.trailers is None


@both_faces
def test_trailers_are_kept_until_the_next_read_response(face: Face) -> None:
    transport = ScriptedTransport(CHUNKED + chunked(b"x", trailers=b"A: b\r\n"), SENT)
    with driven(face, transport, timeout=0) as http:
        http.get()
        http.discard()
        http.send_request()
        assert http.conn.trailers is not None
        with pytest.raises(ConnectionTimedOut):
            http.read_response()
        assert http.conn.trailers is None


@both_faces
def test_trailers_are_kept_over_the_end_of_the_connection(face: Face) -> None:
    octets = head(b"Transfer-Encoding: chunked", b"Connection: close")
    with driven(face, ScriptedTransport(octets + chunked(b"x", trailers=b"A: b\r\n"))) as http:
        http.get()
        http.discard()
        assert http.conn.trailers is not None
        assert http.conn.trailers["A"] == "b"


# -- response_pending


@both_faces
def test_response_is_pending_until_its_body_was_read(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"body"))) as http:
        pending = http.conn.response_pending
        assert not pending()
        http.connect()
        assert not pending()
        http.send_request()
        assert pending()
        http.read_response()
        assert pending()
        http.read(2)
        assert pending()
        http.read(2)
        assert not pending()


@both_faces
def test_chunked_body_is_pending_until_a_read_has_told_its_end(face: Face) -> None:
    with driven(face, ScriptedTransport(CHUNKED + chunked(b"body"))) as http:
        http.get()
        assert http.read(100) == b"body"
        assert http.conn.response_pending()
        assert http.read(100) == b""
        assert not http.conn.response_pending()


@both_faces
def test_pending_counts_all_requests(face: Face) -> None:
    with driven(face, ScriptedTransport(reply() + reply())) as http:
        http.send_request()
        http.send_request()
        http.read_response()
        assert http.conn.response_pending()
        http.read_response()
        assert not http.conn.response_pending()


@both_faces
def test_request_whose_body_is_not_complete_is_not_pending_yet(face: Face) -> None:
    with driven(face, ScriptedTransport()) as http:
        http.send_request("PUT", "/", body=BodyFollowing(3))
        assert not http.conn.response_pending()
        http.write(b"123")
        assert http.conn.response_pending()


@both_faces
def test_lost_responses_stay_pending_on_a_dead_connection(face: Face) -> None:
    with driven(face, ScriptedTransport(reply() + b"nonsense")) as http:
        for _ in range(3):
            http.send_request()
        http.read_response()
        with pytest.raises(InvalidResponse):
            http.read_response()
        assert http.conn.response_pending()
        http.conn.disconnect()
        assert not http.conn.response_pending()


@both_faces
def test_lost_responses_stay_pending_after_the_last_response(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"x", b"Connection: close"))) as http:
        http.send_request()
        http.send_request()
        http.read_response()
        http.discard()
        assert http.conn.response_pending()
        with pytest.raises(ConnectionClosed):
            http.read_response()
        assert http.conn.response_pending()


@both_faces
def test_upload_that_is_lost_is_pending(face: Face) -> None:
    # So that a loop meets the error.
    with driven(face, ScriptedTransport(b"nonsense")) as http:
        http.send_request()
        http.send_request("PUT", "/", body=BodyFollowing(5))
        with pytest.raises(InvalidResponse):
            http.read_response()
        assert http.conn.response_pending()


# -- Connection: close

LAST = pytest.mark.parametrize(
    "octets",
    [
        pytest.param(reply(b"last", b"Connection: close"), id="close"),
        pytest.param(reply(b"last", b"Connection: x, ,Close"), id="close in a list"),
        pytest.param(reply(b"last").replace(b"HTTP/1.1", b"HTTP/1.0"), id="HTTP/1.0"),
        pytest.param(
            head(b"Transfer-Encoding: chunked", b"Content-Length: 4") + chunked(b"last"),
            id="two lengths",
        ),
        pytest.param(UNTIL_CLOSE + b"last", id="until close"),
        pytest.param(reply(b"last", b"Connection: keep-alive, close"), id="both"),
    ],
)


@both_faces
@LAST
def test_body_of_the_last_response_is_read_whole(face: Face, octets: bytes) -> None:
    transport = ScriptedTransport(octets, END)
    with driven(face, transport) as http:
        http.get()
        assert not transport.is_closed
        assert http.readall() == b"last"
        assert transport.is_closed


@both_faces
@LAST
def test_no_request_is_sent_after_the_head_of_the_last_response(face: Face, octets: bytes) -> None:
    transport = ScriptedTransport(octets, END)
    with driven(face, transport, ScriptedTransport(reply())) as http:
        http.get()
        before = bytes(transport.sent)
        with pytest.raises(ConnectionClosed):
            http.send_request()
        http.discard()
        with pytest.raises(ConnectionClosed):
            http.send_request()
        assert transport.sent == before
        http.conn.disconnect()
        assert http.get().status == 200


@both_faces
@LAST
def test_pipelined_requests_are_lost_after_the_last_response(face: Face, octets: bytes) -> None:
    with driven(face, ScriptedTransport(octets, END)) as http:
        http.send_request("GET", "/one")
        http.send_request("GET", "/two")
        http.read_response()
        assert http.readall() == b"last"
        for _ in range(2):
            with pytest.raises(ConnectionClosed):
                http.read_response()


@both_faces
def test_read_response_raises_after_the_last_response_with_nothing_owed(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"", b"Connection: close"))) as http:
        http.get()
        with pytest.raises(ConnectionClosed):
            http.read_response()


@both_faces
@LAST
def test_reads_give_the_end_after_the_last_response(face: Face, octets: bytes) -> None:
    with driven(face, ScriptedTransport(octets, END)) as http:
        http.get()
        http.discard()
        assert (http.read(5), http.readinto(bytearray(5)), http.readall()) == (b"", 0, b"")
        http.discard()


@both_faces
def test_kept_connection_of_http_1_0_is_used_again(face: Face) -> None:
    one = head(b"Content-Length: 0", b"Connection: Keep-Alive", version=b"HTTP/1.0")
    with driven(face, ScriptedTransport(one, SENT, reply(b"next"))) as http:
        http.get()
        http.get()
        assert http.readall() == b"next"


@both_faces
def test_caller_who_says_close_sends_no_further_request(face: Face) -> None:
    transport = ScriptedTransport(reply(b"last"))
    with driven(face, transport) as http:
        http.send_request("GET", "/", {"Connection": "Close"})
        before = bytes(transport.sent)
        with pytest.raises(ConnectionClosed):
            http.send_request()
        assert transport.sent == before
        http.read_response()
        assert http.readall() == b"last"
        assert transport.is_closed
        with pytest.raises(ConnectionClosed):
            http.read_response()


@both_faces
def test_caller_who_says_close_before_a_body_can_write_it(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"last"))) as http:
        http.send_request("PUT", "/", {"Connection": "close"}, BodyFollowing())
        http.write(b"12345")
        http.end_body()
        with pytest.raises(ConnectionClosed):
            http.send_request()
        http.read_response()
        assert http.readall() == b"last"


@both_faces
def test_requests_before_the_callers_close_are_answered(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"1") + reply(b"2"))) as http:
        http.send_request("GET", "/one")
        http.send_request("GET", "/two", {"Connection": "close"})
        for body in (b"1", b"2"):
            http.read_response()
            assert http.readall() == body


@both_faces
def test_open_upload_can_go_on_after_the_head_of_the_last_response(face: Face) -> None:
    # Only requests are refused: the server may still read the body of one that was begun.
    transport = ScriptedTransport(reply(b"last", b"Connection: close"))
    with driven(face, transport) as http:
        http.send_request("GET", "/")
        http.send_request("PUT", "/", body=BodyFollowing(5))
        http.read_response()
        http.write(b"12345")
        assert transport.sent.endswith(b"12345")


@both_faces
@pytest.mark.parametrize(
    "interim",
    [
        pytest.param(
            b"HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", id="both"
        ),
        pytest.param(b"HTTP/1.0 103 E\r\nTransfer-Encoding: chunked\r\n\r\n", id="HTTP/1.0"),
    ],
)
def test_suspect_framing_of_an_interim_response_closes(face: Face, interim: bytes) -> None:
    with driven(face, ScriptedTransport(interim + reply(b"body"))) as http:
        assert http.get().status == 200
        assert http.readall() == b"body"
        with pytest.raises(ConnectionClosed):
            http.send_request()
