"""Where the requests of a connection go.

It owns what an encoder has to know of the way to a server, and the value of the Host field that
follows from it. It knows nothing of requests; the route makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Final

import attrs

from dugong.protocol.authority import Authority

# One for all, which nobody can write into
NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})


@attrs.frozen(eq=False, repr=False, slots=False)  # made in two thirds of the time (bench, connect)
class Origin:
    """Where the requests of a connection go.

    Attributes:
        authority: The host and port of the origin server.
        secure: Whether the scheme is https.
        by_proxy: Whether the request target names the origin, since a proxy forwards requests.
        proxy_fields: Fields for that proxy, sent with each request.
    """

    authority: Authority
    secure: bool = False
    by_proxy: bool = False
    proxy_fields: Mapping[str, str] = NO_FIELDS

    @cached_property
    def host_field(self) -> str:
        """The value of the Host field."""
        return self.authority.host_field(443 if self.secure else 80)


# A program that opens many connections opens them to few servers (bench, connect).
@lru_cache(128)
def direct_origin(host: str, port: int, secure: bool) -> Origin:
    """Return where requests go that no proxy forwards, to a host and port that were checked."""
    return Origin(Authority(host, port), secure)
