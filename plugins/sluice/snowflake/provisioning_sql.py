"""Builders of provisioning statements: each may be repeated, and the next plan sees whatever is incomplete."""

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
    """Return CREATE ROLE, with the ownership marker."""
    return Statement(f"CREATE ROLE IF NOT EXISTS {role.sql} COMMENT = %s", (marker.comment,))


def create_warehouse(warehouse: Warehouse, marker: Marker) -> Statement:
    """Return CREATE WAREHOUSE, initially suspended, with every setting explicit (defaults differ between editions)."""
    assigned, params = _assignments({key: getattr(warehouse, key) for key in _PROPERTIES}, marker)
    return Statement(
        f"CREATE WAREHOUSE IF NOT EXISTS {warehouse.name.sql} WITH\n  WAREHOUSE_TYPE = STANDARD\n  {assigned}\n"
        "  INITIALLY_SUSPENDED = TRUE",
        params,
    )


def alter_warehouse(name: Identifier, changes: Sequence[Change], marker: Marker) -> Statement:
    """Return ALTER WAREHOUSE with the changed settings."""
    assigned, params = _assignments({change.setting: change.wanted for change in changes}, marker)
    return Statement(f"ALTER WAREHOUSE {name.sql} SET\n  {assigned}", params)


def create_database(database: Database, marker: Marker) -> Statement:
    """Return CREATE DATABASE with the ownership marker."""
    kind = "TRANSIENT DATABASE" if database.transient else "DATABASE"
    return Statement(
        f"CREATE {kind} IF NOT EXISTS {database.name.sql} DATA_RETENTION_TIME_IN_DAYS = %s COMMENT = %s",
        (database.retention_days, marker.comment),
    )


def clone_database(database: Database, base: BaseBlock, marker: Marker) -> Statement:
    """Return CREATE DATABASE … CLONE of the base, with the ownership marker."""
    kind = "TRANSIENT DATABASE" if database.transient else "DATABASE"
    return Statement(
        f"CREATE {kind} IF NOT EXISTS {database.name.sql} CLONE {base.database.sql}{_at(base)} IGNORE HYBRID TABLES\n"
        "  DATA_RETENTION_TIME_IN_DAYS = %s COMMENT = %s",
        (database.retention_days, marker.comment),
    )


def clone_schema(database: Identifier, schema: Identifier, base: BaseBlock) -> Statement:
    """Return CREATE SCHEMA … CLONE of the same schema of the base."""
    source = Qualified(base.database, schema)
    return Statement(f"CREATE SCHEMA IF NOT EXISTS {Qualified(database, schema).sql} CLONE {source.sql}{_at(base)}")


def _at(base: BaseBlock) -> str:
    """Return the AT clause; Time Travel needs a cast timestamp."""
    if base.at is None:
        return ""
    return f" AT (TIMESTAMP => '{base.at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} +0000'::TIMESTAMP_TZ)"


def create_monitor(monitor: Monitor) -> Statement:
    """Return CREATE RESOURCE MONITOR with a daily (UTC) credit quota and its triggers."""
    return Statement(
        f"CREATE RESOURCE MONITOR IF NOT EXISTS {monitor.name.sql} WITH CREDIT_QUOTA = %s FREQUENCY = DAILY\n"
        f"  START_TIMESTAMP = IMMEDIATELY\n  {_triggers(monitor)}",
        (monitor.credits_a_day,),
    )


def alter_monitor(monitor: Monitor) -> Statement:
    """Return ALTER RESOURCE MONITOR with the credit quota and all triggers."""
    return Statement(
        f"ALTER RESOURCE MONITOR {monitor.name.sql} SET CREDIT_QUOTA = %s\n  {_triggers(monitor)}",
        (monitor.credits_a_day,),
    )


def _triggers(monitor: Monitor) -> str:
    notify = "".join(f" ON {int(percent)} PERCENT DO NOTIFY" for percent in monitor.notify_percents)
    return f"TRIGGERS{notify}" + (
        f" ON {int(monitor.suspend_percent)} PERCENT DO SUSPEND_IMMEDIATE" if monitor.suspend_percent else ""
    )


def attach_monitor(monitor: Monitor, warehouse: Identifier) -> Statement:
    """Return ALTER WAREHOUSE … SET RESOURCE_MONITOR."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} SET RESOURCE_MONITOR = {monitor.name.sql}")


def call_monitor(procedure: Qualified, monitor: Monitor, warehouse: Identifier) -> Statement:
    """Return a CALL of an ACCOUNTADMIN's procedure that creates or alters the monitor and attaches it."""
    values = (
        warehouse.written,
        monitor.name.written,
        monitor.credits_a_day,
    )  # as IDENTIFIER(…) in the procedure takes them
    return Statement(f"CALL {procedure.sql}(%s, %s, %s)", values)


def create_source(name: Identifier) -> Statement:
    """Return CREATE DATABASE for raw data."""
    return Statement(f"CREATE DATABASE IF NOT EXISTS {name.sql} COMMENT = 'raw data, outside of every promotion'")


def set_retention(name: Identifier, days: int) -> Statement:
    """Return ALTER DATABASE with the retention in days."""
    return Statement(f"ALTER DATABASE {name.sql} SET DATA_RETENTION_TIME_IN_DAYS = %s", (days,))


def create_user(user: User, public_key: str, marker: Marker) -> Statement:
    """Return CREATE USER for a service user that logs in with a key pair only."""
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
    """Return a GRANT ROLE statement."""
    return Statement(f"GRANT ROLE {membership.role.sql} TO {membership.to_kind} {membership.to.sql}")


def grant(privileges: Sequence[str], where: Grant) -> Statement:
    """Return a GRANT of privileges; with ownership of one object, other grants on it are kept.

    Ownership of the contents of a clone revokes the grants that came with it from the base.
    """
    names = ", ".join(privileges)
    current_grants = {"one": " COPY CURRENT GRANTS", "all": " REVOKE CURRENT GRANTS"}.get(where.scope, "")
    current_grants = current_grants if where.privilege == "OWNERSHIP" else ""
    return Statement(f"GRANT {names} ON {_target(where)} TO ROLE {where.role.sql}{current_grants}")


def revoke(where: Grant) -> Statement:
    """Return a REVOKE of one privilege."""
    return Statement(f"REVOKE {where.privilege} ON {_target(where)} FROM ROLE {where.role.sql}")


def create_tag(tag: Qualified) -> Statement:
    """Return CREATE TAG."""
    return Statement(f"CREATE TAG IF NOT EXISTS {tag.sql}")


def set_tags(kind: str, on: Identifier, values: Sequence[tuple[Qualified, str]]) -> Statement:
    """Return ALTER … SET TAG with these values."""
    assignments = ", ".join(f"{tag.sql} = %s" for tag, _ in values)
    return Statement(f"ALTER {kind} {on.sql} SET TAG {assignments}", tuple(value for _, value in values))


def _target(where: Grant) -> str:
    if where.on is None:
        return "ACCOUNT"
    if where.scope == "one":
        return f"{where.kind} {where.on.sql}"
    container = "DATABASE" if where.on.schema is None else "SCHEMA"
    return f"{where.scope.upper()} {_PLURAL[where.kind]} IN {container} {where.on.sql}"


def _defaults(user: User) -> str:
    """Return the defaults as identifiers: it is not documented whether string literals are upper-cased."""
    role, warehouse = (name.sql if name else "NULL" for name in (user.default_role, user.default_warehouse))
    return f"DEFAULT_ROLE = {role}\n  DEFAULT_WAREHOUSE = {warehouse}"


def _assignments(settings: dict[str, str | int | bool], marker: Marker) -> tuple[str, tuple[Value, ...]]:
    lines: list[str] = []
    params: list[Value] = []
    for key, wanted in settings.items():
        lines.append(f"{_PROPERTIES[key]} = %s")
        params.append(marker.comment if key == "environment" else wanted)
    return "\n  ".join(lines), tuple(params)
