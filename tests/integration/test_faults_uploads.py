"""The peer cuts an upload after every octet it received: the client is told, or has its answer."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Final

import pytest

from dugong import BodyFollowing, ConnectionClosed, HTTPConnection, HTTPResponse
from tests.integration.certificates import TlsContexts
from tests.integration.exchanges import check_is_over
from tests.integration.fault_clients import (
    FACES,
    SMALL_BUFFER,
    BlockingFace,
    SmallCoroutineFace,
    Tally,
    open_client,
)
from tests.integration.faults import PATIENCE, Cut, End, Wire, drive
from tests.integration.peers import Connection, Peer, may_be_cut

STEPS: Final[tuple[Callable[[HTTPConnection], None], ...]] = (
    lambda client: client.send_request("PUT", "/sized", body=BodyFollowing(30)),
    lambda client: client.write(b"0123456789"),
    lambda client: client.write(b"abcdefghijklmnopqrst"),
    lambda client: client.send_request("POST", "/chunked", body=BodyFollowing()),
    lambda client: client.write(b"hello"),
    lambda client: client.write(b"x" * 17),
    lambda client: client.end_body({"X-Digest": "none"}),
    lambda client: client.send_request("PUT", "/whole", body=b"all in one"),
)
"""Calls that send three requests, in ten or so segments."""

REFUSAL: Final = (
    b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large"
)
HALF: Final = "half-close"
LARGE: Final = 400_000  # octets; more than the small buffers take


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as listening:
        yield listening


@contextmanager
def connected(
    wire: Wire, face: type[BlockingFace], context: ssl.SSLContext | None = None
) -> Iterator[tuple[BlockingFace, End]]:
    end = wire.end()
    client = open_client(wire, face, end, context)
    try:
        yield client, end
    finally:
        client.disconnect()
        end.close()


def upload_size(wire: Wire, context: ssl.SSLContext | None = None) -> int:
    """Return the octets, on the wire, of an upload that nobody cuts."""
    with connected(wire, BlockingFace, context) as (client, end):
        before = end.taken
        for step in STEPS:
            step(client)
        while end.take():
            pass
        return end.taken - before


def upload_until(client: BlockingFace, end: End, count: int, cut: Callable[[], None]) -> bool:
    """Upload to a peer that calls *cut* when it has taken *count* octets; tell whether it went."""
    target = end.taken + count
    is_done = False
    failure: ConnectionClosed | None = None
    for step in STEPS:
        try:
            step(client)
            assert failure is None, "a send succeeded behind one that failed"
        except ConnectionClosed as exc:
            failure = exc
        while not is_done and end.taken < target and end.take(target - end.taken):
            pass
        if not is_done and end.taken == target:
            is_done = True
            cut()
    assert is_done
    return failure is None


def read_refusal(client: HTTPConnection) -> HTTPResponse:
    """Return the refusal, which has to be whole; then the connection has to be over."""
    response = client.read_response()
    assert (response.path, response.status) == ("/sized", 413)
    assert client.readall() == b"too large"
    return response


def cut_by(end: End, how: Cut | str) -> None:
    if isinstance(how, Cut):
        end.cut(how)
    else:
        end.half_close()


def meet_nothing(client: HTTPConnection, tally: Tally) -> None:
    with pytest.raises(ConnectionClosed) as caught:
        client.read_response()
    tally.count(caught.value)
    check_is_over(client)


@pytest.mark.parametrize("how", [Cut.FIN, Cut.RST, HALF], ids=["fin", "rst", HALF])
@pytest.mark.parametrize("face", FACES)
def test_upload_is_cut_after_every_octet(wire: Wire, face: str, how: Cut | str) -> None:
    tally = Tally()
    size = upload_size(wire)
    for count in range(size + 1):
        with connected(wire, FACES[face]) as (client, end):
            upload_until(client, end, count, lambda end=end: cut_by(end, how))  # type: ignore[misc]
            meet_nothing(client, tally)
    tally.report(f"upload, {face}, {how}")
    assert tally.closed == size + 1


@pytest.mark.parametrize("how", [Cut.FIN, HALF], ids=["fin", HALF])
@pytest.mark.parametrize("face", FACES)
def test_upload_is_answered_and_cut_after_every_octet(
    wire: Wire, face: str, how: Cut | str
) -> None:
    tally = Tally()
    size = upload_size(wire)
    for count in range(size + 1):
        with connected(wire, FACES[face]) as (client, end):

            def refuse(end: End = end) -> None:
                end.send(REFUSAL)
                cut_by(end, how)

            upload_until(client, end, count, refuse)
            read_refusal(client)
            check_is_over(client)
            tally.count(None)
    tally.report(f"upload that is answered early, {face}, {how}")
    assert tally.whole == size + 1


@pytest.mark.parametrize("face", FACES)
def test_upload_is_answered_and_reset_after_every_octet(wire: Wire, face: str) -> None:
    # RST may overtake the answer (RFC 9112 section 9.6): then the client is told.
    tally = Tally()
    size = upload_size(wire)
    for count in range(size + 1):
        with connected(wire, FACES[face]) as (client, end):

            def refuse(end: End = end) -> None:
                end.send(REFUSAL)
                end.cut(Cut.RST)

            upload_until(client, end, count, refuse)
            try:
                read_refusal(client)
                tally.count(None)
            except ConnectionClosed as exc:
                tally.count(exc)
            check_is_over(client)
    tally.report(f"upload that is answered early and reset, {face}")
    assert tally.tried == size + 1


@pytest.mark.parametrize("cut", [Cut.FIN, Cut.RST], ids=["fin", "rst"])
@pytest.mark.parametrize("face", FACES)
def test_early_answer_is_cut_at_every_octet(wire: Wire, face: str, cut: Cut) -> None:
    tally = Tally()
    counts = cycle(range(0, upload_size(wire), 7))
    for size in range(len(REFUSAL) + 1):
        with connected(wire, FACES[face]) as (client, end):

            def refuse(end: End = end, size: int = size) -> None:
                end.send(REFUSAL[:size])
                end.cut(cut)

            upload_until(client, end, next(counts), refuse)
            try:
                read_refusal(client)
                tally.count(None)
            except ConnectionClosed as exc:
                tally.count(exc)
            check_is_over(client)
    tally.report(f"early answer, {face}, {cut.value}")
    assert tally.tried == len(REFUSAL) + 1
    assert tally.whole <= 1


@pytest.mark.parametrize("face", FACES)
def test_tls_upload_is_cut_after_every_octet(tls_contexts: TlsContexts, face: str) -> None:
    tally = Tally()
    cuts = cycle(Cut)
    with Wire(tls_contexts.server) as wire:
        size = upload_size(wire, tls_contexts.client)
        for count in range(size + 1):
            with connected(wire, FACES[face], tls_contexts.client) as (client, end):
                cut = next(cuts)
                upload_until(client, end, count, lambda end=end, cut=cut: end.cut(cut))  # type: ignore[misc]
                meet_nothing(client, tally)
    tally.report(f"TLS upload, {face}")
    assert tally.closed == size + 1


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_write_that_waits_is_cut(tls_contexts: TlsContexts, secure: bool) -> None:
    tally = Tally()
    cuts = cycle([Cut.FIN, Cut.RST])
    body = bytes(LARGE)
    context = tls_contexts.client if secure else None
    with Wire(tls_contexts.server if secure else None) as wire:
        wire.set_receive_buffer(SMALL_BUFFER)
        for count in range(0, LARGE, 4_999):
            with connected(wire, SmallCoroutineFace, context) as (client, end):
                client.send_request("PUT", "/sized", body=BodyFollowing(LARGE))
                limit, cut = end.taken + count, next(cuts)

                def take(end: End = end, limit: int = limit, cut: Cut = cut) -> bool:
                    if end.is_cut:
                        return False
                    if end.taken < limit:
                        return end.take(limit - end.taken) > 0
                    end.cut(cut)
                    return True

                try:
                    drive(client.co_write(body), take)
                except ConnectionClosed as exc:
                    tally.count(exc)
                else:  # the kernel took it all
                    end.cut(cut)
                    tally.count(None)
                with pytest.raises(ConnectionClosed):
                    client.read_response()
                check_is_over(client)
    tally.report(f"write that waits, {'TLS' if secure else 'plain'}")
    assert tally.closed > tally.tried // 2


def test_blocking_write_that_waits_is_cut() -> None:
    tally = Tally()
    counts = range(1, LARGE, 19_997)  # a reset at 0 can be met while connecting

    def cut(connection: Connection) -> None:
        connection.discard(counts[connection.number])
        connection.reset()

    with Peer(may_be_cut(cut), receive_buffer=SMALL_BUFFER) as peer:
        for _ in counts:
            with HTTPConnection(peer.host, peer.port, timeout=PATIENCE) as client:
                client.send_request("PUT", "/sized", body=BodyFollowing(16 * LARGE))
                with pytest.raises(ConnectionClosed) as caught:
                    client.write(bytes(16 * LARGE))
                tally.count(caught.value)
                with pytest.raises(ConnectionClosed):
                    client.read_response()
                check_is_over(client)
    tally.report("write that waits, blocking")
    assert tally.closed == len(counts)
