"""A response over TLS is cut at every octet, inside and outside: it is whole and right, or told."""

from collections.abc import Iterator
from itertools import cycle
from typing import Final

import pytest

from tests.integration.certificates import TlsContexts
from tests.integration.exchanges import COMPOUND
from tests.integration.fault_clients import FACES, MODES, Tally
from tests.integration.faults import Cut, Wire
from tests.integration.trials import COMPOUND_OCTETS, Trial


@pytest.fixture
def tls_wire(tls_contexts: TlsContexts) -> Iterator[Wire]:
    with Wire(tls_contexts.server) as listening:
        yield listening


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
    # One face and mode for each octet and kind of cut, in turn.
    trials = [(face, mode) for mode in MODES for face in FACES]
    tally = Tally()
    for limit in range(1, alert + 1):
        whole = sum(end <= limit for end in ends) - 1
        count = sum(len(record) for record in records[:whole])
        for number, cut in enumerate((Cut.FIN, Cut.RST)):
            face, mode = trials[(limit + 5 * number) % len(trials)]
            end = tls_wire.end(*records, Cut.NOTIFY)
            end.forward_cut = cut
            trial = Trial(face, mode, context=tls_contexts.client)
            # Behind the alert TLS has ended in order, whatever becomes of TCP.
            tally.count(trial.run(tls_wire, end, count, orderly=limit == alert, limit=limit))
    tally.report("TLS exchange, every octet of its records")
    assert tally.tried == 2 * alert
    assert tally.whole == 2
