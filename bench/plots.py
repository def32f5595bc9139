"""Draws results as SVG: for each group of scenarios a row of panels, a bar for each contender."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bench.contenders import CONTENDERS, FLOORS
from bench.figures import SUBJECT
from bench.ratios import rate_ratio
from bench.scenarios import SCENARIOS

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from bench.results import Results

GROUPS: Final = {
    "small": ("Small requests", ("small", "fields30", "fields30-look", "connect")),
    "bulk": ("Bulk", ("download-readinto", "download-read", "readall", "upload")),
    "chunks": ("Chunked bodies", ("chunks-100", "chunks-8k", "chunks-64k")),
    "tls": ("TLS", ("tls-small", "tls-download", "tls-connect")),
    "many": ("Many at a time", ("pipelined", "asyncio-64")),
}
COLOURS: Final = {"floor": "#9aa5b1", "dugong": "#d1495b", "C": "#5b8e7d", "Python": "#3d6b9e"}
PARTLY_C: Final = ("pycurl", "httptools", "aiohttp", "aiohttp, uvloop")
WIDTH: Final = 8.6  # inches; what a page of the docs shows without making it smaller
BAR: Final = 0.24  # inches: the height of a bar and the gap to the next
FRAME: Final = 1.0  # inches: title and axis of a panel
COLUMNS: Final = 2
STYLE: Final = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "dugong",  # the same names in each run
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
}


def kind_of(name: str) -> str:
    """Return the key of a contender's colour."""
    if name.startswith(SUBJECT):
        return "dugong"
    if name in FLOORS:
        return "floor"
    return "C" if name in PARTLY_C else "Python"


def draw_all(results: Results, folder: Path) -> list[Path]:
    """Write a file for each group of which something was measured, and return them."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    with mpl.rc_context(STYLE):
        for group, (title, names) in GROUPS.items():
            if measured := [name for name in names if results.samples.get(name)]:
                file = folder / f"bench-{group}.svg"
                save_figure(_draw_group(title, measured, results), file)
                drawn.append(file)
        if any("instructions" in counted for counted in results.exact.values()):
            file = folder / "bench-instructions.svg"
            save_figure(_draw_instructions(results), file)
            drawn.append(file)
    return drawn


def save_figure(figure: Figure, file: Path) -> None:
    """Write a figure; the same one gives the same file."""
    figure.savefig(file, format="svg", metadata={"Date": None})
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("".join(f"{line.rstrip()}\n" for line in lines), encoding="utf-8")


def _new_figure(rows: Sequence[int], columns: int) -> tuple[Figure, list[Axes]]:
    """Return a figure with a grid of panels; each of *rows* says how many bars it has to show."""
    heights = [bars * BAR + FRAME for bars in rows]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.8), layout="constrained")
    grid = figure.subplots(len(rows), columns, squeeze=False, height_ratios=heights)
    return figure, [panel for row in grid for panel in row]


def _add_legend(figure: Figure) -> None:
    titles = {
        "dugong": "dugong",
        "Python": "peers",
        "C": "peers with parts in C",
        "floor": "floors",
    }
    patches = [Patch(color=COLOURS[kind], label=label) for kind, label in titles.items()]
    figure.legend(handles=patches, loc="outside lower center", ncols=4, frameon=False)


def _draw_group(title: str, names: Sequence[str], results: Results) -> Figure:
    bars = [len(results.samples[name]) for name in names]
    rows = [max(bars[begin : begin + COLUMNS]) for begin in range(0, len(names), COLUMNS)]
    figure, panels = _new_figure(rows, min(COLUMNS, len(names)))
    figure.suptitle(f"{title}: requests per second of CPU time, higher is better", weight="bold")
    for panel, name in zip(panels, names, strict=False):
        _draw_scenario(panel, name, results)
    for unused in panels[len(names) :]:
        unused.set_axis_off()
    _add_legend(figure)
    return figure


def _draw_scenario(panel: Axes, name: str, results: Results) -> None:
    scenario, samples = SCENARIOS[name], results.samples[name]
    spreads = {each: rate_ratio(samples, each, scenario.base) for each in samples}
    order = sorted(spreads, key=lambda each: spreads[each].median)
    medians = [spreads[each].median for each in order]
    below = [spreads[each].median - spreads[each].low for each in order]
    above = [spreads[each].high - spreads[each].median for each in order]
    _draw_bars(panel, order, medians)
    panel.errorbar(
        medians,
        range(len(order)),
        xerr=[below, above],
        fmt="none",
        ecolor="#333333",
        elinewidth=0.8,
    )
    for position, (median, high) in enumerate(zip(medians, above, strict=True)):
        panel.annotate(
            f"{median:.2f}",
            (median + high, position),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    panel.set_xlim(0, max(map(sum, zip(medians, above, strict=True))) * 1.16)
    panel.axvline(1, color="#9aa5b1", linewidth=0.8, linestyle="--", zorder=0)
    panel.set_title(scenario.title, fontsize=9.5)
    base = f"the {scenario.base}" if scenario.base in FLOORS else scenario.base
    panel.set_xlabel(f"rate ÷ rate of {base}")


def _draw_instructions(results: Results) -> Figure:
    counts = {
        name: counted["instructions"]
        for name, counted in results.exact.items()
        if "instructions" in counted
    }
    order = sorted(counts, key=lambda name: -counts[name])
    figure, (panel,) = _new_figure([len(order)], 1)
    figure.suptitle("User instructions of a small GET, lower is better", weight="bold")
    _draw_bars(panel, order, [counts[name] for name in order])
    for position, name in enumerate(order):
        panel.annotate(
            f"{counts[name] / 1e3:,.0f} k",
            (counts[name], position),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    panel.set_xscale("log")
    panel.set_xlim(1e3, max(counts.values()) * 3)
    panel.set_xlabel("instructions, logarithmic")
    _add_legend(figure)
    return figure


def _draw_bars(panel: Axes, names: Sequence[str], lengths: Sequence[float]) -> None:
    assert set(names) <= set(CONTENDERS)
    colours = [COLOURS[kind_of(name)] for name in names]
    panel.barh(range(len(names)), lengths, color=colours, height=0.72)
    panel.set_yticks(range(len(names)), names)
    for label, name in zip(panel.get_yticklabels(), names, strict=True):
        label.set_fontweight("bold" if name == SUBJECT else "normal")
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", color="#e3e7eb", linewidth=0.6)
    panel.set_axisbelow(True)
