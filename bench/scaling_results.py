"""What a run of `bench.scaling` gave, and its file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import attrs

from bench.scales import SCALES, Line, Scale

if TYPE_CHECKING:
    from pathlib import Path

    from bench.fits import Curve

Answers = dict[int, list[dict[str, int]]]


@attrs.frozen
class Scaling:
    """Everything that one run gave.

    Attributes:
        about: When and where it was run: texts by their titles.
        notes: What was left out, and why.
        samples: By scale, by probe and contender, and by size: one answer a round.
    """

    about: dict[str, str] = attrs.Factory(dict)
    notes: list[str] = attrs.Factory(list)
    samples: dict[str, dict[tuple[str, str], Answers]] = attrs.Factory(dict)

    def scales(self) -> list[Scale]:
        """Return what was measured."""
        return [scale for name, scale in SCALES.items() if name in self.samples]

    def curve(self, scale: str, line: Line) -> Curve:
        """Return what was measured for a line."""
        answers = self.samples[scale][line.source]
        return {size: [each[line.part] for each in given] for size, given in answers.items()}


def save(results: Scaling, file: Path) -> None:
    """Write results into a file."""
    samples = [
        [scale, probe, contender, size, given]
        for scale, sources in results.samples.items()
        for (probe, contender), answers in sources.items()
        for size, given in answers.items()
    ]
    stored = {"about": results.about, "notes": results.notes, "samples": samples}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(stored) + "\n", encoding="utf-8")


def load(file: Path) -> Scaling:
    """Return the results in a file."""
    stored = json.loads(file.read_text(encoding="utf-8"))
    results = Scaling(stored["about"], stored["notes"])
    for scale, probe, contender, size, given in stored["samples"]:
        sources = results.samples.setdefault(scale, {})
        sources.setdefault((probe, contender), {})[size] = given
    return results
