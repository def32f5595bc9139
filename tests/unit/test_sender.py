from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dugong import BodyFollowing, ConnectionClosed, ExcessBodyData, InvalidResponse, StateError
from dugong.limits import Limits
from dugong.protocol.authority import Authority
from dugong.protocol.origin import Origin
from dugong.protocol.outgoing import EncodedRequest, Outgoing
from dugong.protocol.request import RequestEncoder
from dugong.protocol.state import Phase, Receiving, SendEvent, Sending, Verdict, is_readable
from dugong.testing import END, ScriptedTransport
from tests.unit.faces import Face, both_faces, conversation, finish, suspend
from tests.unit.split import put

if TYPE_CHECKING:
    from dugong import PollNeeded
    from dugong.exchange.conversation import Conversation

ENCODER = RequestEncoder(Origin(Authority("example.com", 80)))


def encoded(
    body: bytes | BodyFollowing | None = None, *, expect100: bool = False, close: bool = False
) -> EncodedRequest:
    headers = {"Connection": "close"} if close else None
    return ENCODER.encode("PUT", "/path", headers, body, expect100=expect100)


def send(
    talk: Conversation, body: bytes | BodyFollowing | None = None, *, expect100: bool = False
) -> EncodedRequest:
    """Send a request, which is the queue's entry from then on."""
    request = encoded(body, expect100=expect100)
    talk.sender.send(request)
    return request


def write(talk: Conversation, data: bytes) -> None:
    outgoing = talk.sender.prepare_write(memoryview(data))
    if outgoing is not None:
        talk.sender.send(outgoing)


def end(talk: Conversation) -> None:
    outgoing = talk.sender.prepare_end(None)
    if outgoing is not None:
        talk.sender.send(outgoing)


# -- what is booked


@pytest.mark.parametrize(
    ("body", "expect100", "before", "after"),
    [
        pytest.param(None, False, Phase.WHOLE, Sending.READY, id="no body"),
        pytest.param(b"x", False, Phase.WHOLE, Sending.SIZED_COMPLETE, id="octets"),
        pytest.param(BodyFollowing(0), False, Phase.WHOLE, Sending.SIZED_COMPLETE, id="length 0"),
        pytest.param(BodyFollowing(5), False, Phase.BODY, Sending.SIZED_BODY, id="sized"),
        pytest.param(BodyFollowing(), False, Phase.BODY, Sending.CHUNKED_BODY, id="chunked"),
        pytest.param(
            BodyFollowing(5),
            True,
            Phase.AWAITING_CONTINUE,
            Sending.AWAITING_CONTINUE,
            id="expecting",
        ),
    ],
)
def test_request_is_booked_before_its_first_octet_goes_out(
    body: bytes | BodyFollowing | None, expect100: bool, before: Phase, after: Sending
) -> None:
    transport = ScriptedTransport(accepts=[0])
    with conversation(transport) as talk:
        state = talk.link.state
        outgoing = encoded(body, expect100=expect100)
        assert not state.owed
        crt = talk.sender.co_send(outgoing)
        suspend(crt)
        assert not transport.sent
        assert [(entry.path, entry.phase) for entry in state.owed] == [("/path", before)]
        with pytest.raises(StopIteration):
            next(crt)
        assert state.sending is after
        assert state.owed[0] is outgoing


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 100_000])
def test_request_is_sent_whole(size: int) -> None:
    transport = ScriptedTransport()
    request = encoded(bytes(size))
    head = request.head
    with conversation(transport) as talk:
        talk.sender.send(request)
        assert transport.sent == head + bytes(size)
        assert len(transport.sends) == (1 if size <= 65_536 else 2)


def test_partial_sends_go_on_where_they_ended() -> None:
    transport = ScriptedTransport(accepts=[1, 0, 2, 0, 0, 30_000])
    request = encoded(bytes(range(256)) * 200)
    head = request.head
    with conversation(transport) as talk:
        talk.sender.send(request)
        assert transport.sent == head + bytes(range(256)) * 200


def test_sending_marks_a_close() -> None:
    with conversation(ScriptedTransport()) as talk:
        talk.sender.send(encoded(close=True))
        assert talk.link.state.last_sent
        with pytest.raises(ConnectionClosed, match="Connection: close"):
            send(talk)


def test_no_request_is_booked_while_the_server_closes() -> None:
    with conversation(ScriptedTransport()) as talk:
        talk.link.state.closing = True
        with pytest.raises(ConnectionClosed, match="does not keep"):
            send(talk)
        assert not talk.link.state.owed


def test_nothing_touches_a_connection_that_the_server_has_closed() -> None:
    # Its descriptor may belong to another file by now.
    class Closed(ScriptedTransport):
        def send(self, data: bytes | memoryview) -> int | PollNeeded:
            raise AssertionError("sent")

    transport = ScriptedTransport()
    with conversation(transport) as talk:
        send(talk, BodyFollowing(5))
        talk.link.transport = Closed()
        talk.link.state.receiving = Receiving.CLOSED
        with pytest.raises(ConnectionClosed, match="did not keep"):
            write(talk, b"12345")
        talk.link.transport.close()


def test_no_request_is_booked_while_a_body_is_open() -> None:
    with conversation(ScriptedTransport()) as talk:
        send(talk, BodyFollowing(5))
        with pytest.raises(StateError):
            send(talk)
        assert len(talk.link.state.owed) == 1


def test_nothing_is_sent_on_a_dead_connection() -> None:
    with conversation(ScriptedTransport()) as talk:
        talk.link.fail(InvalidResponse("nonsense"))
        with pytest.raises(InvalidResponse, match="nonsense"):
            send(talk)


def test_send_that_goes_on_meets_the_death_of_the_connection() -> None:
    with conversation(ScriptedTransport(accepts=[5, 0])) as talk:
        crt = talk.sender.co_send(encoded())
        suspend(crt)
        talk.link.fail(InvalidResponse("nonsense"))
        with pytest.raises(InvalidResponse, match="nonsense"):
            next(crt)


def test_error_of_the_transport_gives_way_to_the_death_of_the_connection() -> None:
    class Dying(ScriptedTransport):
        def send(self, data: bytes | memoryview) -> int | PollNeeded:
            talk.link.fail(InvalidResponse("nonsense"))
            raise ConnectionClosed("reset")

    with conversation(Dying()) as talk:
        with pytest.raises(InvalidResponse, match="nonsense"):
            send(talk)
        assert talk.link.state.broken_off is None


# -- bodies


def test_sized_body_is_counted() -> None:
    transport = ScriptedTransport()
    with conversation(transport) as talk:
        entry = send(talk, BodyFollowing(5))
        write(talk, b"123")
        assert talk.link.state.body_left == 2
        assert not is_readable(entry)
        write(talk, b"45")
        assert talk.link.state.sending is Sending.SIZED_COMPLETE
        assert entry.phase is Phase.WHOLE
        assert transport.sent.endswith(b"\r\n\r\n12345")


def test_excess_is_refused_before_anything_is_sent() -> None:
    with conversation(ScriptedTransport()) as talk:
        send(talk, BodyFollowing(5))
        with pytest.raises(ExcessBodyData, match="5 octets of the body are left, but 6"):
            talk.sender.prepare_write(memoryview(b"123456"))


def test_empty_write_is_nothing_to_send() -> None:
    with conversation(ScriptedTransport()) as talk:
        send(talk, BodyFollowing(5))
        assert talk.sender.prepare_write(memoryview(b"")) is None


@pytest.mark.parametrize("size", [1, 65_536, 65_537])
def test_chunk_is_sent_whole(size: int) -> None:
    transport = ScriptedTransport()
    with conversation(transport) as talk:
        entry = send(talk, BodyFollowing())
        write(talk, bytes(size))
        assert not is_readable(entry)
        end(talk)
        assert entry.phase is Phase.WHOLE
        expected = b"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, bytes(size))
        assert transport.sent.endswith(expected)


def test_end_of_a_complete_sized_body_is_nothing_to_send() -> None:
    with conversation(ScriptedTransport()) as talk:
        send(talk, b"x")
        assert talk.sender.prepare_end(None) is None


@pytest.mark.parametrize("body", [BodyFollowing(5), b"x"], ids=["open", "complete"])
def test_sized_body_has_no_trailers(body: bytes | BodyFollowing) -> None:
    with conversation(ScriptedTransport()) as talk:
        send(talk, body)
        with pytest.raises(ValueError, match="only a chunked body"):
            talk.sender.prepare_end({"A": "b"})


# -- 100-continue


@pytest.mark.parametrize(
    ("body", "state"),
    [(BodyFollowing(5), Sending.SIZED_BODY), (BodyFollowing(), Sending.CHUNKED_BODY)],
    ids=["sized", "chunked"],
)
def test_100_opens_the_body(body: BodyFollowing, state: Sending) -> None:
    with conversation(ScriptedTransport()) as talk:
        entry = send(talk, body, expect100=True)
        with pytest.raises(StateError):
            write(talk, b"12345")
        entry.verdict = Verdict.CONTINUE
        assert talk.sender.prepare_write(memoryview(b"12345")) is not None
        assert talk.link.state.sending is state
        assert entry.phase is Phase.BODY
        write(talk, b"12345")


@pytest.mark.parametrize(
    ("body", "state"),
    [(BodyFollowing(5), Sending.SIZED_BODY), (BodyFollowing(), Sending.CHUNKED_BODY)],
    ids=["sized", "chunked"],
)
def test_skip_continue_opens_the_body(body: BodyFollowing, state: Sending) -> None:
    with conversation(ScriptedTransport()) as talk:
        entry = send(talk, body, expect100=True)
        talk.sender.skip_continue()
        assert talk.link.state.sending is state
        assert entry.phase is Phase.BODY
        write(talk, b"12345")


def test_skip_continue_without_an_entry_changes_the_state_alone() -> None:
    with conversation(ScriptedTransport()) as talk:
        talk.link.state.sending = Sending.AWAITING_CONTINUE
        talk.sender.skip_continue()
        assert talk.link.state.sending is Sending.SIZED_BODY


def test_refusal_ends_the_sending() -> None:
    with conversation(ScriptedTransport()) as talk:
        entry = send(talk, BodyFollowing(5), expect100=True)
        entry.verdict = Verdict.REFUSED
        for _ in range(2):
            with pytest.raises(StateError):
                write(talk, b"12345")
            assert talk.link.state.sending is Sending.REFUSED


@pytest.mark.parametrize("body", [BodyFollowing(5), BodyFollowing()], ids=["sized", "chunked"])
def test_refusal_wins_over_skip_continue(body: BodyFollowing) -> None:
    # The two threads' race: the receiver has taken the response as final meanwhile.
    with conversation(ScriptedTransport()) as talk:
        entry = send(talk, body, expect100=True)
        talk.sender.skip_continue()
        write(talk, b"12345")
        entry.verdict = Verdict.REFUSED
        with pytest.raises(StateError):
            send(talk)
        assert talk.link.state.sending is Sending.REFUSED


# -- the idle connection


def test_idle_connection_is_looked_at_only_while_nothing_is_owed() -> None:
    transport = ScriptedTransport()
    with conversation(transport) as talk:
        send(talk)
        transport.extend(b"HTTP/1.1 200 OK\r\n\r\n")
        send(talk)
        assert len(talk.link.state.owed) == 2


def test_withdrawn_requests_do_not_hide_an_idle_connection() -> None:
    transport = ScriptedTransport(accepts=[0])
    with conversation(transport) as talk:
        crt = talk.sender.co_send(encoded())
        suspend(crt)
        crt.close()
        transport.extend(b"garbage")
        with pytest.raises(InvalidResponse):
            send(talk)


def test_send_that_is_given_up_while_its_response_is_awaited_ends_the_wait() -> None:
    transport = ScriptedTransport(accepts=[0])
    with conversation(transport) as talk:
        sending = talk.sender.co_send(encoded())
        suspend(sending)
        receiving = talk.link.receiving.coroutine(talk.receiver.step_read_response)
        suspend(receiving)
        sending.close()
        assert transport.has_input()  # the wait is over
        with pytest.raises(ConnectionClosed, match="its response was awaited"):
            next(receiving)
        assert not transport.sent


def test_octets_in_the_buffer_are_looked_at_too() -> None:
    with conversation(ScriptedTransport()) as talk:
        put(talk.link.buffer, b"garbage")
        with pytest.raises(InvalidResponse, match="garbage"):
            send(talk)
        with pytest.raises(InvalidResponse, match="garbage"):
            talk.link.check_alive()


def test_empty_lines_are_dropped() -> None:
    transport = ScriptedTransport()
    with conversation(transport) as talk:
        transport.extend(b"\r\n", b"\r\n")
        send(talk)
        assert not talk.link.buffer.size


def test_limit_of_empty_lines_is_that_of_the_connection() -> None:
    transport = ScriptedTransport()
    with conversation(transport, limits=Limits(stray_crlf=2)) as talk:
        transport.extend(b"\r\n\r\n")
        with pytest.raises(InvalidResponse):
            send(talk)


def test_flood_is_not_read_to_its_end() -> None:
    transport = ScriptedTransport()
    with conversation(transport) as talk:
        transport.extend(*([b"garbage " * 10] * 1_000))
        with pytest.raises(InvalidResponse):
            send(talk)
        assert len(transport._script) > 900


def test_error_of_the_socket_at_the_look_ends_the_connection() -> None:
    transport = ScriptedTransport()
    with conversation(transport) as talk:
        transport.extend(OSError(5, "input/output error"))
        with pytest.raises(OSError, match="input/output"):
            send(talk)
        with pytest.raises(OSError, match="input/output"):
            talk.link.check_alive()


def test_end_of_an_idle_connection_is_told() -> None:
    transport = ScriptedTransport()
    with conversation(transport) as talk:
        transport.extend(b"\r\n", END)
        with pytest.raises(ConnectionClosed, match="idle"):
            send(talk)
        assert not transport.sent


def test_what_was_found_is_not_looked_for_again() -> None:
    class Looked(ScriptedTransport):
        looks = 0

        def has_input(self) -> bool:
            self.looks += 1
            return super().has_input()

    transport = Looked()
    with conversation(transport) as talk:
        transport.extend(b"\r\n")
        send(talk)
        assert transport.looks == 2  # which finds it, and behind it


def test_records_that_are_not_data_are_no_stray_octets() -> None:
    class SessionTicket(ScriptedTransport):
        def has_input(self) -> bool:
            return True

        def receive_into(self, target: memoryview) -> int | PollNeeded:
            return self.readable

    transport = SessionTicket()
    with conversation(transport) as talk:
        send(talk)
        assert transport.sent


# -- sends that do not end


def send_in(face: Face, talk: Conversation, outgoing: Outgoing) -> None:
    if face is Face.BLOCKING:
        talk.sender.send(outgoing)
    else:
        finish(talk.sender.co_send(outgoing))


@both_faces
@pytest.mark.parametrize("accepts", [(), (5,)], ids=["nothing out", "part out"])
def test_failed_send_ends_the_sending(face: Face, accepts: tuple[int, ...]) -> None:
    with conversation(ScriptedTransport(accepts=[*accepts, ConnectionClosed("reset")])) as talk:
        outgoing = encoded(b"x")
        with pytest.raises(ConnectionClosed, match="reset"):
            send_in(face, talk, outgoing)
        assert outgoing.phase is (Phase.CUT if accepts else Phase.WITHDRAWN)
        with pytest.raises(ConnectionClosed, match=r"failed before.*reset"):
            send(talk)
        talk.link.check_alive()


def test_send_that_is_given_up_before_anything_is_out_leaves_no_trace() -> None:
    with conversation(ScriptedTransport(accepts=[0])) as talk:
        outgoing = encoded(b"x")
        crt = talk.sender.co_send(outgoing)
        suspend(crt)
        crt.close()
        assert outgoing.phase is Phase.WITHDRAWN
        assert talk.link.state.broken_off is None
        assert talk.link.state.sending is Sending.READY
        send(talk)


def test_send_that_is_given_up_in_its_middle_ends_the_sending() -> None:
    with conversation(ScriptedTransport(accepts=[5, 0])) as talk:
        outgoing = encoded(b"x")
        crt = talk.sender.co_send(outgoing)
        suspend(crt)
        crt.close()
        assert outgoing.phase is Phase.CUT
        with pytest.raises(ConnectionClosed, match="given up"):
            send(talk)


def test_tls_record_that_was_begun_counts_as_gone_out() -> None:
    class Committing(ScriptedTransport):
        is_committed = True

    with conversation(Committing(accepts=[0])) as talk:
        crt = talk.sender.co_send(encoded(b"x"))
        suspend(crt)
        crt.close()
        assert talk.link.state.broken_off is not None


def test_write_that_is_given_up_in_its_middle_cuts_the_request() -> None:
    transport = ScriptedTransport()
    with conversation(transport) as talk:
        entry = send(talk, BodyFollowing(5))
        transport._accepts.extend([2, 0])
        outgoing = talk.sender.prepare_write(memoryview(b"12345"))
        assert outgoing is not None
        crt = talk.sender.co_send(outgoing)
        suspend(crt)
        crt.close()
        assert entry.phase is Phase.CUT
        assert not outgoing.pieces


def test_write_that_is_given_up_before_anything_is_out_can_be_repeated() -> None:
    transport = ScriptedTransport()
    with conversation(transport) as talk:
        entry = send(talk, BodyFollowing(5))
        transport._accepts.append(0)
        outgoing = talk.sender.prepare_write(memoryview(b"12345"))
        assert outgoing is not None
        crt = talk.sender.co_send(outgoing)
        suspend(crt)
        crt.close()
        assert entry.phase is Phase.BODY
        write(talk, b"12345")
        assert transport.sent.endswith(b"\r\n\r\n12345")


def test_second_send_while_one_is_suspended_is_misuse() -> None:
    with conversation(ScriptedTransport(accepts=[5, 0])) as talk:
        crt = talk.sender.co_send(encoded(b"x"))
        suspend(crt)
        with pytest.raises(StateError, match="not finished"):
            send(talk)
        with pytest.raises(StopIteration):
            next(crt)


@pytest.mark.parametrize(
    ("received", "ends"),
    [(b"", True), (b"HTTP/1.1 4", False)],
    ids=["nothing arrived", "octets arrived"],
)
def test_waiting_reader_is_woken_only_where_nothing_has_arrived(
    received: bytes, ends: bool
) -> None:
    transport = ScriptedTransport(accepts=[5, 0])
    with conversation(transport) as talk:
        sending = talk.sender.co_send(encoded(b"x"))
        suspend(sending)
        if received:
            transport.extend(received)
        receiving = talk.link.receiving.coroutine(talk.receiver.step_read_response)
        needed = suspend(receiving)
        sending.close()
        assert needed.poll(0) is ends
        receiving.close()


def test_octets_that_fail_may_belong_to_no_request() -> None:
    with conversation(ScriptedTransport(accepts=[ConnectionClosed("x")])) as talk:
        with pytest.raises(ConnectionClosed):
            talk.sender.send(Outgoing(SendEvent.WRITE, [b"octets"]))
        assert talk.link.state.broken_off is not None


# -- interruptions


class Stop(BaseException):
    """What a handler of signals raises."""


class Interrupted(ScriptedTransport):
    """Is left by what a signal handler raises, right behind a send."""

    def send(self, data: bytes | memoryview) -> int | PollNeeded:
        super().send(data)
        raise Stop


def test_request_that_is_interrupted_within_a_send_counts_as_gone_out() -> None:
    with conversation(Interrupted()) as talk:
        request = encoded()
        with pytest.raises(Stop):
            talk.sender.send(request)
        assert request.phase is Phase.CUT
        with pytest.raises(ConnectionClosed, match="given up after a part had gone out"):
            talk.sender.send(encoded())


def test_interruption_of_a_dead_connection_leaves_its_reason() -> None:
    with conversation(ScriptedTransport()) as talk:
        talk.link.fail(ConnectionClosed("the first reason"))
        talk.link.receiving_failed(Stop())
        with pytest.raises(ConnectionClosed, match="the first reason"):
            talk.link.check_alive()


def test_request_that_was_sent_cannot_be_sent_again() -> None:
    with conversation(ScriptedTransport()) as talk:
        request = encoded()
        talk.sender.send(request)
        with pytest.raises(StateError, match="sent before"):
            talk.sender.send(request)
        assert list(talk.link.state.owed) == [request]
