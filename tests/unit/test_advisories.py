"""Faults that other HTTP libraries published: each is tried here, and nothing comes of it.

A test is named by the number of the advisory. What needs TLS or a proxy is in
`tests.integration.test_advisories`.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    HTTPConnection,
    InvalidResponse,
    UnsupportedResponse,
)
from dugong.limits import MAX_EXTENSION_SIZE, MAX_HEADER_SIZE, MAX_INTERIM, MAX_LINE_SIZE
from tests.playing import Play, Verdict
from tests.segments import End, SegmentTransport, connection_over, drip

if TYPE_CHECKING:
    from dugong import PollNeeded

OK: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SECRET: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret"
MEMORY: Final = 1_048_576  # octets; more than any limit, far less than what is sent


class Flood(SegmentTransport):
    """Gives *start*, and then *pattern* without end."""

    def __init__(self, start: bytes, pattern: bytes) -> None:
        super().__init__([start])
        self._pattern = pattern * (65_536 // len(pattern))

    def receive_into(self, target: memoryview) -> int | PollNeeded:
        if not self._segments:
            self._segments.append(self._pattern)
        return super().receive_into(target)


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Fail where more than `MEMORY` octets are allocated meanwhile."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


def assert_refused(octets: bytes) -> None:
    """Fail where *octets* are taken for a response, whole or octet by octet."""
    for segments in ([octets], drip(octets)):
        outcome = Play(connection_over(SegmentTransport(segments, End.EOF))).run(["GET", "GET"])
        assert outcome.verdict is Verdict.REFUSED
        assert not any(answer.is_whole for answer in outcome.answers)


def assert_nothing_is_sent(attempt: Callable[[HTTPConnection], object]) -> None:
    transport = SegmentTransport([])
    conn = connection_over(transport)
    with pytest.raises(ValueError, match=r"header|field|method|path"):
        attempt(conn)
    assert not transport.sent


def assert_flood_is_refused(start: bytes, pattern: bytes, limit: int) -> None:
    transport = Flood(start, pattern)
    conn = connection_over(transport)
    conn.send_request("GET", "/")

    def read() -> None:
        conn.read_response()
        conn.discard()

    with bounded_memory(), pytest.raises(InvalidResponse, match=r"exceed|more than"):
        read()
    assert transport.given <= len(start) + 2 * limit


# -- injection into requests


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X": "a\r\nInjected: b"}, id="crlf-in-value"),
        pytest.param({"X": "a\nInjected: b"}, id="lf-in-value"),
        pytest.param({"X": "a\rInjected: b"}, id="cr-in-value"),
        pytest.param({"X": "a\r\n\r\nGET /evil HTTP/1.1"}, id="request-in-value"),
        pytest.param({"X: a\r\nInjected": "b"}, id="crlf-in-name"),
    ],
)
def test_cve_2016_5699_header_injection(headers: dict[str, str]) -> None:
    assert_nothing_is_sent(lambda conn: conn.send_request("GET", "/", headers))


def test_cve_2019_9740_injection_into_the_query() -> None:
    assert_nothing_is_sent(lambda conn: conn.send_request("GET", "/?q=a HTTP/1.1\r\nX: y\r\nZ: "))


def test_cve_2019_9947_injection_into_the_path() -> None:
    assert_nothing_is_sent(lambda conn: conn.send_request("GET", "/a\r\nX: y"))


@pytest.mark.parametrize("hostname", ["a\r\nX: y", "a\nb", "a HTTP/1.1\r\nX: y\r\nZ: ", "a\0b"])
def test_cve_2019_18348_injection_into_the_host(hostname: str) -> None:
    with pytest.raises(ValueError, match=r"host|address"):
        HTTPConnection(hostname)
    with pytest.raises(ValueError, match="URL"):
        HTTPConnection.for_url(f"http://{hostname}/")


@pytest.mark.parametrize("method", ["GET / HTTP/1.1\r\nX: y\r\nZ:", "GET\n", "GET\r", "GET "])
def test_cve_2020_26116_injection_into_the_method(method: str) -> None:
    assert_nothing_is_sent(lambda conn: conn.send_request(method, "/"))


def test_cve_2023_49082_method_that_is_a_whole_request() -> None:
    method = "GET /evil HTTP/1.1\r\nHost: evil\r\n\r\nGET"
    assert_nothing_is_sent(lambda conn: conn.send_request(method, "/"))


@pytest.mark.parametrize(
    ("hostname", "headers"),
    [
        pytest.param("a\r\nX: y", None, id="crlf-in-host"),
        pytest.param("a", {"X": "y\r\nInjected: z"}, id="crlf-in-value"),
        pytest.param("a", {"X\r\nInjected": "y"}, id="crlf-in-name"),
        pytest.param("a", {"X": "y\nz"}, id="lf-in-value"),
    ],
)
def test_cve_2026_1502_injection_into_the_tunnel(
    hostname: str, headers: dict[str, str] | None
) -> None:
    with pytest.raises(ValueError, match=r"host|field|address"):
        HTTPConnection(hostname, proxy=("proxy", 3128), proxy_headers=headers)


# -- chunk framing


@pytest.mark.parametrize("end", [b"XX", b"\n\n", b"\r\r", b"0\r", b"\nX", b"\rX", b"  "])
def test_cve_2025_43859_any_two_octets_behind_chunk_data(end: bytes) -> None:
    assert_refused(CHUNKED + b"5\r\nhello" + end + b"0\r\n\r\n" + SECRET)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"5\nhello\r\n0\r\n\r\n", id="behind-size"),
        pytest.param(b"5\r\nhello\r\n0\n\r\n", id="behind-last-size"),
        pytest.param(b"5;x\nhello\r\n0\r\n\r\n", id="behind-extension"),
        pytest.param(b"5\r\nhello\n0\r\n\r\n", id="behind-data"),
    ],
)
def test_cve_2025_22871_bare_lf_in_chunks(octets: bytes) -> None:
    assert_refused(CHUNKED + octets)


@pytest.mark.parametrize("extension", [b";a\nb", b";\n", b';a="\n"', b';a="\\\n"', b";a\rb"])
def test_cve_2024_52304_line_end_in_a_chunk_extension(extension: bytes) -> None:
    assert_refused(CHUNKED + b"5" + extension + b"\r\nhello\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "size", [b"0x5", b"0X5", b"+5", b"-5", b"0_5", b" 5", b"5_", b"", b"\t5", b"5\x0b"]
)
def test_cve_2023_38697_lenient_chunk_size(size: bytes) -> None:
    assert_refused(CHUNKED + size + b"\r\nhello\r\n0\r\n\r\n")


# -- conflicting framing


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(b"A: b\nContent-Length: 5\r\n\r\n", id="bare-lf"),
        pytest.param(b"A: b\rContent-Length: 5\r\n\r\n", id="bare-cr"),
        pytest.param(b"Content-Length: 5\r\n\nhello", id="bare-lf-for-the-empty-line"),
    ],
)
def test_cve_2022_32214_fields_not_delimited_by_crlf(lines: bytes) -> None:
    assert_refused(OK + lines + b"hello" + SECRET)


def test_cve_2022_32215_transfer_encoding_in_several_lines() -> None:
    transport = SegmentTransport([OK + b"Transfer-Encoding: chunked,\r\n\tgzip\r\n\r\n5\r\n"])
    conn = connection_over(transport)
    conn.send_request("GET", "/")
    assert conn.read_response().headers["Transfer-Encoding"] == "chunked, gzip"
    with pytest.raises(UnsupportedResponse, match="transfer coding"):
        conn.readall()


@pytest.mark.parametrize("line", [b"Content-Length : 5", b"Transfer-Encoding\t: chunked"])
def test_cve_2021_22959_blank_before_the_colon(line: bytes) -> None:
    assert_refused(OK + line + b"\r\n\r\nhello" + SECRET)


@pytest.mark.parametrize("blank", [b" ", b"\t"])
def test_cve_2024_27982_blank_before_content_length(blank: bytes) -> None:
    assert_refused(OK + blank + b"Content-Length: 5\r\n\r\nhello" + SECRET)
    # Behind another field it is a part of that field's value, and frames nothing.
    octets = OK + b"Content-Length: 2\r\nA: b\r\n" + blank + b"Content-Length: 5\r\n\r\nhi"
    outcome = Play(connection_over(SegmentTransport([octets]))).run(["GET"])
    assert outcome.answers[0].body == b"hi"


@pytest.mark.parametrize("minor", [0, 1])
def test_cve_2023_47641_content_length_beside_chunked(minor: int) -> None:
    octets = (
        b"HTTP/1.%d 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: keep-alive\r\n\r\n5\r\nhello\r\n0\r\n\r\n" % minor
    )
    for lines in (octets, octets.replace(b"3\r\nT", b"99\r\nT")):
        conn = connection_over(SegmentTransport([lines + SECRET]))
        outcome = Play(conn).run(["GET"])
        assert outcome.answers[0].body == b"hello"
        assert outcome.verdict is Verdict.CLOSES


# -- NUL, bare CR and bare LF


@pytest.mark.parametrize(
    "line",
    [b"A: b\0c", b"A\0: b", b"A: b\rc", b"A\r: b", b"A: b\nC", b"A\n: b", b"\rA: b", b"A\n\n: b"],
)
def test_cve_2023_37276_nul_bare_cr_and_bare_lf_in_a_head(line: bytes) -> None:
    assert_refused(OK + line + b"\r\nContent-Length: 6\r\n\r\n" + SECRET)


# -- endless answers


def test_cve_2021_3737_endless_interim_responses() -> None:
    response = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert_flood_is_refused(b"", response, max(65_536, MAX_INTERIM * len(response)))


def test_cve_2013_1752_line_without_end() -> None:
    assert_flood_is_refused(OK[:-2], b"a", MAX_LINE_SIZE)
    assert_flood_is_refused(OK + b"A: ", b"a", MAX_HEADER_SIZE)
    assert_flood_is_refused(CHUNKED + b"5;", b"a", MAX_LINE_SIZE)
    assert_flood_is_refused(CHUNKED + b"0\r\nA: ", b"a", MAX_HEADER_SIZE)


def test_cve_2023_38039_fields_without_end() -> None:
    assert_flood_is_refused(OK, b"A: b\r\n", MAX_HEADER_SIZE)
    assert_flood_is_refused(OK + b"A: b\r\n", b" c\r\n", MAX_HEADER_SIZE)
    assert_flood_is_refused(CHUNKED + b"0\r\n", b"A: b\r\n", MAX_HEADER_SIZE)


def test_cve_2024_22019_chunk_extension_without_end() -> None:
    assert_flood_is_refused(CHUNKED + b"1;a=", b"b", MAX_LINE_SIZE)
    assert_flood_is_refused(CHUNKED + b'1;a="', b";", MAX_LINE_SIZE)


def test_cve_2023_39326_small_chunks_with_large_extensions() -> None:
    chunk = b"1;" + b"a" * 100 + b"\r\nb\r\n"
    assert_flood_is_refused(CHUNKED, chunk, MAX_EXTENSION_SIZE)


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(OK + b"Content-Length: 4611686018427387904\r\n\r\n", id="sized"),
        pytest.param(CHUNKED + b"4000000000000000\r\n", id="chunked"),
    ],
)
@pytest.mark.parametrize("operation", ["readall", "read", "discard"])
def test_cve_2025_13836_memory_for_a_declared_size(start: bytes, operation: str) -> None:
    conn = connection_over(SegmentTransport([start + b"hello"], End.EOF))
    conn.send_request("GET", "/")
    conn.read_response()
    operations: dict[str, Callable[[], object]] = {
        "readall": conn.readall,
        "read": lambda: [conn.read(2**60), conn.read(2**60)],
        "discard": conn.discard,
    }
    with bounded_memory(), pytest.raises(ConnectionClosed):
        operations[operation]()


# -- 100-continue


@pytest.mark.parametrize("last", [b"", b"Connection: close\r\n"])
def test_cve_2024_24791_final_status_in_place_of_100(last: bytes) -> None:
    """The body is not sent, and the next request is not sent in its place on that connection."""
    refusal = b"HTTP/1.1 417 No\r\n" + last + b"Content-Length: 2\r\n\r\nno"
    transport = SegmentTransport([refusal])
    conn = connection_over(transport)
    conn.send_request("PUT", "/", body=BodyFollowing(5), expect100=True)
    assert conn.read_response().status == 417
    assert conn.readall() == b"no"
    sent = bytes(transport.sent)
    conn.send_request("GET", "/next")
    assert transport.sent == sent
