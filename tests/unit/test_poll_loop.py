from __future__ import annotations

import socket
from collections.abc import Generator, Iterator

import attrs
import pytest

from dugong.drivers.poll_loop import check_coroutine, eval_coroutine, no_progress
from dugong.exceptions import ConnectionTimedOut
from dugong.polling import POLLIN, POLLOUT, PollNeeded


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, peer = socket.socketpair()
    with ours, peer:
        yield ours, peer


@pytest.fixture
def silence(sockets: tuple[socket.socket, socket.socket]) -> PollNeeded:
    """A wait that never ends."""
    return PollNeeded(sockets[0].fileno(), POLLIN)


@attrs.define
class Operation:
    """Waits for one thing after the other, and notes how it ended."""

    waits: list[PollNeeded]
    timeouts: int = 0
    is_closed: bool = False

    def co_run(self) -> Generator[PollNeeded, None, str]:
        try:
            yield from self.waits
        finally:
            self.is_closed = True
        return "result"

    def co_run_on(self) -> Generator[PollNeeded, None, str]:
        """Take a timeout as a reason to try the next."""
        for needed in self.waits:
            try:
                yield needed
            except ConnectionTimedOut:
                self.timeouts += 1
        return "result"


def test_operation_that_need_not_wait_gives_its_result() -> None:
    assert eval_coroutine(Operation([]).co_run()) == "result"


def test_operation_goes_on_when_the_io_is_possible(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    ours, peer = sockets
    peer.send(b"x")
    waits = [PollNeeded(ours.fileno(), POLLIN), PollNeeded(ours.fileno(), POLLOUT)]
    assert eval_coroutine(Operation(waits).co_run()) == "result"


def test_wait_that_lasts_too_long_is_raised(silence: PollNeeded) -> None:
    with pytest.raises(ConnectionTimedOut, match=r"could neither send nor receive for 0\.001 s"):
        eval_coroutine(Operation([silence]).co_run(), 0.001)


def test_timeout_of_zero_looks_once(sockets: tuple[socket.socket, socket.socket]) -> None:
    writable = PollNeeded(sockets[0].fileno(), POLLOUT)
    assert eval_coroutine(Operation([writable]).co_run(), 0) == "result"


def test_timeout_of_zero_does_not_wait(silence: PollNeeded) -> None:
    with pytest.raises(ConnectionTimedOut):
        eval_coroutine(Operation([silence]).co_run(), 0)


def test_timeout_ends_the_operation(silence: PollNeeded) -> None:
    operation = Operation([silence])
    with pytest.raises(ConnectionTimedOut):
        eval_coroutine(operation.co_run(), 0)
    assert operation.is_closed


def test_operation_may_go_on_after_a_timeout(silence: PollNeeded) -> None:
    operation = Operation([silence, silence])
    assert eval_coroutine(operation.co_run_on(), 0) == "result"
    assert operation.timeouts == 2


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_exception_of_the_operation_passes_through(error: type[BaseException]) -> None:
    def co_fail() -> Generator[PollNeeded, None, None]:
        yield from ()
        raise error

    with pytest.raises(error):
        eval_coroutine(co_fail())


def test_operation_is_closed_where_its_wait_is_interrupted() -> None:
    class Interrupted(PollNeeded):
        __slots__ = ()

        def poll(self, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

    operation = Operation([Interrupted(0, POLLIN)])
    with pytest.raises(KeyboardInterrupt):
        eval_coroutine(operation.co_run())
    assert operation.is_closed


def test_yield_in_the_place_of_yield_from_is_misuse() -> None:
    operation = Operation([Operation([]).co_run()])  # type: ignore[list-item]  # misuse
    with pytest.raises(TypeError, match="not a PollNeeded: generator; was 'yield from' meant"):
        eval_coroutine(operation.co_run())
    assert operation.is_closed


@pytest.mark.parametrize("value", [None, b"octets", 5])
def test_result_of_a_blocking_method_is_no_coroutine(value: object) -> None:
    with pytest.raises(TypeError, match="not a coroutine of this library"):
        eval_coroutine(value)  # type: ignore[arg-type]  # misuse


@pytest.mark.parametrize(("timeout", "error"), [(-1, ValueError), ("1", TypeError)])
def test_wrong_timeout_is_refused_before_anything_happens(
    timeout: float, error: type[Exception]
) -> None:
    crt = Operation([]).co_run()
    with pytest.raises(error):
        eval_coroutine(crt, timeout)
    assert eval_coroutine(crt) == "result"


def test_generator_is_a_coroutine() -> None:
    check_coroutine(Operation([]).co_run())


def test_no_progress_tells_the_timeout() -> None:
    assert no_progress(5) == "could neither send nor receive for 5 s"
