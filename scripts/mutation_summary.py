"""Show what the last run of mutmut found: a table of the modules, then each survivor as a diff.

It reads `mutants/`, which `make mutation` writes; docs/mutation.md has its table and its reasons.
Arguments are names of modules; without any, all are shown.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

PROTOCOL = Path("src/dugong/protocol")


CAUGHT = {"killed", "timeout"}


def main(wanted: list[str]) -> None:
    """Print the table of the modules *wanted*, or of all, and what survived in them."""
    totals: Counter[str] = Counter()
    survivors: list[tuple[str, Path]] = []
    print(f"| {'module':14} | mutants | killed | survived |")
    print("| --- | --- | --- | --- |")
    for meta in sorted(Path("mutants", PROTOCOL).glob("*.py.meta")):
        module = meta.name.removesuffix(".py.meta")
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        if not codes or (wanted and module not in wanted):
            continue
        found = Counter(status_by_exit_code[code] for code in codes.values())
        print(row(module, found))
        totals += found
        survivors += [
            (name, PROTOCOL / f"{module}.py")
            for name, code in codes.items()
            if status_by_exit_code[code] not in CAUGHT | {"not checked"}
        ]
    print(row("all", totals))
    print(f"\n{100 * caught(totals) / totals.total():.1f} % killed", *totals.items())
    for name, source in survivors:
        print(f"\n# {name}")
        changes = get_diff_for_mutant(name, path=source).splitlines()[2:]
        print(*(line for line in changes if line.startswith(("-", "+"))), sep="\n")


def caught(found: Counter[str]) -> int:
    """Return how many mutants made a test fail, or run without end."""
    return sum(found[status] for status in CAUGHT)


def row(name: str, found: Counter[str]) -> str:
    """Return the line of one module."""
    missed = found.total() - caught(found)
    return f"| {name:14} | {found.total():7} | {caught(found):6} | {missed:8} |"


main(sys.argv[1:])
