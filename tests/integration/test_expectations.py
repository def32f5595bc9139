"""100-continue: what a scripted server answers, and on which connection it goes on."""

import pytest

from dugong import BodyFollowing, ConnectionClosed, HTTPConnection, StateError
from tests.integration.drive import both_faces, client_of, fetch
from tests.integration.peers import Connection, Peer, in_turn, replay

pytestmark = both_faces

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSAL = b"HTTP/1.1 417 No\r\nContent-Length: 4\r\n\r\nnope"
CLOSING_REFUSAL = b"HTTP/1.1 417 No\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope"
CHUNKED_REFUSAL = b"HTTP/1.1 417 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnope\r\n0\r\n\r\n"
EMPTY_REFUSAL = b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"


def expect(connection: HTTPConnection, body: BodyFollowing | None = None) -> None:
    connection.send_request("PUT", "/x", body=body or BodyFollowing(5), expect100=True)


def test_expectation_is_announced(face: type[HTTPConnection]) -> None:
    with Peer(replay(EMPTY_REFUSAL)) as peer, client_of(peer, face=face) as connection:
        expect(connection)
        connection.read_response()
    assert b"\r\nExpect: 100-continue\r\n" in peer.received


def test_body_goes_out_after_the_100(face: type[HTTPConnection]) -> None:
    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.send(CONTINUE)
        assert connection.receive(5) == b"12345"
        connection.send(OK)
        connection.receive_until_eof()

    with Peer(handle) as peer, client_of(peer, face=face) as connection:
        expect(connection)
        assert connection.read_response().status == 100
        connection.write(b"12345")
        assert connection.read_response().status == 200
        assert connection.readall() == b"ok"


def test_other_interim_responses_are_passed_over_before_the_100(
    face: type[HTTPConnection],
) -> None:
    with (
        Peer(replay(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + CONTINUE)) as peer,
        client_of(peer, face=face) as connection,
    ):
        expect(connection)
        response = connection.read_response()
    assert response.status == 100
    assert [(passed.status, passed.headers["Link"]) for passed in response.interim] == [(103, "x")]


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(REFUSAL, id="sized"),
        pytest.param(CHUNKED_REFUSAL, id="chunked"),
        pytest.param(CLOSING_REFUSAL, id="connection-close"),
    ],
)
def test_after_a_refusal_the_next_request_opens_a_new_connection(
    face: type[HTTPConnection], refusal: bytes
) -> None:
    with (
        Peer(in_turn(replay(refusal), replay(OK, OK))) as peer,
        client_of(peer, face=face) as connection,
    ):
        expect(connection)
        assert connection.read_response().status == 417
        assert connection.readall() == b"nope"
        assert not connection.response_pending()
        for _ in range(2):
            assert fetch(connection, "/next").body == b"ok"
    assert [bytes(accepted.received).count(b"GET /next ") for accepted in peer.connections] == [
        0,
        2,
    ]


def test_refusal_without_a_body_needs_no_reading(face: type[HTTPConnection]) -> None:
    with (
        Peer(in_turn(replay(EMPTY_REFUSAL), replay(OK))) as peer,
        client_of(peer, face=face) as connection,
    ):
        expect(connection)
        assert connection.read_response().status == 417
        assert fetch(connection, "/next").body == b"ok"


def test_refusal_that_ends_by_closing_leads_to_a_new_connection(
    face: type[HTTPConnection],
) -> None:
    def refuse(connection: Connection) -> None:
        connection.receive_head()
        connection.send(b"HTTP/1.1 417 No\r\n\r\nnope")

    with Peer(in_turn(refuse, replay(OK))) as peer, client_of(peer, face=face) as connection:
        expect(connection)
        assert connection.read_response().status == 417
        assert connection.readall() == b"nope"
        assert fetch(connection, "/next").body == b"ok"


def test_refused_body_is_not_sent(face: type[HTTPConnection]) -> None:
    with Peer(replay(REFUSAL)) as peer, client_of(peer, face=face) as connection:
        expect(connection)
        connection.read_response()
        with pytest.raises(StateError):
            connection.write(b"12345")
        connection.discard()
    assert peer.received.endswith(b"\r\n\r\n")


def test_next_request_waits_until_the_refusal_is_read(face: type[HTTPConnection]) -> None:
    with (
        Peer(in_turn(replay(REFUSAL), replay(OK))) as peer,
        client_of(peer, face=face) as connection,
    ):
        expect(connection)
        connection.read_response()
        with pytest.raises(StateError):
            connection.send_request("GET", "/early")
        connection.discard()
        assert fetch(connection, "/next").body == b"ok"
    assert b"/early" not in peer.received


def test_requests_before_the_refused_one_are_answered(face: type[HTTPConnection]) -> None:
    with (
        Peer(in_turn(replay(OK, REFUSAL), replay(OK))) as peer,
        client_of(peer, face=face) as connection,
    ):
        connection.send_request("GET", "/before")
        expect(connection)
        assert connection.read_response().path == "/before"
        connection.discard()
        assert connection.read_response().status == 417
        connection.discard()
        assert fetch(connection, "/next").body == b"ok"


def test_late_100_is_passed_over_after_skip_continue(face: type[HTTPConnection]) -> None:
    def handle(connection: Connection) -> None:
        connection.receive_head()
        assert connection.receive(5) == b"12345"
        connection.send(CONTINUE, OK)
        connection.receive_until_eof()

    with Peer(handle) as peer, client_of(peer, face=face) as connection:
        expect(connection)
        connection.skip_continue()
        connection.write(b"12345")
        response = connection.read_response()
        assert (response.status, [passed.status for passed in response.interim]) == (200, [100])
        assert connection.readall() == b"ok"


def test_chunked_body_and_trailers_follow_the_100(face: type[HTTPConnection]) -> None:
    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.send(CONTINUE)
        assert connection.receive_chunked() == (b"12345", b"X-Sum: 15\r\n")
        connection.send(OK)
        connection.receive_until_eof()

    with Peer(handle) as peer, client_of(peer, face=face) as connection:
        expect(connection, BodyFollowing())
        assert connection.read_response().status == 100
        connection.write(b"123")
        connection.write(b"45")
        connection.end_body({"X-Sum": "15"})
        assert connection.read_response().status == 200


def test_server_that_closes_instead_is_told(face: type[HTTPConnection]) -> None:
    def handle(connection: Connection) -> None:
        connection.receive_head()

    with Peer(handle) as peer, client_of(peer, face=face) as connection:
        expect(connection)
        with pytest.raises(ConnectionClosed):
            connection.read_response()
        assert connection.response_pending()
