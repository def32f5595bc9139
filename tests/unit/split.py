"""The ways in which octets can be cut into segments, for the tests of parsers.

What a parser makes of octets must not depend on how they arrive: a test feeds the same octets
in each of these ways and asks for the same `outcome`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, TypeVar

import attrs
import pytest

from dugong.exceptions import InvalidResponse, UnsupportedResponse
from dugong.protocol.read_buffer import ReadBuffer

if TYPE_CHECKING:
    import re

Result = TypeVar("Result")

FAULTS: Final = (InvalidResponse, UnsupportedResponse)


def octet_by_octet(octets: bytes) -> tuple[bytes, ...]:
    """Return each octet as a segment of its own."""
    return tuple(octets[i : i + 1] for i in range(len(octets)))


def split_everywhere(octets: bytes) -> Iterator[tuple[bytes, ...]]:
    """Give *octets* whole, octet by octet, and cut in two at every place."""
    yield (octets,)
    yield octet_by_octet(octets)
    for cut in range(1, len(octets)):
        yield octets[:cut], octets[cut:]


def put(buffer: ReadBuffer, octets: bytes) -> None:
    """Receive *octets* into *buffer*, in as many pieces as its space asks for."""
    left = io.BytesIO(octets)
    while left.tell() < len(octets):
        buffer.fill(left.readinto)


def filled(octets: bytes) -> ReadBuffer:
    """Return a buffer that has received *octets*."""
    buffer = ReadBuffer()
    put(buffer, octets)
    return buffer


def rest_of(buffer: ReadBuffer) -> bytes:
    """Return what *buffer* holds, and leave it there."""
    return buffer.peek(0, len(buffer))


class CountingBuffer(ReadBuffer):
    """A buffer that counts the octets that a parser looks at, each time that it does.

    Attributes:
        looked: How many they were.
    """

    def __init__(self) -> None:
        super().__init__()
        self.looked = 0

    def find_end(self, needle: bytes, begin: int = 0) -> int | None:
        self.looked += self.size - begin
        return super().find_end(needle, begin)

    def match(self, pattern: re.Pattern[bytes], begin: int = 0) -> re.Match[bytes] | None:
        match = super().match(pattern, begin)
        self.looked += 1 if match is None else len(match[0]) + 1
        return match

    def peek(self, begin: int, end: int) -> bytes:
        octets = super().peek(begin, end)
        self.looked += len(octets)
        return octets

    def text(self, begin: int, end: int) -> str:
        self.looked += end - begin
        return super().text(begin, end)


def looks_per_octet(parse: Callable[[ReadBuffer], object], octets: bytes) -> float:
    """Return how often each of *octets* is looked at where they come one by one."""
    buffer = CountingBuffer()
    for octet in octet_by_octet(octets):
        put(buffer, octet)
        parse(buffer)
    return buffer.looked / len(octets)


@attrs.frozen
class Parsed:
    """What a parser returned, and the octets that it left."""

    result: object
    rest: bytes = b""


def outcome(
    parse: Callable[[ReadBuffer], Result | None], segments: Iterable[bytes]
) -> Parsed | type[Exception] | None:
    """Return what *parse* makes of octets that come in *segments*, and is asked after each.

    It is a `Parsed`, or the type of what was raised, or `None` where more octets are awaited.
    """
    buffer = ReadBuffer()
    result: Result | None = None
    try:
        result = parse(buffer)
        for segment in segments:
            put(buffer, segment)
            if result is None:
                result = parse(buffer)
    except FAULTS as exc:
        return type(exc)
    return None if result is None else Parsed(result, rest_of(buffer))


def check_everywhere(
    make: Callable[[], Callable[[ReadBuffer], object]],
    octets: bytes,
    expected: Parsed | type[Exception] | None,
) -> None:
    """Check that a new parser comes to *expected*, in whatever segments *octets* arrive."""
    for segments in split_everywhere(octets):
        assert outcome(make(), segments) == expected, segments


def check_refused_at_end(
    make: Callable[[], Callable[[ReadBuffer], object]],
    octets: bytes,
    error: type[Exception],
    message: str,
) -> None:
    """Check that a parser waits before the last of *octets*, and refuses with it."""
    assert outcome(make(), [octets[:-1]]) is None
    assert outcome(make(), octet_by_octet(octets[:-1])) is None
    check_everywhere(make, octets, error)
    with pytest.raises(error, match=message):
        make()(filled(octets))
