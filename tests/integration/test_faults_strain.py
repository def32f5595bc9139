"""Nothing is lost where the kernel gives little: small buffers, and signals every millisecond."""

import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

import pytest

from dugong import (
    BodyFollowing,
    ConnectionTimedOut,
    HTTPConnection,
    Layers,
)
from tests.integration.certificates import TlsContexts
from tests.integration.drive import (
    at_best,
    both_faces,
    client_of,
    takes,
    with_layers,
)
from tests.integration.fault_clients import SMALL_BUFFER, open_with_small_buffers
from tests.integration.peers import Connection, Peer, silent_address, wait_for

BODY: Final = os.urandom(24_000)
PIECE: Final = 997  # octets of a chunk
CHUNKS: Final = b"".join(
    b"%x\r\n%b\r\n" % (len(BODY[begin : begin + PIECE]), BODY[begin : begin + PIECE])
    for begin in range(0, len(BODY), PIECE)
)
TIMEOUT: Final = 0.2  # seconds
SIGNAL_INTERVAL: Final = 0.001  # seconds
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
