"""The first instrument: requests per second of CPU time, contender beside contender.

Every round runs each contender once, and its rate is compared with the floor's of the same round,
so that what slows the machine for a while slows both. Client and server share one CPU, and what
counts is CPU time: scheduling decides nothing.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from bench.processes import Setting, Worker, WorkerFailedError, able, running_worker

if TYPE_CHECKING:
    from bench.scenarios import Scenario
    from bench.server import Server

NANOSECONDS = 10**9


@attrs.frozen
class Sample:
    """What one contender did in one round.

    Attributes:
        count: Requests.
        client: Nanoseconds of CPU time that it took.
        server: Those of the server.
    """

    count: int
    client: int
    server: int

    @property
    def rate(self) -> float:
        """Requests per second of CPU time, client and server together."""
        return self.count * NANOSECONDS / (self.client + self.server)

    @property
    def client_rate(self) -> float:
        """Requests per second of the client's CPU time."""
        return self.count * NANOSECONDS / self.client


# For each contender one sample a round; all lists are equally long.
Samples = Mapping[str, Sequence[Sample]]


@attrs.frozen
class Effort:
    """How long is measured.

    Attributes:
        rounds: How often each contender runs.
        seconds: CPU time of a run, about.
        renew: Rounds after which new processes are started.
    """

    rounds: int
    seconds: float
    renew: int = 3


def measure(
    setting: Setting, server: Server, scenario: Scenario, contenders: Sequence[str], effort: Effort
) -> dict[str, list[Sample]]:
    """Return the samples of a scenario, of those contenders that can do it."""
    names = filter(scenario.is_open_to, able(setting, contenders, scenario.verb))
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    counts: dict[str, int] = {}
    for begin in range(0, effort.rounds, effort.renew):
        with contextlib.ExitStack() as stack:
            workers = {}
            for name in list(samples):
                try:
                    workers[name] = stack.enter_context(
                        running_worker(setting, server, name, scenario)
                    )
                    counts[name] = _calibrate(workers[name], scenario, effort, counts.get(name, 0))
                except WorkerFailedError as failure:
                    print(failure, file=sys.stderr)
                    del samples[name]
            for index in range(begin, min(begin + effort.renew, effort.rounds)):
                order = [name for name in samples if name in workers]
                turn = index % len(order) if order else 0
                for name in order[turn:] + order[:turn]:
                    samples[name].append(_sample(workers[name], server, counts[name], scenario))
    return samples


def _calibrate(worker: Worker, scenario: Scenario, effort: Effort, known: int) -> int:
    """Warm a worker up, and return how many requests take the time of a run."""
    count = scenario.step
    if known:
        worker.ask("cpu", count)
        return known
    worker.ask("cpu", count)
    while True:
        used = worker.ask("cpu", count)["cpu"] / NANOSECONDS
        if used > effort.seconds / 20:
            # The server takes about as long again.
            return max(int(effort.seconds / 1.5 / used * count / scenario.step), 1) * scenario.step
        count *= 4


def _sample(worker: Worker, server: Server, count: int, scenario: Scenario) -> Sample:
    # How fast octets come in bulk depends on the luck of a connection: with a new one for each
    # round, the quartiles of the download were half as far apart.
    worker.renew()
    worker.ask("cpu", max(count // 20 // scenario.step, 1) * scenario.step)
    before = server.cpu()
    client = worker.ask("cpu", count)["cpu"]
    return Sample(count, client, server.cpu() - before)
