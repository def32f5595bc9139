"""Names become addresses, and the two ways of failing are told apart.

It owns name lookup by the system's resolver. It never contacts anybody else to find out why a
lookup failed, unless a subclass names test hosts. The connector calls it.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Final

import attrs

from dugong.exceptions import DNSUnavailable, HostnameNotResolvable

_NO_SUCH_NAME: Final = frozenset(
    {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
)


@attrs.frozen(repr=False)
class Address:
    """What a stream socket can be connected to.

    Attributes:
        family: The address family, such as ``socket.AF_INET``.
        sockaddr: The address, as `socket.socket.connect` takes it for that family.
    """

    family: int
    sockaddr: tuple[str | int | bytes, ...] | str


class Resolver:
    """Looks names up with `socket.getaddrinfo`.

    It is given a host and a port, and returns a sequence of addresses, the first to be tried
    first. It raises `HostnameNotResolvable` or `DNSUnavailable` with the name that was given;
    errors of the system that say neither pass through. It is made anew for each connection, may
    block, and may not connect to the addresses or return an empty sequence. To answer from another
    source, override `look_up` or `resolve`.

    Attributes:
        test_hostnames: Hosts that are looked up where a name is said not to exist: if none of
            them can be resolved either, it is the resolver that fails. Empty, so that nothing is
            ever asked that the caller did not ask for.
    """

    test_hostnames: ClassVar[Sequence[str]] = ()

    def resolve(self, host: str, port: int) -> Sequence[Address]:
        """Return the addresses of a host in the order in which they should be tried.

        Args:
            host: A name or an IP address, in ASCII.
            port: The TCP port.

        Raises:
            HostnameNotResolvable: The name does not exist.
            DNSUnavailable: It could not be looked up now.
        """
        try:
            return self.look_up(host, port)
        except socket.gaierror as exc:
            if exc.errno in _NO_SUCH_NAME and not self._is_cut_off():
                raise HostnameNotResolvable(host) from exc
            if exc.errno in _NO_SUCH_NAME or exc.errno == socket.EAI_AGAIN:
                raise DNSUnavailable(host) from exc
            raise

    def look_up(self, host: str, port: int) -> Sequence[Address]:
        """Return the addresses of a host, or raise the `socket.gaierror` of the system."""
        if (address := _numeric(host, port)) is not None:
            return [address]
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [Address(family, sockaddr) for family, _, _, _, sockaddr in found]

    def _is_cut_off(self) -> bool:
        """Return whether none of the test hosts, if there are any, can be resolved."""
        return bool(self.test_hostnames) and not any(
            self._exists(name) for name in self.test_hostnames
        )

    def _exists(self, name: str) -> bool:
        try:
            self.look_up(name, 80)
        except socket.gaierror:
            return False
        return True


@lru_cache(128)  # the last ones: nothing that was looked up, only what the text itself says
def _numeric(host: str, port: int) -> Address | None:
    """Return what an IP address in its usual form says itself; the system knows all others."""
    if "%" in host:  # a zone, whose number some systems' inet_pton would lose
        return None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # A quarter of the instructions that getaddrinfo takes (bench, connect).
        socket.inet_pton(family, host)
    except OSError:
        return None
    return Address(family, (host, port) if family is socket.AF_INET else (host, port, 0, 0))
