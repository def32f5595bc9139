"""The check of the transport layer, on a pair of sockets.

It owns what is sent and received on that pair, and how it ends. It knows nothing of HTTP or TLS.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import attrs

from dugong.exceptions import ConnectionClosed
from dugong.limits import BUFFER_SIZE
from dugong.network.transport import FAIR_SHARE, Transport, TransportFactory
from dugong.polling import POLLIN, POLLOUT, PollNeeded
from dugong.testing.promise import (
    PATIENCE,
    is_open,
    keeps_memory,
    must_raise,
    raises_nothing,
    raises_only,
    recorded_releases,
    require,
    within_patience,
)

# More than any system takes for a peer that does not read
_MOST_TAKEN: Final = 32 * FAIR_SHARE
_PATTERN: Final = bytes(range(251)) * 600


@attrs.define(eq=False)
class _Pair:
    """A transport, the descriptor that it was made for, and the socket at the other end."""

    transport: Transport
    fd: int
    peer: socket.socket

    def send(self, octets: bytes) -> int | PollNeeded:
        """Send from memory that is taken away afterwards."""
        memory = bytearray(octets)
        try:
            with memoryview(memory) as view, raises_only("send() must work", ConnectionClosed):
                result = self.transport.send(view)
        finally:
            require(not keeps_memory(memory), "send() must not keep the memory that it is given")
        if isinstance(result, PollNeeded):
            self._check_needed(result)
        else:
            require(
                0 < result <= len(octets), f"send() must return the octets it sent, not {result}"
            )
        return result

    def receive(self, size: int) -> bytes | PollNeeded:
        """Receive into memory that is taken away afterwards."""
        memory = bytearray(size)
        promise = "receive_into() must work"
        try:
            with memoryview(memory) as view, raises_only(promise, ConnectionClosed):
                result = self.transport.receive_into(view)
        finally:
            require(
                not keeps_memory(memory), "receive_into() must not keep the memory that it is given"
            )
        if isinstance(result, PollNeeded):
            self._check_needed(result)
            return result
        require(0 <= result <= size, f"receive_into() must return its octets, not {result}")
        return bytes(memory[:result])

    def _check_needed(self, needed: PollNeeded) -> None:
        require(
            needed is self.transport.readable or needed is self.transport.writable,
            "a transport must wait for its own `readable` or `writable`, and no other object",
        )

    def received(self, size: int = BUFFER_SIZE) -> bytes:
        """Receive, and wait before it where necessary."""
        while isinstance(result := self.receive(size), PollNeeded):
            require(result.poll(PATIENCE), "receive_into() must not wait where there is something")
        return result


def check_transport(make: TransportFactory) -> None:
    """Check that a transport keeps the contract of `Transport`.

    Args:
        make: What `Layers.transport` would be. It is given one of a pair of connected sockets
            without TLS.

    Raises:
        AssertionError: A promise is broken; the message says which.
    """
    for scenario in _SCENARIOS:
        with _pair(make) as pair:
            within_patience(
                partial(scenario, pair),
                f"no method of a transport may block ({scenario.__name__.strip('_')})",
                pair.peer.close,
            )


@contextlib.contextmanager
def _pair(make: TransportFactory) -> Iterator[_Pair]:
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    peer.setblocking(False)
    with ours, peer:
        fd = ours.fileno()
        with raises_nothing("a transport must be made for every connected socket"):
            transport = make(ours)
        try:
            yield _Pair(transport, fd, peer)
        finally:
            with contextlib.suppress(Exception):  # what is wrong with it was told
                transport.close()


def _check_waiting(pair: _Pair) -> None:
    transport = pair.transport
    require(transport.readable == (pair.fd, POLLIN), "readable must wait for the socket's input")
    require(transport.writable == (pair.fd, POLLOUT), "writable must wait for the socket's output")
    require(isinstance(transport.is_secure, bool), "is_secure must be a bool")
    for _ in range(3):
        with raises_nothing("has_input() must work"):
            require(not transport.has_input(), "has_input() must be False where nothing has come")
        require(
            pair.receive(1) is transport.readable,
            "receive_into() must return `readable` where nothing has come",
        )


def _check_receiving(pair: _Pair) -> None:
    for octets, size in ((b"octets", 100), (b"octets", 6), (b"octets", 1), (_PATTERN[:9000], 512)):
        pair.peer.sendall(octets)
        got = b""
        while len(got) < len(octets):
            with raises_nothing("has_input() must work"):
                require(
                    pair.transport.has_input(),
                    "has_input() must be True where octets are, and leave them there",
                )
            got += pair.received(size)
            require(
                not pair.transport.is_drained or isinstance(pair.receive(1), PollNeeded),
                "is_drained must be True only where the next receive gives a PollNeeded",
            )
        require(got == octets, "receive_into() must give the octets that were sent, in order")
        with raises_nothing("has_input() must work"):
            require(
                not pair.transport.has_input(), "has_input() must be False after the last octet"
            )


def _check_sending(pair: _Pair) -> None:
    sent = 0
    is_full = False
    while not is_full:
        begin = sent % 251
        result = pair.send(_PATTERN[begin : begin + BUFFER_SIZE])
        if isinstance(result, PollNeeded):
            is_full = not result.poll(0)
            require(
                not is_full or result is pair.transport.writable,
                "send() must wait for `writable` on a full socket",
            )
        else:
            sent += result
            require(sent <= _MOST_TAKEN, "send() must hand to the system what it takes")
    got = bytearray()
    while len(got) < sent and PollNeeded(pair.peer.fileno(), POLLIN).poll(PATIENCE / 4):
        got += pair.peer.recv(BUFFER_SIZE)
    require(
        bytes(got) == (_PATTERN * (sent // len(_PATTERN) + 1))[:sent],
        "the peer must receive what send() says was sent, in order",
    )


def _check_fairness(pair: _Pair) -> None:
    def exchange_out() -> int | None:
        result = pair.send(bytes(BUFFER_SIZE))
        if isinstance(result, PollNeeded):
            return None
        left = result
        while left and PollNeeded(pair.peer.fileno(), POLLIN).poll(PATIENCE / 4):
            left -= len(pair.peer.recv(left))
        return result

    def exchange_in() -> int | None:
        with contextlib.suppress(BlockingIOError):
            pair.peer.send(bytes(BUFFER_SIZE))
        result = pair.receive(1024)
        return None if isinstance(result, PollNeeded) else len(result)

    for name, exchange in (("send", exchange_out), ("receive_into", exchange_in)):
        moved = in_turn = 0
        while moved < 2 * FAIR_SHARE:
            count = exchange()
            in_turn = 0 if count is None else in_turn + count
            moved += count or 0
            require(
                in_turn <= FAIR_SHARE + BUFFER_SIZE,
                f"{name}() must return a PollNeeded after {FAIR_SHARE} octets without a wait",
            )


def _check_end(pair: _Pair) -> None:
    pair.peer.sendall(b"last")
    pair.peer.shutdown(socket.SHUT_WR)
    require(pair.received() == b"last", "receive_into() must give what came before the end")
    for _ in range(2):
        with raises_nothing("has_input() must work"):
            require(pair.transport.has_input(), "has_input() must be True at the end")
        with raises_nothing("receive_into() must return 0 at the end"):
            require(pair.received() == b"", "receive_into() must return 0 at the end")
    require(pair.send(b"x") == 1, "send() must be possible where the peer only ended its half")


def _check_cut_off(pair: _Pair) -> None:
    pair.send(b"unread")
    pair.peer.close()
    with contextlib.suppress(ConnectionClosed):
        require(pair.received() == b"", "nothing must be received from a peer that has gone")
    with must_raise("send() must raise ConnectionClosed to a peer that has gone", ConnectionClosed):
        _send_until_failure(pair)


def _send_until_failure(pair: _Pair) -> None:
    for _ in range(100):
        pair.send(b"octets")


def _check_shutdown(pair: _Pair) -> None:
    for _ in range(2):
        with raises_nothing("shutdown() must raise nothing"):
            pair.transport.shutdown(socket.SHUT_RDWR)
        require(is_open(pair.fd), "shutdown() must leave the descriptor open")
        require(pair.transport.readable.poll(0), "shutdown() must wake who waits for input")
        with contextlib.suppress(ConnectionClosed):
            require(pair.received() == b"", "nothing must be received after shutdown()")
        with must_raise("send() must raise ConnectionClosed after shutdown()", ConnectionClosed):
            _send_until_failure(pair)


def _check_close(pair: _Pair) -> None:
    transport = pair.transport
    with recorded_releases() as releases:
        for _ in range(2):
            with raises_nothing("close() must raise nothing"):
                transport.close()
            require(not is_open(pair.fd), "close() must close the descriptor")
            require(
                [(known.fd, known.was_open) for known in releases] == [(pair.fd, True)],
                "close() must call polling.release() once, before it closes the descriptor",
            )
    with must_raise("send() must raise ConnectionClosed after close()", ConnectionClosed):
        _send_until_failure(pair)
    with must_raise("receive_into() must raise ConnectionClosed after close()", ConnectionClosed):
        pair.receive(1)
        pair.receive(1)
    with raises_nothing("shutdown(), cipher() and peercert() must be possible after close()"):
        transport.shutdown(socket.SHUT_RDWR)
        transport.cipher()
        transport.peercert(binary_form=True)
        transport.peercert(binary_form=False)


_SCENARIOS: Final[tuple[Callable[[_Pair], None], ...]] = (
    _check_waiting,
    _check_receiving,
    _check_sending,
    _check_fairness,
    _check_end,
    _check_cut_off,
    _check_shutdown,
    _check_close,
)
