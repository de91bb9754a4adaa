"""Statements that take an environment away, a step at a time; each may be repeated."""

from __future__ import annotations

from sluice.domain.names import Identifier, Qualified
from sluice.snowflake.statements import Statement


def revoke_role(role: Identifier, user: Identifier) -> Statement:
    """The user does not have the role."""
    return Statement(f"REVOKE ROLE {role.sql} FROM USER {user.sql}")


def stop_warehouse(warehouse: Identifier) -> Statement:
    """No statement starts the warehouse again."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} SET AUTO_RESUME = FALSE")


def suspend(warehouse: Identifier) -> Statement:
    """The warehouse stops when what runs in it is over; refused (090064) where it is suspended already."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} SUSPEND")


def abort_all(warehouse: Identifier) -> Statement:
    """Whatever runs or waits in the warehouse is cancelled."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} ABORT ALL QUERIES")


def drop_warehouse(warehouse: Identifier) -> Statement:
    """There is no such warehouse."""
    return Statement(f"DROP WAREHOUSE IF EXISTS {warehouse.sql}")


def drop_monitor(monitor: Identifier) -> Statement:
    """There is no such resource monitor."""
    return Statement(f"DROP RESOURCE MONITOR IF EXISTS {monitor.sql}")


def drop_role(role: Identifier) -> Statement:
    """There is no such role."""
    return Statement(f"DROP ROLE IF EXISTS {role.sql}")


def drop_schema(schema: Qualified) -> Statement:
    """There is no such schema."""
    return Statement(f"DROP SCHEMA IF EXISTS {schema.sql}")


def undrop_database(name: Identifier) -> Statement:
    """The database that was dropped last under this name is there again."""
    return Statement(f"UNDROP DATABASE {name.sql}", repeatable=False)


def clone_over(database: Identifier, schema: Identifier, base: Identifier) -> Statement:
    """The schema is a zero-copy clone of the base's, whatever it held before."""
    made, source = Qualified(database, schema), Qualified(base, schema)
    return Statement(f"CREATE OR REPLACE SCHEMA {made.sql} CLONE {source.sql}")
