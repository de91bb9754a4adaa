"""Runs SQL on a session's DuckDB connection, and reads the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from sqlglot import Expr, exp

from snowdome import types
from snowdome.errors import SqlError
from snowdome.result import Result
from snowdome.sql.translate import with_numeric_casts
from snowdome.state.error_mapping import from_duckdb
from snowdome.types import Parameters

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.session import Session


def run(account: Account, session: Session, sql: str, parameters: Parameters = None) -> None:
    """DuckDB has done it; what it answers waits on the connection."""
    try:
        if parameters:
            session.duck.execute(sql, parameters)
        else:
            session.duck.execute(sql)
    except duckdb.Error as problem:
        raise from_duckdb(account, problem) from problem


def run_expression(account: Account, session: Session, expression: Expr, parameters: Parameters = None) -> str:
    """DuckDB has done it; text that is summed is read as numbers, as Snowflake does, where DuckDB refuses."""
    # writing it out may change it, which only matters where it may have to be written out again
    sql = expression.sql(dialect="duckdb", copy=expression.find(exp.AggFunc) is not None)
    try:
        run(account, session, sql, parameters)
    except SqlError as problem:
        if not isinstance(problem.__cause__, duckdb.BinderException) or "No function matches" not in problem.message:
            raise
        sql = with_numeric_casts(expression).sql(dialect="duckdb")
        run(account, session, sql, parameters)
    return sql


def no_rows(query: Expr) -> Expr:
    """The query, answering its columns alone."""
    alias = exp.TableAlias(this=exp.to_identifier("q"))
    inner = query.this if isinstance(query, exp.Subquery) and not query.args.get("alias") else query
    return exp.select("*").from_(exp.Subquery(this=inner, alias=alias)).limit(0)


def columns(duck: duckdb.DuckDBPyConnection) -> tuple[tuple[str, str], ...]:
    """Names and Snowflake types of the waiting answer."""
    return tuple((c[0], types.from_duck(str(c[1]))) for c in duck.description)


def answer(account: Account, session: Session, type_id: int) -> Result:
    """The waiting answer."""
    described = columns(session.duck)
    try:
        table: pa.Table = session.duck.to_arrow_table()
    except duckdb.Error as problem:
        raise from_duckdb(account, problem) from problem
    return Result(columns=described, table=table, type_id=type_id)


def count(session: Session) -> int:
    """The one number that DuckDB answers to a change of rows."""
    row = session.duck.fetchone()
    return int(row[0]) if row else 0
