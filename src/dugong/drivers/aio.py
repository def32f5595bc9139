"""asyncio as a driver: a future that resumes a coroutine of this library.

It owns the readers and writers that are registered with event loops, and knows nothing of HTTP.
An operation that does not have to wait never touches the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator
from typing import Final, Protocol, TypeVar
from weakref import WeakKeyDictionary, ref

from dugong.drivers.poll_loop import check_coroutine, no_wait
from dugong.polling import POLLIN, POLLOUT, PollNeeded, on_release

Result = TypeVar("Result")


class AioFuture(asyncio.Future[Result]):
    """Drives a coroutine of this library on an asyncio event loop.

    The coroutine begins at once, and goes as far as it can before anybody else sees this
    future. Cancelling the future, at any moment, removes its callbacks and closes the coroutine.
    """

    _is_running: bool = False
    _late_cancels: tuple[str | None, ...] = ()  # messages of those that came while it ran

    def __init__(
        self,
        crt: Generator[PollNeeded, None, Result],
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin *crt*.

        Args:
            crt: What a ``co_…`` method returned.
            loop: The loop to use; by default the one that `asyncio.Future` would use.

        Raises:
            TypeError: *crt* is no coroutine of this library.
        """
        check_coroutine(crt)
        super().__init__(loop=loop)
        self._coroutine = crt
        self._waits: list[_Watch] = []
        self.resume()

    def resume(self) -> None:
        """Let the coroutine go on, until it waits again or has ended."""
        self._is_running = True
        try:
            if self.done():
                return
            self._stop_waiting()
            needed = next(self._coroutine)
            if not isinstance(needed, PollNeeded):
                raise no_wait(needed)
            self._waits = _watcher_of(self.get_loop()).wait(self, needed)
        except StopIteration as stop:
            self.set_result(stop.value)
        except BaseException as exc:  # it belongs to whoever awaits
            self._coroutine.close()
            self.set_exception(exc)
            if not isinstance(exc, Exception):
                raise
        finally:
            self._is_running = False
        if self._late_cancels:
            self.cancel(self._late_cancels[-1])

    def cancel(self, msg: str | None = None) -> bool:
        """Cancel the operation; the connection learns of it before this returns.

        Args:
            msg: As for `asyncio.Future.cancel`.

        Returns:
            False where the operation has ended already, and where it just runs: the coroutine
            itself, or a signal handler (that of asyncio for Ctrl-C) asks. Then it is cancelled
            when it waits; if it ends before, its result is not lost.
        """
        if self._is_running:
            # A generator that runs cannot be closed. A task that gets False remembers it, too.
            self._late_cancels = (*self._late_cancels, msg)
            return False
        if not super().cancel(msg):
            return False
        waits = self._waits
        self._stop_waiting()
        _watcher_of(self.get_loop()).forget_unused(waits)
        self._coroutine.close()
        return True

    def _stop_waiting(self) -> None:
        for watch in self._waits:
            watch.waiting.pop(self, None)
        self._waits = []


class _Resumable(Protocol):
    def resume(self) -> None: ...


class _Watch:
    """Who waits for one event of one descriptor, while the loop watches for it."""

    def __init__(self, fd: int, event: int) -> None:
        self.key = fd, event
        self.waiting: dict[_Resumable, None] = {}
        self.is_stale = False


class _Watcher:
    """The descriptors that one loop watches for this library.

    A reader stays registered as long as its connection lives, since most operations wait for
    the same one again, and is removed when it fires with nobody waiting, or when the last one
    that waits is cancelled. A writer, which would fire all the time, is removed as soon as it
    has fired and nobody waits.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Weak, since the loop is the key under which this object is kept.
        self._loop = ref(loop)
        self._watches: dict[tuple[int, int], _Watch] = {}

    def wait(self, waiter: _Resumable, needed: PollNeeded) -> list[_Watch]:
        """Have *waiter* resumed once the I/O is possible; return what it now waits in."""
        watches = []
        for event in (POLLIN, POLLOUT):
            if needed.mask & event:
                watch = self._watch(needed.fd, event)
                watch.waiting[waiter] = None
                watches.append(watch)
        return watches

    def _watch(self, fd: int, event: int) -> _Watch:
        key = fd, event
        watch = self._watches.get(key)
        if watch is not None and watch.is_stale:
            self._forget(watch)
            watch = None
        if watch is None:
            watch = _Watch(fd, event)
            if (loop := self._loop()) is not None:
                add = loop.add_reader if event == POLLIN else loop.add_writer
                add(fd, self._fire, watch)
            self._watches[key] = watch
        return watch

    def _fire(self, watch: _Watch) -> None:
        waiting = list(watch.waiting)
        for waiter in waiting:
            # One at a time: whom a KeyboardInterrupt keeps from resuming goes on waiting.
            watch.waiting.pop(waiter, None)
            waiter.resume()
        if not watch.waiting and (watch.key[1] == POLLOUT or not waiting):
            self._forget(watch)

    def forget_unused(self, watches: list[_Watch]) -> None:
        """Remove what is registered where nobody waits any more."""
        for watch in watches:
            if not watch.waiting:
                self._forget(watch)

    def _forget(self, watch: _Watch) -> None:
        """Remove what is registered, unless it was removed or replaced already."""
        if self._watches.get(watch.key) is not watch:
            return
        del self._watches[watch.key]
        if (loop := self._loop()) is not None:
            fd, event = watch.key
            (loop.remove_reader if event == POLLIN else loop.remove_writer)(fd)

    def release(self, fd: int) -> None:
        """Remove what is registered for a descriptor that is about to be closed."""
        loop = self._loop()
        for key in ((fd, POLLIN), (fd, POLLOUT)):
            watch = self._watches.get(key)
            if watch is None or loop is None:
                continue
            if _may_change(loop):
                self._forget(watch)
            else:
                # Another thread's loop: it is told, and until then a new use of the number
                # knows by this that it has to register anew.
                watch.is_stale = True
                with contextlib.suppress(RuntimeError):  # it was closed meanwhile
                    loop.call_soon_threadsafe(self._forget, watch)


def _may_change(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether this thread may change what *loop* watches."""
    if not loop.is_running():
        return True
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


_watchers: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Watcher]] = WeakKeyDictionary()


def _watcher_of(loop: asyncio.AbstractEventLoop) -> _Watcher:
    watcher = _watchers.get(loop)
    if watcher is None:
        for known in _known_loops():
            if known.is_closed():  # its futures, which still wait, would keep it for ever
                _watchers.pop(known, None)
        watcher = _watchers[loop] = _Watcher(loop)
    return watcher


def _known_loops() -> list[asyncio.AbstractEventLoop]:
    # keyrefs() copies in one step: another thread may begin to use its loop meanwhile.
    return [loop for known in _watchers.keyrefs() if (loop := known()) is not None]


@on_release
def _release(fd: int) -> None:
    for loop in _known_loops():
        _watcher_of(loop).release(fd)
