"""Fetch many paths of one server through one connection, on asyncio.

Usage: pipeline_asyncio.py URL PATH...

One task sends the requests while another reads the responses, so neither side ever waits for the
other to take something off its hands.
"""

import asyncio
import sys
from collections.abc import Sequence

from dugong import AioFuture, HTTPConnection


async def send_all(conn: HTTPConnection, paths: Sequence[str], sent: asyncio.Queue[None]) -> None:
    """Send a request for each path, and tell *sent* of each."""
    for path in paths:
        await AioFuture(conn.co_send_request("GET", path))
        sent.put_nowait(None)


async def read_all(conn: HTTPConnection, count: int, sent: asyncio.Queue[None]) -> None:
    """Read *count* responses, each when its request was sent, and print a line for it."""
    for _ in range(count):
        await sent.get()
        response = await AioFuture(conn.co_read_response())
        body = await AioFuture(conn.co_readall())
        print(response.status, f"{len(body):>8}", response.path)


async def fetch(url: str, paths: Sequence[str]) -> None:
    """Fetch all *paths* from the server that *url* names."""
    sent = asyncio.Queue[None]()
    with HTTPConnection.for_url(url) as conn:
        async with asyncio.TaskGroup() as group:
            group.create_task(send_all(conn, paths, sent))
            group.create_task(read_all(conn, len(paths), sent))


def main() -> None:
    """Do what the command line says."""
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    asyncio.run(fetch(sys.argv[1], sys.argv[2:]))


if __name__ == "__main__":
    main()
