from __future__ import annotations

import select
import socket
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

import attrs
import pytest

from dugong.drivers import waiter as waiter_module
from dugong.drivers.waiter import Waiter
from dugong.exceptions import ConnectionTimedOut
from dugong.polling import POLLIN, POLLOUT, PollNeeded

READABLE = PollNeeded(3, POLLIN)
WRITABLE = PollNeeded(3, POLLOUT)


@attrs.define
class Polls:
    """Plays `select.poll`: what each poll finds, and how long it was to wait for it.

    Attributes:
        found: Whether the I/O was possible, poll by poll; behind the last one always.
        waits: The milliseconds of each poll.
        registered: What each poll object was made for.
    """

    found: deque[bool] = attrs.field(factory=deque)
    waits: list[int | None] = attrs.field(factory=list)
    registered: list[tuple[int, int]] = attrs.field(factory=list)

    def poll(self) -> FakePoll:
        return FakePoll(self)


@attrs.define
class FakePoll:
    polls: Polls

    def register(self, fd: int, mask: int) -> None:
        self.polls.registered.append((fd, mask))

    def poll(self, milliseconds: int | None) -> list[tuple[int, int]]:
        self.polls.waits.append(milliseconds)
        found = self.polls.found.popleft() if self.polls.found else True
        return [(3, POLLIN)] if found else []


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> Polls:
    polls = Polls()
    monkeypatch.setattr(waiter_module, "select", polls)
    return polls


@attrs.define
class Idle:
    """Counts how often a half was told to be idle."""

    calls: int = 0

    def __call__(self) -> None:
        self.calls += 1


def stepping(*results: PollNeeded | str | Exception) -> Step:
    return Step(deque(results))


@attrs.define
class Step:
    """A step that gives one result after the other."""

    results: deque[PollNeeded | str | Exception]
    calls: list[tuple[int, ...]] = attrs.field(factory=list)

    def __call__(self, *args: int) -> str | PollNeeded:
        self.calls.append(args)
        result = self.results.popleft()
        if isinstance(result, Exception):
            raise result
        return result


def receiving(timeout: float | None = None) -> Waiter:
    return Waiter(POLLIN, timeout)


def test_block_returns_a_result_that_needs_no_wait(polls: Polls) -> None:
    assert receiving().block(stepping("result")) == "result"
    assert not polls.waits


def test_block_calls_again_without_arguments(polls: Polls) -> None:
    step = stepping(READABLE, READABLE, "result")
    assert receiving().block(step) == "result"
    assert step.calls == [()] * 3


def test_block_with_calls_again_with_the_same_argument(polls: Polls) -> None:
    step = stepping(READABLE, READABLE, "result")
    assert receiving().block_with(step, 7) == "result"
    assert step.calls == [(7,)] * 3


def test_block_with_waits_for_as_long_as_the_timeout_says(polls: Polls) -> None:
    polls.found.extend([True, False])
    with pytest.raises(ConnectionTimedOut):
        receiving(1.5).block_with(stepping(READABLE, READABLE, "result"), 7)
    assert polls.waits == [1500, 1500]


def test_slices_of_an_argument_s_step_add_up_to_its_timeout(polls: Polls) -> None:
    polls.found.extend([False] * 3)
    with pytest.raises(ConnectionTimedOut):
        receiving(0.25).block_with(stepping(*[WRITABLE] * 3), 7)
    assert polls.waits == [100, 100, 50]


@pytest.mark.parametrize(
    ("timeout", "milliseconds"),
    [
        pytest.param(None, None, id="no limit"),
        pytest.param(0, 0, id="does not wait"),
        pytest.param(1.5, 1500, id="seconds"),
        pytest.param(0.0001, 1, id="rounded up"),
    ],
)
def test_block_waits_for_as_long_as_the_timeout_says(
    polls: Polls, timeout: float | None, milliseconds: int | None
) -> None:
    receiving(timeout).block(stepping(READABLE, "result"))
    assert polls.waits == [milliseconds]


def test_timeout_can_be_changed(polls: Polls) -> None:
    waiter = receiving(1)
    waiter.set_timeout(2)
    waiter.block(stepping(READABLE, "result"))
    assert polls.waits == [2000]


def test_each_wait_has_the_whole_timeout(polls: Polls) -> None:
    receiving(1).block(stepping(READABLE, READABLE, "result"))
    assert polls.waits == [1000, 1000]


def test_wait_that_lasts_too_long_is_raised(polls: Polls) -> None:
    polls.found.append(False)
    with pytest.raises(ConnectionTimedOut, match="for 1 s"):
        receiving(1).block(stepping(READABLE))


def test_poll_object_is_made_once_for_one_event(polls: Polls) -> None:
    waiter = receiving()
    waiter.block(stepping(READABLE, READABLE, "result"))
    waiter.block(stepping(READABLE, "result"))
    assert polls.registered == [READABLE]


def test_poll_object_is_made_anew_for_another_event(polls: Polls) -> None:
    receiving().block(stepping(READABLE, WRITABLE, "result"))
    assert polls.registered == [READABLE, WRITABLE]


class TestCrossedWait:
    """A wait for the direction of the other half."""

    def test_looks_again_after_a_slice(self, polls: Polls) -> None:
        polls.found.append(False)
        step = stepping(WRITABLE, "result")
        assert receiving().block(step) == "result"
        assert polls.waits == [100]

    def test_ends_early_where_the_io_is_possible(self, polls: Polls) -> None:
        assert receiving(5).block(stepping(WRITABLE, "result")) == "result"

    def test_lasts_as_long_as_the_timeout_in_all(self, polls: Polls) -> None:
        polls.found.extend([False] * 3)
        with pytest.raises(ConnectionTimedOut, match=r"for 0\.25 s"):
            receiving(0.25).block(stepping(*[WRITABLE] * 3))
        assert polls.waits == [100, 100, 50]

    def test_does_not_wait_with_a_timeout_of_zero(self, polls: Polls) -> None:
        polls.found.append(False)
        with pytest.raises(ConnectionTimedOut):
            receiving(0).block(stepping(WRITABLE))
        assert polls.waits == [0]

    def test_without_timeout_goes_on(self, polls: Polls) -> None:
        polls.found.extend([False] * 50)
        assert receiving().block(stepping(*[WRITABLE] * 50, "result")) == "result"

    def test_begins_anew_after_progress(self, polls: Polls) -> None:
        polls.found.extend([False, True, False, False])
        step = stepping(*[WRITABLE] * 3, "result")
        assert receiving(0.25).block(step) == "result"
        assert polls.waits == [100, 100, 100]

    def test_begins_anew_after_a_wait_in_its_own_direction(self, polls: Polls) -> None:
        polls.found.extend([False, False, True, False])
        step = stepping(WRITABLE, WRITABLE, READABLE, WRITABLE, "result")
        receiving(0.25).block(step)
        assert polls.waits == [100, 100, 250, 100]

    def test_begins_anew_with_the_next_operation(self, polls: Polls) -> None:
        polls.found.extend([False] * 4)
        waiter = receiving(0.25)
        for _ in range(2):
            assert waiter.block(stepping(WRITABLE, WRITABLE, "result")) == "result"
        assert polls.waits == [100] * 4

    def test_begins_anew_after_a_timeout(self, polls: Polls) -> None:
        polls.found.extend([False, False])
        waiter = receiving(0.1)
        for _ in range(2):
            with pytest.raises(ConnectionTimedOut):
                waiter.block(stepping(WRITABLE))
        assert polls.waits == [100, 100]


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, peer = socket.socketpair()
    with ours, peer:
        yield ours, peer


def test_real_poll_object_wakes(sockets: tuple[socket.socket, socket.socket]) -> None:
    ours, peer = sockets
    peer.send(b"x")
    needed = PollNeeded(ours.fileno(), select.POLLIN)
    assert receiving(5).block(stepping(needed, "result")) == "result"


def test_coroutine_yields_what_the_step_waits_for() -> None:
    step = stepping(READABLE, WRITABLE, "result")
    crt = receiving().coroutine(step, 7)
    assert [next(crt), next(crt)] == [READABLE, WRITABLE]
    with pytest.raises(StopIteration) as stop:
        next(crt)
    assert stop.value.value == "result"
    assert step.calls == [(7,)] * 3


def test_coroutine_does_nothing_before_its_first_resumption() -> None:
    step = stepping("result")
    waiter = receiving()
    crt = waiter.coroutine(step)
    assert not step.calls
    assert not waiter.active
    crt.close()


def test_blocking_operation_is_active_while_it_runs(polls: Polls) -> None:
    waiter = receiving()
    waiter.block(lambda: waiter.active)
    assert waiter.block(lambda: waiter.active) == 1
    assert waiter.block_with(lambda _: waiter.active, 7) == 1
    assert not waiter.active


def test_suspended_coroutine_is_active() -> None:
    waiter = receiving()
    suspended = [waiter.coroutine(stepping(READABLE)) for _ in range(2)]
    for crt in suspended:
        next(crt)
    assert waiter.active == 2
    for crt in suspended:
        crt.close()
    assert not waiter.active


Run = Callable[[Waiter, Step], object]

every_way: Final = pytest.mark.parametrize(
    "run",
    [
        pytest.param(lambda waiter, step: waiter.block(step), id="blocking"),
        pytest.param(lambda waiter, step: waiter.block_with(step, 7), id="with an argument"),
        pytest.param(lambda waiter, step: list(waiter.coroutine(step)), id="coroutine"),
    ],
)


@every_way
def test_operation_that_raises_is_no_longer_active(run: Run) -> None:
    waiter = receiving()
    with pytest.raises(ValueError, match="broken"):
        run(waiter, stepping(ValueError("broken")))
    assert not waiter.active


@every_way
def test_end_of_an_operation_is_told(run: Run) -> None:
    idle = Idle()
    waiter = receiving()
    waiter.on_idle = idle
    run(waiter, stepping("result"))
    assert idle.calls == 1


def test_end_is_told_to_whom_asked_while_the_operation_was_suspended() -> None:
    idle = Idle()
    waiter = receiving()
    crt = waiter.coroutine(stepping(READABLE))
    next(crt)
    waiter.on_idle = idle
    calls_before = idle.calls
    crt.close()
    assert (calls_before, idle.calls) == (0, 1)
