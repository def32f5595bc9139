"""Measures rates: `python -m bench.run --scenario small,pipelined --only floor,dugong --rounds 5`.

Prints a table for each scenario. The floor of a scenario always runs.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from statistics import quantiles

from bench.contenders import CONTENDERS
from bench.harness import Effort, Sample, Samples, measure
from bench.processes import Setting
from bench.scenarios import SCENARIOS, Scenario
from bench.server import ROOT, running_server


def add_setting(parser: argparse.ArgumentParser) -> None:
    """Add what every instrument's command line has."""
    parser.add_argument("--only", default="", help="contenders, parted by commas; default: all")
    parser.add_argument("--src", type=Path, default=ROOT / "src", help="where dugong lies")
    parser.add_argument("--cpu", type=int, help="the CPU of client and server; default: the last")


def setting_of(given: argparse.Namespace) -> Setting:
    """Return what was asked for."""
    cpu = max(os.sched_getaffinity(0)) if given.cpu is None else given.cpu
    return Setting(cpu, given.src.resolve())


def chosen(text: str, known: dict[str, Scenario] | dict[str, str]) -> list[str]:
    """Return the names in a list parted by commas, or all where it is empty.

    Raises:
        SystemExit: A name is unknown.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    # Names that hold a comma are written with a plus: "aiohttp+uvloop".
    names = [name.replace("+", ", ") for name in names]
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return names or list(known)


def spread(values: list[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def ratios(samples: Samples, name: str, floor: str, *, client: bool) -> list[float]:
    """Return the rates of a contender as parts of the floor's, round by round."""

    def rate(sample: Sample) -> float:
        return sample.client_rate if client else sample.rate

    return [
        rate(mine) / rate(theirs)
        for mine, theirs in zip(samples[name], samples[floor], strict=True)
    ]


def print_table(scenario: Scenario, samples: Samples) -> None:
    """Print what a scenario gave."""
    print(f"\n{scenario.name}: {scenario.title}, to the {scenario.floor}")
    unit = "MiB/s" if scenario.octets else "1/s"
    print(f"{'':20} {'rate':>20}  {'client CPU':>10} {unit + ' CPU':>12} {'us client':>10}")
    for name, mine in samples.items():
        low, middle, high = spread(ratios(samples, name, scenario.floor, client=False))
        cost = 1 / spread(ratios(samples, name, scenario.floor, client=True))[1]
        rate = spread([sample.rate for sample in mine])[1]
        rate *= scenario.octets / 2**20 if scenario.octets else 1
        micros = 1e6 / spread([sample.client_rate for sample in mine])[1]
        print(
            f"{name:20} {middle:7.3f} {low:6.3f}-{high:5.3f}  {cost:10.3f} {rate:12,.0f} "
            f"{micros:10,.1f}"
        )


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--scenario", default="", help="parted by commas; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.2, help="CPU time of a run")
    parser.add_argument("--renew", type=int, default=3, help="rounds for which a process lives")
    add_setting(parser)
    given = parser.parse_args()
    setting = setting_of(given)
    effort = Effort(given.rounds, given.seconds, given.renew)
    with running_server(setting.cpu) as server:
        for name in chosen(given.scenario, SCENARIOS):
            scenario = SCENARIOS[name]
            if scenario.tls and server.tls is None:
                print(f"\n{name} is left out: there are no headers of OpenSSL")
                continue
            contenders = [*chosen(given.only, CONTENDERS), scenario.floor]
            print_table(scenario, measure(setting, server, scenario, contenders, effort))


if __name__ == "__main__":
    main()
