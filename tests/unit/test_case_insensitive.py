from __future__ import annotations

import copy
import pickle
from collections import UserDict
from collections.abc import MutableMapping
from typing import Any

import pytest

from dugong.case_insensitive import CaseInsensitiveDict


@pytest.fixture
def fields() -> CaseInsensitiveDict[str]:
    return CaseInsensitiveDict({"Content-Type": "a", "ETag": "b"})


Fields = CaseInsensitiveDict[str]


def test_it_is_a_mutable_mapping(fields: Fields) -> None:
    assert isinstance(fields, MutableMapping)


@pytest.mark.parametrize("key", ["Content-Type", "content-type", "CONTENT-TYPE", "cOnTeNt-tYpE"])
def test_look_up_ignores_case(fields: Fields, key: str) -> None:
    assert fields[key] == "a"
    assert fields.get(key) == "a"
    assert key in fields


def test_missing_key(fields: Fields) -> None:
    assert "x-none" not in fields
    assert fields.get("x-none") is None
    with pytest.raises(KeyError):
        fields["x-none"]
    with pytest.raises(KeyError):
        del fields["x-none"]


def test_iteration_gives_the_case_that_was_set_last(fields: Fields) -> None:
    fields["CONTENT-type"] = "c"
    assert list(fields) == ["CONTENT-type", "ETag"]
    assert list(fields.items()) == [("CONTENT-type", "c"), ("ETag", "b")]
    assert list(fields.values()) == ["c", "b"]


def test_keys_that_differ_in_case_are_one(fields: Fields) -> None:
    fields["etag"] = "c"
    assert len(fields) == 2
    assert fields["ETag"] == "c"


def test_last_of_equal_keys_counts() -> None:
    assert list(CaseInsensitiveDict({"A": 1, "a": 2}).items()) == [("a", 2)]


def test_deletion_ignores_case(fields: Fields) -> None:
    del fields["CONTENT-TYPE"]
    assert list(fields) == ["ETag"]


def test_methods_of_a_mutable_mapping(fields: Fields) -> None:
    assert fields.pop("etag") == "b"
    assert fields.setdefault("content-TYPE", "x") == "a"
    assert fields.setdefault("New", "x") == "x"
    fields.update({"NEW": "y"}, other="z")
    assert dict(fields) == {"Content-Type": "a", "NEW": "y", "other": "z"}
    fields.clear()
    assert not fields


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(CaseInsensitiveDict({"A": 1, "B": 2}), id="mapping"),
        pytest.param(CaseInsensitiveDict([("A", 1), ("B", 2)]), id="pairs"),
        pytest.param(CaseInsensitiveDict(A=1, B=2), id="keywords"),
        pytest.param(CaseInsensitiveDict({"A": 1}, B=2), id="mapping and keywords"),
        pytest.param(CaseInsensitiveDict(CaseInsensitiveDict(A=1, B=2)), id="its own kind"),
    ],
)
def test_it_is_made_like_a_dict(made: CaseInsensitiveDict[int]) -> None:
    assert list(made.items()) == [("A", 1), ("B", 2)]


def test_it_is_empty_by_default() -> None:
    assert len(CaseInsensitiveDict[int]()) == 0
    assert len(CaseInsensitiveDict[int](None)) == 0


def test_lower_items(fields: Fields) -> None:
    assert list(fields.lower_items()) == [("content-type", "a"), ("etag", "b")]


@pytest.mark.parametrize(
    ("other", "is_equal"),
    [
        pytest.param({"content-type": "a", "etag": "b"}, True, id="lower case"),
        pytest.param({"ETAG": "b", "CONTENT-TYPE": "a"}, True, id="upper case, other order"),
        pytest.param(UserDict({"Content-type": "a", "Etag": "b"}), True, id="other mapping"),
        pytest.param(CaseInsensitiveDict({"CONTENT-type": "a"}, etag="b"), True, id="own kind"),
        pytest.param({"content-type": "a", "etag": "c"}, False, id="other value"),
        pytest.param({"content-type": "a", "etag": "B"}, False, id="other case of a value"),
        pytest.param({"content-type": "a"}, False, id="less"),
        pytest.param(
            {"content-type": "a", "etag": "b", "ETag": "b"}, False, id="keys equal but for case"
        ),
        pytest.param({"content-type": "a", "etag": "b", "c": "d"}, False, id="more"),
        pytest.param({"content-type": "a", "etag": "b", 5: "d"}, False, id="key of another type"),
        pytest.param({}, False, id="empty"),
        pytest.param([("content-type", "a"), ("etag", "b")], False, id="no mapping"),
        pytest.param(None, False, id="None"),
    ],
)
def test_equality_ignores_the_case_of_keys(fields: Fields, other: object, is_equal: bool) -> None:
    assert (fields == other) is is_equal
    assert (fields != other) is not is_equal


def test_a_dict_compares_equal_from_its_side_too(fields: Fields) -> None:
    plain: dict[str, str] = {"CONTENT-TYPE": "a", "etag": "b"}
    assert plain == fields


def test_it_is_not_hashable(fields: Fields) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(fields)


def test_copy_is_of_its_own(fields: Fields) -> None:
    for duplicate in (
        fields.copy(),
        copy.copy(fields),
        copy.deepcopy(fields),
        pickle.loads(pickle.dumps(fields)),
    ):
        assert type(duplicate) is CaseInsensitiveDict
        assert list(duplicate.items()) == list(fields.items())
        duplicate["new"] = "x"
        assert "new" not in fields


def test_repr_shows_the_items_as_they_were_set(fields: Fields) -> None:
    assert repr(fields) == "CaseInsensitiveDict({'Content-Type': 'a', 'ETag': 'b'})"


class Named(CaseInsensitiveDict[int]):
    """A subclass."""


def test_copy_of_a_subclass_is_one() -> None:
    named = Named(a=1)
    duplicate = copy.copy(named)
    duplicate["b"] = 2
    assert (repr(duplicate), repr(named)) == ("Named({'a': 1, 'b': 2})", "Named({'a': 1})")


def test_repr_of_a_subclass_has_its_name() -> None:
    assert repr(Named(a=1)) == "Named({'a': 1})"


@pytest.mark.parametrize("key", [5, None, b"etag", ("etag",)])
def test_key_that_is_no_str_is_refused(fields: Fields, key: Any) -> None:
    assert key not in fields
    with pytest.raises(TypeError, match="key must be a str"):
        fields[key]
    with pytest.raises(TypeError, match="key must be a str"):
        fields[key] = "x"
    with pytest.raises(TypeError, match="key must be a str"):
        del fields[key]
    assert len(fields) == 2
