"""Which framing a response body has, and whether the connection is kept after it.

This module owns the order of the rules of RFC 9112 sections 6.3 and 9.3, as pure functions of
a request's method and a response's head. It knows nothing of how a body is then read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from dugong.exceptions import InvalidResponse, UnsupportedResponse
from dugong.limits import MAX_LENGTH, Limits
from dugong.protocol.bodies import (
    BodyFraming,
    EmptyBody,
    FaultyBody,
    SizedBody,
    UntilCloseBody,
)
from dugong.protocol.grammar import CONTENT_LENGTH
from dugong.protocol.response_head import ResponseHead

_SHORT: Final = 18  # digits

FramingChoice: TypeAlias = Callable[[str, ResponseHead, Limits], BodyFraming]
"""Chooses the framing of a response body.

It is given the method of the request, the head of the response and the limits in force, and
returns a `BodyFraming` that nobody else has. What it cannot make sense of it returns as a
`FaultyBody`: it raises nothing, so that the head is delivered in any case. It is a pure function:
no I/O, no state, and the head stays as it is. It may not find a body where HTTP never has one
(`has_no_body`), or keep a connection whose response has both a transfer coding and a length.
"""


def choose_framing(method: str, head: ResponseHead, limits: Limits) -> BodyFraming:
    """Return the framing of a response body, by the rules of RFC 9112 section 6.3 in order.

    Args:
        method: The method of the request that the response answers.
        head: The head of the response.
        limits: The bounds in force.
    """
    coding, length = head.transfer_encoding, head.content_length
    # Rule 3: who sends both lengths, or a coding that HTTP/1.0 does not know, may mean to deceive
    # somebody on the way. The response is read; the connection is not used again.
    suspect = coding is not None and (length is not None or head.minor == 0)
    if (head.status != 200 or method != "GET") and has_no_body(method, head.status):
        return EmptyBody(closes=suspect)
    if coding is not None:
        return _choose_coded(coding, limits, closes=suspect)
    if length is None:
        return UntilCloseBody()
    # Nearly all lengths: ASCII digits, few enough to be surely below 2**63.
    if len(length) <= _SHORT and length.isascii() and length.isdecimal():
        return SizedBody(int(length))
    return _choose_sized(length)


def has_no_body(method: str, status: int) -> bool:
    """Return whether a response never has a body, whatever its fields say (rules 1 and 2)."""
    return (
        method == "HEAD"
        or status in (204, 304)
        or status < 200
        or (method == "CONNECT" and status < 300)
    )


def is_persistent(head: ResponseHead) -> bool:
    """Return whether the server keeps the connection after this response (RFC 9112 section 9.3)."""
    if head.connection is None or head.connection == "keep-alive":
        return head.minor > 0 or head.connection is not None
    options = [option.strip(" \t") for option in head.connection.split(",")]
    return "close" not in options and (head.minor > 0 or "keep-alive" in options)


def _choose_coded(transfer_encoding: str, limits: Limits, *, closes: bool) -> BodyFraming:
    codings = [coding for part in transfer_encoding.split(",") if (coding := part.strip(" \t"))]
    if codings != ["chunked"]:
        shown = transfer_encoding[:40].encode("latin-1")
        return FaultyBody(
            UnsupportedResponse(f"transfer coding is not just chunked (RFC 9112 6.1): {shown!r}")
        )
    from dugong.protocol.chunks import ChunkedBody

    return ChunkedBody(limits, closes=closes)


def _choose_sized(content_length: str) -> BodyFraming:
    values = content_length.split(",") if "," in content_length else [content_length]
    lengths = {_parse_length(value) for value in values}
    length = lengths.pop()
    if length is not None and not lengths:
        return SizedBody(length)
    shown = content_length[:40].encode("latin-1")
    return FaultyBody(
        InvalidResponse(f"Content-Length is not one number of at most 19 digits: {shown!r}")
    )


def _parse_length(value: str) -> int | None:
    """Return one Content-Length, or `None` where *value* is none (RFC 9110 section 8.6)."""
    digits = value.strip(" \t")
    if not CONTENT_LENGTH.fullmatch(digits):
        return None
    length = int(digits)
    return length if length <= MAX_LENGTH else None
