"""Ways to a listener on loopback, good ones and bad ones, and who was asked on them.

It owns the sockets of the connector's check, and sees to it that none of them stays open. It knows
nothing of what is checked on the way.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from dugong.exceptions import ConnectionTimedOut
from dugong.layers import ConnectorFactory
from dugong.limits import Limits
from dugong.network.open_transport import open_transport
from dugong.network.resolver import Address, Resolver
from dugong.network.route import Route
from dugong.network.transport import Transport, TransportFactory
from dugong.polling import POLLIN, POLLOUT, PollNeeded
from dugong.protocol.authority import Authority
from dugong.testing.promise import (
    PATIENCE,
    open_descriptors,
    raises_nothing,
    recorded_releases,
    require,
)

if TYPE_CHECKING:
    from dugong.network.connector import Connector

ORIGIN: Final = Authority("server.invalid", 443)
SOON: Final = 0.1  # seconds; on loopback nothing that comes at all comes later
_FILLING_ATTEMPTS: Final = 20


@attrs.define(eq=False)
class Way:
    """A way to a listener on loopback, and who was asked on it.

    Attributes:
        make: Makes the connector that is checked.
        listener: The listener.
        addresses: What the resolver returns.
        error: What it raises instead.
        lookups: What it was asked for.
        transports: What was made of connected sockets.
        waited_for: The descriptors that the connector waited for.
    """

    make: ConnectorFactory
    listener: socket.socket
    addresses: list[Address]
    error: Exception | None = None
    lookups: list[tuple[str, int]] = attrs.field(factory=list)
    transports: list[Transport] = attrs.field(factory=list)
    waited_for: set[int] = attrs.field(factory=set)

    @classmethod
    @contextlib.contextmanager
    def open(cls, make: ConnectorFactory) -> Iterator[Way]:
        """Give a way, and check that nothing of what happens on it stays open."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            before = open_descriptors()
            way = cls(make, listener, [address_of(listener)])
            with recorded_releases() as releases:
                try:
                    yield way
                except BaseException:
                    way.close_transports()
                    raise
            left = open_descriptors() - before
            require(not left, f"a connector must leave no descriptor open, but left {left}")
            released = {known.fd for known in releases if known.was_open}
            require(
                way.waited_for <= released,
                "a connector must call polling.release() before it closes a socket it waited for",
            )

    def connector(
        self, route: Route | None = None, factory: TransportFactory | None = None
    ) -> Connector:
        """Return the connector that is checked; by default one to the listener, without TLS."""
        with raises_nothing("a connector must be made for every Route"):
            return self.make(
                Route(ORIGIN) if route is None else route,
                _FixedResolver(self),
                self.open_transport if factory is None else factory,
                Limits(),
            )

    def close_transports(self) -> None:
        """Close what a check that failed has left open."""
        for transport in self.transports:
            transport.close()

    def accept(self) -> socket.socket:
        """Return the peer of a connection that was opened."""
        needed = PollNeeded(self.listener.fileno(), POLLIN)
        require(needed.poll(PATIENCE), "a connector must connect to the address it was given")
        return self.listener.accept()[0]

    def resolve(self, host: str, port: int) -> Sequence[Address]:
        """Answer for the resolver layer."""
        self.lookups.append((host, port))
        if self.error is not None:
            raise self.error
        return self.addresses

    def open_transport(self, sock: socket.socket) -> Transport:
        """Answer for the transport layer."""
        transport = open_transport(sock)
        self.transports.append(transport)
        return transport

    def co_follow(self, connector: Connector) -> Generator[PollNeeded, None, Transport]:
        """Open a connection, and note what that waits for."""
        opening = connector.co_open()
        try:
            needed = next(opening)
            while True:
                require(isinstance(needed, PollNeeded), f"co_open() must not yield {needed!r}")
                self.waited_for.add(needed.fd)
                try:
                    yield needed
                except ConnectionTimedOut as exc:
                    needed = opening.throw(exc)
                else:
                    needed = next(opening)
        except StopIteration as stop:
            transport: Transport = stop.value
            return transport
        finally:
            opening.close()


class _FixedResolver(Resolver):
    def __init__(self, way: Way) -> None:
        self._way = way

    def resolve(self, host: str, port: int) -> Sequence[Address]:
        return self._way.resolve(host, port)


def address_of(sock: socket.socket) -> Address:
    """Return the address of a listener."""
    return Address(sock.family, sock.getsockname())


@contextlib.contextmanager
def refused() -> Iterator[Address]:
    """Give an address that refuses connections."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield address_of(sock)


@contextlib.contextmanager
def silent() -> Iterator[Address | None]:
    """Give an address that never answers, or `None` where the system makes none.

    Its listener accepts nothing, and has as many connections as it may.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(_FILLING_ATTEMPTS):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            if not PollNeeded(filler.fileno(), POLLOUT).poll(SOON):
                yield address_of(listener)
                return
        yield None
