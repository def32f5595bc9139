"""`disconnect()` behind the back of whoever waits: told at once, in every phase, no leaks."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Final, TypeAlias

import attrs
import pytest

from dugong import (
    AioFuture,
    BodyFollowing,
    ConnectionClosed,
    HTTPConnection,
    Layers,
    PollNeeded,
    StateError,
)
from dugong.network.connector import Connector
from dugong.network.trace import TracingTransport
from dugong.network.transport import Transport
from tests.integration.certificates import TlsContexts
from tests.integration.drive import fetch, in_background, no_descriptor_leak, with_layers
from tests.integration.peers import (
    TIME_LIMIT,
    Connection,
    Peer,
    in_turn,
    may_be_cut,
    replay,
    silent_address,
    wait_for,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PROMPTLY: Final = 0.5  # seconds; what is not prompt takes TIME_LIMIT
LARGE = bytes(20_000_000)

Suspended: TypeAlias = Generator[PollNeeded, None, object]


class AnnouncingTransport(TracingTransport):
    """Tells by an event that somebody is about to wait."""

    def __init__(self, sock: socket.socket, about_to_wait: threading.Event) -> None:
        super().__init__(sock)
        self.tell = lambda what: None
        self.about_to_wait = about_to_wait

    def send(self, data: bytes | memoryview) -> int | PollNeeded:
        return self.announced(super().send(data))

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        return self.announced(super().receive_into(target))

    def announced(self, result: int | PollNeeded) -> int | PollNeeded:
        if isinstance(result, PollNeeded):
            self.about_to_wait.set()
        return result


def announcing_layers(about_to_wait: threading.Event) -> Layers:
    class AnnouncingConnector(Connector):
        def co_open(self) -> Generator[PollNeeded, None, Transport]:
            opening = super().co_open()
            try:
                while True:
                    needed = next(opening)
                    about_to_wait.set()
                    yield needed
            except StopIteration as stop:
                transport: Transport = stop.value
                return transport
            finally:
                opening.close()

    return Layers(
        connector=AnnouncingConnector,
        transport=lambda sock: AnnouncingTransport(sock, about_to_wait),
    )


def receive_until_eof(connection: Connection) -> None:
    connection.receive_until_eof()


def open_tunnel_silently(connection: Connection) -> None:
    connection.receive_head()
    connection.send(b"HTTP/1.1 200 Opened\r\n\r\n")
    connection.receive_until_eof()


def stall_in_body(head: bytes) -> Callable[[Connection], None]:
    def handle(connection: Connection) -> None:
        connection.receive_head()
        connection.send(head)
        connection.receive_until_eof()

    return handle


@attrs.frozen
class Waiting:
    """A client that has nothing left to do but to wait.

    Attributes:
        connection: The connection, in the state before the operation.
        block: The operation that will wait.
        suspend: The same operation as a coroutine.
        about_to_wait: Set whenever somebody is about to wait.
    """

    connection: HTTPConnection
    block: Callable[[], object]
    suspend: Callable[[], Suspended]
    about_to_wait: threading.Event


Scene: TypeAlias = Callable[[TlsContexts], contextlib.AbstractContextManager[Waiting]]


@contextlib.contextmanager
def in_tcp_connect(contexts: TlsContexts) -> Iterator[Waiting]:
    event = threading.Event()
    client = with_layers(HTTPConnection, announcing_layers(event))
    with silent_address() as address, client(*address, timeout=TIME_LIMIT) as connection:
        yield Waiting(connection, connection.connect, connection.co_connect, event)


@contextlib.contextmanager
def in_first_request(contexts: TlsContexts) -> Iterator[Waiting]:
    event = threading.Event()
    client = with_layers(HTTPConnection, announcing_layers(event))
    with silent_address() as address, client(*address, timeout=TIME_LIMIT) as connection:
        yield Waiting(
            connection,
            lambda: connection.send_request("GET", "/"),
            lambda: connection.co_send_request("GET", "/"),
            event,
        )


@contextlib.contextmanager
def in_handshake(contexts: TlsContexts) -> Iterator[Waiting]:
    event = threading.Event()
    client = with_layers(HTTPConnection, announcing_layers(event))
    with (
        Peer(may_be_cut(receive_until_eof)) as peer,
        client("localhost", peer.port, contexts.client, timeout=TIME_LIMIT) as connection,
    ):
        yield Waiting(connection, connection.connect, connection.co_connect, event)


@contextlib.contextmanager
def in_tunnel(contexts: TlsContexts) -> Iterator[Waiting]:
    event = threading.Event()
    client = with_layers(HTTPConnection, announcing_layers(event))
    with (
        Peer(may_be_cut(receive_until_eof)) as peer,
        client("localhost", 443, contexts.client, peer.address, timeout=TIME_LIMIT) as connection,
    ):
        yield Waiting(connection, connection.connect, connection.co_connect, event)


@contextlib.contextmanager
def in_handshake_through_tunnel(contexts: TlsContexts) -> Iterator[Waiting]:
    event = threading.Event()
    client = with_layers(HTTPConnection, announcing_layers(event))
    with (
        Peer(may_be_cut(open_tunnel_silently)) as peer,
        client("localhost", 443, contexts.client, peer.address, timeout=TIME_LIMIT) as connection,
    ):
        yield Waiting(connection, connection.connect, connection.co_connect, event)


@contextlib.contextmanager
def connected(
    contexts: TlsContexts, handler: Callable[[Connection], None], *, secure: bool
) -> Iterator[tuple[HTTPConnection, threading.Event]]:
    event = threading.Event()
    client = with_layers(HTTPConnection, announcing_layers(event))
    with (
        Peer(may_be_cut(handler), tls=contexts.server if secure else None) as peer,
        client(
            "localhost", peer.port, contexts.client if secure else None, timeout=TIME_LIMIT
        ) as connection,
    ):
        connection.connect()
        yield connection, event


def in_head(*, secure: bool) -> Scene:
    @contextlib.contextmanager
    def scene(contexts: TlsContexts) -> Iterator[Waiting]:
        with connected(contexts, receive_until_eof, secure=secure) as (connection, event):
            connection.send_request("GET", "/")
            event.clear()
            yield Waiting(connection, connection.read_response, connection.co_read_response, event)

    return scene


def in_body(
    head: bytes,
    block: Callable[[HTTPConnection], object],
    suspend: Callable[[HTTPConnection], Suspended],
    *,
    secure: bool = False,
) -> Scene:
    @contextlib.contextmanager
    def scene(contexts: TlsContexts) -> Iterator[Waiting]:
        with connected(contexts, stall_in_body(head), secure=secure) as (connection, event):
            connection.send_request("GET", "/")
            connection.read_response()
            event.clear()
            yield Waiting(connection, lambda: block(connection), lambda: suspend(connection), event)

    return scene


def in_write(*, secure: bool) -> Scene:
    @contextlib.contextmanager
    def scene(contexts: TlsContexts) -> Iterator[Waiting]:
        release = threading.Event()

        def handle(connection: Connection) -> None:
            connection.receive_head()
            wait_for(release)

        try:
            with connected(contexts, handle, secure=secure) as (connection, event):
                connection.send_request("PUT", "/", body=BodyFollowing(len(LARGE)))
                event.clear()
                try:
                    yield Waiting(
                        connection,
                        lambda: connection.write(LARGE),
                        lambda: connection.co_write(LARGE),
                        event,
                    )
                finally:
                    release.set()
        finally:
            release.set()

    return scene


SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"


def readinto(connection: HTTPConnection) -> object:
    return connection.readinto(bytearray(50_000))


def co_readinto(connection: HTTPConnection) -> Suspended:
    return connection.co_readinto(bytearray(50_000))


every_phase = pytest.mark.parametrize(
    "scene",
    [
        pytest.param(in_tcp_connect, id="connect"),
        pytest.param(in_first_request, id="connect-by-request"),
        pytest.param(in_handshake, id="handshake"),
        pytest.param(in_tunnel, id="tunnel"),
        pytest.param(in_handshake_through_tunnel, id="handshake-in-tunnel"),
        pytest.param(in_head(secure=False), id="read_response"),
        pytest.param(in_head(secure=True), id="read_response-tls"),
        pytest.param(in_body(SIZED, readinto, co_readinto), id="readinto-sized"),
        pytest.param(in_body(SIZED, readinto, co_readinto, secure=True), id="readinto-tls"),
        pytest.param(in_body(CHUNKED, readinto, co_readinto), id="readinto-chunked"),
        pytest.param(in_body(UNTIL_CLOSE, readinto, co_readinto), id="readinto-until-close"),
        pytest.param(
            in_body(UNTIL_CLOSE, readinto, co_readinto, secure=True),
            id="readinto-until-close-tls",
        ),
        pytest.param(
            in_body(UNTIL_CLOSE, HTTPConnection.readall, HTTPConnection.co_readall),
            id="readall-until-close",
        ),
        pytest.param(
            in_body(SIZED, HTTPConnection.discard, HTTPConnection.co_discard), id="discard"
        ),
        pytest.param(in_write(secure=False), id="write"),
        pytest.param(in_write(secure=True), id="write-tls"),
    ],
)


@every_phase
class TestOtherThread:
    def test_is_told_promptly(self, scene: Scene, tls_contexts: TlsContexts) -> None:
        with no_descriptor_leak(), scene(tls_contexts) as waiting:
            waiter = in_background(waiting.block)
            wait_for(waiting.about_to_wait)
            start = time.monotonic()
            waiting.connection.disconnect()
            with pytest.raises(ConnectionClosed, match="disconnect"):
                waiter.result(TIME_LIMIT)
            assert time.monotonic() - start < PROMPTLY

    def test_owes_nothing_afterwards(self, scene: Scene, tls_contexts: TlsContexts) -> None:
        with scene(tls_contexts) as waiting:
            waiter = in_background(waiting.block)
            wait_for(waiting.about_to_wait)
            waiting.connection.disconnect()
            with pytest.raises(ConnectionClosed):
                waiter.result(TIME_LIMIT)
            assert not waiting.connection.response_pending()


@every_phase
class TestSuspendedCoroutine:
    def test_is_told_when_it_resumes(self, scene: Scene, tls_contexts: TlsContexts) -> None:
        with no_descriptor_leak(), scene(tls_contexts) as waiting:
            suspended = waiting.suspend()
            next(suspended)
            waiting.connection.disconnect()
            with pytest.raises(ConnectionClosed, match="disconnect"):
                next(suspended)

    def test_is_woken(self, scene: Scene, tls_contexts: TlsContexts) -> None:
        with scene(tls_contexts) as waiting:
            suspended = waiting.suspend()
            needed = next(suspended)
            waiting.connection.disconnect()
            assert needed.poll(PROMPTLY)
            suspended.close()

    def test_closes_the_descriptor_when_it_is_dropped(
        self, scene: Scene, tls_contexts: TlsContexts
    ) -> None:
        with no_descriptor_leak(), scene(tls_contexts) as waiting:
            suspended = waiting.suspend()
            next(suspended)
            waiting.connection.disconnect()
            suspended.close()

    def test_future_is_told(self, scene: Scene, tls_contexts: TlsContexts) -> None:
        async def run(waiting: Waiting) -> None:
            future = AioFuture(waiting.suspend())
            await asyncio.sleep(0)
            assert not future.done()
            waiting.connection.disconnect()
            with pytest.raises(ConnectionClosed, match="disconnect"):
                await asyncio.wait_for(future, PROMPTLY)

        with no_descriptor_leak(), scene(tls_contexts) as waiting:
            asyncio.run(run(waiting))

    def test_dropped_without_disconnect_leaks_nothing(
        self, scene: Scene, tls_contexts: TlsContexts
    ) -> None:
        with no_descriptor_leak(), scene(tls_contexts) as waiting:
            suspended = waiting.suspend()
            next(suspended)
            suspended.close()


def test_suspended_operation_stays_with_its_own_connection() -> None:
    with (
        Peer(in_turn(replay(), replay(OK))) as peer,
        HTTPConnection(*peer.address, timeout=TIME_LIMIT) as connection,
    ):
        connection.send_request("GET", "/old")
        suspended = connection.co_read_response()
        next(suspended)
        connection.disconnect()
        connection.send_request("GET", "/new")
        with pytest.raises(ConnectionClosed):
            next(suspended)
        assert connection.read_response().path == "/new"


def test_object_is_as_new_behind_both_threads() -> None:
    def deaf(connection: Connection) -> None:
        connection.receive_head()
        connection.receive_head()
        connection.discard(1)
        ready.set()
        wait_for(release)

    ready, release = threading.Event(), threading.Event()
    with (
        no_descriptor_leak(),
        Peer(in_turn(may_be_cut(deaf), replay(OK))) as peer,
        HTTPConnection(*peer.address, timeout=TIME_LIMIT) as connection,
    ):
        connection.send_request("GET", "/")
        connection.send_request("PUT", "/", body=BodyFollowing(len(LARGE)))
        reader = in_background(connection.read_response)
        writer = in_background(lambda: connection.write(LARGE))
        wait_for(ready)
        connection.disconnect()
        for waiter in (reader, writer):
            with pytest.raises(ConnectionClosed):
                waiter.result(TIME_LIMIT)
        release.set()
        assert fetch(connection, "/").body == b"ok"


def test_may_be_called_twice_and_before_any_connection() -> None:
    connection = HTTPConnection("localhost")
    connection.disconnect()
    connection.disconnect()
    assert not connection.response_pending()


class TestRace:
    """The other thread is anywhere when it is disconnected, also between two waits."""

    @pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
    def test_connecting_ends_in_time(self, tls_contexts: TlsContexts, secure: bool) -> None:
        def serve(connection: Connection) -> None:
            if secure:
                connection.start_tls(tls_contexts.server)
            connection.receive_until_eof()

        context = tls_contexts.client if secure else None
        with no_descriptor_leak(), Peer(may_be_cut(serve)) as peer:
            for _ in range(100):
                connection = HTTPConnection("127.0.0.1", peer.port, context, timeout=TIME_LIMIT)
                waiter = in_background(connection.connect)
                connection.disconnect()
                with contextlib.suppress(ConnectionClosed):
                    waiter.result(TIME_LIMIT)
                connection.disconnect()

    @pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
    def test_exchange_ends_in_time(self, tls_contexts: TlsContexts, secure: bool) -> None:
        def serve(connection: Connection) -> None:
            while connection.receive_head():
                connection.send(OK)

        def exchange(connection: HTTPConnection) -> None:
            while True:
                assert fetch(connection, "/").body == b"ok"

        context = tls_contexts.client if secure else None
        tls = tls_contexts.server if secure else None
        with no_descriptor_leak(), Peer(may_be_cut(serve), tls=tls) as peer:
            connection = HTTPConnection("127.0.0.1", peer.port, context, timeout=TIME_LIMIT)
            for _ in range(30):
                connection.connect()
                waiter = in_background(lambda: exchange(connection))
                # It goes on with a new connection where it met this between two requests.
                while not waiter.done():
                    connection.disconnect()
                # StateError: disconnected twice between a request and its response, which then
                # is forgotten.
                with pytest.raises((ConnectionClosed, StateError)):
                    waiter.result(TIME_LIMIT)
                connection.disconnect()
