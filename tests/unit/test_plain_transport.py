from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn

import attrs
import pytest

from dugong.exceptions import ConnectionClosed
from dugong.network.plain_transport import PlainTransport
from dugong.network.transport import FAIR_SHARE
from dugong.polling import PollNeeded, on_release

if TYPE_CHECKING:
    from pathlib import Path

PIECE = 65_536
LARGE = 16 * FAIR_SHARE


@attrs.define
class Ends:
    transport: PlainTransport
    peer: socket.socket

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


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, peer = socket.socketpair()
    peer.setblocking(False)
    with peer:
        transport = PlainTransport(ours)
        yield Ends(transport, peer)
        transport.close()


released: list[int] = []
on_release(released.append)


class FailingSocket(socket.socket):
    """Fails in a way that a pair of sockets does not."""

    def send(self, *_: object) -> int:
        raise OSError(5, "told by the system")

    def recv_into(self, *_: object) -> int:
        raise OSError(5, "told by the system")


@pytest.fixture
def octets(tmp_path: Path) -> Iterator[int]:
    """The descriptor of a file with the word."""
    path = tmp_path / "octets"
    path.write_bytes(b"octets")
    with path.open("rb") as file:
        yield file.fileno()


@pytest.fixture
def large(tmp_path: Path) -> Iterator[int]:
    """The descriptor of a file of which no socket takes all."""
    with (tmp_path / "large").open("w+b") as file:
        file.truncate(LARGE)
        yield file.fileno()


def failing_with(number: int) -> Callable[..., NoReturn]:
    def fail(*_: object) -> NoReturn:
        raise OSError(number, "told by the system")

    return fail


def test_nothing_is_encrypted(ends: Ends) -> None:
    assert not ends.transport.is_secure
    assert ends.transport.cipher() is None


def test_socket_never_blocks() -> None:
    ours, peer = socket.socketpair()
    with ours, peer:
        PlainTransport(ours)
        assert not ours.getblocking()


class TestSending:
    def test_returns_the_octets_that_were_sent(self, ends: Ends) -> None:
        assert ends.transport.send(b"octets") == 6
        assert ends.peer.recv(100) == b"octets"

    def test_takes_a_view(self, ends: Ends) -> None:
        assert ends.transport.send(memoryview(b"octets")[2:]) == 4
        assert ends.peer.recv(100) == b"tets"

    def test_send_that_took_a_part_waits_next(self, ends: Ends) -> None:
        sent = ends.transport.send(bytes(16 * FAIR_SHARE))
        assert isinstance(sent, int)
        assert ends.transport.send(b"x") is ends.transport.writable

    def test_send_that_would_block_waits(self, ends: Ends) -> None:
        ends.transport.send(bytes(16 * FAIR_SHARE))
        ends.transport.send(b"x")
        assert ends.transport.send(b"x") is ends.transport.writable

    def test_waits_once_after_its_fair_share(self, ends: Ends) -> None:
        sent = 0
        while not isinstance(count := ends.transport.send(bytes(PIECE)), PollNeeded):
            sent += count
            ends.peer.recv(PIECE)
        assert sent == FAIR_SHARE
        assert ends.transport.send(b"x") == 1

    def test_wait_begins_a_new_share(self, ends: Ends) -> None:
        for _ in range(FAIR_SHARE // PIECE - 1):
            ends.transport.send(bytes(PIECE))
            ends.peer.recv(PIECE)
        ends.transport.send(bytes(16 * FAIR_SHARE))
        ends.transport.send(b"x")  # waits
        with contextlib.suppress(BlockingIOError):
            while ends.peer.recv(PIECE):
                pass
        assert [ends.transport.send(b"x") for _ in range(2)] == [1, 1]

    def test_peer_that_has_gone_is_connection_closed(self, ends: Ends) -> None:
        ends.peer.close()
        with pytest.raises(ConnectionClosed):
            ends.transport.send(b"x")

    def test_other_errors_pass_through(self) -> None:
        ours, peer = socket.socketpair()
        with (
            peer,
            FailingSocket(fileno=ours.detach()) as failing,
            pytest.raises(OSError, match="told by the system"),
        ):
            PlainTransport(failing).send(b"x")


class TestSendingFiles:
    def test_returns_the_octets_that_were_sent(self, ends: Ends, octets: int) -> None:
        assert ends.transport.send_file(octets, 0, 6) == 6
        assert ends.peer.recv(100) == b"octets"

    def test_begins_at_the_offset_and_leaves_the_position(self, ends: Ends, octets: int) -> None:
        os.lseek(octets, 3, os.SEEK_SET)
        assert ends.transport.send_file(octets, 2, 3) == 3
        assert ends.peer.recv(100) == b"tet"
        assert os.lseek(octets, 0, os.SEEK_CUR) == 3

    @pytest.mark.parametrize(("offset", "sent"), [(4, 2), (6, 0), (100, 0)])
    def test_ends_with_the_file(self, ends: Ends, octets: int, offset: int, sent: int) -> None:
        assert ends.transport.send_file(octets, offset, 10) == sent

    def test_end_of_the_file_is_not_waited_for(self, ends: Ends, octets: int) -> None:
        ends.transport.send_file(octets, 6, 10)
        assert ends.transport.send(b"x") == 1

    def test_send_that_took_a_part_waits_next(self, ends: Ends, large: int) -> None:
        sent = ends.transport.send_file(large, 0, LARGE)
        assert isinstance(sent, int)
        assert 0 < sent < FAIR_SHARE
        assert ends.transport.send_file(large, 0, LARGE) is ends.transport.writable

    def test_send_that_would_block_waits(self, ends: Ends, large: int) -> None:
        while not isinstance(ends.transport.send(bytes(PIECE)), PollNeeded):
            pass
        for _ in range(2):
            assert ends.transport.send_file(large, 0, LARGE) is ends.transport.writable

    def test_waits_once_after_its_fair_share(self, ends: Ends, large: int) -> None:
        sent = 0
        while not isinstance(count := ends.transport.send_file(large, 0, PIECE), PollNeeded):
            assert count is not None
            sent += count
            ends.peer.recv(PIECE)
        assert sent == FAIR_SHARE
        assert ends.transport.send_file(large, 0, 1) == 1

    def test_share_is_that_of_all_sends(self, ends: Ends, large: int) -> None:
        for _ in range(FAIR_SHARE // PIECE - 1):
            ends.transport.send(bytes(PIECE))
            ends.peer.recv(PIECE)
        ends.transport.send(bytes(PIECE - 5))
        ends.peer.recv(PIECE)
        assert ends.transport.send_file(large, 0, LARGE) == 5

    def test_peer_that_has_gone_is_connection_closed(self, ends: Ends, octets: int) -> None:
        ends.peer.close()
        with pytest.raises(ConnectionClosed):
            ends.transport.send_file(octets, 0, 6)

    def test_closed_transport_is_connection_closed(self, ends: Ends, octets: int) -> None:
        ends.transport.close()
        with pytest.raises(ConnectionClosed):
            ends.transport.send_file(octets, 0, 6)

    @pytest.mark.parametrize(
        "number", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP]
    )
    def test_file_that_the_system_refuses_is_not_possible(
        self, ends: Ends, octets: int, number: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "sendfile", failing_with(number))
        assert ends.transport.send_file(octets, 0, 6) is None
        assert ends.transport.send(b"octets") == 6

    def test_other_errors_pass_through(
        self, ends: Ends, octets: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "sendfile", failing_with(errno.EIO))
        with pytest.raises(OSError, match="told by the system"):
            ends.transport.send_file(octets, 0, 6)

    @pytest.mark.parametrize("action", [signal.SIG_DFL, lambda *_: None], ids=["die", "handle"])
    def test_signal_that_would_act_makes_it_impossible(
        self, ends: Ends, octets: int, action: signal.Handlers
    ) -> None:
        before = signal.signal(signal.SIGPIPE, action)
        try:
            assert ends.transport.send_file(octets, 0, 6) is None
        finally:
            signal.signal(signal.SIGPIPE, before)

    def test_nothing_goes_past_the_send_of_a_subclass(self, octets: int) -> None:
        class Upper(PlainTransport):
            def send(self, data: bytes | memoryview) -> int | PollNeeded:
                return super().send(bytes(data).upper())

        ours, peer = socket.socketpair()
        with peer, contextlib.closing(Upper(ours)) as transport:
            assert transport.send_file(octets, 0, 6) is None

    def test_nothing_goes_past_the_send_of_a_socket(self, octets: int) -> None:
        ours, peer = socket.socketpair()
        with peer, FailingSocket(fileno=ours.detach()) as failing:
            assert PlainTransport(failing).send_file(octets, 0, 6) is None


class TestReceiving:
    def test_first_receive_waits_without_asking(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        assert ends.received() is ends.transport.readable
        assert ends.received() == b"octets"

    def test_receive_that_was_filled_goes_on_at_once(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        assert ends.awaited(3) == b"oct"
        assert ends.received(3) == b"ets"

    def test_receive_that_was_not_filled_waits_next(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        assert ends.awaited() == b"octets"
        ends.peer.send(b"more")
        assert ends.received() is ends.transport.readable
        assert ends.received() == b"more"

    def test_nothing_to_receive_waits(self, ends: Ends) -> None:
        assert [ends.received() for _ in range(3)] == [ends.transport.readable] * 3

    def test_waits_once_after_its_fair_share(self, ends: Ends) -> None:
        ends.received()
        received = 0
        while True:
            with contextlib.suppress(BlockingIOError):
                ends.peer.send(bytes(PIECE))
            octets = ends.received(1024)
            if isinstance(octets, PollNeeded):
                break
            received += len(octets)
        assert received == FAIR_SHARE
        assert ends.received(1024) == bytes(1024)

    def test_end_is_zero_again_and_again(self, ends: Ends) -> None:
        ends.peer.close()
        assert [ends.awaited() for _ in range(2)] == [b"", b""]

    def test_reset_is_connection_closed(self, ends: Ends) -> None:
        ends.transport.send(b"unread")
        ends.peer.close()
        ends.received()
        with pytest.raises(ConnectionClosed):
            ends.received()

    def test_other_errors_pass_through(self) -> None:
        ours, peer = socket.socketpair()
        with peer, FailingSocket(fileno=ours.detach()) as failing:
            transport = PlainTransport(failing)
            transport.receive_into(memoryview(bytearray(1)))
            with pytest.raises(OSError, match="told by the system"):
                transport.receive_into(memoryview(bytearray(1)))


class TestScattering:
    def scattered(self, ends: Ends, *sizes: int) -> list[bytes] | PollNeeded:
        targets = [bytearray(size) for size in sizes]
        count = ends.transport.receive_scattered([memoryview(target) for target in targets])
        if isinstance(count, PollNeeded):
            return count
        assert count <= sum(sizes)
        octets = b"".join(targets)[:count]
        return [octets[at : at + 3] for at in range(0, count, 3)]

    def test_first_receive_waits_without_asking(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        assert self.scattered(ends, 3, 3) is ends.transport.readable
        assert self.scattered(ends, 3, 3) == [b"oct", b"ets"]

    def test_one_target_is_filled_after_the_other(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        ends.transport.has_input()
        assert self.scattered(ends, 3, 0, 1, 100) == [b"oct", b"ets"]

    def test_receive_that_was_filled_goes_on_at_once(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        ends.transport.has_input()
        assert self.scattered(ends, 1, 2) == [b"oct"]
        assert self.scattered(ends, 2, 2) == [b"ets"]

    def test_receive_that_was_not_filled_waits_next(self, ends: Ends) -> None:
        ends.peer.send(b"oct")
        ends.transport.has_input()
        assert self.scattered(ends, 3, 1) == [b"oct"]
        ends.peer.send(b"ets")
        assert self.scattered(ends, 3, 1) is ends.transport.readable

    def test_nothing_to_receive_waits(self, ends: Ends) -> None:
        ends.transport.is_drained = False
        assert self.scattered(ends, 3, 3) is ends.transport.readable

    def test_waits_once_after_its_fair_share(self, ends: Ends) -> None:
        ends.transport.is_drained = False
        moved = 0
        while moved < FAIR_SHARE:
            ends.peer.send(bytes(PIECE))
            received = ends.transport.receive_scattered([memoryview(bytearray(PIECE))])
            assert isinstance(received, int)
            moved += received
        ends.peer.send(b"octets")
        assert self.scattered(ends, 6) is ends.transport.readable
        assert self.scattered(ends, 6) == [b"oct", b"ets"]

    def test_end_is_zero_again_and_again(self, ends: Ends) -> None:
        ends.peer.close()
        ends.transport.is_drained = False
        assert self.scattered(ends, 3, 3) == []
        assert self.scattered(ends, 3, 3) is ends.transport.readable
        assert self.scattered(ends, 3, 3) == []

    def test_closed_transport_is_connection_closed(self, ends: Ends) -> None:
        ends.transport.is_drained = False
        ends.transport.close()
        with pytest.raises(ConnectionClosed):
            self.scattered(ends, 3)


class TestReceivingIntoNewMemory:
    def test_first_receive_waits_without_asking(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        assert ends.transport.receive(100) is ends.transport.readable
        assert ends.transport.receive(100) == b"octets"

    def test_receive_that_was_filled_goes_on_at_once(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        ends.transport.has_input()
        assert ends.transport.receive(3) == b"oct"
        assert ends.transport.receive(3) == b"ets"

    def test_receive_that_was_not_filled_waits_next(self, ends: Ends) -> None:
        ends.peer.send(b"oct")
        ends.transport.has_input()
        assert ends.transport.receive(4) == b"oct"
        ends.peer.send(b"ets")
        assert ends.transport.receive(4) is ends.transport.readable

    def test_nothing_to_receive_waits(self, ends: Ends) -> None:
        ends.transport.is_drained = False
        assert ends.transport.receive(4) is ends.transport.readable

    def test_waits_once_after_its_fair_share(self, ends: Ends) -> None:
        ends.transport.is_drained = False
        moved = 0
        while moved < FAIR_SHARE:
            ends.peer.send(bytes(PIECE))
            received = ends.transport.receive(PIECE)
            assert isinstance(received, bytes)
            moved += len(received)
        ends.peer.send(b"octets")
        assert ends.transport.receive(PIECE) is ends.transport.readable
        assert ends.transport.receive(PIECE) == b"octets"

    def test_end_is_empty(self, ends: Ends) -> None:
        ends.peer.close()
        ends.transport.is_drained = False
        assert ends.transport.receive(100) == b""

    def test_closed_transport_is_connection_closed(self, ends: Ends) -> None:
        ends.transport.is_drained = False
        ends.transport.close()
        with pytest.raises(ConnectionClosed):
            ends.transport.receive(100)


class Watching(PlainTransport):
    """What looks at all that is received would do something here."""


class WatchedSocket(socket.socket):
    """Likewise."""


def test_plain_transport_scatters(ends: Ends) -> None:
    assert ends.transport.can_scatter


def test_nothing_goes_past_the_receiving_of_a_subclass() -> None:
    ours, peer = socket.socketpair()
    with peer:
        transport = Watching(ours)
        assert not transport.can_scatter
        transport.close()


def test_nothing_goes_past_the_receiving_of_a_socket() -> None:
    ours, peer = socket.socketpair()
    with peer:
        transport = PlainTransport(WatchedSocket(fileno=ours.detach()))
        assert not transport.can_scatter
        transport.close()


class TestLooking:
    def test_nothing(self, ends: Ends) -> None:
        assert not ends.transport.has_input()

    def test_octets_stay(self, ends: Ends) -> None:
        ends.peer.send(b"octets")
        assert ends.transport.has_input()
        assert ends.received() == b"octets"

    def test_end(self, ends: Ends) -> None:
        ends.peer.close()
        assert ends.transport.has_input()


class TestShutdown:
    def test_of_both_directions_wakes_and_ends_both(self, ends: Ends) -> None:
        ends.transport.shutdown(socket.SHUT_RDWR)
        assert ends.transport.readable.poll(0)
        assert ends.awaited() == b""
        with pytest.raises(ConnectionClosed):
            ends.transport.send(b"x")

    def test_of_sending_leaves_receiving(self, ends: Ends) -> None:
        ends.transport.shutdown(socket.SHUT_WR)
        ends.peer.send(b"octets")
        assert ends.awaited() == b"octets"
        assert ends.peer.recv(100) == b""

    def test_of_receiving_wakes(self, ends: Ends) -> None:
        ends.transport.shutdown(socket.SHUT_RD)
        assert ends.transport.readable.poll(0)

    def test_may_be_repeated_and_come_after_the_close(self, ends: Ends) -> None:
        for _ in range(2):
            ends.transport.shutdown(socket.SHUT_RDWR)
        ends.transport.close()
        ends.transport.shutdown(socket.SHUT_RDWR)


class TestClose:
    def test_closes_the_descriptor(self, ends: Ends) -> None:
        ends.transport.close()
        assert ends.peer.recv(100) == b""

    def test_tells_the_drivers_once(self, ends: Ends) -> None:
        released.clear()
        ends.transport.close()
        ends.transport.close()
        assert released == [ends.transport.readable.fd]

    def test_nothing_can_be_sent_or_received_then(self, ends: Ends) -> None:
        ends.transport.close()
        with pytest.raises(ConnectionClosed):
            ends.transport.send(b"x")
        ends.received()
        with pytest.raises(ConnectionClosed):
            ends.received()
