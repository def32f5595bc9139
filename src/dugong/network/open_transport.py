"""Which transport a connected socket gets."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from dugong.network.plain_transport import PlainTransport

if TYPE_CHECKING:
    import socket

    from dugong.network.tls_transport import TLSTransport
    from dugong.network.transport import Transport


def open_transport(sock: socket.socket) -> Transport:
    """Return the transport for a connected socket, plain or TLS."""
    # Asking so does not import ssl where nobody uses it.
    if not hasattr(sock, "cipher"):
        return PlainTransport(sock)
    return _tls_transport_class()(sock)  # type: ignore[arg-type]  # what has one is an SSLSocket


# An import statement in a function costs nearly as much as to make the transport.
@functools.cache
def _tls_transport_class() -> type[TLSTransport]:
    from dugong.network.tls_transport import TLSTransport

    return TLSTransport
