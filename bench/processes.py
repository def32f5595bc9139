"""Workers as the harness sees them: processes on one CPU that answer questions.

Knows how a worker is started, spoken to and ended; what the answers mean is for its callers.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from bench.contenders import CONTENDERS
from bench.server import ROOT, Server, on_cpu
from bench.worker import FRESH

if TYPE_CHECKING:
    from bench.scenarios import Scenario


class WorkerFailedError(Exception):
    """A worker ended early; its own words are the message."""


@attrs.frozen
class Setting:
    """Where and with what workers run.

    Attributes:
        cpu: The CPU of client and server.
        source: The folder from which dugong is imported.
        python: The interpreter.
    """

    cpu: int
    source: Path = ROOT / "src"
    python: str = sys.executable

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a worker: nothing in it varies from run to run."""
        paths = f"{self.source}{os.pathsep}{ROOT}"
        fixed = {"PYTHONPATH": paths, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""}
        return {**os.environ, **fixed, **more}


@attrs.frozen
class Description:
    """What a contender says of itself.

    Attributes:
        can: The verbs that it knows.
        version: Its version.
    """

    can: tuple[str, ...]
    version: str


@cache
def describe(setting: Setting, contender: str) -> Description | None:
    """Return what a contender says of itself, or `None` where it is not installed."""
    done = subprocess.run(
        [setting.python, "-m", "bench.worker", "describe", contender],
        env=setting.environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"{contender} is left out: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    said = json.loads(done.stdout)
    return Description(tuple(said["can"]), said["version"])


def able(setting: Setting, contenders: Sequence[str], verb: str) -> list[str]:
    """Return those of the contenders that know a verb, in the order of the tables."""
    return [
        name
        for name in CONTENDERS
        if name in contenders and (said := describe(setting, name)) and verb in said.can
    ]


class Worker:
    """One contender, ready for one scenario."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self._process = process
        self._name = name
        self.read()

    def ask(self, command: str, count: int, path: str = "") -> dict[str, int]:
        """Have *count* requests made, and return what was measured.

        Args:
            command: What is measured: a name in `bench.worker.COMMANDS`.
            count: How many requests are made.
            path: What is fetched; empty: that of the scenario.

        Raises:
            WorkerFailedError: The contender failed.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command} {count} {path}\n")
        self._process.stdin.flush()
        return self.read()

    def renew(self) -> None:
        """Have the contender made anew, with new connections."""
        self.ask(FRESH, 0)

    def read(self) -> dict[str, int]:
        """Return the next answer."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise WorkerFailedError(f"{self._name} ended early")
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer


@contextlib.contextmanager
def running_worker(
    setting: Setting,
    server: Server,
    contender: str,
    scenario: Scenario,
    prefix: Sequence[str] = (),
    **environment: str,
) -> Iterator[Worker]:
    """Run a worker for the time of the context.

    Args:
        setting: Where it runs.
        server: What it fetches from; with TLS where the scenario says so.
        contender: Its name.
        scenario: What it is to do.
        prefix: A command that runs it, such as valgrind.
        **environment: Variables for it.

    Raises:
        WorkerFailedError: The contender cannot be started.
    """
    target = server.tls if scenario.tls else server.plain
    assert target is not None
    place = [target.host, str(target.port), *([target.authority] if target.authority else [])]
    command = [setting.python, "-m", "bench.worker", "run", contender]
    process = subprocess.Popen(
        [
            *on_cpu(setting.cpu),
            *prefix,
            *command,
            scenario.verb,
            scenario.path,
            *place,
        ],
        env=setting.environment(**scenario.environment, **environment),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Worker(process, f"{contender} ({scenario.name})")
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.communicate()
