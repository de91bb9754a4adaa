"""Builders of look-ups: SHOW, DESCRIBE and the information schema, each one statement."""

from __future__ import annotations

from sluice.domain.names import Identifier, Qualified
from sluice.snowflake.statements import Statement


def now() -> Statement:
    """Return a query of the account's time."""
    return Statement("SELECT CURRENT_TIMESTAMP() AS NOW")


def databases() -> Statement:
    """Return SHOW DATABASES, for all that the role may see."""
    return Statement("SHOW DATABASES")


def warehouses(warehouse: Identifier) -> Statement:
    """Return SHOW WAREHOUSES LIKE this name, which may match others."""
    return Statement("SHOW WAREHOUSES LIKE %s", (_like(warehouse),))


def all_warehouses() -> Statement:
    """Return SHOW WAREHOUSES, for all that the role may see."""
    return Statement("SHOW WAREHOUSES")


def all_monitors() -> Statement:
    """Return SHOW RESOURCE MONITORS, for all that the role may see."""
    return Statement("SHOW RESOURCE MONITORS")


def warehouse_parameters(warehouse: Identifier) -> Statement:
    """Concurrency and time-outs, which SHOW WAREHOUSES leaves out."""
    return Statement(f"SHOW PARAMETERS IN WAREHOUSE {warehouse.sql}")


def roles() -> Statement:
    """Return SHOW ROLES."""
    return Statement("SHOW ROLES")


def users(user: Identifier) -> Statement:
    """Return SHOW USERS LIKE this name, which may match others."""
    return Statement("SHOW USERS LIKE %s", (_like(user),))


def describe_user(user: Identifier) -> Statement:
    """All properties of a user, among them the fingerprint of its public key."""
    return Statement(f"DESCRIBE USER {user.sql}")


def grants_to(role: Identifier) -> Statement:
    """Everything that a role holds."""
    return Statement(f"SHOW GRANTS TO ROLE {role.sql}")


def future_grants_to(role: Identifier) -> Statement:
    """Everything that a role will hold on objects to come."""
    return Statement(f"SHOW FUTURE GRANTS TO ROLE {role.sql}")


def grants_of(role: Identifier) -> Statement:
    """Roles and users that a role was granted to."""
    return Statement(f"SHOW GRANTS OF ROLE {role.sql}")


def grants_on_database(database: Identifier) -> Statement:
    """Privileges on the database itself."""
    return Statement(f"SHOW GRANTS ON DATABASE {database.sql}")


def schemas(database: Identifier) -> Statement:
    """Schemas of a database."""
    return Statement(f"SHOW SCHEMAS IN DATABASE {database.sql}")


def tables(database: Identifier) -> Statement:
    """Tables of a database; needs no running warehouse."""
    return Statement(f"SHOW TABLES IN DATABASE {database.sql}")


def views(database: Identifier) -> Statement:
    """Views of a database; needs no running warehouse."""
    return Statement(f"SHOW VIEWS IN DATABASE {database.sql}")


def tags(schema: Qualified) -> Statement:
    """Tags defined in a schema."""
    return Statement(f"SHOW TAGS IN SCHEMA {schema.sql}")


def tag_values(control: Identifier, name: Identifier, domain: str) -> Statement:
    """Tags set on one object, without the latency of the account's usage views."""
    return Statement(
        "SELECT TAG_DATABASE, TAG_SCHEMA, TAG_NAME, TAG_VALUE, LEVEL\n"
        f"FROM TABLE({control.sql}.INFORMATION_SCHEMA.TAG_REFERENCES(%s, %s))",
        (name.sql, domain),
    )


def relations(database: Identifier) -> Statement:
    """Every table and view of a database with rows and last change."""
    return Statement(
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ROW_COUNT, LAST_ALTERED, TABLE_OWNER\n"
        f"FROM {database.sql}.INFORMATION_SCHEMA.TABLES\n"
        "WHERE TABLE_SCHEMA <> 'INFORMATION_SCHEMA'\nORDER BY 1, 2"
    )


def columns(database: Identifier) -> Statement:
    """Every column of a database, in order."""
    return Statement(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, NUMERIC_PRECISION, NUMERIC_SCALE\n"
        f"FROM {database.sql}.INFORMATION_SCHEMA.COLUMNS\n"
        "WHERE TABLE_SCHEMA <> 'INFORMATION_SCHEMA'\nORDER BY 1, 2, ORDINAL_POSITION"
    )


def view_texts(database: Identifier) -> Statement:
    """The text of every view, as written."""
    return Statement(
        "SELECT TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION\n"
        f"FROM {database.sql}.INFORMATION_SCHEMA.VIEWS\n"
        "WHERE TABLE_SCHEMA <> 'INFORMATION_SCHEMA'\nORDER BY 1, 2"
    )


def objects_in(plural: str, container: Qualified, limit: int | None = None, after: str | None = None) -> Statement:
    """Return SHOW of a kind, by its word in the plural, in a database or a schema.

    With a limit where SHOW takes one, and from behind a name on.
    """
    level = "DATABASE" if container.schema is None else "SCHEMA"
    asked = f"SHOW {plural} IN {level} {container.sql}" + (f" LIMIT {int(limit)}" if limit else "")
    return Statement(asked) if after is None else Statement(f"{asked} FROM %s", (after,))


def everywhere(plural: str, *, in_account: bool) -> Statement:
    """Return SHOW of a kind, by its word in the plural, in the whole account; some kinds are of the account anyway."""
    return Statement(f"SHOW {plural}" + (" IN ACCOUNT" if in_account else ""))


def databases_in_group(kind: str, group: Identifier) -> Statement:
    """Databases that a failover or replication group holds."""
    return Statement(f"SHOW DATABASES IN {kind.upper()} {group.sql}")


def grants_on_account() -> Statement:
    """Privileges on the account."""
    return Statement("SHOW GRANTS ON ACCOUNT")


def is_role_in_session(role: Identifier) -> Statement:
    """Whether the session has the role, itself or through another."""
    return Statement("SELECT IS_ROLE_IN_SESSION(%s) AS HELD", (role.name,))


def grants_to_database_role(role: Qualified) -> Statement:
    """Everything that a database role holds."""
    return Statement(f"SHOW GRANTS TO DATABASE ROLE {role.sql}")


def grants_of_database_role(role: Qualified) -> Statement:
    """Roles that a database role was granted to."""
    return Statement(f"SHOW GRANTS OF DATABASE ROLE {role.sql}")


def future_grants_to_database_role(role: Qualified) -> Statement:
    """Everything that a database role will hold on objects to come."""
    return Statement(f"SHOW FUTURE GRANTS TO DATABASE ROLE {role.sql}")


def plural(kind: str) -> str:
    """Return the word for several objects of a kind, as GRANT and SHOW have it."""
    return f"{kind[:-1]}IES" if kind.endswith("Y") else f"{kind}S"


def _like(name: Identifier) -> str:
    return name.name.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
