from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from dugong.stream import BinaryStream

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class Octets(BinaryStream):
    """Gives octets, and notes what was asked for."""

    def __init__(self, octets: bytes) -> None:
        self._octets = io.BytesIO(octets)
        self.limits: list[int | None] = []
        self.written = bytearray()

    def read(self, len_: int | None = None) -> bytes:
        self.limits.append(len_)
        return self._octets.read(len_)

    def readinto(self, buf: WriteableBuffer) -> int:
        return self._octets.readinto(buf)

    def write(self, buf: ReadableBuffer) -> None:
        self.written += buf


LINES = b"one\ntwo\n\nthree"


def test_stream_says_what_it_can() -> None:
    stream = Octets(b"")
    assert stream.readable()
    assert stream.writable()
    assert not stream.seekable()
    assert not stream.isatty()
    assert stream.mode == "rb+"


def test_name_is_the_representation() -> None:
    stream = Octets(b"")
    assert stream.name == repr(stream)


def test_close_closes_nothing() -> None:
    stream = Octets(b"octets")
    stream.flush()
    stream.close()
    assert not stream.closed
    assert stream.read() == b"octets"


def test_read1_reads_as_much_as_it_is_told() -> None:
    stream = Octets(b"octets")
    assert stream.read1(3) == b"oct"
    assert stream.limits == [3]


def test_read1_of_nothing_touches_nothing() -> None:
    stream = Octets(b"octets")
    assert stream.read1(0) == b""
    assert stream.read1(6) == b"octets"


@pytest.mark.parametrize("size", [(), (-1,)], ids=["default", "-1"])
def test_read1_without_a_limit_reads_a_good_size(size: tuple[int, ...]) -> None:
    stream = Octets(b"octets")
    assert stream.read1(*size) == b"octets"
    assert stream.limits == [io.DEFAULT_BUFFER_SIZE]


def test_readinto1_reads_into_the_buffer() -> None:
    buf = bytearray(4)
    assert Octets(b"octets").readinto1(buf) == 4
    assert buf == b"octe"


def test_readline_reads_up_to_the_lf() -> None:
    stream = Octets(LINES)
    lines = [stream.readline() for _ in range(5)]
    assert lines == [b"one\n", b"two\n", b"\n", b"three", b""]


@pytest.mark.parametrize(
    ("size", "line"),
    [(None, b"one\n"), (-1, b"one\n"), (-5, b"one\n"), (0, b""), (2, b"on"), (4, b"one\n")],
    ids=repr,
)
def test_readline_reads_at_most_its_size(size: int | None, line: bytes) -> None:
    assert Octets(LINES).readline(size) == line


def test_readline_consumes_nothing_beyond_the_line() -> None:
    stream = Octets(LINES)
    stream.readline()
    assert stream.read() == b"two\n\nthree"


@pytest.mark.parametrize("size", ["1", 1.5], ids=repr)
def test_size_of_a_line_is_an_int(size: int) -> None:
    stream = Octets(LINES)
    with pytest.raises(TypeError):
        stream.readline(size)
    assert stream.limits == []


@pytest.mark.parametrize(
    ("hint", "count"), [(None, 4), (-1, 4), (0, 4), (1, 1), (4, 1), (5, 2), (100, 4)], ids=repr
)
def test_readlines_stops_at_its_hint(hint: int | None, count: int) -> None:
    assert Octets(LINES).readlines(hint) == LINES.splitlines(keepends=True)[:count]


def test_iteration_gives_the_lines() -> None:
    assert list(Octets(LINES)) == LINES.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("fileno", ()), ("tell", ()), ("seek", (0,)), ("truncate", ()), ("detach", ())],
    ids=["fileno", "tell", "seek", "truncate", "detach"],
)
def test_what_needs_a_position_or_a_file_is_not_supported(
    name: str, arguments: tuple[int, ...]
) -> None:
    stream = Octets(b"octets")
    with pytest.raises(io.UnsupportedOperation, match=name):
        getattr(stream, name)(*arguments)


def test_readlines_refuses_a_hint_that_is_no_int() -> None:
    stream = Octets(LINES)
    wrong: list[int] = []
    with pytest.raises(TypeError):
        stream.readlines(wrong)  # type: ignore[arg-type]  # that is the test


def test_stream_is_its_own_iterator() -> None:
    stream = Octets(b"one\ntwo")
    assert next(stream) == b"one\n"
    assert list(stream) == [b"two"]
    with pytest.raises(StopIteration):
        next(stream)


def test_writelines_writes_one_buffer_after_the_other() -> None:
    stream = Octets(b"")
    stream.writelines([b"one", bytearray(b"two")])
    assert stream.written == b"onetwo"
