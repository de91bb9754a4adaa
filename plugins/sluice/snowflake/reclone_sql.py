"""Statements that renew an environment's data beside its live database."""

from __future__ import annotations

from sluice.domain.names import Identifier, Marker, Qualified, undotted
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import StopError
from sluice.snowflake.statements import Statement


def clone(spec: EnvironmentSpec, fresh: Identifier, marker: Marker) -> list[Statement]:
    """The fresh database is a zero-copy clone of the base, or of the schemas that were asked for, marked at once."""
    base = spec.base
    if base is None:
        raise StopError("no base to clone", where=f"environment {spec.name}", untouched="everything")
    kind = "TRANSIENT DATABASE" if spec.database.transient else "DATABASE"
    rest = "DATA_RETENTION_TIME_IN_DAYS = %s COMMENT = %s"
    values = (spec.database.retention_days, marker.comment)
    if not base.schemas:
        text = f"CREATE {kind} {fresh.sql} CLONE {base.database.sql} IGNORE HYBRID TABLES {rest}"
        return [Statement(text, values, repeatable=False)]
    made = [Statement(f"CREATE {kind} {fresh.sql} {rest}", values, repeatable=False)]
    return made + [
        Statement(
            f"CREATE OR REPLACE SCHEMA {Qualified(fresh, schema).sql} CLONE {Qualified(base.database, schema).sql}"
        )
        for schema in base.schemas
    ]


def create_schema(database: Identifier, schema: Identifier) -> Statement:
    """The schema is there."""
    return Statement(f"CREATE SCHEMA IF NOT EXISTS {Qualified(database, schema).sql}")


def carry(live: Identifier, fresh: Identifier, path: str, kind: str, text: str | None) -> Statement:
    """The fresh database has the live one's relation: a table without copying its rows, a view by its text."""
    source, target = Qualified(live, *undotted(path)), Qualified(fresh, *undotted(path))
    if kind in {"TABLE", "TRANSIENT TABLE"}:  # a transient one cannot be cloned to a permanent one; dbt's are transient
        return Statement(f"CREATE OR REPLACE {kind} {target.sql} CLONE {source.sql} COPY GRANTS")
    if kind == "VIEW" and text is not None:
        return Statement(f"CREATE OR REPLACE VIEW {target.sql} COPY GRANTS AS\n{body(text)}")
    raise StopError(
        f"a {kind.lower()} cannot be carried over",
        where=source.sql,
        good="a refresh without keeping own changes",
        untouched="everything",
    )


def body(text: str) -> str:
    """Return the query of a view's text, which Snowflake keeps with its CREATE."""
    import sqlglot
    from sqlglot import exp

    made = sqlglot.parse_one(text, read="snowflake")
    if isinstance(made, exp.Create) and made.expression is not None:
        return str(made.expression.sql(dialect="snowflake"))
    return text
