"""How a socket is wrapped so that OpenSSL tells a cut from an end.

It owns one option of TLS contexts. The connector calls it, before the handshake.
"""

from __future__ import annotations

import ssl
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket

# Until Python 3.11.4 a context asked OpenSSL 3 to take every end for an orderly one
# (python/cpython#95494), so that who is on the way could cut a body short. Later on the option is
# there only where somebody has set it.
_IS_LENIENT: Final[bool] = sys.version_info < (3, 11, 4)
_LENIENT: Final[int] = getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
# Two threads must not restore what the other one has changed, or take it for how the context came.
# Reentrant, since a signal handler may connect while this thread is in it.
_changing: Final = threading.RLock()


def wrap_strictly(
    context: ssl.SSLContext, sock: socket.socket, server_hostname: str
) -> ssl.SSLSocket:
    """Return *sock* with TLS, before the handshake.

    Where the context came with the option that takes a cut for an end, the connection is made
    without it, and the context is left as it was.
    """
    # A str would be encoded by a codec that takes a quarter of all bytecodes here, and whose import
    # takes longer than a handshake (bench, tls-connect). Another class may expect a str.
    wrap = getattr(context.wrap_socket, "__func__", None)
    is_usual = wrap is ssl.SSLContext.wrap_socket
    host = server_hostname.encode("ascii") if is_usual else server_hostname
    if not _IS_LENIENT:
        return _wrap(context, sock, host)
    with _changing:
        options = context.options
        if not options & _LENIENT:
            return _wrap(context, sock, host)
        context.options = options & ~_LENIENT
        try:
            return _wrap(context, sock, host)
        finally:
            context.options = options


def _wrap(context: ssl.SSLContext, sock: socket.socket, host: str | bytes) -> ssl.SSLSocket:
    return context.wrap_socket(
        sock,
        do_handshake_on_connect=False,
        suppress_ragged_eofs=False,
        server_hostname=host,
    )
