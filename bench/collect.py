"""Runs every instrument, and gathers what they give."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from bench import memory
from bench.harness import Effort, measure
from bench.instruments import calls, count_syscalls, import_instructions, instructions
from bench.processes import Setting, WorkerFailedError, able, describe
from bench.results import Results, describe_machine
from bench.scenarios import SCENARIOS
from bench.server import BUILD, MissingToolError

if TYPE_CHECKING:
    from bench.server import Server

# What a program imports to use a contender, and what stands for comparison beside it.
MODULES: Final = {
    "dugong": ("dugong", "attrs"),
    "http.client": ("http.client",),
    "urllib3": ("urllib3",),
    "requests": ("requests",),
    "httpcore": ("httpcore",),
    "httpx": ("httpx",),
    "aiohttp": ("aiohttp",),
    "pycurl": ("pycurl",),
    "h11": ("h11",),
    "httptools": ("httptools",),
}

# Where programs beside this one leave figures of theirs: names and numbers.
OTHER: Final = BUILD / "other.json"


@attrs.frozen
class Plan:
    """What is run.

    Attributes:
        scenarios: Those whose rates are measured.
        contenders: Those that take part.
        effort: How long each rate is measured.
        exact: The contenders whose instructions, calls, imports and memory are counted.
    """

    scenarios: Sequence[str]
    contenders: Sequence[str]
    effort: Effort
    exact: Sequence[str]


def collect(setting: Setting, server: Server, plan: Plan) -> Results:
    """Return what a whole run gives; say on standard error how far it is."""
    results = Results(about=describe_machine(setting.cpu))
    if OTHER.exists():
        results.other.update(json.loads(OTHER.read_text(encoding="utf-8")))
    results.about["rounds"] = f"{plan.effort.rounds}, of {plan.effort.seconds} s CPU time about"
    for name in plan.contenders:
        if said := describe(setting, name):
            results.versions[name] = said.version
    for name in plan.exact:
        _count(setting, server, name, results)
    for name in plan.scenarios:
        scenario = SCENARIOS[name]
        if scenario.tls and server.tls is None:
            _say(f"{name} is left out: the headers of OpenSSL are not installed")
            continue
        _say(f"{name} ...")
        contenders = [*plan.contenders, scenario.base]
        results.samples[name] = measure(setting, server, scenario, contenders, plan.effort)
    return results


def _count(setting: Setting, server: Server, name: str, results: Results) -> None:
    """Count everything about a contender that repeats exactly."""
    _say(f"instructions, calls and memory of {name} ...")
    small = SCENARIOS["small"]
    if able(setting, [name], "get"):
        for count in (instructions, calls, count_syscalls):
            with _surviving():
                counted = count(setting, server, name, small)
                results.exact.setdefault(name, {}).update(counted)
    if name in results.versions:
        for module in MODULES.get(name, ()):
            with _surviving():
                more = import_instructions(setting, f"import {module}")
                results.imports[module] = more - import_instructions(setting, "pass")
    if able(setting, [name], "hold"):
        with _surviving():
            results.memory[name] = {
                "peak": memory.streaming(setting, server, name),
                "idle": memory.idle_connection(setting, server, name),
            }


@contextlib.contextmanager
def _surviving() -> Iterator[None]:
    """Say what could not be measured, and go on."""
    try:
        yield
    except (MissingToolError, WorkerFailedError) as problem:
        _say(f"left out: {problem}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
