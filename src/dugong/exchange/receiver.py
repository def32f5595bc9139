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
from dugong.protocol.state import RECEIVING, Owed, Phase, ReceiveEvent, Verdict

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
        self._gathered: Gathered | None = None
        self._raw = bytearray()

    # -- heads

    def step_read_response(self) -> HTTPResponse | PollNeeded:
        """Return the next response that is not to be passed over."""
        self._link.check_not_ended()
        entry = self._state.next_owed()
        self.trailers = None
        try:
            while True:
                head = self._parser.parse(self._buffer) if self._buffer.size else None
                if head is None:
                    if (pause := self._receive(entry)) is not None:
                        return pause
                elif head.status >= 200:
                    return self._open_final(entry, head)
                elif (response := self._pass_interim(entry, head)) is not None:
                    return response
        except _FAULTS as exc:
            self._link.fail(exc)
            raise

    def _receive(self, entry: Owed) -> PollNeeded | None:
        """Receive more octets of a head; return what that waits for, if it does."""
        # To a request whose sending failed an answer is read where it has begun to arrive (the
        # error response in the middle of an upload); it is not waited for.
        hopeless = entry.phase is Phase.CUT and not self._buffer.size
        transport = self._link.transport
        if hopeless and not transport.has_input():
            raise self._cut_off()
        received = transport.receive_into(self._buffer.space())
        if hopeless and (isinstance(received, PollNeeded) or not received):
            raise self._cut_off()
        if isinstance(received, PollNeeded):
            return received
        if not received:
            where = "within" if self._buffer.size else "before"
            raise ConnectionClosed(f"server closed the connection {where} the response head")
        self._buffer.received(received)
        return None

    def _cut_off(self) -> ConnectionClosed:
        return ConnectionClosed(f"no response will come: {self._state.broken_off}")

    def _pass_interim(self, entry: Owed, head: ResponseHead) -> HTTPResponse | None:
        """Keep a 1xx response; return it where it is the 100 that is awaited."""
        if head.status == 101:
            raise UnsupportedResponse("server switches protocols, which nobody asked for")
        self._interim_count += 1
        if self._interim_count > self._limits.interim:
            raise InvalidResponse(f"more than {self._limits.interim} interim responses")
        if head.status == 100 and entry.phase is Phase.AWAITING_CONTINUE:
            response = self._make_response(entry, head, 0)
            entry.verdict = Verdict.CONTINUE
            return response
        headers = FieldMessage(head.lines)
        self._passed.append(
            HTTPResponse(entry.method, entry.path, head.status, head.reason, headers, 0)
        )
        return None

    def _make_response(self, entry: Owed, head: ResponseHead, length: int | None) -> HTTPResponse:
        interim: tuple[HTTPResponse, ...] = ()
        if self._passed:
            interim = tuple(self._passed)
            self._passed.clear()
        headers = FieldMessage(head.lines)
        return HTTPResponse(
            entry.method, entry.path, head.status, head.reason, headers, length, interim
        )

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
        response = self._make_response(entry, head, framing.length)
        if framing.ended:
            self._finish(framing)
        else:
            self._framing = framing
            state.receiving = RECEIVING[state.receiving, ReceiveEvent.BODY_OPENS]
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
            if not framing.advance(buffer):
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
            if framing.advance(buffer):
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
        if framing is not _NO_BODY:
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
