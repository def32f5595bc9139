"""The plainest driver: poll for what a coroutine waits for, resume it, until it has a result."""

from __future__ import annotations

from collections.abc import Generator
from types import GeneratorType
from typing import TypeVar

from dugong.exceptions import ConnectionTimedOut
from dugong.polling import PollNeeded, check_timeout

Result = TypeVar("Result")


def eval_coroutine(
    crt: Generator[PollNeeded, None, Result], timeout: float | None = None
) -> Result:
    """Drive a coroutine of this library by polling, and return its result.

    Args:
        crt: What a ``co_…`` method returned.
        timeout: Seconds that each single wait may last; 0 does not wait, `None` sets no limit.

    Raises:
        ConnectionTimedOut: A wait lasted longer. It is raised inside *crt* where that waits, so
            that the operation is ended as any other failure would end it.
        TypeError: *crt* is no coroutine of this library, or yields what is no `PollNeeded`, or
            *timeout* is no number.
        ValueError: *timeout* is negative.
    """
    check_coroutine(crt)
    check_timeout(timeout)
    return drive(crt, timeout)


def drive(crt: Generator[PollNeeded, None, Result], timeout: float | None) -> Result:
    """Do what `eval_coroutine` does, with arguments that were checked before."""
    try:
        needed = next(crt)
        while True:
            if not isinstance(needed, PollNeeded):
                raise no_wait(needed)
            if needed.poll(timeout):
                needed = next(crt)
            else:
                needed = crt.throw(ConnectionTimedOut(no_progress(timeout)))
    except StopIteration as stop:
        result: Result = stop.value
        return result
    finally:
        crt.close()


def check_coroutine(crt: Generator[PollNeeded, None, object]) -> None:
    """Check what a caller gave as a coroutine.

    Raises:
        TypeError: It is none; the result of a blocking method, as a rule.
    """
    # The abstract class asks a Python function.
    if not isinstance(crt, (GeneratorType, Generator)):
        raise TypeError(f"not a coroutine of this library: {type(crt).__name__}")


def no_wait(yielded: object) -> TypeError:
    """Return the error for a coroutine of a caller's that yields something else to wait for."""
    # Nearly always a generator, which was to be delegated to.
    return TypeError(f"not a PollNeeded: {type(yielded).__name__}; was 'yield from' meant?")


def no_progress(timeout: float | None) -> str:
    """Return the message for a wait that lasted *timeout* seconds."""
    return f"could neither send nor receive for {timeout} s"
