"""What one size of one thing costs, measured in a process of its own.

    python -m bench.probes HOST PORT

takes lines `PROBE SIZE CONTENDER`, and answers each with a line of JSON: names and numbers. Times
are in nanoseconds for one request, or for one chunk; memory is in octets. `bench.scaling` starts
it.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bench.contenders import load
from bench.contenders.base import Target
from bench.worker import measure_resident
from dugong import HTTPConnection, Layers
from dugong.network.transport import Transport

if TYPE_CHECKING:
    import socket

    from dugong import PollNeeded

Answer = dict[str, int]
PASSED: Final = 2_000  # requests of a measurement, at least, where they are short
WARM: Final = 50
CHUNKS: Final = 20_000
SPARE_FILES: Final = 128  # descriptors that a process needs beside its connections
HELD: Final = "/small"
REMOTE: Final = 200_000_000  # nanoseconds that a measurement with added latency lasts, about
RESPONSE: Final = (
    b"HTTP/1.1 200 OK\r\nDate: Mon, 03 Aug 2026 09:21:07 GMT\r\nServer: canned/1.0\r\n"
    b'Content-Type: text/plain; charset=utf-8\r\nETag: "5f1d-64c8a1b20"\r\n'
    b"Content-Length: 64\r\n\r\n" + 64 * b"x"
)
RESPONSES: Final = memoryview(RESPONSE * 400)
WINDOW: Final = 32  # requests that are on the way at the same time


def depth(target: Target, size: int, _name: str) -> Answer:
    """Send *size* requests, then read as many responses."""
    with HTTPConnection(target.host, target.port) as connection:
        return _depth(connection, size)


def depth_in_memory(target: Target, size: int, _name: str) -> Answer:
    """Do what `depth` does, without the kernel."""
    with _ConnectionInMemory(target.host, target.port) as connection:
        return _depth(connection, size)


def _depth(connection: HTTPConnection, size: int) -> Answer:
    batches = -(-PASSED // size)
    _send_and_read(connection, 32)
    gc.collect()
    times = [_send_and_read(connection, size) for _ in range(batches)]
    count = batches * size
    sending, reading = (sum(part) for part in zip(*times, strict=True))
    return {
        "all": (sending + reading) // count,
        "sending": sending // count,
        "reading": reading // count,
    }


def _send_and_read(connection: HTTPConnection, count: int) -> tuple[int, int]:
    path = f"/held/{count}"
    begin = time.process_time_ns()
    for _ in range(count):
        connection.send_request("GET", path)
    middle = time.process_time_ns()
    for _ in range(count):
        connection.read_response()
        connection.readall()
    return middle - begin, time.process_time_ns() - middle


class _TransportInMemory(Transport):
    """Sends to nowhere, and receives the response to each request from memory."""

    is_secure = False

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock.fileno())
        self._socket = sock
        self._owed = 0  # octets

    def send(self, data: bytes | memoryview) -> int | PollNeeded:
        self._owed += len(RESPONSE)
        return len(data)

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        count = min(len(target), self._owed)
        # The memory begins where the response does of which a part was received.
        begin = -self._owed % len(RESPONSE)
        target[:count] = RESPONSES[begin : begin + count]
        self._owed -= count
        return count

    def has_input(self) -> bool:
        return self._owed > 0

    def shutdown(self, how: int) -> None:
        """Nothing waits for it."""

    def close(self) -> None:
        self._socket.close()


class _ConnectionInMemory(HTTPConnection):
    layers = Layers(transport=_TransportInMemory)


def fields(target: Target, size: int, name: str) -> Answer:
    """Read responses with *size* fields, of which none is looked at."""
    contender = load(name)(target)
    contender.get(f"/fields/{size}", WARM)
    count = max(PASSED * 8 // (8 + size), 200)
    return {"all": _cpu(lambda: contender.get(f"/fields/{size}", count)) // count}


def looked(target: Target, size: int, _name: str) -> Answer:
    """Read responses with *size* fields, and look at all of them."""
    count = max(PASSED * 4 // (4 + size), 50)
    with HTTPConnection(target.host, target.port) as connection:

        def fetch(count: int) -> None:
            for _ in range(count):
                connection.send_request("GET", f"/fields/{size}")
                assert len(connection.read_response().headers.items()) == size
                connection.readall()

        fetch(WARM)
        return {"all": _cpu(lambda: fetch(count)) // count}


def chunks(target: Target, size: int, name: str) -> Answer:
    """Read bodies of *size* chunks into a buffer; the time is that of one chunk."""
    contender = load(name)(target)
    return _whole_bodies(contender.stream, size)


def chunks_at_once(target: Target, size: int, name: str) -> Answer:
    """Read bodies of *size* chunks, all at once; the time is that of one chunk."""
    contender = load(name)(target)
    return _whole_bodies(contender.get, size)


def _whole_bodies(fetch: Callable[[str, int], None], size: int) -> Answer:
    path = f"/chunks/10/{size}"
    fetch("/chunks/10/100", WARM)
    bodies = max(CHUNKS // (size + 20), 1)
    return {"all": _cpu(lambda: fetch(path, bodies)) // (bodies * size)}


def idle(target: Target, size: int, name: str) -> Answer:
    """Leave *size* connections open, each used once; the octets of one."""
    check_files(size)
    contender = load(name)(target)
    contender.hold(HELD, WARM)
    grown = measure_resident(lambda count: contender.hold(HELD, count), size)
    return {"all": grown["growth"] // size}


def active(target: Target, size: int, name: str) -> Answer:
    """Fetch on *size* connections at a time, on one asyncio loop."""
    check_files(size)
    contender = load(name)(target)
    contender.connections = size
    contender.concurrent(HELD, 2 * size)
    count = max(-(-PASSED // size), 5) * size
    return {"all": _cpu(lambda: contender.concurrent(HELD, count)) // count}


def serial(target: Target, _size: int, name: str) -> Answer:
    """Fetch one after the other, over a way that makes each wait."""
    contender = load(name)(target)
    contender.get(HELD, 2)
    begin, count = time.perf_counter_ns(), 0
    while time.perf_counter_ns() < begin + REMOTE:
        contender.get(HELD, 2)
        count += 2
    return {"all": (time.perf_counter_ns() - begin) // count}


def window(target: Target, _size: int, _name: str) -> Answer:
    """Fetch with `WINDOW` requests on the way; otherwise as `serial`."""
    with HTTPConnection(target.host, target.port) as connection:
        for _ in range(WINDOW):
            connection.send_request("GET", HELD)
        _answer_window(connection, WINDOW)
        begin, count = time.perf_counter_ns(), 0
        while time.perf_counter_ns() < begin + REMOTE:
            _answer_window(connection, WINDOW)
            count += WINDOW
        return {"all": (time.perf_counter_ns() - begin) // count}


def _answer_window(connection: HTTPConnection, count: int) -> None:
    """Read *count* responses, and send another request for each."""
    for _ in range(count):
        connection.read_response()
        connection.readall()
        connection.send_request("GET", HELD)


def _cpu(action: Callable[[], object]) -> int:
    begin = time.process_time_ns()
    action()
    return time.process_time_ns() - begin


def allowed_files() -> int:
    """Return how many connections the process may have; raise the soft limit as far as can be."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard - SPARE_FILES


def check_files(count: int) -> None:
    """Raise the limit on open files.

    Raises:
        SystemExit: The hard limit is lower than what is needed.
    """
    if allowed_files() < count:
        raise SystemExit(f"{count} connections are more than this process may open")


PROBES: Final[dict[str, Callable[[Target, int, str], Answer]]] = {
    probe.__name__: probe
    for probe in (
        depth,
        depth_in_memory,
        fields,
        looked,
        chunks,
        chunks_at_once,
        idle,
        active,
        serial,
        window,
    )
}


def main() -> None:
    """Do what standard input says."""
    host, port = sys.argv[1:]
    target = Target(host, int(port))
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        probe, size, name = line.rstrip("\n").split(" ", 2)
        print(json.dumps(PROBES[probe](target, int(size), name)), flush=True)
        gc.collect()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
