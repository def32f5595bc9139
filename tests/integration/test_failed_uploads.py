"""Uploads that the server does not read to the end: its error response is not lost."""

import contextlib
import itertools
import threading
from collections.abc import Callable

import pytest

from dugong import BodyFollowing, ConnectionClosed, ConnectionTimedOut, HTTPConnection, StateError
from tests.integration.certificates import TlsContexts
from tests.integration.drive import both_faces, client_of, fetch, no_descriptor_leak, write_all
from tests.integration.peers import (
    Connection,
    Handler,
    Peer,
    in_turn,
    may_be_cut,
    replay,
    wait_for,
)

pytestmark = both_faces

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TOO_LARGE = b"HTTP/1.1 413 Too large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry"
LARGE = 100_000_000
PIECE = bytes(100_000)


def write_until_it_fails(connection: HTTPConnection) -> None:
    with pytest.raises(ConnectionClosed):
        write_all(connection, itertools.repeat(PIECE, LARGE // len(PIECE)))


def refuse(end: Callable[[Connection], None], refused: threading.Event) -> Handler:
    """Return a handler that answers 413 when the body has begun, and then ends the connection."""

    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.discard(len(PIECE))
        connection.send(TOO_LARGE)
        end(connection)
        refused.set()

    return handle


def upload_to(peer: Peer, connection: HTTPConnection, refused: threading.Event) -> None:
    connection.send_request("PUT", "/large", body=BodyFollowing(LARGE))
    connection.write(PIECE)
    wait_for(refused)
    write_until_it_fails(connection)


ways_to_end = pytest.mark.parametrize(
    "end",
    [
        pytest.param(Connection.close, id="FIN"),
        pytest.param(Connection.reset, id="RST"),
    ],
)


@ways_to_end
class TestErrorResponse:
    def test_is_read_after_the_write_failed(
        self, face: type[HTTPConnection], end: Callable[[Connection], None]
    ) -> None:
        refused = threading.Event()
        with Peer(refuse(end, refused)) as peer, client_of(peer, face=face) as connection:
            upload_to(peer, connection, refused)
            assert connection.response_pending()
            response = connection.read_response()
            assert (response.method, response.path, response.status) == ("PUT", "/large", 413)
            assert connection.readall() == b"sorry"

    def test_is_read_behind_the_responses_to_whole_requests(
        self, face: type[HTTPConnection], end: Callable[[Connection], None]
    ) -> None:
        refused = threading.Event()

        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(OK)
            refuse(end, refused)(connection)

        with Peer(handle) as peer, client_of(peer, face=face) as connection:
            connection.send_request("GET", "/whole")
            upload_to(peer, connection, refused)
            assert connection.read_response().path == "/whole"
            assert connection.readall() == b"ok"
            assert connection.read_response().status == 413
            assert connection.readall() == b"sorry"

    def test_sends_say_why_until_disconnect(
        self, face: type[HTTPConnection], end: Callable[[Connection], None]
    ) -> None:
        refused = threading.Event()
        handler = in_turn(refuse(end, refused), replay(OK))
        with Peer(handler) as peer, client_of(peer, face=face) as connection:
            upload_to(peer, connection, refused)
            with pytest.raises(ConnectionClosed, match="sending failed"):
                connection.write(b"x")
            with pytest.raises(ConnectionClosed, match="sending failed"):
                connection.end_body()
            with pytest.raises(ConnectionClosed, match="sending failed"):
                connection.send_request("GET", "/next")
            connection.disconnect()
            assert fetch(connection, "/next").body == b"ok"

    def test_unanswered_upload_is_closed_without_waiting(
        self, face: type[HTTPConnection], end: Callable[[Connection], None]
    ) -> None:
        ended = threading.Event()

        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.discard(len(PIECE))
            end(connection)
            ended.set()

        with Peer(handle) as peer, client_of(peer, face=face) as connection:
            upload_to(peer, connection, ended)
            assert connection.response_pending()
            with pytest.raises(ConnectionClosed):
                connection.read_response()


def test_error_response_over_tls_is_read(
    face: type[HTTPConnection], tls_contexts: TlsContexts
) -> None:
    refused = threading.Event()
    handler = refuse(Connection.close, refused)
    with (
        Peer(handler, tls=tls_contexts.server) as peer,
        client_of(peer, tls_contexts, face) as connection,
    ):
        upload_to(peer, connection, refused)
        assert connection.read_response().status == 413
        assert connection.readall() == b"sorry"


def test_response_that_ends_by_closing_is_not_complete_after_a_failed_send(
    face: type[HTTPConnection],
) -> None:
    refused = threading.Event()

    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.discard(len(PIECE))
        connection.send(b"HTTP/1.1 413 Too large\r\n\r\nsorr")
        connection.close()
        refused.set()

    with Peer(handle) as peer, client_of(peer, face=face) as connection:
        upload_to(peer, connection, refused)
        assert connection.read_response().status == 413
        assert connection.read(10) == b"sorr"
        with pytest.raises(ConnectionClosed):
            connection.read(10)


def stall(answered: threading.Event, asked: threading.Event) -> Handler:
    """Return a handler that does not read a body, and answers when it is *asked*."""

    def handle(connection: Connection) -> None:
        connection.receive_head()
        wait_for(asked)
        connection.send(TOO_LARGE)
        answered.set()
        with contextlib.suppress(ConnectionError):
            connection.receive_until_eof()

    return handle


def test_response_is_read_after_a_write_timed_out(face: type[HTTPConnection]) -> None:
    answered, asked = threading.Event(), threading.Event()
    with (
        Peer(may_be_cut(stall(answered, asked)), receive_buffer=10_000) as peer,
        client_of(peer, face=face, timeout=0.1) as connection,
    ):
        connection.send_request("PUT", "/large", body=BodyFollowing(LARGE))
        with pytest.raises(ConnectionTimedOut):
            connection.write(bytes(20_000_000))
        asked.set()
        wait_for(answered)
        assert connection.read_response().status == 413
        assert connection.readall() == b"sorry"


def test_response_is_not_waited_for_after_a_write_timed_out(face: type[HTTPConnection]) -> None:
    answered, asked = threading.Event(), threading.Event()
    with (
        Peer(may_be_cut(stall(answered, asked)), receive_buffer=10_000) as peer,
        client_of(peer, face=face, timeout=0.1) as connection,
    ):
        connection.send_request("PUT", "/large", body=BodyFollowing(LARGE))
        with pytest.raises(ConnectionTimedOut):
            connection.write(bytes(20_000_000))
        with pytest.raises(ConnectionClosed):
            connection.read_response()
        asked.set()


def test_response_before_the_body_is_complete_is_not_read(face: type[HTTPConnection]) -> None:
    with Peer(replay(OK)) as peer, client_of(peer, face=face) as connection:
        connection.send_request("PUT", "/x", body=BodyFollowing(5))
        with pytest.raises(StateError):
            connection.read_response()
        connection.write(b"12345")
        assert connection.read_response().status == 200


def test_failed_upload_leaves_no_descriptor(face: type[HTTPConnection]) -> None:
    refused = threading.Event()
    with (
        no_descriptor_leak(),
        Peer(refuse(Connection.reset, refused)) as peer,
        client_of(peer, face=face) as connection,
    ):
        upload_to(peer, connection, refused)
