"""The whole public API as a user's program sees it: read by mypy and pyright, never run."""

from __future__ import annotations

import asyncio
import io
import ssl
import tempfile
from array import array
from collections.abc import Generator, Iterator, Mapping
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, assert_type

import dugong
from dugong import (
    BUFFER_SIZE,
    MAX_HEADER_SIZE,
    MAX_LINE_SIZE,
    AioFuture,
    BodyFollowing,
    CaseInsensitiveDict,
    ConnectionClosed,
    ConnectionTimedOut,
    DNSUnavailable,
    ExcessBodyData,
    HostnameNotResolvable,
    HTTPConnection,
    HTTPResponse,
    InvalidResponse,
    Layers,
    PollNeeded,
    StateError,
    TunnelRefused,
    UnsupportedResponse,
    eval_coroutine,
    is_temp_network_error,
)
from dugong.limits import Limits
from dugong.network.connector import Connector
from dugong.network.resolver import Resolver
from dugong.network.trace import TracingTransport
from dugong.network.transport import PeerCertificate
from dugong.protocol.framing import choose_framing
from dugong.protocol.request import RequestEncoder
from dugong.protocol.response_head import HeadParser, ResponseHead

if TYPE_CHECKING:
    from dugong.protocol.bodies import BodyFraming


def constructing(context: ssl.SSLContext) -> None:
    conn = HTTPConnection(
        "example.com",
        443,
        context,
        ("proxy.example.com", 3128),
        timeout=2.5,
        proxy_headers={"Proxy-Authorization": "Basic x"},
    )
    assert_type(conn, HTTPConnection)
    HTTPConnection("example.com")
    HTTPConnection(hostname="example.com", port=None, ssl_context=None, proxy=None, timeout=None)
    HTTPConnection("example.com", timeout=5)

    assert_type(HTTPConnection.for_url("https://example.com/"), HTTPConnection)
    HTTPConnection.for_url("https://example.com/", ssl_context=context, timeout=0)
    HTTPConnection.for_url("http://x/", proxy=("proxy", 3128), proxy_headers={"A": "b"})


def attributes(conn: HTTPConnection) -> None:
    assert_type(conn.hostname, str)
    assert_type(conn.port, int)
    assert_type(conn.ssl_context, ssl.SSLContext | None)
    assert_type(conn.proxy, tuple[str, int] | None)
    assert_type(conn.timeout, float | None)
    conn.timeout = 5
    conn.timeout = None
    assert_type(conn.trailers, Message | None)
    assert_type(conn.layers, Layers)


def connecting(conn: HTTPConnection) -> None:
    assert_type(conn.connect(), None)
    assert_type(conn.co_connect(), Generator[PollNeeded, None, None])
    assert_type(conn.disconnect(), None)
    assert_type(conn.reset(), None)
    with conn as same:
        assert_type(same, HTTPConnection)


def sending(conn: HTTPConnection, headers: Mapping[str, str]) -> None:
    assert_type(conn.send_request("GET", "/"), None)
    conn.send_request("GET", "/", headers)
    conn.send_request("GET", "/", {"A": "b"}, None, False)
    conn.send_request("GET", "/", headers=CaseInsensitiveDict[str]({"A": "b"}))
    conn.send_request("PUT", "/", headers=None, body=BodyFollowing(5), expect100=True)
    for body in (b"octets", bytearray(5), memoryview(b"octets"), array("I", [1])):
        conn.send_request("PUT", "/", body=body)
        assert_type(conn.write(body), None)
        assert_type(conn.co_write(body), Generator[PollNeeded, None, None])
    assert_type(
        conn.co_send_request("PUT", "/", headers, BodyFollowing(), True),
        Generator[PollNeeded, None, None],
    )
    with Path("file").open("rb") as file:
        assert_type(conn.send_file(file), int)
        assert_type(conn.co_send_file(file, 5), Generator[PollNeeded, None, int])
    for other in (io.BytesIO(), io.FileIO("file"), conn):
        conn.send_file(other)
    with tempfile.NamedTemporaryFile() as temporary:
        conn.send_file(temporary, count=None)
    assert_type(conn.end_body(), None)
    conn.end_body(headers)
    conn.end_body(trailers={"A": "b"})
    assert_type(conn.co_end_body(headers), Generator[PollNeeded, None, None])
    assert_type(conn.skip_continue(), None)


def receiving(conn: HTTPConnection) -> None:
    assert_type(conn.read_response(), HTTPResponse)
    assert_type(conn.co_read_response(), Generator[PollNeeded, None, HTTPResponse])
    assert_type(conn.read(), bytes)
    conn.read(5)
    conn.read(None)
    conn.read(len_=-1)
    assert_type(conn.co_read(5), Generator[PollNeeded, None, bytes])
    for buf in (bytearray(5), memoryview(bytearray(5)), array("I", [1])):
        assert_type(conn.readinto(buf), int)
        assert_type(conn.co_readinto(buf), Generator[PollNeeded, None, int])
    assert_type(conn.readall(), bytes)
    assert_type(conn.co_readall(), Generator[PollNeeded, None, bytes])
    assert_type(conn.discard(), None)
    assert_type(conn.co_discard(), Generator[PollNeeded, None, None])
    assert_type(conn.read_raw(5), bytes)
    assert_type(conn.response_pending(), bool)


def asking_tls(conn: HTTPConnection, binary_form: bool) -> None:
    assert_type(conn.get_ssl_cipher(), tuple[str, str, int] | None)
    assert_type(conn.get_ssl_peercert(), PeerCertificate | None)
    assert_type(conn.get_ssl_peercert(False), PeerCertificate | None)
    assert_type(conn.get_ssl_peercert(binary_form=True), bytes | None)
    assert_type(conn.get_ssl_peercert(binary_form), PeerCertificate | bytes | None)


def as_a_file(conn: HTTPConnection) -> None:
    text = io.TextIOWrapper(conn, encoding="utf-8")
    assert_type(text.read(), str)
    assert_type(conn.readable(), bool)
    assert_type(conn.writable(), bool)
    assert_type(conn.seekable(), bool)
    assert_type(conn.isatty(), bool)
    assert_type(conn.closed, bool)
    assert_type(conn.name, str)
    assert_type(conn.mode, str)
    assert_type(conn.flush(), None)
    assert_type(conn.close(), None)
    assert_type(conn.read1(), bytes)
    assert_type(conn.read1(5), bytes)
    assert_type(conn.readinto1(bytearray(5)), int)
    assert_type(conn.readline(), bytes)
    assert_type(conn.readline(5), bytes)
    assert_type(conn.readlines(), list[bytes])
    assert_type(conn.writelines([b"octets", bytearray(5)]), None)
    assert_type(iter(conn), HTTPConnection)
    for line in conn:
        assert_type(line, bytes)


def as_a_file_that_cannot_be_positioned(conn: HTTPConnection) -> None:
    assert_type(conn.fileno(), int)
    assert_type(conn.tell(), int)
    assert_type(conn.seek(0), int)
    assert_type(conn.seek(0, 2), int)
    assert_type(conn.truncate(), int)
    assert_type(conn.detach(), None)


def reading_a_response(response: HTTPResponse) -> None:
    assert_type(response.method, str)
    assert_type(response.path, str)
    assert_type(response.status, int)
    assert_type(response.reason, str)
    assert_type(response.headers, Message)
    assert_type(response.length, int | None)
    assert_type(response.interim, tuple[HTTPResponse, ...])
    HTTPResponse("GET", "/", 200, "OK", Message())
    HTTPResponse("GET", "/", 200, "OK", Message(), 5, (response,))
    HTTPResponse(
        method="GET", path="/", status=200, reason="OK", headers=Message(), length=None, interim=()
    )


def announcing_a_body() -> None:
    assert_type(BodyFollowing().length, int | None)
    BodyFollowing(5)
    BodyFollowing(length=None)


def mapping_without_case() -> None:
    headers = CaseInsensitiveDict({"A": 1}, b=2)
    assert_type(headers, CaseInsensitiveDict[int])
    assert_type(headers["a"], int)
    assert_type(headers.get("a"), int | None)
    assert_type(headers.copy(), CaseInsensitiveDict[int])
    assert_type(headers.lower_items(), Iterator[tuple[str, int]])
    assert_type(list(headers), list[str])
    assert_type("a" in headers, bool)
    headers["c"] = 3
    del headers["c"]
    named: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    named.update({"A": "b"})
    CaseInsensitiveDict([("a", "b")])


def driving(conn: HTTPConnection) -> None:
    assert_type(eval_coroutine(conn.co_read(5)), bytes)
    assert_type(eval_coroutine(conn.co_read_response(), timeout=2.5), HTTPResponse)
    for needed in conn.co_discard():
        assert_type(needed, PollNeeded)
        assert_type(needed.fd, int)
        assert_type(needed.mask, int)
        assert_type(needed.poll(), bool)
        assert_type(needed.poll(2.5), bool)
        fd, mask = needed
        assert_type(fd, int)
        assert_type(mask, int)
    PollNeeded(fd=5, mask=1)


async def on_asyncio(conn: HTTPConnection, loop: asyncio.AbstractEventLoop) -> None:
    assert_type(await AioFuture(conn.co_read_response()), HTTPResponse)
    assert_type(await AioFuture(conn.co_read(5), loop=loop), bytes)
    await asyncio.wait_for(AioFuture(conn.co_discard()), 5)
    future = assert_type(AioFuture(conn.co_readinto(bytearray(5))), AioFuture[int])
    assert_type(future.cancel(), bool)
    assert_type(future.cancel("no time left"), bool)


class Composed:
    """A coroutine of the user's, made of those of the library."""

    def __init__(self, conn: HTTPConnection) -> None:
        self._conn = conn

    def co_get(self, path: str) -> Generator[PollNeeded, None, bytes]:
        yield from self._conn.co_send_request("GET", path)
        response = yield from self._conn.co_read_response()
        assert_type(response, HTTPResponse)
        return (yield from self._conn.co_readall())


def composing(conn: HTTPConnection) -> None:
    assert_type(eval_coroutine(Composed(conn).co_get("/")), bytes)


def handling_errors(conn: HTTPConnection) -> None:
    try:
        conn.connect()
    except (HostnameNotResolvable, DNSUnavailable) as exc:
        assert_type(exc.name, str)
    except TunnelRefused as exc:
        assert_type(exc.status, int)
        assert_type(exc.reason, str)
        assert_type(exc.headers, Message)
        refused: ConnectionError = exc
        assert_type(is_temp_network_error(refused), bool)
    except (
        ConnectionClosed,
        ConnectionTimedOut,
        ExcessBodyData,
        InvalidResponse,
        StateError,
        UnsupportedResponse,
    ) as exc:
        assert_type(is_temp_network_error(exc), bool)
    raise ConnectionClosed("of the user's own")


def constants() -> None:
    largest: int = max(MAX_LINE_SIZE, MAX_HEADER_SIZE, BUFFER_SIZE)
    assert_type(largest, int)
    version: str = dugong.__version__
    print(version)
    names: list[str] = dugong.__all__
    assert_type(names, list[str])


class Encoder(RequestEncoder):
    def digest_fields(self, body: memoryview) -> Mapping[str, str]:
        return {"Repr-Digest": f"length={len(body)}"}


class PatientConnector(Connector):
    pass


class OneAddress(Resolver):
    pass


def frame(method: str, head: ResponseHead, limits: Limits) -> BodyFraming:
    return choose_framing(method, head, limits)


class Special(HTTPConnection):
    layers = Layers(
        connector=PatientConnector,
        resolver=OneAddress,
        transport=TracingTransport,
        encoder=Encoder,
        head_parser=HeadParser,
        framing=frame,
        limits=Limits(fields=100),
    )


def subclassing() -> None:
    assert_type(Special("example.com"), Special)
    assert_type(Special.for_url("http://example.com"), Special)
    with Special("example.com") as conn:
        assert_type(conn, Special)
