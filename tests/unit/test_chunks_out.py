from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from dugong.protocol.chunks_out import encode_chunk_start, encode_last_chunk

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize(
    ("size", "line"), [(1, b"1\r\n"), (10, b"a\r\n"), (255, b"ff\r\n"), (2**40, b"10000000000\r\n")]
)
def test_chunk_size_is_in_lower_case(size: int, line: bytes) -> None:
    assert encode_chunk_start(size) == line


@pytest.mark.parametrize("trailers", [None, {}, MappingProxyType({})])
def test_last_chunk_without_trailers(trailers: Mapping[str, str] | None) -> None:
    assert encode_last_chunk(trailers) == b"0\r\n\r\n"


def test_last_chunk_with_trailers() -> None:
    assert encode_last_chunk({"X-Sum": "a", "ETag": "\xe4"}) == (
        b"0\r\nX-Sum: a\r\nETag: \xe4\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("trailers", "message"),
    [
        pytest.param({"A b": "c"}, "name is not a token", id="name"),
        pytest.param({"A": "b\r\nC: d"}, "value of field A", id="value"),
        pytest.param({"A": " b"}, "value of field A", id="blank"),
        pytest.param(
            {"A": "b", "a": "c"},
            "^trailers have two names that are equal but for case$",
            id="two names",
        ),
        pytest.param({"Content-Length": "5"}, "not allowed in trailers", id="Content-Length"),
        pytest.param({"TRANSFER-ENCODING": "x"}, "not allowed in trailers", id="coding"),
        pytest.param({"A": "b", "host": "x"}, "not allowed in trailers", id="Host"),
        pytest.param({"Trailer": "x"}, "not allowed in trailers", id="Trailer"),
    ],
)
def test_wrong_trailers_are_refused(trailers: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode_last_chunk(trailers)


@pytest.mark.parametrize("trailers", [[("A", "b")], [], "", "A: b", 5, {"A": 5}, {5: "b"}])
def test_trailers_of_the_wrong_type_are_refused(trailers: Any) -> None:
    with pytest.raises(TypeError):
        encode_last_chunk(trailers)
