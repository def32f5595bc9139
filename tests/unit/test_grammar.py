from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

import pytest

from dugong.protocol import grammar, head_grammar, line_grammar

if TYPE_CHECKING:
    from types import ModuleType

OCTETS = [chr(i) for i in range(256)]
# RFC 9110 section 5.6.2, letter for letter
TCHARS = set("!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters)
# RFC 9110 section 5.5: field-vchar, SP, HTAB
TEXT = {"\t", *map(chr, range(0x20, 0x7F)), *map(chr, range(0x80, 0x100))}


def test_token_is_made_of_tchars_only() -> None:
    assert {c for c in OCTETS if grammar.TOKEN.fullmatch(c)} == TCHARS


def test_token_is_not_empty() -> None:
    assert not grammar.TOKEN.fullmatch("")


def test_field_text_has_no_control_but_tab() -> None:
    assert {c for c in OCTETS if grammar.FIELD_TEXT.fullmatch(c)} == TEXT


@pytest.mark.parametrize(
    ("expression", "before", "after", "allowed"),
    [
        pytest.param(
            grammar.ORIGIN_FORM, "/", "", set(map(chr, range(0x21, 0x7F))) - {"#"}, id="path"
        ),
        pytest.param(
            grammar.REGISTERED_NAME,
            "a",
            "",
            set(string.ascii_letters + string.digits + "-._~"),
            id="name",
        ),
        pytest.param(
            grammar.REGISTERED_NAME,
            "",
            "a",
            set(string.ascii_letters + string.digits + "_"),
            id="first of a name",
        ),
        pytest.param(grammar.CONTENT_LENGTH, "1", "", set(string.digits), id="length"),
    ],
)
def test_each_octet_is_allowed_or_not(
    expression: re.Pattern[str], before: str, after: str, allowed: set[str]
) -> None:
    assert {c for c in OCTETS if expression.fullmatch(before + c + after)} == allowed


@pytest.mark.parametrize(
    "digits",
    [
        pytest.param("\u0661\u0662\u0663", id="arabic"),
        pytest.param("\uff11\uff12\uff13", id="fullwidth"),
        pytest.param("\u00b2\u00b3\u00b9", id="superscript"),
    ],
)
def test_digits_are_ascii(digits: str) -> None:
    assert not grammar.CONTENT_LENGTH.fullmatch(digits)


@pytest.mark.parametrize(
    ("value", "is_host"),
    [
        pytest.param("example.com", True, id="name"),
        pytest.param("example.com:8080", True, id="port"),
        pytest.param("example.com:", True, id="empty port"),
        pytest.param("", True, id="empty"),
        pytest.param("[::1]", True, id="IPv6"),
        pytest.param("[::1]:443", True, id="IPv6 with port"),
        pytest.param("::1", False, id="IPv6 without brackets"),
        pytest.param("a b", False, id="blank"),
        pytest.param("a/b", False, id="slash"),
        pytest.param("a@b", False, id="user"),
        pytest.param("a#b", False, id="fragment"),
        pytest.param("a?b", False, id="query"),
        pytest.param("a:b", False, id="port of letters"),
        pytest.param("a:1:2", False, id="two ports"),
        pytest.param("[::1", False, id="open bracket"),
        pytest.param("\u00fc", False, id="8-bit"),
    ],
)
def test_host_value(value: str, is_host: bool) -> None:
    assert bool(grammar.HOST_VALUE.fullmatch(value)) is is_host


@pytest.mark.parametrize(
    ("octets", "is_announcement"),
    [
        pytest.param(b"HTTP/1.1 408 Request Timeout", True, id="with reason"),
        pytest.param(b"HTTP/1.0 408", True, id="bare"),
        pytest.param(b"HTTP/1.1 4080", False, id="other number"),
        pytest.param(b"HTTP/1.1 400", False, id="other status"),
        pytest.param(b"\r\nHTTP/1.1 408", False, id="behind an empty line"),
    ],
)
def test_timeout_response(octets: bytes, is_announcement: bool) -> None:
    assert bool(grammar.TIMEOUT_RESPONSE.match(octets)) is is_announcement


# Input on which an expression that goes back, or begins anew at each octet, would take hours.
MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        pytest.param(grammar.TOKEN, "a" * MEGABYTE + " ", id="token"),
        pytest.param(grammar.FIELD_TEXT, "a" * MEGABYTE + "\0", id="text"),
        pytest.param(grammar.ORIGIN_FORM, "/" * MEGABYTE + " ", id="path"),
        pytest.param(grammar.HOST_VALUE, "a" * MEGABYTE + " ", id="host"),
        pytest.param(grammar.REGISTERED_NAME, "a-" * MEGABYTE + " ", id="name of a host"),
    ],
)
def test_work_on_text_is_linear(expression: re.Pattern[str], text: str) -> None:
    assert not expression.fullmatch(text)


def expressions_of(module: ModuleType) -> dict[str, str]:
    """Return the compiled expressions of *module*, without the classes of characters in them."""
    return {
        name: re.sub(
            r"\[(?:\\.|[^\]\\])*\]",
            "[]",
            value.pattern if isinstance(value.pattern, str) else value.pattern.decode("latin-1"),
        )
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    }


@pytest.mark.parametrize(
    "module", [grammar, head_grammar, line_grammar], ids=lambda module: module.__name__
)
def test_no_group_is_possessive(module: ModuleType) -> None:
    """Before Python 3.11.5 the octets of its last round count as matched though they failed."""
    expressions = expressions_of(module)
    assert expressions
    for name, pattern in expressions.items():
        assert not re.search(r"\)(?:[*+?]|\{[0-9,]*\})\+", pattern), name
