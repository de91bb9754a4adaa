"""DESCRIBE TABLE and VIEW."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from snowdome import errors
from snowdome.errors import unsupported
from snowdome.query import masking
from snowdome.query.binder import parts_of
from snowdome.result import Result
from snowdome.security import access, resolve
from snowdome.security.resolve import Context
from snowdome.state.records import Column, Key, Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.sql.grammar.names import Name
    from snowdome.state.session import Session

DESCRIBE = 0x4500
COLUMNS = (
    "name", "type", "kind", "null?", "default", "primary key", "unique key", "check", "expression", "comment",
    "policy name", "privacy domain", "schema_evolution_record",
)  # fmt: skip


def describe(account: Account, session: Session, expression: exp.Describe) -> Result:
    """One row for each column."""
    kind = str(expression.args.get("kind") or "TABLE").upper()
    if kind not in ("TABLE", "VIEW") or not isinstance(expression.this, exp.Table):
        raise unsupported(f"DESCRIBE {kind}")
    for item in expression.expressions:
        if item.sql(dialect="snowflake").upper().replace(" ", "") != "TYPE=COLUMNS":
            raise unsupported(f"DESCRIBE {kind} … {item.sql(dialect='snowflake')}")
    context = Context.of(session)
    parts = parts_of(expression.this)
    with account.catalog.lock:
        if parts[1] == "INFORMATION_SCHEMA":
            return _information_schema(account, context, parts)
    return _described(account, session, parts)


def of_name(account: Account, session: Session, name: Name) -> Result:
    """One row for each column of the table or view of that name."""
    return _described(account, session, (name.database, name.schema, name.last))


def _described(account: Account, session: Session, parts: tuple[str | None, str | None, str]) -> Result:
    context = Context.of(session)
    with account.catalog.lock:
        found = resolve.relation(account, context, parts, "DESCRIBE")
        if not found.temporary and not access.may_see(account, session, found):
            raise errors.not_found("Object", found.name)
        keys = found.keys if isinstance(found, Table) else ()
        protected = {name: resolve.full_name(account, one.policy) for name, one in masking.on(account, found).items()}
        rows = [_row(column, keys, protected.get(column.name)) for column in found.columns]
    return Result(columns=tuple((name, "VARCHAR") for name in COLUMNS), rows=rows, type_id=DESCRIBE)


def _row(column: Column, keys: tuple[Key, ...], policy: str | None = None) -> tuple[str | None, ...]:
    primary = any(k.kind == "PRIMARY KEY" and column.name in k.columns for k in keys)
    unique = any(k.kind == "UNIQUE" and column.name in k.columns for k in keys)
    return (
        column.name,
        column.type,
        "COLUMN",
        "Y" if column.nullable else "N",
        column.default,
        "Y" if primary else "N",
        "Y" if unique else "N",
        None,
        None,
        column.comment or None,
        policy,
        None,
        None,
    )


def _information_schema(account: Account, context: Context, parts: tuple[str | None, str | None, str]) -> Result:
    database = resolve.database(account, context, parts[0])
    described = account.information_schema.columns(database, parts[2])
    rows = [_row(Column(name=name, type=kind), ()) for name, kind in described]
    return Result(columns=tuple((name, "VARCHAR") for name in COLUMNS), rows=rows, type_id=DESCRIBE)
