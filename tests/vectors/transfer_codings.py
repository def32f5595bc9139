"""Transfer-Encoding, alone and beside Content-Length: RFC 9112 section 6.3, rules 3 and 4."""

from typing import Final

from tests.vectors.response_vector import (
    ResponseVector,
    Rule,
    answer,
    closes,
    cut,
    kept,
    unsupported,
)

_RULE: Final = Rule.LENGTH
_OK: Final = b"HTTP/1.1 200 OK\r\n"
_LAST: Final = b"0\r\n\r\n"
_BOTH: Final = b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"


def _chunked(name: str, fields: bytes) -> ResponseVector:
    """Return a row whose fields mean a chunked body, on a connection that is kept."""
    return kept(name, _RULE, _OK + fields + b"\r\n" + _LAST, answer(trailers=()))


def _no_coding(name: str, fields: bytes) -> ResponseVector:
    """Return a row whose head is delivered, and whose body is unsupported."""
    return unsupported(name, _RULE, _OK + fields + b"\r\n", cut())


_CHUNKED: Final = (
    _chunked("chunked", b"Transfer-Encoding: chunked\r\n"),
    _chunked("chunked-in-upper-case", b"TRANSFER-ENCODING: CHUNKED\r\n"),
    _chunked("chunked-in-mixed-case", b"transfer-Encoding: cHuNkEd\r\n"),
    _chunked("chunked-without-blank", b"Transfer-Encoding:chunked\r\n"),
    _chunked("chunked-with-blanks", b"Transfer-Encoding: \t chunked \t \r\n"),
    _chunked("chunked-behind-empty-element", b"Transfer-Encoding: , chunked\r\n"),
    _chunked("chunked-before-empty-element", b"Transfer-Encoding: chunked,\r\n"),
    _chunked("chunked-among-empty-elements", b"Transfer-Encoding: ,, \t,chunked , ,\r\n"),
    _chunked("chunked-behind-empty-field", b"Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n"),
    _chunked(
        "chunked-before-empty-field",
        b"Transfer-Encoding: chunked\r\nA: b\r\nTransfer-Encoding: ,\r\n",
    ),
    *(
        closes(
            f"chunked-and-content-length-{name}",
            _RULE,
            _OK + fields + b"\r\n2\r\nhi\r\n" + _LAST,
            answer(b"hi", trailers=()),
        )
        for name, fields in (
            ("before-it", _BOTH),
            ("behind-it", b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"),
            ("that-is-wrong", b"Transfer-Encoding: chunked\r\nContent-Length: x\r\n"),
            ("that-is-empty", b"Transfer-Encoding: chunked\r\nContent-Length:\r\n"),
            ("twice", b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
            ("and-keep-alive", _BOTH + b"Connection: keep-alive\r\n"),
        )
    ),
    closes(
        "chunked-in-http-1.0",
        _RULE,
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n" + _LAST,
        answer(b"hi", trailers=()),
    ),
    closes(
        "chunked-in-http-1.0-with-keep-alive",
        _RULE,
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + _LAST,
        answer(trailers=()),
    ),
    closes(
        "octets-behind-chunked-and-content-length-are-ignored",
        _RULE,
        _OK + _BOTH + b"\r\n" + _LAST + b"HTTP/1.1 200 OK\r\n",
        answer(trailers=()),
        spare=17,
    ),
)

_OTHER: Final = (
    *(
        _no_coding(f"coding-{name}", b"Transfer-Encoding: %b\r\n" % value)
        for name, value in (
            ("gzip", b"gzip"),
            ("identity", b"identity"),
            ("empty", b""),
            ("of-empty-elements", b" , ,"),
            ("gzip-before-chunked", b"gzip, chunked"),
            ("chunked-before-gzip", b"chunked, gzip"),
            ("chunked-before-identity", b"chunked, identity"),
            ("identity-before-chunked", b"identity, chunked"),
            ("chunked-twice", b"chunked, chunked"),
            ("chunked-with-parameter", b"chunked;q=1"),
            ("chunked-with-empty-parameter", b"chunked;"),
            ("chunked-in-quotes", b'"chunked"'),
            ("chunked-with-apostrophes", b"'chunked'"),
            ("chunked-cut-short", b"chunke"),
            ("chunked-and-a-letter", b"chunkedx"),
            ("chunked-behind-a-letter", b"xchunked"),
            ("chunked-with-inner-blank", b"chun ked"),
            ("chunked-behind-a-word", b"x chunked"),
            ("chunked-with-underscore", b"_chunked"),
            ("chunked-behind-8-bit", b"\xa0chunked"),
            ("chunked-before-8-bit", b"chunked\xa0"),
            ("chunked-behind-utf-8", b"\xc2\xa0chunked"),
            ("chunked-separated-by-semicolon", b"gzip;chunked"),
        )
    ),
    _no_coding(
        "chunked-in-two-fields", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"
    ),
    _no_coding(
        "coding-in-second-field", b"Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n"
    ),
    _no_coding("coding-beside-content-length", b"Content-Length: 2\r\nTransfer-Encoding: gzip\r\n"),
    unsupported(
        "coding-in-http-1.0",
        _RULE,
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        cut(),
    ),
    unsupported(
        "coding-with-body",
        _RULE,
        _OK + b"Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi",
        cut(),
        spare=2,
    ),
)

VECTORS: Final[tuple[ResponseVector, ...]] = (*_CHUNKED, *_OTHER)
