"""Every request of the tables: the exact octets that go out, or the exception and none."""

from __future__ import annotations

import functools
import re
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

from tests.playing import Face, operate
from tests.segments import SegmentTransport, played_connection
from tests.vectors import REQUESTS

if TYPE_CHECKING:
    from dugong import HTTPConnection
    from tests.vectors.request_vector import RequestVector

_JOINED: Final = 65_536  # octets of a body that is small enough to be sent with its head

both_faces: Final = pytest.mark.parametrize("face", [pytest.param(f, id=f.value) for f in Face])


def rows(*, good: bool) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "vector",
        [pytest.param(v, id=v.id) for v in REQUESTS if isinstance(v.expected, bytes) is good],
    )


@functools.cache
def context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def connect(vector: RequestVector, transport: SegmentTransport) -> HTTPConnection:
    return played_connection(
        transport,
        vector.hostname,
        vector.port,
        context() if vector.secure else None,
        vector.proxy,
        vector.proxy_headers,
    )


def progress(
    vector: RequestVector, transport: SegmentTransport, face: Face = Face.BLOCKING
) -> Iterator[None]:
    """Do what the row says; give way before each operation."""
    yield
    conn = connect(vector, transport)
    arguments = (vector.method, vector.path, vector.headers, vector.body, vector.expect100)
    operate(face, conn.send_request, conn.co_send_request, *arguments)
    if vector.expect100:
        conn.skip_continue()
    for octets in vector.writes:
        yield
        operate(face, conn.write, conn.co_write, octets)
    if vector.ends:
        yield
        operate(face, conn.end_body, conn.co_end_body, vector.trailers)


def run(vector: RequestVector, transport: SegmentTransport, face: Face = Face.BLOCKING) -> None:
    for _ in progress(vector, transport, face):
        pass


@rows(good=True)
@both_faces
@pytest.mark.parametrize("takes", [pytest.param(0, id="at-once"), pytest.param(701, id="in-parts")])
def test_request_goes_out_as_these_octets(vector: RequestVector, face: Face, takes: int) -> None:
    transport = SegmentTransport([], takes=takes)
    run(vector, transport, face)
    assert bytes(transport.sent) == vector.expected


@rows(good=True)
def test_request_goes_out_octet_by_octet(vector: RequestVector) -> None:
    assert isinstance(vector.expected, bytes)
    if len(vector.expected) > 1_000:
        return
    transport = SegmentTransport([], takes=1)
    run(vector, transport, Face.COROUTINE)
    assert transport.sent == vector.expected


@rows(good=False)
@both_faces
def test_wrong_request_raises_and_nothing_of_it_is_sent(vector: RequestVector, face: Face) -> None:
    assert isinstance(vector.expected, type)
    transport = SegmentTransport([])
    before = b""
    error: Exception | None = None
    try:
        for _ in progress(vector, transport, face):
            before = bytes(transport.sent)
    except Exception as exc:  # noqa: BLE001  # which one is asserted
        error = exc
    assert type(error) is vector.expected
    assert re.search(vector.names, str(error), re.IGNORECASE)
    assert len(str(error)) < 200
    assert transport.sent == before


@pytest.mark.parametrize(
    "vector",
    [
        pytest.param(v, id=v.id)
        for v in REQUESTS
        if isinstance(v.expected, bytes) and not v.writes and not v.ends and v.id != "large"
    ],
)
def test_request_with_a_small_body_is_one_send(vector: RequestVector) -> None:
    if isinstance(vector.body, bytes) and len(vector.body) > _JOINED:
        return
    transport = SegmentTransport([])
    run(vector, transport)
    assert transport.sends == 1


@rows(good=True)
def test_mapping_of_the_caller_is_not_changed(vector: RequestVector) -> None:
    before = dict(vector.headers or {})
    run(vector, SegmentTransport([]))
    assert dict(vector.headers or {}) == before


def test_every_row_has_its_own_name() -> None:
    names = [vector.id for vector in REQUESTS]
    assert len(names) == len(set(names))
