"""connect(), disconnect(), reset(), and what a failed attempt leaves behind."""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    HTTPConnection,
    InvalidResponse,
    PollNeeded,
    StateError,
)
from dugong.polling import POLLIN
from dugong.testing import END, ScriptedTransport
from tests.unit.faces import (
    CHUNKED,
    Driven,
    Face,
    both_faces,
    chunked,
    connection,
    driven,
    finish,
    head,
    opening_to,
    reply,
    suspend,
)

if TYPE_CHECKING:
    from dugong.network.transport import Transport


@pytest.fixture
def silence() -> Iterator[PollNeeded]:
    """Give a wait that never ends."""
    mine, other = socket.socketpair()
    with mine, other:
        yield PollNeeded(mine.fileno(), POLLIN)


class SlowOpening:
    """Opens a connection after a wait, which happens only the first time."""

    def __init__(self, needed: PollNeeded, transport: ScriptedTransport) -> None:
        self.attempts = 0
        self._needed = needed
        self._transport = transport

    def __call__(self) -> Generator[PollNeeded, None, Transport]:
        self.attempts += 1
        if self.attempts == 1:
            yield self._needed
        return self._transport


@both_faces
def test_connect_opens_the_connection(face: Face) -> None:
    with driven(face, ScriptedTransport(reply())) as http:
        http.connect()
        assert http.conn._talk.link.is_open


@both_faces
def test_connect_does_nothing_on_an_open_connection(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"one"))) as http:
        http.get()
        http.connect()
        assert http.readall() == b"one"


@both_faces
def test_connect_does_nothing_while_a_response_is_open_that_is_the_last(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"one", b"Connection: close"))) as http:
        http.get()
        http.connect()
        assert http.readall() == b"one"


@both_faces
def test_connect_raises_the_error_of_a_dead_connection(face: Face) -> None:
    with driven(face, ScriptedTransport(b"nonsense")) as http:
        with pytest.raises(InvalidResponse):
            http.get()
        with pytest.raises(InvalidResponse):
            http.connect()


@both_faces
def test_connect_raises_after_the_last_response(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"", b"Connection: close"))) as http:
        http.get()
        with pytest.raises(ConnectionClosed):
            http.connect()


@both_faces
def test_send_request_opens_the_connection(face: Face) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        http.send_request("GET", "/")
        assert transport.sent.startswith(b"GET / HTTP/1.1\r\n")


@both_faces
@pytest.mark.parametrize("error", [ConnectionRefusedError("no"), ConnectionTimedOut("late")])
def test_failed_connecting_books_nothing(face: Face, error: Exception) -> None:
    conn = connection(opening_to(error))
    with conn, pytest.raises(type(error)):
        Driven(face, conn).send_request("GET", "/")
    assert not conn.response_pending()


@both_faces
def test_failed_connecting_can_be_repeated_by_the_same_call(face: Face) -> None:
    transport = ScriptedTransport(reply(b"at last"))
    with connection(opening_to(ConnectionRefusedError("no"), transport)) as conn:
        http = Driven(face, conn)
        with pytest.raises(ConnectionRefusedError):
            http.send_request("GET", "/")
        assert http.get().status == 200
        assert http.readall() == b"at last"


@both_faces
def test_failed_connecting_gives_up_the_body(face: Face) -> None:
    body = bytearray(b"body")
    with (
        connection(opening_to(ConnectionRefusedError("no"))) as conn,
        pytest.raises(ConnectionRefusedError) as caught,
    ):
        Driven(face, conn).send_request("PUT", "/", body=body)
    body.clear()  # while the error, with its traceback, still exists
    assert caught.value.__traceback__ is not None


@both_faces
def test_connecting_that_times_out_leaves_an_unconnected_object(
    face: Face, silence: PollNeeded
) -> None:
    transport = ScriptedTransport(reply(b"at last"))
    with connection(SlowOpening(silence, transport), timeout=0) as conn:
        http = Driven(face, conn)
        with pytest.raises(ConnectionTimedOut):
            http.send_request("GET", "/")
        assert not conn.response_pending()
        assert http.get().status == 200


def test_connecting_that_is_dropped_leaves_an_unconnected_object(silence: PollNeeded) -> None:
    transport = ScriptedTransport(reply(b"at last"))
    with connection(SlowOpening(silence, transport)) as conn:
        crt = conn.co_send_request("GET", "/dropped")
        suspend(crt)
        crt.close()
        finish(conn.co_send_request("GET", "/"))
        assert conn.read_response().path == "/"


@pytest.mark.parametrize(
    ("second", "arguments"),
    [
        pytest.param("connect", (), id="connect"),
        pytest.param("send_request", ("GET", "/"), id="send_request"),
    ],
)
def test_second_call_while_the_connection_is_being_opened_is_misuse(
    silence: PollNeeded, second: str, arguments: tuple[str, ...]
) -> None:
    transport = ScriptedTransport(reply())
    with connection(SlowOpening(silence, transport)) as conn:
        crt = conn.co_connect()
        suspend(crt)
        with pytest.raises(StateError):
            getattr(conn, second)(*arguments)
        finish(crt)
        transport.close()


def test_disconnect_ends_what_opens_the_connection(silence: PollNeeded) -> None:
    transport = ScriptedTransport(reply())
    conn = connection(SlowOpening(silence, transport))
    crt = conn.co_connect()
    suspend(crt)
    conn.disconnect()
    with pytest.raises(ConnectionClosed):
        suspend(crt)
    assert transport.is_closed


@both_faces
@pytest.mark.parametrize("name", ["disconnect", "reset", "__exit__"])
def test_after_disconnect_the_next_request_takes_a_new_connection(face: Face, name: str) -> None:
    first = ScriptedTransport(reply(b"unread"))
    with driven(face, first, ScriptedTransport(reply(b"fresh"))) as http:
        http.get()
        if name == "__exit__":
            http.conn.__exit__(None, None, None)
        else:
            getattr(http.conn, name)()
        assert first.is_closed
        http.get()
        assert http.readall() == b"fresh"


@both_faces
@pytest.mark.parametrize(
    "body",
    [pytest.param(BodyFollowing(10), id="sized"), pytest.param(BodyFollowing(), id="chunked")],
)
def test_upload_that_was_in_progress_meets_the_disconnect(face: Face, body: BodyFollowing) -> None:
    second = ScriptedTransport(reply())
    with driven(face, ScriptedTransport(), second) as http:
        http.send_request("PUT", "/", body=body)
        http.write(b"1234")
        http.conn.disconnect()
        with pytest.raises(ConnectionClosed, match="disconnect"):
            http.write(b"567890")
        with pytest.raises(ConnectionClosed, match="disconnect"):
            http.end_body()
        http.get()
        assert second.sent.startswith(b"GET / ")


@both_faces
def test_awaited_100_meets_the_disconnect(face: Face) -> None:
    with driven(face, ScriptedTransport()) as http:
        http.send_request("PUT", "/", None, BodyFollowing(10), True)
        http.conn.disconnect()
        with pytest.raises(ConnectionClosed, match="disconnect"):
            http.read_response()
        with pytest.raises(ConnectionClosed, match="disconnect"):
            http.conn.skip_continue()


@both_faces
def test_download_that_was_in_progress_meets_the_disconnect(face: Face) -> None:
    # Its end must not look like the end of the body.
    with driven(face, ScriptedTransport(reply(b"12345678")), ScriptedTransport(reply())) as http:
        http.get()
        assert http.read(4) == b"1234"
        http.conn.disconnect()
        buf = bytearray(4)
        for attempt in (
            lambda: http.read(4),
            lambda: http.readinto(buf),
            http.readall,
            http.discard,
        ):
            with pytest.raises(ConnectionClosed, match="disconnect"):
                attempt()
        assert http.get().status == 200


@both_faces
def test_owed_response_meets_the_disconnect(face: Face) -> None:
    with driven(face, ScriptedTransport(reply())) as http:
        http.send_request()
        http.conn.disconnect()
        with pytest.raises(ConnectionClosed, match="disconnect"):
            http.read_response()


@both_faces
def test_lost_rest_of_a_body_is_told_until_the_next_response(face: Face) -> None:
    # Who was between two reads must not take the silence of a new connection for the end.
    first = ScriptedTransport(reply(b"12345678"))
    with driven(face, first, ScriptedTransport(reply(b"new"))) as http:
        http.get()
        http.read(4)
        http.conn.disconnect()
        http.conn.disconnect()
        http.send_request()
        for attempt in (
            lambda: http.read(4),
            lambda: http.readinto(bytearray(4)),
            http.readall,
            http.discard,
        ):
            with pytest.raises(ConnectionClosed, match="disconnect"):
                attempt()
        http.read_response()
        assert http.readall() == b"new"


@both_faces
def test_lost_rest_of_a_body_is_forgotten_behind_the_next_response(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"lost")), ScriptedTransport(reply(b"new"))) as http:
        http.get()
        http.conn.disconnect()
        http.get()
        assert http.readall() == b"new"
        assert http.read(5) == b""


@both_faces
def test_second_disconnect_makes_the_object_as_new(face: Face) -> None:
    with driven(face, ScriptedTransport(reply())) as http:
        http.send_request()
        http.conn.disconnect()
        http.conn.disconnect()
        assert http.read(4) == b""
        with pytest.raises(StateError):
            http.read_response()


@both_faces
def test_disconnect_with_nothing_owed_makes_the_object_as_new(face: Face) -> None:
    with driven(face, ScriptedTransport(reply())) as http:
        http.get()
        http.conn.disconnect()
        assert http.read(4) == b""
        with pytest.raises(StateError):
            http.read_response()
        with pytest.raises(StateError):
            http.write(b"x")


@both_faces
def test_disconnect_makes_a_dead_connection_usable(face: Face) -> None:
    with driven(face, ScriptedTransport(b"nonsense"), ScriptedTransport(reply())) as http:
        with pytest.raises(InvalidResponse):
            http.get()
        http.conn.disconnect()
        assert http.get().status == 200


@both_faces
def test_disconnect_forgets_a_body_whose_loss_was_told(face: Face) -> None:
    with driven(face, ScriptedTransport(head(b"Content-Length: 5"), END)) as http:
        http.get()
        with pytest.raises(ConnectionClosed):
            http.read(5)
        http.conn.disconnect()
        assert http.read(5) == b""


@both_faces
def test_disconnect_makes_a_connection_that_the_server_ended_usable(face: Face) -> None:
    last = ScriptedTransport(reply(b"", b"Connection: close"))
    with driven(face, last, ScriptedTransport(reply())) as http:
        http.get()
        http.conn.disconnect()
        assert http.get().status == 200


def test_disconnect_never_raises_and_may_be_called_twice() -> None:
    conn = HTTPConnection("example.com")
    conn.disconnect()
    conn.disconnect()
    assert not conn.response_pending()


@both_faces
def test_disconnect_forgets_what_was_owed(face: Face) -> None:
    with driven(face, ScriptedTransport()) as http:
        http.send_request()
        assert http.conn.response_pending()
        http.conn.disconnect()
        assert not http.conn.response_pending()


@both_faces
def test_disconnect_forgets_trailers(face: Face) -> None:
    with driven(face, ScriptedTransport(CHUNKED + chunked(b"x", trailers=b"A: b\r\n"))) as http:
        http.get()
        http.discard()
        http.conn.disconnect()
        assert http.conn.trailers is None


@both_faces
def test_disconnect_forgets_what_readall_gathered(face: Face) -> None:
    silent = ScriptedTransport(head(b"Content-Length: 10") + b"12345")
    with driven(face, silent, ScriptedTransport(reply(b"new")), timeout=0) as http:
        http.get()
        with pytest.raises(ConnectionTimedOut):
            http.readall()
        http.conn.disconnect()
        http.get()
        assert http.readall() == b"new"


def test_context_manager_disconnects() -> None:
    transport = ScriptedTransport(reply(b"unread"))
    with connection(opening_to(transport)) as conn:
        conn.send_request("GET", "/")
    assert transport.is_closed


def test_suspended_read_is_closed_by_disconnect() -> None:
    transport = ScriptedTransport(head(b"Content-Length: 10"))
    with driven(Face.COROUTINE, transport) as http:
        http.get()
        crt = http.conn.co_read(5)
        suspend(crt)
        http.conn.disconnect()
        with pytest.raises(ConnectionClosed, match="disconnect"):
            suspend(crt)


def test_suspended_coroutine_stays_bound_to_its_own_connection() -> None:
    first = ScriptedTransport(head(b"Content-Length: 10"))
    with driven(Face.COROUTINE, first, ScriptedTransport(reply(b"second"))) as http:
        http.get()
        crt = http.conn.co_readall()
        suspend(crt)
        http.conn.disconnect()
        http.get()
        with pytest.raises(ConnectionClosed):
            suspend(crt)
        assert http.readall() == b"second"


def test_descriptor_is_kept_until_the_last_suspended_operation_ends() -> None:
    transport = ScriptedTransport(head(b"Content-Length: 10"))
    with driven(Face.COROUTINE, transport) as http:
        http.get()
        crt = http.conn.co_read(5)
        suspend(crt)
        http.conn.disconnect()
        assert not transport.is_closed
        crt.close()
        assert transport.is_closed


def test_descriptor_is_kept_until_both_halves_have_ended() -> None:
    transport = ScriptedTransport(END)
    with driven(Face.COROUTINE, transport) as http:
        http.connect()
        transport._accepts.append(0)
        sending = http.conn.co_send_request("GET", "/")
        suspend(sending)
        reading = http.conn.co_read_response()
        suspend(reading)
        http.conn.disconnect()
        with pytest.raises(ConnectionClosed):
            suspend(sending)
        assert not transport.is_closed
        with pytest.raises(ConnectionClosed):
            suspend(reading)
        assert transport.is_closed


@pytest.mark.parametrize(
    "name",
    [
        "connect",
        "send_request",
        "write",
        "end_body",
        "read_response",
        "read",
        "readinto",
        "readall",
        "discard",
    ],
)
def test_coroutine_does_nothing_before_its_first_resume(name: str) -> None:
    def co_open() -> Generator[PollNeeded, None, Transport]:
        raise AssertionError("opened")

    # Arguments that every check would refuse
    arguments: dict[str, tuple[object, ...]] = {
        "send_request": ("bad method", 5),
        "write": (5,),
        "end_body": (5,),
        "read": ("five",),
        "readinto": (b"read-only",),
    }
    with connection(co_open) as conn:
        crt = getattr(conn, f"co_{name}")(*arguments.get(name, ()))
        crt.close()


def test_coroutine_takes_the_connection_that_exists_when_it_is_resumed_first() -> None:
    with driven(
        Face.COROUTINE, ScriptedTransport(reply(b"old")), ScriptedTransport(reply(b"new"))
    ) as http:
        http.get()
        crt = http.conn.co_readall()
        http.conn.disconnect()
        http.get()
        assert finish(crt) == b"new"


@both_faces
def test_disconnect_after_a_refused_body_makes_the_object_as_new(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"no"))) as http:
        http.send_request("PUT", "/", body=BodyFollowing(10), expect100=True)
        http.read_response()
        http.readall()
        http.conn.disconnect()
        assert http.read(4) == b""
        with pytest.raises(StateError):
            http.read_response()
        with pytest.raises(StateError):
            http.write(b"x")
