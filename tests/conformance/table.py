"""The conformance table: requirements, the tests that show them, and the page made of both.

It owns the reading of ``requirements.toml`` and of the marks ``pytest.mark.requirement("…")`` in
all test files, which it reads as text: nothing is imported or run. `make conformance` calls it to
write ``docs/conformance.md``, and `test_table` to see that nothing is missing.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias, TypeGuard

import attrs

TESTS: Final = Path(__file__).parent.parent
CATALOGUE: Final = Path(__file__).parent / "requirements.toml"
PAGE: Final = TESTS.parent / "docs" / "conformance.md"

_ID: Final = re.compile(r"(911[02])-((?:[0-9]+|[A-Z])(?:\.[0-9]+)*)-([0-9]{2})")
_RFCS: Final = {"9110": "HTTP Semantics", "9112": "HTTP/1.1"}
_MARK: Final = "requirement"

Shown: TypeAlias = dict[str, list[str]]
"""Ids of requirements, each with the names of the tests that show it."""


class Level(Enum):
    """The key word of a requirement."""

    MUST = "MUST"
    MUST_NOT = "MUST NOT"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD NOT"
    RECOMMENDED = "RECOMMENDED"
    OUGHT = "OUGHT"
    RULE = "RULE"


class Verdict(Enum):
    """What becomes of a requirement."""

    MET = "met"
    DEVIATION = "deviation"
    CALLER = "caller"
    NOT_APPLICABLE = "n/a"

    @property
    def needs_tests(self) -> bool:
        """Whether tests have to show it."""
        return self in (Verdict.MET, Verdict.DEVIATION)


_VERDICT_WORDS: Final = {
    Verdict.MET: "met",
    Verdict.DEVIATION: "**deviation**",
    Verdict.CALLER: "by the caller",
    Verdict.NOT_APPLICABLE: "not applicable",
}
_VERDICT_MEANINGS: Final = {
    Verdict.MET: "The tests named in the row show it.",
    Verdict.DEVIATION: "Knowingly not met, or not to the letter; the tests show what happens.",
    Verdict.CALLER: "Up to the program that uses dugong, which alone can meet it.",
    Verdict.NOT_APPLICABLE: "About something that dugong never does.",
}


@attrs.frozen
class Requirement:
    """A requirement, and what becomes of it.

    Attributes:
        id: RFC, section and running number, such as ``9112-2.2-03``.
        level: Its key word.
        summary: What it asks for, in our words.
        verdict: What becomes of it.
        reason: Why it is not met, or what has to be known beside the tests.
    """

    id: str = attrs.field(validator=attrs.validators.matches_re(_ID))
    level: Level = attrs.field(converter=Level)
    summary: str
    verdict: Verdict = attrs.field(converter=Verdict)
    reason: str = ""

    @property
    def section(self) -> str:
        """RFC and section, such as ``9112-2.2``."""
        return self.id.rpartition("-")[0]

    @property
    def number(self) -> int:
        """The running number within the section."""
        return int(self.id.rpartition("-")[2])


@attrs.frozen
class Catalogue:
    """What ``requirements.toml`` says.

    Attributes:
        titles: Sections, such as ``9112-2.2``, with their titles.
        requirements: The requirements in the order of the RFCs.
    """

    titles: Mapping[str, str]
    requirements: Sequence[Requirement]


def load_catalogue() -> Catalogue:
    """Read the catalogue.

    Raises:
        ValueError: A requirement has an unknown level or verdict, or an id of another form.
        TypeError: A requirement has an unknown key, or lacks one.
    """
    content = tomllib.loads(CATALOGUE.read_text("utf-8"))
    rows = [Requirement(**row) for row in content["requirement"]]
    return Catalogue(content["titles"], rows)


# -- marks


def find_marks() -> Shown:
    """Return which tests show which requirements, by the marks in all test files."""
    shown: Shown = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        name = path.relative_to(TESTS).as_posix()
        for requirement, tests in marks_of(path.read_text("utf-8"), name).items():
            shown.setdefault(requirement, []).extend(tests)
    return shown


def marks_of(source: str, name: str) -> Shown:
    """Return which tests of one file show which requirements.

    A mark counts for the test, or class, that it decorates, or one of whose parameters has it,
    also where these stand in a table at the top of the module.

    Args:
        source: The content of the file.
        name: What the file is called in the names of its tests.

    Raises:
        ValueError: A mark belongs to no test, or an id is not written out.
    """
    if _MARK not in source:
        return {}
    tree = ast.parse(source)
    tables = {
        target.id: list(_ids_in(statement.value))
        for statement in tree.body
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None
        for target in _targets(statement)
        if isinstance(target, ast.Name)
    }
    shown: Shown = {}
    used: set[str] = set()
    for test, decorators in _tests_in(tree.body, [], name):
        for decorator in decorators:
            names = {node.id for node in ast.walk(decorator) if isinstance(node, ast.Name)}
            used |= names & tables.keys()
            ids = [*_ids_in(decorator), *(i for n in sorted(names) for i in tables.get(n, []))]
            for requirement in dict.fromkeys(ids):
                tests = shown.setdefault(requirement, [])
                if test not in tests:
                    tests.append(test)
    stray = set(_ids_in(tree)) - shown.keys()
    if stray:
        raise ValueError(f"{name}: marks that belong to no test: {sorted(stray)}")
    return shown


def list_tests(path: Path) -> list[str]:
    """Return the names of all tests of one file, marked or not."""
    name = path.relative_to(TESTS).as_posix()
    return [test for test, _ in _tests_in(ast.parse(path.read_text("utf-8")).body, [], name)]


def _targets(statement: ast.Assign | ast.AnnAssign) -> Sequence[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else [statement.target]


def _tests_in(
    body: Iterable[ast.stmt], outer: Sequence[ast.expr], name: str
) -> Iterator[tuple[str, Sequence[ast.expr]]]:
    """Yield each test's name with its decorators and those of its classes."""
    for statement in body:
        if isinstance(statement, ast.ClassDef) and statement.name.startswith("Test"):
            decorators = [*outer, *statement.decorator_list]
            yield from _tests_in(statement.body, decorators, f"{name}::{statement.name}")
        elif _is_test(statement):
            yield f"{name}::{statement.name}", [*outer, *statement.decorator_list]


def _is_test(statement: ast.stmt) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef]:
    if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    return statement.name.startswith("test_")


def _ids_in(tree: ast.AST) -> Iterator[str]:
    """Yield the arguments of all requirement marks within *tree*."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr != _MARK:
            continue
        for argument in node.args:
            if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
                raise ValueError(f"line {argument.lineno}: the id of a requirement is written out")
            yield argument.value


# -- the page

_INTRODUCTION: Final = """\
# Conformance

<!-- Made by `make conformance` from the catalogue and the marks in tests/. -->

What RFC 9110 and RFC 9112 ask of a client, or of a sender or recipient in general, in our words,
with the verdict and the tests that show it. Not listed are requirements on servers, intermediaries,
caches, and registrations.

Levels are the key words of the RFCs. OUGHT is the RFCs' "ought to"; RULE is what they state without
a key word, where the outcome on the wire depends on it.

"""


def make_page(catalogue: Catalogue, shown: Shown) -> str:
    """Return the page that shows the catalogue and the tests."""
    parts = [_INTRODUCTION, _count_table(catalogue.requirements)]
    for rfc, rows in groupby(catalogue.requirements, key=lambda row: row.id.partition("-")[0]):
        parts.append(f"\n## RFC {rfc}: {_RFCS[rfc]}\n")
        for section, group in groupby(rows, key=lambda row: row.section):
            number = section.partition("-")[2]
            parts.append(f"\n### {number} {catalogue.titles[section]}\n\n")
            parts.append(_row(["id", "level", "requirement", "verdict", "shown by"]))
            parts.append(_row(["---"] * 5))
            parts.extend(_requirement_row(row, shown) for row in group)
    return "".join(parts)


def _count_table(rows: Sequence[Requirement]) -> str:
    counts = Counter((row.id.partition("-")[0], row.verdict) for row in rows)
    lines = [
        _row(["verdict", "means", *(f"RFC {rfc}" for rfc in _RFCS), "together"]),
        _row(["---", "---", *["---:"] * (len(_RFCS) + 1)]),
    ]
    for verdict in Verdict:
        numbers = [counts[rfc, verdict] for rfc in _RFCS]
        cells = [str(number) for number in [*numbers, sum(numbers)]]
        lines.append(_row([_VERDICT_WORDS[verdict], _VERDICT_MEANINGS[verdict], *cells]))
    totals = [sum(row.id.startswith(rfc) for row in rows) for rfc in _RFCS]
    lines.append(_row(["all", "", *map(str, totals), str(len(rows))]))
    return "".join(lines)


def _requirement_row(row: Requirement, shown: Shown) -> str:
    verdict = _VERDICT_WORDS[row.verdict]
    if row.reason:
        verdict += f": {row.reason}"
    tests = ", ".join(f"`{test}`" for test in shown.get(row.id, []))
    return _row([row.id, row.level.value, row.summary, verdict, tests])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    PAGE.write_text(make_page(load_catalogue(), find_marks()), "utf-8")
