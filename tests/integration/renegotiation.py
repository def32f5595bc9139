"""A TLS 1.2 server that renegotiates: what makes a write wait for input, and a read for output.

The ssl module cannot ask for it, so OpenSSL is called by way of the bindings that cryptography (a
dependency of trustme) brings. Like `faults.End`, it acts in the client's own thread.
"""

import contextlib
import select
import socket
from collections import deque
from types import TracebackType
from typing import Final, Self

from cryptography.hazmat.bindings.openssl.binding import Binding

from tests.integration.certificates import TlsContexts

BUFFER_SIZE: Final = 65_536
FILETYPE_PEM: Final = 1  # SSL_FILETYPE_PEM
OPENSSL: Final = Binding.lib
FFI: Final = Binding.ffi


class RenegotiatingServer:
    """A server for one connection; a context manager.

    Attributes:
        host: The address it listens on.
        port: The port it listens on.
        received: What the client sent, inside of TLS.
    """

    def __init__(self, contexts: TlsContexts) -> None:
        """Listen on loopback."""
        self.received: Final = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.host: str
        self.port: int
        self.host, self.port = self._listener.getsockname()
        self._socket: socket.socket | None = None
        self._waiting: deque[bytes] = deque()
        self._context = OPENSSL.SSL_CTX_new(OPENSSL.TLS_method())
        certificate, key = str(contexts.certificate_file), str(contexts.key_file)
        assert OPENSSL.SSL_CTX_use_certificate_chain_file(self._context, certificate.encode()) == 1
        assert OPENSSL.SSL_CTX_use_PrivateKey_file(self._context, key.encode(), FILETYPE_PEM) == 1
        self._tls = OPENSSL.SSL_new(self._context)
        self._incoming = OPENSSL.BIO_new(OPENSSL.BIO_s_mem())
        self._outgoing = OPENSSL.BIO_new(OPENSSL.BIO_s_mem())
        OPENSSL.SSL_set_bio(self._tls, self._incoming, self._outgoing)
        OPENSSL.SSL_set_accept_state(self._tls)
        self._buffer = FFI.new("char[]", BUFFER_SIZE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()
        if self._socket is not None:
            self._socket.close()
        OPENSSL.SSL_free(self._tls)  # the two BIOs with it
        OPENSSL.SSL_CTX_free(self._context)

    @property
    def is_renegotiating(self) -> bool:
        """Whether a handshake that was asked for is not at its end."""
        return bool(OPENSSL.SSL_renegotiate_pending(self._tls) == 1)

    def wait(self, seconds: float) -> None:
        """Wait until the client has sent something, *seconds* at most."""
        select.select([self._socket or self._listener], [], [], seconds)

    def act(self) -> bool:
        """Take what the client sent, and answer what TLS wants answered; tell whether it came."""
        if self._socket is None:
            with contextlib.suppress(BlockingIOError):
                self._socket, _ = self._listener.accept()
                self._socket.setblocking(False)
                return True
            return False
        try:
            octets = self._socket.recv(BUFFER_SIZE)
        except BlockingIOError:
            return False
        OPENSSL.BIO_write(self._incoming, octets, len(octets))
        while (count := OPENSSL.SSL_read(self._tls, self._buffer, BUFFER_SIZE)) > 0:
            self.received.extend(FFI.buffer(self._buffer, count)[:])
        self._send_waiting()
        return bool(octets)

    def send(self, octets: bytes) -> None:
        """Send *octets* as one record, when the handshake that is under way allows it.

        Between the request for a handshake and the client's answer to it, it does.
        """
        self._waiting.append(octets)
        self._send_waiting()

    def _send_waiting(self) -> None:
        while self._waiting:
            octets = self._waiting[0]
            if OPENSSL.SSL_write(self._tls, octets, len(octets)) != len(octets):
                break
            self._waiting.popleft()
        self._flush()

    def renegotiate(self) -> None:
        """Ask the client for a new handshake, which goes on where `act` is called."""
        assert OPENSSL.SSL_renegotiate(self._tls) == 1
        OPENSSL.SSL_do_handshake(self._tls)
        self._flush()

    def _flush(self) -> None:
        count = OPENSSL.BIO_read(self._outgoing, self._buffer, BUFFER_SIZE)
        if count > 0:
            assert self._socket is not None
            self._socket.sendall(FFI.buffer(self._buffer, count)[:])
