from __future__ import annotations

import pytest

from dugong.exceptions import ConnectionClosed, InvalidResponse
from dugong.limits import MAX_STRAY_CRLF
from dugong.protocol.stray import TIMEOUT_START, check_stray


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="nothing"),
        *[pytest.param(b"\r\n" * n, id=f"{2 * n} octets") for n in range(1, 5)],
    ],
)
def test_few_empty_lines_can_be_dropped(octets: bytes) -> None:
    check_stray(octets, MAX_STRAY_CRLF)


@pytest.mark.parametrize("limit", [pytest.param(n, id=str(n)) for n in (2, 8, 64)])
def test_limit_is_accepted_and_one_line_more_refused(limit: int) -> None:
    check_stray(b"\r\n" * (limit // 2), limit)
    with pytest.raises(InvalidResponse, match="nobody asked for"):
        check_stray(b"\r\n" * (limit // 2 + 1), limit)


def test_no_line_is_let_pass_where_the_limit_is_zero() -> None:
    check_stray(b"", 0)
    with pytest.raises(InvalidResponse):
        check_stray(b"\r\n", 0)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"HTTP/1.1 408 Request Timeout\r\n\r\n", id="HTTP/1.1"),
        pytest.param(b"HTTP/1.0 408 Request Time-out\r\nConnection: close\r\n\r\n", id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 408", id="only its start"),
        pytest.param(b"HTTP/1.1 408\r\n", id="without reason"),
    ],
)
@pytest.mark.parametrize("limit", [pytest.param(n, id=f"limit {n}") for n in (0, 8)])
def test_timeout_response_is_the_announcement_of_a_close(octets: bytes, limit: int) -> None:
    with pytest.raises(
        ConnectionClosed, match=r"^server announced by a 408 response that it closes"
    ):
        check_stray(octets, limit)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", id="response"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="other error"),
        pytest.param(b"HTTP/1.1 40", id="begun 408"),
        pytest.param(b"HTTP/1.1 4080", id="four digits"),
        pytest.param(b"HTTP/2.0 408 x", id="other version"),
        pytest.param(b"\r\nHTTP/1.1 408 x", id="408 behind an empty line"),
        pytest.param(b"\n", id="bare LF"),
        pytest.param(b"\r", id="bare CR"),
        pytest.param(b"\r\n\r", id="line and a half"),
        pytest.param(b"\n\r", id="wrong order"),
        pytest.param(b" ", id="blank"),
        pytest.param(b"\0", id="NUL"),
        pytest.param(b"\r\n\0", id="NUL behind an empty line"),
        pytest.param(b"0\r\n\r\n", id="chunk"),
    ],
)
def test_anything_else_is_refused(octets: bytes) -> None:
    with pytest.raises(InvalidResponse, match="octets that nobody asked for"):
        check_stray(octets, MAX_STRAY_CRLF)


def test_start_of_a_408_tells_it_from_every_other_response() -> None:
    with pytest.raises(ConnectionClosed):
        check_stray(b"HTTP/1.1 408 "[:TIMEOUT_START], MAX_STRAY_CRLF)
    for other in (b"HTTP/1.1 4080", b"HTTP/1.1 4089", b"HTTP/1.1 400 "):
        with pytest.raises(InvalidResponse):
            check_stray(other[:TIMEOUT_START], MAX_STRAY_CRLF)


def test_refusal_shows_at_most_40_octets() -> None:
    with pytest.raises(InvalidResponse) as caught:
        check_stray(b"\xff" * 100, MAX_STRAY_CRLF)
    assert str(caught.value).count("\\xff") == 40
