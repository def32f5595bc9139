"""A response on a plain connection is cut at every octet: it is whole and right, or told."""

from collections.abc import Iterator
from itertools import cycle
from typing import Final

import pytest

from tests.integration.exchanges import COMPOUND, Reply
from tests.integration.fault_clients import FACES, MODES, Tally
from tests.integration.faults import Cut, Wire
from tests.integration.trials import COMPOUND_OCTETS, Trial

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
DRIPPED: Final = 12  # octets that come singly before a cut


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as listening:
        yield listening


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
    # All octets come singly before the last cuts, one for each mode; before the others a few.
    tally = Tally()
    modes = list(MODES)
    size = len(COMPOUND_OCTETS)
    for count in range(size + 1):
        at_once = max(count - DRIPPED, 0) if count <= size - len(modes) else 0
        singly = [bytes([octet]) for octet in COMPOUND_OCTETS[at_once:count]]
        script = [COMPOUND_OCTETS[:at_once], *singly] if at_once else singly
        for number, cut in enumerate((Cut.FIN, Cut.RST)):
            end = wire.end(*script, cut)
            trial = Trial("coroutine", modes[(count + number) % len(modes)])
            tally.count(trial.run(wire, end, count, orderly=cut is Cut.FIN))
    tally.report("plain exchange, octet by octet")
    assert tally.tried == 2 * (size + 1)
    assert tally.whole == len(COMPOUND[-1].body) + 1


def large_counts() -> list[int]:
    """Return cuts all over the large bodies: every one of them would take minutes.

    Around the ends of their parts, and the sizes of buffers, it is each.
    """
    position = 0
    ends = [4_096, 16_384, 65_536]
    for reply in LARGE:
        for octets in (reply.head, *(part for part, _ in reply.parts)):
            position += len(octets)
            ends.append(position)
    near = {end + offset for end in ends for offset in range(-12, 13)}
    everywhere = range(0, position, 509)
    return sorted(count for count in {*everywhere, *near} if count <= position)


@pytest.mark.parametrize("face", FACES)
def test_large_bodies_are_cut(wire: Wire, face: str) -> None:
    tally = Tally()
    modes = cycle(["readall", "readinto(64K)", "discard"])
    counts = large_counts()
    for count in counts:
        for cut in (Cut.FIN, Cut.RST):
            end = wire.end(LARGE_OCTETS[:count], cut)
            trial = Trial(face, next(modes), LARGE)
            tally.count(trial.run(wire, end, count, orderly=cut is Cut.FIN))
    tally.report(f"large bodies, {face}")
    assert tally.tried == 2 * len(counts) > 900
