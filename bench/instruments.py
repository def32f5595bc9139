"""The second instrument: what repeats exactly, whatever else the machine does.

User instructions (valgrind), Python and C calls (sys.setprofile) and system calls (strace) for one
request, each as the slope between two counts of requests. Knows no contender by name.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from bench.processes import Setting, running_worker
from bench.scenarios import Scenario
from bench.server import BUILD, ROOT, MissingToolError, Server, compile_c, on_cpu
from bench.worker import MARKER

Measure = Callable[[Setting, Server, str, Scenario], dict[str, float]]
WARM_UP: Final = 20  # units of a scenario before anything is counted
UNITS: Final = (20, 120)  # between which the slope is taken


def need(tool: str) -> None:
    """Check that a program is installed.

    Raises:
        MissingToolError: It is not.
    """
    if shutil.which(tool) is None:
        raise MissingToolError(f"{tool} is not installed")


def instructions(
    setting: Setting, server: Server, contender: str, scenario: Scenario
) -> dict[str, float]:
    """Return the user instructions of a request.

    Raises:
        MissingToolError: There is no valgrind, or no header of it.
    """
    need("valgrind")
    library = BUILD / "valgrind.so"
    if not compile_c(ROOT / "bench" / "valgrind.c", library, "-shared", "-fPIC"):
        raise MissingToolError("the header valgrind/callgrind.h is not installed")
    totals: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        prefix = [
            "valgrind",
            "-q",
            "--tool=callgrind",
            "--instr-atstart=no",
            f"--callgrind-out-file={folder}/out",
        ]
        with running_worker(
            setting, server, contender, scenario, prefix, BENCH_VALGRIND=str(library)
        ) as worker:
            worker.ask("cpu", WARM_UP * scenario.step)
            for units in UNITS:
                worker.ask("instructions", units * scenario.step)
                totals.append(_total(Path(folder, f"out.{len(totals) + 1}")))
    return {"instructions": _slope(totals, scenario)}


def calls(setting: Setting, server: Server, contender: str, scenario: Scenario) -> dict[str, float]:
    """Return the calls of Python functions, and of C functions from Python, of a request."""
    with running_worker(setting, server, contender, scenario) as worker:
        worker.ask("cpu", WARM_UP * scenario.step)
        counted = [worker.ask("calls", units * scenario.step) for units in UNITS]
    return {kind: _slope([each[kind] for each in counted], scenario) for kind in counted[0]}


def syscalls(
    setting: Setting, server: Server, contender: str, scenario: Scenario
) -> dict[str, float]:
    """Return the system calls of a request, by their names.

    Raises:
        MissingToolError: There is no strace.
    """
    need("strace")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        prefix = ["strace", "-f", "-qq", "-s", "32", "-o", str(log)]
        with running_worker(setting, server, contender, scenario, prefix) as worker:
            worker.ask("cpu", WARM_UP * scenario.step)
            for units in UNITS:
                worker.ask("syscalls", units * scenario.step)
        few, many = _counts(log.read_text(encoding="utf-8", errors="replace"))
    return {name: _slope([few[name], many[name]], scenario) for name, _ in many.most_common()}


def count_syscalls(
    setting: Setting, server: Server, contender: str, scenario: Scenario
) -> dict[str, float]:
    """Return the number of system calls of a request.

    Raises:
        MissingToolError: There is no strace.
    """
    return {"system": sum(syscalls(setting, server, contender, scenario).values())}


def _counts(log: str) -> list[Counter[str]]:
    """Return what was called between each pair of markers in a log of strace."""
    counts: list[Counter[str]] = []
    inside = False
    for line in log.splitlines():
        call = line.split(maxsplit=1)[1]  # behind the number of the process
        if MARKER in call:
            inside = not inside
            if inside:
                counts.append(Counter())
        elif inside and "(" in call and not call.startswith(("<...", "---", "+++")):
            counts[-1][call.partition("(")[0]] += 1
    return counts


@cache
def import_instructions(setting: Setting, statement: str) -> int:
    """Return the user instructions of a Python that runs one statement.

    Raises:
        MissingToolError: There is no valgrind.
    """
    need("valgrind")
    environment = setting.environment()
    plain = [setting.python, "-c", statement]
    subprocess.run(plain, env=environment, check=True)  # so that all is compiled
    with tempfile.TemporaryDirectory() as folder:
        prefix = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
        subprocess.run([*on_cpu(setting.cpu), *prefix, *plain], env=environment, check=True)
        return _total(Path(folder, "out"))


def _total(output: Path) -> int:
    """Return the sum in a file of callgrind's."""
    for line in output.read_text(encoding="utf-8").splitlines():
        if line.startswith("totals:"):
            return int(line.split()[1])
    raise AssertionError(f"{output} has no sum")


def _slope(counted: list[int], scenario: Scenario) -> float:
    few, many = UNITS
    return (counted[1] - counted[0]) / ((many - few) * scenario.step)
