"""What tasks, streams, pipes and dynamic tables share: creating, finding, dropping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from snowdome import errors
from snowdome.errors import SqlError
from snowdome.objects import properties
from snowdome.objects.pipelines.statements import DropObject
from snowdome.result import Result, status
from snowdome.security import access, lookup, resolve
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.sql.grammar.clauses import How, TagValue
from snowdome.sql.grammar.names import Name
from snowdome.state.pipelines import Task
from snowdome.state.records import Record, Schema
from snowdome.state.retention import erase

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.catalog import Change
    from snowdome.state.session import Session

R = TypeVar("R", bound=Record)


DONE = status("Statement executed successfully.")


def create(
    account: Account,
    session: Session,
    cls: type[R],
    name: Name,
    how: How,
    *,
    tags: tuple[TagValue, ...],
    make: Callable[[Change, Schema, R | None], R],
) -> Result:
    """Create the object of that class; `make` returns it, given the former one of its name."""
    context = Context.of(session)
    verb = f"CREATE {cls.kind}"
    with account.catalog.change() as change:
        schema = resolve.schema(account, context, name.database, name.schema, verb)
        old = account.catalog.find(cls, name.last, schema.id)
        if old is None or how is not How.OR_ALTER:
            context.require(account, verb, schema)
        if old is not None and how is How.IF_NOT_EXISTS:
            return status(f"{name.last} already exists, statement succeeded.")
        if old is not None and how is How.PLAIN:
            raise errors.already_exists(f"{resolve.full_name(account, schema)}.{name.last}")
        if old is not None:
            context.require(account, "OWNERSHIP", old)
        made = make(change, schema, old)
        if how is How.OR_ALTER and old is not None:
            change.put(made)
        else:
            if old is not None:
                erase(account, change, old)
            change.put(new_object(account, session, made))
        properties.tag(account, context, change, made.id, tags)
    return status(f"{cls.kind.capitalize()} {name.last} successfully created.")


def find(account: Account, session: Session, cls: type[R], name: Name, verb: str = "ALTER") -> R:
    """The object of that class and name that the session may see."""
    return resolve.child(account, Context.of(session), cls, (name.database, name.schema, name.last), verb)


def operate(account: Account, session: Session, record: Record) -> None:
    """The session owns the object or has OPERATE on it, or Snowflake's refusal is raised."""
    if not access.has(account, session, "OPERATE", record):
        access.check(account, session, "OWNERSHIP", record)


def drop(account: Account, session: Session, statement: DropObject) -> Result:
    """The object is gone for good: UNDROP does not know its kind."""
    name = statement.name
    with account.catalog.change() as change:
        try:
            found = find(account, session, lookup.OF_SCHEMA[statement.kind], name, "DROP")
        except SqlError:
            if not statement.if_exists:
                raise
            return properties.missing(name.last)
        Context.of(session).require(account, "OWNERSHIP", found)
        erase(account, change, found)
        for task in account.catalog.all(Task):
            if found.id in task.after:
                change.put(replace(task, after=tuple(i for i in task.after if i != found.id)))
    account.timers.forget((statement.kind, found.id))
    return status(f"{name.last} successfully dropped.")
