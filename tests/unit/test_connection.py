from __future__ import annotations

import io
import ssl
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Literal, overload

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    HTTPConnection,
    Layers,
    PollNeeded,
    StateError,
)
from dugong.limits import Limits
from dugong.protocol.request import RequestEncoder
from dugong.protocol.response_head import HeadParser
from dugong.testing import SENT, ScriptedTransport, scripted_connection
from tests.unit.faces import (
    CHUNKED,
    CONTINUE,
    Driven,
    Face,
    StuckTransport,
    both_faces,
    chunked,
    connection,
    driven,
    finish,
    head,
    opening_to,
    reply,
    suspend,
)

if TYPE_CHECKING:
    from dugong.network.transport import PeerCertificate, Transport

CIPHER = ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)


class TLSScript(ScriptedTransport):
    """Says what a TLS transport says of its handshake."""

    def cipher(self) -> tuple[str, str, int] | None:
        return CIPHER

    @overload
    def peercert(self, *, binary_form: Literal[True]) -> bytes | None: ...

    @overload
    def peercert(self, *, binary_form: Literal[False]) -> PeerCertificate | None: ...

    def peercert(self, *, binary_form: bool) -> PeerCertificate | bytes | None:
        return b"DER" if binary_form else {"version": "3"}


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    return ssl.create_default_context()


# -- the constructor


@pytest.mark.parametrize(
    "hostname",
    ["example.com", "EXAMPLE.com.", "a_b.example", "localhost", "127.0.0.1", "::1", "fe80::1%eth0"],
)
def test_constructor_takes_names_and_addresses(hostname: str) -> None:
    assert HTTPConnection(hostname).hostname == hostname


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(("",), ValueError, id="empty name"),
        pytest.param(("a b",), ValueError, id="blank"),
        pytest.param(("a/b",), ValueError, id="slash"),
        pytest.param(("user@example.com",), ValueError, id="user name"),
        pytest.param(("example.com:80",), ValueError, id="port in the name"),
        pytest.param(("[::1]",), ValueError, id="brackets"),
        pytest.param(("a\r\nEvil: y",), ValueError, id="CRLF"),
        pytest.param((b"example.com",), TypeError, id="bytes"),
        pytest.param((None,), TypeError, id="None"),
        pytest.param(("example.com", "80"), TypeError, id="port str"),
        pytest.param(("example.com", True), TypeError, id="port bool"),
        pytest.param(("example.com", 0), ValueError, id="port 0"),
        pytest.param(("example.com", 65_536), ValueError, id="port too large"),
        pytest.param(("example.com", 80, "context"), TypeError, id="ssl_context str"),
        pytest.param(("example.com", 80, None, "proxy:3128"), TypeError, id="proxy str"),
        pytest.param(("example.com", 80, None, ("proxy",)), TypeError, id="proxy of one"),
        pytest.param(("example.com", 80, None, ("proxy", None)), TypeError, id="proxy port"),
        pytest.param(("example.com", 80, None, ("a b", 80)), ValueError, id="proxy name"),
    ],
)
def test_constructor_refuses(arguments: tuple[object, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        HTTPConnection(*arguments)  # type: ignore[arg-type]  # that is the test


@pytest.mark.parametrize(
    ("headers", "proxy", "error"),
    [
        pytest.param({"A": "b"}, None, ValueError, id="without proxy"),
        pytest.param({"Host": "b"}, ("proxy", 80), ValueError, id="framing or routing"),
        pytest.param({"A": "b\r\nc"}, ("proxy", 80), ValueError, id="CRLF"),
        pytest.param({"A": "1", "a": "2"}, ("proxy", 80), ValueError, id="equal but for case"),
        pytest.param({"A": 1}, ("proxy", 80), TypeError, id="value int"),
        pytest.param([("A", "b")], ("proxy", 80), TypeError, id="no mapping"),
    ],
)
def test_constructor_refuses_proxy_headers(
    headers: dict[str, str], proxy: tuple[str, int] | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        HTTPConnection("example.com", proxy=proxy, proxy_headers=headers)


WRONG_TIMEOUTS = pytest.mark.parametrize(
    ("timeout", "error"),
    [
        pytest.param(-1, ValueError, id="negative"),
        pytest.param(float("nan"), ValueError, id="not a number"),
        pytest.param("5", TypeError, id="str"),
        pytest.param(True, TypeError, id="bool"),
    ],
)


@WRONG_TIMEOUTS
def test_constructor_refuses_timeout(timeout: float, error: type[Exception]) -> None:
    with pytest.raises(error):
        HTTPConnection("example.com", timeout=timeout)


def test_port_is_by_default_that_of_the_scheme(context: ssl.SSLContext) -> None:
    assert HTTPConnection("example.com").port == 80
    assert HTTPConnection("example.com", ssl_context=context).port == 443
    assert HTTPConnection("example.com", 8080, context).port == 8080


def test_attributes_are_what_was_given(context: ssl.SSLContext) -> None:
    conn = HTTPConnection("example.com", 8443, context, ("proxy", 3128), timeout=2.5)
    assert (conn.hostname, conn.port, conn.proxy) == ("example.com", 8443, ("proxy", 3128))
    assert conn.ssl_context is context
    assert conn.timeout == 2.5


def test_attributes_are_none_by_default() -> None:
    conn = HTTPConnection("example.com")
    assert (conn.ssl_context, conn.proxy, conn.timeout) == (None, None, None)
    assert conn.trailers is None


def test_representation_names_the_origin(context: ssl.SSLContext) -> None:
    assert repr(HTTPConnection("::1", 8080)) == "<HTTPConnection http://[::1]:8080>"
    secure = HTTPConnection("example.com", ssl_context=context)
    assert repr(secure) == "<HTTPConnection https://example.com:443>"


# -- for_url


@pytest.mark.parametrize(
    ("url", "hostname", "port"),
    [
        ("http://example.com", "example.com", 80),
        ("http://example.com/path?query#fragment", "example.com", 80),
        ("HTTP://example.com:8080/", "example.com", 8080),
        ("http://[::1]:8080/", "::1", 8080),
        ("https://example.com/", "example.com", 443),
        ("https://example.com:8443/", "example.com", 8443),
    ],
)
def test_url_names_the_connection(url: str, hostname: str, port: int) -> None:
    conn = HTTPConnection.for_url(url)
    assert (conn.hostname, conn.port) == (hostname, port)
    assert (conn.ssl_context is not None) is url.startswith("https")


def test_default_context_verifies_the_server() -> None:
    context = HTTPConnection.for_url("https://example.com").ssl_context
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_given_context_is_used_as_it_is(context: ssl.SSLContext) -> None:
    conn = HTTPConnection.for_url("https://example.com", ssl_context=context)
    assert conn.ssl_context is context


def test_further_arguments_of_for_url_are_those_of_the_constructor() -> None:
    conn = HTTPConnection.for_url(
        "http://example.com", proxy=("proxy", 3128), timeout=5, proxy_headers={"A": "b"}
    )
    assert conn.proxy == ("proxy", 3128)
    assert conn.timeout == 5


def test_for_url_of_a_subclass_makes_one() -> None:
    class Special(HTTPConnection):
        pass

    assert type(Special.for_url("http://example.com")) is Special


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "ftp://example.com",
        "http://",
        "http:///path",
        "http://user@example.com",
        "http://user:password@example.com",
        "http://example.com:99999",
        "http://example.com:0",
        "http://example.com:port",
        "http://[::1",
        "http://exa mple.com",
        "http://example.com/\r\n",
        "",
    ],
)
def test_url_that_names_no_connection_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        HTTPConnection.for_url(url)


def test_url_is_a_str() -> None:
    wrong: list[str] = []
    with pytest.raises(TypeError):
        HTTPConnection.for_url(wrong)  # type: ignore[arg-type]  # that is the test


def test_context_for_plain_http_is_refused(context: ssl.SSLContext) -> None:
    with pytest.raises(ValueError, match="http://"):
        HTTPConnection.for_url("http://example.com", ssl_context=context)


# -- timeout


@pytest.mark.parametrize("timeout", [None, 0, 0.5, 10**30, float("inf")])
def test_timeout_can_be_changed(timeout: float | None) -> None:
    conn = HTTPConnection("example.com", timeout=1)
    conn.timeout = timeout
    assert conn.timeout == timeout


@WRONG_TIMEOUTS
def test_wrong_timeout_is_refused_and_changes_nothing(
    timeout: float, error: type[Exception]
) -> None:
    conn = HTTPConnection("example.com", timeout=1)
    with pytest.raises(error):
        conn.timeout = timeout
    assert conn.timeout == 1


def test_timeout_holds_for_the_connection_that_is_open() -> None:
    with driven(Face.BLOCKING, ScriptedTransport(), timeout=None) as http:
        http.send_request()
        http.conn.timeout = 0
        with pytest.raises(ConnectionTimedOut):
            http.read_response()


def test_timeout_holds_for_sending_on_the_connection_that_is_open() -> None:
    with driven(Face.BLOCKING, StuckTransport(), timeout=None) as http:
        http.connect()
        http.conn.timeout = 0
        with pytest.raises(ConnectionTimedOut):
            http.send_request()


def test_timeout_holds_for_later_connections() -> None:
    with driven(Face.BLOCKING, ScriptedTransport(), ScriptedTransport(), timeout=None) as http:
        http.send_request()
        http.conn.disconnect()
        http.conn.timeout = 0
        http.send_request()
        with pytest.raises(ConnectionTimedOut):
            http.read_response()


def test_coroutines_ignore_the_timeout() -> None:
    transport = ScriptedTransport(reply())
    with driven(Face.COROUTINE, transport, timeout=0) as http:
        finish(http.conn.co_send_request("GET", "/"))
        assert finish(http.conn.co_read_response()).status == 200


def test_timeout_begins_anew_with_each_progress() -> None:
    # Each octet comes within the time, all of them do not: progress is counted, not the call.
    transport = ScriptedTransport(*(bytes([octet]) for octet in reply(b"body")))
    with driven(Face.BLOCKING, transport, timeout=0) as http:
        http.get()
        assert http.readall() == b"body"


# -- layers


def test_layers_of_a_subclass_are_used() -> None:
    class Encoder(RequestEncoder):
        def default_fields(self) -> dict[str, str]:
            return {**super().default_fields(), "X-Added": "yes"}

    made: list[HeadParser] = []

    def make_parser(limits: Limits) -> HeadParser:
        made.append(HeadParser(limits))
        return made[-1]

    limits = Limits(fields=2)
    layers = Layers(encoder=Encoder, head_parser=make_parser, limits=limits)
    transport = ScriptedTransport(reply())
    with scripted_connection(transport, layers=layers) as conn:
        conn.send_request("GET", "/")
        conn.read_response()
        assert b"\r\nX-Added: yes\r\n" in transport.sent
        assert made[-1].limits is limits


# -- one conversation in each face


@both_faces
def test_whole_conversation(face: Face) -> None:
    first = CHUNKED + chunked(b"one", trailers=b"A: b\r\n")
    transport = ScriptedTransport(CONTINUE, SENT, first, SENT, reply(b"12345"))
    with driven(face, transport) as http:
        http.connect()
        http.send_request("PUT", "/", None, BodyFollowing(), True)
        assert http.read_response().status == 100
        http.write(b"body")
        assert http.send_file(io.BytesIO(b"file"), 2) == 2
        http.end_body({"X": "y"})
        assert http.read_response().status == 200
        assert http.readall() == b"one"
        assert http.conn.trailers is not None
        http.send_request("PUT", "/", None, BodyFollowing(4))
        http.write(b"")
        http.write(b"body")
        http.end_body()
        http.read_response()
        buf = bytearray(2)
        assert http.readinto(buf) == 2
        assert http.read(0) == b""
        assert http.readinto(bytearray()) == 0
        assert http.read(1) == b"3"
        assert http.read() == b"45"
        http.discard()
        assert not http.conn.response_pending()


@both_faces
def test_failed_readinto_leaves_the_buffer_free(face: Face) -> None:
    transport = ScriptedTransport(head(b"Content-Length: 5"), b"123", OSError(5, "told"))
    with driven(face, transport) as http:
        http.send_request("GET", "/")
        http.read_response()
        buf = bytearray(20_000)
        assert http.readinto(buf) == 3
        buf.append(1)
        with pytest.raises(OSError, match="told"):
            http.readinto(buf)
        buf.append(1)


def test_skip_continue() -> None:
    with driven(Face.BLOCKING, ScriptedTransport()) as http:
        http.send_request("PUT", "/", None, BodyFollowing(), True)
        http.conn.skip_continue()
        http.write(b"body")


@pytest.mark.parametrize(
    ("size", "error"), [(-1, ValueError), (1.5, TypeError)], ids=["negative", "float"]
)
def test_wrong_size_of_read_raw(size: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        HTTPConnection("example.com").read_raw(size)


def test_read_raw() -> None:
    with driven(Face.BLOCKING, ScriptedTransport(b"SSH-2.0")) as http:
        http.send_request()
        assert http.conn.read_raw(3) == b"SSH"


@both_faces
def test_refusal_replaces_the_connection(face: Face) -> None:
    first, second = ScriptedTransport(reply()), ScriptedTransport()
    with driven(face, first, second) as http:
        http.send_request("PUT", "/", None, BodyFollowing(5), True)
        http.read_response()
        http.send_request("GET", "/next")
        assert second.sent.startswith(b"GET /next ")


def test_connection_that_another_thread_has_opened_meanwhile_is_used() -> None:
    with driven(Face.BLOCKING, ScriptedTransport()) as http:
        http.connect()
        request = http.conn._encoder.encode("GET", "/", None, None, expect100=False)
        assert http.conn._open_for(request) is http.conn._talk
        assert finish(http.conn._co_open_for(request)) is http.conn._talk


def test_replacement_by_another_thread_is_used_too() -> None:
    conn = connection(opening_to())
    talk = conn._usable_conversation()

    class Lock:
        def __enter__(self) -> None:
            conn._replace(talk)

        def __exit__(self, *args: object) -> None:
            pass

    talk.link.state.replaceable = True
    conn._replacing = Lock()  # type: ignore[assignment]  # the other thread comes first
    assert conn._usable_conversation() is conn._talk is not talk


# -- disconnect


def test_disconnect_with_nothing_in_progress() -> None:
    transport = ScriptedTransport(CHUNKED + chunked(b"x"))
    with driven(Face.BLOCKING, transport) as http:
        http.get()
        http.discard()
        http.conn.reset()
        assert transport.is_closed
        assert http.conn.trailers is None
        assert http.read(5) == b""


def test_disconnect_in_the_middle_of_something() -> None:
    with driven(Face.BLOCKING, ScriptedTransport(reply(b"body"))) as http:
        http.get()
        http.conn.disconnect()
        with pytest.raises(ConnectionClosed, match="disconnect"):
            http.read(5)


@both_faces
def test_opening_that_fails_in_connect(face: Face) -> None:
    conn = connection(opening_to(ConnectionRefusedError("no")))
    with conn, pytest.raises(ConnectionRefusedError):
        Driven(face, conn).connect()


@both_faces
def test_opening_that_fails_in_send_request(face: Face) -> None:
    conn = connection(opening_to(ConnectionRefusedError("no")))
    with conn, pytest.raises(ConnectionRefusedError):
        Driven(face, conn).send_request("PUT", "/", body=b"x")


def test_opening_that_is_waited_for() -> None:
    transport = ScriptedTransport()

    def co_open() -> Generator[PollNeeded, None, Transport]:
        yield transport.writable
        return transport

    with connection(co_open) as conn:
        crt = conn.co_send_request("GET", "/")
        assert suspend(crt) is transport.writable
        with pytest.raises(StopIteration):
            next(crt)
        conn.connect()
        finish(conn.co_connect())
        assert transport.sent


# -- what TLS says


def test_plain_http_has_no_cipher_and_opens_nothing() -> None:
    conn = connection(opening_to())
    assert conn.get_ssl_cipher() is None
    assert conn.get_ssl_peercert() is None
    assert conn.get_ssl_peercert(binary_form=True) is None


def test_tls_says_what_was_agreed(context: ssl.SSLContext) -> None:
    with scripted_connection(TLSScript(), ssl_context=context) as conn:
        conn.connect()
        assert conn.get_ssl_cipher() == CIPHER
        assert conn.get_ssl_peercert() == {"version": "3"}
        assert conn.get_ssl_peercert(binary_form=True) == b"DER"


def test_connection_is_opened_to_ask_for_its_cipher(context: ssl.SSLContext) -> None:
    with scripted_connection(TLSScript(), ssl_context=context) as conn:
        assert conn.get_ssl_cipher() == CIPHER
        assert conn._talk.link.is_open


def end_by_server(conn: HTTPConnection) -> None:
    conn.send_request("GET", "/")
    conn.read_response()


@pytest.mark.parametrize(
    "end", [HTTPConnection.disconnect, end_by_server], ids=["disconnect", "server"]
)
def test_handshake_is_remembered_after_the_end(
    context: ssl.SSLContext, end: Callable[[HTTPConnection], None]
) -> None:
    transport = TLSScript(reply(b"", b"Connection: close"))
    with scripted_connection(transport, ssl_context=context) as conn:
        conn.connect()
        end(conn)
        assert transport.is_closed
        assert conn.get_ssl_cipher() == CIPHER
        assert conn.get_ssl_peercert(binary_form=True) == b"DER"


def test_connection_that_cannot_be_opened_has_no_cipher(context: ssl.SSLContext) -> None:
    with (
        scripted_connection(ssl_context=context) as conn,
        pytest.raises(ConnectionRefusedError),
    ):
        conn.get_ssl_cipher()


def test_tls_of_a_dead_connection_is_remembered(context: ssl.SSLContext) -> None:
    with scripted_connection(TLSScript(head()[:4] + b"!"), ssl_context=context) as conn:
        conn.send_request("GET", "/")
        conn.read_raw(1)
        with pytest.raises(StateError):
            conn.read_response()
        assert conn.get_ssl_cipher() == CIPHER
