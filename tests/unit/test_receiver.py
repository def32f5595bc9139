from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dugong import (
    ConnectionClosed,
    HTTPResponse,
    InvalidResponse,
    PollNeeded,
    StateError,
    UnsupportedResponse,
)
from dugong.exchange.receiver import Receiver
from dugong.limits import Limits
from dugong.protocol.framing import choose_framing
from dugong.protocol.response_head import HeadParser
from dugong.protocol.state import Owed, Phase, Receiving, Verdict
from dugong.testing import END, ScriptedTransport
from tests.unit.entries import Entry
from tests.unit.faces import CHUNKED, CONTINUE, UNTIL_CLOSE, chunked, conversation, head, reply

if TYPE_CHECKING:
    from dugong.exchange.conversation import Conversation
    from dugong.testing.scripted import Line


def owing(talk: Conversation, *entries: Owed) -> None:
    """Have requests owed, as if the sender had sent them."""
    talk.link.state.owed.extend(entries or [Entry("GET", "/path")])


def read_response(talk: Conversation) -> HTTPResponse:
    response = talk.receiver.step_read_response()
    assert isinstance(response, HTTPResponse)
    return response


def receiving(*script: Line) -> ScriptedTransport:
    transport = ScriptedTransport()
    transport.extend(*script)
    return transport


# -- heads


def test_response_that_is_interrupted_within_a_receive_cannot_be_read_again() -> None:
    class Stop(BaseException):
        """What a handler of signals raises."""

    class Interrupted(ScriptedTransport):
        def receive_into(self, target: memoryview) -> int | PollNeeded:
            super().receive_into(target)
            raise Stop

    transport = Interrupted(reply())
    with conversation(transport) as talk:
        owing(talk)
        with pytest.raises(Stop):
            talk.receiver.step_read_response()
        with pytest.raises(ConnectionClosed, match="interrupted while it received"):
            talk.receiver.step_read_response()


def test_drained_transport_is_not_asked_before_the_wait() -> None:
    class Drained(ScriptedTransport):
        is_drained = True
        asked = 0

        def receive_into(self, target: memoryview) -> int | PollNeeded:
            self.asked += 1
            return super().receive_into(target)

    transport = Drained()
    with conversation(transport) as talk:
        owing(talk)
        assert talk.receiver.step_read_response() is transport.readable
        assert transport.asked == 0
        transport.extend(reply())
        assert talk.receiver.step_read_response() is not transport.readable
        assert transport.asked == 1


def test_response_names_its_request() -> None:
    with conversation(receiving(head(b"A: b", status=b"404 Not"))) as talk:
        owing(talk, Entry("PATCH", "/x"))
        response = read_response(talk)
        assert (response.method, response.path) == ("PATCH", "/x")
        assert (response.status, response.reason) == (404, "Not")
        assert response.headers["A"] == "b"


def test_nothing_owed_is_misuse() -> None:
    with conversation(receiving(reply())) as talk, pytest.raises(StateError):
        read_response(talk)


def test_entry_is_removed_with_the_end_of_the_response() -> None:
    with conversation(receiving(reply(b"12") + reply())) as talk:
        owed = talk.link.state.owed
        owing(talk, Entry("GET", "/1"), Entry("GET", "/2"))
        read_response(talk)
        assert len(owed) == 2
        talk.receiver.body.step_read(5)
        assert [entry.path for entry in owed] == ["/2"]
        read_response(talk)
        assert not owed


def test_withdrawn_entry_is_skipped() -> None:
    with conversation(receiving(reply())) as talk:
        owing(talk, Entry("GET", "/1", phase=Phase.WITHDRAWN), Entry("GET", "/2"))
        assert read_response(talk).path == "/2"


def test_read_response_that_waits_can_be_repeated() -> None:
    transport = receiving(b"HTTP/1.1 200")
    with conversation(transport) as talk:
        owing(talk)
        assert talk.receiver.step_read_response() is transport.readable
        transport.extend(b" OK\r\n\r\n")
        assert read_response(talk).status == 200


@pytest.mark.parametrize(
    ("octets", "words"),
    [(b"", "before the response head"), (b"HTTP/1.1 ", "within the response head")],
    ids=["before", "within"],
)
def test_end_instead_of_a_head(octets: bytes, words: str) -> None:
    with conversation(receiving(*([octets] if octets else []), END)) as talk:
        owing(talk)
        for _ in range(2):
            with pytest.raises(ConnectionClosed, match=words):
                read_response(talk)


def test_fault_kills_the_connection() -> None:
    with conversation(receiving(b"nonsense")) as talk:
        owing(talk)
        with pytest.raises(InvalidResponse):
            read_response(talk)
        assert isinstance(talk.link.failure, InvalidResponse)


def test_reading_begins_with_the_reset_of_the_trailers() -> None:
    transport = receiving(CHUNKED + chunked(b"x", trailers=b"A: b\r\n"))
    with conversation(transport) as talk:
        owing(talk, Entry("GET", "/1"), Entry("GET", "/2"))
        read_response(talk)
        talk.receiver.body.step_readall()
        assert talk.receiver.trailers is not None
        assert isinstance(talk.receiver.step_read_response(), PollNeeded)
        assert talk.receiver.trailers is None


# -- interim responses


def test_interim_responses_are_kept_until_the_final_one() -> None:
    transport = receiving(head(status=b"103 Hints"))
    with conversation(transport) as talk:
        owing(talk)
        assert isinstance(talk.receiver.step_read_response(), PollNeeded)
        transport.extend(CONTINUE, reply())
        assert [passed.status for passed in read_response(talk).interim] == [103, 100]


def test_awaited_100_is_returned() -> None:
    with conversation(receiving(head(status=b"102 P"), CONTINUE)) as talk:
        entry = Entry("PUT", "/", phase=Phase.AWAITING_CONTINUE)
        owing(talk, entry)
        response = read_response(talk)
        assert (response.status, response.length) == (100, 0)
        assert [passed.status for passed in response.interim] == [102]
        assert entry.verdict is Verdict.CONTINUE
        assert talk.link.state.owed[0] is entry


def test_limit_of_interim_responses_is_that_of_the_connection() -> None:
    script = head(status=b"102 P") * 3 + reply()
    with conversation(receiving(script), limits=Limits(interim=2)) as talk:
        owing(talk)
        with pytest.raises(InvalidResponse, match="more than 2 interim"):
            read_response(talk)


def test_suspect_framing_of_an_interim_response_ends_the_connection() -> None:
    suspect = head(b"Transfer-Encoding: chunked", b"Content-Length: 5", status=b"103 Early Hints")
    with conversation(receiving(suspect, reply())) as talk:
        owing(talk)
        read_response(talk)
        assert talk.link.state.closing


def test_interim_responses_are_counted_for_each_request() -> None:
    script = (head(status=b"102 P") * 2 + reply()) * 2
    with conversation(receiving(script), limits=Limits(interim=2)) as talk:
        owing(talk, Entry("GET", "/1"), Entry("GET", "/2"))
        assert [len(read_response(talk).interim) for _ in range(2)] == [2, 2]


def test_switch_of_protocols_is_not_supported() -> None:
    with conversation(receiving(head(status=b"101 Switching"))) as talk:
        owing(talk)
        with pytest.raises(UnsupportedResponse):
            read_response(talk)


# -- what a response says about the connection


@pytest.mark.parametrize(
    ("octets", "entry", "closing"),
    [
        pytest.param(reply(), Entry("GET", "/"), False, id="kept"),
        pytest.param(reply(b"x", b"Connection: close"), Entry("GET", "/"), True, id="close"),
        pytest.param(reply(b"x"), Entry("GET", "/", closes=True), True, id="the caller's close"),
        pytest.param(UNTIL_CLOSE, Entry("GET", "/"), True, id="framing"),
        pytest.param(head(b"Content-Length: x"), Entry("GET", "/"), True, id="faulty framing"),
    ],
)
def test_whether_the_server_closes_is_known_with_the_head(
    octets: bytes, entry: Owed, closing: bool
) -> None:
    with conversation(receiving(octets)) as talk:
        owing(talk, entry)
        read_response(talk)
        assert talk.link.state.closing is closing


@pytest.mark.parametrize("body", [b"", b"last"], ids=["empty", "body"])
def test_connection_is_closed_with_the_end_of_the_last_response(body: bytes) -> None:
    transport = receiving(reply(body, b"Connection: close"))
    with conversation(transport) as talk:
        owing(talk, Entry("GET", "/1"), Entry("GET", "/2"))
        read_response(talk)
        assert transport.is_closed is (not body)
        assert talk.receiver.body.step_readall() == body
        assert transport.is_closed
        assert talk.link.state.receiving is Receiving.CLOSED
        assert [entry.path for entry in talk.link.state.owed] == ["/2"]
        with pytest.raises(ConnectionClosed, match="did not keep"):
            read_response(talk)


@pytest.mark.parametrize("fields", [(), (b"Connection: close",)], ids=["kept", "close"])
@pytest.mark.parametrize("body", [b"", b"no"], ids=["empty", "body"])
def test_connection_is_replaceable_after_a_refusal(fields: tuple[bytes, ...], body: bytes) -> None:
    transport = receiving(reply(body, *fields, status=b"417 No"))
    with conversation(transport) as talk:
        entry = Entry("PUT", "/", phase=Phase.AWAITING_CONTINUE)
        owing(talk, entry)
        assert read_response(talk).status == 417
        assert entry.verdict is Verdict.REFUSED
        assert talk.link.state.replaceable is (not body)
        assert talk.receiver.body.step_readall() == body
        assert talk.link.state.replaceable
        assert talk.link.state.receiving is Receiving.HEAD
        assert transport.is_closed


def test_final_response_after_the_100_is_no_refusal() -> None:
    with conversation(receiving(reply())) as talk:
        entry = Entry("PUT", "/", phase=Phase.BODY, verdict=Verdict.CONTINUE)
        owing(talk, entry)
        entry.phase = Phase.WHOLE
        read_response(talk)
        assert not talk.link.state.replaceable
        assert entry.verdict is Verdict.CONTINUE


def test_framing_is_chosen_by_the_layer() -> None:
    with conversation(receiving(UNTIL_CLOSE + b"12345")) as talk:
        receiver = Receiver(
            talk.link,
            HeadParser(Limits()),
            lambda method, head, limits: choose_framing("HEAD", head, limits),
            Limits(),
        )
        owing(talk)
        response = receiver.step_read_response()
        assert isinstance(response, HTTPResponse)
        assert response.length == 0


# -- a request whose sending failed


def cut(talk: Conversation) -> None:
    talk.link.state.broken_off = ConnectionClosed("sending failed")
    owing(talk, Entry("PUT", "/", phase=Phase.CUT))


def test_response_to_a_cut_request_is_read_where_it_has_arrived() -> None:
    with conversation(receiving(reply(b"no", status=b"413 Too Large"))) as talk:
        cut(talk)
        assert read_response(talk).status == 413


def test_response_to_a_cut_request_is_waited_for_where_it_has_begun_to_arrive() -> None:
    transport = receiving(b"HTTP/1.1 4")
    with conversation(transport) as talk:
        cut(talk)
        assert talk.receiver.step_read_response() is transport.readable
        transport.extend(b"13 Too Large\r\nContent-Length: 0\r\n\r\n")
        assert read_response(talk).status == 413


@pytest.mark.parametrize("script", [(), (END,)], ids=["silence", "end"])
def test_response_to_a_cut_request_is_not_waited_for(script: tuple[Line, ...]) -> None:
    with conversation(receiving(*script)) as talk:
        cut(talk)
        with pytest.raises(ConnectionClosed, match=r"no response will come: sending failed"):
            read_response(talk)


def test_records_that_are_not_data_are_no_response_to_a_cut_request() -> None:
    class SessionTicket(ScriptedTransport):
        def has_input(self) -> bool:
            return True

        def receive_into(self, target: memoryview) -> int | PollNeeded:
            return self.readable

    with conversation(SessionTicket()) as talk:
        cut(talk)
        with pytest.raises(ConnectionClosed, match="no response will come"):
            read_response(talk)


# -- what outlives a connection


def test_successor_takes_over_the_trailers() -> None:
    with conversation(receiving(CHUNKED + chunked(b"x"))) as old, conversation() as new:
        owing(old)
        read_response(old)
        old.receiver.body.step_readall()
        new.receiver.succeed(old.receiver)
        assert new.receiver.trailers is old.receiver.trailers is not None


def test_successor_takes_over_that_a_body_was_lost() -> None:
    with conversation(receiving(reply(b"12345"))) as old, conversation() as new:
        owing(old)
        read_response(old)
        old.receiver.interrupt()
        new.receiver.succeed(old.receiver)
        with pytest.raises(ConnectionClosed, match="before the end of the body"):
            new.receiver.body.step_read(5)


def test_interrupt_drops_the_trailers() -> None:
    with conversation(receiving(CHUNKED + chunked(b"x"))) as talk:
        owing(talk)
        read_response(talk)
        talk.receiver.body.step_readall()
        talk.receiver.interrupt()
        assert talk.receiver.trailers is None


# -- octets as they came


def test_raw_octets_begin_with_what_was_not_accepted() -> None:
    transport = receiving(reply() + b"SSH-2.0", b"-x", END)
    with conversation(transport) as talk:
        owing(talk, Entry("GET", "/1"), Entry("GET", "/2"))
        read_response(talk)
        with pytest.raises(InvalidResponse):
            read_response(talk)
        assert talk.receiver.step_read_raw(3) == b"SSH"
        assert talk.receiver.step_read_raw(100) == b"-2.0-x"
        assert talk.receiver.step_read_raw(100) == b""


def test_raw_octets_that_were_waited_for_are_not_lost() -> None:
    transport = receiving(b"123")
    with conversation(transport) as talk:
        assert talk.receiver.step_read_raw(5) is transport.readable
        transport.extend(b"45678")
        assert talk.receiver.step_read_raw(5) == b"12345"


def test_raw_octets_end_with_a_reset() -> None:
    with conversation(receiving(b"123", ConnectionClosed("reset"))) as talk:
        assert talk.receiver.step_read_raw(5) == b"123"


def test_living_connection_is_dead_after_raw_octets() -> None:
    with conversation(receiving(b"123")) as talk:
        assert talk.receiver.step_read_raw(3) == b"123"
        with pytest.raises(StateError, match="read_raw"):
            read_response(talk)


def test_raw_octets_without_a_connection() -> None:
    with conversation() as talk:
        with pytest.raises(StateError, match="no connection"):
            talk.receiver.step_read_raw(5)
        assert talk.link.failure is None


def test_raw_octets_after_the_end_are_what_was_received() -> None:
    # The descriptor may belong to another file by now, so nothing waits for it.
    transport = receiving(reply(b"", b"Connection: close") + b"more", UnexpectedReceive())
    with conversation(transport) as talk:
        owing(talk)
        read_response(talk)
        assert talk.receiver.step_read_raw(100) == b"more"


class UnexpectedReceive(Exception):
    """What no receive should meet."""


def test_raw_octets_meet_a_disconnect() -> None:
    transport = receiving(b"123")
    with conversation(transport) as talk:
        assert talk.receiver.step_read_raw(5) is transport.readable
        talk.link.abort("disconnect() was called")
        with pytest.raises(ConnectionClosed):
            talk.receiver.step_read_raw(5)
