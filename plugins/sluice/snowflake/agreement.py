"""What a consumer asks who must never see two deployments in one answer: figures of two tables, in one statement."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.domain.names import Identifier, Qualified
from sluice.snowflake.statements import Statement


@dataclass(frozen=True, slots=True)
class Measure:
    """The sum of one column of one table."""

    table: Qualified
    column: Identifier

    @property
    def sql(self) -> str:
        """The measure as a scalar query."""
        return f"(SELECT SUM({self.column.sql}) FROM {self.table.sql})"


def agreement(first: Measure, second: Measure) -> Statement:
    """Both measures in one statement: equal within every deployment, so unequal only in a torn read."""
    return Statement(f"SELECT {first.sql} AS ONE, {second.sql} AS OTHER")
