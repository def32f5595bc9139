"""Entries for the queue of what is owed, without the requests behind them."""

import attrs

from dugong.protocol.state import Phase, Verdict


@attrs.define(eq=False)
class Entry:
    """All that `dugong.protocol.state.Owed` asks for."""

    method: str
    path: str
    closes: bool = False
    phase: Phase = Phase.WHOLE
    verdict: Verdict = Verdict.NONE
