"""A transport that follows a script, and connections that use it.

It owns what a server would send and what was sent to it. It knows nothing of HTTP.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from dugong.connection import HTTPConnection
from dugong.exceptions import ConnectionClosed
from dugong.network.connector import Connector
from dugong.network.transport import Transport
from dugong.polling import PollNeeded, release

if TYPE_CHECKING:
    import ssl

    from dugong.layers import Layers
    from dugong.limits import Limits
    from dugong.network.resolver import Resolver
    from dugong.network.route import Route
    from dugong.network.transport import TransportFactory


class Cue(Enum):
    """What happens in a script beside octets."""

    PAUSE = auto()
    SENT = auto()
    END = auto()


PAUSE: Final = Cue.PAUSE
SENT: Final = Cue.SENT
END: Final = Cue.END
Line: TypeAlias = bytes | Cue | Exception


class ScriptedTransport(Transport):
    """Plays the server's part from a script.

    A line of the script is octets that one receive gives, at most; `PAUSE` for a receive that
    would block once; `SENT` for silence until something more is sent to the server; `END` for the
    orderly end; or an exception that a receive raises. The first line waits for a send in any
    case. Behind the last line the server is silent.

    Attributes:
        can_scatter: True, so that payload is received as through a plain socket.
        sent: Everything that was sent, in order.
        sends: The octet count of each send that took something.
        is_closed: Whether `close` was called.
    """

    can_scatter: bool = True

    def __init__(self, *script: Line, accepts: Iterable[int | Exception] = ()) -> None:
        """Prepare to play.

        Args:
            *script: The lines.
            accepts: How many octets each send takes at most, 0 for one that would block, or the
                exception that it raises. Behind the last of them everything is taken.
        """
        # A socket that is ready both ways unless the server is silent.
        self._socket, self._feeder = socket.socketpair()
        self._socket.setblocking(False)
        super().__init__(self._socket.fileno())
        self._is_ready = False
        self._script: deque[Line] = deque([SENT, *script] if script else [])
        self._accepts = deque(accepts)
        self._was_sent_to = False
        self.sent: bytearray = bytearray()
        self.sends: list[int] = []
        self.is_closed: bool = False

    def extend(self, *script: Line) -> None:
        """Add lines to the script; they do not wait for a send unless they say so."""
        self._script.extend(script)
        self._make_ready()

    def send(self, data: bytes | memoryview) -> int | PollNeeded:
        """Take what the script says that this send takes."""
        self._check_open()
        accepted = self._accepts.popleft() if self._accepts else len(data)
        if isinstance(accepted, Exception):
            raise accepted
        if not accepted:
            return self.writable
        count = min(accepted, len(data))
        self.sent += data[:count]
        self.sends.append(count)
        self._was_sent_to = True
        self._make_ready()
        return count

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        """Give what the next line of the script gives."""
        self._check_open()
        line = self._next_line()
        if line is END:
            return 0
        if line is None or isinstance(line, Cue):
            return self._pause()
        self._script.popleft()
        if isinstance(line, Exception):
            raise line
        count = min(len(line), len(target))
        target[:count] = line[:count]
        if count < len(line):
            self._script.appendleft(line[count:])
        return count

    def receive_scattered(self, targets: Sequence[memoryview]) -> int | PollNeeded:
        """Give what the next line of the script gives, to one target after the other."""
        octets = bytearray(sum(map(len, targets)))
        received = self.receive_into(memoryview(octets))
        if not isinstance(received, PollNeeded):
            left = memoryview(octets)[:received]
            for target in targets:
                target[: len(left)] = left[: len(target)]
                left = left[len(target) :]
        return received

    def has_input(self) -> bool:
        """Return whether a receive would find octets, the end, or a failure."""
        line = self._next_line()
        return line is not None and line is not PAUSE

    def shutdown(self, how: int) -> None:
        """Put the end behind the script, where receiving is shut down."""
        if how in (socket.SHUT_RD, socket.SHUT_RDWR):
            self._script = deque(line for line in self._script if line is not SENT)
            self.extend(END)

    def close(self) -> None:
        """Close the descriptor that waits are for."""
        if not self.is_closed:
            self.is_closed = True
            release(self._socket.fileno())
            self._socket.close()
            self._feeder.close()

    @property
    def is_secure(self) -> bool:
        """False: nothing is encrypted."""
        return False

    def _check_open(self) -> None:
        if self.is_closed:
            raise ConnectionClosed("connection was closed")

    def _next_line(self) -> Line | None:
        """Return the line that comes next, or `None` while the server is silent."""
        while self._script and self._script[0] is SENT:
            if not self._was_sent_to:
                return None
            self._was_sent_to = False
            self._script.popleft()
        return self._script[0] if self._script else None

    def _pause(self) -> PollNeeded:
        if self._script and self._script[0] is PAUSE:
            self._script.popleft()
        if self._next_line() is None and self._is_ready:
            self._socket.recv(1)
            self._is_ready = False
        return self.readable

    def _make_ready(self) -> None:
        if not self._is_ready and not self.is_closed:
            self._feeder.send(b"!")
            self._is_ready = True


@attrs.define(eq=False)
class _ScriptedConnectors:
    """Makes connectors whose connections are the given transports, one after the other."""

    transports: deque[ScriptedTransport]

    def __call__(
        self, route: Route, resolver: Resolver, factory: TransportFactory, limits: Limits
    ) -> Connector:
        return _ScriptedConnector(route, resolver, factory, limits, self.transports)


class _ScriptedConnector(Connector):
    def __init__(
        self,
        route: Route,
        resolver: Resolver,
        factory: TransportFactory,
        limits: Limits,
        transports: deque[ScriptedTransport],
    ) -> None:
        super().__init__(route, resolver, factory, limits)
        self._transports = transports

    def co_open(self) -> Generator[PollNeeded, None, Transport]:
        yield from ()
        if not self._transports:
            raise ConnectionRefusedError("the script has no further connection")
        return self._transports.popleft()


def scripted_connection(
    *transports: ScriptedTransport,
    layers: Layers | None = None,
    timeout: float | None = 5,
    ssl_context: ssl.SSLContext | None = None,
    proxy: tuple[str, int] | None = None,
    proxy_headers: Mapping[str, str] | None = None,
) -> HTTPConnection:
    """Return a connection to ``example.com`` that is opened to one transport after the other.

    Args:
        *transports: What each `connect` gives; behind the last one it is refused.
        layers: The other layers; by default those of `HTTPConnection`.
        timeout: As for `HTTPConnection`, and so the other arguments. No TLS is done.
        ssl_context: See there.
        proxy: See there.
        proxy_headers: See there.
    """
    base = HTTPConnection.layers if layers is None else layers

    class ScriptedConnection(HTTPConnection):
        layers = attrs.evolve(base, connector=_ScriptedConnectors(deque(transports)))

    return ScriptedConnection(
        "example.com",
        ssl_context=ssl_context,
        proxy=proxy,
        timeout=timeout,
        proxy_headers=proxy_headers,
    )
