"""Describes a statement's columns without carrying it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesnow.statement_type import statement_type_id
from sqlglot import exp

from snowdome.engine.statements import parse as parse_account_statement
from snowdome.query.binder import Binder
from snowdome.query.identifiers import normalise
from snowdome.result import Result
from snowdome.security.resolve import Context
from snowdome.sql import semistructured
from snowdome.sql.parse import parse
from snowdome.sql.translate import translate
from snowdome.state import run_sql

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


def describe(account: Account, session: Session, sql: str) -> tuple[Result, int]:
    """The columns, and how many values can be bound."""
    if parse_account_statement(sql, session.variables) is not None:
        return Result(columns=(("status", "VARCHAR"),), type_id=0x6000), 0
    expression = normalise(parse(session.variables, sql))
    binds = len(list(expression.find_all(exp.Placeholder)))
    kind = statement_type_id(expression)
    if not isinstance(expression, exp.Query):
        verbs = {exp.Insert: "inserted", exp.Update: "updated", exp.Delete: "deleted"}
        word = next((w for cls, w in verbs.items() if isinstance(expression, cls)), None)
        columns = ((f"number of rows {word}", "NUMBER(38,0)"),) if word else (("status", "VARCHAR"),)
        return Result(columns=columns, type_id=kind), binds
    for placeholder in list(expression.find_all(exp.Placeholder)):
        placeholder.replace(exp.Null())
    binder = Binder(account, Context.of(session))
    try:
        with account.catalog.lock:
            query = binder.bind(expression)
            known = semistructured.kinds(query, binder.bound.columns)
            bound = translate(query)
        run_sql.run_expression(account, session, run_sql.no_rows(bound))
        return Result(
            columns=semistructured.refined(run_sql.columns(session.duck), known),
            table=session.duck.to_arrow_table(),
            type_id=0x1000,
        ), binds
    finally:
        session.unregister(binder.bound.registered)
