"""Field names and values of the caller's, and those that are added."""

from typing import Final

from dugong import CaseInsensitiveDict
from tests.vectors.request_vector import (
    HOST,
    REST,
    RequestVector,
    get,
    mistyped,
    sent,
    wrong,
)

_TOKEN_MARKS: Final = "!#$%&'*+-.^_`|~"
_NO_TOKEN_MARKS: Final = '"(),/:;<=>?@[\\]{} \t'
_CONTROLS: Final = (*range(9), *range(10, 32), 127)
_EIGHT_BIT: Final = bytes(range(0xA0, 0x100))
_C1: Final = bytes(range(0x80, 0xA0))


def _line(host: bytes, *lines: bytes, rest: bytes = REST) -> bytes:
    fields = b"".join(line + b"\r\n" for line in lines)
    return b"GET / HTTP/1.1\r\n" + host + rest + fields + b"\r\n"


_NAMES: Final = (
    sent("headers-empty", get(), headers={}),
    sent("field", get(b"A: b"), headers={"A": "b"}),
    sent("fields-in-order", get(b"B: 1", b"A: 2"), headers={"B": "1", "A": "2"}),
    sent("name-keeps-its-case", get(b"aBc: d"), headers={"aBc": "d"}),
    sent("fields-of-another-mapping", get(b"A: b"), headers=CaseInsensitiveDict({"A": "b"})),
    *(
        sent(f"name-with-{mark}", get(b"a%c: b" % ord(mark)), headers={f"a{mark}": "b"})
        for mark in _TOKEN_MARKS
    ),
    wrong("name-empty", "name", headers={"": "a"}),
    wrong("name-empty-among-others", "name", headers={"A": "b", "": "c"}),
    *(wrong(f"name-with-{mark!r}", "name", headers={f"a{mark}": "b"}) for mark in _NO_TOKEN_MARKS),
    *(
        wrong(f"name-with-control-{octet:02x}", "name", headers={f"a{chr(octet)}b": "c"})
        for octet in _CONTROLS
    ),
    wrong("name-with-8-bit", "name", headers={"\xe9": "a"}),
    wrong("name-with-kelvin-sign", "name", headers={"\u212aey": "a"}),
    wrong("name-with-lone-surrogate", "name", headers={"a\udc80": "b"}),
    wrong("name-with-a-field", "name", headers={"A: b\r\nC": "d"}),
    wrong("names-equal-but-for-case", "case", headers={"A": "b", "a": "c"}),
    mistyped("name-of-bytes", "name", headers={b"A": "b"}),  # type: ignore[dict-item]
    mistyped("name-none", "name", headers={None: "b"}),  # type: ignore[dict-item]
    mistyped("headers-of-pairs", "mapping", headers=[("A", "b")]),  # type: ignore[arg-type]
    mistyped("headers-of-text", "mapping", headers="A: b"),  # type: ignore[arg-type]
    mistyped("headers-of-empty-list", "mapping", headers=[]),  # type: ignore[arg-type]
)

_VALUES: Final = (
    sent("value-empty", get(b"A: "), headers={"A": ""}),
    sent("value-with-inner-blanks", get(b"A: b \t c"), headers={"A": "b \t c"}),
    sent(
        "value-with-every-visible-octet",
        get(b"A: " + bytes(range(33, 127))),
        headers={"A": bytes(range(33, 127)).decode()},
    ),
    sent("value-with-8-bit", get(b"A: " + _EIGHT_BIT), headers={"A": _EIGHT_BIT.decode("latin-1")}),
    sent("value-with-c1-controls", get(b"A: " + _C1), headers={"A": _C1.decode("latin-1")}),
    sent("value-like-a-field", get(b"A: B: c"), headers={"A": "B: c"}),
    wrong("value-behind-blank", "A", headers={"A": " b"}),
    wrong("value-before-blank", "A", headers={"A": "b "}),
    wrong("value-behind-tab", "A", headers={"A": "\tb"}),
    wrong("value-before-tab", "A", headers={"A": "b\t"}),
    wrong("value-of-a-blank", "A", headers={"A": " "}),
    *(
        wrong(f"value-with-control-{octet:02x}", "X-Y", headers={"X-Y": f"a{chr(octet)}b"})
        for octet in _CONTROLS
    ),
    wrong("value-with-a-field", "A", headers={"A": "b\r\nC: d"}),
    wrong("value-with-a-fold", "A", headers={"A": "b\r\n c"}),
    wrong("value-with-a-request", "A", headers={"A": "b\r\n\r\nGET / HTTP/1.1\r\n\r\n"}),
    wrong("value-that-ends-in-crlf", "A", headers={"A": "b\r\n"}),
    wrong("value-of-the-second-field", "C", headers={"A": "b", "C": "\n"}),
    wrong("value-beyond-latin-1", "A", headers={"A": "\u20ac"}),
    wrong("value-whose-low-octets-are-crlf", "A", headers={"A": "b\u010d\u010ac"}),
    wrong("value-with-line-separator", "A", headers={"A": "b\u2028c"}),
    wrong("value-with-lone-surrogate", "A", headers={"A": "\udc0a"}),
    mistyped("value-of-bytes", "A", headers={"A": b"b"}),  # type: ignore[dict-item]
    mistyped("value-of-int", "A", headers={"A": 1}),  # type: ignore[dict-item]
    mistyped("value-none", "A", headers={"A": None}),  # type: ignore[dict-item]
    mistyped("value-of-list", "A", headers={"A": ["b"]}),  # type: ignore[dict-item]
)

_OWN: Final = (
    sent("host-of-the-caller", _line(b"Host: other:1\r\n"), headers={"Host": "other:1"}),
    sent("host-of-the-caller-in-lower-case", _line(b"host: other\r\n"), headers={"host": "other"}),
    sent(
        "host-of-the-caller-behind-a-field",
        _line(b"Host: b\r\n", b"A: b"),
        headers={"A": "b", "Host": "b"},
    ),
    sent("host-of-the-caller-that-is-empty", _line(b"Host: \r\n"), headers={"Host": ""}),
    sent("host-of-the-caller-ipv6", _line(b"Host: [::1]:8\r\n"), headers={"Host": "[::1]:8"}),
    *(
        wrong(f"host-of-the-caller-{name}", "Host", headers={"Host": value})
        for name, value in (
            ("with-path", "a/b"),
            ("with-user", "user@a"),
            ("with-blank", "a b"),
            ("with-crlf", "a\r\nb: c"),
            ("with-query", "a?b"),
            ("with-fragment", "a#b"),
            ("with-two-ports", "a:1:2"),
            ("with-8-bit", "\xe9"),
        )
    ),
    sent(
        "accept-encoding-of-the-caller",
        _line(HOST, rest=b"accept-encoding: gzip\r\nConnection: keep-alive\r\n"),
        headers={"accept-encoding": "gzip"},
    ),
    sent(
        "connection-of-the-caller",
        _line(HOST, rest=b"Accept-Encoding: identity\r\nConnection: close\r\n"),
        headers={"Connection": "close"},
    ),
    wrong(
        "transfer-encoding-of-the-caller",
        "Transfer-Encoding",
        headers={"Transfer-Encoding": "chunked"},
    ),
    wrong(
        "transfer-encoding-in-lower-case",
        "Transfer-Encoding",
        headers={"transfer-encoding": "identity"},
    ),
    wrong(
        "transfer-encoding-that-is-empty", "Transfer-Encoding", headers={"TRANSFER-ENCODING": ""}
    ),
)

VECTORS: Final[tuple[RequestVector, ...]] = (*_NAMES, *_VALUES, *_OWN)
