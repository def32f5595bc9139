"""The directive `limits-table`, which draws a table of `dugong.limits` from the code.

It owns the layout: a row for each constant, with its value, what its comment says that it counts,
and the field of `Limits` that changes it. A constant without comment, or a field that no constant
gives a default, is an error.
"""

import ast
import inspect
import re
from typing import Final

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.typing import ExtensionMetadata
from state_tables import draw_table

from dugong import limits

CONSTANT: Final = re.compile(r"^([A-Z_]+): Final = .+?(?:  # (.+))?$", re.MULTILINE)
HEADER: Final = ("limit", "default", "counts", "changed by", "at least")
FIXED: Final = ("", "")


def rows_of_limits() -> list[list[str]]:
    """Return the table as text, one row for each constant in the order of the source.

    Raises:
        ExtensionError: The source has a constant or a field that would be missing.
    """
    source = inspect.getsource(limits)
    changed_by = changes_in(source)
    rows = []
    for name, comment in CONSTANT.findall(source):
        if not comment:
            raise ExtensionError(f"dugong.limits.{name} has no comment that says what it counts")
        field, minimum = changed_by.pop(name, FIXED)
        rows.append([name, f"{getattr(limits, name):,}", comment, field, minimum])
    if changed_by:
        raise ExtensionError(f"fields of Limits without a constant: {changed_by}")
    return rows


def changes_in(source: str) -> dict[str, tuple[str, str]]:
    """Return, for each constant that is a default, the field of `Limits` and its minimum."""
    found = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for line in node.body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.value, ast.Call):
                minimum, default = map(ast.unparse, line.value.args)
                found[default] = (f"Limits.{ast.unparse(line.target)}", minimum)
    return found


class LimitsTable(Directive):
    """Draws the table of the limits."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        return [draw_table(HEADER, rows_of_limits())]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register with Sphinx."""
    app.add_directive("limits-table", LimitsTable)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
