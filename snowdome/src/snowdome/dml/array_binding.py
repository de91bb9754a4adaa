"""Many rows bound to one INSERT: loaded into DuckDB as one table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import Expr, exp

from snowdome.errors import unsupported

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


@contextmanager
def bound(account: Account, session: Session, insert: Expr, values: list[Any]) -> Iterator[tuple[str, None]]:
    """The INSERT in DuckDB's words, its placeholders reading the rows that are bound; those are there meanwhile."""
    columns = [_array(column) for column in zip(*values, strict=True)]
    name = f"r{account.catalog.new_id()}"
    session.duck.register(name, pa.Table.from_arrays(columns, names=[f"c{n}" for n in range(len(columns))]))
    try:
        yield _reading(insert, name).sql(dialect="duckdb"), None
    finally:
        session.duck.unregister(name)


def _array(values: tuple[Any, ...]) -> pa.Array:
    """The values as one column; as texts where they are of several kinds."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])


def _reading(insert: Expr, name: str) -> Expr:
    """`VALUES (?, …)` as a query over the rows; a query stays one, and is asked for each row."""
    source = insert.expression
    if isinstance(source, exp.Values):
        if len(source.expressions) != 1:
            raise unsupported("rows bound to a VALUES of several rows")
        source = exp.select(*source.expressions[0].expressions)
    elif not isinstance(source, exp.Select) or source.args.get("from_"):
        raise unsupported("rows bound to an INSERT from a table")
    for place, placeholder in enumerate(list(source.find_all(exp.Placeholder, bfs=False))):
        number = int(placeholder.name) - 1 if placeholder.name.isdigit() else place
        placeholder.replace(exp.column(f"c{number}", table="bound"))
    insert.set("expression", source.from_(exp.to_table(name).as_("bound")))
    return insert
