"""Measures rates: `python -m bench.run --scenario small,pipelined --only floor,dugong --rounds 5`.

Prints a table for each scenario. What a scenario is compared with always runs.
"""

from __future__ import annotations

import argparse

from bench.contenders import CONTENDERS
from bench.harness import Effort, Samples, measure
from bench.options import add_setting, chosen, setting_of
from bench.ratios import client_ratio, rate, rate_ratio, spread
from bench.scenarios import SCENARIOS, Scenario
from bench.server import running_server


def print_table(scenario: Scenario, samples: Samples) -> None:
    """Print what a scenario gave."""
    print(f"\n{scenario.name}: {scenario.title}; to {scenario.base}")
    unit = "MiB/s" if scenario.octets else "1/s"
    print(f"{'':20} {'rate':>20}  {'client CPU':>10} {unit + ' CPU':>12} {'us client':>10}")
    factor = scenario.octets / 2**20 if scenario.octets else 1.0
    for name, mine in samples.items():
        ratio = rate_ratio(samples, name, scenario.base)
        cost = client_ratio(samples, name, scenario.base).median
        speed = rate(samples, name).median * factor
        micros = 1e6 / spread([sample.client_rate for sample in mine]).median
        print(
            f"{name:20} {ratio.median:7.3f} {ratio.low:6.3f}-{ratio.high:5.3f}  {cost:10.3f} "
            f"{speed:12,.0f} {micros:10,.1f}"
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
            contenders = [*chosen(given.only, CONTENDERS), scenario.base]
            print_table(scenario, measure(setting, server, scenario, contenders, effort))


if __name__ == "__main__":
    main()
