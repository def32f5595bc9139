"""The receiving half: which response comes next, and what its end means.

It owns the order in which octets from the transport become responses, interim ones included, and
what the end of one means to the connection. It never sends, and does not know the sender; bodies
it leaves to its `BodyReader`. The façade calls the steps of both through the `Waiter` of this
half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dugong.exceptions import (
    ConnectionClosed,
    InvalidResponse,
    StateError,
    UnsupportedResponse,
)
from dugong.exchange.body_reader import BodyReader
from dugong.polling import PollNeeded
from dugong.protocol.field_message import FieldMessage
from dugong.protocol.framing import FramingChoice, is_persistent
from dugong.protocol.response import HTTPResponse
from dugong.protocol.state import RECEIVING, Owed, Phase, ReceiveEvent, Receiving, Verdict

# Members are looked up by a Python call before 3.12.
_HEAD: Final = Receiving.HEAD
_WHOLE: Final = Phase.WHOLE
_AWAITING_CONTINUE: Final = Phase.AWAITING_CONTINUE
_CUT: Final = Phase.CUT
# A head is read where one is expected.
_BODY: Final = RECEIVING[_HEAD, ReceiveEvent.BODY_OPENS]
_RESPONSE_ENDS: Final = ReceiveEvent.RESPONSE_ENDS

if TYPE_CHECKING:
    from dugong.exchange.link import Link
    from dugong.limits import Limits
    from dugong.protocol.bodies import BodyFraming
    from dugong.protocol.response_head import HeadParser, ResponseHead


class Receiver:
    """Reads the responses on one connection.

    Attributes:
        trailers: The trailer section of the last response, once a chunked body was read to its
            end; otherwise `None`.
        body: Reads the body of the last response.
    """

    __slots__ = (
        "_buffer",
        "_choose_framing",
        "_interim_count",
        "_limits",
        "_link",
        "_parser",
        "_passed",
        "_raw",
        "_refused",
        "_state",
        "body",
        "trailers",
    )

    def __init__(
        self, link: Link, parser: HeadParser, choose_framing: FramingChoice, limits: Limits
    ) -> None:
        self.trailers: FieldMessage | None = None
        self.body: BodyReader = BodyReader(link)
        link.body_ended = self._end_response
        self._link = link
        self._buffer = link.buffer
        self._state = link.state
        self._parser = parser
        self._choose_framing = choose_framing
        self._limits = limits
        self._passed: list[HTTPResponse] = []
        self._interim_count = 0
        self._refused = False
        self._raw: bytearray | None = None  # once somebody asks for it

    def interrupt(self) -> None:
        """Note that the caller disconnects in the middle of something; from any thread."""
        self.trailers = None
        self.body.interrupt()

    def succeed(self, old: Receiver) -> None:
        """Take over what outlives the connection of *old*: trailers, and a body that was lost."""
        self.trailers = old.trailers
        self.body.succeed(old.body)

    # -- heads

    def step_read_response(self) -> HTTPResponse | PollNeeded:
        """Return the next response that is not to be passed over."""
        link, state, buffer = self._link, self._state, self._buffer
        owed = state.owed
        if (
            link.failure is not None
            or state.receiving is not _HEAD
            or not owed
            or (entry := owed[0]).phase is not _WHOLE
        ):
            link.check_not_ended()
            entry = state.next_owed()
        self.trailers = None
        self.body.has_lost = False
        try:
            while True:
                if buffer.size and (head := self._parser.parse(buffer)) is not None:
                    is_final = head.status >= 200
                    response = (
                        self._open_final(entry, head)
                        if is_final
                        else self._pass_interim(entry, head)
                    )
                    if response is not None:
                        return response
                elif entry.phase is _CUT and not buffer.size:
                    self._receive_if_any()
                elif (transport := link.transport).is_drained:
                    transport.is_drained = False
                    return transport.readable
                else:
                    received = buffer.fill(transport.receive_into)
                    if not received:
                        raise self._early_end()
                    # isinstance() takes long to say no (bench, small).
                    if type(received) is not int and isinstance(received, PollNeeded):
                        return received
        except BaseException as exc:
            link.receiving_failed(exc)
            raise

    def _receive_if_any(self) -> None:
        """Receive the answer to a request whose sending failed, where it has begun to arrive.

        That is the error response in the middle of an upload. It is not waited for.
        """
        transport = self._link.transport
        received = self._buffer.fill(transport.receive_into) if transport.has_input() else 0
        if isinstance(received, PollNeeded) or not received:
            raise ConnectionClosed(f"no response will come: {self._state.broken_off}")

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
        if self._choose_framing(entry.method, head, self._limits).closes:
            self._state.closing = True
        headers = FieldMessage(head.lines)
        is_awaited = head.status == 100 and entry.phase is _AWAITING_CONTINUE
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
        self._refused = entry.phase is _AWAITING_CONTINUE and entry.verdict is not Verdict.CONTINUE
        if self._refused:
            entry.verdict = Verdict.REFUSED
        is_plain = head.minor and head.connection is None  # what nearly every response is
        if framing.closes or entry.closes or not (is_plain or is_persistent(head)):
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
            self._end_response(framing)
        else:
            state.receiving = _BODY
            self.body.open(framing)
        return response

    def _end_response(self, framing: BodyFraming) -> None:
        """End the response whose body is at its end."""
        state = self._state
        self.trailers = framing.trailers
        if self._refused:
            state.receiving = RECEIVING[state.receiving, _RESPONSE_ENDS]
            state.replaceable = True
            self._link.end()
        elif state.closing:
            state.receiving = RECEIVING[state.receiving, ReceiveEvent.CONNECTION_ENDS]
            self._link.end()
        else:
            state.receiving = RECEIVING[state.receiving, _RESPONSE_ENDS]
            if not self._buffer.is_fitted:
                self._buffer.fit()
        state.owed.popleft()

    # -- diagnosis

    def step_read_raw(self, size: int) -> bytes | PollNeeded:
        """Return *size* octets as they came, beginning with the first that was not accepted."""
        if self._state.replaceable:
            raise ConnectionClosed("the connection was closed")
        transport = self._link.transport
        if self._link.is_open and self._link.failure is None:
            self._link.fail(StateError("after read_raw() only disconnect() is possible"))
        if (raw := self._raw) is None:
            raw = self._raw = bytearray()
        while len(raw) < size:
            if self._buffer.size:
                raw += self._buffer.take(min(self._buffer.size, size - len(raw)))
                continue
            if self._link.receiving.retired:
                break
            try:
                received = self._buffer.fill(transport.receive_into)
            except ConnectionClosed:
                break
            if isinstance(received, PollNeeded):
                return received
            if not received:
                break
        octets = bytes(raw[:size])
        del raw[:size]
        return octets
