"""A pair of sockets, or a listener on loopback, stands for the server."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

import attrs
import pytest
import trustme

from dugong.drivers.poll_loop import eval_coroutine
from dugong.exceptions import (
    ConnectionClosed,
    ConnectionTimedOut,
    HostnameNotResolvable,
    TunnelRefused,
)
from dugong.limits import Limits
from dugong.network.connector import Connector, close_released
from dugong.network.open_transport import open_transport
from dugong.network.plain_transport import PlainTransport
from dugong.network.resolver import Address, Resolver
from dugong.network.route import Route
from dugong.network.tls_transport import TLSTransport
from dugong.network.transport import Transport
from dugong.polling import POLLIN, POLLOUT, PollNeeded, on_release
from dugong.protocol.authority import Authority

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = Authority("server.example", 443)
PROXY = Authority("proxy.example", 3128)
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
PATIENCE = 10

Opening = Generator[PollNeeded, None, Transport]
released: list[int] = []
on_release(released.append)


@pytest.fixture(autouse=True)
def _no_releases() -> None:
    released.clear()


class FixedResolver(Resolver):
    """Gives addresses, or raises, and notes what was asked."""

    def __init__(self, *addresses: Address, error: Exception | None = None) -> None:
        self.asked: list[tuple[str, int]] = []
        self._addresses = addresses
        self._error = error

    def resolve(self, host: str, port: int) -> Sequence[Address]:
        self.asked.append((host, port))
        if self._error is not None:
            raise self._error
        return self._addresses


class PairedConnector(Connector):
    """Takes one end of a pair of sockets for the connection to the server."""

    ours: socket.socket
    peer: socket.socket

    def co_connect_socket(self) -> Generator[PollNeeded, None, socket.socket]:
        yield from ()
        self.ours, self.peer = socket.socketpair()
        self.ours.setblocking(False)
        self.peer.setblocking(False)
        self.hold(self.ours)
        return self.ours


def address_of(sock: socket.socket) -> Address:
    return Address(sock.family, sock.getsockname())


def connector_to(
    *addresses: Address,
    route: Route | None = None,
    factory: Callable[[socket.socket], Transport] = open_transport,
) -> Connector:
    return Connector(route or Route(ORIGIN), FixedResolver(*addresses), factory, Limits())


def paired(
    route: Route, factory: Callable[[socket.socket], Transport] = open_transport
) -> PairedConnector:
    return PairedConnector(route, FixedResolver(), factory, Limits())


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def refused() -> Iterator[Address]:
    """An address that refuses connections."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield address_of(sock)


@pytest.fixture
def silent() -> Iterator[Address]:
    """An address that never answers: its listener has as many connections as it may."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        while True:
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            if not PollNeeded(filler.fileno(), POLLOUT).poll(0.1):
                break
        yield address_of(full)


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def opened(connector: Connector) -> Transport:
    return eval_coroutine(connector.co_open(), PATIENCE)


def refuse_transport(sock: socket.socket) -> NoReturn:
    raise NotImplementedError("no transport for this socket")


class TestConnecting:
    def test_nothing_happens_before_the_first_resumption(self) -> None:
        resolver = FixedResolver()
        Connector(Route(ORIGIN), resolver, open_transport, Limits()).co_open().close()
        assert not resolver.asked

    def test_transport_leads_to_the_server(self, listener: socket.socket) -> None:
        transport = opened(connector_to(address_of(listener)))
        peer, _ = listener.accept()
        with peer:
            transport.send(b"octets")
            assert peer.recv(100) == b"octets"
        transport.close()

    def test_transport_is_that_of_the_layer(self, listener: socket.socket) -> None:
        class OwnTransport(PlainTransport):
            """A transport of somebody's own."""

        transport = opened(connector_to(address_of(listener), factory=OwnTransport))
        assert type(transport) is OwnTransport
        transport.close()

    def test_small_sends_do_not_wait_for_acknowledgements(self, listener: socket.socket) -> None:
        delays: list[int] = []

        def factory(sock: socket.socket) -> Transport:
            delays.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            return open_transport(sock)

        opened(connector_to(address_of(listener), factory=factory)).close()
        assert delays[0]

    def test_socket_does_not_block_where_it_is_made_to_by_a_second_call(
        self, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        timeouts: list[float | None] = []

        def factory(sock: socket.socket) -> Transport:
            timeouts.append(sock.gettimeout())
            return open_transport(sock)

        monkeypatch.setattr("dugong.network.connector._NON_BLOCKING", 0)
        monkeypatch.setattr("dugong.network.connector._STREAM", socket.SOCK_STREAM)
        opened(connector_to(address_of(listener), factory=factory)).close()
        assert timeouts == [0]

    def test_unix_socket_can_be_an_address(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A relative path: the kernel takes no more than 107 octets, and tmp_path may be longer.
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
            listener.listen()
            opened(connector_to(Address(socket.AF_UNIX, "socket"))).close()

    @pytest.mark.parametrize(
        ("proxy", "expected"),
        [
            pytest.param(None, ("server.example", 443), id="server"),
            pytest.param(PROXY, ("proxy.example", 3128), id="proxy"),
        ],
    )
    def test_next_one_on_the_way_is_looked_up(
        self, listener: socket.socket, proxy: Authority | None, expected: tuple[str, int]
    ) -> None:
        resolver = FixedResolver(address_of(listener))
        route = Route(ORIGIN, proxy=proxy)
        opened(Connector(route, resolver, open_transport, Limits())).close()
        assert resolver.asked == [expected]

    def test_next_address_is_tried(self, listener: socket.socket, refused: Address) -> None:
        opened(connector_to(refused, refused, address_of(listener))).close()

    def test_next_address_is_tried_after_a_timeout(
        self, listener: socket.socket, silent: Address
    ) -> None:
        opening = connector_to(silent, address_of(listener)).co_open()
        next(opening)
        drive(opening, lambda: opening.throw(ConnectionTimedOut("late"))).close()

    def test_next_address_is_tried_where_the_family_is_unknown(
        self, listener: socket.socket
    ) -> None:
        opened(connector_to(Address(12_345, ("nowhere", 80)), address_of(listener))).close()

    def test_error_of_the_last_address_is_raised(self, silent: Address, refused: Address) -> None:
        opening = connector_to(silent, refused).co_open()
        next(opening)
        with pytest.raises(ConnectionRefusedError):
            drive(opening, lambda: opening.throw(ConnectionTimedOut("late")))

    def test_host_without_an_address_is_an_error(self) -> None:
        with pytest.raises(OSError, match="no address") as caught:
            opened(connector_to())
        assert caught.value.errno == errno.EADDRNOTAVAIL

    def test_error_is_not_kept_alive_by_its_traceback(self) -> None:
        class Fault(OSError):
            """Can be referred to weakly."""

        class FailingConnector(Connector):
            def co_connect_address(
                self, address: Address
            ) -> Generator[PollNeeded, None, socket.socket]:
                yield from ()
                raise Fault

        connector = FailingConnector(
            Route(ORIGIN), FixedResolver(Address(0, "")), open_transport, Limits()
        )
        with pytest.raises(Fault) as caught:
            opened(connector)
        known = weakref.ref(caught.value)
        del caught
        assert known() is None

    def test_error_of_the_resolver_passes_through(self) -> None:
        resolver = FixedResolver(error=HostnameNotResolvable("server.example"))
        with pytest.raises(HostnameNotResolvable):
            opened(Connector(Route(ORIGIN), resolver, open_transport, Limits()))

    def test_resumption_that_came_too_early_waits_again(self, silent: Address) -> None:
        opening = connector_to(silent).co_open()
        assert next(opening) == next(opening)
        opening.close()

    def test_connecting_waits_for_output(self, silent: Address) -> None:
        opening = connector_to(silent).co_open()
        assert next(opening).mask == POLLOUT
        opening.close()


def drive(opening: Opening, first: Callable[[], PollNeeded]) -> Transport:
    try:
        first().poll(PATIENCE)
    except StopIteration as stop:
        transport = stop.value
        assert isinstance(transport, Transport)
        return transport
    return eval_coroutine(opening, PATIENCE)


def follow(opening: Opening, waited: list[int]) -> None:
    for needed in opening:
        waited.append(needed.fd)
        needed.poll(PATIENCE)


class TestFailure:
    """Whatever goes wrong, the drivers are told, and then the descriptor is closed."""

    def test_refused_connection(self, refused: Address) -> None:
        opening = connector_to(refused).co_open()
        waited: list[int] = []
        with pytest.raises(ConnectionRefusedError):
            follow(opening, waited)
        assert set(waited) <= set(released)
        assert not any(map(is_open, released))

    def test_dropped_connecting(self, silent: Address) -> None:
        opening = connector_to(silent).co_open()
        fd = next(opening).fd
        opening.close()
        assert released == [fd]
        assert not is_open(fd)

    def test_timeout_of_the_last_address(self, silent: Address) -> None:
        opening = connector_to(silent).co_open()
        fd = next(opening).fd
        with pytest.raises(ConnectionTimedOut, match="late"):
            opening.throw(ConnectionTimedOut("late"))
        assert released == [fd]

    def test_transport_layer_that_raises(self) -> None:
        connector = paired(Route(ORIGIN), refuse_transport)
        with pytest.raises(NotImplementedError):
            opened(connector)
        assert connector.ours.fileno() == -1
        assert len(released) == 1
        connector.peer.close()

    def test_dropped_tunnel(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        connector = paired(Route(ORIGIN, context, PROXY))
        opening = connector.co_open()
        fd = next(opening).fd
        opening.close()
        assert released == [fd]
        assert not is_open(fd)
        connector.peer.close()

    def test_success_leaves_the_descriptor_to_the_transport(self) -> None:
        connector = paired(Route(ORIGIN))
        transport = opened(connector)
        assert not released
        connector.interrupt()
        transport.send(b"octets")
        assert connector.peer.recv(100) == b"octets"
        transport.close()
        connector.peer.close()


class TestInterrupt:
    def test_before_the_opening(self, listener: socket.socket) -> None:
        connector = connector_to(address_of(listener))
        connector.interrupt()
        with pytest.raises(ConnectionClosed, match=r"disconnect\(\) was called"):
            opened(connector)

    def test_while_connecting(self, silent: Address) -> None:
        connector = connector_to(silent)
        opening = connector.co_open()
        needed = next(opening)
        connector.interrupt()
        assert needed.poll(0)
        with pytest.raises(ConnectionClosed):
            next(opening)

    def test_between_two_looks_at_whether_it_happened(self, silent: Address) -> None:
        class InterruptedConnector(Connector):
            def hold(self, sock: socket.socket | None) -> None:
                self.interrupt()
                super().hold(sock)

        resolver = FixedResolver(silent)
        connector = InterruptedConnector(Route(ORIGIN), resolver, open_transport, Limits())
        with pytest.raises(ConnectionClosed):
            next(connector.co_open())

    def test_from_another_thread(self, silent: Address) -> None:
        connector = connector_to(silent)
        opening = connector.co_open()
        needed = next(opening)
        thread = threading.Thread(target=connector.interrupt)
        thread.start()
        assert needed.poll(PATIENCE)
        thread.join()
        with pytest.raises(ConnectionClosed):
            next(opening)

    def test_keeps_the_next_address_from_being_tried(
        self, listener: socket.socket, silent: Address
    ) -> None:
        connector = connector_to(silent, address_of(listener))
        opening = connector.co_open()
        next(opening)
        connector.interrupt()
        with pytest.raises(ConnectionClosed):
            opening.throw(ConnectionTimedOut("late"))

    def test_in_a_tunnel(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        connector = paired(Route(ORIGIN, context, PROXY))
        opening = connector.co_open()
        needed = next(opening)
        connector.interrupt()
        assert needed.poll(0)
        with pytest.raises(ConnectionClosed):
            next(opening)
        connector.peer.close()

    def test_in_the_handshake(self) -> None:
        connector = paired(Route(ORIGIN, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
        opening = connector.co_open()
        needed = next(opening)
        connector.interrupt()
        assert needed.poll(0)
        with pytest.raises(ConnectionClosed, match=r"disconnect\(\) was called"):
            next(opening)
        connector.peer.close()

    def test_that_the_handshake_meets_first(self) -> None:
        connector = paired(Route(ORIGIN, InterruptingContext(ssl.PROTOCOL_TLS_CLIENT)))
        InterruptingContext.connector = connector
        with pytest.raises(ConnectionClosed, match=r"disconnect\(\) was called"):
            opened(connector)
        connector.peer.close()

    def test_at_the_last_moment(self) -> None:
        def factory(sock: socket.socket) -> Transport:
            connector.interrupt()
            return open_transport(sock)

        connector = paired(Route(ORIGIN), factory)
        with pytest.raises(ConnectionClosed):
            opened(connector)
        assert connector.ours.fileno() == -1
        connector.peer.close()


class InterruptingSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        InterruptingContext.connector.interrupt()
        super().do_handshake(block)


class InterruptingContext(ssl.SSLContext):
    """Makes sockets whose handshake is interrupted from outside."""

    sslsocket_class: type[ssl.SSLSocket] = InterruptingSocket
    connector: Connector


@attrs.define
class Tls:
    """A server's certificate, and clients that trust it."""

    server: ssl.SSLContext
    authority: trustme.CA

    def client(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


@pytest.fixture(scope="module")
def tls() -> Tls:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("server.example", "192.0.2.1", "2001:db8::1", "fe80::1").configure_cert(
        server
    )
    return Tls(server, authority)


@attrs.define
class Handshake:
    """The server's side of an opening: it goes on whenever the client waits."""

    connector: PairedConnector
    context: ssl.SSLContext
    peer: ssl.SSLSocket | None = None
    waits: list[int] = attrs.field(factory=list)

    def run(self) -> Transport:
        opening = self.connector.co_open()
        try:
            while True:
                self.waits.append(next(opening).mask)
                self._answer()
        except StopIteration as stop:
            transport = stop.value
            assert isinstance(transport, Transport)
            return transport

    def _answer(self) -> None:
        if self.peer is None:
            self.peer = self.context.wrap_socket(
                self.connector.peer, server_side=True, do_handshake_on_connect=False
            )
        with contextlib.suppress(ssl.SSLError, OSError):
            self.peer.do_handshake()

    def close(self) -> None:
        (self.peer or self.connector.peer).close()


def shake_hands(tls: Tls, host: str = "server.example") -> tuple[Handshake, Transport]:
    route = Route(Authority(host, 443), tls.client())
    handshake = Handshake(paired(route), tls.server)
    return handshake, handshake.run()


class TestTls:
    def test_transport_is_secure(self, tls: Tls) -> None:
        handshake, transport = shake_hands(tls)
        assert isinstance(transport, TLSTransport)
        assert transport.cipher() is not None
        transport.close()
        handshake.close()

    def test_handshake_does_not_block(self, tls: Tls) -> None:
        handshake, transport = shake_hands(tls)
        assert set(handshake.waits) == {POLLIN}
        transport.close()
        handshake.close()

    @pytest.mark.parametrize(
        ("host", "name"),
        [
            pytest.param("server.example", "server.example", id="name"),
            pytest.param("server.example.", "server.example", id="final dot"),
            pytest.param("192.0.2.1", None, id="IPv4"),
            pytest.param("2001:db8::1", None, id="IPv6"),
            pytest.param("fe80::1%lo", None, id="IPv6 with a zone"),
        ],
    )
    def test_only_a_name_is_sent_as_the_server_name(
        self, tls: Tls, host: str, name: str | None
    ) -> None:
        names: list[str | None] = []

        def note(sock: ssl.SSLObject | ssl.SSLSocket, sent: str | None, _: object) -> None:
            names.append(sent)

        tls.server.set_servername_callback(note)
        handshake, transport = shake_hands(tls, host)
        tls.server.set_servername_callback(None)
        assert names == [name]
        transport.close()
        handshake.close()

    def test_server_that_is_not_who_it_should_be_is_refused(self, tls: Tls) -> None:
        connector = paired(Route(Authority("other.example", 443), tls.client()))
        handshake = Handshake(connector, tls.server)
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake.run()
        assert len(released) == 1
        handshake.close()

    def test_end_that_comes_before_the_handshake_is_a_cut_off_connection(self, tls: Tls) -> None:
        connector = paired(Route(ORIGIN, tls.client()))
        opening = connector.co_open()
        next(opening)
        connector.peer.close()
        with pytest.raises(ConnectionClosed, match="cut off"):
            next(opening)

    def test_server_without_tls_is_an_error(self, tls: Tls) -> None:
        connector = paired(Route(ORIGIN, tls.client()))
        opening = connector.co_open()
        next(opening)
        connector.peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with pytest.raises(ssl.SSLError, match="WRONG_VERSION_NUMBER"):
            next(opening)
        connector.peer.close()

    def test_handshake_that_cannot_send_waits_for_that(self) -> None:
        connector = paired(Route(ORIGIN, StuckContext(ssl.PROTOCOL_TLS_CLIENT)))
        opening = connector.co_open()
        assert next(opening).mask == POLLOUT
        opening.close()
        connector.peer.close()

    def test_context_that_cannot_wrap_leaves_nothing_open(self) -> None:
        class BrokenContext(ssl.SSLContext):
            def wrap_socket(self, *args: object, **kwargs: object) -> NoReturn:
                raise ValueError("no TLS here")

        connector = paired(Route(ORIGIN, BrokenContext(ssl.PROTOCOL_TLS_CLIENT)))
        with pytest.raises(ValueError, match="no TLS here"):
            opened(connector)
        assert connector.ours.fileno() == -1
        connector.peer.close()


class StuckSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        raise ssl.SSLWantWriteError


class StuckContext(ssl.SSLContext):
    sslsocket_class: type[ssl.SSLSocket] = StuckSocket


class TestTunnel:
    def test_comes_before_tls(self, tls: Tls) -> None:
        connector = paired(Route(ORIGIN, tls.client(), PROXY, {"X-For": "proxy"}))
        opening = connector.co_open()
        next(opening)
        assert connector.peer.recv(4096) == (
            b"CONNECT server.example:443 HTTP/1.1\r\nHost: server.example:443\r\n"
            b"X-For: proxy\r\n\r\n"
        )
        connector.peer.send(OPEN)
        next(opening)
        assert connector.peer.recv(1) == b"\x16"  # a TLS handshake record
        opening.close()
        connector.peer.close()

    def test_refusal_ends_the_opening(self, tls: Tls) -> None:
        connector = paired(Route(ORIGIN, tls.client(), PROXY))
        opening = connector.co_open()
        next(opening)
        connector.peer.recv(4096)
        connector.peer.send(b"HTTP/1.1 403 No\r\n\r\n")
        with pytest.raises(TunnelRefused):
            next(opening)
        assert connector.peer.recv(4096) == b""
        connector.peer.close()

    def test_is_not_for_plain_http(self) -> None:
        connector = paired(Route(ORIGIN, proxy=PROXY))
        opened(connector).close()
        assert connector.peer.recv(4096) == b""
        connector.peer.close()


def test_socket_is_closed_after_the_drivers_were_told() -> None:
    ours, peer = socket.socketpair()
    fd = ours.fileno()
    with peer:
        close_released(ours)
    assert released == [fd]
    assert not is_open(fd)


def test_closed_socket_is_not_told_again() -> None:
    ours, peer = socket.socketpair()
    with peer:
        ours.close()
        close_released(ours)
    assert not released
