"""The check of the connector layer, against a listener on loopback.

It owns ways to that listener, good ones and bad ones, and who was asked on them. It knows
nothing of requests.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

import attrs

from dugong.drivers.poll_loop import eval_coroutine
from dugong.exceptions import (
    ConnectionClosed,
    ConnectionTimedOut,
    HostnameNotResolvable,
    TunnelRefused,
)
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
    must_raise,
    open_descriptors,
    raises_nothing,
    recorded_releases,
    require,
    within_patience,
)

if TYPE_CHECKING:
    from dugong.network.connector import Connector

_ORIGIN: Final = Authority("server.invalid", 443)
_PROXY: Final = Authority("proxy.invalid", 3128)
_SOON: Final = 0.1  # seconds; on loopback nothing that comes at all comes later
_FILLING_ATTEMPTS: Final = 20


def check_connector(make: ConnectorFactory) -> None:
    """Check that a connector keeps the contract of `Connector`.

    Args:
        make: What `Layers.connector` would be. It is given ways to a listener on loopback.

    Raises:
        AssertionError: A promise is broken; the message says which.
    """
    for scenario in _SCENARIOS:
        with _Way.open(make) as way:
            scenario(way)


@attrs.define(eq=False)
class _Way:
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
    def open(cls, make: ConnectorFactory) -> Iterator[_Way]:
        """Give a way, and check that nothing of what happens on it stays open."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            before = open_descriptors()
            way = cls(make, listener, [_address_of(listener)])
            with recorded_releases() as releases:
                yield way
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
                Route(_ORIGIN) if route is None else route,
                _FixedResolver(self),
                self.open_transport if factory is None else factory,
                Limits(),
            )

    def accept(self) -> socket.socket:
        """Return the peer of a connection that was opened."""
        needed = PollNeeded(self.listener.fileno(), POLLIN)
        require(needed.poll(PATIENCE), "a connector must connect to the address it was given")
        return self.listener.accept()[0]

    def resolve(self, host: str, port: int) -> Sequence[Address]:
        self.lookups.append((host, port))
        if self.error is not None:
            raise self.error
        return self.addresses

    def open_transport(self, sock: socket.socket) -> Transport:
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
    def __init__(self, way: _Way) -> None:
        self._way = way

    def resolve(self, host: str, port: int) -> Sequence[Address]:
        return self._way.resolve(host, port)


def _address_of(sock: socket.socket) -> Address:
    return Address(sock.family, sock.getsockname())


@contextlib.contextmanager
def _refused() -> Iterator[Address]:
    """Give an address that refuses connections."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield _address_of(sock)


@contextlib.contextmanager
def _silent() -> Iterator[Address | None]:
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
            if not PollNeeded(filler.fileno(), POLLOUT).poll(_SOON):
                yield _address_of(listener)
                return
        yield None


def _tunnel_route() -> Route:
    """Return a way through a tunnel, where the connector waits for what the proxy answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return Route(_ORIGIN, context, _PROXY, {"X-For": "proxy"})


def _suspend(opening: Generator[PollNeeded, None, Transport]) -> None:
    """Let a connector run until it waits for something that does not come."""
    promise = "co_open() must wait for the answer of a proxy"
    with contextlib.suppress(StopIteration), raises_nothing(promise):
        while next(opening).poll(_SOON):
            pass
        return
    raise AssertionError(promise)


def _check_first_resumption(way: _Way) -> None:
    way.connector().co_open().close()
    require(not way.lookups, "co_open() must do nothing before its first resumption")


def _check_opening(way: _Way) -> None:
    with raises_nothing("co_open() must open a connection"):
        transport = eval_coroutine(way.co_follow(way.connector()), PATIENCE)
    require(way.lookups == [(_ORIGIN.host, _ORIGIN.port)], "the resolver must be asked, once")
    require(
        any(transport is known for known in way.transports),
        "co_open() must return what the transport layer makes of the socket",
    )
    with way.accept() as peer, raises_nothing("the transport must work both ways"):
        require(transport.send(b"ping") == 4, "the transport must send")
        require(peer.recv(4) == b"ping", "the listener must receive what is sent")
        peer.sendall(b"pong")
        target = bytearray(4)
        while isinstance(needed := transport.receive_into(memoryview(target)), PollNeeded):
            require(needed.poll(PATIENCE), "the transport must receive")
        require(target == b"pong", "the transport must receive what the listener sends")
    transport.close()


def _check_next_address(way: _Way) -> None:
    with _refused() as address:
        way.addresses.insert(0, address)
        with raises_nothing("co_open() must go on with the next address"):
            eval_coroutine(way.co_follow(way.connector()), PATIENCE).close()


def _check_refused(way: _Way) -> None:
    with _refused() as address:
        way.addresses[:] = [address]
        promise = "co_open() must raise OSError where the connection is refused"
        with must_raise(promise, OSError):
            eval_coroutine(way.co_follow(way.connector()), PATIENCE)


def _check_unknown_name(way: _Way) -> None:
    way.error = HostnameNotResolvable(_ORIGIN.host)
    with must_raise("co_open() must pass on what the resolver raises", HostnameNotResolvable):
        eval_coroutine(way.co_follow(way.connector()), PATIENCE)


def _check_no_transport(way: _Way) -> None:
    def fail(sock: socket.socket) -> NoReturn:
        raise NotImplementedError

    connector = way.connector(factory=fail)
    promise = "co_open() must pass on what the transport layer raises"
    with must_raise(promise, NotImplementedError):
        eval_coroutine(way.co_follow(connector), PATIENCE)


def _check_dropped(way: _Way) -> None:
    opening = way.co_follow(way.connector(_tunnel_route()))
    _suspend(opening)
    with raises_nothing("a suspended co_open() must let itself be closed"):
        opening.close()


def _check_late(way: _Way) -> None:
    opening = way.co_follow(way.connector(_tunnel_route()))
    _suspend(opening)
    with must_raise("co_open() must pass on a timeout in a tunnel", ConnectionTimedOut):
        opening.throw(ConnectionTimedOut("nothing came"))


def _check_tunnel(way: _Way) -> None:
    opening = way.co_follow(way.connector(_tunnel_route()))
    _suspend(opening)
    with way.accept() as peer:
        asked = peer.recv(4096)
        require(
            asked.startswith(b"CONNECT server.invalid:443 HTTP/1.1\r\n")
            and b"\r\nX-For: proxy\r\n" in asked,
            f"the proxy must be asked for a tunnel, with the fields for it, not {asked[:40]!r}",
        )
        peer.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
        with must_raise("a refused tunnel must raise TunnelRefused", TunnelRefused):
            eval_coroutine(opening, PATIENCE)
        with contextlib.suppress(ConnectionResetError):
            require(not peer.recv(1), "nothing must be sent to a proxy that opens no tunnel")


def _check_interrupt_before(way: _Way) -> None:
    connector = way.connector()
    with raises_nothing("interrupt() must raise nothing"):
        connector.interrupt()
    with must_raise("co_open() must raise ConnectionClosed after interrupt()", ConnectionClosed):
        eval_coroutine(way.co_follow(connector), PATIENCE)


def _check_interrupt_in_connect(way: _Way) -> None:
    with _silent() as address:
        if address is not None:
            way.addresses[:] = [address]
            _interrupt(way, way.connector())


def _check_interrupt_in_tunnel(way: _Way) -> None:
    _interrupt(way, way.connector(_tunnel_route()))


def _interrupt(way: _Way, connector: Connector) -> None:
    """Interrupt a connector that waits for something that does not come."""
    is_waiting = threading.Event()

    def open_it() -> None:
        opening = way.co_follow(connector)
        while True:
            needed = next(opening)
            if not needed.poll(_SOON):
                is_waiting.set()
                require(needed.poll(PATIENCE / 2), "interrupt() must end every wait")

    def interrupt_it() -> None:
        is_waiting.wait(PATIENCE)
        connector.interrupt()

    interrupter = threading.Thread(target=interrupt_it)
    interrupter.start()
    with must_raise("co_open() must raise ConnectionClosed after interrupt()", ConnectionClosed):
        within_patience(open_it, "co_open() may not block", way.listener.close)
    interrupter.join()


_SCENARIOS: Final[tuple[Callable[[_Way], None], ...]] = (
    _check_first_resumption,
    _check_opening,
    _check_next_address,
    _check_refused,
    _check_unknown_name,
    _check_no_transport,
    _check_dropped,
    _check_late,
    _check_tunnel,
    _check_interrupt_before,
    _check_interrupt_in_connect,
    _check_interrupt_in_tunnel,
)
