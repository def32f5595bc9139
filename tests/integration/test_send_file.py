"""Files as request bodies: sent by the system itself where it can, and read elsewhere."""

import asyncio
import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

import pytest

from dugong import (
    AioFuture,
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    HTTPConnection,
    Layers,
)
from dugong.network.trace import TracingTransport
from tests.integration.apps.payload import payload
from tests.integration.certificates import TlsContexts
from tests.integration.drive import (
    both_faces,
    client_of,
    fetch,
    in_background,
    no_descriptor_leak,
    with_layers,
)
from tests.integration.peers import Connection, Peer, may_be_cut, wait_for
from tests.integration.processes import ROOT
from tests.integration.servers import Nginx, Server

SIZE: Final = 3_000_000
OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TOO_LARGE: Final = b"HTTP/1.1 413 Too large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry"
LIMIT: Final = 20.0  # seconds

bodies = pytest.mark.parametrize(
    "body", [BodyFollowing(SIZE), BodyFollowing()], ids=["sized", "chunked"]
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "payload"
    path.write_bytes(payload(SIZE))
    return path


@pytest.fixture
def file(path: Path) -> Iterator[io.BufferedReader]:
    with path.open("rb") as file:
        yield file


@pytest.fixture
def sendfile_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The counts of octets that `os.sendfile` sent."""
    counts: list[int] = []
    real = os.sendfile

    def counting(out_fd: int, in_fd: int, offset: int, count: int) -> int:
        counts.append(real(out_fd, in_fd, offset, count))
        return counts[-1]

    monkeypatch.setattr(os, "sendfile", counting)
    return counts


def receive_and_answer(connection: Connection) -> None:
    """Answer requests whose bodies are of known length."""
    while head := connection.receive_head():
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        connection.receive(length)
        connection.send(OK)


def send_again_and_again(connection: HTTPConnection, file: io.BufferedReader) -> NoReturn:
    """Send a file until that fails."""
    while True:
        file.seek(0)
        connection.send_file(file)


@both_faces
@bodies
def test_file_arrives_whole(
    python_server: Server,
    tls_contexts: TlsContexts,
    face: type[HTTPConnection],
    body: BodyFollowing,
    file: io.BufferedReader,
) -> None:
    with client_of(python_server, tls_contexts, face) as connection:
        connection.send_request("POST", "/md5", body=body)
        assert connection.send_file(file) == SIZE
        connection.end_body()
        assert connection.read_response().status == 200
        report = json.loads(connection.readall())
        assert fetch(connection, "/bytes/3").body == payload(3)
    assert report["md5"] == hashlib.md5(payload(SIZE)).hexdigest()
    assert report["length"] == file.tell() == SIZE


@both_faces
@bodies
@pytest.mark.parametrize("port", ["plain", "tls"])
def test_file_is_stored(
    nginx: Nginx,
    tls_contexts: TlsContexts,
    face: type[HTTPConnection],
    port: str,
    body: BodyFollowing,
    file: io.BufferedReader,
    sendfile_calls: list[int],
) -> None:
    with client_of(getattr(nginx, port), tls_contexts, face) as connection:
        connection.send_request("PUT", "/upload/sent", body=body)
        connection.send_file(file, 1_000)
        connection.send_file(file)
        connection.end_body()
        assert connection.read_response().status in {201, 204}
        connection.discard()
        assert fetch(connection, "/upload/sent").body == payload(SIZE)
    assert sum(sendfile_calls) == (SIZE if port == "plain" else 0)


@both_faces
@pytest.mark.parametrize("is_traced", [False, True], ids=["plain", "traced"])
def test_payload_goes_past_python_only_where_nobody_looks_at_it(
    face: type[HTTPConnection],
    is_traced: bool,
    file: io.BufferedReader,
    sendfile_calls: list[int],
) -> None:
    told: list[int] = []

    class Telling(TracingTransport):
        def on_sent(self, octets: memoryview) -> None:
            told.append(len(octets))

        def on_received(self, octets: memoryview) -> None:
            pass

    layers = Layers(transport=Telling) if is_traced else Layers()
    peer = Peer(receive_and_answer)
    with peer, client_of(peer, face=with_layers(face, layers)) as connection:
        connection.send_request("PUT", "/", body=BodyFollowing(SIZE))
        connection.send_file(file)
        assert connection.read_response().status == 200
    assert peer.received.endswith(b"\r\n\r\n" + payload(SIZE))
    assert sum(sendfile_calls) == (0 if is_traced else SIZE)
    assert not is_traced or sum(told) > SIZE


@both_faces
def test_peer_that_reads_slowly_is_waited_for(
    face: type[HTTPConnection], file: io.BufferedReader
) -> None:
    peer = Peer(receive_and_answer, receive_buffer=4096)
    with peer, client_of(peer, face=face) as connection:
        connection.send_request("PUT", "/", body=BodyFollowing(SIZE))
        assert connection.send_file(file) == SIZE
        assert connection.read_response().status == 200
    assert peer.received.endswith(b"\r\n\r\n" + payload(SIZE))


@both_faces
def test_timeout_ends_a_file_that_nobody_takes(
    face: type[HTTPConnection], file: io.BufferedReader
) -> None:
    over = threading.Event()

    def handle(connection: Connection) -> None:
        connection.receive_head()
        wait_for(over)

    peer = Peer(may_be_cut(handle), receive_buffer=4096)
    with no_descriptor_leak(), peer, client_of(peer, face=face) as connection:
        connection.connect()
        connection.timeout = 0.1
        connection.send_request("PUT", "/", body=BodyFollowing(10**12))
        with contextlib.ExitStack() as stack:
            stack.callback(over.set)
            with pytest.raises(ConnectionTimedOut):
                send_again_and_again(connection, file)
        assert 0 <= file.tell() <= SIZE
        connection.disconnect()


@both_faces
@pytest.mark.parametrize("length", [10**12, None], ids=["sized", "chunked"])
def test_error_response_in_the_middle_of_a_file_is_read(
    face: type[HTTPConnection], length: int | None, file: io.BufferedReader
) -> None:
    begun, refused = threading.Event(), threading.Event()

    def refuse(connection: Connection) -> None:
        connection.receive_head()
        wait_for(begun)
        connection.send(TOO_LARGE)
        connection.reset()
        refused.set()

    with Peer(refuse) as peer, client_of(peer, face=face) as connection:
        connection.send_request("PUT", "/", body=BodyFollowing(length))
        connection.send_file(file, 2_000)
        begun.set()
        wait_for(refused)
        with pytest.raises(ConnectionClosed):
            send_again_and_again(connection, file)
        assert connection.read_response().status == 413
        assert connection.readall() == b"sorry"


@both_faces
def test_disconnect_from_another_thread_ends_a_file(
    face: type[HTTPConnection], file: io.BufferedReader
) -> None:
    begun = threading.Event()

    def handle(connection: Connection) -> None:
        connection.receive_head()
        begun.set()
        connection.receive_until_eof()

    peer = Peer(may_be_cut(handle), receive_buffer=4096)
    with peer, client_of(peer, face=face) as connection:

        def send() -> None:
            connection.send_request("PUT", "/", body=BodyFollowing(10**12))
            with pytest.raises(ConnectionClosed):
                send_again_and_again(connection, file)

        sending = in_background(send)
        wait_for(begun)
        connection.disconnect()
        sending.result(LIMIT)
        assert not file.closed


def test_one_thread_sends_files_while_another_reads(path: Path) -> None:
    count = 200

    def send() -> None:
        for number in range(count):
            with path.open("rb") as file:
                file.seek(number)
                connection.send_request("PUT", f"/{number}", body=BodyFollowing(5_000))
                assert connection.send_file(file, 5_000) == 5_000
            sent.release()

    sent = threading.Semaphore(0)
    with Peer(receive_and_answer) as peer, client_of(peer) as connection:
        connection.connect()
        sending = in_background(send)
        for number in range(count):
            assert sent.acquire(timeout=LIMIT)
            assert connection.read_response().path == f"/{number}"
            assert connection.readall() == b"ok"
        sending.result(LIMIT)


def test_pipe_is_sent_as_it_comes() -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb") as pipe:  # noqa: PTH123  # a descriptor is no path
            pipe.write(payload(200_000))

    with (
        Peer(receive_and_answer) as peer,
        client_of(peer) as connection,
        open(reading, "rb", buffering=0) as pipe,  # noqa: PTH123
    ):
        connection.send_request("PUT", "/", body=BodyFollowing(200_000))
        writer = in_background(write)
        assert connection.send_file(pipe) == 200_000
        writer.result(LIMIT)
        assert connection.read_response().status == 200
        assert peer.received.endswith(payload(200_000))


def test_event_loop_gets_its_turn_and_cancelling_ends_the_sending(
    file: io.BufferedReader,
) -> None:
    async def main(connection: HTTPConnection) -> None:
        await AioFuture(connection.co_send_request("PUT", "/", body=BodyFollowing(10**12)))
        sending = AioFuture(connection.co_send_file(file))
        assert not sending.done()  # it had its fair share
        assert sending.cancel()

    peer = Peer(may_be_cut(lambda connection: connection.discard(10**9)))
    with peer, client_of(peer) as connection:
        asyncio.run(main(connection))
        with pytest.raises(ConnectionClosed):
            connection.write(b"x")
        assert 0 < file.tell() < SIZE


PROGRAM: Final = """
import signal, socket, sys
from dugong import BodyFollowing, ConnectionClosed, HTTPConnection, Layers
from dugong.network.plain_transport import PlainTransport

def make(sock):
    sockets.append(sock)
    return PlainTransport(sock)

class Connection(HTTPConnection):
    layers = Layers(transport=make)

sockets = []
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
with Connection("127.0.0.1", int(sys.argv[1]), timeout=20) as connection:
    connection.send_request("PUT", "/", body=BodyFollowing(10**12))
    sockets[0].shutdown(socket.SHUT_WR)
    with open(sys.argv[2], "rb") as file:
        try:
            connection.send_file(file)
        except ConnectionClosed:
            print("closed")
"""


def test_program_that_lets_sigpipe_act_does_not_die_of_it(path: Path) -> None:
    def handle(connection: Connection) -> None:
        connection.receive_until_eof()

    with Peer(handle) as peer:
        program = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(peer.port), str(path)],
            cwd=ROOT,
            capture_output=True,
            check=False,
            text=True,
            timeout=LIMIT,
        )
    assert (program.returncode, program.stdout) == (0, "closed\n"), program.stderr
