"""Fuzzes chunked bodies against a decoder that is slow, short, and written from PROTOCOL.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.runner import main
from tests.playing import Play, Reading, Verdict
from tests.segments import SegmentTransport, connection_over
from tests.vectors import RESPONSES
from tests.vectors.response_vector import Rule

HEAD: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SEEDS: Final = [
    v.octets.removeprefix(HEAD)
    for v in RESPONSES
    if v.rule is Rule.CHUNKS and v.octets.startswith(HEAD)
]
_EXTENSION: Final = rb'(?:[\t -!#-~\x80-\xff]|"(?:[\t -!#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*")'
_SIZE_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;" + _EXTENSION + rb"*)?\r\n")
_TRAILER: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*\r\n")
_RESTS: Final = (b"0\r\n", b"\r\n", b"\n", b'"\r\n', b'a"\r\n')
_FOLD: Final = re.compile(rb"[ \t][\t -~\x80-\xff]*\r\n")


def fuzz_chunks(data: bytes) -> None:
    """Read *data* as the body of a chunked response, in several segmentations."""
    expected, delivered, is_whole = decode(data)
    middle = len(data) // 2
    for segments in ([data], [data[:middle], data[middle:]], [bytes((o,)) for o in data]):
        conn = connection_over(SegmentTransport([HEAD, *segments]))
        outcome = Play(conn, reading=Reading.READINTO).run(["GET"])
        (answer,) = outcome.answers
        assert answer.body == delivered
        assert answer.is_whole == is_whole
        assert is_whole or outcome.verdict is expected, (outcome.verdict, expected)


def decode(data: bytes) -> tuple[Verdict, bytes, bool]:
    """Return the verdict on an unfinished body, the payload, and whether the body is whole."""
    payload = b""
    while match := _SIZE_LINE.match(data):
        size = int(match[1], 16)
        if size >= 2**63:
            return Verdict.REFUSED, payload, False
        data = data[match.end() :]
        if not size:
            verdict = judge_trailers(data)
            return verdict, payload, verdict is Verdict.KEPT
        payload += data[:size]
        data = data[size:]
        if not b"\r\n".startswith(data[:2]):
            return Verdict.REFUSED, payload, False
        if len(data) < 2:
            return Verdict.WAITS, payload, False
        data = data[2:]
    return (Verdict.WAITS if may_become_size_line(data) else Verdict.REFUSED), payload, False


def may_become_size_line(data: bytes) -> bool:
    """Return whether *data* is the beginning of a size line, by trying what could follow."""
    if re.match(rb"[89A-Fa-f][0-9A-Fa-f]{15}", data):  # 2**63 and more
        return False
    return any(_SIZE_LINE.fullmatch(data + rest) for rest in _RESTS)


def judge_trailers(data: bytes) -> Verdict:
    """Return the verdict on a trailer section and what may follow it."""
    is_first = True
    while (end := data.find(b"\n") + 1) and (line := data[:end]) != b"\r\n":
        if not _TRAILER.fullmatch(line) and (is_first or not _FOLD.fullmatch(line)):
            return Verdict.REFUSED
        data = data[end:]
        is_first = False
    return Verdict.KEPT if end else Verdict.WAITS


if __name__ == "__main__":
    main(fuzz_chunks, SEEDS)
