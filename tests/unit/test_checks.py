"""Each check passes what keeps the contract, and names the promise that another one breaks."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import attrs
import pytest

from dugong.exceptions import ConnectionClosed, DNSUnavailable, HostnameNotResolvable
from dugong.layers import Layers
from dugong.limits import Limits
from dugong.network.connector import Connector
from dugong.network.plain_transport import PlainTransport
from dugong.network.resolver import Address, Resolver
from dugong.network.trace import TracingTransport
from dugong.polling import POLLIN, POLLOUT, PollNeeded, release
from dugong.protocol.bodies import BodyFraming, EmptyBody, SizedBody, UntilCloseBody
from dugong.protocol.chunks import ChunkedBody
from dugong.protocol.framing import choose_framing
from dugong.protocol.request import BodyFollowing, RequestEncoder
from dugong.protocol.response_head import HeadParser, ResponseHead, StatusLine
from dugong.protocol.state import SendEvent
from dugong.testing import (
    check_body_framing,
    check_connector,
    check_encoder,
    check_framing_choice,
    check_head_parser,
    check_resolver,
    check_transport,
    connector_way,
    promise,
)

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from dugong.network.transport import Transport
    from dugong.protocol.outgoing import EncodedRequest
    from dugong.protocol.read_buffer import ReadBuffer

DEFAULT = Layers()


def broken(message: str) -> contextlib.AbstractContextManager[object]:
    return pytest.raises(AssertionError, match=re.escape(message))


class TestEncoder:
    def test_own_encoder_is_good(self) -> None:
        check_encoder(DEFAULT.encoder)

    def test_other_digest_is_good(self) -> None:
        class OtherDigest(RequestEncoder):
            digest_names: ClassVar[frozenset[str]] = frozenset({"repr-digest"})

            def digest_fields(self, body: memoryview) -> Mapping[str, str]:
                return {"Repr-Digest": f"unixsum=:{sum(body)}:"}

        check_encoder(OtherDigest)

    def test_encoder_that_cannot_be_made(self) -> None:
        def make(origin: object) -> NoReturn:
            raise KeyError("user-agent")

        with broken("an encoder must be made for every Origin, but KeyError was raised"):
            check_encoder(make)

    def test_encoder_that_raises(self) -> None:
        def fail(request: EncodedRequest) -> NoReturn:
            raise KeyError(request.path)

        with broken("must return an EncodedRequest, but KeyError was raised"):
            check_encoder(edited(fail))

    def test_encoder_that_returns_something_else(self) -> None:
        with broken("must return an EncodedRequest"):
            check_encoder(edited(lambda request: None))

    def test_encoder_that_changes_the_fields_of_the_caller(self) -> None:
        class Adding(RequestEncoder):
            def encode(
                self,
                method: str,
                path: str,
                headers: Mapping[str, str] | None,
                body: ReadableBuffer | BodyFollowing | None,
                *,
                expect100: bool,
            ) -> EncodedRequest:
                encoded = super().encode(method, path, headers, body, expect100=expect100)
                if isinstance(headers, dict):
                    headers["X-Added"] = "x"
                return encoded

        with broken("must not change the caller's fields"):
            check_encoder(Adding)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("method", "get"),
            ("path", "/other"),
            ("event", SendEvent.WRITE),
            ("body", memoryview(b"other")),
            ("length", 99),
            ("chunked", "maybe"),
            ("closes", "maybe"),
        ],
    )
    def test_wrong_attribute(self, name: str, value: Any) -> None:
        def edit(request: EncodedRequest) -> EncodedRequest:
            setattr(request, name, value)
            return request

        with broken(f"must have {name} "):
            check_encoder(edited(edit))

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            (b" HTTP/1.1", b" HTTP/1.0", "must begin with /a?b=c"),
            (b"\r\n\r\n", b"\r\n\r\n\r\n", "must end with its one empty line"),
            (b"\r\n\r\n", b"\r\n", "must end with its one empty line"),
            (b"\r\n\r\n", b"\r\nno field\r\n\r\n", "must have only field lines, not 'no field'"),
            (b"Host:", b"X-Host:", "must have one Host field"),
            (b"\r\nHost:", b"\r\nHost: b\r\nHost:", "must have one Host field"),
            (b"X-Empty:", b"X-Full:", "must send the caller's X-Empty as it is"),
            (b"X-Empty: ", b"X-Empty: x", "must send the caller's X-Empty as it is, not ['x']"),
            (b"Content-Length: 0", b"Content-Length: 1", "must have Content-Length ['0']"),
            (b"Content-Length: 0", b"X-Length: 0", "must have Content-Length ['0'], not []"),
            (
                b"\r\n\r\n",
                b"\r\nTransfer-Encoding: chunked\r\n\r\n",
                "must not have a Transfer-Encoding",
            ),
            (
                b"Transfer-Encoding: chunked",
                b"Transfer-Encoding: chunked\r\nContent-Length: 1",
                "must not have a Content-Length beside chunks",
            ),
            (
                b"Transfer-Encoding: chunked",
                b"Transfer-Encoding: gzip, chunked",
                "must say Transfer-Encoding: chunked",
            ),
            (b"Expect:", b"X-Expect:", "must say Expect: 100-continue"),
        ],
    )
    def test_wrong_head(self, old: bytes, new: bytes, message: str) -> None:
        def edit(request: EncodedRequest) -> EncodedRequest:
            request.pieces[:] = [request.head.replace(old, new)]
            return request

        with broken(message):
            check_encoder(edited(edit))

    @pytest.mark.parametrize("error", [AttributeError("encode"), None], ids=["raises", "accepts"])
    def test_fault_that_is_not_refused(self, error: Exception | None) -> None:
        class Unchecked(RequestEncoder):
            def encode(
                self,
                method: str,
                path: str,
                headers: Mapping[str, str] | None,
                body: ReadableBuffer | BodyFollowing | None,
                *,
                expect100: bool,
            ) -> EncodedRequest:
                try:
                    return super().encode(method, path, headers, body, expect100=expect100)
                except ValueError:
                    if error is not None:
                        raise error from None
                    return super().encode("GET", "/", None, None, expect100=False)

        with broken("encode() must raise ValueError or TypeError for a CRLF in the method, but"):
            check_encoder(Unchecked)

    def test_digest_under_another_name(self) -> None:
        class Misnamed(RequestEncoder):
            def digest_fields(self, body: memoryview) -> Mapping[str, str]:
                return {"Repr-Digest": "x"}

        with broken("digest_names must have the names, in lower case, of ['Repr-Digest']"):
            check_encoder(Misnamed)

    def test_digest_that_raises(self) -> None:
        class Failing(RequestEncoder):
            def digest_fields(self, body: memoryview) -> NoReturn:
                raise KeyError("algorithm")

        with broken("must return an EncodedRequest, but KeyError was raised"):
            check_encoder(Failing)

    def test_same_object_for_two_requests(self) -> None:
        class Caching(RequestEncoder):
            cached: EncodedRequest | None = None

            def encode(
                self,
                method: str,
                path: str,
                headers: Mapping[str, str] | None,
                body: ReadableBuffer | BodyFollowing | None,
                *,
                expect100: bool,
            ) -> EncodedRequest:
                if self.cached is None:
                    self.cached = super().encode(method, path, headers, body, expect100=expect100)
                return self.cached

        with broken("must return a new object each time"):
            check_encoder(Caching)

    def test_digest_that_replaces_the_one_of_the_caller(self) -> None:
        def edit(request: EncodedRequest) -> EncodedRequest:
            head = request.head.replace(b"Content-MD5: given", b"Content-MD5: x")
            request.pieces[:] = [head.replace(b"content-md5: given", b"Content-MD5: x")]
            return request

        with broken("must send the caller's content-md5 as it is"):
            check_encoder(edited(edit))

    def test_digest_that_keeps_the_body(self) -> None:
        class Keeping(RequestEncoder):
            def digest_fields(self, body: memoryview) -> Mapping[str, str]:
                self.kept = body[1:]
                return {}

        with broken("an encoder must not keep the octets of a body"):
            check_encoder(Keeping)


def edited(edit: Callable[[EncodedRequest], Any]) -> type[RequestEncoder]:
    """Return an encoder whose results are changed."""

    class Edited(RequestEncoder):
        def encode(
            self,
            method: str,
            path: str,
            headers: Mapping[str, str] | None,
            body: ReadableBuffer | BodyFollowing | None,
            *,
            expect100: bool,
        ) -> EncodedRequest:
            result: EncodedRequest = edit(
                super().encode(method, path, headers, body, expect100=expect100)
            )
            return result

    return Edited


class IcyParser(HeadParser):
    """Accepts the status line of a kind of radio station."""

    def parse_status_line(self, line: str) -> StatusLine:
        return StatusLine(0, 200, "OK") if line == "ICY 200 OK" else super().parse_status_line(line)

    def judge_status_start(self, start: str) -> None:
        if not "ICY 200 OK\r".startswith(start):
            super().judge_status_start(start)


class TestHeadParser:
    def test_own_parser_is_good(self) -> None:
        check_head_parser(DEFAULT.head_parser)

    def test_parser_for_a_device_is_good(self) -> None:
        check_head_parser(IcyParser, b"ICY 200 OK\r\nicy-name: x\r\n\r\n")

    def test_head_of_a_device_that_is_refused(self) -> None:
        with broken(
            "parse() must accept b'ICY 200 OK\\r\\n\\r\\n', but InvalidResponse was raised"
        ):
            check_head_parser(HeadParser, b"ICY 200 OK\r\n\r\n")

    def test_head_of_a_device_that_is_accepted_only_whole(self) -> None:
        class Whole(IcyParser):
            def judge_status_start(self, start: str) -> None:
                if start != "ICY 200 OK\r":
                    super(IcyParser, self).judge_status_start(start)

        with broken("in 14 segments, but InvalidResponse was raised"):
            check_head_parser(Whole, b"ICY 200 OK\r\n\r\n")

    def test_parser_that_refuses_what_is_good(self) -> None:
        class Refusing(HeadParser):
            def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
                raise ConnectionClosed("no")

        with broken("parse() must accept b'HTTP/1.1 200 OK"):
            check_head_parser(Refusing)

    def test_parser_that_never_ends(self) -> None:
        class Waiting(HeadParser):
            def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
                return None

        with broken("parse() must return a head once b'HTTP/1.1 200 OK"):
            check_head_parser(Waiting)

    def test_parser_that_does_not_wait(self) -> None:
        class Hasty(HeadParser):
            def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
                return ResponseHead(1, 200, "OK", "")

        with broken("parse() must wait for the end of b'HTTP/1.1 200 OK"):
            check_head_parser(Hasty)

    def test_parser_that_consumes_a_part(self) -> None:
        class Greedy(HeadParser):
            def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
                head = super().parse(buffer)
                if head is None and buffer.size > 5:
                    buffer.skip(1)
                return head

        with broken("parse() must not consume a part of b'HTTP/1.1 200 OK"):
            check_head_parser(Greedy)

    def test_parser_that_consumes_what_follows(self) -> None:
        class Greedy(HeadParser):
            def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
                head = super().parse(buffer)
                if head is not None:
                    buffer.clear()
                return head

        with broken("and nothing that follows"):
            check_head_parser(Greedy)

    def test_parser_that_misreads(self) -> None:
        class Misreading(HeadParser):
            def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
                head = super().parse(buffer)
                if head is not None:
                    head.connection = "close"
                return head

        with broken("parse() must read b'HTTP/1.1 200 OK"):
            check_head_parser(Misreading)

    def test_parser_for_one_head_only(self) -> None:
        class Once(HeadParser):
            done = False

            def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
                if self.done:
                    return None
                head = super().parse(buffer)
                self.done = head is not None
                return head

        with broken("parse() must return one head after the other"):
            check_head_parser(Once)

    def test_parser_that_raises_other_errors_for_a_fault(self) -> None:
        class Splitting(HeadParser):
            def parse_status_line(self, line: str) -> StatusLine:
                _, status, reason = (*line.split(" ", 2), "")[:3]
                return StatusLine(int(line[7]), int(status), reason)

            def judge_status_start(self, start: str) -> None:
                """Judge nothing."""

        with broken("parse() must return a head, or raise InvalidResponse, for b'NONSENSE"):
            check_head_parser(Splitting)

    def test_parser_that_waits_behind_a_fault(self) -> None:
        class Deaf(HeadParser):
            def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
                return None if buffer.octet(0) == ord("N") else super().parse(buffer)

        with broken("or raise InvalidResponse, for b'NONSENSE"):
            check_head_parser(lambda limits: WaitingFirst(Deaf(limits)))

    def test_parser_that_judges_only_whole_heads(self) -> None:
        class Late(HeadParser):
            def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
                if buffer.find_end(b"\n\r\n") is None and buffer.find_end(b"\n\n") is None:
                    return None
                return super().parse(buffer)

        with broken("parse() must refuse b'NONSENSE\\r\\n' without waiting for more"):
            check_head_parser(Late)

    def test_parser_that_accepts_faulty_fields(self) -> None:
        class Repairing(HeadParser):
            def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
                if (end := buffer.find_end(b" : 3\r\n\r\n")) is not None:
                    buffer.skip(end)
                    return ResponseHead(1, 200, "OK", "")
                return super().parse(buffer)

        with broken("parse() must raise InvalidResponse for a blank before a colon"):
            check_head_parser(Repairing)

    def test_parser_without_limits(self) -> None:
        with broken("parse() must keep the limits on the status line"):
            check_head_parser(lambda limits: HeadParser(Limits()))


class WaitingFirst(HeadParser):
    """Waits for octets before another parser is asked."""

    def __init__(self, inner: HeadParser) -> None:
        super().__init__(inner.limits)
        self._inner = inner

    def parse(self, buffer: ReadBuffer) -> ResponseHead | None:
        return self._inner.parse(buffer) if buffer.size else None


def choose_identity(method: str, head: ResponseHead, limits: Limits) -> BodyFraming:
    """Take ``identity`` for no coding at all."""
    if head.transfer_encoding == "identity":
        head = attrs.evolve(head, transfer_encoding=None)
    return choose_framing(method, head, limits)


class TestFramingChoice:
    @pytest.mark.parametrize("choose", [DEFAULT.framing, choose_identity])
    def test_good(self, choose: Callable[[str, ResponseHead, Limits], BodyFraming]) -> None:
        check_framing_choice(choose)

    def test_choice_that_raises(self) -> None:
        def choose(method: str, head: ResponseHead, limits: Limits) -> BodyFraming:
            int(head.content_length or 0)
            return choose_framing(method, head, limits)

        with broken("must be returned, as a FaultyBody where there is none, but ValueError"):
            check_framing_choice(choose)

    def test_choice_of_something_else(self) -> None:
        def choose(method: str, head: ResponseHead, limits: Limits) -> Any:
            return head.content_length

        with broken("must be a BodyFraming"):
            check_framing_choice(choose)

    def test_choice_that_changes_the_head(self) -> None:
        def choose(method: str, head: ResponseHead, limits: Limits) -> BodyFraming:
            chosen = choose_framing(method, head, limits)
            head.content_length = None
            return chosen

        with broken("must be chosen without a change of the head"):
            check_framing_choice(choose)

    def test_choice_that_gives_one_framing_twice(self) -> None:
        shared = SizedBody(3)
        with broken("must not be one that another response has"):
            check_framing_choice(lambda method, head, limits: shared)

    def test_choice_that_remembers(self) -> None:
        lengths = iter(range(1, 1000))
        with broken("must be the same for the same head"):
            check_framing_choice(lambda method, head, limits: SizedBody(next(lengths)))

    def test_choice_that_keeps_the_connection_after_two_lengths(self) -> None:
        def choose(method: str, head: ResponseHead, limits: Limits) -> BodyFraming:
            chosen = choose_framing(method, head, limits)
            chosen.closes = chosen.closes and not head.transfer_encoding
            return chosen

        with broken("the connection must be closed after a body with 'Transfer-Encoding"):
            check_framing_choice(choose)

    def test_choice_of_the_wrong_end(self) -> None:
        with broken("the payload must be b'abc'"):
            check_framing_choice(lambda method, head, limits: UntilCloseBody())

    def test_choice_of_a_body_where_there_is_none(self) -> None:
        with broken("a 200 response to HEAD must have no body, also with 'Content-Length"):
            check_framing_choice(lambda _, head, limits: choose_framing("GET", head, limits))

    def test_choice_of_a_framing_that_raises_other_errors(self) -> None:
        class Raising(BodyFraming):
            def advance(self, buffer: ReadBuffer) -> bool:
                raise KeyError("coding")

            def delivered(self, count: int) -> None:
                """Deliver nothing."""

        def choose(method: str, head: ResponseHead, limits: Limits) -> BodyFraming:
            chosen = choose_framing(method, head, limits)
            return Raising() if type(chosen).__name__ == "FaultyBody" else chosen

        with broken("must be read, or raise InvalidResponse, but KeyError was raised"):
            check_framing_choice(choose)


CHUNKS = b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nX: y\r\n\r\n"


class NewlineBody(BodyFraming):
    """A body that ends with its first LF; it looks ahead, so that payload is in the buffer."""

    def advance(self, buffer: ReadBuffer) -> bool:
        if self.ended or self.room:
            return True
        end = buffer.find_end(b"\n")
        if end is None:
            return False
        self.room = end - 1
        if not self.room:
            self._end(buffer)
        return True

    def delivered(self, count: int) -> None:
        self.room -= count

    def take(self, buffer: ReadBuffer, limit: int) -> bytes:
        payload = super().take(buffer, limit)
        if not self.room and not self.ended:
            self._end(buffer)
        return payload

    def move_into(self, buffer: ReadBuffer, target: memoryview) -> int:
        count = super().move_into(buffer, target)
        if not self.room and not self.ended:
            self._end(buffer)
        return count

    def _end(self, buffer: ReadBuffer) -> None:
        buffer.skip(1)
        self.ended = True


class TriplesBody(BodyFraming):
    """Triples of letters with hyphens between, and a full stop behind the last letter."""

    is_foreseen = True

    def __init__(self) -> None:
        self.ended = False
        self.hyphen = bytearray(1)
        self.left = 7
        self.room = 3

    def advance(self, buffer: ReadBuffer) -> bool:
        if self.room or self.ended:
            return True
        if not buffer.size:
            return False
        buffer.skip(1)
        self._begin_triple()
        return True

    def _begin_triple(self) -> None:
        self.room = min(3, self.left)
        self.ended = not self.room

    def delivered(self, count: int) -> None:
        self.room -= count
        self.left -= count

    def lay_out(self, target: memoryview) -> list[memoryview]:
        views = [target[: self.room]]
        if len(target) > self.room:
            views += memoryview(self.hyphen), target[self.room : self.room + 3]
        return views

    def settle(self, views: list[memoryview], received: int, buffer: ReadBuffer) -> int:
        first = min(received, self.room)
        self.delivered(first)
        if received == first:
            return first
        self._begin_triple()
        second = min(received - first - 1, self.room)
        self.delivered(second)
        buffer.put(bytes(views[-1][second : received - first - 1]))
        return first + second


class TestBodyFraming:
    @pytest.mark.parametrize(
        ("make", "octets", "payload"),
        [
            pytest.param(EmptyBody, b"", b"", id="empty"),
            pytest.param(lambda: SizedBody(0), b"", b"", id="sized, without octets"),
            pytest.param(lambda: SizedBody(6), b"octets", b"octets", id="sized"),
            pytest.param(lambda: ChunkedBody(Limits()), CHUNKS, b"abc", id="chunked"),
            pytest.param(UntilCloseBody, b"octets", b"octets", id="until close"),
            pytest.param(UntilCloseBody, b"", b"", id="until close, without octets"),
            pytest.param(NewlineBody, b"octets\n", b"octets", id="looks ahead"),
            pytest.param(TriplesBody, b"abc-def-g.", b"abcdefg", id="foreseen"),
        ],
    )
    def test_good(self, make: Callable[[], BodyFraming], octets: bytes, payload: bytes) -> None:
        check_body_framing(make, octets, payload)

    def test_wrong_length(self) -> None:
        class Long(UntilCloseBody):
            length: int | None = 7

        with broken("length must be that of the payload, or None"):
            check_body_framing(Long, b"octets", b"octets")

    def test_wrong_payload(self) -> None:
        with broken("the payload must be b'abd', not b'abc'"):
            check_body_framing(lambda: ChunkedBody(Limits()), CHUNKS, b"abd")

    def test_framing_that_refuses_what_is_good(self) -> None:
        with broken("advance() must accept a body without fault, but InvalidResponse was raised"):
            check_body_framing(lambda: ChunkedBody(Limits()), b"xyz", b"xyz")

    def test_failure_that_ends_a_body(self) -> None:
        class Trusting(UntilCloseBody):
            def peer_closed(self, *, orderly: bool) -> None:
                super().peer_closed(orderly=True)

        with broken("a body must not end where the connection fails, but nothing was raised"):
            check_body_framing(Trusting, b"octets", b"octets")

    def test_settle_that_counts_what_is_no_payload(self) -> None:
        class Counting(TriplesBody):
            def settle(self, views: list[memoryview], received: int, buffer: ReadBuffer) -> int:
                super().settle(views, received, buffer)
                return received

        with broken("room must be that of the payload"):
            check_body_framing(Counting, b"abc-def-g.", b"abcdefg")

    def test_settle_that_counts_too_much(self) -> None:
        class Exaggerating(TriplesBody):
            def settle(self, views: list[memoryview], received: int, buffer: ReadBuffer) -> int:
                return super().settle(views, received, buffer) + 100

        with broken("settle() must return octets of payload, not 10"):
            check_body_framing(Exaggerating, b"abc-def-g.", b"abcdefg")

    def test_settle_that_keeps_memory(self) -> None:
        class Keeping(TriplesBody):
            def settle(self, views: list[memoryview], received: int, buffer: ReadBuffer) -> int:
                self.kept = views[0][:1]
                return super().settle(views, received, buffer)

        with broken("settle() must not keep the memory that it is given"):
            check_body_framing(Keeping, b"abc-def-g.", b"abcdefg")

    def test_layout_without_memory(self) -> None:
        class Empty(TriplesBody):
            def lay_out(self, target: memoryview) -> list[memoryview]:
                return []

        with broken("lay_out() must begin with memory that is not empty"):
            check_body_framing(Empty, b"abc-def-g.", b"abcdefg")

    def test_framing_that_consumes_what_follows(self) -> None:
        class Greedy(SizedBody):
            def take(self, buffer: ReadBuffer, limit: int) -> bytes:
                payload = super().take(buffer, limit)
                buffer.skip(min(buffer.size, 1))
                return payload

        with broken("what follows the body must stay in the buffer"):
            check_body_framing(lambda: Greedy(6), b"octets", b"octets")

    def test_take_beyond_its_limit(self) -> None:
        class Generous(SizedBody):
            def take(self, buffer: ReadBuffer, limit: int) -> bytes:
                return super().take(buffer, limit + 1)

        with broken("take() must keep its limit"):
            check_body_framing(lambda: Generous(6), b"octets", b"octets")

    def test_take_that_raises(self) -> None:
        class Raising(SizedBody):
            def take(self, buffer: ReadBuffer, limit: int) -> NoReturn:
                raise KeyError(limit)

        with broken("payload that has come must be delivered, but KeyError was raised"):
            check_body_framing(lambda: Raising(6), b"octets", b"octets")

    def test_take_of_nothing(self) -> None:
        class Idle(SizedBody):
            def take(self, buffer: ReadBuffer, limit: int) -> bytes:
                return b""

        with broken("octets must be delivered where there are room and octets"):
            check_body_framing(lambda: Idle(6), b"octets", b"octets")

    def test_take_of_octets_that_stay(self) -> None:
        class Peeking(SizedBody):
            def take(self, buffer: ReadBuffer, limit: int) -> bytes:
                return buffer.peek(0, 3)

        with broken("what is delivered must come from the buffer"):
            check_body_framing(lambda: Peeking(6), b"octets", b"octets")

    def test_move_that_keeps_the_memory(self) -> None:
        class Keeping(SizedBody):
            def move_into(self, buffer: ReadBuffer, target: memoryview) -> int:
                self.kept = target[:1]
                return super().move_into(buffer, target)

        with broken("move_into() must not keep the memory that it is given"):
            check_body_framing(lambda: Keeping(6), b"octets", b"octets")

    def test_neither_room_nor_the_end(self) -> None:
        class Vague(SizedBody):
            def advance(self, buffer: ReadBuffer) -> bool:
                self.room = 0
                return True

        with broken("advance() must return False while there is neither room nor the end"):
            check_body_framing(lambda: Vague(6), b"octets", b"octets")

    @pytest.mark.parametrize(
        ("second", "message"),
        [
            pytest.param("go on", "advance() must go on waiting where nothing has come", id="goes"),
            pytest.param("consume", "advance() must consume at once what it can", id="consumes"),
            pytest.param(
                "raise", "before further octets come, but KeyError was raised", id="raise"
            ),
        ],
    )
    def test_advance_that_depends_on_how_often_it_is_called(
        self, second: str, message: str
    ) -> None:
        class Counting(ChunkedBody):
            is_second = False

            def advance(self, buffer: ReadBuffer) -> bool:
                is_ready = super().advance(buffer)
                self.is_second, before = not is_ready and not self.is_second, self.is_second
                if is_ready or not before:
                    return is_ready
                if second == "raise":
                    raise KeyError(second)
                if second == "consume":
                    buffer.skip(buffer.size)
                return second == "go on"

        with broken(message):
            check_body_framing(lambda: Counting(Limits()), CHUNKS, b"abc")

    def test_end_that_comes_only_with_octets_in_one_piece(self) -> None:
        class Whole(UntilCloseBody):
            def delivered(self, count: int) -> None:
                self.ended = self.ended or count == 6
                self.room = 0 if self.ended else 6

            room = 6

        with broken("the end must not depend on how octets arrive"):
            check_body_framing(Whole, b"octets", b"octets")

    def test_close_that_does_not_end_a_body(self) -> None:
        class Endless(UntilCloseBody):
            def peer_closed(self, *, orderly: bool) -> None:
                if not orderly:
                    super().peer_closed(orderly=orderly)

        with broken("an orderly close must end a body that has no other end"):
            check_body_framing(Endless, b"octets", b"octets")

    def test_close_that_raises_where_it_is_the_end(self) -> None:
        class Strict(UntilCloseBody):
            def peer_closed(self, *, orderly: bool) -> None:
                raise ConnectionClosed("cut short")

        with broken("must end a body that has no other end, but ConnectionClosed was raised"):
            check_body_framing(Strict, b"octets", b"octets")

    @pytest.mark.parametrize(
        ("name", "result", "message"),
        [
            ("advance", False, "the end of the body must be told again when asked"),
            ("advance", KeyError, "advance() must be possible at the end of the body"),
            ("take", b"x", "nothing must be delivered behind the end of the body"),
            ("take", KeyError, "delivering must be possible at the end of the body"),
        ],
    )
    def test_behind_the_end(self, name: str, result: Any, message: str) -> None:
        def make() -> BodyFraming:
            framing = SizedBody(6)
            inner = getattr(framing, name)

            def call(*args: object) -> object:
                if not framing.ended:
                    return inner(*args)
                if result is KeyError:
                    raise KeyError
                return result

            setattr(framing, name, call)
            return framing

        with broken(message):
            check_body_framing(make, b"octets", b"octets")

    def test_octets_that_are_consumed_behind_the_end(self) -> None:
        class Thirsty(SizedBody):
            def move_into(self, buffer: ReadBuffer, target: memoryview) -> int:
                if self.ended:
                    buffer.clear()
                return super().move_into(buffer, target)

        with broken("nothing must be consumed behind the end of the body"):
            check_body_framing(lambda: Thirsty(6), b"octets", b"octets")

    def test_delivered_that_raises(self) -> None:
        class Raising(SizedBody):
            def take(self, buffer: ReadBuffer, limit: int) -> bytes:
                octets = buffer.take(min(self.room, buffer.size, limit))
                super().delivered(len(octets))
                return octets

            def move_into(self, buffer: ReadBuffer, target: memoryview) -> int:
                octets = self.take(buffer, len(target))
                target[: len(octets)] = octets
                return len(octets)

            def delivered(self, count: int) -> None:
                raise KeyError(count)

        with broken("delivered() must account for as many octets as there is room, but KeyError"):
            check_body_framing(lambda: Raising(6), b"octets", b"octets")

    def test_room_beyond_the_payload(self) -> None:
        class Dotted(BodyFraming):
            """Three octets and a dot, which counts as room."""

            room = 4

            def advance(self, buffer: ReadBuffer) -> bool:
                if self.room == 1 and buffer.size:
                    buffer.skip(1)
                    self.delivered(1)
                return True

            def delivered(self, count: int) -> None:
                self.room -= count
                self.ended = not self.room

            def take(self, buffer: ReadBuffer, limit: int) -> bytes:
                return super().take(buffer, min(limit, max(self.room - 1, 0)))

            def move_into(self, buffer: ReadBuffer, target: memoryview) -> int:
                with target[: max(self.room - 1, 0)] as window:
                    return super().move_into(buffer, window)

        with broken("room must be that of the payload b'abc'"):
            check_body_framing(Dotted, b"abc.", b"abc")

    def test_short_body_that_counts_as_whole(self) -> None:
        class Short(ChunkedBody):
            def peer_closed(self, *, orderly: bool) -> None:
                if not orderly:
                    super().peer_closed(orderly=orderly)

        with broken("a body that was cut short must raise ConnectionClosed, but nothing"):
            check_body_framing(lambda: Short(Limits()), CHUNKS, b"abc")

    def test_failed_connection_that_counts_as_an_end(self) -> None:
        class Short(ChunkedBody):
            def peer_closed(self, *, orderly: bool) -> None:
                if orderly:
                    super().peer_closed(orderly=orderly)

        with broken("a body whose connection failed must raise ConnectionClosed, but nothing"):
            check_body_framing(lambda: Short(Limits()), CHUNKS, b"abc")

    def test_body_that_is_at_its_end_too_early(self) -> None:
        class Early(UntilCloseBody):
            room = 3

            def delivered(self, count: int) -> None:
                self.room -= count
                self.ended = not self.room

        with broken("what follows the body must stay in the buffer"):
            check_body_framing(Early, b"octets", b"octets")


FOUND = Address(socket.AF_INET, ("192.0.2.1", 80))


class KnowingResolver(Resolver):
    """Knows one name; for all others it raises one error."""

    error: ClassVar[Exception] = socket.gaierror(socket.EAI_NONAME, "told by the system")
    found: ClassVar[Any] = [FOUND, Address(socket.AF_UNIX, "/run/server")]

    def look_up(self, host: str, port: int) -> Sequence[Address]:
        if host != "server.example":
            raise self.error
        result: Sequence[Address] = self.found
        return result


def knowing(**attributes: object) -> type[KnowingResolver]:
    return type("Knowing", (KnowingResolver,), attributes)


class TestResolver:
    def test_own_resolver_is_good(self) -> None:
        check_resolver(KnowingResolver, "server.example", 80)

    @pytest.mark.parametrize(
        "error",
        [
            socket.gaierror(socket.EAI_AGAIN, "try again"),
            socket.gaierror(socket.EAI_FAIL, "broken"),
            DNSUnavailable("dugong-check.invalid"),
            OSError(5, "told by the system"),
        ],
    )
    def test_error_that_may_pass_is_good(self, error: Exception) -> None:
        check_resolver(knowing(error=error), "server.example", 80)

    def test_resolver_that_knows_every_name_is_good(self) -> None:
        class UnixResolver(Resolver):
            def resolve(self, host: str, port: int) -> Sequence[Address]:
                return [Address(socket.AF_UNIX, "/run/server")]

        check_resolver(UnixResolver, "server.example", 80)

    def test_name_that_is_not_found(self) -> None:
        with broken("resolve() must find other.example, but HostnameNotResolvable was raised"):
            check_resolver(KnowingResolver, "other.example", 80)

    @pytest.mark.parametrize(
        ("found", "message"),
        [
            pytest.param([], "must return an address, or raise", id="none"),
            pytest.param({FOUND}, "must return a sequence, not set", id="no sequence"),
            pytest.param(["192.0.2.1"], "must return objects of Address", id="no addresses"),
            pytest.param(
                [Address(12_345, ("nowhere", 80))], "families of stream sockets", id="no family"
            ),
            pytest.param(
                [Address(socket.AF_INET, ("192.0.2.1", 81))], "with that port", id="other port"
            ),
        ],
    )
    def test_wrong_result(self, found: object, message: str) -> None:
        with broken(message):
            check_resolver(knowing(found=found), "server.example", 80)

    def test_wrong_error(self) -> None:
        with broken("must raise HostnameNotResolvable or DNSUnavailable, but KeyError was raised"):
            check_resolver(knowing(error=KeyError("name")), "server.example", 80)

    def test_error_with_another_name(self) -> None:
        error = HostnameNotResolvable("other.example")
        with broken("name must be dugong-check.invalid, as it was given, not other.example"):
            check_resolver(knowing(error=error), "server.example", 80)

    @pytest.mark.parametrize("number", [socket.EAI_NONAME, socket.EAI_AGAIN])
    def test_error_of_the_system_that_is_not_told_apart(self, number: int) -> None:
        class Raw(KnowingResolver):
            error: ClassVar[Exception] = socket.gaierror(number, "told by the system")
            resolve = KnowingResolver.look_up

        with broken("must raise HostnameNotResolvable or DNSUnavailable, not gaierror"):
            check_resolver(Raw, "server.example", 80)


class QuietTransport(TracingTransport):
    """Traces to nowhere."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.tell = len


class Scattering(PlainTransport):
    """A transport whose ways of receiving are all its own."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.can_scatter = True


class TestTransport:
    @pytest.mark.parametrize("make", [DEFAULT.transport, QuietTransport])
    def test_good(self, make: Callable[[socket.socket], Transport]) -> None:
        check_transport(make)

    def test_transport_that_cannot_be_made(self) -> None:
        def make(sock: socket.socket) -> NoReturn:
            raise KeyError("tls")

        with broken("a transport must be made for every connected socket, but KeyError"):
            check_transport(make)

    def test_wait_for_another_object(self) -> None:
        class Copying(PlainTransport):
            def receive_into(self, target: memoryview) -> int | PollNeeded:
                result = super().receive_into(target)
                return PollNeeded(*result) if isinstance(result, PollNeeded) else result

        with broken("a transport must wait for its own `readable` or `writable`"):
            check_transport(Copying)

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("readable", PollNeeded(0, POLLIN), "readable must wait for the socket's input"),
            ("writable", PollNeeded(0, POLLOUT), "writable must wait for the socket's output"),
        ],
    )
    def test_wait_for_another_descriptor(self, name: str, value: object, message: str) -> None:
        def make(sock: socket.socket) -> Transport:
            transport = PlainTransport(sock)
            setattr(transport, name, value)
            return transport

        with broken(message):
            check_transport(make)

    def test_vague_security(self) -> None:
        class Vague(PlainTransport):
            is_secure: Any = None

        with broken("is_secure must be a bool"):
            check_transport(Vague)

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (True, "has_input() must be False where nothing has come"),
            (False, "has_input() must be True where octets are, and leave them there"),
        ],
    )
    def test_look_that_finds_the_same_always(self, answer: bool, message: str) -> None:
        class Fixed(PlainTransport):
            def has_input(self) -> bool:
                return answer

        with broken(message):
            check_transport(Fixed)

    def test_look_that_consumes(self) -> None:
        class Consuming(PlainTransport):
            def has_input(self) -> bool:
                found = super().has_input()
                if found:
                    self._socket.recv(1)
                return found

        with broken("has_input() must be True where octets are, and leave them there"):
            check_transport(Consuming)

    def test_receive_that_waits_for_output(self) -> None:
        class Crossed(PlainTransport):
            def receive_into(self, target: memoryview) -> int | PollNeeded:
                result = super().receive_into(target)
                return self.writable if isinstance(result, PollNeeded) else result

        with broken("receive_into() must return `readable` where nothing has come"):
            check_transport(Crossed)

    def test_receive_that_blocks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Blocking(PlainTransport):
            def receive_into(self, target: memoryview) -> int | PollNeeded:
                self._socket.setblocking(True)
                return self._socket.recv_into(target)

        monkeypatch.setattr(promise, "PATIENCE", 0.1)
        with broken("no method of a transport may block (check_waiting)"):
            check_transport(Blocking)

    def test_receive_that_keeps_memory(self) -> None:
        class Keeping(PlainTransport):
            def receive_into(self, target: memoryview) -> int | PollNeeded:
                self.kept = target[:1]
                return super().receive_into(target)

        with broken("receive_into() must not keep the memory that it is given"):
            check_transport(Keeping)

    def test_receive_of_a_wrong_count(self) -> None:
        class Exaggerating(PlainTransport):
            def receive_into(self, target: memoryview) -> int | PollNeeded:
                result = super().receive_into(target)
                return result if isinstance(result, PollNeeded) else result + 100

        with broken("receive_into() must return its octets, not 106"):
            check_transport(Exaggerating)

    def test_receive_that_changes_octets(self) -> None:
        class Changing(PlainTransport):
            def receive_into(self, target: memoryview) -> int | PollNeeded:
                result = super().receive_into(target)
                target[0] = 0
                return result

        with broken("receive_into() must give the octets that were sent, in order"):
            check_transport(Changing)

    def test_receive_that_waits_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Sleepy(PlainTransport):
            def receive_into(self, target: memoryview) -> int | PollNeeded:
                with contextlib.suppress(BlockingIOError):
                    self._socket.recv(100)
                return self.readable

        monkeypatch.setattr("dugong.testing.transport_pair.PATIENCE", 0.1)
        with broken("receive_into() must not wait where there is something"):
            check_transport(Sleepy)

    def test_scattering_in_the_wrong_order(self) -> None:
        class Reversing(Scattering):
            def receive_scattered(self, targets: Sequence[memoryview]) -> int | PollNeeded:
                return super().receive_scattered(list(reversed(targets)))

        with broken("receive_scattered() must give the octets that were sent, in order"):
            check_transport(Reversing)

    def test_scattering_that_keeps_memory(self) -> None:
        class Keeping(Scattering):
            def receive_scattered(self, targets: Sequence[memoryview]) -> int | PollNeeded:
                self.kept = targets[1][:1]
                return super().receive_scattered(targets)

        with broken("receive_scattered() must not keep the memory that it is given"):
            check_transport(Keeping)

    def test_receive_of_more_than_is_wanted(self) -> None:
        class Generous(Scattering):
            def receive(self, most: int) -> bytes | PollNeeded:
                return super().receive(most + 1)

        with broken("receive() must return 1 octets at most"):
            check_transport(Generous)

    def test_send_of_nothing(self) -> None:
        class Idle(PlainTransport):
            def send(self, data: bytes | memoryview) -> int | PollNeeded:
                return 0

        with broken("send() must return the octets it sent, not 0"):
            check_transport(Idle)

    def test_receive_that_says_too_early_that_it_is_drained(self) -> None:
        class Hasty(PlainTransport):
            def receive_into(self, target: memoryview) -> int | PollNeeded:
                self.is_drained = False
                result = super().receive_into(target)
                self.is_drained = True
                return result

        with broken("is_drained must be True only where the next receive gives a PollNeeded"):
            check_transport(Hasty)

    def test_send_that_keeps_memory(self) -> None:
        class Keeping(PlainTransport):
            def send(self, data: bytes | memoryview) -> int | PollNeeded:
                self.kept = memoryview(data)[:1]
                return super().send(data)

        with broken("send() must not keep the memory that it is given"):
            check_transport(Keeping)

    def test_send_that_collects(self) -> None:
        class Collecting(PlainTransport):
            def send(self, data: bytes | memoryview) -> int | PollNeeded:
                return len(data)

        with broken("send() must hand to the system what it takes"):
            check_transport(Collecting)

    def test_send_that_loses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Losing(PlainTransport):
            def send(self, data: bytes | memoryview) -> int | PollNeeded:
                result = super().send(data[1:])
                return result if isinstance(result, PollNeeded) else result + 1

        monkeypatch.setattr("dugong.testing.transport_checks.PATIENCE", 0.1)
        with broken("the peer must receive what send() says was sent, in order"):
            check_transport(Losing)

    def test_send_that_waits_for_input(self) -> None:
        class Crossed(PlainTransport):
            def send(self, data: bytes | memoryview) -> int | PollNeeded:
                result = super().send(data)
                return self.readable if isinstance(result, PollNeeded) else result

        with broken("send() must wait for `writable` on a full socket"):
            check_transport(Crossed)

    def test_send_that_raises(self) -> None:
        class Raising(PlainTransport):
            def send(self, data: bytes | memoryview) -> NoReturn:
                raise KeyError("octets")

        with broken("send() must work, but KeyError was raised"):
            check_transport(Raising)

    def test_file_that_is_sent_from_another_place(self) -> None:
        class Wrong(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                return super().send_file(fd, max(offset - 1, 0), count)

        with broken("send_file() must send the octets at the offset"):
            check_transport(Wrong)

    def test_first_octets_of_a_file_that_are_others(self) -> None:
        class Wrong(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                return super().send_file(fd, offset + 1, count)

        with broken("send_file() must send the octets of the file"):
            check_transport(Wrong)

    def test_file_of_which_more_is_told_than_was_sent(self) -> None:
        class Exaggerating(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                result = super().send_file(fd, offset, count)
                return count + 1 if isinstance(result, int) else result

        with broken("send_file() must return the octets it sent, at most 1, not 2"):
            check_transport(Exaggerating)

    def test_end_of_a_file_that_is_no_zero(self) -> None:
        class Endless(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                return super().send_file(fd, offset, count) or None

        with broken("send_file() must return 0 at the end of the file, and not before"):
            check_transport(Endless)

    def test_file_that_ends_early(self) -> None:
        class Short(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                return super().send_file(fd, offset, count) if offset < 1 else 0

        with broken("send_file() must return 0 at the end of the file, and not before"):
            check_transport(Short)

    def test_file_that_is_sent_and_not_told(self) -> None:
        class Silent(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                super().send_file(fd, offset, count)
                return None

        with broken("send_file() must send nothing where it returns None"):
            check_transport(Silent)

    def test_file_that_is_closed(self) -> None:
        class Closing(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                result = super().send_file(fd, offset, count)
                if result == 0:
                    os.close(fd)
                return result

        with broken("send_file() must leave the file open"):
            check_transport(Closing)

    def test_position_of_a_file_that_is_moved(self) -> None:
        class Moving(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                os.lseek(fd, offset, os.SEEK_SET)
                return super().send_file(fd, offset, count)

        with broken("send_file() must leave the position of the file as it is"):
            check_transport(Moving)

    def test_file_that_waits_for_another_object(self) -> None:
        class Copying(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                return PollNeeded(*self.writable)

        with broken("a transport must wait for its own `readable` or `writable`"):
            check_transport(Copying)

    def test_file_that_waits_for_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Idle(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                return self.readable

        monkeypatch.setattr("dugong.testing.transport_checks.PATIENCE", 0.1)
        with broken("send_file() must not wait where there is room"):
            check_transport(Idle)

    def test_file_that_raises(self) -> None:
        class Raising(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                raise KeyError("file")

        with broken("send_file() must work, but KeyError was raised"):
            check_transport(Raising)

    def test_file_that_never_yields(self) -> None:
        class Unfair(PlainTransport):
            def send_file(self, fd: int, offset: int, count: int) -> int | PollNeeded | None:
                self._sent_in_turn = 0
                return super().send_file(fd, offset, count)

        with broken("send_file() must return a PollNeeded after 1048576 octets without a wait"):
            check_transport(Unfair)

    @pytest.mark.parametrize("way", ["_sent_in_turn", "_received_in_turn"])
    def test_transport_that_never_yields(self, way: str) -> None:
        class Unfair(PlainTransport):
            def send(self, data: bytes | memoryview) -> int | PollNeeded:
                setattr(self, way, 0)
                return super().send(data)

            def receive_into(self, target: memoryview) -> int | PollNeeded:
                setattr(self, way, 0)
                return super().receive_into(target)

        name = "send" if way == "_sent_in_turn" else "receive_into"
        with broken(f"{name}() must return a PollNeeded after 1048576 octets without a wait"):
            check_transport(Unfair)

    def test_end_that_raises(self) -> None:
        class Raising(PlainTransport):
            def receive_into(self, target: memoryview) -> int | PollNeeded:
                result = super().receive_into(target)
                if result == 0:
                    raise ConnectionClosed("the end")
                return result

        with broken("receive_into() must return 0 at the end, but ConnectionClosed was raised"):
            check_transport(Raising)

    def test_error_of_the_system_for_a_peer_that_has_gone(self) -> None:
        class Raw(PlainTransport):
            def send(self, data: bytes | memoryview) -> int | PollNeeded:
                try:
                    return super().send(data)
                except ConnectionClosed as exc:
                    raise OSError(32, "broken pipe") from exc

        with broken("send() must work, but BrokenPipeError was raised"):
            check_transport(Raw)

    def test_shutdown_that_closes(self) -> None:
        class Closing(PlainTransport):
            def shutdown(self, how: int) -> None:
                self.close()

        with broken("shutdown() must leave the descriptor open"):
            check_transport(Closing)

    def test_shutdown_that_wakes_nobody(self) -> None:
        class Idle(PlainTransport):
            def shutdown(self, how: int) -> None:
                """Do nothing."""

        with broken("shutdown() must wake who waits for input"):
            check_transport(Idle)

    def test_shutdown_that_leaves_sending(self) -> None:
        class Half(PlainTransport):
            def shutdown(self, how: int) -> None:
                super().shutdown(socket.SHUT_RD)

        with broken("send() must raise ConnectionClosed after shutdown(), but nothing"):
            check_transport(Half)

    def test_shutdown_that_raises(self) -> None:
        class Raising(PlainTransport):
            def shutdown(self, how: int) -> None:
                self._socket.shutdown(how)

        with broken("be possible after close(), but OSError was raised"):
            check_transport(Raising)

    @pytest.mark.parametrize(
        ("releases", "closes", "message"),
        [
            (1, 0, "close() must close the descriptor"),
            (0, 1, "close() must call polling.release() once, before it closes"),
            (2, 1, "close() must call polling.release() once, before it closes"),
        ],
    )
    def test_wrong_close(self, releases: int, closes: int, message: str) -> None:
        class Wrong(PlainTransport):
            def close(self) -> None:
                for _ in range(releases):
                    release(self.readable.fd)
                for _ in range(closes):
                    self._socket.close()

        with broken(message):
            check_transport(Wrong)

    def test_close_before_the_drivers_are_told(self) -> None:
        class Late(PlainTransport):
            def close(self) -> None:
                self._socket.close()
                with contextlib.suppress(IndexError):
                    release(self._unclosed.pop())

        with broken("close() must call polling.release() once, before it closes"):
            check_transport(Late)

    def test_close_that_raises(self) -> None:
        class Raising(PlainTransport):
            def close(self) -> NoReturn:
                raise KeyError("socket")

        with broken("close() must raise nothing, but KeyError was raised"):
            check_transport(Raising)

    def test_use_after_the_close(self) -> None:
        class Silent(PlainTransport):
            def receive_into(self, target: memoryview) -> int | PollNeeded:
                return self.readable if self._socket.fileno() < 0 else super().receive_into(target)

        with broken("receive_into() must raise ConnectionClosed after close(), but nothing"):
            check_transport(Silent)


def co_nothing() -> Generator[PollNeeded, None, Any]:
    yield from ()


class TestConnector:
    def test_own_connector_is_good(self) -> None:
        check_connector(DEFAULT.connector)

    def test_is_good_where_no_address_is_silent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connector_way, "_FILLING_ATTEMPTS", 1)
        check_connector(DEFAULT.connector)

    def test_connector_that_waits_for_what_is_possible_is_good(self) -> None:
        class Waiting(Connector):
            def co_connect_address(
                self, address: Address
            ) -> Generator[PollNeeded, None, socket.socket]:
                sock = yield from super().co_connect_address(address)
                yield PollNeeded(sock.fileno(), POLLOUT)
                return sock

        check_connector(Waiting)

    def test_connector_that_cannot_be_made(self) -> None:
        def make(*args: object) -> NoReturn:
            raise KeyError("route")

        with broken("a connector must be made for every Route, but KeyError was raised"):
            check_connector(make)

    def test_connector_that_begins_too_early(self) -> None:
        class Eager(Connector):
            def co_open(self) -> Generator[PollNeeded, None, Transport]:
                self.resolver.resolve("server.invalid", 443)
                return super().co_open()

        with broken("co_open() must do nothing before its first resumption"):
            check_connector(Eager)

    def test_connector_that_opens_nothing(self) -> None:
        class Failing(Connector):
            def co_connect_address(
                self, address: Address
            ) -> Generator[PollNeeded, None, socket.socket]:
                yield from ()
                raise NotImplementedError

        with broken("co_open() must open a connection, but NotImplementedError was raised"):
            check_connector(Failing)

    def test_connector_that_yields_something_else(self) -> None:
        class Odd(Connector):
            def co_open(self) -> Generator[Any, None, Transport]:
                yield 5
                return (yield from super().co_open())

        with broken("co_open() must not yield 5"):
            check_connector(Odd)

    def test_connector_that_looks_up_another_name(self) -> None:
        class Other(Connector):
            def co_connect_socket(self) -> Generator[PollNeeded, None, socket.socket]:
                self.resolver.resolve("other.invalid", 443)
                return (yield from super().co_connect_socket())

        with broken("the resolver must be asked, once"):
            check_connector(Other)

    def test_connector_that_leaves_the_transport_layer_out(self) -> None:
        class Own(Connector):
            def co_open(self) -> Generator[PollNeeded, None, Transport]:
                transport = yield from super().co_open()
                return PlainTransport(transport._socket)  # type: ignore[attr-defined]

        with broken("co_open() must return what the transport layer makes of the socket"):
            check_connector(Own)

    def test_connector_that_connects_to_somebody_else(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Elsewhere(Connector):
            def co_connect_address(
                self, address: Address
            ) -> Generator[PollNeeded, None, socket.socket]:
                yield from ()
                ours, peer = socket.socketpair()
                with peer:
                    return ours

        monkeypatch.setattr(connector_way, "PATIENCE", 0.1)
        with broken("a connector must connect to the address it was given"):
            check_connector(Elsewhere)

    def test_connector_that_gives_up_early(self) -> None:
        class Impatient(Connector):
            def co_connect_socket(self) -> Generator[PollNeeded, None, socket.socket]:
                addresses = self.resolver.resolve("server.invalid", 443)
                return (yield from self.co_connect_address(addresses[0]))

        with broken("co_open() must go on with the next address, but ConnectionRefusedError"):
            check_connector(Impatient)

    def test_connector_that_hides_errors(self) -> None:
        class Hiding(Connector):
            def co_connect_socket(self) -> Generator[PollNeeded, None, socket.socket]:
                try:
                    return (yield from super().co_connect_socket())
                except OSError:
                    raise KeyError from None

        with broken("co_open() must raise OSError where the connection is refused, but KeyError"):
            check_connector(Hiding)

    def test_connector_that_leaves_a_descriptor_open(self) -> None:
        kept: list[socket.socket] = []

        class Leaking(Connector):
            def hold(self, sock: socket.socket | None) -> None:
                kept.append(socket.socket())
                super().hold(sock)

        with broken("a connector must leave no descriptor open, but left"):
            check_connector(Leaking)
        for sock in kept:
            sock.close()

    def test_connector_that_does_not_tell_the_drivers(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("dugong.network.connector.close_released", socket.socket.close)
        with broken("a connector must call polling.release() before it closes a socket"):
            check_connector(Connector)

    def test_connector_that_does_not_let_itself_be_closed(self) -> None:
        class Stubborn(Connector):
            def co_open(self) -> Generator[PollNeeded, None, Transport]:
                opening = super().co_open()
                try:
                    return (yield from opening)
                except GeneratorExit:
                    yield PollNeeded(0, POLLIN)
                    raise

        with broken("a suspended co_open() must let itself be closed, but RuntimeError"):
            check_connector(Stubborn)

    def test_connector_without_tunnels(self) -> None:
        class Direct(Connector):
            def co_open_tunnel(self, sock: socket.socket) -> Generator[PollNeeded, None, None]:
                return co_nothing()

            def co_start_tls(self, sock: Any, context: object) -> Generator[PollNeeded, None, Any]:
                yield from ()
                return sock

        with broken("co_open() must wait for the answer of a proxy"):
            check_connector(Direct)

    def test_connector_that_sends_something_else_to_the_proxy(self) -> None:
        class Odd(Connector):
            def co_open_tunnel(self, sock: socket.socket) -> Generator[PollNeeded, None, None]:
                sock.send(b"GET / HTTP/1.1\r\n\r\n")
                yield PollNeeded(sock.fileno(), POLLIN)

        with broken("the proxy must be asked for a tunnel, with the fields for it, not b'GET / "):
            check_connector(Odd)

    def test_connector_that_ignores_an_interrupt_before_it_begins(self) -> None:
        class Deaf(Connector):
            def interrupt(self) -> None:
                """Do nothing."""

        with broken("co_open() must raise ConnectionClosed after interrupt(), but nothing"):
            check_connector(Deaf)

    def test_connector_that_is_not_woken_by_an_interrupt(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Sleeping(Connector):
            def interrupt(self) -> None:
                self._interrupted = True

        monkeypatch.setattr("dugong.testing.connector_checks.PATIENCE", 0.4)
        with broken("interrupt() must end every wait"):
            check_connector(Sleeping)

    def test_connector_that_blocks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Only where it is interrupted, and only until the test is over
        is_over = threading.Event()
        calls: list[int] = []

        class Blocking(Connector):
            def co_open(self) -> Generator[PollNeeded, None, Transport]:
                calls.append(1)
                if len(calls) == 11:
                    is_over.wait(10)
                    raise ConnectionClosed("at last")
                return (yield from super().co_open())

        monkeypatch.setattr(promise, "PATIENCE", 0.1)
        monkeypatch.setattr("dugong.testing.connector_checks.PATIENCE", 1)
        with broken("co_open() may not block"):
            check_connector(Blocking)
        is_over.set()
