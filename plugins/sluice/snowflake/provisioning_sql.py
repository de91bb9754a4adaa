"""Statements of provisioning: each may be repeated, and leaves nothing half-made that the next plan would not see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from sluice.domain.names import Identifier, Marker, Qualified
from sluice.domain.provisioning.resources import Database, Grant, Membership, Monitor, User, Warehouse
from sluice.domain.provisioning.steps import Change
from sluice.domain.specs.blocks import BaseBlock
from sluice.snowflake.statements import Statement, Value

_PLURAL = {"SCHEMA": "SCHEMAS", "TABLE": "TABLES", "VIEW": "VIEWS"}
_PROPERTIES = {
    "environment": "COMMENT",
    "size": "WAREHOUSE_SIZE",
    "generation": "GENERATION",
    "auto_suspend": "AUTO_SUSPEND",
    "auto_resume": "AUTO_RESUME",
    "min_cluster_count": "MIN_CLUSTER_COUNT",
    "max_cluster_count": "MAX_CLUSTER_COUNT",
    "scaling_policy": "SCALING_POLICY",
    "query_acceleration": "ENABLE_QUERY_ACCELERATION",
    "concurrent_queries": "MAX_CONCURRENCY_LEVEL",
    "queue_timeout": "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS",
    "statement_timeout": "STATEMENT_TIMEOUT_IN_SECONDS",
}


def create_role(role: Identifier, marker: Marker) -> Statement:
    """The role is there."""
    return Statement(f"CREATE ROLE IF NOT EXISTS {role.sql} COMMENT = %s", (marker.comment,))


def create_warehouse(made: Warehouse, marker: Marker) -> Statement:
    """The warehouse is there, suspended, every setting spelt out: omitted ones differ between editions."""
    assigned, params = _assignments({key: getattr(made, key) for key in _PROPERTIES}, marker)
    return Statement(
        f"CREATE WAREHOUSE IF NOT EXISTS {made.name.sql} WITH\n  WAREHOUSE_TYPE = STANDARD\n  {assigned}\n"
        "  INITIALLY_SUSPENDED = TRUE",
        params,
    )


def alter_warehouse(name: Identifier, changes: Sequence[Change], marker: Marker) -> Statement:
    """The warehouse has the wanted settings."""
    assigned, params = _assignments({change.setting: change.wanted for change in changes}, marker)
    return Statement(f"ALTER WAREHOUSE {name.sql} SET\n  {assigned}", params)


def create_database(made: Database, marker: Marker) -> Statement:
    """The database is there, marked as ours from its first moment."""
    kind = "TRANSIENT DATABASE" if made.transient else "DATABASE"
    return Statement(
        f"CREATE {kind} IF NOT EXISTS {made.name.sql} DATA_RETENTION_TIME_IN_DAYS = %s COMMENT = %s",
        (made.retention_days, marker.comment),
    )


def clone_database(made: Database, base: BaseBlock, marker: Marker) -> Statement:
    """The database is a zero-copy clone of the base, marked as ours from its first moment."""
    kind = "TRANSIENT DATABASE" if made.transient else "DATABASE"
    return Statement(
        f"CREATE {kind} IF NOT EXISTS {made.name.sql} CLONE {base.database.sql}{_at(base)} IGNORE HYBRID TABLES\n"
        "  DATA_RETENTION_TIME_IN_DAYS = %s COMMENT = %s",
        (made.retention_days, marker.comment),
    )


def clone_schema(database: Identifier, schema: Identifier, base: BaseBlock) -> Statement:
    """The schema is a zero-copy clone of the base's of the same name."""
    source = Qualified(base.database, schema)
    return Statement(f"CREATE SCHEMA IF NOT EXISTS {Qualified(database, schema).sql} CLONE {source.sql}{_at(base)}")


def _at(base: BaseBlock) -> str:
    """Time Travel wants the moment cast: an uncast text fails."""
    if base.at is None:
        return ""
    return f" AT (TIMESTAMP => '{base.at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} +0000'::TIMESTAMP_TZ)"


def create_monitor(made: Monitor) -> Statement:
    """The monitor is there: it counts credits by the UTC day, tells, and stops where it should."""
    return Statement(
        f"CREATE RESOURCE MONITOR IF NOT EXISTS {made.name.sql} WITH CREDIT_QUOTA = %s FREQUENCY = DAILY\n"
        f"  START_TIMESTAMP = IMMEDIATELY\n  {_triggers(made)}",
        (made.credits_a_day,),
    )


def alter_monitor(made: Monitor) -> Statement:
    """The monitor allows so many credits a day, tells, and stops where it should, whatever it did before."""
    return Statement(
        f"ALTER RESOURCE MONITOR {made.name.sql} SET CREDIT_QUOTA = %s\n  {_triggers(made)}", (made.credits_a_day,)
    )


def _triggers(made: Monitor) -> str:
    told = "".join(f" ON {int(one)} PERCENT DO NOTIFY" for one in made.notify_percents)
    return f"TRIGGERS{told}" + (
        f" ON {int(made.suspend_percent)} PERCENT DO SUSPEND_IMMEDIATE" if made.suspend_percent else ""
    )


def attach_monitor(made: Monitor, warehouse: Identifier) -> Statement:
    """The monitor counts what the warehouse uses."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} SET RESOURCE_MONITOR = {made.name.sql}")


def call_monitor(procedure: Qualified, made: Monitor, warehouse: Identifier) -> Statement:
    """An ACCOUNTADMIN's procedure has made the monitor, or given it its credits, and attached it; may be repeated."""
    values = (warehouse.written, made.name.written, made.credits_a_day)  # as IDENTIFIER(…) in the procedure takes them
    return Statement(f"CALL {procedure.sql}(%s, %s, %s)", values)


def create_source(name: Identifier) -> Statement:
    """The database for raw data is there."""
    return Statement(f"CREATE DATABASE IF NOT EXISTS {name.sql} COMMENT = 'raw data, outside of every promotion'")


def set_retention(name: Identifier, days: int) -> Statement:
    """The database remembers so many days."""
    return Statement(f"ALTER DATABASE {name.sql} SET DATA_RETENTION_TIME_IN_DAYS = %s", (days,))


def create_user(user: User, public_key: str, marker: Marker) -> Statement:
    """The service user is there; it can log in with its key only."""
    return Statement(
        f"CREATE USER IF NOT EXISTS {user.name.sql}\n  TYPE = SERVICE\n  RSA_PUBLIC_KEY = %s\n  {_defaults(user)}\n"
        "  COMMENT = %s",
        (public_key, marker.comment),
    )


def alter_user(user: User, public_key: str | None) -> Statement:
    """The service user has this key, if there is one, and these defaults."""
    if public_key is None:
        return Statement(f"ALTER USER {user.name.sql} SET\n  {_defaults(user)}")
    return Statement(f"ALTER USER {user.name.sql} SET\n  RSA_PUBLIC_KEY = %s\n  {_defaults(user)}", (public_key,))


def grant_role(membership: Membership) -> Statement:
    """The role is granted."""
    return Statement(f"GRANT ROLE {membership.role.sql} TO {membership.to_kind} {membership.to.sql}")


def grant(privileges: Sequence[str], where: Grant) -> Statement:
    """The role holds the privileges; of one object's ownership, everyone else's grants are kept.

    The contents of a clone are given away as a whole, without what others held on them in the base.
    """
    said = ", ".join(privileges)
    kept = {"one": " COPY CURRENT GRANTS", "all": " REVOKE CURRENT GRANTS"}.get(where.scope, "")
    kept = kept if where.privilege == "OWNERSHIP" else ""
    return Statement(f"GRANT {said} ON {_target(where)} TO ROLE {where.role.sql}{kept}")


def create_tag(tag: Qualified) -> Statement:
    """The tag is there."""
    return Statement(f"CREATE TAG IF NOT EXISTS {tag.sql}")


def set_tags(kind: str, on: Identifier, values: Sequence[tuple[Qualified, str]]) -> Statement:
    """The object carries these values."""
    said = ", ".join(f"{tag.sql} = %s" for tag, _ in values)
    return Statement(f"ALTER {kind} {on.sql} SET TAG {said}", tuple(value for _, value in values))


def _target(where: Grant) -> str:
    if where.on is None:
        return "ACCOUNT"
    if where.scope == "one":
        return f"{where.kind} {where.on.sql}"
    container = "DATABASE" if where.on.schema is None else "SCHEMA"
    return f"{where.scope.upper()} {_PLURAL[where.kind]} IN {container} {where.on.sql}"


def _defaults(user: User) -> str:
    """Names, not texts: of a text it is not documented whether capitals are made of it."""
    role, warehouse = (name.sql if name else "NULL" for name in (user.default_role, user.default_warehouse))
    return f"DEFAULT_ROLE = {role}\n  DEFAULT_WAREHOUSE = {warehouse}"


def _assignments(settings: dict[str, str | int | bool], marker: Marker) -> tuple[str, tuple[Value, ...]]:
    lines: list[str] = []
    params: list[Value] = []
    for key, wanted in settings.items():
        lines.append(f"{_PROPERTIES[key]} = %s")
        params.append(marker.comment if key == "environment" else wanted)
    return "\n  ".join(lines), tuple(params)
