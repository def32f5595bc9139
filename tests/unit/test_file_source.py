from __future__ import annotations

import errno
import gzip
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import attrs
import pytest

from dugong import ExcessBodyData
from dugong.exchange.file_source import ReadFile, RegularFile, Stretch, judge_file

if TYPE_CHECKING:
    from _typeshed import SupportsRead, WriteableBuffer

MIB = 1_048_576
PIECE = 65_536
DATA = bytes(range(256)) * 8_193  # more than 2 MiB


@attrs.define
class Reads:
    """Has no more than a read(), which gives what the test says."""

    pieces: list[bytes]
    sizes: list[int] = attrs.field(factory=list)

    def read(self, size: int = -1, /) -> bytes:
        if not size:
            return b""
        self.sizes.append(size)
        return self.pieces.pop(0) if self.pieces else b""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


def unbuffered(path: Path) -> io.FileIO:
    return path.open("rb", buffering=0)


def taken(source: ReadFile | RegularFile, room: int | None = None) -> list[bytes]:
    """Take and read everything."""
    payloads = []
    while (payload := source.take(room)) is not None:
        if isinstance(payload, Stretch):
            pieces = []
            while payload.size:
                pieces.append(payload.read())
            payload = b"".join(pieces)
        payloads.append(payload)
        room = None if room is None else room - len(payload)
    return payloads


def regular(file: SupportsRead[bytes], count: int | None = None) -> RegularFile:
    source = judge_file(file, count)
    assert isinstance(source, RegularFile)
    return source


def read_only(file: SupportsRead[bytes], count: int | None = None) -> ReadFile:
    source = judge_file(file, count)
    assert isinstance(source, ReadFile)
    return source


# -- which files there are


@pytest.mark.parametrize(
    "opened",
    [
        pytest.param(lambda path: path.open("rb"), id="buffered"),
        pytest.param(unbuffered, id="unbuffered"),
        pytest.param(lambda path: path.open("r+b"), id="for writing, too"),
    ],
)
def test_file_on_a_disk_is_known_by_its_descriptor(
    path: Path, opened: Callable[[Path], IO[bytes]]
) -> None:
    with opened(path) as file:
        source = regular(file)
        assert source.fileno() == file.fileno()
        assert source.size == len(DATA)


def test_temporary_file_is_a_file_on_a_disk() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"octets")
        file.seek(1)
        assert taken(regular(file)) == [b"ctets"]


def test_octets_that_were_written_and_not_flushed_are_there(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"more")
        file.seek(-6, os.SEEK_CUR)
        assert taken(regular(file)) == [DATA[-2:] + b"more"]


class Upper(io.BufferedReader):
    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size).upper()


class UpperRaw(io.FileIO):
    def readinto(self, buffer: WriteableBuffer, /) -> int:
        with memoryview(buffer) as view:
            count = super().readinto(view)
            view[:count] = bytes(view[:count]).upper()
        return count


@pytest.fixture(
    params=["subclass", "subclass below", "wrapper", "memory", "gzip", "pipe", "socket", "read()"]
)
def other_file(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SupportsRead[bytes]]:
    plain = tmp_path / "plain"
    plain.write_bytes(b"OCTETS")
    if request.param == "subclass":
        plain.write_bytes(b"octets")
        with Upper(unbuffered(plain)) as file:
            yield file
    elif request.param == "subclass below":
        plain.write_bytes(b"octets")
        with io.BufferedReader(UpperRaw(str(plain))) as buffered:
            yield buffered
    elif request.param == "wrapper":
        with tempfile.NamedTemporaryFile() as wrapper:
            wrapper.write(b"OCTETS")
            wrapper.seek(0)
            yield wrapper
    elif request.param == "memory":
        yield io.BytesIO(b"OCTETS")
    elif request.param == "gzip":
        plain.write_bytes(gzip.compress(b"OCTETS"))
        with gzip.open(plain) as zipped:
            yield zipped
    elif request.param == "pipe":
        reading, writing = os.pipe()
        os.write(writing, b"OCTETS")
        os.close(writing)
        with open(reading, "rb") as pipe:  # noqa: PTH123  # a descriptor is no path
            yield pipe
    elif request.param == "socket":
        import socket

        ours, peer = socket.socketpair()
        with ours, peer:
            peer.sendall(b"OCTETS")
            peer.shutdown(socket.SHUT_WR)
            with ours.makefile("rb") as stream:
                yield stream
    else:
        yield Reads([b"OC", b"TETS"])


def test_any_other_file_is_read(other_file: SupportsRead[bytes]) -> None:
    assert b"".join(taken(read_only(other_file))) == b"OCTETS"


def test_file_that_says_it_is_empty_is_read() -> None:
    with Path("/proc/self/status").open("rb") as file:
        assert b"Name:" in b"".join(taken(read_only(file)))


def test_directory_of_no_octets_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with (tmp_path / "empty").open("rb") as file:
        assert taken(read_only(file)) == []


@pytest.mark.parametrize(
    ("file", "error"),
    [
        pytest.param(io.StringIO("text"), TypeError, id="text"),
        pytest.param("name", TypeError, id="name"),
        pytest.param(b"octets", TypeError, id="octets"),
        pytest.param(None, TypeError, id="None"),
    ],
)
def test_what_is_no_binary_file_is_refused(file: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        judge_file(file, None)  # type: ignore[arg-type]  # misuse


def test_text_file_on_a_disk_is_refused(path: Path) -> None:
    path.write_text("text", encoding="ascii")
    with path.open(encoding="ascii") as file, pytest.raises(TypeError, match="str, not bytes"):
        judge_file(file, None)  # type: ignore[arg-type]  # misuse


@pytest.mark.parametrize("mode", ["wb", "ab", "xb"])
def test_file_that_cannot_be_read_is_refused(tmp_path: Path, mode: str) -> None:
    with (tmp_path / "new").open(mode) as file, pytest.raises(ValueError, match="read"):
        judge_file(file, None)


def test_closed_file_is_refused(path: Path) -> None:
    with path.open("rb") as file:
        pass
    with pytest.raises(ValueError, match="closed"):
        judge_file(file, None)


@pytest.mark.parametrize(
    ("count", "error"), [(-1, ValueError), (1.5, TypeError), ("5", TypeError)], ids=repr
)
def test_wrong_count_is_refused(count: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        judge_file(io.BytesIO(b"12345"), count)


def test_count_beyond_a_file_on_a_disk_is_refused(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(-5, os.SEEK_END)
        with pytest.raises(ValueError, match="file has 5 octets left, but 6"):
            judge_file(file, 6)


# -- files on a disk


@pytest.mark.parametrize("skipped", [0, 1, 10_000, len(DATA), len(DATA) + 5])
def test_octets_begin_at_the_position(path: Path, skipped: int) -> None:
    with path.open("rb") as file:
        file.read(1)  # of which the raw file knows nothing
        file.seek(skipped)
        assert b"".join(taken(regular(file))) == DATA[skipped:]


@pytest.mark.parametrize("count", [0, 1, PIECE, PIECE + 1, len(DATA)])
def test_octets_are_as_many_as_were_asked_for(path: Path, count: int) -> None:
    with path.open("rb") as file:
        source = regular(file, count)
        assert source.size == count
        assert b"".join(taken(source)) == DATA[:count]


def test_body_of_unknown_length_takes_a_mebibyte_at_a_time(path: Path) -> None:
    with path.open("rb") as file:
        assert [len(payload) for payload in taken(regular(file))] == [MIB, MIB, 256]


def test_body_of_known_length_takes_all_at_once(path: Path) -> None:
    with path.open("rb") as file:
        assert [len(payload) for payload in taken(regular(file), 10_000_000)] == [len(DATA)]


def test_pieces_of_a_stretch_are_of_64_kib(path: Path) -> None:
    with path.open("rb") as file:
        stretch = regular(file).take(len(DATA))
        assert stretch is not None
        assert len(stretch.read()) == PIECE
        assert stretch.size == len(DATA) - PIECE


def test_file_that_grows_ends_where_it_ended(path: Path) -> None:
    with path.open("rb") as file, path.open("ab") as other:
        source = regular(file)
        other.write(b"more")
        other.flush()
        assert b"".join(taken(source)) == DATA


def test_file_that_became_shorter_is_told(path: Path) -> None:
    with path.open("rb") as file:
        source = regular(file)
        stretch = source.take(None)
        assert stretch is not None
        os.truncate(path, 10)
        assert len(stretch.read()) == 10
        with pytest.raises(EOFError, match="shorter: it ends before octet 11"):
            stretch.read()


def test_position_is_put_behind_what_was_sent(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(7)
        source = regular(file)
        stretch = source.take(None)
        assert stretch is not None
        stretch.advance(5)
        source.settle(is_begun=True)
        assert file.tell() == 12
        assert file.read(5) == DATA[12:17]


def test_position_is_put_back_where_nothing_was_sent(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(7)
        source = regular(file)
        taken(source)
        source.settle(is_begun=False)
        assert file.tell() == 7


def test_file_that_was_closed_meanwhile_is_let_be(path: Path) -> None:
    with path.open("rb") as file:
        source = regular(file)
        stretch = source.take(None)
    assert stretch is not None
    with pytest.raises(ValueError, match="closed"):
        stretch.read()
    source.settle(is_begun=True)


# -- files that are read


def test_pieces_are_as_read_gives_them() -> None:
    assert taken(read_only(Reads([b"a", b"bcd", b"e"]))) == [b"a", b"bcd", b"e"]


def test_file_is_read_in_pieces_of_64_kib() -> None:
    file = Reads([bytes(PIECE), bytes(5)])
    taken(read_only(file))
    assert file.sizes == [PIECE] * 3


@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_no_more_is_read_than_was_asked_for(count: int) -> None:
    file = io.BytesIO(b"12345")
    assert b"".join(taken(read_only(file, count))) == b"12345"[:count]
    assert file.tell() == count


def test_file_that_ends_before_the_count_is_told() -> None:
    source = read_only(Reads([b"123"]), 5)
    assert source.take(None) == b"123"
    with pytest.raises(EOFError, match="ended 2 octets too early"):
        source.take(None)


@pytest.mark.parametrize("pieces", [[b"12345"], [b"123", b"45"], [b"1", b"2", b"345"]], ids=repr)
def test_file_that_fills_the_body_is_taken(pieces: list[bytes]) -> None:
    assert taken(read_only(Reads([*pieces])), 5) == pieces


@pytest.mark.parametrize("size", [4, 5, 100_000])
def test_file_beyond_the_body_is_excess(size: int) -> None:
    file = io.BytesIO(bytes(size))
    with pytest.raises(ExcessBodyData, match="3 octets of the body are left"):
        read_only(file).take(3)
    assert file.tell() == 4


def test_last_octets_of_a_body_are_not_given_where_more_follow() -> None:
    source = read_only(Reads([b"123", b"45", b"6"]))
    assert source.take(5) == b"123"
    with pytest.raises(ExcessBodyData, match="2 octets of the body are left"):
        source.take(2)


def test_file_in_non_blocking_mode_is_not_asked_again_and_again() -> None:
    # None is what read() gives in this mode, whatever its type says.
    source = read_only(Reads([b"123", None]))  # type: ignore[list-item]
    source.take(None)
    with pytest.raises(BlockingIOError, match="non-blocking mode") as caught:
        source.take(None)
    assert caught.value.errno == errno.EAGAIN


def test_file_that_gives_more_than_it_was_asked_for_is_refused() -> None:
    with pytest.raises(ValueError, match=r"read\(3\) of the file gave 5 octets"):
        read_only(Reads([b"12345"]), 3).take(None)


def test_file_that_gives_other_things_than_octets_is_refused() -> None:
    with pytest.raises(TypeError, match="gave str"):
        read_only(Reads(["text"])).take(None)  # type: ignore[list-item]  # misuse


@pytest.mark.parametrize("is_begun", [False, True], ids=["nothing sent", "sent"])
def test_position_is_put_back_only_where_nothing_was_sent(is_begun: bool) -> None:
    file = io.BytesIO(b"12345")
    file.seek(2)
    source = read_only(file)
    taken(source)
    source.settle(is_begun=is_begun)
    assert file.tell() == (5 if is_begun else 2)


def test_file_in_memory_that_was_closed_meanwhile_is_let_be() -> None:
    with io.BytesIO(b"12345") as file:
        source = read_only(file)
        source.take(None)
    source.settle(is_begun=False)


def test_file_without_positions_stays_where_it_is(other_file: SupportsRead[bytes]) -> None:
    source = read_only(other_file)
    before = b"".join(taken(source))
    source.settle(is_begun=False)
    again = judge_file(other_file, None).take(None)
    assert again in (None, before)
