"""The clients of the strictness table, each used as its documentation shows.

A client is made anew for each row, and asked for one or two requests. Redirects, decompression
and retries beyond what cannot be turned off are turned off; every wait has a time limit.
"""

# ruff: noqa: D102  what fills `Client` is documented there

from __future__ import annotations

import asyncio
import contextlib
import http.client
import importlib.metadata
import io
import platform
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from strictness_verdicts import Answer, Ask

if TYPE_CHECKING:
    import ssl

    import aiohttp
    import h11

    import dugong

TIME_LIMIT: Final = 2.0  # seconds for each wait
CONTINUE_LIMIT: Final = 0.5  # seconds that a client which can wait for a 100 waits
PIECE: Final = 65_536  # octets of a body that is written piece by piece


class Client(Protocol):
    """A client that talks to one server."""

    def fetch(self, ask: Ask) -> Answer:
        """Return what comes of a request; whatever is raised counts as a refusal."""

    def close(self) -> None:
        """Close everything."""


class Dugong:
    """dugong."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        import dugong

        self._dugong = dugong
        self._connection = dugong.HTTPConnection(host, port, context, timeout=TIME_LIMIT)

    def fetch(self, ask: Ask) -> Answer:
        connection = self._connection
        if ask.expect:
            response = self._upload_when_wanted(ask, ask.body or b"")
        else:
            self._send(ask)
            response = connection.read_response()
        fields = [f"{name}:{value}" for name, value in response.headers.items()]
        return answer(response.status, connection.readall(), fields)

    def _send(self, ask: Ask) -> None:
        connection = self._connection
        if ask.body is None or len(ask.body) <= PIECE:
            connection.send_request(ask.method, ask.path, ask.headers, ask.body)
            return
        announced = self._dugong.BodyFollowing(len(ask.body))
        connection.send_request(ask.method, ask.path, ask.headers, announced)
        with contextlib.suppress(self._dugong.ConnectionClosed):  # the answer may have come
            for begin in range(0, len(ask.body), PIECE):
                connection.write(ask.body[begin : begin + PIECE])

    def _upload_when_wanted(self, ask: Ask, body: bytes) -> dugong.HTTPResponse:
        connection = self._connection
        announced = self._dugong.BodyFollowing(len(body))
        connection.send_request(ask.method, ask.path, ask.headers, announced, expect100=True)
        connection.timeout = CONTINUE_LIMIT
        try:
            response = connection.read_response()
            if response.status != 100:
                return response
        except self._dugong.ConnectionTimedOut:
            connection.skip_continue()
        finally:
            connection.timeout = TIME_LIMIT
        connection.write(body)
        return connection.read_response()

    def close(self) -> None:
        self._connection.disconnect()


class HttpClient:
    """http.client."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._connection = (
            http.client.HTTPConnection(host, port, timeout=TIME_LIMIT)
            if context is None
            else http.client.HTTPSConnection(host, port, timeout=TIME_LIMIT, context=context)
        )

    def fetch(self, ask: Ask) -> Answer:
        headers = dict(ask.headers)
        if ask.expect:
            headers["Expect"] = "100-continue"
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # answered early
            self._connection.request(ask.method, ask.path, ask.body, headers)
        response = self._connection.getresponse()
        fields = [f"{name}:{value}" for name, value in response.getheaders()]
        return answer(response.status, response.read(), fields)

    def close(self) -> None:
        self._connection.close()


class Urllib3:
    """urllib3."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        import urllib3

        timeout = urllib3.Timeout(TIME_LIMIT)
        self._pool = (
            urllib3.HTTPConnectionPool(host, port, timeout=timeout, maxsize=1)
            if context is None
            else urllib3.HTTPSConnectionPool(
                host, port, timeout=timeout, maxsize=1, ssl_context=context
            )
        )

    def fetch(self, ask: Ask) -> Answer:
        headers = dict(ask.headers)
        if ask.expect:
            headers["Expect"] = "100-continue"
        response = self._pool.urlopen(
            ask.method,
            ask.path,
            ask.body,
            headers,
            retries=False,
            redirect=False,
            decode_content=False,
        )
        fields = [f"{name}:{value}" for name, value in response.headers.items()]
        return answer(response.status, response.data, fields)

    def close(self) -> None:
        self._pool.close()


class Httpcore:
    """httpcore."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        import httpcore

        self._pool = httpcore.ConnectionPool(ssl_context=context, max_connections=1)
        self._origin = (b"http" if context is None else b"https", host.encode(), port)
        self._url = httpcore.URL

    def fetch(self, ask: Ask) -> Answer:
        headers = list(ask.headers.items())
        if not any(name.lower() == "host" for name, _ in headers):
            headers.insert(0, ("Host", "localhost"))
        names = [name.lower() for name, _ in headers]
        if ask.body is not None and not {"content-length", "transfer-encoding"} & {*names}:
            headers.append(("Content-Length", str(len(ask.body))))
        if ask.expect:
            headers.append(("Expect", "100-continue"))
        scheme, host, port = self._origin
        response = self._pool.request(
            ask.method,
            self._url(scheme=scheme, host=host, port=port, target=ask.path.encode("latin-1")),
            headers=headers,
            content=ask.body,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), TIME_LIMIT)},
        )
        fields = [
            f"{name.decode('latin-1')}:{value.decode('latin-1')}"
            for name, value in response.headers
        ]
        return answer(response.status, response.content, fields)

    def close(self) -> None:
        self._pool.close()


class Aiohttp:
    """aiohttp."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._loop = asyncio.new_event_loop()
        self._base = f"{'http' if context is None else 'https'}://{host}:{port}"
        self._session = self._loop.run_until_complete(self._open(context))

    async def _open(self, context: ssl.SSLContext | None) -> aiohttp.ClientSession:
        import aiohttp

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1, ssl=True if context is None else context),
            timeout=aiohttp.ClientTimeout(sock_connect=TIME_LIMIT, sock_read=TIME_LIMIT, total=8),
            auto_decompress=False,
        )

    def fetch(self, ask: Ask) -> Answer:
        return self._loop.run_until_complete(self._fetch(ask))

    async def _fetch(self, ask: Ask) -> Answer:
        import yarl

        async with self._session.request(
            ask.method,
            yarl.URL(self._base + ask.path, encoded=True),
            headers=dict(ask.headers),
            data=ask.body,
            expect100=ask.expect,
            allow_redirects=False,
        ) as response:
            fields = [f"{name}:{value}" for name, value in response.headers.items()]
            return answer(response.status, await response.read(), fields)

    def close(self) -> None:
        self._loop.run_until_complete(self._session.close())
        self._loop.close()


class H11:
    """h11 on a socket, by the example of a client in its documentation."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        import h11

        self._h11 = h11
        self._address = host, port
        self._context = context
        self._socket: socket.socket | None = None
        self._state: h11.Connection

    def _open(self) -> socket.socket:
        sock = socket.create_connection(self._address, TIME_LIMIT)
        if self._context is not None:
            sock = self._context.wrap_socket(sock, server_hostname=self._address[0])
        self._state = self._h11.Connection(self._h11.CLIENT)
        return sock

    def fetch(self, ask: Ask) -> Answer:
        h11 = self._h11
        if self._socket is not None and self._state.states == {
            h11.CLIENT: h11.DONE,
            h11.SERVER: h11.DONE,
        }:
            self._state.start_next_cycle()
        else:
            self.close()
            self._socket = self._open()
        headers = {"Host": "localhost", **ask.headers}
        if ask.body is not None and "Content-Length" not in headers:
            headers.setdefault("Content-Length", str(len(ask.body)))
        if ask.expect:
            headers["Expect"] = "100-continue"
        self._send(h11.Request(method=ask.method, target=ask.path, headers=list(headers.items())))
        early = self._await_continue() if ask.expect else None
        if early is None and ask.body is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # answered early
                self._send(h11.Data(data=ask.body))
        if early is None:
            self._send(h11.EndOfMessage())
        return self._read(early)

    def _send(self, event: h11.Event) -> None:
        assert self._socket is not None
        if octets := self._state.send(event):
            self._socket.sendall(octets)

    def _await_continue(self) -> h11.Response | None:
        assert self._socket is not None
        self._socket.settimeout(CONTINUE_LIMIT)
        try:
            while self._state.client_is_waiting_for_100_continue:
                event = self._next()
                if isinstance(event, self._h11.Response):
                    return event
        except TimeoutError:
            return None
        finally:
            self._socket.settimeout(TIME_LIMIT)
        return None

    def _next(self) -> h11.Event:
        assert self._socket is not None
        while True:
            event = self._state.next_event()
            if isinstance(event, self._h11.Event):
                return event
            if event is self._h11.PAUSED:
                raise ConnectionError("octets behind the response")
            self._state.receive_data(self._socket.recv(PIECE))

    def _read(self, response: h11.Response | None) -> Answer:
        body = bytearray()
        while True:
            event = self._next()
            if isinstance(event, self._h11.Response):
                response = event
            elif isinstance(event, self._h11.Data):
                body += event.data
            elif isinstance(event, self._h11.EndOfMessage):
                assert response is not None
                fields = [
                    f"{name.decode('latin-1')}:{value.decode('latin-1')}"
                    for name, value in response.headers
                ]
                return answer(response.status_code, bytes(body), fields)
            elif not isinstance(event, self._h11.InformationalResponse):
                raise ConnectionError(f"unexpected {event}")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Pycurl:
    """pycurl."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        import pycurl

        self._pycurl = pycurl
        self._curl = pycurl.Curl()
        self._base = f"{'http' if context is None else 'https'}://{host}:{port}"
        self.authority: str | None = None

    def fetch(self, ask: Ask) -> Answer:
        pycurl, curl = self._pycurl, self._curl
        body, lines, trailers = io.BytesIO(), list[bytes](), list[bytes]()
        curl.reset()
        curl.setopt(pycurl.URL, (self._base + ask.path).encode("latin-1"))
        curl.setopt(pycurl.TIMEOUT_MS, int(4 * TIME_LIMIT * 1000))
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.WRITEDATA, body)

        def keep(line: bytes) -> None:
            (trailers if body.tell() else lines).append(line)  # both come this way

        curl.setopt(pycurl.HEADERFUNCTION, keep)
        headers = [f"{name}: {value}" for name, value in ask.headers.items()]
        if self.authority is not None:
            curl.setopt(pycurl.CAINFO, self.authority)
        if ask.body is not None:
            curl.setopt(pycurl.UPLOAD, 1)
            curl.setopt(pycurl.READDATA, io.BytesIO(ask.body))
            curl.setopt(pycurl.INFILESIZE_LARGE, len(ask.body))
            headers.append("Expect: 100-continue" if ask.expect else "Expect:")
        if ask.method == "HEAD":
            curl.setopt(pycurl.NOBODY, 1)
        curl.setopt(pycurl.CUSTOMREQUEST, ask.method)
        curl.setopt(pycurl.HTTPHEADER, [header.encode("latin-1") for header in headers])
        curl.perform()
        fields = [line.decode("latin-1").strip("\r\n") for line in lines]
        return answer(curl.getinfo(pycurl.RESPONSE_CODE), body.getvalue(), fields)

    def close(self) -> None:
        self._curl.close()


def answer(status: int, body: bytes, fields: list[str]) -> Answer:
    """Return an answer; the names of *fields*, before their colons, in lower case."""
    lower = tuple(
        f"{name.lower()}:{value}" for name, _, value in (field.partition(":") for field in fields)
    )
    return Answer(status, body, lower)


Factory = Callable[[str, int, "ssl.SSLContext | None"], Client]
CLIENTS: Final[dict[str, Factory]] = {
    "dugong": Dugong,
    "http.client": HttpClient,
    "urllib3": Urllib3,
    "httpcore": Httpcore,
    "aiohttp": Aiohttp,
    "h11": H11,
    "pycurl": Pycurl,
}


def version_of(name: str) -> str:
    """Return the version of a client, as the table shows it."""
    if name == "http.client":
        return f"Python {platform.python_version()}"
    if name == "pycurl":
        import pycurl

        return f"{importlib.metadata.version(name)}, libcurl {pycurl.version_info()[1]}"
    return importlib.metadata.version(name)
