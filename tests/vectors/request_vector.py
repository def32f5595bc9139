"""What a row of the tables of requests says: arguments in, octets or an exception out.

The rules are the points of PROTOCOL.md, "Requests", and of API.md, "What a request looks like".
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

import attrs

from dugong import BodyFollowing

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer  # noqa: TC004  # nobody evaluates the annotation

HOST: Final = b"Host: example.com\r\n"
REST: Final = b"Accept-Encoding: identity\r\nConnection: keep-alive\r\n"
DEFAULTS: Final = HOST + REST


class RequestOptions(TypedDict, total=False):
    """What a row says of a request where it is not a plain GET."""

    method: str
    path: str
    headers: Mapping[str, str] | None
    body: ReadableBuffer | BodyFollowing | None
    expect100: bool
    writes: tuple[ReadableBuffer, ...]
    ends: bool
    trailers: Mapping[str, str] | None
    hostname: str
    port: int | None
    secure: bool
    proxy: tuple[str, int] | None
    proxy_headers: Mapping[str, str] | None


@attrs.frozen
class RequestVector:
    """A request of the caller's, and what goes out.

    Attributes:
        id: The name of the row.
        expected: All octets that are sent, or the exception that is raised before any is.
        names: What the message of that exception mentions, as a regular expression.
        method: See `HTTPConnection.send_request`, and so the next four.
        path: See there.
        headers: See there.
        body: See there.
        expect100: See there; the 100 is then skipped.
        writes: What `write` is then given.
        ends: Whether `end_body` is then called.
        trailers: What it is given.
        hostname: See `HTTPConnection`, and so the next two.
        port: See there.
        secure: Whether there is an ``ssl_context``; the octets are those inside of TLS.
        proxy: See there.
        proxy_headers: See there.
    """

    id: str
    expected: bytes | type[Exception] = attrs.field(repr=False)
    names: str = ""
    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] | None = None
    body: ReadableBuffer | BodyFollowing | None = attrs.field(default=None, repr=False)
    expect100: bool = False
    writes: tuple[ReadableBuffer, ...] = ()
    ends: bool = False
    trailers: Mapping[str, str] | None = None
    hostname: str = "example.com"
    port: int | None = None
    secure: bool = False
    proxy: tuple[str, int] | None = None
    proxy_headers: Mapping[str, str] | None = None


def sent(name: str, octets: bytes, **options: Unpack[RequestOptions]) -> RequestVector:
    """Return a row whose request goes out as *octets*."""
    return RequestVector(name, octets, **options)


def wrong(name: str, names: str, **options: Unpack[RequestOptions]) -> RequestVector:
    """Return a row whose request is a `ValueError`."""
    return RequestVector(name, ValueError, names, **options)


def mistyped(name: str, names: str, **options: Unpack[RequestOptions]) -> RequestVector:
    """Return a row whose request is a `TypeError`."""
    return RequestVector(name, TypeError, names, **options)


def get(*lines: bytes, target: bytes = b"/", method: bytes = b"GET") -> bytes:
    """Return the head of a request that has the default fields and *lines*."""
    fields = b"".join(line + b"\r\n" for line in lines)
    return method + b" " + target + b" HTTP/1.1\r\n" + DEFAULTS + fields + b"\r\n"


def digest(body: bytes) -> bytes:
    """Return the Content-MD5 line of a body (RFC 1864)."""
    return b"Content-MD5: " + b64encode(hashlib.md5(body, usedforsecurity=False).digest())
