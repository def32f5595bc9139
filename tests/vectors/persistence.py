"""Whether the connection is kept: RFC 9112 section 9.3; and several responses on one connection."""

from typing import Final

from tests.segments import End
from tests.vectors.response_vector import (
    ResponseVector,
    Rule,
    answer,
    closed,
    closes,
    kept,
    refused,
    waits,
)

_RULE: Final = Rule.PERSISTENCE
_SIZED: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
_CHUNKED: Final = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n"
)
_EMPTY: Final = b"HTTP/1.1 204 OK\r\n\r\n"
_UNTIL_CLOSE: Final = b"HTTP/1.1 200 OK\r\n\r\nhi"
_CLOSE: Final = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
_HI: Final = answer(b"hi")
_HI_IN_CHUNKS: Final = answer(b"hi", trailers=(("A", "b"),))
_NOTHING: Final = answer(status=204)


def _response(minor: int, *values: bytes) -> bytes:
    fields = b"".join(b"Connection: %b\r\n" % value for value in values)
    return b"HTTP/1.%d 200 OK\r\n%bContent-Length: 2\r\n\r\nhi" % (minor, fields)


_TOKENS: Final = (
    *(
        kept(f"http-1.1-with-{name}", _RULE, _response(1, *values), _HI)
        for name, values in (
            ("nothing", ()),
            ("keep-alive", (b"keep-alive",)),
            ("keep-alive-in-upper-case", (b"KEEP-ALIVE",)),
            ("empty-connection", (b"",)),
            ("empty-elements", (b" , ,",)),
            ("other-token", (b"upgrade",)),
            ("closed", (b"closed",)),
            ("xclose", (b"xclose",)),
            ("close-in-quotes", (b'"close"',)),
            ("close-with-parameter", (b"close;a",)),
            ("close-among-words", (b"do not close it",)),
            ("close-behind-8-bit", (b"\xa0close",)),
        )
    ),
    *(
        closes(f"http-1.1-with-{name}", _RULE, _response(1, *values), _HI)
        for name, values in (
            ("close", (b"close",)),
            ("close-in-upper-case", (b"CLOSE",)),
            ("close-in-mixed-case", (b"cLoSe",)),
            ("close-with-blanks", (b" \t close \t",)),
            ("close-behind-keep-alive", (b"keep-alive, close",)),
            ("close-before-keep-alive", (b"close,keep-alive",)),
            ("close-among-empty-elements", (b", ,close,,",)),
            ("close-in-second-field", (b"keep-alive", b"close")),
            ("close-in-first-field", (b"close", b"keep-alive")),
            ("close-twice", (b"close", b"close")),
            ("close-behind-token", (b"upgrade,close",)),
        )
    ),
    *(
        kept(f"http-1.0-with-{name}", _RULE, _response(0, *values), _HI)
        for name, values in (
            ("keep-alive", (b"keep-alive",)),
            ("keep-alive-in-mixed-case", (b"Keep-Alive",)),
            ("keep-alive-behind-token", (b"x, keep-alive",)),
            ("keep-alive-in-second-field", (b"x", b"keep-alive")),
        )
    ),
    *(
        closes(f"http-1.0-with-{name}", _RULE, _response(0, *values), _HI)
        for name, values in (
            ("nothing", ()),
            ("close", (b"close",)),
            ("keep-alive-and-close", (b"keep-alive, close",)),
            ("other-token", (b"keepalive",)),
            ("empty-connection", (b"",)),
        )
    ),
    kept("http-1.9-with-nothing", _RULE, _response(9), _HI),
    closes("http-1.9-with-close", _RULE, _response(9, b"close"), _HI),
    kept(
        "proxy-connection-is-no-connection",
        _RULE,
        b"HTTP/1.1 200 OK\r\nProxy-Connection: close\r\nContent-Length: 2\r\n\r\nhi",
        _HI,
    ),
    kept(
        "keep-alive-field-without-connection",
        _RULE,
        b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0, max=0\r\nContent-Length: 2\r\n\r\nhi",
        _HI,
    ),
    closes("close-without-body", _RULE, b"HTTP/1.1 204 OK\r\nConnection: close\r\n\r\n", _NOTHING),
    closes(
        "close-behind-chunks",
        _RULE,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        answer(trailers=()),
    ),
    closes("folded-close", _RULE, b"HTTP/1.1 204 OK\r\nConnection: x,\r\n close\r\n\r\n", _NOTHING),
    closes("octets-behind-close-are-ignored", _RULE, _CLOSE + b"garbage\0\r\n", _HI, spare=10),
    closes("end-behind-close", _RULE, _CLOSE, _HI, end=End.EOF),
    closes("reset-behind-close", _RULE, _CLOSE, _HI, end=End.RESET),
)

_SEVERAL: Final = (
    kept("two-sized", _RULE, _SIZED * 2, _HI, _HI, methods=("GET", "GET")),
    kept("two-chunked", _RULE, _CHUNKED * 2, _HI_IN_CHUNKS, _HI_IN_CHUNKS, methods=("GET", "GET")),
    kept("two-without-body", _RULE, _EMPTY * 2, _NOTHING, _NOTHING, methods=("GET", "GET")),
    kept(
        "sized-chunked-and-without-body",
        _RULE,
        _SIZED + _CHUNKED + _EMPTY,
        _HI,
        _HI_IN_CHUNKS,
        _NOTHING,
        methods=("GET", "POST", "DELETE"),
    ),
    kept(
        "response-to-head-before-response-to-get",
        _RULE,
        _SIZED[:-2] + _SIZED,
        answer(),
        _HI,
        methods=("HEAD", "GET"),
    ),
    closes(
        "until-close-behind-sized",
        _RULE,
        _SIZED + _UNTIL_CLOSE,
        _HI,
        answer(b"hi", length=None),
        methods=("GET", "GET"),
        end=End.EOF,
    ),
    closed(
        "close-before-further-responses",
        _RULE,
        _CLOSE,
        _HI,
        methods=("GET", "GET"),
        end=End.SILENCE,
    ),
    closed(
        "close-before-what-looks-like-a-further-response",
        _RULE,
        _CLOSE + _SIZED,
        _HI,
        methods=("GET", "GET"),
        spare=len(_SIZED),
        end=End.SILENCE,
    ),
    closed(
        "until-close-before-further-responses",
        _RULE,
        _UNTIL_CLOSE,
        answer(b"hi", length=None),
        methods=("GET", "GET"),
    ),
    refused("wrong-response-behind-good-one", _RULE, _SIZED + b"x", _HI, methods=("GET", "GET")),
    refused(
        "more-body-than-announced-before-a-further-response",
        _RULE,
        _SIZED + b"!",
        _HI,
        methods=("GET", "GET"),
    ),
    refused(
        "body-of-a-response-to-head",
        _RULE,
        _SIZED[:-1],
        answer(),
        methods=("HEAD", "GET"),
    ),
    refused(
        "empty-line-between-responses",
        _RULE,
        _SIZED + b"\r",
        _HI,
        methods=("GET", "GET"),
    ),
    closed("end-before-the-second-response", _RULE, _SIZED, _HI, methods=("GET", "GET")),
    closed(
        "end-within-the-second-response", _RULE, _SIZED + _SIZED[:20], _HI, methods=("GET", "GET")
    ),
    waits("second-response-that-has-not-come", _RULE, _SIZED, _HI, methods=("GET", "GET")),
)

VECTORS: Final[tuple[ResponseVector, ...]] = (*_TOKENS, *_SEVERAL)
