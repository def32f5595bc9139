from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import pytest

from dugong.exceptions import ConnectionClosed, InvalidResponse
from dugong.limits import MAX_HEADER_SIZE, Limits
from dugong.protocol.chunks import ChunkedBody
from dugong.protocol.read_buffer import ReadBuffer
from tests.unit.split import (
    Parsed,
    check_everywhere,
    check_refused_at_end,
    filled,
    octet_by_octet,
    outcome,
    put,
    rest_of,
    split_everywhere,
)

DEFAULT: Final = Limits()
SMALL: Final = Limits(line_size=64, header_size=64, fields=3, extension_size=20)


def read_by_taking(segments: Iterable[bytes], limit: int = 7) -> tuple[bytes, ChunkedBody, bytes]:
    """Return the payload of a body that comes in *segments*, the body, and what is behind it."""
    body, buffer, payload = ChunkedBody(DEFAULT), ReadBuffer(), b""
    for segment in segments:
        put(buffer, segment)
        while body.advance(buffer) and not body.ended:
            if not (taken := body.take(buffer, limit)):
                break
            payload += taken
    return payload, body, rest_of(buffer)


def read_by_moving(segments: Iterable[bytes], limit: int = 7) -> tuple[bytes, ChunkedBody, bytes]:
    """Do what `read_by_taking` does, into a target of *limit* octets."""
    body, buffer, payload = ChunkedBody(DEFAULT), ReadBuffer(), b""
    target = bytearray(limit)
    for segment in segments:
        put(buffer, segment)
        while body.advance(buffer) and not body.ended:
            if not (count := body.move_into(buffer, memoryview(target))):
                break
            payload += target[:count]
    return payload, body, rest_of(buffer)


READERS: Final = [
    pytest.param(read_by_taking, id="take"),
    pytest.param(read_by_moving, id="move_into"),
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("octets", "payload", "trailers"),
    [
        pytest.param(b"0\r\n\r\n", b"", [], id="empty"),
        pytest.param(b"5\r\n12345\r\n0\r\n\r\n", b"12345", [], id="one chunk"),
        pytest.param(b"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", b"abcdef", [], id="chunks"),
        pytest.param(b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789", [], id="larger than a read"),
        pytest.param(
            b"1\r\na\r\n1A\r\n" + b"b" * 26 + b"\r\n0\r\n\r\n",
            b"a" + b"b" * 26,
            [],
            id="two digits",
        ),
        pytest.param(b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n", [], id="payload that looks like framing"),
        pytest.param(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n", [], id="payload like the end"),
        pytest.param(b"1;a=b\r\na\r\n1 \r\nb\r\n0;c\r\n\r\n", b"ab", [], id="extensions"),
        pytest.param(b"1\r\na\r\n000\r\n\r\n", b"a", [], id="last chunk of three digits"),
        pytest.param(b"1\r\na\r\n0\r\nA: b\r\n\r\n", b"a", [("A", "b")], id="trailer"),
        pytest.param(
            b"0\r\nA: b\r\n c\r\nA: d\r\n\r\n", b"", [("A", "b c"), ("A", "d")], id="trailers"
        ),
        pytest.param(
            b"0\r\nContent-Length: 5\r\n\r\n", b"", [("Content-Length", "5")], id="framing trailer"
        ),
    ],
)
def test_body_is_read_to_its_end(
    read: Callable[[Iterable[bytes]], tuple[bytes, ChunkedBody, bytes]],
    octets: bytes,
    payload: bytes,
    trailers: list[tuple[str, str]],
) -> None:
    for segments in split_everywhere(octets + b"HTTP"):
        got, body, rest = read(segments)
        assert got == payload, segments
        assert body.ended, segments
        assert body.trailers is not None
        assert body.trailers.items() == trailers, segments
        assert rest == b"HTTP", segments


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"1\r\nab", id="no CRLF behind the data"),
        pytest.param(b"1\r\na\n", id="bare LF behind the data"),
        pytest.param(b"1\r\naXXXX\r\n0\r\n", id="letters behind the data"),
        pytest.param(b"1\r\na\rb", id="bare CR behind the data"),
        pytest.param(b"1\r\na\r\n\r\n", id="empty line behind the data"),
        pytest.param(b"1\r\na\r\n 1\r\n", id="blank before a size"),
        pytest.param(b"1\r\na\r\n-1\r\n", id="negative size"),
        pytest.param(b"1\r\na\r\n8000000000000000\r\n", id="too large a size"),
        pytest.param(b"1\r\na\r\n1\n", id="bare LF behind a size"),
        pytest.param(b"1\r\na\r\n00000000000000001\r\n", id="too long a size"),
        pytest.param(b"0\r\n A: b\r\n", id="blank before the first trailer"),
        pytest.param(b"0\r\nA : b\r\n", id="blank before the colon of a trailer"),
        pytest.param(b"0\r\nA\r\n", id="trailer without colon"),
        pytest.param(b"0\r\nA: b\n", id="bare LF in a trailer"),
        pytest.param(b"0\r\nA: \0\r\n", id="NUL in a trailer"),
        pytest.param(b"0\r\n\n", id="bare LF at the end"),
        pytest.param(b"1\r\na\r\n0\r\nHTTP/1.1 200 OK\r\n", id="response instead of the end"),
    ],
)
def test_wrong_framing_is_refused(
    read: Callable[[Iterable[bytes]], tuple[bytes, ChunkedBody, bytes]], octets: bytes
) -> None:
    for more in (b"", b"\r\n\r\n"):
        for segments in split_everywhere(octets + more):
            with pytest.raises(InvalidResponse):
                read(segments)


@pytest.mark.parametrize(
    "octets", [pytest.param(b"1\r\nax", id="octet"), pytest.param(b"1\r\na\rx", id="behind CR")]
)
def test_wrong_end_of_chunk_data_is_refused_at_once(octets: bytes) -> None:
    payload, _, _ = read_by_taking([octets[:-1]])
    assert payload == b"a"
    with pytest.raises(InvalidResponse, match="chunk data is not followed by CRLF"):
        read_by_taking([octets])


def test_refusal_shows_the_first_40_octets_behind_chunk_data() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"1\r\na" + bytes(range(100)))
    assert body.take(buffer, 1) == b"a"
    with pytest.raises(InvalidResponse) as caught:
        body.advance(buffer)
    shown = bytes(range(40))
    assert str(caught.value) == f"chunk data is not followed by CRLF: {shown!r}"


@pytest.mark.parametrize("read", READERS)
def test_begun_body_is_awaited(
    read: Callable[[Iterable[bytes]], tuple[bytes, ChunkedBody, bytes]],
) -> None:
    octets = b"2;a\r\nab\r\n1\r\nc\r\n0\r\nA: b\r\n\r\n"
    for size in range(len(octets)):
        for segments in ((octets[:size],), octet_by_octet(octets[:size])):
            _, body, _ = read(segments)
            assert not body.ended
            assert body.trailers is None


@pytest.mark.parametrize("limit", [pytest.param(n, id=f"pieces of {n}") for n in (1, 2, 3, 100)])
def test_payload_is_the_same_in_whatever_pieces_it_is_read(limit: int) -> None:
    octets = b"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n"
    assert read_by_taking([octets], limit)[0] == b"abcdef"
    assert read_by_moving([octets], limit)[0] == b"abcdef"


def test_one_read_takes_several_chunks() -> None:
    octets = b"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n"
    assert ChunkedBody(DEFAULT).take(filled(octets), 100) == b"abcdef"
    target = bytearray(100)
    assert ChunkedBody(DEFAULT).move_into(filled(octets), memoryview(target)) == 6
    assert target[:6] == b"abcdef"


def test_room_is_what_remains_of_the_chunk() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"5\r\n12345\r\n")
    assert body.room == 0
    assert body.advance(buffer)
    assert body.room == 5
    body.take(buffer, 2)
    assert body.room == 3


def test_room_accounts_for_what_was_received_directly() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"5\r\n")
    assert body.advance(buffer)
    body.delivered(3)
    assert body.room == 2
    body.delivered(2)
    put(buffer, b"\r\n0\r\n\r\n")
    assert body.advance(buffer)
    assert body.ended


def test_advance_says_at_once_that_the_next_chunk_has_begun() -> None:
    for line in (b"3\r\n", b"3 \r\n"):
        body, buffer = ChunkedBody(DEFAULT), filled(b"2\r\nab\r\n" + line + b"cde\r\n")
        assert body.advance(buffer)
        assert buffer.take(2) == b"ab"
        body.delivered(2)
        assert body.advance(buffer)
        assert body.room == 3


def test_advance_says_that_framing_octets_are_awaited() -> None:
    for begun in (b"", b"\r", b"\r\n", b"\r\n3", b"\r\n3\r", b"\r\n0\r\n", b"\r\n0\r\nA: b\r\n"):
        body, buffer = ChunkedBody(DEFAULT), filled(b"2\r\nab" + begun)
        assert body.take(buffer, 2) == b"ab"
        assert not body.advance(buffer)
        assert body.room == 0


def test_advance_consumes_no_payload() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"5\r\n12345")
    for _ in range(3):
        assert body.advance(buffer)
    assert rest_of(buffer) == b"12345"


def test_nothing_is_consumed_behind_the_end() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"0\r\n\r\n5\r\n")
    for _ in range(3):
        assert body.advance(buffer)
        assert body.take(buffer, 100) == b""
    assert rest_of(buffer) == b"5\r\n"


@pytest.mark.parametrize("payload", [b"", b"a"])
def test_what_looks_like_a_chunk_behind_the_end_is_left(payload: bytes) -> None:
    behind = b"\r\n5\r\n12345\r\n"
    end = b"0\r\n\r\n"
    octets = b"1\r\na\r\n" + end if payload else end
    body, buffer = ChunkedBody(DEFAULT), filled(octets + behind)
    assert body.take(buffer, 100) == payload
    assert body.take(buffer, 100) == b""
    assert body.ended
    assert rest_of(buffer) == behind


@pytest.mark.parametrize(
    ("octets", "payload"),
    [
        pytest.param(b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", b"abc", id="second chunk differs"),
        pytest.param(b"1\r\na\r\n1\r\nb\r\n2\r\ncd\r\n0\r\n\r\n", b"abcd", id="third differs"),
    ],
)
def test_octets_of_an_earlier_body_are_not_taken_for_those_to_come(
    octets: bytes, payload: bytes
) -> None:
    earlier = b"1\r\na\r\n" * 10
    for cut in range(len(octets)):
        body, buffer, got = ChunkedBody(DEFAULT), filled(earlier), b""
        buffer.skip(len(earlier))
        for segment in (octets[:cut], octets[cut:]):
            put(buffer, segment)
            got += body.take(buffer, 100)
        assert got == payload, cut
        assert body.advance(buffer)
        assert body.ended


def test_size_of_a_chunk_is_looked_for_in_its_place() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"1\r\n")
    assert body.advance(buffer)
    body.delivered(1)
    put(buffer, b"\r\n1\r\nb\r\n1\r\nc\r\n2\r\nde\r\n0\r\n\r\n")
    assert body.advance(buffer)
    assert body.take(buffer, 100) == b"bcde"


def test_many_chunks_are_moved_in_their_order() -> None:
    payload = bytes(range(100))
    octets = b"".join(b"1\r\n%c\r\n" % octet for octet in payload)
    for size in (10, 50, 100, 200):
        target = bytearray(size)
        body = ChunkedBody(DEFAULT)
        assert body.move_into(filled(octets), memoryview(target)) == min(size, 100)
        assert target[:100] == payload[:size]


def test_fault_behind_payload_is_left_for_the_next_read() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"5\r\n12345\r\nx")
    assert body.take(buffer, 100) == b"12345"
    for _ in range(2):
        with pytest.raises(InvalidResponse):
            body.take(buffer, 100)


def test_fault_behind_moved_payload_is_left_for_the_next_read() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"5\r\n12345x")
    target = memoryview(bytearray(100))
    assert body.move_into(buffer, target) == 5
    for _ in range(2):
        with pytest.raises(InvalidResponse):
            body.move_into(buffer, target)


def test_length_is_unknown() -> None:
    assert ChunkedBody(DEFAULT).length is None


@pytest.mark.parametrize("closes", [True, False])
def test_body_closes_where_it_is_told(closes: bool) -> None:
    assert ChunkedBody(DEFAULT, closes=closes).closes is closes


def test_body_keeps_the_connection_by_default() -> None:
    assert not ChunkedBody(DEFAULT).closes


@pytest.mark.parametrize("orderly", [True, False])
def test_close_before_the_end_cuts_the_body_short(orderly: bool) -> None:
    with pytest.raises(ConnectionClosed, match="before the end of the body"):
        ChunkedBody(DEFAULT).peer_closed(orderly=orderly)


def test_chunk_of_16_digits_does_not_end_before_its_size() -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"7fffffffffffffff\r\nabc")
    assert body.take(buffer, 100) == b"abc"
    assert body.room == 2**63 - 4


# -- limits on bodies


def advance_small(body: ChunkedBody) -> Callable[[ReadBuffer], bool | None]:
    """Return a parser that is done when *body*, which has no payload, has ended."""
    return lambda buffer: body.advance(buffer) or None


def small_body() -> Callable[[ReadBuffer], bool | None]:
    return advance_small(ChunkedBody(SMALL))


def test_trailer_section_of_exactly_the_limit_is_accepted() -> None:
    section = b"n:" + b"v" * 60 + b"\r\n"
    assert len(section) == SMALL.header_size
    check_everywhere(small_body, b"0\r\n" + section + b"\r\n", Parsed(True))


def test_trailer_section_of_one_octet_more_is_refused() -> None:
    section = b"n:" + b"v" * 61 + b"\r\n"
    check_refused_at_end(
        small_body, b"0\r\n" + section, InvalidResponse, "trailer section exceeds 64 octets"
    )


def test_as_many_trailers_as_allowed_are_accepted() -> None:
    check_everywhere(small_body, b"0\r\n" + b"a:\r\n" * 3 + b"\r\n", Parsed(True))


def test_one_trailer_more_is_refused() -> None:
    check_refused_at_end(
        small_body, b"0\r\n" + b"a:\r\n" * 4, InvalidResponse, "more than 3 field lines"
    )


def test_default_limit_on_trailers() -> None:
    for size, expected in ((MAX_HEADER_SIZE, Parsed(True)), (MAX_HEADER_SIZE + 1, InvalidResponse)):
        octets = b"0\r\nn:" + b"v" * (size - 4) + b"\r\n\r\n"
        for segments in ([octets], octet_by_octet(octets)):
            assert outcome(advance_small(ChunkedBody(DEFAULT)), segments) == expected


def test_extensions_of_all_chunks_of_a_body_are_counted_together() -> None:
    body, buffer = ChunkedBody(SMALL), filled(b"1;aaaaaaaaa\r\nx\r\n" * 2 + b"1;\r\nx\r\n")
    assert body.take(buffer, 100) + body.take(buffer, 100) == b"xx"
    with pytest.raises(InvalidResponse, match="extensions of one body exceed 20"):
        body.take(buffer, 100)


def test_many_small_chunks_are_no_fault() -> None:
    payload, body, _ = read_by_taking([b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n"], limit=1_000_000)
    assert payload == b"x" * 20_000
    assert body.ended


def test_tiny_chunks_come_in_calls_of_bounded_memory() -> None:
    octets = b"1\r\nx\r\n" * 5_000
    body, buffer = ChunkedBody(DEFAULT), filled(octets)
    sizes = []
    while buffer.size and body.advance(buffer):
        sizes.append(len(body.take(buffer, 100_000)))
    assert sizes == [1_024] * 4 + [904]


# -- what can be foreseen


def foreseen(size: int = 8_192, room: int | None = None) -> tuple[ChunkedBody, ReadBuffer]:
    """Return a body in its second chunk of *size* octets, *room* of which are to come."""
    line = b"%x\r\n" % size
    buffer = filled(line + bytes(size) + b"\r\n" + line)
    body = ChunkedBody(DEFAULT)
    while body.advance(buffer) and buffer.size:
        body.take(buffer, size)
    body.delivered(body.room - (body.room if room is None else room))
    return body, buffer


def receive(views: list[memoryview], octets: bytes) -> int:
    """Put *octets* into *views*, and return how many fit."""
    left = octets
    for view in views:
        view[: len(left)] = left[: len(view)]
        left = left[len(view) :]
    return len(octets) - len(left)


@pytest.mark.parametrize(
    ("sizes", "is_foreseen"),
    [
        pytest.param([8_192], False, id="first chunk"),
        pytest.param([8_192, 8_192], True, id="as long as the one before"),
        pytest.param([4_096, 4_096], True, id="not small"),
        pytest.param([4_095, 4_095], False, id="small"),
        pytest.param([8_192, 8_193], False, id="other length"),
        pytest.param([8_192, 8_192, 9_000], False, id="other length again"),
    ],
)
def test_chunk_like_the_one_before_is_foreseen(sizes: list[int], is_foreseen: bool) -> None:
    octets = b"".join(b"%x\r\n" % size + bytes(size) + b"\r\n" for size in sizes)
    body, buffer = ChunkedBody(DEFAULT), filled(octets[: -sizes[-1] - 2])
    while body.advance(buffer) and buffer.size:
        body.take(buffer, 100_000)
    assert body.is_foreseen is is_foreseen
    assert body.room == sizes[-1]


@pytest.mark.parametrize(
    ("line", "size", "tail"),
    [
        pytest.param(b"4000\r\n", 16_384, 8, id="large"),
        pytest.param(b"10000\r\n", 65_536, 9, id="larger"),
        pytest.param(b"4000;a=b\r\n", 16_384, 8, id="extension"),
        pytest.param(b"3fff\r\n", 16_383, 0, id="small"),
    ],
)
def test_tail_is_the_line_behind_a_large_chunk(line: bytes, size: int, tail: int) -> None:
    body = ChunkedBody(DEFAULT)
    assert body.advance(filled(line))
    assert (body.room, body.tail) == (size, tail)


@pytest.mark.parametrize(
    ("room", "target", "sizes"),
    [
        pytest.param(8_192, 20_000, [8_192, 8, 8_192, 8, 3_616], id="rest of the target"),
        pytest.param(8_192, 24_576, [8_192, 8, 8_192, 8, 8_192, 8, 0], id="full target"),
        pytest.param(5, 8_197, [5, 8, 8_192, 8, 0], id="rest of a chunk"),
        pytest.param(8_192, 8_000, [8_000], id="less than the chunk"),
        pytest.param(8_192, 8_192, [8_192, 8], id="just the chunk"),
        pytest.param(8_192, 10_000, [8_192, 8, 1_808], id="chunk and a part"),
        pytest.param(5, 8_000, [5, 8, 7_995], id="parts of two chunks"),
        pytest.param(5, 8_192, [5, 8], id="rest of a chunk, where each fills the target"),
        pytest.param(5, 4_096, [5, 8], id="rest of a chunk, where two halves fill the target"),
        pytest.param(
            8_192, 200_000, [*[8_192, 8] * 9, 0], id="no more than the buffer can take back"
        ),
    ],
)
def test_payload_is_laid_out_without_gaps(room: int, target: int, sizes: list[int]) -> None:
    body, _ = foreseen(room=room)
    memory = bytearray(target)
    views = body.lay_out(memoryview(memory))
    assert [len(view) for view in views] == sizes
    for number, view in enumerate(views[::2]):
        view[:] = bytes([number + 1]) * len(view)
    pieces = [bytes([number + 1]) * size for number, size in enumerate(sizes[::2])]
    assert memory == b"".join(pieces).ljust(target, b"\0")


def test_behind_a_large_chunk_no_more_is_laid_out_than_the_buffer_can_take_back() -> None:
    body, _ = foreseen(300_000, room=5)
    views = body.lay_out(memoryview(bytearray(200_000)))
    assert [len(view) for view in views] == [5, 9, 65_536]


def test_no_more_than_16_lines_are_laid_out() -> None:
    body, _ = foreseen(4_096)
    views = body.lay_out(memoryview(bytearray(100_000)))
    assert [len(view) for view in views] == [*[4_096, 8] * 16, 4_096]


NEXT: Final = b"\r\n2000\r\n"


@pytest.mark.parametrize(
    ("octets", "count", "room", "rest"),
    [
        pytest.param(b"abc", 3, 8_189, b"", id="part of a chunk"),
        pytest.param(b"a" * 8_192, 8_192, 0, b"", id="chunk"),
        pytest.param(b"a" * 8_192 + NEXT[:1], 8_192, 0, NEXT[:1], id="octet of a line"),
        pytest.param(b"a" * 8_192 + NEXT[:7], 8_192, 0, NEXT[:7], id="line but for an octet"),
        pytest.param(b"a" * 8_192 + NEXT, 8_192, 8_192, b"", id="line"),
        pytest.param(b"a" * 8_192 + NEXT + b"bc", 8_194, 8_190, b"", id="part of the second"),
        pytest.param((b"a" * 8_192 + NEXT) * 2, 16_384, 8_192, b"", id="two chunks"),
        pytest.param(
            (b"a" * 8_192 + NEXT) * 2 + b"b" * 3_616, 20_000, 4_576, b"", id="full target"
        ),
        pytest.param(
            b"a" * 8_192 + b"\r\n2001\r\n" + b"b" * 9_000,
            8_192,
            0,
            b"\r\n2001\r\n" + b"b" * 9_000,
            id="other line",
        ),
        pytest.param(
            b"a" * 8_192 + NEXT + b"b" * 8_192 + b"\r\n1\r\nc\r\n",
            16_384,
            0,
            b"\r\n1\r\nc\r\n",
            id="other second line",
        ),
        pytest.param(
            b"a" * 8_192 + b"\r\n0\r\n\r\nHTTP/1.1 200 OK",
            8_192,
            0,
            b"\r\n0\r\n\r\nHTTP/1.1 200 OK",
            id="end, and what follows",
        ),
    ],
)
def test_what_was_laid_out_is_settled(octets: bytes, count: int, room: int, rest: bytes) -> None:
    body, buffer = foreseen()
    memory = bytearray(20_000)
    views = body.lay_out(memoryview(memory))
    assert receive(views, octets) == len(octets)
    assert body.settle(views, len(octets), buffer) == count
    assert memory[:count].strip(b"abc") == b""
    assert body.room == room
    assert rest_of(buffer) == rest


def test_lines_of_an_earlier_receive_are_not_taken_for_those_to_come() -> None:
    """Where the last line differed, what is in the memory for lines is another one."""
    body, buffer = foreseen()
    views = body.lay_out(memoryview(bytearray(20_000)))
    octets = bytes(8_192) + b"\r\n2222\r\n" + bytes(0x2222) + b"\r\n2222\r\n"
    body.settle(views, receive(views, octets[:20_000]), buffer)
    put(buffer, octets[20_000:])
    while body.advance(buffer) and buffer.size:
        body.take(buffer, 100_000)
    assert body.is_foreseen
    views = body.lay_out(memoryview(bytearray(20_000)))
    octets = bytes(0x2222) + b"\r\n2000\r\n"
    assert body.settle(views, receive(views, octets), buffer) == 0x2222
    assert rest_of(buffer) == b"\r\n2000\r\n"


def test_memory_for_lines_is_cut_anew_where_what_came_into_it_begins_like_another_line() -> None:
    """Else a part of a line would be delivered as payload, and payload taken for the line."""
    line = b"\r\n002000\r\n"
    chunk = line + b"a" * 8_190 + b"\r\n"
    body, buffer = foreseen()
    views = body.lay_out(memoryview(bytearray(20_000)))
    # The first place for a line gets all of this line but its CRLF, the second one begins with the
    # CRLF that ends the payload.
    octets = bytes(8_192) + chunk * 3
    came = receive(views, octets)
    assert body.settle(views, came, buffer) == 8_192
    put(buffer, octets[came:] + line)
    while body.advance(buffer) and buffer.size:
        body.take(buffer, 100_000)
    assert body.is_foreseen
    target = bytearray(20_000)
    views = body.lay_out(memoryview(target))
    came = receive(views, (chunk * 3)[len(line) :])
    assert body.settle(views, came, buffer) == 20_000
    assert target == ((b"a" * 8_190 + b"\r\n") * 3)[:20_000]


@pytest.mark.parametrize("behind", [b"\r\n\r\n5\r\n", b"\r\n 5\r\n"])
def test_line_like_the_one_before_is_none_behind_the_end_of_data(behind: bytes) -> None:
    body, buffer = ChunkedBody(DEFAULT), filled(b"5\r\n12345")
    assert body.advance(buffer)
    assert body.take(buffer, 100) == b"12345"
    put(buffer, behind[:2])
    assert not body.advance(buffer)
    put(buffer, behind[2:])
    with pytest.raises(InvalidResponse, match="chunk size line"):
        body.advance(buffer)
