"""Limits, each from both sides: as they are by default, and reduced."""

from typing import Final

from dugong.limits import (
    MAX_EXTENSION_SIZE,
    MAX_FIELDS,
    MAX_HEADER_SIZE,
    MAX_INTERIM,
    MAX_LINE_SIZE,
    Limits,
)
from tests.vectors.response_vector import (
    REDUCED,
    ResponseVector,
    Rule,
    answer,
    cut,
    kept,
    refused,
    waits,
)

_RULE: Final = Rule.LIMITS
_LINE: Final = b"HTTP/1.1 204 OK\r\n"
_CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_NO_BODY: Final = answer(status=204)
_LONG_LINES: Final = Limits(line_size=64, extension_size=1000)


def _status_line(size: int) -> bytes:
    """Return a status line of *size* octets, without its CRLF."""
    return b"HTTP/1.1 204 ".ljust(size, b"r")


def _reason(size: int) -> str:
    return "r" * (size - 13)


def _field(size: int) -> bytes:
    """Return a field line of *size* octets, its CRLF included."""
    return b"A: ".ljust(size - 2, b"b") + b"\r\n"


def _extended(size: int) -> bytes:
    """Return chunk extensions of *size* octets."""
    return b";".ljust(size, b"e")


def _fields(count: int) -> bytes:
    return b"A:\r\n" * count


def _status_lines(name: str, size: int, limits: Limits) -> tuple[ResponseVector, ...]:
    exact = answer(status=204, reason=_reason(size))
    return (
        kept(
            f"status-line-at-{name}", _RULE, _status_line(size) + b"\r\n\r\n", exact, limits=limits
        ),
        waits(
            f"status-line-at-{name}-without-lf", _RULE, _status_line(size) + b"\r", limits=limits
        ),
        refused(f"status-line-above-{name}", _RULE, _status_line(size + 1), limits=limits),
        refused(
            f"status-line-far-above-{name}",
            _RULE,
            _status_line(3 * size) + b"\r\n\r\n",
            limits=limits,
            spare=2 * size + 3,
        ),
    )


def _sections(name: str, size: int, limits: Limits) -> tuple[ResponseVector, ...]:
    return (
        kept(f"header-at-{name}", _RULE, _LINE + _field(size) + b"\r\n", _NO_BODY, limits=limits),
        kept(
            f"header-of-two-fields-at-{name}",
            _RULE,
            _LINE + _field(32) + _field(size - 32) + b"\r\n",
            _NO_BODY,
            limits=limits,
        ),
        kept(
            f"folded-header-at-{name}",
            _RULE,
            _LINE + _field(32) + b" ".ljust(size - 34, b"b") + b"\r\n\r\n",
            _NO_BODY,
            limits=limits,
        ),
        waits(f"header-at-{name}-and-cr", _RULE, _LINE + _field(size) + b"\r", limits=limits),
        refused(f"header-above-{name}", _RULE, _LINE + _field(size + 1), limits=limits),
        refused(
            f"header-above-{name}-without-lf",
            _RULE,
            _LINE + b"A: ".ljust(size + 1, b"b"),
            limits=limits,
        ),
        refused(
            f"header-of-two-fields-above-{name}",
            _RULE,
            _LINE + _field(32) + _field(size - 31),
            limits=limits,
        ),
        refused(f"header-at-{name}-and-more", _RULE, _LINE + _field(size) + b"A", limits=limits),
        refused(
            f"folded-header-above-{name}",
            _RULE,
            _LINE + _field(32) + b" ".ljust(size - 31, b"b"),
            limits=limits,
        ),
    )


def _trailers(name: str, size: int, limits: Limits) -> tuple[ResponseVector, ...]:
    value = ("A", "b" * (size - 5))
    start = _CHUNKED + b"2\r\nhi\r\n0\r\n"
    return (
        kept(
            f"trailers-at-{name}",
            _RULE,
            start + _field(size) + b"\r\n",
            answer(b"hi", trailers=(value,)),
            limits=limits,
        ),
        refused(
            f"trailers-above-{name}", _RULE, start + _field(size + 1), cut(b"hi"), limits=limits
        ),
        refused(
            f"trailers-above-{name}-without-lf",
            _RULE,
            start + b"A: ".ljust(size + 1, b"b"),
            cut(b"hi"),
            limits=limits,
        ),
    )


def _counts(name: str, count: int, limits: Limits) -> tuple[ResponseVector, ...]:
    start = _CHUNKED + b"2\r\nhi\r\n0\r\n"
    return (
        kept(f"fields-at-{name}", _RULE, _LINE + _fields(count) + b"\r\n", _NO_BODY, limits=limits),
        refused(f"fields-above-{name}", _RULE, _LINE + _fields(count + 1), limits=limits),
        kept(
            f"fields-at-{name}-with-folds",
            _RULE,
            _LINE + _fields(count) + b" a\r\n\ta\r\n\r\n",
            _NO_BODY,
            limits=limits,
        ),
        kept(
            f"trailer-fields-at-{name}",
            _RULE,
            start + _fields(count) + b"\r\n",
            answer(b"hi", trailers=(("A", ""),) * count),
            limits=limits,
        ),
        refused(
            f"trailer-fields-above-{name}",
            _RULE,
            start + _fields(count + 1),
            cut(b"hi"),
            limits=limits,
        ),
        kept(
            f"header-and-trailer-fields-at-{name}",
            _RULE,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
            + _fields(count - 1)
            + b"\r\n0\r\n"
            + _fields(count)
            + b"\r\n",
            answer(trailers=(("A", ""),) * count),
            limits=limits,
        ),
    )


def _size_lines(name: str, size: int, limits: Limits) -> tuple[ResponseVector, ...]:
    start = _CHUNKED + b"2\r\nhi\r\n0"
    return (
        kept(
            f"size-line-at-{name}",
            _RULE,
            start + _extended(size - 1) + b"\r\n\r\n",
            answer(b"hi", trailers=()),
            limits=limits,
        ),
        kept(
            f"size-line-with-quotes-at-{name}",
            _RULE,
            start + b';e="'.ljust(size - 2, b";") + b'"\r\n\r\n',
            answer(b"hi", trailers=()),
            limits=limits,
        ),
        waits(
            f"size-line-at-{name}-and-cr",
            _RULE,
            start + _extended(size - 1) + b"\r",
            cut(b"hi"),
            limits=limits,
        ),
        refused(
            f"size-line-above-{name}", _RULE, start + _extended(size), cut(b"hi"), limits=limits
        ),
    )


def _extensions(name: str, size: int, limits: Limits) -> tuple[ResponseVector, ...]:
    half = size // 2
    two = _CHUNKED + b"2" + _extended(half) + b"\r\nhi\r\n0"
    return (
        kept(
            f"extensions-at-{name}",
            _RULE,
            two + _extended(size - half) + b"\r\n\r\n",
            answer(b"hi", trailers=()),
            limits=limits,
        ),
        refused(
            f"extensions-above-{name}",
            _RULE,
            two + _extended(size - half + 1),
            cut(b"hi"),
            limits=limits,
        ),
    )


def _many_extensions(count: int, limits: Limits) -> bytes:
    """Return *count* chunks whose extensions come to the limit with the last of them."""
    size = limits.extension_size // count
    return _CHUNKED + (b"1" + _extended(size) + b"\r\na\r\n") * count


def _interim(name: str, count: int, limits: Limits) -> tuple[ResponseVector, ...]:
    passed = b"HTTP/1.1 103 E\r\n\r\n"
    return (
        kept(
            f"interim-at-{name}",
            _RULE,
            passed * count + _LINE + b"\r\n",
            answer(status=204, interim=(103,) * count),
            limits=limits,
        ),
        kept(
            f"interim-at-{name}-for-each-request",
            _RULE,
            (passed * count + _LINE + b"\r\n") * 2,
            *(answer(status=204, interim=(103,) * count),) * 2,
            methods=("GET", "GET"),
            limits=limits,
        ),
        refused(f"interim-above-{name}", _RULE, passed * (count + 1), limits=limits),
    )


VECTORS: Final[tuple[ResponseVector, ...]] = (
    *_status_lines("the-default", MAX_LINE_SIZE, Limits()),
    *_status_lines("64", 64, REDUCED),
    *_sections("the-default", MAX_HEADER_SIZE, Limits()),
    *_sections("96", 96, REDUCED),
    *_trailers("the-default", MAX_HEADER_SIZE, Limits()),
    *_trailers("96", 96, REDUCED),
    *_counts("the-default", MAX_FIELDS, Limits()),
    *_counts("4", 4, REDUCED),
    *_size_lines("the-default", MAX_LINE_SIZE, Limits()),
    *_size_lines("64", 64, _LONG_LINES),
    *_extensions("the-default", MAX_EXTENSION_SIZE, Limits()),
    *_extensions("12", 12, REDUCED),
    kept(
        "extensions-of-many-chunks-at-12",
        _RULE,
        _many_extensions(6, REDUCED) + b"0\r\n\r\n",
        answer(b"a" * 6, trailers=()),
        limits=REDUCED,
    ),
    refused(
        "extensions-of-many-chunks-above-12",
        _RULE,
        _many_extensions(6, REDUCED) + b"0;",
        cut(b"a" * 6),
        limits=REDUCED,
    ),
    kept(
        "extensions-are-counted-anew-for-each-body",
        _RULE,
        (_many_extensions(6, REDUCED) + b"0\r\n\r\n") * 2,
        *(answer(b"a" * 6, trailers=()),) * 2,
        methods=("GET", "GET"),
        limits=REDUCED,
    ),
    *_interim("the-default", MAX_INTERIM, Limits()),
    *_interim("2", 2, REDUCED),
    refused(
        "extensions-in-a-limit-of-none",
        _RULE,
        _CHUNKED + b"0;",
        cut(),
        limits=Limits(extension_size=0),
    ),
)
