from __future__ import annotations

import pytest

from dugong.protocol.outgoing import EncodedRequest, Outgoing
from dugong.protocol.state import SendEvent


def test_nothing_is_out_at_first() -> None:
    outgoing = Outgoing(SendEvent.WRITE, [b"octets"])
    assert not outgoing.is_begun
    assert not outgoing.is_out


def test_memory_of_the_caller_is_released() -> None:
    data = bytearray(100)
    outgoing = Outgoing(SendEvent.WRITE, [b"64\r\n", memoryview(data), memoryview(data)[5:]])
    outgoing.release()
    data.clear()
    assert not outgoing.pieces


def test_body_of_a_request_is_released_though_no_piece_refers_to_it() -> None:
    body = bytearray(100)
    request = EncodedRequest(
        SendEvent.REQUEST_WITH_BODY, [b"head and body"], "PUT", "/", body=memoryview(body)
    )
    request.release()
    body.clear()


def test_request_may_be_released_twice() -> None:
    request = EncodedRequest(SendEvent.REQUEST_WITH_BODY, [], "PUT", "/", body=memoryview(b"a"))
    for _ in range(2):
        request.release()
    assert not request.has_content


def test_head_is_what_is_sent_first() -> None:
    pieces: list[bytes | memoryview] = [b"head", memoryview(b"body")]
    request = EncodedRequest(SendEvent.REQUEST_WITH_BODY, pieces, "PUT", "/")
    assert request.head == b"head"


def test_request_that_is_out_has_no_head() -> None:
    request = EncodedRequest(SendEvent.REQUEST, [], "GET", "/")
    assert request.head == b""


@pytest.mark.parametrize(
    ("body", "length", "chunked", "expected"),
    [
        pytest.param(None, 0, False, False, id="none"),
        pytest.param(b"", 0, False, False, id="empty"),
        pytest.param(b"x", 0, False, True, id="whole"),
        pytest.param(None, 1, False, True, id="sized"),
        pytest.param(None, 0, True, True, id="chunked"),
    ],
)
def test_content_is_a_body_that_is_not_known_to_be_empty(
    body: bytes | None, length: int, chunked: bool, expected: bool
) -> None:
    view = None if body is None else memoryview(body)
    request = EncodedRequest(
        SendEvent.REQUEST, [], "PUT", "/", body=view, length=length, chunked=chunked
    )
    assert request.has_content is expected


def test_request_without_a_body_can_be_released() -> None:
    request = EncodedRequest(SendEvent.REQUEST, [b"head"], "GET", "/")
    request.release()
    assert not request.pieces
