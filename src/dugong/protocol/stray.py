"""What is made of octets that nobody asked for (RFC 9112 sections 9.2 and 9.5).

A response that nobody asked for is never the answer to a later request. This module owns that
verdict; the sender asks for it before it books a request on an idle connection.
"""

from __future__ import annotations

from typing import Final

from dugong.exceptions import ConnectionClosed, InvalidResponse
from dugong.protocol.grammar import EMPTY_LINES, TIMEOUT_RESPONSE

TIMEOUT_START: Final = len("HTTP/1.1 408 ")  # octets that tell it from every other response


def check_stray(octets: bytes, limit: int) -> None:
    """Judge what an idle connection received; returning means that it can be dropped.

    Args:
        octets: What came while no response was owed.
        limit: Octets of empty lines that are let pass.

    Raises:
        ConnectionClosed: The server announces an idle close by a 408 (RFC 9110 section 15.5.9).
        InvalidResponse: Anything else that is not just empty lines.
    """
    if not octets:
        return
    if TIMEOUT_RESPONSE.match(octets):
        raise ConnectionClosed("server announced by a 408 response that it closes the connection")
    if len(octets) > limit or not EMPTY_LINES.fullmatch(octets):
        raise InvalidResponse(f"server sent octets that nobody asked for: {octets[:40]!r}")
