from __future__ import annotations

from dugong.exchange.conversation import Conversation
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
