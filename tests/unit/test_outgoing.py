from __future__ import annotations

from collections import deque

from dugong.exchange.outgoing import Outgoing
from dugong.protocol.request import EncodedRequest
from dugong.protocol.state import SendEvent


def test_nothing_is_out_at_first() -> None:
    outgoing = Outgoing(SendEvent.WRITE, deque([b"octets"]))
    assert not outgoing.is_begun
    assert not outgoing.is_out


def test_memory_of_the_caller_is_released() -> None:
    data = bytearray(100)
    outgoing = Outgoing(SendEvent.WRITE, deque([b"64\r\n", memoryview(data), memoryview(data)[5:]]))
    outgoing.release()
    data.clear()
    assert not outgoing.pieces


def test_body_of_a_request_is_released_though_no_piece_refers_to_it() -> None:
    body = bytearray(100)
    request = EncodedRequest(
        "PUT", "/", b"head", SendEvent.REQUEST_WITH_BODY, body=memoryview(body)
    )
    Outgoing(request.event, deque([b"head and body"]), request=request).release()
    body.clear()
