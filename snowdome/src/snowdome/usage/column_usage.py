"""Which tables and columns a statement or a view names, as its binder learns it: the source of ACCESS_HISTORY."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from snowdome.state.records import Table, View

if TYPE_CHECKING:
    from snowdome.state.trace import Trace


class ColumnUsage:
    """Names as they are met while binding; what they mean is worked out when it is asked for."""

    __slots__ = ("bases", "columns", "named", "starred")

    def __init__(self) -> None:
        self.named: list[tuple[Table | View, str]] = []
        self.columns: set[tuple[str, str]] = set()
        self.starred: set[str] = set()
        self.bases: dict[int, set[str]] = {}

    def names(self, nodes: Iterable[Expr]) -> None:
        """The columns and asterisks among the nodes are noted, before binding takes their qualifiers away."""
        for node in nodes:
            if isinstance(node, exp.Star):
                if isinstance(node.parent, exp.Select):
                    self.starred.add("")
            elif isinstance(node, exp.Column):
                if isinstance(node.this, exp.Star):
                    self.starred.add(node.table)
                else:
                    self.columns.add((node.table, node.name))

    def relation(self, record: Table | View, alias: str) -> None:
        """The statement reads that table or view, and knows it by that name."""
        self.named.append((record, alias))

    def behind(self, bases: dict[int, frozenset[str]]) -> None:
        """A view that is read reads those columns of those tables."""
        for table_id, names in bases.items():
            self.bases.setdefault(table_id, set()).update(names)

    def base_columns(self) -> dict[int, frozenset[str]]:
        """The columns read of each table, those behind views included: what a reader of this reads."""
        found = {table_id: set(names) for table_id, names in self.bases.items()}
        for record, alias in self.named:
            if isinstance(record, Table):
                every = not self.starred.isdisjoint(("", alias))
                wanted = {
                    c.name
                    for c in record.columns
                    if every or not self.columns.isdisjoint((("", c.name), (alias, c.name)))
                }
                found.setdefault(record.id, set()).update(wanted)
        return {table_id: frozenset(names) for table_id, names in found.items()}

    def give(self, trace: Trace) -> None:
        """The notes are the statement's."""
        trace.reads += [(record.id, alias) for record, alias in self.named]
        trace.columns |= self.columns
        trace.starred |= self.starred
        for table_id, names in self.bases.items():
            known = trace.bases.setdefault(table_id, set())
            if known is not None:
                known.update(names)


def written(change: Expr) -> tuple[str, ...] | None:
    """The columns that a change of rows fills; None for all of the table's."""
    match change:
        case exp.Insert() if isinstance(change.this, exp.Schema):
            return tuple(column.name for column in change.this.expressions)
        case exp.Update():
            return tuple(e.this.name for e in change.expressions if isinstance(e, exp.EQ))
        case exp.Delete() | exp.TruncateTable():
            return ()
        case _:
            return None
