"""A TCP or Unix stream socket without TLS.

It owns the syscalls of a plain connection, and the knowledge that saves some of them. It knows
nothing of HTTP.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
from typing import TYPE_CHECKING, Final

from dugong.network.transport import FAIR_SHARE, Transport, forbid_blocking, raise_translated
from dugong.polling import POLLIN, PollNeeded, release

if TYPE_CHECKING:
    from collections.abc import Sequence

# Without it, a program that lets SIGPIPE act would die of a server that closes.
_SEND_FLAGS: Final[int] = getattr(socket, "MSG_NOSIGNAL", 0)
# What sendfile() says of a file, or a system, that it is not for.
_NO_SENDFILE: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


class PlainTransport(Transport):
    """A TCP or Unix stream socket."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over *sock*."""
        forbid_blocking(sock)
        fd = sock.fileno()
        super().__init__(fd)
        self._socket = sock
        self._unclosed = [fd]
        # Nothing may go past what a subclass, or that of a socket, does with what is received.
        self.can_scatter: bool = type(self) is PlainTransport and type(sock) is socket.socket
        # For looks that do not wait. The two halves may not use one poll object at the same time:
        # it is the sender's, and the receiver's once sending has ended.
        look = select.poll()
        look.register(fd, POLLIN)
        self._look = look.poll
        # A receive that gave less than was offered has drained the socket, so the next one waits
        # first; likewise a send that took less than was offered (test_syscalls.py).
        self.is_drained: bool = True
        self._filled = False
        self._received_in_turn = 0
        self._sent_in_turn = 0

    @property
    def is_secure(self) -> bool:
        return False

    def send(self, data: bytes | memoryview) -> int | PollNeeded:
        if self._filled or self._sent_in_turn >= FAIR_SHARE:
            self._filled = False
            self._sent_in_turn = 0
            return self.writable
        try:
            count = self._socket.send(data, _SEND_FLAGS)
        except BlockingIOError:
            self._sent_in_turn = 0
            return self.writable
        except OSError as exc:
            raise_translated(exc)
        self._sent_in_turn += count
        self._filled = count < len(data)
        return count

    def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
        if not self._may_send_files():
            return None
        if self._filled or self._sent_in_turn >= FAIR_SHARE:
            self._filled = False
            self._sent_in_turn = 0
            return self.writable
        most = min(count, FAIR_SHARE - self._sent_in_turn)
        try:
            sent = os.sendfile(self._socket.fileno(), fd, offset, most)
        except BlockingIOError:
            self._sent_in_turn = 0
            return self.writable
        except OSError as exc:
            if exc.errno in _NO_SENDFILE:
                return None
            raise_translated(exc)
        self._sent_in_turn += sent
        self._filled = 0 < sent < most
        return sent

    def _may_send_files(self) -> bool:
        """Return whether octets may go past the ``send`` of this object and of its socket."""
        import signal

        return (
            type(self).send is PlainTransport.send
            and type(self._socket).send is socket.socket.send
            # sendfile() knows no MSG_NOSIGNAL.
            and signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN
        )

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        if self.is_drained:
            self.is_drained = False
            return self.readable
        try:
            count = self._socket.recv_into(target)
        except BlockingIOError:
            self._received_in_turn = 0
            return self.readable
        except OSError as exc:
            raise_translated(exc)
        self._received_in_turn += count
        if count < len(target) or self._received_in_turn >= FAIR_SHARE:
            self._end_turn()
        return count

    def receive_scattered(self, targets: Sequence[memoryview]) -> int | PollNeeded:
        if self.is_drained:
            self.is_drained = False
            return self.readable
        try:
            count = os.readv(self._socket.fileno(), targets)
        except BlockingIOError:
            self._received_in_turn = 0
            return self.readable
        except OSError as exc:
            raise_translated(exc)
        self._received_in_turn += count
        if count < sum(map(len, targets)) or self._received_in_turn >= FAIR_SHARE:
            self._end_turn()
        return count

    def receive(self, most: int) -> bytes | PollNeeded:
        if self.is_drained:
            self.is_drained = False
            return self.readable
        try:
            octets = self._socket.recv(most)
        except BlockingIOError:
            self._received_in_turn = 0
            return self.readable
        except OSError as exc:
            raise_translated(exc)
        self._received_in_turn += len(octets)
        if len(octets) < most or self._received_in_turn >= FAIR_SHARE:
            self._end_turn()
        return octets

    def _end_turn(self) -> None:
        """Let the next receive wait first."""
        self.is_drained = True
        self._received_in_turn = 0

    def has_input(self) -> bool:
        if not self._look(0):
            return False
        # The receive that follows has to give what is there, whosever turn it is.
        self.is_drained = False
        self._received_in_turn = 0
        return True

    def shutdown(self, how: int) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(how)

    def close(self) -> None:
        # Whichever thread takes the number out of the list closes; the other finds it empty.
        try:
            fd = self._unclosed.pop()
        except IndexError:
            return
        release(fd)
        self._socket.close()
