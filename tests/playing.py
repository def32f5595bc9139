"""Plays a server's octets to a connection, and tells what its user gets.

It owns the ways in which operations are called and bodies are read. It knows no expectations: the
tests of the vectors, the properties and the fuzz targets compare the outcomes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import attrs

from dugong import (
    BodyFollowing,
    ConnectionClosed,
    ConnectionTimedOut,
    HTTPConnection,
    HTTPResponse,
    InvalidResponse,
    UnsupportedResponse,
)
from tests.segments import SILENCE

if TYPE_CHECKING:
    from dugong import PollNeeded

Params = ParamSpec("Params")
Result = TypeVar("Result")

READINTO_SIZE: Final = 40
EXPECTING_BODY: Final = b"abc"  # what is written once the awaited 100 came


class Verdict(Enum):
    """How a run ends."""

    KEPT = "all responses were read, and a further request was sent"
    CLOSES = "all responses were read, and the connection takes no further request"
    WAITS = "more octets are waited for"
    REFUSED = "InvalidResponse"
    UNSUPPORTED = "UnsupportedResponse"
    CLOSED = "ConnectionClosed"


class Reading(Enum):
    """In which way a body is read."""

    READALL = "readall"
    READ_ONE = "read(1)"
    READ_SEVEN = "read(7)"
    READINTO = "readinto"
    DISCARD = "discard"

    @property
    def tells_delivered(self) -> bool:
        """Whether the octets before a fault are seen."""
        return self not in (Reading.READALL, Reading.DISCARD)


class Face(Enum):
    """In which way operations are called."""

    BLOCKING = "blocking"
    COROUTINE = "coroutine"


class Waited(Exception):  # not an error: the peer is silent
    """The operation waits for octets that do not come."""


def operate(
    face: Face,
    blocking: Callable[Params, Result],
    coroutine: Callable[Params, Generator[PollNeeded, None, Result]],
    *args: Params.args,
    **kwargs: Params.kwargs,
) -> Result:
    """Call an operation in one of its faces.

    Raises:
        Waited: The operation waits for octets, and the peer is silent.
    """
    if face is Face.BLOCKING:
        try:
            return blocking(*args, **kwargs)
        except ConnectionTimedOut:
            raise Waited from None
    crt = coroutine(*args, **kwargs)
    try:
        while next(crt) is not SILENCE:
            pass
    except StopIteration as stop:
        result: Result = stop.value
        return result
    crt.close()
    raise Waited


@attrs.frozen
class Answer:
    """A response, as far as its user gets it.

    Attributes:
        status: The status code.
        reason: The reason phrase.
        length: What `HTTPResponse.length` says.
        interim: The statuses of the responses that were passed over.
        body: The octets that were delivered; `None` where the way of reading does not tell.
        is_whole: Whether the body was read to its end.
    """

    status: int
    reason: str
    length: int | None
    interim: tuple[int, ...]
    body: bytes | None
    is_whole: bool


@attrs.frozen
class Outcome:
    """What a run came to.

    Attributes:
        answers: The responses that came; the last of them may be cut short.
        verdict: How the run ended.
    """

    answers: tuple[Answer, ...]
    verdict: Verdict


@attrs.define(eq=False)
class Play:
    """One run: requests are sent, and their responses read, in one way.

    Attributes:
        conn: The connection.
        face: In which way operations are called.
        reading: In which way bodies are read.
        heads: The responses that came.
        trailers: What `HTTPConnection.trailers` said behind each of them.
    """

    conn: HTTPConnection
    face: Face = Face.BLOCKING
    reading: Reading = Reading.READ_SEVEN
    heads: list[HTTPResponse] = attrs.field(factory=list)
    trailers: list[list[tuple[str, str]] | None] = attrs.field(factory=list)

    def run(self, methods: Iterable[str], *, expect100: bool = False) -> Outcome:
        """Send a request with each of *methods*, and read the responses as far as they come."""
        answers: list[Answer] = []
        for method in methods:
            body = BodyFollowing(len(EXPECTING_BODY)) if expect100 else None
            self.conn.send_request(method, "/", None, body, expect100)
        try:
            self.read_responses(answers)
            verdict = self._next_request()
        except Waited:
            verdict = Verdict.WAITS
        except (InvalidResponse, UnsupportedResponse, ConnectionClosed) as exc:
            verdict = _VERDICTS[type(exc)]
        return Outcome(tuple(answers), verdict)

    def read_responses(self, answers: list[Answer] | None = None) -> None:
        """Read all responses that are owed; what came of them is added to *answers*."""
        came = [] if answers is None else answers
        while self.conn.response_pending():
            self._read_response(came)

    def _next_request(self) -> Verdict:
        try:
            self.conn.send_request("GET", "/next")
        except ConnectionClosed:
            return Verdict.CLOSES
        return Verdict.KEPT

    def _read_response(self, answers: list[Answer]) -> None:
        conn = self.conn
        head = operate(self.face, conn.read_response, conn.co_read_response)
        self.heads.append(head)
        pieces: list[bytes] = []
        is_whole = False
        try:
            for piece in self._pieces():
                pieces.append(piece)  # noqa: PERF402  # they are to be kept where it raises
            is_whole = True
        finally:
            tells = self.reading.tells_delivered or (
                is_whole and self.reading is not Reading.DISCARD
            )
            interim = tuple(passed.status for passed in head.interim)
            body = b"".join(pieces) if tells else None
            answers.append(Answer(head.status, head.reason, head.length, interim, body, is_whole))
            self.trailers.append(None if conn.trailers is None else conn.trailers.items())
        if head.status == 100:
            conn.write(EXPECTING_BODY)

    def _pieces(self) -> Iterator[bytes]:
        """Give the body as it is delivered."""
        conn, face = self.conn, self.face
        if self.reading is Reading.READALL:
            yield operate(face, conn.readall, conn.co_readall)
        elif self.reading is Reading.DISCARD:
            operate(face, conn.discard, conn.co_discard)
        elif self.reading is Reading.READINTO:
            target = bytearray(READINTO_SIZE)
            while count := operate(face, conn.readinto, conn.co_readinto, target):
                yield bytes(target[:count])
        else:
            size = 1 if self.reading is Reading.READ_ONE else 7
            while piece := operate(face, conn.read, conn.co_read, size):
                assert len(piece) <= size
                yield piece


_VERDICTS: Final[Mapping[type[Exception], Verdict]] = {
    InvalidResponse: Verdict.REFUSED,
    UnsupportedResponse: Verdict.UNSUPPORTED,
    ConnectionClosed: Verdict.CLOSED,
}
