"""dugong: full control over one HTTP/1.1 connection.

The floors, from the street to the cellar; each imports only from those below it:

- `dugong.testing`: what authors of layers test them with
- `dugong.connection`, `dugong.stream`: the façade, `HTTPConnection`
- `dugong.layers`: which class plays which part
- `dugong.exchange`: one conversation; joins protocol and network
- `dugong.network`: everything that touches a socket
- `dugong.protocol`: HTTP itself, without I/O
- `dugong.drivers`: who resumes a coroutine
- `dugong.exceptions`, `dugong.case_insensitive`, `dugong.polling`, `dugong.limits`: the vocabulary

What is public is in `__all__`; what a subclass of a layer needs is public in its module.
"""

from typing import TYPE_CHECKING, Final

from dugong.case_insensitive import CaseInsensitiveDict
from dugong.connection import HTTPConnection
from dugong.drivers.poll_loop import eval_coroutine
from dugong.exceptions import (
    ConnectionClosed,
    ConnectionTimedOut,
    DNSUnavailable,
    ExcessBodyData,
    HostnameNotResolvable,
    InvalidResponse,
    StateError,
    TunnelRefused,
    UnsupportedResponse,
)
from dugong.layers import Layers
from dugong.limits import BUFFER_SIZE, MAX_HEADER_SIZE, MAX_LINE_SIZE
from dugong.network.retry import is_temp_network_error
from dugong.polling import PollNeeded
from dugong.protocol.request import BodyFollowing

if TYPE_CHECKING:
    from dugong.drivers.aio import AioFuture
    from dugong.protocol.response import HTTPResponse

__version__: Final = "4.0.0"

__all__ = [
    "BUFFER_SIZE",
    "MAX_HEADER_SIZE",
    "MAX_LINE_SIZE",
    "AioFuture",
    "BodyFollowing",
    "CaseInsensitiveDict",
    "ConnectionClosed",
    "ConnectionTimedOut",
    "DNSUnavailable",
    "ExcessBodyData",
    "HTTPConnection",
    "HTTPResponse",
    "HostnameNotResolvable",
    "InvalidResponse",
    "Layers",
    "PollNeeded",
    "StateError",
    "TunnelRefused",
    "UnsupportedResponse",
    "eval_coroutine",
    "is_temp_network_error",
]

if not TYPE_CHECKING:
    # Hidden from type checkers, for which any name would then be one of this module.

    # What needs modules that cost more than the rest together, asyncio and email.message, is
    # fetched when it is asked for.
    _FETCHED = {"AioFuture": "dugong.drivers.aio", "HTTPResponse": "dugong.protocol.response"}

    def __getattr__(name: str) -> object:
        if name not in _FETCHED:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_FETCHED[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *_FETCHED})
