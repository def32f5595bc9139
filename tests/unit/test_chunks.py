from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import pytest

from dugong.exceptions import ConnectionClosed, InvalidResponse
from dugong.limits import MAX_EXTENSION_SIZE, MAX_HEADER_SIZE, MAX_LINE_SIZE, Limits
from dugong.protocol.chunks import ChunkedBody, ChunkLine
from dugong.protocol.read_buffer import ReadBuffer
from tests.unit.split import (
    Parsed,
    check_everywhere,
    check_refused_at_end,
    filled,
    looks_per_octet,
    octet_by_octet,
    outcome,
    put,
    rest_of,
    split_everywhere,
)

DEFAULT: Final = Limits()
SMALL: Final = Limits(line_size=64, header_size=64, fields=3, extension_size=20)


def line_parser() -> Callable[[ReadBuffer], int | None]:
    return ChunkLine(DEFAULT).parse


def small_line_parser() -> Callable[[ReadBuffer], int | None]:
    return ChunkLine(SMALL).parse


# -- chunk-size lines


@pytest.mark.parametrize(
    ("line", "size"),
    [
        pytest.param(b"5", 5, id="digit"),
        pytest.param(b"0", 0, id="last chunk"),
        pytest.param(b"000", 0, id="last chunk of three digits"),
        pytest.param(b"aBcDeF", 0xABCDEF, id="both cases"),
        pytest.param(b"0000000000000005", 5, id="16 digits"),
        pytest.param(b"7fffffffffffffff", 2**63 - 1, id="below 2**63"),
        pytest.param(b"fffffffffffffff", 2**60 - 1, id="15 digits"),
        pytest.param(b"5 ", 5, id="blank behind"),
        pytest.param(b"5 \t  ", 5, id="blanks behind"),
        pytest.param(b"5;a", 5, id="extension"),
        pytest.param(b"5;a=b", 5, id="extension with a value"),
        pytest.param(b"5;a;b=c;d", 5, id="several extensions"),
        pytest.param(b"5 ;a", 5, id="blank before the semicolon"),
        pytest.param(b"5\t;\ta\t=\tb\t;\tc\t", 5, id="tabs around all parts"),
        pytest.param(b"5;", 5, id="empty extension"),
        pytest.param(b"5;;", 5, id="two empty extensions"),
        pytest.param(b'5;a="b"', 5, id="quoted"),
        pytest.param(b'5;a=""', 5, id="quoted nothing"),
        pytest.param(b'5;a="b;c"', 5, id="quoted semicolon"),
        pytest.param(b'5;a="\\""', 5, id="escaped quote"),
        pytest.param(b'5;a="\\\\"', 5, id="escaped backslash"),
        pytest.param(b'5;a="\\\\\\""', 5, id="escaped backslash and quote"),
        pytest.param(b'5;a="b" ; c="d"', 5, id="two quoted"),
        pytest.param(b"5;a=\xe4", 5, id="8-bit"),
        pytest.param(b'5;a="\xe4\\\xff"', 5, id="quoted and escaped 8-bit"),
        pytest.param(b"5;\\", 5, id="backslash without quotes"),
    ],
)
def test_chunk_line(line: bytes, size: int) -> None:
    check_everywhere(line_parser, line + b"\r\nrest", Parsed(size, rest=b"rest"))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" 5", id="blank before"),
        pytest.param(b"\t5", id="tab before"),
        pytest.param(b"-5", id="minus"),
        pytest.param(b"+5", id="plus"),
        pytest.param(b"0x5", id="prefix"),
        pytest.param(b"0X5", id="upper-case prefix"),
        pytest.param(b"5h", id="suffix"),
        pytest.param(b"1_0", id="underscore"),
        pytest.param(b"1 0", id="blank within"),
        pytest.param(b"1,0", id="comma"),
        pytest.param(b"g", id="no hexadecimal digit"),
        pytest.param(b"\xb2", id="superscript"),
        pytest.param("\u0665".encode(), id="arabic digit"),
        pytest.param(b"00000000000000005", id="17 digits"),
        pytest.param(b"8000000000000000", id="2**63"),
        pytest.param(b"ffffffffffffffff", id="2**64 - 1"),
        pytest.param(b";a", id="extension without size"),
        pytest.param(b"5 a", id="word behind a blank"),
        pytest.param(b'5"a"', id="quotes without semicolon"),
        pytest.param(b"5=a", id="value without name"),
        pytest.param(b"5\0", id="NUL"),
        pytest.param(b"5 \0", id="NUL behind a blank"),
        pytest.param(b"5;\0", id="NUL in an extension"),
        pytest.param(b'5;a="\0"', id="quoted NUL"),
        pytest.param(b'5;a="\\\0"', id="escaped NUL"),
        pytest.param(b"5;\x0b", id="control in an extension"),
        pytest.param(b"5;\x7f", id="DEL in an extension"),
        pytest.param(b'5;a="\x7f"', id="quoted DEL"),
        pytest.param(b'5;a="\\\x7f"', id="escaped DEL"),
        pytest.param(b'5;a="', id="open quotes"),
        pytest.param(b'5;a="\\"', id="quotes that only an escaped one would close"),
        pytest.param(b'5;a="b" "', id="quotes opened again"),
        pytest.param(b'5;a="\\', id="escaped end of the line"),
        pytest.param(b"5\r", id="CR twice"),
        pytest.param(b"5;a\rb", id="bare CR in an extension"),
        pytest.param(b'5;a="b\rc"', id="bare CR in quotes"),
        pytest.param(b'5;a="b\r\nc"', id="CRLF in quotes"),
        pytest.param(b"5;a\nb", id="bare LF in an extension"),
        pytest.param(b"5\r5", id="bare CR behind the size"),
        pytest.param(b"HTTP/1.1 200 OK", id="response"),
    ],
)
def test_wrong_chunk_line_is_refused(line: bytes) -> None:
    check_everywhere(line_parser, line + b"\r\n", InvalidResponse)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"5\n", id="behind the size"),
        pytest.param(b"5 \n", id="behind a blank"),
        pytest.param(b"5;a\n", id="behind an extension"),
        pytest.param(b'5;a="b\n', id="in quotes"),
        pytest.param(b'5;a="\\\n', id="escaped"),
        pytest.param(b"\n", id="alone"),
    ],
)
def test_bare_lf_is_refused_at_once(line: bytes) -> None:
    check_refused_at_end(line_parser, line, InvalidResponse, "not at most 16 hexadecimal digits")


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"x", id="no digit"),
        pytest.param(b" ", id="blank first"),
        pytest.param(b";", id="semicolon first"),
        pytest.param(b"\r", id="CR first"),
        pytest.param(b"-", id="sign"),
        pytest.param(b"0x", id="prefix"),
        pytest.param(b"5h", id="suffix"),
        pytest.param(b"0" * 17, id="17 digits"),
        pytest.param(b"8" + b"0" * 15, id="2**63"),
        pytest.param(b"5 5", id="digit behind a blank"),
        pytest.param(b"5 \0", id="NUL behind a blank"),
        pytest.param(b"5\rx", id="octet behind CR"),
        pytest.param(b"5\r\r", id="CR twice"),
        pytest.param(b"5 \rx", id="octet behind blank and CR"),
        pytest.param(b"5;a\rx", id="octet behind extension and CR"),
        pytest.param(b"5;a\0", id="NUL in an extension"),
        pytest.param(b'5;a="\0', id="NUL in quotes"),
        pytest.param(b'5;a="\r', id="CR in quotes"),
        pytest.param(b'5;a="\\\r', id="escaped CR"),
        pytest.param(b'5;a="b"\x01', id="control behind quotes"),
    ],
)
def test_chunk_line_is_refused_as_soon_as_it_cannot_become_valid(begun: bytes) -> None:
    check_refused_at_end(line_parser, begun, InvalidResponse, "not at most 16 hexadecimal digits")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"7fffffffffffffff\r", id="size"),
        pytest.param(b"5 \t \r", id="blanks"),
        pytest.param(b'5;a="b\\\\\\";c" ; d\r', id="extensions"),
    ],
)
def test_line_without_its_lf_is_awaited(line: bytes) -> None:
    for size in range(len(line) + 1):
        check_everywhere(line_parser, line[:size], None)


def test_fault_is_met_again_when_the_line_is_looked_at_again() -> None:
    for wrong in (b"x", b"5 5", b'5;"\0', b"5\n", b"5;" + b"a" * 20 + b"\r\n", b"5" + b" " * 64):
        parser, buffer = ChunkLine(SMALL), filled(wrong)
        for _ in range(3):
            with pytest.raises(InvalidResponse):
                parser.parse(buffer)


def test_fault_is_met_again_when_more_octets_have_come() -> None:
    for wrong in (b"x", b"5 5", b'5;"\0', b"5\rx"):
        parser, buffer = ChunkLine(DEFAULT), filled(wrong)
        for _ in range(2):
            with pytest.raises(InvalidResponse):
                parser.parse(buffer)
            put(buffer, b"5\r\n")


def test_refusal_shows_at_most_40_octets() -> None:
    with pytest.raises(InvalidResponse) as caught:
        line_parser()(filled(b"\xe4" * 100))
    assert str(caught.value).count("\\xe4") == 40


def test_refusal_names_the_rule_of_a_chunk_size_line() -> None:
    with pytest.raises(InvalidResponse) as caught:
        line_parser()(filled(b"x\r\n"))
    assert str(caught.value) == (
        "chunk size line is not at most 16 hexadecimal digits below 2**63,"
        " with optional extensions: b'x\\r\\n'"
    )


# -- limits on lines


def line_of(size: int, fill: bytes = b" ") -> bytes:
    """Return a chunk-size line of *size* octets without its CRLF."""
    return b"5".ljust(size, fill)


@pytest.fixture
def wide() -> Limits:
    """Return limits of which only that on lines is reached."""
    return Limits(line_size=64, extension_size=1000)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line_of(64), id="blanks"),
        pytest.param(b"5;" + b"a" * 62, id="extension"),
        pytest.param(b'5;a="' + b"\\a" * 29 + b'"', id="quoted"),
    ],
)
def test_line_of_exactly_the_limit_is_accepted(line: bytes, wide: Limits) -> None:
    assert len(line) == 64
    check_everywhere(lambda: ChunkLine(wide).parse, line + b"\r\n", Parsed(5))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line_of(65), id="blanks"),
        pytest.param(b"5;" + b"a" * 63, id="extension"),
        pytest.param(b'5;a="' + b"a" * 60, id="quoted"),
    ],
)
def test_line_of_one_octet_more_is_refused_though_it_has_not_ended(
    line: bytes, wide: Limits
) -> None:
    check_refused_at_end(
        lambda: ChunkLine(wide).parse, line, InvalidResponse, "chunk-size line exceeds 64 octets"
    )


def test_line_of_one_octet_more_is_refused_when_it_ends(wide: Limits) -> None:
    check_everywhere(lambda: ChunkLine(wide).parse, line_of(65) + b"\r\n", InvalidResponse)


def test_cr_of_a_line_does_not_count(wide: Limits) -> None:
    check_everywhere(lambda: ChunkLine(wide).parse, line_of(64) + b"\r", None)


@pytest.mark.parametrize("fill", [pytest.param(b" ", id="blanks"), pytest.param(b";", id="others")])
def test_default_limit_on_lines(fill: bytes) -> None:
    longest = line_of(MAX_LINE_SIZE, fill) + b"\r\n"
    for segments in ([longest], octet_by_octet(longest), [longest[:9], longest[9:]]):
        assert outcome(line_parser(), segments) == Parsed(5)
    longer = line_of(MAX_LINE_SIZE + 1, fill)
    for segments in ([longer], [longer + b"\r\n"], octet_by_octet(longer)):
        assert outcome(line_parser(), segments) is InvalidResponse


def test_extensions_of_exactly_the_limit_are_accepted() -> None:
    check_everywhere(small_line_parser, b"5;" + b"a" * 19 + b"\r\n", Parsed(5))


def test_extensions_of_one_octet_more_are_refused_though_their_line_has_not_ended() -> None:
    check_refused_at_end(
        small_line_parser, b"5;" + b"a" * 20, InvalidResponse, "extensions of one body exceed 20"
    )


def test_blanks_behind_the_size_count_as_extensions() -> None:
    check_everywhere(small_line_parser, b"5" + b" " * 20 + b"\r\n", Parsed(5))
    check_everywhere(small_line_parser, b"5" + b" " * 21 + b"\r\n", InvalidResponse)


def test_extensions_of_all_lines_are_counted_together() -> None:
    parser = ChunkLine(SMALL)
    buffer = filled(b"5;" + b"a" * 9 + b"\r\n" + b"6;" + b"a" * 9 + b"\r\n" + b"7;\r\n")
    assert parser.parse(buffer) == 5
    assert parser.parse(buffer) == 6
    with pytest.raises(InvalidResponse, match="extensions of one body exceed 20"):
        parser.parse(buffer)


def test_lines_without_extensions_have_no_common_limit() -> None:
    parser = ChunkLine(Limits(extension_size=0))
    buffer = filled(b"5\r\n" * 1000)
    assert [parser.parse(buffer) for _ in range(1000)] == [5] * 1000


def test_default_limit_on_extensions() -> None:
    half = b"5".ljust(1 + MAX_EXTENSION_SIZE // 2, b";") + b"\r\n"
    for more, expected in ((b"5\r\n", 5), (b"5;\r\n", None)):
        parser, buffer = ChunkLine(DEFAULT), filled(half + half + more)
        assert parser.parse(buffer) == 5
        assert parser.parse(buffer) == 5
        if expected is None:
            with pytest.raises(InvalidResponse, match="exceed 65536 octets"):
                parser.parse(buffer)
        else:
            assert parser.parse(buffer) == expected


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"5" + b" " * 20_000, id="blanks"),
        pytest.param(b"5;" + b"a" * 20_000, id="extension"),
        pytest.param(b"5" + b";" * 20_000, id="many extensions"),
        pytest.param(b'5;a="' + b"b" * 20_000 + b'"', id="quoted"),
        pytest.param(b'5;a="' + b"\\b" * 10_000 + b'"', id="escaped"),
    ],
)
def test_each_octet_of_a_line_is_looked_at_a_few_times_only(line: bytes) -> None:
    assert looks_per_octet(line_parser(), line + b"\r\n") < 10


# -- bodies


def read_by_taking(segments: Iterable[bytes], limit: int = 7) -> tuple[bytes, ChunkedBody, bytes]:
    """Return the payload of a body that comes in *segments*, the body, and what is behind it."""
    body, buffer, payload = ChunkedBody(DEFAULT), ReadBuffer(), b""
    for segment in segments:
        put(buffer, segment)
        while body.advance(buffer) and not body.ended:
            if not (taken := body.take(buffer, limit)):
                break
            payload += taken
    return payload, body, rest_of(buffer)


def read_by_moving(segments: Iterable[bytes], limit: int = 7) -> tuple[bytes, ChunkedBody, bytes]:
    """Do what `read_by_taking` does, into a target of *limit* octets."""
    body, buffer, payload = ChunkedBody(DEFAULT), ReadBuffer(), b""
    target = bytearray(limit)
    for segment in segments:
        put(buffer, segment)
        while body.advance(buffer) and not body.ended:
            if not (count := body.move_into(buffer, memoryview(target))):
                break
            payload += target[:count]
    return payload, body, rest_of(buffer)


READERS: Final = [
    pytest.param(read_by_taking, id="take"),
    pytest.param(read_by_moving, id="move_into"),
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("octets", "payload", "trailers"),
    [
        pytest.param(b"0\r\n\r\n", b"", [], id="empty"),
        pytest.param(b"5\r\n12345\r\n0\r\n\r\n", b"12345", [], id="one chunk"),
        pytest.param(b"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", b"abcdef", [], id="chunks"),
        pytest.param(b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789", [], id="larger than a read"),
        pytest.param(
            b"1\r\na\r\n1A\r\n" + b"b" * 26 + b"\r\n0\r\n\r\n",
            b"a" + b"b" * 26,
            [],
            id="two digits",
        ),
        pytest.param(b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n", [], id="payload that looks like framing"),
        pytest.param(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n", [], id="payload like the end"),
        pytest.param(b"1;a=b\r\na\r\n1 \r\nb\r\n0;c\r\n\r\n", b"ab", [], id="extensions"),
        pytest.param(b"1\r\na\r\n000\r\n\r\n", b"a", [], id="last chunk of three digits"),
        pytest.param(b"1\r\na\r\n0\r\nA: b\r\n\r\n", b"a", [("A", "b")], id="trailer"),
        pytest.param(
            b"0\r\nA: b\r\n c\r\nA: d\r\n\r\n", b"", [("A", "b c"), ("A", "d")], id="trailers"
        ),
        pytest.param(
            b"0\r\nContent-Length: 5\r\n\r\n", b"", [("Content-Length", "5")], id="framing trailer"
        ),
    ],
)
def test_body_is_read_to_its_end(
    read: Callable[[Iterable[bytes]], tuple[bytes, ChunkedBody, bytes]],
    octets: bytes,
    payload: bytes,
    trailers: list[tuple[str, str]],
) -> None:
    for segments in split_everywhere(octets + b"HTTP"):
        got, body, rest = read(segments)
        assert got == payload, segments
        assert body.ended, segments
        assert body.trailers is not None
        assert body.trailers.items() == trailers, segments
        assert rest == b"HTTP", segments


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"1\r\nab", id="no CRLF behind the data"),
        pytest.param(b"1\r\na\n", id="bare LF behind the data"),
        pytest.param(b"1\r\naXXXX\r\n0\r\n", id="letters behind the data"),
        pytest.param(b"1\r\na\rb", id="bare CR behind the data"),
        pytest.param(b"1\r\na\r\n\r\n", id="empty line behind the data"),
        pytest.param(b"1\r\na\r\n 1\r\n", id="blank before a size"),
        pytest.param(b"1\r\na\r\n-1\r\n", id="negative size"),
        pytest.param(b"1\r\na\r\n8000000000000000\r\n", id="too large a size"),
        pytest.param(b"1\r\na\r\n1\n", id="bare LF behind a size"),
        pytest.param(b"1\r\na\r\n00000000000000001\r\n", id="too long a size"),
        pytest.param(b"0\r\n A: b\r\n", id="blank before the first trailer"),
        pytest.param(b"0\r\nA : b\r\n", id="blank before the colon of a trailer"),
        pytest.param(b"0\r\nA\r\n", id="trailer without colon"),
        pytest.param(b"0\r\nA: b\n", id="bare LF in a trailer"),
        pytest.param(b"0\r\nA: \0\r\n", id="NUL in a trailer"),
        pytest.param(b"0\r\n\n", id="bare LF at the end"),
        pytest.param(b"1\r\na\r\n0\r\nHTTP/1.1 200 OK\r\n", id="response instead of the end"),
    ],
)
def test_wrong_framing_is_refused(
    read: Callable[[Iterable[bytes]], tuple[bytes, ChunkedBody, bytes]], octets: bytes
) -> None:
    for more in (b"", b"\r\n\r\n"):
        for segments in split_everywhere(octets + more):
            with pytest.raises(InvalidResponse):
                read(segments)


@pytest.mark.parametrize(
    "octets", [pytest.param(b"1\r\nax", id="octet"), pytest.param(b"1\r\na\rx", id="behind CR")]
)
def test_wrong_end_of_chunk_data_is_refused_at_once(octets: bytes) -> None:
    payload, _, _ = read_by_taking([octets[:-1]])
    assert payload == b"a"
    with pytest.raises(InvalidResponse, match="chunk data is not followed by CRLF"):
        read_by_taking([octets])


def test_refusal_shows_the_first_40_octets_behind_chunk_data() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"1\r\na" + bytes(range(100)))
    assert body.take(buffer, 1) == b"a"
    with pytest.raises(InvalidResponse) as caught:
        body.advance(buffer)
    shown = bytes(range(40))
    assert str(caught.value) == f"chunk data is not followed by CRLF: {shown!r}"


@pytest.mark.parametrize("read", READERS)
def test_begun_body_is_awaited(
    read: Callable[[Iterable[bytes]], tuple[bytes, ChunkedBody, bytes]],
) -> None:
    octets = b"2;a\r\nab\r\n1\r\nc\r\n0\r\nA: b\r\n\r\n"
    for size in range(len(octets)):
        for segments in ((octets[:size],), octet_by_octet(octets[:size])):
            _, body, _ = read(segments)
            assert not body.ended
            assert body.trailers is None


@pytest.mark.parametrize("limit", [pytest.param(n, id=f"pieces of {n}") for n in (1, 2, 3, 100)])
def test_payload_is_the_same_in_whatever_pieces_it_is_read(limit: int) -> None:
    octets = b"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n"
    assert read_by_taking([octets], limit)[0] == b"abcdef"
    assert read_by_moving([octets], limit)[0] == b"abcdef"


def test_one_read_takes_several_chunks() -> None:
    octets = b"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n"
    assert ChunkedBody(DEFAULT).take(filled(octets), 100) == b"abcdef"
    target = bytearray(100)
    assert ChunkedBody(DEFAULT).move_into(filled(octets), memoryview(target)) == 6
    assert target[:6] == b"abcdef"


def test_room_is_what_remains_of_the_chunk() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"5\r\n12345\r\n")
    assert body.room == 0
    assert body.advance(buffer)
    assert body.room == 5
    body.take(buffer, 2)
    assert body.room == 3


def test_room_accounts_for_what_was_received_directly() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"5\r\n")
    assert body.advance(buffer)
    body.delivered(3)
    assert body.room == 2
    body.delivered(2)
    put(buffer, b"\r\n0\r\n\r\n")
    assert body.advance(buffer)
    assert body.ended


def test_advance_says_at_once_that_the_next_chunk_has_begun() -> None:
    for line in (b"3\r\n", b"3 \r\n"):
        body, buffer = ChunkedBody(DEFAULT), filled(b"2\r\nab\r\n" + line + b"cde\r\n")
        assert body.advance(buffer)
        assert buffer.take(2) == b"ab"
        body.delivered(2)
        assert body.advance(buffer)
        assert body.room == 3


def test_advance_says_that_framing_octets_are_awaited() -> None:
    for begun in (b"", b"\r", b"\r\n", b"\r\n3", b"\r\n3\r", b"\r\n0\r\n", b"\r\n0\r\nA: b\r\n"):
        body, buffer = ChunkedBody(DEFAULT), filled(b"2\r\nab" + begun)
        assert body.take(buffer, 2) == b"ab"
        assert not body.advance(buffer)
        assert body.room == 0


def test_advance_consumes_no_payload() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"5\r\n12345")
    for _ in range(3):
        assert body.advance(buffer)
    assert rest_of(buffer) == b"12345"


def test_nothing_is_consumed_behind_the_end() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"0\r\n\r\n5\r\n")
    for _ in range(3):
        assert body.advance(buffer)
        assert body.take(buffer, 100) == b""
    assert rest_of(buffer) == b"5\r\n"


@pytest.mark.parametrize("payload", [b"", b"a"])
def test_what_looks_like_a_chunk_behind_the_end_is_left(payload: bytes) -> None:
    behind = b"\r\n5\r\n12345\r\n"
    end = b"0\r\n\r\n"
    octets = b"1\r\na\r\n" + end if payload else end
    body, buffer = ChunkedBody(DEFAULT), filled(octets + behind)
    assert body.take(buffer, 100) == payload
    assert body.take(buffer, 100) == b""
    assert body.ended
    assert rest_of(buffer) == behind


@pytest.mark.parametrize(
    ("octets", "payload"),
    [
        pytest.param(b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", b"abc", id="second chunk differs"),
        pytest.param(b"1\r\na\r\n1\r\nb\r\n2\r\ncd\r\n0\r\n\r\n", b"abcd", id="third differs"),
    ],
)
def test_octets_of_an_earlier_body_are_not_taken_for_those_to_come(
    octets: bytes, payload: bytes
) -> None:
    earlier = b"1\r\na\r\n" * 10
    for cut in range(len(octets)):
        body, buffer, got = ChunkedBody(DEFAULT), filled(earlier), b""
        buffer.skip(len(earlier))
        for segment in (octets[:cut], octets[cut:]):
            put(buffer, segment)
            got += body.take(buffer, 100)
        assert got == payload, cut
        assert body.advance(buffer)
        assert body.ended


def test_size_of_a_chunk_is_looked_for_in_its_place() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"1\r\n")
    assert body.advance(buffer)
    body.delivered(1)
    put(buffer, b"\r\n1\r\nb\r\n1\r\nc\r\n2\r\nde\r\n0\r\n\r\n")
    assert body.advance(buffer)
    assert body.take(buffer, 100) == b"bcde"


def test_many_chunks_are_moved_in_their_order() -> None:
    payload = bytes(range(100))
    octets = b"".join(b"1\r\n%c\r\n" % octet for octet in payload)
    for size in (10, 50, 100, 200):
        target = bytearray(size)
        body = ChunkedBody(DEFAULT)
        assert body.move_into(filled(octets), memoryview(target)) == min(size, 100)
        assert target[:100] == payload[:size]


def test_fault_behind_payload_is_left_for_the_next_read() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"5\r\n12345\r\nx")
    assert body.take(buffer, 100) == b"12345"
    for _ in range(2):
        with pytest.raises(InvalidResponse):
            body.take(buffer, 100)


def test_fault_behind_moved_payload_is_left_for_the_next_read() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"5\r\n12345x")
    target = memoryview(bytearray(100))
    assert body.move_into(buffer, target) == 5
    for _ in range(2):
        with pytest.raises(InvalidResponse):
            body.move_into(buffer, target)


def test_length_is_unknown() -> None:
    assert ChunkedBody(DEFAULT).length is None


@pytest.mark.parametrize("closes", [True, False])
def test_body_closes_where_it_is_told(closes: bool) -> None:
    assert ChunkedBody(DEFAULT, closes=closes).closes is closes


def test_body_keeps_the_connection_by_default() -> None:
    assert not ChunkedBody(DEFAULT).closes


@pytest.mark.parametrize("orderly", [True, False])
def test_close_before_the_end_cuts_the_body_short(orderly: bool) -> None:
    with pytest.raises(ConnectionClosed, match="before the end of the body"):
        ChunkedBody(DEFAULT).peer_closed(orderly=orderly)


def test_chunk_of_16_digits_does_not_end_before_its_size() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"7fffffffffffffff\r\nabc")
    assert body.take(buffer, 100) == b"abc"
    assert body.room == 2**63 - 4


# -- limits on bodies


def advance_small(body: ChunkedBody) -> Callable[[ReadBuffer], bool | None]:
    """Return a parser that is done when *body*, which has no payload, has ended."""
    return lambda buffer: body.advance(buffer) or None


def small_body() -> Callable[[ReadBuffer], bool | None]:
    return advance_small(ChunkedBody(SMALL))


def test_trailer_section_of_exactly_the_limit_is_accepted() -> None:
    section = b"n:" + b"v" * 60 + b"\r\n"
    assert len(section) == SMALL.header_size
    check_everywhere(small_body, b"0\r\n" + section + b"\r\n", Parsed(True))


def test_trailer_section_of_one_octet_more_is_refused() -> None:
    section = b"n:" + b"v" * 61 + b"\r\n"
    check_refused_at_end(
        small_body, b"0\r\n" + section, InvalidResponse, "trailer section exceeds 64 octets"
    )


def test_as_many_trailers_as_allowed_are_accepted() -> None:
    check_everywhere(small_body, b"0\r\n" + b"a:\r\n" * 3 + b"\r\n", Parsed(True))


def test_one_trailer_more_is_refused() -> None:
    check_refused_at_end(
        small_body, b"0\r\n" + b"a:\r\n" * 4, InvalidResponse, "more than 3 field lines"
    )


def test_default_limit_on_trailers() -> None:
    for size, expected in ((MAX_HEADER_SIZE, Parsed(True)), (MAX_HEADER_SIZE + 1, InvalidResponse)):
        octets = b"0\r\nn:" + b"v" * (size - 4) + b"\r\n\r\n"
        for segments in ([octets], octet_by_octet(octets)):
            assert outcome(advance_small(ChunkedBody(DEFAULT)), segments) == expected


def test_extensions_of_all_chunks_of_a_body_are_counted_together() -> None:
    body, buffer = ChunkedBody(SMALL), filled(b"1;aaaaaaaaa\r\nx\r\n" * 2 + b"1;\r\nx\r\n")
    assert body.take(buffer, 100) + body.take(buffer, 100) == b"xx"
    with pytest.raises(InvalidResponse, match="extensions of one body exceed 20"):
        body.take(buffer, 100)


def test_many_small_chunks_are_no_fault() -> None:
    payload, body, _ = read_by_taking([b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n"], limit=1_000_000)
    assert payload == b"x" * 20_000
    assert body.ended


def test_tiny_chunks_come_in_calls_of_bounded_memory() -> None:
    octets = b"1\r\nx\r\n" * 5_000
    body, buffer = ChunkedBody(DEFAULT), filled(octets)
    sizes = []
    while buffer.size and body.advance(buffer):
        sizes.append(len(body.take(buffer, 100_000)))
    assert sizes == [1_024] * 4 + [904]
