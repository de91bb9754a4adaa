"""Builders of the statements that re-clone an environment next to its live database."""

from __future__ import annotations

from sluice.domain.names import Identifier, Marker, Qualified, undotted
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import StopError
from sluice.snowflake.statements import Statement


def clone(spec: EnvironmentSpec, fresh: Identifier, marker: Marker) -> list[Statement]:
    """Return the statements that clone the base, or the requested schemas of it, with the marker."""
    base = spec.base
    if base is None:
        raise StopError("no base to clone", where=f"environment {spec.name}", untouched="everything")
    kind = "TRANSIENT DATABASE" if spec.database.transient else "DATABASE"
    rest = "DATA_RETENTION_TIME_IN_DAYS = %s COMMENT = %s"
    values = (spec.database.retention_days, marker.comment)
    if not base.schemas:
        text = f"CREATE {kind} {fresh.sql} CLONE {base.database.sql} IGNORE HYBRID TABLES {rest}"
        return [Statement(text, values, repeatable=False)]
    statements = [Statement(f"CREATE {kind} {fresh.sql} {rest}", values, repeatable=False)]
    return statements + [
        Statement(
            f"CREATE OR REPLACE SCHEMA {Qualified(fresh, schema).sql} CLONE {Qualified(base.database, schema).sql}"
        )
        for schema in base.schemas
    ]


def create_schema(database: Identifier, schema: Identifier) -> Statement:
    """Return CREATE SCHEMA."""
    return Statement(f"CREATE SCHEMA IF NOT EXISTS {Qualified(database, schema).sql}")


def carry(live: Identifier, fresh: Identifier, path: str, kind: str, text: str | None) -> Statement:
    """Return the statement that carries a relation over: a zero-copy clone of a table, or CREATE VIEW."""
    source, target = Qualified(live, *undotted(path)), Qualified(fresh, *undotted(path))
    if kind in {"TABLE", "TRANSIENT TABLE"}:  # a transient one cannot be cloned to a permanent one; dbt's are transient
        return Statement(f"CREATE OR REPLACE {kind} {target.sql} CLONE {source.sql} COPY GRANTS")
    if kind == "VIEW" and text is not None:
        return Statement(f"CREATE OR REPLACE VIEW {target.sql} COPY GRANTS AS\n{body(text)}")
    raise StopError(
        f"a {kind.lower()} cannot be carried over",
        where=source.sql,
        good="a re-clone without keeping own changes",
        untouched="everything",
    )


def body(text: str) -> str:
    """Return the query of a view's text, which Snowflake keeps with its CREATE."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(text, read="snowflake")
    if isinstance(tree, exp.Create) and tree.expression is not None:
        return str(tree.expression.sql(dialect="snowflake"))
    return text
