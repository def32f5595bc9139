from __future__ import annotations

import sys
from typing import Final

import pytest

from dugong.exceptions import ConnectionClosed, InvalidResponse, UnsupportedResponse
from dugong.protocol.bodies import (
    BodyFraming,
    EmptyBody,
    FaultyBody,
    SizedBody,
    UntilCloseBody,
)
from dugong.protocol.read_buffer import ReadBuffer
from tests.unit.split import filled, put, rest_of, split_everywhere

FAULT: Final = InvalidResponse("some rule")


# -- no body


def test_empty_body_has_ended() -> None:
    body = EmptyBody()
    assert body.advance(ReadBuffer())
    assert body.ended
    assert body.room == 0
    assert body.length == 0


def test_empty_body_leaves_the_octets_behind_it() -> None:
    body, buffer = EmptyBody(), filled(b"HTTP/1.1")
    assert body.advance(buffer)
    assert body.take(buffer, 100) == b""
    assert body.move_into(buffer, memoryview(bytearray(10))) == 0
    assert rest_of(buffer) == b"HTTP/1.1"


@pytest.mark.parametrize("closes", [True, False])
def test_empty_body_closes_where_it_is_told(closes: bool) -> None:
    assert EmptyBody(closes=closes).closes is closes


def test_empty_body_keeps_the_connection_by_default() -> None:
    assert not EmptyBody().closes


# -- sized


def test_sized_body_knows_its_length() -> None:
    body = SizedBody(5)
    assert body.length == body.room == 5
    assert not body.ended
    assert not body.closes


def test_sized_body_of_no_octets_has_ended() -> None:
    body = SizedBody(0)
    assert body.ended
    assert body.length == 0
    assert body.advance(ReadBuffer())


def test_length_stays_while_octets_are_delivered() -> None:
    body = SizedBody(5)
    body.delivered(3)
    assert (body.length, body.room, body.ended) == (5, 2, False)


def test_sized_body_ends_with_its_last_octet() -> None:
    body = SizedBody(5)
    body.delivered(3)
    body.delivered(2)
    assert (body.room, body.ended) == (0, True)


def test_sized_body_needs_no_framing_octets() -> None:
    assert SizedBody(5).advance(ReadBuffer())


def test_no_octet_behind_a_sized_body_is_taken() -> None:
    body, buffer = SizedBody(5), filled(b"12345HTTP")
    assert body.take(buffer, 100) == b"12345"
    assert rest_of(buffer) == b"HTTP"


def test_no_octet_behind_a_sized_body_is_moved() -> None:
    body, buffer = SizedBody(5), filled(b"12345HTTP")
    target = bytearray(b"." * 8)
    assert body.move_into(buffer, memoryview(target)) == 5
    assert target == b"12345..."
    assert rest_of(buffer) == b"HTTP"


def test_sized_body_ends_when_its_last_octet_is_taken() -> None:
    body, buffer = SizedBody(5), filled(b"12345")
    assert body.take(buffer, 4) == b"1234"
    assert body.ended is False
    assert body.take(buffer, 4) == b"5"
    assert body.ended is True


def test_take_gives_at_most_the_limit() -> None:
    body, buffer = SizedBody(5), filled(b"12345")
    assert body.take(buffer, 2) == b"12"
    assert body.room == 3


def test_move_gives_at_most_the_target() -> None:
    body, buffer = SizedBody(5), filled(b"12345")
    assert body.move_into(buffer, memoryview(bytearray(2))) == 2
    assert body.room == 3


def test_take_gives_what_there_is() -> None:
    body, buffer = SizedBody(5), filled(b"12")
    assert body.take(buffer, 100) == b"12"
    assert body.take(buffer, 100) == b""
    assert body.room == 3


def test_sized_body_is_the_same_in_whatever_segments_it_comes() -> None:
    for segments in split_everywhere(b"12345HTTP"):
        body, buffer, payload = SizedBody(5), ReadBuffer(), b""
        for segment in segments:
            put(buffer, segment)
            payload += body.take(buffer, 3) + body.take(buffer, 3)
        assert payload == b"12345", segments
        assert rest_of(buffer) == b"HTTP", segments


@pytest.mark.parametrize("orderly", [True, False])
def test_sized_body_is_cut_short_by_a_close(orderly: bool) -> None:
    body = SizedBody(5)
    body.delivered(2)
    with pytest.raises(ConnectionClosed, match="3 octets before the end of the body"):
        body.peer_closed(orderly=orderly)


# -- until close


def test_length_until_close_is_unknown() -> None:
    body = UntilCloseBody()
    assert body.length is None
    assert body.room == sys.maxsize
    assert body.closes
    assert not body.ended


def test_body_until_close_takes_everything() -> None:
    body, buffer = UntilCloseBody(), filled(b"12345")
    assert body.advance(buffer)
    assert body.take(buffer, 2) == b"12"
    target = bytearray(9)
    assert body.move_into(buffer, memoryview(target)) == 3
    assert target[:3] == b"345"
    assert body.room == sys.maxsize


def test_body_until_close_takes_no_more_than_has_come() -> None:
    body, buffer = UntilCloseBody(), filled(b"12345")
    assert body.take(buffer, 100) == b"12345"
    assert len(buffer) == 0


def test_orderly_close_ends_a_body_until_close() -> None:
    body = UntilCloseBody()
    body.peer_closed(orderly=True)
    assert body.ended
    assert body.room == 0


def test_other_close_cuts_a_body_until_close() -> None:
    body = UntilCloseBody()
    with pytest.raises(
        ConnectionClosed, match=r"^connection failed before the server ended the body by closing$"
    ):
        body.peer_closed(orderly=False)
    assert not body.ended


# -- faulty


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(InvalidResponse("some rule"), id="refused"),
        pytest.param(UnsupportedResponse("some coding"), id="unsupported"),
    ],
)
def test_faulty_body_raises_its_error_each_time(
    fault: InvalidResponse | UnsupportedResponse,
) -> None:
    body = FaultyBody(fault)
    for _ in range(2):
        with pytest.raises(type(fault)) as caught:
            body.advance(filled(b"anything"))
        assert caught.value is not fault
        assert caught.value.args == fault.args


def test_faulty_body_can_be_carried_but_not_read() -> None:
    body, buffer = FaultyBody(FAULT), filled(b"12345")
    assert (body.length, body.room, body.ended, body.closes) == (None, 0, False, True)
    assert body.take(buffer, 9) == b""
    assert rest_of(buffer) == b"12345"


def test_fault_keeps_no_traceback_of_who_met_it() -> None:
    body = FaultyBody(FAULT)
    with pytest.raises(InvalidResponse):
        body.advance(ReadBuffer())
    assert FAULT.__traceback__ is None


# -- all


class ForeignBody(BodyFraming):
    """A framing of somebody else's, which accounts for what is delivered and does no more."""

    def __init__(self, room: int) -> None:
        self.room = room

    def advance(self, buffer: ReadBuffer) -> bool:
        return True

    def delivered(self, count: int) -> None:
        self.room -= count


def test_framing_is_told_what_was_delivered() -> None:
    body, buffer = ForeignBody(9), filled(b"12345")
    assert body.take(buffer, 2) == b"12"
    assert body.room == 7
    assert body.move_into(buffer, memoryview(bytearray(9))) == 3
    assert body.room == 4


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(EmptyBody(), id="empty"),
        pytest.param(SizedBody(5), id="sized"),
        pytest.param(UntilCloseBody(), id="until close"),
        pytest.param(FaultyBody(FAULT), id="faulty"),
    ],
)
def test_only_chunked_bodies_have_trailers(body: BodyFraming) -> None:
    assert body.trailers is None


def test_close_before_the_end_of_any_other_body_cuts_it_short() -> None:
    message = r"^server closed the connection before the end of the body$"
    with pytest.raises(ConnectionClosed, match=message):
        FaultyBody(FAULT).peer_closed(orderly=True)


def test_sized_body_is_laid_out_as_far_as_there_is_room() -> None:
    body, memory = SizedBody(5), bytearray(8)
    views = body.lay_out(memoryview(memory))
    assert [len(view) for view in views] == [5]
    assert body.settle(views, 3, ReadBuffer()) == 3
    assert body.room == 2
    assert not body.is_foreseen
