"""The check of the resolver layer.

It owns the two names that a resolver is asked for. It knows nothing of who connects then.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Final

from dugong.exceptions import DNSUnavailable, HostnameNotResolvable
from dugong.network.resolver import Address, Resolver
from dugong.testing.promise import raises_nothing, raises_only, require

_UNKNOWN: Final = "dugong-check.invalid"  # RFC 6761 section 6.4: no such name exists
_NO_ANSWER: Final = (socket.EAI_NONAME, socket.EAI_AGAIN)


def check_resolver(make: Callable[[], Resolver], host: str, port: int) -> None:
    """Check that a resolver keeps the contract of `Resolver`.

    Args:
        make: What `Layers.resolver` would be.
        host: A name that it can resolve. It is also asked for one that does not exist.
        port: The port to ask for.

    Raises:
        AssertionError: A promise is broken; the message says which.
    """
    with raises_nothing(f"resolve() must find {host}"):
        _check_addresses(make().resolve(host, port), host, port)
    promise = "a name that does not exist must raise HostnameNotResolvable or DNSUnavailable"
    try:
        with raises_only(promise, HostnameNotResolvable, DNSUnavailable, OSError):
            _check_addresses(make().resolve(_UNKNOWN, port), _UNKNOWN, port)
    except (HostnameNotResolvable, DNSUnavailable) as exc:
        require(exc.name == _UNKNOWN, f"name must be {_UNKNOWN}, as it was given, not {exc.name}")
    except OSError as exc:
        is_told_apart = isinstance(exc, socket.gaierror) and exc.errno in _NO_ANSWER
        require(not is_told_apart, f"{promise}, not {exc!r}")


def _check_addresses(found: Sequence[Address], host: str, port: int) -> None:
    what = f"resolve({host!r}, {port}) must return"
    require(isinstance(found, Sequence), f"{what} a sequence, not {type(found).__name__}")
    require(len(found) > 0, f"{what} an address, or raise")
    for address in found:
        require(isinstance(address, Address), f"{what} objects of Address, not {address!r}")
        with raises_nothing(f"{what} families of stream sockets, not {address.family!r}"):
            socket.socket(address.family, socket.SOCK_STREAM).close()
        if address.family in (socket.AF_INET, socket.AF_INET6):
            require(address.sockaddr[1] == port, f"{what} addresses with that port")
