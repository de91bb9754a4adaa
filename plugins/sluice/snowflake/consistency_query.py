"""A consistency query: figures of several tables in one statement, which never mix two deployments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sluice.domain.names import Identifier, Qualified
from sluice.snowflake.statements import Statement


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of one table: the sum of a column, or how many different values it has."""

    table: Qualified
    column: Identifier
    what: Literal["sum", "distinct"] = "sum"

    @property
    def sql(self) -> str:
        """The measure as a scalar query, as text."""
        figure = f"SUM({self.column.sql})" if self.what == "sum" else f"COUNT(DISTINCT {self.column.sql})"
        return f"(SELECT CAST({figure} AS VARCHAR) FROM {self.table.sql})"


def agreement(left: Sequence[Measure], right: Sequence[Measure]) -> Statement:
    """Return one statement with two lists of measures: equal within every deployment, unequal only in a torn read."""
    first, second = (" || '/' || ".join(measure.sql for measure in measures) for measures in (left, right))
    return Statement(f"SELECT {first} AS ONE, {second} AS OTHER")
