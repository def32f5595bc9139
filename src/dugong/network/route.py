"""The way to a server: what the user of a connection gave, checked once.

It owns the checks of host, port, TLS context and proxy together. It knows nothing of how the way
is then gone. The façade makes a `Route`, the connector follows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from dugong.protocol.authority import Authority, parse_authority
from dugong.protocol.fields_out import check_proxy_fields
from dugong.protocol.origin import NO_FIELDS, Origin, direct_origin

if TYPE_CHECKING:
    import ssl  # noqa: TC004  # nobody evaluates the annotation, and ssl is costly to import


@attrs.frozen(eq=False, repr=False, slots=False)  # made in two thirds of the time (bench, connect)
class Route:
    """The way to a server.

    Attributes:
        origin: The server.
        ssl_context: The context for TLS with the server, or `None` for plain HTTP.
        proxy: The proxy on the way, or `None`. With TLS it is asked for a tunnel.
        proxy_fields: Fields for that proxy, already checked.
    """

    origin: Authority
    ssl_context: ssl.SSLContext | None = None
    proxy: Authority | None = None
    proxy_fields: Mapping[str, str] = NO_FIELDS

    def request_origin(self) -> Origin:
        """Return what an encoder of requests has to know of this way."""
        if self.proxy is None or self.ssl_context is not None:
            # Through a tunnel, what is meant for the proxy must not reach the server.
            origin = self.origin
            return direct_origin(origin.host, origin.port, self.ssl_context is not None)
        return Origin(self.origin, by_proxy=True, proxy_fields=self.proxy_fields)


def parse_route(
    hostname: str,
    port: int | None,
    ssl_context: ssl.SSLContext | None,
    proxy: tuple[str, int] | None,
    proxy_headers: Mapping[str, str] | None,
) -> Route:
    """Check what `HTTPConnection` was given.

    Args:
        hostname: A name, an IPv4 address, or an IPv6 address without brackets.
        port: By default 80, or 443 where *ssl_context* is given.
        ssl_context: The context for TLS, or `None`.
        proxy: The name and port of a proxy, or `None`.
        proxy_headers: Fields for that proxy, or `None`.

    Raises:
        ValueError: An argument has a value that is not allowed.
        TypeError: An argument has the wrong type.
    """
    if ssl_context is not None and not hasattr(ssl_context, "wrap_socket"):
        raise TypeError(f"ssl_context must be an ssl.SSLContext, not {type(ssl_context).__name__}")
    default_port = 80 if ssl_context is None else 443
    origin = parse_authority(hostname, default_port if port is None else port)
    if proxy is None:
        if proxy_headers is not None:
            raise ValueError("proxy_headers are given without a proxy")
        return Route(origin, ssl_context)
    if not isinstance(proxy, tuple) or len(proxy) != 2:
        raise TypeError("proxy must be a tuple of a host name and a port")
    fields = {} if proxy_headers is None else proxy_headers
    check_proxy_fields(fields)
    return Route(origin, ssl_context, parse_authority(*proxy), dict(fields))
