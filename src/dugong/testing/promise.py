"""How a check says that a promise of a layer's contract was broken.

It owns the one form of that message, and knows nothing of any layer. The checks call it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from dugong.polling import on_release

PATIENCE: Final = 2.0  # seconds that something may last which does not block


def require(kept: bool, promise: str) -> None:
    """Check one promise.

    Args:
        kept: Whether it was kept.
        promise: What was promised, and what happened instead.

    Raises:
        AssertionError: It was not.
    """
    if not kept:
        raise AssertionError(promise)


@contextlib.contextmanager
def raises_nothing(promise: str) -> Iterator[None]:
    """Check that the block raises nothing.

    Raises:
        AssertionError: It did; what, is told behind *promise*.
    """
    with raises_only(promise):
        yield


@contextlib.contextmanager
def raises_only(promise: str, *allowed: type[Exception]) -> Iterator[None]:
    """Check that the block raises nothing but *allowed*, which passes through.

    Raises:
        AssertionError: It raised another exception; which, is told behind *promise*.
    """
    passing: tuple[type[Exception], ...] = (AssertionError, *allowed)
    try:
        yield
    except passing:
        raise
    except Exception as exc:
        raise AssertionError(f"{promise}, but {type(exc).__name__} was raised: {exc}") from exc


@contextlib.contextmanager
def must_raise(promise: str, *expected: type[Exception]) -> Iterator[None]:
    """Check that the block raises one of *expected*.

    Raises:
        AssertionError: It raised another exception, or none.
    """
    try:
        with raises_only(promise, *expected):
            yield
    except expected:
        return
    raise AssertionError(f"{promise}, but nothing was raised")


def within_patience(action: Callable[[], object], promise: str, free: Callable[[], None]) -> None:
    """Run *action* in a thread of its own, and check that it comes to an end.

    Args:
        action: What may not block.
        promise: What is told where it does.
        free: Lets an *action* that blocks come to an end.

    Raises:
        AssertionError: It does not end in time, or raised it itself.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as exc:  # noqa: BLE001  # it is raised again below
            raised.append(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        free()
        thread.join(PATIENCE)
        raise AssertionError(promise)
    if raised:
        raise raised[0]


def keeps_memory(memory: bytearray) -> bool:
    """Return whether anybody still refers to the octets of *memory*."""
    try:
        memory.append(0)
    except BufferError:
        return True
    del memory[-1]
    return False


@attrs.frozen
class Released:
    """A descriptor that `polling.release` was called with.

    Attributes:
        fd: Its number.
        was_open: Whether it was open then.
    """

    fd: int
    was_open: bool


_recordings: Final[list[list[Released]]] = []


def _record(fd: int) -> None:
    released = Released(fd, is_open(fd))
    for recording in _recordings:
        recording.append(released)


on_release(_record)


@contextlib.contextmanager
def recorded_releases() -> Iterator[list[Released]]:
    """Give a list to which each call of `polling.release` is added."""
    recording: list[Released] = []
    _recordings.append(recording)
    try:
        yield recording
    finally:
        _recordings[:] = [known for known in _recordings if known is not recording]


def is_open(fd: int) -> bool:
    """Return whether a descriptor is open."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def open_descriptors() -> set[int]:
    """Return the descriptors of this process that are open."""
    # The listing has a descriptor itself, which is closed behind it.
    return {int(name) for name in os.listdir("/dev/fd") if is_open(int(name))}  # noqa: PTH208
