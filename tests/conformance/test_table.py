"""The conformance table is whole: rows, tests that show them, and the page made of both."""

import re
from itertools import chain, groupby

import pytest

from tests.conformance.table import CATALOGUE as CATALOGUE_FILE
from tests.conformance.table import (
    PAGE,
    Requirement,
    Verdict,
    find_marks,
    list_tests,
    load_catalogue,
    make_page,
    marks_of,
)

CATALOGUE = load_catalogue()
ROWS = CATALOGUE.requirements


def place_of(row: Requirement) -> tuple[str, list[tuple[int, str]]]:
    """Return what rows are sorted by: the RFC, then numbered sections before lettered ones."""
    rfc, section, _ = row.id.split("-")
    parts = [(int(part), "") if part.isdigit() else (99, part) for part in section.split(".")]
    return rfc, parts


def test_rows_stand_in_the_order_of_the_rfcs() -> None:
    assert [row.id for row in ROWS] == [row.id for row in sorted(ROWS, key=place_of)]


def test_rows_of_a_section_are_numbered_from_one() -> None:
    for _, group in groupby(ROWS, key=lambda row: row.section):
        rows = list(group)
        assert [row.number for row in rows] == list(range(1, len(rows) + 1))


def test_each_section_has_a_title_and_each_title_a_section() -> None:
    assert CATALOGUE.titles.keys() == {row.section for row in ROWS}


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS])
def test_row_says_why_it_is_not_met(row: Requirement) -> None:
    assert row.reason or row.verdict is Verdict.MET


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS])
def test_row_is_written_like_the_others(row: Requirement) -> None:
    assert re.fullmatch(r"\S.*[^.\s]", row.summary)
    assert re.fullmatch(r"|\S.*\.", row.reason)


def test_each_requirement_has_its_tests() -> None:
    shown = find_marks()
    without = [row.id for row in ROWS if row.verdict.needs_tests and row.id not in shown]
    assert not without


def test_each_mark_names_a_requirement() -> None:
    unknown = find_marks().keys() - {row.id for row in ROWS}
    assert not unknown


@pytest.mark.parametrize("name", ["test_rfc9110.py", "test_rfc9112.py", "test_on_sockets.py"])
def test_each_conformance_test_names_a_requirement(name: str) -> None:
    shown = set(chain.from_iterable(find_marks().values()))
    assert set(list_tests(CATALOGUE_FILE.parent / name)) <= shown


def test_page_is_current() -> None:
    page = make_page(CATALOGUE, find_marks())
    assert PAGE.read_text("utf-8") == page, "run: make conformance"


class TestMarks:
    def test_decorator_of_a_test_and_of_its_class_count(self) -> None:
        source = (
            '@mark.requirement("1")\n'
            "class TestThing:\n"
            '    @mark.requirement("2", "3")\n'
            "    def test_one(self): ...\n"
            "    def test_two(self): ...\n"
        )
        one, two = "f.py::TestThing::test_one", "f.py::TestThing::test_two"
        assert marks_of(source, "f.py") == {"1": [one, two], "2": [one], "3": [one]}

    def test_marks_of_parameters_count_also_from_a_table(self) -> None:
        source = (
            'ROWS = [param(0, marks=mark.requirement("1"))]\n'
            '@parametrize("n", [*ROWS, param(1, marks=[mark.requirement("2")])])\n'
            "def test_one(n): ...\n"
        )
        assert marks_of(source, "f.py") == {"2": ["f.py::test_one"], "1": ["f.py::test_one"]}

    def test_mark_that_belongs_to_no_test_is_an_error(self) -> None:
        source = '@mark.requirement("1")\ndef helper(): ...\n'
        with pytest.raises(ValueError, match="no test"):
            marks_of(source, "f.py")

    def test_id_that_is_not_written_out_is_an_error(self) -> None:
        source = "@mark.requirement(ID)\ndef test_one(): ...\n"
        with pytest.raises(ValueError, match="written out"):
            marks_of(source, "f.py")
