"""The contenders, one module for each client; a module is imported only where it is to run."""

from __future__ import annotations

import importlib
from typing import Final

from bench.contenders.base import Contender

CONTENDERS: Final = {
    "floor": "floor.Floor",
    "non-blocking floor": "floor.NonBlockingFloor",
    "asyncio floor": "asyncio_floor.AsyncioFloor",
    "asyncio floor, buffered": "asyncio_floor.AsyncioBufferedFloor",
    "dugong": "dugong.Dugong",
    "dugong, uvloop": "dugong.DugongUvloop",
    "http.client": "http_client.HttpClient",
    "urllib3": "urllib3.Urllib3",
    "requests": "requests.Requests",
    "httpcore": "httpcore.Httpcore",
    "httpx": "httpx.Httpx",
    "aiohttp": "aiohttp.Aiohttp",
    "aiohttp, uvloop": "aiohttp.AiohttpUvloop",
    "pycurl": "pycurl.Pycurl",
    "h11": "h11.H11",
    "httptools": "httptools.Httptools",
}

FLOORS: Final = frozenset(name for name in CONTENDERS if "floor" in name)


def load(name: str) -> type[Contender]:
    """Return the class of a contender.

    Raises:
        ImportError: The client is not installed.
    """
    module, _, attribute = CONTENDERS[name].partition(".")
    found = getattr(importlib.import_module(f"bench.contenders.{module}"), attribute)
    assert isinstance(found, type)
    assert issubclass(found, Contender)
    return found
