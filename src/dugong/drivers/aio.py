"""asyncio as a driver: a future that resumes a coroutine of this library.

It owns the readers and writers that are registered with event loops, and knows nothing of HTTP.
An operation that does not have to wait never touches the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Final, Protocol, TypeVar
from weakref import WeakKeyDictionary, ref

from dugong.polling import POLLIN, POLLOUT, PollNeeded, on_release

Result = TypeVar("Result")


class AioFuture(asyncio.Future[Result]):
    """Drives a coroutine of this library on an asyncio event loop.

    The coroutine begins at once, and goes as far as it can before anybody else sees this
    future. Cancelling the future, at any moment, removes its callbacks and closes the coroutine.
    """

    def __init__(
        self,
        crt: Generator[PollNeeded, None, Result],
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin *crt*.

        Args:
            crt: What a ``co_…`` method returned.
            loop: The loop to use; by default the one that `asyncio.Future` would use.
        """
        super().__init__(loop=loop)
        self._coroutine = crt
        self._waits: list[_Watch] = []
        self.resume()

    def resume(self) -> None:
        """Let the coroutine go on, until it waits again or has ended."""
        if self.done():
            return
        self._stop_waiting()
        try:
            needed = next(self._coroutine)
            self._waits = _watcher_of(self.get_loop()).wait(self, needed)
        except StopIteration as stop:
            self.set_result(stop.value)
        except (KeyboardInterrupt, SystemExit) as exc:
            self.set_exception(exc)
            raise
        except Exception as exc:  # noqa: BLE001  # it belongs to whoever awaits
            self._coroutine.close()
            self.set_exception(exc)

    def cancel(self, msg: str | None = None) -> bool:
        """Cancel the operation; the connection learns of it before this returns.

        Args:
            msg: As for `asyncio.Future.cancel`.

        Returns:
            False where the operation has ended already.
        """
        if not super().cancel(msg):
            return False
        self._stop_waiting()
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

    def __init__(self) -> None:
        self.waiting: dict[_Resumable, None] = {}
        self.is_stale = False


class _Watcher:
    """The descriptors that one loop watches for this library.

    A reader stays registered as long as its connection lives, since most operations wait for
    the same one again, and is removed when it fires with nobody waiting. A writer, which
    would fire all the time, is removed as soon as nobody waits.
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
            self._forget(key, watch)
            watch = None
        loop = self._loop()
        if watch is None and loop is not None:
            add = loop.add_reader if event == POLLIN else loop.add_writer
            add(fd, self._fire, key)
        if watch is None:
            watch = self._watches[key] = _Watch()
        return watch

    def _fire(self, key: tuple[int, int]) -> None:
        watch = self._watches[key]
        waiting, watch.waiting = watch.waiting, {}
        for waiter in waiting:
            waiter.resume()
        if not watch.waiting and (key[1] == POLLOUT or not waiting):
            self._forget(key, watch)

    def _forget(self, key: tuple[int, int], watch: _Watch) -> None:
        """Remove what is registered, unless it was removed or replaced already."""
        if self._watches.get(key) is not watch:
            return
        del self._watches[key]
        loop = self._loop()
        if loop is not None:
            fd, event = key
            (loop.remove_reader if event == POLLIN else loop.remove_writer)(fd)

    def release(self, fd: int) -> None:
        """Remove what is registered for a descriptor that is about to be closed."""
        loop = self._loop()
        for key in ((fd, POLLIN), (fd, POLLOUT)):
            watch = self._watches.get(key)
            if watch is None or loop is None:
                continue
            if _may_change(loop):
                self._forget(key, watch)
            else:
                # Another thread's loop: it is told, and until then a new use of the number
                # knows by this that it has to register anew.
                watch.is_stale = True
                loop.call_soon_threadsafe(self._forget, key, watch)


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
        watcher = _watchers[loop] = _Watcher(loop)
    return watcher


@on_release
def _release(fd: int) -> None:
    for watcher in list(_watchers.values()):
        watcher.release(fd)
