"""Random sequences of calls, legal and illegal, against a model of what API.md says of them.

The model knows no octets but those of the bodies. A server answers each request when the last octet
of it has come, as the request's plan says.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections import deque
from collections.abc import Callable, Generator
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ExcessBodyData,
    HTTPConnection,
    HTTPResponse,
    InvalidResponse,
    PollNeeded,
    StateError,
)
from dugong.testing import END, PAUSE, ScriptedTransport, scripted_connection
from tests.playing import Face, operate

if TYPE_CHECKING:
    from dugong.testing.scripted import Line

Result = TypeVar("Result")

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_WANTED: Final = os.environ.get("PROPERTY_EXAMPLES")
_CONNECTIONS: Final = 12  # at most, in one sequence


class Plan(Enum):
    """How a server answers: the octets, the body, whether it is sized, whether it closes."""

    EMPTY = (b"HTTP/1.1 204 OK\r\n\r\n", b"", True, False)
    EMPTY_BODY = (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", True, False)
    SIZED = (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n012345678", b"012345678", True, False)
    HINTED = (
        b"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"hi",
        True,
        False,
    )
    CHUNKED = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        b"abcde",
        False,
        False,
    )
    CLOSING = (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbye",
        b"bye",
        True,
        True,
    )
    CLOSING_EMPTY = (b"HTTP/1.1 204 OK\r\nConnection: close\r\n\r\n", b"", True, True)
    UNTIL_CLOSE = (b"HTTP/1.1 200 OK\r\n\r\nuntil close", b"until close", False, True)
    REFUSAL = (b"HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno", b"no", True, False)

    def __init__(self, octets: bytes, body: bytes, is_sized: bool, closes: bool) -> None:
        self.octets = octets
        self.body = body
        self.is_sized = is_sized
        self.closes = closes


class Expectation(Enum):
    """What has become of an awaited 100."""

    NONE = "none is awaited"
    AWAITED = "it is awaited"
    CONTINUED = "it came"
    REFUSED = "a final response came"


class Spoiling(Enum):
    """What a server does to an idle connection, and what the next request meets."""

    EMPTY_LINE = (b"\r\n", None)
    STRAY = (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", InvalidResponse)
    TIMEOUT = (b"HTTP/1.1 408 Request Timeout\r\n\r\n", ConnectionClosed)
    END = (END, ConnectionClosed)

    def __init__(self, line: Line, error: type[Exception] | None) -> None:
        self.line = line
        self.error = error


@attrs.define(eq=False)
class Sent:
    """A request, as the model sees it.

    Attributes:
        path: Its path.
        plan: How the server answers.
        left: Octets of the body that are still to be written; `None` for a chunked one.
        has_sized_body: Whether it has a body of known length.
        is_whole: Whether it was sent to its end.
        says_close: Whether it said ``Connection: close``.
        expectation: What has become of an awaited 100.
    """

    path: str
    plan: Plan
    left: int | None = 0
    has_sized_body: bool = False
    is_whole: bool = False
    says_close: bool = False
    expectation: Expectation = Expectation.NONE

    @property
    def is_readable(self) -> bool:
        return self.is_whole or self.expectation is Expectation.AWAITED

    @property
    def takes_body(self) -> bool:
        waits = self.expectation in (Expectation.AWAITED, Expectation.REFUSED)
        return not (self.is_whole or waits)


faces: Final = st.sampled_from(Face)
plans: Final = st.sampled_from([plan for plan in Plan if plan is not Plan.REFUSAL])
sizes: Final = st.integers(0, 12)
grains: Final = st.sampled_from([1, 2, 5, 100])  # octets in each segment of an answer


class CallSequences(RuleBasedStateMachine):
    """One connection object, called in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.transports = [ScriptedTransport() for _ in range(_CONNECTIONS)]
        self.conn: HTTPConnection = scripted_connection(*self.transports)
        self.opened = 0
        self.requests = 0
        self.forget()

    def teardown(self) -> None:
        self.conn.disconnect()
        for transport in self.transports:
            transport.close()

    # -- the model

    def forget(self) -> None:
        """Be as after `disconnect`."""
        self.is_open = False
        self.owed: deque[Sent] = deque()
        self.active: Sent | None = None  # the last request that was sent
        self.body: bytes | None = None  # what is left of the open response body
        self.is_closing = False
        self.has_ended = False
        self.is_replaceable = False
        self.has_trailers = False
        self.spoiled: Spoiling | None = None
        self.error: type[Exception] | None = None  # why the connection is dead
        self.is_interrupted = False  # by a disconnect() in the middle of something
        self.has_lost_body = False  # and what was in progress was an open body

    @property
    def transport(self) -> ScriptedTransport:
        return self.transports[self.opened - 1]

    @property
    def is_body_missing(self) -> bool:
        return self.active is not None and not self.active.is_whole

    def answer(self, octets: bytes, grain: int) -> None:
        """Let the server send *octets*, in segments of *grain*."""
        for begin in range(0, len(octets), grain):
            self.transport.extend(*([PAUSE] if begin else []), octets[begin : begin + grain])

    def complete(self, request: Sent, grain: int) -> None:
        """Account for the last octet of *request*, and let the server answer."""
        request.is_whole = True
        self.is_closing = self.is_closing or request.says_close
        if request.plan is not Plan.REFUSAL:
            self.answer(request.plan.octets, grain)
        if request.plan is Plan.UNTIL_CLOSE:
            self.transport.extend(END)

    def end_answer(self) -> None:
        """Account for the end of the response that is owed first."""
        answered = self.owed.popleft()
        self.body = None
        self.has_trailers = answered.plan is Plan.CHUNKED
        if answered.expectation is Expectation.REFUSED:
            self.is_replaceable = True
        elif answered.plan.closes or answered.says_close:
            self.has_ended = True

    def take(self, piece: bytes) -> None:
        """Account for octets that were delivered."""
        assert self.body is not None
        assert self.body.startswith(piece)
        self.body = self.body[len(piece) :]
        if not piece or (not self.body and self.owed[0].plan.is_sized):
            assert not self.body
            self.end_answer()

    def take_head(self, response: HTTPResponse) -> None:
        """Account for a head that was delivered."""
        request = self.owed[0]
        assert response.path == request.path
        self.has_trailers = self.has_lost_body = False
        if request.expectation is Expectation.AWAITED:
            refused = request.plan is Plan.REFUSAL
            request.expectation = Expectation.REFUSED if refused else Expectation.CONTINUED
        if request.expectation is Expectation.CONTINUED and not request.is_whole:
            assert response.status == 100
            return
        plan = request.plan
        assert response.status == int(plan.octets.partition(b" 200 ")[1] or response.status)
        assert response.status >= 200
        if plan.closes or request.says_close:
            self.is_closing = True
        if plan.is_sized and not plan.body:
            self.end_answer()
        else:
            self.body = plan.body

    def errors_of_sending(self) -> tuple[type[Exception], ...]:
        """Return what a further request may raise, or nothing where it is sent."""
        if self.error is not None:
            return (self.error,)
        if self.is_replaceable or not self.is_open:
            return ()
        missing = (StateError,) if self.is_body_missing else ()
        closed = (ConnectionClosed,) if self.is_closing or self.has_ended else ()
        return missing + closed

    def errors_of_a_body(self) -> tuple[type[Exception], ...]:
        """Return what writing and ending a body may raise where they are not possible."""
        if self.error is not None:
            return (self.error,)
        if self.has_ended or self.is_interrupted:
            return (StateError, ConnectionClosed)
        return (StateError,)

    # -- sending

    def has_connection_left(self) -> bool:
        return self.opened < _CONNECTIONS

    @precondition(has_connection_left)
    @rule(
        face=faces,
        plan=plans,
        says_close=st.sampled_from([False, False, False, True]),
        body=st.sampled_from([None, b"", b"body", 0, 5, "chunks"]),
        expects=st.booleans(),
        refuses=st.booleans(),
        grain=grains,
    )
    def send_request(
        self,
        face: Face,
        plan: Plan,
        says_close: bool,
        body: bytes | int | str | None,
        expects: bool,
        refuses: bool,
        grain: int,
    ) -> None:
        expects = expects and (body == "chunks" or body == 5)
        self.requests += 1
        request = Sent(f"/{self.requests}", plan, says_close=says_close)
        given: bytes | BodyFollowing | None = None
        if isinstance(body, bytes):
            given, request.has_sized_body = body, True
        elif isinstance(body, int):
            given, request.has_sized_body = BodyFollowing(body), True
            request.left = body
        elif body is not None:
            given, request.left = BodyFollowing(), None
        headers = {"Connection": "close"} if says_close else None
        arguments = ("PUT", request.path, headers, given, expects)
        errors = self.errors_of_sending()
        if not errors and self.spoiled is not None and self.spoiled.error is not None:
            self.error = self.spoiled.error
            errors = (self.error,)
        if errors:
            before = [bytes(transport.sent) for transport in self.transports]
            with pytest.raises(errors):
                operate(face, self.conn.send_request, self.conn.co_send_request, *arguments)
            assert [transport.sent for transport in self.transports] == before
            return
        operate(face, self.conn.send_request, self.conn.co_send_request, *arguments)
        if self.is_replaceable or not self.is_open:
            trailers, has_lost_body = self.has_trailers, self.has_lost_body
            self.forget()
            self.is_open, self.has_trailers = True, trailers
            self.has_lost_body = has_lost_body
            self.opened += 1
        self.spoiled = None
        self.owed.append(request)
        self.active = request
        if expects:
            request.expectation = Expectation.AWAITED
            request.plan = Plan.REFUSAL if refuses else plan
            self.answer(Plan.REFUSAL.octets if refuses else CONTINUE, grain)
        elif request.left == 0:
            self.complete(request, grain)

    @rule(face=faces, size=sizes, grain=grains, is_file=st.booleans())
    def write(self, face: Face, size: int, grain: int, is_file: bool) -> None:
        def write() -> None:
            if is_file:
                file = io.BytesIO(b"w" * size)
                assert operate(face, self.conn.send_file, self.conn.co_send_file, file) == size
            else:
                operate(face, self.conn.write, self.conn.co_write, b"w" * size)

        request = self.active
        possible = request is not None and request.takes_body and self.error is None
        if not possible or self.has_ended:
            try:
                write()
            except self.errors_of_a_body():
                return
            assert possible
            assert not size
            return
        assert request is not None
        if request.left is not None and size > request.left:
            with pytest.raises(ExcessBodyData):
                write()
            return
        write()
        if request.left is not None and size:
            request.left -= size
            if not request.left:
                self.complete(request, grain)

    @rule(face=faces, grain=grains)
    def end_body(self, face: Face, grain: int) -> None:
        request = self.active
        can_end = request is not None and request.takes_body and request.left is None
        had_end = request is not None and request.is_whole and request.has_sized_body
        if self.error is not None or self.has_ended or not (can_end or had_end):
            try:
                operate(face, self.conn.end_body, self.conn.co_end_body)
            except self.errors_of_a_body():
                return
            assert self.has_ended
            assert had_end
            return
        operate(face, self.conn.end_body, self.conn.co_end_body)
        if can_end and request is not None:
            self.complete(request, grain)

    @rule()
    def skip_continue(self) -> None:
        request = self.active
        awaits = request is not None and request.expectation is Expectation.AWAITED
        if self.error is not None or self.has_ended or not awaits:
            with pytest.raises(self.errors_of_a_body()):
                self.conn.skip_continue()
            return
        self.conn.skip_continue()
        assert request is not None
        request.expectation = Expectation.NONE

    @precondition(lambda self: self.has_connection_left() and not self.errors_of_sending())
    @rule(face=faces, plan=plans, grain=grains, heads=st.integers(0, 3))
    def send_and_read_heads(self, face: Face, plan: Plan, grain: int, heads: int) -> None:
        """Get on with the usual, so that sequences come to the middle of a body."""
        self.send_request(face, plan, False, None, False, False, grain)
        for _ in range(heads):
            if not self.errors_of_a_head():
                self.read_response(face)

    # -- receiving

    def errors_of_a_head(self) -> tuple[type[Exception], ...]:
        """Return what reading a head raises, or nothing where one is due."""
        if self.error is not None:
            return (self.error,)
        if self.has_ended:
            return (ConnectionClosed,)
        if self.is_interrupted:
            return (StateError, ConnectionClosed)
        if self.body is not None or not self.owed or not self.owed[0].is_readable:
            return (StateError,)
        return ()

    @rule(face=faces)
    def read_response(self, face: Face) -> None:
        if errors := self.errors_of_a_head():
            with pytest.raises(errors):
                operate(face, self.conn.read_response, self.conn.co_read_response)
            return
        self.take_head(operate(face, self.conn.read_response, self.conn.co_read_response))

    @rule(steps=st.integers(0, 20))
    def abandon_read_response(self, steps: int) -> None:
        if self.errors_of_a_head():
            return
        if steps:
            self.has_trailers = self.has_lost_body = False
        response = abandoned(self.conn.co_read_response(), steps)
        if response is not None:
            self.take_head(response)

    def reads_nothing(self, call: Callable[[], object], nothing: object) -> bool:
        """Check a read where no body is open; return whether that is so."""
        if self.error is not None:
            with pytest.raises(self.error):
                call()
            return True
        if self.has_lost_body and self.body is None:
            with pytest.raises(ConnectionClosed):
                call()
            return True
        if self.is_interrupted:
            with contextlib.suppress(ConnectionClosed):
                assert call() == nothing
            return True
        if self.body is None:
            assert call() == nothing
            return True
        return False

    @rule(face=faces, size=sizes)
    def read(self, face: Face, size: int) -> None:
        def call() -> bytes:
            return operate(face, self.conn.read, self.conn.co_read, size)

        if not size:
            assert call() == b""
        elif not self.reads_nothing(call, b""):
            piece = call()
            assert len(piece) <= size
            self.take(piece)

    @rule(face=faces, size=sizes)
    def readinto(self, face: Face, size: int) -> None:
        target = bytearray(size)

        def call() -> int:
            return operate(face, self.conn.readinto, self.conn.co_readinto, target)

        if not size:
            assert call() == 0
        elif not self.reads_nothing(call, 0):
            self.take(bytes(target[: call()]))

    @rule(face=faces)
    def readall(self, face: Face) -> None:
        def call() -> bytes:
            return operate(face, self.conn.readall, self.conn.co_readall)

        if not self.reads_nothing(call, b""):
            assert call() == self.body
            self.end_answer()

    def has_open_body(self) -> bool:
        return self.body is not None and self.error is None

    @precondition(has_open_body)
    @rule(steps=st.integers(0, 20))
    def abandon_readall(self, steps: int) -> None:
        octets = abandoned(self.conn.co_readall(), steps)
        if octets is not None:
            assert octets == self.body
            self.end_answer()

    @rule(face=faces)
    def discard(self, face: Face) -> None:
        def call() -> None:
            operate(face, self.conn.discard, self.conn.co_discard)

        if not self.reads_nothing(call, None):
            call()
            self.end_answer()

    # -- the connection

    def is_idle(self) -> bool:
        is_usable = self.is_open and not (self.is_closing or self.is_replaceable)
        return is_usable and not self.owed and not self.error and not self.spoiled

    @precondition(is_idle)
    @rule(spoiling=st.sampled_from(Spoiling))
    def spoil(self, spoiling: Spoiling) -> None:
        self.transport.extend(spoiling.line)
        self.spoiled = spoiling

    def is_good_for_nothing(self) -> bool:
        return self.has_ended or self.is_closing or self.error is not None

    @precondition(is_good_for_nothing)
    @rule()
    def disconnect_from_what_has_ended(self) -> None:
        self.disconnect()

    @precondition(lambda self: self.requests % 4 == 3)
    @rule()
    def disconnect_amidst(self) -> None:
        self.disconnect()

    def disconnect(self) -> None:
        self.conn.disconnect()
        is_alive = self.is_open and not (self.error or self.has_ended)
        is_interrupted = is_alive and bool(self.owed or self.is_body_missing)
        has_lost_body = self.has_lost_body or (is_alive and self.body is not None)
        self.forget()
        self.is_interrupted, self.has_lost_body = is_interrupted, has_lost_body

    @invariant()
    def pending_is_what_the_model_says(self) -> None:
        is_due = bool(self.owed) and (self.has_ended or self.owed[0].is_readable)
        assert self.conn.response_pending() is (self.body is not None or is_due)

    @invariant()
    def trailers_are_what_the_model_says(self) -> None:
        assert (self.conn.trailers is not None) is self.has_trailers


def abandoned(crt: Generator[PollNeeded, None, Result], steps: int) -> Result | None:
    """Resume *crt* so often, then drop it; return its result if it came to one."""
    try:
        for _ in range(steps):
            next(crt)
    except StopIteration as stop:
        result: Result = stop.value
        return result
    crt.close()
    return None


TestCallSequences = CallSequences.TestCase
TestCallSequences.settings = settings(
    max_examples=int(_WANTED or 150),
    stateful_step_count=50,
    derandomize=_WANTED is None,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
