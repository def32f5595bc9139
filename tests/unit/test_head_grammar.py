from __future__ import annotations

import string

import pytest

from dugong.protocol.head_grammar import HEAD

OCTETS = [bytes([i]) for i in range(256)]
# RFC 9110 section 5.6.2, letter for letter
TCHARS = {*b"!#$%&'*+-.^_`|~", *string.digits.encode(), *string.ascii_letters.encode()}
# RFC 9110 section 5.5: field-vchar, SP, HTAB
TEXT = {ord("\t"), *range(0x20, 0x7F), *range(0x80, 0x100)}
STATUS_LINE = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        pytest.param(b"HTTP/1.1 200 ", b"\r\n\r\n", TEXT, id="reason"),
        pytest.param(STATUS_LINE + b"n", b":v\r\n\r\n", TCHARS | {ord(":")}, id="name"),
        pytest.param(STATUS_LINE + b"n:", b"\r\n\r\n", TEXT, id="value"),
        pytest.param(STATUS_LINE + b"Connection:", b"\r\n\r\n", TEXT, id="value that decides"),
        pytest.param(
            STATUS_LINE + b"Connection:\r\nn",
            b":v\r\n\r\n",
            TCHARS | {ord(":")},
            id="name behind one that decides",
        ),
        pytest.param(
            STATUS_LINE + b"Connection:\r\n" * 2 + b"n",
            b":v\r\n\r\n",
            TCHARS | {ord(":")},
            id="name behind two that decide",
        ),
        pytest.param(
            STATUS_LINE + b"Connection:\r\n" * 3 + b"n:",
            b"\r\n\r\n",
            TEXT,
            id="value behind three that decide",
        ),
    ],
)
def test_each_octet_is_allowed_or_not(before: bytes, after: bytes, allowed: set[int]) -> None:
    assert {ord(c) for c in OCTETS if HEAD.fullmatch(before + c + after)} == allowed


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"content-length", id="lower case"),
        pytest.param(b"CONTENT-LENGTH", id="upper case"),
        pytest.param(b"Transfer-Encoding", id="Transfer-Encoding"),
        pytest.param(b"cONNECTION", id="mixed case"),
    ],
)
def test_name_that_decides_is_found_in_any_case(name: bytes) -> None:
    match = HEAD.fullmatch(STATUS_LINE + b"A: b\r\n" + name + b": v\r\nC: d\r\n\r\n")
    assert match is not None
    assert match.groups()[4:] == (name, b" v", None, None, b"")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"X-Content-Length", id="more before"),
        pytest.param(b"Content-Length-X", id="more behind"),
        pytest.param(b"Content-Lengt", id="less"),
        pytest.param(b"Cookie", id="first letter only"),
    ],
)
def test_other_name_does_not_decide(name: bytes) -> None:
    match = HEAD.fullmatch(STATUS_LINE + name + b": v\r\n\r\n")
    assert match is not None
    assert match.groups()[4:] == (None,) * 5


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"Tontent-Length", id="Tontent-Length"),
        pytest.param(b"tonnection", id="tonnection"),
        pytest.param(b"CRANSFER-ENCODING", id="CRANSFER-ENCODING"),
    ],
)
def test_what_is_too_like_one_that_decides_is_left_to_others(name: bytes) -> None:
    assert not HEAD.fullmatch(STATUS_LINE + name + b": v\r\n\r\n")


# U+212A and U+017F become letters of ASCII in lower case.
def test_8_bit_octets_are_no_letters() -> None:
    assert not HEAD.fullmatch(STATUS_LINE + "tran\u017ffer-encoding: a\r\n\r\n".encode())


# Input on which an expression that goes back, or begins anew at each octet, would take hours.
MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(b"a: b\r\n" * (MEGABYTE // 6), id="others"),
        pytest.param(b"Connection: b\r\n" * (MEGABYTE // 15), id="that decide"),
        pytest.param(b"a:" + b" " * MEGABYTE, id="one"),
    ],
)
def test_work_is_linear(lines: bytes) -> None:
    assert not HEAD.match(STATUS_LINE + lines + b"\0")
