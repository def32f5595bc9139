"""Fuzzes the head parser: a head is judged alike in whatever segments it comes, and bounded."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dugong import InvalidResponse, UnsupportedResponse
from dugong.protocol.line_grammar import FIELD_LINE
from dugong.protocol.read_buffer import ReadBuffer
from dugong.protocol.response_head import HeadParser, ResponseHead
from fuzz.runner import main
from tests.vectors import RESPONSES
from tests.vectors.response_vector import REDUCED

SEEDS: Final = [v.octets for v in RESPONSES if len(v.octets) < 400]


def fuzz_head(data: bytes) -> None:
    """Parse *data* whole, in two parts and octet by octet; the results are the same."""
    whole = parse([data])
    middle = len(data) // 2
    assert parse([data[:middle], data[middle:]]) == whole
    assert parse([data[i : i + 1] for i in range(len(data))]) == whole
    if isinstance(whole, ResponseHead):
        check_head(whole)


def parse(segments: list[bytes]) -> ResponseHead | type[Exception] | None:
    """Return the head, the type of the refusal, or `None` where more octets are needed."""
    buffer, parser = ReadBuffer(), HeadParser(REDUCED)
    collected = 0
    for segment in filter(None, segments):
        receive(buffer, segment)
        collected += len(segment)
        try:
            head = parser.parse(buffer)
        except (InvalidResponse, UnsupportedResponse) as exc:
            assert len(str(exc)) < 300
            return type(exc)
        if head is not None:
            return head
        assert collected <= REDUCED.line_size + REDUCED.header_size + 4, "collected without bound"
    return None


def receive(buffer: ReadBuffer, segment: bytes) -> None:
    """Put *segment* into *buffer* as a transport would."""
    left = io.BytesIO(segment)
    while left.tell() < len(segment):
        buffer.fill(left.readinto)


def check_head(head: ResponseHead) -> None:
    """Check what every accepted head has in common."""
    assert 100 <= head.status <= 999
    assert not any(octet in head.reason for octet in "\r\n\0\x7f")
    lines = head.lines.split("\r\n")[:-1]
    assert len(lines) <= REDUCED.fields
    assert len(head.lines) <= REDUCED.header_size
    for line in lines:
        assert FIELD_LINE.fullmatch(line + "\r\n")


if __name__ == "__main__":
    main(fuzz_head, SEEDS)
