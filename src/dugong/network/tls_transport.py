"""A stream socket with TLS.

It owns the one OpenSSL object of a connection, which two threads may not enter at once, and what
is remembered of the handshake. It knows nothing of HTTP, and nothing of how TLS was begun.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING, Literal, overload

from dugong.exceptions import ConnectionClosed
from dugong.network.transport import FAIR_SHARE, Transport, raise_translated
from dugong.polling import POLLIN, PollNeeded, release

if TYPE_CHECKING:
    import ssl

    from dugong.network.transport import PeerCertificate


class TLSTransport(Transport):
    """A socket with TLS, after its handshake.

    Attributes:
        accept_missing_close_notify: Whether a close without the TLS closure alert (RFC 8446
            section 6.1) counts as an orderly end. False, since whoever is on the way can cut a
            body short so; set it in a subclass for a server that never sends the alert.
    """

    accept_missing_close_notify: bool = False

    def __init__(self, sock: ssl.SSLSocket) -> None:
        """Take over *sock*, which was wrapped with ``suppress_ragged_eofs=False``."""
        import ssl

        fd = sock.fileno()
        super().__init__(fd)
        self._ssl = ssl
        self._socket = sock
        self.is_committed: bool = False
        look = select.poll()
        look.register(fd, POLLIN)
        self._look = look.poll
        # One OpenSSL object in two threads gives false ends; each call below is non-blocking.
        # Reentrant, since a signal handler may disconnect while this thread is in one.
        self._lock = threading.RLock()
        self._is_over = False  # the TLS session; the descriptor may be open for a while
        self._received_in_turn = 0
        self._sent_in_turn = 0
        self._cipher: tuple[str, str, int] | None = None
        self._certificate: PeerCertificate | None = None
        self._binary_certificate: bytes | None = None

    @property
    def is_secure(self) -> bool:
        return True

    def send(self, data: bytes | memoryview) -> int | PollNeeded:
        if self._sent_in_turn >= FAIR_SHARE:
            self._sent_in_turn = 0
            return self.writable
        # OpenSSL would go on for as long as the peer takes octets, under the lock. The views are
        # released here, since a traceback would keep the caller's memory locked with them.
        try:
            with memoryview(data) as whole, whole[:FAIR_SHARE] as piece, self._lock:
                self._check_open()
                # A record that OpenSSL has begun has to be finished with the same octets.
                self.is_committed = True
                count = self._socket.send(piece)
                self.is_committed = False
        except self._ssl.SSLWantWriteError:
            self._sent_in_turn = 0
            return self.writable
        except self._ssl.SSLWantReadError:
            return self.readable
        except (OSError, ValueError) as exc:
            raise_translated(exc)
        self._sent_in_turn += count
        return count

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        try:
            with self._lock:
                self._check_open()
                if self._received_in_turn >= FAIR_SHARE and not self._socket.pending():
                    self._received_in_turn = 0
                    return self.readable
                count = self._socket.recv_into(target)
        except self._ssl.SSLWantReadError:
            self._received_in_turn = 0
            return self.readable
        except self._ssl.SSLWantWriteError:
            return self.writable
        except self._ssl.SSLEOFError as exc:
            if self.accept_missing_close_notify:
                return 0
            raise_translated(exc)
        except (OSError, ValueError) as exc:
            raise_translated(exc)
        self._received_in_turn += count
        return count

    def _check_open(self) -> None:
        # OpenSSL knows the descriptor by its number, which may belong to another file by now; and
        # behind the closure alert an SSLSocket would send without TLS.
        if self._is_over:
            raise ConnectionClosed("connection was closed")

    def has_input(self) -> bool:
        with self._lock:
            # The receive that follows has to give what is there, whosever turn it is.
            self._received_in_turn = 0
            return self._is_over or self._socket.pending() > 0 or bool(self._look(0))

    def shutdown(self, how: int) -> None:
        with self._lock:
            if how == socket.SHUT_RDWR:
                self._end_session()
            # SSLSocket.shutdown would drop the TLS state, and what it knows of the handshake.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, how)

    def close(self) -> None:
        with self._lock:
            self._end_session()
            fd = self._socket.fileno()
            if fd >= 0:
                release(fd)
                self._socket.close()

    def _end_session(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        with contextlib.suppress(OSError, ValueError):
            self._remember_handshake()
            # RFC 9112 section 9.8: a client sends the closure alert before it closes. What the
            # peer answers, or that it cannot be sent any more, changes nothing.
            self._socket.unwrap()

    def _remember_handshake(self) -> None:
        self._cipher = self._socket.cipher()
        self._binary_certificate = self._socket.getpeercert(binary_form=True)
        self._certificate = self._socket.getpeercert()

    def cipher(self) -> tuple[str, str, int] | None:
        with self._lock:
            return self._cipher if self._is_over else self._socket.cipher()

    @overload
    def peercert(self, *, binary_form: Literal[True]) -> bytes | None: ...

    @overload
    def peercert(self, *, binary_form: Literal[False]) -> PeerCertificate | None: ...

    def peercert(self, *, binary_form: bool) -> PeerCertificate | bytes | None:
        with self._lock:
            if not self._is_over:
                return self._socket.getpeercert(binary_form)
            return self._binary_certificate if binary_form else self._certificate
