"""Octets that come while no response is owed, and what the next request says to them."""

from typing import Final

import attrs

from dugong.limits import Limits
from tests.playing import Verdict
from tests.segments import DEFAULT_LIMITS, End
from tests.vectors.response_vector import REDUCED


@attrs.frozen
class StrayVector:
    """What a server sends while nothing is booked.

    Attributes:
        id: The name of the row.
        octets: What it sends.
        verdict: What the next request meets: `KEPT` where it is sent.
        end: What comes behind the octets.
        limits: The limits in force.
    """

    id: str
    octets: bytes = attrs.field(repr=False)
    verdict: Verdict
    end: End = End.SILENCE
    limits: Limits = DEFAULT_LIMITS


_RESPONSE: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
_TIMEOUT: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"

VECTORS: Final = (
    StrayVector("nothing", b"", Verdict.KEPT),
    StrayVector("one-empty-line", b"\r\n", Verdict.KEPT),
    StrayVector("two-empty-lines", b"\r\n\r\n", Verdict.KEPT),
    StrayVector("eight-octets-of-empty-lines", b"\r\n" * 4, Verdict.KEPT),
    StrayVector("four-octets-at-a-limit-of-four", b"\r\n" * 2, Verdict.KEPT, limits=REDUCED),
    StrayVector("six-octets-at-a-limit-of-four", b"\r\n" * 3, Verdict.REFUSED, limits=REDUCED),
    StrayVector(
        "one-empty-line-at-a-limit-of-none",
        b"\r\n",
        Verdict.REFUSED,
        limits=Limits(stray_crlf=0),
    ),
    StrayVector("ten-octets-of-empty-lines", b"\r\n" * 5, Verdict.REFUSED),
    StrayVector("many-empty-lines", b"\r\n" * 40_000, Verdict.REFUSED),
    StrayVector("cr-alone", b"\r", Verdict.REFUSED),
    StrayVector("lf-alone", b"\n", Verdict.REFUSED),
    StrayVector("empty-line-and-cr", b"\r\n\r", Verdict.REFUSED),
    StrayVector("empty-line-and-bare-lf", b"\r\n\n", Verdict.REFUSED),
    StrayVector("lf-cr", b"\n\r", Verdict.REFUSED),
    StrayVector("blank", b" ", Verdict.REFUSED),
    StrayVector("nul", b"\0", Verdict.REFUSED),
    StrayVector("letter", b"x", Verdict.REFUSED),
    StrayVector("empty-line-and-letter", b"\r\nx", Verdict.REFUSED),
    StrayVector("whole-response", _RESPONSE, Verdict.REFUSED),
    StrayVector("empty-line-and-response", b"\r\n" + _RESPONSE, Verdict.REFUSED),
    StrayVector("many-responses", _RESPONSE * 3_000, Verdict.REFUSED),
    StrayVector("response-and-end", _RESPONSE, Verdict.REFUSED, End.EOF),
    StrayVector("start-of-a-response", b"HTTP/1.1 2", Verdict.REFUSED),
    StrayVector("interim-response", b"HTTP/1.1 103 x\r\n\r\n", Verdict.REFUSED),
    StrayVector("continue", b"HTTP/1.1 100 Continue\r\n\r\n", Verdict.REFUSED),
    StrayVector("timeout-response", _TIMEOUT, Verdict.CLOSED),
    StrayVector("timeout-response-and-end", _TIMEOUT, Verdict.CLOSED, End.EOF),
    StrayVector("timeout-response-of-http-1.0", b"HTTP/1.0 408 x\r\n\r\n", Verdict.CLOSED),
    StrayVector("timeout-response-without-reason", b"HTTP/1.1 408\r\n\r\n", Verdict.CLOSED),
    StrayVector("start-of-a-timeout-response", b"HTTP/1.1 408 Req", Verdict.CLOSED),
    StrayVector("status-4080", b"HTTP/1.1 4080\r\n\r\n", Verdict.REFUSED),
    StrayVector("status-409", b"HTTP/1.1 409 x\r\n\r\n", Verdict.REFUSED),
    StrayVector("timeout-response-of-http-2", b"HTTP/2.0 408 x\r\n\r\n", Verdict.REFUSED),
    StrayVector("timeout-response-in-lower-case", b"http/1.1 408 x\r\n\r\n", Verdict.REFUSED),
    StrayVector("end", b"", Verdict.CLOSED, End.EOF),
    StrayVector("reset", b"", Verdict.CLOSED, End.RESET),
    StrayVector("empty-line-and-end", b"\r\n", Verdict.CLOSED, End.EOF),
    StrayVector("empty-line-and-reset", b"\r\n", Verdict.CLOSED, End.RESET),
    StrayVector("letter-and-end", b"x", Verdict.REFUSED, End.EOF),
)
