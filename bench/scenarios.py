"""The scenarios: what is fetched, and in which way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from bench.contenders import FLOORS
from bench.contenders.base import CONNECTIONS, DEPTH, UPLOAD_SIZE

MIB: Final = 2**20

# asyncio allocates 256 KiB for each receive. Above its threshold of 128 KiB glibc asks the kernel
# for them each time, until something else that is large was freed and has raised the threshold:
# without this the floor takes 8 or 25 us for a request by the luck of the process.
FIXED_MALLOC: Final = {"MALLOC_MMAP_THRESHOLD_": "131072"}


@attrs.frozen
class Scenario:
    """What each contender does in the same way.

    Attributes:
        name: How it is called on the command line.
        title: How it is called in a table.
        verb: The method of `Contender`.
        path: What is fetched.
        base: The contender to which the others are compared: a floor; or http.client, where the
            floor would leave out what the scenario is about.
        tls: Whether the connection is encrypted.
        step: Requests that make one unit of the verb.
        octets: Those of one body, where their rate says more than that of the requests.
        environment: Variables for the contenders' processes.
    """

    name: str
    title: str
    verb: str
    path: str
    base: str = "floor"
    tls: bool = False
    step: int = 1
    octets: int = 0
    environment: Mapping[str, str] = attrs.field(factory=dict, hash=False)

    def is_open_to(self, contender: str) -> bool:
        """Return whether a contender takes part, if it can."""
        return contender not in FLOORS or self.base in FLOORS


def _bulk(
    name: str, title: str, verb: str, path: str, octets: int, base: str = "floor"
) -> Scenario:
    return Scenario(name, title, verb, path, base, octets=octets)


SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario("small", "small GET", "get", "/small"),
        Scenario(
            "pipelined",
            f"small GET, {DEPTH} pipelined",
            "pipeline",
            "/small",
            "non-blocking floor",
            step=DEPTH,
        ),
        Scenario("fields30", "30 fields, none looked at", "get", "/fields30"),
        Scenario("fields30-look", "30 fields, three looked at", "look", "/fields30"),
        Scenario("connect", "connect, small GET, close", "connect", "/small"),
        Scenario(
            "asyncio-64",
            f"small GET, {CONNECTIONS} connections on asyncio",
            "concurrent",
            "/small",
            "asyncio floor",
            step=CONNECTIONS,
            environment=FIXED_MALLOC,
        ),
        _bulk(
            "download-readinto",
            "download of 16 MiB into a buffer of 64 KiB",
            "stream",
            f"/bytes/{16 * MIB}",
            16 * MIB,
            "non-blocking floor",
        ),
        _bulk(
            "download-read",
            "download of 16 MiB in pieces of 64 KiB",
            "read",
            f"/bytes/{16 * MIB}",
            16 * MIB,
            "non-blocking floor",
        ),
        _bulk("readall", "64 MiB at once", "get", f"/bytes/{64 * MIB}", 64 * MIB),
        _bulk(
            "chunks-100",
            "chunks of 100 octets",
            "stream",
            "/chunks/100/5000",
            500_000,
            "http.client",
        ),
        _bulk("chunks-8k", "chunks of 8 KiB", "stream", "/chunks/8192/512", 4 * MIB),
        _bulk("chunks-64k", "chunks of 64 KiB", "stream", "/chunks/65536/128", 8 * MIB),
        _bulk(
            "upload",
            "upload of 16 MiB in pieces of 64 KiB",
            "upload",
            "/upload",
            UPLOAD_SIZE,
            "non-blocking floor",
        ),
        Scenario("tls-small", "TLS: small GET", "get", "/small", tls=True),
        Scenario(
            "tls-download",
            "TLS: download of 8 MiB",
            "stream",
            f"/bytes/{8 * MIB}",
            tls=True,
            octets=8 * MIB,
        ),
        Scenario("tls-connect", "TLS: connect, small GET, close", "connect", "/small", tls=True),
    )
}
