"""A stream socket with TLS.

It owns the one OpenSSL object of a connection, which two threads may not enter at once, and what
is remembered of the handshake. It knows nothing of HTTP, and nothing of how TLS was begun.
"""

from __future__ import annotations

import select
import socket
import ssl  # this module is imported with the first connection that needs it
from typing import TYPE_CHECKING, Final, Literal, overload

from dugong.exceptions import ConnectionClosed
from dugong.network.transport import (
    FAIR_SHARE,
    ReentrantLock,
    Transport,
    misses_closure_alert,
    raise_translated,
)
from dugong.polling import POLLIN, PollNeeded, release

if TYPE_CHECKING:
    from collections.abc import Callable

    from dugong.network.transport import PeerCertificate

_RECORD: Final = 16_384  # octets of payload that a TLS record has at most (RFC 8446 section 5.1)
# A record of that many octets may be one of many that a server makes as long as that.
_MAY_GO_ON: Final = 1_024
_NO_RECORD: Final = -1
# Stands for the end, where it was met behind octets.
_END: Final = EOFError()
_MOST_CERTIFICATES: Final = 64
# What was decoded, under the certificate itself
_certificates: Final[dict[bytes, PeerCertificate]] = {}


class TLSTransport(Transport):
    """A socket with TLS, after its handshake.

    Attributes:
        accept_missing_close_notify: Whether a close without the TLS closure alert (RFC 8446
            section 6.1) counts as an orderly end. False, since whoever is on the way can cut a
            body short so; set it in a subclass for a server that never sends the alert.
    """

    accept_missing_close_notify: bool = False
    is_committed: bool = False
    # What is remembered of the handshake when the session is over
    _cipher: tuple[str, str, int] | None = None
    _certificate: PeerCertificate | None = None
    _binary_certificate: bytes | None = None
    # The receiver's own: two threads may not use one poll object at the same time.
    _look_behind: Callable[[int], list[tuple[int, int]]] | None = None

    def __init__(self, sock: ssl.SSLSocket) -> None:
        """Take over *sock*, which was wrapped with ``suppress_ragged_eofs=False``."""
        fd = sock.fileno()
        super().__init__(fd)
        self._socket = sock
        # It is what recv_into() calls, behind two more Python functions (bench, tls-download).
        self._read: Callable[[int, memoryview], int] = sock.read  # type: ignore[assignment, deprecated]  # as recv_into() does
        look = select.poll()
        look.register(fd, POLLIN)
        self._look = look.poll
        # One OpenSSL object in two threads gives false ends; each call below is non-blocking.
        # Reentrant, since a signal handler may disconnect while this thread is in one.
        self._lock = ReentrantLock()
        self._is_over = False  # the TLS session; the descriptor may be open for a while
        # Whether OpenSSL may hold octets that no poll tells of: it does not behind a receive that
        # was not filled, or a handshake, but whoever had the socket before may have received.
        self._may_hold = sock.pending() > 0
        # The octets of the last record, where more may come that are as short
        self._record = _NO_RECORD
        # What was met behind octets that were received, and is told by the next receive: no poll
        # tells of it.
        self._late: Exception | None = None
        self.is_drained: bool = not self._may_hold
        self._received_in_turn = 0
        self._sent_in_turn = 0

    @property
    def is_secure(self) -> bool:
        return True

    def send(self, data: bytes | memoryview) -> int | PollNeeded:
        if self._sent_in_turn >= FAIR_SHARE:
            self._sent_in_turn = 0
            return self.writable
        if len(data) > FAIR_SHARE:
            # OpenSSL would go on for as long as the peer takes octets, under the lock. The views
            # are released here, since a traceback would keep the caller's memory locked with them.
            with memoryview(data) as whole, whole[:FAIR_SHARE] as piece:
                return TLSTransport.send(self, piece)
        try:
            with self._lock:
                if self._is_over:
                    raise _closed()
                # A record that OpenSSL has begun has to be finished with the same octets.
                self.is_committed = True
                count = self._socket.send(data)
                self.is_committed = False
        except ssl.SSLWantWriteError:
            self._sent_in_turn = 0
            return self.writable
        except ssl.SSLWantReadError:
            return self.readable
        except (OSError, ValueError) as exc:
            raise_translated(exc)
        self._sent_in_turn += count
        return count

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        if (
            self.is_drained or (self._received_in_turn >= FAIR_SHARE and not self._holds())
        ) and self._late is None:
            self.is_drained = False
            self._received_in_turn = 0
            return self.readable
        try:
            with self._lock:
                if self._is_over or self._late is not None:
                    return self._tell_late()
                count = self._read(len(target), target)
                if count in (_RECORD, self._record):
                    count += self._receive_more(target, count)
                else:
                    self._record = count if count >= _MAY_GO_ON else _NO_RECORD
        except ssl.SSLWantReadError:
            self._received_in_turn = 0
            self._may_hold = False
            return self.readable
        except ssl.SSLWantWriteError:
            return self.writable
        except (OSError, ValueError) as exc:
            if self.accept_missing_close_notify and misses_closure_alert(exc):
                return 0
            raise_translated(exc)
        self._received_in_turn += count
        if count < len(target) and count != FAIR_SHARE:
            self._may_hold = False
            # Behind a full record there is another one, as a rule; behind a short one there is
            # none, and to ask OpenSSL would cost an exception (bench, tls-small).
            drained = self.is_drained or count % _RECORD > 0
            self.is_drained = drained and self._late is None
        else:
            self._may_hold = True
        return count

    def _tell_late(self) -> int:
        if self._is_over or self._late is None:
            raise _closed()
        late, self._late = self._late, None
        if late is _END:
            return 0
        raise late

    def _receive_more(self, target: memoryview, record: int) -> int:
        """Receive behind a record of *record* octets what else is there; return its octets.

        A record for each call takes a fifth more of the client's time (bench, tls-download). Many
        servers send shorter ones than a full one, above all in the beginning. Behind these often
        nothing follows, and to ask OpenSSL would cost an exception.
        """
        look = None if record == _RECORD else self._look_behind or self._make_look()
        read, more = self._read, 0
        # It would go on for as long as the peer sends, under the lock.
        rest = target[record:FAIR_SHARE]
        try:
            # A loop with a condition jumps back outside of what `finally` covers, since Python
            # 3.12, and a signal handler could raise there.
            while True:
                if not rest:
                    break
                if look is not None and not look(0):
                    self.is_drained = True
                    break
                count = read(len(rest), rest)
                more += count
                if count != record:
                    self._late = None if count else _END
                    break
                rest = rest[count:]
        except ssl.SSLWantReadError:
            self.is_drained = True
        except (OSError, ValueError) as exc:
            self._late = exc.with_traceback(None)
        finally:
            rest.release()
        return more

    def _make_look(self) -> Callable[[int], list[tuple[int, int]]]:
        look = select.poll()
        look.register(self._socket.fileno(), POLLIN)
        self._look_behind = look.poll
        return look.poll

    def _holds(self) -> bool:
        """Return whether OpenSSL holds octets that no poll tells of."""
        with self._lock:
            return self._socket.pending() > 0

    def has_input(self) -> bool:
        if (
            self._is_over
            or self._late is not None
            or (self._may_hold and self._holds())
            or self._look(0)
        ):
            # The receive that follows has to give what is there, whosever turn it is.
            self.is_drained = False
            self._received_in_turn = 0
            return True
        return False

    def shutdown(self, how: int) -> None:
        with self._lock:
            if how == socket.SHUT_RDWR:
                self._end_session()
            # SSLSocket.shutdown would drop the TLS state, and what it knows of the handshake.
            try:
                socket.socket.shutdown(self._socket, how)
            except OSError:
                return

    def close(self) -> None:
        with self._lock:
            self._end_session()
            sock = self._socket
            fd = sock.fileno()
            if fd >= 0:
                release(fd)
                sock.close()

    def _end_session(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        sock = self._socket
        try:
            self._cipher = sock.cipher()
            self._binary_certificate = octets = sock.getpeercert(True)
            self._certificate = _decoded(sock, octets)
            # RFC 9112 section 9.8: a client sends the closure alert before it closes. What the
            # peer answers, or that it cannot be sent any more, changes nothing.
            sock.unwrap()
        except (OSError, ValueError):
            return

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
            if binary_form or self._certificate is None:
                return self._binary_certificate if binary_form else None
            return self._certificate.copy()


def _decoded(sock: ssl.SSLSocket, octets: bytes | None) -> PeerCertificate | None:
    """Return what `ssl.SSLSocket.getpeercert` says, which another caller may be given too.

    To decode a certificate takes more than all else that a close takes, and as a rule it is one
    that an earlier connection had (bench, tls-connect).
    """
    context = sock.context
    # Nothing is said of what was not verified. The first implies the second, and is cheap to ask.
    is_verified = context.check_hostname or context.verify_mode is not ssl.CERT_NONE
    if octets is None or not is_verified:
        return sock.getpeercert()
    certificate = _certificates.get(octets)
    if certificate is None and (certificate := sock.getpeercert()) is not None:
        if len(_certificates) >= _MOST_CERTIFICATES:
            _certificates.clear()
        _certificates[octets] = certificate
    return certificate


def _closed() -> ConnectionClosed:
    # OpenSSL knows the descriptor by its number, which may belong to another file by now.
    return ConnectionClosed("connection was closed")
