"""What a row of the tables of responses says, and short ways to write one.

The rules are the paragraphs of PROTOCOL.md, "Responses". A row expects what the contract says,
never what the implementation happens to do.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypedDict, Unpack

import attrs

from dugong.limits import Limits
from tests.playing import Verdict
from tests.segments import DEFAULT_LIMITS, End

Fields = tuple[tuple[str, str], ...]

REDUCED: Final = Limits(
    line_size=64, header_size=96, fields=4, extension_size=12, interim=2, stray_crlf=4
)


class Rule(Enum):
    """A paragraph of PROTOCOL.md, "Responses"."""

    STATUS_LINE = "Status line"
    LINES = "Lines"
    FIELDS = "Fields"
    LIMITS = "Limits"
    LENGTH = "Length of the body"
    CHUNKS = "Chunks"
    INTERIM = "Interim responses"
    PERSISTENCE = "Keeping the connection"
    END = "The end"
    STRAY = "Stray octets"


class AnswerOptions(TypedDict, total=False):
    """What is expected of a response beside its body."""

    status: int
    reason: str
    length: int | None
    interim: tuple[int, ...]
    fields: Fields
    trailers: Fields | None


@attrs.frozen
class ExpectedAnswer:
    """A response that the user gets.

    Attributes:
        body: The octets of its body that are delivered.
        is_whole: Whether the body comes to its end.
        status: The status code.
        reason: The reason phrase.
        length: What `HTTPResponse.length` says.
        interim: The statuses of the responses that were passed over.
        fields: All header fields; `None` where the row is not about them.
        trailers: The trailers of a chunked body; `None` for all others.
    """

    body: bytes = b""
    is_whole: bool = True
    status: int = 200
    reason: str = "OK"
    length: int | None = None
    interim: tuple[int, ...] = ()
    fields: Fields | None = None
    trailers: Fields | None = None


class VectorOptions(TypedDict, total=False):
    """What a row says where it is not the usual."""

    methods: tuple[str, ...]
    expect100: bool
    end: End
    limits: Limits
    spare: int


@attrs.frozen
class ResponseVector:
    """What a server sends, and what the user gets.

    Attributes:
        id: The name of the row.
        rule: The paragraph that it is about.
        octets: What the server sends, after all requests were sent.
        answers: The responses that the user gets; the last of them may be cut short.
        verdict: How it ends.
        methods: The methods of the requests, which are sent before anything is read.
        expect100: Whether the requests wait for a 100.
        end: What comes behind the octets.
        limits: The limits in force.
        spare: Octets at the end that are not needed for the verdict.
    """

    id: str
    rule: Rule
    octets: bytes = attrs.field(repr=False)
    answers: tuple[ExpectedAnswer, ...]
    verdict: Verdict
    methods: tuple[str, ...] = ("GET",)
    expect100: bool = False
    end: End = End.SILENCE
    limits: Limits = DEFAULT_LIMITS
    spare: int = 0


def answer(body: bytes = b"", **expected: Unpack[AnswerOptions]) -> ExpectedAnswer:
    """Return a response that comes whole, by default one of known length."""
    if "length" not in expected:
        expected["length"] = None if "trailers" in expected else len(body)
    return ExpectedAnswer(body, **expected)


def cut(delivered: bytes = b"", **expected: Unpack[AnswerOptions]) -> ExpectedAnswer:
    """Return a response whose body does not come to its end."""
    return ExpectedAnswer(delivered, False, **expected)


def kept(
    name: str,
    rule: Rule,
    octets: bytes,
    *answers: ExpectedAnswer,
    **options: Unpack[VectorOptions],
) -> ResponseVector:
    """Return a row whose connection takes a further request at the end."""
    return ResponseVector(name, rule, octets, answers or (answer(),), Verdict.KEPT, **options)


def closes(
    name: str,
    rule: Rule,
    octets: bytes,
    *answers: ExpectedAnswer,
    **options: Unpack[VectorOptions],
) -> ResponseVector:
    """Return a row whose connection takes no further request at the end."""
    return ResponseVector(name, rule, octets, answers or (answer(),), Verdict.CLOSES, **options)


def refused(
    name: str,
    rule: Rule,
    octets: bytes,
    *answers: ExpectedAnswer,
    **options: Unpack[VectorOptions],
) -> ResponseVector:
    """Return a row that ends in `InvalidResponse`, with its last octet if not said otherwise."""
    return ResponseVector(name, rule, octets, answers, Verdict.REFUSED, **options)


def unsupported(
    name: str,
    rule: Rule,
    octets: bytes,
    *answers: ExpectedAnswer,
    **options: Unpack[VectorOptions],
) -> ResponseVector:
    """Return a row that ends in `UnsupportedResponse`."""
    return ResponseVector(name, rule, octets, answers, Verdict.UNSUPPORTED, **options)


def closed(
    name: str,
    rule: Rule,
    octets: bytes,
    *answers: ExpectedAnswer,
    **options: Unpack[VectorOptions],
) -> ResponseVector:
    """Return a row that ends in `ConnectionClosed`, by an orderly end if not said otherwise."""
    options = {"end": End.EOF, **options}
    return ResponseVector(name, rule, octets, answers, Verdict.CLOSED, **options)


def waits(
    name: str,
    rule: Rule,
    octets: bytes,
    *answers: ExpectedAnswer,
    **options: Unpack[VectorOptions],
) -> ResponseVector:
    """Return a row whose octets are all good, but need more behind them."""
    return ResponseVector(name, rule, octets, answers, Verdict.WAITS, **options)
