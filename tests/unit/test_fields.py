from __future__ import annotations

import string
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest

from dugong.exceptions import InvalidResponse
from dugong.limits import MAX_FIELDS, MAX_HEADER_SIZE, Limits
from dugong.protocol.fields import FieldSection
from tests.unit.split import (
    Parsed,
    check_everywhere,
    check_refused_at_end,
    filled,
    looks_per_octet,
    octet_by_octet,
    outcome,
    rest_of,
)

if TYPE_CHECKING:
    from dugong.protocol.read_buffer import ReadBuffer

DEFAULT: Final = Limits()


def section_parser(limits: Limits = DEFAULT) -> Callable[[ReadBuffer], str | None]:
    """Return a parser that consumes one field section and returns its text."""
    section = FieldSection(limits)

    def parse(buffer: ReadBuffer) -> str | None:
        end = section.find_end(buffer)
        if end is None:
            return None
        text = section.text(buffer, end)
        buffer.skip(end)
        return text

    return parse


@pytest.mark.parametrize(
    ("section", "text"),
    [
        pytest.param(b"\r\n", "", id="empty"),
        pytest.param(b"A: b\r\n\r\n", "A: b\r\n", id="one field"),
        pytest.param(b"A: b\r\nC: d\r\n\r\n", "A: b\r\nC: d\r\n", id="two fields"),
        pytest.param(b"A:b\r\n\r\n", "A:b\r\n", id="no blank"),
        pytest.param(b"A:\r\n\r\n", "A:\r\n", id="empty value"),
        pytest.param(b"A: \t b\tc \t \r\n\r\n", "A: \t b\tc \t \r\n", id="blanks"),
        pytest.param(b"A: b:c\r\n\r\n", "A: b:c\r\n", id="colon in the value"),
        pytest.param(b"A: \xe4\xff\x80\r\n\r\n", "A: \xe4\xff\x80\r\n", id="8-bit octets"),
        pytest.param(
            b"!#$%&'*+-.^_`|~09azAZ: b\r\n\r\n", "!#$%&'*+-.^_`|~09azAZ: b\r\n", id="name"
        ),
        pytest.param(b"A: b\r\n c\r\n\r\n", "A: b c\r\n", id="fold"),
        pytest.param(b"A: b\r\n\tc\r\n\r\n", "A: b c\r\n", id="fold with a tab"),
        pytest.param(b"A: b \t\r\n \t c\r\n\r\n", "A: b c\r\n", id="fold within blanks"),
        pytest.param(b"A: b\r\n c\r\n d\r\n\r\n", "A: b c d\r\n", id="two folds"),
        pytest.param(b"A: b\r\n \r\n c\r\n\r\n", "A: b  c\r\n", id="fold of blanks only"),
        pytest.param(b"A:\r\n b\r\n\r\n", "A: b\r\n", id="fold before the value"),
        pytest.param(b"A: b\r\n \r\n\r\n", "A: b \r\n", id="fold behind the value"),
        pytest.param(b"A: b\r\n c\r\nD: e\r\n\r\n", "A: b c\r\nD: e\r\n", id="field behind a fold"),
        pytest.param(b"A: b\r\n C: d\r\n\r\n", "A: b C: d\r\n", id="fold that looks like a field"),
    ],
)
def test_section_is_read_to_its_empty_line(section: bytes, text: str) -> None:
    check_everywhere(section_parser, section + b"x", Parsed(text, rest=b"x"))


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"A: b\r\n", id="line"),
        pytest.param(b"A: b\r\n\r", id="CR of the empty line"),
        pytest.param(b"A: b\r", id="CR of a line"),
        pytest.param(b"no colon yet", id="begun line"),
        pytest.param(b"A: b\r\n c", id="begun fold"),
        pytest.param(b"A\0", id="wrong line that has not ended"),
    ],
)
def test_section_without_its_end_is_awaited(lines: bytes) -> None:
    check_everywhere(section_parser, lines, None)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        pytest.param(b"A: b\n", "field line ends in a bare LF", id="bare LF"),
        pytest.param(b"\n", "field line ends in a bare LF", id="bare LF for the empty line"),
        pytest.param(b"A: b\rc\r\n", "bare CR or NUL in a field line", id="bare CR"),
        pytest.param(b"A: b\r\r\n", "bare CR or NUL in a field line", id="CR twice"),
        pytest.param(b"\r\r\n", "bare CR or NUL in a field line", id="CR twice for the empty line"),
        pytest.param(b"A: \0\r\n", "bare CR or NUL in a field line", id="NUL in the value"),
        pytest.param(b"A\0: b\r\n", "bare CR or NUL in a field line", id="NUL in the name"),
        pytest.param(b"no colon\r\n", "field line has no colon", id="no colon"),
        pytest.param(b": b\r\n", "field name is empty", id="empty name"),
        pytest.param(b"A : b\r\n", "blank between field name and colon", id="blank before colon"),
        pytest.param(b"A : b:c\r\n", "blank between field name and colon", id="and another colon"),
        pytest.param(b"A\t: b\r\n", "blank between field name and colon", id="tab before colon"),
        pytest.param(b"A b: c\r\n", "field name is not a token", id="blank in the name"),
        pytest.param(b"A(: b\r\n", "field name is not a token", id="delimiter in the name"),
        pytest.param(b"\xe4: b\r\n", "field name is not a token", id="8-bit name"),
        pytest.param(b"A\x01: b\r\n", "field name is not a token", id="control in the name"),
        pytest.param(b"A: \x01\r\n", "control character in a field value", id="control"),
        pytest.param(b"A: \x0b\r\n", "control character in a field value", id="vertical tab"),
        pytest.param(b"A: \x7f\r\n", "control character in a field value", id="DEL"),
    ],
)
@pytest.mark.parametrize(
    "before", [pytest.param(b"", id="first"), pytest.param(b"X: y\r\n", id="second")]
)
def test_wrong_line_is_refused_with_its_lf(before: bytes, line: bytes, rule: str) -> None:
    check_refused_at_end(section_parser, before + line, InvalidResponse, f"^{rule}: b")


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        pytest.param(b" A: b\r\n", "blank before the first field", id="blank first"),
        pytest.param(b"\tA: b\r\n", "blank before the first field", id="tab first"),
        pytest.param(b" \r\n", "blank before the first field", id="only a blank"),
        pytest.param(b"A: b\r\n \x01\r\n", "control character in a folded line", id="control"),
        pytest.param(b"A: b\r\n c\n", "field line ends in a bare LF", id="bare LF in a fold"),
        pytest.param(
            b"A: b\r\n c\rd\r\n", "bare CR or NUL in a field line", id="bare CR in a fold"
        ),
    ],
)
def test_wrong_fold_is_refused_with_its_lf(lines: bytes, rule: str) -> None:
    check_refused_at_end(section_parser, lines, InvalidResponse, f"^{rule}: b")


def test_rule_that_is_named_is_the_same_for_all_letters() -> None:
    for letter in string.ascii_letters:
        with pytest.raises(InvalidResponse, match="field name is not a token"):
            section_parser()(filled(f"{letter}({letter}: {letter}\r\n".encode()))


def test_refusal_shows_at_most_40_octets() -> None:
    with pytest.raises(InvalidResponse) as caught:
        section_parser()(filled(b"\xe4" * 100 + b"\r\n"))
    assert str(caught.value).count("\\xe4") == 40


def test_section_may_begin_within_the_buffer() -> None:
    buffer = filled(b"status line\r\nA: b\r\n c\r\n\r\nrest")
    section = FieldSection(DEFAULT, begin=13)
    end = section.find_end(buffer)
    assert end == 25
    assert section.text(buffer, 25) == "A: b c\r\n"
    assert rest_of(buffer)[25:] == b"rest"


@pytest.mark.parametrize(
    ("section", "folded"), [(b"A: b\r\n\r\n", False), (b"A: b\r\n c\r\nD: e\r\n\r\n", True)]
)
def test_section_knows_whether_a_line_was_folded(section: bytes, folded: bool) -> None:
    parser = FieldSection(DEFAULT)
    parser.find_end(filled(section))
    assert parser.folded is folded


# -- limits


def section_of(size: int, fields: int = 1) -> bytes:
    """Return a section of *size* octets without its empty line."""
    line = b"n:" + b"v" * (size // fields - 4) + b"\r\n"
    last = b"n:" + b"v" * (size - (fields - 1) * len(line) - 4) + b"\r\n"
    return line * (fields - 1) + last


SMALL: Final = Limits(header_size=64, fields=3)


@pytest.mark.parametrize(
    "section",
    [
        pytest.param(section_of(64), id="one line"),
        pytest.param(section_of(64, 2), id="two lines"),
        pytest.param(section_of(59) + b" \x20\x20\r\n", id="folded"),
    ],
)
def test_section_of_exactly_the_limit_is_accepted(section: bytes) -> None:
    assert len(section) == 64
    for segments in ([section + b"\r\n"], octet_by_octet(section + b"\r\n")):
        assert isinstance(outcome(section_parser(SMALL), segments), Parsed)


@pytest.mark.parametrize(
    "section",
    [
        pytest.param(section_of(65), id="one line"),
        pytest.param(section_of(65, 2), id="two lines"),
        pytest.param(section_of(60) + b" \x20\x20\r\n", id="folded"),
    ],
)
def test_section_of_one_octet_more_is_refused(section: bytes) -> None:
    assert len(section) == 65
    check_refused_at_end(
        lambda: section_parser(SMALL), section, InvalidResponse, "section exceeds 64 octets"
    )


def test_line_that_does_not_end_is_refused_at_the_limit() -> None:
    check_refused_at_end(
        lambda: section_parser(SMALL), b"n:" + b"v" * 63, InvalidResponse, "exceeds 64 octets"
    )


def test_cr_that_may_belong_to_the_empty_line_does_not_count() -> None:
    assert outcome(section_parser(SMALL), [section_of(64) + b"\r"]) is None


def test_section_of_exactly_the_default_limit_is_accepted() -> None:
    section = section_of(MAX_HEADER_SIZE, 16)
    expected = Parsed(section.decode())
    assert outcome(section_parser(), [section + b"\r\n"]) == expected
    assert outcome(section_parser(), octet_by_octet(section + b"\r\n")) == expected


def test_section_of_one_octet_more_than_the_default_limit_is_refused() -> None:
    section = section_of(MAX_HEADER_SIZE + 1, 16)
    assert outcome(section_parser(), [section + b"\r\n"]) is InvalidResponse
    assert outcome(section_parser(), [section]) is InvalidResponse
    assert outcome(section_parser(), octet_by_octet(section)) is InvalidResponse


def test_one_line_may_fill_the_whole_section() -> None:
    section = section_of(MAX_HEADER_SIZE)
    for segments in ([section, b"\r\n"], octet_by_octet(section + b"\r\n")):
        assert outcome(section_parser(), segments) == Parsed(section.decode())


def test_as_many_fields_as_allowed_are_accepted() -> None:
    check_everywhere(lambda: section_parser(SMALL), b"a:\r\n" * 3 + b"\r\n", Parsed("a:\r\n" * 3))
    section = b"a:\r\n" * MAX_FIELDS
    assert outcome(section_parser(), [section + b"\r\n"]) == Parsed(section.decode())


def test_one_field_more_is_refused() -> None:
    check_refused_at_end(
        lambda: section_parser(SMALL), b"a:\r\n" * 4, InvalidResponse, "more than 3 field lines"
    )
    assert outcome(section_parser(), [b"a:\r\n" * (MAX_FIELDS + 1)]) is InvalidResponse


def test_folds_are_not_counted_as_fields() -> None:
    section = b"a:\r\n" + b" b\r\n" * 10 + b"\r\n"
    assert outcome(section_parser(SMALL), [section]) == Parsed("a:" + " b" * 10 + "\r\n")


def test_a_fault_is_met_again_when_the_section_is_looked_at_again() -> None:
    section = FieldSection(SMALL)
    buffer = filled(b"a:\r\n" * 4)
    for _ in range(3):
        with pytest.raises(InvalidResponse, match="more than 3"):
            section.find_end(buffer)


@pytest.mark.parametrize(
    "section",
    [
        pytest.param(section_of(20_000), id="long line"),
        pytest.param(section_of(20_000, 256), id="many lines"),
        pytest.param(b"a:b\r\n" + b" c\r\n" * 5000, id="many folds"),
    ],
)
def test_each_octet_is_looked_at_a_few_times_only(section: bytes) -> None:
    assert looks_per_octet(section_parser(), section + b"\r\n") < 5


def test_the_work_on_folds_is_linear() -> None:
    section = b"a: b\r\n c" + b" " * 65_000 + b"d\r\n\r\n"
    for _ in range(50):
        assert isinstance(outcome(section_parser(), [section]), Parsed)
