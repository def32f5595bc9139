from __future__ import annotations

import itertools
import string
from typing import TYPE_CHECKING

import pytest

from dugong.protocol import line_grammar

if TYPE_CHECKING:
    import re

OCTETS = [chr(i) for i in range(256)]
# RFC 9110 section 5.6.2, letter for letter
TCHARS = set("!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters)
# RFC 9110 section 5.5: field-vchar, SP, HTAB
TEXT = {"\t", *map(chr, range(0x20, 0x7F)), *map(chr, range(0x80, 0x100))}


@pytest.mark.parametrize(
    ("expression", "before", "after", "allowed"),
    [
        pytest.param(line_grammar.STATUS_LINE, "HTTP/1.1 200 ", "", TEXT, id="reason"),
        pytest.param(line_grammar.STATUS_LINE_START, "HTTP/1.1 200 ", "x", TEXT, id="begun reason"),
        pytest.param(line_grammar.FIELD_LINE, "", ":v\r\n", TCHARS, id="field name"),
        pytest.param(line_grammar.FIELD_LINE, "n:", "\r\n", TEXT, id="field value"),
        pytest.param(line_grammar.FOLDED_LINE, " ", "\r\n", TEXT, id="folded line"),
    ],
)
def test_each_octet_is_allowed_or_not(
    expression: re.Pattern[str], before: str, after: str, allowed: set[str]
) -> None:
    assert {c for c in OCTETS if expression.fullmatch(before + c + after)} == allowed


CHUNK_EXTENSION_TEXT = TEXT - {'"'}


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        pytest.param("5", "\r\n", {*string.hexdigits, " ", "\t", ";"}, id="behind the size"),
        pytest.param("", "5\r\n", set(string.hexdigits), id="before the size"),
        pytest.param("5;", "\r\n", CHUNK_EXTENSION_TEXT, id="extension"),
    ],
)
def test_each_octet_of_a_chunk_line_is_allowed_or_not(
    before: str, after: str, allowed: set[str]
) -> None:
    def is_line(octet: str) -> bool:
        line = (before + octet + after).encode("latin-1")
        return line_grammar.CHUNK_LINE.fullmatch(line) is not None

    assert {c for c in OCTETS if is_line(c)} == allowed


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        pytest.param("", "", CHUNK_EXTENSION_TEXT - {"\\"}, id="quoted"),
        pytest.param("a\\", "b", TEXT, id="escaped"),
    ],
)
def test_each_octet_of_a_quoted_extension_is_allowed_or_not(
    before: str, after: str, allowed: set[str]
) -> None:
    def is_quoted(octet: str) -> bool:
        text = (before + octet + after).encode("latin-1")
        return line_grammar.EXTENSION_QUOTED_TEXT.fullmatch(text) is not None

    assert {c for c in OCTETS if is_quoted(c)} == allowed


@pytest.mark.parametrize(
    "digits",
    [
        pytest.param("\u0661\u0662\u0663", id="arabic"),
        pytest.param("\uff11\uff12\uff13", id="fullwidth"),
        pytest.param("\u00b2\u00b3\u00b9", id="superscript"),
    ],
)
def test_digits_are_ascii(digits: str) -> None:
    assert not line_grammar.STATUS_LINE.fullmatch(f"HTTP/1.1 {digits} OK")


@pytest.mark.parametrize(
    ("line", "is_status_line"),
    [
        pytest.param("HTTP/1.1 200 OK", True, id="usual"),
        pytest.param("HTTP/1.1 200 ", True, id="empty reason"),
        pytest.param("HTTP/1.1 200", True, id="no reason"),
        pytest.param("HTTP/1.0 100 x", True, id="lowest"),
        pytest.param("HTTP/1.9 999 x", True, id="highest"),
        pytest.param("HTTP/1.1 200 OK\n", False, id="LF"),
        pytest.param("HTTP/1.1 099 OK", False, id="first digit 0"),
        pytest.param("HTTP/1.1 2000", False, id="four digits"),
        pytest.param("HTTP/1.1 20", False, id="two digits"),
    ],
)
def test_status_line(line: str, is_status_line: bool) -> None:
    assert bool(line_grammar.STATUS_LINE.fullmatch(line)) is is_status_line


def test_every_beginning_of_a_status_line_can_become_one() -> None:
    line = "HTTP/1.1 200 OK\r"
    assert all(line_grammar.STATUS_LINE_START.fullmatch(line[:i]) for i in range(1, len(line) + 1))


def test_every_beginning_of_another_major_version_can_become_one() -> None:
    line = "HTTP/2.0 "
    assert all(line_grammar.STATUS_LINE_START.fullmatch(line[:i]) for i in range(1, len(line)))
    assert line_grammar.OTHER_MAJOR_VERSION.match(line)


@pytest.mark.parametrize("major", [pytest.param(c, id=c) for c in "023456789"])
def test_other_major_version(major: str) -> None:
    assert line_grammar.OTHER_MAJOR_VERSION.match(f"HTTP/{major}.0 200 OK")


def test_major_version_1_is_no_other() -> None:
    assert not line_grammar.OTHER_MAJOR_VERSION.match("HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("size", "is_size"),
    [
        pytest.param("0", True, id="zero"),
        pytest.param("aBcDeF", True, id="both cases"),
        pytest.param("7fffffffffffffff", True, id="below 2**63"),
        pytest.param("8000000000000000", False, id="2**63"),
        pytest.param("0000000000000001", True, id="16 digits"),
        pytest.param("00000000000000001", False, id="17 digits"),
        pytest.param("", False, id="empty"),
        pytest.param("0x1", False, id="prefix"),
        pytest.param("-1", False, id="sign"),
        pytest.param("1_0", False, id="underscore"),
        pytest.param(" 1", False, id="blank before"),
    ],
)
def test_chunk_size(size: str, is_size: bool) -> None:
    line = f"{size}\r\n".encode()
    assert bool(line_grammar.CHUNK_LINE.fullmatch(line)) is is_size
    assert bool(line_grammar.CHUNK_DATA_END_AND_LINE.fullmatch(b"\r\n" + line)) is is_size


def fold_by_rule(text: str) -> str:
    """Replace each OWS CRLF RWS by one SP, without an expression."""
    out = ""
    while text:
        blanks = len(text) - len(text.lstrip(" \t"))
        behind = text[blanks:].removeprefix("\r\n")
        is_fold = len(behind) < len(text) - blanks and behind[:1] in {" ", "\t"}
        if is_fold:
            out, text = out + " ", behind.lstrip(" \t")
        else:
            step = max(blanks, 1)
            out, text = out + text[:step], text[step:]
    return out


def test_each_fold_is_found_whatever_stands_around_it() -> None:
    for length in range(1, 8):
        for parts in itertools.product(("\r\n", " ", "\t", "x"), repeat=length):
            text = "".join(parts)
            assert line_grammar.OBS_FOLD.sub(" ", text) == fold_by_rule(text), repr(text)


# Input on which an expression that goes back, or begins anew at each octet, would take hours.
MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        pytest.param(
            line_grammar.STATUS_LINE, "HTTP/1.1 200 " + " " * MEGABYTE + "\0", id="reason"
        ),
        pytest.param(
            line_grammar.STATUS_LINE_START,
            "HTTP/1.1 200 " + " " * MEGABYTE + "\0",
            id="begun reason",
        ),
        pytest.param(line_grammar.FIELD_LINE, "a:" + " " * MEGABYTE + "\0", id="value"),
        pytest.param(line_grammar.FIELD_LINE, "a" * MEGABYTE, id="name"),
        pytest.param(line_grammar.FOLDED_LINE, " " * MEGABYTE, id="folded line"),
    ],
)
def test_work_on_text_is_linear(expression: re.Pattern[str], text: str) -> None:
    assert not expression.fullmatch(text)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"5" + b" " * MEGABYTE + b"\0", id="blanks"),
        pytest.param(b"5;" + b"a" * MEGABYTE + b"\0", id="extension"),
        pytest.param(b"5;" + b'""' * MEGABYTE + b'"', id="many quotes"),
        pytest.param(b'5;a="' + b"\\\\" * MEGABYTE + b"\\", id="many escapes"),
    ],
)
def test_work_on_chunk_lines_is_linear(line: bytes) -> None:
    assert not line_grammar.CHUNK_LINE.match(line)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a:" + " " * MEGABYTE + "b", id="blanks without a fold"),
        pytest.param("a:" + " " * MEGABYTE + "\r\nb", id="blanks before CRLF"),
        pytest.param("\r\n" * MEGABYTE, id="empty lines"),
    ],
)
def test_work_on_folds_is_linear(text: str) -> None:
    assert line_grammar.OBS_FOLD.sub(" ", text) == text
