from __future__ import annotations

from typing import Any

import pytest

from dugong.protocol.octets import octets_of, writable_octets_of
from tests.unit.buffers import (
    NO_BUFFER,
    NOT_CONTIGUOUS,
    READ_ONLY,
    WRITABLE,
)

READABLE = {**READ_ONLY, **WRITABLE}


@pytest.mark.parametrize("name", READABLE)
def test_octets_are_counted_whatever_the_items_are(name: str) -> None:
    make, octets = READABLE[name]
    view = octets_of(make())
    assert view.tobytes() == octets
    assert len(view) == view.nbytes == len(octets)
    assert (view.format, view.itemsize, view.ndim) == ("B", 1, 1)


@pytest.mark.parametrize("name", WRITABLE)
def test_what_is_written_arrives_in_the_buffer(name: str) -> None:
    make, octets = WRITABLE[name]
    target = make()
    view = writable_octets_of(target)
    view[:] = b"\1" * len(view)
    assert memoryview(target).tobytes() == b"\1" * len(octets)


@pytest.mark.parametrize("name", READ_ONLY)
def test_read_only_buffer_is_no_target(name: str) -> None:
    make, _ = READ_ONLY[name]
    with pytest.raises(TypeError, match=r"^buffer is read-only$"):
        writable_octets_of(make())


@pytest.mark.parametrize("name", NOT_CONTIGUOUS)
def test_buffer_that_is_not_contiguous_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=r"^buffer is not C-contiguous$"):
        octets_of(NOT_CONTIGUOUS[name]())
    with pytest.raises(TypeError, match=r"^buffer is not C-contiguous$"):
        writable_octets_of(NOT_CONTIGUOUS[name]())


@pytest.mark.parametrize("name", NO_BUFFER)
def test_what_is_no_buffer_is_refused(name: str) -> None:
    wrong: Any = NO_BUFFER[name]
    with pytest.raises(TypeError, match="bytes-like"):
        octets_of(wrong)
    with pytest.raises(TypeError, match="bytes-like"):
        writable_octets_of(wrong)


def test_view_of_the_callers_is_not_released() -> None:
    given = memoryview(bytearray(b"abcd"))
    octets_of(given).release()
    writable_octets_of(given).release()
    assert given.tobytes() == b"abcd"


def test_buffer_can_be_resized_when_its_octets_are_released() -> None:
    buffer = bytearray(b"abcd")
    with octets_of(buffer):
        pass
    buffer.append(5)
    with pytest.raises(TypeError):
        writable_octets_of(memoryview(buffer).toreadonly())
    buffer.append(6)
    assert len(buffer) == 6
