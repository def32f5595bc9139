"""Writes results as Markdown: on the terminal, and between the markers of a page of the docs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from bench.contenders import CONTENDERS, FLOORS
from bench.figures import CURL, FIGURES, PURE, SUBJECT, find_ahead
from bench.ratios import Spread, client_ratio, rate, rate_ratio
from bench.scenarios import SCENARIOS, Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from bench.results import Results

DASH: Final = "–"  # noqa: RUF001  # what was not measured, or cannot be done
EXACT: Final = {
    "instructions": "user instructions",
    "python": "Python calls",
    "c": "C calls",
    "system": "system calls",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are aligned to the right."""
    lines = [list(head), ["---", *["--:"] * (len(head) - 1)], *map(list, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def number(value: float | None) -> str:
    """Return a number with two or three digits that mean something."""
    if value is None:
        return DASH
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.3g}"
    return f"{value:.2f}" if size >= 0.1 or not value else f"{value:.3f}"


def figures_table(results: Results) -> str:
    """Return the table of what had to be reached, and what was."""
    rows = []
    for figure in FIGURES:
        reached = figure.reading(results)
        sign = "≤" if figure.lower_is_better else "≥"
        verdict = DASH if reached is None else figure.verdict(reached)
        wanted = f"{sign} {figure.must:g}", f"{sign} {figure.aim:g}"
        rows.append((figure.title, *wanted, number(reached), verdict))
    return table(("figure", "must", "aim", "reached", ""), rows)


def order_text(results: Results) -> str:
    """Return who is ahead of dugong, where the figures say that nobody is."""
    rivals = f"{', '.join(PURE)}; and pycurl in {', '.join(CURL)}"
    ahead = find_ahead(results)
    if not ahead:
        return f"Nobody is ahead of dugong of those who should not be: {rivals}."
    named = "; ".join(f"{name} in {scenario} ({part:.2f})" for scenario, name, part in ahead)
    return (
        "Ahead of dugong, though they should not be (in brackets dugong's rate to theirs): "
        f"{named}. Compared with: {rivals}."
    )


def with_spread(value: Spread) -> str:
    """Return a median with its quartiles."""
    return f"{number(value.median)} ({number(value.low)}–{number(value.high)})"  # noqa: RUF001


def scenario_table(scenario: Scenario, results: Results) -> str:
    """Return what every contender reached in a scenario."""
    samples = results.samples[scenario.name]
    unit = "MiB/s" if scenario.octets else "requests/s"
    factor = scenario.octets / 2**20 if scenario.octets else 1.0
    base = scenario.base if scenario.base not in FLOORS else f"the {scenario.base}"
    head = ("", f"rate to {base}'s", f"client CPU to {base}'s", f"{unit} of CPU time")
    rows = [
        (
            f"**{name}**" if name == SUBJECT else name,
            with_spread(rate_ratio(samples, name, scenario.base)),
            with_spread(client_ratio(samples, name, scenario.base)),
            number(rate(samples, name).median * factor),
        )
        for name in sorted(samples, key=lambda name: -rate(samples, name).median)
    ]
    title = f"{scenario.title[0].upper()}{scenario.title[1:]}"
    return f"### {title}\n\n{table(head, rows)}"


def overview_table(results: Results) -> str:
    """Return the medians of all contenders in all scenarios."""
    names = [name for name in CONTENDERS if any(name in each for each in results.samples.values())]
    rows = []
    for scenario, samples in results.samples.items():
        base = SCENARIOS[scenario].base
        cells = (
            number(rate_ratio(samples, name, base).median) if name in samples else DASH
            for name in names
        )
        rows.append((scenario, *cells))
    return table(("rate to the floor's", *names), rows)


def exact_table(results: Results) -> str:
    """Return the counts of one small GET."""
    rows = [
        (name, *(number(counted.get(kind)) for kind in EXACT))
        for name, counted in results.exact.items()
    ]
    return table(("one small GET", *EXACT.values()), rows)


def cost_table(results: Results) -> str:
    """Return what importing and keeping a client costs."""
    names = [
        name for name in (*CONTENDERS, "attrs") if name in results.imports or name in results.memory
    ]
    base = results.imports.get("http.client")
    rows = []
    for name in names:
        imported = results.imports.get(name)
        used = results.memory.get(name, {})
        peak, idle = used.get("peak"), used.get("idle")
        rows.append(
            (
                name,
                number(imported / 1e6 if imported is not None else None),
                number(imported / base if imported is not None and base else None),
                number(peak / 2**20 if peak is not None else None),
                number(idle / 1e3 if idle is not None else None),
            )
        )
    head = (
        "",
        "import, 10⁶ instructions",
        "to http.client's",
        "peak growth in streaming 1 GiB, MiB",
        "idle connection, KB",
    )
    return table(head, rows)


def about_text(results: Results) -> str:
    """Return when and where it was measured, and what."""
    about = "; ".join(f"{title}: {text}" for title, text in results.about.items())
    versions = "; ".join(f"{name} {version}" for name, version in results.versions.items())
    return f"Measured with: {about}.\n\nVersions: {versions}."


def sections(results: Results) -> dict[str, str]:
    """Return the text for each marker of the page."""
    details = (scenario_table(SCENARIOS[name], results) for name in results.samples)
    return {
        "about": about_text(results),
        "figures": f"{figures_table(results)}\n\n{order_text(results)}",
        "overview": overview_table(results),
        "exact": exact_table(results),
        "cost": cost_table(results),
        "details": "\n\n".join(details),
    }


def fill(page: Path, texts: dict[str, str]) -> None:
    """Put each text between its markers: ``<!-- bench: NAME -->`` and ``<!-- end: NAME -->``.

    Raises:
        ValueError: A marker is missing.
    """
    written = page.read_text(encoding="utf-8")
    for name, text in texts.items():
        begin, end = f"<!-- bench: {name} -->", f"<!-- end: {name} -->"
        before, found, rest = written.partition(begin)
        _, found_end, after = rest.partition(end)
        if not (found and found_end):
            raise ValueError(f"{page} has no markers for {name}")
        written = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    page.write_text(written, encoding="utf-8")
