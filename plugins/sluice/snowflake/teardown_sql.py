"""Builders of the statements that remove an environment step by step; each may be repeated."""

from __future__ import annotations

from sluice.domain.names import Identifier, Qualified
from sluice.snowflake.statements import Statement


def revoke_role(role: Identifier, user: Identifier) -> Statement:
    """Return a REVOKE ROLE statement."""
    return Statement(f"REVOKE ROLE {role.sql} FROM USER {user.sql}")


def stop_warehouse(warehouse: Identifier) -> Statement:
    """Return ALTER WAREHOUSE … AUTO_RESUME = FALSE."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} SET AUTO_RESUME = FALSE")


def suspend(warehouse: Identifier) -> Statement:
    """Return ALTER WAREHOUSE … SUSPEND, which lets statements finish and fails (090064) if already suspended."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} SUSPEND")


def abort_all(warehouse: Identifier) -> Statement:
    """Return ALTER WAREHOUSE … ABORT ALL QUERIES."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} ABORT ALL QUERIES")


def drop_warehouse(warehouse: Identifier) -> Statement:
    """Return DROP WAREHOUSE IF EXISTS."""
    return Statement(f"DROP WAREHOUSE IF EXISTS {warehouse.sql}")


def drop_monitor(monitor: Identifier) -> Statement:
    """Return DROP RESOURCE MONITOR IF EXISTS."""
    return Statement(f"DROP RESOURCE MONITOR IF EXISTS {monitor.sql}")


def drop_role(role: Identifier) -> Statement:
    """Return DROP ROLE IF EXISTS."""
    return Statement(f"DROP ROLE IF EXISTS {role.sql}")


def drop_schema(schema: Qualified) -> Statement:
    """Return DROP SCHEMA IF EXISTS."""
    return Statement(f"DROP SCHEMA IF EXISTS {schema.sql}")


def undrop_database(name: Identifier) -> Statement:
    """Return UNDROP DATABASE, which restores the last one dropped under this name."""
    return Statement(f"UNDROP DATABASE {name.sql}", repeatable=False)


def clone_over(database: Identifier, schema: Identifier, base: Identifier) -> Statement:
    """Return CREATE OR REPLACE SCHEMA … CLONE of the base's schema."""
    target, source = Qualified(database, schema), Qualified(base, schema)
    return Statement(f"CREATE OR REPLACE SCHEMA {target.sql} CLONE {source.sql}")
