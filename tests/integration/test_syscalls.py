"""How many syscalls an exchange costs, counted where the library calls the system."""

import select
import socket
import threading
from collections import Counter

import pytest

from dugong import BodyFollowing, HTTPConnection, Layers
from dugong.network.open_transport import open_transport
from dugong.network.transport import Transport
from tests.integration.drive import both_faces, client_of, fetch, with_layers
from tests.integration.peers import Connection, Peer, replay, wait_for

pytestmark = both_faces

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MANY = 50

real_poll = select.poll


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the calls of poll, send and recv."""
    counter: Counter[str] = Counter()

    class CountingPoll:
        def __init__(self) -> None:
            self.inner = real_poll()
            self.register = self.inner.register

        def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
            counter["poll"] += 1
            return self.inner.poll(timeout)

    monkeypatch.setattr(select, "poll", CountingPoll)
    return counter


@pytest.fixture
def counted(face: type[HTTPConnection], calls: Counter[str]) -> type[HTTPConnection]:
    """A class of connections whose calls of the system are counted in `calls`."""

    class CountingSocket(socket.socket):
        def send(self, data: bytes, flags: int = 0, /) -> int:  # type: ignore[override]
            calls["send"] += 1
            return super().send(data, flags)

        def recv_into(self, buffer: memoryview) -> int:  # type: ignore[override]  # a part of it
            calls["recv"] += 1
            return super().recv_into(buffer)

    def open_counting(sock: socket.socket) -> Transport:
        return open_transport(CountingSocket(fileno=sock.detach()))

    return with_layers(face, Layers(transport=open_counting))


def test_small_get_is_two_polls_a_send_and_a_receive(
    counted: type[HTTPConnection], calls: Counter[str]
) -> None:
    with Peer(replay(*[OK] * (MANY + 1))) as peer, client_of(peer, face=counted) as connection:
        fetch(connection, "/")
        calls.clear()
        for _ in range(MANY):
            assert fetch(connection, "/").body == b"ok"
    # One poll is the look at the idle connection, which does not wait; the other one waits.
    assert calls == {"poll": 2 * MANY, "send": MANY, "recv": MANY}


def test_small_body_goes_out_with_its_head(
    counted: type[HTTPConnection], calls: Counter[str]
) -> None:
    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.receive(1000)
        connection.send(OK)
        connection.receive_until_eof()

    with Peer(handle) as peer, client_of(peer, face=counted) as connection:
        connection.connect()
        calls.clear()
        assert fetch(connection, "/", method="PUT", body=bytes(1000)).body == b"ok"
    assert calls == {"poll": 2, "send": 1, "recv": 1}


def test_small_chunk_is_one_send(counted: type[HTTPConnection], calls: Counter[str]) -> None:
    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.receive_chunked()
        connection.send(OK)
        connection.receive_until_eof()

    with Peer(handle) as peer, client_of(peer, face=counted) as connection:
        connection.send_request("PUT", "/", body=BodyFollowing())
        calls.clear()
        for _ in range(10):
            connection.write(b"a small piece")
        connection.end_body()
        assert calls == {"send": 11}
        assert connection.read_response().status == 200


def test_pipelined_get_is_a_send_and_responses_are_received_together(
    counted: type[HTTPConnection], calls: Counter[str]
) -> None:
    def handle(connection: Connection) -> None:
        for _ in range(MANY):
            connection.receive_head()
        connection.send(OK * MANY)
        sent.set()
        connection.receive_until_eof()

    sent = threading.Event()
    with Peer(handle) as peer, client_of(peer, face=counted) as connection:
        connection.connect()
        calls.clear()
        for _ in range(MANY):
            connection.send_request("GET", "/")
        assert calls == {"poll": 1, "send": MANY}
        wait_for(sent)
        calls.clear()
        for _ in range(MANY):
            connection.read_response()
            assert connection.readall() == b"ok"
    assert calls == {"poll": 1, "recv": 1}


def test_requests_are_not_held_back_by_the_kernel(
    face: type[HTTPConnection],
) -> None:
    delays: list[bool] = []

    def open_and_look(sock: socket.socket) -> Transport:
        delays.append(not sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return open_transport(sock)

    looking = with_layers(face, Layers(transport=open_and_look))
    with Peer(replay(OK)) as peer, client_of(peer, face=looking) as connection:
        fetch(connection, "/")
    assert delays == [False]
