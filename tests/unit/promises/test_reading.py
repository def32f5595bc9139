"""read(), readinto(), readall() and discard(): how much, where the end is, what is kept."""

from __future__ import annotations

import array
from collections.abc import Callable

import pytest

from dugong import ConnectionClosed, ConnectionTimedOut, InvalidResponse, UnsupportedResponse
from dugong.testing import END, PAUSE, ScriptedTransport
from tests.unit.faces import (
    CHUNKED,
    UNTIL_CLOSE,
    Driven,
    Face,
    both_faces,
    chunked,
    driven,
    head,
    reply,
    suspend,
)

BODY = bytes(range(256)) * 400


def read_all_by_read(http: Driven) -> bytes:
    return b"".join(iter(lambda: http.read(7_000), b""))


def read_all_by_readinto(http: Driven) -> bytes:
    buf = bytearray(50_000)
    body = b""
    while count := http.readinto(buf):
        body += buf[:count]
    return body


WAYS = pytest.mark.parametrize(
    "read_body",
    [
        pytest.param(read_all_by_read, id="read"),
        pytest.param(read_all_by_readinto, id="readinto"),
        pytest.param(Driven.readall, id="readall"),
        pytest.param(lambda http: http.read(), id="read()"),
        pytest.param(lambda http: http.read(-1), id="read(-1)"),
    ],
)
Reading = Callable[[Driven], bytes]

FRAMINGS = pytest.mark.parametrize(
    "octets",
    [
        pytest.param(reply(BODY), id="sized"),
        pytest.param(CHUNKED + chunked(BODY[:50_000], BODY[50_000:]), id="large chunks"),
        pytest.param(
            CHUNKED + chunked(*(BODY[at : at + 100] for at in range(0, len(BODY), 100))),
            id="small chunks",
        ),
        pytest.param(UNTIL_CLOSE + BODY, id="until close"),
    ],
)


@both_faces
@WAYS
@FRAMINGS
@pytest.mark.parametrize("size", [1_009, 60_000, 1_000_000])
def test_body_is_read_whole(face: Face, read_body: Reading, octets: bytes, size: int) -> None:
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    with driven(face, ScriptedTransport(*pieces, END)) as http:
        http.get()
        assert read_body(http) == BODY


@both_faces
@FRAMINGS
def test_discard_drops_the_body(face: Face, octets: bytes) -> None:
    with driven(face, ScriptedTransport(octets, END)) as http:
        http.get()
        http.read(10)
        http.discard()
        assert http.read(10) == b""
        assert not http.conn.response_pending()


@both_faces
@FRAMINGS
def test_after_the_body_the_next_response_is_read(face: Face, octets: bytes) -> None:
    if octets.startswith(UNTIL_CLOSE):
        octets = reply(BODY)
    with driven(face, ScriptedTransport(octets + reply(b"next"))) as http:
        http.send_request("GET", "/one")
        http.send_request("GET", "/two")
        http.read_response()
        http.discard()
        assert http.read_response().path == "/two"
        assert http.readall() == b"next"


# -- how much


@both_faces
@FRAMINGS
def test_read_gives_at_most_what_was_asked_for(face: Face, octets: bytes) -> None:
    with driven(face, ScriptedTransport(octets)) as http:
        http.get()
        assert http.read(10) == BODY[:10]
        assert http.read(1) == BODY[10:11]


@both_faces
def test_read_gives_what_there_is(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"12345678")[:-4], b"5678")) as http:
        http.get()
        assert http.read(100) == b"1234"
        assert http.read(100) == b"5678"


@both_faces
@pytest.mark.parametrize("size", [2**40, 2**100], ids=["large", "beyond any index"])
def test_large_limit_allocates_nothing_ahead(face: Face, size: int) -> None:
    with driven(face, ScriptedTransport(reply(b"body"))) as http:
        http.get()
        assert http.read(size) == b"body"


@both_faces
@pytest.mark.parametrize("operation", ["read", "readall", "discard"])
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(head(b"Content-Length: 9223372036854775807"), id="sized"),
        pytest.param(CHUNKED + b"7fffffffffffffff\r\n", id="chunked"),
    ],
)
def test_memory_is_not_taken_for_what_was_announced(
    face: Face, octets: bytes, operation: str
) -> None:
    with driven(face, ScriptedTransport(octets + b"12345", END)) as http:
        http.get()
        with pytest.raises(ConnectionClosed):
            getattr(http, operation)()


@both_faces
@FRAMINGS
def test_read_of_nothing_touches_nothing(face: Face, octets: bytes) -> None:
    with driven(face, ScriptedTransport(octets)) as http:
        http.get()
        assert http.read(0) == b""
        assert http.readinto(bytearray()) == 0
        assert http.conn.response_pending()
        assert http.read(5) == BODY[:5]


@both_faces
def test_read_of_nothing_says_nothing_about_the_end(face: Face) -> None:
    with driven(face, ScriptedTransport(CHUNKED + chunked())) as http:
        http.get()
        assert http.read(0) == b""
        assert http.readinto(bytearray()) == 0
        assert http.conn.response_pending()
        assert http.read(1) == b""
        assert not http.conn.response_pending()


@both_faces
def test_read_of_nothing_works_in_any_state(face: Face) -> None:
    with driven(face, ScriptedTransport(b"nonsense")) as http:
        assert http.read(0) == b""
        with pytest.raises(InvalidResponse):
            http.get()
        assert http.read(0) == b""
        assert http.readinto(bytearray()) == 0


@both_faces
@pytest.mark.parametrize("len_", [1.5, "1", b"1"], ids=repr)
def test_limit_is_an_int(face: Face, len_: int) -> None:
    with driven(face, ScriptedTransport(reply(b"body"))) as http:
        http.get()
        with pytest.raises(TypeError):
            http.read(len_)
        assert http.readall() == b"body"


@both_faces
def test_reads_without_a_connection_give_the_end(face: Face) -> None:
    with driven(face) as http:
        assert (http.read(5), http.readinto(bytearray(5)), http.readall()) == (b"", 0, b"")
        http.discard()


@both_faces
def test_reads_with_no_response_open_give_the_end(face: Face) -> None:
    with driven(face, ScriptedTransport(reply())) as http:
        http.send_request()
        assert (http.read(5), http.readinto(bytearray(5)), http.readall()) == (b"", 0, b"")
        http.discard()
        assert http.read_response().status == 200


# -- buffers


@both_faces
@pytest.mark.parametrize(
    "buf",
    [
        pytest.param(bytearray(8), id="bytearray"),
        pytest.param(array.array("I", [0, 0]), id="items of four octets"),
        pytest.param(memoryview(bytearray(8)), id="memoryview"),
        pytest.param(memoryview(bytearray(8)).cast("B", (2, 4)), id="two dimensions"),
    ],
)
def test_readinto_counts_octets_not_items(face: Face, buf: bytearray | memoryview) -> None:
    with driven(face, ScriptedTransport(reply(b"12345678"))) as http:
        http.get()
        assert http.readinto(buf) == 8
        assert bytes(buf) == b"12345678"


@both_faces
@pytest.mark.parametrize(
    "buf",
    [
        pytest.param(b"12345678", id="read-only"),
        pytest.param(memoryview(bytearray(8))[::2], id="gaps"),
        pytest.param("text", id="str"),
        pytest.param(8, id="int"),
        pytest.param(memoryview(b""), id="read-only and empty"),
    ],
)
def test_wrong_buffer_is_refused_and_nothing_is_consumed(face: Face, buf: bytearray) -> None:
    with driven(face, ScriptedTransport(reply(b"12345678"))) as http:
        http.get()
        with pytest.raises(TypeError):
            http.readinto(buf)
        assert http.readall() == b"12345678"


@both_faces
def test_readinto_leaves_the_rest_of_the_buffer(face: Face) -> None:
    buf = bytearray(b"........")
    with driven(face, ScriptedTransport(reply(b"1234"))) as http:
        http.get()
        assert http.readinto(memoryview(buf)[2:]) == 4
        assert buf == b"..1234.."


@both_faces
def test_large_pieces_go_straight_into_the_buffer_and_not_beyond_the_body(face: Face) -> None:
    octets = head(b"Content-Length: 20000")
    buf = bytearray(40_000)
    with driven(face, ScriptedTransport(octets, bytes([1]) * 20_000 + reply(b"next"))) as http:
        http.send_request()
        http.send_request()
        http.read_response()
        assert http.readinto(buf) == 20_000
        assert buf == bytes([1]) * 20_000 + bytes(20_000)
        http.read_response()
        assert http.readall() == b"next"


@both_faces
def test_buffer_can_be_resized_after_readinto(face: Face) -> None:
    buf = bytearray(40_000)
    with driven(face, ScriptedTransport(reply(bytes(30_000)))) as http:
        http.get()
        while http.readinto(buf):
            pass
        buf.clear()


@pytest.mark.parametrize("size", [10, 40_000], ids=["small", "direct"])
def test_buffer_of_an_abandoned_readinto_can_be_resized(size: int) -> None:
    buf = bytearray(size)
    with driven(Face.COROUTINE, ScriptedTransport(head(b"Content-Length: 50000"))) as http:
        http.get()
        crt = http.conn.co_readinto(buf)
        suspend(crt)
        crt.close()
        buf.clear()


@both_faces
@pytest.mark.parametrize("size", [10, 40_000], ids=["small", "direct"])
def test_buffer_of_a_failed_readinto_can_be_resized_while_the_error_exists(
    face: Face, size: int
) -> None:
    buf = bytearray(size)
    octets = head(b"Content-Length: 50000")
    with driven(face, ScriptedTransport(octets, ConnectionClosed("reset"))) as http:
        http.get()
        with pytest.raises(ConnectionClosed) as caught:
            http.readinto(buf)
        buf.clear()
        assert caught.value.__traceback__ is not None


@both_faces
def test_buffer_of_a_readinto_that_timed_out_can_be_resized_while_the_error_exists(
    face: Face,
) -> None:
    buf = bytearray(40_000)
    with driven(face, ScriptedTransport(head(b"Content-Length: 50000")), timeout=0) as http:
        http.get()
        with pytest.raises(ConnectionTimedOut) as caught:
            http.readinto(buf)
        buf.clear()
        assert caught.value.__traceback__ is not None


# -- the end


@both_faces
def test_sized_body_ends_with_its_last_octet(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"12") + reply())) as http:
        http.send_request()
        http.send_request()
        http.read_response()
        assert http.read(2) == b"12"
        assert http.read_response().status == 200


@both_faces
def test_sized_body_ends_with_its_last_octet_in_readinto(face: Face) -> None:
    with driven(face, ScriptedTransport(reply(b"12") + reply())) as http:
        http.send_request()
        http.send_request()
        http.read_response()
        assert http.readinto(bytearray(2)) == 2
        assert http.read_response().status == 200


@both_faces
@pytest.mark.parametrize("direct", [False, True], ids=["buffered", "direct"])
@pytest.mark.parametrize(
    ("octets", "body"),
    [
        pytest.param(UNTIL_CLOSE, b"", id="until close, empty"),
        pytest.param(UNTIL_CLOSE + b"body", b"body", id="until close"),
        pytest.param(CHUNKED + chunked(b"body"), b"body", id="chunked"),
        pytest.param(CHUNKED + chunked(), b"", id="chunked, empty"),
    ],
)
def test_end_is_told_by_a_read_of_0(face: Face, octets: bytes, body: bytes, direct: bool) -> None:
    buf = bytearray(40_000 if direct else 10)
    with driven(face, ScriptedTransport(octets, END)) as http:
        http.get()
        if body:
            assert http.readinto(buf) == len(body)
            assert http.conn.response_pending()
        assert http.readinto(buf) == 0
        assert not http.conn.response_pending()


@both_faces
def test_chunk_end_may_come_later(face: Face) -> None:
    end = (PAUSE, b"\r", b"\n0\r\n", PAUSE, b"\r\n")
    with driven(face, ScriptedTransport(CHUNKED, b"4\r\nbody", *end)) as http:
        http.get()
        assert http.read(100) == b"body"
        assert http.read(100) == b""


CUT_SHORT = pytest.mark.parametrize(
    "octets",
    [
        pytest.param(head(b"Content-Length: 50000") + b"body", id="sized"),
        pytest.param(CHUNKED + b"c350\r\nbody", id="in a chunk"),
        pytest.param(CHUNKED + b"4\r\nbody", id="behind a chunk"),
        pytest.param(CHUNKED + b"4\r\nbody\r\n", id="before a size line"),
        pytest.param(CHUNKED + b"4\r\nbody\r\n0\r\n", id="in the trailers"),
    ],
)


@both_faces
@CUT_SHORT
@pytest.mark.parametrize("end", [END, ConnectionClosed("reset")], ids=["EOF", "reset"])
@pytest.mark.parametrize("size", [100, 40_000], ids=["small", "direct"])
def test_cut_behind_payload_is_raised_by_the_next_read(
    face: Face, octets: bytes, end: Exception, size: int
) -> None:
    buf = bytearray(size)
    with driven(face, ScriptedTransport(octets, end)) as http:
        http.get()
        assert http.readinto(buf) == 4
        for _ in range(2):
            with pytest.raises(ConnectionClosed):
                http.readinto(buf)
        with pytest.raises(ConnectionClosed):
            http.read(5)


@both_faces
@CUT_SHORT
def test_readall_raises_for_a_cut_behind_payload(face: Face, octets: bytes) -> None:
    with driven(face, ScriptedTransport(octets, END)) as http:
        http.get()
        with pytest.raises(ConnectionClosed):
            http.readall()
        with pytest.raises(ConnectionClosed):
            http.readall()


@both_faces
@CUT_SHORT
def test_discard_raises_for_a_cut(face: Face, octets: bytes) -> None:
    with driven(face, ScriptedTransport(octets, END)) as http:
        http.get()
        with pytest.raises(ConnectionClosed):
            http.discard()


@both_faces
def test_reset_does_not_end_a_body_that_ends_by_closing(face: Face) -> None:
    with driven(face, ScriptedTransport(UNTIL_CLOSE + b"body", ConnectionClosed("reset"))) as http:
        http.get()
        assert http.read(100) == b"body"
        with pytest.raises(ConnectionClosed):
            http.read(100)


FAULTY = CHUNKED + b"4\r\nbody\r\nnonsense\r\n"


@both_faces
@pytest.mark.parametrize("first", ["read", "readinto"])
def test_fault_behind_payload_is_raised_by_the_next_read(face: Face, first: str) -> None:
    with driven(face, ScriptedTransport(FAULTY)) as http:
        http.get()
        if first == "read":
            assert http.read(100) == b"body"
        else:
            assert http.readinto(bytearray(100)) == 4
        for _ in range(2):
            with pytest.raises(InvalidResponse):
                http.read(100)


@both_faces
def test_readall_raises_for_a_fault_behind_payload(face: Face) -> None:
    with driven(face, ScriptedTransport(FAULTY)) as http:
        http.get()
        with pytest.raises(InvalidResponse):
            http.readall()


@both_faces
@pytest.mark.parametrize(
    ("octets", "error"),
    [
        pytest.param(head(b"Content-Length: -1"), InvalidResponse, id="faulty length"),
        pytest.param(head(b"Transfer-Encoding: gzip"), UnsupportedResponse, id="other coding"),
    ],
)
@pytest.mark.parametrize("operation", ["read", "readinto", "readall", "discard"])
def test_fault_of_the_framing_is_raised_when_the_body_is_read(
    face: Face, octets: bytes, error: type[Exception], operation: str
) -> None:
    with driven(face, ScriptedTransport(octets + b"12345")) as http:
        assert http.get().status == 200
        with pytest.raises(ConnectionClosed):
            http.send_request()
        assert http.read(0) == b""
        arguments = {"read": (5,), "readinto": (bytearray(5),)}
        for _ in range(2):
            with pytest.raises(error):
                getattr(http, operation)(*arguments.get(operation, ()))
        with pytest.raises(error):
            http.send_request()


# -- reads that were abandoned


@both_faces
@pytest.mark.parametrize(
    ("first", "early", "then", "body"),
    [
        pytest.param(head(b"Content-Length: 8") + b"1234", True, b"5678", b"12345678", id="sized"),
        pytest.param(
            CHUNKED + b"4\r\n1234\r", True, b"\n4\r\n5678\r\n0\r\n\r\n", b"12345678", id="CRLF"
        ),
        pytest.param(CHUNKED + b"4\r\n12", True, b"34\r\n0\r\n\r\n", b"1234", id="in a chunk"),
        pytest.param(CHUNKED + b"4;a=", False, b"b\r\n1234\r\n0\r\n\r\n", b"1234", id="size line"),
        pytest.param(CHUNKED + b"0\r\nA: ", False, b"b\r\n\r\n", b"", id="trailers"),
    ],
)
@pytest.mark.parametrize("way", ["read", "readinto", "readall"])
def test_read_that_timed_out_loses_nothing(
    face: Face, first: bytes, early: bool, then: bytes, body: bytes, way: str
) -> None:
    transport = ScriptedTransport(first)
    ways = {"read": read_all_by_read, "readinto": read_all_by_readinto, "readall": Driven.readall}
    with driven(face, transport, timeout=0) as http:
        http.get()
        got = http.read(100) if early and way != "readall" else b""
        with pytest.raises(ConnectionTimedOut):
            ways[way](http)
        transport.extend(then)
        assert got + ways[way](http) == body


@pytest.mark.parametrize("name", ["read_response", "read", "readinto", "readall"])
def test_dropped_coroutine_loses_nothing(name: str) -> None:
    octets = head(b"Content-Length: 4")
    transport = ScriptedTransport(octets[:10] if name == "read_response" else octets)
    with driven(Face.COROUTINE, transport) as http:
        http.send_request()
        if name != "read_response":
            http.read_response()
        arguments = {"read": (5,), "readinto": (bytearray(5),)}
        crt = getattr(http.conn, f"co_{name}")(*arguments.get(name, ()))
        suspend(crt)
        crt.close()
        transport.extend((octets[10:] if name == "read_response" else b"") + b"body")
        if name == "read_response":
            http.read_response()
        assert http.readall() == b"body"


def gathering(face: Face, transport: ScriptedTransport, http: Driven) -> None:
    """Let a readall() gather ``12345`` and time out."""
    http.get()
    with pytest.raises(ConnectionTimedOut):
        http.readall()
    transport.extend(b"67890")


@both_faces
@pytest.mark.parametrize("size", [2, 100, 2**100], ids=["a part", "all", "beyond any index"])
def test_what_readall_gathered_is_delivered_first_by_read(face: Face, size: int) -> None:
    transport = ScriptedTransport(head(b"Content-Length: 10") + b"12345")
    with driven(face, transport, timeout=0) as http:
        gathering(face, transport, http)
        assert http.read(size) == b"12345"[:size]
        assert b"".join(iter(lambda: http.read(size), b"")) == b"1234567890"[min(size, 5) :]


@both_faces
@pytest.mark.parametrize("size", [2, 40_000], ids=["a part", "all"])
def test_what_readall_gathered_is_delivered_first_by_readinto(face: Face, size: int) -> None:
    transport = ScriptedTransport(head(b"Content-Length: 10") + b"12345")
    buf = bytearray(size)
    with driven(face, transport, timeout=0) as http:
        gathering(face, transport, http)
        count = http.readinto(buf)
        assert buf[:count] == b"12345"[:size]
        assert http.readall() == b"1234567890"[count:]


@both_faces
@pytest.mark.parametrize("size", [2, 5, 40_000], ids=["a part", "exactly all", "more"])
def test_readinto_goes_on_behind_what_readall_gathered(face: Face, size: int) -> None:
    transport = ScriptedTransport(head(b"Content-Length: 10") + b"12345")
    buf = bytearray(size)
    with driven(face, transport, timeout=0) as http:
        gathering(face, transport, http)
        pieces = [bytes(buf[:count]) for count in iter(lambda: http.readinto(buf), 0)]
        assert b"".join(pieces) == b"1234567890"


@both_faces
def test_what_readall_gathered_is_delivered_first_by_readall(face: Face) -> None:
    transport = ScriptedTransport(head(b"Content-Length: 10") + b"12345")
    with driven(face, transport, timeout=0) as http:
        gathering(face, transport, http)
        assert http.readall() == b"1234567890"


@both_faces
def test_what_readall_gathered_is_dropped_by_discard(face: Face) -> None:
    transport = ScriptedTransport(head(b"Content-Length: 10") + b"12345")
    with driven(face, transport, timeout=0) as http:
        gathering(face, transport, http)
        http.discard()
        assert http.read(5) == b""
        assert not http.conn.response_pending()


@both_faces
def test_body_is_not_at_its_end_while_something_is_gathered(face: Face) -> None:
    transport = ScriptedTransport(head(b"Content-Length: 10") + b"12345")
    with driven(face, transport, timeout=0) as http:
        gathering(face, transport, http)
        assert http.read(0) == b""
        assert http.conn.response_pending()
        assert http.read(5) == b"12345"
        assert http.conn.response_pending()
        assert http.read(5) == b"67890"
        assert not http.conn.response_pending()


@both_faces
def test_several_unfinished_readalls_gather_together(face: Face) -> None:
    transport = ScriptedTransport(CHUNKED + b"2\r\n12\r\n")
    with driven(face, transport, timeout=0) as http:
        http.get()
        for piece in (b"2\r\n34\r\n", b"2\r\n56\r\n", b"0\r\n\r\n"):
            with pytest.raises(ConnectionTimedOut):
                http.readall()
            transport.extend(piece)
        assert http.read(1) == b"1"
        assert http.readall() == b"23456"


@both_faces
def test_discard_that_timed_out_can_be_called_again(face: Face) -> None:
    transport = ScriptedTransport(head(b"Content-Length: 10") + b"12345")
    with driven(face, transport, timeout=0) as http:
        http.get()
        with pytest.raises(ConnectionTimedOut):
            http.discard()
        transport.extend(b"67890")
        http.discard()
        assert not http.conn.response_pending()
