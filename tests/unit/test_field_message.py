from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from email import policy
from email.message import Message
from functools import partial
from typing import Final

import pytest

from dugong.protocol.field_message import FieldMessage

LINES: Final = (
    "Content-Type: text/html; charset=utf-8; boundary=x\r\n"
    "content-length:  12 \r\n"
    "Set-Cookie: a=b\r\n"
    "X-Blanks: \t in\tner  blanks \t \r\n"
    "X-Empty:\r\n"
    "SET-COOKIE: c=d, e\r\n"
    'Content-Disposition: attachment; filename="f.txt"\r\n'
    "X-Colon:a:b\r\n"
    "X-Latin: \xe4\xff\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
)
FIELDS: Final = (
    ("Content-Type", "text/html; charset=utf-8; boundary=x"),
    ("content-length", "12"),
    ("Set-Cookie", "a=b"),
    ("X-Blanks", "in\tner  blanks"),
    ("X-Empty", ""),
    ("SET-COOKIE", "c=d, e"),
    ("Content-Disposition", 'attachment; filename="f.txt"'),
    ("X-Colon", "a:b"),
    ("X-Latin", "\xe4\xff"),
    ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
)


def ordinary() -> Message:
    """Return a `Message` as the standard library's parsers fill it."""
    message = Message()
    for name, value in FIELDS:
        message.set_raw(name, value)
    return message


def looked_at() -> FieldMessage:
    """Return a `FieldMessage` that was looked at before."""
    message = FieldMessage(LINES)
    len(message)
    return message


def parts(message: Message) -> tuple[object, ...]:
    """Return all that can be seen of a message."""
    return (
        message.items(),
        message.as_string(),
        type(message.get_payload()),
        message.get_unixfrom(),
        message.get_charset(),
        message.get_default_type(),
        message.preamble,
        message.epilogue,
        message.defects,
        message.policy,
    )


class Shouting(policy.Compat32):
    """A policy that makes something else of a value."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value.upper()


def shouted_date(message: Message) -> str:
    message.policy = Shouting()
    return str(message["date"])


LOOKS: Final[dict[str, Callable[[Message], object]]] = {
    "items": lambda m: m.items(),
    "keys": lambda m: m.keys(),
    "values": lambda m: m.values(),
    "iteration": list,
    "raw_items": lambda m: list(m.raw_items()),
    "len": len,
    "bool": bool,
    "in": lambda m: "set-cookie" in m,
    "not in": lambda m: "x-none" in m,
    "item": lambda m: m["CONTENT-LENGTH"],
    "no item": lambda m: m["x-none"],
    "get": lambda m: m.get("date"),
    "get default": lambda m: m.get("x-none", "?"),
    "get the first of two": lambda m: m.get("set-cookie"),
    "get the first field": lambda m: m[FIELDS[0][0]],
    "get an empty value": lambda m: m["x-empty"],
    "get latin-1": lambda m: m["x-latin"],
    "get a part of a name": lambda m: m.get("latin"),
    "get a name with a colon": lambda m: m.get("x-colon:a"),
    "get two lines": lambda m: m.get("x-latin: \xe4\xff\r\ndate"),
    "get a name beyond latin-1": lambda m: m.get("\u0130"),
    "get three": lambda m: (m["date"], m["X-Colon"], m["content-length"]),
    "get under a policy": shouted_date,
    "in with a colon": lambda m: "x-colon:a" in m,
    "in of two lines": lambda m: "x-latin: \xe4\xff\r\ndate" in m,
    "get_all": lambda m: m.get_all("set-cookie"),
    "get_all default": lambda m: m.get_all("x-none", []),
    "as_string": lambda m: m.as_string(),
    "as_string unixfrom": lambda m: m.as_string(unixfrom=True)[:5],
    "as_string policy": lambda m: m.as_string(policy=policy.compat32.clone(linesep="\r\n")),
    "as_bytes": lambda m: m.as_bytes(),
    "str": str,
    "bytes": bytes,
    "get_content_type": lambda m: m.get_content_type(),
    "get_content_maintype": lambda m: m.get_content_maintype(),
    "get_content_subtype": lambda m: m.get_content_subtype(),
    "get_content_charset": lambda m: m.get_content_charset(),
    "get_content_disposition": lambda m: m.get_content_disposition(),
    "get_charsets": lambda m: m.get_charsets(),
    "get_param": lambda m: m.get_param("charset"),
    "get_params": lambda m: m.get_params(),
    "get_filename": lambda m: m.get_filename(),
    "get_boundary": lambda m: m.get_boundary(),
    "get_default_type": lambda m: m.get_default_type(),
    "get_payload": lambda m: m.get_payload(),
    "get_payload decoded": lambda m: m.get_payload(decode=True),
    "get_unixfrom": lambda m: m.get_unixfrom(),
    "get_charset": lambda m: m.get_charset(),
    "is_multipart": lambda m: m.is_multipart(),
    "walk": lambda m: len(list(m.walk())),
    "preamble": lambda m: m.preamble,
    "epilogue": lambda m: m.epilogue,
    "defects": lambda m: m.defects,
    "policy": lambda m: m.policy,
    "isinstance": lambda m: isinstance(m, Message),
    "equal to itself": lambda m: m == m,
    "equal to a copy": lambda m: m == copy.copy(m),
    "hashable": lambda m: hash(m) == hash(m),
    "hasattr": lambda m: hasattr(m, "x_none"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_first_look_shows_an_ordinary_message(name: str) -> None:
    look = LOOKS[name]
    assert look(FieldMessage(LINES)) == look(ordinary())


@pytest.mark.parametrize("name", LOOKS)
def test_later_looks_show_an_ordinary_message(name: str) -> None:
    look = LOOKS[name]
    assert look(looked_at()) == look(ordinary())


def test_fields_are_those_of_the_lines_without_blanks_around_values() -> None:
    assert tuple(FieldMessage(LINES).items()) == FIELDS


def assign(message: Message) -> None:
    message["X-New"] = "value"


def assign_again(message: Message) -> None:
    message["set-cookie"] = "third"


def delete(message: Message) -> None:
    del message["SET-COOKIE"]


def delete_missing(message: Message) -> None:
    del message["x-none"]


def replace_attributes(message: Message) -> None:
    message.preamble = "before"
    message.epilogue = "behind"
    message.policy = policy.compat32.clone(max_line_length=40)


def attach(message: Message) -> None:
    message.replace_header("content-type", "multipart/mixed; boundary=x")
    message.attach(ordinary())


CHANGES: Final[dict[str, Callable[[Message], object]]] = {
    "assign": assign,
    "assign again": assign_again,
    "delete": delete,
    "delete missing": delete_missing,
    "attributes": replace_attributes,
    "set_raw": lambda m: m.set_raw("X-Raw", "value"),
    "add_header": lambda m: m.add_header("X-New", "value", key="more"),
    "replace_header": lambda m: m.replace_header("date", "today"),
    "set_type": lambda m: m.set_type("text/plain"),
    "set_param": lambda m: m.set_param("charset", "latin-1"),
    "del_param": lambda m: m.del_param("charset"),
    "set_boundary": lambda m: m.set_boundary("other"),
    "set_default_type": lambda m: m.set_default_type("message/rfc822"),
    "set_unixfrom": lambda m: m.set_unixfrom("From x"),
    "set_payload": lambda m: m.set_payload("text"),
    "set_payload charset": lambda m: m.set_payload("t\xe4xt", "utf-8"),
    "set_charset": lambda m: m.set_charset("utf-8"),
    "attach": attach,
}


@pytest.mark.parametrize("name", CHANGES)
def test_change_before_the_first_look_is_that_of_an_ordinary_message(name: str) -> None:
    changed, expected = FieldMessage(LINES), ordinary()
    CHANGES[name](changed)
    CHANGES[name](expected)
    assert [str(p) for p in parts(changed)] == [str(p) for p in parts(expected)]


@pytest.mark.parametrize("name", CHANGES)
def test_change_after_a_field_was_got_is_that_of_an_ordinary_message(name: str) -> None:
    changed, expected = FieldMessage(LINES), ordinary()
    assert changed["date"] == expected["date"]
    CHANGES[name](changed)
    CHANGES[name](expected)
    for field in ("date", "set-cookie", "content-type", "x-new"):
        assert changed[field] == expected[field]
        assert (field in changed) is (field in expected)
    assert [str(p) for p in parts(changed)] == [str(p) for p in parts(expected)]


@pytest.mark.parametrize("name", CHANGES)
def test_change_after_the_first_look_is_that_of_an_ordinary_message(name: str) -> None:
    changed, expected = looked_at(), ordinary()
    CHANGES[name](changed)
    CHANGES[name](expected)
    assert [str(p) for p in parts(changed)] == [str(p) for p in parts(expected)]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda m: m.replace_header("x-none", "?"), id="replace_header"),
        pytest.param(lambda m: m.no_such_name, id="attribute"),
        pytest.param(lambda m: m.__no_such_name__, id="special attribute"),
        pytest.param(lambda m: m.add_header("a", "b", c=1), id="add_header"),
        pytest.param(lambda m: m.get(None), id="get"),
        pytest.param(lambda m: m[5], id="item"),
        pytest.param(lambda m: None in m, id="in"),
    ],
)
def test_faults_are_those_of_an_ordinary_message(fault: Callable[[Message], object]) -> None:
    with pytest.raises(Exception) as expected:
        fault(ordinary())
    for message in (FieldMessage(LINES), looked_at()):
        with pytest.raises(expected.type):
            fault(message)


def pickled(message: FieldMessage, protocol: int) -> FieldMessage:
    loaded: FieldMessage = pickle.loads(pickle.dumps(message, protocol))
    return loaded


COPIES: Final[dict[str, Callable[[FieldMessage], FieldMessage]]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {i}": partial(pickled, protocol=i) for i in range(pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: FieldMessage(LINES), id="before the first look"),
        pytest.param(looked_at, id="after the first look"),
    ],
)
def test_copy_is_equal_and_of_its_own(name: str, make: Callable[[], FieldMessage]) -> None:
    original = make()
    original.preamble = "set before"
    duplicate = COPIES[name](original)
    assert type(duplicate) is FieldMessage
    assert duplicate.preamble == "set before"
    assert duplicate.items() == original.items() == ordinary().items()
    duplicate.preamble = "changed"
    assert original.preamble == "set before"


@pytest.mark.parametrize("name", [name for name in COPIES if name != "copy"])
def test_change_of_a_deep_copy_leaves_the_original(name: str) -> None:
    original = looked_at()
    duplicate = COPIES[name](original)
    duplicate["X-New"] = "value"
    assert "X-New" not in original


def test_message_without_lines_is_empty() -> None:
    for message in (FieldMessage(), FieldMessage("")):
        assert message.items() == []
        assert not message


def test_type_called_without_arguments_makes_an_empty_message() -> None:
    assert type(FieldMessage(LINES))().as_string() == Message().as_string()


def test_two_messages_of_the_same_lines_are_not_equal() -> None:
    assert FieldMessage(LINES) != FieldMessage(LINES)
    assert ordinary() != ordinary()


def test_nothing_is_filled_before_somebody_looks() -> None:
    message = FieldMessage(LINES)
    copy.copy(message)
    message.preamble = "set"
    assert "_headers" not in vars(message)


def test_nothing_is_filled_for_the_value_of_a_field() -> None:
    message = FieldMessage(LINES)
    assert message["date"] == message.get("Date")
    assert "x-none" not in message
    assert "_headers" not in vars(message)


def test_what_look_ups_need_goes_when_it_is_filled() -> None:
    message = FieldMessage(LINES)
    assert message["date"]
    assert len(message) == len(FIELDS)
    assert LINES.lower() not in str(vars(message)).lower()


def test_look_for_a_special_name_does_not_fill() -> None:
    message = FieldMessage(LINES)
    assert not hasattr(message, "__no_such_name__")
    assert "_headers" not in vars(message)


@pytest.mark.parametrize("make", [lambda: FieldMessage(LINES), looked_at])
def test_missing_attribute_is_named(make: Callable[[], FieldMessage]) -> None:
    with pytest.raises(
        AttributeError, match="'FieldMessage' object has no attribute 'no_such_name'"
    ):
        _ = make().no_such_name  # type: ignore[attr-defined]  # what is tested


def test_look_meets_what_another_thread_filled_meanwhile() -> None:
    message = looked_at()
    # The attribute was missing when the interpreter looked, and is there when it asks.
    found = vars(FieldMessage)["__getattr__"](message, "_headers")
    assert found is vars(message)["_headers"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        pytest.param("A: \t b c \t \r\n", "b c", id="blanks"),
        pytest.param("A: \xa0b\x85\r\n", "\xa0b\x85", id="no-break space and next line"),
        pytest.param("A:X\r\n", "X", id="letter"),
        pytest.param("A: \r\n", "", id="nothing"),
    ],
)
def test_only_blanks_around_a_value_are_left_out(line: str, value: str) -> None:
    assert FieldMessage(line)["a"] == value
    assert FieldMessage(line).items() == [("A", value)]


def test_values_that_look_like_encoded_words_are_not_decoded() -> None:
    word = "=?utf-8?q?=C3=A4?="
    assert FieldMessage(f"A: {word}\r\n")["a"] == word
