"""TLS 1.2 renegotiates: a write waits for input, a read for output, and nothing is lost."""

import contextlib
import ssl
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Final

import pytest

from dugong import ConnectionClosed, ConnectionTimedOut, HTTPConnection, PollNeeded
from dugong.polling import POLLIN
from tests.integration.certificates import TlsContexts
from tests.integration.drive import at_best, in_background, takes
from tests.integration.faults import drive
from tests.integration.peers import TIME_LIMIT
from tests.integration.renegotiation import RenegotiatingServer

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TIMEOUT: Final = 0.2  # seconds
IDLE: Final = 0.05  # seconds after which a server looks whether its clients are done


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
        next(reading)  # the first one waits before it receives
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
        next(reading)  # the first one waits before it receives
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
        sent: SimpleQueue[int] = SimpleQueue()

        def send() -> None:
            for number in range(count):
                client.send_request("PUT", f"/{number}", body=b"x" * 200)
                sent.put(number)

        def read() -> None:
            for number in range(count):
                assert sent.get(timeout=TIME_LIMIT) == number
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
