"""An address becomes a connected transport: DNS, TCP, proxy, TLS, in this order.

It owns the way to the server and the one socket that is on it. It knows nothing of requests.
The façade asks for a connection through it; to reach a server in another way, override the
method of that phase.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import socket
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Final

from dugong.exceptions import ConnectionClosed, ConnectionTimedOut
from dugong.network.transport import (
    ReentrantLock,
    Transport,
    TransportFactory,
    forbid_blocking,
    raise_translated,
)
from dugong.polling import POLLIN, POLLOUT, PollNeeded, poll_needed, release

if TYPE_CHECKING:
    import ssl

    from dugong.limits import Limits
    from dugong.network.resolver import Address, Resolver
    from dugong.network.route import Route

_UNDER_WAY: Final = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EINTR})
_CONNECTED: Final = frozenset({0, errno.EISCONN})
# Where the system can, the call that makes a socket makes it non-blocking too.
_NON_BLOCKING: Final[int] = getattr(socket, "SOCK_NONBLOCK", 0)
_STREAM: Final[int] = socket.SOCK_STREAM | _NON_BLOCKING


class Connector:
    """Opens one connection, once.

    It is given the way to the server and the layers below, and does nothing before the first
    resumption of `co_open`, whose result is what the transport layer makes of a connected socket.
    Errors of `socket` and `ssl` that none of our exceptions describes pass through. It may not
    block, but in the resolver, and may not leave a descriptor open when it fails or is closed.

    Each phase is a generator method that yields what it waits for; a wait that lasted too long
    is raised inside it, as `ConnectionTimedOut`. A method that gives up a socket, or wraps it
    into another one, says so with `hold`; whatever is held when `co_open` fails is closed. A socket
    that a method closes itself goes through `close_released`, since drivers may watch it.
    """

    def __init__(
        self, route: Route, resolver: Resolver, open_transport: TransportFactory, limits: Limits
    ) -> None:
        self.route = route
        self.resolver = resolver
        self.open_transport = open_transport
        self.limits = limits
        self._socket: socket.socket | None = None
        self._interrupted = False
        # Whoever interrupts is another thread than the one that opens and closes sockets here.
        self._lock = ReentrantLock()

    def co_open(self) -> Generator[PollNeeded, None, Transport]:
        """Return a connected transport.

        Raises:
            ConnectionClosed: `interrupt` was called, or the server cut the connection off.
            HostnameNotResolvable: The name of the server, or of the proxy, does not exist.
            DNSUnavailable: That name could not be looked up.
            TunnelRefused: The proxy opens no tunnel.
        """
        route = self.route
        try:
            sock = yield from self.co_connect_socket()
            if route.ssl_context is not None:
                if route.proxy is not None:
                    yield from self.co_open_tunnel(sock)
                sock = yield from self.co_start_tls(sock, route.ssl_context)
            transport = self.open_transport(sock)
            if self._interrupted:
                self.check_not_interrupted()
        except BaseException as exc:
            with self._lock:
                held, self._socket = self._socket, None
            if held is not None:
                close_released(held)
            if isinstance(exc, (ConnectionClosed, OSError)):
                self.check_not_interrupted()  # if it was, that is why
            raise
        with self._lock:
            self._socket = None  # from now on it is the transport's
        return transport

    def interrupt(self) -> None:
        """Let `co_open` raise `ConnectionClosed`, at once. To be called from any thread."""
        with self._lock:
            self._interrupted = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def check_not_interrupted(self) -> None:
        """Raise `ConnectionClosed` after `interrupt` was called."""
        if self._interrupted:
            raise ConnectionClosed("disconnect() was called while the connection was being opened")

    def hold(self, sock: socket.socket | None) -> None:
        """Make *sock* the one that is closed on failure and woken by `interrupt`."""
        with self._lock:
            self._socket = sock

    def co_connect_socket(self) -> Generator[PollNeeded, None, socket.socket]:
        """Return a stream socket that is connected to the server, or to the proxy before it."""
        peer = self.route.proxy or self.route.origin
        failure: Exception | None = None
        for address in self.resolver.resolve(peer.host, peer.port):
            if self._interrupted:
                self.check_not_interrupted()
            try:
                return (yield from self.co_connect_address(address))
            except (OSError, ConnectionTimedOut) as exc:
                failure = exc
        try:
            raise_translated(failure or OSError(errno.EADDRNOTAVAIL, "host name has no address"))
        finally:
            del failure  # by its traceback it would refer to itself, and to the caller's octets

    def co_connect_address(self, address: Address) -> Generator[PollNeeded, None, socket.socket]:
        """Return a non-blocking socket that is connected to one address.

        Raises:
            OSError: The address does not answer, or refuses.
            ConnectionTimedOut: It did not answer in time.
        """
        sock = socket.socket(address.family, _STREAM)
        self.hold(sock)
        try:
            if not _NON_BLOCKING:
                forbid_blocking(sock)
            if address.family != socket.AF_UNIX:
                # Small pipelined sends would wait for the acknowledgement of the one before.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Asking again, rather than for SO_ERROR, also tells a resumption that came too early.
            # Before the first wait too: within one machine, the connection stands by then.
            if (error := sock.connect_ex(address.sockaddr)) in _UNDER_WAY:
                error = sock.connect_ex(address.sockaddr)
            while error in _UNDER_WAY:
                # Before the wait too: the socket that is held is woken only if it was connecting.
                self.check_not_interrupted()
                yield poll_needed(sock.fileno(), POLLOUT)
                self.check_not_interrupted()
                error = sock.connect_ex(address.sockaddr)
            if error not in _CONNECTED:
                raise OSError(error, os.strerror(error))
        except BaseException:
            self.hold(None)
            close_released(sock)
            raise
        return sock

    def co_open_tunnel(self, sock: socket.socket) -> Generator[PollNeeded, None, None]:
        """Have the proxy at the other end of *sock* open a tunnel to the server."""
        from dugong.network.tunnel import co_open_tunnel

        transport = self.open_transport(sock)
        tunnel = co_open_tunnel(transport, self.route.origin, self.route.proxy_fields, self.limits)
        for needed in tunnel:
            yield needed
            self.check_not_interrupted()

    def co_start_tls(
        self, sock: socket.socket, context: ssl.SSLContext
    ) -> Generator[PollNeeded, None, ssl.SSLSocket]:
        """Return *sock* with TLS, after the handshake that proves who the server is.

        Raises:
            ssl.SSLError: The handshake failed; `ssl.SSLCertVerificationError` where the server
                could not prove who it is.
            ConnectionClosed: The server cut the connection off.
        """
        wrap_strictly, want_read, want_write = _tls_tools()
        try:
            host = self.route.origin.host.partition("%")[0].removesuffix(".")
            secured = wrap_strictly(context, sock, host)
            self.hold(secured)
            while True:
                if self._interrupted:
                    self.check_not_interrupted()
                try:
                    secured.do_handshake()
                except want_read:
                    yield poll_needed(secured.fileno(), POLLIN)
                except want_write:
                    yield poll_needed(secured.fileno(), POLLOUT)
                else:
                    return secured
        except OSError as exc:
            _close_left_open(exc)
            self.check_not_interrupted()
            raise_translated(exc)


# Two import statements in a function cost as much as ten calls (bench, tls-connect).
@functools.cache
def _tls_tools() -> tuple[
    Callable[[ssl.SSLContext, socket.socket, str], ssl.SSLSocket],
    type[ssl.SSLWantReadError],
    type[ssl.SSLWantWriteError],
]:
    """Return what begins TLS, and what says that a handshake waits: not everybody needs it."""
    import ssl

    from dugong.network.strict_tls import wrap_strictly

    return wrap_strictly, ssl.SSLWantReadError, ssl.SSLWantWriteError


def _close_left_open(exc: OSError) -> None:
    """Close the socket that a failed `ssl.SSLContext.wrap_socket` leaves open.

    Before CPython 3.13 it does so where the server has reset the connection by then, and nobody
    else knows that socket.
    """
    import ssl
    import traceback

    for frame, _ in traceback.walk_tb(exc.__traceback__):
        if isinstance(sock := frame.f_locals.get("self"), ssl.SSLSocket):
            close_released(sock)


def close_released(sock: socket.socket) -> None:
    """Close a socket that may have been waited for, after telling the drivers."""
    fd = sock.fileno()
    if fd >= 0:
        release(fd)
    sock.close()
