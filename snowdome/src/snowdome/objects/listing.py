"""What SHOW of databases, schemas and of objects inside schemas has in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from snowdome import errors
from snowdome.result import Result, listing
from snowdome.security import access, lookup, resolve, show_format
from snowdome.security.resolve import Context
from snowdome.security.show_format import NUMBER, TEXT, TIME
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Database, Record, Schema

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

R = TypeVar("R", bound=Record)
TERSE = "created_on name kind database_name schema_name"
NUMBERS = frozenset({"rows", "bytes", "next_value", "interval", "key_sequence"})
MOMENTS = frozenset({"data_timestamp", "stale_after"})


def answer(names: str, rows: Iterable[dict[str, Any]]) -> Result:
    """Return the rows with those columns; a cell that a row lacks is NULL."""
    columns = [(name, column_type(name)) for name in names.split()]
    return listing(columns, [[row.get(name) for name, _ in columns] for row in rows])


def column_type(name: str) -> str:
    """Return the type of the column of SHOW."""
    if name in MOMENTS or name.endswith("_on"):
        return TIME
    return NUMBER if name in NUMBERS else TEXT


def asked(names: str, statement: Show) -> str:
    """Return the names of the columns that the statement asks for: `names` are those of its full form."""
    return (TERSE if statement.terse else names) + (" dropped_on" if statement.history else "")


def wanted(account: Account, session: Session, statement: Show, *classes: type[R]) -> list[R]:
    """Return what the session may see and the statement asks for of those classes; with HISTORY, dropped ones too."""
    return show_format.keep(statement, _found(account, session, statement, classes), lambda record: record.name)


def inside(account: Account, session: Session, statement: Show, cls: type[R]) -> list[R]:
    """Return the records of the class in the schemas of the statement that the session may see and it asks for."""
    found = [
        record
        for parent in parents(account, session, statement)
        for record in account.catalog.children(parent, cls)
        if access.may_see(account, session, record)
    ]
    return show_format.keep(statement, found, lambda record: record.name)


def _found(account: Account, session: Session, statement: Show, classes: tuple[type[R], ...]) -> list[R]:
    found: list[R] = []
    for parent in parents(account, session, statement):
        hidden = {name: r for (home, name), r in session.temporary.items() if home == parent and isinstance(r, classes)}
        records = account.catalog.within(parent) if statement.history else account.catalog.children(parent, *classes)
        found += [
            r
            for r in records
            if isinstance(r, classes) and r.name not in hidden and access.may_see(account, session, r)
        ]
        found += hidden.values()
    return found


def parents(account: Account, session: Session, statement: Show) -> list[int]:
    """The ids of the containers that are looked into."""
    context, name = Context.of(session), statement.scope_name
    if statement.kind == "DATABASE":
        return [0]
    scope = statement.scope
    if scope is None:
        scope = "ACCOUNT" if session.database is None else "DATABASE"
        if statement.kind != "SCHEMA" and session.schema is not None:
            scope = "SCHEMA"
    if scope == "ACCOUNT":
        databases = [d for d in account.catalog.children(0, Database) if access.may_see(account, session, d)]
    elif scope == "DATABASE" or statement.kind == "SCHEMA":
        databases = [resolve.database(account, context, name.last if name is not None else None, "SHOW")]
    else:
        return [_schema(account, context, statement).id]
    if statement.kind == "SCHEMA":
        return [d.id for d in databases]
    return [s.id for d in databases for s in account.catalog.children(d.id, Schema)]


def _schema(account: Account, context: Context, statement: Show) -> Schema:
    name = statement.scope_name
    if name is None:
        return resolve.schema(account, context, None, None, "SHOW")
    try:
        return resolve.schema(account, context, name.schema, name.last, "SHOW")
    except errors.SqlError as problem:
        where = f"{name.schema}.{name.last}" if name.schema else name.last
        raise errors.SqlError(
            2043, "02000", f"SQL compilation error:\nObject does not exist, or operation cannot be performed: {where}"
        ) from problem


def cells(account: Account, record: Record) -> dict[str, Any]:
    """Return the cells that every kind has."""
    return {
        "created_on": record.created_on,
        "dropped_on": record.dropped_on,
        "name": record.name,
        "owner": show_format.role_name(account, record.owner),
        "owner_role_type": show_format.role_type(account, record.owner),
        "comment": record.comment,
    }


def cells_inside(account: Account, record: Record) -> dict[str, Any]:
    """Return the cells that every kind of object inside a schema has."""
    schema = account.catalog.get(Schema, record.parent)
    database = account.catalog.get(Database, schema.parent)
    return cells(account, record) | {"database_name": database.name, "schema_name": schema.name}


def described(records: Iterable[Record]) -> Result:
    """Return the rows of DESCRIBE for what has no columns: what is in it, or itself."""
    columns = (("created_on", TIME), ("name", TEXT), ("kind", TEXT))
    return listing(columns, [(one.created_on, one.name, one.kind) for one in records])


def describe_itself(account: Account, session: Session, name: Name, *, kind: str) -> Result:
    """The row of DESCRIBE for an object that has nothing in it."""
    return described([lookup.find(account, session, kind, name, "DESCRIBE")])
