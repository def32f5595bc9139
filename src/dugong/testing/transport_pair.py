"""A transport on one of a pair of sockets, used so that a broken promise is told.

It owns what holds for each single call, whatever was sent before. The check of the transport layer
calls it.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from enum import Enum

import attrs

from dugong.exceptions import ConnectionClosed
from dugong.limits import BUFFER_SIZE
from dugong.network.transport import Transport, TransportFactory
from dugong.polling import PollNeeded
from dugong.testing.promise import PATIENCE, keeps_memory, raises_nothing, raises_only, require


class Way(Enum):
    """Which method of a transport receives."""

    INTO = "receive_into"
    SCATTERED = "receive_scattered"
    APART = "receive"


@attrs.define(eq=False)
class Pair:
    """A transport, the descriptor that it was made for, and the socket at the other end.

    Attributes:
        way: Which method of the transport receives.
    """

    transport: Transport
    fd: int
    peer: socket.socket
    way: Way = Way.INTO

    def send(self, octets: bytes) -> int | PollNeeded:
        """Send from memory that is taken away afterwards."""
        memory = bytearray(octets)
        try:
            with memoryview(memory) as view, raises_only("send() must work", ConnectionClosed):
                result = self.transport.send(view)
        finally:
            require(not keeps_memory(memory), "send() must not keep the memory that it is given")
        if isinstance(result, PollNeeded):
            self._check_needed(result)
        else:
            require(
                0 < result <= len(octets), f"send() must return the octets it sent, not {result}"
            )
        return result

    def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
        """Send octets of a file."""
        with raises_only("send_file() must work", ConnectionClosed):
            result = self.transport.send_file(fd, offset, count)
        if isinstance(result, PollNeeded):
            self._check_needed(result)
        elif result is not None:
            require(
                0 <= result <= count,
                f"send_file() must return the octets it sent, at most {count}, not {result}",
            )
        return result

    def receive(self, size: int) -> bytes | PollNeeded:
        """Receive at most *size* octets."""
        if self.way is not Way.APART:
            return self._receive_into_memory(size)
        with raises_only("receive() must work", ConnectionClosed):
            result = self.transport.receive(size)
        if isinstance(result, PollNeeded):
            self._check_needed(result)
        else:
            require(len(result) <= size, f"receive() must return {size} octets at most")
        return result

    def _receive_into_memory(self, size: int) -> bytes | PollNeeded:
        """Receive into memory that is taken away afterwards."""
        memory = bytearray(size)
        try:
            with (
                memoryview(memory) as view,
                raises_only(f"{self.way.value}() must work", ConnectionClosed),
            ):
                result = self._receive_into_views(view)
        finally:
            require(
                not keeps_memory(memory),
                f"{self.way.value}() must not keep the memory that it is given",
            )
        if isinstance(result, PollNeeded):
            self._check_needed(result)
            return result
        require(0 <= result <= size, f"{self.way.value}() must return its octets, not {result}")
        return bytes(memory[:result])

    def _receive_into_views(self, view: memoryview) -> int | PollNeeded:
        if self.way is Way.INTO:
            return self.transport.receive_into(view)
        with view[: len(view) // 3] as first, view[len(view) // 3 :] as second:
            return self.transport.receive_scattered([first, second])

    def _check_needed(self, needed: PollNeeded) -> None:
        require(
            needed is self.transport.readable or needed is self.transport.writable,
            "a transport must wait for its own `readable` or `writable`, and no other object",
        )

    def received(self, size: int = BUFFER_SIZE) -> bytes:
        """Receive, and wait before it where necessary."""
        while isinstance(result := self.receive(size), PollNeeded):
            require(
                result.poll(PATIENCE), f"{self.way.value}() must not wait where there is something"
            )
        return result


@contextlib.contextmanager
def connected_pair(make: TransportFactory) -> Iterator[Pair]:
    """Give a transport that *make* returns, and close it at the end."""
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    peer.setblocking(False)
    with ours, peer:
        fd = ours.fileno()
        with raises_nothing("a transport must be made for every connected socket"):
            transport = make(ours)
        try:
            yield Pair(transport, fd, peer)
        finally:
            with contextlib.suppress(Exception):  # what is wrong with it was told
                transport.close()
