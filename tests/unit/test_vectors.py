"""Every response of the tables: in every segmentation, read in every way, with one outcome."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import pytest

from dugong import ConnectionClosed, InvalidResponse, UnsupportedResponse
from tests.playing import Answer, Face, Outcome, Play, Reading, Verdict
from tests.segments import SegmentTransport, connection_over, drip
from tests.vectors import RESPONSES
from tests.vectors.response_vector import ResponseVector, Rule
from tests.vectors.stray import VECTORS as STRAY
from tests.vectors.stray import StrayVector

# Longer vectors are about limits; they are not split everywhere.
_SPLIT_EVERYWHERE: Final = 400  # octets
_NEAR_AN_END: Final = 12  # octets
# VECTOR_WAYS=all in the environment: no way of reading takes turns with another; for some minutes
_ALL_WAYS: Final = os.environ.get("VECTOR_WAYS") == "all"
_EXCEPTIONS: Final = {
    Verdict.REFUSED: InvalidResponse,
    Verdict.UNSUPPORTED: UnsupportedResponse,
    Verdict.CLOSED: ConnectionClosed,
}

every_response: Final = pytest.mark.parametrize(
    "vector", [pytest.param(v, id=f"{v.rule.name.lower()}-{v.id}") for v in RESPONSES]
)
every_stray: Final = pytest.mark.parametrize("stray", [pytest.param(v, id=v.id) for v in STRAY])
both_faces: Final = pytest.mark.parametrize("face", [pytest.param(f, id=f.value) for f in Face])


def expected(vector: ResponseVector, reading: Reading) -> Outcome:
    """Return what a run of *vector* has to come to."""
    answers = []
    for answer in vector.answers:
        tells = reading.tells_delivered or (answer.is_whole and reading is Reading.READALL)
        body = answer.body if tells else None
        answers.append(
            Answer(
                answer.status,
                answer.reason,
                answer.length,
                answer.interim,
                body,
                answer.is_whole,
            )
        )
    return Outcome(tuple(answers), vector.verdict)


def played(
    vector: ResponseVector,
    segments: Sequence[bytes],
    reading: Reading = Reading.READ_SEVEN,
    face: Face = Face.BLOCKING,
) -> Outcome:
    """Run *vector* once, in the given segments."""
    return play(vector, SegmentTransport(segments, vector.end), reading, face)[1]


def play(
    vector: ResponseVector,
    transport: SegmentTransport,
    reading: Reading = Reading.READ_SEVEN,
    face: Face = Face.BLOCKING,
) -> tuple[Play, Outcome]:
    run = Play(connection_over(transport, vector.limits), face, reading)
    return run, run.run(vector.methods, expect100=vector.expect100)


def has_body(vector: ResponseVector) -> bool:
    """Return whether the way of reading a body matters."""
    return any(answer.body or not answer.is_whole for answer in vector.answers)


def readings_of(vector: ResponseVector) -> Sequence[Reading]:
    return tuple(Reading) if has_body(vector) else (Reading.READALL,)


def split_points(vector: ResponseVector) -> Iterator[int]:
    """Give where to split *vector* in two: everywhere, or where a long one may have a seam."""
    size = len(vector.octets)
    if size <= _SPLIT_EVERYWHERE:
        yield from range(1, size)
        return
    powers = {1 << n for n in range(size.bit_length())}
    near = {*range(1, _NEAR_AN_END), *range(size - _NEAR_AN_END, size)}
    yield from sorted(point for point in powers | near if point < size)


def fine_segments(vector: ResponseVector) -> Sequence[bytes]:
    """Return the octets of *vector* one by one, but for the middle of a long one."""
    octets = vector.octets
    if len(octets) <= _SPLIT_EVERYWHERE:
        return drip(octets)
    middle = octets[_NEAR_AN_END:-_SPLIT_EVERYWHERE]
    return [
        *drip(octets[:_NEAR_AN_END]),
        *(middle[i : i + 997] for i in range(0, len(middle), 997)),
        *drip(octets[-_SPLIT_EVERYWHERE:]),
    ]


@every_response
def test_whole_response_has_its_outcome_in_every_way_of_reading(vector: ResponseVector) -> None:
    readings = tuple(Reading) if vector.answers else (Reading.READALL,)
    for reading, face in itertools.product(readings, Face):
        outcome = played(vector, [vector.octets], reading, face)
        assert outcome == expected(vector, reading), (reading, face)


@every_response
def test_response_octet_by_octet_has_its_outcome_in_every_way_of_reading(
    vector: ResponseVector,
) -> None:
    segments = fine_segments(vector)
    for reading, face in itertools.product(readings_of(vector), Face):
        outcome = played(vector, segments, reading, face)
        assert outcome == expected(vector, reading), (reading, face)


@every_response
def test_response_split_anywhere_has_its_outcome(vector: ResponseVector) -> None:
    readings = readings_of(vector)
    end_of_head = vector.octets.find(b"\r\n\r\n")
    for point in split_points(vector):
        segments = [vector.octets[:point], vector.octets[point:]]
        if _ALL_WAYS:
            for reading, face in itertools.product(readings, Face):
                outcome = played(vector, segments, reading, face)
                assert outcome == expected(vector, reading), (point, reading, face)
            continue
        turn = readings[point % len(readings)]
        # Where the head is split, the body comes in one piece: the ways of reading take turns.
        for reading in (turn,) if point < end_of_head else readings:
            assert played(vector, segments, reading) == expected(vector, reading), (point, reading)
        outcome = played(vector, segments, turn, Face.COROUTINE)
        assert outcome == expected(vector, turn), (point, turn, "as coroutine")


@every_response
def test_verdict_needs_no_octet_more_than_it_must(vector: ResponseVector) -> None:
    transport = SegmentTransport(fine_segments(vector), vector.end)
    play(vector, transport, Reading.READ_ONE)
    assert transport.given == len(vector.octets) - vector.spare


@pytest.mark.parametrize(
    "vector",
    [pytest.param(v, id=f"{v.rule.name.lower()}-{v.id}") for v in RESPONSES if v.answers],
)
def test_fields_and_trailers_are_those_of_the_response(vector: ResponseVector) -> None:
    for segments in ([vector.octets], fine_segments(vector)):
        run, _ = play(vector, SegmentTransport(segments, vector.end))
        for head, trailers, answer in zip(run.heads, run.trailers, vector.answers, strict=True):
            if answer.fields is not None:
                assert tuple(head.headers.items()) == answer.fields
            assert (None if trailers is None else tuple(trailers)) == answer.trailers


@pytest.mark.parametrize(
    "vector",
    [
        pytest.param(v, id=f"{v.rule.name.lower()}-{v.id}")
        for v in RESPONSES
        if v.verdict in _EXCEPTIONS
    ],
)
def test_connection_repeats_the_verdict_until_disconnect(vector: ResponseVector) -> None:
    run, outcome = play(vector, SegmentTransport([vector.octets], vector.end))
    conn = run.conn
    again = _EXCEPTIONS[outcome.verdict]
    operations: list[Callable[[], object]] = [conn.read_response]
    if outcome.verdict is not Verdict.CLOSED or vector.rule is Rule.END:
        # Where the server just does not keep the connection, no error was met.
        operations += [conn.readall, conn.discard, lambda: conn.read(1)]
    for operation in operations:
        with pytest.raises(again):
            operation()
    with pytest.raises(again):
        conn.send_request("GET", "/")
    conn.disconnect()
    assert not conn.response_pending()
    conn.send_request("GET", "/")


def test_every_rule_has_rows_that_are_met_and_rows_that_break_it() -> None:
    good = {v.rule for v in RESPONSES if v.verdict in (Verdict.KEPT, Verdict.CLOSES)}
    bad = {v.rule for v in RESPONSES if v.verdict in _EXCEPTIONS}
    assert good == set(Rule) - {Rule.END, Rule.LINES, Rule.STRAY}
    assert bad == set(Rule) - {Rule.STRAY}


def test_every_row_has_its_own_name() -> None:
    names = [(vector.rule, vector.id) for vector in RESPONSES]
    assert len(names) == len(set(names))


# -- octets that nobody asked for

_EXCHANGES: Final = {
    "without-body": ("DELETE", b"HTTP/1.1 204 OK\r\n\r\n"),
    "to-head": ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
    "sized": ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
    "chunked": ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
}
_NEXT: Final = b"HTTP/1.1 203 Next\r\nContent-Length: 0\r\n\r\n"


def stray_segmentations(octets: bytes) -> Iterator[Sequence[bytes]]:
    yield [octets]
    if len(octets) <= _SPLIT_EVERYWHERE:
        yield drip(octets)
        for point in range(1, len(octets)):
            yield [octets[:point], octets[point:]]


def meet(run: Play, transport: SegmentTransport, stray: StrayVector) -> None:
    """Send a request on an idle connection that has received *stray*."""
    sent = bytes(transport.sent)
    if stray.verdict is Verdict.KEPT:
        run.conn.send_request("GET", "/next")
        transport.add(_NEXT)
        assert run.conn.read_response().status == 203
        return
    with pytest.raises(_EXCEPTIONS[stray.verdict]):
        run.conn.send_request("GET", "/next")
    assert transport.sent == sent
    with pytest.raises(_EXCEPTIONS[stray.verdict]):
        run.conn.send_request("GET", "/again")
    with pytest.raises(_EXCEPTIONS[stray.verdict]):
        run.conn.read_response()


@every_stray
@both_faces
@pytest.mark.parametrize("exchange", [pytest.param(e, id=name) for name, e in _EXCHANGES.items()])
def test_octets_behind_a_response_are_no_answer(
    stray: StrayVector, face: Face, exchange: tuple[str, bytes]
) -> None:
    method, response = exchange
    for segments in stray_segmentations(stray.octets):
        transport = SegmentTransport([response], stray.end)
        run = Play(connection_over(transport, stray.limits), face, Reading.READALL)
        run.conn.send_request(method, "/")
        run.read_responses()
        transport.add(*segments)
        meet(run, transport, stray)


@every_stray
@pytest.mark.parametrize("exchange", [pytest.param(e, id=name) for name, e in _EXCHANGES.items()])
def test_octets_in_the_segment_of_a_response_are_no_answer(
    stray: StrayVector, exchange: tuple[str, bytes]
) -> None:
    method, response = exchange
    transport = SegmentTransport([response + stray.octets], stray.end)
    run = Play(connection_over(transport, stray.limits), reading=Reading.READALL)
    run.conn.send_request(method, "/")
    run.read_responses()
    meet(run, transport, stray)


@every_stray
def test_octets_before_the_first_request_are_no_answer(stray: StrayVector) -> None:
    for segments in stray_segmentations(stray.octets):
        transport = SegmentTransport(segments, stray.end, waits_for_send=False)
        run = Play(connection_over(transport, stray.limits))
        meet(run, transport, stray)


def test_what_comes_behind_the_booking_counts_as_the_answer() -> None:
    transport = SegmentTransport([b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"])
    conn = connection_over(transport)
    conn.send_request("GET", "/")
    assert conn.read_response().status == 408
