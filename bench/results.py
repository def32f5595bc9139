"""What a run gave, and its file; knows neither how it was measured nor how it is shown."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

import attrs

from bench.harness import Sample


@attrs.frozen
class Results:
    """Everything that one run gave.

    Attributes:
        about: When and where it was run: texts by their titles.
        versions: Those of the contenders.
        samples: Rates: by scenario and contender, one sample a round.
        exact: Counts of one small GET, by contender and kind.
        imports: Instructions of an import, over those of an empty Python, by module.
        memory: Octets, by contender and kind.
        other: What other programs have measured, by the names that `figures` gives it.
    """

    about: dict[str, str] = attrs.Factory(dict)
    versions: dict[str, str] = attrs.Factory(dict)
    samples: dict[str, dict[str, list[Sample]]] = attrs.Factory(dict)
    exact: dict[str, dict[str, float]] = attrs.Factory(dict)
    imports: dict[str, float] = attrs.Factory(dict)
    memory: dict[str, dict[str, float]] = attrs.Factory(dict)
    other: dict[str, float] = attrs.Factory(dict)


def save(results: Results, file: Path) -> None:
    """Write results into a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(attrs.asdict(results), indent=1) + "\n", encoding="utf-8")


def load(file: Path) -> Results:
    """Return the results in a file."""
    stored = json.loads(file.read_text(encoding="utf-8"))
    stored["samples"] = {
        scenario: {
            name: [Sample(**sample) for sample in samples] for name, samples in contenders.items()
        }
        for scenario, contenders in stored["samples"].items()
    }
    return Results(**stored)


def describe_machine(cpu: int) -> dict[str, str]:
    """Return when and where this runs."""
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "processor": _processor(),
        "CPUs": f"{os.cpu_count()}, of which number {cpu} runs client and server",
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler of the server": _compiler(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _compiler() -> str:
    found = shutil.which(os.environ.get("CC", "cc"))
    if found is None:
        return "unknown"
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    return said.stdout.partition("\n")[0]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
