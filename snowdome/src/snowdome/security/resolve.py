"""From a name in a statement to the record it means, for the one who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from snowdome import errors
from snowdome.security import access
from snowdome.state.records import Database, Record, Relation, Schema, Table, View
from snowdome.state.session import Session

if TYPE_CHECKING:
    from snowdome.state.account import Account

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Context:
    """What completes a short name: a session's current schema, or the schema a view stands in."""

    session: Session
    database: str | None
    schema: str | None
    owner: int | None = None
    """Inside a view: the role that owns it, whose rights count."""
    applies: bool = False
    """Whether it is asked by one who may apply tags to everything, and so can name everything."""

    @classmethod
    def of(cls, session: Session) -> Context:
        """The session's own context."""
        return cls(session, session.database, session.schema)

    def may_see(self, account: Account, record: Record) -> bool:
        """Whether the one who asks may know that the record exists."""
        return self.applies or access.may_see(account, self.session, record, owner=self.owner)

    def require(self, account: Account, privilege: str, record: Record) -> None:
        """The one who asks has that privilege on the record, or Snowflake's refusal is raised."""
        access.check(account, self.session, privilege, record, owner=self.owner)


def database(account: Account, context: Context, name: str | None, verb: str = "SELECT") -> Database:
    """The database of that name, or the current one."""
    wanted = name or context.database
    if wanted is None:
        raise errors.no_database(verb)
    found = account.catalog.find(Database, wanted)
    if found is None or not context.may_see(account, found):
        raise errors.not_found("Database", wanted)
    return found


def schema(
    account: Account, context: Context, database_name: str | None, name: str | None, verb: str = "SELECT"
) -> Schema:
    """The schema of that name, or the current one."""
    parent = database(account, context, database_name, verb)
    wanted = name or (context.schema if database_name is None or database_name == context.database else None)
    if wanted is None:
        raise errors.no_schema(verb)
    found = account.catalog.find(Schema, wanted, parent.id)
    if found is None or not context.may_see(account, found):
        raise errors.not_found("Schema", f"{parent.name}.{wanted}")
    return found


def relation(
    account: Account, context: Context, parts: tuple[str | None, str | None, str], verb: str = "SELECT"
) -> Relation:
    """The table or view of that name; a session's temporary table hides a permanent one."""
    database_name, schema_name, name = parts
    try:
        parent = schema(account, context, database_name, schema_name, verb)
    except errors.SqlError as problem:
        if problem.errno != 2003 or schema_name is None:  # noqa: PLR2004 (does not exist)
            raise
        raise errors.not_found("Object", dotted(*parts)) from None
    hidden = context.session.temporary.get((parent.id, name)) if context.owner is None else None
    found = hidden or account.catalog.find(Table, name, parent.id) or account.catalog.find(View, name, parent.id)
    if found is None and parent.owner is None:  # SNOWFLAKE has more views than are served here
        raise errors.unsupported(f"{full_name(account, parent)}.{name}")
    if found is None or (hidden is None and not context.may_see(account, found)):
        raise errors.not_found("Object", dotted(*parts) if schema_name else f"{full_name(account, parent)}.{name}")
    return found


def child(
    account: Account, context: Context, cls: type[R], parts: tuple[str | None, str | None, str], verb: str = "SELECT"
) -> R:
    """The record of that class and name in a schema: a sequence, a stage, a file format, a tag."""
    parent = schema(account, context, parts[0], parts[1], verb)
    found = account.catalog.find(cls, parts[2], parent.id)
    if found is None or not context.may_see(account, found):
        raise errors.not_found(cls.kind.capitalize(), f"{full_name(account, parent)}.{parts[2]}")
    return found


def dotted(*parts: str | None) -> str:
    """The parts that are there, with dots between."""
    return ".".join(p for p in parts if p)


def full_name(account: Account, record: Record) -> str:
    """The record's name with those of its parents."""
    return ".".join(full_parts(account, record))


def full_parts(account: Account, record: Record) -> list[str]:
    """The names of the record's parents, the outermost first, and its own."""
    names = [record.name]
    parent = account.catalog.peek(record.parent)
    while parent is not None and parent.id != 0:
        names.append(parent.name)
        parent = account.catalog.peek(parent.parent)
    return names[::-1]
