"""Routes data statements: SELECT, DML, CREATE TABLE and VIEW, ALTER TABLE, COPY."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from fakesnow import statement_type
from sqlglot import Expr, exp

from snowdome.dml import dml, insert_all
from snowdome.errors import unsupported
from snowdome.files import copy_into_location, stage_files, stages
from snowdome.objects import KINDS, dropping
from snowdome.objects.kind import Definition
from snowdome.objects.tables import alter_columns, describe
from snowdome.query.binder import Binder
from snowdome.query.identifiers import normalise
from snowdome.result import Result, status
from snowdome.security.resolve import Context
from snowdome.sql import literals, semistructured, variables
from snowdome.sql.grammar import files
from snowdome.sql.parse import parse
from snowdome.sql.translate import translate
from snowdome.state import run_sql, transactions

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session
    from snowdome.types import Parameters

DEFINERS = {kind.name: kind.define for kind in KINDS if kind.define is not None}
SUCCESS = "Statement executed successfully."


def execute(account: Account, session: Session, sql: str, parameters: Parameters) -> Result:
    """The statement has been carried out."""
    if (asked := files.parse(sql)) is not None:
        return stage_files.run(account, session, asked, parameters)
    expression = normalise(parse(session.variables, sql), parameters if isinstance(parameters, list) else None)
    expression, parameters = literals.placed(expression, parameters)
    return _execute(account, session, expression, parameters, sql)


def _execute(  # noqa: C901, PLR0911, PLR0912 (one line per kind of statement)
    account: Account, session: Session, expression: Expr, parameters: Parameters, sql: str
) -> Result:
    match expression:
        case exp.Query() | exp.Values():
            return query(account, session, expression, parameters)
        case exp.Insert() | exp.Update() | exp.Delete() | exp.Merge() | exp.TruncateTable():
            return dml.change(account, session, expression, parameters)
        case exp.MultitableInserts():
            found = query(account, session, expression.args["source"], parameters)
            return insert_all.insert(account, session, expression, found, sql)
        case exp.Create():
            return _create(account, session, expression, parameters, sql)
        case exp.Alter():
            return alter_columns.alter(account, session, expression)
        case exp.Drop():
            return dropping.drop(account, session, expression)
        case exp.Describe():
            return describe.describe(account, session, expression)
        case exp.Transaction():
            transactions.begin(session)
            return status(SUCCESS, statement_type.TCL)
        case exp.Commit():
            transactions.commit(account, session)
            return status(SUCCESS, statement_type.TCL)
        case exp.Rollback():
            transactions.rollback(account, session)
            return status(SUCCESS, statement_type.TCL)
        case exp.Set() | exp.Alias() | exp.Anonymous():
            return _variables(account, session, expression)
        case exp.Copy() if stages.unloads(expression):
            rows_found = query(account, session, copy_into_location.source(expression), parameters)
            return copy_into_location.unload(account, session, expression, rows_found)
        case exp.Copy():
            return stages.copy(account, session, expression, parameters)
        case exp.Show():
            raise unsupported(f"SHOW {expression.name.upper()}")
        case exp.Command() if expression.name.upper() == "ALTER":
            return alter_columns.from_text(account, session, sql)
        case exp.Command():
            raise unsupported(f"{expression.name.upper()} {str(expression.expression).strip()[:60]}")
        case _:
            raise unsupported(expression.sql(dialect="snowflake")[:80])


def query(account: Account, session: Session, expression: Expr, parameters: Parameters) -> Result:
    """The rows that the query answers."""
    _name_columns(expression)
    binder = Binder(account, Context.of(session))
    pinned = False
    try:
        with account.catalog.lock:
            bound = binder.bind(expression)
            pinned = len(binder.bound.tables) > 1 and not session.writing
            if pinned:
                transactions.pin(account, session)
        with account.compute.use(session) if binder.bound.tables or binder.bound.waits else nullcontext():
            known = semistructured.kinds(bound, binder.bound.columns)
            run_sql.run_expression(account, session, translate(bound), parameters)
            found = run_sql.answer(account, session, statement_type.SELECT)
            return replace(found, columns=semistructured.refined(found.columns, known))
    finally:
        if pinned:
            transactions.unpin(session)
        session.unregister(binder.bound.registered)


def _create(account: Account, session: Session, create: exp.Create, parameters: Parameters, sql: str) -> Result:
    define = DEFINERS.get(create.kind or "")
    if define is None:
        raise unsupported(f"CREATE {create.kind}")
    return define(account, session, Definition(create, parameters, sql))


def _variables(account: Account, session: Session, expression: Expr) -> Result:
    """SET and UNSET of session variables."""

    def evaluate(value: Expr) -> object:
        inner = value.this if isinstance(value, exp.Subquery) else exp.select(value.copy())
        found = query(account, session, inner, None).arrow()
        return found.column(0)[0].as_py() if found.num_rows else None

    variables.change(session.variables, expression, evaluate)
    return status(SUCCESS)


def _name_columns(expression: Expr) -> None:
    """Columns without a name are called what was written, as in Snowflake."""
    if not isinstance(expression, exp.Select):
        return
    for projection in expression.expressions:
        named = isinstance(projection, (exp.Alias, exp.Column, exp.Star, exp.Literal, exp.Aliases, exp.Placeholder))
        if not named and not projection.is_star:
            name = projection.sql(dialect="snowflake")
            projection.replace(exp.alias_(projection.copy(), name, quoted=True))
