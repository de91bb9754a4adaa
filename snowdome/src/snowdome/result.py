"""What a statement answers, before it is put on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from snowdome import types

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Columns as (name, Snowflake type) and rows; `table` instead of rows where DuckDB made the answer."""

    columns: tuple[tuple[str, str], ...]
    rows: Rows = ()
    table: pa.Table | None = None
    type_id: int = 0
    affected: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def arrow(self) -> pa.Table:
        """The rows as an arrow table, whoever made them."""
        if self.table is not None:
            return self.table
        by_column = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        arrays = [
            pa.array(values, type=types.arrow(kind)) for (_, kind), values in zip(self.columns, by_column, strict=True)
        ]
        return pa.Table.from_arrays(arrays, names=[name for name, _ in self.columns])

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self.table.num_rows if self.table is not None else len(self.rows)


def status(message: str, type_id: int = 0x6000) -> Result:
    """One row that says what was done, as Snowflake answers DDL."""
    return Result(columns=(("status", "VARCHAR"),), rows=((message,),), type_id=type_id)


def listing(columns: Sequence[tuple[str, str]], rows: Rows) -> Result:
    """The answer of SHOW and DESCRIBE."""
    return Result(columns=tuple(columns), rows=rows, type_id=0x4400)
