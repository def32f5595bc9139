"""Nothing is lost where the kernel gives little: small buffers, signals, wants that cross."""

import contextlib
import os
import signal
import ssl
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    HTTPConnection,
    Layers,
    PollNeeded,
)
from dugong.polling import POLLIN
from tests.integration.certificates import TlsContexts
from tests.integration.drive import (
    at_best,
    both_faces,
    client_of,
    in_background,
    takes,
    with_layers,
)
from tests.integration.fault_clients import SMALL_BUFFER, open_with_small_buffers
from tests.integration.faults import drive
from tests.integration.peers import TIME_LIMIT, Connection, Peer, silent_address, wait_for
from tests.integration.renegotiation import RenegotiatingServer

BODY: Final = os.urandom(24_000)
PIECE: Final = 997  # octets of a chunk
CHUNKS: Final = b"".join(
    b"%x\r\n%b\r\n" % (len(BODY[begin : begin + PIECE]), BODY[begin : begin + PIECE])
    for begin in range(0, len(BODY), PIECE)
)
OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TIMEOUT: Final = 0.2  # seconds
SIGNAL_INTERVAL: Final = 0.001  # seconds
IDLE: Final = 0.05  # seconds after which a server looks whether its clients are done
SIGNALS: Final = 20  # that have to come during exchanges
SMALL: Final = Layers(transport=open_with_small_buffers)

secure_or_not: Final = pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])


def echo(connection: Connection) -> None:
    """Answer an upload in chunks by a sized body, and the other way round."""
    connection.receive_head()
    body, _ = connection.receive_chunked()
    assert body == BODY
    connection.receive_head()
    assert connection.receive(len(BODY)) == BODY
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY), BODY)
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.send(CHUNKS, b"0\r\nX-End: yes\r\n\r\n")
    connection.receive_until_eof()


def upload_and_read(client: HTTPConnection) -> None:
    client.send_request("POST", "/chunked", body=BodyFollowing())
    for begin in range(0, len(BODY), 5_011):
        client.write(BODY[begin : begin + 5_011])
    client.end_body()
    client.send_request("PUT", "/sized", body=BodyFollowing(len(BODY)))
    client.write(BODY)
    assert client.read_response().path == "/chunked"
    body, target = bytearray(), bytearray(17_000)
    while count := client.readinto(target):
        body += target[:count]
    assert body == BODY
    assert client.read_response().path == "/sized"
    assert client.readall() == BODY
    assert client.trailers is not None
    assert client.trailers["X-End"] == "yes"


def echoing(contexts: TlsContexts, *, secure: bool) -> Peer:
    return Peer(
        echo,
        tls=contexts.server if secure else None,
        receive_buffer=SMALL_BUFFER,
        send_buffer=SMALL_BUFFER,
    )


@secure_or_not
@both_faces
def test_small_buffers(face: type[HTTPConnection], tls_contexts: TlsContexts, secure: bool) -> None:
    with (
        echoing(tls_contexts, secure=secure) as peer,
        client_of(peer, tls_contexts, with_layers(face, SMALL)) as client,
    ):
        upload_and_read(client)


@pytest.fixture
def signals() -> Iterator[list[int]]:
    """Signals every millisecond, and those that came."""
    came: list[int] = []

    def count(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = signal.signal(signal.SIGALRM, count)
    signal.setitimer(signal.ITIMER_REAL, SIGNAL_INTERVAL, SIGNAL_INTERVAL)
    yield came
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@secure_or_not
@both_faces
class TestSignals:
    def test_exchange(
        self,
        face: type[HTTPConnection],
        tls_contexts: TlsContexts,
        secure: bool,
        signals: list[int],
    ) -> None:
        with echoing(tls_contexts, secure=secure) as peer:
            while len(signals) < SIGNALS:
                with client_of(peer, tls_contexts, with_layers(face, SMALL)) as client:
                    upload_and_read(client)

    def test_timeout(
        self,
        face: type[HTTPConnection],
        tls_contexts: TlsContexts,
        secure: bool,
        signals: list[int],
    ) -> None:
        tls = tls_contexts.server if secure else None
        with (
            Peer(lambda connection: wait_for(release), tls=tls) as peer,
            client_of(peer, tls_contexts, face) as client,
        ):
            release = threading.Event()
            client.send_request("GET", "/")
            client.timeout = TIMEOUT

            def wait() -> None:
                del signals[:]
                with takes(TIMEOUT), pytest.raises(ConnectionTimedOut):
                    client.read_response()
                assert len(signals) > TIMEOUT / SIGNAL_INTERVAL / 4

            at_best(wait, AssertionError)
            release.set()


@both_faces
def test_timeout_of_a_connect_under_signals(face: type[HTTPConnection], signals: list[int]) -> None:
    with silent_address() as address, face(*address, timeout=TIMEOUT) as client:

        def wait() -> None:
            with takes(TIMEOUT), pytest.raises(ConnectionTimedOut):
                client.connect()

        at_best(wait, AssertionError)
    assert signals


@contextlib.contextmanager
def renegotiating(
    contexts: TlsContexts,
) -> Iterator[tuple[RenegotiatingServer, HTTPConnection]]:
    """Give a server that renegotiates, and a client that is connected to it."""
    context = ssl.create_default_context(cafile=contexts.authority_file)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        RenegotiatingServer(contexts) as server,
        HTTPConnection(server.host, server.port, context, timeout=TIME_LIMIT) as client,
    ):
        drive(client.co_connect(), server.act)
        yield server, client


def wait_for_the_server(contexts: TlsContexts) -> None:
    """Check that a blocking write that needs the server's handshake waits for one timeout."""
    with renegotiating(contexts) as (server, client):
        client.send_request("GET", "/one")
        server.act()
        server.renegotiate()
        client.timeout = 0
        with pytest.raises(ConnectionTimedOut):
            client.read_response()
        client.timeout = TIMEOUT
        with takes(TIMEOUT), pytest.raises(ConnectionTimedOut):
            client.send_request("GET", "/two")


def test_blocking_write_waits_for_a_handshake(tls_contexts: TlsContexts) -> None:
    at_best(lambda: wait_for_the_server(tls_contexts), AssertionError)


class TestRenegotiation:
    @pytest.fixture
    def pair(
        self, tls_contexts: TlsContexts
    ) -> Iterator[tuple[RenegotiatingServer, HTTPConnection]]:
        with renegotiating(tls_contexts) as connected:
            yield connected

    @pytest.fixture
    def server(self, pair: tuple[RenegotiatingServer, HTTPConnection]) -> RenegotiatingServer:
        return pair[0]

    @pytest.fixture
    def client(self, pair: tuple[RenegotiatingServer, HTTPConnection]) -> HTTPConnection:
        return pair[1]

    @pytest.mark.parametrize("behind", [False, True], ids=["before-handshake", "behind-handshake"])
    def test_read_goes_through_it(
        self, server: RenegotiatingServer, client: HTTPConnection, behind: bool
    ) -> None:
        client.send_request("GET", "/")
        server.act()
        server.send(OK[:9])
        server.renegotiate()
        reading = client.co_read_response()
        if behind:
            next(reading)
            while server.is_renegotiating:
                server.act()
                next(reading)
        server.send(OK[9:])
        assert drive(reading, server.act).status == 200
        assert drive(client.co_readall(), server.act) == b"ok"
        assert server.is_renegotiating is not behind

    def test_write_that_meets_data_before_the_handshake_ends_the_connection(
        self, server: RenegotiatingServer, client: HTTPConnection
    ) -> None:
        # OpenSSL takes such data in a read alone; here the write is the first to see it.
        client.send_request("GET", "/")
        server.act()
        server.renegotiate()
        reading = client.co_read_response()
        next(reading)
        server.send(OK)
        with pytest.raises(ssl.SSLError, match="unexpected record"):
            drive(client.co_send_request("GET", "/two"))
        with pytest.raises(ConnectionClosed):
            client.send_request("GET", "/three")
        with pytest.raises((ConnectionClosed, ssl.SSLError)):
            drive(reading, server.act)
        client.disconnect()
        assert not client.response_pending()

    def test_write_waits_for_the_server(
        self, server: RenegotiatingServer, client: HTTPConnection
    ) -> None:
        client.send_request("GET", "/one")
        server.act()
        server.renegotiate()
        reading = client.co_read_response()
        needed = next(reading)
        sending = client.co_send_request("PUT", "/two", body=b"payload")
        assert next(sending) == PollNeeded(needed.fd, POLLIN)
        drive(sending, server.act)
        while server.act():
            pass
        assert server.received.endswith(b"payload")
        server.send(OK + OK)
        assert drive(reading, server.act).path == "/one"
        assert client.readall() == b"ok"
        assert client.read_response().path == "/two"

    def test_two_threads_go_through_it(
        self, server: RenegotiatingServer, client: HTTPConnection
    ) -> None:
        count = 200

        def send() -> None:
            for number in range(count):
                client.send_request("PUT", f"/{number}", body=b"x" * 200)

        def read() -> None:
            for number in range(count):
                assert client.read_response().path == f"/{number}"
                assert client.readall() == b"ok"

        sending, reading = in_background(send), in_background(read)
        answered = renegotiations = 0
        while not (sending.done() and reading.done()):
            server.wait(IDLE)
            server.act()
            asked = min(server.received.count(b"x" * 200), answered + 4)
            # Before the handshake nothing is sent: a write may not meet it (above).
            if asked > answered and not server.is_renegotiating:
                server.send(OK * (asked - answered))
                answered = asked
                server.renegotiate()
                renegotiations += 1
        sending.result()
        reading.result()
        assert renegotiations >= count // 4
