"""Every exception that dugong defines, each for one kind of fault.

This module owns the words in which faults are told: those of the peer, those of the
caller and those of the network, never mixed. It knows nothing of where they are raised.
Errors of `socket` and `ssl` that none of these describes reach the caller unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message


class ConnectionClosed(Exception):
    """The connection ended, or is to end, before the operation could be completed."""


class InvalidResponse(Exception):
    """The server sent octets that are not HTTP/1.0 or HTTP/1.1."""


class UnsupportedResponse(Exception):
    """The server's response is HTTP, but of a kind that this library does not read."""


class ExcessBodyData(Exception):
    """More body octets were given than the request announced; none of them were sent."""


class StateError(Exception):
    """The operation is not possible in the present state of the connection."""


class ConnectionTimedOut(Exception):
    """Nothing could be sent or received for as long as the timeout allows."""


class HostnameNotResolvable(Exception):
    """The name of a host does not exist.

    Attributes:
        name: The name that was looked up.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"host name does not exist: {self.name!r}"


class DNSUnavailable(Exception):
    """The name of a host could not be looked up now; a later attempt may succeed.

    Attributes:
        name: The name that was looked up.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"host name cannot be looked up at present: {self.name!r}"


class TunnelRefused(ConnectionError):
    """The proxy answered CONNECT with something other than a 2xx status.

    Attributes:
        status: The proxy's status code.
        reason: The proxy's reason phrase, possibly empty.
        headers: The header fields of the refusal.
    """

    def __init__(self, status: int, reason: str, headers: Message) -> None:
        super().__init__(f"proxy refused the tunnel: {status} {reason[:40]}".rstrip())
        self.status = status
        self.reason = reason
        self.headers = headers

    def __reduce__(self) -> tuple[type[TunnelRefused], tuple[int, str, Message]]:
        return type(self), (self.status, self.reason, self.headers)


def fresh_copy(error: Exception) -> Exception:
    """Return an equal exception that has no traceback, and so keeps nobody's octets alive."""
    # Not by copy.copy(): it calls the class, and that of a layer may take other arguments than the
    # message that it makes of them.
    twin = type(error).__new__(type(error), *error.args)
    twin.args = error.args
    twin.__dict__.update(error.__dict__)
    # OSError keeps these apart, and sets them here only for a class without an __init__ of its own.
    if isinstance(error, OSError) and isinstance(twin, OSError) and error.errno is not None:
        twin.errno, twin.strerror = error.errno, error.strerror
    return twin
