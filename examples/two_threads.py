"""Fetch many paths of one server through one connection, with a thread that sends.

Usage: two_threads.py URL PATH...

The main thread reads the responses. A connection allows just that: one thread that sends, one that
reads, and disconnect() from any.
"""

import sys
import threading
from collections.abc import Sequence
from queue import SimpleQueue

from dugong import HTTPConnection


def send_all(conn: HTTPConnection, paths: Sequence[str], sent: SimpleQueue[bool]) -> None:
    """Send a request for each path; tell *sent* of each that can be read, and of the end."""
    try:
        for path in paths:
            conn.send_request("GET", path)
            sent.put(True)
    finally:
        sent.put(False)


def read_all(conn: HTTPConnection, sent: SimpleQueue[bool]) -> None:
    """Read the response to each request that was sent, and print a line for it."""
    while sent.get():
        response = conn.read_response()
        body = conn.readall()
        print(response.status, f"{len(body):>8}", response.path)


def fetch(url: str, paths: Sequence[str]) -> None:
    """Fetch all *paths* from the server that *url* names."""
    sent = SimpleQueue[bool]()
    with HTTPConnection.for_url(url, timeout=30) as conn:
        sender = threading.Thread(target=send_all, args=(conn, paths, sent))
        sender.start()
        try:
            read_all(conn, sent)
        finally:
            conn.disconnect()  # where reading failed, this wakes the sender
            sender.join()


def main() -> None:
    """Do what the command line says."""
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    fetch(sys.argv[1], sys.argv[2:])


if __name__ == "__main__":
    main()
