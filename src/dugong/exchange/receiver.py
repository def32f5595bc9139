"""The receiving half: heads, bodies and interim responses.

It owns the order in which octets from the transport become responses, and what the user is
told when they end too early. It never sends, and does not know the sender. The façade calls
its steps through the `Waiter` of this half.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from dugong.exceptions import (
    ConnectionClosed,
    InvalidResponse,
    StateError,
    UnsupportedResponse,
)
from dugong.exchange.gathered import Gathered
from dugong.polling import PollNeeded
from dugong.protocol.bodies import BodyFraming, EmptyBody
from dugong.protocol.fields import FieldMessage
from dugong.protocol.framing import FramingChoice, is_persistent
from dugong.protocol.response import HTTPResponse
from dugong.protocol.state import RECEIVING, Owed, Phase, ReceiveEvent, Receiving, Verdict

if TYPE_CHECKING:
    from dugong.exchange.link import Link
    from dugong.limits import Limits
    from dugong.protocol.response_head import HeadParser, ResponseHead

# From this size on, octets go from the socket into the caller's memory without a copy.
_DIRECT: Final = 16_384
_FAULTS: Final = (ConnectionClosed, InvalidResponse, UnsupportedResponse, OSError)
_NO_BODY: Final = EmptyBody()


class Receiver:
    """Reads the responses on one connection.

    Attributes:
        trailers: The trailer section of the last response, once a chunked body was read to its
            end; otherwise `None`.
    """

    def __init__(
        self, link: Link, parser: HeadParser, choose_framing: FramingChoice, limits: Limits
    ) -> None:
        self.trailers: FieldMessage | None = None
        self._link = link
        self._buffer = link.buffer
        self._state = link.state
        self._parser = parser
        self._choose_framing = choose_framing
        self._limits = limits
        self._framing: BodyFraming = _NO_BODY
        self._passed: list[HTTPResponse] = []
        self._interim_count = 0
        self._refused = False
        self._is_interrupted = False
        self._has_lost_body = False
        self._gathered: Gathered | None = None
        self._raw = bytearray()

    def succeed(self, old: Receiver) -> None:
        """Take over what outlives the connection of *old*: its trailers, and that a body was lost.

        Who was between two reads when that connection was closed must not take the silence of the
        new one for the end of the body.
        """
        self.trailers = old.trailers
        self._has_lost_body = old._has_lost_body or (
            old._is_interrupted and old._framing is not _NO_BODY
        )

    def interrupt(self) -> None:
        """Note that the caller disconnects in the middle of something; from any thread."""
        self.trailers = None
        self._is_interrupted = True

    def _check_not_lost(self) -> None:
        if self._has_lost_body:
            raise ConnectionClosed("disconnect() was called before the end of the body")

    # -- heads

    def step_read_response(self) -> HTTPResponse | PollNeeded:
        """Return the next response that is not to be passed over."""
        link, state, buffer = self._link, self._state, self._buffer
        if link.failure is not None or state.receiving is Receiving.CLOSED:
            link.check_not_ended()
        entry = state.next_owed()
        self.trailers = None
        self._has_lost_body = False
        try:
            while True:
                head = self._parser.parse(buffer) if buffer.size else None
                if head is not None:
                    if head.status >= 200:
                        return self._open_final(entry, head)
                    if (response := self._pass_interim(entry, head)) is not None:
                        return response
                elif entry.phase is Phase.CUT and not buffer.size:
                    self._receive_if_any()
                else:
                    received = link.transport.receive_into(buffer.space())
                    if isinstance(received, PollNeeded):
                        return received
                    if not received:
                        raise self._early_end()
                    buffer.received(received)
        except _FAULTS as exc:
            link.fail(exc)
            raise

    def _receive_if_any(self) -> None:
        """Receive the answer to a request whose sending failed, where it has begun to arrive.

        That is the error response in the middle of an upload. It is not waited for.
        """
        transport = self._link.transport
        received = transport.receive_into(self._buffer.space()) if transport.has_input() else 0
        if isinstance(received, PollNeeded) or not received:
            raise ConnectionClosed(f"no response will come: {self._state.broken_off}")
        self._buffer.received(received)

    def _early_end(self) -> ConnectionClosed:
        where = "within" if self._buffer.size else "before"
        return ConnectionClosed(f"server closed the connection {where} the response head")

    def _pass_interim(self, entry: Owed, head: ResponseHead) -> HTTPResponse | None:
        """Keep a 1xx response; return it where it is the 100 that is awaited."""
        if head.status == 101:
            raise UnsupportedResponse("server switches protocols, which nobody asked for")
        self._interim_count += 1
        if self._interim_count > self._limits.interim:
            raise InvalidResponse(f"more than {self._limits.interim} interim responses")
        headers = FieldMessage(head.lines)
        is_awaited = head.status == 100 and entry.phase is Phase.AWAITING_CONTINUE
        passed = self._take_passed() if is_awaited else ()
        response = HTTPResponse(
            entry.method, entry.path, head.status, head.reason, headers, 0, passed
        )
        if is_awaited:
            entry.verdict = Verdict.CONTINUE
            return response
        self._passed.append(response)
        return None

    def _take_passed(self) -> tuple[HTTPResponse, ...]:
        passed = tuple(self._passed)
        self._passed.clear()
        return passed

    def _open_final(self, entry: Owed, head: ResponseHead) -> HTTPResponse:
        state = self._state
        framing = self._choose_framing(entry.method, head, self._limits)
        self._refused = (
            entry.phase is Phase.AWAITING_CONTINUE and entry.verdict is not Verdict.CONTINUE
        )
        if self._refused:
            entry.verdict = Verdict.REFUSED
        if framing.closes or entry.closes or not is_persistent(head):
            state.closing = True
        self._interim_count = 0
        response = HTTPResponse(
            entry.method,
            entry.path,
            head.status,
            head.reason,
            FieldMessage(head.lines),
            framing.length,
            self._take_passed() if self._passed else (),
        )
        if framing.ended:
            self._finish(framing)
        else:
            self._framing = framing
            state.receiving = RECEIVING[state.receiving, ReceiveEvent.BODY_OPENS]
            # Either this sees a disconnect() in another thread, or that one sees the open body.
            if self._link.failure is not None:
                self._link.check_alive()
        return response

    def _finish(self, framing: BodyFraming) -> None:
        """End the response whose body is at its end."""
        state = self._state
        self.trailers = framing.trailers
        self._framing = _NO_BODY
        if self._refused:
            state.receiving = RECEIVING[state.receiving, ReceiveEvent.RESPONSE_ENDS]
            state.replaceable = True
            self._link.end()
        elif state.closing:
            state.receiving = RECEIVING[state.receiving, ReceiveEvent.CONNECTION_ENDS]
            self._link.end()
        else:
            state.receiving = RECEIVING[state.receiving, ReceiveEvent.RESPONSE_ENDS]
        state.owed.popleft()

    # -- bodies

    def step_readinto(self, target: memoryview) -> int | PollNeeded:
        """Receive payload into *target*, which is not empty; 0 at the end of the body."""
        if self._link.failure is not None:
            self._link.check_alive()
        if self._gathered is not None:
            moved = self._gathered.move_into(target)
            self._drop_if_empty(self._gathered)
            return moved
        framing = self._framing
        if framing is _NO_BODY:
            self._check_not_lost()
            return 0
        try:
            count = self._read_into(framing, target)
        except _FAULTS as exc:
            self._link.fail(exc)
            raise
        if framing.ended and (not count or framing.length is not None):
            self._finish(framing)
        return count

    def _read_into(self, framing: BodyFraming, target: memoryview) -> int | PollNeeded:
        buffer = self._buffer
        while True:
            if not framing.room and not framing.advance(buffer):
                if (pause := self._fill(framing)) is not None:
                    return pause
            elif framing.ended:
                return 0
            elif buffer.size:
                return framing.move_into(buffer, target)
            elif min(framing.room, len(target)) >= _DIRECT:
                received = self._receive_directly(framing, target)
                if isinstance(received, PollNeeded) or received:
                    return received
                self._peer_closed(framing)
            elif (pause := self._fill(framing)) is not None:
                return pause

    def _receive_directly(self, framing: BodyFraming, target: memoryview) -> int | PollNeeded:
        with target[: framing.room] as window:
            received = self._link.transport.receive_into(window)
        if not isinstance(received, PollNeeded) and received:
            framing.delivered(received)
        return received

    def _fill(self, framing: BodyFraming) -> PollNeeded | None:
        """Receive more octets of a body; return what that waits for, if it does."""
        received = self._link.transport.receive_into(self._buffer.space())
        if isinstance(received, PollNeeded):
            return received
        if received:
            self._buffer.received(received)
        else:
            self._peer_closed(framing)
        return None

    def _peer_closed(self, framing: BodyFraming) -> None:
        framing.peer_closed(orderly=self._state.broken_off is None)

    def step_read(self, limit: int) -> bytes | PollNeeded:
        """Return payload, at most *limit* octets, which is not 0; empty at the end of the body."""
        if self._link.failure is not None:
            self._link.check_alive()
        if self._gathered is not None:
            taken = self._gathered.take(limit)
            self._drop_if_empty(self._gathered)
            return taken
        framing = self._framing
        if framing is _NO_BODY:
            self._check_not_lost()
            return b""
        try:
            payload = self._take(framing, limit)
        except _FAULTS as exc:
            self._link.fail(exc)
            raise
        if framing.ended and (not payload or framing.length is not None):
            self._finish(framing)
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
        if self._link.failure is not None:
            self._link.check_alive()
        framing = self._framing
        try:
            while not framing.ended:
                payload = self._take(framing, sys.maxsize)
                if isinstance(payload, PollNeeded):
                    return payload
                if framing.ended and self._gathered is None and framing.length is not None:
                    self._finish(framing)
                    return payload
                self._gather(payload)
        except _FAULTS as exc:
            self._link.fail(exc)
            raise
        if framing is _NO_BODY:
            self._check_not_lost()
        else:
            self._finish(framing)
        gathered, self._gathered = self._gathered, None
        return b"" if gathered is None else gathered.rest()

    def _gather(self, payload: bytes) -> None:
        if self._gathered is None:
            self._gathered = Gathered()
        self._gathered.add(payload)

    def _drop_if_empty(self, gathered: Gathered) -> None:
        if not len(gathered):
            self._gathered = None

    def step_discard(self) -> PollNeeded | None:
        """Read the rest of the body and drop it."""
        self._link.check_alive()
        self._gathered = None
        while payload := self.step_read(sys.maxsize):
            if isinstance(payload, PollNeeded):
                return payload
        return None

    # -- diagnosis

    def step_read_raw(self, size: int) -> bytes | PollNeeded:
        """Return *size* octets as they came, beginning with the first that was not accepted."""
        if self._state.replaceable:
            raise StateError("there is no connection")
        transport = self._link.transport
        if self._link.is_open and self._link.failure is None:
            self._link.fail(StateError("after read_raw() only disconnect() is possible"))
        while len(self._raw) < size:
            if self._buffer.size:
                self._raw += self._buffer.take(min(self._buffer.size, size - len(self._raw)))
                continue
            try:
                received = transport.receive_into(self._buffer.space())
            except ConnectionClosed:
                break
            if isinstance(received, PollNeeded):
                return received
            if not received:
                break
            self._buffer.received(received)
        octets = bytes(self._raw[:size])
        del self._raw[:size]
        return octets
