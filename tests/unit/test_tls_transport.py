"""The peer is an `ssl.SSLSocket` at the other end of a pair of sockets."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections import deque
from collections.abc import Iterator
from typing import NoReturn

import attrs
import pytest
import trustme

from dugong.exceptions import ConnectionClosed
from dugong.network import tls_transport
from dugong.network.strict_tls import wrap_strictly
from dugong.network.tls_transport import TLSTransport
from dugong.network.transport import FAIR_SHARE
from dugong.polling import PollNeeded, on_release

PIECE = 65_536
RECORD = 16_384


def _octets(count: int) -> bytes:
    return (bytes(range(251)) * (count // 251 + 1))[:count]


class Contexts:
    """The two ends of TLS."""

    def __init__(self) -> None:
        self.authority = authority = trustme.CA()
        self.server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("server.example").configure_cert(self.server)
        self.client = ssl.create_default_context()
        authority.configure_trust(self.client)


@pytest.fixture(scope="module")
def contexts() -> Contexts:
    return Contexts()


def secured_pair(
    contexts: Contexts, client_context: ssl.SSLContext | None = None
) -> tuple[ssl.SSLSocket, ssl.SSLSocket]:
    """Return a client's and a server's socket, behind the handshake; neither blocks."""
    pair = socket.socketpair()
    for sock in pair:
        sock.setblocking(False)
    client = wrap_strictly(client_context or contexts.client, pair[0], "server.example")
    server = contexts.server.wrap_socket(
        pair[1], server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=False
    )
    waiting = [client, server]
    while waiting:
        for sock in list(waiting):
            with contextlib.suppress(ssl.SSLWantReadError):
                sock.do_handshake()
                waiting.remove(sock)
    return client, server


@attrs.define
class Ends:
    transport: TLSTransport
    peer: ssl.SSLSocket

    def received(self, size: int = 100) -> bytes | PollNeeded:
        target = bytearray(size)
        count = self.transport.receive_into(memoryview(target))
        return count if isinstance(count, PollNeeded) else bytes(target[:count])

    def awaited(self, size: int = 100) -> bytes:
        """Receive what is there, behind the pause that may come first."""
        result = self.received(size)
        if isinstance(result, PollNeeded):
            result = self.received(size)
        assert isinstance(result, bytes)
        return result

    def receive_on(self) -> None:
        """Receive, past the session tickets and what else is no payload."""
        for _ in range(3):
            self.received()

    def drain(self) -> int:
        """Receive at the peer what is there; return its octets."""
        count = 0
        with contextlib.suppress(ssl.SSLWantReadError):
            while piece := self.peer.recv(PIECE):
                count += len(piece)
        return count

    def cut(self) -> None:
        """End the connection at the peer without the closure alert."""
        socket.socket.shutdown(self.peer, socket.SHUT_RDWR)


def waited(transport: TLSTransport) -> TLSTransport:
    """Return a transport whose next receive does not wait first."""
    transport.is_drained = False
    return transport


@pytest.fixture
def ends(contexts: Contexts) -> Iterator[Ends]:
    client, server = secured_pair(contexts)
    with server:
        transport = waited(TLSTransport(client))
        yield Ends(transport, server)
        transport.close()


released: list[int] = []
on_release(released.append)


@attrs.define
class FakeSocket:
    """Plays an SSLSocket that fails as the script says."""

    failures: deque[Exception]
    closed: bool = False

    def fileno(self) -> int:
        return 0

    def _fail(self) -> NoReturn:
        raise self.failures.popleft()

    def send(self, data: bytes | memoryview) -> int:
        self._fail()

    def read(self, size: int, target: memoryview) -> int:
        self._fail()

    def pending(self) -> int:
        return 0


def failing(*failures: Exception) -> TLSTransport:
    return waited(TLSTransport(FakeSocket(deque(failures))))  # type: ignore[arg-type]  # a fake


def test_connection_is_encrypted(ends: Ends) -> None:
    assert ends.transport.is_secure


class TestSending:
    def test_returns_the_octets_that_were_sent(self, ends: Ends) -> None:
        assert ends.transport.send(b"octets") == 6
        assert ends.peer.recv(100) == b"octets"

    def test_full_socket_waits(self, ends: Ends) -> None:
        while not isinstance(result := ends.transport.send(bytes(PIECE)), PollNeeded):
            pass
        assert result is ends.transport.writable

    def test_send_that_waited_goes_on_with_the_same_octets(self, ends: Ends) -> None:
        sent = 0
        while not isinstance(count := ends.transport.send(bytes(PIECE)), PollNeeded):
            sent += count
        received = ends.drain()
        while isinstance(count := ends.transport.send(bytes(PIECE)), PollNeeded):
            received += ends.drain()
        received += ends.drain()
        assert received == sent + PIECE

    def test_large_send_is_taken_in_parts(self, ends: Ends) -> None:
        octets = bytes(3 * FAIR_SHARE)
        received = 0
        while isinstance(count := ends.transport.send(octets), PollNeeded):
            received += ends.drain()
        assert count == FAIR_SHARE
        assert received + ends.drain() == FAIR_SHARE

    def test_waits_once_after_its_fair_share(self, ends: Ends) -> None:
        sent = 0
        while not isinstance(count := ends.transport.send(bytes(PIECE)), PollNeeded):
            sent += count
            ends.drain()
        assert sent == FAIR_SHARE
        assert ends.transport.send(b"x") == 1

    def test_octets_are_committed_while_a_record_is_begun(self, ends: Ends) -> None:
        while not isinstance(ends.transport.send(bytes(PIECE)), PollNeeded):
            continue
        assert ends.transport.is_committed
        ends.drain()
        ends.transport.send(bytes(PIECE))
        assert not ends.transport.is_committed

    def test_nothing_is_committed_by_a_wait_for_fairness(self, ends: Ends) -> None:
        sent = 0
        while not isinstance(count := ends.transport.send(bytes(PIECE)), PollNeeded):
            sent += count
            ends.drain()
        assert sent >= FAIR_SHARE
        assert not ends.transport.is_committed

    def test_failed_send_keeps_no_hold_on_the_octets(self, ends: Ends) -> None:
        octets = bytearray(2 * FAIR_SHARE)
        ends.cut()
        with memoryview(octets) as view, pytest.raises(ConnectionClosed) as failure:
            ends.transport.send(view)
        octets.clear()
        assert failure.tb is not None

    def test_send_that_has_to_receive_waits_for_that(self) -> None:
        transport = failing(ssl.SSLWantReadError())
        assert transport.send(b"x") is transport.readable

    def test_send_that_has_to_send_waits_for_that(self) -> None:
        transport = failing(ssl.SSLWantWriteError())
        assert transport.send(b"x") is transport.writable

    def test_peer_that_has_gone_is_connection_closed(self, ends: Ends) -> None:
        ends.peer.close()
        with pytest.raises(ConnectionClosed):
            ends.transport.send(b"x")

    @pytest.mark.parametrize("error", [ssl.SSLError(1, "broken"), ValueError("broken")])
    def test_other_errors_pass_through(self, error: Exception) -> None:
        with pytest.raises(type(error), match="broken"):
            failing(error).send(b"x")


class TestReceiving:
    def test_first_one_waits(self, contexts: Contexts) -> None:
        client, server = secured_pair(contexts)
        transport = TLSTransport(client)
        server.send(b"octets")
        with server, contextlib.closing(transport):
            assert Ends(transport, server).received() is transport.readable

    def test_returns_the_octets_that_came(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        assert ends.received(3) == b"oct"
        assert ends.received(100) == b"ets"

    def test_nothing_to_receive_waits(self, ends: Ends) -> None:
        ends.received()  # session tickets
        assert [ends.received() for _ in range(3)] == [ends.transport.readable] * 3

    def test_octets_that_were_half_received_before_need_no_wait(self, contexts: Contexts) -> None:
        client, server = secured_pair(contexts)
        with server:
            server.send(b"octets")
            while True:
                with contextlib.suppress(ssl.SSLWantReadError):  # session tickets
                    assert client.recv(1) == b"o"
                    break
            ends = Ends(TLSTransport(client), server)
            assert ends.transport.has_input()
            assert ends.received() == b"ctets"
            ends.transport.close()

    def test_receive_that_has_to_send_waits_for_that(self) -> None:
        transport = failing(ssl.SSLWantWriteError())
        assert transport.receive_into(memoryview(bytearray(1))) is transport.writable

    def test_waits_once_after_its_fair_share(self, ends: Ends) -> None:
        received = 0
        while True:
            with contextlib.suppress(ssl.SSLWantWriteError):
                ends.peer.send(bytes(16_384))
            octets = ends.received(16_384)
            if isinstance(octets, PollNeeded):
                break
            received += len(octets)
        assert received == FAIR_SHARE
        assert ends.received(16_384)

    def test_rest_of_a_record_does_not_wait_for_the_socket(self, ends: Ends) -> None:
        # No poll would tell of octets that OpenSSL holds.
        ends.transport._received_in_turn = FAIR_SHARE - 1
        ends.peer.send(b"octets")
        assert ends.received(1) == b"o"
        assert ends.received(5) == b"ctets"
        assert ends.received(100) is ends.transport.readable

    def test_full_records_are_received_together(self, ends: Ends) -> None:
        ends.peer.send(_octets(2 * RECORD + 10))
        assert ends.received(4 * RECORD) == _octets(2 * RECORD + 10)

    def test_receive_is_filled_from_several_records(self, ends: Ends) -> None:
        ends.peer.send(_octets(3 * RECORD))
        assert ends.received(2 * RECORD + 10) == _octets(3 * RECORD)[: 2 * RECORD + 10]
        assert ends.received(RECORD) == _octets(3 * RECORD)[2 * RECORD + 10 :]

    @pytest.mark.parametrize(
        "size",
        [pytest.param(10, id="short record"), pytest.param(16_384, id="full record, nothing more")],
    )
    def test_receive_that_took_all_there_is_waits_next(self, ends: Ends, size: int) -> None:
        ends.peer.send(bytes(size))
        assert ends.received(PIECE) == bytes(size)
        assert ends.transport.is_drained
        ends.peer.send(b"more")
        assert ends.received() is ends.transport.readable
        assert ends.received() == b"more"

    def test_short_records_of_one_length_are_received_together(self, ends: Ends) -> None:
        octets = _octets(5 * 4_096)
        for begin in range(0, len(octets), 4_096):
            ends.peer.send(octets[begin : begin + 4_096])
        assert ends.received(PIECE) == octets[:4_096]
        assert ends.received(PIECE) is ends.transport.readable
        assert ends.received(PIECE) == octets[4_096:]
        assert ends.transport.is_drained

    @pytest.mark.parametrize("size", [3_000, 4_000])
    def test_receive_is_filled_from_short_records(self, ends: Ends, size: int) -> None:
        self.receive_short(ends)
        octets = _octets(6_000)
        for begin in (0, 2_000, 4_000):
            ends.peer.send(octets[begin : begin + 2_000])
        received = ends.awaited(size)
        assert received == octets[:size]
        while len(received) < len(octets):
            received += ends.awaited(6_000)
        assert received == octets

    def receive_short(self, ends: Ends) -> None:
        """Receive a record of 2,000 octets, and wait behind it."""
        ends.peer.send(bytes(2_000))
        assert ends.received(PIECE) == bytes(2_000)
        assert ends.received(PIECE) is ends.transport.readable

    @pytest.mark.parametrize("size", [100, 3_000])
    def test_record_of_another_length_ends_what_is_received_together(
        self, ends: Ends, size: int
    ) -> None:
        self.receive_short(ends)
        for length in (2_000, size, size):
            ends.peer.send(bytes(length))
        assert ends.received(PIECE) == bytes(2_000 + size)
        assert ends.received(PIECE) is ends.transport.readable
        assert ends.received(PIECE) == bytes(size)

    def test_very_short_records_are_no_reason_to_look_for_more(self, ends: Ends) -> None:
        for _ in range(3):
            ends.peer.send(b"octets")
        for _ in range(3):
            assert ends.received(PIECE) == b"octets"
            assert ends.received(PIECE) is ends.transport.readable

    def test_begin_of_a_record_behind_short_ones_is_waited_for(self, ends: Ends) -> None:
        self.receive_short(ends)
        ends.peer.send(bytes(2_000))
        socket.socket.send(ends.peer, b"\x17\x03\x03")
        assert ends.received(PIECE) == bytes(2_000)
        assert ends.received(PIECE) is ends.transport.readable

    def test_end_behind_short_records_is_told_without_a_wait(self, ends: Ends) -> None:
        """The peer may leave the connection open for long, and no poll tells of the alert."""
        self.receive_short(ends)
        ends.peer.send(bytes(2_000))
        with contextlib.suppress(ssl.SSLWantReadError):
            ends.peer.unwrap()
        assert [ends.received(PIECE) for _ in range(3)] == [bytes(2_000), b"", b""]

    @pytest.mark.parametrize("size", [2_000, RECORD])
    def test_end_behind_records_is_seen_by_a_look(self, ends: Ends, size: int) -> None:
        self.receive_short(ends)
        ends.peer.send(bytes(size))
        with contextlib.suppress(ssl.SSLWantReadError):
            ends.peer.unwrap()
        assert ends.received(PIECE) == bytes(size)
        assert ends.transport.has_input()
        assert ends.received() == b""

    @pytest.mark.parametrize("size", [2_000, RECORD])
    def test_end_behind_records_is_told_without_a_wait_also_behind_a_fair_share(
        self, ends: Ends, size: int
    ) -> None:
        self.receive_short(ends)
        ends.peer.send(bytes(size))
        with contextlib.suppress(ssl.SSLWantReadError):
            ends.peer.unwrap()
        ends.transport._received_in_turn = FAIR_SHARE - 1
        assert ends.received(PIECE) == bytes(size)
        assert ends.received() == b""

    @pytest.mark.parametrize("size", [2_000, RECORD])
    def test_failure_behind_records_is_told_without_a_wait_also_behind_a_fair_share(
        self, ends: Ends, size: int
    ) -> None:
        self.receive_short(ends)
        ends.peer.send(bytes(size))
        socket.socket.send(ends.peer, b"HTTP/1.1 400 Bad Request\r\n\r\n")
        ends.transport._received_in_turn = FAIR_SHARE - 1
        assert ends.received(PIECE) == bytes(size)
        with pytest.raises(ssl.SSLError, match=r"(?i)wrong.version|record"):
            ends.received()

    def test_failure_behind_short_records_is_raised_without_a_wait(self, ends: Ends) -> None:
        self.receive_short(ends)
        ends.peer.send(bytes(2_000))
        socket.socket.send(ends.peer, b"HTTP/1.1 400 Bad Request\r\n\r\n")
        assert ends.received(PIECE) == bytes(2_000)
        with pytest.raises(ssl.SSLError, match=r"(?i)wrong.version|record"):
            ends.received(PIECE)

    def test_look_that_finds_something_lets_the_next_receive_give_it(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        assert ends.received() == b"octets"
        ends.peer.send(b"more")
        assert ends.transport.has_input()
        assert ends.received() == b"more"

    def test_end_behind_a_full_record_is_told_next(self, ends: Ends) -> None:
        ends.peer.send(bytes(RECORD))
        with contextlib.suppress(ssl.SSLWantReadError):
            ends.peer.unwrap()
        assert [ends.received(PIECE) for _ in range(3)] == [bytes(RECORD), b"", b""]

    def test_failure_behind_a_full_record_is_raised_next(self, ends: Ends) -> None:
        ends.peer.send(bytes(RECORD))
        socket.socket.send(ends.peer, b"HTTP/1.1 400 Bad Request\r\n\r\n")
        assert ends.received(PIECE) == bytes(RECORD)
        assert ends.transport.has_input()
        with pytest.raises(ssl.SSLError, match=r"(?i)wrong.version|record"):
            ends.received(PIECE)

    def test_failure_that_is_kept_does_not_keep_the_memory(self, ends: Ends) -> None:
        ends.peer.send(bytes(RECORD))
        ends.cut()
        target = bytearray(PIECE)
        with memoryview(target) as view:
            assert ends.transport.receive_into(view) == RECORD
        target.clear()
        with pytest.raises(ConnectionClosed):
            ends.received()

    def test_closure_alert_is_the_end(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        with contextlib.suppress(ssl.SSLWantReadError):
            ends.peer.unwrap()
        assert [ends.awaited() for _ in range(3)] == [b"octets", b"", b""]

    def test_end_without_closure_alert_is_connection_closed(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        ends.cut()
        assert ends.awaited() == b"octets"
        with pytest.raises(ConnectionClosed):
            ends.awaited()

    def test_end_without_closure_alert_can_be_accepted(self, contexts: Contexts) -> None:
        class TolerantTransport(TLSTransport):
            accept_missing_close_notify = True

        client, server = secured_pair(contexts)
        with server:
            ends = Ends(waited(TolerantTransport(client)), server)
            ends.cut()
            assert ends.received() == b""
            ends.transport.close()

    def test_one_receive_takes_no_more_than_its_fair_share(
        self, contexts: Contexts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert FAIR_SHARE % RECORD == 0
        monkeypatch.setattr(ssl.SSLSocket, "read", lambda _, size, target: min(size, RECORD))
        client, server = secured_pair(contexts)
        with server:
            transport = waited(TLSTransport(client))
            target = memoryview(bytearray(2 * FAIR_SHARE))
            assert transport.receive_into(target) == FAIR_SHARE
            assert transport.receive_into(target) is transport.readable
            assert transport.receive_into(target) == FAIR_SHARE
            transport.close()

    def test_rest_of_a_short_record_behind_a_fair_share_does_not_wait_for_the_socket(
        self, contexts: Contexts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert FAIR_SHARE % 3_000
        monkeypatch.setattr(ssl.SSLSocket, "read", lambda _, size, target: min(size, 3_000))
        monkeypatch.setattr(ssl.SSLSocket, "pending", lambda _: 1)
        client, server = secured_pair(contexts)
        with server:
            transport = TLSTransport(client)
            server.send(b"so that there is something to be seen")
            target = memoryview(bytearray(2 * FAIR_SHARE))
            assert transport.receive_into(target) == 3_000
            assert transport.receive_into(target) is transport.readable
            assert transport.receive_into(target) == FAIR_SHARE
            assert transport.receive_into(target) == FAIR_SHARE
            transport.close()

    def test_end_without_closure_alert_can_be_accepted_in_older_words(
        self, contexts: Contexts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        error = ssl.SSLError(1, "unexpected eof while reading")
        error.reason = "UNEXPECTED_EOF_WHILE_READING"

        def read(*args: object) -> NoReturn:
            raise error

        class TolerantTransport(TLSTransport):
            accept_missing_close_notify = True

        monkeypatch.setattr(ssl.SSLSocket, "read", read)
        client, server = secured_pair(contexts)
        with server:
            transport = waited(TolerantTransport(client))
            assert transport.receive_into(memoryview(bytearray(1))) == 0
            transport.close()

    def test_reset_is_connection_closed(self, ends: Ends) -> None:
        ends.transport.send(b"unread")
        ends.peer.close()
        with pytest.raises(ConnectionClosed):
            ends.receive_on()

    def test_octets_that_are_no_tls_are_an_error(self, ends: Ends) -> None:
        socket.socket.send(ends.peer, b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with pytest.raises(ssl.SSLError):
            ends.receive_on()

    @pytest.mark.parametrize("error", [ssl.SSLError(1, "broken"), ValueError("broken")])
    def test_other_errors_pass_through(self, error: Exception) -> None:
        with pytest.raises(type(error), match="broken"):
            failing(error).receive_into(memoryview(bytearray(1)))


class TestLooking:
    def test_nothing(self, ends: Ends) -> None:
        ends.received()  # session tickets
        assert not ends.transport.has_input()

    def test_octets_in_the_socket(self, ends: Ends) -> None:
        ends.received()
        ends.peer.send(b"octets")
        assert ends.transport.has_input()
        assert ends.received() == b"octets"

    def test_octets_that_openssl_holds(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        ends.received(1)
        assert ends.transport.has_input()

    def test_end(self, ends: Ends) -> None:
        ends.received()
        ends.cut()
        assert ends.transport.has_input()

    def test_session_tickets_are_no_octets(self, ends: Ends) -> None:
        assert ends.transport.has_input()
        assert ends.received() is ends.transport.readable
        assert not ends.transport.has_input()

    def test_closed_connection_has_a_failure_to_find(self, ends: Ends) -> None:
        ends.transport.close()
        assert ends.transport.has_input()


class TestShutdown:
    def test_of_both_directions_sends_the_closure_alert(self, ends: Ends) -> None:
        ends.transport.shutdown(socket.SHUT_RDWR)
        assert ends.peer.recv(100) == b""

    def test_of_both_directions_ends_both(self, ends: Ends) -> None:
        ends.transport.shutdown(socket.SHUT_RDWR)
        with pytest.raises(ConnectionClosed):
            ends.transport.send(b"never without TLS")
        with pytest.raises(ConnectionClosed):
            ends.received()

    def test_of_both_directions_wakes_who_waits(self, ends: Ends) -> None:
        ends.received()
        ends.transport.shutdown(socket.SHUT_RDWR)
        assert ends.transport.readable.poll(0)

    def test_of_sending_leaves_receiving(self, ends: Ends) -> None:
        ends.transport.shutdown(socket.SHUT_WR)
        ends.peer.send(b"octets")
        assert ends.received() == b"octets"

    def test_of_receiving_wakes_who_waits(self, ends: Ends) -> None:
        ends.received()
        ends.transport.shutdown(socket.SHUT_RD)
        assert ends.transport.readable.poll(0)
        with pytest.raises(ConnectionClosed):
            ends.received()

    def test_of_both_directions_from_a_handler_that_interrupts_a_send(
        self, ends: Ends, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(data: bytes) -> NoReturn:
            ends.transport.shutdown(socket.SHUT_RDWR)
            raise ConnectionClosed("disconnected")

        monkeypatch.setattr(ends.transport._socket, "send", interrupted)
        with pytest.raises(ConnectionClosed, match="disconnected"):
            ends.transport.send(b"x")

    def test_may_be_repeated_and_come_after_the_close(self, ends: Ends) -> None:
        for _ in range(2):
            ends.transport.shutdown(socket.SHUT_RDWR)
        ends.transport.close()
        ends.transport.shutdown(socket.SHUT_RDWR)


class TestClose:
    def test_sends_the_closure_alert(self, ends: Ends) -> None:
        ends.transport.close()
        assert ends.peer.recv(100) == b""

    def test_tells_the_drivers_once(self, ends: Ends) -> None:
        released.clear()
        ends.transport.close()
        ends.transport.close()
        assert released == [ends.transport.readable.fd]

    def test_after_the_peer_has_gone(self, ends: Ends) -> None:
        ends.peer.close()
        ends.transport.close()

    def test_end_that_was_met_behind_octets_is_none_after_the_close(self, ends: Ends) -> None:
        ends.peer.send(bytes(RECORD))
        with contextlib.suppress(ssl.SSLWantReadError):
            ends.peer.unwrap()
        assert ends.awaited(PIECE) == bytes(RECORD)
        ends.transport.close()
        with pytest.raises(ConnectionClosed):
            ends.received()

    def test_nothing_can_be_sent_or_received_then(self, ends: Ends) -> None:
        ends.transport.close()
        with pytest.raises(ConnectionClosed, match="connection was closed"):
            ends.transport.send(b"x")
        with pytest.raises(ConnectionClosed, match="connection was closed"):
            ends.received()


class TestHandshake:
    def test_certificate_is_decoded_once(self, contexts: Contexts) -> None:
        for _ in range(2):
            client, server = secured_pair(contexts)
            decoded = tls_transport._decoded(client, client.getpeercert(binary_form=True))
            assert decoded == client.getpeercert()
            assert decoded is tls_transport._decoded(client, client.getpeercert(binary_form=True))
            server.close()
            client.close()

    def test_what_the_caller_does_with_a_certificate_is_his_own(self, ends: Ends) -> None:
        ends.transport.close()
        certificate = ends.transport.peercert(binary_form=False)
        assert certificate
        expected = dict(certificate)
        certificate.clear()
        assert ends.transport.peercert(binary_form=False) == expected

    def test_no_more_certificates_are_kept_than_a_few(
        self, ends: Ends, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept = {bytes([number]): {"version": str(number)} for number in range(64)}
        monkeypatch.setattr(tls_transport, "_certificates", kept)
        ends.transport.close()
        assert list(kept) == [ends.transport.peercert(binary_form=True)]

    def test_nothing_is_told_of_a_certificate_that_was_not_verified(
        self, contexts: Contexts, ends: Ends
    ) -> None:
        ends.transport.close()  # one that verified, and was told of this certificate
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        client, server = secured_pair(contexts, trusting)
        with server:
            transport = TLSTransport(client)
            transport.close()
            assert transport.peercert(binary_form=True) == ends.transport.peercert(binary_form=True)
            assert transport.peercert(binary_form=False) == {}

    def test_name_that_is_not_checked_leaves_the_certificate_verified(
        self, contexts: Contexts, ends: Ends
    ) -> None:
        nameless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        nameless.check_hostname = False
        contexts.authority.configure_trust(nameless)
        client, server = secured_pair(contexts, nameless)
        with server:
            transport = TLSTransport(client)
            transport.close()
            assert transport.peercert(binary_form=False) == ends.transport.peercert(
                binary_form=False
            )

    def test_session_that_was_never_begun_has_no_certificate(self) -> None:
        ours, peer = socket.socketpair()
        context = ssl.create_default_context()
        with peer:
            client = context.wrap_socket(
                ours, server_hostname="server.example", do_handshake_on_connect=False
            )
            transport = TLSTransport(client)
            transport.close()
            assert transport.peercert(binary_form=True) is None
            assert transport.peercert(binary_form=False) is None

    @pytest.mark.parametrize("end", ["", "shutdown", "close", "both"])
    def test_what_it_said_is_known_to_the_end(self, ends: Ends, end: str) -> None:
        transport = ends.transport
        expected = ends.peer.cipher(), transport._socket.getpeercert()
        binary = transport._socket.getpeercert(binary_form=True)
        # With the peer's alert before it, ours ends the session at once.
        with contextlib.suppress(ssl.SSLWantReadError):
            ends.peer.unwrap()
        if end in {"shutdown", "both"}:
            transport.shutdown(socket.SHUT_RDWR)
        if end in {"close", "both"}:
            transport.close()
        assert (transport.cipher(), transport.peercert(binary_form=False)) == expected
        assert transport.peercert(binary_form=True) == binary
