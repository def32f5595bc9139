"""Fields of the caller's: checked by the grammar, then written as lines.

It owns RFC 9110 section 5 on the way out, with no knowledge of what a field means but one: which
fields are not allowed in trailers. The request encoder calls it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from dugong.protocol.grammar import FIELD_TEXT, TOKEN

# RFC 9110 section 6.5.1: fields that frame, route, authenticate, or control how the message is
# processed have no place behind the content.
_NOT_IN_TRAILERS: Final = frozenset(
    {
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "cookie",
        "expect",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "max-forwards",
        "pragma",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# What is the client's and the origin server's business alone, or is sent with each request anyway
_NOT_FOR_PROXY: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def copied(fields: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of fields: what is checked is then what is sent, whatever other threads do.

    Raises:
        TypeError: *fields* is no mapping.
    """
    if not isinstance(fields, Mapping):
        raise TypeError(f"fields must be a mapping of str to str, not {type(fields).__name__}")
    return dict(fields)


def check_fields(fields: Mapping[str, str]) -> None:
    """Check all names and values by RFC 9110 section 5.

    Raises:
        ValueError: A name is no token, or a value has an octet that is not allowed, or a blank
            at one of its ends.
        TypeError: A name or value is no `str`.
    """
    if not fields:
        return
    # One expression for all names and one for all values. The joined text of names and values
    # must not be matched at once: a CRLF within a value would look like the end of a line.
    try:
        good = (
            TOKEN.fullmatch("".join(fields.keys()))
            and FIELD_TEXT.fullmatch("".join(fields.values()))
            and "" not in fields
            and not [value for value in fields.values() if value != value.strip(" \t")]
        )
    except TypeError:
        good = False
    if not good:
        for name, value in fields.items():
            _check_field(name, value)


def _check_field(name: str, value: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"field name must be a str, not {type(name).__name__}")
    if not TOKEN.fullmatch(name):
        raise ValueError(f"field name is not a token: {name[:40]!r}")
    if not isinstance(value, str):
        raise TypeError(f"value of field {name[:40]} must be a str, not {type(value).__name__}")
    if not FIELD_TEXT.fullmatch(value):
        raise ValueError(f"value of field {name[:40]} has a character that is not allowed")
    if value != value.strip(" \t"):
        raise ValueError(f"value of field {name[:40]} begins or ends with a blank")


def check_no_framing_fields(names: Iterable[str]) -> None:
    """Refuse the fields that RFC 9110 section 6.5.1 keeps out of trailers.

    Args:
        names: Field names in lower case.

    Raises:
        ValueError: One of them is such a field.
    """
    for name in names:
        if name in _NOT_IN_TRAILERS:
            raise ValueError(f"field is not allowed in trailers: {name[:40]}")


def check_proxy_fields(fields: Mapping[str, str]) -> None:
    """Check fields that are meant for a proxy.

    Raises:
        ValueError: A name or value is not allowed, or frames or routes the message.
        TypeError: *fields* is no mapping, or a name or value is no `str`.
    """
    given = copied(fields)
    check_fields(given)
    names = lower_names(given)
    if len(names) != len(given):
        raise ValueError("proxy_headers have two names that are equal but for case")
    for name in names:
        if name in _NOT_FOR_PROXY:
            raise ValueError(f"field is not allowed in proxy_headers: {name[:40]}")


def lower_names(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields under their names in lower case."""
    return {name.lower(): value for name, value in fields.items()}


def encode_fields(fields: Mapping[str, str]) -> str:
    """Return checked fields as lines, each ending in CRLF."""
    return "".join([f"{name}: {value}\r\n" for name, value in fields.items()])
