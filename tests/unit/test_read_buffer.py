from __future__ import annotations

import re

import pytest

from dugong.limits import BUFFER_SIZE, FIRST_BUFFER_SIZE, SMALL_BUFFER_SIZE
from dugong.polling import POLLIN, PollNeeded
from dugong.protocol.read_buffer import ReadBuffer
from tests.unit.split import filled, put, rest_of


def pattern_of(size: int) -> bytes:
    """Return *size* octets of which no two neighbouring blocks are alike."""
    return b"".join(i.to_bytes(4, "big") for i in range(size // 4 + 1))[:size]


def space_of(buffer: ReadBuffer) -> int:
    """Return how many octets *buffer* offers to be received, of which none come."""
    spaces: list[int] = []

    def receive(space: memoryview) -> PollNeeded:
        spaces.append(len(space))
        return PollNeeded(3, POLLIN)

    buffer.fill(receive)
    return spaces[0]


@pytest.fixture
def buffer() -> ReadBuffer:
    """Return a buffer that begins within its memory: octets in front were consumed."""
    begun = filled(b"---HTTP/1.1 200 OK\r\n")
    begun.skip(3)
    return begun


def test_new_buffer_is_empty() -> None:
    assert len(ReadBuffer()) == 0
    assert ReadBuffer().size == 0


def test_size_is_what_was_received_and_not_consumed(buffer: ReadBuffer) -> None:
    assert len(buffer) == buffer.size == 17


def test_new_buffer_was_not_fitted() -> None:
    assert ReadBuffer().is_fitted is False


def test_no_memory_is_allocated_before_first_use() -> None:
    assert len(ReadBuffer()._data) == 0


def test_first_space_is_small() -> None:
    assert space_of(ReadBuffer()) == FIRST_BUFFER_SIZE


def test_space_stays_small_while_receives_do_not_fill_it() -> None:
    buffer = ReadBuffer()
    for _ in range(10):
        put(buffer, pattern_of(FIRST_BUFFER_SIZE - 1))
        buffer.skip(FIRST_BUFFER_SIZE - 1)
    assert space_of(buffer) == FIRST_BUFFER_SIZE


def test_space_becomes_large_once_a_receive_has_filled_it() -> None:
    buffer = filled(pattern_of(FIRST_BUFFER_SIZE))
    assert space_of(buffer) == BUFFER_SIZE - FIRST_BUFFER_SIZE
    assert rest_of(buffer) == pattern_of(FIRST_BUFFER_SIZE)


def fitted(size: int) -> ReadBuffer:
    """Return a buffer that was fitted after a first response of *size* octets."""
    buffer = filled(pattern_of(size))
    buffer.skip(size)
    buffer.fit()
    return buffer


@pytest.mark.parametrize(
    ("size", "space"),
    [
        pytest.param(1, SMALL_BUFFER_SIZE, id="one octet"),
        pytest.param(341, 512, id="small"),
        pytest.param(342, 1_024, id="half as much again does not fit"),
        pytest.param(1_000, 2_048, id="usual"),
        pytest.param(2_000, 4_096, id="large"),
        pytest.param(4_000, 4_096, id="nearly all"),
        pytest.param(FIRST_BUFFER_SIZE, FIRST_BUFFER_SIZE, id="grown"),
    ],
)
def test_space_is_fitted_to_the_first_response(size: int, space: int) -> None:
    buffer = fitted(size)
    assert len(buffer._data) == 0
    assert space_of(buffer) == len(buffer._data) == space


def test_memory_that_holds_octets_is_not_fitted(buffer: ReadBuffer) -> None:
    buffer.fit()
    assert buffer.is_fitted
    assert rest_of(buffer) == b"HTTP/1.1 200 OK\r\n"
    assert len(buffer._data) == FIRST_BUFFER_SIZE


def test_memory_that_was_never_used_is_not_fitted() -> None:
    buffer = ReadBuffer()
    buffer.fit()
    assert len(buffer._data) == 0


def test_fitted_memory_becomes_as_large_as_it_was_once_a_receive_has_filled_it() -> None:
    buffer = fitted(1)
    put(buffer, pattern_of(SMALL_BUFFER_SIZE - 1))
    assert len(buffer._data) == SMALL_BUFFER_SIZE
    put(buffer, b"x")
    assert space_of(buffer) == FIRST_BUFFER_SIZE - SMALL_BUFFER_SIZE
    assert rest_of(buffer) == pattern_of(SMALL_BUFFER_SIZE - 1) + b"x"


def test_space_grows_beyond_that_only_when_nothing_is_consumed() -> None:
    buffer = filled(pattern_of(BUFFER_SIZE))
    assert space_of(buffer) == BUFFER_SIZE
    assert rest_of(buffer) == pattern_of(BUFFER_SIZE)


def test_consumed_octets_make_room_before_memory_grows() -> None:
    buffer = filled(pattern_of(BUFFER_SIZE))
    buffer.skip(100)
    assert space_of(buffer) == 100
    assert rest_of(buffer) == pattern_of(BUFFER_SIZE)[100:]


def test_all_memory_is_space_again_when_everything_is_consumed() -> None:
    buffer = filled(pattern_of(1000))
    buffer.skip(1000)
    assert space_of(buffer) == FIRST_BUFFER_SIZE


def test_memory_shrinks_when_a_large_head_is_consumed() -> None:
    octets = pattern_of(3 * BUFFER_SIZE)
    buffer = filled(octets)
    buffer.skip(2 * BUFFER_SIZE + 1)
    assert rest_of(buffer) == octets[2 * BUFFER_SIZE + 1 :]
    assert len(buffer._data) == BUFFER_SIZE


def test_memory_does_not_shrink_below_what_it_holds() -> None:
    octets = pattern_of(3 * BUFFER_SIZE)
    buffer = filled(octets)
    buffer.skip(BUFFER_SIZE)
    assert rest_of(buffer) == octets[BUFFER_SIZE:]


@pytest.mark.parametrize(
    ("left", "shrinks"),
    [
        pytest.param(BUFFER_SIZE, True, id="what is left fits exactly"),
        pytest.param(BUFFER_SIZE + 1, False, id="one octet too many"),
    ],
)
def test_memory_shrinks_as_soon_as_what_is_left_fits(left: int, shrinks: bool) -> None:
    octets = pattern_of(3 * BUFFER_SIZE)
    buffer = filled(octets)
    buffer.skip(len(octets) - left)
    assert rest_of(buffer) == octets[-left:]
    assert (len(buffer._data) == BUFFER_SIZE) is shrinks


def test_octets_stay_where_they_are_when_others_are_consumed() -> None:
    buffer = filled(pattern_of(BUFFER_SIZE - 10))
    before = bytes(buffer._data)
    buffer.skip(100)
    assert buffer._data == before


def test_space_is_never_empty() -> None:
    buffer = ReadBuffer()
    for _ in range(5):
        assert buffer.fill(len) != 0


def test_octets_come_out_in_the_order_in_which_they_came() -> None:
    octets = pattern_of(3 * BUFFER_SIZE)
    buffer = ReadBuffer()
    out = bytearray()
    step = 5003
    for begin in range(0, len(octets), step):
        put(buffer, octets[begin : begin + step])
        out += buffer.take(len(buffer) * 2 // 3)
    out += buffer.take(len(buffer))
    assert out == octets


def test_find_end_is_behind_the_first_needle(buffer: ReadBuffer) -> None:
    assert buffer.find_end(b" ") == 9


def test_find_end_sees_the_first_octet() -> None:
    assert filled(b"abc").find_end(b"a") == 1


def test_find_end_does_not_see_the_octet_that_was_consumed_last() -> None:
    buffer = filled(b"-abc")
    buffer.skip(1)
    assert buffer.find_end(b"-") is None


def test_find_end_begins_where_it_is_told(buffer: ReadBuffer) -> None:
    assert buffer.find_end(b" ", 8) == 9
    assert buffer.find_end(b" ", 9) == 13


def test_find_end_sees_neither_consumed_octets_nor_old_ones_behind() -> None:
    buffer = filled(b"-abc;")
    buffer.skip(5)
    put(buffer, b"x")
    assert buffer.find_end(b"-") is None
    assert buffer.find_end(b";") is None


def test_match_within_begins_with_the_first_octet(buffer: ReadBuffer) -> None:
    match = buffer.match_within(re.compile(rb"[A-Z]+"), 17)
    assert match is not None
    assert match[0] == b"HTTP"
    assert len(buffer) == 17


@pytest.mark.parametrize(
    ("limit", "matched"),
    [
        pytest.param(8, None, id="one less"),
        pytest.param(9, b"HTTP/1.1 ", id="exactly"),
        pytest.param(10, b"HTTP/1.1 ", id="one more"),
        pytest.param(100, b"HTTP/1.1 ", id="more than there is"),
    ],
)
def test_match_within_sees_no_more_than_the_limit(
    buffer: ReadBuffer, limit: int, matched: bytes | None
) -> None:
    match = buffer.match_within(re.compile(rb"[^ ]+ "), limit)
    assert (None if match is None else match[0]) == matched


def test_what_was_matched_can_be_consumed(buffer: ReadBuffer) -> None:
    match = buffer.match_within(re.compile(rb"[^ ]+ "), 100)
    assert match is not None
    buffer.skip_match(match)
    assert (buffer.size, rest_of(buffer)) == (8, b"200 OK\r\n")


def test_consuming_a_match_gives_back_what_was_needed_for_more() -> None:
    buffer = filled(pattern_of(BUFFER_SIZE + 1))
    match = buffer.match(re.compile(rb"(?s)."))
    assert match is not None
    buffer.skip_match(match)
    assert space_of(buffer) == BUFFER_SIZE
    assert rest_of(buffer) == pattern_of(BUFFER_SIZE + 1)[1:]


def test_match_within_counts_the_limit_from_what_was_not_consumed() -> None:
    buffer = filled(b"-abc-")
    buffer.skip(1)
    match = buffer.match_within(re.compile(rb".+"), 3)
    assert match is not None
    assert match[0] == b"abc"


def test_match_within_sees_neither_consumed_octets_nor_old_ones_behind() -> None:
    buffer = filled(b"-abc;")
    buffer.skip(5)
    put(buffer, b"x")
    match = buffer.match_within(re.compile(rb".+"), 9)
    assert match is not None
    assert match[0] == b"x"


def test_match_is_at_the_given_offset(buffer: ReadBuffer) -> None:
    match = buffer.match(re.compile(rb"[0-9]+"), 9)
    assert match is not None
    assert match[0] == b"200"
    assert buffer.matched_end(match) == 12


def test_match_begins_at_the_first_octet_by_default(buffer: ReadBuffer) -> None:
    assert buffer.match(re.compile(rb"HTTP")) is not None
    assert buffer.match(re.compile(rb"TTP")) is None


def test_match_ends_with_what_was_received() -> None:
    buffer = filled(b"12345")
    buffer.skip(5)
    put(buffer, b"9")
    match = buffer.match(re.compile(rb"[0-9]+"))
    assert match is not None
    assert match[0] == b"9"


def test_octet_is_at_the_given_offset(buffer: ReadBuffer) -> None:
    assert buffer.octet(0) == ord("H")
    assert buffer.octet(4) == ord("/")


def test_peek_leaves_the_octets(buffer: ReadBuffer) -> None:
    assert buffer.peek(5, 8) == b"1.1"
    assert len(buffer) == 17


def test_peek_ends_with_what_was_received() -> None:
    buffer = filled(b"12345")
    buffer.skip(5)
    put(buffer, b"9")
    assert buffer.peek(0, 40) == b"9"


def test_text_is_latin_1() -> None:
    buffer = filled(bytes(range(256)))
    buffer.skip(1)
    assert buffer.text(0, 255) == "".join(map(chr, range(1, 256)))


def test_take_consumes(buffer: ReadBuffer) -> None:
    assert buffer.take(5) == b"HTTP/"
    assert rest_of(buffer) == b"1.1 200 OK\r\n"


def test_move_into_fills_a_smaller_target(buffer: ReadBuffer) -> None:
    target = bytearray(b"......")
    assert buffer.move_into(memoryview(target)[:4]) == 4
    assert target == b"HTTP.."
    assert len(buffer) == 13
    assert rest_of(buffer) == b"/1.1 200 OK\r\n"


def test_move_into_leaves_the_end_of_a_larger_target(buffer: ReadBuffer) -> None:
    target = bytearray(b"." * 20)
    assert buffer.move_into(memoryview(target)) == 17
    assert target == b"HTTP/1.1 200 OK\r\n..."
    assert len(buffer) == 0


def test_clear_consumes_everything(buffer: ReadBuffer) -> None:
    buffer.clear()
    assert len(buffer) == 0
    put(buffer, b"new")
    assert rest_of(buffer) == b"new"


def test_window_is_where_the_octets_are(buffer: ReadBuffer) -> None:
    data, view, begin, end = buffer.window()
    assert bytes(data[begin:end]) == bytes(view[begin:end]) == b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("most", "offered"),
    [
        pytest.param(None, FIRST_BUFFER_SIZE - 20, id="all"),
        pytest.param(512, 512, id="some"),
        pytest.param(10_000, FIRST_BUFFER_SIZE - 20, id="more than there is"),
    ],
)
def test_space_can_be_limited(buffer: ReadBuffer, most: int | None, offered: int) -> None:
    spaces: list[int] = []

    def receive(space: memoryview) -> int:
        spaces.append(len(space))
        return 0

    buffer.fill(receive, most)
    assert spaces == [offered]


@pytest.mark.parametrize("size", [0, 1, FIRST_BUFFER_SIZE, BUFFER_SIZE + 1])
def test_octets_received_elsewhere_can_be_put_in(size: int) -> None:
    buffer = ReadBuffer()
    put(buffer, b"consumed")
    buffer.skip(8)
    buffer.put(b"x" * size)
    assert buffer.size == size
    assert rest_of(buffer) == b"x" * size


@pytest.mark.parametrize(
    ("octets", "rest"),
    [
        pytest.param(b"abc", b"defgh", id="these"),
        pytest.param(b"abd", b"abcdefgh", id="others"),
        pytest.param(b"abcdefghi", b"abcdefgh", id="more than there are"),
    ],
)
def test_octets_are_skipped_where_they_come_next(octets: bytes, rest: bytes) -> None:
    buffer = filled(b"abcdefgh")
    assert buffer.skip_if(octets) is (rest != b"abcdefgh")
    assert rest_of(buffer) == rest
