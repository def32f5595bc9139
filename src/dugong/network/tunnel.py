"""The CONNECT handshake with a proxy (RFC 9110 section 9.3.6).

It owns the one request and its answer that come before TLS. It knows nothing of how the proxy
was reached. The connector runs it on a connected transport.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING

from dugong.exceptions import (
    ConnectionClosed,
    InvalidResponse,
    TunnelRefused,
    UnsupportedResponse,
)
from dugong.polling import PollNeeded
from dugong.protocol.field_message import FieldMessage
from dugong.protocol.read_buffer import ReadBuffer
from dugong.protocol.request import encode_connect
from dugong.protocol.response_head import HeadParser, ResponseHead

if TYPE_CHECKING:
    from dugong.limits import Limits
    from dugong.network.transport import Transport
    from dugong.protocol.authority import Authority


def co_open_tunnel(
    transport: Transport, target: Authority, fields: Mapping[str, str], limits: Limits
) -> Generator[PollNeeded, None, None]:
    """Ask the proxy for a tunnel, and read its answer.

    Args:
        transport: The connection to the proxy.
        target: The other end of the tunnel.
        fields: Fields for the proxy, already checked.
        limits: The bounds on the answer.

    Raises:
        TunnelRefused: The answer has another status than 2xx.
        InvalidResponse: The answer is not HTTP/1.x, or octets follow it.
        UnsupportedResponse: The answer is HTTP of a kind that this library does not read.
        ConnectionClosed: The proxy closed the connection.
    """
    yield from _co_send(transport, encode_connect(target, fields))
    buffer = ReadBuffer()
    head = yield from _co_final_head(transport, HeadParser(limits), buffer)
    if not 200 <= head.status < 300:
        raise TunnelRefused(head.status, head.reason, FieldMessage(head.lines))
    if buffer.size:
        # Whoever speaks before TLS began speaks without proof of who it is.
        raise InvalidResponse(f"octets before TLS began in the tunnel: {buffer.peek(0, 40)!r}")


def _co_send(transport: Transport, octets: bytes) -> Generator[PollNeeded, None, None]:
    while octets:
        sent = transport.send(octets)
        if isinstance(sent, PollNeeded):
            yield sent
        else:
            octets = octets[sent:]


def _co_final_head(
    transport: Transport, parser: HeadParser, buffer: ReadBuffer
) -> Generator[PollNeeded, None, ResponseHead]:
    """Return the first head that is not interim."""
    for _ in range(parser.limits.interim + 1):
        while (head := parser.parse(buffer)) is None:
            received = buffer.fill(transport.receive_into)
            if isinstance(received, PollNeeded):
                yield received
            elif not received:
                raise ConnectionClosed("proxy closed the connection before it answered CONNECT")
        if head.status == 101:
            raise UnsupportedResponse("proxy answered CONNECT by a switch of protocols")
        if head.status >= 200:
            return head
    raise InvalidResponse(f"proxy sent more than {parser.limits.interim} interim responses")
