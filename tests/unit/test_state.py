from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

import pytest

from dugong.exceptions import StateError
from dugong.protocol.state import (
    RECEIVING,
    SENDING,
    ConnectionState,
    Owed,
    Phase,
    ReceiveEvent,
    Receiving,
    SendEvent,
    Sending,
    Verdict,
    is_readable,
)
from tests.unit.entries import Entry

# -- the tables: every row that there is; all other cells are empty

REQUESTS: Final = {
    SendEvent.REQUEST: Sending.READY,
    SendEvent.REQUEST_WITH_BODY: Sending.SIZED_COMPLETE,
    SendEvent.REQUEST_BEFORE_SIZED_BODY: Sending.SIZED_BODY,
    SendEvent.REQUEST_BEFORE_CHUNKED_BODY: Sending.CHUNKED_BODY,
    SendEvent.REQUEST_EXPECTING_CONTINUE: Sending.AWAITING_CONTINUE,
}
SENDING_ROWS: Final[dict[Sending, dict[SendEvent, Sending]]] = {
    Sending.READY: {**REQUESTS, SendEvent.REFUSAL: Sending.REFUSED},
    Sending.SIZED_COMPLETE: {
        **REQUESTS,
        SendEvent.END_BODY: Sending.SIZED_COMPLETE,
        SendEvent.REFUSAL: Sending.REFUSED,
    },
    Sending.AWAITING_CONTINUE: {
        SendEvent.SKIP_CONTINUE_SIZED: Sending.SIZED_BODY,
        SendEvent.SKIP_CONTINUE_CHUNKED: Sending.CHUNKED_BODY,
        SendEvent.CONTINUE_SIZED: Sending.SIZED_BODY,
        SendEvent.CONTINUE_CHUNKED: Sending.CHUNKED_BODY,
        SendEvent.REFUSAL: Sending.REFUSED,
    },
    Sending.SIZED_BODY: {
        SendEvent.WRITE: Sending.SIZED_BODY,
        SendEvent.LAST_OCTET: Sending.SIZED_COMPLETE,
        SendEvent.REFUSAL: Sending.REFUSED,
    },
    Sending.CHUNKED_BODY: {
        SendEvent.WRITE: Sending.CHUNKED_BODY,
        SendEvent.END_BODY: Sending.READY,
        SendEvent.REFUSAL: Sending.REFUSED,
    },
    Sending.REFUSED: {},
}
RECEIVING_ROWS: Final[dict[Receiving, dict[ReceiveEvent, Receiving]]] = {
    Receiving.HEAD: {
        ReceiveEvent.READ_RESPONSE: Receiving.HEAD,
        ReceiveEvent.BODY_OPENS: Receiving.BODY,
        ReceiveEvent.RESPONSE_ENDS: Receiving.HEAD,
        ReceiveEvent.CONNECTION_ENDS: Receiving.CLOSED,
    },
    Receiving.BODY: {
        ReceiveEvent.RESPONSE_ENDS: Receiving.HEAD,
        ReceiveEvent.CONNECTION_ENDS: Receiving.CLOSED,
    },
    Receiving.CLOSED: {},
}


@pytest.mark.parametrize("event", [pytest.param(e, id=e.name) for e in SendEvent])
@pytest.mark.parametrize("state", [pytest.param(s, id=s.name) for s in Sending])
def test_sending(state: Sending, event: SendEvent) -> None:
    after = SENDING_ROWS[state].get(event)
    if after is not None:
        assert SENDING[state, event] is after
        return
    with pytest.raises(StateError) as caught:
        SENDING[state, event]
    assert str(caught.value) == f"{event.value} is not possible now: {state.value}"


@pytest.mark.parametrize("event", [pytest.param(e, id=e.name) for e in ReceiveEvent])
@pytest.mark.parametrize("state", [pytest.param(s, id=s.name) for s in Receiving])
def test_receiving(state: Receiving, event: ReceiveEvent) -> None:
    after = RECEIVING_ROWS[state].get(event)
    if after is not None:
        assert RECEIVING[state, event] is after
        return
    with pytest.raises(StateError) as caught:
        RECEIVING[state, event]
    assert str(caught.value) == f"{event.value} is not possible now: {state.value}"


def test_looking_at_an_empty_cell_does_not_fill_it() -> None:
    size = len(SENDING)
    for _ in range(2):
        with pytest.raises(StateError):
            SENDING[Sending.REFUSED, SendEvent.WRITE]
    assert len(SENDING) == size


@pytest.mark.parametrize(
    "symbols",
    [Sending, SendEvent, Receiving, ReceiveEvent, Phase, Verdict],
    ids=lambda s: s.__name__,
)
def test_each_symbol_is_told_apart_and_named(symbols: Any) -> None:
    assert len({*symbols}) == len(symbols)
    assert len({symbol.value for symbol in symbols}) == len(symbols)
    assert all({symbol: 1}[symbol] == 1 for symbol in symbols)


def test_symbols_are_looked_up_without_a_call_of_python_code() -> None:
    assert Sending.__hash__ is SendEvent.__hash__ is object.__hash__


# -- an entry of the queue


@pytest.mark.parametrize(
    ("phase", "verdict", "expected"),
    [
        pytest.param(Phase.WHOLE, Verdict.NONE, True, id="whole"),
        pytest.param(Phase.WHOLE, Verdict.CONTINUE, True, id="whole after the 100"),
        pytest.param(Phase.WHOLE, Verdict.REFUSED, True, id="whole though refused"),
        pytest.param(Phase.BODY, Verdict.NONE, False, id="body open"),
        pytest.param(Phase.BODY, Verdict.CONTINUE, False, id="body open after the 100"),
        pytest.param(Phase.BODY, Verdict.REFUSED, False, id="body open though refused"),
        pytest.param(Phase.AWAITING_CONTINUE, Verdict.NONE, True, id="100 awaited"),
        pytest.param(Phase.AWAITING_CONTINUE, Verdict.CONTINUE, False, id="100 came"),
        pytest.param(Phase.AWAITING_CONTINUE, Verdict.REFUSED, False, id="refused"),
        pytest.param(Phase.CUT, Verdict.NONE, True, id="cut off"),
        pytest.param(Phase.CUT, Verdict.CONTINUE, True, id="cut off after the 100"),
        pytest.param(Phase.WITHDRAWN, Verdict.NONE, True, id="withdrawn"),
    ],
)
def test_response_can_be_read(phase: Phase, verdict: Verdict, expected: bool) -> None:
    assert is_readable(Entry("GET", "/", phase=phase, verdict=verdict)) is expected


def test_entries_are_compared_by_identity() -> None:
    assert Entry("GET", "/") != Entry("GET", "/")


# -- the queue

WHOLE: Final = Phase.WHOLE
OPEN: Final = Phase.BODY
WITHDRAWN: Final = Phase.WITHDRAWN


def state_of(*phases: Phase, **attributes: Any) -> ConnectionState:
    """Return a state in which a request of each phase is owed; its path is its place."""
    entries = (Entry("GET", f"/{i}", phase=phase) for i, phase in enumerate(phases))
    state = ConnectionState()
    state.owed.extend(entries)
    for name, value in attributes.items():
        setattr(state, name, value)
    return state


def paths(state: ConnectionState) -> list[str]:
    return [entry.path for entry in state.owed]


def test_new_connection_is_ready_and_owes_nothing() -> None:
    state = ConnectionState()
    assert (state.sending, state.receiving) == (Sending.READY, Receiving.HEAD)
    assert not state.owed
    assert state.oldest_owed() is None
    assert not state.is_in_progress()
    assert not state.response_pending(failed=False)
    assert (state.body_left, state.active, state.broken_off) == (0, None, None)
    assert (state.last_sent, state.closing, state.replaceable) == (False, False, False)


def test_new_entry_is_whole_and_without_verdict() -> None:
    entry = Entry("GET", "/path")
    assert (entry.method, entry.path, entry.closes) == ("GET", "/path", False)
    assert (entry.phase, entry.verdict) == (Phase.WHOLE, Verdict.NONE)


@pytest.mark.parametrize(
    ("phases", "place"),
    [
        pytest.param((), None, id="nothing"),
        pytest.param((WHOLE,), 0, id="one"),
        pytest.param((OPEN, WHOLE), 0, id="first of two"),
        pytest.param((WITHDRAWN,), None, id="withdrawn"),
        pytest.param((WITHDRAWN, WHOLE), 1, id="behind a withdrawn one"),
        pytest.param((WITHDRAWN, WITHDRAWN, WHOLE), 2, id="behind two withdrawn ones"),
        pytest.param((WHOLE, WITHDRAWN), 0, id="before a withdrawn one"),
    ],
)
def test_oldest_owed_passes_over_what_was_withdrawn(
    phases: tuple[Phase, ...], place: int | None
) -> None:
    state = state_of(*phases)
    before = paths(state)
    oldest = state.oldest_owed()
    assert (None if oldest is None else oldest.path) == (None if place is None else f"/{place}")
    assert paths(state) == before


class JustEmptied(deque[Owed]):
    """A queue whose last entry was removed by the other thread behind the first look."""

    def __bool__(self) -> bool:
        return True


def test_oldest_owed_bears_that_the_other_half_removes_it() -> None:
    state = ConnectionState()
    state.owed = JustEmptied()
    assert state.oldest_owed() is None


class CountingQueue(deque[Owed]):
    """Counts the entries that it is asked for."""

    given = 0

    def __iter__(self) -> Iterator[Owed]:
        for entry in super().__iter__():
            self.given += 1
            yield entry


def test_oldest_owed_looks_no_further_than_it_has_to() -> None:
    withdrawn = Entry("GET", "/0", phase=Phase.WITHDRAWN)
    queue = CountingQueue([withdrawn, *(Entry("GET", f"/{i}") for i in range(1, 1_000))])
    state = ConnectionState()
    state.owed = queue
    oldest = state.oldest_owed()
    assert oldest is queue[1]
    assert queue.given == 2


class ChangedOnce(deque[Owed]):
    """What the other half removes the first entry of while it is gone through."""

    def __iter__(self) -> Iterator[Owed]:
        entries = super().__iter__()
        if len(self) > 2:
            self.popleft()
        return entries


def test_oldest_owed_begins_anew_where_the_other_half_changes_the_queue() -> None:
    phases = (Phase.WITHDRAWN, Phase.WITHDRAWN, Phase.WHOLE)
    queue = ChangedOnce(Entry("GET", f"/{i}", phase=phase) for i, phase in enumerate(phases))
    state = ConnectionState()
    state.owed = queue
    oldest = state.oldest_owed()
    assert oldest is not None
    assert oldest.path == "/2"


@pytest.mark.parametrize(
    ("phases", "path"),
    [
        pytest.param((WHOLE,), "/0", id="one"),
        pytest.param((WHOLE, OPEN), "/0", id="first of two"),
        pytest.param((Phase.AWAITING_CONTINUE,), "/0", id="100 awaited"),
        pytest.param((Phase.CUT,), "/0", id="cut off"),
        pytest.param((WITHDRAWN, WITHDRAWN, WHOLE), "/2", id="behind withdrawn ones"),
    ],
)
def test_next_owed(phases: tuple[Phase, ...], path: str) -> None:
    state = state_of(*phases)
    assert state.next_owed().path == path
    assert paths(state)[0] == path


@pytest.mark.parametrize(
    "phases", [pytest.param((), id="empty"), pytest.param((WITHDRAWN,), id="withdrawn")]
)
def test_nothing_owed_is_misuse(phases: tuple[Phase, ...]) -> None:
    state = state_of(*phases)
    with pytest.raises(StateError, match=r"^no response is owed$"):
        state.next_owed()
    assert not state.owed


def test_response_before_the_body_is_complete_is_misuse() -> None:
    with pytest.raises(StateError, match=r"^the body of the request is not complete$"):
        state_of(OPEN, WHOLE).next_owed()


@pytest.mark.parametrize("receiving", [Receiving.BODY, Receiving.CLOSED])
def test_response_out_of_turn_is_misuse(receiving: Receiving) -> None:
    with pytest.raises(StateError, match=r"read_response\(\) is not possible now"):
        state_of(WHOLE, receiving=receiving).next_owed()


# -- what is pending, and what is in progress


@pytest.mark.parametrize(
    ("phases", "pending", "pending_when_failed"),
    [
        pytest.param((), False, False, id="nothing owed"),
        pytest.param((WITHDRAWN,), False, False, id="withdrawn"),
        pytest.param((WHOLE,), True, True, id="whole"),
        pytest.param((OPEN,), False, True, id="body open"),
        pytest.param((Phase.AWAITING_CONTINUE,), True, True, id="100 awaited"),
        pytest.param((Phase.CUT,), True, True, id="cut off"),
        pytest.param((WITHDRAWN, OPEN), False, True, id="body open behind a withdrawn one"),
        pytest.param((WITHDRAWN, WHOLE), True, True, id="whole behind a withdrawn one"),
        pytest.param((WHOLE, OPEN), True, True, id="body open behind a whole one"),
    ],
)
@pytest.mark.parametrize("receiving", [Receiving.HEAD, Receiving.CLOSED])
def test_response_is_pending(
    phases: tuple[Phase, ...], pending: bool, pending_when_failed: bool, receiving: Receiving
) -> None:
    state = state_of(*phases, receiving=receiving)
    assert state.response_pending(failed=False) is pending
    assert state.response_pending(failed=True) is pending_when_failed


@pytest.mark.parametrize("failed", [True, False])
def test_open_body_is_pending(failed: bool) -> None:
    assert state_of(receiving=Receiving.BODY).response_pending(failed=failed)


@pytest.mark.parametrize(
    ("failed", "receiving"), list(itertools.product([True, False], [*Receiving]))
)
def test_nothing_is_pending_on_a_connection_that_is_replaced(
    failed: bool, receiving: Receiving
) -> None:
    state = state_of(WHOLE, receiving=receiving, replaceable=True)
    assert not state.response_pending(failed=failed)


@pytest.mark.parametrize(
    ("sending", "is_in_progress"),
    [
        pytest.param(Sending.READY, False, id="ready"),
        pytest.param(Sending.SIZED_COMPLETE, False, id="complete"),
        pytest.param(Sending.REFUSED, False, id="refused"),
        pytest.param(Sending.AWAITING_CONTINUE, True, id="100 awaited"),
        pytest.param(Sending.SIZED_BODY, True, id="sized body"),
        pytest.param(Sending.CHUNKED_BODY, True, id="chunked body"),
    ],
)
def test_open_request_body_is_in_progress(sending: Sending, is_in_progress: bool) -> None:
    assert state_of(sending=sending).is_in_progress() is is_in_progress
    assert state_of(WITHDRAWN, sending=sending).is_in_progress() is is_in_progress
    assert state_of(WHOLE, sending=sending).is_in_progress()
