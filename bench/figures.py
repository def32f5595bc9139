"""The figures to reach: what must hold, what is aimed at, and how it is read from results."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import attrs

from bench.ratios import client_ratio, rate_ratio
from bench.results import Results
from bench.scenarios import SCENARIOS

Reading = Callable[[Results], float | None]
SUBJECT: Final = "dugong"


@attrs.frozen
class Figure:
    """One line of the table.

    Attributes:
        title: What is measured, with its unit.
        must: What has to be reached.
        aim: What is hoped for.
        reading: Returns what was reached; `None` where it was not measured.
        lower_is_better: Whether less is more.
    """

    title: str
    must: float
    aim: float
    reading: Reading
    lower_is_better: bool = False

    def verdict(self, reached: float) -> str:
        """Return what a value is worth."""
        if self._holds(reached, self.aim):
            return "aim"
        return "must" if self._holds(reached, self.must) else "**missed**"

    def _holds(self, reached: float, wanted: float) -> bool:
        return reached <= wanted if self.lower_is_better else reached >= wanted


def _rate(scenario: str, results: Results, other: str = "") -> float | None:
    samples = results.samples.get(scenario, {})
    other = other or SCENARIOS[scenario].base
    if SUBJECT not in samples or other not in samples:
        return None
    return rate_ratio(samples, SUBJECT, other).median


def _client(scenario: str, results: Results) -> float | None:
    samples = results.samples.get(scenario, {})
    base = SCENARIOS[scenario].base
    if SUBJECT not in samples or base not in samples:
        return None
    return client_ratio(samples, SUBJECT, base).median


def _exact(kind: str, unit: float, results: Results) -> float | None:
    counted = results.exact.get(SUBJECT, {})
    return counted[kind] / unit if kind in counted else None


def _memory(kind: str, unit: float, results: Results) -> float | None:
    used = results.memory.get(SUBJECT, {})
    return used[kind] / unit if kind in used else None


def _import(results: Results) -> float | None:
    if SUBJECT not in results.imports or "http.client" not in results.imports:
        return None
    return results.imports[SUBJECT] / results.imports["http.client"]


def _other(name: str, results: Results) -> float | None:
    return results.other.get(name)


def _higher(title: str, scenario: str, must: float, aim: float, other: str = "") -> Figure:
    return Figure(title, must, aim, partial(_rate, scenario, other=other))


def _lower(title: str, reading: Reading, must: float, aim: float) -> Figure:
    return Figure(title, must, aim, reading, lower_is_better=True)


FIGURES: Final = (
    _higher("small GET, serial: rate to the floor's", "small", 0.50, 0.60),
    _lower(
        "small GET: user instructions, in thousands", partial(_exact, "instructions", 1e3), 120, 95
    ),
    _lower("small GET: Python calls", partial(_exact, "python", 1), 38, 28),
    _lower("small GET: C calls", partial(_exact, "c", 1), 38, 28),
    _lower("small GET: system calls", partial(_exact, "system", 1), 5, 4),
    _higher("30 fields, none looked at: rate to the floor's", "fields30", 0.45, 0.53),
    _higher("30 fields, three looked at: rate to the floor's", "fields30-look", 0.35, 0.42),
    _higher("pipelined: rate to the non-blocking floor's", "pipelined", 0.33, 0.42),
    _lower(
        "download with `readinto`: client CPU to the non-blocking floor's",
        partial(_client, "download-readinto"),
        1.10,
        1.03,
    ),
    _lower(
        "download with `read(64 KiB)`: client CPU to the non-blocking floor's",
        partial(_client, "download-read"),
        1.6,
        1.3,
    ),
    _lower(
        "upload with `write(64 KiB)`: client CPU to the non-blocking floor's",
        partial(_client, "upload"),
        1.15,
        1.05,
    ),
    _higher("chunks of 8 KiB: rate to the floor's", "chunks-8k", 0.60, 0.75),
    _higher("chunks of 64 KiB: rate to the floor's", "chunks-64k", 0.78, 0.92),
    _higher(
        "chunks of 100 octets, `readinto`: rate to http.client's",
        "chunks-100",
        1.3,
        2.0,
    ),
    _higher("`readall` of 64 MiB: rate to http.client's", "readall", 0.8, 1.0, "http.client"),
    _higher("connect, GET, close: rate to the floor's", "connect", 0.55, 0.65),
    _higher("TLS, small GET: rate to the floor's", "tls-small", 0.48, 0.56),
    _higher("TLS, download: rate to the floor's", "tls-download", 0.95, 1.0),
    _higher("TLS, connect, GET, close: rate to the floor's", "tls-connect", 0.88, 0.94),
    _higher("64 connections on asyncio: rate to a bare protocol's", "asyncio-64", 0.60, 0.80),
    _lower("import: instructions to those of http.client", _import, 1.7, 1.45),
    _lower(
        "streaming 1 GiB: growth of the peak RSS, MiB", partial(_memory, "peak", 2**20), 1.0, 0.6
    ),
    _lower("an idle plain connection: KB", partial(_memory, "idle", 1e3), 6, 4),
    Figure(
        "pipelined at 2 ms latency, depth 32: rate to http.client's",
        6,
        10,
        partial(_other, "pipelined-2ms"),
    ),
)

# Those that have no part in C; who is to be left behind everywhere but in uploads.
PURE: Final = ("http.client", "urllib3", "requests", "httpcore", "httpx", "h11")
# Where libcurl is to be left behind.
CURL: Final = ("small", "fields30", "tls-small", "tls-connect")
# In uploads a blocking sendall has an unfair start: how near the best must be.
UPLOAD_MARGIN: Final = 0.9


def find_ahead(results: Results) -> list[tuple[str, str, float]]:
    """Return who is ahead of dugong where nobody should be: scenario, contender, dugong's part."""
    ahead = []
    for scenario, samples in results.samples.items():
        rivals = [*PURE, *(["pycurl"] if scenario in CURL else [])]
        wanted = UPLOAD_MARGIN if scenario == "upload" else 1.0
        for name in rivals:
            if name in samples and SUBJECT in samples:
                part = rate_ratio(samples, SUBJECT, name).median
                if part < wanted:
                    ahead.append((scenario, name, part))
    return ahead
