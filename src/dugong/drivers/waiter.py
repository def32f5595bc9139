"""The two faces of a step: one blocks, one is a coroutine.

A *step* is a plain callable that goes as far as it can without blocking, keeps what is
unfinished in its own object, and returns its result or the `PollNeeded` that it waits for;
then it is called again with the same arguments. A `Waiter` turns steps into operations
for one half of a connection. It knows nothing of HTTP and nothing of the steps it calls.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Generator
from typing import Final, TypeVar, TypeVarTuple

from dugong.drivers.poll_loop import no_progress
from dugong.exceptions import ConnectionTimedOut
from dugong.polling import PollNeeded, to_milliseconds

Arg = TypeVar("Arg")
Args = TypeVarTuple("Args")
Result = TypeVar("Result")

# A wait for the other direction (TLS) looks again this often, since the thread of the other half
# may have handled the record that this half waits for, and then nothing wakes this one.
_CROSSED_SLICE: Final = 100  # milliseconds
# What is polled until there is a wait, which nobody does
_poll_nothing: Final = select.poll().poll


class Waiter:
    """Runs the steps of one half of a connection.

    Attributes:
        active: Operations of this half that have begun and not ended, suspended ones included.
        retired: Whether the connection has ended.
        on_idle: What is called when an operation ends, or `None`. It is set only while it has
            something to do, since its owner refers to itself by it.
    """

    __slots__ = (
        "_milliseconds",
        "_natural",
        "_natural_mask",
        "_needed",
        "_poll",
        "_timeout",
        "active",
        "on_idle",
        "retired",
    )

    def __init__(self, natural_mask: int, timeout: float | None) -> None:
        """Prepare for steps that wait, as a rule, for *natural_mask*; see `set_timeout`."""
        self.active: int = 0
        self.retired: bool = False
        self.on_idle: Callable[[], None] | None = None
        self._natural_mask = natural_mask
        # A poll object of each half's own: two threads may not use one at the same time.
        self._needed: PollNeeded | None = None
        self._natural: PollNeeded | None = None  # the same, where it is no crossed wait
        self._poll: Callable[[int | None], list[tuple[int, int]]] = _poll_nothing
        self._timeout = timeout
        self._milliseconds = None if timeout is None else to_milliseconds(timeout)

    def set_timeout(self, timeout: float | None) -> None:
        """Let each single wait of `block` last *timeout* seconds at most (0: do not wait)."""
        self._timeout = timeout
        self._milliseconds = to_milliseconds(timeout)

    def block(self, step: Callable[[], Result | PollNeeded]) -> Result:
        """Call *step* until it gives its result, waiting in between.

        Raises:
            ConnectionTimedOut: A wait lasted longer than the timeout allows.
        """
        self.active += 1
        crossed = 0
        try:
            # A loop with a condition jumps back outside of what `finally` covers, since Python
            # 3.12, and a signal handler could raise there.
            while True:
                result = step()
                if not isinstance(result, PollNeeded):
                    return result
                crossed = self._wait(result, crossed)
        finally:
            self.active -= 1
            if (on_idle := self.on_idle) is not None:
                on_idle()

    def block_with(self, step: Callable[[Arg], Result | PollNeeded], arg: Arg) -> Result:
        """Do what `block` does, with an argument for *step*."""
        # The same once more, since a call with any arguments costs more (bench, small).
        self.active += 1
        crossed = 0
        try:
            while True:
                result = step(arg)
                if not isinstance(result, PollNeeded):
                    return result
                crossed = self._wait(result, crossed)
        finally:
            self.active -= 1
            if (on_idle := self.on_idle) is not None:
                on_idle()

    def coroutine(
        self, step: Callable[[*Args], Result | PollNeeded], *args: *Args
    ) -> Generator[PollNeeded, None, Result]:
        """Call *step* until it gives its result, yielding what it waits for in between."""
        self.active += 1
        try:
            while True:
                result = step(*args)
                if not isinstance(result, PollNeeded):
                    return result
                yield result
        finally:
            self.active -= 1
            if (on_idle := self.on_idle) is not None:
                on_idle()

    def _wait(self, needed: PollNeeded, crossed: int) -> int:
        """Wait for *needed*; where it is the other direction, for one slice.

        Args:
            needed: What to wait for.
            crossed: Milliseconds for which this operation has waited for the other direction since
                its last progress.

        Returns:
            The same behind this wait.
        """
        if needed is not self._natural:
            if needed is not self._needed:
                poller = select.poll()
                poller.register(needed.fd, needed.mask)
                self._natural = None
                self._needed, self._poll = needed, poller.poll
            if needed.mask != self._natural_mask:
                return self._wait_crossed(crossed)
            self._natural = needed
        if not self._poll(self._milliseconds):
            raise ConnectionTimedOut(no_progress(self._timeout))
        return 0

    def _wait_crossed(self, crossed: int) -> int:
        limit = self._milliseconds
        part = _CROSSED_SLICE if limit is None else min(_CROSSED_SLICE, limit - crossed)
        if self._poll(part):  # at once where the I/O became possible
            return 0
        crossed += part
        if limit is not None and crossed >= limit:
            raise ConnectionTimedOut(no_progress(self._timeout))
        return crossed
