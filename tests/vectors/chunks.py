"""Chunks, chunk extensions and trailers: RFC 9112 section 7.1."""

from typing import Final

from tests.vectors.response_vector import (
    ResponseVector,
    Rule,
    answer,
    closed,
    cut,
    kept,
    refused,
    waits,
)

_RULE: Final = Rule.CHUNKS
_HEAD: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_CONTROLS: Final = (*range(9), 11, 12, *range(14, 32), 127)


def _whole(
    name: str, octets: bytes, body: bytes = b"", *trailers: tuple[str, str]
) -> ResponseVector:
    return kept(name, _RULE, _HEAD + octets, answer(body, trailers=trailers))


def _wrong(name: str, octets: bytes, delivered: bytes = b"") -> ResponseVector:
    """Return a row that is refused with the last of *octets*."""
    return refused(name, _RULE, _HEAD + octets, cut(delivered))


def _part(name: str, octets: bytes, delivered: bytes = b"") -> ResponseVector:
    return waits(name, _RULE, _HEAD + octets, cut(delivered))


def _short(name: str, octets: bytes, delivered: bytes = b"") -> ResponseVector:
    return closed(name, _RULE, _HEAD + octets, cut(delivered))


_SIZES: Final = (
    _whole("no-chunk", b"0\r\n\r\n"),
    _whole("one-chunk", b"2\r\nhi\r\n0\r\n\r\n", b"hi"),
    _whole("several-chunks", b"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", b"abcdef"),
    _whole("one-octet-chunks", b"1\r\na\r\n" * 8 + b"0\r\n\r\n", b"a" * 8),
    _whole("two-digits", b"10\r\n0123456789abcdef\r\n0\r\n\r\n", b"0123456789abcdef"),
    _whole("digit-in-lower-case", b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
    _whole("digit-in-upper-case", b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
    _whole("every-digit-is-read", b"0f\r\n" + b"x" * 15 + b"\r\n0\r\n\r\n", b"x" * 15),
    _whole("leading-zero", b"02\r\nhi\r\n0\r\n\r\n", b"hi"),
    _whole("sixteen-digits", b"0000000000000002\r\nhi\r\n0\r\n\r\n", b"hi"),
    _whole("last-chunk-of-sixteen-digits", b"0000000000000000\r\n\r\n"),
    _whole("last-chunk-of-two-digits", b"00\r\n\r\n"),
    _whole("data-of-crlfs", b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n"),
    _whole("data-like-a-last-chunk", b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
    _whole("blank-behind-size", b"2 \r\nhi\r\n0\r\n\r\n", b"hi"),
    _whole("tab-behind-size", b"2\t\r\nhi\r\n0\r\n\r\n", b"hi"),
    _whole("blanks-behind-size", b"2    \t  \r\nhi\r\n0   \r\n\r\n", b"hi"),
    _wrong("empty-size-line", b"\r"),
    _wrong("bare-lf-for-size-line", b"\n"),
    _wrong("blank-before-size", b" "),
    _wrong("tab-before-size", b"\t"),
    _wrong("plus", b"+"),
    _wrong("minus", b"-"),
    _wrong("prefix", b"0x"),
    _wrong("upper-case-prefix", b"0X"),
    _wrong("underscore", b"1_"),
    _wrong("underscore-before-size", b"_"),
    _wrong("letter-that-is-no-digit", b"g"),
    _wrong("letter-behind-size", b"2h"),
    _wrong("point", b"2."),
    _wrong("comma", b"2,"),
    _wrong("colon", b"2:"),
    _wrong("quote", b'"'),
    _wrong("quote-behind-size", b'2"'),
    _wrong("nul", b"\0"),
    _wrong("nul-behind-size", b"2\0"),
    _wrong("digit-above-ascii", b"\xb2"),
    _wrong("digit-full-width", b"\xef"),
    _wrong("no-break-space-behind-size", b"2\xa0"),
    _wrong("form-feed-behind-size", b"2\x0c"),
    _wrong("vertical-tab-behind-size", b"2\x0b"),
    _wrong("digit-behind-blank", b"2 0"),
    _wrong("letter-behind-blank", b"2 a"),
    _wrong("extension-without-semicolon", b"2 x"),
    _wrong("seventeen-digits", b"00000000000000002"),
    _wrong("seventeen-digits-of-last-chunk", b"0" * 17),
    _wrong("two-to-the-63", b"8000000000000000"),
    _wrong("sixteen-fs", b"ffffffffffffffff"),
    _wrong("bare-lf-behind-size", b"2\n"),
    _wrong("bare-lf-behind-last-chunk", b"0\n"),
    _wrong("bare-lf-behind-blank", b"2 \n"),
    _wrong("bare-cr-behind-size", b"2\rh"),
    _wrong("bare-cr-behind-blank", b"2 \rh"),
    _wrong("two-crs-behind-size", b"2\r\r"),
    _part("greatest-size", b"7fffffffffffffff\r\nhi", b"hi"),
    _part("greatest-size-in-upper-case", b"7FFFFFFFFFFFFFFF\r\nhi", b"hi"),
    _part("fifteen-digits", b"8" + b"0" * 14),
    _part("sixteen-digits-without-crlf", b"7" + b"0" * 15),
    _short("end-for-size-line", b""),
    _short("end-within-size-line", b"2"),
    _short("end-within-crlf-of-size-line", b"2\r"),
    _short("end-behind-size-line", b"2\r\n"),
)

_DATA: Final = (
    _wrong("no-crlf-behind-data", b"2\r\nhi0", b"hi"),
    _wrong("bare-lf-behind-data", b"2\r\nhi\n", b"hi"),
    _wrong("bare-cr-behind-data", b"2\r\nhi\r0", b"hi"),
    _wrong("two-crs-behind-data", b"2\r\nhi\r\r", b"hi"),
    _wrong("lf-before-cr-behind-data", b"2\r\nhi\n", b"hi"),
    _wrong("blank-behind-data", b"2\r\nhi ", b"hi"),
    _wrong("nul-behind-data", b"2\r\nhi\0", b"hi"),
    _wrong("more-data-than-announced", b"2\r\nhiX", b"hi"),
    _wrong("less-data-than-announced", b"3\r\nhi\r\n", b"hi\r"),
    _wrong("two-crlfs-behind-data", b"2\r\nhi\r\n\r", b"hi"),
    _wrong("wrong-size-behind-data", b"2\r\nhi\r\nx", b"hi"),
    _wrong("wrong-second-of-three", b"2\r\nhi\r\n1\r\naX", b"hia"),
    _part("data-that-has-not-come", b"3\r\nhi", b"hi"),
    _part("crlf-that-has-not-come", b"2\r\nhi", b"hi"),
    _part("lf-that-has-not-come", b"2\r\nhi\r", b"hi"),
    _part("next-chunk-that-has-not-come", b"2\r\nhi\r\n", b"hi"),
    _short("end-within-data", b"3\r\nhi", b"hi"),
    _short("end-behind-data", b"2\r\nhi", b"hi"),
    _short("end-within-crlf-behind-data", b"2\r\nhi\r", b"hi"),
    _short("end-behind-chunk", b"2\r\nhi\r\n", b"hi"),
    _short("end-behind-last-size", b"2\r\nhi\r\n0", b"hi"),
    _short("end-behind-last-size-line", b"2\r\nhi\r\n0\r\n", b"hi"),
    _short("end-within-empty-line", b"2\r\nhi\r\n0\r\n\r", b"hi"),
)

_EXTENSIONS: Final = (
    *(
        _whole(f"extension-{name}", b"2%b\r\nhi\r\n0%b\r\n\r\n" % (text, text), b"hi")
        for name, text in (
            ("of-a-name", b";a"),
            ("with-value", b";a=b"),
            ("with-quoted-value", b';a="b c"'),
            ("with-empty-quoted-value", b';a=""'),
            ("with-semicolon-in-quotes", b';a=";b"'),
            ("with-escaped-quote", b';a="\\""'),
            ("with-escaped-backslash", b';a="\\\\"'),
            ("with-escaped-letter", b';a="\\b"'),
            ("with-escaped-8-bit", b';a="\\\xff"'),
            ("with-tab-in-quotes", b';a="\t"'),
            ("with-8-bit-in-quotes", b';a="\xff"'),
            ("behind-blank", b" ;a=b"),
            ("with-blanks-around-parts", b" \t; \ta \t= \tb \t"),
            ("with-blanks-behind", b";a=b  "),
            ("twice", b";a=b;c=d"),
            ("thrice-with-blanks", b"; a ; b=c ; d"),
            ("of-each-mark", b";!#$%&'*+-.^_`|~"),
            ("like-a-size", b";2"),
        )
    ),
    *(_wrong(f"control-{octet:02x}-in-extension", b"2;a%c" % octet) for octet in _CONTROLS),
    *(_wrong(f"control-{octet:02x}-in-quotes", b'2;a="%c' % octet) for octet in _CONTROLS),
    _wrong("control-that-is-escaped", b'2;a="\\\x01'),
    _wrong("nul-that-is-escaped", b'2;a="\\\0'),
    _wrong("lf-that-is-escaped", b'2;a="\\\n'),
    _wrong("cr-that-is-escaped", b'2;a="\\\r'),
    _wrong("bare-lf-behind-extension", b"2;a\n"),
    _wrong("bare-lf-behind-semicolon", b"2;\n"),
    _wrong("bare-lf-behind-quotes", b'2;a="b"\n'),
    _wrong("bare-cr-in-extension", b"2;a\rb"),
    _wrong("bare-cr-behind-extension", b"2;a\r\r"),
    _wrong("quotes-that-do-not-end", b'2;a="b\r'),
    _wrong("bare-lf-in-quotes", b'2;a="\n'),
    _wrong("bare-lf-in-extension-of-last-chunk", b"2\r\nhi\r\n0;a\n", b"hi"),
    _part("extension-that-has-not-come", b"2;"),
    _part("quotes-that-may-end", b'2;a="b'),
    _part("escape-that-may-end", b'2;a="b\\'),
    _part("cr-behind-extension", b"2;a\r"),
    _short("end-within-extension", b"2;a"),
    _short("end-within-quotes", b'2;a="'),
)

_TRAILERS: Final = (
    _whole("one-trailer", b"0\r\nA: b\r\n\r\n", b"", ("A", "b")),
    _whole("trailer-behind-data", b"2\r\nhi\r\n0\r\nA: b\r\n\r\n", b"hi", ("A", "b")),
    _whole("two-trailers", b"0\r\nA: b\r\nC: d\r\n\r\n", b"", ("A", "b"), ("C", "d")),
    _whole("repeated-trailers", b"0\r\nA: b\r\na: c\r\n\r\n", b"", ("A", "b"), ("a", "c")),
    _whole("trailer-with-blanks", b"0\r\nA: \t b \t\r\n\r\n", b"", ("A", "b")),
    _whole("folded-trailer", b"0\r\nA: b\r\n\tc\r\n\r\n", b"", ("A", "b c")),
    _whole("trailer-with-8-bit-octets", b"0\r\nA: \xe9\r\n\r\n", b"", ("A", "\xe9")),
    _whole(
        "content-length-as-trailer",
        b"2\r\nhi\r\n0\r\nContent-Length: 9\r\n\r\n",
        b"hi",
        ("Content-Length", "9"),
    ),
    _whole(
        "connection-close-as-trailer",
        b"0\r\nConnection: close\r\n\r\n",
        b"",
        ("Connection", "close"),
    ),
    _whole(
        "chunked-as-trailer",
        b"0\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"",
        ("Transfer-Encoding", "gzip"),
    ),
    kept(
        "trailers-are-not-merged",
        _RULE,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n0\r\nA: c\r\n\r\n",
        answer(fields=(("Transfer-Encoding", "chunked"), ("A", "b")), trailers=(("A", "c"),)),
    ),
    *(
        _wrong(f"trailer-{name}", b"2\r\nhi\r\n0\r\n" + line, b"hi")
        for name, line in (
            ("with-bare-lf", b"A: b\n"),
            ("with-bare-cr", b"A: b\rc\r\n"),
            ("with-nul", b"A: \0\r\n"),
            ("with-control", b"A: \x01\r\n"),
            ("with-delete", b"A: \x7f\r\n"),
            ("with-blank-before-colon", b"A : b\r\n"),
            ("with-empty-name", b": b\r\n"),
            ("without-colon", b"A\r\n"),
            ("behind-blank", b" A: b\r\n"),
            ("with-wrong-name", b"A(: b\r\n"),
            ("with-8-bit-name", b"\xe9: b\r\n"),
            ("second-is-wrong", b"A: b\r\nC\r\n"),
            ("section-ends-in-bare-lf", b"\n"),
            ("section-with-two-crs", b"\r\r\n"),
            ("is-a-chunk", b"2\r\n"),
            ("is-a-status-line", b"HTTP/1.1 200 OK\r\n"),
        )
    ),
    _part("trailer-that-has-not-come", b"0\r\nA: b"),
    _part("empty-line-that-has-not-come", b"0\r\nA: b\r\n"),
    _short("end-within-trailer", b"0\r\nA: b"),
    _short("end-behind-trailer", b"0\r\nA: b\r\n"),
    _short("end-within-empty-line-behind-trailer", b"0\r\nA: b\r\n\r"),
)

VECTORS: Final[tuple[ResponseVector, ...]] = (*_SIZES, *_DATA, *_EXTENSIONS, *_TRAILERS)
