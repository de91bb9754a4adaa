"""CREATE, ALTER and DROP of account roles and database roles, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from snowdome import errors
from snowdome.errors import SqlError
from snowdome.objects.kind import Handler
from snowdome.objects.roles import statements as grammar
from snowdome.objects.tags import handlers as tags
from snowdome.result import Result, status
from snowdome.security import access, lookup, resolve
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.names import Name
from snowdome.state.records import Database, DatabaseRole, Grant, Record, Role

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


HANDLERS: Mapping[type, Handler] = dict.fromkeys(get_args(grammar.RoleStatement), run)
