from __future__ import annotations

import math
import os
import select
import threading
from typing import TYPE_CHECKING, Any

import pytest

from dugong import polling
from dugong.polling import (
    POLLIN,
    POLLOUT,
    PollNeeded,
    check_timeout,
    on_release,
    poll_needed,
    release,
    to_milliseconds,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return the reading and the writing end of a pipe."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_it_is_a_tuple() -> None:
    needed = PollNeeded(5, POLLIN)
    fd, mask = needed
    assert (fd, mask) == (5, POLLIN) == needed
    assert (needed.fd, needed.mask) == (5, POLLIN)


def test_what_is_given_again_is_equal_to_a_new_one() -> None:
    assert poll_needed(5, POLLIN) == PollNeeded(5, POLLIN)
    assert poll_needed(5, POLLIN) is poll_needed(5, POLLIN)


def test_masks_have_the_values_of_poll_and_epoll() -> None:
    assert (POLLIN, POLLOUT) == (select.POLLIN, select.POLLOUT)
    if hasattr(select, "EPOLLIN"):
        assert (POLLIN, POLLOUT) == (select.EPOLLIN, select.EPOLLOUT)


@pytest.mark.parametrize("timeout", [0, 0.001, -1])
def test_poll_gives_up_after_the_timeout(pipe: tuple[int, int], timeout: float) -> None:
    assert PollNeeded(pipe[0], POLLIN).poll(timeout) is False


@pytest.mark.parametrize("timeout", [0, 5, math.inf, None])
def test_poll_sees_input(pipe: tuple[int, int], timeout: float | None) -> None:
    os.write(pipe[1], b"x")
    assert PollNeeded(pipe[0], POLLIN).poll(timeout) is True


@pytest.mark.parametrize("mask", [POLLOUT, POLLIN | POLLOUT])
def test_poll_sees_that_there_is_room(pipe: tuple[int, int], mask: int) -> None:
    assert PollNeeded(pipe[1], mask).poll(0) is True


def test_poll_waits_without_limit(pipe: tuple[int, int]) -> None:
    timer = threading.Timer(0.01, os.write, (pipe[1], b"x"))
    timer.start()
    assert PollNeeded(pipe[0], POLLIN).poll() is True
    timer.join()


def test_poll_wakes_where_the_descriptor_failed() -> None:
    read_end, write_end = os.pipe()
    os.close(write_end)
    assert PollNeeded(read_end, POLLIN).poll(5) is True
    os.close(read_end)


@pytest.mark.parametrize(
    ("timeout", "milliseconds"),
    [
        pytest.param(None, None, id="no limit"),
        pytest.param(0, 0, id="do not wait"),
        pytest.param(-1, 0, id="negative"),
        pytest.param(1, 1000, id="second"),
        pytest.param(0.5, 500, id="half a second"),
        pytest.param(0.0001, 1, id="never rounded down to nothing"),
        pytest.param(1e-300, 1, id="next to nothing"),
        pytest.param(0.0015, 2, id="rounded up"),
        pytest.param(10**9, 2**31 - 1, id="longer than poll can wait"),
        pytest.param(math.inf, 2**31 - 1, id="for ever"),
    ],
)
def test_milliseconds(timeout: float | None, milliseconds: int | None) -> None:
    assert to_milliseconds(timeout) == milliseconds


@pytest.mark.parametrize("timeout", [None, 0, 0.0, 1, 2.5, math.inf])
def test_good_timeouts(timeout: float | None) -> None:
    check_timeout(timeout)


@pytest.mark.parametrize("timeout", [-1, -0.001, -math.inf, math.nan])
def test_timeout_that_is_no_time_is_refused(timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout is not at least 0 seconds"):
        check_timeout(timeout)


@pytest.mark.parametrize("timeout", ["1", b"1", True, False, [1], 1j, object()])
def test_timeout_that_is_no_number_is_refused(timeout: Any) -> None:
    with pytest.raises(TypeError, match="timeout must be seconds or None"):
        check_timeout(timeout)


def test_every_observer_is_told_of_a_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_release_observers", [])
    first: list[int] = []
    second: list[int] = []
    on_release(first.append)
    on_release(second.append)
    release(5)
    release(6)
    assert first == second == [5, 6]


def test_release_without_observers_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_release_observers", [])
    release(5)
