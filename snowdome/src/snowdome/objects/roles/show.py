"""SHOW ROLES and SHOW DATABASE ROLES."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.result import Result, listing
from snowdome.security import access, resolve, show_format
from snowdome.security.resolve import Context
from snowdome.security.show_format import NUMBER, TEXT, TIME
from snowdome.sql.grammar.show import Show
from snowdome.state.records import DatabaseRole, Record, Role, User

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


COUNTS = ("assigned_to_users", "granted_to_roles", "granted_roles")


COLUMNS = (
    ("created_on", TIME),
    *((name, TEXT) for name in ("name", "is_default", "is_current", "is_inherited")),
    *((name, NUMBER) for name in COUNTS),
    ("owner", TEXT),
    ("comment", TEXT),
)


def show(account: Account, session: Session, statement: Show) -> Result:
    """SHOW ROLES: those the session may use, or all of them for one who manages grants."""
    roles = account.catalog.all(Role)
    in_session = access.roles_of(account, session)
    available = {role.id for role in access.available_roles(account, session.user)}
    monitors = access.holds_on_account(account, in_session, "MONITOR ROLE")
    if not monitors and not access.manages_grants(account, session):
        roles = [role for role in roles if role.id in available or role.owner in in_session]
    default = account.catalog.get(User, session.user).properties.get("DEFAULT_ROLE")
    rows = [
        (
            role.created_on,
            role.name,
            show_format.mark(role.name == default),
            show_format.mark(role.id == session.role),
            show_format.mark(role.id in in_session and role.id != session.role),
            *_counts(account, role),
            show_format.role_name(account, role.owner),
            role.comment,
        )
        for role in show_format.keep(statement, roles, lambda role: role.name)
    ]
    if statement.terse:
        keep = ("created_on", "name", "owner")
        places = [i for i, (name, _) in enumerate(COLUMNS) if name in keep]
        return listing([COLUMNS[i] for i in places], [tuple(row[i] for i in places) for row in rows])
    return listing(COLUMNS, rows)


def _counts(account: Account, role: Record) -> tuple[int, int, int]:
    """To how many users and roles it is granted, and how many roles are granted to it."""
    grantees = [account.catalog.peek(g.to) for g in role.grants]
    users = sum(isinstance(g, User) for g in grantees)
    inherited = sum(any(g.to == role.id for g in r.grants) for r in account.catalog.all(Role, DatabaseRole))
    return users, len(grantees) - users, inherited


def show_database_roles(account: Account, session: Session, statement: Show) -> Result:
    """SHOW DATABASE ROLES IN DATABASE."""
    name = statement.scope_name.last if statement.scope_name else None
    database = resolve.database(account, Context.of(session), name, "SHOW DATABASE ROLES")
    columns = tuple(
        (name, TIME if name == "created_on" else NUMBER if name.startswith("granted") else TEXT)
        for name in (
            "created_on", "name", "is_default", "is_current", "is_inherited", "granted_to_roles",
            "granted_to_database_roles", "granted_database_roles", "owner", "comment", "owner_role_type",
        )
    )  # fmt: skip
    in_session = access.roles_of(account, session)
    rows = []
    for role in show_format.keep(
        statement, account.catalog.children(database.id, DatabaseRole), lambda role: role.name
    ):
        grantees = [account.catalog.peek(g.to) for g in role.grants]
        to_database_roles = sum(isinstance(g, DatabaseRole) for g in grantees)
        rows.append((
            role.created_on, role.name, "N", "N", show_format.mark(role.id in in_session),
            len(grantees) - to_database_roles, to_database_roles, _counts(account, role)[2],
            show_format.role_name(account, role.owner), role.comment, show_format.role_type(account, role.owner),
        ))  # fmt: skip
    return listing(columns, rows)
