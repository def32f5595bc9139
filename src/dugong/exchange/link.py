"""One TCP connection: its transport, its buffer, its state, and how it ends.

It owns what the two halves share, and the rule that the descriptor is closed only when no
operation is under way on it. It knows neither half. A new connection makes a new `Link`; an
operation stays bound to the one that it began on.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Final

from dugong.drivers.waiter import Waiter
from dugong.exceptions import (
    ConnectionClosed,
    InvalidResponse,
    StateError,
    UnsupportedResponse,
    fresh_copy,
)
from dugong.network.no_transport import NO_TRANSPORT
from dugong.polling import POLLIN, POLLOUT, PollNeeded
from dugong.protocol.read_buffer import ReadBuffer
from dugong.protocol.state import ConnectionState, Receiving, Sending

if TYPE_CHECKING:
    from dugong.network.connector import Connector
    from dugong.network.transport import Transport
    from dugong.protocol.bodies import BodyFraming

# What the peer or the network can do to a receiving step
FAULTS: Final = (ConnectionClosed, InvalidResponse, UnsupportedResponse, OSError)
# Members are looked up by a Python call before 3.12.
_CLOSED: Final = Receiving.CLOSED
_READY: Final = Sending.READY
# Faults behind which the octets of the peer can still be looked at, with read_raw()
_TO_BE_DIAGNOSED: Final = (InvalidResponse, UnsupportedResponse, StateError)


def _ignore(framing: BodyFraming) -> None:
    """Do nothing with the end of a body."""


class Link:
    """A connection from before it is opened until after it has ended.

    Attributes:
        state: What may be sent and what is owed.
        buffer: What was received and not consumed.
        sending: Runs the operations of the sending half.
        receiving: Runs the operations of the receiving half.
        transport: The transport, also after its end; before the opening, one that says so.
        is_open: Whether there is, or was, a transport.
        body_ended: Called with a response body that was read to its end; by nobody any more
            once the connection is closed.
        failure: Why the connection is dead, or `None`. Every later operation repeats it.
    """

    __slots__ = (
        "__weakref__",
        "_connector",
        "body_ended",
        "buffer",
        "failure",
        "is_open",
        "receiving",
        "sending",
        "state",
        "transport",
    )

    def __init__(self, timeout: float | None) -> None:
        self.state: ConnectionState = ConnectionState()
        self.buffer: ReadBuffer = ReadBuffer()
        self.sending: Waiter = Waiter(POLLOUT, timeout)
        self.receiving: Waiter = Waiter(POLLIN, timeout)
        self.body_ended: Callable[[BodyFraming], None] = _ignore
        self.failure: Exception | None = None
        self.transport: Transport = NO_TRANSPORT
        self.is_open: bool = False
        self._connector: Connector | None = None

    def check_alive(self) -> None:
        """Raise the error of a dead connection."""
        if self.failure is not None:
            raise fresh_copy(self.failure)

    @property
    def has_ended(self) -> bool:
        """Whether what is still owed on this connection is lost."""
        return self.failure is not None or self.state.receiving is _CLOSED

    @property
    def is_in_progress(self) -> bool:
        """Whether the connection is alive, and somebody may still go on with something on it."""
        state = self.state
        if not state.owed and state.sending is _READY:  # as a rule (bench, connect)
            return False
        return not self.has_ended and state.is_in_progress()

    def check_not_ended(self) -> None:
        """Raise the error of a connection that is dead, or that the server did not keep."""
        self.check_alive()
        if self.state.receiving is _CLOSED:
            raise ConnectionClosed("server did not keep the connection after the last response")

    def set_timeout(self, timeout: float | None) -> None:
        """Let each single wait of a blocking operation last *timeout* seconds at most."""
        self.sending.set_timeout(timeout)
        self.receiving.set_timeout(timeout)

    def co_open(self, connector: Connector) -> Generator[PollNeeded, None, None]:
        """Open the connection; on any failure it is as before, and can be opened again.

        Raises:
            StateError: It is being opened by another call.
            ConnectionClosed: `abort` was called meanwhile.
        """
        if self._connector is not None:
            raise StateError("the connection is being opened by another call")
        self._connector = connector
        try:
            if self.failure is not None:
                self.check_alive()
            transport = yield from connector.co_open()
        finally:
            self._connector = None
        self.transport = transport
        self.is_open = True
        # Whoever calls abort() from now on closes the transport; whoever did before could not.
        if self.failure is not None:
            self.end()
            self.check_alive()

    def fail(self, failure: Exception) -> None:
        """Make the connection dead; the caller then raises *failure*.

        Where the peer's octets are at fault, those that were received, and the descriptor, are
        kept for diagnosis until `end`; otherwise the connection is closed.

        Raises:
            Exception: It was dead already; this is the reason, which stays.
        """
        if self.failure is not None:
            raise fresh_copy(self.failure) from failure
        self.failure = fresh_copy(failure)
        if not isinstance(failure, _TO_BE_DIAGNOSED):
            # RFC 9112 section 6.3: a client closes the connection on which a message was cut.
            self.end()
        elif self.sending.active:
            # The other half waits for the peer to read on, which it will not.
            self.transport.shutdown(socket.SHUT_WR)

    def receiving_failed(self, exc: BaseException) -> None:
        """Make the connection dead, since *exc* leaves a receiving step; the caller then raises it.

        What is no fault of the peer or the network was raised by a signal handler, and octets that
        were received may not be accounted for. (While an operation waits, no step is under way,
        and nothing is lost.)
        """
        if isinstance(exc, FAULTS):
            self.fail(exc)
        elif self.failure is None:
            self.fail(ConnectionClosed("a read was interrupted while it received"))

    def end(self) -> None:
        """Close the connection, at once or when the last operation on it has ended."""
        sending, receiving = self.sending, self.receiving
        sending.retired = receiving.retired = True
        if (connector := self._connector) is not None:
            connector.interrupt()
        # An operation counts itself before it looks whether the connection has ended, and this is
        # called after that was written; so one of the two sees the other.
        if sending.active or receiving.active:
            # Before the second look: the last one may end meanwhile.
            sending.on_idle = receiving.on_idle = self._close_unused
            self.transport.shutdown(socket.SHUT_RDWR)  # which wakes them
            self._close_unused()
        else:
            self.body_ended = _ignore
            self.transport.close()

    def abort(self, reason: str) -> None:
        """Make the connection dead and close it, so that the next request takes another one.

        To be called from any thread.
        """
        if self.failure is None:
            self.failure = ConnectionClosed(reason)
        self.state.replaceable = True
        self.end()

    def _close_unused(self) -> None:
        sending, receiving = self.sending, self.receiving
        if not (sending.active or receiving.active):
            # By these, this object refers to itself, and would wait for the garbage collector.
            sending.on_idle = receiving.on_idle = None
            self.body_ended = _ignore
            self.transport.close()
