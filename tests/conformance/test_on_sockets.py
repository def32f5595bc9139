"""What of RFC 9110 and RFC 9112 shows on sockets only: TLS, and how connections are closed."""

import ssl
import threading
from pathlib import Path

import pytest
import trustme

from dugong import ConnectionClosed, HTTPConnection, is_temp_network_error
from tests.integration.certificates import TlsContexts
from tests.integration.peers import (
    TIME_LIMIT,
    Connection,
    Handler,
    Peer,
    in_turn,
    may_be_cut,
    replay,
    wait_for,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nok"
HANDSHAKE_RECORD = 22
APPLICATION_DATA_RECORD = 23


def fetch(conn: HTTPConnection) -> bytes:
    """Send a request, and return the body of its response."""
    conn.send_request("GET", "/secret")
    conn.read_response()
    return conn.readall()


def plain(peer: Peer) -> HTTPConnection:
    """Return a connection without TLS."""
    return HTTPConnection(peer.host, peer.port, timeout=TIME_LIMIT)


def secured(peer: Peer, contexts: TlsContexts) -> HTTPConnection:
    """Return a connection that trusts the authority of the tests."""
    return HTTPConnection("localhost", peer.port, contexts.client, timeout=TIME_LIMIT)


def verifying(peer: Peer, host: str) -> HTTPConnection:
    """Return a connection that trusts whom the system trusts."""
    return HTTPConnection.for_url(f"https://{host}:{peer.port}/", timeout=TIME_LIMIT)


def cut_after(octets: bytes) -> Handler:
    """Return a handler that answers a request, and closes without the closure alert."""

    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.send(octets)
        connection.close_without_notify()

    return handle


class TestVerification:
    """With the connections that `HTTPConnection.for_url` makes, and no context of the caller's."""

    @pytest.fixture
    def authority(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
        """Make the one authority that the system trusts."""
        authority = trustme.CA()
        path = tmp_path / "authority.pem"
        authority.cert_pem.write_to_path(str(path))
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
        return authority

    @staticmethod
    def server(certificate: trustme.LeafCert) -> ssl.SSLContext:
        """Return the context of a server with *certificate*."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate.configure_cert(context)
        return context

    def assert_refused(self, certificate: trustme.LeafCert, host: str) -> None:
        """Check that a server with *certificate* is not sent a request for *host*."""
        with Peer(replay(OK), tls=self.server(certificate)) as peer:
            conn = verifying(peer, host)
            with conn, pytest.raises(ssl.SSLCertVerificationError):
                conn.send_request("GET", "/secret")
        assert peer.received == b""

    @pytest.mark.requirement("9110-4.3.4-01", "9110-4.3.4-02", "9110-4.3.4-03")
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
    def test_server_is_accepted_under_the_name_or_address_of_its_certificate(
        self, authority: trustme.CA, host: str
    ) -> None:
        with (
            Peer(replay(OK), tls=self.server(authority.issue_cert(host))) as peer,
            verifying(peer, host) as conn,
        ):
            assert fetch(conn) == b"ok"

    @pytest.mark.requirement("9110-4.3.4-01", "9110-4.3.4-02", "9110-4.3.4-05", "9110-4.3.4-07")
    @pytest.mark.requirement("9110-4.3.4-08", "9110-4.2.2-03")
    @pytest.mark.parametrize(
        ("host", "certificate_for"),
        [
            pytest.param("localhost", "wrong.example", id="another-name"),
            pytest.param("localhost", "sub.localhost", id="subdomain"),
            pytest.param(
                "localhost",
                "127.0.0.1",
                id="address-for-name",
                marks=pytest.mark.requirement("9110-4.3.4-03"),
            ),
            pytest.param(
                "127.0.0.1",
                "localhost",
                id="name-for-address",
                marks=pytest.mark.requirement("9110-4.3.4-03"),
            ),
            pytest.param("127.0.0.1", "127.0.0.2", id="another-address"),
        ],
    )
    def test_certificate_for_another_host_ends_the_connection(
        self, authority: trustme.CA, host: str, certificate_for: str
    ) -> None:
        self.assert_refused(authority.issue_cert(certificate_for), host)

    @pytest.mark.requirement("9110-4.3.4-02", "9110-4.3.4-05", "9110-4.3.4-07")
    def test_certificate_of_an_unknown_authority_ends_the_connection(
        self, authority: trustme.CA
    ) -> None:
        certificate = trustme.CA().issue_cert("localhost")
        self.assert_refused(certificate, "localhost")

    @pytest.mark.requirement("9110-4.3.4-04")
    def test_common_name_of_a_certificate_tells_nothing(self, authority: trustme.CA) -> None:
        certificate = authority.issue_cert("192.0.2.1", common_name="localhost")
        self.assert_refused(certificate, "localhost")


@pytest.mark.requirement("9110-4.2.2-03", "9112-9.7-01")
def test_nothing_but_tls_is_sent_to_a_secured_server(tls_contexts: TlsContexts) -> None:
    records: list[int] = []

    def relay(connection: Connection) -> None:
        # The server's side of TLS in memory, so that what is on the wire can be looked at.
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = tls_contexts.server.wrap_bio(incoming, outgoing, server_side=True)

        def take_record() -> None:
            start = connection.receive(5)
            records.append(start[0])
            incoming.write(start + connection.receive(int.from_bytes(start[3:], "big")))

        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                connection.send(outgoing.read())
                take_record()
        connection.send(outgoing.read())
        take_record()
        assert tls.read().startswith(b"GET /secret HTTP/1.1\r\n")
        tls.write(OK)
        connection.send(outgoing.read())
        connection.receive_until_eof()

    with Peer(relay) as peer, secured(peer, tls_contexts) as conn:
        assert fetch(conn) == b"ok"
    assert records[0] == HANDSHAKE_RECORD
    assert records[-1] == APPLICATION_DATA_RECORD
    assert b"GET" not in peer.received


@pytest.mark.requirement("9110-4.2.2-04")
def test_response_outside_of_tls_is_none(tls_contexts: TlsContexts) -> None:
    def answer_plainly(connection: Connection) -> None:
        connection.receive(1)
        connection.send(OK)
        connection.receive_until_eof()

    with Peer(may_be_cut(answer_plainly)) as peer:
        conn = secured(peer, tls_contexts)
        with conn, pytest.raises(ssl.SSLError):
            conn.send_request("GET", "/secret")
    assert b"GET" not in peer.received


class TestClosing:
    @pytest.mark.requirement("9112-9.5-01")
    @pytest.mark.parametrize("octets", [b"", OK[:-1]], ids=["before-the-response", "in-the-body"])
    def test_disconnect_closes_in_order(self, octets: bytes) -> None:
        received = threading.Event()

        def answer(connection: Connection) -> None:
            connection.receive_head()
            connection.send(octets)
            wait_for(received)
            # A reset would be a ConnectionResetError, and so a failed test.
            assert connection.receive_until_eof() == b""

        with Peer(answer) as peer, plain(peer) as conn:
            conn.send_request("GET", "/")
            if octets:
                conn.read_response()
                conn.read(1)
            received.set()

    @pytest.mark.requirement("9112-9.6-03", "9112-9.6-05")
    @pytest.mark.parametrize("asked", [True, False], ids=["by-the-client", "by-the-server"])
    def test_connection_with_close_is_closed_by_the_client(self, asked: bool) -> None:
        closed = threading.Event()
        response = OK if asked else OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")

        def answer(connection: Connection) -> None:
            connection.receive_head()
            connection.send(response)
            assert connection.receive_until_eof() == b""
            closed.set()

        with Peer(answer) as peer, plain(peer) as conn:
            conn.send_request("GET", "/", {"Connection": "close"} if asked else None)
            conn.read_response()
            assert conn.readall() == b"ok"
            wait_for(closed)

    @pytest.mark.requirement("9112-9.8-04")
    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    @pytest.mark.parametrize("option", ["keep-alive", "close"])
    def test_closure_alert_is_sent_before_the_connection_is_closed(
        self, tls_contexts: TlsContexts, version: ssl.TLSVersion, option: str
    ) -> None:
        context = ssl.create_default_context(cafile=str(tls_contexts.authority_file))
        context.minimum_version = context.maximum_version = version

        def answer(connection: Connection) -> None:
            tls = tls_contexts.server.wrap_socket(
                connection._socket, server_side=True, suppress_ragged_eofs=False
            )
            with tls:
                tls.recv(10_000)
                tls.sendall(OK)
                # Without the alert, this would be an SSLEOFError, and so a failed test.
                assert tls.recv(1) == b""

        with (
            Peer(answer) as peer,
            HTTPConnection("localhost", peer.port, context, timeout=TIME_LIMIT) as conn,
        ):
            conn.send_request("GET", "/", {"Connection": option})
            conn.read_response()
            assert conn.readall() == b"ok"


class TestCutOfTls:
    """A close without the closure alert, as whoever is on the way can make one."""

    @pytest.mark.requirement("9112-9.8-01")
    @pytest.mark.parametrize("octets", [OK, CHUNKED], ids=["sized", "chunked"])
    def test_response_that_ended_by_its_framing_is_complete(
        self, tls_contexts: TlsContexts, octets: bytes
    ) -> None:
        with (
            Peer(cut_after(octets), tls=tls_contexts.server) as peer,
            secured(peer, tls_contexts) as conn,
        ):
            assert fetch(conn) == b"ok"

    @pytest.mark.requirement("9112-9.8-02", "9112-8-04")
    def test_body_until_close_is_incomplete(self, tls_contexts: TlsContexts) -> None:
        with Peer(cut_after(UNTIL_CLOSE), tls=tls_contexts.server) as peer:
            conn = secured(peer, tls_contexts)
            with conn, pytest.raises(ConnectionClosed):
                fetch(conn)

    @pytest.mark.requirement("9112-9.8-02", "9112-6.3-15")
    def test_body_until_close_is_complete_with_the_alert(self, tls_contexts: TlsContexts) -> None:
        def answer(connection: Connection) -> None:
            connection.receive_head()
            connection.send(UNTIL_CLOSE)

        with Peer(answer, tls=tls_contexts.server) as peer, secured(peer, tls_contexts) as conn:
            assert fetch(conn) == b"ok"

    @pytest.mark.requirement("9112-9.8-03")
    def test_object_goes_on_after_it(self, tls_contexts: TlsContexts) -> None:
        handler = in_turn(cut_after(OK[:-1]), replay(OK))
        with Peer(handler, tls=tls_contexts.server) as peer, secured(peer, tls_contexts) as conn:
            with pytest.raises(ConnectionClosed) as caught:
                fetch(conn)
            assert is_temp_network_error(caught.value)
            conn.disconnect()
            assert fetch(conn) == b"ok"
