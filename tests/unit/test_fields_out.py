from __future__ import annotations

import string
from collections import UserDict
from email.message import Message
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from dugong.case_insensitive import CaseInsensitiveDict
from dugong.protocol.fields_out import (
    check_fields,
    check_no_framing_fields,
    check_proxy_fields,
    copied,
    encode_fields,
    lower_names,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TCHARS = set("!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters)
# Controls but HTAB; what is beyond U+00FF is no octet of latin-1.
NOT_IN_VALUES = {*map(chr, range(0x20)), "\x7f", "\u0100", "\u20ac", "\U0001f600", "\ud800"} - {
    "\t"
}


def is_good(fields: Mapping[str, str]) -> bool:
    try:
        check_fields(fields)
    except ValueError:
        return False
    return True


def test_each_character_of_a_name_is_checked() -> None:
    assert {chr(c) for c in range(0x300) if is_good({f"a{chr(c)}b": "v"})} == TCHARS


def test_each_character_of_a_value_is_checked() -> None:
    wrong = {chr(c) for c in range(0x300) if not is_good({"n": f"a{chr(c)}b"})}
    assert wrong == {c for c in NOT_IN_VALUES if c < "\u0100"} | set(map(chr, range(0x100, 0x300)))


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="none"),
        pytest.param({"A": ""}, id="empty value"),
        pytest.param({"A": "b c\td"}, id="blanks within"),
        pytest.param({"A": "\x80\xff"}, id="latin-1"),
        pytest.param({"A": "b", "a": "b"}, id="equal but for case"),
        pytest.param({"A": "b:c"}, id="colon in the value"),
        pytest.param(MappingProxyType({"A": "b"}), id="read-only mapping"),
        pytest.param(UserDict({"A": "b"}), id="UserDict"),
        pytest.param(CaseInsensitiveDict({"A": "b"}), id="CaseInsensitiveDict"),
        pytest.param({f"A{i}": "b" * 1000 for i in range(1000)}, id="many"),
    ],
)
def test_good_fields(fields: Mapping[str, str]) -> None:
    check_fields(fields)


NAME = "name is not a token"
VALUE = "value of field A has a character that is not allowed"
BLANK = "value of field A begins or ends with a blank"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        pytest.param("", "b", NAME, id="empty name"),
        pytest.param("A ", "b", NAME, id="blank behind the name"),
        pytest.param(" A", "b", NAME, id="blank before the name"),
        pytest.param("A:", "b", NAME, id="colon in the name"),
        pytest.param("A\n", "b", NAME, id="LF in the name"),
        pytest.param("A\r\nB", "c", NAME, id="CRLF in the name"),
        pytest.param("A: b\r\nC", "d", NAME, id="line in the name"),
        pytest.param("\xe4", "b", NAME, id="8-bit name"),
        pytest.param("A", "b\r\nC: d", VALUE, id="line in the value"),
        pytest.param("A", "b\r\n c", VALUE, id="fold"),
        pytest.param("A", "b\n", VALUE, id="LF"),
        pytest.param("A", "b\r", VALUE, id="CR"),
        pytest.param("A", "b\0", VALUE, id="NUL"),
        pytest.param("A", "b\x85c\u2028", VALUE, id="line separator"),
        pytest.param("A", "\u20ac", VALUE, id="beyond latin-1"),
        pytest.param("A", " b", BLANK, id="blank before"),
        pytest.param("A", "b ", BLANK, id="blank behind"),
        pytest.param("A", "\tb", BLANK, id="tab before"),
        pytest.param("A", "b\t", BLANK, id="tab behind"),
        pytest.param("A", " ", BLANK, id="only a blank"),
    ],
)
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        pytest.param({}, {}, id="alone"),
        pytest.param({"X": "y"}, {"Z": "z"}, id="among others"),
        # A no-break space and the control U+0085 are no blanks of HTTP.
        pytest.param({"X": "X\xa0"}, {"Z": "\x85Z"}, id="among others with odd ends"),
    ],
)
def test_wrong_field_is_named(
    name: str, value: str, message: str, before: dict[str, str], behind: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match=message):
        check_fields({**before, name: value, **behind})


# Two fields that are good together but not apart: names and values are judged as one text each.
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"": "b", "A": "c"}, id="empty name before another"),
        pytest.param({"A": "b ", "C": "d"}, id="blank before another value"),
    ],
)
def test_field_is_not_completed_by_its_neighbour(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        check_fields(fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({b"A": "b"}, "field name must be a str, not bytes", id="name of bytes"),
        pytest.param({5: "b"}, "field name must be a str, not int", id="number as a name"),
        pytest.param({None: "b"}, "field name must be a str, not NoneType", id="no name"),
        pytest.param({"A": b"b"}, "value of field A must be a str, not bytes", id="bytes"),
        pytest.param({"A": 5}, "value of field A must be a str, not int", id="number"),
        pytest.param({"A": None}, "value of field A must be a str, not NoneType", id="None"),
        pytest.param({"A": ["b"]}, "value of field A must be a str, not list", id="list"),
    ],
)
def test_wrong_type_is_named(fields: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        check_fields(fields)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([("A", "b")], id="pairs"),
        pytest.param([], id="empty list"),
        pytest.param("A: b", id="text"),
        pytest.param("", id="empty text"),
        pytest.param(Message(), id="message"),
        pytest.param(None, id="nothing"),
    ],
)
def test_what_is_no_mapping_is_refused(fields: Any) -> None:
    kind = type(fields).__name__
    with pytest.raises(TypeError, match=f"fields must be a mapping of str to str, not {kind}$"):
        copied(fields)


def test_copy_is_of_its_own() -> None:
    fields = {"A": "b"}
    copy = copied(fields)
    fields["A"] = "c"
    assert copy == {"A": "b"}


class Restless(UserDict[str, str]):
    """Fields that look wrong to whoever looks at their names alone."""

    def keys(self) -> Any:
        return ["not a token"]


def test_each_field_is_judged_where_all_together_look_wrong() -> None:
    check_fields(Restless({"A": "b"}))
    with pytest.raises(ValueError, match=VALUE):
        check_fields(Restless({"A": "b\n"}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("@" * 100, "v", id="name"),
        pytest.param("n" * 100, 5, id="type of the value"),
        pytest.param("n" * 100, "\n", id="value"),
        pytest.param("n" * 100, " v", id="blank"),
    ],
)
def test_refusal_shows_at_most_40_characters_of_a_name(name: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        check_fields({name: value})
    assert name[:40] in str(caught.value)
    assert name[:41] not in str(caught.value)


def test_refusal_does_not_show_the_value() -> None:
    with pytest.raises(ValueError, match="Authorization") as caught:
        check_fields({"Authorization": "secret\n"})
    assert "secret" not in str(caught.value)


# -- trailers

NOT_IN_TRAILERS = [
    "transfer-encoding",
    "content-length",
    "host",
    "trailer",
    "te",
    "connection",
    "keep-alive",
    "upgrade",
    "expect",
    "range",
    "max-forwards",
    "cache-control",
    "pragma",
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "content-encoding",
    "content-type",
    "content-range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
    "proxy-connection",
]


@pytest.mark.parametrize("name", NOT_IN_TRAILERS)
def test_field_that_frames_or_routes_is_no_trailer(name: str) -> None:
    with pytest.raises(ValueError, match=f"field is not allowed in trailers: {name}"):
        check_no_framing_fields(["x-checksum", name])


def test_other_fields_may_be_trailers() -> None:
    check_no_framing_fields(["x-checksum", "server-timing", "content-md5", "digest", "etag"])


# -- fields for a proxy


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="none"),
        pytest.param({"Proxy-Authorization": "Basic QTpi"}, id="credentials"),
        pytest.param({"User-Agent": "a", "X-Trace": "b"}, id="others"),
    ],
)
def test_fields_for_a_proxy(fields: dict[str, str]) -> None:
    check_proxy_fields(fields)


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "HOST",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Expect",
        "TE",
        "Trailer",
        "Upgrade",
        "Accept-Encoding",
    ],
)
def test_fields_of_the_message_are_not_for_a_proxy(name: str) -> None:
    with pytest.raises(ValueError, match="not allowed in proxy_headers"):
        check_proxy_fields({"X-Trace": "a", name: "b"})


def test_fields_for_a_proxy_are_checked_like_others() -> None:
    with pytest.raises(ValueError, match=NAME):
        check_proxy_fields({"a b": "c"})
    with pytest.raises(ValueError, match=VALUE):
        check_proxy_fields({"A": "b\r\nC: d"})


def test_fields_for_a_proxy_differ_by_more_than_case() -> None:
    message = r"^proxy_headers have two names that are equal but for case$"
    with pytest.raises(ValueError, match=message):
        check_proxy_fields({"A": "b", "a": "c"})


def test_fields_for_a_proxy_are_a_mapping() -> None:
    wrong: Any = [("A", "b")]
    with pytest.raises(TypeError, match="must be a mapping"):
        check_proxy_fields(wrong)


# -- lines


def test_lower_names() -> None:
    assert lower_names({"Content-Type": "B", "X": "c"}) == {"content-type": "B", "x": "c"}


def test_fields_are_written_in_order_each_with_its_crlf() -> None:
    assert encode_fields({"B": "c", "A": "", "C": "d e"}) == "B: c\r\nA: \r\nC: d e\r\n"


def test_no_fields_are_no_lines() -> None:
    assert encode_fields({}) == ""
