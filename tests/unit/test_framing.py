from __future__ import annotations

from typing import Final

import pytest

from dugong.exceptions import InvalidResponse, UnsupportedResponse
from dugong.limits import Limits
from dugong.protocol.bodies import (
    BodyFraming,
    EmptyBody,
    FaultyBody,
    SizedBody,
    UntilCloseBody,
)
from dugong.protocol.chunks import ChunkedBody
from dugong.protocol.framing import choose_framing, has_no_body, is_persistent
from dugong.protocol.read_buffer import ReadBuffer
from dugong.protocol.response_head import ResponseHead, make_head
from tests.unit.split import filled

LIMITS: Final = Limits()


def head(status: int = 200, fields: str = "", *, minor: int = 1) -> ResponseHead:
    """Return a head whose field lines are those of *fields*, separated by `|`."""
    return make_head(
        minor, status, "", "".join(f"{line}\r\n" for line in fields.split("|") if line)
    )


def framing(fields: str, *, method: str = "GET", status: int = 200, minor: int = 1) -> BodyFraming:
    return choose_framing(method, head(status, fields, minor=minor), LIMITS)


# -- rule 1: no body

BOTH_LENGTHS: Final = "Content-Length: 5|Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("method", "status"),
    [
        pytest.param("HEAD", 200, id="HEAD"),
        pytest.param("HEAD", 404, id="HEAD with an error"),
        pytest.param("GET", 100, id="100"),
        pytest.param("GET", 103, id="103"),
        pytest.param("GET", 199, id="199"),
        pytest.param("GET", 204, id="204"),
        pytest.param("GET", 304, id="304"),
        pytest.param("CONNECT", 200, id="CONNECT 200"),
        pytest.param("CONNECT", 299, id="CONNECT 299"),
    ],
)
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param("", id="no fields"),
        pytest.param("Content-Length: 5", id="length"),
        pytest.param("Content-Length: x", id="faulty length"),
        pytest.param("Transfer-Encoding: chunked", id="chunked"),
        pytest.param("Transfer-Encoding: gzip", id="unknown coding"),
        pytest.param(BOTH_LENGTHS, id="both"),
    ],
)
def test_some_responses_have_no_body_whatever_the_fields_say(
    method: str, status: int, fields: str
) -> None:
    body = framing(fields, method=method, status=status)
    assert isinstance(body, EmptyBody)
    assert body.length == 0
    assert body.closes is (fields == BOTH_LENGTHS)


@pytest.mark.parametrize(
    ("method", "status"),
    [
        pytest.param("GET", 200, id="usual"),
        pytest.param("GET", 205, id="205"),
        pytest.param("GET", 203, id="203"),
        pytest.param("GET", 300, id="300"),
        pytest.param("GET", 404, id="404"),
        pytest.param("GET", 999, id="999"),
        pytest.param("POST", 200, id="POST"),
        pytest.param("head", 200, id="method in lower case"),
        pytest.param("CONNECT", 300, id="CONNECT 300"),
        pytest.param("CONNECT", 407, id="CONNECT 407"),
    ],
)
def test_all_other_responses_have_a_body(method: str, status: int) -> None:
    assert not has_no_body(method, status)
    assert isinstance(framing("Content-Length: 5", method=method, status=status), SizedBody)


def test_coding_in_a_response_of_http_1_0_without_body_closes() -> None:
    assert framing("Transfer-Encoding: chunked", status=304, minor=0).closes


# -- rules 2 and 3: transfer codings


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param("Transfer-Encoding: chunked", id="usual"),
        pytest.param("transfer-encoding:CHUNKED", id="upper case"),
        pytest.param("Transfer-Encoding: cHuNkEd", id="mixed case"),
        pytest.param("Transfer-Encoding: \t chunked \t", id="blanks"),
        pytest.param("Transfer-Encoding: ,chunked", id="empty element before"),
        pytest.param("Transfer-Encoding: chunked, ,", id="empty elements behind"),
        pytest.param("Transfer-Encoding: , ,\t,chunked,,", id="many empty elements"),
        pytest.param("Transfer-Encoding:|Transfer-Encoding: chunked", id="empty line before"),
        pytest.param("Transfer-Encoding: chunked|Transfer-Encoding:", id="empty line behind"),
    ],
)
def test_chunked(fields: str) -> None:
    body = framing(fields)
    assert isinstance(body, ChunkedBody)
    assert body.length is None
    assert not body.closes


def test_chunked_beside_a_length_is_read_but_closes() -> None:
    body = framing(BOTH_LENGTHS)
    assert isinstance(body, ChunkedBody)
    assert body.length is None
    assert body.closes


def test_chunked_beside_a_faulty_length_is_read_but_closes() -> None:
    body = framing("Transfer-Encoding: chunked|Content-Length: x")
    assert isinstance(body, ChunkedBody)
    assert body.closes


def test_chunked_in_http_1_0_is_read_but_closes() -> None:
    body = framing("Transfer-Encoding: chunked|Connection: keep-alive", minor=0)
    assert isinstance(body, ChunkedBody)
    assert body.closes


@pytest.mark.parametrize("minor", [pytest.param(n, id=f"HTTP/1.{n}") for n in range(1, 10)])
def test_chunked_in_later_minor_versions_is_that_of_1_1(minor: int) -> None:
    assert not framing("Transfer-Encoding: chunked", minor=minor).closes


def test_chunked_body_has_the_limits_of_the_connection() -> None:
    body = choose_framing("GET", head(200, "Transfer-Encoding: chunked"), Limits(extension_size=0))
    with pytest.raises(InvalidResponse, match="exceed 0 octets"):
        assert body.advance(filled(b"5;\r\n"))


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param("Transfer-Encoding: identity", id="identity"),
        pytest.param("Transfer-Encoding: identity, chunked", id="identity before"),
        pytest.param("Transfer-Encoding: gzip", id="gzip"),
        pytest.param("Transfer-Encoding: gzip, chunked", id="gzip before"),
        pytest.param("Transfer-Encoding: chunked, gzip", id="chunked not last"),
        pytest.param("Transfer-Encoding: chunked, chunked", id="twice"),
        pytest.param("Transfer-Encoding: chunked|Transfer-Encoding: chunked", id="two lines"),
        pytest.param("Transfer-Encoding: chunked|Transfer-Encoding: identity", id="both lines"),
        pytest.param("Transfer-Encoding:", id="empty"),
        pytest.param("Transfer-Encoding: ,", id="only empty elements"),
        pytest.param("Transfer-Encoding: chunked;q=1", id="parameter"),
        pytest.param("Transfer-Encoding: chun ked", id="blank within"),
        pytest.param("Transfer-Encoding: xchunked", id="other name"),
        pytest.param('Transfer-Encoding: "chunked"', id="quoted"),
        pytest.param("Transfer-Encoding: chunked\xa0", id="no-break space"),
        pytest.param("Transfer-Encoding: gzip|Content-Length: 5", id="beside a length"),
    ],
)
@pytest.mark.parametrize("minor", [pytest.param(n, id=f"HTTP/1.{n}") for n in (0, 1)])
def test_any_other_coding_is_unsupported_on_reading(fields: str, minor: int) -> None:
    body = framing(fields, minor=minor)
    assert isinstance(body, FaultyBody)
    assert body.closes
    with pytest.raises(UnsupportedResponse, match="transfer coding is not just chunked"):
        body.advance(ReadBuffer())


def test_refused_coding_shows_at_most_40_octets() -> None:
    with pytest.raises(UnsupportedResponse) as caught:
        framing("Transfer-Encoding: " + "\xe4" * 100).advance(ReadBuffer())
    assert str(caught.value).count("\\xe4") == 40


# -- rule 4: Content-Length


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        pytest.param("Content-Length: 5", 5, id="usual"),
        pytest.param("Content-Length: 0", 0, id="zero"),
        pytest.param("Content-Length: 007", 7, id="zeros in front"),
        pytest.param("Content-Length:\t 5 \t", 5, id="blanks"),
        pytest.param("Content-Length: 9223372036854775807", 2**63 - 1, id="below 2**63"),
        pytest.param("Content-Length: 0000000000000000001", 1, id="19 digits"),
        pytest.param("Content-Length: 5, 5", 5, id="list of equal values"),
        pytest.param("Content-Length: 5,5 ,\t5", 5, id="list with blanks"),
        pytest.param("Content-Length: 5|Content-Length: 5", 5, id="two equal lines"),
        pytest.param("Content-Length: 5, 5|Content-Length: 5", 5, id="list and line"),
        pytest.param("Content-Length: 5, 05", 5, id="equal but for zeros"),
    ],
)
def test_content_length(fields: str, length: int) -> None:
    body = framing(fields)
    assert isinstance(body, SizedBody)
    assert body.length == body.room == length
    assert body.ended is (length == 0)
    assert not body.closes


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param("5, 6", id="differing"),
        pytest.param("5, 5, 6", id="last differs"),
        pytest.param("5,", id="empty element behind"),
        pytest.param(",5", id="empty element before"),
        pytest.param("5,,5", id="empty element within"),
        pytest.param(",", id="only empty elements"),
        pytest.param("+5", id="plus"),
        pytest.param("-5", id="minus"),
        pytest.param("-0", id="minus zero"),
        pytest.param("0x5", id="prefix"),
        pytest.param("5_0", id="underscore"),
        pytest.param("5 0", id="inner blank"),
        pytest.param("5\t0", id="inner tab"),
        pytest.param("5;5", id="semicolon"),
        pytest.param("5.0", id="point"),
        pytest.param("5e1", id="exponent"),
        pytest.param("five", id="word"),
        pytest.param('"5"', id="quoted"),
        pytest.param("\xb2", id="superscript"),
        pytest.param("5\xa0", id="no-break space"),
        pytest.param("5\x85", id="next line"),
        pytest.param("9223372036854775808", id="2**63"),
        pytest.param("9999999999999999999", id="19 digits"),
        pytest.param("10000000000000000000", id="20 digits"),
        pytest.param("00000000000000000005", id="20 digits with zeros"),
        pytest.param("5, x", id="one wrong"),
        pytest.param("x, x", id="equally wrong"),
        pytest.param("9223372036854775808, 9223372036854775809", id="both too large"),
    ],
)
def test_faulty_content_length_is_refused_on_reading(value: str) -> None:
    body = framing(f"Content-Length: {value}")
    assert isinstance(body, FaultyBody)
    assert body.closes
    with pytest.raises(InvalidResponse, match="Content-Length is not one number"):
        body.advance(ReadBuffer())


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param("Content-Length: 5|Content-Length: 6", id="differing lines"),
        pytest.param("Content-Length: 5|Content-Length:", id="empty line behind"),
        pytest.param("Content-Length:|Content-Length: 5", id="empty line before"),
    ],
)
def test_faulty_lines_of_content_length_are_refused_on_reading(fields: str) -> None:
    with pytest.raises(InvalidResponse):
        framing(fields).advance(ReadBuffer())


def test_refused_length_shows_at_most_40_octets() -> None:
    with pytest.raises(InvalidResponse) as caught:
        framing("Content-Length: " + "\xe4" * 100).advance(ReadBuffer())
    assert str(caught.value).count("\\xe4") == 40


def test_content_length_in_http_1_0() -> None:
    assert framing("Content-Length: 5", minor=0).length == 5


# -- rule 5: until close


@pytest.mark.parametrize("minor", [pytest.param(n, id=f"HTTP/1.{n}") for n in (0, 1)])
def test_body_without_length_ends_when_the_server_closes(minor: int) -> None:
    body = framing("A: b", minor=minor)
    assert isinstance(body, UntilCloseBody)
    assert body.closes
    assert body.length is None


# -- keeping the connection


@pytest.mark.parametrize(
    ("minor", "fields", "kept"),
    [
        pytest.param(1, "", True, id="1.1"),
        pytest.param(9, "", True, id="1.9"),
        pytest.param(0, "", False, id="1.0"),
        pytest.param(1, "Connection: close", False, id="1.1 close"),
        pytest.param(9, "Connection: close", False, id="1.9 close"),
        pytest.param(0, "Connection: close", False, id="1.0 close"),
        pytest.param(1, "Connection: keep-alive", True, id="1.1 keep-alive"),
        pytest.param(0, "Connection: keep-alive", True, id="1.0 keep-alive"),
        pytest.param(0, "connection: Keep-Alive", True, id="any case of keep-alive"),
        pytest.param(1, "CONNECTION: CLOSE", False, id="any case of close"),
        pytest.param(1, "Connection: keep-alive, close", False, id="1.1 both"),
        pytest.param(0, "Connection: keep-alive, close", False, id="1.0 both"),
        pytest.param(0, "Connection: close|Connection: keep-alive", False, id="1.0 both lines"),
        pytest.param(1, "Connection: keep-alive|Connection: close", False, id="1.1 both lines"),
        pytest.param(1, "Connection: ,, close ,", False, id="empty elements around close"),
        pytest.param(0, "Connection: ,,\tkeep-alive ,", True, id="empty elements around keep"),
        pytest.param(1, "Connection: upgrade", True, id="1.1 other option"),
        pytest.param(0, "Connection: upgrade", False, id="1.0 other option"),
        pytest.param(1, "Connection: closed", True, id="longer word"),
        pytest.param(1, "Connection: close x", True, id="two words"),
        pytest.param(1, "Connection:", True, id="1.1 empty"),
        pytest.param(0, "Connection:", False, id="1.0 empty"),
        pytest.param(1, "Connection: x\t,\tclose", False, id="tabs"),
        pytest.param(1, "Connection: close\xa0", True, id="no-break space behind close"),
        pytest.param(1, "X-Connection: close", True, id="other field"),
        pytest.param(0, "Keep-Alive: timeout=5", False, id="Keep-Alive field"),
        pytest.param(1, "Proxy-Connection: close", True, id="Proxy-Connection"),
    ],
)
def test_connection_is_kept(minor: int, fields: str, kept: bool) -> None:
    assert is_persistent(head(200, fields, minor=minor)) is kept
