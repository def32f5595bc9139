"""The fields that every request on a connection has, unless the caller says otherwise.

It owns which they are, and their encoding once for all requests. It knows nothing of bodies; the
encoder uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from dugong.protocol.fields_out import check_fields, encode_fields, lower_names


class ConstantPart:
    """What every request on a connection has, unless the caller says otherwise.

    Attributes:
        fields: The fields.
        names: The same under their names in lower case.
        lines: The same as lines.
        closes: Whether they say ``Connection: close``.
        plain_end: What stands behind the target of a request without fields of its own.
    """

    __slots__ = ("closes", "fields", "lines", "names", "plain_end")

    def __init__(self, fields: Mapping[str, str]) -> None:
        """Check and encode *fields*."""
        check_fields(fields)
        self.fields: Mapping[str, str] = fields
        self.names: dict[str, str] = lower_names(fields)
        self.lines: str = encode_fields(fields)
        self.closes: bool = says_close(self.names.get("connection", ""))
        self.plain_end: str = f" HTTP/1.1\r\n{self.lines}\r\n"


def usual_fields(host: str) -> dict[str, str]:
    """Return the fields that are added where neither caller nor subclass has others."""
    return {"Host": host, "Accept-Encoding": "identity", "Connection": "keep-alive"}


# To make it takes twice as much as all else that an encoder begins with (bench, connect).
@lru_cache(128)
def usual_part(host: str) -> ConstantPart:
    """Return the same, encoded."""
    return ConstantPart(usual_fields(host))


def says_close(connection: str) -> bool:
    """Return whether the value of a Connection field has the option ``close``."""
    lower = connection.lower()
    return "close" in lower and "close" in [option.strip(" \t") for option in lower.split(",")]
