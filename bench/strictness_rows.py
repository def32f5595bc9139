"""The rows of the strictness table: what the server does, and which outcome is right.

A row is data: what the client is asked to do, what the server answers to the first request, and a
judge. The second request of a row is answered by `SECOND`, whatever the connection it comes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final

import attrs
from strictness_verdicts import (
    Ask,
    Judge,
    both_answered,
    bounded,
    delivered,
    not_confused,
    not_injected,
    not_two_lengths,
    refused,
    without_field,
    without_octet,
)


class Ending(Enum):
    """What the server does behind its answer to the first request."""

    CLOSE = "FIN, over TLS with close_notify"
    CUT = "FIN without close_notify"
    RESET = "RST"
    KEEP = "keeps the connection"
    FLOOD = "repeats the answer's last part until the client leaves"
    STRAY = "sends a response that nobody asked for, a little later"
    HALFWAY = "answers in the middle of the upload, and reads no more of it"
    SILENT = "does not answer before the body of the request has come"


SECOND: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
SECOND_ASK: Final = Ask(path="/2")


@attrs.frozen
class Row:
    """One row.

    Attributes:
        group: The heading it stands under.
        name: What is odd.
        rule: The rule, or the advisory.
        judge: Which outcome is right.
        reply: What the server answers to the first request; a flood: what comes once.
        again: What comes again and again in a flood, or later as a stray response.
        ending: What the server does then.
        asks: What the client is asked to send, one behind the other.
        secure: Whether over TLS.
    """

    group: str
    name: str
    rule: str
    judge: Judge
    reply: bytes = b""
    again: bytes = b""
    ending: Ending = Ending.CLOSE
    asks: tuple[Ask, ...] = (Ask(),)
    secure: bool = False


def with_fields(*fields: bytes, body: bytes = b"hello") -> bytes:
    """Return a response with these field lines."""
    return b"".join((b"HTTP/1.1 200 OK\r\n", *(field + b"\r\n" for field in fields), b"\r\n", body))


def chunked(body: bytes) -> bytes:
    """Return a response with a chunked body."""
    return with_fields(b"Transfer-Encoding: chunked", body=body)


LENGTHS: Final = (
    ("+5", b"+5"),
    ("-5", b"-5"),
    ("0x5", b"0x5"),
    ("5.0", b"5.0"),
    ("1_0 (ten octets)", b"1_0"),
    ("5 5", b"5 5"),
    ("5;", b"5;"),
    ("empty", b""),
    ("5, 6", b"5, 6"),
    ("5 and NUL", b"5\0"),
    ("5 behind VT", b"\x0b5"),
    ("5 behind a no-break space", b"\xa05"),
    ("2^64 + 5", b"18446744073709551621"),
)
CODINGS: Final = (
    ("chunked twice", b"chunked, chunked"),
    ("xchunked", b"xchunked"),
    ("chunked;q=1", b"chunked;q=1"),
    ("chunked behind VT", b"\x0bchunked"),
)
CHUNKS: Final = (
    ("size 0x5", "9112 7.1", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("size +5", "9112 7.1", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("size -5", "9112 7.1", b"-5\r\nhello\r\n0\r\n\r\n"),
    ("size 0_5", "9112 7.1", b"0_5\r\nhello\r\n0\r\n\r\n"),
    ("size behind a blank", "9112 7.1", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("size 5 g", "9112 7.1", b"5 g\r\nhello\r\n0\r\n\r\n"),
    ("size behind VT", "9112 7.1", b"\x0b5\r\nhello\r\n0\r\n\r\n"),
    ("size of 2^64 + 5", "9112 7.1", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("size line empty", "9112 7.1", b"\r\nhello\r\n0\r\n\r\n"),
    ("size line ends in LF", "9112 7.1, CVE-2025-22871", b"5\nhello\r\n0\r\n\r\n"),
    ("LF in an extension", "9112 7.1, CVE-2025-22871", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("NUL in an extension", "9112 7.1", b"5;a\0b\r\nhello\r\n0\r\n\r\n"),
    ("chunk longer than its size", "9112 7.1, CVE-2025-43859", b"5\r\nhelloXX0\r\n\r\n"),
    ("chunk ends in LF", "9112 7.1", b"5\r\nhello\n0\r\n\r\n"),
    ("last chunk -0", "9112 7.1", b"5\r\nhello\r\n-0\r\n\r\n"),
    ("trailer without colon", "9112 7.1.2", b"5\r\nhello\r\n0\r\nTrailer\r\n\r\n"),
    ("no last chunk", "9112 8", b"5\r\nhello\r\n"),
    ("no end of the trailers", "9112 8", b"5\r\nhello\r\n0\r\n"),
)
STATUS_LINES: Final = (
    ("no status line", b"hello"),
    ("http/1.1 in lower case", b"http/1.1 200 OK"),
    ("HTTP/2.0", b"HTTP/2.0 200 OK"),
    ("HTTP/1.10", b"HTTP/1.10 200 OK"),
    ("HTTP/1,1", b"HTTP/1,1 200 OK"),
    ("HTTP/+1.1", b"HTTP/+1.1 200 OK"),
    ("ICY", b"ICY 200 OK"),
    ("status 20", b"HTTP/1.1 20 OK"),
    ("status 2000", b"HTTP/1.1 2000 OK"),
    ("status +20", b"HTTP/1.1 +20 OK"),
    ("status 20O", b"HTTP/1.1 20O OK"),
    ("NUL in the reason", b"HTTP/1.1 200 O\0K"),
)
FIELD_LINES: Final = (
    ("no colon", b"Foo"),
    ("empty name", b": foo"),
    ("blank in a name", b"Foo Bar: baz"),
    ("8-bit octet in a name", b"F\xf6\xf6: bar"),
    ("NUL in a name", b"Foo\0: bar"),
)
STRAY: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"
OK: Final = with_fields(b"Content-Length: 5")
KEPT: Final = (Ask(), SECOND_ASK)
LARGE_BODY: Final = b"x" * 8_000_000


def malformed() -> Iterator[Row]:
    """Give what no grammar allows; most of it can be read in two ways."""
    group = "Malformed framing"
    for name, value in LENGTHS:
        body = b"hellohello" if value == b"1_0" else b"hello"
        reply = with_fields(b"Content-Length: " + value, body=body)
        yield Row(group, f"Content-Length {name}", "9110 8.6", refused, reply)
    reply = with_fields(b"Content-Length: 5", b"Content-Length: 6")
    yield Row(group, "Content-Length 5 and 6 in two fields", "9112 6.3", refused, reply)
    reply = with_fields(b"Content-Length : 5")
    yield Row(group, "Content-Length with a blank before the colon", "9112 5.1", refused, reply)
    for name, value in CODINGS:
        reply = with_fields(b"Transfer-Encoding: " + value, body=b"5\r\nhello\r\n0\r\n\r\n")
        yield Row(group, f"Transfer-Encoding {name}", "9112 6.1, 6.3", refused, reply)
    for name, rule, body in CHUNKS:
        yield Row(group, f"Chunks: {name}", rule, refused, chunked(body))
    for name, line in STATUS_LINES:
        reply = line + b"\r\nContent-Length: 5\r\n\r\nhello"
        yield Row(group, f"Status line: {name}", "9112 4", refused, reply)
    for name, line in FIELD_LINES:
        reply = with_fields(line, b"Content-Length: 5")
        yield Row(group, f"Field: {name}", "9112 5, 9110 5", refused, reply)
    for name, octet in (("CR", b"\r"), ("NUL", b"\0")):
        # To be refused or replaced by SP (9112 2.2, 9110 5.5)
        judge = without_octet(octet.decode(), delivered(b"hello", or_refused=True))
        reply = with_fields(b"Foo: a%bb" % octet, b"Content-Length: 5")
        yield Row(group, f"Field: {name} in a value", "9112 2.2, 9110 5.5", judge, reply)
    judge = without_field("foo", delivered(b"hello", or_refused=True))
    reply = b"HTTP/1.1 200 OK\r\n Foo: bar\r\nContent-Length: 5\r\n\r\nhello"
    yield Row(group, "Field: blank before the first one", "9112 2.2", judge, reply)


def well_formed() -> Iterator[Row]:
    """Give what has to be read, and what is left to the recipient."""
    group = "Odd, but to be read"
    hello = delivered(b"hello")
    either = delivered(b"hello", or_refused=True)
    chunks = b"5\r\nhello\r\n0\r\n\r\n"
    rows: tuple[tuple[str, str, Judge, bytes], ...] = (
        ("folded field", "9112 5.2", hello, with_fields(b"Foo: a\r\n b", b"Content-Length: 5")),
        ("no reason", "9112 4", hello, b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello"),
        (
            "8-bit reason",
            "9112 4",
            hello,
            b"HTTP/1.1 200 \xfcber\r\nContent-Length: 5\r\n\r\nhello",
        ),
        ("Content-Length 005", "9110 8.6", hello, with_fields(b"Content-Length: 005")),
        ("Content-Length 5, 5", "9110 8.6", either, with_fields(b"Content-Length: 5, 5")),
        (
            "coding CHUNKED",
            "9112 7",
            hello,
            with_fields(b"Transfer-Encoding: CHUNKED", body=chunks),
        ),
        ("quoted extension", "9112 7.1.1", hello, chunked(b'5;a="x;\\"y"\r\nhello\r\n0\r\n\r\n')),
        ("size 0000005", "9112 7.1", hello, chunked(b"0000005\r\nhello\r\n000\r\n\r\n")),
        ("HTTP/1.0, until close", "9112 6.3", hello, b"HTTP/1.0 200 OK\r\n\r\nhello"),
        ("until close", "9112 6.3", hello, with_fields(b"Server: x")),
        ("status line with two blanks", "9112 4", either, OK.replace(b" ", b"  ", 1)),
        ("CR in an extension", "9112 2.2", either, chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n")),
        (
            "coding identity",
            "9112 6.3",
            either,
            with_fields(b"Transfer-Encoding: identity"),
        ),
        (
            "both lengths",
            "9112 6.3",
            either,
            with_fields(b"Content-Length: 3", b"Transfer-Encoding: chunked", body=chunks),
        ),
        (
            "trailer Set-Cookie",
            "9110 6.5.1",
            without_field("set-cookie", hello),
            chunked(b"5\r\nhello\r\n0\r\nSet-Cookie: a=b\r\n\r\n"),
        ),
    )
    for name, rule, judge, reply in rows:
        yield Row(group, name, rule, judge, reply)
    for status in (204, 304):
        reply = b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status
        judge = both_answered(delivered(b"", status=status))
        yield Row(
            group,
            f"{status} with a length",
            "9112 6.3",
            judge,
            reply,
            ending=Ending.KEEP,
            asks=KEPT,
        )
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    asks = (Ask("HEAD"), SECOND_ASK)
    judge = both_answered(delivered(b""))
    yield Row(group, "HEAD, chunked", "9112 6.3", judge, reply, ending=Ending.KEEP, asks=asks)


def interim() -> Iterator[Row]:
    """Give 1xx responses, those that come and those that don't."""
    group = "Interim responses and 100-continue"
    hello = both_answered(delivered(b"hello"))
    for name, interims in (
        ("103 Early Hints", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        (
            "102, 103 and 100",
            b"".join(b"HTTP/1.1 %d X\r\n\r\n" % status for status in (102, 103, 100)),
        ),
        ("an unknown 1xx", b"HTTP/1.1 199 New\r\nContent-Length: 5\r\n\r\n"),
    ):
        yield Row(group, name, "9110 15.2", hello, interims + OK, ending=Ending.KEEP, asks=KEPT)
    reply = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    yield Row(group, "101 that nobody asked for", "9110 15.2.2", refused, reply)
    upload = Ask("PUT", body=b"hello", expect=True)
    yield Row(
        group,
        "100-continue, no 100 comes",
        "9110 10.1.1",
        both_answered(delivered(b"hello")),
        OK,
        ending=Ending.SILENT,
        asks=(upload, SECOND_ASK),
    )
    yield Row(
        group,
        "100-continue, a final response comes",
        "9110 10.1.1, CVE-2024-24791",
        both_answered(delivered(b"no", status=401)),
        b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno",
        ending=Ending.KEEP,
        asks=(upload, SECOND_ASK),
    )


def stray() -> Iterator[Row]:
    """Give what may not become the answer to the next request."""
    group = "Responses that nobody asked for"
    hello = not_confused(delivered(b"hello", or_refused=True))
    for name, octets in (
        ("a response in the same segment", STRAY),
        ("octets behind the body", b"XYZ"),
        ("body behind a 204", b""),
    ):
        reply = OK + octets
        judge = hello
        if not octets:
            reply = b"HTTP/1.1 204 X\r\n\r\n" + STRAY
            judge = not_confused(delivered(b"", status=204, or_refused=True))
        yield Row(group, name, "9112 9.2", judge, reply, ending=Ending.KEEP, asks=KEPT)
    reply = OK + STRAY
    asks = (Ask("HEAD"), SECOND_ASK)
    judge = not_confused(delivered(b"", or_refused=True))
    yield Row(
        group,
        "body behind the answer to HEAD",
        "9112 9.2",
        judge,
        reply,
        ending=Ending.KEEP,
        asks=asks,
    )
    for name, octets in (
        ("a response a little later", STRAY),
        ("a 408 a little later", b"HTTP/1.1 408 Timeout\r\nContent-Length: 5\r\n\r\nstray"),
    ):
        yield Row(group, name, "9112 9.2", hello, OK, octets, Ending.STRAY, KEPT)


def cut_short() -> Iterator[Row]:
    """Give bodies that end before their time."""
    group = "Bodies cut short"
    sized = with_fields(b"Content-Length: 9")
    chunks = chunked(b"5\r\nhello\r\n")
    until_close = with_fields(b"Server: x")
    yield Row(group, "sized, FIN", "9112 8", refused, sized)
    yield Row(group, "sized, RST", "9112 8", refused, sized, ending=Ending.RESET)
    yield Row(group, "chunked, RST", "9112 8", refused, chunks, ending=Ending.RESET)
    yield Row(group, "until close, RST", "9112 8", refused, until_close, ending=Ending.RESET)
    for name, reply in (("sized", sized), ("chunked", chunks), ("until close", until_close)):
        yield Row(
            group,
            f"TLS, {name}, no close_notify",
            "9112 9.8",
            refused,
            reply,
            ending=Ending.CUT,
            secure=True,
        )
    judge = delivered(b"hello")
    yield Row(group, "TLS, until close, close_notify", "9112 9.8", judge, until_close, secure=True)


def uploads() -> Iterator[Row]:
    """Give answers that come before the end of a request."""
    group = "Uploads"
    reply = b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge"
    yield Row(
        group,
        "413 in the middle of the upload",
        "9112 9.5",
        delivered(b"large", status=413),
        reply,
        ending=Ending.HALFWAY,
        asks=(Ask("PUT", body=LARGE_BODY),),
    )


def floods() -> Iterator[Row]:
    """Give what has no end."""
    group = "Floods"
    head = b"HTTP/1.1 200 OK\r\n"
    for name, rule, start, again in (
        ("status line", "CVE-2013-1752", b"HTTP/1.1 200 ", b"a" * 1000),
        ("one header line", "CVE-2013-1752", head + b"X: ", b"a" * 1000),
        ("header lines", "CVE-2023-38039", head, b"X: %b\r\n" % (b"a" * 100)),
        ("folded lines", "CVE-2023-38039", head + b"X: a\r\n", b" %b\r\n" % (b"a" * 100)),
        ("interim responses", "CVE-2021-3737", b"", b"HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n"),
        ("chunk size", "9112 7.1", chunked(b""), b"0" * 1000),
        ("chunk extension", "CVE-2024-22019", chunked(b"1;"), b"a" * 1000),
        ("chunk extensions", "CVE-2023-39326", chunked(b""), b"1;%b\r\nx\r\n" % (b"a" * 1000)),
        ("trailer lines", "CVE-2013-1752", chunked(b"0\r\n"), b"X: %b\r\n" % (b"a" * 100)),
        ("one trailer line", "CVE-2013-1752", chunked(b"0\r\nX: "), b"a" * 1000),
    ):
        yield Row(group, f"endless {name}", rule, bounded, start, again, Ending.FLOOD)


def injections() -> Iterator[Row]:
    """Give callers' values that could become lines of a request."""
    group = "Injection into requests"
    line = "\r\nInjected: yes"
    for name, rule, ask in (
        ("method", "CVE-2020-26116", Ask(f"GET / HTTP/1.1{line}\r\nX:")),
        ("method, LF", "CVE-2020-26116", Ask("GET / HTTP/1.1\nInjected: yes\nX:")),
        ("target", "CVE-2019-9740", Ask(path=f"/1 HTTP/1.1{line}\r\nX:")),
        ("target, LF", "CVE-2019-9947", Ask(path="/1 HTTP/1.1\nInjected: yes\nX:")),
        ("target, CR", "CVE-2019-9740", Ask(path="/1 HTTP/1.1\rInjected: yes\rX:")),
        ("field value", "CVE-2016-5699", Ask(headers={"X": f"a{line}"})),
        ("field value, LF", "CVE-2016-5699", Ask(headers={"X": "a\nInjected: yes"})),
        ("field value, CR", "CVE-2016-5699", Ask(headers={"X": "a\rInjected: yes"})),
        ("field value, NUL", "9110 5.5", Ask(headers={"X": "a\0b"})),
        (
            "field value, fold",
            "9112 5.2",
            Ask(headers={"X": "a\r\n Injected: yes\r\nInjected: yes"}),
        ),
        ("field name", "CVE-2016-5699", Ask(headers={f"X: a{line}\r\nY": "b"})),
        ("Host", "CVE-2016-5699", Ask(headers={"Host": f"a{line}"})),
    ):
        yield Row(group, name, rule, not_injected, OK, asks=(ask,))
    for name, headers in (
        ("Content-Length that is not the body's", {"Content-Length": "3"}),
        ("Content-Length 5, 6", {"Content-Length": "5, 6"}),
        (
            "Transfer-Encoding before a body that is not in chunks",
            {"Transfer-Encoding": "xchunked"},
        ),
        (
            "both lengths",
            {"Content-Length": "5", "Transfer-Encoding": "chunked"},
        ),
    ):
        ask = Ask("PUT", headers=headers, body=b"hello")
        yield Row(group, name, "9112 6", not_two_lengths, OK, asks=(ask,))


ROWS: Final = (
    *malformed(),
    *cut_short(),
    *stray(),
    *floods(),
    *interim(),
    *uploads(),
    *well_formed(),
    *injections(),
)
