"""write() and end_body(): the body of a request, in pieces."""

from __future__ import annotations

import array

import pytest

from dugong import BodyFollowing, ConnectionClosed, ExcessBodyData, StateError
from dugong.testing import ScriptedTransport
from tests.unit.faces import Driven, Face, both_faces, driven, finish, reply, suspend


def body_of(transport: ScriptedTransport) -> bytes:
    """Return what was sent behind the head."""
    return bytes(transport.sent.partition(b"\r\n\r\n")[2])


def start(http: Driven, length: int | None) -> None:
    http.send_request("PUT", "/", body=BodyFollowing(length))


@both_faces
def test_sized_body_is_sent_as_it_is(face: Face) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        start(http, 8)
        http.write(b"1234")
        http.write(b"5678")
        assert http.read_response().status == 200
        assert body_of(transport) == b"12345678"


@both_faces
def test_more_than_announced_is_refused_and_nothing_of_it_is_sent(face: Face) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        start(http, 8)
        http.write(b"1234")
        with pytest.raises(ExcessBodyData):
            http.write(b"56789")
        assert body_of(transport) == b"1234"
        http.write(b"5678")
        assert http.read_response().status == 200


@both_faces
@pytest.mark.parametrize(
    "buf",
    [
        pytest.param(bytearray(b"12345678"), id="bytearray"),
        pytest.param(array.array("H", [0x3231, 0x3433, 0x3635, 0x3837]), id="array"),
        pytest.param(memoryview(b"12345678").cast("B", (4, 2)), id="two dimensions"),
    ],
)
def test_write_counts_octets_not_items(face: Face, buf: bytearray | memoryview) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        start(http, 8)
        http.write(buf)
        assert len(body_of(transport)) == 8
        assert http.read_response().status == 200


@both_faces
@pytest.mark.parametrize(
    "buf", [pytest.param("text", id="str"), pytest.param(memoryview(b"1234")[::2], id="gaps")]
)
def test_what_is_no_contiguous_buffer_is_refused(face: Face, buf: memoryview) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, None)
        with pytest.raises(TypeError):
            http.write(buf)
        assert not body_of(transport)


@both_faces
@pytest.mark.parametrize("length", [5, None], ids=["sized", "chunked"])
def test_empty_write_sends_nothing_and_ends_nothing(face: Face, length: int | None) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, length)
        http.write(b"")
        assert not body_of(transport)
        http.write(b"12345")
        assert b"12345" in body_of(transport)


@both_faces
def test_write_without_a_connection_is_misuse(face: Face) -> None:
    with driven(face) as http, pytest.raises(StateError):
        http.write(b"x")


@both_faces
def test_write_after_a_request_without_body_is_misuse(face: Face) -> None:
    with driven(face, ScriptedTransport()) as http:
        http.send_request()
        with pytest.raises(StateError):
            http.write(b"x")


@both_faces
@pytest.mark.parametrize("length", [0, 4], ids=["of length 0", "written"])
def test_write_after_a_complete_body_is_misuse(face: Face, length: int) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, length)
        if length:
            http.write(b"1234")
        with pytest.raises(StateError):
            http.write(b"5")
        assert len(body_of(transport)) == length


@both_faces
def test_each_write_makes_one_chunk_with_a_size_in_lower_case(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, None)
        http.write(b"x" * 171)
        http.write(b"y" * 5)
        http.end_body()
        assert body_of(transport) == b"".join(
            (b"ab\r\n", b"x" * 171, b"\r\n5\r\nyyyyy\r\n", b"0\r\n\r\n")
        )


@both_faces
def test_large_chunk_is_not_joined(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, None)
        http.write(bytes(100_000))
        assert body_of(transport) == b"186a0\r\n" + bytes(100_000) + b"\r\n"


@both_faces
def test_chunked_body_is_announced(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, None)
        assert b"\r\nTransfer-Encoding: chunked\r\n" in transport.sent
        assert b"Content-Length" not in transport.sent


@both_faces
def test_end_body_sends_the_trailers(face: Face) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        start(http, None)
        http.end_body({"X-One": "1", "X-Two": "2"})
        assert body_of(transport) == b"0\r\nX-One: 1\r\nX-Two: 2\r\n\r\n"
        assert http.read_response().status == 200


@both_faces
@pytest.mark.parametrize(
    ("trailers", "error"),
    [
        pytest.param({"Content-Length": "5"}, ValueError, id="framing"),
        pytest.param({"Host": "x"}, ValueError, id="routing"),
        pytest.param({"A": "b\r\nc"}, ValueError, id="value"),
        pytest.param({"A b": "c"}, ValueError, id="name"),
        pytest.param({"A": "1", "a": "2"}, ValueError, id="equal but for case"),
        pytest.param({"A": 5}, TypeError, id="value no str"),
    ],
)
def test_wrong_trailers_are_refused_and_nothing_is_sent(
    face: Face, trailers: dict[str, str], error: type[Exception]
) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, None)
        with pytest.raises(error):
            http.end_body(trailers)
        assert not body_of(transport)
        http.end_body()
        assert body_of(transport) == b"0\r\n\r\n"


@both_faces
def test_end_body_has_no_effect_on_a_complete_sized_body(face: Face) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        start(http, 2)
        http.write(b"12")
        http.end_body()
        http.end_body()
        assert body_of(transport) == b"12"
        assert http.read_response().status == 200


@both_faces
@pytest.mark.parametrize("body", [b"whole", BodyFollowing(0)], ids=["octets", "of length 0"])
def test_end_body_has_no_effect_after_a_body_that_was_complete_at_once(
    face: Face, body: bytes | BodyFollowing
) -> None:
    with driven(face, ScriptedTransport()) as http:
        http.send_request("PUT", "/", body=body)
        http.end_body()


@both_faces
def test_end_body_while_octets_are_missing_is_misuse(face: Face) -> None:
    with driven(face, ScriptedTransport()) as http:
        start(http, 2)
        http.write(b"1")
        with pytest.raises(StateError):
            http.end_body()
        http.write(b"2")


@both_faces
@pytest.mark.parametrize("written", [b"1", b"12"], ids=["incomplete", "complete"])
def test_sized_body_has_no_trailers(face: Face, written: bytes) -> None:
    with driven(face, ScriptedTransport()) as http:
        start(http, 2)
        http.write(written)
        with pytest.raises(ValueError, match="chunked"):
            http.end_body({"X": "y"})


@both_faces
def test_end_body_without_a_connection_is_misuse(face: Face) -> None:
    with driven(face) as http, pytest.raises(StateError):
        http.end_body()


@both_faces
def test_end_body_after_a_request_without_body_is_misuse(face: Face) -> None:
    with driven(face, ScriptedTransport()) as http:
        http.send_request()
        with pytest.raises(StateError):
            http.end_body()


@both_faces
def test_second_end_body_of_a_chunked_body_is_misuse(face: Face) -> None:
    transport = ScriptedTransport()
    with driven(face, transport) as http:
        start(http, None)
        http.end_body()
        with pytest.raises(StateError):
            http.end_body()
        assert body_of(transport) == b"0\r\n\r\n"


@both_faces
@pytest.mark.parametrize("length", [5, None], ids=["sized", "chunked"])
def test_response_is_not_due_before_the_body_is_complete(face: Face, length: int | None) -> None:
    with driven(face, ScriptedTransport(reply())) as http:
        start(http, length)
        http.write(b"1234")
        assert not http.conn.response_pending()
        with pytest.raises(StateError):
            http.read_response()


@both_faces
def test_withdrawn_write_leaves_no_trace(face: Face) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        start(http, 4)
        transport._accepts.append(0)
        crt = http.conn.co_write(b"XXXX")
        suspend(crt)
        crt.close()
        http.write(b"1234")
        assert body_of(transport) == b"1234"
        assert http.read_response().status == 200


@both_faces
def test_withdrawn_end_of_the_body_leaves_no_trace(face: Face) -> None:
    transport = ScriptedTransport(reply())
    with driven(face, transport) as http:
        start(http, None)
        transport._accepts.append(0)
        crt = http.conn.co_end_body()
        suspend(crt)
        crt.close()
        http.write(b"more")
        http.end_body()
        assert body_of(transport) == b"4\r\nmore\r\n0\r\n\r\n"


@pytest.mark.parametrize("size", [100, 100_000], ids=["small", "large"])
@pytest.mark.parametrize("length", [200_000, None], ids=["sized", "chunked"])
@pytest.mark.parametrize("accepts", [(0,), (3, 0), (3, 3, 3, 0)], ids=["none", "some", "more"])
def test_buffer_of_an_abandoned_write_can_be_resized(
    size: int, length: int | None, accepts: tuple[int, ...]
) -> None:
    transport = ScriptedTransport()
    buf = bytearray(size)
    with driven(Face.COROUTINE, transport) as http:
        start(http, length)
        transport._accepts.extend(accepts)
        crt = http.conn.co_write(buf)
        suspend(crt)
        crt.close()
        buf.clear()


@both_faces
@pytest.mark.parametrize("length", [200_000, None], ids=["sized", "chunked"])
def test_buffer_of_a_failed_write_can_be_resized_while_the_error_exists(
    face: Face, length: int | None
) -> None:
    transport = ScriptedTransport()
    buf = bytearray(100_000)
    with driven(face, transport) as http:
        start(http, length)
        transport._accepts.extend([10, 10, ConnectionClosed("reset")])
        with pytest.raises(ConnectionClosed) as caught:
            http.write(buf)
        buf.clear()
        assert caught.value.__traceback__ is not None


@both_faces
def test_buffer_of_a_refused_write_can_be_resized_while_the_error_exists(face: Face) -> None:
    buf = bytearray(10)
    with driven(face, ScriptedTransport()) as http:
        start(http, 5)
        with pytest.raises(ExcessBodyData) as caught:
            http.write(buf)
        buf.clear()
        assert caught.value.__traceback__ is not None


@both_faces
def test_buffer_can_be_resized_after_write(face: Face) -> None:
    buf = bytearray(100_000)
    with driven(face, ScriptedTransport(accepts=[7, 50_000])) as http:
        start(http, None)
        http.write(buf)
        buf.clear()


def test_suspended_write_takes_all_octets_when_it_goes_on() -> None:
    transport = ScriptedTransport()
    with driven(Face.COROUTINE, transport) as http:
        start(http, 6)
        transport._accepts.extend([2, 0, 1, 0, 0])
        finish(http.conn.co_write(b"123456"))
        assert body_of(transport) == b"123456"
