"""The coroutines under event loops that know nothing of HTTP: select, asyncio, trio, anyio."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Generator
from typing import Final, Protocol, TypeVar

import anyio
import pytest
import trio

from dugong import AioFuture, BodyFollowing, ConnectionClosed, HTTPConnection, PollNeeded
from dugong.polling import POLLIN
from tests.integration.apps.numbers import body_of
from tests.integration.apps.payload import payload, pieces
from tests.integration.certificates import TlsContexts
from tests.integration.drive import client_of, no_descriptor_leak, run_by_select
from tests.integration.peers import (
    Connection,
    Peer,
    in_turn,
    may_be_cut,
    replay,
    wait_for,
)
from tests.integration.servers import Nginx, Server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MIB: Final = 1024 * 1024
UPLOAD: Final = bytes(2000)
Result = TypeVar("Result")


def co_send_numbers(connection: HTTPConnection, count: int) -> Generator[PollNeeded, None, None]:
    for number in range(count):
        yield from connection.co_send_request("PUT", f"/{number}", body=UPLOAD)


def co_read_numbers(connection: HTTPConnection, count: int) -> Generator[PollNeeded, None, None]:
    for number in range(count):
        response = yield from connection.co_read_response()
        assert response.path == f"/{number}"
        assert (yield from connection.co_readall()) == body_of(number)


class TestSelect:
    @pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
    def test_one_connection_sends_and_reads_side_by_side(
        self, numbers: Server, numbers_tls: Server, tls_contexts: TlsContexts, secure: bool
    ) -> None:
        server = numbers_tls if secure else numbers
        with client_of(server, tls_contexts) as connection:
            connection.connect()
            run_by_select(co_send_numbers(connection, 3000), co_read_numbers(connection, 3000))
            assert not connection.response_pending()

    def test_large_body_goes_both_ways_at_once(self) -> None:
        def echo(connection: Connection) -> None:
            connection.receive_head()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (10 * MIB))
            connection.receive_head()
            for _ in range(10 * MIB // 65536):
                connection.send(connection.receive(65536))
            connection.receive_until_eof()

        def co_write(connection: HTTPConnection) -> Generator[PollNeeded, None, None]:
            for piece in pieces(10 * MIB):
                yield from connection.co_write(piece)

        def co_read(connection: HTTPConnection) -> Generator[PollNeeded, None, None]:
            bodies.append((yield from connection.co_readall()))

        bodies: list[bytes] = []
        # The server answers the first request with the body of the second one: a client that
        # only wrote, or only read, would wait for ever.
        with Peer(echo) as peer, client_of(peer) as connection:
            connection.send_request("GET", "/")
            connection.read_response()
            connection.send_request("PUT", "/", body=BodyFollowing(10 * MIB))
            run_by_select(co_write(connection), co_read(connection))
        assert bodies == [payload(10 * MIB)]

    def test_several_connections_at_once(self, nginx: Nginx) -> None:
        bodies: dict[int, bytes] = {}

        def co_fetch(number: int) -> Generator[PollNeeded, None, None]:
            with client_of(nginx.plain) as connection:
                yield from connection.co_send_request("GET", "/1m.bin")
                yield from connection.co_read_response()
                bodies[number] = yield from connection.co_readall()

        with no_descriptor_leak():
            run_by_select(*(co_fetch(number) for number in range(10)))
        assert bodies == dict.fromkeys(range(10), payload(MIB))


class Drive(Protocol):
    """Runs a coroutine of the library on an event loop."""

    def __call__(self, coroutine: Generator[PollNeeded, None, Result], /) -> Awaitable[Result]: ...


async def drive_by_asyncio(coroutine: Generator[PollNeeded, None, Result]) -> Result:
    return await AioFuture(coroutine)


def waiting_by(
    wait_readable: Callable[[int], Awaitable[None]], wait_writable: Callable[[int], Awaitable[None]]
) -> Drive:
    """Return a driver that is made of what an event loop offers for plain descriptors."""

    async def drive(coroutine: Generator[PollNeeded, None, Result]) -> Result:
        with contextlib.closing(coroutine):
            while True:
                try:
                    needed = next(coroutine)
                except StopIteration as stop:
                    result: Result = stop.value
                    return result
                await (wait_readable if needed.mask & POLLIN else wait_writable)(needed.fd)

    return drive


drive_by_trio = waiting_by(trio.lowlevel.wait_readable, trio.lowlevel.wait_writable)
drive_by_anyio = waiting_by(anyio.wait_readable, anyio.wait_writable)


class Run(Protocol):
    """Runs a coroutine function on an event loop of its own."""

    def __call__(self, main: Callable[[], Awaitable[None]], /) -> None: ...


def run_asyncio(main: Callable[[], Awaitable[None]]) -> None:
    anyio.run(main, backend="asyncio")


def run_trio(main: Callable[[], Awaitable[None]]) -> None:
    anyio.run(main, backend="trio")


every_loop = pytest.mark.parametrize(
    ("drive", "run"),
    [
        pytest.param(drive_by_asyncio, run_asyncio, id="asyncio"),
        pytest.param(drive_by_trio, run_trio, id="trio"),
        pytest.param(drive_by_anyio, run_asyncio, id="anyio-on-asyncio"),
        pytest.param(drive_by_anyio, run_trio, id="anyio-on-trio"),
    ],
)


@every_loop
class TestEveryLoop:
    @pytest.mark.parametrize("port", ["plain", "tls"])
    def test_download(
        self, drive: Drive, run: Run, nginx: Nginx, tls_contexts: TlsContexts, port: str
    ) -> None:
        async def main() -> None:
            with client_of(getattr(nginx, port), tls_contexts) as connection:
                await drive(connection.co_send_request("GET", "/64m.bin"))
                await drive(connection.co_read_response())
                buffer = bytearray(MIB)
                total = 0
                while count := await drive(connection.co_readinto(buffer)):
                    total += count
                assert total == 64 * MIB

        run(main)

    @pytest.mark.parametrize("port", ["plain", "tls"])
    def test_upload(
        self, drive: Drive, run: Run, nginx: Nginx, tls_contexts: TlsContexts, port: str
    ) -> None:
        async def main() -> None:
            path = "/upload/by-loop.bin"
            with client_of(getattr(nginx, port), tls_contexts) as connection:
                await drive(connection.co_send_request("PUT", path, body=BodyFollowing()))
                for piece in pieces(4 * MIB):
                    await drive(connection.co_write(piece))
                await drive(connection.co_end_body())
                assert (await drive(connection.co_read_response())).status in {201, 204}
                await drive(connection.co_discard())
                await drive(connection.co_send_request("GET", path))
                await drive(connection.co_read_response())
                assert await drive(connection.co_readall()) == payload(4 * MIB)

        run(main)

    def test_one_connection_sends_and_reads_side_by_side(
        self, drive: Drive, run: Run, numbers: Server
    ) -> None:
        async def main() -> None:
            with client_of(numbers) as connection:
                await drive(connection.co_connect())
                async with anyio.create_task_group() as tasks:
                    # The first one books before the second one reads.
                    await drive(connection.co_send_request("PUT", "/0", body=UPLOAD))
                    tasks.start_soon(send_numbers, connection)
                    tasks.start_soon(read_numbers, connection)

        async def read_numbers(connection: HTTPConnection) -> None:
            await drive(co_read_numbers(connection, 2000))

        async def send_numbers(connection: HTTPConnection) -> None:
            for number in range(1, 2000):
                await drive(connection.co_send_request("PUT", f"/{number}", body=UPLOAD))

        run(main)

    def test_fifty_connections_at_once(self, drive: Drive, run: Run, numbers: Server) -> None:
        done: list[int] = []

        async def use(index: int) -> None:
            with client_of(numbers) as connection:
                for number in range(index, index + 20):
                    await drive(connection.co_send_request("GET", f"/{number}"))
                for number in range(index, index + 20):
                    assert (await drive(connection.co_read_response())).path == f"/{number}"
                    assert await drive(connection.co_readall()) == body_of(number)
                done.append(index)

        async def main() -> None:
            async with anyio.create_task_group() as tasks:
                for index in range(50):
                    tasks.start_soon(use, index)

        with no_descriptor_leak():
            run(main)
        assert sorted(done) == list(range(50))

    def test_disconnect_wakes_whoever_waits(self, drive: Drive, run: Run) -> None:
        async def read(connection: HTTPConnection) -> None:
            with pytest.raises(ConnectionClosed):
                await drive(connection.co_read_response())

        async def main() -> None:
            with Peer(may_be_cut(replay())) as peer, client_of(peer) as connection:
                await drive(connection.co_send_request("GET", "/"))
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(read, connection)
                    await anyio.wait_all_tasks_blocked()
                    connection.disconnect()

        with no_descriptor_leak():
            run(main)

    def test_cancelled_read_loses_nothing(self, drive: Drive, run: Run) -> None:
        go_on = threading.Event()

        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
            wait_for(go_on)
            connection.send(b"half")
            connection.receive_until_eof()

        async def read(connection: HTTPConnection) -> None:
            await drive(connection.co_readall())

        async def main() -> None:
            with Peer(may_be_cut(handle)) as peer, client_of(peer) as connection:
                await drive(connection.co_send_request("GET", "/"))
                await drive(connection.co_read_response())
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(read, connection)
                    await anyio.wait_all_tasks_blocked()
                    tasks.cancel_scope.cancel()
                go_on.set()
                assert await drive(connection.co_readall()) == b"halfhalf"

        run(main)


def descriptor_of(connection: HTTPConnection) -> int:
    """Return the descriptor of an open connection on which nothing is to be read."""
    connection.send_request("GET", "/never-answered")
    waiting = connection.co_read_response()
    fd = next(waiting).fd
    waiting.close()
    return fd


class TestAioFuture:
    """Cancelling at any moment removes the callbacks and closes the coroutine."""

    # The exchange below takes some turns of the loop; each of them is tried.
    moments = pytest.mark.parametrize("turns", range(8))

    @staticmethod
    def exchange(connection: HTTPConnection) -> Generator[PollNeeded, None, bytes]:
        yield from connection.co_send_request("GET", "/")
        yield from connection.co_read_response()
        return (yield from connection.co_readall())

    @moments
    @pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
    def test_is_cancelled(self, tls_contexts: TlsContexts, turns: int, secure: bool) -> None:
        def answer(connection: Connection) -> None:
            connection.receive_head()
            connection.send(OK[:10], OK[10:])
            connection.receive_until_eof()

        async def main(connection: HTTPConnection) -> None:
            future = AioFuture(self.exchange(connection))
            for _ in range(turns):
                await asyncio.sleep(0)
            cancelled = future.cancel()
            assert cancelled == future.cancelled()
            connection.disconnect()
            assert await AioFuture(self.exchange(connection)) == b"ok"
            connection.disconnect()

        tls = tls_contexts.server if secure else None
        with no_descriptor_leak(), Peer(may_be_cut(answer), tls=tls) as peer:
            asyncio.run(main(client_of(peer, tls_contexts)))

    def test_closes_the_coroutine(self) -> None:
        closed: list[bool] = []

        def co_wait(connection: HTTPConnection) -> Generator[PollNeeded, None, None]:
            try:
                yield from connection.co_read_response()
            finally:
                closed.append(True)

        async def main(connection: HTTPConnection) -> None:
            connection.send_request("GET", "/")
            future = AioFuture(co_wait(connection))
            await asyncio.sleep(0)
            future.cancel()
            assert closed == [True]
            with pytest.raises(asyncio.CancelledError):
                await future

        with Peer(may_be_cut(replay())) as peer, client_of(peer) as connection:
            asyncio.run(main(connection))

    def test_cancelled_write_leaves_no_writer_with_the_loop(self) -> None:
        async def main(connection: HTTPConnection) -> None:
            fd = descriptor_of(connection)
            connection.send_request("PUT", "/", body=BodyFollowing(100 * MIB))
            writing = AioFuture(connection.co_write(bytes(100 * MIB)))
            await asyncio.sleep(0)
            assert not writing.done()
            writing.cancel()
            assert not asyncio.get_running_loop().remove_writer(fd)

        def deaf(connection: Connection) -> None:
            connection.receive_head()
            wait_for(release)

        release = threading.Event()
        with Peer(may_be_cut(deaf)) as peer, client_of(peer) as connection:
            asyncio.run(main(connection))
            release.set()

    def test_disconnect_leaves_no_reader_with_the_loop(self) -> None:
        async def main(connection: HTTPConnection) -> None:
            assert await AioFuture(self.exchange(connection)) == b"ok"
            fd = descriptor_of(connection)
            connection.disconnect()
            assert not asyncio.get_running_loop().remove_reader(fd)

        with Peer(replay(OK)) as peer, client_of(peer) as connection:
            asyncio.run(main(connection))

    def test_cancelled_read_can_be_repeated_again_and_again(self) -> None:
        body = payload(300_000)

        def handle(connection: Connection) -> None:
            connection.receive_head()
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in range(0, len(body), 1000):
                connection.send(b"3e8\r\n", body[start : start + 1000], b"\r\n")
            connection.send(b"0\r\n\r\n")
            connection.receive_until_eof()

        async def main(peer: Peer) -> None:
            with client_of(peer) as connection:
                await AioFuture(connection.co_send_request("GET", "/"))
                await AioFuture(connection.co_read_response())
                while True:
                    future = AioFuture(connection.co_readall())
                    await asyncio.sleep(0)
                    if future.done():
                        break
                    future.cancel()
                    await asyncio.sleep(0)
                assert future.result() == body

        with Peer(handle) as peer:
            asyncio.run(main(peer))

    def test_gather_drives_both_halves(self, numbers: Server) -> None:
        async def main() -> None:
            with client_of(numbers) as connection:
                await AioFuture(connection.co_connect())
                await asyncio.gather(
                    AioFuture(co_send_numbers(connection, 2000)),
                    AioFuture(co_read_numbers(connection, 2000)),
                )

        asyncio.run(main())

    def test_timeout_of_asyncio_ends_a_wait(self) -> None:
        async def main(connection: HTTPConnection) -> None:
            await AioFuture(connection.co_send_request("GET", "/"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await AioFuture(connection.co_read_response())
            connection.disconnect()
            assert await AioFuture(self.exchange(connection)) == b"ok"

        with Peer(in_turn(may_be_cut(replay()), replay(OK))) as peer, client_of(peer) as connection:
            asyncio.run(main(connection))
