"""What an operation that would block says to whoever drives it.

This module owns `PollNeeded`, the only word between a coroutine of this library and an
event loop, and the announcement that a descriptor is about to be closed. It knows nothing
of HTTP or of any event loop.
"""

from __future__ import annotations

import math
import select
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

POLLIN: Final = select.POLLIN
POLLOUT: Final = select.POLLOUT
_LONGEST_WAIT: Final = 2**31 - 1  # milliseconds; poll() takes a C int


class PollNeeded(NamedTuple):
    """The I/O that a suspended operation waits for.

    Attributes:
        fd: The file descriptor.
        mask: `POLLIN`, `POLLOUT` or both, with the values of `select.poll` and `select.epoll`.
    """

    fd: int
    mask: int

    def poll(self, timeout: float | None = None) -> bool:
        """Wait until the I/O is possible.

        Args:
            timeout: Seconds to wait at most; 0 polls once, `None` waits without limit.

        Returns:
            Whether the I/O became possible, or the descriptor failed, before the time was over.
        """
        poller = select.poll()
        poller.register(self.fd, self.mask)
        return bool(poller.poll(None if timeout is None else to_milliseconds(timeout)))


# To make one takes five times as long (bench, connect); the system gives the same numbers again.
@lru_cache(1024)
def poll_needed(fd: int, mask: int) -> PollNeeded:
    """Return ``PollNeeded(fd, mask)``, which may be the same object as before."""
    return PollNeeded(fd, mask)


def to_milliseconds(timeout: float | None) -> int | None:
    """Return *timeout*, in seconds, as poll() wants it: never rounded down to nothing."""
    if timeout is None:
        return None
    return math.ceil(min(max(timeout, 0) * 1000, _LONGEST_WAIT))


_release_observers: list[Callable[[int], None]] = []


def on_release(observer: Callable[[int], None]) -> None:
    """Have *observer* called with each descriptor of this library that is about to be closed."""
    _release_observers.append(observer)


def release(fd: int) -> None:
    """Let the drivers remove what they registered for *fd*; its number may be reused after it."""
    for observer in _release_observers:
        observer(fd)


def check_timeout(timeout: float | None) -> None:
    """Check what a caller gave as a timeout.

    Raises:
        ValueError: It is negative or not a number.
        TypeError: It is neither a number nor `None`.
    """
    if timeout is None:
        return
    if not isinstance(timeout, (int, float)) or isinstance(timeout, bool):
        raise TypeError(f"timeout must be seconds or None, not {type(timeout).__name__}")
    if not timeout >= 0:
        raise ValueError(f"timeout is not at least 0 seconds: {timeout}")
