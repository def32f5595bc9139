"""Measures how costs grow: `python -m bench.scaling [--quick] [--only depth,fields] [--docs]`.

`--from FILE` shows anew what an earlier run gave, `--docs` writes docs/performance.md and a plot.
Every round measures each size of each line once, in processes of their own; processes are
run as those of the other instruments are: with the server on one CPU, per second of CPU time.
With added latency time itself counts, and the relay runs where the kernel puts it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.fits import growth_between
from bench.options import add_setting, chosen, setting_of
from bench.probes import allowed_files
from bench.processes import Setting, Worker
from bench.report import fill
from bench.results import describe_machine
from bench.scales import COMPARED_DELAY, LATENCY, SCALES, SERIAL, WINDOW, Scale
from bench.scaling_report import claims_text, sections, table_of
from bench.scaling_results import Scaling, load, save
from bench.server import BUILD, ROOT, Server, on_cpu, running_server

if TYPE_CHECKING:
    from bench.contenders.base import Target

ROUNDS: Final = 5
QUICK_ROUNDS: Final = 2
OTHER: Final = BUILD / "other.json"  # where bench.full looks for figures of other programs
FIGURE: Final = "pipelined-2ms"


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller sizes")
    parser.add_argument("--rounds", type=int, help=f"at most {ROUNDS}; {QUICK_ROUNDS} if quick")
    parser.add_argument("--from", type=Path, dest="source", help="results of an earlier run")
    parser.add_argument("--docs", action="store_true", help="write docs/performance.md")
    add_setting(parser)
    given = parser.parse_args()
    results = load(given.source) if given.source else measure_all(given)
    for scale in results.scales():
        print(f"\n{scale.title}\n\n{table_of(scale, results)}")
    print(f"\n{claims_text(results)}")
    if given.docs:
        from bench.scaling_plots import draw

        draw(results, ROOT / "docs" / "_static" / "bench-scaling.svg")
        fill(ROOT / "docs" / "performance.md", sections(results))


def measure_all(given: argparse.Namespace) -> Scaling:
    """Return, and keep in files, what the command line asks for."""
    setting = setting_of(given)
    rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
    results = Scaling(about={**describe_machine(setting.cpu), "rounds": str(rounds)})
    with running_server(setting.cpu) as server:
        for name in chosen(given.only, SCALES):
            _measure(setting, server, SCALES[name], rounds, results, quick=given.quick)
    save(results, BUILD / ("scaling-quick.json" if given.quick else "scaling.json"))
    _leave_figure(results)
    return results


def _measure(
    setting: Setting, server: Server, scale: Scale, rounds: int, results: Scaling, *, quick: bool
) -> None:
    begin = time.monotonic()
    sizes = list(scale.quick if quick else scale.sizes)
    if scale.connections and sizes[-1] > (allowed := allowed_files()):
        results.notes.append(
            f"{scale.title}: up to {allowed:,}, since this system lets no process open more files."
        )
        sizes = [size for size in sizes if size < allowed] + [allowed]
    for line in scale.lines:
        kept = results.samples.setdefault(scale.name, {}).setdefault(line.source, {})
        kept.update({size: [] for size in sizes if size <= (line.largest or size)})
    with contextlib.ExitStack() as stack:
        ways = {
            size: stack.enter_context(running_relay(setting, server.plain, size))
            if scale.relayed
            else server.plain
            for size in sizes
        }
        for turn in range(min(rounds, scale.rounds)):
            _run_round(setting, ways, scale, turn, results)
    print(f"{scale.name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)


def _run_round(
    setting: Setting, ways: dict[int, Target], scale: Scale, turn: int, results: Scaling
) -> None:
    """Measure every size of every line once; begin with another one in each round."""
    for (probe, contender), kept in results.samples[scale.name].items():
        sizes = list(kept)
        begin = turn % len(sizes)
        order = sizes[begin:] + sizes[:begin]
        for together in [[size] for size in order] if scale.fresh else [order]:
            with running_probes(setting, ways[together[0]], contender) as worker:
                for size in together:
                    kept[size].append(worker.ask(probe, size, contender))


@contextlib.contextmanager
def running_probes(setting: Setting, target: Target, name: str) -> Iterator[Worker]:
    """Run a process that measures, for the time of the context."""
    command = [setting.python, "-m", "bench.probes", target.host, str(target.port)]
    process = subprocess.Popen(
        [*on_cpu(setting.cpu), *command],
        env=setting.environment(),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Worker(process, name)
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.communicate()


@contextlib.contextmanager
def running_relay(setting: Setting, target: Target, microseconds: int) -> Iterator[Target]:
    """Run a relay that adds to the round trip, for the time of the context."""
    seconds = str(microseconds / 1e6)
    command = [setting.python, "-m", "bench.relay", target.host, str(target.port), seconds]
    process = subprocess.Popen(
        command,
        env=setting.environment(),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield type(target)(target.host, int(process.stdout.readline()))
    finally:
        process.communicate()


def _leave_figure(results: Scaling) -> None:
    """Put the figure that belongs to the table of figures where `bench.full` reads it."""
    if LATENCY not in results.samples:
        return
    theirs, ours = (results.curve(LATENCY, line)[COMPARED_DELAY] for line in (SERIAL, WINDOW))
    figures = json.loads(OTHER.read_text(encoding="utf-8")) if OTHER.exists() else {}
    figures[FIGURE] = growth_between({0: ours, 1: theirs}, 0, 1).median
    OTHER.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
