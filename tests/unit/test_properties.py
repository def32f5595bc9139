"""Properties that hold for whatever hypothesis makes up: of segments, of round trips, of limits.

The examples are the same in every run. `PROPERTY_EXAMPLES` in the environment asks for another
number of them, and then for new ones in each run.
"""

from __future__ import annotations

import itertools
import os
import string
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import h11
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dugong import BodyFollowing, HTTPConnection
from tests.playing import Face, Outcome, Play, Reading, Verdict, operate
from tests.segments import DEFAULT_LIMITS, End, SegmentTransport, connection_over
from tests.vectors import RESPONSES
from tests.vectors.response_vector import REDUCED

if TYPE_CHECKING:
    from dugong.limits import Limits

_WANTED: Final = os.environ.get("PROPERTY_EXAMPLES")
profile: Final = settings(
    max_examples=int(_WANTED or 200),
    derandomize=_WANTED is None,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

_SMALL: Final = [v.octets for v in RESPONSES if 0 < len(v.octets) < 400]
_TOKEN: Final = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"
_TEXT: Final = [*map(chr, range(0x21, 0x7F)), *map(chr, range(0x80, 0x100))]
_WORDS: Final = [
    *(b"\r\n", b"\r", b"\n", b"\0", b" ", b"\t", b":", b";", b",", b'"', b"\\", b"0", b"5", b"a"),
    *(b"\x7f", b"\xff", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 ", b"HTTP/2.0 "),
    *(b"Content-Length: 2\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"),
    *(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 101 x\r\n\r\n", b"HTTP/1.1 408", b"0\r\n\r\n"),
]
# What the encoder adds, or looks at
_OWN_NAMES: Final = {
    "host",
    "accept-encoding",
    "connection",
    "content-length",
    "content-md5",
    "expect",
    "transfer-encoding",
}

faces: Final = st.sampled_from(Face)
readings: Final = st.sampled_from(Reading)
ends: Final = st.sampled_from(End)
method_lists: Final = st.lists(st.sampled_from(["GET", "HEAD", "POST"]), min_size=1, max_size=3)


@st.composite
def wild_octets(draw: st.DrawFn) -> bytes:
    """Draw the octets of one or more vectors, with some of them cut out, repeated or replaced."""
    octets = b"".join(draw(st.lists(st.sampled_from(_SMALL), min_size=1, max_size=3)))
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, len(octets)))
        end = min(len(octets), begin + draw(st.sampled_from([0, 1, 2, 8])))
        word = draw(st.one_of(st.sampled_from(_WORDS), st.binary(max_size=3)))
        octets = octets[:begin] + word + octets[end:]
    return octets


@st.composite
def segmented(draw: st.DrawFn, octets: bytes) -> Sequence[bytes]:
    """Draw a way to cut *octets* into segments."""
    cuts = draw(st.lists(st.integers(0, len(octets)), max_size=8, unique=True))
    points = [0, *sorted(cuts), len(octets)]
    return [octets[begin:end] for begin, end in itertools.pairwise(points)]


def play(
    segments: Sequence[bytes],
    methods: Iterable[str],
    *,
    end: End = End.SILENCE,
    face: Face = Face.BLOCKING,
    reading: Reading = Reading.READ_SEVEN,
    limits: Limits = DEFAULT_LIMITS,
    expect100: bool = False,
) -> Outcome:
    transport = SegmentTransport(segments, end)
    return Play(connection_over(transport, limits), face, reading).run(methods, expect100=expect100)


def comparable(outcome: Outcome, reading: Reading) -> list[tuple[object, ...]]:
    """Return what is the same in every way of reading; bodies only where *reading* tells them."""
    rows: list[tuple[object, ...]] = [(outcome.verdict,)]
    for answer in outcome.answers:
        tells = reading.tells_delivered or (answer.is_whole and reading is Reading.READALL)
        body = answer.body if tells else None
        rows.append((answer.status, answer.length, answer.interim, answer.is_whole, body))
    return rows


@profile
@given(st.data(), wild_octets(), method_lists, ends, st.booleans())
def test_outcome_depends_neither_on_segments_nor_on_the_way_of_reading(
    data: st.DataObject, octets: bytes, methods: list[str], end: End, is_reduced: bool
) -> None:
    limits = REDUCED if is_reduced else DEFAULT_LIMITS
    segments, reading = data.draw(segmented(octets)), data.draw(readings)
    whole = play([octets], methods, end=end, limits=limits)
    other = play(segments, methods, end=end, face=data.draw(faces), reading=reading, limits=limits)
    assert comparable(other, reading) == comparable(whole, reading)


@profile
@given(st.data(), wild_octets(), ends)
def test_outcome_of_an_expectation_does_not_depend_on_segments(
    data: st.DataObject, octets: bytes, end: End
) -> None:
    octets = data.draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"])) + octets
    whole = play([octets], ["PUT"], end=end, expect100=True)
    other = play(data.draw(segmented(octets)), ["PUT"], end=end, expect100=True)
    assert other == whole


@profile
@given(st.data(), st.one_of(st.binary(max_size=200), wild_octets()), method_lists)
def test_any_octets_end_in_a_value_or_a_documented_exception(
    data: st.DataObject, octets: bytes, methods: list[str]
) -> None:
    """`Play` lets every other exception pass."""
    outcome = play(
        data.draw(segmented(octets)),
        methods,
        end=End.EOF,
        face=data.draw(faces),
        reading=data.draw(readings),
        limits=REDUCED,
    )
    assert outcome.verdict is not Verdict.WAITS
    assert len(outcome.answers) <= len(methods)


@profile
@given(st.data(), wild_octets())
def test_octets_without_end_are_refused_within_the_limits(
    data: st.DataObject, octets: bytes
) -> None:
    """Whatever came before, more of the same is not collected without bound."""
    word = data.draw(st.sampled_from([b"a", b"a: b\r\n", b" \r\n", b"1;a\r\nb\r\n", b"\r\n", b"0"]))
    transport = SegmentTransport([octets, word * 2_000], End.EOF)
    conn = connection_over(transport, REDUCED)
    Play(conn).run(["GET"])
    assert len(conn.read_raw(100_000)) <= len(octets) + len(word) * 2_000


# -- round trips

tokens: Final = st.text(_TOKEN, min_size=1, max_size=12)
values: Final = st.text([*_TEXT, " ", "\t"], max_size=20).map(lambda value: value.strip(" \t"))
field_names: Final = tokens.filter(lambda name: name.lower() not in _OWN_NAMES)
field_dicts: Final = st.dictionaries(field_names, values, max_size=5).filter(
    lambda fields: len({name.lower() for name in fields}) == len(fields)
)
trailer_dicts: Final = field_dicts.map(
    lambda fields: {f"X-{name}": value for name, value in fields.items()}
)
paths: Final = st.text([c for c in _TEXT if "\x21" <= c <= "\x7e" and c != "#"], max_size=20).map(
    lambda path: "/" + path
)
bodies: Final = st.one_of(st.binary(max_size=40), st.sampled_from([bytes(70_000)]))


def parsed_by_h11(octets: bytes) -> tuple[h11.Request, bytes, h11.EndOfMessage]:
    """Return the one request that *octets* are to a server."""
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000)
    server.receive_data(octets)
    request = server.next_event()
    assert isinstance(request, h11.Request)
    body = bytearray()
    while not isinstance(event := server.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data)
        body += event.data
    assert server.trailing_data == (b"", False)
    return request, bytes(body), event


def lower(fields: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items()]


@profile
@given(tokens, paths, field_dicts, st.none() | bodies, st.sampled_from([0, 1, 7, 5_000]), faces)
def test_request_is_to_a_server_what_it_was_to_the_caller(
    method: str, path: str, fields: dict[str, str], body: bytes | None, takes: int, face: Face
) -> None:
    if method == "CONNECT" or (body is not None and method == "TRACE"):
        return
    transport = SegmentTransport([], takes=takes)
    conn = connection_over(transport)
    operate(face, conn.send_request, conn.co_send_request, method, path, fields, body)
    request, came, _ = parsed_by_h11(bytes(transport.sent))
    assert (request.method, request.target) == (method.encode(), path.encode())
    assert came == (body or b"")
    own = [pair for pair in request.headers if pair[0].decode() in _OWN_NAMES]
    assert [pair for pair in request.headers if pair not in own] == lower(fields)
    assert (b"host", b"example.com") in own


@profile
@given(
    st.lists(bodies, max_size=5),
    trailer_dicts,
    st.booleans(),
    faces,
)
def test_body_in_writes_is_to_a_server_what_it_was_to_the_caller(
    writes: list[bytes], trailers: dict[str, str], is_chunked: bool, face: Face
) -> None:
    transport = SegmentTransport([])
    conn = connection_over(transport)
    body = b"".join(writes)
    conn.send_request("PUT", "/", body=BodyFollowing(None if is_chunked else len(body)))
    for octets in writes:
        if octets:
            operate(face, conn.write, conn.co_write, octets)
    operate(face, conn.end_body, conn.co_end_body, trailers if is_chunked else None)
    _, came, end = parsed_by_h11(bytes(transport.sent))
    assert came == body
    assert list(end.headers) == (lower(trailers) if is_chunked else [])


@st.composite
def chunked_bodies(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Draw a body, and its octets in chunks with extensions."""
    extensions = st.sampled_from([b"", b"", b"  ", b";a", b" ; a = b", b';a="\\";"'])
    chunks = [chunk for chunk in draw(st.lists(bodies, max_size=6)) if chunk]
    octets = bytearray()
    for chunk in chunks:
        size = draw(st.sampled_from([b"%x", b"%X", b"%06x"])) % len(chunk)
        octets += size + draw(extensions) + b"\r\n" + chunk + b"\r\n"
    return b"".join(chunks), bytes(octets) + b"0" + draw(extensions) + b"\r\n"


@profile
@given(st.data(), chunked_bodies(), field_dicts)
def test_body_in_chunks_comes_out_as_it_went_in(
    data: st.DataObject, chunked: tuple[bytes, bytes], trailers: dict[str, str]
) -> None:
    body, octets = chunked
    section = b"".join(b"%b: %b\r\n" % pair for pair in lower(trailers))
    response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + octets + section + b"\r\n"
    conn = connection_over(SegmentTransport(data.draw(segmented(response))))
    assert read_in_pieces(data, conn) == body
    assert conn.trailers is not None
    assert conn.trailers.items() == [(name.lower(), value) for name, value in trailers.items()]


@profile
@given(st.data(), bodies, st.booleans())
def test_body_comes_out_as_it_went_in(data: st.DataObject, body: bytes, is_sized: bool) -> None:
    length = b"Content-Length: %d\r\n" % len(body) if is_sized else b""
    response = b"HTTP/1.1 200 OK\r\n" + length + b"\r\n" + body
    conn = connection_over(SegmentTransport(data.draw(segmented(response)), End.EOF))
    assert read_in_pieces(data, conn) == body
    assert conn.trailers is None


def read_in_pieces(data: st.DataObject, conn: HTTPConnection) -> bytes:
    """Send a request, and read the body of its response in pieces of all sizes."""
    conn.send_request("GET", "/")
    conn.read_response()
    pieces: list[bytes] = []
    sizes = st.sampled_from([1, 2, 7, 1_000, 16_384, 100_000])
    for size, is_into in data.draw(st.lists(st.tuples(sizes, st.booleans()), max_size=8)):
        if is_into:
            target = bytearray(size)
            count = operate(data.draw(faces), conn.readinto, conn.co_readinto, target)
            pieces.append(bytes(target[:count]))
        else:
            pieces.append(operate(data.draw(faces), conn.read, conn.co_read, size))
    pieces.append(operate(data.draw(faces), conn.readall, conn.co_readall))
    return b"".join(pieces)
