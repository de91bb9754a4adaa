"""Builders of the statements that change a promoted database; look-ups are in observe."""

from __future__ import annotations

from sluice.domain.names import Identifier, Marker, Qualified, undotted
from sluice.domain.sizes import Size
from sluice.errors import StopError
from sluice.snowflake.statements import Statement

_DROPPED = {"TABLE": "TABLE", "VIEW": "VIEW", "MATERIALIZED VIEW": "MATERIALIZED VIEW"}


def clone(live: Identifier, candidate: Identifier, marker: Marker) -> Statement:
    """Return CREATE DATABASE … CLONE of live as the candidate, with its marker; files in internal stages come along."""
    return Statement(
        f"CREATE DATABASE {candidate.sql} CLONE {live.sql} IGNORE HYBRID TABLES INCLUDE INTERNAL STAGES COMMENT = %s",
        (marker.comment,),
        repeatable=False,
    )


def mark(database: Identifier, marker: Marker) -> Statement:
    """Return ALTER DATABASE with the marker as the comment."""
    return Statement(f"ALTER DATABASE {database.sql} SET COMMENT = %s", (marker.comment,))


def drop_relation(database: Identifier, name: str, kind: str) -> Statement:
    """Return a DROP of the relation."""
    target = Qualified(database, *undotted(name))
    if kind not in _DROPPED:
        raise StopError(
            f"{name} is no longer in the project, but it is a {kind.lower()}", where=database.name, untouched=name
        )
    return Statement(f"DROP {_DROPPED[kind]} IF EXISTS {target.sql}")


def resize(warehouse: Identifier, size: Size) -> Statement:
    """Return ALTER WAREHOUSE with this size."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} SET WAREHOUSE_SIZE = %s", (size.value,))


def as_written(sql: str) -> Statement:
    """Return a query of a policy, unchanged."""
    return Statement(sql)


def reachable() -> Statement:
    """Return a trivial query that needs the warehouse."""
    return Statement("SELECT 1 AS ANSWER")
