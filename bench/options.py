"""The command line that the programs of the benchmarks share."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from bench.processes import Setting
from bench.server import ROOT

if TYPE_CHECKING:
    import argparse


def add_setting(parser: argparse.ArgumentParser) -> None:
    """Add what every program's command line has."""
    parser.add_argument("--only", default="", help="contenders, parted by commas; default: all")
    parser.add_argument("--src", type=Path, default=ROOT / "src", help="where dugong lies")
    parser.add_argument("--cpu", type=int, help="the CPU of client and server; default: the last")


def setting_of(given: argparse.Namespace) -> Setting:
    """Return what was asked for."""
    cpu = max(os.sched_getaffinity(0)) if given.cpu is None else given.cpu
    return Setting(cpu, given.src.resolve())


def chosen(text: str, known: Collection[str]) -> list[str]:
    """Return the names in a list parted by commas, or all where it is empty.

    A name that holds a comma is written with a plus: ``aiohttp+uvloop``.

    Raises:
        SystemExit: A name is unknown.
    """
    names = [name.strip().replace("+", ", ") for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return names or list(known)
