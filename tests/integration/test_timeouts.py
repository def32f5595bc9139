"""`timeout` limits every wait: a server that falls silent costs so long, and not longer."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from dugong import (
    BodyFollowing,
    ConnectionTimedOut,
    HTTPConnection,
    is_temp_network_error,
)
from tests.integration.certificates import TlsContexts
from tests.integration.drive import (
    both_faces,
    client_of,
    fetch,
    no_descriptor_leak,
    reaching,
    takes,
)
from tests.integration.peers import (
    TIME_LIMIT,
    Connection,
    Handler,
    Peer,
    may_be_cut,
    refused_port,
    replay,
    silent_address,
    wait_for,
)

pytestmark = both_faces

TIMEOUT = 0.1  # seconds
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LARGE = 100_000_000


@contextlib.contextmanager
def times_out(seconds: float = TIMEOUT) -> Iterator[None]:
    with takes(seconds), pytest.raises(ConnectionTimedOut) as caught:
        yield
    assert is_temp_network_error(caught.value)


def receive_until_eof(connection: Connection) -> None:
    """Say nothing."""
    connection.receive_until_eof()


def stall_behind(octets: bytes) -> Handler:
    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.send(octets)
        connection.receive_until_eof()

    return handle


class TestConnecting:
    def test_tcp_connect(self, face: type[HTTPConnection]) -> None:
        with (
            no_descriptor_leak(),
            silent_address() as address,
            face(*address, timeout=TIMEOUT) as connection,
        ):
            for _ in range(2):
                with times_out():
                    connection.connect()

    def test_tcp_connect_by_a_request_books_nothing(self, face: type[HTTPConnection]) -> None:
        with silent_address() as address, face(*address, timeout=TIMEOUT) as connection:
            with times_out():
                connection.send_request("GET", "/")
            assert not connection.response_pending()

    def test_tls_handshake(self, face: type[HTTPConnection], tls_contexts: TlsContexts) -> None:
        with no_descriptor_leak(), Peer(receive_until_eof) as peer:
            address = (peer.host, peer.port, tls_contexts.client)
            with face(*address, timeout=TIMEOUT) as connection, times_out():
                connection.connect()

    def test_tunnel(self, face: type[HTTPConnection], tls_contexts: TlsContexts) -> None:
        with no_descriptor_leak(), Peer(receive_until_eof) as peer:
            where = ("localhost", 443, tls_contexts.client, peer.address)
            with face(*where, timeout=TIMEOUT) as connection, times_out():
                connection.connect()

    def test_tunnel_in_the_middle_of_the_answer(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts
    ) -> None:
        with Peer(stall_behind(b"HTTP/1.1 200 Op")) as peer:
            where = ("localhost", 443, tls_contexts.client, peer.address)
            with face(*where, timeout=TIMEOUT) as connection, times_out():
                connection.connect()

    def test_tls_handshake_inside_of_a_tunnel(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts
    ) -> None:
        with Peer(stall_behind(b"HTTP/1.1 200 Opened\r\n\r\n")) as peer:
            where = ("localhost", 443, tls_contexts.client, peer.address)
            with face(*where, timeout=TIMEOUT) as connection, times_out():
                connection.connect()

    def test_same_call_can_be_made_again(self, face: type[HTTPConnection]) -> None:
        with silent_address() as (host, port), Peer(replay(OK)) as peer:
            addresses = [(host, port)]
            with reaching(face, addresses)("example.com", timeout=TIMEOUT) as connection:
                with times_out():
                    connection.send_request("GET", "/")
                addresses[:] = [peer.address]
                assert fetch(connection, "/").body == b"ok"


class TestSeveralAddresses:
    def client(self, face: type[HTTPConnection], *addresses: tuple[str, int]) -> HTTPConnection:
        return reaching(face, addresses)("example.com", timeout=TIMEOUT)

    def test_next_one_is_tried_after_a_timeout(self, face: type[HTTPConnection]) -> None:
        with (
            no_descriptor_leak(),
            silent_address() as silent,
            Peer(replay(OK)) as peer,
            self.client(face, silent, peer.address) as connection,
        ):
            with takes(TIMEOUT):
                connection.connect()
            assert fetch(connection, "/").body == b"ok"

    def test_next_one_is_tried_after_a_refusal(self, face: type[HTTPConnection]) -> None:
        with (
            refused_port() as port,
            Peer(replay(OK)) as peer,
            self.client(face, ("127.0.0.1", port), peer.address) as connection,
        ):
            assert fetch(connection, "/").body == b"ok"

    def test_each_has_the_whole_time(self, face: type[HTTPConnection]) -> None:
        with (
            silent_address() as one,
            silent_address() as two,
            self.client(face, one, two) as connection,
            times_out(2 * TIMEOUT),
        ):
            connection.connect()

    def test_last_error_is_told(self, face: type[HTTPConnection]) -> None:
        with silent_address() as silent, refused_port() as port:
            connection = self.client(face, silent, ("127.0.0.1", port))
            with connection, pytest.raises(ConnectionRefusedError):
                connection.connect()

    def test_name_of_both_families_reaches_the_one_that_listens(
        self, face: type[HTTPConnection]
    ) -> None:
        with (
            Peer(replay(OK)) as peer,
            face("localhost", peer.port, timeout=TIME_LIMIT) as connection,
        ):
            assert fetch(connection, "/").body == b"ok"


UNFINISHED_BODIES = [
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", id="sized"),
    pytest.param(b"HTTP/1.1 200 OK\r\n\r\nhalf", id="until-close"),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", id="in-a-chunk"
    ),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        id="behind-a-chunk",
    ),
]


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
class TestOpenConnection:
    def client(
        self, peer: Peer, contexts: TlsContexts, face: type[HTTPConnection]
    ) -> HTTPConnection:
        connection = client_of(peer, contexts, face)
        connection.connect()
        connection.timeout = TIMEOUT
        return connection

    def peer(self, handler: Handler, contexts: TlsContexts, *, secure: bool) -> Peer:
        return Peer(may_be_cut(handler), tls=contexts.server if secure else None)

    @pytest.mark.parametrize("octets", [b"", b"H", OK[:-3]], ids=["nothing", "an-octet", "most"])
    def test_head(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts, secure: bool, octets: bytes
    ) -> None:
        with (
            self.peer(stall_behind(octets), tls_contexts, secure=secure) as peer,
            self.client(peer, tls_contexts, face) as connection,
        ):
            connection.send_request("GET", "/")
            with times_out():
                connection.read_response()

    @pytest.mark.parametrize("answer", UNFINISHED_BODIES)
    def test_body(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts, secure: bool, answer: bytes
    ) -> None:
        with (
            self.peer(stall_behind(answer), tls_contexts, secure=secure) as peer,
            self.client(peer, tls_contexts, face) as connection,
        ):
            connection.send_request("GET", "/")
            connection.read_response()
            with times_out():
                connection.readall()

    @pytest.mark.parametrize(
        "read",
        [
            pytest.param(lambda connection: connection.read(9), id="read"),
            pytest.param(lambda connection: connection.readinto(bytearray(9)), id="readinto"),
            pytest.param(lambda connection: connection.discard(), id="discard"),
        ],
    )
    def test_body_of_which_nothing_comes(
        self,
        face: type[HTTPConnection],
        tls_contexts: TlsContexts,
        secure: bool,
        read: Callable[[HTTPConnection], object],
    ) -> None:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
        with (
            self.peer(stall_behind(answer), tls_contexts, secure=secure) as peer,
            self.client(peer, tls_contexts, face) as connection,
        ):
            connection.send_request("GET", "/")
            connection.read_response()
            with times_out():
                read(connection)

    def test_write(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts, secure: bool
    ) -> None:
        release = threading.Event()

        def handle(connection: Connection) -> None:
            connection.receive_head()
            wait_for(release)

        with (
            self.peer(handler=handle, contexts=tls_contexts, secure=secure) as peer,
            self.client(peer, tls_contexts, face) as connection,
        ):
            connection.send_request("PUT", "/", body=BodyFollowing(LARGE))
            fill(connection)
            release.set()

    def test_request_with_a_large_body(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts, secure: bool
    ) -> None:
        release = threading.Event()

        def handle(connection: Connection) -> None:
            wait_for(release)

        with (
            self.peer(handler=handle, contexts=tls_contexts, secure=secure) as peer,
            self.client(peer, tls_contexts, face) as connection,
        ):
            with pytest.raises(ConnectionTimedOut):
                connection.send_request("PUT", "/", {"Content-MD5": "x"}, bytes(LARGE // 5))
            release.set()


def fill(connection: HTTPConnection) -> None:
    """Write until a write takes so long as the timeout says: the last of them times out."""
    piece = bytes(65536)
    for _ in range(LARGE // len(piece)):
        start = time.monotonic()
        try:
            connection.write(piece)
        except ConnectionTimedOut:
            # The kernels may have moved some of it before they stopped.
            assert TIMEOUT - 0.01 <= time.monotonic() - start <= 2 * TIMEOUT
            return
    pytest.fail("the peer read on")


class TestProgress:
    def test_wait_starts_anew_after_every_octet(self, face: type[HTTPConnection]) -> None:
        tick = threading.Event()

        def handle(connection: Connection) -> None:
            connection.receive_head()
            for octet in OK:
                tick.wait(TIMEOUT / 10)
                connection.send(bytes([octet]))

        with Peer(handle) as peer, client_of(peer, face=face, timeout=TIMEOUT) as connection:
            start = time.monotonic()
            assert fetch(connection, "/").body == b"ok"
            assert time.monotonic() - start > TIMEOUT

    def test_read_goes_on_after_a_timeout(self, face: type[HTTPConnection]) -> None:
        go_on = [threading.Event() for _ in range(3)]

        def handle(connection: Connection) -> None:
            connection.receive_head()
            for event, octets in zip(go_on, (OK[:10], OK[10:-1], OK[-1:]), strict=True):
                wait_for(event)
                connection.send(octets)
            connection.receive_until_eof()

        with Peer(handle) as peer, client_of(peer, face=face, timeout=0.05) as connection:
            connection.send_request("GET", "/")
            with pytest.raises(ConnectionTimedOut):
                connection.read_response()
            go_on[0].set()
            with pytest.raises(ConnectionTimedOut):
                connection.read_response()
            go_on[1].set()
            connection.timeout = TIME_LIMIT
            assert connection.read_response().status == 200
            connection.timeout = 0.05
            with pytest.raises(ConnectionTimedOut):
                connection.readall()
            go_on[2].set()
            connection.timeout = TIME_LIMIT
            assert connection.read(1) == b"o"
            assert connection.read(1) == b"k"

    def test_zero_does_not_wait(self, face: type[HTTPConnection]) -> None:
        with Peer(receive_until_eof) as peer, client_of(peer, face=face) as connection:
            connection.send_request("GET", "/")
            connection.timeout = 0
            with times_out(0):
                connection.read_response()


def test_coroutines_ignore_the_timeout(face: type[HTTPConnection]) -> None:
    with Peer(receive_until_eof) as peer, client_of(peer, face=face) as connection:
        connection.send_request("GET", "/")
        connection.timeout = 0.01
        suspended = connection.co_read_response()
        assert not next(suspended).poll(0.05)
        assert not next(suspended).poll(0)
        suspended.close()
