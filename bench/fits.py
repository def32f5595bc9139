"""How a cost grows with a size. Pure: what the rounds gave goes in, numbers come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from statistics import linear_regression, median

import attrs

from bench.ratios import Spread, spread
from bench.scales import Claim, Growth

# For each size what every round gave; all lists are equally long.
Curve = Mapping[int, Sequence[float]]


@attrs.frozen
class Finding:
    """What came out for a claim.

    Attributes:
        claim: The claim.
        begin: The size from which on was looked; the claim's, or what a short run has.
        end: The largest size.
        ratio: The cost at *end* to that at *begin*.
        exponent: That of the power of the size with which the cost grows; for `LINEAR` of
            what exceeds the cost at the smallest size.
        slope: How much one more costs, between the smallest size and the largest.
    """

    claim: Claim
    begin: int
    end: int
    ratio: Spread
    exponent: float
    slope: float

    @property
    def holds(self) -> bool:
        """Whether the claim is true."""
        decisive = self.ratio.median if self.claim.growth is Growth.FLAT else self.exponent
        return decisive <= self.claim.most


def find(claim: Claim, curve: Curve) -> Finding:
    """Return what a curve says about a claim."""
    sizes = sorted(curve)
    end = sizes[-1]
    begin = max((size for size in sizes if size <= claim.begin and size < end), default=sizes[0])
    medians = {size: median(curve[size]) for size in sizes}
    base = medians[sizes[0]] if claim.growth is Growth.LINEAR else 0
    above = {size: medians[size] - base for size in sizes if size >= begin}
    return Finding(
        claim,
        begin,
        end,
        growth_between(curve, begin, end),
        exponent(above),
        (medians[end] - medians[sizes[0]]) / (end - sizes[0]),
    )


def growth_between(curve: Curve, begin: int, end: int) -> Spread:
    """Return the cost at *end* to that at *begin*, round by round."""
    pairs = zip(curve[end], curve[begin], strict=True)
    return spread([large / small for large, small in pairs])


def exponent(costs: Mapping[int, float]) -> float:
    """Return the slope of the straight line through the logarithms of sizes and costs."""
    points = {log(size): log(cost) for size, cost in costs.items() if size > 0 and cost > 0}
    if len(points) < 2:
        return 0.0
    return linear_regression(list(points), list(points.values())).slope
