"""The sending half: the only writer of request octets.

It owns the order in which requests and their bodies reach the transport, and what becomes of a
send that was not finished. It never reads a response, and does not know the receiver. The façade
hands it requests that were checked and encoded.
"""

from __future__ import annotations

import socket
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Final

from dugong.exceptions import ConnectionClosed, ExcessBodyData, InvalidResponse, StateError
from dugong.polling import PollNeeded
from dugong.protocol.chunks_out import encode_chunk_start, encode_last_chunk
from dugong.protocol.outgoing import EncodedRequest, Outgoing
from dugong.protocol.state import (
    SENDING,
    Owed,
    Phase,
    Receiving,
    SendEvent,
    Sending,
    Verdict,
)
from dugong.protocol.stray import TIMEOUT_START, check_stray

if TYPE_CHECKING:
    from dugong.exchange.link import Link
    from dugong.limits import Limits

# Up to this size a body is copied behind its head, so that one send takes both.
_JOINED: Final = 65_536
_WITHOUT_OPEN_BODY: Final = frozenset({Sending.READY, Sending.SIZED_COMPLETE})
# Members are looked up by a Python call before 3.12.
_READY: Final = Sending.READY
_WHOLE: Final = Phase.WHOLE
_CLOSED: Final = Receiving.CLOSED
_NO_VERDICT: Final = Verdict.NONE
# What a waiting body's next event is called, for each way it can be framed
_CONTINUE: Final = {False: SendEvent.CONTINUE_SIZED, True: SendEvent.CONTINUE_CHUNKED}
_SKIP: Final = {False: SendEvent.SKIP_CONTINUE_SIZED, True: SendEvent.SKIP_CONTINUE_CHUNKED}


class Sender:
    """Sends requests and their bodies on one connection.

    What follows `prepare_write`, `prepare_end` and `send` is for `FileSender`, too.

    Attributes:
        current: What a send that is not finished sends.
        is_chunked: Whether the body of the active request is sent in chunks.
    """

    __slots__ = (
        "_after",
        "_limits",
        "_link",
        "_state",
        "current",
        "is_chunked",
    )

    def __init__(self, link: Link, limits: Limits) -> None:
        self._link = link
        self._state = link.state
        self._limits = limits
        self.current: Outgoing | None = None
        self.is_chunked: bool = False
        # What the request that was booked last makes of the state, once it is out
        self._after = _READY

    # -- what can be sent

    def prepare_write(self, data: memoryview) -> Outgoing | None:
        """Return what is to be sent for payload, or `None` for an empty one.

        Raises:
            StateError: No body is open, or its 100 is still awaited.
            ExcessBodyData: The body is longer than announced.
        """
        state = self._state
        self.check_can_send()
        SENDING[state.sending, SendEvent.WRITE]
        size = len(data)
        if not self.is_chunked and size > state.body_left:
            raise ExcessBodyData(
                f"{state.body_left} octets of the body are left, but {size} were to be written"
            )
        if not size:
            return None
        pieces: list[bytes | memoryview] = self.frame_chunk(data) if self.is_chunked else [data]
        return Outgoing(SendEvent.WRITE, pieces, octets=size)

    def frame_chunk(self, data: memoryview) -> list[bytes | memoryview]:
        """Return the pieces of a chunk of *data*: a single one, unless it is a large chunk."""
        start = encode_chunk_start(len(data))
        if len(data) <= _JOINED:
            return [b"".join((start, data, b"\r\n"))]
        return [start, data, b"\r\n"]

    def prepare_end(self, trailers: Mapping[str, str] | None) -> Outgoing | None:
        """Return what is to be sent to end a body, or `None` where it is at its end.

        Raises:
            StateError: No body is open, or octets of it are missing.
            ValueError: A trailer field is not allowed, or the body is not chunked.
        """
        last_chunk = encode_last_chunk(trailers)
        state = self._state
        self.check_can_send()
        if trailers and state.sending in (Sending.SIZED_BODY, Sending.SIZED_COMPLETE):
            raise ValueError("only a chunked body can have trailers")
        SENDING[state.sending, SendEvent.END_BODY]
        if state.sending is Sending.SIZED_COMPLETE:
            return None
        return Outgoing(SendEvent.END_BODY, [last_chunk])

    def skip_continue(self) -> None:
        """Let the body be written without the awaited 100."""
        self.check_can_send()
        state = self._state
        event = _SKIP[self.is_chunked]
        state.sending = SENDING[state.sending, event]
        if state.active is not None:
            state.active.phase = Phase.BODY

    # -- sending

    def send(self, outgoing: Outgoing) -> None:
        """Send *outgoing*, waiting where necessary."""
        try:
            self._link.sending.block_with(self.step, outgoing)
        finally:
            if not outgoing.is_out:
                self.abandon(outgoing)

    def co_send(self, outgoing: Outgoing) -> Generator[PollNeeded, None, None]:
        """Send *outgoing*, yielding what that waits for."""
        try:
            yield from self._link.sending.coroutine(self.step, outgoing)
        finally:
            if not outgoing.is_out:
                self.abandon(outgoing)

    def step(self, outgoing: Outgoing) -> PollNeeded | None:
        """Send as much of *outgoing* as goes out now; a request is booked first."""
        link = self._link
        if outgoing is not self.current:
            if isinstance(outgoing, EncodedRequest):
                self._book(outgoing)
            else:
                self.current = outgoing
        elif link.failure is not None:
            link.check_alive()
        pieces = outgoing.pieces
        transport = link.transport
        is_begun = outgoing.is_begun
        try:
            while pieces:
                # A signal handler may raise behind a send before its result is known.
                outgoing.is_begun = True
                sent = transport.send(pieces[0])
                # isinstance() takes long to say no (bench, small).
                if type(sent) is not int and isinstance(sent, PollNeeded):
                    outgoing.is_begun = is_begun or transport.is_committed
                    return sent
                is_begun = True
                if sent == len(pieces[0]):
                    del pieces[0]
                else:
                    pieces[0] = memoryview(pieces[0])[sent:]
        except (ConnectionClosed, OSError) as exc:
            outgoing.is_begun = is_begun
            self.break_off(exc)
            raise
        self.complete(outgoing)
        return None

    def check_can_send(self) -> None:
        """Raise what ended the connection, or sending on it; learn what became of a 100."""
        state = self._state
        if self._link.failure is not None or state.receiving is _CLOSED:
            self._link.check_not_ended()
        if state.broken_off is not None:
            raise ConnectionClosed(str(state.broken_off))
        if self.current is not None:
            raise StateError("a send that began before is not finished")
        entry = state.active
        if entry is None or entry.verdict is _NO_VERDICT:
            return
        if entry.verdict is Verdict.REFUSED:
            if state.sending is not Sending.REFUSED:
                state.sending = SENDING[state.sending, SendEvent.REFUSAL]
        elif state.sending is Sending.AWAITING_CONTINUE:
            state.sending = SENDING[state.sending, _CONTINUE[self.is_chunked]]
            entry.phase = Phase.BODY

    def _book(self, request: EncodedRequest) -> None:
        """Enter a request into the queue: its answer may come before its last octet is out."""
        link, state = self._link, self._state
        if not request.pieces:
            raise StateError("the encoder returned a request that was sent before")
        if (
            state.active is not None
            or state.broken_off is not None
            or self.current is not None
            or link.failure is not None
            or state.receiving is _CLOSED
        ):
            self.check_can_send()
        self._after = SENDING[state.sending, request.event]
        if state.last_sent:
            raise ConnectionClosed("the request before said Connection: close")
        if state.closing:
            raise ConnectionClosed("server does not keep the connection for more requests")
        if (not state.owed or (state.oldest_owed() is None and not link.receiving.active)) and (
            link.buffer.size or link.transport.has_input()
        ):  # it is idle, and something came
            self._judge_idle()
        if request.body or request.chunked or request.length:
            self._plan_body(request)
        # From here on whoever gives the request up finds it.
        self.current = request
        state.owed.append(request)

    def _plan_body(self, request: EncodedRequest) -> None:
        body = request.body
        if not body:
            expects = request.event is SendEvent.REQUEST_EXPECTING_CONTINUE
            request.phase = Phase.AWAITING_CONTINUE if expects else Phase.BODY
        elif len(body) <= _JOINED:
            request.pieces[:] = [b"".join((*request.pieces, body))]
        else:
            request.pieces.append(body)

    def _judge_idle(self) -> None:
        """Drop what may come while nothing is owed; anything else ends the connection."""
        try:
            self._drain_idle()
        except (ConnectionClosed, InvalidResponse, OSError) as exc:
            self._link.fail(exc)
            raise

    def _drain_idle(self) -> None:
        transport, buffer = self._link.transport, self._link.buffer
        limit = self._limits.stray_crlf
        has_ended = False
        enough = max(limit, TIMEOUT_START)
        # Who found nothing in the buffer has looked already.
        has_input = not buffer.size or transport.has_input()
        while has_input and buffer.size <= enough:
            received = buffer.fill(transport.receive_into)
            if isinstance(received, PollNeeded):  # TLS records that are not data
                break
            has_ended = not received
            has_input = not has_ended and transport.has_input()
        check_stray(buffer.peek(0, buffer.size), limit)
        if has_ended:
            raise ConnectionClosed("server closed the idle connection")
        buffer.clear()

    def break_off(self, failure: Exception) -> None:
        """End the sending, since the transport failed; the caller then raises *failure*.

        Raises:
            Exception: The connection is dead; this is the reason.
        """
        self._link.check_alive()
        self._state.broken_off = ConnectionClosed(f"sending failed before: {failure}")

    def complete(self, outgoing: Outgoing) -> None:
        """Account for something that is out whole."""
        state = self._state
        entry: Owed | None
        if isinstance(outgoing, EncodedRequest):
            state.sending = self._after
            self.is_chunked = outgoing.chunked
            state.body_left = outgoing.length
            if outgoing.body is not None:
                outgoing.release()
            if outgoing.phase is _WHOLE:
                entry = state.active = None
                state.last_sent = outgoing.closes
            else:
                entry = state.active = outgoing
                state.last_sent = False
        else:
            state.sending = SENDING[state.sending, outgoing.event]
            if not self.is_chunked:
                state.body_left -= outgoing.octets
                if not state.body_left:
                    state.sending = SENDING[state.sending, SendEvent.LAST_OCTET]
            entry = state.active
        if entry is not None and state.sending in _WITHOUT_OPEN_BODY:
            entry.phase = _WHOLE
            state.last_sent = entry.closes
        # Last, so that whoever is interrupted before gives up what is still the current one.
        self.current = None
        outgoing.is_out = True

    def abandon(self, outgoing: Outgoing) -> None:
        """Give up something that is not out whole."""
        outgoing.release()
        if self.current is not outgoing:
            return
        self.current = None
        state = self._state
        entry = outgoing if isinstance(outgoing, EncodedRequest) else None
        if outgoing.is_begun and state.broken_off is None:
            state.broken_off = ConnectionClosed("a send was given up after a part had gone out")
        elif entry is not None and self._is_awaited(entry):
            # It cannot just be withdrawn: nobody could tell whoever waits for its response.
            reason = ConnectionClosed("a send was given up, though its response was awaited")
            state.broken_off = state.broken_off or reason
            self._cut(entry)
            return
        if entry is not None and not outgoing.is_begun:
            entry.phase = Phase.WITHDRAWN
        elif state.broken_off is not None:
            self._cut(entry or state.active)

    def _is_awaited(self, entry: Owed) -> bool:
        """Return whether a read that is under way waits for the response to *entry*."""
        state = self._state
        is_reading_head = self._link.receiving.active and state.receiving is Receiving.HEAD
        return bool(is_reading_head) and state.oldest_owed() is entry

    def _cut(self, entry: Owed | None) -> None:
        """Mark the request whose sending failed, and wake whoever waits for its response."""
        if entry is None:
            return
        entry.phase = Phase.CUT
        link = self._link
        # A response that has begun to arrive is waited for, and must not be cut.
        if self._is_awaited(entry) and not link.buffer.size:
            link.transport.shutdown(socket.SHUT_RD)
