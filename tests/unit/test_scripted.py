from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from dugong import HTTPConnection, Layers
from dugong.exceptions import ConnectionClosed, InvalidResponse
from dugong.polling import PollNeeded, on_release
from dugong.protocol.request import RequestEncoder
from dugong.testing import END, PAUSE, SENT, ScriptedTransport, scripted_connection

if TYPE_CHECKING:
    from dugong.testing.scripted import Line

REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"

released: list[int] = []
on_release(released.append)


class Stage:
    """Makes transports that are closed behind the test."""

    def __init__(self) -> None:
        self.transports: list[ScriptedTransport] = []

    def __call__(self, *script: Line, accepts: tuple[int | Exception, ...] = ()) -> Actor:
        transport = ScriptedTransport(*script, accepts=accepts)
        self.transports.append(transport)
        return Actor(transport)


class Actor:
    """A transport on stage, and what it gives."""

    def __init__(self, transport: ScriptedTransport) -> None:
        self.transport = transport

    def received(self, size: int = 100) -> bytes | None:
        """Return what a receive gives, or `None` where it would block."""
        target = bytearray(size)
        count = self.transport.receive_into(memoryview(target))
        if isinstance(count, PollNeeded):
            assert count is self.transport.readable
            return None
        return bytes(target[:count])


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    for transport in stage.transports:
        transport.close()


class TestReceiving:
    def test_server_is_silent_before_something_is_sent(self, stage: Stage) -> None:
        actor = stage(b"octets")
        assert actor.received() is None
        assert not actor.transport.readable.poll(0)

    def test_line_comes_after_a_send(self, stage: Stage) -> None:
        actor = stage(b"octets")
        actor.transport.send(b"x")
        assert actor.transport.readable.poll(0)
        assert actor.received() == b"octets"

    def test_each_line_is_a_segment(self, stage: Stage) -> None:
        actor = stage(b"oct", b"ets")
        actor.transport.send(b"x")
        assert [actor.received(), actor.received()] == [b"oct", b"ets"]

    def test_line_that_does_not_fit_goes_on(self, stage: Stage) -> None:
        actor = stage(b"octets")
        actor.transport.send(b"x")
        assert [actor.received(4), actor.received(4)] == [b"octe", b"ts"]

    def test_line_goes_to_one_target_after_the_other(self, stage: Stage) -> None:
        actor = stage(b"octets")
        actor.transport.send(b"x")
        targets = [bytearray(2), bytearray(0), bytearray(3), bytearray(4)]
        assert actor.transport.receive_scattered([memoryview(t) for t in targets]) == 6
        assert targets == [b"oc", b"", b"tet", b"s\0\0\0"]

    def test_scattered_receive_waits_where_the_server_is_silent(self, stage: Stage) -> None:
        actor = stage(b"octets")
        target = memoryview(bytearray(2))
        assert actor.transport.receive_scattered([target]) is actor.transport.readable

    def test_pause_blocks_once(self, stage: Stage) -> None:
        actor = stage(PAUSE, b"octets")
        actor.transport.send(b"x")
        assert actor.received() is None
        assert actor.transport.readable.poll(0)
        assert actor.received() == b"octets"

    def test_server_is_silent_behind_a_pause_at_the_end(self, stage: Stage) -> None:
        actor = stage(b"octets", PAUSE)
        actor.transport.send(b"x")
        actor.received()
        assert actor.received() is None
        assert not actor.transport.readable.poll(0)

    def test_server_is_silent_until_something_more_is_sent(self, stage: Stage) -> None:
        actor = stage(b"one", SENT, b"two")
        actor.transport.send(b"x")
        actor.received()
        assert actor.received() is None
        assert not actor.transport.readable.poll(0)
        actor.transport.send(b"y")
        assert actor.received() == b"two"

    def test_two_sends_can_be_waited_for(self, stage: Stage) -> None:
        actor = stage(SENT, b"octets")
        actor.transport.send(b"x")
        assert not actor.transport.has_input()
        assert actor.received() is None
        actor.transport.send(b"y")
        assert actor.received() == b"octets"

    def test_server_is_silent_behind_the_last_line(self, stage: Stage) -> None:
        actor = stage(b"octets")
        actor.transport.send(b"x")
        actor.received()
        assert [actor.received(), actor.received()] == [None, None]
        assert not actor.transport.readable.poll(0)

    def test_server_without_a_script_is_silent(self, stage: Stage) -> None:
        actor = stage()
        actor.transport.send(b"x")
        assert actor.received() is None

    def test_end_lasts(self, stage: Stage) -> None:
        actor = stage(END)
        actor.transport.send(b"x")
        assert [actor.received(), actor.received()] == [b"", b""]

    def test_exception_is_raised_once(self, stage: Stage) -> None:
        actor = stage(ConnectionClosed("cut off"), b"octets")
        actor.transport.send(b"x")
        with pytest.raises(ConnectionClosed, match="cut off"):
            actor.received()
        assert actor.received() == b"octets"

    def test_lines_can_be_added(self, stage: Stage) -> None:
        actor = stage()
        actor.transport.extend(b"unasked")
        assert actor.transport.readable.poll(0)
        assert actor.received() == b"unasked"


class TestLooking:
    @pytest.mark.parametrize(
        ("script", "expected"),
        [
            pytest.param((b"octets",), True, id="octets"),
            pytest.param((END,), True, id="end"),
            pytest.param((ConnectionClosed("x"),), True, id="failure"),
            pytest.param((PAUSE, b"octets"), False, id="pause"),
            pytest.param((SENT, b"octets"), False, id="another send awaited"),
            pytest.param((), False, id="silence"),
        ],
    )
    def test_finds_what_a_receive_would(
        self, stage: Stage, script: tuple[Line, ...], expected: bool
    ) -> None:
        transport = stage(*script).transport
        transport.send(b"x")
        assert transport.has_input() is expected

    def test_finds_nothing_before_the_first_send(self, stage: Stage) -> None:
        assert not stage(b"octets").transport.has_input()


class TestSending:
    def test_everything_is_taken(self, stage: Stage) -> None:
        transport = stage().transport
        assert transport.send(b"octets") == 6
        assert transport.send(memoryview(b"more")) == 4
        assert (bytes(transport.sent), transport.sends) == (b"octetsmore", [6, 4])

    def test_script_says_how_much_is_taken(self, stage: Stage) -> None:
        transport = stage(accepts=(2, 100)).transport
        assert [transport.send(b"octets"), transport.send(b"tets")] == [2, 4]

    def test_send_that_would_block_waits(self, stage: Stage) -> None:
        transport = stage(accepts=(0,)).transport
        assert transport.send(b"octets") is transport.writable
        assert transport.writable.poll(0)
        assert transport.send(b"octets") == 6

    def test_send_that_fails(self, stage: Stage) -> None:
        transport = stage(accepts=(ConnectionClosed("cut off"),)).transport
        with pytest.raises(ConnectionClosed, match="cut off"):
            transport.send(b"octets")
        assert not transport.sent

    def test_send_that_would_block_is_no_send(self, stage: Stage) -> None:
        actor = stage(b"octets", accepts=(0,))
        actor.transport.send(b"x")
        assert actor.received() is None


class TestEnd:
    @pytest.mark.parametrize("how", [socket.SHUT_RD, socket.SHUT_RDWR])
    def test_shutdown_ends_receiving_behind_the_script(self, stage: Stage, how: int) -> None:
        actor = stage(b"octets")
        actor.transport.shutdown(how)
        assert actor.transport.readable.poll(0)
        assert [actor.received(), actor.received()] == [b"octets", b""]

    def test_shutdown_of_sending_leaves_the_script(self, stage: Stage) -> None:
        actor = stage(b"octets")
        actor.transport.shutdown(socket.SHUT_WR)
        assert actor.received() is None

    def test_close_tells_the_drivers_once(self, stage: Stage) -> None:
        transport = stage().transport
        released.clear()
        transport.close()
        transport.close()
        assert released == [transport.readable.fd]
        assert transport.is_closed

    def test_nothing_can_be_sent_or_received_after_the_close(self, stage: Stage) -> None:
        actor = stage(b"octets")
        actor.transport.close()
        with pytest.raises(ConnectionClosed):
            actor.transport.send(b"x")
        with pytest.raises(ConnectionClosed):
            actor.received()

    def test_shutdown_after_the_close_does_nothing(self, stage: Stage) -> None:
        transport = stage(b"octets").transport
        transport.close()
        transport.shutdown(socket.SHUT_RDWR)

    def test_nothing_is_encrypted(self, stage: Stage) -> None:
        assert not stage().transport.is_secure


def conversation(conn: HTTPConnection) -> bytes:
    conn.send_request("GET", "/")
    conn.read_response()
    return conn.readall()


class TestConnection:
    def test_plays_the_script(self) -> None:
        with scripted_connection(ScriptedTransport(REPLY)) as conn:
            assert conversation(conn) == b"body"

    def test_takes_one_transport_after_the_other(self) -> None:
        first, second = ScriptedTransport(b"nonsense"), ScriptedTransport(REPLY)
        with scripted_connection(first, second) as conn:
            with pytest.raises(InvalidResponse):
                conversation(conn)
            conn.disconnect()
            assert conversation(conn) == b"body"

    def test_is_refused_behind_the_last_transport(self) -> None:
        with scripted_connection() as conn, pytest.raises(ConnectionRefusedError):
            conn.connect()

    def test_has_the_layers_that_are_given(self) -> None:
        class NoDigest(RequestEncoder):
            def digest_fields(self, body: memoryview) -> Mapping[str, str]:
                return {}

        transport = ScriptedTransport(REPLY)
        with scripted_connection(transport, layers=Layers(encoder=NoDigest)) as conn:
            conn.send_request("PUT", "/", body=b"x")
        assert b"Content-MD5" not in transport.sent

    def test_passes_on_what_a_connection_takes(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        conn = scripted_connection(ssl_context=context, timeout=7)
        assert (conn.ssl_context, conn.timeout) == (context, 7)

    def test_sends_the_fields_for_a_proxy(self) -> None:
        transport = ScriptedTransport(REPLY)
        with scripted_connection(
            transport, proxy=("proxy.example", 3128), proxy_headers={"X-For": "proxy"}
        ) as conn:
            conn.send_request("GET", "/")
        assert b"GET http://example.com/ HTTP/1.1\r\n" in transport.sent
        assert b"\r\nX-For: proxy\r\n" in transport.sent
