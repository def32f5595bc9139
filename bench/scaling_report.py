"""Writes what `bench.scaling` found as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.fits import Finding, find
from bench.ratios import spread
from bench.report import DASH, number, table, with_spread
from bench.scales import LATENCY, SCALES, SERIAL, WINDOW, Growth, Scale

if TYPE_CHECKING:
    from bench.scaling_results import Scaling


def table_of(scale: Scale, results: Scaling) -> str:
    """Return what each size of a scale costs: medians, and quartiles in brackets."""
    curves = [results.curve(scale.name, line) for line in scale.lines]
    rows = []
    for size in sorted({size for curve in curves for size in curve}):
        cells = (
            with_spread(spread([scale.shown(value) for value in curve[size]]))
            if size in curve
            else DASH
            for curve in curves
        )
        rows.append((f"{size * scale.factor:,.10g}", *cells))
    return table((scale.axis, *(line.title for line in scale.lines)), rows)


def findings(results: Scaling) -> list[tuple[Scale, Finding]]:
    """Return what came out for every claim about what was measured."""
    lines = {
        (scale.name, line.title): results.curve(scale.name, line)
        for scale in results.scales()
        for line in scale.lines
    }
    return [
        (scale, find(claim, lines[scale.name, claim.line]))
        for scale in results.scales()
        for claim in scale.claims
    ]


def claims_text(results: Scaling) -> str:
    """Return the table of what is claimed, with what was found, and what was left out."""
    rows = []
    for scale, found in findings(results):
        flat = found.claim.growth is Growth.FLAT
        most = f"{'ratio' if flat else 'exponent'} ≤ {found.claim.most:g}"
        rows.append(
            (
                f"{scale.title}: {found.claim.line}",
                f"{found.claim.growth.value}, {most}",
                f"{found.begin:,} to {found.end:,}",
                with_spread(found.ratio),
                f"{round(found.exponent, 2) + 0:.2f}",
                "yes" if found.holds else "**no**",
            )
        )
    head = ("", "claimed", "between", "ratio of the costs", "exponent", "holds")
    return "\n\n".join([table(head, rows), *slope_text(results), *results.notes])


def slope_text(results: Scaling) -> list[str]:
    """Return what one more header field costs, where that was measured."""
    slopes = [
        f"{number(scale.shown(found.slope))} µs ({found.claim.line})"
        for scale, found in findings(results)
        if found.claim.growth is Growth.LINEAR
    ]
    return [f"One field more costs {', '.join(slopes)}."] if slopes else []


def latency_text(results: Scaling) -> str:
    """Return how many times the rate of http.client dugong reaches with added latency."""
    scale = SCALES[LATENCY]
    ours, theirs = (results.curve(LATENCY, line) for line in (WINDOW, SERIAL))
    rows = []
    for size in ours:
        pairs = zip(ours[size], theirs[size], strict=True)
        ratio = spread([other / mine for mine, other in pairs])
        rows.append((f"{size * scale.factor:,.10g}", with_spread(ratio)))
    return table((scale.axis, f"{WINDOW.title}: rate to that of {SERIAL.title}"), rows)


def sections(results: Scaling) -> dict[str, str]:
    """Return the text for each marker of the page."""
    about = "; ".join(f"{title}: {text}" for title, text in results.about.items())
    texts = {"scaling-claims": f"Measured with: {about}.\n\n{claims_text(results)}"}
    for scale in results.scales():
        text = f"In {scale.unit}:\n\n{table_of(scale, results)}"
        if scale.name == LATENCY:
            text = f"{text}\n\n{latency_text(results)}"
        texts[f"scaling-{scale.name}"] = text
    return texts
