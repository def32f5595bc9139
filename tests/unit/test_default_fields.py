from __future__ import annotations

import pytest

from dugong.protocol.default_fields import ConstantPart, says_close, usual_fields, usual_part

USUAL = {"Host": "a:81", "Accept-Encoding": "identity", "Connection": "keep-alive"}


def test_usual_fields_begin_with_the_host() -> None:
    assert list(usual_fields("a:81").items()) == list(USUAL.items())


def test_usual_part_is_encoded_once_for_a_host() -> None:
    part = usual_part("a:81")
    assert usual_part("a:81") is part
    assert usual_part("a") is not part
    assert part.fields == USUAL
    assert part.lines == "Host: a:81\r\nAccept-Encoding: identity\r\nConnection: keep-alive\r\n"
    assert part.plain_end == f" HTTP/1.1\r\n{part.lines}\r\n"
    assert not part.closes


def test_names_are_in_lower_case() -> None:
    assert ConstantPart({"X-Name": "Value"}).names == {"x-name": "Value"}


def test_part_can_say_that_it_closes() -> None:
    assert ConstantPart({"CONNECTION": "Close"}).closes


def test_fields_are_checked() -> None:
    with pytest.raises(ValueError, match="field"):
        ConstantPart({"Name": "value\r\nEvil: y"})


@pytest.mark.parametrize(
    ("connection", "closes"),
    [
        pytest.param("close", True, id="only option"),
        pytest.param("Upgrade ,\tCLOSE", True, id="one of two"),
        pytest.param("", False, id="none"),
        pytest.param("closed", False, id="part of a word"),
        pytest.param("keep-alive", False, id="other option"),
    ],
)
def test_close_is_an_option(connection: str, closes: bool) -> None:
    assert says_close(connection) is closes
