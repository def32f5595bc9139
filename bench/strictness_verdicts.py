"""What a client is asked, what came of it, and the judges that say whether that was right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TypeAlias

import attrs


class Verdict(Enum):
    """What a cell of the table says."""

    REFUSED = "refused"
    RIGHT = "right"
    WRONG = "WRONG"


@attrs.frozen
class Ask:
    """What the client is asked to send.

    Attributes:
        method: The method.
        path: The request target.
        headers: The caller's header fields.
        body: The body.
        expect: Whether to wait for 100 (Continue) before the body, if the client can.
    """

    method: str = "GET"
    path: str = "/1"
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes | None = None
    expect: bool = False


@attrs.frozen
class Answer:
    """What the client made of a response.

    Attributes:
        status: The status code; 0 where the request or its response was refused.
        body: The body.
        headers: The fields, each in lower case and joined to its value by a colon.
        error: What was raised, `""` for nothing.
        hung: Whether a time limit ended it.
    """

    status: int = 0
    body: bytes = b""
    headers: tuple[str, ...] = ()
    error: str = ""
    hung: bool = False


@attrs.frozen
class Outcome:
    """What happened in one row.

    Attributes:
        answers: One for each request.
        received: All octets that the server received, of one connection after the other.
        flooded: Whether the server could send all of a flood.
    """

    answers: Sequence[Answer]
    received: bytes = b""
    flooded: bool = False


Judge: TypeAlias = Callable[[Outcome], tuple[Verdict, str]]


def refused(outcome: Outcome) -> tuple[Verdict, str]:
    """The response has to be refused."""
    answer = outcome.answers[0]
    if answer.hung:
        return Verdict.WRONG, "hangs"
    if answer.error:
        return Verdict.REFUSED, answer.error
    return Verdict.WRONG, f"accepted {answer.status} {answer.body[:20]!r}"


def delivered(body: bytes, *, status: int = 200, or_refused: bool = False) -> Judge:
    """The response has to be delivered; where HTTP leaves the choice, it may be refused."""

    def judge(outcome: Outcome) -> tuple[Verdict, str]:
        answer = outcome.answers[0]
        if answer.hung:
            return Verdict.WRONG, "hangs"
        if answer.error:
            return (Verdict.REFUSED if or_refused else Verdict.WRONG), f"refused: {answer.error}"
        if (answer.status, answer.body) != (status, body):
            return Verdict.WRONG, f"took it for {answer.status} {answer.body[:20]!r}"
        return Verdict.RIGHT, ""

    return judge


def without_field(name: str, judge: Judge) -> Judge:
    """The response has to be delivered, but without a field that is no header field."""

    def judge_field(outcome: Outcome) -> tuple[Verdict, str]:
        if any(field.startswith(f"{name}:") for field in outcome.answers[0].headers):
            return Verdict.WRONG, f"took {name} for a header field"
        return judge(outcome)

    return judge_field


def without_octet(octet: str, judge: Judge) -> Judge:
    """A field value may be delivered only without *octet*."""

    def judge_octet(outcome: Outcome) -> tuple[Verdict, str]:
        if any(octet in field for field in outcome.answers[0].headers):
            return Verdict.WRONG, f"delivered a field with {octet!r}"
        return judge(outcome)

    return judge_octet


def not_confused(first: Judge) -> Judge:
    """The second request may fail, but has no other answer than its own."""

    def judge(outcome: Outcome) -> tuple[Verdict, str]:
        verdict, detail = first(outcome)
        if verdict is Verdict.WRONG or len(outcome.answers) == 1:
            return verdict, detail
        second = outcome.answers[1]
        if second.hung:
            return Verdict.WRONG, "hangs at the next request"
        if second.error:
            return Verdict.REFUSED, second.error
        if second.body != b"second":
            return Verdict.WRONG, f"gave {second.body[:20]!r} to the next request"
        return Verdict.RIGHT, ""

    return judge


def both_answered(first: Judge) -> Judge:
    """Both requests have to be answered."""

    def judge(outcome: Outcome) -> tuple[Verdict, str]:
        verdict, detail = not_confused(first)(outcome)
        if verdict is Verdict.REFUSED:
            return Verdict.WRONG, f"lost a request: {detail}"
        return verdict, detail

    return judge


def bounded(outcome: Outcome) -> tuple[Verdict, str]:
    """A flood has to be refused before it ends."""
    if outcome.flooded:
        return Verdict.WRONG, "took all of it"
    return refused(outcome)


def not_injected(outcome: Outcome) -> tuple[Verdict, str]:
    """No line of the caller's making may reach the server."""
    received = outcome.received.replace(b"\r", b"\n")
    if b"\ninjected: yes" in received.lower():
        return Verdict.WRONG, "the server saw the injected line"
    if b"\0" in received:
        return Verdict.WRONG, "the server saw a NUL"
    if outcome.answers[0].hung:
        return Verdict.WRONG, "hangs"
    if outcome.answers[0].error:
        return Verdict.REFUSED, outcome.answers[0].error
    return Verdict.RIGHT, ""


def not_two_lengths(outcome: Outcome) -> tuple[Verdict, str]:
    """The server may not see a length that is not that of the body."""
    head, _, body = outcome.received.partition(b"\r\n\r\n")
    fields = head.lower().split(b"\r\n")
    coded = any(field.startswith(b"transfer-encoding:") for field in fields)
    lengths = {
        field.partition(b":")[2].strip() for field in fields if field.startswith(b"content-length:")
    }
    longest = max((int(length) for length in lengths if length.isdigit()), default=0)
    if outcome.answers[0].error and len(body) < longest and len(lengths) == 1 and not coded:
        return Verdict.REFUSED, outcome.answers[0].error  # the server waits for the rest
    if outcome.answers[0].error and not outcome.received:
        return Verdict.REFUSED, outcome.answers[0].error
    if (coded and lengths) or len(lengths) > 1:
        return Verdict.WRONG, "sent two lengths"
    if coded and not body.startswith(b"5\r\nhello\r\n0\r\n"):
        return Verdict.WRONG, "sent Transfer-Encoding before a body that is not in chunks"
    if lengths and lengths != {b"%d" % len(body)}:
        return Verdict.WRONG, f"sent a length of {sorted(lengths)} and {len(body)} octets"
    return Verdict.RIGHT, ""
