"""A tour of dugong: what it does, with figures.

Usage: tour.py [URL]

Without a URL it starts a server of its own on loopback, in another process, so that rates and
memory are the client's alone. With one it does what harms no server: a few small GETs.
"""

import contextlib
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import dugong
from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    DNSUnavailable,
    HostnameNotResolvable,
    HTTPConnection,
    InvalidResponse,
    UnsupportedResponse,
)

REQUESTS: Final = 1_000
REQUESTS_TO_STRANGERS: Final = 20
IN_FLIGHT: Final = 100  # so few small requests never fill the buffers on the way
DOWNLOAD: Final = 256 * 2**20  # octets
BUFFER: Final = 256 * 2**10
CHUNKS: Final = 1_000
CHUNK: Final = b"a line of a report that is written while it is sent\n"
MEBIBYTE: Final = 2**20
FAULTS_OF_STRANGERS: Final = (
    ConnectionClosed,
    ConnectionTimedOut,
    DNSUnavailable,
    HostnameNotResolvable,
    InvalidResponse,
    OSError,
    UnsupportedResponse,
    ValueError,
)


def say(what: str, result: str) -> None:
    """Print a line of the report."""
    print(f"  {what:<34}{result}")


def show_get(conn: HTTPConnection, path: str) -> None:
    """Show one request and its response."""
    print("One request")
    conn.send_request("GET", path)
    response = conn.read_response()
    body = conn.readall()
    say(f"GET {path}", f"{response.status} {response.reason}".rstrip())
    say("Content-Type", str(response.headers.get("Content-Type", "none")))
    say("body", f"{len(body):,} octets")


def time_serial(conn: HTTPConnection, path: str, count: int) -> float:
    """Return the seconds that *count* requests take, each sent after the response before."""
    begin = time.perf_counter()
    for _ in range(count):
        conn.send_request("GET", path)
        conn.read_response()
        conn.discard()
    return time.perf_counter() - begin


def time_pipelined(conn: HTTPConnection, path: str, count: int) -> float:
    """Return the seconds that *count* requests take with up to `IN_FLIGHT` of them on the way."""
    begin = time.perf_counter()
    sent = 0
    for answered in range(count):
        while sent < min(answered + IN_FLIGHT, count):
            conn.send_request("GET", path)
            sent += 1
        conn.read_response()
        conn.discard()
    return time.perf_counter() - begin


def show_rates(conn: HTTPConnection, path: str, count: int) -> None:
    """Show what pipelining gains."""
    print(f"{count:,} requests on one connection")
    serial = time_serial(conn, path, count)
    say("one after the other", f"{count / serial:9,.0f} requests/s")
    pipelined = time_pipelined(conn, path, count)
    say(f"pipelined, {min(IN_FLIGHT, count)} on the way", f"{count / pipelined:9,.0f} requests/s")
    say("gain", f"{serial / pipelined:9.1f} times")


def peak_memory() -> int:
    """Return the most octets of memory that this process has had in use."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def show_download(conn: HTTPConnection) -> None:
    """Show that memory does not grow with the size of a body."""
    print(f"A download of {DOWNLOAD // MEBIBYTE} MiB through readinto()")
    before = peak_memory()
    buffer = bytearray(BUFFER)
    conn.send_request("GET", f"/large?size={DOWNLOAD}")
    conn.read_response()
    total = 0
    begin = time.perf_counter()
    while count := conn.readinto(buffer):
        total += count
    seconds = time.perf_counter() - begin
    peak = peak_memory()
    say("received", f"{total:,} octets")
    say("rate", f"{total / MEBIBYTE / seconds:,.0f} MiB/s")
    say(
        "peak memory of this process",
        f"{peak / MEBIBYTE:.1f} MiB, {(peak - before) / MEBIBYTE:.1f} more than before",
    )


def show_upload(conn: HTTPConnection) -> None:
    """Show a body whose length is not known when it is begun."""
    print("A chunked upload")
    conn.send_request("PUT", "/upload", body=BodyFollowing(), expect100=True)
    say("head sent, body waits", str(conn.read_response().status))
    for _ in range(CHUNKS):
        conn.write(CHUNK)
    conn.end_body({"X-Lines": str(CHUNKS)})
    response = conn.read_response()
    say(f"{CHUNKS:,} chunks and a trailer", f"{response.status} {response.reason}")
    say("server counted", conn.readall().decode())


def show_refusal(conn: HTTPConnection) -> None:
    """Show that a body which the server does not want is not sent."""
    print("A refused 100-continue")
    conn.send_request("PUT", "/refused", body=BodyFollowing(2**40), expect100=True)
    response = conn.read_response()
    say("announced 1 TiB, body waits", f"{response.status} {response.reason}")
    conn.discard()
    conn.send_request("GET", "/small")
    say("next request, new connection", str(conn.read_response().status))
    conn.discard()


@contextlib.contextmanager
def own_server() -> Iterator[int]:
    """Run the embedded server in a process of its own, and give its port."""
    command = [sys.executable, str(Path(__file__).with_name("loopback_server.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def tour_of_own_server() -> None:
    """Show everything."""
    with own_server() as port, HTTPConnection("127.0.0.1", port, timeout=30) as conn:
        show_get(conn, "/small")
        show_rates(conn, "/small", REQUESTS)
        show_download(conn)
        show_upload(conn)
        show_refusal(conn)


def tour_of(url: str) -> None:
    """Show what can be shown on somebody else's server."""
    try:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with HTTPConnection.for_url(url, timeout=30) as conn:
            show_get(conn, path)
            show_rates(conn, path, REQUESTS_TO_STRANGERS)
    except FAULTS_OF_STRANGERS as exc:
        raise SystemExit(f"{url}: {exc}") from exc


def main() -> None:
    """Run the tour."""
    if len(sys.argv) > 2 or any(argument.startswith("-") for argument in sys.argv[1:]):
        raise SystemExit(__doc__)
    print(f"dugong {dugong.__version__}, Python {platform.python_version()}")
    if len(sys.argv) == 2:
        tour_of(sys.argv[1])
    else:
        tour_of_own_server()


if __name__ == "__main__":
    main()
