"""Connections that end: before a response, within it, behind it; in order and by a reset."""

from typing import Final

from tests.segments import End
from tests.vectors.response_vector import (
    ExpectedAnswer,
    ResponseVector,
    Rule,
    closed,
    cut,
)

_RULE: Final = Rule.END
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
_CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def _at(octets: bytes, place: str, *answers: ExpectedAnswer) -> tuple[ResponseVector, ...]:
    """Return a row for each way of ending behind *octets*."""
    return tuple(
        closed(f"{name}-{place}", _RULE, octets, *answers, end=end)
        for name, end in (("end", End.EOF), ("reset", End.RESET))
    )


VECTORS: Final[tuple[ResponseVector, ...]] = (
    *_at(b"", "for-a-response"),
    *_at(b"H", "within-the-version"),
    *_at(b"HTTP/1.1 200", "within-the-status-line"),
    *_at(b"HTTP/1.1 200 OK\r", "within-the-crlf-of-the-status-line"),
    *_at(b"HTTP/1.1 200 OK\r\n", "behind-the-status-line"),
    *_at(b"HTTP/1.1 204 OK\r\n\r", "within-the-empty-line"),
    *_at(b"HTTP/1.1 200 OK\r\nContent-Le", "within-a-name"),
    *_at(b"HTTP/1.1 200 OK\r\nContent-Length: 4", "within-a-value"),
    *_at(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n", "behind-a-field"),
    *_at(_HEAD, "behind-the-head", cut(length=4)),
    *_at(_HEAD + b"a", "within-a-sized-body", cut(b"a", length=4)),
    *_at(_HEAD + b"abc", "one-octet-before-the-end", cut(b"abc", length=4)),
    *_at(_CHUNKED, "for-a-chunk", cut()),
    *_at(_CHUNKED + b"4\r\nab", "within-a-chunk", cut(b"ab")),
    *_at(_CHUNKED + b"2\r\nab\r\n", "between-chunks", cut(b"ab")),
    *_at(_CHUNKED + b"2\r\nab\r\n0\r\n", "for-the-empty-line", cut(b"ab")),
    *_at(_CHUNKED + b"2\r\nab\r\n0\r\n\r", "for-the-last-lf", cut(b"ab")),
    closed(
        "reset-for-an-until-close-body", _RULE, b"HTTP/1.1 200 OK\r\n\r\n", cut(), end=End.RESET
    ),
    closed(
        "reset-within-an-until-close-body",
        _RULE,
        b"HTTP/1.1 200 OK\r\n\r\nabc",
        cut(b"abc"),
        end=End.RESET,
    ),
    closed(
        "reset-within-an-until-close-body-of-http-1.0",
        _RULE,
        b"HTTP/1.0 200 OK\r\n\r\nabc",
        cut(b"abc"),
        end=End.RESET,
    ),
)
