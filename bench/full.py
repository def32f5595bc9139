"""Runs all instruments: `make bench` (quick), `make bench-full` (writes the docs).

python -m bench.full [--quick] [--json FILE] [--docs]
python -m bench.full --from FILE [--docs]      shows anew what a run gave
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from bench.collect import Plan, collect
from bench.contenders import CONTENDERS
from bench.harness import Effort
from bench.options import add_setting, chosen, setting_of
from bench.report import (
    cost_table,
    exact_table,
    figures_table,
    fill,
    order_text,
    overview_table,
    sections,
)
from bench.results import Results, load, save
from bench.scenarios import SCENARIOS
from bench.server import BUILD, ROOT, running_server

QUICK: Final = (
    "floor",
    "non-blocking floor",
    "asyncio floor",
    "dugong",
    "http.client",
    "urllib3",
    "aiohttp",
    "pycurl",
    "httptools",
)
QUICK_EFFORT: Final = Effort(rounds=3, seconds=0.1)
FULL_EFFORT: Final = Effort(rounds=9, seconds=0.25)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.full",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, fewer contenders")
    parser.add_argument("--scenario", default="", help="parted by commas; default: all")
    parser.add_argument("--rounds", type=int, help="instead of 9, or of 3 with --quick")
    parser.add_argument("--json", type=Path, help="where the results are kept")
    parser.add_argument("--from", type=Path, dest="source", help="results of an earlier run")
    parser.add_argument(
        "--docs", action="store_true", help="write docs/performance.md and its plots"
    )
    add_setting(parser)
    given = parser.parse_args()
    results = load(given.source) if given.source else measure_all(given)
    for text in (figures_table, order_text, overview_table, exact_table, cost_table):
        print(f"\n{text(results)}")
    if given.docs:
        from bench.plots import draw_all

        draw_all(results, ROOT / "docs" / "_static")
        fill(ROOT / "docs" / "performance.md", sections(results))


def measure_all(given: argparse.Namespace) -> Results:
    """Return, and keep in a file, what the command line asks for."""
    setting = setting_of(given)
    effort = QUICK_EFFORT if given.quick else FULL_EFFORT
    if given.rounds:
        effort = Effort(given.rounds, effort.seconds)
    contenders = chosen(given.only, CONTENDERS)
    exact = contenders
    if given.quick and not given.only:
        contenders, exact = list(QUICK), ["floor", "dugong", "http.client"]
    plan = Plan(chosen(given.scenario, SCENARIOS), contenders, effort, exact)
    with running_server(setting.cpu) as server:
        results = collect(setting, server, plan)
    save(results, given.json or BUILD / ("quick.json" if given.quick else "full.json"))
    return results


if __name__ == "__main__":
    main()
