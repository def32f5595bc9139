from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

import attrs
import pytest

from dugong.drivers import aio
from dugong.drivers.aio import AioFuture
from dugong.polling import POLLIN, POLLOUT, PollNeeded, release

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

Args = TypeVarTuple("Args")
Result = TypeVar("Result")
Crt = Generator[PollNeeded, None, Result]


class CountingLoop(asyncio.SelectorEventLoop):
    """Notes which descriptors it is told to watch, and to forget."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, FileDescriptorLike]] = []
        super().__init__()

    def add_reader(
        self, fd: FileDescriptorLike, callback: Callable[[*Args], object], *args: *Args
    ) -> None:
        self.calls.append(("add_reader", fd))
        super().add_reader(fd, callback, *args)

    def remove_reader(self, fd: FileDescriptorLike) -> bool:
        self.calls.append(("remove_reader", fd))
        return super().remove_reader(fd)

    def add_writer(
        self, fd: FileDescriptorLike, callback: Callable[[*Args], object], *args: *Args
    ) -> None:
        self.calls.append(("add_writer", fd))
        super().add_writer(fd, callback, *args)

    def remove_writer(self, fd: FileDescriptorLike) -> bool:
        self.calls.append(("remove_writer", fd))
        return super().remove_writer(fd)


@attrs.define
class Sockets:
    """A connected pair: one end is waited for, the other makes it ready."""

    ours: socket.socket
    peer: socket.socket

    @property
    def fd(self) -> int:
        return self.ours.fileno()

    @property
    def readable(self) -> PollNeeded:
        return PollNeeded(self.fd, POLLIN)

    @property
    def writable(self) -> PollNeeded:
        return PollNeeded(self.fd, POLLOUT)

    def make_readable(self) -> None:
        self.peer.send(b"x")

    def make_silent(self) -> None:
        self.ours.recv(100)

    def fill(self) -> None:
        """Let nothing more be sent."""
        self.ours.setblocking(False)
        try:
            while True:
                self.ours.send(bytes(65_536))
        except BlockingIOError:
            return


@pytest.fixture
def loop() -> Iterator[CountingLoop]:
    loop = CountingLoop()
    yield loop
    loop.close()


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    ours, peer = socket.socketpair()
    with ours, peer:
        yield Sockets(ours, peer)
        if ours.fileno() >= 0:
            release(ours.fileno())


@attrs.define
class Operation:
    """Waits for one thing after the other; then it gives a result, or raises."""

    waits: tuple[PollNeeded, ...] = ()
    error: BaseException | None = None
    on_close: Callable[[], object] | None = None
    resumed: int = 0
    is_closed: bool = False

    def co_run(self) -> Crt[str]:
        try:
            for needed in self.waits:
                yield needed
                self.resumed += 1
            if self.error is not None:
                raise self.error
            return "result"
        finally:
            self.is_closed = True
            if self.on_close is not None:
                self.on_close()


def waiting_for(*waits: PollNeeded, error: BaseException | None = None) -> Operation:
    return Operation(waits, error)


def start(loop: asyncio.AbstractEventLoop, operation: Operation) -> AioFuture[str]:
    return AioFuture(operation.co_run(), loop)


def turn(loop: asyncio.AbstractEventLoop, times: int = 3) -> None:
    """Let the loop look for I/O, and run what that wakes."""
    for _ in range(times):
        loop.run_until_complete(asyncio.sleep(0))


def co_receive(sockets: Sockets) -> Crt[None]:
    yield sockets.readable
    sockets.make_silent()


def in_other_thread(action: Callable[[], object]) -> None:
    thread = threading.Thread(target=action)
    thread.start()
    thread.join()


class TestResult:
    def test_operation_that_need_not_wait_is_done_at_once(self, loop: CountingLoop) -> None:
        assert start(loop, Operation()).result() == "result"

    def test_operation_that_need_not_wait_never_touches_the_loop(self, loop: CountingLoop) -> None:
        _ = start(loop, Operation())
        assert not loop.calls

    @pytest.mark.parametrize("mask", [POLLIN, POLLOUT, POLLIN | POLLOUT])
    def test_operation_goes_on_when_the_io_is_possible(
        self, loop: CountingLoop, sockets: Sockets, mask: int
    ) -> None:
        sockets.make_readable()
        future = start(loop, waiting_for(PollNeeded(sockets.fd, mask)))
        assert not future.done()
        assert loop.run_until_complete(future) == "result"

    def test_operation_stays_suspended_without_io(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        future = start(loop, waiting_for(sockets.readable))
        turn(loop)
        assert not future.done()
        future.cancel()

    def test_future_can_be_awaited(self, sockets: Sockets) -> None:
        async def run() -> str:
            return await AioFuture(waiting_for(sockets.writable).co_run())

        assert asyncio.run(run()) == "result"

    def test_running_loop_is_the_default(self) -> None:
        async def run() -> bool:
            return AioFuture(Operation().co_run()).get_loop() is asyncio.get_running_loop()

        assert asyncio.run(run())

    @pytest.mark.parametrize("value", [None, b"octets"])
    def test_result_of_a_blocking_method_is_misuse(self, loop: CountingLoop, value: object) -> None:
        with pytest.raises(TypeError, match="not a coroutine of this library"):
            _ = AioFuture(value, loop)  # type: ignore[arg-type]  # misuse

    def test_yield_in_the_place_of_yield_from_is_misuse(self, loop: CountingLoop) -> None:
        operation = waiting_for(Operation().co_run())  # type: ignore[arg-type]  # misuse
        future = start(loop, operation)
        assert operation.is_closed
        with pytest.raises(TypeError, match="not a PollNeeded: generator; was 'yield from' meant"):
            future.result()


class TestExceptions:
    def test_error_before_the_first_wait_belongs_to_the_future(self, loop: CountingLoop) -> None:
        future = start(loop, waiting_for(error=ValueError("broken")))
        assert isinstance(future.exception(), ValueError)

    def test_error_after_a_wait_belongs_to_the_future(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        future = start(loop, waiting_for(sockets.writable, error=ValueError("broken")))
        with pytest.raises(ValueError, match="broken"):
            loop.run_until_complete(future)

    def test_error_of_the_loop_ends_the_operation(self, loop: CountingLoop) -> None:
        operation = waiting_for(PollNeeded(-1, POLLIN))
        assert isinstance(start(loop, operation).exception(), ValueError)
        assert operation.is_closed

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)], ids=repr)
    def test_interrupt_at_the_start_is_raised_where_it_happens(
        self, loop: CountingLoop, error: BaseException
    ) -> None:
        with pytest.raises(type(error)):
            _ = start(loop, waiting_for(error=error))

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)], ids=repr)
    def test_interrupt_in_the_loop_ends_the_run(
        self, loop: CountingLoop, sockets: Sockets, error: BaseException
    ) -> None:
        future = start(loop, waiting_for(sockets.writable, error=error))
        with pytest.raises(type(error)):
            turn(loop)
        assert future.exception() is error

    def test_interrupt_keeps_nobody_else_from_being_woken(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        sockets.make_readable()
        interrupted = start(loop, waiting_for(sockets.readable, error=KeyboardInterrupt()))
        other = start(loop, waiting_for(sockets.readable))
        with pytest.raises(KeyboardInterrupt):
            turn(loop)
        assert loop.run_until_complete(other) == "result"
        assert isinstance(interrupted.exception(), KeyboardInterrupt)

    def test_interrupt_while_registering_closes_the_operation(self, sockets: Sockets) -> None:
        class InterruptedLoop(asyncio.SelectorEventLoop):
            def add_reader(
                self, fd: FileDescriptorLike, callback: Callable[[*Args], object], *args: *Args
            ) -> None:
                raise KeyboardInterrupt

        loop = InterruptedLoop()
        operation = waiting_for(sockets.readable)
        with pytest.raises(KeyboardInterrupt):
            _ = start(loop, operation)
        assert operation.is_closed
        loop.close()


class TestRegistrations:
    def test_reader_stays_over_operations(self, loop: CountingLoop, sockets: Sockets) -> None:
        for _ in range(3):
            sockets.make_readable()
            loop.run_until_complete(AioFuture(co_receive(sockets), loop))
        assert loop.calls == [("add_reader", sockets.fd)]

    def test_reader_that_fires_with_nobody_waiting_is_removed(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        sockets.make_readable()
        loop.run_until_complete(start(loop, waiting_for(sockets.readable)))
        turn(loop)
        assert loop.calls == [("add_reader", sockets.fd), ("remove_reader", sockets.fd)]

    def test_removed_reader_is_registered_again(self, loop: CountingLoop, sockets: Sockets) -> None:
        sockets.make_readable()
        loop.run_until_complete(start(loop, waiting_for(sockets.readable)))
        turn(loop)
        assert loop.run_until_complete(start(loop, waiting_for(sockets.readable))) == "result"

    def test_writer_is_removed_when_it_has_fired(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        loop.run_until_complete(start(loop, waiting_for(sockets.writable)))
        assert loop.calls == [("add_writer", sockets.fd), ("remove_writer", sockets.fd)]

    def test_writer_stays_while_somebody_waits(self, loop: CountingLoop, sockets: Sockets) -> None:
        loop.run_until_complete(start(loop, waiting_for(*[sockets.writable] * 3)))
        assert loop.calls == [("add_writer", sockets.fd), ("remove_writer", sockets.fd)]

    def test_who_waits_for_both_is_resumed_once(self, loop: CountingLoop, sockets: Sockets) -> None:
        sockets.make_readable()
        operation = waiting_for(PollNeeded(sockets.fd, POLLIN | POLLOUT), sockets.readable)
        future = start(loop, operation)
        sockets.make_silent()
        turn(loop)
        assert operation.resumed == 1
        assert ("remove_writer", sockets.fd) in loop.calls
        future.cancel()

    def test_all_who_wait_for_one_event_are_woken(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        futures = [start(loop, waiting_for(sockets.readable)) for _ in range(3)]
        sockets.make_readable()
        assert loop.run_until_complete(asyncio.gather(*futures)) == ["result"] * 3
        assert loop.calls.count(("add_reader", sockets.fd)) == 1

    def test_reader_and_writer_of_one_descriptor_are_woken_each(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        reading = start(loop, waiting_for(sockets.readable))
        assert loop.run_until_complete(start(loop, waiting_for(sockets.writable))) == "result"
        assert not reading.done()
        sockets.make_readable()
        assert loop.run_until_complete(reading) == "result"

    def test_two_loops_watch_one_descriptor(self, loop: CountingLoop, sockets: Sockets) -> None:
        sockets.make_readable()
        other = CountingLoop()
        futures = [start(each, waiting_for(sockets.readable)) for each in (loop, other)]
        assert loop.run_until_complete(futures[0]) == "result"
        assert other.run_until_complete(futures[1]) == "result"
        other.close()


class TestCancelling:
    def test_suspended_operation_is_closed(self, loop: CountingLoop, sockets: Sockets) -> None:
        operation = waiting_for(sockets.readable)
        future = start(loop, operation)
        assert future.cancel()
        assert future.cancelled()
        assert operation.is_closed

    @pytest.mark.parametrize("mask", [POLLIN, POLLOUT, POLLIN | POLLOUT])
    def test_callbacks_are_removed(self, loop: CountingLoop, sockets: Sockets, mask: int) -> None:
        _ = start(loop, waiting_for(PollNeeded(sockets.fd, mask))).cancel()
        assert not loop.remove_reader(sockets.fd)
        assert not loop.remove_writer(sockets.fd)

    def test_callbacks_of_others_stay(self, loop: CountingLoop, sockets: Sockets) -> None:
        cancelled, other = (start(loop, waiting_for(sockets.readable)) for _ in range(2))
        cancelled.cancel()
        sockets.make_readable()
        assert loop.run_until_complete(other) == "result"

    def test_event_that_came_before_resumes_nothing(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        sockets.make_readable()
        operation = waiting_for(sockets.readable)
        future = start(loop, operation)
        future.cancel()
        turn(loop)
        assert not operation.resumed

    def test_operation_that_is_cancelled_by_one_that_is_woken_with_it_is_not_resumed(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        second = waiting_for(sockets.readable)
        to_cancel: list[AioFuture[str]] = []
        first = Operation((sockets.readable,), on_close=lambda: [f.cancel() for f in to_cancel])
        future = start(loop, first)
        to_cancel.append(start(loop, second))
        sockets.make_readable()
        loop.run_until_complete(future)
        assert to_cancel[0].cancelled()
        assert not second.resumed

    def test_cancelling_twice_does_nothing(self, loop: CountingLoop, sockets: Sockets) -> None:
        future = start(loop, waiting_for(sockets.readable))
        future.cancel()
        assert not future.cancel()

    @pytest.mark.parametrize("error", [None, ValueError("broken")], ids=["result", "error"])
    def test_cancelling_after_the_end_changes_nothing(
        self, loop: CountingLoop, error: Exception | None
    ) -> None:
        future = start(loop, waiting_for(error=error))
        assert not future.cancel()
        assert future.exception() is error

    def test_resuming_after_the_end_does_nothing(self, loop: CountingLoop) -> None:
        future = start(loop, Operation())
        future.resume()
        assert future.result() == "result"

    def test_message_is_kept(self, loop: CountingLoop, sockets: Sockets) -> None:
        future = start(loop, waiting_for(sockets.readable))
        future.cancel("no time")
        with pytest.raises(asyncio.CancelledError, match="no time"):
            future.result()

    def test_cancelled_task_cancels_what_it_awaits(self, sockets: Sockets) -> None:
        operation = waiting_for(sockets.readable)

        async def run() -> None:
            await asyncio.wait_for(AioFuture(operation.co_run()), 0.001)

        with pytest.raises(TimeoutError):
            asyncio.run(run())
        assert operation.is_closed

    @pytest.mark.parametrize("waits_again", [True, False])
    def test_task_can_be_cancelled_while_its_operation_runs(
        self, sockets: Sockets, waits_again: bool
    ) -> None:
        """As asyncio does it in its handler of SIGINT."""
        told: list[dict[str, object]] = []
        closed: list[bool] = []

        def co_interrupted(task: asyncio.Task[None]) -> Crt[None]:
            try:
                yield sockets.writable
                task.cancel()
                if waits_again:
                    yield sockets.readable
            finally:
                closed.append(True)

        async def run() -> None:
            task = asyncio.current_task()
            assert task is not None
            task.get_loop().set_exception_handler(lambda _, context: told.append(context))
            await AioFuture(co_interrupted(task))

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(run())
        assert closed == [True]
        assert not told

    def test_operation_that_is_cancelled_while_it_runs_ends_when_it_waits(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        answers: list[bool] = []

        def co_cancelled() -> Crt[None]:
            yield sockets.writable
            answers.append(future.cancel("no time"))
            yield sockets.readable

        future = AioFuture(co_cancelled(), loop)
        with pytest.raises(asyncio.CancelledError, match="no time"):
            loop.run_until_complete(future)
        assert answers == [False]
        assert not loop.remove_reader(sockets.fd)

    def test_result_of_an_operation_that_is_cancelled_while_it_runs_is_not_lost(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        def co_cancelled() -> Crt[str]:
            yield sockets.writable
            future.cancel()
            return "octets"

        future = AioFuture(co_cancelled(), loop)
        assert loop.run_until_complete(future) == "octets"

    def test_operation_that_closes_its_descriptor_on_the_way_out_releases_it(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        operation = Operation((sockets.readable,), on_close=lambda: release(sockets.fd))
        _ = start(loop, operation).cancel()
        assert loop.calls == [("add_reader", sockets.fd), ("remove_reader", sockets.fd)]

    def test_cancelling_on_a_closed_loop_closes_the_operation(self, sockets: Sockets) -> None:
        loop = CountingLoop()
        operation = waiting_for(sockets.readable)
        future = start(loop, operation)
        loop.close()
        future.cancel()
        assert operation.is_closed


def move_descriptor(source: socket.socket, fd: int) -> socket.socket:
    """Return *source* under the number *fd*, which has to be free."""
    os.dup2(source.fileno(), fd)
    source.close()
    return socket.socket(fileno=fd)


def close_released(sockets: Sockets) -> int:
    """Close the end that was waited for as a transport does; return its number."""
    fd = sockets.fd
    release(fd)
    sockets.ours.close()
    return fd


class TestReleasedDescriptor:
    def test_in_the_thread_of_a_loop_that_does_not_run(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        _ = start(loop, waiting_for(sockets.readable))
        release(sockets.fd)
        assert loop.calls[1:] == [("remove_reader", sockets.fd)]

    def test_in_the_running_loop(self, loop: CountingLoop, sockets: Sockets) -> None:
        _ = start(loop, waiting_for(sockets.readable))
        loop.call_soon(release, sockets.fd)
        turn(loop)
        assert loop.calls[1:] == [("remove_reader", sockets.fd)]

    def test_reader_and_writer_are_removed(self, loop: CountingLoop, sockets: Sockets) -> None:
        _ = start(loop, waiting_for(PollNeeded(sockets.fd, POLLIN | POLLOUT)))
        release(sockets.fd)
        assert loop.calls[2:] == [("remove_reader", sockets.fd), ("remove_writer", sockets.fd)]

    def test_other_descriptors_stay_registered(self, loop: CountingLoop, sockets: Sockets) -> None:
        future = start(loop, waiting_for(sockets.readable))
        release(sockets.peer.fileno())
        sockets.make_readable()
        assert loop.run_until_complete(future) == "result"

    def test_from_another_thread_while_the_loop_runs(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        _ = start(loop, waiting_for(sockets.readable))
        before = list(loop.calls)

        async def run() -> None:
            in_other_thread(lambda: release(sockets.fd))
            before[:] = loop.calls

        loop.run_until_complete(run())
        turn(loop)
        assert before == [("add_reader", sockets.fd)]
        assert loop.calls[1:] == [("remove_reader", sockets.fd)]

    def test_from_the_thread_of_another_loop(self, loop: CountingLoop, sockets: Sockets) -> None:
        _ = start(loop, waiting_for(sockets.readable))

        async def release_there() -> None:
            release(sockets.fd)

        async def run() -> None:
            in_other_thread(lambda: asyncio.run(release_there()))

        loop.run_until_complete(run())
        turn(loop)
        assert loop.calls[1:] == [("remove_reader", sockets.fd)]

    def test_after_the_loop_was_closed(self, sockets: Sockets) -> None:
        loop = CountingLoop()
        _ = start(loop, waiting_for(sockets.readable))
        loop.close()
        release(sockets.fd)

    def test_while_the_loop_is_being_closed(self, sockets: Sockets) -> None:
        class EndingLoop(CountingLoop):
            def is_running(self) -> bool:
                return self.is_closed()

        loop = EndingLoop()
        _ = start(loop, waiting_for(sockets.readable))
        loop.close()
        release(sockets.fd)

    def test_whose_number_is_used_again_at_once(self, loop: CountingLoop, sockets: Sockets) -> None:
        sockets.make_readable()
        loop.run_until_complete(AioFuture(co_receive(sockets), loop))
        ours, peer = socket.socketpair()
        fd = close_released(sockets)
        with move_descriptor(ours, fd), peer:
            future = start(loop, waiting_for(PollNeeded(fd, POLLIN)))
            peer.send(b"x")
            assert loop.run_until_complete(future) == "result"
            release(fd)

    def test_whose_number_is_used_again_before_the_loop_is_told(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        sockets.make_readable()
        loop.run_until_complete(AioFuture(co_receive(sockets), loop))
        ours, peer = socket.socketpair()
        fd = sockets.fd

        async def run() -> str:
            in_other_thread(lambda: close_released(sockets))
            with move_descriptor(ours, fd), peer:
                future = start(loop, waiting_for(PollNeeded(fd, POLLIN)))
                peer.send(b"x")
                result = await future
                release(fd)
            return result

        assert loop.run_until_complete(run()) == "result"

    def test_that_a_resumed_operation_closes_and_opens_anew(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        # As a connector does that goes on with the next address.
        ours, peer = socket.socketpair()
        fd = sockets.fd

        def co_run() -> Crt[str]:
            yield PollNeeded(fd, POLLOUT)
            close_released(sockets)
            with move_descriptor(ours, fd), peer:
                yield PollNeeded(fd, POLLOUT)
                release(fd)
            return "result"

        assert loop.run_until_complete(AioFuture(co_run(), loop)) == "result"


class TestLifetime:
    def test_loop_is_not_kept_alive(self, sockets: Sockets) -> None:
        sockets.make_readable()
        loop = CountingLoop()
        loop.run_until_complete(start(loop, waiting_for(sockets.readable)))
        loop.close()
        known = weakref.ref(loop)
        del loop
        gc.collect()
        assert known() is None

    def test_closed_loop_with_operations_is_forgotten_when_another_is_used(
        self, loop: CountingLoop, sockets: Sockets
    ) -> None:
        closed = CountingLoop()
        _ = start(closed, waiting_for(sockets.readable))
        closed.close()
        known = weakref.ref(closed)
        del closed
        _ = start(loop, waiting_for(sockets.readable)).cancel()
        gc.collect()
        assert known() is None

    def test_registrations_may_outlive_their_loop(self, sockets: Sockets) -> None:
        loop = CountingLoop()
        watcher = aio._Watcher(loop)
        future = start(loop, Operation())
        loop.close()
        del loop
        known = weakref.ref(future.get_loop())
        del future
        gc.collect()
        assert known() is None
        watches = watcher.wait(Resumed(), sockets.readable)
        watcher.release(sockets.fd)
        watches[0].waiting.clear()
        watcher.forget_unused(watches)


class Resumed:
    def resume(self) -> None:
        """Nothing goes on."""
