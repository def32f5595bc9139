"""TLS: who is trusted, how connections end, and OpenSSL's wants in the wrong direction."""

import select
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    HTTPConnection,
    is_temp_network_error,
)
from tests.integration.apps.payload import payload, pieces
from tests.integration.certificates import TlsContexts
from tests.integration.drive import (
    both_faces,
    client_of,
    fetch,
    no_descriptor_leak,
    reaching,
    takes,
    write_all,
)
from tests.integration.peers import (
    TIME_LIMIT,
    Connection,
    Handler,
    Peer,
    await_input,
    may_be_cut,
    replay,
    wait_for,
)
from tests.integration.processes import Command, find_program, running

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nall of it"
MIB = 1024 * 1024


def trusting_client(contexts: TlsContexts, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=contexts.authority_file)
    context.minimum_version = context.maximum_version = version
    return context


@both_faces
class TestTrust:
    def test_wrong_name(self, face: type[HTTPConnection], tls_contexts: TlsContexts) -> None:
        with no_descriptor_leak(), Peer(replay(OK), tls=tls_contexts.wrong_name_server) as peer:
            connection = client_of(peer, tls_contexts, face)
            with connection, pytest.raises(ssl.SSLCertVerificationError) as caught:
                connection.send_request("GET", "/secret")
        assert not is_temp_network_error(caught.value)
        assert peer.received == b""

    def test_untrusted_authority(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts
    ) -> None:
        with no_descriptor_leak(), Peer(replay(OK), tls=tls_contexts.server) as peer:
            connection = face("localhost", peer.port, ssl.create_default_context())
            with connection, pytest.raises(ssl.SSLCertVerificationError):
                connection.send_request("GET", "/secret")
        assert peer.received == b""

    def test_context_of_the_caller_may_trust_anybody(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts
    ) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with (
            Peer(replay(OK), tls=tls_contexts.wrong_name_server) as peer,
            face("localhost", peer.port, context, timeout=TIME_LIMIT) as connection,
        ):
            assert fetch(connection, "/").body == b"ok"

    def test_server_without_tls(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts
    ) -> None:
        def greet(connection: Connection) -> None:
            connection.send(b"HTTP/1.1 400 Speak plainly\r\n\r\n")
            connection.receive_until_eof()

        with no_descriptor_leak(), Peer(may_be_cut(greet)) as peer:
            address = (peer.host, peer.port, tls_contexts.client)
            with (
                face(*address, timeout=TIME_LIMIT) as connection,
                pytest.raises(ssl.SSLError) as caught,
            ):
                connection.connect()
        assert not is_temp_network_error(caught.value)

    @pytest.mark.parametrize(
        ("hostname", "named"),
        [("localhost", "localhost"), ("localhost.", "localhost"), ("127.0.0.1", None)],
    )
    def test_name_is_told_to_the_server_but_no_address(
        self,
        face: type[HTTPConnection],
        tls_contexts: TlsContexts,
        hostname: str,
        named: str | None,
    ) -> None:
        names: list[str | None] = []
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls_contexts.certificate_file, tls_contexts.key_file)
        context.set_servername_callback(lambda sock, name, its_context: names.append(name))
        with Peer(replay(OK), tls=context) as peer:
            client = reaching(face, [peer.address])
            with client(hostname, ssl_context=tls_contexts.client) as connection:
                assert fetch(connection, "/").body == b"ok"
        assert names == [named]


@both_faces
@pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"]
)
class TestExchange:
    @pytest.fixture
    def context(self, tls_contexts: TlsContexts, version: ssl.TLSVersion) -> ssl.SSLContext:
        return trusting_client(tls_contexts, version)

    def test_bodies_go_both_ways(
        self, face: type[HTTPConnection], context: ssl.SSLContext, tls_contexts: TlsContexts
    ) -> None:
        def echo(connection: Connection) -> None:
            connection.receive_head()
            body, _ = connection.receive_chunked()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)
            connection.receive_until_eof()

        with (
            Peer(echo, tls=tls_contexts.server) as peer,
            face("localhost", peer.port, context, timeout=TIME_LIMIT) as connection,
        ):
            connection.send_request("PUT", "/", body=BodyFollowing())
            write_all(connection, pieces(MIB))
            connection.end_body()
            connection.read_response()
            assert connection.readall() == payload(MIB)

    def test_session_tickets_are_not_stray_data(
        self, face: type[HTTPConnection], context: ssl.SSLContext, tls_contexts: TlsContexts
    ) -> None:
        greeted = threading.Event()

        def handle(connection: Connection) -> None:
            connection.start_tls(tls_contexts.server)
            greeted.set()  # the tickets of TLS 1.3 are sent now
            replay(OK, OK)(connection)

        with (
            Peer(handle) as peer,
            face("localhost", peer.port, context, timeout=TIME_LIMIT) as connection,
        ):
            connection.connect()
            wait_for(greeted)
            for _ in range(2):
                assert fetch(connection, "/").body == b"ok"

    def test_handshake_is_remembered_after_the_end(
        self, face: type[HTTPConnection], context: ssl.SSLContext, tls_contexts: TlsContexts
    ) -> None:
        with Peer(replay(OK), tls=tls_contexts.server) as peer:
            connection = face("localhost", peer.port, context, timeout=TIME_LIMIT)
            cipher = connection.get_ssl_cipher()
            certificate = connection.get_ssl_peercert(binary_form=True)
            connection.disconnect()
            assert connection.get_ssl_cipher() == cipher is not None
            assert connection.get_ssl_peercert(binary_form=True) == certificate is not None

    def test_we_say_close_notify(
        self, face: type[HTTPConnection], context: ssl.SSLContext, tls_contexts: TlsContexts
    ) -> None:
        heard: list[bool] = []

        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(OK)
            heard.append(connection.receive_close_notify())

        with (
            Peer(handle, tls=tls_contexts.server) as peer,
            face("localhost", peer.port, context, timeout=TIME_LIMIT) as connection,
        ):
            fetch(connection, "/")
        assert heard == [True]

    def test_we_say_close_notify_after_the_last_response(
        self, face: type[HTTPConnection], context: ssl.SSLContext, tls_contexts: TlsContexts
    ) -> None:
        heard: list[bool] = []
        ended = threading.Event()

        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            heard.append(connection.receive_close_notify())
            ended.set()

        with (
            Peer(handle, tls=tls_contexts.server) as peer,
            face("localhost", peer.port, context, timeout=TIME_LIMIT) as connection,
        ):
            assert fetch(connection, "/").body == b"ok"
            wait_for(ended)
        assert heard == [True]


def end_with(octets: bytes, end: Callable[[Connection], None]) -> Handler:
    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.send(octets)
        end(connection)

    return handle


@both_faces
class TestEndOfTls:
    def test_close_notify_ends_a_body(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts
    ) -> None:
        handler = end_with(UNTIL_CLOSE, Connection.close)
        with (
            Peer(handler, tls=tls_contexts.server) as peer,
            client_of(peer, tls_contexts, face) as connection,
        ):
            assert fetch(connection, "/").body == b"all of it"

    def test_close_notify_without_fin_ends_a_body(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts
    ) -> None:
        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(UNTIL_CLOSE)
            connection.shutdown_write()
            connection.receive_until_eof()

        with (
            Peer(may_be_cut(handle), tls=tls_contexts.server) as peer,
            client_of(peer, tls_contexts, face) as connection,
        ):
            assert fetch(connection, "/").body == b"all of it"

    @pytest.mark.parametrize(
        "cut", [Connection.close_without_notify, Connection.reset], ids=["FIN", "RST"]
    )
    @pytest.mark.parametrize(
        "octets",
        [
            pytest.param(b"", id="before-the-head"),
            pytest.param(OK[:12], id="in-the-head"),
            pytest.param(OK[:-1], id="in-a-sized-body"),
            pytest.param(UNTIL_CLOSE, id="behind-an-until-close-body"),
        ],
    )
    def test_cut_is_told(
        self,
        face: type[HTTPConnection],
        tls_contexts: TlsContexts,
        cut: Callable[[Connection], None],
        octets: bytes,
    ) -> None:
        with (
            Peer(end_with(octets, cut), tls=tls_contexts.server) as peer,
            client_of(peer, tls_contexts, face) as connection,
            pytest.raises(ConnectionClosed) as caught,
        ):
            fetch(connection, "/")
        assert is_temp_network_error(caught.value)

    def test_payload_before_a_cut_is_given(
        self, face: type[HTTPConnection], tls_contexts: TlsContexts
    ) -> None:
        handler = end_with(UNTIL_CLOSE, Connection.close_without_notify)
        with (
            Peer(handler, tls=tls_contexts.server) as peer,
            client_of(peer, tls_contexts, face) as connection,
        ):
            connection.send_request("GET", "/")
            connection.read_response()
            assert connection.read(100) == b"all of it"
            with pytest.raises(ConnectionClosed):
                connection.read(100)

    @pytest.mark.parametrize("end", [Connection.close, Connection.close_without_notify])
    def test_idle_end_is_told_before_anything_is_sent(
        self,
        face: type[HTTPConnection],
        tls_contexts: TlsContexts,
        end: Callable[[Connection], None],
    ) -> None:
        ended = threading.Event()

        def end_idle(connection: Connection) -> None:
            end(connection)
            ended.set()

        with (
            Peer(end_with(OK, end_idle), tls=tls_contexts.server) as peer,
            client_of(peer, tls_contexts, face) as connection,
        ):
            assert fetch(connection, "/").body == b"ok"
            wait_for(ended)
            await_input(connection)
            with pytest.raises(ConnectionClosed):
                connection.send_request("GET", "/next")
            assert not connection.response_pending()


class CrossedSocket(ssl.SSLSocket):
    """A socket whose OpenSSL wants the other direction first, `crossed` times.

    That is what a renegotiation or a key update does, at moments that nobody can choose.
    """

    crossed_sends = 0
    crossed_receives = 0

    def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]  # a part of it
        if self.crossed_sends:
            self.crossed_sends -= 1
            raise ssl.SSLWantReadError
        return super().send(data, flags)

    def read(  # type: ignore[override]  # a part of it
        self,
        len: int = 1024,  # noqa: A002
        buffer: bytearray | None = None,
    ) -> bytes:
        if self.crossed_receives:
            self.crossed_receives -= 1
            raise ssl.SSLWantWriteError
        return super().read(len, buffer)  # type: ignore[deprecated]  # what recv_into() calls


@both_faces
def test_renegotiation_in_the_middle(
    face: type[HTTPConnection], tls_contexts: TlsContexts, tmp_path: Path
) -> None:
    """The server of OpenSSL renegotiates (TLS 1.2) before it answers, since it is asked to."""
    options: Command = (
        find_program("openssl", "openssl"), "s_server", "-www", "-tls1_2", "-cert",
        tls_contexts.certificate_file, "-key", tls_contexts.key_file,
    )  # fmt: skip

    def make_command(ports: Sequence[int]) -> Command:
        return [*options, "-accept", f"127.0.0.1:{ports[0]}"]

    with (
        running("openssl", tmp_path, make_command) as (port,),
        face("localhost", port, tls_contexts.client, timeout=TIME_LIMIT) as connection,
    ):
        page = fetch(connection, "/reneg").body
    assert b"1 server renegotiates (SSL_accept())" in page


@both_faces
class TestCrossedWants:
    @pytest.fixture
    def context(self, tls_contexts: TlsContexts) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=tls_contexts.authority_file)
        context.sslsocket_class = CrossedSocket
        return context

    def test_read_that_must_write(
        self,
        face: type[HTTPConnection],
        context: ssl.SSLContext,
        tls_contexts: TlsContexts,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with (
            Peer(replay(OK), tls=tls_contexts.server) as peer,
            face("localhost", peer.port, context, timeout=TIME_LIMIT) as connection,
        ):
            connection.send_request("GET", "/")
            monkeypatch.setattr(CrossedSocket, "crossed_receives", 3)
            assert connection.read_response().status == 200
            assert connection.readall() == b"ok"

    def test_write_that_must_read(
        self,
        face: type[HTTPConnection],
        context: ssl.SSLContext,
        tls_contexts: TlsContexts,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")  # so that there is something
            assert connection.receive(5) == b"12345"
            connection.send(OK)
            connection.receive_until_eof()

        with (
            Peer(handle, tls=tls_contexts.server) as peer,
            face("localhost", peer.port, context, timeout=TIME_LIMIT) as connection,
        ):
            connection.send_request("PUT", "/", body=BodyFollowing(5))
            monkeypatch.setattr(CrossedSocket, "crossed_sends", 3)
            connection.write(b"12345")
            assert connection.read_response().status == 200
            assert connection.readall() == b"ok"

    def test_coroutine_asks_for_the_other_direction(
        self,
        face: type[HTTPConnection],
        context: ssl.SSLContext,
        tls_contexts: TlsContexts,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with (
            Peer(may_be_cut(replay(OK)), tls=tls_contexts.server) as peer,
            face("localhost", peer.port, context, timeout=TIME_LIMIT) as connection,
        ):
            connection.connect()
            monkeypatch.setattr(CrossedSocket, "crossed_sends", 1)
            sending = connection.co_send_request("GET", "/")
            assert next(sending).mask == select.POLLIN
            with pytest.raises(StopIteration):
                next(sending)
            monkeypatch.setattr(CrossedSocket, "crossed_receives", 1)
            reading = connection.co_read_response()
            needed = next(reading)
            if needed.mask == select.POLLIN:  # it waits first, unless session tickets were met
                needed = next(reading)
            assert needed.mask == select.POLLOUT


class TestBlockingCrossedWants:
    """The thread of the other half may have handled the record that this one waits for."""

    @pytest.fixture
    def context(self, tls_contexts: TlsContexts) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=tls_contexts.authority_file)
        context.sslsocket_class = CrossedSocket
        return context

    def test_write_looks_again_though_nothing_comes(
        self,
        context: ssl.SSLContext,
        tls_contexts: TlsContexts,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with (
            Peer(replay(OK), tls=tls_contexts.server) as peer,
            HTTPConnection("localhost", peer.port, context, timeout=TIME_LIMIT) as connection,
        ):
            assert fetch(connection, "/").body == b"ok"
            monkeypatch.setattr(CrossedSocket, "crossed_sends", 2)
            start = time.monotonic()
            connection.send_request("GET", "/")
            assert time.monotonic() - start < 1

    def test_timeout_holds(
        self,
        context: ssl.SSLContext,
        tls_contexts: TlsContexts,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with (
            Peer(replay(OK), tls=tls_contexts.server) as peer,
            HTTPConnection("localhost", peer.port, context, timeout=TIME_LIMIT) as connection,
        ):
            assert fetch(connection, "/").body == b"ok"
            monkeypatch.setattr(CrossedSocket, "crossed_sends", 1_000_000)
            connection.timeout = 0.25
            with takes(0.25), pytest.raises(ConnectionTimedOut):
                connection.send_request("GET", "/")
