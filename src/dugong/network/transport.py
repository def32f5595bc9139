"""What a connected stream of octets can do: the contract of every transport.

It owns the translation of an `OSError` or `ssl.SSLError`, met in sending or receiving, into the
exceptions of this library. It knows nothing of HTTP. The sender sends through a transport, the
receiver receives, each from its own thread.
"""

from __future__ import annotations

import errno
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, Literal, NoReturn, TypeAlias, overload

from dugong.exceptions import ConnectionClosed
from dugong.polling import POLLIN, POLLOUT, PollNeeded, poll_needed

PeerCertificate: TypeAlias = dict[
    str, str | tuple[tuple[tuple[str, str], ...], ...] | tuple[tuple[str, str], ...]
]
"""What `ssl.SSLSocket.getpeercert` returns."""

# What threading.RLock() returns, behind a Python function that costs four times as much as the lock
# (bench, connect).
ReentrantLock: Final = type(threading.RLock())

# So many octets may go one way without a wait, before an event loop gets its turn.
FAIR_SHARE: Final = 1_048_576
_CUT_OFF: Final = frozenset(
    {
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.EPIPE,
        errno.ESHUTDOWN,
        errno.ENOTCONN,
        errno.EBADF,
    }
)


class Transport(ABC):
    """A connected stream of octets that never blocks.

    It is given one connected socket, which is its own from then on. Where it cannot go on it
    returns one of its two `PollNeeded`, never another one; and also when it has moved `FAIR_SHARE`
    octets one way without a wait, so that an event loop gets its turn. One thread may send while
    another receives, and any may shut it down. Sending and receiving raise `ConnectionClosed`, not
    an `OSError`, where the connection was cut off, shut down or closed; the other methods
    raise nothing. No method may block, take octets that it does not hand to the system, or keep
    the memory that it is given beyond the call.

    Attributes:
        readable: What a receive that cannot go on waits for; always the same object.
        writable: What a send that cannot go on waits for; always the same object.
        is_committed: Whether the octets of a send that gave a `PollNeeded` count as gone out,
            since only the same octets may follow.
        can_scatter: Whether `receive_scattered` and `receive` do better than `receive_into` with a
            copy behind it, so that they are used. They may not go past a `receive_into` that a
            subclass overrides.
        is_drained: Whether the next receive gives a `PollNeeded`, since the one before took all
            there was, or ended its turn, or there was none. Whoever waits without that receive
            sets it to False.
    """

    is_committed: bool = False
    can_scatter: bool = False
    is_drained: bool = False

    def __init__(self, fd: int) -> None:
        """Prepare to wait for the descriptor *fd*."""
        self.readable: PollNeeded = poll_needed(fd, POLLIN)
        self.writable: PollNeeded = poll_needed(fd, POLLOUT)

    @abstractmethod
    def send(self, data: bytes | memoryview) -> int | PollNeeded:
        """Send a part of *data*, which is not empty, and return its octets.

        After a `PollNeeded` the next call has to give the same octets again.

        Raises:
            ConnectionClosed: The connection was cut off.
        """

    def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
        """Send octets of a regular file without reading them, and return how many.

        A transport that leaves this as it is, or gives `None`, has them read and sends them by
        `send`. It has to, where its `send` does more than to hand the octets to the system. The
        position of the descriptor stays as it is, and the descriptor open.

        Args:
            fd: The descriptor of the file.
            offset: Where in the file the octets begin.
            count: How many to send at most, and not 0.

        Returns:
            The count of octets that were sent, 0 where the file has none there; or `None`, where
            this is not possible with this transport or this file, and nothing was sent.

        Raises:
            ConnectionClosed: The connection was cut off.
        """
        return None

    @abstractmethod
    def receive_into(self, target: memoryview) -> int | PollNeeded:
        """Receive octets into *target*, which is not empty; return their count, 0 at the end.

        The end is an orderly one: the peer said that it sends no more.

        Raises:
            ConnectionClosed: The connection was cut off.
        """

    def receive_scattered(self, targets: Sequence[memoryview]) -> int | PollNeeded:
        """Receive octets into *targets*, each of which is filled before the next one.

        By default only the first is filled.

        Returns:
            The count of all octets, 0 at the end.

        Raises:
            ConnectionClosed: The connection was cut off.
        """
        return self.receive_into(targets[0])

    def receive(self, most: int) -> bytes | PollNeeded:
        """Receive at most *most* octets, which is not 0, into memory of their own.

        Returns:
            The octets, empty at the end.

        Raises:
            ConnectionClosed: The connection was cut off.
        """
        target = bytearray(most)
        with memoryview(target) as view:
            received = self.receive_into(view)
        return received if isinstance(received, PollNeeded) else bytes(target[:received])

    @abstractmethod
    def has_input(self) -> bool:
        """Return whether a receive would find octets, the end, or a failure.

        For the sender, and for the receiver once sending has ended.
        """

    @abstractmethod
    def shutdown(self, how: int) -> None:
        """End one direction or both (``socket.SHUT_…``), so that every wait for it ends too.

        The descriptor stays open. Also after the close, when there is nothing left to do.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the descriptor, after telling the drivers by `polling.release`; at most once."""

    @property
    @abstractmethod
    def is_secure(self) -> bool:
        """Whether what goes over the wire is encrypted."""

    def cipher(self) -> tuple[str, str, int] | None:
        """Return what `ssl.SSLSocket.cipher` says, or said before the close."""
        return None

    @overload
    def peercert(self, *, binary_form: Literal[True]) -> bytes | None: ...

    @overload
    def peercert(self, *, binary_form: Literal[False]) -> PeerCertificate | None: ...

    def peercert(self, *, binary_form: bool) -> PeerCertificate | bytes | None:
        """Return what `ssl.SSLSocket.getpeercert` says, or said before the close."""
        return None


TransportFactory: TypeAlias = Callable[[socket.socket], Transport]
"""Makes the transport for a connected socket, which is an `ssl.SSLSocket` after its handshake or a
plain one. It must not block."""


def forbid_blocking(sock: socket.socket) -> None:
    """Make *sock* non-blocking, without asking the system where it is."""
    if sock.gettimeout() != 0:
        sock.setblocking(False)


def raise_translated(exc: Exception) -> NoReturn:
    """Raise what *exc*, met in sending or receiving, means in the words of this library.

    Raises:
        ConnectionClosed: *exc* says that the connection was cut off, in whichever form the
            socket or ssl module says so.
        Exception: *exc* itself says something else.
    """
    try:
        if is_cut_off(exc):
            raise ConnectionClosed("connection was reset or cut off") from exc
        raise exc
    finally:
        # By its traceback it would refer to itself, and to the caller's octets, until the next gc.
        del exc


def is_cut_off(exc: BaseException) -> bool:
    """Return whether an error of `socket` or `ssl` says that the connection was cut off."""
    if not isinstance(exc, OSError):
        return False
    if type(exc).__module__ != "ssl":
        return exc.errno in _CUT_OFF
    import ssl

    # The errno: a server that cut the connection off before the handshake, as SSLSocket tells it.
    return (
        misses_closure_alert(exc)
        or isinstance(exc, (ssl.SSLZeroReturnError, ssl.SSLSyscallError))
        or exc.errno == errno.ENOTCONN
    )


def misses_closure_alert(exc: BaseException) -> bool:
    """Return whether an error of `ssl` says that the peer closed without the closure alert."""
    import ssl

    # The latter: an end in the middle of a record, where OpenSSL does not count it as the end, and
    # before Python 3.11.4 every such end.
    return (
        isinstance(exc, ssl.SSLEOFError)
        or getattr(exc, "reason", None) == "UNEXPECTED_EOF_WHILE_READING"
    )
