"""What the conformance tests need again and again: a scripted server, and what crossed the wire.

It knows how octets are put together and looked at, and nothing of requirements.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from typing import TYPE_CHECKING, Final

import attrs

from dugong import BodyFollowing, HTTPConnection, HTTPResponse
from dugong.testing import ScriptedTransport, scripted_connection

if TYPE_CHECKING:
    import ssl

    from _typeshed import ReadableBuffer

    from dugong import Layers
    from dugong.testing.scripted import Line

CHUNKED: Final = b"Transfer-Encoding: chunked"
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


def head(*fields: bytes, status: bytes = b"200 OK", version: bytes = b"HTTP/1.1") -> bytes:
    """Return the head of a response."""
    return b"\r\n".join([version + b" " + status, *fields, b"", b""])


def reply(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """Return a response with a body of known length."""
    return head(*fields, b"Content-Length: %d" % len(body), status=status) + body


@attrs.frozen(eq=False)
class Talk:
    """A connection, and the scripted transport that it is opened to.

    Attributes:
        conn: The connection, not opened yet.
        transport: What plays the server.
    """

    conn: HTTPConnection
    transport: ScriptedTransport

    @property
    def sent(self) -> bytes:
        """All octets that were sent."""
        return bytes(self.transport.sent)

    def ask(
        self,
        method: str = "GET",
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        body: ReadableBuffer | BodyFollowing | None = None,
    ) -> HTTPResponse:
        """Send a request, and return the head of the next response."""
        self.conn.send_request(method, path, headers, body)
        return self.conn.read_response()


@contextlib.contextmanager
def talking(
    *script: Line,
    accepts: Iterable[int | Exception] = (),
    layers: Layers | None = None,
    ssl_context: ssl.SSLContext | None = None,
    proxy: tuple[str, int] | None = None,
    proxy_headers: Mapping[str, str] | None = None,
) -> Iterator[Talk]:
    """Give a connection to ``example.com`` whose server plays *script*."""
    transport = ScriptedTransport(*script, accepts=accepts)
    conn = scripted_connection(
        transport,
        layers=layers,
        ssl_context=ssl_context,
        proxy=proxy,
        proxy_headers=proxy_headers,
    )
    try:
        yield Talk(conn, transport)
    finally:
        conn.disconnect()
        transport.close()


@attrs.frozen(eq=False)
class Answer:
    """A response that was read to its end.

    Attributes:
        response: Its head.
        body: Its body.
        trailers: Its trailer section, where it has one.
    """

    response: HTTPResponse
    body: bytes
    trailers: Message | None


def answer(*script: Line, method: str = "GET") -> Answer:
    """Return the answer that *script* gives to a request."""
    with talking(*script) as talk:
        response = talk.ask(method)
        body = talk.conn.readall()
        return Answer(response, body, talk.conn.trailers)


def request(
    method: str = "GET",
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    body: ReadableBuffer | None = None,
    *,
    proxy: tuple[str, int] | None = None,
    proxy_headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return the octets of a request."""
    with talking(proxy=proxy, proxy_headers=proxy_headers) as talk:
        talk.conn.send_request(method, path, headers, body)
        return talk.sent


def fields_of(octets: bytes) -> list[tuple[str, str]]:
    """Return names, in lower case, and values of the header fields of a request."""
    lines = octets.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]
