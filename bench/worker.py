"""One contender in a process of its own; does on standard input's word what it is told.

    python -m bench.worker describe CONTENDER
    python -m bench.worker run CONTENDER VERB PATH HOST PORT [AUTHORITY]

`describe` prints what the contender can do, and its version. `run` takes commands, a line
`COMMAND COUNT [PATH]` each, and answers each with a line of JSON. It is started by the harness
and by the instruments.
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
from typing import TYPE_CHECKING, Final

from bench.contenders import load
from bench.contenders.base import Target, abilities

if TYPE_CHECKING:
    from types import FrameType

Run = Callable[[int], None]
Answer = dict[str, int]
FRESH: Final = "fresh"  # the command for a new contender, with new connections
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
    """Return by how many octets the memory grows at its highest."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _memory("status", "VmHWM")
    run(count)
    return {"growth": _memory("status", "VmHWM") - before}


def measure_resident(run: Run, count: int) -> Answer:
    """Return by how many octets the memory has grown in the end."""
    gc.collect()
    before = _memory("smaps_rollup", "Rss")
    run(count)
    gc.collect()
    return {"growth": _memory("smaps_rollup", "Rss") - before}


def _memory(file: str, name: str) -> int:
    for line in Path("/proc/self", file).read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"/proc/self/{file} has no {name}")


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
    known = load(name)
    if action == "describe":
        print(json.dumps({"can": abilities(known), "version": known.version()}))
        return
    verb, path, host, port, *authority = rest
    target = Target(host, int(port), *authority)
    contender = known(target)
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        command, count, *other_path = line.split()
        if command == FRESH:
            contender.close()
            contender = known(target)
            gc.collect()  # what the one before leaves is not collected while another is measured
            answer: Answer = {}
        else:
            run: Run = partial(getattr(contender, verb), *(other_path or [path]))
            answer = COMMANDS[command](run, int(count))
        print(json.dumps(answer), flush=True)
    # What is open is left to the kernel: some clients complain of it, or take long to close it.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
