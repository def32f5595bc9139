"""Write what a URL names to the standard output, in constant memory.

Usage: httpcat.py URL

Exit status: 0 the body is written whole; 1 the server says no, or it will not work the next time
either; 2 wrong usage; 75 (EX_TEMPFAIL) a later attempt may succeed.
"""

import os
import sys
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from dugong import (
    BUFFER_SIZE,
    ConnectionClosed,
    ConnectionTimedOut,
    DNSUnavailable,
    HostnameNotResolvable,
    HTTPConnection,
    InvalidResponse,
    UnsupportedResponse,
    is_temp_network_error,
)

TIMEOUT: Final = 30  # seconds
FAULTS: Final = (
    ConnectionClosed,
    ConnectionTimedOut,
    DNSUnavailable,
    HostnameNotResolvable,
    InvalidResponse,
    OSError,
    UnsupportedResponse,
)


def target_of(url: str) -> str:
    """Return the request target of a URL: its path and query."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def copy_body(conn: HTTPConnection, output: BinaryIO) -> None:
    """Write the body of the open response to *output*, through one buffer."""
    buffer = bytearray(BUFFER_SIZE)
    with memoryview(buffer) as view:
        while count := conn.readinto(buffer):
            output.write(view[:count])


def cat(url: str, output: BinaryIO) -> int:
    """Write what *url* names to *output*; return the exit status."""
    with HTTPConnection.for_url(url, timeout=TIMEOUT) as conn:
        conn.send_request("GET", target_of(url))
        response = conn.read_response()
        if response.status != 200:
            print(f"{url}: {response.status} {response.reason}", file=sys.stderr)
            return 1
        copy_body(conn, output)
    return 0


def main() -> int:
    """Do what the command line says; return the exit status."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return cat(sys.argv[1], sys.stdout.buffer)
    except ValueError as exc:
        print(exc, file=sys.stderr)
        return 2
    except FAULTS as exc:
        print(f"{sys.argv[1]}: {exc}", file=sys.stderr)
        return os.EX_TEMPFAIL if is_temp_network_error(exc) else 1


if __name__ == "__main__":
    sys.exit(main())
