"""Where h11 and httptools (llhttp) read a response otherwise, and the rule that explains it.

Data, and how to look it up. `fuzz/differential.py` finds the disagreements.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

import attrs


class Kind(Enum):
    """In which way two readings disagree."""

    REFUSED = "dugong refuses what the other accepts"
    ACCEPTED = "dugong accepts what the other refuses"
    DIFFERENT = "both accept, and read something else"


@attrs.frozen
class Explained:
    """A class of disagreements, and the rule of PROTOCOL.md that explains it.

    Attributes:
        kind: In which way the readings disagree.
        peers: Who reads it otherwise.
        error: What the one says who refuses, as a regular expression.
        witness: What is to be found in the octets.
        rule: What PROTOCOL.md says, "Responses".
        example: Octets that are read otherwise, and by no other row explained.
    """

    kind: Kind
    peers: tuple[str, ...]
    error: str
    witness: bytes
    rule: str
    example: bytes


_BOTH: Final = ("h11", "httptools")
_H11: Final = ("h11",)
_LLHTTP: Final = ("httptools",)
_CONTROL: Final = rb"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]"
_NO_BODY: Final = rb" (?:1[0-9][0-9]|204|304)(?:[ \r]|\Z)"
# Behind it the two stand at different octets, and whatever comes is read otherwise.
_FRAMED_INTERIM: Final = (
    rb"(?:\A|\n)HTTP/1\.[0-9] 1[0-9][0-9][^\n]*\n(?:[^\r\n][^\n]*\n)*?"
    rb"(?:content-length|transfer-encoding):"
)
_OK: Final = b"HTTP/1.1 200 OK\r\n"
_CHUNKED: Final = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
EXPLAINED: Final = (
    Explained(
        Kind.REFUSED,
        _BOTH,
        "UnsupportedResponse: major version",
        rb"HTTP/[02-9]\.[0-9] ",
        "Status line: another major version is unsupported",
        b"HTTP/2.0 204 OK\r\n\r\n",
    ),
    Explained(
        Kind.REFUSED,
        _BOTH,
        "status line breaks|control character in a status line",
        rb"HTTP/1\.[0-9] [1-9][0-9]{2} [^\n]*" + _CONTROL,
        "Status line: in the reason no control but HTAB",
        b"HTTP/1.1 204 a\x16\r\n\r\n",
    ),
    Explained(
        Kind.REFUSED,
        _LLHTTP,
        "status line breaks|status line ends in a bare LF",
        rb"(?:\A|\r\n\r\n)[\r\n]",
        "Status line: anything else is refused, empty lines before it too",
        b"\nHTTP/1.1 204 OK\r\n\r\n",
    ),
    Explained(
        Kind.REFUSED,
        _LLHTTP,
        "status line breaks",
        rb"HTTP/1\.[0-9] 0[0-9]{2}",
        "Status line: three digits of which the first is 1 to 9",
        b"HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\nHTTP/1.1 204 OK\r\n\r\n",
    ),
    Explained(
        Kind.REFUSED,
        _BOTH,
        "more than 32 interim responses",
        rb"HTTP/1\.[0-9] 1[0-9][0-9]",
        "Limits: 32 interim responses before each final one",
        b"HTTP/1.1 103 x\r\n\r\n" * 33 + b"HTTP/1.1 204 OK\r\n\r\n",
    ),
    Explained(
        Kind.REFUSED,
        _BOTH,
        "more than 256 field lines",
        rb":[^\n]*\n[^\n:]+:",
        "Limits: 256 fields in a header or trailer section",
        b"HTTP/1.1 204 OK\r\n" + b"a:\r\n" * 257 + b"\r\n",
    ),
    Explained(
        Kind.REFUSED,
        _H11,
        "ends in a bare LF",
        rb"(?<!\r)\n",
        "Lines end in CRLF; a bare LF is refused",
        b"HTTP/1.1 204\n\n",
    ),
    Explained(
        Kind.REFUSED,
        _H11,
        "control character in a (field value|folded line)",
        _CONTROL,
        "Fields: controls other than HTAB are refused",
        b"HTTP/1.1 204 OK\r\nA: b\x1ec\r\n\r\n",
    ),
    Explained(
        Kind.REFUSED,
        _H11,
        "chunk size line is not",
        rb";[^\n]*(?:\"|\r(?!\n)|" + _CONTROL + rb")",
        "Chunks: extensions are ignored, their octets checked, quoted strings understood",
        _CHUNKED + b"0;a=\x7f\r\n\r\n",
    ),
    Explained(
        Kind.REFUSED,
        _BOTH,
        "chunk size line is not",
        rb"[0-9A-Fa-f]{17}",
        "Chunks: a size has 1 to 16 digits",
        _CHUNKED + b"00000000000000000\r\n\r\n",
    ),
    Explained(
        Kind.REFUSED,
        _BOTH,
        "Content-Length is not one number",
        rb"[0-9]{20}",
        "Length of the body, 4: at most 19 digits",
        _OK + b"Content-Length: 00000000000000000002\r\n\r\nhi",
    ),
    Explained(
        Kind.REFUSED,
        _LLHTTP,
        "UnsupportedResponse: transfer coding",
        rb"transfer-encoding:[^\n]*[^ \t\r\n]",
        "Length of the body, 3: any other transfer coding is unsupported",
        _OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _H11,
        "(bad|conflicting) Content-Length",
        _NO_BODY,
        "Length of the body, 1: none, whatever the fields say",
        b"HTTP/1.1 204 OK\r\nContent-Length: x\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _H11,
        "(bad|conflicting) Content-Length",
        rb"transfer-encoding:",
        "Length of the body, 2: chunked, with any Content-Length beside it",
        _OK + b"Content-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _H11,
        "Only Transfer-Encoding: chunked|multiple Transfer-Encoding",
        _NO_BODY,
        "Length of the body, 1: none, whatever the fields say",
        b"HTTP/1.1 204 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _H11,
        "Only Transfer-Encoding: chunked|multiple Transfer-Encoding",
        rb"transfer-encoding:(?:.*,|[ \t]*\r)",
        "Length of the body, 2: empty list elements are ignored",
        _OK + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _H11,
        "conflicting Content-Length",
        rb"content-length:[^:]*\b0+[0-9]",
        "Length of the body, 4: equal values, as numbers, count once",
        _OK + b"Content-Length: 2\r\nContent-Length: 02\r\n\r\nhi",
    ),
    Explained(
        Kind.ACCEPTED,
        _H11,
        "Transfer-Encoding",
        rb"transfer-encoding:.*\r\n0+[ \t;\r].*\ntransfer-encoding:",
        "Chunks: trailer fields are kept apart from the header, and frame nothing",
        _CHUNKED + b"0\r\nTransfer-Encoding: gzip\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _H11,
        "illegal chunk header",
        rb"[0-9a-f][ \t]+;",
        "Chunks: blanks behind the size are accepted, before a semicolon too",
        _CHUNKED + b"0 ;a=b\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _LLHTTP,
        "Unexpected whitespace after header value|Invalid header value char",
        rb"\r\n[ \t]",
        "Fields: each fold is replaced by one SP",
        b"HTTP/1.1 204 OK\r\nA:\r\n b\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _LLHTTP,
        "Invalid HTTP version",
        rb"HTTP/1\.[2-9]",
        "Status line: HTTP/1.2 to 1.9 are read as 1.1",
        b"HTTP/1.2 204 OK\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _LLHTTP,
        "Content-Length",
        _NO_BODY,
        "Length of the body, 1: none, whatever the fields say",
        b"HTTP/1.1 204 OK\r\nContent-Length: x\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _LLHTTP,
        "Content-Length",
        rb"transfer-encoding:",
        "Length of the body, 2: chunked, with any Content-Length beside it",
        _OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _LLHTTP,
        "Content-Length",
        rb"content-length:[^\n]*,|content-length:[^\n]*\n(?:.*\n)?content-length:",
        "Length of the body, 4: equal values count once",
        _OK + b"Content-Length: 2, 2\r\n\r\nhi",
    ),
    Explained(
        Kind.ACCEPTED,
        _LLHTTP,
        "Empty Transfer-Encoding",
        rb"transfer-encoding:[ \t]*\r",
        "Length of the body, 2: empty list elements are ignored",
        _OK + b"Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _LLHTTP,
        "Invalid character in chunk size",
        rb"[0-9a-f][ \t]",
        "Chunks: blanks behind the size are accepted",
        _CHUNKED + b"0 \r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _LLHTTP,
        "Invalid character in chunk extensions",
        rb"[0-9a-f][ \t]*;",
        "Chunks: extensions are ignored, but for controls and quotes",
        _CHUNKED + b"0;a;\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _LLHTTP,
        "Data after `Connection: close`",
        rb" 1[0-9][0-9][ \r]",
        "Interim responses are passed over, whatever they say of the connection",
        b"HTTP/1.0 103 x\r\n\r\nHTTP/1.1 204 OK\r\n\r\n",
    ),
    Explained(
        Kind.REFUSED,
        _LLHTTP,
        "",
        _FRAMED_INTERIM,
        "Length of the body, 1: a 1xx has none, whatever its fields say",
        b"HTTP/1.1 199 x\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 204 OK\r\n\r\n",
    ),
    Explained(
        Kind.DIFFERENT,
        _LLHTTP,
        "",
        _FRAMED_INTERIM,
        "Length of the body, 1: a 1xx has none, whatever its fields say",
        b"HTTP/1.1 199 x\r\nContent-Length: 19\r\n\r\n"
        b"HTTP/1.1 204 OK\r\n\r\nHTTP/1.1 304 OK\r\n\r\n",
    ),
    Explained(
        Kind.ACCEPTED,
        _LLHTTP,
        "",
        _FRAMED_INTERIM,
        "Length of the body, 1: a 1xx has none, whatever its fields say",
        b"HTTP/1.1 199 x\r\nContent-Length: 2\r\n\r\nHTTP/1.1 204 OK\r\n\r\n",
    ),
)


def explanation(kind: Kind, peer: str, error: str, data: bytes) -> Explained | None:
    """Return the first row that explains a disagreement."""
    return next(
        (
            row
            for row in EXPLAINED
            if row.kind is kind
            and peer in row.peers
            and re.search(row.error, error)
            and re.search(row.witness, data, re.IGNORECASE | re.DOTALL)
        ),
        None,
    )
