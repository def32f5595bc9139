"""Lines and fields of a head: RFC 9112 sections 2.2 and 5, RFC 9110 section 5."""

from typing import Final

from tests.vectors.response_vector import (
    Fields,
    ResponseVector,
    Rule,
    answer,
    closed,
    kept,
    refused,
    waits,
)

_LINE: Final = b"HTTP/1.1 204 OK\r\n"
_TOKEN_MARKS: Final = "!#$%&'*+-.^_`|~"  # RFC 9110 section 5.6.2, beside letters and digits
_NO_TOKEN_MARKS: Final = '"(),/;<=>?@[\\]{}'


def _read(name: str, lines: bytes, *fields: tuple[str, str]) -> ResponseVector:
    return kept(name, Rule.FIELDS, _LINE + lines + b"\r\n", answer(status=204, fields=fields))


def _wrong(name: str, line: bytes, rule: Rule = Rule.FIELDS) -> ResponseVector:
    """Return a row that is refused when the LF of *line* has come, whatever may follow."""
    return refused(name, rule, _LINE + line)


def _one(name: str, value: str) -> Fields:
    return ((name, value),)


_LINES: Final = (
    refused("bare-lf-behind-status-line", Rule.LINES, b"HTTP/1.1 204 OK\n"),
    refused("bare-lf-behind-status", Rule.LINES, b"HTTP/1.1 204\n"),
    refused("bare-cr-in-status-line", Rule.LINES, b"HTTP/1.1 204 O\rK"),
    refused("two-crs-behind-status-line", Rule.LINES, b"HTTP/1.1 204 OK\r\r"),
    refused("nul-in-status-line", Rule.LINES, b"HTTP/1.1 204 O\0"),
    _wrong("bare-lf-behind-field", b"A: b\n", Rule.LINES),
    _wrong("bare-lf-behind-second-field", b"A: b\r\nC: d\n", Rule.LINES),
    _wrong("bare-lf-for-the-empty-line", b"\n", Rule.LINES),
    _wrong("bare-lf-for-the-empty-line-behind-a-field", b"A: b\r\n\n", Rule.LINES),
    _wrong("bare-cr-in-value", b"A: b\rC: d\r\n", Rule.LINES),
    _wrong("bare-cr-in-name", b"A\rB: c\r\n", Rule.LINES),
    _wrong("bare-cr-before-name", b"\rA: b\r\n", Rule.LINES),
    _wrong("bare-cr-behind-colon", b"A:\rb\r\n", Rule.LINES),
    _wrong("bare-crs-for-crlfs", b"A: b\r\rA: b\r\n", Rule.LINES),
    _wrong("two-crs-behind-field", b"A: b\r\r\n", Rule.LINES),
    _wrong("two-crs-for-the-empty-line", b"\r\r\n", Rule.LINES),
    _wrong("nul-in-value", b"A: b\0c\r\n", Rule.LINES),
    _wrong("nul-at-the-end-of-value", b"A: b\0\r\n", Rule.LINES),
    _wrong("nul-in-name", b"A\0: b\r\n", Rule.LINES),
    _wrong("nul-before-name", b"\0A: b\r\n", Rule.LINES),
    _wrong("bare-lf-in-folded-line", b"A: b\r\n c\n", Rule.LINES),
    _wrong("bare-cr-in-folded-line", b"A: b\r\n c\rd\r\n", Rule.LINES),
    _wrong("nul-in-folded-line", b"A: b\r\n c\0d\r\n", Rule.LINES),
    waits("line-without-lf-is-not-judged", Rule.LINES, _LINE + b"A\0"),
    waits("cr-may-begin-the-empty-line", Rule.LINES, _LINE + b"\r"),
    waits("cr-behind-a-field-may-begin-the-empty-line", Rule.LINES, _LINE + b"A: b\r\n\r"),
)

_NAMES: Final = (
    _read("no-field", b""),
    _read("one-field", b"A: b\r\n", ("A", "b")),
    _read("name-keeps-its-case", b"aBc-D: e\r\n", ("aBc-D", "e")),
    *(
        _read(f"name-with-{mark}", b"a%cb: c\r\n" % ord(mark), (f"a{mark}b", "c"))
        for mark in _TOKEN_MARKS
    ),
    _read("name-of-marks-alone", _TOKEN_MARKS.encode() + b": c\r\n", (_TOKEN_MARKS, "c")),
    _read("name-of-digits", b"012: c\r\n", ("012", "c")),
    *(_wrong(f"name-with-{mark}", b"a%cb: c\r\n" % ord(mark)) for mark in _NO_TOKEN_MARKS),
    *(
        _wrong(f"control-{octet:02x}-in-name", b"a%cb: c\r\n" % octet)
        for octet in (*range(1, 9), 11, 12, *range(14, 32), 127)
    ),
    *(
        _wrong(f"octet-{octet:02x}-in-name", b"a%cb: c\r\n" % octet)
        for octet in (0x80, 0x85, 0xA0, 0xAD, 0xC3, 0xE9, 0xFF)
    ),
    _wrong("blank-before-colon", b"A : b\r\n"),
    _wrong("tab-before-colon", b"A\t: b\r\n"),
    _wrong("blank-in-name", b"A B: c\r\n"),
    _wrong("tab-in-name", b"A\tB: c\r\n"),
    _wrong("blank-before-colon-of-content-length", b"Content-Length : 0\r\n"),
    _wrong("tab-before-colon-of-transfer-encoding", b"Transfer-Encoding\t: chunked\r\n"),
    _wrong("empty-name", b": b\r\n"),
    _wrong("empty-name-and-value", b":\r\n"),
    _wrong("no-colon", b"A\r\n"),
    _wrong("no-colon-but-blank", b"A b\r\n"),
    _wrong("no-colon-in-second-line", b"A: b\r\nC\r\n"),
    _wrong("second-status-line", b"HTTP/1.1 200 OK\r\n"),
    _wrong("blank-before-first-field", b" A: b\r\n"),
    _wrong("tab-before-first-field", b"\tA: b\r\n"),
    _wrong("blank-line-before-first-field", b" \r\n"),
)

_VALUES: Final = (
    _read("value-without-blank", b"A:b\r\n", ("A", "b")),
    _read("value-empty", b"A:\r\n", ("A", "")),
    _read("value-of-blanks", b"A: \t \r\n", ("A", "")),
    _read("blanks-around-value-are-trimmed", b"A: \t b \t \r\n", ("A", "b")),
    _read("blanks-within-value-stay", b"A: b \t c\r\n", ("A", "b \t c")),
    _read("value-with-colon", b"A: b:c: d\r\n", ("A", "b:c: d")),
    _read("value-of-a-colon", b"A::\r\n", ("A", ":")),
    _read(
        "value-with-every-visible-octet",
        b"A: %b\r\n" % bytes(range(33, 127)),
        ("A", bytes(range(33, 127)).decode()),
    ),
    _read(
        "value-with-every-8-bit-octet",
        b"A: %b\r\n" % bytes(range(128, 256)),
        ("A", bytes(range(128, 256)).decode("latin-1")),
    ),
    _read("no-break-space-is-not-trimmed", b"A: \xa0b\xa0\r\n", ("A", "\xa0b\xa0")),
    _read("next-line-control-ends-no-line", b"A: b\x85C: d\r\n", ("A", "b\x85C: d")),
    _read("utf-8-is-not-decoded", b"A: \xc3\xa9\r\n", ("A", "\xc3\xa9")),
    _read(
        "encoded-word-is-not-decoded", b"Subject: =?utf-8?q?a?=\r\n", ("Subject", "=?utf-8?q?a?=")
    ),
    _read(
        "parameter-is-not-rewritten",
        b"A: b; c*=utf-8''%e2; d=\"e;f\"\r\n",
        ("A", "b; c*=utf-8''%e2; d=\"e;f\""),
    ),
    _read("date-is-not-rewritten", b"Date: tomorrow, 25:61\r\n", ("Date", "tomorrow, 25:61")),
    _read(
        "content-type-is-not-rewritten",
        b"Content-Type: TEXT/html;CHARSET=x\r\n",
        ("Content-Type", "TEXT/html;CHARSET=x"),
    ),
    _read(
        "repeated-fields-stay-in-order",
        b"A: 1\r\nB: 2\r\na: 3\r\nA: 1\r\n",
        ("A", "1"),
        ("B", "2"),
        ("a", "3"),
        ("A", "1"),
    ),
    _read(
        "set-cookie-is-not-joined",
        b"Set-Cookie: a, b\r\nSet-Cookie: c\r\n",
        ("Set-Cookie", "a, b"),
        ("Set-Cookie", "c"),
    ),
    *(
        _wrong(f"control-{octet:02x}-in-value", b"A: b%cc\r\n" % octet)
        for octet in (*range(1, 9), 11, 12, *range(14, 32), 127)
    ),
    _wrong("control-at-the-end-of-value", b"A: b\x0b\r\n"),
    _wrong("control-before-value", b"A:\x0cb\r\n"),
    _wrong("control-in-second-field", b"A: b\r\nC: \x1b[2J\r\n"),
)

_FOLDS: Final = (
    _read("fold-with-blank", b"A: b\r\n c\r\n", *_one("A", "b c")),
    _read("fold-with-tab", b"A: b\r\n\tc\r\n", *_one("A", "b c")),
    _read("fold-with-blanks-around", b"A: b \t\r\n \t c\r\n", *_one("A", "b c")),
    _read("two-folds", b"A: b\r\n c\r\n d\r\n", *_one("A", "b c d")),
    _read("fold-before-next-field", b"A: b\r\n c\r\nD: e\r\n", ("A", "b c"), ("D", "e")),
    _read("fold-behind-second-field", b"A: b\r\nC: d\r\n e\r\n", ("A", "b"), ("C", "d e")),
    _read("fold-before-any-value", b"A:\r\n b\r\n", *_one("A", "b")),
    _read("fold-of-what-looks-like-a-field", b"A: b\r\n C: d\r\n", *_one("A", "b C: d")),
    _read("fold-of-blanks-alone", b"A: b\r\n \r\n", *_one("A", "b")),
    _read("fold-with-8-bit-octets", b"A: b\r\n \xff\r\n", *_one("A", "b \xff")),
    _wrong("control-in-folded-line", b"A: b\r\n c\x01\r\n"),
    kept(
        "content-length-in-a-fold-is-no-content-length",
        Rule.FIELDS,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n Content-Length: 9\r\n\r\nhi",
        answer(b"hi", fields=(("Content-Length", "2"), ("A", "b Content-Length: 9"))),
    ),
    kept(
        "folded-content-length",
        Rule.FIELDS,
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nhi",
        answer(b"hi"),
    ),
    kept(
        "folded-transfer-encoding",
        Rule.FIELDS,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n",
        answer(trailers=()),
    ),
    waits("fold-may-follow", Rule.FIELDS, _LINE + b"A: b\r\n"),
    closed("end-within-a-field", Rule.FIELDS, _LINE + b"A: b"),
)

VECTORS: Final[tuple[ResponseVector, ...]] = (*_LINES, *_NAMES, *_VALUES, *_FOLDS)
