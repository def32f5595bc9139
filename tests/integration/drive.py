"""Drives connections in the tests: both faces of an operation, threads, and a plain select loop.

It knows what a test needs of a client again and again; what a server does is in `peers`, `servers`.
"""

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, TypeVar

import attrs
import pytest

from dugong import (
    BodyFollowing,
    HTTPConnection,
    HTTPResponse,
    Layers,
    PollNeeded,
    eval_coroutine,
)
from dugong.network.resolver import Address, Resolver
from dugong.polling import POLLIN, POLLOUT
from tests.integration.certificates import TlsContexts
from tests.integration.peers import TIME_LIMIT, Peer, start_thread
from tests.integration.servers import Server

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, SupportsRead, WriteableBuffer

__all__ = [
    "ATTEMPTS",
    "TOLERANCE",
    "CoroutineConnection",
    "Fetched",
    "at_best",
    "both_faces",
    "client_of",
    "fetch",
    "in_background",
    "no_descriptor_leak",
    "reaching",
    "read_all",
    "run_by_select",
    "takes",
    "with_layers",
    "write_all",
]

TOLERANCE: Final = 0.1  # seconds
ATTEMPTS: Final = 3  # of what a busy machine may hinder
Result = TypeVar("Result")


class CoroutineConnection(HTTPConnection):
    """A connection whose blocking methods poll for its coroutines.

    What is written for the blocking face so tests the other one; `timeout` limits each wait.
    """

    def connect(self) -> None:
        eval_coroutine(self.co_connect(), self.timeout)

    def send_request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: "ReadableBuffer | BodyFollowing | None" = None,
        expect100: bool = False,
    ) -> None:
        request = self.co_send_request(method, path, headers, body, expect100)
        eval_coroutine(request, self.timeout)

    def write(self, buf: "ReadableBuffer") -> None:
        eval_coroutine(self.co_write(buf), self.timeout)

    def send_file(self, fh: "SupportsRead[bytes]", count: int | None = None) -> int:
        return eval_coroutine(self.co_send_file(fh, count), self.timeout)

    def end_body(self, trailers: Mapping[str, str] | None = None) -> None:
        eval_coroutine(self.co_end_body(trailers), self.timeout)

    def read_response(self) -> HTTPResponse:
        return eval_coroutine(self.co_read_response(), self.timeout)

    def read(self, len_: int | None = None) -> bytes:
        return eval_coroutine(self.co_read(len_), self.timeout)

    def readinto(self, buf: "WriteableBuffer") -> int:
        return eval_coroutine(self.co_readinto(buf), self.timeout)

    def readall(self) -> bytes:
        return eval_coroutine(self.co_readall(), self.timeout)

    def discard(self) -> None:
        eval_coroutine(self.co_discard(), self.timeout)


def with_layers(face: type[HTTPConnection], layers: Layers) -> type[HTTPConnection]:
    """Return *face* with other layers."""
    subclass: type[HTTPConnection] = type("Layered", (face,), {"layers": layers})
    return subclass


class ListResolver(Resolver):
    """Knows these addresses, whatever the name."""

    def __init__(self, addresses: Sequence[tuple[str, int]]) -> None:
        self.addresses = addresses

    def look_up(self, host: str, port: int) -> Sequence[Address]:
        return [Address(socket.AF_INET, address) for address in self.addresses]


def reaching(
    face: type[HTTPConnection], addresses: Sequence[tuple[str, int]]
) -> type[HTTPConnection]:
    """Return *face* with a resolver that always gives *addresses*, whatever is in it by then."""
    return with_layers(face, Layers(resolver=lambda: ListResolver(addresses)))


both_faces: Final = pytest.mark.parametrize(
    "face",
    [
        pytest.param(HTTPConnection, id="blocking"),
        pytest.param(CoroutineConnection, id="coroutine"),
    ],
)
"""Runs a test with the class `face`, one for each face of the library."""


def client_of(
    server: Server | Peer,
    contexts: TlsContexts | None = None,
    face: type[HTTPConnection] = HTTPConnection,
    *,
    timeout: float | None = TIME_LIMIT,
    proxy: tuple[str, int] | None = None,
    proxy_headers: Mapping[str, str] | None = None,
) -> HTTPConnection:
    """Return a connection to *server*: over TLS where that speaks it, which needs *contexts*."""
    context = None
    if server.tls:
        assert contexts is not None
        context = contexts.client
    return face(
        server.host,
        server.port,
        context,
        proxy,
        timeout=timeout,
        proxy_headers=proxy_headers,
    )


@attrs.frozen
class Fetched:
    """A response, read to its end."""

    response: HTTPResponse
    body: bytes

    @property
    def status(self) -> int:
        """The status code."""
        return self.response.status


def fetch(
    connection: HTTPConnection,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: "ReadableBuffer | None" = None,
) -> Fetched:
    """Send a request, and read its response to the end."""
    connection.send_request(method, path, headers, body)
    return Fetched(connection.read_response(), connection.readall())


def write_all(connection: HTTPConnection, octets: Iterable[bytes]) -> None:
    """Write a body piece by piece; it is not ended."""
    for piece in octets:
        connection.write(piece)


def read_all(connection: HTTPConnection, body: bytearray, size: int = 100) -> None:
    """Append the body of a response to *body*, which has what came also where that fails."""
    while piece := connection.read(size):
        body += piece


def in_background(function: Callable[[], Result]) -> "Future[Result]":
    """Run *function* in another thread; its result is to be asked for with a limit."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as exc:  # noqa: BLE001  it is raised where the result is asked for
            future.set_exception(exc)

    start_thread(run)
    return future


def run_by_select(*coroutines: Generator[PollNeeded, None, None]) -> None:
    """Drive coroutines side by side with nothing but `select.select`.

    Raises:
        TimeoutError: None of them could go on for `TIME_LIMIT` seconds.
    """
    runnable = list(coroutines)
    waiting: list[tuple[PollNeeded, Generator[PollNeeded, None, None]]] = []
    while runnable or waiting:
        for coroutine in runnable:
            with contextlib.suppress(StopIteration):
                waiting.append((next(coroutine), coroutine))
        if not waiting:
            return
        readers = {needed.fd for needed, _ in waiting if needed.mask & POLLIN}
        writers = {needed.fd for needed, _ in waiting if needed.mask & POLLOUT}
        readable, writable, _ = select.select(readers, writers, [], TIME_LIMIT)
        if not readable and not writable:
            raise TimeoutError(f"nothing to do for {TIME_LIMIT} seconds")
        ready = {(fd, POLLIN) for fd in readable} | {(fd, POLLOUT) for fd in writable}
        runnable, blocked = [], []
        for needed, coroutine in waiting:
            if any((needed.fd, needed.mask & event) in ready for event in (POLLIN, POLLOUT)):
                runnable.append(coroutine)
            else:
                blocked.append((needed, coroutine))
        waiting = blocked


@contextlib.contextmanager
def takes(seconds: float) -> Iterator[None]:
    """Check that what is inside takes *seconds*, up to `TOLERANCE` more, and not less."""
    start = time.monotonic()
    yield
    duration = time.monotonic() - start
    # The clock of poll() is a coarse one: it may end a tick before.
    assert seconds - 0.01 <= duration <= seconds + TOLERANCE


@contextlib.contextmanager
def no_descriptor_leak() -> Iterator[None]:
    """Check that what is inside leaves no descriptor open that was not open before."""
    before = _open_descriptors()
    yield
    assert _open_descriptors() == before


def at_best(attempt: Callable[[], object], hindrance: type[Exception]) -> None:
    """Check that *attempt* succeeds; twice it may meet *hindrance*, and is made again.

    A busy machine may wake a process late; a library that waits too long does so every time.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            attempt()
        except hindrance:
            continue
        return
    attempt()


def _open_descriptors() -> dict[int, str]:
    """Return what this process has open: for each descriptor the file behind it."""
    found = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  a Path cannot be read as a link
        with contextlib.suppress(FileNotFoundError):  # that of listdir() itself
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115
    return found
