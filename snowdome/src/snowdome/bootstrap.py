"""Creates the system objects of a new account, and repairs an account after a crash."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from snowdome.objects.account.privileges import GLOBAL
from snowdome.security.access import MANAGE_GRANTS
from snowdome.security.passwords import hashed
from snowdome.state import commit_log
from snowdome.state.duckdb_rows import journal
from snowdome.state.records import ACCOUNT_ID, SNOWFLAKE, Database, DatabaseRole, Grant, Role, Sequence, Table, User
from snowdome.state.records import Account as AccountRecord
from snowdome.state.time_zone import OF_A_FRESH_ACCOUNT, TIMEZONE
from snowdome.usage import usage_schema

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.catalog import Change

# each role, and the roles it is granted to
ROLES = {
    "ACCOUNTADMIN": (),
    "SECURITYADMIN": ("ACCOUNTADMIN",),
    "SYSADMIN": ("ACCOUNTADMIN",),
    "USERADMIN": ("SECURITYADMIN",),
    "PUBLIC": (),
}
ACCOUNT_PRIVILEGES = {
    "ACCOUNTADMIN": GLOBAL,
    "SYSADMIN": ("CREATE DATABASE", "CREATE WAREHOUSE"),
    "USERADMIN": ("CREATE ROLE", "CREATE USER"),
    "SECURITYADMIN": ("MANAGE GRANTS", "CREATE NETWORK POLICY"),
}
ADMINISTRATOR = "ACCOUNTADMIN"
SETTINGS = {TIMEZONE: OF_A_FRESH_ACCOUNT}
"""What the account is set to from the start."""
ADMIN = "ADMIN"
IMPORTED = "IMPORTED PRIVILEGES"
SNOWFLAKE_ROLES = (
    "ALERT_VIEWER", "BUDGET_CREATOR", "CORTEX_USER", "DATA_METRIC_USER", "GOVERNANCE_ADMIN", "GOVERNANCE_VIEWER",
    "MONITORING_VIEWER", "OBJECT_VIEWER", "ORGANIZATION_BILLING_VIEWER", "ORGANIZATION_USAGE_VIEWER",
    "SECURITY_VIEWER", "USAGE_ADMIN", "USAGE_VIEWER",
)  # fmt: skip
"""Database roles that Snowflake's own database offers."""


def create_system_objects(account: Account, password: str) -> None:
    """Create the system roles and the ADMIN user unless they exist."""
    if account.catalog.find(User, ADMIN) is not None or account.catalog.all(Role):
        return
    now = account.clock.now()
    with account.catalog.change() as change:
        ids = {name: change.new_id() for name in ROLES}
        user = change.new_id()
        for name, granted_to in ROLES.items():
            grants = [Grant(privilege="USAGE", to=ids[to], on=now) for to in granted_to]
            if name == "ACCOUNTADMIN":
                grants.append(Grant(privilege="USAGE", to=user, on=now))
            change.put(Role(id=ids[name], name=name, created_on=now, grants=tuple(grants)))
        privileges = tuple(
            Grant(privilege=privilege, to=ids[role], option=role == ADMINISTRATOR or privilege == MANAGE_GRANTS, on=now)
            for role, wanted in ACCOUNT_PRIVILEGES.items()
            for privilege in wanted
        )
        change.put(
            AccountRecord(
                id=ACCOUNT_ID, name="SNOWDOME", parent=-1, created_on=now, grants=privileges, parameters=SETTINGS
            )
        )
        _lay_snowflake(change, ids["ACCOUNTADMIN"], now)
        usage_schema.create(account.catalog, now)
        change.put(
            User(
                id=user,
                name=ADMIN,
                login_name=ADMIN,
                owner=ids["ACCOUNTADMIN"],
                created_on=now,
                password_hash=hashed(password),
                properties={"DEFAULT_ROLE": "ACCOUNTADMIN"},
            )
        )


def _lay_snowflake(change: Change, admin: int, now: datetime) -> None:
    """The database that Snowflake shares with every account, with its database roles; nobody owns it."""
    database = change.put(
        Database(
            id=change.new_id(),
            name=SNOWFLAKE,
            created_on=now,
            grants=tuple(Grant(privilege=privilege, to=admin, on=now) for privilege in ("USAGE", IMPORTED)),
        )
    )
    for name in SNOWFLAKE_ROLES:
        change.put(DatabaseRole(id=change.new_id(), name=name, parent=database.id, created_on=now))


def repair(account: Account) -> None:
    """DuckDB holds the tables the catalog knows and no others: what a killed statement left half made is gone."""
    commit_log.settle(account)
    known = {physical for r in account.catalog.all(Table, dropped=True) for physical in r.physicals}
    known |= {journal(physical) for physical in known}
    known |= {r.physical for r in account.catalog.all(Sequence, dropped=True)}
    for name in account.duck.names() - known:
        if name.startswith(("t", "j")):
            account.duck.drop(name)
