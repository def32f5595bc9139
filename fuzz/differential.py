"""Fuzzes responses against h11 and httptools (llhttp); PROTOCOL.md explains each disagreement.

A disagreement that no row of `EXPLAINED` explains fails.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import attrs
import h11
import httptools

from dugong import ConnectionClosed, InvalidResponse, UnsupportedResponse
from fuzz.explained import EXPLAINED, Kind, explanation
from fuzz.runner import main
from tests.segments import End, SegmentTransport, connection_over
from tests.vectors import RESPONSES

SEEDS: Final = [
    *(vector.octets for vector in RESPONSES if len(vector.octets) < 400),
    *(row.example for row in EXPLAINED),
]


@attrs.frozen
class Reading:
    """How somebody reads octets that end orderly, as the answer to one GET.

    Attributes:
        status: The status of the final response; `None` where its head was not accepted.
        body: The octets of its body.
        is_whole: Whether the response came to its end.
        error: Why not.
    """

    status: int | None = None
    body: bytes = b""
    is_whole: bool = False
    error: str = ""


def read_by_dugong(data: bytes) -> Reading:
    """Read *data* by this library."""
    conn = connection_over(SegmentTransport([data], End.EOF))
    conn.send_request("GET", "/")
    status, body, target = None, bytearray(), bytearray(4096)
    try:
        status = conn.read_response().status
        while count := conn.readinto(target):
            body += target[:count]
    except (ConnectionClosed, InvalidResponse, UnsupportedResponse) as exc:
        return Reading(status, bytes(body), error=f"{type(exc).__name__}: {exc}")
    return Reading(status, bytes(body), is_whole=True)


def read_by_h11(data: bytes) -> Reading:
    """Read *data* by h11."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "example.com")]))
    client.send(h11.EndOfMessage())
    status, body = None, bytearray()
    try:
        client.receive_data(data)
        if data:
            client.receive_data(b"")
        while not isinstance(event := client.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif not isinstance(event, h11.InformationalResponse):
                return Reading(status, bytes(body), error=repr(event))
    except h11.RemoteProtocolError as exc:
        return Reading(status, bytes(body), error=str(exc))
    return Reading(status, bytes(body), is_whole=True)


class _Messages:
    """What httptools says of each message."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.status: int | None = None
        self.body = bytearray()
        self.is_whole = False

    def on_message_begin(self) -> None:
        if not self.is_whole:
            self.status = None
            self.body.clear()

    def on_headers_complete(self) -> None:
        if not self.is_whole:
            self.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        if not self.is_whole:
            self.body += body

    def on_message_complete(self) -> None:
        self.is_whole = self.is_whole or (self.status is not None and self.status >= 200)


def read_by_httptools(data: bytes) -> Reading:
    """Read *data* by httptools. It is not told of the end, so what needs the end is not whole."""
    messages = _Messages()
    error = ""
    try:
        messages.parser.feed_data(data)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
        error = f"{type(exc).__name__}: {exc}"
    return Reading(messages.status, bytes(messages.body), messages.is_whole, error)


def kind_of(ours: Reading, other: Reading) -> Kind | None:
    """Return how two readings disagree, or `None` where they do not."""
    if ours.is_whole and other.is_whole:
        same = (ours.status, ours.body) == (other.status, other.body)
        return None if same else Kind.DIFFERENT
    if ours.is_whole and other.error:
        return Kind.ACCEPTED
    if other.is_whole and not ours.is_whole:
        return Kind.REFUSED
    return None


READERS: Final = {"h11": read_by_h11, "httptools": read_by_httptools}


def fuzz_differential(data: bytes) -> None:
    """Compare how *data* is read; what is read otherwise has to be explained."""
    ours = read_by_dugong(data)
    for peer, read in READERS.items():
        theirs = read(data)
        kind = kind_of(ours, theirs)
        if kind is not None:
            error = ours.error or theirs.error
            assert explanation(kind, peer, error, data), (kind, peer, ours, theirs)


if __name__ == "__main__":
    main(fuzz_differential, SEEDS)
