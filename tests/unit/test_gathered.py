from __future__ import annotations

import pytest

from dugong.exchange.gathered import Gathered


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
