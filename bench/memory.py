"""Memory: how far streaming raises its peak, and what an idle connection keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bench.processes import Setting, running_worker
from bench.scenarios import Scenario

if TYPE_CHECKING:
    from bench.server import Server

STREAMED: Final = 2**30  # octets of the body
WARM_CONNECTIONS: Final = 200
CONNECTIONS: Final = 1_000

STREAM: Final = Scenario("stream", "streaming 1 GiB", "stream", "/small")
IDLE: Final = Scenario("idle", "idle connections", "hold", "/small")


def streaming(setting: Setting, server: Server, contender: str) -> int:
    """Return by how many octets the memory grows at its highest, while 1 GiB is streamed."""
    with running_worker(setting, server, contender, STREAM) as worker:
        # Without a warm-up: what the first request allocates counts too.
        return worker.ask("peak", 1, f"/bytes/{STREAMED}")["growth"]


def idle_connection(setting: Setting, server: Server, contender: str) -> float:
    """Return the octets of a plain connection that was used once; the kernel's are not counted."""
    with running_worker(setting, server, contender, IDLE) as worker:
        worker.ask("cpu", WARM_CONNECTIONS)
        return worker.ask("resident", CONNECTIONS)["growth"] / CONNECTIONS
