"""What is made larger and larger, which lines are drawn, and what is claimed of them: data."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

import attrs

from bench.probes import (
    active,
    chunks,
    chunks_at_once,
    depth,
    depth_in_memory,
    fields,
    idle,
    looked,
    serial,
    window,
)


class Growth(Enum):
    """How a cost grows with a size."""

    FLAT = "flat"
    LINEAR = "linear"


@attrs.frozen
class Claim:
    """What has to hold of a line.

    Attributes:
        line: Its title.
        growth: How its cost grows.
        begin: The medium size from which on this is looked at.
        most: For `FLAT` the cost at the largest size to that at *begin*, at most; for
            `LINEAR` the exponent of what exceeds the cost at the smallest size.
    """

    line: str
    growth: Growth
    begin: int
    most: float


@attrs.frozen
class Line:
    """One curve.

    Attributes:
        title: What the legend says.
        probe: The name of what is run in `bench.probes`.
        contender: What it is run with.
        part: Which of its answers is shown.
        largest: The largest size that the contender can do, 0 for any.
        kind: The key of its colour in `bench.plots`.
        is_second: Whether it is the second one of its kind.
    """

    title: str
    probe: str
    contender: str = "dugong"
    part: str = "all"
    largest: int = 0
    kind: str = "dugong"
    is_second: bool = False

    @property
    def source(self) -> tuple[str, str]:
        """What has to be run for it."""
        return self.probe, self.contender


def _thousand(value: float) -> float:
    return value / 1e3


def _rate(value: float) -> float:
    return 1e9 / value


@attrs.frozen
class Scale:
    """One thing that is made larger.

    Attributes:
        name: How it is called on the command line.
        title: What is shown.
        sizes: How large it becomes.
        quick: Those of them that a quick run has.
        axis: What a size is.
        unit: What a cost is.
        lines: What is measured.
        claims: What has to hold.
        shown: Makes of what was measured what is shown.
        fresh: Whether each measurement needs a process of its own.
        rounds: How often it is measured at most.
        connections: Whether a size is a number of connections, which the system may limit.
        relayed: Whether a size is a delay in microseconds, which a relay adds; `fresh` too then.
        logarithmic: The axes that are: "x", "y", or both.
        factor: What a size is multiplied with when it is shown.
    """

    name: str
    title: str
    sizes: tuple[int, ...]
    quick: tuple[int, ...]
    axis: str
    unit: str
    lines: tuple[Line, ...]
    claims: tuple[Claim, ...] = ()
    shown: Callable[[float], float] = _thousand
    fresh: bool = False
    rounds: int = 5
    connections: bool = False
    relayed: bool = False
    logarithmic: str = "x"
    factor: float = 1


SERIAL: Final = Line("http.client, serial", serial.__name__, "http.client", kind="Python")
WINDOW: Final = Line("dugong, 32 on the way", window.__name__)
LATENCY: Final = "latency"
COMPARED_DELAY: Final = 2_000  # microseconds
_POWERS_OF_TEN: Final = (1, 10, 100, 1_000, 10_000, 100_000)

SCALES: Final = {
    scale.name: scale
    for scale in (
        Scale(
            "depth",
            "Pipeline depth",
            _POWERS_OF_TEN,
            (1, 100, 1_000, 10_000),
            "responses that are owed",
            "µs of CPU time for a request",
            (
                Line("on loopback", depth.__name__),
                Line("of it, reading", depth.__name__, part="reading", is_second=True),
                Line("without the kernel", depth_in_memory.__name__, kind="floor"),
            ),
            (
                Claim("on loopback", Growth.FLAT, 1_000, 1.5),
                Claim("of it, reading", Growth.FLAT, 1_000, 1.25),
                Claim("without the kernel", Growth.FLAT, 1_000, 1.25),
            ),
        ),
        Scale(
            "fields",
            "Header fields",
            (1, 2, 4, 8, 16, 32, 64, 128, 256),
            (1, 32, 64, 256),
            "fields of a response",
            "µs of CPU time for a request",
            (
                Line("dugong, none looked at", fields.__name__),
                Line("dugong, all looked at", looked.__name__, is_second=True),
                # It takes no more than 100.
                Line(
                    "http.client",
                    fields.__name__,
                    "http.client",
                    largest=64,
                    kind="Python",
                ),
            ),
            (
                Claim("dugong, none looked at", Growth.LINEAR, 32, 1.15),
                Claim("dugong, all looked at", Growth.LINEAR, 32, 1.15),
            ),
            logarithmic="",
        ),
        Scale(
            "chunks",
            "Chunks of 10 octets",
            (*_POWERS_OF_TEN, 1_000_000),
            (1, 1_000, 100_000),
            "chunks of a body",
            "µs of CPU time for a chunk",
            (
                Line("dugong, readinto", chunks.__name__),
                Line("dugong, readall", chunks_at_once.__name__, is_second=True),
                Line(
                    "http.client, readinto",
                    chunks.__name__,
                    "http.client",
                    largest=100_000,  # it would go on alike, for long
                    kind="Python",
                ),
            ),
            (
                Claim("dugong, readinto", Growth.FLAT, 1_000, 1.25),
                Claim("dugong, readall", Growth.FLAT, 1_000, 1.25),
            ),
            logarithmic="xy",
        ),
        Scale(
            "idle",
            "Idle connections",
            (1, 10, 100, 1_000, 5_000),
            (100, 1_000),
            "connections, each used once",
            "KB of memory for each",
            (
                Line("dugong", idle.__name__),
                Line("http.client", idle.__name__, "http.client", kind="Python"),
            ),
            (Claim("dugong", Growth.FLAT, 100, 1.25),),
            fresh=True,
            rounds=2,  # it repeats almost exactly
            connections=True,
        ),
        Scale(
            "active",
            "Busy connections on one asyncio loop",
            (1, 4, 16, 64, 250, 1_000),
            (1, 64, 250),
            "connections",
            "µs of CPU time for a request",
            (
                Line("dugong", active.__name__),
                Line(
                    "bare buffered protocol",
                    active.__name__,
                    "asyncio floor, buffered",
                    kind="floor",
                ),
            ),
            (Claim("dugong", Growth.FLAT, 64, 2),),
            fresh=True,
            connections=True,
        ),
        Scale(
            LATENCY,
            "Added latency",
            (0, 500, COMPARED_DELAY, 20_000),
            (0, COMPARED_DELAY),
            "ms added to a round trip",
            "requests per second",
            (
                WINDOW,
                Line("dugong, serial", serial.__name__, is_second=True),
                SERIAL,
            ),
            shown=_rate,
            fresh=True,
            relayed=True,
            logarithmic="xy",
            factor=1e-3,
        ),
    )
}
