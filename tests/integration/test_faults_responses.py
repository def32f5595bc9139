"""A response is cut at every octet: it is whole and right, or the client is told."""

import ssl
from collections.abc import Iterator
from itertools import cycle
from typing import Final

import attrs
import pytest

from tests.integration.certificates import TlsContexts
from tests.integration.exchanges import (
    COMPOUND,
    Reply,
    Seen,
    check_is_over,
    expected,
    read_exchange,
    send_all,
    without_bodies,
    without_partial_bodies,
)
from tests.integration.fault_clients import FACES, MODES, Tally, open_client
from tests.integration.faults import Cut, End, Wire

COMPOUND_OCTETS: Final = b"".join(reply.octets for reply in COMPOUND)
LARGE_BODY: Final = bytes(range(256)) * 160  # 40 KiB: received directly into the caller's memory
LARGE: Final = (
    Reply(
        "GET",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LARGE_BODY),
        ((LARGE_BODY, True),),
    ),
    Reply(
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ((b"%x\r\n" % len(LARGE_BODY), False), (LARGE_BODY, True), (b"\r\n0\r\n\r\n", False)),
        trailers=(),
    ),
    Reply("GET", b"HTTP/1.0 200 OK\r\n\r\n", ((LARGE_BODY, True),), until_close=True),
)
LARGE_OCTETS: Final = b"".join(reply.octets for reply in LARGE)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as listening:
        yield listening


@pytest.fixture
def tls_wire(tls_contexts: TlsContexts) -> Iterator[Wire]:
    with Wire(tls_contexts.server) as listening:
        yield listening


def as_seen_by(mode: str, seen: list[Seen]) -> list[Seen]:
    if mode == "discard":
        return without_bodies(seen)
    return without_partial_bodies(seen) if mode == "readall" else seen


@attrs.frozen
class Trial:
    """One way to be cut, and to read.

    Attributes:
        face: A name of `FACES`.
        mode: A name of `MODES`.
        replies: What is sent.
        context: The client's for TLS.
    """

    face: str
    mode: str
    replies: tuple[Reply, ...] = COMPOUND
    context: ssl.SSLContext | None = None

    def run(
        self, wire: Wire, end: End, count: int, *, orderly: bool, limit: int | None = None
    ) -> Exception | None:
        """Check what a client sees when the peer plays the script of *end*.

        Args:
            wire: Where the client connects.
            end: The end that it will meet.
            count: How many octets of the replies come before the cut.
            orderly: Whether the cut may end a body that lasts until close.
            limit: After how many octets of ciphertext behind the handshake it is cut.
        """
        client = open_client(wire, FACES[self.face], end, self.context)
        try:
            if limit is not None:
                end.forward_limit = end.forwarded + limit
            send_all(client, self.replies)
            client.let_peer_act()
            seen, error = read_exchange(client, self.replies, MODES[self.mode])
            want = expected(self.replies, count, orderly=orderly)
            assert seen == as_seen_by(self.mode, want)
            is_whole = len(want) == len(self.replies) and want[-1].is_whole
            assert (error is None) is is_whole
            check_is_over(client)
        finally:
            client.disconnect()
            end.close()
        return error


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("face", FACES)
def test_plain_exchange_is_cut_at_every_octet(wire: Wire, face: str, mode: str) -> None:
    tally = Tally()
    trial = Trial(face, mode)
    for count in range(len(COMPOUND_OCTETS) + 1):
        for cut in (Cut.FIN, Cut.RST):
            end = wire.end(COMPOUND_OCTETS[:count], cut)
            tally.count(trial.run(wire, end, count, orderly=cut is Cut.FIN))
    tally.report(f"plain exchange, {face}, {mode}")
    assert tally.tried == 2 * (len(COMPOUND_OCTETS) + 1)
    assert tally.whole == len(COMPOUND[-1].body) + 1


def test_plain_exchange_comes_octet_by_octet_and_is_cut(wire: Wire) -> None:
    tally = Tally()
    modes = cycle(MODES)
    octets = [bytes([octet]) for octet in COMPOUND_OCTETS]
    for count in range(0, len(octets) + 1, 3):
        for cut in (Cut.FIN, Cut.RST):
            end = wire.end(*octets[:count], cut)
            trial = Trial("coroutine", next(modes))
            tally.count(trial.run(wire, end, count, orderly=cut is Cut.FIN))
    tally.report("plain exchange, octet by octet")
    assert tally.tried == 2 * len(range(0, len(octets) + 1, 3))


@pytest.mark.parametrize("face", FACES)
def test_large_bodies_are_cut(wire: Wire, face: str) -> None:
    # Every octet of 120 KiB would take minutes; around the ends and the sizes of buffers is each.
    ends = [len(LARGE_BODY), 4096, 16_384, 65_536, 2 * len(LARGE_BODY), len(LARGE_OCTETS)]
    near = {end + offset for end in ends for offset in range(-60, 100)}
    counts = sorted({*range(0, len(LARGE_OCTETS), 509), *near})
    tally = Tally()
    modes = cycle(["readall", "readinto(64K)", "discard"])
    for count in counts:
        if count > len(LARGE_OCTETS):
            continue
        for cut in (Cut.FIN, Cut.RST):
            end = wire.end(LARGE_OCTETS[:count], cut)
            trial = Trial(face, next(modes), LARGE)
            tally.count(trial.run(wire, end, count, orderly=cut is Cut.FIN))
    tally.report(f"large bodies, {face}")
    assert tally.tried > 1_000


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
@pytest.mark.parametrize("face", FACES)
def test_tls_exchange_is_cut_behind_every_octet(
    tls_wire: Wire, tls_contexts: TlsContexts, face: str, cut: Cut
) -> None:
    # One mode for each octet, in turn; the kinds of cuts and the faces shift them.
    modes = cycle(MODES)
    for _ in range(list(Cut).index(cut) * 2 + list(FACES).index(face)):
        next(modes)
    tally = Tally()
    for count in range(len(COMPOUND_OCTETS) + 1):
        end = tls_wire.end(COMPOUND_OCTETS[:count], cut)
        trial = Trial(face, next(modes), context=tls_contexts.client)
        tally.count(trial.run(tls_wire, end, count, orderly=cut is Cut.NOTIFY))
    tally.report(f"TLS exchange, {face}, {cut.value}")
    assert tally.tried == len(COMPOUND_OCTETS) + 1
    assert tally.whole == (len(COMPOUND[-1].body) + 1 if cut is Cut.NOTIFY else 0)


RECORD_OVERHEAD: Final = 22  # octets that TLS 1.3 adds to a record with the suites of today


def test_tls_exchange_is_cut_at_every_octet_of_its_records(
    tls_wire: Wire, tls_contexts: TlsContexts
) -> None:
    records = [reply.octets for reply in COMPOUND]
    ends = [0]
    for record in records:
        ends.append(ends[-1] + len(record) + RECORD_OVERHEAD)
    alert = ends[-1] + 2 + RECORD_OVERHEAD
    trials = cycle((face, mode) for mode in MODES for face in FACES)
    tally = Tally()
    for limit in range(1, alert + 1):
        whole = sum(end <= limit for end in ends) - 1
        count = sum(len(record) for record in records[:whole])
        for cut in (Cut.FIN, Cut.RST):
            face, mode = next(trials)
            end = tls_wire.end(*records, Cut.NOTIFY)
            end.forward_cut = cut
            trial = Trial(face, mode, context=tls_contexts.client)
            # Behind the alert TLS has ended in order, whatever becomes of TCP.
            tally.count(trial.run(tls_wire, end, count, orderly=limit == alert, limit=limit))
    tally.report("TLS exchange, every octet of its records")
    assert tally.tried == 2 * alert
    assert tally.whole == 2
