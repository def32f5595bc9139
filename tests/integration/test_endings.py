"""How connections end, and that the same object then opens a new one."""

import socket
import ssl
import threading
from collections.abc import Callable, Generator

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    HTTPConnection,
    InvalidResponse,
    Layers,
    PollNeeded,
    UnsupportedResponse,
    is_temp_network_error,
)
from dugong.network.connector import Connector
from dugong.polling import POLLIN
from tests.integration.certificates import TlsContexts
from tests.integration.drive import (
    both_faces,
    client_of,
    fetch,
    no_descriptor_leak,
    read_all,
    with_layers,
)
from tests.integration.peers import (
    TIME_LIMIT,
    Connection,
    Handler,
    Peer,
    await_input,
    in_turn,
    may_be_cut,
    refused_port,
    replay,
    wait_for,
)

pytestmark = both_faces

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSING = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlast"


def close_with(octets: bytes) -> Handler:
    """Return a handler that answers the first request with *octets*, and closes in order."""

    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.send(octets)

    return handle


def reset_with(octets: bytes) -> Handler:
    """Return a handler that answers the first request with *octets*, and then resets."""

    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.send(octets)
        connection.reset()

    return handle


class TestConnectionClose:
    def test_pending_requests_are_told_that_they_are_lost(self, face: type[HTTPConnection]) -> None:
        with Peer(replay(OK, CLOSING)) as peer, client_of(peer, face=face) as connection:
            for _ in range(5):
                connection.send_request("GET", "/")
            for body in (b"ok", b"last"):
                connection.read_response()
                assert connection.readall() == body
            for _ in range(3):
                assert connection.response_pending()
                with pytest.raises(ConnectionClosed):
                    connection.read_response()

    def test_nothing_is_sent_once_the_head_was_read(self, face: type[HTTPConnection]) -> None:
        with Peer(replay(CLOSING)) as peer, client_of(peer, face=face) as connection:
            connection.send_request("GET", "/")
            connection.read_response()
            with pytest.raises(ConnectionClosed):
                connection.send_request("GET", "/not-sent")
            assert connection.readall() == b"last"
            with pytest.raises(ConnectionClosed):
                connection.send_request("GET", "/not-sent")
        assert b"/not-sent" not in peer.received

    def test_socket_is_closed_at_the_end_of_the_body(self, face: type[HTTPConnection]) -> None:
        ended = threading.Event()

        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(CLOSING)
            assert connection.receive_until_eof() == b""
            ended.set()

        with Peer(handle) as peer, client_of(peer, face=face) as connection:
            fetch(connection, "/")
            wait_for(ended)

    def test_disconnect_makes_the_object_as_new(self, face: type[HTTPConnection]) -> None:
        handler = in_turn(replay(CLOSING), replay(OK))
        with Peer(handler) as peer, client_of(peer, face=face) as connection:
            for _ in range(3):
                connection.send_request("GET", "/")
            connection.read_response()
            connection.disconnect()
            assert not connection.response_pending()
            assert fetch(connection, "/").body == b"ok"

    def test_callers_own_close_ends_sending(self, face: type[HTTPConnection]) -> None:
        with Peer(replay(OK)) as peer, client_of(peer, face=face) as connection:
            connection.send_request("GET", "/", {"Connection": "close"})
            with pytest.raises(ConnectionClosed):
                connection.send_request("GET", "/not-sent")
            connection.read_response()
            assert connection.readall() == b"ok"
            assert not connection.response_pending()
            with pytest.raises(ConnectionClosed):
                connection.read_response()
        assert b"/not-sent" not in peer.received

    def test_callers_own_close_with_a_body_ends_sending_after_it(
        self, face: type[HTTPConnection]
    ) -> None:
        def handle(connection: Connection) -> None:
            connection.receive_head()
            assert connection.receive(5) == b"12345"
            connection.send(OK)

        with Peer(handle) as peer, client_of(peer, face=face) as connection:
            connection.send_request("PUT", "/", {"Connection": "close"}, BodyFollowing(5))
            connection.write(b"12345")
            with pytest.raises(ConnectionClosed):
                connection.send_request("GET", "/not-sent")
            assert connection.read_response().status == 200


class TestHttp10:
    def test_body_ends_with_the_connection(self, face: type[HTTPConnection]) -> None:
        handler = close_with(b"HTTP/1.0 200 OK\r\n\r\nold times")
        with Peer(handler) as peer, client_of(peer, face=face) as connection:
            got = fetch(connection, "/")
            assert (got.body, got.response.length) == (b"old times", None)

    def test_connection_is_not_kept(self, face: type[HTTPConnection]) -> None:
        handler = replay(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
        with Peer(handler) as peer, client_of(peer, face=face) as connection:
            assert fetch(connection, "/").body == b"ok"
            with pytest.raises(ConnectionClosed):
                connection.send_request("GET", "/")

    def test_connection_is_kept_where_the_server_says_so(self, face: type[HTTPConnection]) -> None:
        kept = b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok"
        with Peer(replay(kept, kept)) as peer, client_of(peer, face=face) as connection:
            for _ in range(2):
                assert fetch(connection, "/").body == b"ok"

    def test_reset_is_no_end_of_a_body(self, face: type[HTTPConnection]) -> None:
        handler = reset_with(b"HTTP/1.0 200 OK\r\n\r\nold times")
        with Peer(handler) as peer, client_of(peer, face=face) as connection:
            connection.send_request("GET", "/")
            connection.read_response()
            with pytest.raises(ConnectionClosed):
                connection.readall()


SHORT_BODIES = [
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", id="sized"),
    pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", id="chunked"),
]


@pytest.mark.parametrize("answer", SHORT_BODIES)
@pytest.mark.parametrize("end", [close_with, reset_with], ids=["FIN", "RST"])
class TestShortBody:
    def test_readall_raises(
        self, face: type[HTTPConnection], end: Callable[[bytes], Handler], answer: bytes
    ) -> None:
        with Peer(end(answer)) as peer, client_of(peer, face=face) as connection:
            connection.send_request("GET", "/")
            connection.read_response()
            with pytest.raises(ConnectionClosed) as caught:
                connection.readall()
            assert is_temp_network_error(caught.value)

    def test_discard_raises(
        self, face: type[HTTPConnection], end: Callable[[bytes], Handler], answer: bytes
    ) -> None:
        with Peer(end(answer)) as peer, client_of(peer, face=face) as connection:
            connection.send_request("GET", "/")
            connection.read_response()
            with pytest.raises(ConnectionClosed):
                connection.discard()

    def test_read_gives_what_came_and_then_raises(
        self, face: type[HTTPConnection], end: Callable[[bytes], Handler], answer: bytes
    ) -> None:
        with Peer(end(answer)) as peer, client_of(peer, face=face) as connection:
            connection.send_request("GET", "/")
            connection.read_response()
            octets = bytearray()
            with pytest.raises(ConnectionClosed):
                read_all(connection, octets)
            assert octets == b"half"


def fail_to_be_told(connection: HTTPConnection) -> None:
    with pytest.raises(ConnectionClosed):
        fetch(connection, "/")


def meet_nonsense(connection: HTTPConnection) -> None:
    with pytest.raises(InvalidResponse):
        fetch(connection, "/")


def meet_another_version(connection: HTTPConnection) -> None:
    with pytest.raises(UnsupportedResponse):
        fetch(connection, "/")


def time_out(connection: HTTPConnection) -> None:
    connection.timeout = 0.02
    with pytest.raises(ConnectionTimedOut):
        fetch(connection, "/")
    connection.timeout = TIME_LIMIT


def meet_an_idle_close(connection: HTTPConnection) -> None:
    assert fetch(connection, "/").body == b"ok"
    with pytest.raises((ConnectionClosed, InvalidResponse)):
        fetch(connection, "/")


def leave_a_body(connection: HTTPConnection) -> None:
    connection.send_request("GET", "/")
    connection.read_response()
    assert connection.response_pending()


def leave_an_upload(connection: HTTPConnection) -> None:
    connection.send_request("PUT", "/", body=BodyFollowing(5))
    connection.write(b"123")


@pytest.mark.parametrize(
    ("handler", "fail"),
    [
        pytest.param(close_with(b""), fail_to_be_told, id="closed-before-the-head"),
        pytest.param(close_with(b"HTTP/1.1 2"), fail_to_be_told, id="closed-within-the-head"),
        pytest.param(reset_with(b""), fail_to_be_told, id="reset"),
        pytest.param(close_with(OK[:-1]), fail_to_be_told, id="short-body"),
        pytest.param(replay(b"SSH-2.0-x\r\n\r\n"), meet_nonsense, id="not-http"),
        pytest.param(replay(b"HTTP/2.0 200 OK\r\n\r\n"), meet_another_version, id="version"),
        pytest.param(replay(OK[:-2].replace(b": 2", b": x")), meet_nonsense, id="faulty-framing"),
        pytest.param(replay(), time_out, id="timeout"),
        pytest.param(replay(OK), leave_a_body, id="body-not-read"),
        pytest.param(may_be_cut(replay()), leave_an_upload, id="upload-not-complete"),
        pytest.param(close_with(OK), meet_an_idle_close, id="idle-close"),
        pytest.param(reset_with(OK), meet_an_idle_close, id="idle-reset"),
        pytest.param(replay(OK + OK), meet_an_idle_close, id="stray-response"),
    ],
)
def test_new_connection_after_any_failure(
    face: type[HTTPConnection], handler: Handler, fail: Callable[[HTTPConnection], None]
) -> None:
    with (
        no_descriptor_leak(),
        Peer(in_turn(may_be_cut(handler), replay(OK))) as peer,
        client_of(peer, face=face) as connection,
    ):
        fail(connection)
        connection.disconnect()
        assert not connection.response_pending()
        assert fetch(connection, "/").body == b"ok"


class TestFailedConnect:
    """A connection that was never there owes nothing: the same call is made again."""

    def test_refused(self, face: type[HTTPConnection]) -> None:
        with (
            no_descriptor_leak(),
            refused_port() as port,
            face("127.0.0.1", port) as connection,
        ):
            for _ in range(2):
                with pytest.raises(ConnectionRefusedError) as caught:
                    connection.send_request("GET", "/")
                assert is_temp_network_error(caught.value)
                assert not connection.response_pending()

    def test_failed_handshake(self, face: type[HTTPConnection], tls_contexts: TlsContexts) -> None:
        def greet(connection: Connection) -> None:
            connection.start_tls(tls_contexts.wrong_name_server)

        def serve(connection: Connection) -> None:
            connection.start_tls(tls_contexts.server)
            replay(OK)(connection)

        with no_descriptor_leak(), Peer(in_turn(may_be_cut(greet), serve)) as peer:
            address = ("localhost", peer.port, tls_contexts.client)
            with face(*address, timeout=TIME_LIMIT) as connection:
                with pytest.raises(ssl.SSLCertVerificationError):
                    connection.send_request("GET", "/")
                assert not connection.response_pending()
                assert fetch(connection, "/").body == b"ok"

    def test_reset_before_the_handshake_leaves_no_descriptor(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts
    ) -> None:
        class LateConnector(Connector):
            def co_connect_socket(self) -> Generator[PollNeeded, None, socket.socket]:
                sock = yield from super().co_connect_socket()
                assert PollNeeded(sock.fileno(), POLLIN).poll(TIME_LIMIT)  # the reset has come
                return sock

        client = with_layers(face, Layers(connector=LateConnector))
        with (
            no_descriptor_leak(),
            Peer(Connection.reset) as peer,
            client("127.0.0.1", peer.port, tls_contexts.client) as connection,
            pytest.raises((ConnectionClosed, ConnectionResetError)),
        ):
            connection.connect()

    def test_handshake_that_was_cut(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts
    ) -> None:
        def serve(connection: Connection) -> None:
            connection.start_tls(tls_contexts.server)
            replay(OK)(connection)

        with Peer(in_turn(Connection.close, Connection.reset, serve)) as peer:
            address = ("127.0.0.1", peer.port, tls_contexts.client)
            with face(*address, timeout=TIME_LIMIT) as connection:
                for _ in range(2):
                    with pytest.raises((ConnectionClosed, ConnectionResetError)) as caught:
                        connection.send_request("GET", "/")
                    assert is_temp_network_error(caught.value)
                assert fetch(connection, "/").body == b"ok"


class TestIdleLook:
    """What comes while nothing is owed is never an answer."""

    @pytest.mark.parametrize(
        ("stray", "expected"),
        [
            pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", InvalidResponse, id="response"),
            pytest.param(b"x", InvalidResponse, id="octet"),
            pytest.param(b"HTTP/1.1 408 Timeout\r\n\r\n", ConnectionClosed, id="408"),
            pytest.param(b"\r\n" * 5, InvalidResponse, id="many-empty-lines"),
        ],
    )
    def test_stray_octets_stop_the_next_request(
        self, face: type[HTTPConnection], stray: bytes, expected: type[Exception]
    ) -> None:
        with Peer(replay(OK + stray)) as peer, client_of(peer, face=face) as connection:
            assert fetch(connection, "/").body == b"ok"
            for _ in range(2):
                with pytest.raises(expected):
                    connection.send_request("GET", "/not-sent")
        assert b"/not-sent" not in peer.received

    def test_a_few_empty_lines_are_dropped(self, face: type[HTTPConnection]) -> None:
        handler = replay(OK + b"\r\n" * 4, OK)
        with Peer(handler) as peer, client_of(peer, face=face) as connection:
            for _ in range(2):
                assert fetch(connection, "/").body == b"ok"

    def test_idle_close_is_told_before_anything_is_sent(self, face: type[HTTPConnection]) -> None:
        closed = threading.Event()

        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(OK)
            connection.close()
            closed.set()

        with Peer(handle) as peer, client_of(peer, face=face) as connection:
            assert fetch(connection, "/").body == b"ok"
            wait_for(closed)
            await_input(connection)
            with pytest.raises(ConnectionClosed, match="idle"):
                connection.send_request("POST", "/", body=b"precious")
            assert not connection.response_pending()


def test_read_raw_shows_what_was_not_accepted(face: type[HTTPConnection]) -> None:
    with Peer(replay(b"SSH-2.0-example\r\n")) as peer, client_of(peer, face=face) as connection:
        connection.send_request("GET", "/")
        with pytest.raises(InvalidResponse):
            connection.read_response()
        assert connection.read_raw(17) == b"SSH-2.0-example\r\n"
