"""The checks of the layers that read responses: head parser, framing choice, body framing.

It owns the octets that they are given, in segments of every kind, and what they have to make of
them. It knows nothing of sockets.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from dugong.exceptions import InvalidResponse, UnsupportedResponse
from dugong.limits import Limits
from dugong.protocol.bodies import BodyFraming
from dugong.protocol.read_buffer import ReadBuffer
from dugong.protocol.response_head import HeadParser, ResponseHead, make_head
from dugong.testing.framing_walk import check_body_framing, put
from dugong.testing.promise import must_raise, raises_nothing, raises_only, require

if TYPE_CHECKING:
    from dugong.protocol.framing import FramingChoice

_REFUSALS: Final = (InvalidResponse, UnsupportedResponse)
_FOLLOWING: Final = b"HTTP/1.1 204 \r\n"  # the start of another head

# Heads, and what they mean: minor version, status, reason, lines, and the three fields
_HEADS: Final = {
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Y: z\r\n\r\n": make_head(
        1, 200, "OK", "Content-Length: 3\r\nX-Y: z\r\n"
    ),
    b"HTTP/1.1 100 Continue\r\n\r\n": make_head(1, 100, "Continue", ""),
    b"HTTP/1.0 404 \r\nConnection: Keep-Alive\r\n\r\n": make_head(
        0, 404, "", "Connection: Keep-Alive\r\n"
    ),
    b"HTTP/1.1 301\r\nX: \xe9\r\n\r\n": make_head(1, 301, "", "X: \xe9\r\n"),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: a\r\n b\r\n\r\n": make_head(
        1, 200, "OK", "Transfer-Encoding: chunked\r\nX: a b\r\n"
    ),
}
# What a subclass may accept, as the answer of one device: up to the line, and behind it
_FAULTY_STATUS: Final = (
    (b"NONSENSE\r\n", b"\r\n"),
    (b"\r\n", b"\r\n"),
    (b"\xff\x00\n", b"\r\n\r\n"),
    (b"HTTP/1.1 abc OK\r\n", b"\r\n"),
    (b"HTTP/2.0 200 OK\r\n", b"\r\n"),
    (b"HTTP/1.1 200 OK\n", b"\n"),
)
# What it may not: whoever is on the way could read the fields in another way
_FAULTY_FIELDS: Final = {
    "a blank before a colon": b"Content-Length : 3\r\n",
    "a line without a colon": b"X\r\n",
    "an empty field name": b": x\r\n",
    "a NUL in a field": b"X: \0\r\n",
    "a bare CR in a field": b"X: a\rContent-Length: 3\r\n",
    "a blank before the first field": b" X: a\r\n",
}
_SMALL: Final = Limits(line_size=64, header_size=128, fields=4)
_ENDLESS: Final = {
    "status line": (b"HTTP/1.1 200 ", b"a"),
    "field line": (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "number of field lines": (b"HTTP/1.1 200 OK\r\n", b"X: a\r\n"),
    "header section": (
        b"HTTP/1.1 200 OK\r\n",
        b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
    ),
}


def check_head_parser(make: Callable[[Limits], HeadParser], *accepted: bytes) -> None:
    """Check that a head parser keeps the contract of `HeadParser`.

    Args:
        make: What `Layers.head_parser` would be.
        *accepted: Further heads, with their empty lines, that it has to accept: those of the
            device for which it was written.

    Raises:
        AssertionError: A promise is broken; the message says which.
    """
    for octets, expected in _HEADS.items():
        _check_head(make, octets, expected)
    for octets in accepted:
        with raises_nothing(f"parse() must accept {octets[:40]!r}"):
            head = make(Limits()).parse(_filled(octets))
        _check_head(make, octets, head)
    _check_sequence(make, accepted)
    for line, rest in _FAULTY_STATUS:
        _check_fault(make, line, rest)
    for fault, line in _FAULTY_FIELDS.items():
        with must_raise(f"parse() must raise InvalidResponse for {fault}", *_REFUSALS):
            make(Limits()).parse(_filled(b"HTTP/1.1 200 OK\r\n" + line + b"\r\n"))
    for what, (start, repeated) in _ENDLESS.items():
        with must_raise(f"parse() must keep the limits on the {what}", InvalidResponse):
            _feed_endless(make(_SMALL), start, repeated)


def _filled(octets: bytes) -> ReadBuffer:
    buffer = ReadBuffer()
    put(buffer, octets)
    return buffer


def _segmentations(octets: bytes) -> Iterator[list[bytes]]:
    yield [octets]
    yield [octets[i : i + 1] for i in range(len(octets))]
    for cut in range(1, len(octets)):
        yield [octets[:cut], octets[cut:]]


def _check_head(
    make: Callable[[Limits], HeadParser], octets: bytes, expected: ResponseHead | None
) -> None:
    what = f"{octets[:40]!r}"
    for *segments, last in _segmentations(octets):
        parser, buffer = make(Limits()), ReadBuffer()
        with raises_nothing(f"parse() must accept {what} in {len(segments) + 1} segments"):
            for segment in (b"", *segments):
                put(buffer, segment)
                left = buffer.size
                require(parser.parse(buffer) is None, f"parse() must wait for the end of {what}")
                require(buffer.size == left, f"parse() must not consume a part of {what}")
            put(buffer, last + _FOLLOWING)
            head = parser.parse(buffer)
        require(head is not None, f"parse() must return a head once {what} has come")
        require(head == expected, f"parse() must read {what} as {expected}, not {head}")
        require(
            buffer.peek(0, buffer.size) == _FOLLOWING,
            f"parse() must consume {what}, and nothing that follows",
        )


def _check_sequence(make: Callable[[Limits], HeadParser], accepted: tuple[bytes, ...]) -> None:
    heads = [*_HEADS, *accepted, *_HEADS]
    parser, buffer = make(Limits()), _filled(b"".join(heads))
    for octets in heads:
        left = buffer.size
        with raises_nothing("parse() must keep nothing of the heads before"):
            parser.parse(buffer)
        require(left - buffer.size == len(octets), "parse() must return one head after the other")


def _check_fault(make: Callable[[Limits], HeadParser], line: bytes, rest: bytes) -> None:
    what = f"{line[:40]!r}"
    promise = f"parse() must return a head, or raise InvalidResponse, for {what}"
    try:
        with raises_only(promise, *_REFUSALS):
            head = make(Limits()).parse(_filled(line + rest))
    except _REFUSALS:
        with must_raise(f"parse() must refuse {what} without waiting for more", *_REFUSALS):
            make(Limits()).parse(_filled(line))
        return
    require(head is not None, promise)


def _feed_endless(parser: HeadParser, start: bytes, repeated: bytes) -> None:
    buffer = _filled(start)
    while buffer.size < 1024:
        put(buffer, repeated)
        parser.parse(buffer)


_CODED: Final = "Transfer-Encoding: chunked\r\n"
# Field lines, and what a body that they announce looks like
_BODIES: Final = {
    "Content-Length: 3\r\n": (b"abc", b"abc"),
    "Content-Length: 3\r\nContent-Length: 3\r\n": (b"abc", b"abc"),
    _CODED: (b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b"abc"),
    f"{_CODED}Content-Length: 3\r\n": (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
    "": (b"abc", b"abc"),
}
_FAULTY_LENGTHS: Final = (
    "Content-Length: -1\r\n",
    "Content-Length: 3\r\nContent-Length: 4\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Content-Length: \r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: \r\n",
    "Transfer-Encoding: x-unknown\r\n",
    "Transfer-Encoding: chunked, x-unknown\r\n",
)


def check_framing_choice(choose: FramingChoice) -> None:
    """Check that a choice of framing keeps the contract of `FramingChoice`.

    Args:
        choose: What `Layers.framing` would be.

    Raises:
        AssertionError: A promise is broken; the message says which.
    """
    for lines, (octets, payload) in _BODIES.items():
        head = make_head(1, 200, "OK", lines)
        chosen = _check_choice(choose, "GET", head)
        is_kept = lines and not (head.transfer_encoding and head.content_length)
        require(
            is_kept or chosen.closes, f"the connection must be closed after a body with {lines!r}"
        )
        check_body_framing(partial(choose, "GET", head, Limits()), octets, payload)
    for lines in (*_BODIES, *_FAULTY_LENGTHS):
        for method, status in (("HEAD", 200), ("GET", 204), ("GET", 304), ("CONNECT", 200)):
            head = make_head(1, status, "", lines)
            chosen = _check_choice(choose, method, head)
            what = f"a {status} response to {method} must have no body, also with {lines!r}"
            require(chosen.ended and chosen.length == 0, what)
    for lines in _FAULTY_LENGTHS:
        head = make_head(1, 200, "OK", lines)
        _check_choice(choose, "GET", head)
        promise = f"a body with {lines!r} must be read, or raise InvalidResponse"
        with contextlib.suppress(*_REFUSALS), raises_only(promise, *_REFUSALS):
            choose("GET", head, Limits()).advance(_filled(b"3\r\nabc\r\n0\r\n\r\n"))


def _check_choice(choose: FramingChoice, method: str, head: ResponseHead) -> BodyFraming:
    what = f"the framing for {method} of {head.lines!r}"
    before = attrs.evolve(head)
    with raises_nothing(f"{what} must be returned, as a FaultyBody where there is none"):
        first, second = choose(method, head, Limits()), choose(method, head, Limits())
    require(isinstance(first, BodyFraming), f"{what} must be a BodyFraming")
    require(head == before, f"{what} must be chosen without a change of the head")
    require(first is not second, f"{what} must not be one that another response has")
    require(
        (type(first), first.length, first.closes, first.ended)
        == (type(second), second.length, second.closes, second.ended),
        f"{what} must be the same for the same head",
    )
    return first
