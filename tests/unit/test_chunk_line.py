from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest

from dugong.exceptions import InvalidResponse
from dugong.limits import MAX_EXTENSION_SIZE, MAX_LINE_SIZE, Limits
from dugong.protocol.chunk_line import ChunkLine
from tests.unit.split import (
    Parsed,
    check_everywhere,
    check_refused_at_end,
    filled,
    looks_per_octet,
    octet_by_octet,
    outcome,
    put,
)

if TYPE_CHECKING:
    from dugong.protocol.read_buffer import ReadBuffer

DEFAULT: Final = Limits()
SMALL: Final = Limits(line_size=64, header_size=64, fields=3, extension_size=20)


def line_parser() -> Callable[[ReadBuffer], int | None]:
    return ChunkLine(DEFAULT).parse


def small_line_parser() -> Callable[[ReadBuffer], int | None]:
    return ChunkLine(SMALL).parse


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
