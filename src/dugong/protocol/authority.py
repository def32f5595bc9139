"""The host of a connection: checked once, and written as each place wants it.

It owns the grammar of hosts (RFC 3986 section 3.2.2, RFC 9110 section 7.2) and knows nothing
of how names are looked up. The façade makes an `Authority` for the origin, and one for the proxy.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import attrs

from dugong.protocol.grammar import REGISTERED_NAME

_MAX_NAME: Final = 253  # characters of a name (RFC 1035 section 2.3.4, less the length octets)
_MAX_LABEL: Final = 63
_REMEMBERED: Final = 128  # hosts whose check is remembered, the last ones


@attrs.frozen(repr=False)
class Authority:
    """A host and a port.

    Attributes:
        host: The name or address as the resolver, and TLS, take it: in ASCII, without brackets.
        port: The TCP port.
    """

    host: str
    port: int

    @property
    def uri_host(self) -> str:
        """The host as it stands in a URI and in a Host field: an IPv6 address in brackets."""
        # RFC 6874 section 4: a zone has no meaning outside of this machine, and is not sent.
        return f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host

    def host_field(self, default_port: int) -> str:
        """Return the Host field's value: with the port only where it is not *default_port*."""
        return self.uri_host if self.port == default_port else f"{self.uri_host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.uri_host}:{self.port}"


def parse_authority(hostname: str, port: int) -> Authority:
    """Check a host name and a port.

    Args:
        hostname: A registered name, an IPv4 address, or an IPv6 address without brackets. A name
            that is not ASCII is converted to A-labels with the optional package `idna`.
        port: 1 to 65535.

    Raises:
        ValueError: One of them is none, or *hostname* needs `idna` and it is not installed.
        TypeError: *hostname* is no `str` or *port* no `int`.
    """
    if type(hostname) is str and type(port) is int:
        return _checked_authority(hostname, port)
    if not isinstance(hostname, str):
        raise TypeError(f"host name must be a str, not {type(hostname).__name__}")
    if not isinstance(port, int) or isinstance(port, bool):
        raise TypeError(f"port must be an int, not {type(port).__name__}")
    # A member of an enumeration, say, prints as something else than what is checked here, and
    # would do so for each later caller to whom it is equal.
    return _checked_authority(str.__str__(hostname), int.__index__(port))


# A program that opens many connections opens them to few hosts (bench, connect). It is an error
# that is not remembered: what is not allowed is checked again.
@lru_cache(_REMEMBERED)
def _checked_authority(hostname: str, port: int) -> Authority:
    if not 1 <= port <= 65_535:
        raise ValueError(f"port is not between 1 and 65535: {port}")
    return Authority(_checked_host(hostname), port)


def _checked_host(hostname: str) -> str:
    if ":" in hostname:
        return _checked_ipv6(hostname)
    name = hostname if hostname.isascii() else _to_a_labels(hostname)
    labels = name.removesuffix(".").split(".")
    if (
        not REGISTERED_NAME.fullmatch(name)
        or len(name.removesuffix(".")) > _MAX_NAME
        or "" in labels
        or max(map(len, labels)) > _MAX_LABEL
    ):
        raise ValueError(f"not a host name or IP address: {hostname[:40]!r}")
    return name


def _checked_ipv6(hostname: str) -> str:
    import ipaddress

    _, percent, zone = hostname.partition("%")
    try:
        ipaddress.IPv6Address(hostname)
    except ValueError:
        raise ValueError(f"not an IPv6 address without brackets: {hostname[:40]!r}") from None
    if percent and not REGISTERED_NAME.fullmatch(zone):
        raise ValueError(f"not a zone of an IPv6 address: {hostname[:40]!r}")
    return hostname


def _to_a_labels(hostname: str) -> str:
    try:
        import idna
    except ImportError:
        raise ValueError(
            f"host name is not ASCII, and the package idna is not installed: {hostname[:40]!r}"
        ) from None
    try:
        return idna.encode(hostname, uts46=True).decode("ascii")
    except idna.IDNAError as exc:
        raise ValueError(f"not an internationalised host name: {hostname[:40]!r}") from exc


def split_url(url: str) -> tuple[bool, str, int | None]:
    """Return what a URL says about the connection.

    Args:
        url: An ``http://`` or ``https://`` URL.

    Returns:
        Whether the scheme is https, the host without brackets, and the port, if there is one.

    Raises:
        ValueError: *url* has another scheme, no host, a user name, or an octet that no URL has.
        TypeError: *url* is no `str`.
    """
    from urllib.parse import urlsplit

    if not isinstance(url, str):
        raise TypeError(f"URL must be a str, not {type(url).__name__}")
    # urlsplit drops some of these in silence, and what it then returns is another URL.
    if any(character <= " " or character == "\x7f" for character in url):
        raise ValueError(f"URL has a blank or control character: {url[:40]!r}")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(f"URL has no host that can be told: {url[:40]!r}") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"URL is neither http:// nor https://: {url[:40]!r}")
    if "@" in parts.netloc:
        raise ValueError("URL has a user name: credentials belong into a header field")
    if not parts.hostname:
        raise ValueError(f"URL has no host: {url[:40]!r}")
    # Around and within brackets urlsplit, in some releases, looks over what it does not expect.
    written = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    behind = parts.netloc.lower().removeprefix(written.lower())
    if behind and not behind.startswith(":"):
        raise ValueError(f"URL has no host that can be told: {url[:40]!r}")
    # RFC 6874 section 2: a URL has the "%" before a zone encoded.
    return parts.scheme == "https", parts.hostname.replace("%25", "%", 1), parts.port
