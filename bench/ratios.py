"""Medians and quartiles of what the rounds gave. Pure: samples in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from bench.harness import Samples


@attrs.frozen
class Spread:
    """A median, and the quartiles around it."""

    low: float
    median: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of at least one value."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    return Spread(*quantiles(values, n=4, method="inclusive"))


def rate_ratio(samples: Samples, name: str, other: str) -> Spread:
    """Return the rate of a contender as part of another's, round by round."""
    pairs = zip(samples[name], samples[other], strict=True)
    return spread([mine.rate / theirs.rate for mine, theirs in pairs])


def client_ratio(samples: Samples, name: str, other: str) -> Spread:
    """Return the client's CPU time for a request as a multiple of another's, round by round."""
    pairs = zip(samples[name], samples[other], strict=True)
    return spread([theirs.client_rate / mine.client_rate for mine, theirs in pairs])


def rate(samples: Samples, name: str) -> Spread:
    """Return the requests of a contender per second of CPU time."""
    return spread([sample.rate for sample in samples[name]])
