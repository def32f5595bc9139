"""The library through proxies, real and scripted: plain requests and CONNECT tunnels."""

import base64
import ssl

import pytest

from dugong import (
    ConnectionClosed,
    HTTPConnection,
    InvalidResponse,
    TunnelRefused,
    is_temp_network_error,
)
from tests.integration.apps.payload import payload
from tests.integration.certificates import TlsContexts
from tests.integration.drive import both_faces, client_of, fetch, no_descriptor_leak
from tests.integration.peers import (
    TIME_LIMIT,
    Connection,
    Peer,
    in_turn,
    may_be_cut,
    refused_port,
    replay,
)
from tests.integration.servers import Nginx, Proxy, Server

pytestmark = both_faces

MIB = 1024 * 1024
SECRET = "Basic c2VhOmNvdw=="
FIELDS = {"Proxy-Authorization": SECRET}
OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def credentials_of(proxy: Proxy) -> dict[str, str] | None:
    if proxy.credentials is None:
        return None
    credentials = base64.b64encode(proxy.credentials.encode()).decode("ascii")
    return {"Proxy-Authorization": f"Basic {credentials}"}


class TestRealProxies:
    @pytest.fixture
    def plain(self, proxy: Proxy, nginx: Nginx, face: type[HTTPConnection]) -> HTTPConnection:
        return client_of(
            nginx.plain, face=face, proxy=proxy.address, proxy_headers=credentials_of(proxy)
        )

    @pytest.fixture
    def tunnel(
        self, proxy: Proxy, nginx: Nginx, tls_contexts: TlsContexts, face: type[HTTPConnection]
    ) -> HTTPConnection:
        return client_of(
            nginx.tls,
            tls_contexts,
            face,
            proxy=proxy.address,
            proxy_headers=credentials_of(proxy),
        )

    def test_plain_request_is_forwarded(self, plain: HTTPConnection) -> None:
        with plain:
            got = fetch(plain, "/request")
        line, host, via, _ = got.body.decode().split("|")
        assert line.split()[:2] == ["GET", "/request"]
        assert host == f"127.0.0.1:{plain.port}"
        assert via

    def test_response_names_the_path_as_given(self, plain: HTTPConnection) -> None:
        with plain:
            assert fetch(plain, "/request").response.path == "/request"

    def test_large_body_comes_through(self, plain: HTTPConnection) -> None:
        with plain:
            assert fetch(plain, "/1m.bin").body == payload(MIB)

    def test_upload_goes_through(self, plain: HTTPConnection) -> None:
        with plain:
            put = fetch(plain, "/upload/by-proxy.bin", method="PUT", body=payload(MIB))
            assert put.status in {201, 204}
            plain.disconnect()
            assert fetch(plain, "/upload/by-proxy.bin").body == payload(MIB)

    def test_plain_connection_is_kept_where_the_proxy_keeps_it(
        self, plain: HTTPConnection, proxy: Proxy
    ) -> None:
        with plain:
            fetch(plain, "/request")
            if proxy.keeps_alive:
                assert fetch(plain, "/request").status == 200
            else:
                # Told by the request or, where the proxy closes only then, by the response.
                with pytest.raises(ConnectionClosed):
                    fetch(plain, "/request")

    def test_tunnel_carries_tls(self, tunnel: HTTPConnection) -> None:
        with tunnel:
            for _ in range(3):
                assert fetch(tunnel, "/1m.bin").body == payload(MIB)

    def test_nobody_on_the_way_is_named_inside_of_the_tunnel(self, tunnel: HTTPConnection) -> None:
        with tunnel:
            via = fetch(tunnel, "/request").body.decode().split("|")[2]
        assert via == ""

    def test_certificate_is_that_of_the_server(self, tunnel: HTTPConnection) -> None:
        with tunnel:
            certificate = tunnel.get_ssl_peercert()
        assert certificate is not None
        assert ("IP Address", "127.0.0.1") in certificate["subjectAltName"]


class TestMissingCredentials:
    def test_tunnel_is_refused(
        self,
        proxy_py: Proxy,
        nginx: Nginx,
        tls_contexts: TlsContexts,
        face: type[HTTPConnection],
    ) -> None:
        connection = client_of(nginx.tls, tls_contexts, face, proxy=proxy_py.address)
        with connection, pytest.raises(TunnelRefused) as caught:
            connection.send_request("GET", "/small.txt")
        assert caught.value.status == 407
        assert caught.value.headers["Proxy-Authenticate"] == "Basic"

    def test_plain_request_is_answered_407(
        self, proxy_py: Proxy, nginx: Nginx, face: type[HTTPConnection]
    ) -> None:
        with client_of(nginx.plain, face=face, proxy=proxy_py.address) as connection:
            assert fetch(connection, "/small.txt").status == 407


def test_unreachable_server_is_a_temporary_error(
    tinyproxy: Proxy, tls_contexts: TlsContexts, face: type[HTTPConnection]
) -> None:
    with refused_port() as port:
        server = Server("nobody", "127.0.0.1", port, tls=True)
        connection = client_of(server, tls_contexts, face, proxy=tinyproxy.address)
        with connection, pytest.raises(TunnelRefused) as caught:
            connection.connect()
    assert caught.value.status in {500, 502}
    assert is_temp_network_error(caught.value) == (caught.value.status == 502)


def through(
    peer: Peer,
    face: type[HTTPConnection],
    context: ssl.SSLContext | None,
    *,
    hostname: str = "localhost",
    port: int = 4430,
) -> HTTPConnection:
    """Return a connection to a server that only the proxy *peer* knows."""
    return face(hostname, port, context, peer.address, timeout=TIME_LIMIT, proxy_headers=FIELDS)


class TestScriptedPlainProxy:
    def test_target_is_in_absolute_form_with_the_proxys_fields(
        self, face: type[HTTPConnection]
    ) -> None:
        with Peer(replay(OK, OK)) as peer:
            with through(peer, face, None, port=8080) as connection:
                for _ in range(2):
                    assert fetch(connection, "/path?q").body == b"ok"
            request = (
                b"GET http://localhost:8080/path?q HTTP/1.1\r\n"
                b"Host: localhost:8080\r\n"
                b"Accept-Encoding: identity\r\n"
                b"Connection: keep-alive\r\n"
                b"Proxy-Authorization: Basic c2VhOmNvdw==\r\n\r\n"
            )
        assert peer.received == request * 2


class TestScriptedTunnel:
    """A peer that plays the proxy, and, inside of the tunnel, the server too."""

    def serve(self, contexts: TlsContexts, heads: list[bytes]) -> Peer:
        def handle(connection: Connection) -> None:
            heads.append(connection.receive_head())
            connection.send(OPENED)
            connection.start_tls(contexts.server)
            heads.append(connection.receive_head())
            connection.send(OK)
            connection.receive_until_eof()

        return Peer(may_be_cut(handle))

    def test_connect_names_the_server_and_carries_the_fields(
        self, tls_contexts: TlsContexts, face: type[HTTPConnection]
    ) -> None:
        heads: list[bytes] = []
        with (
            self.serve(tls_contexts, heads) as peer,
            through(peer, face, tls_contexts.client) as connection,
        ):
            assert fetch(connection, "/").body == b"ok"
        assert heads[0].startswith(b"CONNECT localhost:4430 HTTP/1.1\r\n")
        assert b"\r\nHost: localhost:4430\r\n" in heads[0]
        assert SECRET.encode() in heads[0]

    def test_fields_for_the_proxy_stay_out_of_the_tunnel(
        self, tls_contexts: TlsContexts, face: type[HTTPConnection]
    ) -> None:
        heads: list[bytes] = []
        with (
            self.serve(tls_contexts, heads) as peer,
            through(peer, face, tls_contexts.client) as connection,
        ):
            assert fetch(connection, "/").body == b"ok"
        assert heads[1].startswith(b"GET / HTTP/1.1\r\n")
        assert b"Proxy-Authorization" not in heads[1]
        assert SECRET.encode() not in heads[1]

    def test_ipv6_address_has_brackets(
        self, tls_contexts: TlsContexts, face: type[HTTPConnection]
    ) -> None:
        heads: list[bytes] = []
        with (
            self.serve(tls_contexts, heads) as peer,
            through(peer, face, tls_contexts.client, hostname="::1") as connection,
        ):
            assert fetch(connection, "/").body == b"ok"
        assert heads[0].startswith(b"CONNECT [::1]:4430 HTTP/1.1\r\n")
        assert b"\r\nHost: [::1]:4430\r\n" in heads[0]

    def test_interim_responses_and_fields_of_a_2xx_are_passed_over(
        self, tls_contexts: TlsContexts, face: type[HTTPConnection]
    ) -> None:
        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(
                b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
                b"HTTP/1.0 299 Fine\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n",
            )
            connection.start_tls(tls_contexts.server)
            replay(OK)(connection)

        with Peer(handle) as peer, through(peer, face, tls_contexts.client) as connection:
            assert fetch(connection, "/").body == b"ok"

    @pytest.mark.parametrize("status", [301, 403, 407, 502])
    def test_refusal_tells_status_reason_and_headers(
        self, tls_contexts: TlsContexts, face: type[HTTPConnection], status: int
    ) -> None:
        refusal = b"HTTP/1.1 %d Not today\r\nX-Why: tide\r\nContent-Length: 4\r\n\r\nbody" % status
        with Peer(replay(refusal)) as peer:
            connection = through(peer, face, tls_contexts.client)
            with connection, pytest.raises(TunnelRefused) as caught:
                connection.send_request("GET", "/secret")
        refused = caught.value
        assert (refused.status, refused.reason, refused.headers["X-Why"]) == (
            status,
            "Not today",
            "tide",
        )

    def test_nothing_is_sent_behind_a_refused_connect(
        self, tls_contexts: TlsContexts, face: type[HTTPConnection]
    ) -> None:
        with Peer(replay(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")) as peer:
            connection = through(peer, face, tls_contexts.client)
            with connection, pytest.raises(TunnelRefused):
                connection.send_request("GET", "/secret")
        assert peer.received.startswith(b"CONNECT ")
        assert peer.received.count(b"\r\n\r\n") == 1
        assert peer.received.endswith(b"\r\n\r\n")

    def test_octets_before_tls_are_refused(
        self, tls_contexts: TlsContexts, face: type[HTTPConnection]
    ) -> None:
        with Peer(replay(OPENED + OK)) as peer:
            connection = through(peer, face, tls_contexts.client)
            with connection, pytest.raises(InvalidResponse):
                connection.connect()

    @pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200"], ids=["silent", "mid-head"])
    def test_proxy_that_closes_is_told(
        self, tls_contexts: TlsContexts, face: type[HTTPConnection], answer: bytes
    ) -> None:
        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(answer)

        with Peer(handle) as peer:
            connection = through(peer, face, tls_contexts.client)
            with connection, pytest.raises(ConnectionClosed):
                connection.connect()

    def test_server_of_another_name_is_not_trusted(
        self, tls_contexts: TlsContexts, face: type[HTTPConnection]
    ) -> None:
        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(OPENED)
            connection.start_tls(tls_contexts.wrong_name_server)

        with Peer(may_be_cut(handle)) as peer:
            connection = through(peer, face, tls_contexts.client)
            with connection, pytest.raises(ssl.SSLCertVerificationError):
                connection.send_request("GET", "/secret")

    def test_same_object_tries_again_after_a_refusal(
        self, tls_contexts: TlsContexts, face: type[HTTPConnection]
    ) -> None:
        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(OPENED)
            connection.start_tls(tls_contexts.server)
            replay(OK)(connection)

        busy = replay(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        with (
            no_descriptor_leak(),
            Peer(in_turn(busy, handle)) as peer,
            through(peer, face, tls_contexts.client) as connection,
        ):
            with pytest.raises(TunnelRefused) as caught:
                connection.send_request("GET", "/")
            assert is_temp_network_error(caught.value)
            assert not connection.response_pending()
            assert fetch(connection, "/").body == b"ok"
