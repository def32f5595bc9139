"""A relay that delays: stands for a longer way to the server.

    python -m bench.relay HOST PORT SECONDS

prints the number of its port, and ends when standard input does. SECONDS are what it adds to a
round trip: one half on the way there, one half on the way back. It holds octets back, never the
connection: what comes later is not delayed by what came before. It asks for no privileges, which
delaying in the kernel would.
"""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import time
from collections import deque
from typing import Final

import attrs

HOST: Final = "127.0.0.1"
PORTION: Final = 262_144  # octets of a receive
# The kernel may wake a process that sleeps 50 us late; the last of the wait is spent looking.
SPUN: Final = 0.000_1  # seconds


@attrs.define(eq=False)
class Way:
    """One direction of a connection.

    Attributes:
        source: Where octets come from.
        target: Where they go.
        waiting: What came, and when it is due.
        ended: Whether the source has ended.
    """

    source: socket.socket
    target: socket.socket
    waiting: deque[tuple[float, bytes]] = attrs.field(factory=deque)
    ended: bool = False

    def take(self, delay: float) -> None:
        """Receive what there is."""
        octets = b""
        with contextlib.suppress(ConnectionError):
            octets = self.source.recv(PORTION)
        self.ended = not octets
        self.waiting.append((time.monotonic() + delay, octets))

    def give(self) -> None:
        """Send what is due; the end too, where it is."""
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            _, octets = self.waiting.popleft()
            with contextlib.suppress(OSError):
                if octets:
                    self.target.sendall(octets)
                else:
                    self.target.shutdown(socket.SHUT_WR)

    @property
    def is_over(self) -> bool:
        """Whether nothing will come any more."""
        return self.ended and not self.waiting


class Relay:
    """Relays all connections to one server."""

    def __init__(self, host: str, port: int, delay: float) -> None:
        """Delay by *delay* seconds in each direction."""
        self._server = host, port
        self._delay = delay
        self._listener = socket.create_server((HOST, 0))
        self._ways: list[Way] = []

    @property
    def port(self) -> int:
        """Where the relay listens."""
        return int(self._listener.getsockname()[1])

    def run(self) -> None:
        """Relay until standard input ends."""
        while True:
            ready = self._wait()
            if sys.stdin in ready:
                return
            if self._listener in ready:
                self._accept()
            for way in self._ways:
                if way.source in ready:
                    way.take(self._delay)
                way.give()
            self._drop_ended()

    def _wait(self) -> list[object]:
        open_ones = [way.source for way in self._ways if not way.ended]
        due = min((way.waiting[0][0] for way in self._ways if way.waiting), default=None)
        timeout = None if due is None else max(due - time.monotonic() - SPUN, 0)
        return select.select([sys.stdin, self._listener, *open_ones], [], [], timeout)[0]

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.create_connection(self._server)
        for opened in (client, server):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ways += [Way(client, server), Way(server, client)]

    def _drop_ended(self) -> None:
        for there, back in list(zip(self._ways[::2], self._ways[1::2], strict=True)):
            if there.is_over and back.is_over:
                there.source.close()
                there.target.close()
                self._ways.remove(there)
                self._ways.remove(back)


def main() -> None:
    """Do what the command line says."""
    host, port, seconds = sys.argv[1:]
    relay = Relay(host, int(port), float(seconds) / 2)
    print(relay.port, flush=True)
    relay.run()


if __name__ == "__main__":
    main()
