"""Fuzzes whole responses: one outcome in every segmentation and every way of reading."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.runner import main
from tests.playing import Answer, Face, Outcome, Play, Reading
from tests.segments import DEFAULT_LIMITS, End, SegmentTransport, connection_over
from tests.vectors import RESPONSES
from tests.vectors.response_vector import REDUCED

# The first octets of an input say how it is played.
_SETTINGS: Final = 5
_METHODS: Final = (["GET"], ["HEAD"], ["GET", "GET"], ["HEAD", "POST", "GET"])
SEEDS: Final = [
    bytes((len(v.methods) - 1, number % 3, number % 2, number % 5, number % 2 + 1)) + v.octets
    for number, v in enumerate(RESPONSES)
    if len(v.octets) < 400
]


def fuzz_responses(data: bytes) -> None:
    """Play *data* whole and in segments; every exception that is not documented passes."""
    settings, octets = data[:_SETTINGS].ljust(_SETTINGS, b"\0"), data[_SETTINGS:]
    methods = _METHODS[settings[0] % len(_METHODS)]
    expect100 = settings[0] > 127 and len(methods) == 1
    end = tuple(End)[settings[1] % len(End)]
    limits = REDUCED if settings[2] % 2 else DEFAULT_LIMITS
    reading = tuple(Reading)[settings[3] % len(Reading)]
    size = settings[4] or 1
    face = Face.COROUTINE if settings[4] % 2 else Face.BLOCKING
    segments = [octets[i : i + size] for i in range(0, len(octets), size)]

    conn = connection_over(SegmentTransport([octets], end), limits)
    whole = Play(conn).run(methods, expect100=expect100)
    conn = connection_over(SegmentTransport(segments, end), limits)
    other = Play(conn, face, reading).run(methods, expect100=expect100)
    assert other.verdict is whole.verdict
    assert seen(other, reading) == seen(whole, reading)


def seen(outcome: Outcome, reading: Reading) -> list[Answer]:
    """Return the answers, with the bodies only that *reading* tells."""
    return [
        answer
        if reading.tells_delivered or (answer.is_whole and reading is Reading.READALL)
        else Answer(
            answer.status, answer.reason, answer.length, answer.interim, None, answer.is_whole
        )
        for answer in outcome.answers
    ]


if __name__ == "__main__":
    main(fuzz_responses, SEEDS)
