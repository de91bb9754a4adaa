"""Account roles and database roles: made, renamed, commented, dropped, shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from snowdome import errors
from snowdome.errors import SqlError
from snowdome.objects import tags
from snowdome.result import Result, listing, status
from snowdome.security import access, lookup, resolve, show_format
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.security.show_format import NUMBER, TEXT, TIME
from snowdome.sql.grammar import roles as grammar
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Database, DatabaseRole, Grant, Record, Role, User

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

SYSTEM = frozenset({"ACCOUNTADMIN", "SECURITYADMIN", "SYSADMIN", "USERADMIN", "PUBLIC"})
DONE = status("Statement executed successfully.")


def run(account: Account, session: Session, statement: grammar.RoleStatement) -> Result:
    """The role statement has been carried out."""
    if isinstance(statement, grammar.CreateRole):
        return create(account, session, statement)
    try:
        role = lookup.find(account, session, statement.kind, statement.name)
    except SqlError:
        if not statement.if_exists:
            raise
        if isinstance(statement, grammar.DropRole):
            return status(f"Drop statement executed successfully ({statement.name.last} already dropped).")
        return DONE
    lookup.own(account, session, role)
    match statement:
        case grammar.RenameRole():
            return rename(account, session, role, statement.new)
        case grammar.CommentRole():
            with account.catalog.change() as change:
                change.put(replace(role, comment=statement.comment, altered_on=account.clock.now()))
            return DONE
        case grammar.DropRole():
            return drop(account, session, role)


def create(account: Account, session: Session, statement: grammar.CreateRole) -> Result:
    """The role is there, owned by the session's role."""
    name = statement.name.last
    cls: type[Role | DatabaseRole] = Role
    parent = 0
    if statement.kind == grammar.DATABASE_ROLE:
        database = resolve.database(account, Context.of(session), statement.name.schema, "CREATE DATABASE ROLE")
        access.check(account, session, "CREATE DATABASE ROLE", database)
        cls, parent = DatabaseRole, database.id
    else:
        access.check_account(account, session, "CREATE ROLE")
    old = account.catalog.find(cls, name, parent)
    if old is not None and statement.how is How.IF_NOT_EXISTS:
        return status(f"{name} already exists, statement succeeded.")
    if old is not None and statement.how is How.OR_ALTER:
        lookup.own(account, session, old)
        with account.catalog.change() as change:
            change.put(replace(old, comment=statement.comment, altered_on=account.clock.now()))
        return status(f"{old.kind.capitalize()} {name} successfully altered.")
    if old is not None and statement.how is not How.OR_REPLACE:
        raise errors.already_exists(statement.name.sql)
    wanted = tags.values(account, session, statement.tags)
    with account.catalog.change() as change:
        if old is not None:
            _refuse_system(old)
            lookup.own(account, session, old)
            forget(account, old)
        made = cls(
            id=change.new_id(),
            name=name,
            parent=parent,
            comment=statement.comment,
            created_on=account.clock.now(),
            tags=wanted,
        )
        change.put(new_object(account, session, made))
        if isinstance(made, DatabaseRole):  # docs sql-reference/sql/create-database-role: it may use its database
            home = account.catalog.get(Database, parent)
            usage = Grant(privilege="USAGE", to=made.id, by=home.owner, on=account.clock.now())
            change.put(replace(home, grants=(*home.grants, usage)))
    return status(f"{'Role' if cls is Role else 'Database role'} {name} successfully created.")


def _refuse_system(role: Record) -> None:
    if isinstance(role, Role) and role.name in SYSTEM:
        raise errors.insufficient_privileges("ROLE", role.name)


def rename(account: Account, session: Session, role: Record, new: Name) -> Result:
    """The role bears the new name."""
    _refuse_system(role)
    if isinstance(role, Role):
        access.check_account(account, session, "CREATE ROLE")
    elif new.schema is not None and account.catalog.find(Database, new.schema) != account.catalog.peek(role.parent):
        raise errors.unsupported("moving a database role to another database")
    if account.catalog.find(type(role), new.last, role.parent) is not None:
        raise errors.already_exists(new.sql)
    with account.catalog.change() as change:
        change.put(replace(role, name=new.last, altered_on=account.clock.now()))
    return DONE


def drop(account: Account, session: Session, role: Record) -> Result:
    """The role is gone; what it owned belongs to the role that dropped it; what it was given is nobody's."""
    _refuse_system(role)
    if role.id == session.role:
        raise SqlError(
            3001, "42501", f"SQL execution error: Cannot drop role {role.name} as it is the current primary role."
        )
    with account.catalog.change() as change:
        for record in account.catalog.all(Record):
            if record.owner == role.id:
                change.put(replace(record, owner=session.role))
        forget(account, role)
    public = account.catalog.find(Role, access.PUBLIC)
    for other in account.sessions.values():
        if other.role == role.id and public is not None:
            other.role = public.id
    return status(f"{role.name} successfully dropped.")


def forget(account: Account, grantee: Record) -> None:
    """The role or user is gone from the catalog, and so is every grant to it and by it."""
    with account.catalog.change() as change:
        for record in account.catalog.all(Record, dropped=True):
            grants = tuple(g for g in record.grants if grantee.id not in (g.to, g.by))
            future = tuple(f for f in record.future if f.to != grantee.id)
            if len(grants) != len(record.grants) or len(future) != len(record.future):
                change.put(replace(record, grants=grants, future=future))
        change.erase(grantee.id)


# -- SHOW ---------------------------------------------------------------------------------------------------------
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


HANDLERS = dict.fromkeys(get_args(grammar.RoleStatement), run)
