"""Where a body ends: RFC 9112 section 6.3, but for transfer codings."""

from typing import Final

from tests.segments import End
from tests.vectors.response_vector import (
    ResponseVector,
    Rule,
    answer,
    closed,
    closes,
    cut,
    kept,
    refused,
    waits,
)

_RULE: Final = Rule.LENGTH
_OK: Final = b"HTTP/1.1 200 OK\r\n"
_LAST: Final = b"0\r\n\r\n"
_MOST: Final = 2**63 - 1


def _no_body(name: str, status: int, fields: bytes, method: str = "GET") -> ResponseVector:
    """Return a row without body, whatever its fields say, on a connection that is kept."""
    octets = b"HTTP/1.1 %d OK\r\n%b\r\n" % (status, fields)
    return kept(name, _RULE, octets, answer(status=status), methods=(method,))


def _no_body_and_close(name: str, status: int, fields: bytes, method: str) -> ResponseVector:
    octets = b"HTTP/1.1 %d OK\r\n%b\r\n" % (status, fields)
    return closes(name, _RULE, octets, answer(status=status), methods=(method,))


def _sized(name: str, fields: bytes) -> ResponseVector:
    """Return a row whose fields mean a body of two octets."""
    return kept(name, _RULE, _OK + fields + b"\r\nhi", answer(b"hi"))


def _wrong(name: str, fields: bytes) -> ResponseVector:
    """Return a row whose head is delivered, and whose body is refused."""
    return refused(name, _RULE, _OK + fields + b"\r\n", cut())


_BOTH: Final = b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"
_RULE_1: Final = (
    *(
        _no_body(f"{status}-with-{name}", status, fields)
        for status in (204, 304)
        for name, fields in (
            ("no-length", b""),
            ("content-length", b"Content-Length: 5\r\n"),
            ("content-length-0", b"Content-Length: 0\r\n"),
            ("wrong-content-length", b"Content-Length: x\r\n"),
            ("two-content-lengths", b"Content-Length: 5\r\nContent-Length: 6\r\n"),
            ("chunked", b"Transfer-Encoding: chunked\r\n"),
            ("other-coding", b"Transfer-Encoding: gzip\r\n"),
        )
    ),
    *(
        _no_body(f"head-{status}-with-{name}", status, fields, "HEAD")
        for status in (200, 404)
        for name, fields in (
            ("no-length", b""),
            ("content-length", b"Content-Length: 5\r\n"),
            ("greatest-content-length", b"Content-Length: 9223372036854775807\r\n"),
            ("wrong-content-length", b"Content-Length: -1\r\n"),
            ("two-content-lengths", b"Content-Length: 5\r\nContent-Length: 6\r\n"),
            ("chunked", b"Transfer-Encoding: chunked\r\n"),
            ("other-coding", b"Transfer-Encoding: gzip, chunked\r\n"),
        )
    ),
    _no_body_and_close("204-with-both-lengths", 204, _BOTH, "GET"),
    _no_body_and_close("304-with-both-lengths", 304, _BOTH, "GET"),
    _no_body_and_close("head-with-both-lengths", 200, _BOTH, "HEAD"),
    closes(
        "head-with-chunked-in-http-1.0",
        _RULE,
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
        methods=("HEAD",),
    ),
    kept(
        "head-is-a-method-in-upper-case",
        _RULE,
        _OK + b"Content-Length: 2\r\n\r\nhi",
        answer(b"hi"),
        methods=("head",),
    ),
    kept(
        "205-may-have-a-body",
        _RULE,
        b"HTTP/1.1 205 OK\r\nContent-Length: 2\r\n\r\nhi",
        answer(b"hi", status=205),
    ),
    kept(
        "post-is-answered-like-get",
        _RULE,
        _OK + b"Content-Length: 2\r\n\r\nhi",
        answer(b"hi"),
        methods=("POST",),
    ),
)

_RULE_4: Final = (
    kept("content-length-0", _RULE, _OK + b"Content-Length: 0\r\n\r\n"),
    _sized("content-length", b"Content-Length: 2\r\n"),
    _sized("content-length-in-lower-case", b"content-length: 2\r\n"),
    _sized("content-length-without-blank", b"Content-Length:2\r\n"),
    _sized("content-length-with-blanks", b"Content-Length: \t 2 \t\r\n"),
    _sized("content-length-with-leading-zero", b"Content-Length: 02\r\n"),
    _sized("content-length-of-19-digits", b"Content-Length: 0000000000000000002\r\n"),
    _sized("content-length-in-two-fields", b"Content-Length: 2\r\nContent-Length: 2\r\n"),
    _sized("content-length-in-three-fields", b"Content-Length: 2\r\n" * 3),
    _sized("content-length-as-list", b"Content-Length: 2, 2\r\n"),
    _sized("content-length-as-list-without-blanks", b"Content-Length: 2,2,2\r\n"),
    _sized("content-length-as-list-and-field", b"Content-Length: 2 ,\t2\r\nContent-Length: 2\r\n"),
    _sized(
        "content-length-beside-similar-names",
        b"X-Content-Length: 9\r\nContent-Length: 2\r\nContent-Length-X: 8\r\n",
    ),
    *(
        _wrong(f"content-length-{name}", b"Content-Length: %b\r\n" % value)
        for name, value in (
            ("empty", b""),
            ("of-blanks", b" \t "),
            ("with-plus", b"+2"),
            ("with-minus", b"-2"),
            ("minus-0", b"-0"),
            ("hexadecimal", b"0x2"),
            ("octal", b"0o2"),
            ("in-hexadecimal-digits", b"a"),
            ("with-underscore", b"1_0"),
            ("with-inner-blank", b"1 0"),
            ("with-inner-tab", b"1\t0"),
            ("with-point", b"2.0"),
            ("with-exponent", b"2e0"),
            ("with-unit", b"2 octets"),
            ("with-parameter", b"2;a"),
            ("in-quotes", b'"2"'),
            ("with-8-bit-digit", b"\xb2"),
            ("in-full-width", b"\xef\xbc\x92"),
            ("in-arabic-indic", b"\xd9\xa2"),
            ("behind-no-break-space", b"\xa02"),
            ("of-20-digits", b"00000000000000000002"),
            ("of-2-to-the-63", b"%d" % (_MOST + 1)),
            ("of-19-nines", b"9999999999999999999"),
            ("of-2-to-the-64", b"%d" % 2**64),
            ("of-2-to-the-64-and-2", b"%d" % (2**64 + 2)),
            ("of-5000-digits", b"2" * 5000),
            ("list-of-differing", b"2, 3"),
            ("list-with-empty-element", b"2,, 2"),
            ("list-before-empty-element", b"2,"),
            ("list-behind-empty-element", b",2"),
            ("list-of-empty-elements", b","),
            ("list-with-signed", b"2, +2"),
            ("list-separated-by-blank", b"2 2"),
            ("list-separated-by-semicolon", b"2; 2"),
        )
    ),
    _wrong("content-length-in-differing-fields", b"Content-Length: 2\r\nContent-Length: 3\r\n"),
    _wrong(
        "content-length-in-fields-far-apart", b"Content-Length: 2\r\nA: b\r\nContent-Length: 3\r\n"
    ),
    _wrong("content-length-beside-empty-one", b"Content-Length: 2\r\nContent-Length:\r\n"),
    _wrong("content-length-behind-empty-one", b"Content-Length:\r\nContent-Length: 2\r\n"),
    _wrong(
        "content-length-that-differs-in-a-list", b"Content-Length: 2, 3\r\nContent-Length: 2\r\n"
    ),
    refused(
        "wrong-content-length-with-body",
        _RULE,
        _OK + b"Content-Length: x\r\n\r\nhi",
        cut(),
        spare=2,
    ),
    closed(
        "greatest-content-length",
        _RULE,
        _OK + b"Content-Length: %d\r\n\r\nhi" % _MOST,
        cut(b"hi", length=_MOST),
    ),
    waits(
        "content-length-that-has-not-come",
        _RULE,
        _OK + b"Content-Length: 3\r\n\r\nhi",
        cut(b"hi", length=3),
    ),
)

_RULE_5: Final = (
    closes("until-close", _RULE, _OK + b"\r\nhi", answer(b"hi", length=None), end=End.EOF),
    closes("until-close-of-nothing", _RULE, _OK + b"\r\n", answer(length=None), end=End.EOF),
    closes(
        "until-close-in-http-1.0",
        _RULE,
        b"HTTP/1.0 200 OK\r\n\r\nhi",
        answer(b"hi", length=None),
        end=End.EOF,
    ),
    closes(
        "until-close-despite-keep-alive",
        _RULE,
        _OK + b"Connection: keep-alive\r\n\r\nhi",
        answer(b"hi", length=None),
        end=End.EOF,
    ),
    closes(
        "until-close-of-what-looks-like-a-response",
        _RULE,
        _OK + b"\r\n" + _OK + b"\r\n",
        answer(_OK + b"\r\n", length=None),
        end=End.EOF,
    ),
    waits("until-close-before-the-close", _RULE, _OK + b"\r\nhi", cut(b"hi")),
)

VECTORS: Final[tuple[ResponseVector, ...]] = (
    *_RULE_1,
    *_RULE_4,
    *_RULE_5,
)
