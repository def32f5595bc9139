"""One contender in a process of its own; does on standard input's word what it is told.

    python -m bench.worker describe CONTENDER
    python -m bench.worker run CONTENDER VERB PATH HOST PORT [AUTHORITY]

`describe` prints what the contender can do, and its version. `run` takes commands, one a line,
and answers each with a line of JSON. It is started by the harness and by the instruments.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

from bench.contenders import load
from bench.contenders.base import Target, abilities

Run = Callable[[int], None]
Answer = dict[str, int]
MARKER: Final = "/dev/null/bench-marker"  # what strace finds around the requests that count


def measure_cpu(run: Run, count: int) -> Answer:
    """Return the nanoseconds of this process's CPU time that *count* requests take."""
    before = time.process_time_ns()
    run(count)
    return {"cpu": time.process_time_ns() - before}


def count_calls(run: Run, count: int) -> Answer:
    """Return how many Python functions, and C functions from Python, are called."""
    calls = {"call": 0, "c_call": 0, "return": 0, "c_return": 0, "c_exception": 0}

    def observe(_frame: FrameType, event: str, _arg: object) -> None:
        calls[event] += 1

    sys.setprofile(observe)
    run(count)
    sys.setprofile(None)
    return {"python": calls["call"], "c": calls["c_call"]}


def count_instructions(run: Run, count: int) -> Answer:
    """Have callgrind count the instructions, and write down their number."""
    valgrind = ctypes.CDLL(os.environ["BENCH_VALGRIND"])
    valgrind.begin()
    run(count)
    valgrind.end()
    return {}


def mark_syscalls(run: Run, count: int) -> Answer:
    """Mark where the system calls of the requests begin and end."""
    os.access(MARKER, 0)
    run(count)
    os.access(MARKER, 0)
    return {}


def measure_peak(run: Run, count: int) -> Answer:
    """Return by how many KiB the memory grows at its highest."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _status("VmRSS")
    run(count)
    return {"growth": _status("VmHWM") - before}


def measure_resident(run: Run, count: int) -> Answer:
    """Return by how many KiB the memory has grown in the end."""
    gc.collect()
    before = _status("VmRSS")
    run(count)
    gc.collect()
    return {"growth": _status("VmRSS") - before}


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise AssertionError(f"/proc/self/status has no {name}")


COMMANDS: Final[dict[str, Callable[[Run, int], Answer]]] = {
    "cpu": measure_cpu,
    "calls": count_calls,
    "instructions": count_instructions,
    "syscalls": mark_syscalls,
    "peak": measure_peak,
    "resident": measure_resident,
}


def main() -> None:
    """Do what the command line says."""
    action, name, *rest = sys.argv[1:]
    contender = load(name)
    if action == "describe":
        print(json.dumps({"can": abilities(contender), "version": contender.version()}))
        return
    verb, path, host, port, *authority = rest
    run: Run = partial(getattr(contender(Target(host, int(port), *authority)), verb), path)
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        command, count = line.split()
        print(json.dumps(COMMANDS[command](run, int(count))), flush=True)


if __name__ == "__main__":
    main()
