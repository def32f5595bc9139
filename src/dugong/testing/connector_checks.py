"""The check of the connector layer, against a listener on loopback.

It owns what a connector has to do on each way to that listener. It knows nothing of requests.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Final, NoReturn

from dugong.drivers.poll_loop import eval_coroutine
from dugong.exceptions import (
    ConnectionClosed,
    ConnectionTimedOut,
    HostnameNotResolvable,
    TunnelRefused,
)
from dugong.network.route import Route
from dugong.polling import PollNeeded
from dugong.protocol.authority import Authority
from dugong.testing.connector_way import ORIGIN, SOON, Way, refused, silent
from dugong.testing.promise import (
    PATIENCE,
    must_raise,
    raises_nothing,
    require,
    within_patience,
)

if TYPE_CHECKING:
    import socket

    from dugong.layers import ConnectorFactory
    from dugong.network.connector import Connector
    from dugong.network.transport import Transport

_PROXY: Final = Authority("proxy.invalid", 3128)


def check_connector(make: ConnectorFactory) -> None:
    """Check that a connector keeps the contract of `Connector`.

    Args:
        make: What `Layers.connector` would be. It is given ways to a listener on loopback.

    Raises:
        AssertionError: A promise is broken; the message says which.
    """
    for scenario in _SCENARIOS:
        with Way.open(make) as way:
            scenario(way)


def _tunnel_route() -> Route:
    """Return a way through a tunnel, where the connector waits for what the proxy answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return Route(ORIGIN, context, _PROXY, {"X-For": "proxy"})


def _suspend(opening: Generator[PollNeeded, None, Transport]) -> None:
    """Let a connector run until it waits for something that does not come."""
    promise = "co_open() must wait for the answer of a proxy"
    with raises_nothing(promise):
        for needed in opening:
            if not needed.poll(SOON):
                return
    raise AssertionError(promise)


def _check_first_resumption(way: Way) -> None:
    way.connector().co_open().close()
    require(not way.lookups, "co_open() must do nothing before its first resumption")


def _check_opening(way: Way) -> None:
    with raises_nothing("co_open() must open a connection"):
        transport = eval_coroutine(way.co_follow(way.connector()), PATIENCE)
    require(way.lookups == [(ORIGIN.host, ORIGIN.port)], "the resolver must be asked, once")
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


def _check_next_address(way: Way) -> None:
    with refused() as address:
        way.addresses.insert(0, address)
        with raises_nothing("co_open() must go on with the next address"):
            eval_coroutine(way.co_follow(way.connector()), PATIENCE).close()


def _check_refused(way: Way) -> None:
    with refused() as address:
        way.addresses[:] = [address]
        promise = "co_open() must raise OSError where the connection is refused"
        with must_raise(promise, OSError):
            eval_coroutine(way.co_follow(way.connector()), PATIENCE)


def _check_unknown_name(way: Way) -> None:
    way.error = HostnameNotResolvable(ORIGIN.host)
    with must_raise("co_open() must pass on what the resolver raises", HostnameNotResolvable):
        eval_coroutine(way.co_follow(way.connector()), PATIENCE)


def _check_no_transport(way: Way) -> None:
    def fail(sock: socket.socket) -> NoReturn:
        raise NotImplementedError

    connector = way.connector(factory=fail)
    promise = "co_open() must pass on what the transport layer raises"
    with must_raise(promise, NotImplementedError):
        eval_coroutine(way.co_follow(connector), PATIENCE)


def _check_dropped(way: Way) -> None:
    opening = way.co_follow(way.connector(_tunnel_route()))
    _suspend(opening)
    with raises_nothing("a suspended co_open() must let itself be closed"):
        opening.close()


def _check_late(way: Way) -> None:
    opening = way.co_follow(way.connector(_tunnel_route()))
    _suspend(opening)
    with must_raise("co_open() must pass on a timeout in a tunnel", ConnectionTimedOut):
        opening.throw(ConnectionTimedOut("nothing came"))


def _check_tunnel(way: Way) -> None:
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


def _check_interrupt_before(way: Way) -> None:
    connector = way.connector()
    with raises_nothing("interrupt() must raise nothing"):
        connector.interrupt()
    with must_raise("co_open() must raise ConnectionClosed after interrupt()", ConnectionClosed):
        eval_coroutine(way.co_follow(connector), PATIENCE)


def _check_interrupt_in_connect(way: Way) -> None:
    with silent() as address:
        if address is not None:
            way.addresses[:] = [address]
            _interrupt(way, way.connector())


def _check_interrupt_in_tunnel(way: Way) -> None:
    _interrupt(way, way.connector(_tunnel_route()))


def _interrupt(way: Way, connector: Connector) -> None:
    """Interrupt a connector that waits for something that does not come."""
    is_waiting = threading.Event()

    def open_it() -> None:
        with contextlib.closing(way.co_follow(connector)) as opening:
            for needed in opening:
                if not needed.poll(SOON):
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


_SCENARIOS: Final[tuple[Callable[[Way], None], ...]] = (
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
