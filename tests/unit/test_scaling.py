"""That work does not grow with what it should not: counted in calls, where time would deceive.

What tests and scripts call is not counted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from dugong.testing import ScriptedTransport
from tests.unit.faces import CHUNKED, Driven, Face, both_faces, driven, head, reply

if TYPE_CHECKING:
    from types import FrameType

BUFFER: Final = 65_536
# Where the buffer happens to end costs a call more or less.
SLACK: Final = 1.02

Read = Callable[[Driven], object]


def calls_of(action: Callable[[], object]) -> int:
    """Return how many functions are called, in Python and in C."""
    calls = 0

    def count(frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        if event in ("call", "c_call") and is_counted(frame):
            calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(before)
    return calls


def is_counted(frame: FrameType) -> bool:
    return not frame.f_globals.get("__name__", "").startswith(("tests.", "dugong.testing"))


def costs_of_one_more(sizes: Sequence[int], costs: Sequence[float]) -> list[float]:
    """Return what each step from a size to the next one costs, for one."""
    steps = zip(pairwise(sizes), pairwise(costs), strict=True)
    return [(most - least) / (large - small) for (small, large), (least, most) in steps]


def calls_to_read(*segments: bytes, read: Read, face: Face = Face.BLOCKING) -> int:
    """Return the calls of *read*, where a request was sent and *segments* have come."""
    transport = ScriptedTransport(reply(bytes(10_000)))  # after which the buffer is a large one
    with driven(face, transport) as conn:
        conn.get()
        conn.readall()
        conn.send_request()
        transport.extend(*segments)
        return calls_of(partial(read, conn))


def one_by_one(octets: bytes) -> list[bytes]:
    return [octets[at : at + 1] for at in range(len(octets))]


# -- pipeline depth


def calls_for_one_of(depth: int, face: Face) -> float:
    """Return the calls for one request and its response, where *depth* are pipelined."""

    def send_and_read() -> None:
        for _ in range(depth):
            conn.send_request()
        transport.extend(reply(b"some payload") * depth)
        for _ in range(depth):
            conn.read_response()
            assert conn.readall() == b"some payload"

    transport = ScriptedTransport(reply(bytes(10_000)))  # after which the buffer is a large one
    with driven(face, transport) as conn:
        conn.get()
        conn.readall()
        return calls_of(send_and_read) / depth


@both_faces
def test_work_for_a_response_does_not_grow_with_the_pipeline(face: Face) -> None:
    one, hundred, thousand = (calls_for_one_of(depth, face) for depth in (1, 100, 1_000))
    assert hundred <= one
    assert thousand <= hundred * SLACK


# -- chunks


def into_buffer(conn: Driven) -> None:
    conn.read_response()
    buffer = bytearray(BUFFER)
    while conn.readinto(buffer):
        pass


def in_pieces(conn: Driven) -> None:
    conn.read_response()
    while conn.read(BUFFER):
        pass


def at_once(conn: Driven) -> None:
    conn.read_response()
    conn.readall()


def dropped(conn: Driven) -> None:
    conn.read_response()
    conn.discard()


every_way: Final = pytest.mark.parametrize(
    "read",
    [pytest.param(read, id=read.__name__) for read in (into_buffer, in_pieces, at_once, dropped)],
)


def body_of(count: int, *sizes: int) -> bytes:
    """Return a response with *count* chunks, whose sizes are taken in turn."""
    chunks = [b"%x\r\n%b\r\n" % (size, size * b"x") for size in sizes]
    return CHUNKED + b"".join(chunks) * (count // len(sizes)) + b"0\r\n\r\n"


@every_way
@pytest.mark.parametrize(
    "sizes", [pytest.param((10,), id="of-one-size"), pytest.param((9, 11), id="of-two-sizes")]
)
def test_work_for_a_chunk_does_not_grow_with_their_number(
    read: Read, sizes: tuple[int, ...]
) -> None:
    counts = (1_000, 10_000, 40_000)
    costs = [calls_to_read(body_of(count, *sizes), read=read) for count in counts]
    first, second = costs_of_one_more(counts, costs)
    assert second <= first * SLACK


@every_way
def test_work_for_a_chunk_that_comes_octet_by_octet_does_not_grow(read: Read) -> None:
    counts = (10, 100, 400)
    costs = [calls_to_read(*one_by_one(body_of(count, 10)), read=read) for count in counts]
    first, second = costs_of_one_more(counts, costs)
    assert second <= first * SLACK


# -- fields

COUNTS: Final = (16, 64, 256)


def head_of(count: int) -> bytes:
    """Return a response with *count* fields."""
    return head(*(b"F%03d: value" % number for number in range(count)), status=b"204 x")


def look_at_none(conn: Driven) -> None:
    conn.read_response()


def look_at_all(conn: Driven) -> None:
    assert conn.read_response().headers.items()


def test_work_for_a_head_does_not_grow_with_fields_that_nobody_looks_at() -> None:
    few, some, many = (calls_to_read(head_of(count), read=look_at_none) for count in COUNTS)
    assert few == some
    assert many <= few + 4  # their number has to be checked only where it can be too high


def test_work_for_fields_that_are_looked_at_is_linear() -> None:
    costs = [calls_to_read(head_of(count), read=look_at_all) for count in COUNTS]
    first, second = costs_of_one_more(COUNTS, costs)
    assert second <= first * SLACK


def test_work_for_a_head_that_comes_octet_by_octet_is_linear() -> None:
    costs = [calls_to_read(*one_by_one(head_of(count)), read=look_at_none) for count in COUNTS]
    first, second = costs_of_one_more(COUNTS, costs)
    assert second <= first * SLACK


@both_faces
def test_work_for_the_fields_of_a_request_is_linear(face: Face) -> None:
    costs = []
    for count in COUNTS:
        fields = {f"F{number}": "value" for number in range(count)}
        with driven(face, ScriptedTransport()) as conn:
            conn.send_request()
            costs.append(calls_of(partial(conn.send_request, headers=fields)))
    first, second = costs_of_one_more(COUNTS, costs)
    assert second <= first * SLACK
