from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import attrs
import pytest

from dugong.exceptions import InvalidResponse, UnsupportedResponse
from dugong.limits import MAX_FIELDS, MAX_HEADER_SIZE, MAX_LINE_SIZE, Limits
from dugong.protocol.response_head import (
    HeadParser,
    ResponseHead,
    StatusLine,
    joined_values,
    make_head,
)
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

if TYPE_CHECKING:
    from dugong.protocol.read_buffer import ReadBuffer

DEFAULT: Final = Limits()
SMALL: Final = Limits(line_size=64, header_size=64, fields=3)


def head_parser() -> Callable[[ReadBuffer], ResponseHead | None]:
    return HeadParser(DEFAULT).parse


def small_parser() -> Callable[[ReadBuffer], ResponseHead | None]:
    return HeadParser(SMALL).parse


# -- status lines


@pytest.mark.parametrize(
    ("line", "minor", "status", "reason"),
    [
        pytest.param(b"HTTP/1.1 200 OK", 1, 200, "OK", id="usual"),
        pytest.param(b"HTTP/1.0 200 OK", 0, 200, "OK", id="HTTP/1.0"),
        *[
            pytest.param(b"HTTP/1.%d 200 OK" % minor, minor, 200, "OK", id=f"HTTP/1.{minor}")
            for minor in range(2, 10)
        ],
        pytest.param(b"HTTP/1.1 404 Not Found", 1, 404, "Not Found", id="words"),
        pytest.param(b"HTTP/1.1 200 ", 1, 200, "", id="empty reason"),
        pytest.param(b"HTTP/1.1 200", 1, 200, "", id="no reason"),
        pytest.param(b"HTTP/1.1 200  OK ", 1, 200, " OK ", id="blanks are of the reason"),
        pytest.param(b"HTTP/1.1 200 a\tb", 1, 200, "a\tb", id="tab"),
        pytest.param(b"HTTP/1.1 200 \xc3\xa4\xff\x80", 1, 200, "\xc3\xa4\xff\x80", id="8-bit"),
        pytest.param(b"HTTP/1.1 100 x", 1, 100, "x", id="lowest status"),
        pytest.param(b"HTTP/1.1 999 x", 1, 999, "x", id="highest status"),
        pytest.param(b"HTTP/1.1 200 HTTP/1.1 404 x", 1, 200, "HTTP/1.1 404 x", id="twice"),
    ],
)
def test_status_line(line: bytes, minor: int, status: int, reason: str) -> None:
    head = ResponseHead(minor, status, reason, "")
    check_everywhere(head_parser, line + b"\r\n\r\nrest", Parsed(head, rest=b"rest"))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hTTP/1.1 200 OK", id="lower case first"),
        pytest.param(b"Http/1.1 200 OK", id="mixed case"),
        pytest.param(b"HTTp/1.1 200 OK", id="lower case last"),
        pytest.param(b" HTTP/1.1 200 OK", id="blank before"),
        pytest.param(b"HTTP /1.1 200 OK", id="blank before the slash"),
        pytest.param(b"HTTP/ 1.1 200 OK", id="blank behind the slash"),
        pytest.param(b"HTTP/1.1  200 OK", id="two blanks before the status"),
        pytest.param(b"HTTP/1.1\t200 OK", id="tab before the status"),
        pytest.param(b"HTTP/1.1 200\tOK", id="tab behind the status"),
        pytest.param(b"HTTP/1.1200 OK", id="no blank before the status"),
        pytest.param(b"HTTP/1 200 OK", id="no minor version"),
        pytest.param(b"HTTP/1. 200 OK", id="empty minor version"),
        pytest.param(b"HTTP/1.10 200 OK", id="minor version of two digits"),
        pytest.param(b"HTTP/01.1 200 OK", id="major version with a zero"),
        pytest.param(b"HTTP/11.1 200 OK", id="major version of two digits"),
        pytest.param(b"HTTP/1,1 200 OK", id="comma"),
        pytest.param(b"HTTP/+1.1 200 OK", id="sign in the version"),
        pytest.param(b"HTTP/2 200", id="HTTP/2 without minor version"),
        pytest.param(b"HTTP/1.1", id="no status"),
        pytest.param(b"HTTP/1.1 ", id="empty status"),
        pytest.param(b"HTTP/1.1 2", id="one digit"),
        pytest.param(b"HTTP/1.1 20", id="two digits"),
        pytest.param(b"HTTP/1.1 20 OK", id="two digits and a reason"),
        pytest.param(b"HTTP/1.1 2000 OK", id="four digits"),
        pytest.param(b"HTTP/1.1 099 OK", id="first digit 0"),
        pytest.param(b"HTTP/1.1 +20 OK", id="plus"),
        pytest.param(b"HTTP/1.1 -20 OK", id="minus"),
        pytest.param(b"HTTP/1.1 2_0 OK", id="underscore"),
        pytest.param(b"HTTP/1.1 0xC OK", id="prefix"),
        pytest.param(b"HTTP/1.1 \xb2\xb3\xb9 OK", id="superscript digits"),
        pytest.param("HTTP/1.1 \u0662\u0660\u0660 OK".encode(), id="arabic digits"),
        pytest.param(b"HTTP/1.1 OK", id="reason without status"),
        pytest.param(b"HTTP/1.1 200-OK", id="hyphen behind the status"),
        pytest.param(b"HTTP/1.1 200 \0", id="NUL"),
        pytest.param(b"HTTP/1.1 200 a\0" + b"b" * 100, id="NUL in a long reason"),
        pytest.param(b"HTTP/1.1 200 " + b"a" * 100 + b"\0", id="NUL far in the reason"),
        pytest.param(b"HTTP/1.1 200 \x0b", id="vertical tab"),
        pytest.param(b"HTTP/1.1 200 \x1b[0m", id="escape"),
        pytest.param(b"HTTP/1.1 200 \x7f", id="DEL"),
        pytest.param(b"HTTP/1.1 200 a\rb", id="bare CR"),
        pytest.param(b"HTTP/1.1 200 OK\r", id="CR twice"),
        pytest.param(b"ICY 200 OK", id="ICY"),
        pytest.param(b"<html>", id="no HTTP at all"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x16", id="TLS alert"),
        pytest.param(b"HTTP/1.1: 200 OK", id="field"),
    ],
)
def test_wrong_status_line_is_refused(line: bytes) -> None:
    check_everywhere(head_parser, line + b"\r\n\r\n", InvalidResponse)


@pytest.mark.parametrize(
    "version",
    [pytest.param(v.encode(), id=v) for v in ("0.9", "2.0", "3.0", "9.9")],
)
@pytest.mark.parametrize(
    "behind", [pytest.param(b" 200 OK", id="usual"), pytest.param(b" \xb2 whatever", id="other")]
)
def test_other_major_version_is_unsupported(version: bytes, behind: bytes) -> None:
    line = b"HTTP/" + version + behind
    check_everywhere(head_parser, line + b"\r\n\r\n", UnsupportedResponse)
    with pytest.raises(UnsupportedResponse, match="major version of HTTP is not 1"):
        head_parser()(filled(line))


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(b"\n", id="bare LF"),
        pytest.param(b"\0\r\n", id="NUL"),
        pytest.param(b" " + b"x" * 100 + b"\r\n", id="long reason"),
        pytest.param(b"x" * 70_000 + b"\r\n", id="more than the limit"),
    ],
)
def test_other_major_version_is_unsupported_in_whatever_it_ends(end: bytes) -> None:
    octets = b"HTTP/2.0 200 OK" + end
    for segments in ([octets], octet_by_octet(octets), [octets[:9], octets[9:]]):
        assert outcome(head_parser(), segments) is UnsupportedResponse


def test_other_major_version_is_unsupported_with_a_bare_lf_behind_its_blank() -> None:
    check_everywhere(head_parser, b"HTTP/2.0 \n", UnsupportedResponse)


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"x", id="no HTTP"),
        pytest.param(b"h", id="lower case"),
        pytest.param(b" ", id="blank"),
        pytest.param(b"\r", id="CR first"),
        pytest.param(b"\n", id="LF first"),
        pytest.param(b"\0", id="NUL first"),
        pytest.param(b"\xff", id="8-bit"),
        pytest.param(b"HTTP ", id="no slash"),
        pytest.param(b"HTTP/x", id="no digit"),
        pytest.param(b"HTTP/1 ", id="no point"),
        pytest.param(b"HTTP/11", id="two digits of major version"),
        pytest.param(b"HTTP/1.x", id="no minor version"),
        pytest.param(b"HTTP/1.11", id="two digits of minor version"),
        pytest.param(b"HTTP/1.1\r", id="CR behind the version"),
        pytest.param(b"HTTP/2.0\r", id="CR behind another version"),
        pytest.param(b"HTTP/1.1  ", id="two blanks"),
        pytest.param(b"HTTP/1.1 0", id="first digit 0"),
        pytest.param(b"HTTP/1.1 2x", id="no second digit"),
        pytest.param(b"HTTP/1.1 20 ", id="no third digit"),
        pytest.param(b"HTTP/1.1 2000", id="fourth digit"),
        pytest.param(b"HTTP/1.1 200\t", id="tab behind the status"),
        pytest.param(b"HTTP/1.1 200 \0", id="NUL in the reason"),
        pytest.param(b"HTTP/1.1 200 OK\rx", id="octet behind the CR"),
        pytest.param(b"HTTP/1.1 200 OK\r\r", id="CR twice"),
        pytest.param(b"HTTP/1.1 200\rx", id="octet behind the CR without reason"),
    ],
)
def test_status_line_is_refused_as_soon_as_it_cannot_become_valid(begun: bytes) -> None:
    assert outcome(head_parser(), [begun[:-1]]) is None
    check_everywhere(head_parser, begun, InvalidResponse)


def test_other_major_version_is_unsupported_with_the_blank_behind_it() -> None:
    check_refused_at_end(head_parser, b"HTTP/2.0 ", UnsupportedResponse, "not 1: b'HTTP/2.0 '")


# The beginning of a status line is judged by an expression, what comes behind it octet by octet.
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(b"\0", id="NUL"),
        pytest.param(b"\x1f", id="control"),
        pytest.param(b"\x7f", id="DEL"),
        pytest.param(b"\rx", id="bare CR"),
    ],
)
@pytest.mark.parametrize(
    "size", [pytest.param(n, id=f"at {n}") for n in [*range(60, 69), 127, 128, 129, 1000]]
)
def test_wrong_octet_of_a_long_status_line_is_refused_at_once(size: int, wrong: bytes) -> None:
    begun = b"HTTP/1.1 200 ".ljust(size, b"r") + wrong
    assert outcome(head_parser(), [begun[:-1]]) is None
    assert outcome(head_parser(), octet_by_octet(begun[:-1])) is None
    for segments in (
        [begun],
        octet_by_octet(begun),
        [begun[:-1], begun[-1:]],
        [begun[:5], begun[5:]],
    ):
        assert outcome(head_parser(), segments) is InvalidResponse, segments


def test_refusal_names_the_rule_that_a_long_status_line_breaks() -> None:
    begun = b"HTTP/1.1 200 ".ljust(100, b"r") + b"\x01"
    rule = "^control character in a status line: b"
    check_refused_at_end(head_parser, begun, InvalidResponse, rule)


def test_wrong_octet_of_a_long_status_line_is_refused_wherever_it_was_cut() -> None:
    begun = b"HTTP/1.1 200 ".ljust(130, b"r") + b"\x01"
    for cut in range(1, len(begun)):
        assert outcome(head_parser(), [begun[:cut], begun[cut:]]) is InvalidResponse, cut


@pytest.mark.parametrize("size", [pytest.param(n, id=f"of {n}") for n in range(60, 70)])
def test_long_status_line_is_accepted_wherever_it_is_cut(size: int) -> None:
    reason = "r" * (size - 13)
    head = ResponseHead(1, 200, reason, "")
    check_everywhere(head_parser, f"HTTP/1.1 200 {reason}\r\n\r\n".encode(), Parsed(head))


@pytest.mark.parametrize(
    "line", [pytest.param(b"HTTP/1.1 200 OK\n", id="usual"), pytest.param(b"\n", id="empty")]
)
def test_bare_lf_behind_the_status_line_is_refused(line: bytes) -> None:
    check_refused_at_end(head_parser, line, InvalidResponse, "^status line ends in a bare LF: b")


def test_bare_lf_within_a_long_status_line_is_refused() -> None:
    line = b"HTTP/1.1 200 " + b"r" * 100 + b"\n"
    check_refused_at_end(head_parser, line, InvalidResponse, "bare LF")


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n"[:cut], id=repr("HTTP/1.1 200 OK\r\n"[:cut]))
        for cut in range(18)
    ],
)
def test_begun_head_is_awaited(begun: bytes) -> None:
    check_everywhere(head_parser, begun, None)


def test_wrong_status_line_is_refused_before_its_head_is_complete() -> None:
    with pytest.raises(InvalidResponse, match="RFC 9112 section 4: b'ICY 200 OK"):
        head_parser()(filled(b"ICY 200 OK\r\nicy-name: x\r\n"))


def test_refusal_shows_at_most_40_octets() -> None:
    with pytest.raises(InvalidResponse) as caught:
        head_parser()(filled(b"\xe4" * 100))
    assert str(caught.value).count("\\xe4") == 40


# -- heads


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        pytest.param(b"", "", id="none"),
        pytest.param(b"A: b\r\nC: d\r\n", "A: b\r\nC: d\r\n", id="two"),
        pytest.param(b"A: b\r\nA: c\r\n", "A: b\r\nA: c\r\n", id="repeated"),
        pytest.param(b"A: b\r\n c\r\nD:\te \r\n", "A: b c\r\nD:\te \r\n", id="folded"),
        pytest.param(b"A: \xe4\r\n", "A: \xe4\r\n", id="8-bit"),
        pytest.param(b"Date: 1 Jan 99\r\n", "Date: 1 Jan 99\r\n", id="not rewritten"),
    ],
)
def test_field_lines_are_kept_as_text(fields: bytes, lines: str) -> None:
    octets = b"HTTP/1.1 200 OK\r\n" + fields + b"\r\nrest"
    head = ResponseHead(1, 200, "OK", lines)
    check_everywhere(head_parser, octets, Parsed(head, rest=b"rest"))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b" A: b\r\n", id="blank before the first field"),
        pytest.param(b"A: b\r\nC : d\r\n", id="blank before the colon"),
        pytest.param(b"A: b\r\nC\r\n", id="no colon"),
        pytest.param(b"A: b\r\n: d\r\n", id="no name"),
        pytest.param(b"A: b\n", id="bare LF"),
        pytest.param(b"A: b\r\nC: d\n", id="bare LF later"),
        pytest.param(b"A: b\rC: d\r\n", id="bare CR"),
        pytest.param(b"A: \0\r\n", id="NUL"),
        pytest.param(b"\n", id="bare LF for the empty line"),
        pytest.param(b"A: b\r\n\n", id="bare LF for the empty line behind a field"),
    ],
)
def test_wrong_field_line_is_refused_before_the_head_is_complete(line: bytes) -> None:
    octets = b"HTTP/1.1 200 OK\r\n" + line
    for more in (b"", b"\r\n", b"\r\n\r\n"):
        for segments in split_everywhere(octets + more):
            assert outcome(head_parser(), segments) is InvalidResponse, segments


def test_heads_are_read_one_after_the_other() -> None:
    parser = HeadParser(DEFAULT)
    octets = b"HTTP/1.1 100 a\r\nA: b\r\n\r\nHTTP/1.1 200 c\r\n\r\nHTTP/1.0 404 d\r\nE: f\r\n\r\n"
    expected = [
        ResponseHead(1, 100, "a", "A: b\r\n"),
        ResponseHead(1, 200, "c", ""),
        ResponseHead(0, 404, "d", "E: f\r\n"),
    ]
    for segments in split_everywhere(octets):
        buffer = filled(b"")
        heads: list[ResponseHead] = []
        for segment in segments:
            put(buffer, segment)
            while (head := parser.parse(buffer)) is not None:
                heads.append(head)
        assert heads == expected, segments


def test_head_behind_one_that_came_in_pieces_is_judged_from_its_first_octet() -> None:
    parser, buffer = HeadParser(DEFAULT), filled(b"HTTP/1.1 100 a\r\n")
    assert parser.parse(buffer) is None
    put(buffer, b"\r\n")
    assert parser.parse(buffer) == ResponseHead(1, 100, "a", "")
    put(buffer, b"\nHTTP/1.1 200 OK\r\n")
    with pytest.raises(InvalidResponse, match="status line ends in a bare LF"):
        parser.parse(buffer)


def test_nothing_is_consumed_before_the_head_is_complete() -> None:
    parser = HeadParser(DEFAULT)
    buffer = filled(b"HTTP/1.1 200 OK\r\nA: b\r\n\r")
    assert parser.parse(buffer) is None
    assert rest_of(buffer) == b"HTTP/1.1 200 OK\r\nA: b\r\n\r"


def test_nothing_is_consumed_of_a_refused_head() -> None:
    buffer = filled(b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n")
    with pytest.raises(InvalidResponse):
        head_parser()(buffer)
    assert rest_of(buffer) == b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n"


# -- limits


def status_line_of(size: int) -> bytes:
    return b"HTTP/1.1 200 ".ljust(size, b"r") + b"\r\n"


def fields_of(size: int, count: int) -> bytes:
    """Return *count* field lines that are *size* octets long together."""
    line = b"n:".ljust(size // count - 2, b"v") + b"\r\n"
    return line * (count - 1) + b"n:".ljust(size - (count - 1) * len(line) - 2, b"v") + b"\r\n"


def test_status_line_of_exactly_the_limit_is_accepted() -> None:
    head = ResponseHead(1, 200, "r" * 51, "")
    check_everywhere(small_parser, status_line_of(64) + b"\r\n", Parsed(head))


def test_status_line_of_one_octet_more_is_refused() -> None:
    check_everywhere(small_parser, status_line_of(65), InvalidResponse)
    check_everywhere(small_parser, status_line_of(65) + b"\r\n", InvalidResponse)


def test_status_line_that_does_not_end_is_refused_at_the_limit() -> None:
    begun = status_line_of(65)[:65]
    check_refused_at_end(small_parser, begun, InvalidResponse, "status line exceeds 64 octets")


def test_cr_of_a_status_line_does_not_count() -> None:
    check_everywhere(small_parser, status_line_of(64)[:65], None)


def test_status_line_that_ends_is_refused_for_its_length() -> None:
    with pytest.raises(InvalidResponse, match="status line exceeds 64 octets"):
        small_parser()(filled(status_line_of(65)))


def test_header_section_of_exactly_the_limit_is_accepted() -> None:
    section = fields_of(64, 2)
    head = ResponseHead(1, 200, "OK", section.decode())
    check_everywhere(small_parser, b"HTTP/1.1 200 OK\r\n" + section + b"\r\n", Parsed(head))


def test_header_section_of_one_octet_more_is_refused() -> None:
    octets = b"HTTP/1.1 200 OK\r\n" + fields_of(65, 2)
    check_refused_at_end(small_parser, octets, InvalidResponse, "section exceeds 64 octets")


def test_both_limits_may_be_reached_together() -> None:
    octets = status_line_of(64) + fields_of(64, 3) + b"\r\n"
    head = ResponseHead(1, 200, "r" * 51, fields_of(64, 3).decode())
    check_everywhere(small_parser, octets, Parsed(head))


def test_as_many_fields_as_allowed_are_accepted() -> None:
    head = ResponseHead(1, 200, "OK", "a:\r\n" * 3)
    check_everywhere(small_parser, b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 3 + b"\r\n", Parsed(head))


def test_one_field_more_is_refused() -> None:
    octets = b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 4
    check_refused_at_end(small_parser, octets, InvalidResponse, "more than 3 field lines")
    check_everywhere(small_parser, octets + b"\r\n", InvalidResponse)


@pytest.mark.parametrize("fields", [pytest.param(n, id=str(n)) for n in (1, 4, 10, 100)])
def test_shortest_fields_are_counted_like_others(fields: int) -> None:
    limits = Limits(fields=fields)
    head = b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * fields
    assert isinstance(outcome(HeadParser(limits).parse, [head + b"\r\n"]), Parsed)
    assert outcome(HeadParser(limits).parse, [head + b"a:\r\n\r\n"]) is InvalidResponse


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(
            status_line_of(MAX_LINE_SIZE) + b"\r\n",
            Parsed(ResponseHead(1, 200, "r" * (MAX_LINE_SIZE - 13), "")),
            id="status line",
        ),
        pytest.param(status_line_of(MAX_LINE_SIZE + 1), InvalidResponse, id="longer status line"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + fields_of(MAX_HEADER_SIZE, 10) + b"\r\n",
            Parsed(ResponseHead(1, 200, "OK", fields_of(MAX_HEADER_SIZE, 10).decode())),
            id="header section",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + fields_of(MAX_HEADER_SIZE + 1, 10),
            InvalidResponse,
            id="larger header section",
        ),
        pytest.param(
            status_line_of(MAX_LINE_SIZE) + fields_of(MAX_HEADER_SIZE, 256) + b"\r\n",
            Parsed(
                ResponseHead(
                    1,
                    200,
                    "r" * (MAX_LINE_SIZE - 13),
                    fields_of(MAX_HEADER_SIZE, MAX_FIELDS).decode(),
                )
            ),
            id="all together",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * MAX_FIELDS + b"\r\n",
            Parsed(ResponseHead(1, 200, "OK", "a:\r\n" * MAX_FIELDS)),
            id="fields",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * (MAX_FIELDS + 1), InvalidResponse, id="more fields"
        ),
    ],
)
def test_default_limits(octets: bytes, expected: object) -> None:
    for segments in ([octets], octet_by_octet(octets), [octets[:99], octets[99:]]):
        assert outcome(head_parser(), segments) == expected


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(status_line_of(20_000), id="long status line"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + fields_of(20_000, 1) + b"\r\n", id="long field"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + fields_of(20_000, 256) + b"\r\n", id="many fields"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA:b\r\n" + b" c\r\n" * 5000 + b"\r\n", id="many folds"),
    ],
)
def test_each_octet_is_looked_at_a_few_times_only(octets: bytes) -> None:
    assert looks_per_octet(head_parser(), octets) < 5


# -- the three fields that decide about the connection


@pytest.mark.parametrize(
    ("fields", "content_length", "transfer_encoding", "connection"),
    [
        pytest.param(b"A: b\r\n", None, None, None, id="none"),
        pytest.param(b"Content-Length: 5\r\n", "5", None, None, id="Content-Length"),
        pytest.param(b"CONTENT-length:5\r\n", "5", None, None, id="any case"),
        pytest.param(b"Content-Length: \t5 \t\r\n", "5", None, None, id="blanks"),
        pytest.param(b"Content-Length:\r\n", "", None, None, id="empty"),
        pytest.param(
            b"Content-Length: 5\r\nA: b\r\nContent-Length: 6\r\n", "5,6", None, None, id="two lines"
        ),
        pytest.param(
            b"Content-Length: 5\r\nContent-Length: 6\r\nContent-Length:7\r\n",
            "5,6,7",
            None,
            None,
            id="three lines",
        ),
        pytest.param(
            b"Content-Length: 5\r\nContent-Length: 6\r\nA: b\r\n",
            "5,6",
            None,
            None,
            id="and another",
        ),
        pytest.param(
            b"Content-Length: 5\xa0\r\nContent-Length: \x856\r\n",
            "5\xa0,\x856",
            None,
            None,
            id="what is no blank",
        ),
        pytest.param(b"Content-Length: 5,\r\n 5\r\n", "5, 5", None, None, id="folded"),
        pytest.param(b"X-Content-Length: 5\r\n", None, None, None, id="other name before"),
        pytest.param(b"Content-Length-X: 5\r\n", None, None, None, id="other name behind"),
        pytest.param(b"A: content-length: 5\r\n", None, None, None, id="in a value"),
        pytest.param(b"A: b\r\n Content-Length: 5\r\n", None, None, None, id="in a fold"),
        pytest.param(b"Transfer-Encoding: CHUNKED\r\n", None, "chunked", None, id="coding"),
        pytest.param(
            b"Transfer-Encoding: a\r\ntransfer-encoding: B\r\n", None, "a,b", None, id="two codings"
        ),
        pytest.param(b"Connection: Close\r\n", None, None, "close", id="Connection"),
        pytest.param(
            b"Connection: a\r\nB: c\r\nConnection: Keep-Alive, d\r\n",
            None,
            None,
            "a,keep-alive, d",
            id="two Connection lines",
        ),
        pytest.param(
            b"Connection: a\r\nTransfer-Encoding: b\r\nContent-Length: c\r\n",
            "c",
            "b",
            "a",
            id="all three",
        ),
    ],
)
def test_fields_that_decide_are_picked_in_lower_case(
    fields: bytes,
    content_length: str | None,
    transfer_encoding: str | None,
    connection: str | None,
) -> None:
    for segments in split_everywhere(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n"):
        seen = outcome(head_parser(), segments)
        assert isinstance(seen, Parsed)
        assert isinstance(seen.result, ResponseHead)
        assert seen.result.content_length == content_length
        assert seen.result.transfer_encoding == transfer_encoding
        assert seen.result.connection == connection


LINES: Final = (
    "A: b\r\n",
    "Content-Length: 1\r\n",
    "content-length:2\r\n",
    "Transfer-Encoding: Chunked \r\n",
    "CONNECTION: Close\r\n",
    "Tontent-Length: 3\r\n",
)


def test_one_piece_gives_what_its_lines_give_in_whatever_order() -> None:
    for count in range(5):
        for chosen in itertools.product(LINES, repeat=count):
            lines = "".join(chosen)
            octets = f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode()
            assert head_parser()(filled(octets)) == make_head(1, 200, "OK", lines), lines


def test_make_head_picks_from_the_lines() -> None:
    head = make_head(0, 200, "OK", "Connection: A\r\nCONNECTION: B\r\n")
    assert attrs.asdict(head) == {
        "minor": 0,
        "status": 200,
        "reason": "OK",
        "lines": "Connection: A\r\nCONNECTION: B\r\n",
        "content_length": None,
        "transfer_encoding": None,
        "connection": "a,b",
    }


def test_joined_values_keeps_the_order_and_empty_values() -> None:
    lower = "\na: 1\r\nb: 2\r\na:\r\na: 3 \r\n"
    assert joined_values(lower, "\na:") == "1,,3"


# -- a subclass for a device


class IcyParser(HeadParser):
    """Accepts the status line of a certain radio."""

    def parse_status_line(self, line: str) -> StatusLine:
        if line.startswith("ICY "):
            line = "HTTP/1.0 " + line[4:]
        return super().parse_status_line(line)

    def judge_status_start(self, start: str) -> None:
        if not "ICY ".startswith(start[:4]):
            super().judge_status_start(start)


class RecordingParser(HeadParser):
    """Notes how much of a line it is given before the end has come."""

    def __init__(self) -> None:
        super().__init__(DEFAULT)
        self.sizes: set[int] = set()

    def judge_status_start(self, start: str) -> None:
        self.sizes.add(len(start))


def test_subclass_judges_at_most_64_octets_before_the_end_of_a_line() -> None:
    for segments in split_everywhere(status_line_of(100)):
        parser = RecordingParser()
        assert outcome(parser.parse, segments) is None
        assert max(parser.sizes) == 64


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(
            b"ICY 200 OK\r\nA: b\r\n\r\n",
            Parsed(ResponseHead(0, 200, "OK", "A: b\r\n")),
            id="device",
        ),
        pytest.param(
            b"ICY 200 " + b"r" * 100 + b"\r\n\r\n",
            Parsed(ResponseHead(0, 200, "r" * 100, "")),
            id="device with a long reason",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n\r\n", Parsed(ResponseHead(1, 200, "OK", "")), id="standard"
        ),
        pytest.param(b"ICE 200 OK\r\n\r\n", InvalidResponse, id="neither"),
        pytest.param(b"ICY 2 OK\r\n\r\n", InvalidResponse, id="wrong status of the device"),
        pytest.param(b"ICY 200 OK\0\r\n\r\n", InvalidResponse, id="NUL from the device"),
        pytest.param(b"ICY 200 " + b"r" * 100 + b"\0", InvalidResponse, id="NUL far behind"),
    ],
)
def test_subclass_accepts_what_it_names_and_nothing_else(octets: bytes, expected: object) -> None:
    for segments in split_everywhere(octets):
        assert outcome(IcyParser(DEFAULT).parse, segments) == expected, segments
