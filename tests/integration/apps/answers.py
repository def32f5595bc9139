"""What the test application answers, whatever the interface (WSGI, ASGI, aiohttp).

/echo            the request body; chunked, piece by piece as it comes, if the request was chunked
/echo-headers    JSON: a list of [lower-case name, value], as far as the interface knows them
/bytes/N         N octets of `payload`, with Content-Length
/chunked/N       N octets of `payload`, chunked, in pieces of 1,000 octets or `?piece=M`
/status/N        status N; with a text, where the status allows one
/continue        reads the body (so that a deferred 100 is sent), answers its length as text
/reject, …/N     403, or N, without asking for the body
/md5             reads the body; JSON: `length`, `md5` (hex) and `content_md5`, see `BodyDigest`;
                 400 if Content-MD5 does not fit
elsewhere        404
"""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, TypeAlias
from urllib.parse import parse_qs

import attrs

DEFAULT_PIECE: Final = 1000
PATH: Final = re.compile(r"(/[a-z0-9-]+)(?:/([0-9]{1,12}))?")
Fields: TypeAlias = Sequence[tuple[str, str]]


@attrs.frozen
class Route:
    """What a request asks for.

    Attributes:
        name: The path without its number.
        number: The number that ends the path, `None` without one.
        piece: Octets of each chunk.
    """

    name: str
    number: int | None
    piece: int


@attrs.frozen
class Answer:
    """A whole response with a small body."""

    status: int
    content_type: str
    body: bytes

    @property
    def has_body(self) -> bool:
        """False where the status forbids a body (RFC 9110 section 6.4.1)."""
        return self.status >= 200 and self.status not in {204, 304}

    @property
    def fields(self) -> Fields:
        """The fields that describe the body."""
        if not self.has_body:
            return ()
        return ("Content-Type", self.content_type), ("Content-Length", str(len(self.body)))

    @property
    def reason(self) -> str:
        """The reason phrase that belongs to the status."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return "Unknown"


@attrs.define
class BodyDigest:
    """The digest of a request body, taken piece by piece.

    Attributes:
        expected: The value of Content-MD5, empty without one.
        length: Octets seen so far.
    """

    expected: str
    length: int = 0
    _md5: "hashlib._Hash" = attrs.field(
        factory=lambda: hashlib.md5(usedforsecurity=False), init=False
    )

    def update(self, octets: bytes) -> None:
        """Take the next octets of the body."""
        self.length += len(octets)
        self._md5.update(octets)

    def answer(self) -> Answer:
        """Return length, digest, and whether Content-MD5 is `"right"`, `"wrong"` or `"absent"`."""
        right = base64.b64encode(self._md5.digest()).decode("ascii")
        verdict = {"": "absent", right: "right"}.get(self.expected, "wrong")
        report = {"length": self.length, "md5": self._md5.hexdigest(), "content_md5": verdict}
        return json_answer(report, 400 if verdict == "wrong" else 200)


def parse_route(path: str, query: str) -> Route:
    """Return what the path and the query of a target ask for."""
    match = PATH.fullmatch(path)
    piece = int(parse_qs(query).get("piece", [str(DEFAULT_PIECE)])[0])
    if match is None:
        return Route("", None, piece)
    return Route(match[1], None if match[2] is None else int(match[2]), piece)


def find_answer(route: Route, fields: Fields) -> Answer | None:
    """Return the answer that needs neither the request's body nor streaming, if there is one."""
    match route.name:
        case "/echo-headers":
            return json_answer([[name.lower(), value] for name, value in fields])
        case "/status":
            status = 200 if route.number is None else route.number
            return text_answer(f"status {status}\n", status)
        case "/reject":
            return text_answer("rejected\n", 403 if route.number is None else route.number)
        case "/echo" | "/bytes" | "/chunked" | "/continue" | "/md5":
            return None
        case _:
            return text_answer("no such path\n", 404)


def text_answer(text: str, status: int = 200) -> Answer:
    """Return *text* as the body of an answer."""
    return Answer(status, "text/plain; charset=utf-8", text.encode())


def json_answer(value: object, status: int = 200) -> Answer:
    """Return *value* as the body of an answer."""
    return Answer(status, "application/json", json.dumps(value).encode())
