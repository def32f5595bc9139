"""Whether it is worth a retry.

It owns the list of the faults that may be gone at the next attempt, in our words and in those
of `socket` and `ssl`. Callers ask it through `dugong.is_temp_network_error`.
"""

from __future__ import annotations

import errno
from typing import Final

from dugong.exceptions import (
    ConnectionClosed,
    ConnectionTimedOut,
    DNSUnavailable,
    TunnelRefused,
)
from dugong.network.transport import is_cut_off

# RFC 9110 section 15: the statuses by which a proxy says "not now"
_TEMPORARY_STATUS: Final = frozenset({408, 429, 502, 503, 504})
_TEMPORARY_ERRNO: Final = frozenset(
    {
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.EPIPE,
        errno.ESHUTDOWN,
        errno.ENOTCONN,
        errno.ETIMEDOUT,
        errno.EHOSTUNREACH,
        errno.EHOSTDOWN,
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.ENETRESET,
    }
)
_TEMPORARY_TYPES: Final = (
    ConnectionClosed,
    ConnectionTimedOut,
    DNSUnavailable,
    TimeoutError,
    ConnectionResetError,
    ConnectionRefusedError,
    ConnectionAbortedError,
    BrokenPipeError,
)


def is_temp_network_error(exc: BaseException) -> bool:
    """Return whether a retry could help after *exc*.

    True for timeouts, for connections that were reset, refused, closed or cut off (over TLS
    too), for hosts and networks that cannot be reached, for `DNSUnavailable`, and for
    `TunnelRefused` with status 408, 429, 502, 503 or 504. False for everything else.
    """
    if isinstance(exc, TunnelRefused):
        return exc.status in _TEMPORARY_STATUS
    if isinstance(exc, _TEMPORARY_TYPES):
        return True
    if not isinstance(exc, OSError):
        return False
    if type(exc).__module__ == "ssl":
        return is_cut_off(exc)
    # The numbers of a gaierror are another namespace.
    return type(exc).__name__ != "gaierror" and exc.errno in _TEMPORARY_ERRNO
