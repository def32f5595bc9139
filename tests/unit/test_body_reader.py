from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dugong import ConnectionClosed, InvalidResponse, UnsupportedResponse
from dugong.exchange.body_reader import BodyReader
from dugong.exchange.gathered import Gathered
from dugong.exchange.link import Link
from dugong.limits import FIRST_BUFFER_SIZE, Limits
from dugong.polling import PollNeeded
from dugong.protocol.bodies import BodyFraming, FaultyBody, SizedBody, UntilCloseBody
from dugong.protocol.chunks import ChunkedBody
from dugong.testing import END, ScriptedTransport
from tests.unit.faces import chunked, connector, finish, opening_to

if TYPE_CHECKING:
    from dugong.testing.scripted import Line


class Reading:
    """A reader over a script, and the bodies whose end it told."""

    def __init__(self, transport: ScriptedTransport) -> None:
        self.transport = transport
        self.link = Link(0)
        finish(self.link.co_open(connector(opening_to(transport))))
        self.ended: list[BodyFraming] = []
        self.body = BodyReader(self.link)
        self.link.body_ended = self.ended.append

    def read(self, limit: int) -> bytes | PollNeeded:
        return self.body.step_read(limit)

    def readinto(self, size: int) -> bytes | PollNeeded:
        target = bytearray(size)
        count = self.body.step_readinto(memoryview(target))
        return count if isinstance(count, PollNeeded) else bytes(target[:count])


@contextlib.contextmanager
def reading(framing: BodyFraming | None, *script: Line) -> Iterator[Reading]:
    """Give a reader of a body of that framing."""
    transport = ScriptedTransport()
    reader = Reading(transport)
    transport.extend(*script)
    if framing is not None:
        reader.body.open(framing)
    yield reader
    reader.link.abort("the test is over")
    transport.close()


def chunks() -> ChunkedBody:
    return ChunkedBody(Limits())


Way = Callable[[Reading, int], bytes | PollNeeded]
both_ways = pytest.mark.parametrize(
    "way",
    [pytest.param(Reading.read, id="read"), pytest.param(Reading.readinto, id="readinto")],
)
both_sizes = pytest.mark.parametrize("size", [10, 40_000], ids=["small", "direct"])
all_sizes = pytest.mark.parametrize(
    "size", [10, 20_000, 40_000], ids=["small", "direct", "more than there is"]
)


@both_ways
def test_without_a_body_reads_give_the_end(way: Way) -> None:
    with reading(None) as reader:
        assert way(reader, 5) == b""
        assert reader.body.step_readall() == b""
        assert reader.body.step_discard() is None
        assert reader.ended == []


@both_ways
@both_sizes
def test_sized_body_ends_with_its_last_octet(way: Way, size: int) -> None:
    framing = SizedBody(5)
    with reading(framing, b"123", b"45") as reader:
        assert way(reader, size) == b"123"
        assert reader.ended == []
        assert way(reader, size) == b"45"
        assert reader.ended == [framing]
        assert way(reader, size) == b""


@both_ways
@both_sizes
def test_what_stands_behind_a_body_stays(way: Way, size: int) -> None:
    with reading(SizedBody(20_000), bytes(20_000) + b"next") as reader:
        left = 20_000
        while left:
            piece = way(reader, size)
            assert isinstance(piece, bytes)
            left -= len(piece)
        rest = reader.link.buffer
        assert rest.peek(0, rest.size) in (b"", b"next")
        assert way(reader, size) == b""


@both_ways
@both_sizes
def test_until_close_body_ends_with_the_close(way: Way, size: int) -> None:
    framing = UntilCloseBody()
    with reading(framing, b"12345", END) as reader:
        assert way(reader, size) == b"12345"
        assert reader.ended == []
        assert way(reader, size) == b""
        assert reader.ended == [framing]


@both_ways
@both_sizes
def test_chunked_body_ends_when_a_read_tells_so(way: Way, size: int) -> None:
    framing = chunks()
    with reading(framing, chunked(b"12", b"345")) as reader:
        assert way(reader, size) == b"12345"
        assert reader.ended == []
        assert way(reader, size) == b""
        assert reader.ended == [framing]


@both_ways
@pytest.mark.parametrize("can_scatter", [True, False], ids=["scattered", "in one piece"])
@pytest.mark.parametrize("size", [7, 16_384, 50_000])
@pytest.mark.parametrize("segment", [11_000, 70_000])
@pytest.mark.parametrize("chunk", [9, 5_000, 30_000])
def test_chunks_are_read_whatever_goes_directly(
    way: Way, size: int, chunk: int, segment: int, can_scatter: bool
) -> None:
    payload = bytes(range(250)) * 360
    octets = chunked(*(payload[at : at + chunk] for at in range(0, len(payload), chunk)))
    pieces = [octets[at : at + segment] for at in range(0, len(octets), segment)]
    body = b""
    with reading(chunks(), *pieces) as reader:
        reader.transport.can_scatter = can_scatter
        while piece := way(reader, size):
            assert isinstance(piece, bytes)
            assert len(piece) <= size
            body += piece
    assert body == payload


@both_ways
@all_sizes
def test_read_that_waits_can_be_repeated(way: Way, size: int) -> None:
    with reading(SizedBody(20_000)) as reader:
        assert way(reader, size) is reader.transport.readable
        reader.transport.extend(b"12345")
        assert way(reader, size) == b"12345"


@both_ways
@both_sizes
@pytest.mark.parametrize("make", [lambda: SizedBody(20_000), UntilCloseBody], ids=["sized", "open"])
def test_readall_that_waited_for_the_first_octets_is_no_end(
    way: Way, size: int, make: Callable[[], BodyFraming]
) -> None:
    with reading(make()) as reader:
        assert reader.body.step_readall() is reader.transport.readable
        assert way(reader, size) is reader.transport.readable
        reader.transport.extend(b"12345")
        assert way(reader, size) == b"12345"


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(lambda reader: reader.read(10), id="read"),
        pytest.param(lambda reader: reader.readinto(10), id="readinto"),
        pytest.param(lambda reader: reader.body.step_readall(), id="readall"),
    ],
)
@pytest.mark.parametrize("make", [lambda: SizedBody(5), UntilCloseBody], ids=["sized", "open"])
def test_interrupted_end_of_a_body_ends_the_connection(
    step: Callable[[Reading], object], make: Callable[[], BodyFraming]
) -> None:
    """Else the next response could be taken for the answer to this request."""

    def interrupted(framing: BodyFraming) -> None:
        raise KeyboardInterrupt

    with reading(make(), b"12345", END) as reader:
        reader.link.body_ended = interrupted
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012  # the end may need a second read
            step(reader)
            step(reader)
        with pytest.raises(ConnectionClosed, match="interrupted"):
            step(reader)


def test_readall_that_is_interrupted_when_it_has_all_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def rest(_: Gathered) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(Gathered, "rest", rest)
    with reading(SizedBody(40_000), bytes(20_000), bytes(20_000)) as reader:
        with pytest.raises(KeyboardInterrupt):
            reader.body.step_readall()
        with pytest.raises(ConnectionClosed, match="interrupted"):
            reader.body.step_readall()


@both_ways
def test_read_that_waits_for_a_size_line_can_be_repeated(way: Way) -> None:
    with reading(chunks(), b"5;ext") as reader:
        assert way(reader, 10) is reader.transport.readable
        reader.transport.extend(b"\r\n12345")
        assert way(reader, 10) == b"12345"


@pytest.mark.parametrize("room", [16_384, 40_000])
def test_large_pieces_are_received_into_the_callers_memory(room: int) -> None:
    class Noting(ScriptedTransport):
        def receive_into(self, target: memoryview) -> int | PollNeeded:
            targets.append((target.obj, len(target)))
            return super().receive_into(target)

    targets: list[tuple[object, int]] = []
    buf = bytearray(50_000)
    transport = Noting()
    reader = Reading(transport)
    reader.body.open(SizedBody(room))
    transport.extend(bytes(room))
    assert reader.body.step_readinto(memoryview(buf)) == room
    assert targets == [(buf, room)]
    transport.close()


class Noting(ScriptedTransport):
    """Notes what is offered to each receive."""

    def __init__(self) -> None:
        super().__init__()
        self.offered: list[int | list[int]] = []

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        self.offered.append(len(target))
        return super().receive_into(target)

    def receive_scattered(self, targets: Sequence[memoryview]) -> int | PollNeeded:
        received = super().receive_scattered(targets)
        self.offered[-1] = [len(target) for target in targets]
        return received

    def receive(self, most: int) -> bytes | PollNeeded:
        self.offered.append(most)
        return super().receive(most)


def lines_and_data(size: int, count: int) -> bytes:
    return (b"%x\r\n" % size + bytes(size) + b"\r\n") * count


@pytest.mark.parametrize(
    ("size", "target", "views"),
    [
        pytest.param(65_536, 65_536, [65_536, 9], id="one chunk"),
        pytest.param(32_768, 65_536, [32_768, 8, 32_768, 8, 0], id="two chunks"),
        pytest.param(32_768, 50_000, [32_768, 8, 17_232], id="chunk and a part"),
        pytest.param(32_768, 16_384, 16_384, id="part of a chunk"),
    ],
)
def test_chunks_and_the_lines_between_come_in_one_receive(
    size: int, target: int, views: int | list[int]
) -> None:
    transport = Noting()
    reader = Reading(transport)
    framing = chunks()
    reader.body.open(framing)
    line = b"%x\r\n" % size
    reader.link.buffer.put(line + bytes(size) + b"\r\n" + line)
    while reader.link.buffer.size:
        reader.readinto(10_000)
    transport.extend((bytes(size) + b"\r\n" + line) * 3)
    assert reader.readinto(target) == bytes(target)
    assert transport.offered == [views]
    transport.close()


def test_between_large_chunks_a_line_is_received_alone_at_first() -> None:
    """So that no payload has to be copied, which is then met again at each chunk."""
    transport = Noting()
    reader = Reading(transport)
    reader.body.open(chunks())
    reader.link.buffer.put(b"10000\r\n")
    transport.extend((bytes(65_536) + b"\r\n10000\r\n") * 2)
    for _ in range(2):
        assert reader.readinto(65_536) == bytes(65_536)
    assert transport.offered == [65_536, 9, [65_536, 9]]
    transport.close()


def test_end_of_a_body_is_received_whole_where_more_comes_than_a_line() -> None:
    transport = Noting()
    reader = Reading(transport)
    reader.body.open(chunks())
    reader.link.buffer.put(b"10000\r\n")
    transport.extend(bytes(65_536) + b"\r\n0\r\nA: b\r\n\r\n")
    assert reader.readinto(65_536) == bytes(65_536)
    assert reader.readinto(65_536) == b""
    assert transport.offered[:2] == [65_536, 9]
    assert len(transport.offered) == 3
    assert reader.link.buffer.size == 0
    transport.close()


@pytest.mark.parametrize(
    ("limit", "most"),
    [
        pytest.param(20_000, 20_000, id="limit"),
        pytest.param(2**62, 65_536, id="never a large one"),
    ],
)
def test_read_receives_into_memory_of_its_own(limit: int, most: int) -> None:
    transport = Noting()
    reader = Reading(transport)
    reader.body.open(SizedBody(100_000))
    transport.extend(bytes(70_000))
    assert reader.read(limit) == bytes(most)
    assert transport.offered == [most, most]
    transport.close()


def test_read_receives_no_more_than_the_body() -> None:
    with reading(SizedBody(20_000), bytes(20_000) + b"HTTP") as reader:
        assert reader.read(50_000) == bytes(20_000)
        assert not reader.link.buffer.size


def test_read_goes_through_the_buffer_where_the_transport_does_no_better() -> None:
    transport = Noting()
    transport.can_scatter = False
    reader = Reading(transport)
    reader.body.open(SizedBody(100_000))
    transport.extend(bytes(20_000))
    assert reader.read(20_000) == bytes(FIRST_BUFFER_SIZE)
    transport.close()


@contextlib.contextmanager
def reading_what_is_foreseen(*script: Line) -> Iterator[Reading]:
    """Give a reader that has reached the second of two chunks of 20,000 octets."""
    with reading(chunks(), *script) as reader:
        reader.link.buffer.put(lines_and_data(20_000, 2)[:-20_002])
        while reader.link.buffer.size:
            reader.readinto(10_000)
        yield reader


def test_failed_receive_of_what_is_foreseen_leaves_the_callers_memory_free() -> None:
    with reading_what_is_foreseen(OSError(5, "told by the system")) as reader:
        buf = bytearray(50_000)
        with memoryview(buf) as target, pytest.raises(OSError, match="told") as caught:
            reader.body.step_readinto(target)
        assert caught.tb is not None
        buf.clear()


def test_interrupt_behind_a_receive_of_what_is_foreseen_leaves_the_callers_memory_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def settle(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(ChunkedBody, "settle", settle)
    with reading_what_is_foreseen(b"abc") as reader:
        buf = bytearray(50_000)
        with memoryview(buf) as target, pytest.raises(KeyboardInterrupt) as caught:
            reader.body.step_readinto(target)
        assert caught.tb is not None
        buf.clear()


def test_interrupted_layout_leaves_the_callers_memory_free() -> None:
    class Interrupted(SizedBody):
        is_foreseen = True

        def lay_out(self, target: memoryview) -> list[memoryview]:
            piece = target[:10]
            raise KeyboardInterrupt(len(piece))

    with reading(Interrupted(20_000)) as reader:
        buf = bytearray(50_000)
        with memoryview(buf) as target, pytest.raises(KeyboardInterrupt) as caught:
            reader.body.step_readinto(target)
        assert caught.tb is not None
        buf.clear()


def test_receive_of_what_is_foreseen_can_be_repeated() -> None:
    with reading_what_is_foreseen() as reader:
        assert reader.readinto(50_000) is reader.transport.readable
        reader.transport.extend(b"abc")
        assert reader.readinto(50_000) == b"abc"


def test_close_can_end_a_body_that_is_foreseen() -> None:
    class Foreseen(UntilCloseBody):
        is_foreseen = True
        room = 20_000

    with reading(Foreseen(), b"abc", END) as reader:
        assert reader.readinto(20_000) == b"abc"
        assert reader.readinto(20_000) == b""


def test_close_where_chunks_are_foreseen_is_a_cut() -> None:
    with reading_what_is_foreseen(END) as reader:
        buf = bytearray(50_000)
        with memoryview(buf) as target, pytest.raises(ConnectionClosed) as caught:
            reader.body.step_readinto(target)
        assert caught.match("before the end of the body")
        buf.clear()


@st.composite
def chunked_bodies(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Make a body whose chunks mostly go on as they began, and give its octets and payload."""
    octets, payload = b"", b""
    for _ in range(draw(st.integers(1, 4))):
        size = draw(st.sampled_from([5, 4_096, 4_099, 9_000]))
        line = b"0" * draw(st.integers(0, 2)) + b"%x\r\n" % size
        for _ in range(draw(st.integers(1, 5))):
            # What looks like framing, at changing places
            piece = (draw(st.binary(max_size=3)) + b"\r\n1000\r\n001000\r\n") * size
            piece = piece[: size - 2] + b"\r\n"
            octets += line + piece + b"\r\n"
            payload += piece
    return octets + b"0\r\n\r\n", payload


@settings(max_examples=20, derandomize=True, database=None, deadline=None)
@given(
    body=chunked_bodies(),
    segments=st.lists(st.integers(1, 30_000), min_size=1, max_size=5),
    sizes=st.lists(st.sampled_from([1, 300, 16_384, 20_000, 70_000]), min_size=1, max_size=4),
)
def test_payload_is_the_same_however_it_comes_and_goes(
    body: tuple[bytes, bytes], segments: list[int], sizes: list[int]
) -> None:
    octets, payload = body
    script, at = [], 0
    for size in itertools.cycle(segments):
        script.append(octets[at : at + size])
        at += size
        if at >= len(octets):
            break
    got = b""
    with reading(chunks(), *script, b"HTTP/1.1 200 OK") as reader:
        for size in itertools.cycle(sizes):
            piece = reader.readinto(size)
            assert isinstance(piece, bytes)
            got += piece
            if not piece:
                break
    assert got == payload


class Drained(ScriptedTransport):
    """Says that it is drained, whatever there is."""

    is_drained = True


def test_large_piece_follows_a_small_one_in_the_same_call() -> None:
    octets = b"3\r\nabc\r\n4e20\r\n" + b"x" * 20_000
    with reading(chunks(), octets[:20], octets[20:]) as reader:
        assert reader.readinto(30_000) == b"abc" + b"x" * 20_000


def test_large_piece_behind_a_line_that_came_alone_goes_directly() -> None:
    with reading(chunks(), b"4e20\r\n", b"x" * 20_000) as reader:
        assert reader.readinto(30_000) == b"x" * 20_000


def test_nothing_is_received_behind_a_small_piece_where_the_transport_is_drained() -> None:
    transport = Drained()
    reader = Reading(transport)
    reader.body.open(SizedBody(20_000))
    transport.extend(b"abc", bytes(19_997))
    reader.link.buffer.fill(transport.receive_into)
    assert reader.readinto(30_000) == b"abc"
    assert reader.readinto(30_000) == bytes(19_997)
    transport.close()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(ConnectionClosed("reset"), "reset", id="reset"),
        pytest.param(END, "before the end of the body", id="end"),
        pytest.param(OSError(5, "told by the system"), "told by the system", id="OSError"),
    ],
)
def test_fault_behind_a_small_piece_is_told_by_the_next_read(fault: Line, expected: str) -> None:
    with reading(SizedBody(20_000), b"abc", fault) as reader:
        reader.link.buffer.fill(reader.transport.receive_into)
        assert reader.readinto(30_000) == b"abc"
        with pytest.raises((ConnectionClosed, OSError), match=expected):
            reader.readinto(30_000)


def test_wait_behind_a_small_piece_is_left_to_the_next_read() -> None:
    with reading(SizedBody(20_000), b"abc") as reader:
        reader.link.buffer.fill(reader.transport.receive_into)
        assert reader.readinto(30_000) == b"abc"
        assert reader.readinto(30_000) is reader.transport.readable


def test_end_behind_a_small_piece_is_the_end_of_a_body_until_close() -> None:
    with reading(UntilCloseBody(), b"abc", END) as reader:
        reader.link.buffer.fill(reader.transport.receive_into)
        assert reader.readinto(30_000) == b"abc"
        assert reader.readinto(30_000) == b""


def test_readall_receives_a_large_body_without_a_copy() -> None:
    class Noting(ScriptedTransport):
        def receive_into(self, target: memoryview) -> int | PollNeeded:
            targets.append(len(target))
            return super().receive_into(target)

    targets: list[int] = []
    transport = Noting()
    reader = Reading(transport)
    reader.body.open(SizedBody(100_000))
    transport.extend(bytes(range(250)) * 400)
    assert reader.body.step_readall() == bytes(range(250)) * 400
    assert targets == [100_000]
    transport.close()


def test_readall_that_waits_keeps_what_it_received_directly() -> None:
    with reading(SizedBody(40_000), bytes(20_000)) as reader:
        assert reader.body.step_readall() is reader.transport.readable
        reader.transport.extend(b"x" * 20_000)
        assert reader.body.step_readall() == bytes(20_000) + b"x" * 20_000


def test_turn_of_an_event_loop_behind_a_small_piece_is_taken_by_the_next_read() -> None:
    """The receive behind the small piece has no octets to give, and the loop gets its turn."""

    class Fair(ScriptedTransport):
        turns = 0

        def receive_into(self, target: memoryview) -> int | PollNeeded:
            self.turns += 1
            return self.readable if self.turns == 2 else super().receive_into(target)

    transport = Fair()
    reader = Reading(transport)
    reader.body.open(SizedBody(20_003))
    transport.extend(b"abc", bytes(20_000))
    reader.link.buffer.fill(transport.receive_into)
    assert reader.readinto(30_000) == b"abc"
    assert reader.readinto(30_000) is transport.readable
    assert reader.readinto(30_000) == bytes(20_000)
    transport.close()


@pytest.mark.parametrize("limit", [10, 20_000], ids=["small", "direct"])
def test_turn_of_an_event_loop_is_taken_also_where_the_next_read_is_another(limit: int) -> None:
    with reading(SizedBody(20_003), b"abc") as reader:
        reader.link.buffer.fill(reader.transport.receive_into)
        assert reader.readinto(30_000) == b"abc"
        reader.transport.extend(bytes(20_000))
        assert reader.read(limit) is reader.transport.readable
        assert reader.read(limit) == bytes(limit)


@pytest.mark.parametrize("size", [65_536, 100_000])
def test_rest_of_a_body_of_known_length_is_received_at_once(size: int) -> None:
    class Noting(ScriptedTransport):
        def receive_into(self, target: memoryview) -> int | PollNeeded:
            asked.append(len(target))
            return super().receive_into(target)

    asked: list[int] = []
    transport = Noting()
    reader = Reading(transport)
    reader.body.open(SizedBody(size + 5_000))
    transport.extend(bytes(size + 5_000))
    assert reader.readinto(size) == bytes(size)
    assert reader.readinto(size) == bytes(FIRST_BUFFER_SIZE)
    assert asked == [size, FIRST_BUFFER_SIZE]
    transport.close()


class Stop(BaseException):
    """What a handler of signals raises."""


class Interrupted(ScriptedTransport):
    """Is left by what a signal handler raises, right behind a receive."""

    is_interrupted = False

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        result = super().receive_into(target)
        if self.is_interrupted:
            self.is_interrupted = False
            raise Stop
        return result


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda body: body.step_read(50_000), id="read"),
        pytest.param(lambda body: body.step_readinto(memoryview(bytearray(10))), id="readinto"),
        pytest.param(lambda body: body.step_readinto(memoryview(bytearray(30_000))), id="direct"),
        pytest.param(lambda body: body.step_readall(), id="readall"),
        pytest.param(lambda body: body.step_discard(), id="discard"),
    ],
)
def test_read_that_is_interrupted_within_a_receive_cannot_be_repeated(
    read: Callable[[BodyReader], object],
) -> None:
    transport = Interrupted()
    reader = Reading(transport)
    reader.body.open(SizedBody(20_000))
    transport.extend(bytes(10_000), bytes(10_000))
    transport.is_interrupted = True
    with pytest.raises(Stop):
        read(reader.body)
    with pytest.raises(ConnectionClosed, match="interrupted while it received"):
        read(reader.body)
    transport.close()


# -- ends that come too early


@both_ways
@both_sizes
def test_close_within_a_sized_body_is_a_cut(way: Way, size: int) -> None:
    with reading(SizedBody(20_000), b"12345", END) as reader:
        assert way(reader, size) == b"12345"
        with pytest.raises(ConnectionClosed, match="19995 octets before the end"):
            way(reader, size)
        with pytest.raises(ConnectionClosed, match="19995 octets before the end"):
            reader.link.check_alive()


@both_ways
@both_sizes
def test_close_after_a_failed_send_is_not_orderly(way: Way, size: int) -> None:
    with reading(UntilCloseBody(), b"12345", END) as reader:
        reader.link.state.broken_off = ConnectionClosed("reset")
        assert way(reader, size) == b"12345"
        with pytest.raises(ConnectionClosed, match="failed before"):
            way(reader, size)


@both_ways
@both_sizes
def test_end_that_another_thread_made_is_not_the_end_of_the_body(way: Way, size: int) -> None:
    class Disconnected(ScriptedTransport):
        def receive_into(self, target: memoryview) -> int | PollNeeded:
            reader.link.abort("disconnect() was called")
            return 0

    transport = Disconnected()
    reader = Reading(transport)
    reader.body.open(UntilCloseBody())
    with pytest.raises(ConnectionClosed, match="disconnect"):
        way(reader, size)
    assert reader.ended == []
    transport.close()


@both_ways
@pytest.mark.parametrize(
    "error", [InvalidResponse("no length"), UnsupportedResponse("other coding")], ids=repr
)
def test_faulty_body_kills_the_connection(
    way: Way, error: InvalidResponse | UnsupportedResponse
) -> None:
    with reading(FaultyBody(error), b"12345") as reader:
        for _ in range(2):
            with pytest.raises(type(error), match=str(error)):
                way(reader, 10)


@both_ways
def test_dead_connection_repeats_its_error(way: Way) -> None:
    with reading(SizedBody(5), b"12345") as reader:
        reader.link.fail(InvalidResponse("nonsense"))
        with pytest.raises(InvalidResponse, match="nonsense"):
            way(reader, 5)
        with pytest.raises(InvalidResponse, match="nonsense"):
            reader.body.step_readall()
        with pytest.raises(InvalidResponse, match="nonsense"):
            reader.body.step_discard()


def test_body_is_not_opened_on_a_dead_connection() -> None:
    with reading(None) as reader:
        reader.link.abort("disconnect() was called")
        with pytest.raises(ConnectionClosed, match="disconnect"):
            reader.body.open(SizedBody(5))


# -- the whole rest


@pytest.mark.parametrize(
    ("make", "script"),
    [
        pytest.param(lambda: SizedBody(5), (b"12345",), id="sized, at once"),
        pytest.param(lambda: SizedBody(5), (b"12", b"345"), id="sized"),
        pytest.param(UntilCloseBody, (b"12", b"345", END), id="until close"),
        pytest.param(chunks, (chunked(b"12", b"345"),), id="chunked"),
    ],
)
def test_readall_gives_the_body(make: Callable[[], BodyFraming], script: tuple[Line, ...]) -> None:
    framing = make()
    with reading(framing, *script) as reader:
        assert reader.body.step_readall() == b"12345"
        assert reader.ended == [framing]


def test_readall_of_a_body_that_came_with_its_head_receives_nothing() -> None:
    framing = SizedBody(5)
    with reading(framing, b"12345next") as reader:
        reader.link.buffer.fill(reader.transport.receive_into)
        assert reader.body.step_readall() == b"12345"
        assert reader.ended == [framing]
        assert reader.link.buffer.size == 4


def test_readall_goes_on_behind_what_came_with_the_head() -> None:
    with reading(SizedBody(10), b"12345", b"67890") as reader:
        reader.link.buffer.fill(reader.transport.receive_into)
        assert reader.body.step_readall() == b"1234567890"


def test_unfinished_readall_keeps_what_it_gathered() -> None:
    with reading(SizedBody(10), b"12345") as reader:
        assert reader.body.step_readall() is reader.transport.readable
        assert reader.read(2) == b"12"
        assert reader.readinto(2) == b"34"
        assert reader.readinto(2) == b"5"
        reader.transport.extend(b"67890")
        assert reader.body.step_readall() == b"67890"


def test_readall_goes_on_behind_what_it_gathered() -> None:
    framing = SizedBody(10)
    with reading(framing, b"12345") as reader:
        assert reader.body.step_readall() is reader.transport.readable
        assert reader.read(1) == b"1"
        assert reader.read(4) == b"2345"
        assert reader.body.step_readall() is reader.transport.readable
        reader.transport.extend(b"67", b"890")
        assert reader.body.step_readall() == b"67890"
        assert reader.ended == [framing]


def test_readall_raises_for_a_cut() -> None:
    with reading(SizedBody(10), b"12345", END) as reader, pytest.raises(ConnectionClosed):
        reader.body.step_readall()


def test_discard_drops_what_was_gathered() -> None:
    framing = SizedBody(10)
    with reading(framing, b"12345") as reader:
        assert reader.body.step_readall() is reader.transport.readable
        reader.transport.extend(b"67890")
        assert reader.body.step_discard() is None
        assert reader.ended == [framing]


def test_discard_that_waits_can_be_repeated() -> None:
    with reading(chunks(), b"5\r\n123") as reader:
        assert reader.body.step_discard() is reader.transport.readable
        reader.transport.extend(b"45\r\n0\r\n\r\n")
        assert reader.body.step_discard() is None
        assert len(reader.ended) == 1


# -- bodies that are lost


def successor_of(reader: Reading) -> BodyReader:
    body = BodyReader(Link(0))
    body.succeed(reader.body)
    return body


def test_body_that_was_open_at_a_disconnect_is_lost() -> None:
    with reading(SizedBody(5)) as reader:
        reader.body.interrupt()
        body = successor_of(reader)
    for _ in range(2):
        with pytest.raises(ConnectionClosed, match="before the end of the body"):
            body.step_read(5)
        with pytest.raises(ConnectionClosed, match="before the end of the body"):
            body.step_readinto(memoryview(bytearray(5)))
        with pytest.raises(ConnectionClosed, match="before the end of the body"):
            body.step_readall()


def test_lost_body_is_inherited_until_a_head_is_expected() -> None:
    with reading(SizedBody(5)) as reader:
        reader.body.interrupt()
        body = successor_of(reader)
    heir = BodyReader(Link(0))
    heir.succeed(body)
    with pytest.raises(ConnectionClosed, match="before the end of the body"):
        heir.step_read(5)
    heir.has_lost = False
    assert heir.step_read(5) == b""


@pytest.mark.parametrize("interrupted", [False, True])
def test_without_an_open_body_nothing_is_lost(interrupted: bool) -> None:
    with reading(None) as reader:
        if interrupted:
            reader.body.interrupt()
        assert successor_of(reader).step_read(5) == b""
