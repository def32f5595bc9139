from __future__ import annotations

import socket
import weakref
from typing import TYPE_CHECKING

import pytest

from dugong import ConnectionClosed, ConnectionTimedOut, InvalidResponse, PollNeeded, StateError
from dugong.exchange.link import Link
from dugong.polling import POLLIN
from dugong.protocol.bodies import EmptyBody
from dugong.protocol.state import Receiving, Sending
from dugong.testing import ScriptedTransport
from tests.unit.entries import Entry
from tests.unit.faces import connector, finish, opening_to, suspend

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from dugong.network.transport import Transport


class NotingTransport(ScriptedTransport):
    """Notes how it is shut down."""

    def __init__(self) -> None:
        super().__init__()
        self.shutdowns: list[int] = []

    def shutdown(self, how: int) -> None:
        self.shutdowns.append(how)
        super().shutdown(how)


@pytest.fixture
def transport() -> Iterator[NotingTransport]:
    transport = NotingTransport()
    yield transport
    transport.close()


@pytest.fixture
def link(transport: NotingTransport) -> Link:
    """Return a link that is open to *transport*."""
    link = Link(5)
    finish(link.co_open(connector(opening_to(transport))))
    return link


NEVER = PollNeeded(0, POLLIN)


def waiting() -> PollNeeded | None:
    """Be a step that never gets further."""
    return NEVER


def test_link_begins_without_a_transport() -> None:
    link = Link(5)
    assert not link.is_open
    with pytest.raises(StateError, match="no connection"):
        link.transport.receive_into(memoryview(bytearray(1)))


def test_opened_link_has_its_transport(link: Link, transport: NotingTransport) -> None:
    assert link.is_open
    assert link.transport is transport
    link.check_alive()
    link.check_not_ended()
    assert not link.has_ended


def test_failed_opening_can_be_repeated(transport: NotingTransport) -> None:
    link = Link(5)
    with pytest.raises(ConnectionRefusedError):
        finish(link.co_open(connector(opening_to())))
    assert not link.is_open
    finish(link.co_open(connector(opening_to(transport))))
    assert link.transport is transport


def opening_after_a_wait(transport: Transport) -> Generator[PollNeeded, None, Transport]:
    yield NEVER
    return transport


def test_opening_that_is_dropped_can_be_repeated(transport: NotingTransport) -> None:
    link = Link(5)
    crt = link.co_open(connector(lambda: opening_after_a_wait(transport)))
    suspend(crt)
    crt.close()
    finish(link.co_open(connector(opening_to(transport))))
    assert link.transport is transport


def test_second_opening_at_the_same_time_is_misuse(transport: NotingTransport) -> None:
    link = Link(5)
    crt = link.co_open(connector(lambda: opening_after_a_wait(transport)))
    suspend(crt)
    with pytest.raises(StateError, match="opened by another call"):
        finish(link.co_open(connector(opening_to())))
    with pytest.raises(StopIteration):
        next(crt)
    assert link.is_open


def test_abort_interrupts_the_connector(transport: NotingTransport) -> None:
    link = Link(5)
    opening = connector(lambda: opening_after_a_wait(transport))
    crt = link.co_open(opening)
    suspend(crt)
    link.abort("enough")
    with pytest.raises(ConnectionClosed):
        opening.check_not_interrupted()
    crt.close()


def test_transport_that_comes_after_abort_is_closed(transport: NotingTransport) -> None:
    link = Link(5)
    crt = link.co_open(connector(lambda: opening_after_a_wait(transport)))
    suspend(crt)
    link.abort("enough")
    with pytest.raises(ConnectionClosed, match="enough"):
        next(crt)
    assert transport.is_closed


def test_dead_link_is_not_opened(transport: NotingTransport) -> None:
    link = Link(5)
    link.abort("enough")
    with pytest.raises(ConnectionClosed, match="enough"):
        finish(link.co_open(connector(opening_to(transport))))
    assert not link.is_open


def test_failure_is_repeated(link: Link) -> None:
    link.fail(InvalidResponse("nonsense"))
    for check in (link.check_alive, link.check_not_ended, link.check_alive):
        with pytest.raises(InvalidResponse, match="nonsense"):
            check()
    assert link.has_ended


def test_repeated_failure_has_no_traceback_of_an_earlier_one(link: Link) -> None:
    with pytest.raises(InvalidResponse) as caught:
        raise InvalidResponse("nonsense")
    link.fail(caught.value)
    assert link.failure is not caught.value
    assert link.failure is not None
    assert link.failure.__traceback__ is None


def test_first_failure_stays(link: Link) -> None:
    link.fail(InvalidResponse("first"))
    with pytest.raises(InvalidResponse, match="first"):
        link.fail(ConnectionClosed("second"))
    link.abort("third")
    with pytest.raises(InvalidResponse, match="first"):
        link.check_alive()


def test_failure_keeps_the_transport_for_diagnosis(link: Link, transport: NotingTransport) -> None:
    link.fail(InvalidResponse("nonsense"))
    assert transport.shutdowns == []
    assert not transport.is_closed


@pytest.mark.parametrize(
    "failure", [ConnectionClosed("reset"), OSError(5, "input/output error")], ids=repr
)
def test_connection_that_was_cut_is_closed(
    link: Link, transport: NotingTransport, failure: Exception
) -> None:
    link.fail(failure)
    assert transport.is_closed


def test_receive_that_meets_a_fault_kills_the_link(link: Link) -> None:
    link.receiving_failed(InvalidResponse("nonsense"))
    with pytest.raises(InvalidResponse, match="nonsense"):
        link.check_alive()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("of a signal handler")])
def test_receive_that_is_interrupted_kills_the_link(
    link: Link, transport: NotingTransport, error: BaseException
) -> None:
    link.receiving_failed(error)
    with pytest.raises(ConnectionClosed, match="a read was interrupted"):
        link.check_alive()
    assert transport.is_closed


def test_receive_that_is_interrupted_on_a_dead_link_changes_nothing(link: Link) -> None:
    link.fail(InvalidResponse("nonsense"))
    link.receiving_failed(KeyboardInterrupt())
    with pytest.raises(InvalidResponse, match="nonsense"):
        link.check_alive()


def test_failure_wakes_a_send_that_waits(link: Link, transport: NotingTransport) -> None:
    crt = link.sending.coroutine(waiting)
    suspend(crt)
    link.fail(InvalidResponse("nonsense"))
    assert transport.shutdowns == [socket.SHUT_WR]
    crt.close()


def test_link_has_ended_when_the_server_does_not_keep_it(link: Link) -> None:
    link.state.receiving = Receiving.CLOSED
    assert link.has_ended
    link.check_alive()
    with pytest.raises(ConnectionClosed, match="did not keep"):
        link.check_not_ended()


def test_end_closes_at_once_where_nothing_is_under_way(
    link: Link, transport: NotingTransport
) -> None:
    link.end()
    assert transport.is_closed
    assert not transport.shutdowns  # there is nobody to wake


def test_end_of_a_body_interests_nobody_at_first() -> None:
    Link(5).body_ended(EmptyBody())


def test_ended_link_does_not_refer_to_itself(transport: NotingTransport) -> None:
    link = Link(5)
    finish(link.co_open(connector(opening_to(transport))))
    link.body_ended = lambda framing, link=link: link.end()  # type: ignore[misc]  # the receiver's
    crt = link.sending.coroutine(waiting)
    suspend(crt)
    link.end()
    crt.close()
    known = weakref.ref(link)
    del link, crt
    assert known() is None


@pytest.mark.parametrize("half", ["sending", "receiving"])
def test_end_closes_when_the_last_operation_ends(
    link: Link, transport: NotingTransport, half: str
) -> None:
    crt = getattr(link, half).coroutine(waiting)
    suspend(crt)
    link.end()
    assert transport.shutdowns == [socket.SHUT_RDWR]
    assert not transport.is_closed
    crt.close()
    assert transport.is_closed


def test_end_waits_for_both_halves(link: Link, transport: NotingTransport) -> None:
    sending, receiving = link.sending.coroutine(waiting), link.receiving.coroutine(waiting)
    suspend(sending)
    suspend(receiving)
    link.end()
    sending.close()
    assert not transport.is_closed
    receiving.close()
    assert transport.is_closed


def test_link_that_was_never_opened_can_be_ended() -> None:
    link = Link(5)
    link.abort("enough")
    with pytest.raises(ConnectionClosed, match="enough"):
        link.check_alive()


def test_abort_tells_its_reason(link: Link, transport: NotingTransport) -> None:
    link.abort("enough")
    with pytest.raises(ConnectionClosed, match="enough"):
        link.check_alive()
    assert transport.is_closed


def test_abort_lets_the_next_request_take_another_connection(link: Link) -> None:
    link.abort("enough")
    assert link.state.replaceable


def test_timeout_is_that_of_both_halves(link: Link, transport: NotingTransport) -> None:
    link.set_timeout(0)
    for half in (link.sending, link.receiving):
        with pytest.raises(ConnectionTimedOut):
            half.block(lambda: transport.readable)


@pytest.mark.parametrize(
    ("sending", "owed", "expected"),
    [
        pytest.param(Sending.READY, False, False, id="idle"),
        pytest.param(Sending.READY, True, True, id="response owed"),
        pytest.param(Sending.CHUNKED_BODY, False, True, id="body open"),
    ],
)
def test_what_is_in_progress(link: Link, sending: Sending, owed: bool, expected: bool) -> None:
    link.state.sending = sending
    if owed:
        link.state.owed.append(Entry("GET", "/"))
    assert link.is_in_progress is expected
    link.fail(ConnectionClosed("reset"))
    assert not link.is_in_progress
