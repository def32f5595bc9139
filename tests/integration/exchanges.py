"""A pipelined exchange, and what a client may see of it when it is cut at any octet.

The model knows of each reply which of its octets are payload, so it tells for every cut what has
come whole, and what has come of the body that was cut.
"""

from typing import Final

import attrs

from dugong import ConnectionClosed, HTTPConnection
from tests.integration.fault_clients import ReadMode


@attrs.frozen
class Reply:
    """A response on the wire.

    Attributes:
        method: The method of its request.
        head: The octets before the body, interim responses included.
        parts: The octets of the body, each with whether they are payload.
        status: The status code.
        trailers: The trailers that a chunked body has; `None` for any other.
        until_close: Whether the body ends with the connection.
    """

    method: str
    head: bytes
    parts: tuple[tuple[bytes, bool], ...] = ()
    status: int = 200
    trailers: tuple[tuple[str, str], ...] | None = None
    until_close: bool = False

    @property
    def octets(self) -> bytes:
        """All octets, as they are sent."""
        return self.head + b"".join(octets for octets, _ in self.parts)

    @property
    def body(self) -> bytes:
        """The payload."""
        return b"".join(octets for octets, is_payload in self.parts if is_payload)

    def payload_within(self, count: int) -> bytes:
        """Return the payload among the first *count* octets."""
        payload, left = b"", max(count - len(self.head), 0)
        for octets, is_payload in self.parts:
            if is_payload:
                payload += octets[:left]
            left = max(left - len(octets), 0)
        return payload


@attrs.frozen
class Seen:
    """A response as a client saw it, or as it should.

    Attributes:
        status: The status code.
        body: The payload; of a body that was cut what was delivered of it.
        trailers: The trailers, `None` where the body has none or was cut.
        is_whole: Whether the client was told that this is all.
    """

    status: int
    body: bytes
    trailers: tuple[tuple[str, str], ...] | None
    is_whole: bool


COMPOUND: Final = (
    Reply(
        "GET",
        b"HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n",
        ((b"abcdefghijklmnopqrstuvwxyz", True),),
    ),
    Reply(
        "GET",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n",
        (
            (b"b\r\n", False),
            (b"hello world", True),
            (b'\r\n5;x="1;2"\r\n', False),
            (b"again", True),
            (b"\r\n0\r\nDigest: x\r\nX-Last: y\r\n\r\n", False),
        ),
        status=404,
        trailers=(("Digest", "x"), ("X-Last", "y")),
    ),
    Reply("DELETE", b"HTTP/1.1 204 Gone now\r\n\r\n", status=204),
    Reply("HEAD", b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n"),
    Reply(
        "GET",
        b"HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\n\r\n",
        ((b"until the server closes", True),),
        until_close=True,
    ),
)
"""Every kind of framing, one behind the other."""


def expected(replies: tuple[Reply, ...], count: int, *, orderly: bool) -> list[Seen]:
    """Return what the client should see when the first *count* octets came.

    Args:
        replies: The exchange.
        count: How many octets came before the cut.
        orderly: Whether the cut may end a body that lasts until close.
    """
    seen = []
    for reply in replies:
        if count < len(reply.head):
            break
        size = len(reply.octets)
        is_whole = orderly if reply.until_close else count >= size
        trailers = reply.trailers if is_whole else None
        seen.append(Seen(reply.status, reply.payload_within(count), trailers, is_whole))
        if not is_whole:
            break
        count -= size
    return seen


def send_all(client: HTTPConnection, replies: tuple[Reply, ...]) -> None:
    """Send all requests of an exchange."""
    for number, reply in enumerate(replies):
        client.send_request(reply.method, f"/{number}")


def read_exchange(
    client: HTTPConnection, replies: tuple[Reply, ...], mode: ReadMode
) -> tuple[list[Seen], Exception | None]:
    """Read all responses of an exchange; return what was seen, and what ended it too early."""
    seen: list[Seen] = []
    try:
        for number in range(len(replies)):
            response = client.read_response()
            assert response.path == f"/{number}"
            body = bytearray()
            try:
                mode(client, body)
            except Exception:
                seen.append(Seen(response.status, bytes(body), None, is_whole=False))
                raise
            trailers = None if client.trailers is None else tuple(client.trailers.items())
            seen.append(Seen(response.status, bytes(body), trailers, is_whole=True))
    except ConnectionClosed as exc:
        return seen, exc
    return seen, None


def without_partial_bodies(seen: list[Seen]) -> list[Seen]:
    """Return *seen* as `readall` sees it: of a body that was cut it delivers nothing."""
    return [item if item.is_whole else attrs.evolve(item, body=b"") for item in seen]


def without_bodies(seen: list[Seen]) -> list[Seen]:
    """Return *seen* as `discard` sees it."""
    return [attrs.evolve(item, body=b"") for item in seen]


def check_is_over(client: HTTPConnection) -> None:
    """Check that a connection that was cut says so again, until `disconnect` makes it as new."""
    try:
        client.read_response()
    except ConnectionClosed:
        pass
    else:
        raise AssertionError("a response was read on a connection that was cut")
    try:
        client.send_request("GET", "/late")
    except ConnectionClosed:
        pass
    else:
        raise AssertionError("a request was sent on a connection that was cut")
    client.disconnect()
    assert not client.response_pending()
