from __future__ import annotations

import socket
import ssl

from dugong.network.open_transport import open_transport
from dugong.network.plain_transport import PlainTransport
from dugong.network.tls_transport import TLSTransport


def test_plain_socket_gets_a_plain_transport() -> None:
    ours, peer = socket.socketpair()
    with ours, peer:
        transport = open_transport(ours)
        assert type(transport) is PlainTransport
        transport.close()


def test_socket_with_tls_gets_a_tls_transport() -> None:
    ours, peer = socket.socketpair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    with peer, context.wrap_socket(ours, do_handshake_on_connect=False) as secured:
        transport = open_transport(secured)
        assert type(transport) is TLSTransport
        transport.close()
