"""A client in a process of its own that tells how far its peak memory grew; run with `-m`.

The arguments are a port of 127.0.0.1, the file of a certificate authority or `-` for plain HTTP, a
name of `OPERATIONS`, and two paths or counts: of the small exchange by which everything is loaded,
and of the large one that is measured. It prints the growth in octets.
"""

import re
import ssl
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from dugong import BUFFER_SIZE, BodyFollowing, HTTPConnection, eval_coroutine

PIECE: Final = bytes(range(256)) * 256
PEAK: Final = re.compile(r"^VmHWM:\s+([0-9]+) kB$", re.MULTILINE)


def peak() -> int:
    """Return the peak of this program's resident memory in octets.

    What getrusage() calls so is not reset by exec(), and may be the peak of the parent.
    """
    found = PEAK.search(Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) * 1024


def readinto(connection: HTTPConnection) -> None:
    """Read into one buffer again and again."""
    buffer = bytearray(BUFFER_SIZE)
    while connection.readinto(buffer):
        pass


def co_readinto(connection: HTTPConnection) -> None:
    """Do the same by coroutines."""
    buffer = bytearray(BUFFER_SIZE)
    while eval_coroutine(connection.co_readinto(buffer)):
        pass


def read(connection: HTTPConnection) -> None:
    """Read piece by piece."""
    while connection.read(BUFFER_SIZE):
        pass


def download(
    connection: HTTPConnection, path: str, consume: Callable[[HTTPConnection], object]
) -> None:
    """Get the body of *path*."""
    connection.send_request("GET", path)
    assert connection.read_response().status == 200
    consume(connection)
    assert not connection.response_pending()


def upload(connection: HTTPConnection, count: int, body: BodyFollowing) -> None:
    """Write *count* octets, a multiple of the size of a piece."""
    connection.send_request("PUT", "/", body=body)
    for _ in range(count // len(PIECE)):
        connection.write(PIECE)
    connection.end_body()
    assert connection.read_response().status == 200
    assert int(connection.readall()) >= count


def send_file(
    connection: HTTPConnection, count: int, body: BodyFollowing, *, read: bool = False
) -> None:
    """Send a sparse file of *count* octets: that of the system, or its wrapper, which is read."""
    with tempfile.NamedTemporaryFile() as wrapper:
        wrapper.truncate(count)
        connection.send_request("PUT", "/", body=body)
        file = wrapper if read else wrapper.file
        assert connection.send_file(file) == count
        connection.end_body()
    assert connection.read_response().status == 200
    assert int(connection.readall()) >= count


OPERATIONS: Final[Mapping[str, Callable[[HTTPConnection, str], None]]] = {
    "readinto": lambda connection, path: download(connection, path, readinto),
    "co_readinto": lambda connection, path: download(connection, path, co_readinto),
    "read": lambda connection, path: download(connection, path, read),
    "discard": lambda connection, path: download(connection, path, HTTPConnection.discard),
    "readall": lambda connection, path: download(connection, path, HTTPConnection.readall),
    "write": lambda connection, count: upload(connection, int(count), BodyFollowing(int(count))),
    "write-chunked": lambda connection, count: upload(connection, int(count), BodyFollowing()),
    "send-file": lambda conn, count: send_file(conn, int(count), BodyFollowing(int(count))),
    "send-file-chunked": lambda conn, count: send_file(conn, int(count), BodyFollowing()),
    "send-file-read": lambda conn, count: send_file(conn, int(count), BodyFollowing(), read=True),
}


def main(port: str, authority: str, operation: str, small: str, large: str) -> None:
    """Measure."""
    context = None if authority == "-" else ssl.create_default_context(cafile=authority)
    with HTTPConnection("127.0.0.1", int(port), context, timeout=60) as connection:
        OPERATIONS[operation](connection, small)
        before = peak()
        OPERATIONS[operation](connection, large)
        print(peak() - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
