from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable

import pytest

from dugong import HTTPConnection, StateError
from dugong.exchange.conversation import NO_CONVERSATION, Conversation
from dugong.limits import Limits
from dugong.protocol.framing import choose_framing
from dugong.protocol.response_head import HeadParser


def test_conversation_begins_unopened_with_nothing_owed() -> None:
    talk = Conversation(5, HeadParser, choose_framing, Limits())
    assert not talk.link.is_open
    assert talk.link.failure is None
    assert not talk.link.state.owed
    assert talk.receiver.trailers is None


def test_parser_is_made_with_the_limits_of_the_connection() -> None:
    given: list[Limits] = []
    limits = Limits(fields=3)

    def make_parser(limits: Limits) -> HeadParser:
        given.append(limits)
        return HeadParser(limits)

    Conversation(None, make_parser, choose_framing, limits)
    assert given == [limits]


def test_halves_share_one_link() -> None:
    talk = Conversation(None, HeadParser, choose_framing, Limits())
    assert talk.sender._link is talk.receiver._link is talk.link


def _what_it_says() -> tuple[object, ...]:
    link = NO_CONVERSATION.link
    state = link.state
    return (
        link.failure,
        link.transport,
        link.is_open,
        link.sending.active,
        link.sending.retired,
        link.sending._timeout,
        link.receiving.active,
        link.receiving.retired,
        state.sending,
        state.receiving,
        state.replaceable,
        len(state.owed),
        NO_CONVERSATION.receiver.trailers,
        NO_CONVERSATION.receiver.body.leaves_loss,
    )


def _set_timeout(conn: HTTPConnection) -> None:
    conn.timeout = 5


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(HTTPConnection.disconnect, id="disconnect"),
        pytest.param(HTTPConnection.read_response, id="read_response"),
        pytest.param(HTTPConnection.read, id="read"),
        pytest.param(lambda conn: conn.readinto(bytearray(10)), id="readinto"),
        pytest.param(HTTPConnection.readall, id="readall"),
        pytest.param(HTTPConnection.discard, id="discard"),
        pytest.param(lambda conn: conn.read_raw(10), id="read_raw"),
        pytest.param(lambda conn: conn.write(b"x"), id="write"),
        pytest.param(HTTPConnection.end_body, id="end_body"),
        pytest.param(HTTPConnection.skip_continue, id="skip_continue"),
        pytest.param(HTTPConnection.response_pending, id="response_pending"),
        pytest.param(_set_timeout, id="timeout"),
    ],
)
def test_absence_of_a_conversation_is_not_changed_by_any_call(
    use: Callable[[HTTPConnection], object],
) -> None:
    before = _what_it_says()
    conn = HTTPConnection("server.example")
    with contextlib.suppress(StateError):
        use(conn)
    assert conn._talk is NO_CONVERSATION
    assert _what_it_says() == before


def test_ended_conversation_does_not_wait_for_the_garbage_collector() -> None:
    talk = Conversation(None, HeadParser, choose_framing, Limits())
    talk.link.abort("enough")
    known = weakref.ref(talk.link)
    del talk
    assert known() is None
