"""What a database holds, of every kind that can lie in one: by SHOW, with a role that sees all.

The information schema shows a role what it has rights on, and MANAGE GRANTS changes nothing about it; SHOW honours that
privilege (release notes of bundle 2026_07). So only a session whose role may manage grants can say "there is no more".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sluice.domain.names import Identifier, Qualified, dotted
from sluice.domain.promotion.contents import ContainedObject
from sluice.errors import RefusedError, StopError
from sluice.snowflake import row_parsing, show
from sluice.snowflake.connect import Row, Session
from sluice.snowflake.error_mapping import StatementError, failure_of

MOST_ROWS = 10_000
"""What SHOW returns at most (sql-reference/sql/show-tables)."""
COMMON: Mapping[str, str] = {
    "SCHEMA": "SCHEMAS",
    "TABLE": "TABLES",
    "VIEW": "VIEWS",
    "STAGE": "STAGES",
    "FILE FORMAT": "FILE FORMATS",
    "SEQUENCE": "SEQUENCES",
    "FUNCTION": "USER FUNCTIONS",
    "PROCEDURE": "USER PROCEDURES",
    "DATABASE ROLE": "DATABASE ROLES",
}
"""Kinds that nearly every project has, by the word of SHOW; tables and views of every sort are among TABLES, VIEWS."""
RUNNING: Mapping[str, str] = {"STREAM": "STREAMS", "TASK": "TASKS", "PIPE": "PIPES", "ALERT": "ALERTS"}
"""Kinds that work by themselves."""
RARE: Mapping[str, str] = {
    "TAG": "TAGS",
    "MASKING POLICY": "MASKING POLICIES",
    "ROW ACCESS POLICY": "ROW ACCESS POLICIES",
    "AGGREGATION POLICY": "AGGREGATION POLICIES",
    "PROJECTION POLICY": "PROJECTION POLICIES",
    "JOIN POLICY": "JOIN POLICIES",
    "SESSION POLICY": "SESSION POLICIES",
    "PASSWORD POLICY": "PASSWORD POLICIES",
    "AUTHENTICATION POLICY": "AUTHENTICATION POLICIES",
    "NETWORK RULE": "NETWORK RULES",
    "SECRET": "SECRETS",
    "STREAMLIT": "STREAMLITS",
    "NOTEBOOK": "NOTEBOOKS",
    "MODEL": "MODELS",
    "DATASET": "DATASETS",
    "GIT REPOSITORY": "GIT REPOSITORIES",
    "IMAGE REPOSITORY": "IMAGE REPOSITORIES",
    "SERVICE": "SERVICES",
    "CORTEX SEARCH SERVICE": "CORTEX SEARCH SERVICES",
    "SEMANTIC VIEW": "SEMANTIC VIEWS",
}
"""Further kinds that can lie in a schema."""
KINDS: Mapping[str, str] = {**COMMON, **RUNNING, **RARE}
"""Every kind that is looked for."""

_SORTS = {
    "is_external": "EXTERNAL TABLE",
    "is_dynamic": "DYNAMIC TABLE",
    "is_hybrid": "HYBRID TABLE",
    "is_iceberg": "ICEBERG TABLE",
    "is_event": "EVENT TABLE",
    "is_materialized": "MATERIALIZED VIEW",
}
_FOUND_AMONG = {
    **dict.fromkeys(_SORTS.values(), "TABLE"),
    "MATERIALIZED VIEW": "VIEW",
}
_PAGED = frozenset({"SCHEMA", "TABLE", "VIEW"})
"""Kinds whose SHOW takes LIMIT … FROM."""
_INFORMATION_SCHEMA = Identifier("INFORMATION_SCHEMA")
_UNSUPPORTED = 2
"""`Unsupported feature`: an account of another edition, which then holds nothing of the kind."""


def contents(
    session: Session, database: Identifier, kinds: Collection[str] = KINDS, *, page: int = MOST_ROWS
) -> frozenset[ContainedObject]:
    """Return what of these kinds the database holds: one statement for each, and more where there are over `page` rows.

    Raises:
        StopError: there is more of a kind than SHOW tells.
    """
    words = {_FOUND_AMONG.get(kind, kind) for kind in kinds}
    return frozenset(
        thing
        for kind in KINDS
        if kind in words
        for row in _rows(session, kind, database, page)
        if (thing := _contained(kind, row)) is not None
    )


def require_sight_of_all(session: Session) -> None:
    """Return if the session's role sees every object and every grant, else refuse: it could not tell what is lost."""
    managing = {
        row_parsing.named(row, "grantee_name")
        for row in session.run(show.grants_on_account())
        if str(row["privilege"]).upper() == "MANAGE GRANTS" and str(row["granted_to"]).upper() == "ROLE"
    }
    if not any(row_parsing.truth(session.one(show.is_role_in_session(role)), "held") for role in sorted(managing)):
        raise RefusedError(
            "the administrator's role does not see every object and grant, so what a swap would lose cannot be known",
            where=f"Airflow connection {session.settings.name}, role {session.settings.role}",
            good="GRANT MANAGE GRANTS ON ACCOUNT to that role",
            untouched="everything",
        )


def _rows(session: Session, kind: str, database: Identifier, page: int) -> list[Row]:
    limit = page if kind in _PAGED else None
    try:
        rows = session.run(show.objects_in(KINDS[kind], Qualified(database), limit))
    except StatementError as error:
        failure = failure_of(error)
        if failure is not None and failure.errno == _UNSUPPORTED:
            return []
        raise
    if len(rows) < page:
        return rows
    if kind not in _PAGED:
        raise StopError(
            f"SHOW tells of {page} {KINDS[kind].lower()} at most, and so of not all that are there",
            where=f"database {database}",
            untouched="everything",
        )
    if kind == "SCHEMA":
        return _further(session, kind, Qualified(database), rows, page)
    schemas = [row_parsing.name(row) for row in _rows(session, "SCHEMA", database, page)]
    return [
        row
        for schema in schemas
        if schema != _INFORMATION_SCHEMA
        for row in _further(session, kind, Qualified(database, schema), None, page)
    ]


def _further(session: Session, kind: str, container: Qualified, first: list[Row] | None, page: int) -> list[Row]:
    """Every row of one container: SHOW sorts them by name, and goes on behind the last one."""
    latest = session.run(show.objects_in(KINDS[kind], container, page)) if first is None else first
    rows = latest
    while len(latest) >= page:
        latest = session.run(show.objects_in(KINDS[kind], container, page, str(latest[-1]["name"])))
        rows = [*rows, *latest]
    return rows


def _contained(kind: str, row: Row) -> ContainedObject | None:
    name = row_parsing.name(row)
    if kind == "SCHEMA":
        return None if name == _INFORMATION_SCHEMA else ContainedObject(kind, dotted(name))
    if kind == "DATABASE ROLE":
        return ContainedObject(kind, dotted(name))
    schema = row_parsing.name(row, "schema_name")
    if schema == _INFORMATION_SCHEMA:
        return None
    sort = next((sort for column, sort in _SORTS.items() if row_parsing.truth(row, column)), kind)
    return ContainedObject(sort, dotted(schema, name) + row_parsing.argument_types(row))
