"""Draws what `bench.scaling` found as SVG: a panel for each scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from bench.plots import COLOURS, COLUMNS, STYLE, WIDTH, save_figure
from bench.ratios import spread

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from bench.scales import Line, Scale
    from bench.scaling_results import Scaling

HEIGHT: Final = 2.9  # inches of a panel
ROOM: Final = 1.25  # above the curves, for the legend
SECOND: Final = "--"
LEFT: Final = {"axes.spines.left": True}


def draw(results: Scaling, file: Path) -> None:
    """Write a file with all curves."""
    scales = results.scales()
    rows = -(-len(scales) // COLUMNS)
    with mpl.rc_context({**STYLE, **LEFT}):
        figure = Figure(figsize=(WIDTH, rows * HEIGHT), layout="constrained")
        panels = list(figure.subplots(rows, COLUMNS, squeeze=False).flat)
        figure.suptitle("How costs grow; lower is better but for the rate", weight="bold")
        for panel, scale in zip(panels, scales, strict=False):
            _draw_scale(panel, scale, results)
        for unused in panels[len(scales) :]:
            unused.set_axis_off()
        save_figure(figure, file)


def _draw_scale(panel: Axes, scale: Scale, results: Scaling) -> None:
    for line in scale.lines:
        _draw_line(panel, scale, line, results)
    sizes = sorted({size for line in scale.lines for size in results.curve(scale.name, line)})
    if "x" in scale.logarithmic:
        if sizes[0]:
            panel.set_xscale("log")
        else:  # there is room for the zero
            panel.set_xscale("symlog", linthresh=sizes[1] * scale.factor)
            panel.set_xticks([size * scale.factor for size in sizes])
    if "y" in scale.logarithmic:
        panel.set_yscale("log")
    else:
        panel.set_ylim(0, panel.get_ylim()[1] * ROOM)
    panel.xaxis.set_major_formatter(FuncFormatter(_short))
    panel.yaxis.set_major_formatter(FuncFormatter(_short))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_title(scale.title, fontsize=9.5)
    panel.set_xlabel(scale.axis)
    panel.set_ylabel(scale.unit)
    panel.grid(color="#e3e7eb", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.legend(frameon=False, fontsize=8)


def _draw_line(panel: Axes, scale: Scale, line: Line, results: Scaling) -> None:
    curve = results.curve(scale.name, line)
    spreads = {
        size: spread([scale.shown(value) for value in curve[size]]) for size in sorted(curve)
    }
    medians = [each.median for each in spreads.values()]
    panel.errorbar(
        [size * scale.factor for size in spreads],
        medians,
        yerr=[
            [each.median - each.low for each in spreads.values()],
            [each.high - each.median for each in spreads.values()],
        ],
        color=COLOURS[line.kind],
        linestyle=SECOND if line.is_second else "-",
        marker="o",
        markersize=3,
        elinewidth=0.8,
        linewidth=1.4,
        label=line.title,
    )


def _short(value: float, _position: int) -> str:
    if value < 10_000:
        return f"{value:,.10g}"
    return f"{value / 1e3:,.10g} k" if value < 1e6 else f"{value / 1e6:,.10g} M"
