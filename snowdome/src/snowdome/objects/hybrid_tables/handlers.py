"""CREATE HYBRID TABLE: the primary key is mandatory and, unlike that of other tables, enforced."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from snowdome.errors import invalid, syntax_error
from snowdome.objects.hybrid_tables.statements import CreateHybridTable
from snowdome.objects.tables import create as tables
from snowdome.query.identifiers import normalise
from snowdome.result import Result, status
from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.sql.grammar.clauses import How
from snowdome.sql.parse import parse
from snowdome.state.duckdb_rows import qualified
from snowdome.state.records import Schema, Table
from snowdome.state.retention import erase

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


PRIMARY_KEY = "PRIMARY KEY"


WORDS = {
    How.PLAIN: "CREATE TABLE",
    How.OR_REPLACE: "CREATE OR REPLACE TABLE",
    How.IF_NOT_EXISTS: "CREATE TABLE IF NOT EXISTS",
}


def create(account: Account, session: Session, statement: CreateHybridTable) -> Result:
    """The table is there, and no two of its rows can have the same primary key."""
    if statement.how not in WORDS:
        raise invalid("CREATE OR ALTER HYBRID TABLE is not a statement", 1003, "42000")
    name = statement.name
    before = _found(account, session, statement)
    schema = resolve.schema(account, Context.of(session), name.database, name.schema, "CREATE HYBRID TABLE")
    _refuse_transient(account, schema)
    expression = normalise(parse(session.variables, f"{WORDS[statement.how]} {name.sql} {statement.body}"))
    if not isinstance(expression, exp.Create):
        raise syntax_error(f"unexpected '{statement.body[:20]}'.")
    result = tables.create(account, session, expression, None, "CREATE HYBRID TABLE")
    made = _found(account, session, statement)
    if made is None or (before is not None and made.id == before.id):
        return result
    key = next((key for key in made.keys if key.kind == PRIMARY_KEY), None)
    if key is None or made.temporary or made.transient:
        with account.catalog.change() as change:
            erase(account, change, made)
        raise invalid(
            "A primary key must be defined for a hybrid table, which is neither transient nor temporary", 200009
        )
    columns = ", ".join('"' + column.replace('"', '""') + '"' for column in key.columns)
    account.duck.run(f'CREATE UNIQUE INDEX "i{made.id}" ON {qualified(made.physical)} ({columns})')
    with account.catalog.change() as change:
        change.put(replace(made, hybrid=True))
    return status(f"Table {name.last} successfully created.")


def _found(account: Account, session: Session, statement: CreateHybridTable) -> Table | None:
    name = statement.name
    schema = resolve.schema(account, Context.of(session), name.database, name.schema, "CREATE HYBRID TABLE")
    return account.catalog.find(Table, name.last, schema.id)


def _refuse_transient(account: Account, schema: Schema) -> None:
    database = account.catalog.peek(schema.parent)
    if schema.transient or getattr(database, "transient", False):
        raise invalid("Hybrid tables cannot be in a transient schema or database", 200009)
