"""Which transport a connected socket gets."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeGuard

from dugong.network.plain_transport import PlainTransport

if TYPE_CHECKING:
    import socket
    import ssl

    from dugong.network.tls_transport import TLSTransport
    from dugong.network.transport import Transport


def open_transport(sock: socket.socket) -> Transport:
    """Return the transport for a connected socket, plain or TLS."""
    if not _has_tls(sock):
        return PlainTransport(sock)
    return _tls_transport_class()(sock)


# An import statement in a function costs nearly as much as to make the transport.
@functools.cache
def _tls_transport_class() -> type[TLSTransport]:
    from dugong.network.tls_transport import TLSTransport

    return TLSTransport


def _has_tls(sock: socket.socket) -> TypeGuard[ssl.SSLSocket]:
    # Asking so does not import ssl where nobody uses it.
    return hasattr(sock, "cipher")
