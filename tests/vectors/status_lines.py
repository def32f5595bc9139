"""Status lines: RFC 9112 section 4, as PROTOCOL.md reads it."""

from typing import Final

from tests.vectors.response_vector import (
    ResponseVector,
    Rule,
    answer,
    closes,
    kept,
    refused,
    unsupported,
    waits,
)

_RULE: Final = Rule.STATUS_LINE
_END: Final = b"\r\nContent-Length: 0\r\n\r\n"


def _reason(octet: int) -> str:
    return f"a{chr(octet)}b"


_ACCEPTED: Final = (
    kept("one-digit-minor-and-reason", _RULE, b"HTTP/1.1 200 OK" + _END),
    kept("reason-missing-with-blank", _RULE, b"HTTP/1.1 200 " + _END, answer(reason="")),
    kept("reason-missing-without-blank", _RULE, b"HTTP/1.1 200" + _END, answer(reason="")),
    kept("reason-of-a-tab", _RULE, b"HTTP/1.1 200 \t" + _END, answer(reason="\t")),
    kept(
        "reason-of-words", _RULE, b"HTTP/1.1 200 All is well" + _END, answer(reason="All is well")
    ),
    kept("reason-ends-in-blank", _RULE, b"HTTP/1.1 200 OK " + _END, answer(reason="OK ")),
    kept("reason-looks-like-a-field", _RULE, b"HTTP/1.1 200 A: b" + _END, answer(reason="A: b")),
    kept("reason-in-utf-8", _RULE, b"HTTP/1.1 200 \xc3\xa9" + _END, answer(reason="\xc3\xa9")),
    kept(
        "reason-first-octet-above-ascii", _RULE, b"HTTP/1.1 200 \x80" + _END, answer(reason="\x80")
    ),
    kept("reason-last-octet", _RULE, b"HTTP/1.1 200 \xff" + _END, answer(reason="\xff")),
    kept("reason-of-next-line-control", _RULE, b"HTTP/1.1 200 \x85" + _END, answer(reason="\x85")),
    kept(
        "reason-longer-than-64", _RULE, b"HTTP/1.1 200 " + b"r" * 99 + _END, answer(reason="r" * 99)
    ),
    closes("minor-0", _RULE, b"HTTP/1.0 200 OK" + _END),
    *(
        kept(f"minor-{minor}-is-read-as-1", _RULE, b"HTTP/1.%d 200 OK" % minor + _END)
        for minor in range(2, 10)
    ),
    *(
        kept(f"status-{status}", _RULE, b"HTTP/1.1 %d OK" % status + _END, answer(status=status))
        for status in (200, 201, 206, 299, 300, 399, 400, 418, 499, 500, 599, 600, 999)
    ),
)

# Each ends in the octet by which it cannot be a status line any more.
_REFUSED: Final = (
    refused("version-in-lower-case", _RULE, b"h"),
    refused("version-in-mixed-case", _RULE, b"HTt"),
    refused("blank-before", _RULE, b" "),
    refused("tab-before", _RULE, b"\t"),
    refused("empty-line-before", _RULE, b"\r"),
    refused("bare-lf-before", _RULE, b"\n"),
    refused("nul-before", _RULE, b"\0"),
    refused("octet-above-ascii-before", _RULE, b"\xff"),
    refused("byte-order-mark", _RULE, b"\xef"),
    refused("other-protocol", _RULE, b"I"),
    refused("html-without-head", _RULE, b"<"),
    refused("letter-for-slash", _RULE, b"HTTPS"),
    refused("blank-before-slash", _RULE, b"HTTP "),
    refused("no-digit-for-major", _RULE, b"HTTP/x"),
    refused("sign-before-major", _RULE, b"HTTP/+"),
    refused("blank-before-major", _RULE, b"HTTP/ "),
    refused("two-digits-for-major", _RULE, b"HTTP/11"),
    refused("leading-zero-of-major", _RULE, b"HTTP/01"),
    refused("comma-for-point", _RULE, b"HTTP/1,"),
    refused("no-minor", _RULE, b"HTTP/1 "),
    refused("no-digit-for-minor", _RULE, b"HTTP/1.x"),
    refused("blank-for-minor", _RULE, b"HTTP/1. "),
    refused("digit-above-ascii-for-minor", _RULE, b"HTTP/1.\xb9"),
    refused("two-digits-for-minor", _RULE, b"HTTP/1.10"),
    refused("tab-behind-version", _RULE, b"HTTP/1.1\t"),
    refused("nothing-behind-version", _RULE, b"HTTP/1.1\r"),
    refused("two-blanks-before-status", _RULE, b"HTTP/1.1  "),
    refused("sign-before-status", _RULE, b"HTTP/1.1 +"),
    refused("minus-before-status", _RULE, b"HTTP/1.1 -"),
    refused("first-digit-of-status-0", _RULE, b"HTTP/1.1 0"),
    refused("letter-for-status", _RULE, b"HTTP/1.1 O"),
    refused("digits-of-status-above-ascii", _RULE, b"HTTP/1.1 \xb2"),
    refused("digits-of-status-full-width", _RULE, b"HTTP/1.1 \xef"),
    refused("point-in-status", _RULE, b"HTTP/1.1 2."),
    refused("underscore-in-status", _RULE, b"HTTP/1.1 2_"),
    refused("one-digit-of-status", _RULE, b"HTTP/1.1 2 "),
    refused("two-digits-of-status", _RULE, b"HTTP/1.1 20 "),
    refused("two-digits-of-status-at-the-end", _RULE, b"HTTP/1.1 20\r"),
    refused("hexadecimal-status", _RULE, b"HTTP/1.1 20a"),
    refused("four-digits-of-status", _RULE, b"HTTP/1.1 2000"),
    refused("tab-behind-status", _RULE, b"HTTP/1.1 200\t"),
    refused("reason-without-blank", _RULE, b"HTTP/1.1 200O"),
    *(
        refused(f"control-{octet:02x}-in-reason", _RULE, b"HTTP/1.1 200 a%c" % octet)
        for octet in (*range(9), 11, 12, *range(14, 32), 127)
    ),
    refused("control-in-a-reason-longer-than-64", _RULE, b"HTTP/1.1 200 " + b"r" * 99 + b"\x01"),
)

_UNSUPPORTED: Final = (
    *(
        unsupported(f"major-{major}", _RULE, b"HTTP/%d.0 " % major)
        for major in (0, 2, 3, 4, 5, 6, 7, 8, 9)
    ),
    unsupported("major-2-minor-9", _RULE, b"HTTP/2.9 "),
    unsupported("major-2-whole", _RULE, b"HTTP/2.0 200 OK" + _END, spare=29),
    unsupported("major-2-ends-in-bare-lf", _RULE, b"HTTP/2.0 200 OK\n", spare=7),
    unsupported("major-2-with-controls", _RULE, b"HTTP/2.0 \0\r\x01\r\n", spare=5),
    refused("major-2-without-minor", _RULE, b"HTTP/2 "),
    refused("major-2-ends-behind-minor", _RULE, b"HTTP/2.0\r"),
)

_LINE: Final = b"HTTP/1.1 200 OK\r\n"
_UNFINISHED: Final = (
    waits("no-octet", _RULE, b""),
    *(waits(f"first-{count}-octets", _RULE, _LINE[:count]) for count in range(1, len(_LINE) + 1)),
    waits("no-blank-before-end", _RULE, b"HTTP/1.1 200\r"),
    waits("major-2-without-blank", _RULE, b"HTTP/2.0"),
)

VECTORS: Final[tuple[ResponseVector, ...]] = (
    *_ACCEPTED,
    *_REFUSED,
    *_UNSUPPORTED,
    *_UNFINISHED,
)
