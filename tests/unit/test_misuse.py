"""Every public method in every state of a connection, in both faces.

It works, or raises an error that is documented for it; never another one, and it never hangs.
Whatever happened, after disconnect() the object is usable.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    ExcessBodyData,
    HTTPConnection,
    InvalidResponse,
    PollNeeded,
    StateError,
    UnsupportedResponse,
)
from dugong.testing import END, ScriptedTransport
from tests.unit.faces import (
    CHUNKED,
    CONTINUE,
    UNTIL_CLOSE,
    Driven,
    Face,
    both_faces,
    chunked,
    connection,
    head,
    reply,
    suspend,
)

if TYPE_CHECKING:
    from dugong.testing.scripted import Line

# -- states


@attrs.define(eq=False)
class Scene:
    """A connection that is brought into a state.

    Attributes:
        http: The connection.
        transport: What its first connection is opened to.
        suspended: Operations that are under way.
        opens_late: Whether opening the next connection has to wait.
    """

    http: Driven
    transport: ScriptedTransport
    suspended: list[Generator[PollNeeded, None, object]] = attrs.field(factory=list)
    opens_late: bool = False

    def receive(self, *lines: Line) -> None:
        """Have the server send something, and the response that it begins read."""
        self.transport.extend(*lines)
        self.http.read_response()

    def upload(self, body: BodyFollowing, *, expect100: bool = False) -> None:
        self.http.send_request("PUT", "/upload", None, body, expect100)

    def fail(self, error: type[Exception], operation: Callable[[], object]) -> None:
        with pytest.raises(error):
            operation()


State = Callable[[Scene], None]
STATES: Final[dict[str, State]] = {}


def state(build: State) -> State:
    STATES[build.__name__.replace("_", " ")] = build
    return build


@state
def unconnected(scene: Scene) -> None:
    pass


@state
def connected(scene: Scene) -> None:
    scene.http.connect()


@state
def being_opened(scene: Scene) -> None:
    scene.opens_late = True
    crt = scene.http.conn.co_connect()
    suspend(crt)
    scene.suspended.append(crt)


@state
def idle_after_a_response(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(reply())


@state
def request_sent(scene: Scene) -> None:
    scene.http.send_request()


@state
def requests_pipelined(scene: Scene) -> None:
    scene.http.send_request()
    scene.http.send_request("PUT", "/", body=b"body")


@state
def head_incomplete(scene: Scene) -> None:
    scene.http.send_request()
    scene.transport.extend(head(status=b"103 Hints") + b"HTTP/1.1 2")
    scene.fail(ConnectionTimedOut, scene.http.read_response)


@state
def sized_upload_open(scene: Scene) -> None:
    scene.upload(BodyFollowing(8))
    scene.http.write(b"123")


@state
def chunked_upload_open(scene: Scene) -> None:
    scene.upload(BodyFollowing())
    scene.http.write(b"123")


@state
def upload_open_behind_a_request(scene: Scene) -> None:
    scene.http.send_request()
    scene.upload(BodyFollowing(8))


@state
def sized_upload_complete(scene: Scene) -> None:
    scene.upload(BodyFollowing(3))
    scene.http.write(b"123")


@state
def chunked_upload_complete(scene: Scene) -> None:
    scene.upload(BodyFollowing())
    scene.http.end_body()


@state
def awaiting_100(scene: Scene) -> None:
    scene.upload(BodyFollowing(8), expect100=True)


@state
def awaiting_100_before_chunks(scene: Scene) -> None:
    scene.upload(BodyFollowing(), expect100=True)


@state
def continued(scene: Scene) -> None:
    scene.upload(BodyFollowing(8), expect100=True)
    scene.receive(CONTINUE)


@state
def continue_skipped(scene: Scene) -> None:
    scene.upload(BodyFollowing(), expect100=True)
    scene.http.conn.skip_continue()


@state
def refused(scene: Scene) -> None:
    scene.upload(BodyFollowing(8), expect100=True)
    scene.receive(reply(b"12345678", status=b"417 No"))


@state
def refused_and_closing(scene: Scene) -> None:
    scene.upload(BodyFollowing(8), expect100=True)
    scene.receive(reply(b"12345678", b"Connection: close", status=b"417 No"))


@state
def refused_and_read(scene: Scene) -> None:
    scene.upload(BodyFollowing(8), expect100=True)
    scene.receive(reply(status=b"417 No"))


@state
def sized_body_open(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(reply(b"12345678"))


@state
def sized_body_incomplete(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(head(b"Content-Length: 100000"), b"12345678")


@state
def chunked_body_open(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(CHUNKED + chunked(b"1234", b"5678", trailers=b"A: b\r\n"))


@state
def chunked_body_incomplete(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(CHUNKED + b"8\r\n1234")


@state
def until_close_body_open(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(UNTIL_CLOSE + b"12345678", END)


@state
def faulty_body_open(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(head(b"Content-Length: x") + b"12345678")


@state
def unsupported_body_open(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(head(b"Transfer-Encoding: gzip") + b"12345678")


@state
def body_open_and_upload_open(scene: Scene) -> None:
    scene.http.send_request()
    scene.upload(BodyFollowing())
    scene.receive(reply(b"12345678"))


@state
def readall_unfinished(scene: Scene) -> None:
    sized_body_incomplete(scene)
    scene.fail(ConnectionTimedOut, scene.http.readall)


@state
def last_response_open(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(reply(b"12345678", b"Connection: close"))


@state
def ended_by_the_server(scene: Scene) -> None:
    scene.http.send_request()
    scene.http.send_request()
    scene.receive(reply(b"", b"Connection: close"))


@state
def ended_by_the_server_within_an_upload(scene: Scene) -> None:
    scene.http.send_request()
    scene.upload(BodyFollowing(8))
    scene.receive(reply(b"", b"Connection: close"))


@state
def ended_by_the_caller(scene: Scene) -> None:
    scene.http.send_request("GET", "/", {"Connection": "close"})


@state
def sending_ended(scene: Scene) -> None:
    scene.upload(BodyFollowing(8))
    scene.transport._accepts.extend([2, ConnectionClosed("reset")])
    scene.fail(ConnectionClosed, lambda: scene.http.write(b"12345678"))


@state
def sending_ended_with_a_response(scene: Scene) -> None:
    sending_ended(scene)
    scene.transport.extend(reply(b"too large", status=b"413 No"), END)


@state
def sending_ended_before_anything_went_out(scene: Scene) -> None:
    scene.http.connect()
    scene.transport._accepts.append(ConnectionClosed("reset"))
    scene.fail(ConnectionClosed, scene.http.send_request)


@state
def sending_ended_within_an_expectation(scene: Scene) -> None:
    scene.http.connect()
    scene.transport._accepts.extend([2, ConnectionClosed("reset")])
    scene.fail(ConnectionClosed, lambda: scene.upload(BodyFollowing(8), expect100=True))


@state
def dead_by_an_invalid_response(scene: Scene) -> None:
    scene.http.send_request()
    scene.transport.extend(b"nonsense")
    scene.fail(InvalidResponse, scene.http.read_response)


@state
def dead_by_an_unsupported_response(scene: Scene) -> None:
    scene.http.send_request()
    scene.transport.extend(b"HTTP/2.0 200 OK\r\n")
    scene.fail(UnsupportedResponse, scene.http.read_response)


@state
def dead_by_eof(scene: Scene) -> None:
    scene.http.send_request()
    scene.transport.extend(END)
    scene.fail(ConnectionClosed, scene.http.read_response)


@state
def dead_by_a_reset_in_a_body(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(head(b"Content-Length: 8"), ConnectionClosed("reset"))
    scene.fail(ConnectionClosed, lambda: scene.http.read(5))


@state
def dead_by_an_error_of_the_socket(scene: Scene) -> None:
    scene.http.send_request()
    scene.transport.extend(OSError(5, "input/output error"))
    scene.fail(OSError, scene.http.read_response)


@state
def idle_with_stray_octets(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(reply() + b"stray")


@state
def idle_after_eof(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(reply())
    scene.transport.extend(END)


@state
def disconnected(scene: Scene) -> None:
    idle_after_a_response(scene)
    scene.http.conn.disconnect()


@state
def disconnected_with_a_response_owed(scene: Scene) -> None:
    scene.http.send_request()
    scene.http.conn.disconnect()


@state
def disconnected_within_a_body(scene: Scene) -> None:
    sized_body_open(scene)
    scene.http.conn.disconnect()


@state
def disconnected_within_an_upload(scene: Scene) -> None:
    chunked_upload_open(scene)
    scene.http.conn.disconnect()


@state
def disconnected_twice_within_a_body(scene: Scene) -> None:
    sized_body_open(scene)
    scene.http.conn.disconnect()
    scene.http.conn.disconnect()


@state
def read_raw_on_an_idle_connection(scene: Scene) -> None:
    idle_after_a_response(scene)
    scene.fail(ConnectionTimedOut, lambda: scene.http.conn.read_raw(5))


@state
def read_raw_within_a_body(scene: Scene) -> None:
    sized_body_open(scene)
    scene.http.conn.read_raw(3)


@state
def read_raw_after_an_invalid_response(scene: Scene) -> None:
    dead_by_an_invalid_response(scene)
    scene.http.conn.read_raw(3)


@state
def request_suspended_before_anything_went_out(scene: Scene) -> None:
    scene.http.connect()
    scene.transport._accepts.append(0)
    crt = scene.http.conn.co_send_request("PUT", "/", None, b"body")
    suspend(crt)
    scene.suspended.append(crt)


@state
def request_suspended(scene: Scene) -> None:
    scene.http.connect()
    scene.transport._accepts.extend([3, 0])
    crt = scene.http.conn.co_send_request("PUT", "/", None, b"body")
    suspend(crt)
    scene.suspended.append(crt)


@state
def write_suspended(scene: Scene) -> None:
    scene.upload(BodyFollowing(8))
    scene.transport._accepts.extend([3, 0])
    crt = scene.http.conn.co_write(b"12345678")
    suspend(crt)
    scene.suspended.append(crt)


@state
def read_response_suspended(scene: Scene) -> None:
    scene.http.send_request()
    crt = scene.http.conn.co_read_response()
    suspend(crt)
    scene.suspended.append(crt)


@state
def readinto_suspended(scene: Scene) -> None:
    scene.http.send_request()
    scene.receive(head(b"Content-Length: 100000"))
    crt = scene.http.conn.co_readinto(bytearray(50_000))
    suspend(crt)
    scene.suspended.append(crt)


# -- calls


@attrs.frozen
class Call:
    """A call of a public method, and what it may raise beside the error of a dead connection."""

    run: Callable[[Driven], object]
    errors: tuple[type[Exception], ...] = ()


# What ends a connection, and a wait that ended
NETWORK: Final = (ConnectionClosed, InvalidResponse, UnsupportedResponse, OSError)
WAITS: Final = (*NETWORK, ConnectionTimedOut)


def send_disk_file(http: Driven, count: int) -> None:
    with Path(__file__).open("rb") as file:
        http.send_file(file, count)


CALLS: Final = {
    "connect": Call(Driven.connect, (StateError, *WAITS)),
    "send_request": Call(Driven.send_request, (StateError, *WAITS)),
    "send_request octets": Call(
        lambda http: http.send_request("PUT", "/", {"A": "b"}, b"12345"), (StateError, *WAITS)
    ),
    "send_request sized": Call(
        lambda http: http.send_request("PUT", "/", body=BodyFollowing(5)), (StateError, *WAITS)
    ),
    "send_request chunked": Call(
        lambda http: http.send_request("PUT", "/", body=BodyFollowing()), (StateError, *WAITS)
    ),
    "send_request expect100": Call(
        lambda http: http.send_request("PUT", "/", None, BodyFollowing(5), True),
        (StateError, *WAITS),
    ),
    "send_request close": Call(
        lambda http: http.send_request("GET", "/", {"Connection": "close"}), (StateError, *WAITS)
    ),
    "send_request wrong": Call(lambda http: http.send_request("A B", "/"), (ValueError,)),
    "send_request None": Call(
        lambda http: http.send_request("PUT", None),  # type: ignore[arg-type]  # misuse
        (TypeError,),
    ),
    "write": Call(lambda http: http.write(b"12345"), (StateError, ExcessBodyData, *WAITS)),
    "write nothing": Call(lambda http: http.write(b""), (StateError, *WAITS)),
    "write too much": Call(
        lambda http: http.write(b"123456789"), (StateError, ExcessBodyData, *WAITS)
    ),
    "write str": Call(lambda http: http.write("12345"), (TypeError,)),  # type: ignore[arg-type]
    "send_file": Call(
        lambda http: http.send_file(io.BytesIO(b"12345")), (StateError, ExcessBodyData, *WAITS)
    ),
    "send_file of a disk": Call(
        lambda http: send_disk_file(http, 5), (StateError, ExcessBodyData, *WAITS)
    ),
    "send_file of a disk too much": Call(
        lambda http: send_disk_file(http, 9), (StateError, ExcessBodyData, *WAITS)
    ),
    "send_file nothing": Call(lambda http: http.send_file(io.BytesIO()), (StateError, *WAITS)),
    "send_file too much": Call(
        lambda http: http.send_file(io.BytesIO(b"123456789")), (StateError, ExcessBodyData, *WAITS)
    ),
    "send_file too little": Call(
        lambda http: http.send_file(io.BytesIO(b"1234"), 5),
        (StateError, EOFError, ExcessBodyData, *WAITS),
    ),
    "send_file str": Call(
        lambda http: http.send_file(io.StringIO("12345")),  # type: ignore[arg-type]  # misuse
        (TypeError,),
    ),
    "send_file None": Call(lambda http: http.send_file(None), (TypeError,)),  # type: ignore[arg-type]
    "send_file negative": Call(lambda http: http.send_file(io.BytesIO(), -1), (ValueError,)),
    "end_body": Call(Driven.end_body, (StateError, *WAITS)),
    "end_body trailers": Call(
        lambda http: http.end_body({"A": "b"}), (StateError, ValueError, *WAITS)
    ),
    "end_body wrong": Call(lambda http: http.end_body({"Host": "b"}), (ValueError,)),
    "skip_continue": Call(lambda http: http.conn.skip_continue(), (StateError, *WAITS)),
    "read_response": Call(Driven.read_response, (StateError, *WAITS)),
    "read": Call(lambda http: http.read(5), (StateError, *WAITS)),
    "read rest": Call(Driven.read, (StateError, *WAITS)),
    "read nothing": Call(lambda http: http.read(0)),
    "read wrong": Call(lambda http: http.read(1.5), (TypeError,)),  # type: ignore[arg-type]
    "readinto": Call(lambda http: http.readinto(bytearray(5)), (StateError, *WAITS)),
    "readinto large": Call(lambda http: http.readinto(bytearray(50_000)), (StateError, *WAITS)),
    "readinto nothing": Call(lambda http: http.readinto(bytearray())),
    "readinto wrong": Call(lambda http: http.readinto(b"12345"), (TypeError,)),
    "readall": Call(Driven.readall, (StateError, *WAITS)),
    "discard": Call(Driven.discard, (StateError, *WAITS)),
    "readline": Call(lambda http: http.conn.readline(), (StateError, *WAITS)),
    "iteration": Call(lambda http: list(http.conn), (StateError, *WAITS)),
    "read1": Call(lambda http: http.conn.read1(), (StateError, *WAITS)),
    "read_raw": Call(lambda http: http.conn.read_raw(5), (StateError, *WAITS)),
    "read_raw nothing": Call(lambda http: http.conn.read_raw(0), (StateError, ConnectionClosed)),
    "read_raw wrong": Call(lambda http: http.conn.read_raw(-1), (ValueError,)),
    "trailers": Call(lambda http: http.conn.trailers),
    "response_pending": Call(lambda http: http.conn.response_pending()),
    "get_ssl_cipher": Call(lambda http: http.conn.get_ssl_cipher()),
    "get_ssl_peercert": Call(lambda http: http.conn.get_ssl_peercert()),
    "disconnect": Call(lambda http: http.conn.disconnect()),
    "reset": Call(lambda http: http.conn.reset()),
    "close": Call(lambda http: http.conn.close()),
    "flush": Call(lambda http: http.conn.flush()),
    "timeout": Call(lambda http: setattr(http.conn, "timeout", 0)),
    "repr": Call(repr),
}


@contextlib.contextmanager
def scene_of(face: Face) -> Iterator[Scene]:
    """Give a scene, with connections that answer behind the first one."""
    transports = [ScriptedTransport()]

    def co_open() -> Generator[PollNeeded, None, ScriptedTransport]:
        transport = transports[-1]
        transports.append(ScriptedTransport(reply(b"fresh"), END))
        if scene.opens_late:
            scene.opens_late = False
            yield transport.readable
        return transport

    conn = connection(co_open, timeout=0)
    scene = Scene(Driven(face, conn), transports[0])
    try:
        yield scene
    finally:
        conn.disconnect()
        for crt in scene.suspended:
            crt.close()
        for transport in transports:
            transport.close()


@both_faces
@pytest.mark.parametrize("build", [pytest.param(b, id=name) for name, b in STATES.items()])
def test_every_call_works_or_raises_a_documented_error(build: State, face: Face) -> None:
    for name, call in CALLS.items():
        with scene_of(face) as scene, naming(name):
            build(scene)
            with contextlib.suppress(*call.errors):
                call.run(scene.http)
            assert scene.http.conn.response_pending() in (True, False)
            assert_usable_after_disconnect(scene)


@contextlib.contextmanager
def naming(call: str) -> Iterator[None]:
    """Say in which call an error occurred."""
    try:
        yield
    except BaseException as exc:
        exc.add_note(f"in the call: {call}")
        raise


def assert_usable_after_disconnect(scene: Scene) -> None:
    http = scene.http
    http.conn.disconnect()
    assert not http.conn.response_pending()
    for crt in scene.suspended:
        crt.close()
    http.send_request("GET", "/again")
    if http.conn._talk.link.transport is scene.transport:  # there was no connection before
        scene.transport.extend(reply(b"fresh"))
    assert http.read_response().path == "/again"
    assert http.readall() == b"fresh"


def test_calls_are_all_public_methods() -> None:
    called = {name.split()[0] for name in CALLS} | {"readable", "writable", "seekable", "isatty"}
    called |= {
        "for_url",
        "readinto1",
        "readlines",
        "writelines",
        "fileno",
        "tell",
        "seek",
        "truncate",
        "detach",
    }
    methods = {
        name
        for name in dir(HTTPConnection)
        if not name.startswith(("_", "co_")) and callable(getattr(HTTPConnection, name))
    }
    assert methods - called - {"layers"} == set()
