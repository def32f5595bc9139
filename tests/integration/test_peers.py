"""The scripted peers do what a test tells them, seen by plain sockets."""

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from dugong.network.strict_tls import wrap_strictly
from tests.integration.certificates import TlsContexts
from tests.integration.peers import (
    TIME_LIMIT,
    Connection,
    Handler,
    Peer,
    in_turn,
    may_be_cut,
    refused_port,
    replay,
    silent_address,
    wait_for,
)

HEAD = b"GET / HTTP/1.1\r\n\r\n"


def receive_all(sock: socket.socket) -> bytes:
    octets = bytearray()
    while piece := sock.recv(4096):
        octets += piece
    return bytes(octets)


def connect(peer: Peer) -> socket.socket:
    return socket.create_connection(peer.address, timeout=TIME_LIMIT)


@contextlib.contextmanager
def connect_tls(peer: Peer, contexts: TlsContexts) -> Iterator[ssl.SSLSocket]:
    with (
        connect(peer) as plain,
        wrap_strictly(contexts.client, plain, "localhost") as sock,
    ):
        sock.do_handshake()
        yield sock


def ask(handler: Handler, request: bytes) -> bytes:
    """Send *request* and FIN to a peer, return what it answers."""
    with Peer(handler) as peer, connect(peer) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        return receive_all(sock)


def test_replay_answers_each_head_with_the_next_octets() -> None:
    assert ask(replay(b"one", b"two"), HEAD * 2) == b"onetwo"


def test_replay_accepts_a_client_that_closes_early() -> None:
    assert ask(replay(b"one", b"two"), HEAD) == b"one"


def test_connections_and_received_octets_are_recorded() -> None:
    with Peer(replay(b"x")) as peer:
        for number in range(2):
            with connect(peer) as sock:
                sock.sendall(b"%d\r\n\r\n" % number)
                assert sock.recv(1) == b"x"
    assert [bytes(connection.received) for connection in peer.connections] == [
        b"0\r\n\r\n",
        b"1\r\n\r\n",
    ]
    assert peer.received == b"0\r\n\r\n1\r\n\r\n"


def test_who_has_connected_before_the_end_is_served() -> None:
    with Peer(replay()) as peer, connect(peer) as sock:
        sock.sendall(b"last words")
    assert peer.received == b"last words"


def test_in_turn_gives_each_connection_its_own_handler() -> None:
    with Peer(in_turn(replay(b"a"), replay(b"b"))) as peer:
        for answer in (b"a", b"b"):
            with connect(peer) as sock:
                sock.sendall(HEAD)
                assert sock.recv(1) == answer


def test_chunked_body_and_trailers_are_received() -> None:
    def handle(connection: Connection) -> None:
        body, trailers = connection.receive_chunked()
        connection.send(body, b"|", trailers, b"|", connection.receive_until_eof())

    request = b"3\r\nabc\r\na\r\n0123456789\r\n0\r\nX: 1\r\nY: 2\r\n\r\nrest"
    assert ask(handle, request) == b"abc0123456789|X: 1\r\nY: 2\r\n|rest"


@pytest.mark.parametrize("body", [b"A\r\n", b"0x1\r\n", b"1;x\r\n", b"-1\r\n", b"1\r\nab\r\n"])
def test_misframed_chunk_is_an_error(body: bytes) -> None:
    def handle(connection: Connection) -> None:
        with pytest.raises(ValueError, match="chunk"):
            connection.receive_chunked()

    ask(handle, body)


def test_sized_body_is_received_and_discarded() -> None:
    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.send(connection.receive(4))
        connection.discard(3_000_000)
        connection.send(connection.receive(3))

    assert ask(handle, HEAD + b"body" + bytes(3_000_000) + b"end") == b"bodyend"


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\n", b"x"])
def test_eof_inside_of_a_head_is_an_error(octets: bytes) -> None:
    with pytest.raises(EOFError, match="client closed before"):
        ask(replay(b""), octets)


def test_error_of_a_handler_is_raised_at_exit() -> None:
    def handle(connection: Connection) -> None:
        raise LookupError("handler failed")

    with pytest.raises(LookupError, match="handler failed"), Peer(handle) as peer:
        connect(peer).close()


def test_errors_of_several_handlers_are_raised_as_a_group() -> None:
    def handle(connection: Connection) -> None:
        raise LookupError("handler failed")

    def connect_twice() -> None:
        with Peer(handle) as peer:
            connect(peer).close()
            connect(peer).close()

    with pytest.raises(ExceptionGroup, match="several handlers"):
        connect_twice()


def test_error_of_a_handler_becomes_a_note_where_the_test_failed() -> None:
    def handle(connection: Connection) -> None:
        raise LookupError("handler failed")

    def fail() -> None:
        with Peer(handle) as peer:
            connect(peer).close()
            raise RuntimeError("test failed")

    with pytest.raises(RuntimeError, match="test failed") as info:
        fail()
    assert "handler failed" in info.value.__notes__[0]


def test_failed_test_wakes_its_handlers() -> None:
    ended = threading.Event()

    def handle(connection: Connection) -> None:
        connection.receive_until_eof()
        ended.set()

    with contextlib.ExitStack() as outlives_the_peer:

        def fail() -> None:
            with Peer(handle) as peer:
                outlives_the_peer.enter_context(connect(peer))
                raise RuntimeError("test failed")

        with pytest.raises(RuntimeError, match="test failed"):
            fail()
        assert ended.is_set()


def test_client_that_cuts_is_tolerated_where_the_test_says_so() -> None:
    with Peer(may_be_cut(lambda connection: connection.send(b"x" * 30_000_000))) as peer:
        connect(peer).close()


def test_close_ends_with_fin_though_octets_were_unread() -> None:
    sent = threading.Event()

    def handle(connection: Connection) -> None:
        wait_for(sent)
        connection.send(b"bye")
        connection.close()
        assert connection.is_closed()

    with Peer(handle) as peer, connect(peer) as sock:
        sock.sendall(b"never read")
        sent.set()
        assert receive_all(sock) == b"bye"


def reset_after_head(connection: Connection) -> None:
    # Without the head, the client may meet the reset while it is still connecting.
    connection.receive_head()
    connection.reset()


def test_reset_ends_with_rst() -> None:
    with Peer(reset_after_head) as peer, connect(peer) as sock:
        sock.sendall(HEAD)
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_shutdown_write_leaves_the_other_half_open() -> None:
    def handle(connection: Connection) -> None:
        connection.shutdown_write()
        assert connection.receive(4) == b"more"

    with Peer(handle) as peer, connect(peer) as sock:
        assert receive_all(sock) == b""
        sock.sendall(b"more")
    assert peer.received == b"more"


def test_tiny_buffers_make_a_send_partial() -> None:
    done = threading.Event()
    with Peer(lambda _: wait_for(done), receive_buffer=4096) as peer, connect(peer) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        sock.setblocking(False)
        assert sock.send(bytes(1_000_000)) < 100_000
        done.set()


def test_peer_listens_on_ipv6() -> None:
    with Peer(replay(b"x"), host="::1") as peer, connect(peer) as sock:
        sock.sendall(HEAD)
        assert sock.recv(1) == b"x"


def test_event_that_never_comes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.integration.peers.TIME_LIMIT", 0.001)
    with pytest.raises(TimeoutError, match="event"):
        wait_for(threading.Event())


def test_refused_port_refuses() -> None:
    with refused_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=TIME_LIMIT)


def test_silent_address_neither_accepts_nor_refuses() -> None:
    with silent_address() as address, socket.socket() as sock:
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.connect(address)
        assert select.select([], [sock], [], 0.2) == ([], [], [])


def test_tls_peer_answers_inside_of_tls(tls_contexts: TlsContexts) -> None:
    with (
        Peer(replay(b"x"), tls=tls_contexts.server) as peer,
        connect_tls(peer, tls_contexts) as sock,
    ):
        sock.sendall(HEAD)
        assert sock.recv(1) == b"x"
    assert peer.received == HEAD


def test_tls_close_is_preceded_by_close_notify(tls_contexts: TlsContexts) -> None:
    with (
        Peer(Connection.close, tls=tls_contexts.server) as peer,
        connect_tls(peer, tls_contexts) as sock,
    ):
        assert sock.recv(1) == b""


def test_tls_close_without_notify_is_a_cut(tls_contexts: TlsContexts) -> None:
    with (
        Peer(Connection.close_without_notify, tls=tls_contexts.server) as peer,
        connect_tls(peer, tls_contexts) as sock,
        pytest.raises(ssl.SSLError, match=r"(?i)eof occurred|unexpected eof"),
    ):
        sock.recv(1)


def test_tls_reset_ends_with_rst(tls_contexts: TlsContexts) -> None:
    with (
        Peer(reset_after_head, tls=tls_contexts.server) as peer,
        connect_tls(peer, tls_contexts) as sock,
    ):
        sock.sendall(HEAD)
        # Before Python 3.13, ssl may lose the errno and call a reset an EOF.
        with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
            sock.recv(1)


def test_tls_shutdown_write_leaves_the_connection_open(tls_contexts: TlsContexts) -> None:
    client_is_done = threading.Event()

    def handle(connection: Connection) -> None:
        connection.shutdown_write()
        wait_for(client_is_done)

    with Peer(handle, tls=tls_contexts.server) as peer, connect_tls(peer, tls_contexts) as sock:
        assert sock.recv(1) == b""
        for _ in range(3):
            sock.sendall(b"more")
        client_is_done.set()


def test_failed_handshake_is_recorded(tls_contexts: TlsContexts) -> None:
    with (
        Peer(replay(), tls=tls_contexts.wrong_name_server) as peer,
        pytest.raises(ssl.SSLCertVerificationError, match="localhost"),
        connect_tls(peer, tls_contexts),
    ):
        pass
    assert len(peer.handshake_errors) == len(peer.connections) == 1


def test_tls_can_start_later_as_in_a_tunnel(tls_contexts: TlsContexts) -> None:
    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.start_tls(tls_contexts.server)
        replay(b"inside")(connection)

    with Peer(handle) as peer, connect(peer) as plain:
        plain.sendall(b"CONNECT localhost:443 HTTP/1.1\r\n\r\n")
        assert plain.recv(100).endswith(b"\r\n\r\n")
        with tls_contexts.client.wrap_socket(plain, server_hostname="localhost") as sock:
            sock.sendall(HEAD)
            assert sock.recv(6) == b"inside"
