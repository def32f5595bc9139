from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import attrs
import pytest

from dugong.protocol.field_message import FieldMessage
from dugong.protocol.response import HTTPResponse


def make() -> HTTPResponse:
    return HTTPResponse("GET", "/path", 200, "OK", FieldMessage("A: b\r\n"))


def test_positional_order_is_that_of_the_3_x_series() -> None:
    headers = FieldMessage()
    response = HTTPResponse("GET", "/path", 200, "OK", headers, 5)
    assert (response.method, response.path, response.status) == ("GET", "/path", 200)
    assert (response.reason, response.headers, response.length) == ("OK", headers, 5)


def test_length_is_unknown_by_default() -> None:
    assert make().length is None


def test_no_interim_responses_by_default() -> None:
    assert make().interim == ()


def test_interim_responses_come_last() -> None:
    interim = make()
    response = HTTPResponse("GET", "/", 200, "OK", FieldMessage(), None, (interim,))
    assert response.interim == (interim,)


@pytest.mark.parametrize("name", ["method", "path", "status", "headers", "length", "interim"])
def test_attributes_cannot_be_set(name: str) -> None:
    response = make()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(response, name, None)


def test_comparison_is_by_identity() -> None:
    response = make()
    assert response == response
    assert response != make()
    assert len({response, response, make()}) == 2


def test_headers_are_a_message() -> None:
    assert make().headers["a"] == "b"


@pytest.mark.parametrize(
    "duplicate",
    [
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(lambda response: pickle.loads(pickle.dumps(response)), id="pickle"),
    ],
)
@pytest.mark.parametrize("is_looked_at", [False, True])
def test_copies_say_the_same(
    duplicate: Callable[[HTTPResponse], HTTPResponse], is_looked_at: bool
) -> None:
    hint = HTTPResponse("GET", "/path", 103, "", FieldMessage("Link: x\r\n"), 0)
    response = attrs.evolve(make(), length=5, interim=(hint,))
    if is_looked_at:
        assert response.headers.keys() == ["A"]
    twin = duplicate(response)
    assert twin != response
    assert (twin.method, twin.path, twin.status, twin.reason) == ("GET", "/path", 200, "OK")
    assert (twin.headers.items(), twin.length) == ([("A", "b")], 5)
    assert twin.interim[0].headers["link"] == "x"
