"""The check of one way of framing a body.

It owns the walk from the first octet of a body to its end, as the receiver goes it, and knows
nothing of heads or sockets.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

from dugong.exceptions import ConnectionClosed
from dugong.protocol.read_buffer import ReadBuffer
from dugong.testing.promise import keeps_memory, must_raise, raises_nothing, require

if TYPE_CHECKING:
    from dugong.protocol.bodies import BodyFraming

_FOLLOWING: Final = b"HTTP/1.1 200 OK\r\n"


def put(buffer: ReadBuffer, octets: bytes) -> None:
    """Receive *octets* into *buffer*."""
    left = io.BytesIO(octets)
    while left.tell() < len(octets):
        buffer.fill(left.readinto)


def check_body_framing(make: Callable[[], BodyFraming], octets: bytes, payload: bytes) -> None:
    """Check that the framing of a body keeps the contract of `BodyFraming`.

    Args:
        make: Returns a new framing object for the body.
        octets: The body as it is transmitted; short, since it is cut at every place.
        payload: What the user is to be given of it.

    Raises:
        AssertionError: A promise is broken; the message says which.
    """
    ends_itself = _check_whole(make, octets, payload)
    for deliver in (_take_all, _take_one, _move_all, _move_one):
        for segments in ([octets], [octets[i : i + 1] for i in range(len(octets))]):
            framing, buffer = make(), ReadBuffer()
            got = _walk(framing, buffer, segments, deliver)
            require(got == payload, f"the payload must be {payload!r}, not {got!r}")
            _end(framing, ends_itself=ends_itself)
            _check_after_end(framing)
    for size in (1, 7, len(octets) + 1):
        for step in (1, len(octets)):
            _check_direct(make(), octets, payload, size, step)
    for cut in range(len(octets)):
        _check_cut(make(), octets[:cut], payload, ends_itself=ends_itself)


def _check_whole(make: Callable[[], BodyFraming], octets: bytes, payload: bytes) -> bool:
    """Return whether the body ends itself, and not by the end of the connection."""
    framing = make()
    require(framing.length in (None, len(payload)), "length must be that of the payload, or None")
    _walk(framing, ReadBuffer(), [octets], _take_all)
    if not framing.ended:
        with must_raise("a body must not end where the connection fails", ConnectionClosed):
            framing.peer_closed(orderly=False)
        return False
    framing, buffer = make(), ReadBuffer()
    _walk(framing, buffer, [octets + _FOLLOWING], _take_all)
    require(
        buffer.peek(0, buffer.size) == _FOLLOWING, "what follows the body must stay in the buffer"
    )
    return True


_Deliver: TypeAlias = Callable[["BodyFraming", ReadBuffer], bytes]


def _take_all(framing: BodyFraming, buffer: ReadBuffer) -> bytes:
    return framing.take(buffer, 1_000_000)


def _take_one(framing: BodyFraming, buffer: ReadBuffer) -> bytes:
    piece = framing.take(buffer, 1)
    require(len(piece) <= 1, "take() must keep its limit")
    return piece


def _move_all(framing: BodyFraming, buffer: ReadBuffer) -> bytes:
    return _move(framing, buffer, 4096)


def _move_one(framing: BodyFraming, buffer: ReadBuffer) -> bytes:
    return _move(framing, buffer, 1)


def _move(framing: BodyFraming, buffer: ReadBuffer, size: int) -> bytes:
    target = bytearray(size)
    with memoryview(target) as view:
        count = framing.move_into(buffer, view)
    require(not keeps_memory(target), "move_into() must not keep the memory that it is given")
    return bytes(target[:count])


def _walk(
    framing: BodyFraming, buffer: ReadBuffer, segments: Iterable[bytes], deliver: _Deliver
) -> bytes:
    """Read as much of the body as has come, and return its payload."""
    got = bytearray()
    for segment in segments:
        put(buffer, segment)
        while not framing.ended and _advance(framing, buffer) and buffer.size:
            if framing.ended:
                break
            before = buffer.size
            with raises_nothing("payload that has come must be delivered"):
                piece = deliver(framing, buffer)
            require(bool(piece), "octets must be delivered where there are room and octets")
            require(
                before - buffer.size >= len(piece), "what is delivered must come from the buffer"
            )
            got += piece
    return bytes(got)


def _advance(framing: BodyFraming, buffer: ReadBuffer) -> bool:
    with raises_nothing("advance() must accept a body without fault"):
        is_ready = framing.advance(buffer)
    if is_ready:
        require(
            framing.ended or framing.room > 0,
            "advance() must return False while there is neither room nor the end",
        )
        return True
    left = buffer.size
    with raises_nothing("advance() must be possible again before further octets come"):
        is_ready = framing.advance(buffer)
    require(not is_ready, "advance() must go on waiting where nothing has come")
    require(buffer.size == left, "advance() must consume at once what it can")
    return False


def _end(framing: BodyFraming, *, ends_itself: bool) -> None:
    require(framing.ended == ends_itself, "the end must not depend on how octets arrive")
    if not ends_itself:
        with raises_nothing("an orderly close must end a body that has no other end"):
            framing.peer_closed(orderly=True)
        require(framing.ended, "an orderly close must end a body that has no other end")


def _check_after_end(framing: BodyFraming) -> None:
    buffer = ReadBuffer()
    put(buffer, _FOLLOWING)
    with raises_nothing("advance() must be possible at the end of the body"):
        is_ready = framing.advance(buffer)
    require(is_ready and framing.room == 0, "the end of the body must be told again when asked")
    with raises_nothing("delivering must be possible at the end of the body"):
        rest = _take_all(framing, buffer) + _move_all(framing, buffer)
    require(not rest, "nothing must be delivered behind the end of the body")
    require(buffer.size == len(_FOLLOWING), "nothing must be consumed behind the end of the body")


def _check_direct(
    framing: BodyFraming, octets: bytes, payload: bytes, size: int, step: int
) -> None:
    """Receive payload past the buffer wherever that is allowed.

    It goes into memory of *size* octets, of which at most *step* come at once.
    """
    buffer = ReadBuffer()
    got = bytearray()
    left = octets
    while not framing.ended:
        is_ready = _advance(framing, buffer)
        if framing.ended or not (left or (is_ready and buffer.size)):
            break
        if is_ready and buffer.size:
            got += _take_all(framing, buffer)
        elif is_ready and framing.is_foreseen:
            count, piece = _receive_foreseen(framing, buffer, left[:step], size)
            got += piece
            left = left[count:]
        elif is_ready:
            piece = left[: min(framing.room, size, step)]
            with raises_nothing("delivered() must account for as many octets as there is room"):
                framing.delivered(len(piece))
            got += piece
            left = left[len(piece) :]
        else:
            put(buffer, left[:1])
            left = left[1:]
    require(bytes(got) == payload, f"room must be that of the payload {payload!r}, not {got!r}")


def _receive_foreseen(
    framing: BodyFraming, buffer: ReadBuffer, octets: bytes, size: int
) -> tuple[int, bytes]:
    """Receive as `lay_out` says; return how many octets that takes, and the payload of them."""
    memory = bytearray(size)
    with memoryview(memory) as target:
        with raises_nothing("lay_out() must be possible where there is room"):
            views = framing.lay_out(target)
        left = memoryview(octets)
        for view in views:
            view[: len(left)] = left[: len(view)]
            left = left[len(view) :]
        received = len(octets) - len(left)
        require(received > 0, "lay_out() must begin with memory that is not empty")
        with raises_nothing("settle() must account for what was received as lay_out() said"):
            count = framing.settle(views, received, buffer)
        for view in views[::2]:
            view.release()
    require(not keeps_memory(memory), "settle() must not keep the memory that it is given")
    require(0 <= count <= size, f"settle() must return octets of payload, not {count}")
    return received, bytes(memory[:count])


def _check_cut(framing: BodyFraming, octets: bytes, payload: bytes, *, ends_itself: bool) -> None:
    got = _walk(framing, ReadBuffer(), [octets], _take_all)
    require(payload.startswith(got), f"the payload must be {payload!r}, not {got!r}")
    require(not framing.ended, "a body that was cut short must not be at its end")
    if ends_itself:
        with must_raise("a body that was cut short must raise ConnectionClosed", ConnectionClosed):
            framing.peer_closed(orderly=True)
    with must_raise("a body whose connection failed must raise ConnectionClosed", ConnectionClosed):
        framing.peer_closed(orderly=False)
