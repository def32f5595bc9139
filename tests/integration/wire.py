"""The connection of a scripted peer: what a handler can do with one client, octet by octet.

It knows no HTTP beyond "a head ends with an empty line" and the chunked coding, and repairs
nothing: what is sent is what the client receives. `peers` makes these objects.
"""

import contextlib
import re
import socket
import ssl
import struct
from typing import Final

TIME_LIMIT: Final = 10.0
"""Seconds after which a wait of a peer raises `TimeoutError`."""

CRLF: Final = b"\r\n"
RECEIVE_SIZE: Final = 64 * 1024
# RFC 9112 section 7.1 allows more; this is what our client promises to send.
CHUNK_SIZE_LINE: Final = re.compile(rb"([0-9a-f]+)\r\n")


class Connection:
    """One accepted connection, as its handler sees it.

    Over TLS the octets are those inside of TLS. Every wait is limited to `TIME_LIMIT`.

    Attributes:
        number: 0 for the first connection that the peer accepted, 1 for the second …
        received: All octets received so far, handed to the handler or not, except
            discarded ones.
    """

    def __init__(self, sock: socket.socket, number: int) -> None:
        """Take over the connected *sock*."""
        self.number: Final = number
        self.received: Final = bytearray()
        self._socket = sock
        self._waiting = bytearray()  # received, not yet handed to the handler

    def receive_head(self) -> bytes:
        """Return the octets up to and with the next empty line; `b""` if the client closed instead.

        Raises:
            EOFError: The client closed inside of the head.
        """
        if not self._waiting and not self._receive_more():
            return b""
        return self._receive_through(CRLF + CRLF)

    def receive_line(self) -> bytes:
        """Return the octets up to and with the next CRLF.

        Raises:
            EOFError: The client closed before.
        """
        return self._receive_through(CRLF)

    def receive(self, count: int) -> bytes:
        """Return exactly *count* octets.

        Raises:
            EOFError: The client closed before.
        """
        while len(self._waiting) < count:
            self._need_more(f"{count} octets")
        return self._take(count)

    def receive_chunked(self) -> tuple[bytes, bytes]:
        """Return a chunked body and its trailer section: the lines with CRLF, `b""` if none.

        Raises:
            ValueError: A chunk is not framed as our client promises: lower-case size, no extension.
            EOFError: The client closed before the end.
        """
        body, trailers = bytearray(), bytearray()
        while size := self._receive_chunk_size():
            body += self.receive(size)
            if (end := self.receive(2)) != CRLF:
                raise ValueError(f"chunk of {size} octets is followed by {end!r}")
        while (line := self.receive_line()) != CRLF:
            trailers += line
        return bytes(body), bytes(trailers)

    def receive_until_eof(self) -> bytes:
        """Return everything that comes until the client closes."""
        while self._receive_more():
            pass
        return self._take(len(self._waiting))

    def receive_close_notify(self) -> bool:
        """Receive until the client closes; tell whether it said close_notify before."""
        assert isinstance(self._socket, ssl.SSLSocket)
        self._socket.suppress_ragged_eofs = False  # type: ignore[attr-defined]  # documented
        try:
            self.receive_until_eof()
        except (ssl.SSLEOFError, ConnectionError):
            return False
        return True

    def discard(self, count: int) -> None:
        """Receive exactly *count* octets in constant memory; they are not recorded.

        Raises:
            EOFError: The client closed before.
        """
        missing = count - len(self._take(min(count, len(self._waiting))))
        while missing:
            if not (octets := self._socket.recv(min(missing, RECEIVE_SIZE))):
                raise EOFError(f"client closed {missing} octets before the end")
            missing -= len(octets)

    def send(self, *pieces: bytes) -> None:
        """Send all octets, each piece by calls of its own (and so in segments of its own)."""
        for piece in pieces:
            self._socket.sendall(piece)

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the server's side of a TLS handshake; from now on all octets are those inside of TLS.

        Raises:
            RuntimeError: Octets that were received before are not yet handed to the handler.
        """
        if self._waiting:
            raise RuntimeError(f"{len(self._waiting)} octets came before the TLS handshake")
        self._socket = context.wrap_socket(self._socket, server_side=True)

    def shutdown_write(self) -> None:
        """Send FIN; receiving goes on.

        Over TLS, close_notify goes before, and what the client sends from then on may get lost: the
        ssl module always looks for the answer to its close_notify, and drops what it finds instead.
        """
        self._send_close_notify()
        socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def close(self) -> None:
        """Close in order: close_notify over TLS, then FIN.

        What the client sent up to now is dropped, since the kernel answers unread octets with RST
        instead of FIN. What comes later is answered with RST, as by every closed socket.
        """
        self._send_close_notify()
        self.close_without_notify()

    def close_without_notify(self) -> None:
        """Close like `close`, but without close_notify: over TLS, this is a cut."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_WR)
            self._socket.setblocking(False)
            for _ in range(64):  # not without end: the client may send faster than this drops
                if not socket.socket.recv(self._socket, RECEIVE_SIZE):
                    break
        self._socket.close()

    def reset(self) -> None:
        """Close with RST; before octets were received, the client may meet it while it connects."""
        no_linger = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        self._socket.close()

    def wake(self) -> None:
        """End every wait on this connection, from another thread."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def is_closed(self) -> bool:
        """Tell whether this side has closed the connection."""
        return self._socket.fileno() < 0

    def _send_close_notify(self) -> None:
        if not isinstance(self._socket, ssl.SSLSocket):
            return
        # Non-blocking, unwrap() sends our close_notify and gives up waiting for the client's.
        self._socket.setblocking(False)
        with contextlib.suppress(OSError, ValueError):
            self._socket.unwrap()
        with contextlib.suppress(OSError):
            self._socket.settimeout(TIME_LIMIT)

    def _receive_chunk_size(self) -> int:
        line = self.receive_line()
        if (match := CHUNK_SIZE_LINE.fullmatch(line)) is None:
            raise ValueError(f"chunk size line is not lower-case hexadecimal: {line[:40]!r}")
        return int(match[1], 16)

    def _receive_through(self, end: bytes) -> bytes:
        while (position := self._waiting.find(end)) < 0:
            self._need_more(repr(end))
        return self._take(position + len(end))

    def _need_more(self, what: str) -> None:
        if not self._receive_more():
            raise EOFError(
                f"client closed before {what} came; last: {bytes(self._waiting[-40:])!r}"
            )

    def _receive_more(self) -> bool:
        octets = self._socket.recv(RECEIVE_SIZE)
        self.received.extend(octets)
        self._waiting.extend(octets)
        return bool(octets)

    def _take(self, count: int) -> bytes:
        octets = bytes(self._waiting[:count])
        del self._waiting[:count]
        return octets
