"""Connections without a socket, to which octets come in given segments.

It owns a transport that is lean enough for hundreds of thousands of runs. It knows nothing of HTTP;
`tests.playing` does.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Final

from dugong import ConnectionClosed, HTTPConnection, Layers, PollNeeded
from dugong.limits import Limits
from dugong.network.connector import Connector
from dugong.network.transport import Transport
from dugong.polling import POLLIN, POLLOUT

if TYPE_CHECKING:
    import ssl

DEFAULT_LIMITS: Final = Limits()

_SILENT_FD, _silent_writer = os.pipe()  # never readable
_READY_FD, _WRITABLE_FD = os.pipe()  # always readable, and always writable
os.write(_WRITABLE_FD, b"!")
SILENCE: Final = PollNeeded(_SILENT_FD, POLLIN)
_READABLE: Final = PollNeeded(_READY_FD, POLLIN)
_WRITABLE: Final = PollNeeded(_WRITABLE_FD, POLLOUT)


class End(Enum):
    """What comes behind the last octet."""

    SILENCE = "silence"
    EOF = "an orderly end"
    RESET = "a reset"


class SegmentTransport(Transport):
    """Gives one segment at a time, with a would-block before each; takes all that is sent.

    Attributes:
        given: Octets that were received from it.
        sent: All octets that were sent to it.
        sends: In how many pieces.
    """

    def __init__(
        self,
        segments: Iterable[bytes],
        end: End = End.SILENCE,
        *,
        waits_for_send: bool = True,
        takes: int = 0,
    ) -> None:
        """Prepare to play.

        Args:
            segments: What is given.
            end: What comes behind them.
            waits_for_send: Whether nothing is given before something was sent.
            takes: How many octets each send takes, with a would-block before; 0 for all.
        """
        self.readable = _READABLE
        self.writable = _WRITABLE
        self.given = 0
        self.sent = bytearray()
        self.sends = 0
        self._takes = takes
        self._is_full = bool(takes)
        self._segments = [segment for segment in segments if segment][::-1]
        self._end = end
        self._is_ready = False
        self._is_awake = not waits_for_send

    def add(self, *segments: bytes) -> None:
        """Let more come."""
        self._segments[:0] = [segment for segment in segments if segment][::-1]

    def send(self, data: bytes | memoryview) -> int | PollNeeded:
        if self._is_full:
            self._is_full = False
            return _WRITABLE
        if self._takes:
            data = data[: self._takes]
            self._is_full = True
        self.sent += data
        self.sends += 1
        self._is_awake = True
        return len(data)

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        if not self._is_ready and self._segments:
            self._is_ready = True
            return _READABLE
        if not self._segments:
            return self._receive_end()
        segment = self._segments.pop()
        count = min(len(segment), len(target))
        target[:count] = segment[:count]
        if count < len(segment):
            self._segments.append(segment[count:])
        else:
            self._is_ready = False
        self.given += count
        return count

    def _receive_end(self) -> int | PollNeeded:
        if self._end is End.RESET:
            raise ConnectionClosed("connection was reset or cut off")
        return 0 if self._end is End.EOF else SILENCE

    def has_input(self) -> bool:
        self._is_ready = True
        return self._is_awake and (bool(self._segments) or self._end is not End.SILENCE)

    def shutdown(self, how: int) -> None:
        """There is nobody to be told."""

    def close(self) -> None:
        """There is nothing to be closed."""

    @property
    def is_secure(self) -> bool:
        return False


class _GivenConnector(Connector):
    """Opens connections to the transport that was put down last, else to one that is silent."""

    waiting: ClassVar[list[Transport]] = []

    def co_open(self) -> Generator[PollNeeded, None, Transport]:
        yield from ()
        return self.waiting.pop() if self.waiting else SegmentTransport([])


@functools.cache
def _connection_class(limits: Limits) -> type[HTTPConnection]:
    class PlayedConnection(HTTPConnection):
        layers = Layers(connector=_GivenConnector, limits=limits)

    return PlayedConnection


def connection_over(transport: Transport, limits: Limits = DEFAULT_LIMITS) -> HTTPConnection:
    """Return a connection to ``example.com`` over *transport* that never waits for anything."""
    conn = _connection_class(limits)("example.com", timeout=0)
    _GivenConnector.waiting.append(transport)
    conn.connect()
    return conn


def played_connection(
    transport: Transport,
    hostname: str,
    port: int | None,
    ssl_context: ssl.SSLContext | None,
    proxy: tuple[str, int] | None,
    proxy_headers: Mapping[str, str] | None,
) -> HTTPConnection:
    """Return a connection with these arguments over *transport*; no TLS is done, and no tunnel."""
    chosen = _connection_class(DEFAULT_LIMITS)
    conn = chosen(hostname, port, ssl_context, proxy, timeout=0, proxy_headers=proxy_headers)
    _GivenConnector.waiting.append(transport)
    conn.connect()
    return conn


def drip(octets: bytes) -> Sequence[bytes]:
    """Return the octets one by one."""
    return [octets[i : i + 1] for i in range(len(octets))]
