"""The command line that the exact instruments share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.contenders import CONTENDERS
from bench.options import add_setting, chosen, setting_of
from bench.processes import able
from bench.scenarios import SCENARIOS
from bench.server import running_server

if TYPE_CHECKING:
    from bench.instruments import Measure


def main(program: str, description: str | None, measures: Sequence[Measure]) -> None:
    """Print what some instruments count for each contender."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--scenario", default="small", help="parted by commas; default: small")
    add_setting(parser)
    given = parser.parse_args()
    setting = setting_of(given)
    with running_server(setting.cpu) as server:
        for name in chosen(given.scenario, SCENARIOS):
            scenario = SCENARIOS[name]
            for contender in able(setting, chosen(given.only, CONTENDERS), scenario.verb):
                counted: dict[str, float] = {}
                for measure in measures:
                    counted |= measure(setting, server, contender, scenario)
                text = "  ".join(f"{kind} {count:,.6g}" for kind, count in counted.items() if count)
                print(f"{name:18} {contender:20} {text}", flush=True)
