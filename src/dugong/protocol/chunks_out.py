"""Chunks on the way out (RFC 9112 section 7.1): size lines, and the end with its trailers.

It owns nothing but their grammar. The sender calls it for each piece of a chunked body.
"""

from __future__ import annotations

from collections.abc import Mapping

from dugong.protocol.fields_out import (
    check_fields,
    check_no_framing_fields,
    copied,
    encode_fields,
    lower_names,
)


def encode_chunk_start(size: int) -> bytes:
    """Return the chunk-size line of a chunk of *size* octets (RFC 9112 section 7.1)."""
    return b"%x\r\n" % size


def encode_last_chunk(trailers: Mapping[str, str] | None) -> bytes:
    """Check trailer fields and return the end of a chunked body.

    Raises:
        ValueError: A name or value is not allowed, or is of a field that frames or routes.
        TypeError: *trailers* is no mapping, or a name or value is no `str`.
    """
    if trailers is None:
        return b"0\r\n\r\n"
    given = copied(trailers)
    check_fields(given)
    names = lower_names(given)
    if len(names) != len(given):
        raise ValueError("trailers have two names that are equal but for case")
    check_no_framing_fields(names)
    return f"0\r\n{encode_fields(given)}\r\n".encode("latin-1")
