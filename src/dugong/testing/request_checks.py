"""The check of the encoder layer.

It owns the requests that an encoder is asked for, and what their octets have to look like. It
knows nothing of sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import attrs

from dugong.protocol.authority import Authority
from dugong.protocol.line_grammar import FIELD_LINE
from dugong.protocol.origin import Origin
from dugong.protocol.outgoing import EncodedRequest
from dugong.protocol.request import BodyFollowing, RequestEncoder
from dugong.protocol.state import SendEvent
from dugong.testing.promise import keeps_memory, must_raise, raises_nothing, require

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_NAME: Final = Authority("example.com", 80)
_ADDRESS: Final = Authority("2001:db8::1", 8443)
_PROXY_FIELDS: Final = {"Proxy-Authorization": "Basic Y2hlY2s6"}
_ORIGINS: Final = (
    Origin(_NAME),
    Origin(_ADDRESS, secure=True),
    Origin(_ADDRESS, by_proxy=True, proxy_fields=_PROXY_FIELDS),
)


@attrs.frozen
class _Asked:
    """A request as a caller gives it, and what sending it means."""

    method: str
    path: str = "/a?b=c"
    headers: Mapping[str, str] | None = None
    body: bytes | BodyFollowing | None = None
    expect100: bool = False
    event: SendEvent = SendEvent.REQUEST

    @property
    def octets(self) -> int | None:
        """The octets of the body, or `None` where they are not known."""
        if isinstance(self.body, BodyFollowing):
            return self.body.length
        return 0 if self.body is None else len(self.body)


_GOOD: Final = (
    _Asked("GET"),
    _Asked("HEAD", headers={"X-Empty": "", "X-Latin": "caf\xe9"}),
    _Asked("GET", headers={"connection": "Upgrade, Close"}),
    _Asked("OPTIONS", "*", {"Host": "other.example"}),
    _Asked("POST"),
    _Asked("POST", body=b"octets", event=SendEvent.REQUEST_WITH_BODY),
    _Asked("PUT", body=b"", event=SendEvent.REQUEST_WITH_BODY),
    _Asked("PUT", body=BodyFollowing(0), event=SendEvent.REQUEST_WITH_BODY),
    _Asked(
        "PUT",
        headers={"content-length": "7"},
        body=BodyFollowing(7),
        event=SendEvent.REQUEST_BEFORE_SIZED_BODY,
    ),
    _Asked("PATCH", body=BodyFollowing(), event=SendEvent.REQUEST_BEFORE_CHUNKED_BODY),
    *(
        _Asked("PUT", "/", {"X-Y": "z"}, body, True, SendEvent.REQUEST_EXPECTING_CONTINUE)
        for body in (BodyFollowing(7), BodyFollowing())
    ),
)

_BAD: Final = {
    "a CRLF in the method": _Asked("GET\r\nX: y"),
    "a CRLF in the path": _Asked("GET", "/\r\nX: y"),
    "a blank in the path": _Asked("GET", "/ HTTP/1.0"),
    "a CRLF in a field name": _Asked("GET", headers={"X: y\r\nZ": "a"}),
    "a CRLF in a field value": _Asked("GET", headers={"X": "y\r\nZ: a"}),
    "a LF in a field value": _Asked("GET", headers={"X": "y\nZ: a"}),
    "a NUL in a field value": _Asked("GET", headers={"X": "\0"}),
    "an empty field name": _Asked("GET", headers={"": "a"}),
    "two names that are equal but for case": _Asked("GET", headers={"X": "a", "x": "b"}),
    "a Content-Length that contradicts the body": _Asked(
        "PUT", headers={"Content-Length": "9"}, body=b"octets"
    ),
    "a Content-Length beside chunks": _Asked(
        "PUT", headers={"Content-Length": "9"}, body=BodyFollowing()
    ),
    "a Transfer-Encoding of the caller's": _Asked(
        "PUT", headers={"Transfer-Encoding": "chunked"}, body=b"octets"
    ),
    "CONNECT as a method": _Asked("CONNECT", "example.com:443"),
    "expect100 without a body that follows": _Asked("PUT", body=b"octets", expect100=True),
}


def check_encoder(make: Callable[[Origin], RequestEncoder]) -> None:
    """Check that an encoder keeps the contract of `RequestEncoder`.

    Args:
        make: What `Layers.encoder` would be.

    Raises:
        AssertionError: A promise is broken; the message says which.
    """
    for origin in _ORIGINS:
        with raises_nothing("an encoder must be made for every Origin"):
            encoder = make(origin)
        for asked in _GOOD:
            _check_good(encoder, asked)
        for fault, asked in _BAD.items():
            promise = f"encode() must raise ValueError or TypeError for {fault}"
            with must_raise(promise, ValueError, TypeError):
                _encode(encoder, asked)
        _check_digest(encoder)
        _check_memory(encoder)
        # What was refused, or given up, leaves no trace.
        _check_good(encoder, _GOOD[0])


def _encode(encoder: RequestEncoder, asked: _Asked) -> EncodedRequest:
    return encoder.encode(
        asked.method, asked.path, asked.headers, asked.body, expect100=asked.expect100
    )


def _check_good(encoder: RequestEncoder, asked: _Asked) -> None:
    what = f"encode({asked.method!r}, {asked.path!r}, {asked.headers!r}, {asked.body!r})"
    before = None if asked.headers is None else dict(asked.headers)
    with raises_nothing(f"{what} must return an EncodedRequest"):
        encoded = _encode(encoder, asked)
    require(asked.headers == before, f"{what} must not change the caller's fields")
    require(isinstance(encoded, EncodedRequest), f"{what} must return an EncodedRequest")
    require(_encode(encoder, asked) is not encoded, f"{what} must return a new object each time")
    _check_attributes(encoded, asked, what)
    line, fields = _split_head(encoded.head, what)
    target = _target(encoder, asked)
    require(
        line == f"{asked.method} {target} HTTP/1.1", f"{what} must begin with {target}, not {line}"
    )
    _check_fields(fields, asked, what)


def _check_attributes(encoded: EncodedRequest, asked: _Asked, what: str) -> None:
    whole = asked.body if isinstance(asked.body, bytes) else None
    follows = isinstance(asked.body, BodyFollowing)
    is_closing = "connection" in (asked.headers or {})
    expected: dict[str, tuple[object, object]] = {
        "method": (asked.method, encoded.method),
        "path": (asked.path, encoded.path),
        "event": (asked.event, encoded.event),
        "body": (whole, None if encoded.body is None else bytes(encoded.body)),
        "length": (asked.octets or 0 if follows else 0, encoded.length),
        "chunked": (asked.octets is None, encoded.chunked),
        "closes": (is_closing, encoded.closes),
    }
    for name, (wanted, got) in expected.items():
        require(wanted == got, f"{what} must have {name} {wanted!r}, not {got!r}")


def _split_head(head: bytes, what: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the request line, and the fields with their names in lower case."""
    text = str(head, "latin-1")
    require(text.find("\r\n\r\n") == len(text) - 4, f"{what} must end with its one empty line")
    line, _, lines = text[:-2].partition("\r\n")
    fields = []
    for field_line in lines.split("\r\n")[:-1]:
        match = FIELD_LINE.fullmatch(f"{field_line}\r\n")
        if match is None:
            raise AssertionError(f"{what} must have only field lines, not {field_line[:40]!r}")
        fields.append((match[1].lower(), match[2].strip(" \t")))
    return line, fields


def _target(encoder: RequestEncoder, asked: _Asked) -> str:
    if not encoder.origin.by_proxy:
        return asked.path
    prefix = f"http://{encoder.origin.authority.host_field(80)}"
    return prefix if asked.path == "*" else prefix + asked.path


def _check_fields(fields: list[tuple[str, str]], asked: _Asked, what: str) -> None:
    def values_of(wanted: str) -> list[str]:
        return [value for name, value in fields if name == wanted]

    require(len(values_of("host")) == 1, f"{what} must have one Host field")
    for name, value in (asked.headers or {}).items():
        sent = values_of(name.lower())
        require(sent == [value], f"{what} must send the caller's {name} as it is, not {sent}")
    length, coding = values_of("content-length"), values_of("transfer-encoding")
    if asked.octets is None:
        require(not length, f"{what} must not have a Content-Length beside chunks")
        require(coding == ["chunked"], f"{what} must say Transfer-Encoding: chunked")
    else:
        require(not coding, f"{what} must not have a Transfer-Encoding: its length is known")
        wanted = [str(asked.octets)]
        is_optional = asked.body is None and asked.method != "POST"
        require(
            length == wanted or (is_optional and not length),
            f"{what} must have Content-Length {wanted}, not {length}",
        )
    if asked.expect100:
        require(values_of("expect") == ["100-continue"], f"{what} must say Expect: 100-continue")


def _check_digest(encoder: RequestEncoder) -> None:
    with raises_nothing("digest_fields() must return fields"):
        names = encoder.digest_fields(memoryview(b"octets")).keys()
    require(
        {name.lower() for name in names} <= encoder.digest_names,
        f"digest_names must have the names, in lower case, of {list(names)}",
    )
    given = dict.fromkeys(encoder.digest_names, "given")
    _check_good(encoder, _Asked("POST", "/", given, b"octets", event=SendEvent.REQUEST_WITH_BODY))


def _check_memory(encoder: RequestEncoder) -> None:
    body = bytearray(b"octets")
    buffer: ReadableBuffer = body
    with raises_nothing("encode() must take any C-contiguous buffer as a body"):
        encoder.encode("POST", "/", None, buffer, expect100=False)
    require(not keeps_memory(body), "an encoder must not keep the octets of a body")
