"""Trailer fields of the caller's, behind a chunked body."""

from typing import Final

from dugong import BodyFollowing
from tests.vectors.request_vector import (
    RequestVector,
    get,
    mistyped,
    sent,
    wrong,
)

_HI: Final = b"hi"
_CHUNKED: Final = get(b"Transfer-Encoding: chunked", method=b"PUT")

VECTORS: Final[tuple[RequestVector, ...]] = (
    sent(
        "trailers",
        _CHUNKED + b"0\r\nA: b\r\nC: \r\n\r\n",
        method="PUT",
        body=BodyFollowing(),
        ends=True,
        trailers={"A": "b", "C": ""},
    ),
    sent(
        "trailers-behind-a-chunk",
        _CHUNKED + b"2\r\nhi\r\n0\r\nA: b\r\n\r\n",
        method="PUT",
        body=BodyFollowing(),
        writes=(_HI,),
        ends=True,
        trailers={"A": "b"},
    ),
    sent(
        "trailers-that-are-empty",
        _CHUNKED + b"0\r\n\r\n",
        method="PUT",
        body=BodyFollowing(),
        ends=True,
        trailers={},
    ),
    sent(
        "trailers-with-8-bit",
        _CHUNKED + b"0\r\nA: \xe9\r\n\r\n",
        method="PUT",
        body=BodyFollowing(),
        ends=True,
        trailers={"A": "\xe9"},
    ),
    *(
        wrong(
            f"trailer-{name}",
            name,
            method="PUT",
            body=BodyFollowing(),
            ends=True,
            trailers={name.title(): "1"},
        )
        for name in (
            "content-length",
            "transfer-encoding",
            "host",
            "trailer",
            "connection",
            "expect",
            "te",
            "upgrade",
            "authorization",
            "content-encoding",
            "content-type",
            "content-range",
            "cache-control",
            "max-forwards",
            "range",
        )
    ),
    *(
        wrong(
            f"trailer-{name}",
            "field",
            method="PUT",
            body=BodyFollowing(),
            ends=True,
            trailers={field: value},
        )
        for name, field, value in (
            ("with-crlf", "A", "b\r\nC: d"),
            ("with-lf", "A", "b\n"),
            ("with-nul", "A", "\0"),
            ("behind-blank", "A", " b"),
            ("beyond-latin-1", "A", "\u20ac"),
            ("with-empty-name", "", "a"),
            ("with-colon-in-name", "A:", "b"),
            ("with-crlf-in-name", "A\r\nB", "c"),
        )
    ),
    wrong(
        "trailers-equal-but-for-case",
        "case",
        method="PUT",
        body=BodyFollowing(),
        ends=True,
        trailers={"A": "b", "a": "c"},
    ),
    wrong(
        "trailers-of-a-sized-body",
        "trailers",
        method="PUT",
        body=BodyFollowing(2),
        writes=(_HI,),
        ends=True,
        trailers={"A": "b"},
    ),
    wrong(
        "trailers-of-a-whole-body",
        "trailers",
        method="PUT",
        body=_HI,
        ends=True,
        trailers={"A": "b"},
    ),
    mistyped(
        "trailer-of-bytes",
        "A",
        method="PUT",
        body=BodyFollowing(),
        ends=True,
        trailers={"A": b"b"},  # type: ignore[dict-item]
    ),
    mistyped(
        "trailers-of-pairs",
        "mapping",
        method="PUT",
        body=BodyFollowing(),
        ends=True,
        trailers=[("A", "b")],  # type: ignore[arg-type]
    ),
)
