"""Interim responses: RFC 9110 section 15.2."""

from typing import Final

from tests.vectors.response_vector import (
    ResponseVector,
    Rule,
    answer,
    closed,
    closes,
    cut,
    kept,
    refused,
    unsupported,
    waits,
)

_RULE: Final = Rule.INTERIM
_FINAL: Final = b"HTTP/1.1 204 OK\r\n\r\n"
_HINTS: Final = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_SWITCH: Final = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"


def _passed(name: str, octets: bytes, *statuses: int) -> ResponseVector:
    return kept(name, _RULE, octets + _FINAL, answer(status=204, interim=statuses))


VECTORS: Final[tuple[ResponseVector, ...]] = (
    _passed("early-hints", _HINTS, 103),
    _passed("processing", b"HTTP/1.1 102 Processing\r\n\r\n", 102),
    _passed("unknown-status", b"HTTP/1.1 199 x\r\n\r\n", 199),
    _passed("continue-that-nobody-awaits", _CONTINUE, 100),
    _passed("several", _CONTINUE + _HINTS + _HINTS, 100, 103, 103),
    _passed("without-reason", b"HTTP/1.1 103\r\n\r\n", 103),
    _passed("of-http-1.0", b"HTTP/1.0 103 x\r\n\r\n", 103),
    _passed("with-content-length", b"HTTP/1.1 103 x\r\nContent-Length: 5\r\n\r\n", 103),
    _passed("with-chunked", b"HTTP/1.1 103 x\r\nTransfer-Encoding: chunked\r\n\r\n", 103),
    # What is suspect about its framing closes, though it has no body ("Length of the body", 2).
    *(
        closes(f"with-{name}", _RULE, interim + _FINAL, answer(status=204, interim=(103,)))
        for name, interim in (
            (
                "both-lengths",
                b"HTTP/1.1 103 x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            ),
            ("chunked-in-http-1.0", b"HTTP/1.0 103 x\r\nTransfer-Encoding: chunked\r\n\r\n"),
        )
    ),
    _passed("with-connection-close", b"HTTP/1.1 103 x\r\nConnection: close\r\n\r\n", 103),
    kept(
        "before-each-of-two-responses",
        _RULE,
        (_HINTS + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") * 2,
        *(answer(b"hi", interim=(103,)),) * 2,
        methods=("GET", "POST"),
    ),
    kept(
        "before-the-second-of-two-responses",
        _RULE,
        _FINAL + _HINTS + _FINAL,
        answer(status=204),
        answer(status=204, interim=(103,)),
        methods=("GET", "GET"),
    ),
    kept(
        "before-the-response-to-head",
        _RULE,
        _HINTS + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
        answer(interim=(103,)),
        methods=("HEAD",),
    ),
    unsupported("switch-of-protocols", _RULE, _SWITCH),
    unsupported("switch-of-protocols-behind-hints", _RULE, _HINTS + _SWITCH),
    unsupported("switch-of-protocols-behind-continue", _RULE, _CONTINUE + _SWITCH),
    unsupported(
        "switch-of-protocols-as-second",
        _RULE,
        _FINAL + _SWITCH,
        answer(status=204),
        methods=("GET", "GET"),
    ),
    unsupported("switch-of-protocols-in-http-1.0", _RULE, b"HTTP/1.0 101 x\r\n\r\n"),
    refused("wrong-field", _RULE, b"HTTP/1.1 103 x\r\nA : b\r\n"),
    refused("body-behind-it", _RULE, b"HTTP/1.1 103 x\r\nContent-Length: 2\r\n\r\nh"),
    refused("wrong-status-line-behind-it", _RULE, _HINTS + b"x"),
    closed("end-behind-it", _RULE, _HINTS),
    closed("end-within-it", _RULE, _HINTS[:30]),
    waits("nothing-behind-it", _RULE, _HINTS),
    kept(
        "awaited-continue-is-returned",
        _RULE,
        _CONTINUE + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        answer(status=100, reason="Continue"),
        answer(b"hi"),
        expect100=True,
        methods=("PUT",),
    ),
    kept(
        "hints-before-awaited-continue",
        _RULE,
        _HINTS + _CONTINUE + _FINAL,
        answer(status=100, reason="Continue", interim=(103,)),
        answer(status=204),
        expect100=True,
        methods=("PUT",),
    ),
    kept(
        "hints-behind-awaited-continue",
        _RULE,
        _CONTINUE + _HINTS + _FINAL,
        answer(status=100, reason="Continue"),
        answer(status=204, interim=(103,)),
        expect100=True,
        methods=("PUT",),
    ),
    kept(
        "second-continue-is-passed-over",
        _RULE,
        _CONTINUE + _CONTINUE + _FINAL,
        answer(status=100, reason="Continue"),
        answer(status=204, interim=(100,)),
        expect100=True,
        methods=("PUT",),
    ),
    kept(
        "final-status-for-the-awaited-continue",
        _RULE,
        b"HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nhi",
        answer(b"hi", status=417, reason="No"),
        expect100=True,
        methods=("PUT",),
    ),
    unsupported(
        "switch-of-protocols-for-the-awaited-continue",
        _RULE,
        _SWITCH,
        expect100=True,
        methods=("PUT",),
    ),
    refused(
        "wrong-octets-behind-awaited-continue",
        _RULE,
        _CONTINUE + b"x",
        answer(status=100, reason="Continue"),
        expect100=True,
        methods=("PUT",),
    ),
    closed("end-for-the-awaited-continue", _RULE, b"", expect100=True, methods=("PUT",)),
    closed(
        "end-behind-awaited-continue",
        _RULE,
        _CONTINUE,
        answer(status=100, reason="Continue"),
        expect100=True,
        methods=("PUT",),
    ),
    closed(
        "end-within-the-refusal-of-a-body",
        _RULE,
        b"HTTP/1.1 417 No\r\nContent-Length: 3\r\n\r\nhi",
        cut(b"hi", status=417, reason="No", length=3),
        expect100=True,
        methods=("PUT",),
    ),
)
