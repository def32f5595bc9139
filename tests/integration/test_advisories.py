"""Faults that other HTTP libraries published, about TLS and proxies; see also the unit tests."""

import select
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from typing import Final

import pytest

from dugong import (
    ConnectionClosed,
    HTTPConnection,
    InvalidResponse,
    Layers,
    PollNeeded,
    TunnelRefused,
)
from dugong.network.connector import Connector
from tests.integration.certificates import TlsContexts
from tests.integration.peers import TIME_LIMIT, Connection, Peer, may_be_cut, replay, wait_for

CONNECTED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CREDENTIALS: Final = {"Proxy-Authorization": "Basic cHJveHk6c2VjcmV0"}
AUTHORIZATION: Final = {"Authorization": "Basic b3JpZ2luOnNlY3JldA==", "Cookie": "a=b"}


def tunnelled(proxy: Peer, tls_contexts: TlsContexts) -> HTTPConnection:
    """Return a connection to localhost through a tunnel, with credentials for the proxy."""
    return HTTPConnection(
        "localhost",
        ssl_context=tls_contexts.client,
        proxy=proxy.address,
        proxy_headers=CREDENTIALS,
        timeout=TIME_LIMIT,
    )


def test_cve_2015_3153_fields_for_the_server_are_not_sent_to_the_proxy(
    tls_contexts: TlsContexts,
) -> None:
    heads: list[bytes] = []

    def handle(connection: Connection) -> None:
        heads.append(connection.receive_head())
        connection.send(CONNECTED)
        connection.start_tls(tls_contexts.server)
        heads.append(connection.receive_head())
        connection.send(ANSWER)

    with Peer(may_be_cut(handle)) as proxy, tunnelled(proxy, tls_contexts) as conn:
        conn.send_request("GET", "/", AUTHORIZATION)
        conn.read_response()
        assert conn.readall() == b"hello"
    to_proxy, to_server = heads
    assert b"Proxy-Authorization" in to_proxy
    assert b"\r\nAuthorization" not in to_proxy
    assert b"Cookie" not in to_proxy
    assert b"\r\nAuthorization" in to_server
    assert b"Proxy-Authorization" not in to_server


def test_cve_2015_3153_refusal_of_the_proxy_is_no_answer_of_the_server(
    tls_contexts: TlsContexts,
) -> None:
    refusal = b"HTTP/1.1 407 Who are you?\r\nContent-Length: 5\r\n\r\nhello"
    with Peer(replay(refusal)) as proxy, tunnelled(proxy, tls_contexts) as conn:
        with pytest.raises(TunnelRefused) as info:
            conn.send_request("GET", "/", AUTHORIZATION)
        assert info.value.status == 407
        assert not conn.response_pending()
    assert proxy.received.startswith(b"CONNECT localhost:443 HTTP/1.1\r\n")
    assert proxy.received.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize("injected", [ANSWER, b"\r\n", b"x", b"\x16\x03\x01"])
def test_cve_2021_22947_octets_before_tls_are_not_taken_as_an_answer(
    tls_contexts: TlsContexts, injected: bytes
) -> None:
    with (
        Peer(may_be_cut(replay(CONNECTED + injected))) as proxy,
        tunnelled(proxy, tls_contexts) as conn,
        pytest.raises(InvalidResponse, match="before TLS"),
    ):
        conn.send_request("GET", "/")
    assert b"GET" not in proxy.received


def test_cve_2021_22947_octets_in_place_of_the_handshake_end_it(tls_contexts: TlsContexts) -> None:
    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.send(CONNECTED)
        connection.receive(1)  # the client has begun TLS
        connection.send(ANSWER)
        connection.receive_until_eof()

    with (
        Peer(may_be_cut(handle)) as proxy,
        tunnelled(proxy, tls_contexts) as conn,
        pytest.raises(ssl.SSLError),
    ):
        conn.send_request("GET", "/")
    assert b"GET" not in proxy.received


@pytest.mark.parametrize("end", [Connection.close, Connection.reset])
def test_cve_2023_40217_octets_before_the_handshake_and_an_end_are_no_answer(
    tls_contexts: TlsContexts, end: Callable[[Connection], None]
) -> None:
    has_ended = threading.Event()

    def handle(connection: Connection) -> None:
        connection.send(ANSWER)
        end(connection)
        has_ended.set()

    class LateConnector(Connector):
        """Begins TLS when the octets and the end have come."""

        def co_connect_socket(self) -> Generator[PollNeeded, None, socket.socket]:
            sock = yield from super().co_connect_socket()
            wait_for(has_ended)
            select.select([sock], [], [], TIME_LIMIT)
            return sock

    class LateConnection(HTTPConnection):
        layers = Layers(connector=LateConnector)

    context = tls_contexts.client
    with (
        Peer(handle) as peer,
        LateConnection("127.0.0.1", peer.port, context, timeout=TIME_LIMIT) as conn,
    ):
        with pytest.raises((ssl.SSLError, ConnectionClosed)):
            conn.send_request("GET", "/")
        assert not conn.response_pending()
        assert conn.read() == b""


def test_cve_2013_2037_server_that_failed_the_check_fails_it_again(
    tls_contexts: TlsContexts,
) -> None:
    with (
        Peer(replay(ANSWER), tls=tls_contexts.wrong_name_server) as peer,
        HTTPConnection("localhost", peer.port, tls_contexts.client, timeout=TIME_LIMIT) as conn,
    ):
        for _ in range(3):
            with pytest.raises(ssl.SSLCertVerificationError):
                conn.send_request("GET", "/", AUTHORIZATION)
            assert not conn.response_pending()
    assert len(peer.connections) == 3
    assert not peer.received
