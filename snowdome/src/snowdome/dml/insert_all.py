"""INSERT ALL and INSERT FIRST: the rows of one query, each into the tables it belongs to.

https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fakesnow.statement_type import MULTI_INSERT
from sqlglot import Expr, exp

from snowdome.dml import dml
from snowdome.errors import SqlError
from snowdome.query.binder import parts_of
from snowdome.result import Result
from snowdome.security.resolve import Context

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

_OVERWRITE = re.compile(r"\s*insert\s+overwrite\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Into:
    """One INTO clause, and which of the query's rows it takes; all of them where there is no condition."""

    insert: exp.Insert
    condition: Expr | None


def insert(account: Account, session: Session, expression: exp.MultitableInserts, found: Result, sql: str) -> Result:
    """The rows that were found are in the tables, in all of them or in none."""
    clauses = _clauses(expression)
    overwrite = _OVERWRITE.match(sql) is not None
    with dml.implicit(account, session):
        query = found.arrow()
        names = [str(name) for name in query.column_names]
        source = f"r{account.catalog.new_id()}"
        session.duck.register(source, query)
        counts: dict[str, int] = {}
        try:
            for clause in clauses:
                node = dml.target_node(clause.insert)
                name = _name(account, session, node)
                statement = _single(account, session, clause, source, names)
                statement.set("overwrite", (overwrite and name not in counts) or None)
                done = dml.change(account, session, statement, None)
                counts[name] = counts.get(name, 0) + (done.affected or 0)
        finally:
            session.duck.unregister(source)
    return Result(
        columns=tuple((f"number of rows inserted into {name}", "NUMBER(38,0)") for name in counts),
        rows=(tuple(counts.values()),),
        type_id=MULTI_INSERT,
        affected=sum(counts.values()),
    )


def _clauses(expression: exp.MultitableInserts) -> list[Into]:
    """The INTO clauses with the conditions that hold for each: FIRST takes a row once, ELSE what none took."""
    first = str(expression.args["kind"]).upper() == "FIRST"
    found: list[Into] = []
    before: list[Expr] = []
    condition: Expr | None = None
    for branch in expression.expressions:
        if branch.args.get("else_"):
            condition = _none_of(before)
        elif branch.args.get("expression") is not None:
            own = _holds(branch.expression)
            taken = _none_of(before) if first and before else None
            condition = exp.and_(own, taken) if taken is not None else own
            before.append(own)
        found.append(Into(branch.this, condition))
    return found


def _holds(condition: Expr) -> Expr:
    """The condition, false where it is unknown."""
    return exp.Coalesce(this=exp.Paren(this=condition.copy()), expressions=[exp.false()])


def _none_of(conditions: list[Expr]) -> Expr:
    return exp.and_(*(exp.not_(condition.copy()) for condition in conditions))


def _single(account: Account, session: Session, clause: Into, source: str, names: list[str]) -> exp.Insert:
    """The clause as an INSERT of its own, from the rows that were found."""
    target = clause.insert.this
    listed = [column.name for column in target.expressions] if isinstance(target, exp.Schema) else []
    node = dml.target_node(clause.insert).copy()
    values: list[Expr] = [_column(name) for name in names]
    if clause.insert.expression is not None:
        values = [_positional(value.copy(), names) for value in clause.insert.expression.expressions[0].expressions]
    columns = listed or _columns(account, session, node)
    if len(columns) != len(values):
        raise SqlError(
            2057,
            "42601",
            "SQL compilation error:\nInsert value list does not match column list expecting "
            f"{len(columns)} but got {len(values)}",
        )
    pairs = [
        (c, v)
        for c, v in zip(columns, values, strict=True)
        if not (isinstance(v, exp.Var) and v.name.upper() == "DEFAULT")
    ]
    rows = exp.Table(this=exp.Anonymous(this="query_table", expressions=[exp.Literal.string(source)]))
    select = exp.select(*(value for _, value in pairs)).from_(rows)
    if clause.condition is not None:
        select = select.where(_positional(clause.condition.copy(), names))
    return exp.Insert(
        this=exp.Schema(this=node, expressions=[exp.to_identifier(c, quoted=True) for c, _ in pairs]), expression=select
    )


def _positional(value: Expr, names: list[str]) -> Expr:
    """The expression with `$1` read as the first of the query's columns."""

    def named(node: Expr) -> Expr:
        if isinstance(node, exp.Parameter) and node.name.isdigit() and 0 < int(node.name) <= len(names):
            return _column(names[int(node.name) - 1])
        return node

    return value.transform(named)


def _column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _columns(account: Account, session: Session, node: exp.Table) -> list[str]:
    table = dml.target(account, Context.of(session), parts_of(node))
    return [column.name for column in table.columns] if table is not None else []


def _name(account: Account, session: Session, node: exp.Table) -> str:
    table = dml.target(account, Context.of(session), parts_of(node))
    return table.name if table is not None else node.name
