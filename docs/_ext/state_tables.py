"""The directive `state-table`, which draws a table of `dugong.protocol.state` from the code.

It owns the layout: the states with what they mean, then a row for each event and a column for each
state. An empty cell is a StateError. It knows nothing of what the states are for.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import ClassVar, Final, TypeAlias

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from dugong.protocol import state
from dugong.protocol.state import RECEIVING, SENDING, ReceiveEvent, Receiving, SendEvent, Sending

Table: TypeAlias = Mapping[tuple[Enum, Enum], Enum]
TABLES: Final[Mapping[str, tuple[Table, type[Enum], type[Enum]]]] = {
    "sending": ({(s, e): after for (s, e), after in SENDING.items()}, Sending, SendEvent),
    "receiving": ({(s, e): after for (s, e), after in RECEIVING.items()}, Receiving, ReceiveEvent),
}
EMPTY_CELL: Final = "\N{EN DASH}"


def label(symbol: Enum) -> str:
    """Return the name of a state as it stands in a table: in words, so that it can be broken."""
    return symbol.name.replace("_", " ")


def rows_of(table: Table, states: Sequence[Enum], events: Sequence[Enum]) -> list[list[str]]:
    """Return the table as text, one row for each event, beginning with the event itself."""
    return [
        [
            str(event.value),
            *(label(table[s, event]) if (s, event) in table else EMPTY_CELL for s in states),
        ]
        for event in events
    ]


def draw_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> nodes.table:
    """Return a table of texts."""
    group = nodes.tgroup(cols=len(header))
    group.extend(nodes.colspec(colwidth=1) for _ in header)
    group += nodes.thead("", draw_row(header))
    group += nodes.tbody("", *(draw_row(row) for row in rows))
    return nodes.table("", group)


def draw_row(cells: Sequence[str]) -> nodes.row:
    """Return a row of texts."""
    return nodes.row("", *(nodes.entry("", nodes.paragraph(text=cell)) for cell in cells))


class StateTable(SphinxDirective):
    """Draws the states of one half of a connection, and its table."""

    required_arguments: ClassVar[int] = 1

    def run(self) -> list[nodes.Node]:
        """Return the two tables."""
        name = self.arguments[0]
        if name not in TABLES:
            raise self.error(f"no such table: {name!r}; there are {', '.join(TABLES)}")
        self.env.note_dependency(state.__file__)
        table, states, events = TABLES[name]
        meanings = [[label(symbol), str(symbol.value)] for symbol in states]
        header = ["event", *(label(symbol) for symbol in states)]
        return [
            draw_table(["state", "means"], meanings),
            draw_table(header, rows_of(table, list(states), list(events))),
        ]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register with Sphinx."""
    app.add_directive("state-table", StateTable)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
