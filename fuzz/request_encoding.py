"""Fuzzes the encoding of requests: what goes out is to a server what it was to the caller."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import h11

from dugong import BodyFollowing, ExcessBodyData
from fuzz.runner import main
from tests.segments import SegmentTransport, connection_over

# The parts of a request in an input: method, path, names and values, and a body in writes
_SEPARATOR: Final = "\xfe"
_OWN: Final = {
    *(b"host", b"accept-encoding", b"connection", b"content-length", b"content-md5", b"expect"),
    b"transfer-encoding",
}
SEEDS: Final = [
    _SEPARATOR.join(parts).encode()
    for parts in (
        ("GET", "/", "", "", ""),
        ("GET", "/a?b=c", "A", "b", "C", "d", ""),
        ("PUT", "/", "A", "b", "!body"),
        ("PUT", "/", "A", "b", ".body"),
        ("PUT", "/", "A", "b", "+body"),
        ("OPTIONS", "*", "Host", "other:80", ""),
        ("POST", "/", "Content-Length", "4", "!body"),
        ("POST", "/", "Connection", "close", ".a"),
        ("POST", "/", "Expect", "100-continue", "+a"),
        ("GET", "/\r\nX: y", "A", "b\r\nc: d", ""),
        ("GET /\r\n", "/ HTTP/1.1\r\n", "A: b\r\nC", "\0", ""),
        ("M-SEARCH", "/%0d%0a", "X-\u0130", "\u010d\u010a", ""),
        ("TRACE", "/", "Transfer-Encoding", "chunked", "!a"),
        ("CONNECT", "/", "Trailer", "X", "+a"),
    )
]


def fuzz_request_encoding(data: bytes) -> None:
    """Send a request that *data* describes: nothing goes out, or all of it, and nothing else."""
    method, path, fields, kind, body = described(data)
    given: bytes | BodyFollowing | None = None
    if kind == "!":
        given = body
    elif kind in ".+":
        given = BodyFollowing(len(body) if kind == "." else None) if kind else None
    transport = SegmentTransport([])
    conn = connection_over(transport)
    try:
        conn.send_request(method, path, fields, given)
    except ValueError as exc:
        assert not transport.sent
        # Of what was given at most 40 characters are shown, each as ten at most.
        assert len(str(exc)) < 500
        return
    if isinstance(given, BodyFollowing):
        if body:
            conn.write(body)
        conn.end_body()
        check_excess(conn.write)
    check(bytes(transport.sent), method, path, fields, body if kind else b"")


def check_excess(write: object) -> None:
    """Check that a body that is complete takes no more."""
    from dugong import StateError

    assert callable(write)
    try:
        write(b"more")
    except (ExcessBodyData, StateError):
        return
    raise AssertionError("more than the body was taken")


def described(data: bytes) -> tuple[str, str, dict[str, str], str, bytes]:
    """Return method, path, fields, kind of the body, and body."""
    parts = data.decode("utf-8", "surrogateescape").split(_SEPARATOR)
    method, path, *rest = [*parts, "", ""] if len(parts) < 2 else parts
    last = rest.pop() if len(rest) % 2 else ""
    fields = {name: value for name, value in zip(rest[::2], rest[1::2], strict=True) if name}
    body = last[1:].encode("utf-8", "surrogateescape")
    return method, path, fields, last[:1] if last[:1] in ("!", ".", "+") else "", body


def check(octets: bytes, method: str, path: str, fields: dict[str, str], body: bytes) -> None:
    """Check that h11, as a server, reads this request and nothing else."""
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=1_000_000)
    server.receive_data(octets)
    request = server.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target) == (method.encode(), path.encode())
    expected = [(n.lower().encode(), v.encode("latin-1")) for n, v in fields.items()]
    came = [(name, value) for name, value in request.headers if name not in _OWN]
    assert came == [pair for pair in expected if pair[0] not in _OWN]
    content = bytearray()
    while not isinstance(event := server.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data)
        content += event.data
    assert content == body
    assert server.trailing_data == (b"", False)


if __name__ == "__main__":
    main(fuzz_request_encoding, SEEDS)
