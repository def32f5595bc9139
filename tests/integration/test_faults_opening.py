"""What leads to a server is cut at every octet: the proxy's answer, and the server's handshake."""

import gc
import socket
import ssl
import warnings
from collections.abc import Callable, Generator, Iterator
from itertools import count, cycle
from typing import Final

import pytest

from dugong import (
    ConnectionClosed,
    HTTPConnection,
    InvalidResponse,
    Layers,
    PollNeeded,
    TunnelRefused,
    is_temp_network_error,
)
from dugong.network.connector import Connector
from dugong.network.resolver import Address
from dugong.polling import POLLOUT
from tests.integration.certificates import TlsContexts
from tests.integration.drive import in_background, with_layers
from tests.integration.fault_clients import BlockingFace, CoroutineFace, Tally
from tests.integration.faults import PATIENCE, Cut, End, Wire, drive

OPENED: Final = (
    b"HTTP/1.1 103 Wait\r\nX-Queue: 1\r\n\r\nHTTP/1.1 200 Connection established\r\nVia: p\r\n\r\n"
)
REFUSED_HEAD: Final = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\n"
REFUSED: Final = REFUSED_HEAD + b"gone"
ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
HANDSHAKE_SIZE: Final = 500  # octets that the server's part has at the very least
TRY_AGAIN: Final = 25  # each so many cuts the same object is used once more

Connect = Callable[[BlockingFace, End], None]


def connect_blocking(client: BlockingFace, end: End) -> None:
    """Connect to an end that acts in a thread of its own."""
    running = in_background(end.run)
    try:
        client.connect()
    finally:
        running.result(3 * PATIENCE)


def connect_as_coroutine(client: BlockingFace, end: End) -> None:
    drive(client.co_connect(), end.act)


CONNECTS: Final[dict[str, Connect]] = {
    "blocking": connect_blocking,
    "coroutine": connect_as_coroutine,
}


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as listening:
        yield listening


class SlowConnector(Connector):
    """Waits behind the connection too, as it would before one to another machine stands."""

    def co_connect_address(self, address: Address) -> Generator[PollNeeded, None, socket.socket]:
        sock = yield from super().co_connect_address(address)
        yield PollNeeded(sock.fileno(), POLLOUT)
        return sock


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_connection_is_reset_before_the_client_knows_of_it(
    wire: Wire, tls_contexts: TlsContexts, secure: bool
) -> None:
    context = tls_contexts.client if secure else None
    face = with_layers(HTTPConnection, Layers(connector=SlowConnector))
    with face(wire.host, wire.port, context) as client:
        end = wire.end()
        sending = client.co_send_request("GET", "/")
        next(sending)
        end.act()
        end.cut(Cut.RST)
        with pytest.raises(ConnectionClosed) as caught:
            drive(sending)
        assert is_temp_network_error(caught.value)
        assert not client.response_pending()


@pytest.mark.parametrize("cut", [Cut.FIN, Cut.RST], ids=["fin", "rst"])
@pytest.mark.parametrize("connect", CONNECTS.values(), ids=CONNECTS)
class TestTunnel:
    def client(self, wire: Wire, contexts: TlsContexts) -> BlockingFace:
        proxy = (wire.host, wire.port)
        return BlockingFace("localhost", 443, contexts.client, proxy, timeout=PATIENCE)

    def test_opening_is_cut_at_every_octet(
        self, wire: Wire, tls_contexts: TlsContexts, connect: Connect, cut: Cut
    ) -> None:
        tally = Tally()
        for size in range(len(OPENED) + 1):
            with self.client(wire, tls_contexts) as client:
                end = wire.end(OPENED[:size], cut)
                with pytest.raises(ConnectionClosed) as caught:
                    connect(client, end)
                tally.count(caught.value)
                assert end.received.startswith(b"CONNECT localhost:443 HTTP/1.1\r\n")
                assert not client.response_pending()
            end.close()
        tally.report(f"opening of a tunnel, {cut.value}")
        assert tally.closed == len(OPENED) + 1

    def test_refusal_is_cut_at_every_octet(
        self, wire: Wire, tls_contexts: TlsContexts, connect: Connect, cut: Cut
    ) -> None:
        tally = Tally()
        for size in range(len(REFUSED) + 1):
            with self.client(wire, tls_contexts) as client:
                end = wire.end(REFUSED[:size], cut)
                with pytest.raises((TunnelRefused, ConnectionClosed)) as caught:
                    connect(client, end)
                error = caught.value
                assert is_temp_network_error(error)
                tally.count(None if isinstance(error, TunnelRefused) else error)
            end.close()
        tally.report(f"refusal of a tunnel, {cut.value}")
        assert tally.closed == len(REFUSED_HEAD)
        assert tally.whole == len(REFUSED) + 1 - len(REFUSED_HEAD)


@pytest.mark.parametrize("stray", [b"", b"x"], ids=["nothing", "an-octet"])
def test_tunnel_that_is_reset_before_tls_begins_leaves_no_socket(
    wire: Wire, tls_contexts: TlsContexts, stray: bytes
) -> None:
    proxy = (wire.host, wire.port)
    end = wire.end(OPENED, stray, Cut.RST)

    def act() -> bool:
        if end.is_ready and end.take():
            end.play_all()
        return end.act()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client = BlockingFace("localhost", 443, tls_contexts.client, proxy)
        with client, pytest.raises((ConnectionClosed, InvalidResponse)):
            drive(client.co_connect(), act)
        gc.collect()
    assert end.is_cut
    assert not [str(warning.message) for warning in caught]


def test_tunnel_can_be_opened_after_each_cut(wire: Wire, tls_contexts: TlsContexts) -> None:
    proxy = (wire.host, wire.port)
    with BlockingFace("localhost", 443, tls_contexts.client, proxy, timeout=PATIENCE) as client:
        for size in range(0, len(OPENED) + 1, 5):
            end = wire.end(OPENED[:size], Cut.FIN)
            with pytest.raises(ConnectionClosed):
                drive(client.co_send_request("GET", "/"), end.act)
            assert not client.response_pending()
        end = wire.end(REFUSED)
        with pytest.raises(TunnelRefused):
            drive(client.co_send_request("GET", "/"), end.act)
        end.close()


def fetch_ok(client: CoroutineFace) -> None:
    drive(client.co_connect(), client.end.act)
    client.send_request("GET", "/")
    client.read_response()
    assert client.readall() == b"ok"


def trusting_client(contexts: TlsContexts, version: str) -> ssl.SSLContext:
    """Return a client's context for one version of TLS."""
    context = ssl.create_default_context(cafile=contexts.authority_file)
    context.minimum_version = context.maximum_version = VERSIONS[version]
    return context


@pytest.mark.parametrize("cut", [Cut.FIN, Cut.RST], ids=["fin", "rst"])
@pytest.mark.parametrize("version", VERSIONS)
def test_handshake_is_cut_at_every_octet_of_the_server(
    tls_contexts: TlsContexts, version: str, cut: Cut
) -> None:
    context = trusting_client(tls_contexts, version)
    tally = Tally()
    with Wire(tls_contexts.server) as wire:
        for limit in count():
            end = wire.end(ANSWER)
            end.forward_limit, end.forward_cut = limit, cut
            with CoroutineFace(wire.host, wire.port, context) as client:
                client.end = end
                try:
                    fetch_ok(client)
                    tally.count(None)
                except ConnectionClosed as exc:
                    tally.count(exc)
                if limit % TRY_AGAIN == 0:
                    end.close()
                    client.disconnect()
                    client.end = end = wire.end(ANSWER)
                    fetch_ok(client)
            end.close()
            if tally.whole:
                break
    tally.report(f"handshake of TLS {version}, {cut.value}")
    assert tally.closed > HANDSHAKE_SIZE


@pytest.mark.parametrize("version", VERSIONS)
def test_blocking_handshake_is_cut(tls_contexts: TlsContexts, version: str) -> None:
    context = trusting_client(tls_contexts, version)
    tally = Tally()
    cuts = cycle([Cut.FIN, Cut.RST])
    with Wire(tls_contexts.server) as wire:
        for limit in range(0, HANDSHAKE_SIZE, 3):
            end = wire.end()
            end.forward_limit, end.forward_cut = limit, next(cuts)
            with BlockingFace(wire.host, wire.port, context, timeout=PATIENCE) as client:
                with pytest.raises(ConnectionClosed) as caught:
                    connect_blocking(client, end)
                tally.count(caught.value)
    tally.report(f"blocking handshake of TLS {version}")
    assert tally.closed == len(range(0, HANDSHAKE_SIZE, 3))
