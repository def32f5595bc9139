"""What a contender is: a class with a method for each thing that it can do.

A method is given a path and how often to fetch it, and loops itself, so that nothing of the
harness is measured with each request. A contender that cannot do a thing does not fill its method,
and is left out of the scenarios that ask for it.
"""

from __future__ import annotations

import socket
import ssl
from importlib import metadata
from typing import Final

import attrs

PIECE: Final = 65_536  # octets of a read, of a write and of a buffer to read into
UPLOAD_SIZE: Final = 16 * 2**20  # octets of the body of an upload
DEPTH: Final = 32  # requests that are pipelined before the first response is read
CONNECTIONS: Final = 64  # connections that are busy at the same time
FIELDS: Final = ("Content-Type", "ETag", "Cache-Control")  # what is looked at of a response


@attrs.frozen
class Target:
    """Where the server is.

    Attributes:
        host: Its address.
        port: The plain port, or the one for TLS.
        authority: The file with the certificate to be trusted; empty for plain HTTP.
    """

    host: str
    port: int
    authority: str = ""

    @property
    def url(self) -> str:
        """The URL of the root, without the slash at its end."""
        return f"{'https' if self.authority else 'http'}://{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        """Return a verifying context, or `None` for plain HTTP."""
        return ssl.create_default_context(cafile=self.authority) if self.authority else None

    def open_socket(self) -> socket.socket:
        """Return a connected plain socket."""
        opened = socket.create_connection((self.host, self.port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened


class Contender:
    """A client, used in the best way that its documentation shows.

    Attributes:
        connections: How many `concurrent` opens; to be set before its first call.
    """

    connections: int = CONNECTIONS

    def __init__(self, target: Target) -> None:
        self.target = target

    @staticmethod
    def version() -> str:
        """Return the version of the client, and of what it is built on."""
        return ""

    def close(self) -> None:
        """Close what complains of being dropped while it is open."""

    def get(self, path: str, count: int) -> None:
        """Fetch *path*, the whole body at once, one request after the other."""
        raise NotImplementedError

    def look(self, path: str, count: int) -> None:
        """Do what `get` does, and look at `FIELDS`."""
        raise NotImplementedError

    def pipeline(self, path: str, count: int) -> None:
        """Fetch *path*, with `DEPTH` requests sent before the first response is read."""
        raise NotImplementedError

    def stream(self, path: str, count: int) -> None:
        """Fetch *path* in constant memory, in the fastest way that there is."""
        raise NotImplementedError

    def read(self, path: str, count: int) -> None:
        """Fetch *path* as `bytes` of `PIECE` octets at most."""
        raise NotImplementedError

    def upload(self, path: str, count: int) -> None:
        """Send `UPLOAD_SIZE` octets, `PIECE` by `PIECE`, of announced length."""
        raise NotImplementedError

    def connect(self, path: str, count: int) -> None:
        """Connect, fetch *path* and close."""
        raise NotImplementedError

    def hold(self, path: str, count: int) -> None:
        """Leave *count* more connections open, after a request on each."""
        raise NotImplementedError

    def concurrent(self, path: str, count: int) -> None:
        """Fetch *path* on `connections` connections at a time, on asyncio."""
        raise NotImplementedError


def version_of(*packages: str) -> str:
    """Return the versions of installed packages; the first needs no name."""
    first, *others = packages
    more = (f"{package} {metadata.version(package)}" for package in others)
    return ", ".join((metadata.version(first), *more))


VERBS: Final = tuple(
    name
    for name, member in vars(Contender).items()
    if callable(member) and not name.startswith("_") and name not in {"version", "close"}
)


def abilities(contender: type[Contender]) -> list[str]:
    """Return the names of the methods that a contender has filled."""
    return [verb for verb in VERBS if getattr(contender, verb) is not getattr(Contender, verb)]
