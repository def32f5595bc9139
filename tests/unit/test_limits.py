from __future__ import annotations

from typing import Any

import attrs
import pytest

import dugong
from dugong import limits
from dugong.limits import Limits


def test_documented_values() -> None:
    assert limits.MAX_LINE_SIZE == 65_535
    assert limits.MAX_HEADER_SIZE == 65_535
    assert limits.MAX_FIELDS == 256
    assert limits.MAX_EXTENSION_SIZE == 65_536
    assert limits.MAX_INTERIM == 32
    assert limits.MAX_STRAY_CRLF == 8
    assert limits.MAX_LENGTH == 2**63 - 1


def test_public_values() -> None:
    assert dugong.MAX_LINE_SIZE == limits.MAX_LINE_SIZE
    assert dugong.MAX_HEADER_SIZE == limits.MAX_HEADER_SIZE
    assert dugong.BUFFER_SIZE == limits.BUFFER_SIZE


def test_defaults_are_the_constants() -> None:
    assert attrs.asdict(Limits()) == {
        "line_size": limits.MAX_LINE_SIZE,
        "header_size": limits.MAX_HEADER_SIZE,
        "fields": limits.MAX_FIELDS,
        "extension_size": limits.MAX_EXTENSION_SIZE,
        "interim": limits.MAX_INTERIM,
        "stray_crlf": limits.MAX_STRAY_CRLF,
    }


LOWEST = {
    "line_size": 64,
    "header_size": 64,
    "fields": 1,
    "extension_size": 0,
    "interim": 1,
    "stray_crlf": 0,
}


def test_each_limit_has_a_lowest_value() -> None:
    assert LOWEST.keys() == attrs.fields_dict(Limits).keys()


@pytest.mark.parametrize("name", LOWEST)
def test_limit_may_be_lowered_to_its_lowest_value(name: str) -> None:
    assert getattr(attrs.evolve(Limits(), **{name: LOWEST[name]}), name) == LOWEST[name]


@pytest.mark.parametrize("name", LOWEST)
def test_limit_below_its_lowest_value_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        attrs.evolve(Limits(), **{name: LOWEST[name] - 1})


@pytest.mark.parametrize("name", LOWEST)
def test_limit_may_be_raised(name: str) -> None:
    assert getattr(attrs.evolve(Limits(), **{name: 10**9}), name) == 10**9


@pytest.mark.parametrize("name", LOWEST)
@pytest.mark.parametrize("value", ["1000", 1000.0, None])
def test_limit_that_is_no_int_is_refused(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=name):
        attrs.evolve(Limits(), **{name: value})


def test_limits_are_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Limits().fields = 5  # type: ignore[misc]  # what is tested
