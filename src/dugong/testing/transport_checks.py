"""The check of the transport layer, on a pair of sockets.

It owns what is sent and received on that pair, and how it ends. It knows nothing of HTTP or TLS.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from dugong.exceptions import ConnectionClosed
from dugong.limits import BUFFER_SIZE
from dugong.network.transport import FAIR_SHARE, TransportFactory
from dugong.polling import POLLIN, POLLOUT, PollNeeded
from dugong.testing.promise import (
    PATIENCE,
    is_open,
    must_raise,
    raises_nothing,
    recorded_releases,
    require,
    within_patience,
)
from dugong.testing.transport_pair import Pair, Way, connected_pair

# More than any system takes for a peer that does not read
_MOST_TAKEN: Final = 32 * FAIR_SHARE
_PATTERN: Final = bytes(range(251)) * 600


def check_transport(make: TransportFactory) -> None:
    """Check that a transport keeps the contract of `Transport`.

    Args:
        make: What `Layers.transport` would be. It is given one of a pair of connected sockets
            without TLS.

    Raises:
        AssertionError: A promise is broken; the message says which.
    """
    for scenario in _SCENARIOS:
        with connected_pair(make) as pair:
            _play(scenario, pair)
    for way in (Way.SCATTERED, Way.APART):
        for scenario in _RECEIVING:
            with connected_pair(make) as pair:
                pair.way = way
                if pair.transport.can_scatter:
                    _play(scenario, pair)


def _play(scenario: Callable[[Pair], None], pair: Pair) -> None:
    within_patience(
        partial(scenario, pair),
        f"no method of a transport may block ({scenario.__name__.strip('_')})",
        pair.peer.close,
    )


def _check_waiting(pair: Pair) -> None:
    transport = pair.transport
    require(transport.readable == (pair.fd, POLLIN), "readable must wait for the socket's input")
    require(transport.writable == (pair.fd, POLLOUT), "writable must wait for the socket's output")
    require(isinstance(transport.is_secure, bool), "is_secure must be a bool")
    for _ in range(3):
        with raises_nothing("has_input() must work"):
            require(not transport.has_input(), "has_input() must be False where nothing has come")
        require(
            pair.receive(1) is transport.readable,
            f"{pair.way.value}() must return `readable` where nothing has come",
        )


def _check_receiving(pair: Pair) -> None:
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
        require(got == octets, f"{pair.way.value}() must give the octets that were sent, in order")
        with raises_nothing("has_input() must work"):
            require(
                not pair.transport.has_input(), "has_input() must be False after the last octet"
            )


def _check_sending(pair: Pair) -> None:
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


def _check_files(pair: Pair) -> None:
    with _file_of(_PATTERN) as fd:
        os.lseek(fd, 5, os.SEEK_SET)
        if _sent_of_file(pair, fd, 0, 1) is None:
            require(not _arrived(pair, 0), "send_file() must send nothing where it returns None")
            return
        require(_arrived(pair, 1) == _PATTERN[:1], "send_file() must send the octets of the file")
        offset = 1
        while count := _sent_of_file(pair, fd, offset, len(_PATTERN)):
            require(
                _arrived(pair, count) == _PATTERN[offset : offset + count],
                "send_file() must send the octets at the offset, and as many as it returns",
            )
            offset += count
        require(
            offset == len(_PATTERN) and count == 0,
            "send_file() must return 0 at the end of the file, and not before",
        )
        require(is_open(fd), "send_file() must leave the file open")
        require(
            os.lseek(fd, 0, os.SEEK_CUR) == 5,
            "send_file() must leave the position of the file as it is",
        )


@contextlib.contextmanager
def _file_of(octets: bytes) -> Iterator[int]:
    """Give the descriptor of a file with these octets."""
    with tempfile.TemporaryFile() as file:
        file.write(octets)
        file.flush()
        fd = os.dup(file.fileno())
        try:
            yield fd
        finally:
            with contextlib.suppress(OSError):  # it was closed
                os.close(fd)


def _sent_of_file(pair: Pair, fd: int, offset: int, count: int) -> int | None:
    """Send octets of a file, and wait before it where necessary."""
    while isinstance(result := pair.send_file(fd, offset, count), PollNeeded):
        require(result.poll(PATIENCE), "send_file() must not wait where there is room")
    return result


def _arrived(pair: Pair, count: int) -> bytes:
    """Return what the peer gets: *count* octets, or fewer where no more come, or what is there."""
    got = bytearray()
    ready = PollNeeded(pair.peer.fileno(), POLLIN)
    while (not count or len(got) < count) and ready.poll(PATIENCE / 4 if count else 0):
        got += pair.peer.recv(BUFFER_SIZE)
    return bytes(got)


def _check_fairness(pair: Pair) -> None:
    def exchange_in() -> int | None:
        with contextlib.suppress(BlockingIOError):
            pair.peer.send(bytes(BUFFER_SIZE))
        result = pair.receive(1024)
        return None if isinstance(result, PollNeeded) else len(result)

    _check_share(pair.way.value, exchange_in)
    if pair.way is not Way.INTO:
        return
    _check_share("send", lambda: _taken(pair, pair.send(bytes(BUFFER_SIZE))))
    with _file_of(bytes(BUFFER_SIZE)) as fd:
        if _sent_of_file(pair, fd, BUFFER_SIZE, 1) is not None:
            _check_share("send_file", lambda: _taken(pair, pair.send_file(fd, 0, BUFFER_SIZE) or 0))


def _taken(pair: Pair, sent: int | PollNeeded) -> int | None:
    """Have the peer receive what was sent; return the count, `None` where that has to wait."""
    if isinstance(sent, PollNeeded):
        return None
    left = sent
    while left and PollNeeded(pair.peer.fileno(), POLLIN).poll(PATIENCE / 4):
        left -= len(pair.peer.recv(left))
    return sent


def _check_share(name: str, exchange: Callable[[], int | None]) -> None:
    moved = in_turn = 0
    while moved < 2 * FAIR_SHARE:
        count = exchange()
        in_turn = 0 if count is None else in_turn + count
        moved += count or 0
        require(
            in_turn <= FAIR_SHARE + BUFFER_SIZE,
            f"{name}() must return a PollNeeded after {FAIR_SHARE} octets without a wait",
        )


def _check_end(pair: Pair) -> None:
    pair.peer.sendall(b"last")
    pair.peer.shutdown(socket.SHUT_WR)
    require(pair.received() == b"last", f"{pair.way.value}() must give what came before the end")
    for _ in range(2):
        with raises_nothing("has_input() must work"):
            require(pair.transport.has_input(), "has_input() must be True at the end")
        with raises_nothing(f"{pair.way.value}() must return 0 at the end"):
            require(pair.received() == b"", f"{pair.way.value}() must return 0 at the end")
    require(pair.send(b"x") == 1, "send() must be possible where the peer only ended its half")


def _check_cut_off(pair: Pair) -> None:
    pair.send(b"unread")
    pair.peer.close()
    with contextlib.suppress(ConnectionClosed):
        require(pair.received() == b"", "nothing must be received from a peer that has gone")
    with must_raise("send() must raise ConnectionClosed to a peer that has gone", ConnectionClosed):
        _send_until_failure(pair)


def _send_until_failure(pair: Pair) -> None:
    for _ in range(100):
        pair.send(b"octets")


def _check_shutdown(pair: Pair) -> None:
    for _ in range(2):
        with raises_nothing("shutdown() must raise nothing"):
            pair.transport.shutdown(socket.SHUT_RDWR)
        require(is_open(pair.fd), "shutdown() must leave the descriptor open")
        require(pair.transport.readable.poll(0), "shutdown() must wake who waits for input")
        with contextlib.suppress(ConnectionClosed):
            require(pair.received() == b"", "nothing must be received after shutdown()")
        with must_raise("send() must raise ConnectionClosed after shutdown()", ConnectionClosed):
            _send_until_failure(pair)


def _check_close(pair: Pair) -> None:
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
    with must_raise(
        f"{pair.way.value}() must raise ConnectionClosed after close()", ConnectionClosed
    ):
        pair.receive(1)
        pair.receive(1)
    with raises_nothing("shutdown(), cipher() and peercert() must be possible after close()"):
        transport.shutdown(socket.SHUT_RDWR)
        transport.cipher()
        transport.peercert(binary_form=True)
        transport.peercert(binary_form=False)


_SCENARIOS: Final[tuple[Callable[[Pair], None], ...]] = (
    _check_waiting,
    _check_receiving,
    _check_sending,
    _check_files,
    _check_fairness,
    _check_end,
    _check_cut_off,
    _check_shutdown,
    _check_close,
)
_RECEIVING: Final = (
    _check_waiting,
    _check_receiving,
    _check_fairness,
    _check_end,
    _check_cut_off,
    _check_shutdown,
    _check_close,
)
