"""How payload gets to the caller: one short read path for every kind of body.

It owns the open body, what an unfinished `readall` has gathered of it, and that a body was lost. It
knows nothing of heads, or of what the end of a body means to the connection: the receiver
opens each body, and is told of its end.
"""

from __future__ import annotations

import functools
import sys
from typing import Final

from dugong.exceptions import ConnectionClosed
from dugong.exchange.gathered import Gathered
from dugong.exchange.link import FAULTS, Link
from dugong.limits import BUFFER_SIZE, DIRECT_SIZE
from dugong.polling import PollNeeded
from dugong.protocol.bodies import BodyFraming, EmptyBody

_ALL: Final = sys.maxsize
_NO_BODY: Final = EmptyBody()


class BodyReader:
    """Reads the bodies of the responses on one connection.

    Attributes:
        has_lost: Whether the body that is being read was lost with an earlier connection. To be
            reset when a new response is read: what was lost before is known by then.
    """

    __slots__ = (
        "_buffer",
        "_framing",
        "_gathered",
        "_is_interrupted",
        "_link",
        "_pause",
        "has_lost",
    )

    def __init__(self, link: Link) -> None:
        """Read from *link*, and call its `body_ended` when a body was read to its end."""
        self._link = link
        self._buffer = link.buffer
        self._framing: BodyFraming = _NO_BODY
        self._gathered: Gathered | None = None
        self._is_interrupted = False
        self._pause: PollNeeded | None = None  # a wait that a read with a result could not tell of
        self.has_lost: bool = False

    def open(self, framing: BodyFraming) -> None:
        """Begin with the body of a response, which is not empty."""
        self._framing = framing
        # Either this sees a disconnect() in another thread, or that one sees the open body.
        if self._link.failure is not None:
            self._link.check_alive()

    def interrupt(self) -> None:
        """Note that the caller disconnects in the middle of something; from any thread."""
        self._is_interrupted = True

    def succeed(self, old: BodyReader) -> None:
        """Take over from the reader of an ended connection that a body was lost.

        Who was between two reads when that connection was closed must not take the silence of the
        new one for the end of the body.
        """
        self.has_lost = old.leaves_loss

    @property
    def leaves_loss(self) -> bool:
        """Whether the reader of the next connection has to be told that a body was lost."""
        return self.has_lost or (self._is_interrupted and self._framing is not _NO_BODY)

    def _check_not_lost(self) -> None:
        if self.has_lost:
            raise ConnectionClosed("disconnect() was called before the end of the body")

    def step_readinto(self, target: memoryview) -> int | PollNeeded:
        """Receive payload into *target*, which is not empty; 0 at the end of the body."""
        link = self._link
        if link.failure is not None:
            link.check_alive()
        framing, size = self._framing, len(target)
        if framing is _NO_BODY:
            self._check_not_lost()
            return 0
        try:
            is_direct = size >= DIRECT_SIZE and not self._buffer.size and self._pause is None
            if self._gathered is not None:
                count = self._read_gathered(self._gathered, framing, target)
            elif (
                is_direct
                and framing.is_foreseen
                and 0 < framing.room <= size
                and link.transport.can_scatter
            ):
                count = self._receive_scattered(framing, target)
            elif is_direct and framing.room >= size:
                # Nearly all reads of a large body (bench, download-readinto)
                count = link.transport.receive_into(target)
                # isinstance() takes long to say no.
                if type(count) is not int and isinstance(count, PollNeeded):
                    return count
                if count:
                    framing.delivered(count)
                else:
                    self._peer_closed(framing)
            else:
                count = self._read_into(framing, target)
            if framing.ended and (not count or framing.length is not None):
                self._end(framing)
        except BaseException as exc:
            link.receiving_failed(exc)
            raise
        return count

    def _end(self, framing: BodyFraming) -> None:
        """Tell that a body is at its end.

        Whoever interrupts this leaves it unknown what the next response answers. So the step that
        calls it counts as receiving until it returns.
        """
        self._framing = _NO_BODY
        self._link.body_ended(framing)

    def _read_gathered(
        self, gathered: Gathered, framing: BodyFraming, target: memoryview
    ) -> int | PollNeeded:
        """Move what an unfinished `readall` has gathered, before anything else."""
        moved = gathered.move_into(target)
        self._drop_if_empty(gathered)
        # It may have waited for the first octets.
        return moved or self._read_into(framing, target)

    def _receive_directly(self, framing: BodyFraming, target: memoryview) -> int | PollNeeded:
        """Receive from the socket into *target*; 0 where that ends the body."""
        if (pause := self._pause) is not None:
            self._pause = None
            return pause
        transport = self._link.transport
        if framing.is_foreseen and transport.can_scatter:
            return self._receive_scattered(framing, target)
        if framing.room >= len(target):
            received = transport.receive_into(target)
        else:
            with target[: framing.room] as window:
                received = transport.receive_into(window)
        if isinstance(received, PollNeeded):
            return received
        if received:
            framing.delivered(received)
        else:
            self._peer_closed(framing)
        return received

    def _receive_scattered(self, framing: BodyFraming, target: memoryview) -> int | PollNeeded:
        """Receive into *target*, and what lies between the payload beside it."""
        views: list[memoryview] = []
        try:
            views = framing.lay_out(target)
            received = self._link.transport.receive_scattered(views)
            # isinstance() takes long to say no (bench, chunks-64k).
            if type(received) is not int and isinstance(received, PollNeeded):
                return received
            if received:
                return framing.settle(views, received, self._buffer)
            self._peer_closed(framing)
        except BaseException as exc:
            # A traceback would keep the caller's memory locked with them, and with those that an
            # interrupted layout had made.
            for view in views[::2]:
                view.release()
            if not views:
                _clear_frames(exc)
            raise
        return received

    def _read_into(self, framing: BodyFraming, target: memoryview) -> int | PollNeeded:
        """Move payload from the buffer, after receiving some into it where it has none."""
        buffer = self._buffer
        while True:
            if not framing.room and not framing.advance(buffer):
                if (pause := self._fill(framing)) is not None:
                    return pause
            elif framing.ended:
                return 0
            elif buffer.size:
                count = framing.move_into(buffer, target)
                # Where much more may follow, it goes on behind these octets.
                left = len(target) - count
                if framing.room < DIRECT_SIZE or left < DIRECT_SIZE or buffer.size:
                    return count
                return count + self._receive_behind(framing, target, count)
            elif len(target) >= DIRECT_SIZE and (
                framing.room >= DIRECT_SIZE or self._foresees(framing)
            ):
                return self._receive_directly(framing, target)
            elif (pause := self._fill(framing)) is not None:
                return pause

    def _foresees(self, framing: BodyFraming) -> bool:
        """Return whether payload can be received together with what comes behind it."""
        return framing.is_foreseen and framing.room > 0 and self._link.transport.can_scatter

    def _receive_behind(self, framing: BodyFraming, target: memoryview, count: int) -> int:
        """Receive into *target* behind the *count* octets that it has; return how many more.

        What fails here is told by the next read: these octets come first.
        """
        if self._link.transport.is_drained:
            return 0
        try:
            with target[count:] as rest:
                received = self._receive_directly(framing, rest)
        except FAULTS as exc:
            self._link.fail(exc)
            return 0
        if isinstance(received, PollNeeded):
            self._pause = received
            return 0
        return received

    def _fill(self, framing: BodyFraming) -> PollNeeded | None:
        """Receive more octets of a body; return what that waits for, if it does."""
        if (pause := self._pause) is not None:
            self._pause = None
            return pause
        # Between two large chunks only the line is wanted, and no payload that has to be copied.
        most = framing.tail if not (framing.room or self._buffer.size) else 0
        received = self._buffer.fill(self._link.transport.receive_into, most or None)
        if isinstance(received, PollNeeded):
            return received
        if not received:
            self._peer_closed(framing)
        return None

    def _peer_closed(self, framing: BodyFraming) -> None:
        # The end of a connection that another thread has closed is not the peer's.
        self._link.check_alive()
        framing.peer_closed(orderly=self._link.state.broken_off is None)

    def step_read(self, limit: int) -> bytes | PollNeeded:
        """Return payload, at most *limit* octets, which is not 0; empty at the end of the body."""
        if self._link.failure is not None:
            self._link.check_alive()
        framing = self._framing
        if framing is _NO_BODY:
            self._check_not_lost()
            return b""
        try:
            is_direct = framing.room >= DIRECT_SIZE <= limit and not self._buffer.size
            if self._gathered is not None:
                payload = self._take_gathered(self._gathered, framing, limit)
            elif is_direct and self._link.transport.can_scatter:
                payload = self._receive(framing, limit)
            else:
                payload = self._take(framing, limit)
            if framing.ended and (not payload or framing.length is not None):
                self._end(framing)
        except BaseException as exc:
            self._link.receiving_failed(exc)
            raise
        return payload

    def _take_gathered(
        self, gathered: Gathered, framing: BodyFraming, limit: int
    ) -> bytes | PollNeeded:
        """Take what an unfinished `readall` has gathered, before anything else."""
        taken = gathered.take(limit)
        self._drop_if_empty(gathered)
        # It may have waited for the first octets.
        return taken or self._take(framing, limit)

    def _receive(self, framing: BodyFraming, limit: int) -> bytes | PollNeeded:
        """Receive payload from the socket into memory of its own; empty at the end of the body."""
        if (pause := self._pause) is not None:
            self._pause = None
            return pause
        payload = self._link.transport.receive(min(limit, framing.room, BUFFER_SIZE))
        if isinstance(payload, PollNeeded):
            return payload
        if payload:
            framing.delivered(len(payload))
        else:
            self._peer_closed(framing)
        return payload

    def _take(self, framing: BodyFraming, limit: int) -> bytes | PollNeeded:
        buffer = self._buffer
        while True:
            if framing.room or framing.advance(buffer):
                if framing.ended:
                    return b""
                if buffer.size:
                    return framing.take(buffer, limit)
            if (pause := self._fill(framing)) is not None:
                return pause

    def step_readall(self) -> bytes | PollNeeded:
        """Return the rest of the body."""
        link, framing, buffer = self._link, self._framing, self._buffer
        if link.failure is not None:
            link.check_alive()
        if framing is _NO_BODY:
            self._check_not_lost()
            return b""
        try:
            while not framing.ended:
                if framing.room and buffer.size:
                    payload: bytes | PollNeeded = framing.take(buffer, _ALL)
                elif framing.room >= DIRECT_SIZE:
                    pause = self._gather_directly(framing)
                    if pause is not None:
                        return pause
                    continue
                else:
                    payload = self._take(framing, _ALL)
                if isinstance(payload, PollNeeded):
                    return payload
                if framing.ended and self._gathered is None and framing.length is not None:
                    # What `_end` does, without a call more (bench, small).
                    self._framing = _NO_BODY
                    link.body_ended(framing)
                    return payload
                self._open_gathered().add(payload)
            octets = self._open_gathered().rest()
            self._gathered = None
            self._end(framing)
        except BaseException as exc:
            self._link.receiving_failed(exc)
            raise
        return octets

    def _gather_directly(self, framing: BodyFraming) -> PollNeeded | None:
        receive = functools.partial(self._receive_directly, framing)
        received = self._open_gathered().fill(receive, framing.room)
        return received if isinstance(received, PollNeeded) else None

    def _open_gathered(self) -> Gathered:
        if self._gathered is None:
            self._gathered = Gathered()
        return self._gathered

    def _drop_if_empty(self, gathered: Gathered) -> None:
        if not len(gathered):
            self._gathered = None

    def step_discard(self) -> PollNeeded | None:
        """Read the rest of the body and drop it."""
        self._link.check_alive()
        self._gathered = None
        while payload := self.step_read(_ALL):
            if isinstance(payload, PollNeeded):
                return payload
        return None


def _clear_frames(exc: BaseException) -> None:
    """Drop the variables of the functions that *exc* has left."""
    import traceback

    traceback.clear_frames(exc.__traceback__)
