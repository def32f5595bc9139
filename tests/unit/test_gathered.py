from __future__ import annotations

import io

import pytest

from dugong.exchange.gathered import Gathered
from dugong.polling import POLLIN, PollNeeded


@pytest.fixture
def gathered() -> Gathered:
    queue = Gathered()
    queue.add(b"123")
    queue.add(b"456")
    return queue


def test_length_is_what_was_added() -> None:
    queue = Gathered()
    assert len(queue) == 0
    queue.add(b"123")
    assert len(queue) == 3


def test_take_gives_at_most_its_limit(gathered: Gathered) -> None:
    assert gathered.take(4) == b"1234"
    assert len(gathered) == 2
    assert gathered.take(4) == b"56"
    assert len(gathered) == 0


@pytest.mark.parametrize("limit", [6, 100, 2**100])
def test_take_with_a_limit_beyond_the_end_gives_all(gathered: Gathered, limit: int) -> None:
    assert gathered.take(limit) == b"123456"


def test_move_into_fills_the_target(gathered: Gathered) -> None:
    target = bytearray(4)
    assert gathered.move_into(memoryview(target)) == 4
    assert target == b"1234"
    assert len(gathered) == 2


def test_move_into_leaves_the_rest_of_the_target(gathered: Gathered) -> None:
    target = bytearray(b"........")
    assert gathered.move_into(memoryview(target)) == 6
    assert target == b"123456.."


def test_rest_gives_everything(gathered: Gathered) -> None:
    assert gathered.rest() == b"123456"


def test_rest_gives_what_was_not_taken(gathered: Gathered) -> None:
    gathered.take(2)
    assert gathered.rest() == b"3456"


def test_what_is_added_after_a_take_comes_at_the_end(gathered: Gathered) -> None:
    gathered.take(2)
    gathered.add(b"789")
    assert len(gathered) == 7
    assert gathered.take(5) == b"34567"
    assert gathered.rest() == b"89"


def test_what_is_received_comes_behind_what_was_added(gathered: Gathered) -> None:
    assert gathered.fill(io.BytesIO(b"789").readinto, 100) == 3
    gathered.add(b"0")
    assert gathered.rest() == b"1234567890"


def test_receive_that_waits_adds_nothing(gathered: Gathered) -> None:
    needed = PollNeeded(3, POLLIN)
    assert gathered.fill(lambda window: needed, 100) is needed
    assert gathered.rest() == b"123456"


def test_no_more_is_received_than_is_wanted(gathered: Gathered) -> None:
    offered: list[int] = []

    def receive(window: memoryview) -> int:
        offered.append(len(window))
        return 0

    for most in (3, 2, 100):
        gathered.fill(receive, most)
    assert offered == [3, 2, 3]


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dugong.exchange.gathered.BUFFER_SIZE", 10)
    monkeypatch.setattr("dugong.exchange.gathered._FIRST_ROOM", 100)
    monkeypatch.setattr("dugong.exchange.gathered._MOST_AHEAD", 4_000)


def offered_until_full(queue: Gathered, total: int) -> list[int]:
    """Have *queue* filled up to *total* octets; return how many each receive was offered."""
    offered: list[int] = []

    def receive(window: memoryview) -> int:
        offered.append(len(window))
        window[:] = bytes([len(offered)]) * len(window)
        return len(window)

    while len(queue) < total:
        queue.fill(receive, total - len(queue))
    return offered


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize(
    ("total", "offered"),
    [
        pytest.param(1, [1], id="one octet"),
        pytest.param(100, [100], id="as much as there is room for at first"),
        pytest.param(101, [10, 91], id="little more: the step before is a small one"),
        pytest.param(1_600, [100, 1_500], id="one step"),
        pytest.param(4_000, [16, 234, 3_750], id="two steps"),
        pytest.param(
            20_000, [79, 1_171, 4_000, 4_000, 4_000, 4_000, 2_750], id="no more than that ahead"
        ),
        pytest.param(
            50_000,
            [13, 183, 2_929, 4_000, 4_000, 4_000, 4_000, 4_781, 5_976, 7_470, 9_338, 3_310],
            id="a quarter of what has arrived",
        ),
    ],
)
def test_room_grows_with_what_has_arrived(total: int, offered: list[int]) -> None:
    queue = Gathered()
    assert offered_until_full(queue, total) == offered
    assert queue.rest() == b"".join(bytes([i + 1]) * size for i, size in enumerate(offered))


@pytest.mark.parametrize("first", [0, 1, 4_011, 65_451, 262_144])
@pytest.mark.parametrize("size", [2**16, 2**20, 2**22 + 1, 2**24 - 1])
def test_little_is_copied_whatever_came_first(first: int, size: int) -> None:
    queue = Gathered()
    queue.add(bytes(first))
    *before_the_last_step, _ = offered_until_full(queue, first + size)
    assert sum(before_the_last_step) <= (first + size) // 16 + 1


def test_what_was_received_can_be_taken_before_the_rest_comes(gathered: Gathered) -> None:
    gathered.fill(io.BytesIO(b"789").readinto, 100)
    assert gathered.take(100) == b"123456789"
    assert not len(gathered)
    gathered.fill(io.BytesIO(b"0").readinto, 100)
    target = bytearray(5)
    assert gathered.move_into(memoryview(target)) == 1
    assert target == b"0\0\0\0\0"
