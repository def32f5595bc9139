"""What may be sent and what is owed: two tables and one queue.

HTTP/1.1 pipelining makes a connection two half-machines: the sending half and the receiving
half, each with its state and its table of transitions, joined by the queue of the requests
whose responses are owed. This module owns them, and knows nothing of octets. The sender and
the receiver use it, each its own half; whatever crosses between them is one attribute with one
writer, which is what lets one thread send while another reads.

An empty cell of a table is misuse: a `StateError` that names the cell.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from dugong.exceptions import ConnectionClosed, StateError


class _Symbol(Enum):
    if not TYPE_CHECKING:
        __hash__ = object.__hash__  # Enum's own is a Python call; tables are looked up often


class Sending(_Symbol):
    """What the sending half may do next."""

    READY = "no request body is open"
    SIZED_COMPLETE = "the body of known length is complete"
    AWAITING_CONTINUE = "the 100 (Continue) response is awaited"
    SIZED_BODY = "the body of the last request is not complete"
    CHUNKED_BODY = "the chunked body of the last request is not ended"
    REFUSED = "the server refused the body, and the response is to be read first"


class SendEvent(_Symbol):
    """What is asked of the sending half, or happens to it."""

    REQUEST = "send_request()"
    REQUEST_WITH_BODY = "send_request() with a whole body"
    REQUEST_BEFORE_SIZED_BODY = "send_request() before a body of known length"
    REQUEST_BEFORE_CHUNKED_BODY = "send_request() before a chunked body"
    REQUEST_EXPECTING_CONTINUE = "send_request() with expect100"
    SKIP_CONTINUE_SIZED = "skip_continue() before a body of known length"
    SKIP_CONTINUE_CHUNKED = "skip_continue() before a chunked body"
    CONTINUE_SIZED = "a 100 response before a body of known length"
    CONTINUE_CHUNKED = "a 100 response before a chunked body"
    REFUSAL = "a final response instead of the 100"
    WRITE = "write() or send_file()"
    LAST_OCTET = "the last octet of a sized body"
    END_BODY = "end_body()"


class Receiving(_Symbol):
    """What the receiving half expects next."""

    HEAD = "the head of a response"
    BODY = "the body of the last response is not read to its end"
    CLOSED = "the server does not keep the connection"


class ReceiveEvent(_Symbol):
    """What is asked of the receiving half, or happens to it."""

    READ_RESPONSE = "read_response()"
    BODY_OPENS = "a head before a body"
    RESPONSE_ENDS = "the end of a response"
    CONNECTION_ENDS = "the end of a response that does not keep the connection"


State = TypeVar("State", Sending, Receiving)
Event = TypeVar("Event", SendEvent, ReceiveEvent)


class Transitions(dict[tuple[State, Event], State]):
    """A table ``(state, event) → state`` whose empty cells raise `StateError`."""

    def __missing__(self, cell: tuple[State, Event]) -> State:
        state, event = cell
        raise StateError(f"{event.value} is not possible now: {state.value}")


_REQUESTS: Final = {
    SendEvent.REQUEST: Sending.READY,
    SendEvent.REQUEST_WITH_BODY: Sending.SIZED_COMPLETE,
    SendEvent.REQUEST_BEFORE_SIZED_BODY: Sending.SIZED_BODY,
    SendEvent.REQUEST_BEFORE_CHUNKED_BODY: Sending.CHUNKED_BODY,
    SendEvent.REQUEST_EXPECTING_CONTINUE: Sending.AWAITING_CONTINUE,
}

SENDING: Final = Transitions[Sending, SendEvent](
    {
        **{(Sending.READY, event): after for event, after in _REQUESTS.items()},
        **{(Sending.SIZED_COMPLETE, event): after for event, after in _REQUESTS.items()},
        (Sending.SIZED_COMPLETE, SendEvent.END_BODY): Sending.SIZED_COMPLETE,
        (Sending.AWAITING_CONTINUE, SendEvent.SKIP_CONTINUE_SIZED): Sending.SIZED_BODY,
        (Sending.AWAITING_CONTINUE, SendEvent.SKIP_CONTINUE_CHUNKED): Sending.CHUNKED_BODY,
        (Sending.AWAITING_CONTINUE, SendEvent.CONTINUE_SIZED): Sending.SIZED_BODY,
        (Sending.AWAITING_CONTINUE, SendEvent.CONTINUE_CHUNKED): Sending.CHUNKED_BODY,
        (Sending.AWAITING_CONTINUE, SendEvent.REFUSAL): Sending.REFUSED,
        # The two threads' race: skip_continue() after the receiver took the response as final.
        (Sending.SIZED_BODY, SendEvent.REFUSAL): Sending.REFUSED,
        (Sending.CHUNKED_BODY, SendEvent.REFUSAL): Sending.REFUSED,
        (Sending.SIZED_COMPLETE, SendEvent.REFUSAL): Sending.REFUSED,
        (Sending.READY, SendEvent.REFUSAL): Sending.REFUSED,
        (Sending.SIZED_BODY, SendEvent.WRITE): Sending.SIZED_BODY,
        (Sending.SIZED_BODY, SendEvent.LAST_OCTET): Sending.SIZED_COMPLETE,
        (Sending.CHUNKED_BODY, SendEvent.WRITE): Sending.CHUNKED_BODY,
        (Sending.CHUNKED_BODY, SendEvent.END_BODY): Sending.READY,
    }
)

_OPEN: Final = frozenset({Sending.AWAITING_CONTINUE, Sending.SIZED_BODY, Sending.CHUNKED_BODY})

RECEIVING: Final = Transitions[Receiving, ReceiveEvent](
    {
        (Receiving.HEAD, ReceiveEvent.READ_RESPONSE): Receiving.HEAD,
        (Receiving.HEAD, ReceiveEvent.BODY_OPENS): Receiving.BODY,
        (Receiving.HEAD, ReceiveEvent.RESPONSE_ENDS): Receiving.HEAD,
        (Receiving.HEAD, ReceiveEvent.CONNECTION_ENDS): Receiving.CLOSED,
        (Receiving.BODY, ReceiveEvent.RESPONSE_ENDS): Receiving.HEAD,
        (Receiving.BODY, ReceiveEvent.CONNECTION_ENDS): Receiving.CLOSED,
    }
)


class Phase(_Symbol):
    """How far the sending of a booked request has come. The sending half writes it."""

    WHOLE = "sent in one call, or complete"
    AWAITING_CONTINUE = "its head was sent, and the 100 is awaited"
    BODY = "its body is being sent"
    CUT = "its sending failed after part of it went out"
    WITHDRAWN = "nothing of it went out"


# A look-up of a member in its class is a Python call before 3.12, so what is compared once for each
# request is looked up once.
_READY: Final = Sending.READY
_HEAD: Final = Receiving.HEAD
_WHOLE: Final = Phase.WHOLE
_WITHDRAWN: Final = Phase.WITHDRAWN


class Verdict(_Symbol):
    """What the server said to an expectation. The receiving half writes it."""

    NONE = "no response yet"
    CONTINUE = "100"
    REFUSED = "a final response"


class Owed(Protocol):
    """What the state has to know of a request whose response is owed.

    Attributes:
        method: The method of the request.
        path: The path, as the caller gave it.
        closes: Whether the request itself said ``Connection: close``.
        phase: How far the sending has come; written by the sending half.
        verdict: What the server said to an expectation; written by the receiving half.
    """

    method: str
    path: str
    closes: bool
    phase: Phase
    verdict: Verdict


def is_readable(entry: Owed) -> bool:
    """Return whether `read_response` is due for this request."""
    if entry.phase is Phase.AWAITING_CONTINUE:
        return entry.verdict is Verdict.NONE
    return entry.phase is not Phase.BODY


class ConnectionState:
    """The state of one TCP connection, as HTTP sees it.

    Attributes:
        sending: What the sending half may do next; written by it.
        receiving: What the receiving half expects next; written by it.
        owed: The requests whose responses are owed, oldest first. The sending half appends, the
            receiving half removes, as its last act on a response.
        body_left: Octets of the open sized request body that are still to be written.
        active: The request whose body is being sent, or was the last to be: an expectation of its
            may still be refused. `None` behind one that was sent at once. Written by the
            sending half.
        last_sent: Whether a request of the caller's with ``Connection: close`` went out.
        broken_off: Why the sending half ended before its time; written by it.
        closing: Whether a response said that the connection is not kept; written by the
            receiving half.
        replaceable: Whether the next request takes a new connection by itself: the server refused
            a body and that response was read to its end, or the caller disconnected.
    """

    __slots__ = (
        "active",
        "body_left",
        "broken_off",
        "closing",
        "last_sent",
        "owed",
        "receiving",
        "replaceable",
        "sending",
    )

    def __init__(self) -> None:
        self.sending: Sending = _READY
        self.receiving: Receiving = _HEAD
        self.owed: deque[Owed] = deque()
        self.body_left: int = 0
        self.active: Owed | None = None
        self.last_sent: bool = False
        self.broken_off: ConnectionClosed | None = None
        self.closing: bool = False
        self.replaceable: bool = False

    def oldest_owed(self) -> Owed | None:
        """Return the request whose response is owed first. For either half."""
        if not self.owed:
            return None
        try:
            entry = self.owed[0]
        except IndexError:  # the other half removed it meanwhile
            return None
        if entry.phase is not Phase.WITHDRAWN:
            return entry
        while True:
            # No copy: behind one that was withdrawn each send would make one of all that are owed.
            try:
                return next((e for e in self.owed if e.phase is not Phase.WITHDRAWN), None)
            except RuntimeError:  # the other half changed the queue meanwhile
                continue

    def is_in_progress(self) -> bool:
        """Return whether a response is owed or open, or a request body is."""
        has_open_body = self.sending in _OPEN and self.broken_off is None and not self.replaceable
        return has_open_body or self.oldest_owed() is not None

    def next_owed(self) -> Owed:
        """Return the request whose response is to be read next. For the receiving half.

        Raises:
            StateError: There is none, or its body is not complete.
        """
        if self.receiving is not _HEAD:
            RECEIVING[self.receiving, ReceiveEvent.READ_RESPONSE]
        owed = self.owed
        while owed and owed[0].phase is _WITHDRAWN:
            owed.popleft()
        if not owed:
            raise StateError("no response is owed")
        entry = owed[0]
        if entry.phase is not _WHOLE and not is_readable(entry):
            raise StateError("the body of the request is not complete")
        return entry

    def response_pending(self, *, failed: bool) -> bool:
        """Return whether a response, or the rest of one, is to be read or is known to be lost.

        Args:
            failed: Whether the connection is dead, so that all that is owed is lost.
        """
        if self.replaceable:
            return False
        if self.receiving is Receiving.BODY:
            return True
        oldest = self.oldest_owed()
        return oldest is not None and (failed or is_readable(oldest))
