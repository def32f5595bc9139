from __future__ import annotations

import copy
import pickle
import string
from collections.abc import Callable
from email import policy
from email.message import Message
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from dugong.exceptions import InvalidResponse
from dugong.limits import MAX_FIELDS, MAX_HEADER_SIZE, Limits
from dugong.protocol.fields import FieldMessage, FieldSection
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


# -- sections


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


# -- the message

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
