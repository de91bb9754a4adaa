"""INSERT, UPDATE, DELETE, MERGE and TRUNCATE.

A table whose rows are shared with a clone gets rows of its own before its first change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
from fakesnow import statement_type
from sqlglot import Expr, exp

from snowdome.dml import array_binding
from snowdome.errors import SqlError, invalid, not_found, unsupported
from snowdome.query import defaults, masking
from snowdome.query.binder import Binder, parts_of, redirect
from snowdome.result import Result
from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.sql import offsets
from snowdome.sql.translate import translate
from snowdome.state import change_log, run_sql, text_length, transactions
from snowdome.state.duckdb_rows import copy_rows
from snowdome.state.error_mapping import from_duckdb
from snowdome.state.pipelines import DynamicTable, Stream
from snowdome.state.records import Table
from snowdome.usage import column_usage

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session
    from snowdome.types import Parameters


def change(account: Account, session: Session, expression: Expr, parameters: Parameters) -> Result:
    """The rows are changed; outside a transaction, committed."""
    with implicit(account, session):
        return _change(account, session, expression, parameters)


class implicit:  # noqa: N801 (reads as a word: `with implicit(…)`)
    """A transaction around one statement: ended with it unless the session is inside one of its own.

    A statement that defines something (`ddl`) is always a transaction of its own, also where AUTOCOMMIT is off
    (docs sql-reference/transactions).
    """

    def __init__(self, account: Account, session: Session, *, ddl: bool = False) -> None:
        self._account, self._session, self._ddl = account, session, ddl

    def __enter__(self) -> None:
        self._own = not self._session.in_transaction and (self._session.autocommit or self._ddl)
        self._session.in_transaction = True
        self._session.alone = self._own

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self._own:
            return
        if kind is None:
            transactions.commit(self._account, self._session)
        else:
            transactions.rollback(self._account, self._session)


def _change(account: Account, session: Session, expression: Expr, parameters: Parameters) -> Result:
    node = target_node(expression)
    context = Context.of(session)
    parts = parts_of(node)
    exclusive = not isinstance(expression, exp.Insert) or bool(expression.args.get("overwrite"))
    table = target(account, context, parts, missing_ok=bool(expression.args.get("exists")))
    if table is None:
        return _nothing(expression)
    binder = Binder(account, context)
    try:
        if exclusive or shared(account, session, table):
            transactions.lock(account, session, table)
        with account.catalog.lock:
            table = target(account, context, parts)
            if table is None:
                raise not_found("Object", parts[2])
            for privilege in privileges(expression):
                context.require(account, privilege, table)
            masking.refuse_reads(account, table, expression)
            if account.clock.driven:
                expression = defaults.said(expression, table)
            bound = binder.bind(expression, targets=frozenset({id(node)}))
            physical = claim(account, session, table)
            session.consumed |= binder.bound.streams
        if session.trace is not None:
            session.trace.written[table.id] = column_usage.written(expression)
        with account.compute.use(session):
            return _write(
                account, session, expression, bound=bound, table=table, physical=physical, parameters=parameters
            )
    finally:
        session.unregister(binder.bound.registered)


def _write(
    account: Account,
    session: Session,
    expression: Expr,
    *,
    bound: Expr,
    table: Table,
    physical: str,
    parameters: Parameters,
) -> Result:
    transactions.start_writing(account, session)
    if physical != account.physical(session, table):
        make_own(account, session, table, physical, empty=_empties(expression) and not _watched(account, table))
    redirect(target_node(bound), physical, temporary=table.temporary, alias=not isinstance(expression, exp.Insert))
    session.touched.add(table.id)
    with change_log.recording(account, session, table, change=bound, parameters=parameters):
        types = {column.name: column.type for column in table.columns}
        return _run(account, session, text_length.checked(offsets.filled(bound, types), table), parameters)


def target_node(expression: Expr) -> exp.Table:
    """The reference to the table that is changed."""
    node = expression.expressions[0] if isinstance(expression, exp.TruncateTable) else expression.this
    if isinstance(node, exp.Schema):
        node = node.this
    if not isinstance(node, exp.Table):
        raise unsupported(expression.sql(dialect="snowflake")[:80])
    return node


def target(
    account: Account, context: Context, parts: tuple[str | None, str | None, str], *, missing_ok: bool = False
) -> Table | None:
    """The table that is changed; views cannot be."""
    try:
        found = resolve.relation(account, context, parts, "DML")
    except SqlError:
        if missing_ok:
            return None
        raise
    if isinstance(found, DynamicTable):
        raise invalid(f"Dynamic table '{found.name}' holds the rows of its query alone: it cannot be changed.", 1420)
    if not isinstance(found, Table):
        raise SqlError(
            2004, "42S02", f"SQL compilation error:\nObject '{found.name}' found, but is a view, not a table."
        )
    return found


def privileges(expression: Expr) -> list[str]:
    """What the statement needs on the table it changes."""
    match expression:
        case exp.Insert():
            return ["INSERT", "DELETE"] if expression.args.get("overwrite") else ["INSERT"]
        case exp.Update():
            return ["UPDATE"]
        case exp.Delete():
            return ["DELETE"]
        case exp.TruncateTable():
            return ["TRUNCATE"]
        case exp.Merge():
            needed = {"SELECT"}
            for when in expression.find_all(exp.When):
                then = when.args.get("then")
                needed.add(
                    "INSERT" if isinstance(then, exp.Insert) else "UPDATE" if isinstance(then, exp.Update) else "DELETE"
                )
            return sorted(needed)
        case _:
            return []


def shared(account: Account, session: Session, table: Table) -> bool:
    """Whether the table's rows are also a clone's, so that a change needs rows of its own."""
    return table.id not in session.pending and account.catalog.sharers(table.physical) > 1


def claim(account: Account, session: Session, table: Table) -> str:
    """The anonymous table this session will write to; a clone made from now on sees that it is being written."""
    if table.temporary or not shared(account, session, table):
        physical = account.physical(session, table)
        session.written.add(physical)
        return physical
    return f"t{account.catalog.new_id()}"


def make_own(account: Account, session: Session, table: Table, physical: str, *, empty: bool = False) -> None:
    """The table has rows of its own in `physical`, as part of the session's transaction."""
    copy_table(account, session, table.physical, physical, empty=empty)
    session.pending[table.id] = physical
    session.written.add(physical)


def copy_table(
    account: Account, session: Session, source: str, physical: str, *, empty: bool = False, temporary: bool = False
) -> None:
    """`physical` has the columns of `source`, with defaults and NOT NULL, and unless `empty` its rows."""
    try:
        copy_rows(session.duck, source, physical, empty=empty, temporary=temporary)
    except duckdb.Error as problem:
        raise from_duckdb(account, problem) from problem


def _watched(account: Account, table: Table) -> bool:
    """Whether a stream wants to know which rows the table loses."""
    return any(stream.source == table.id for stream in account.catalog.all(Stream))


def _empties(expression: Expr) -> bool:
    return isinstance(expression, exp.TruncateTable) or bool(expression.args.get("overwrite"))


def _run(account: Account, session: Session, expression: Expr, parameters: Parameters) -> Result:
    match expression:
        case exp.Merge():
            return _merge(account, session, expression, parameters)
        case exp.Insert() if expression.args.get("overwrite"):
            place = target_node(expression).sql(dialect="duckdb")
            run_sql.run(account, session, f"DELETE FROM {place}")
            expression.set("overwrite", None)
            return _insert(account, session, expression, parameters)
        case exp.Insert():
            return _insert(account, session, expression, parameters)
        case exp.Update():
            for assignment in expression.expressions:
                if isinstance(assignment, exp.EQ) and isinstance(assignment.this, exp.Column):
                    assignment.this.set("table", None)
            run_sql.run_expression(account, session, translate(expression), parameters)
            count = run_sql.count(session)
            return _counted(statement_type.UPDATE, (("updated", count), ("multi-joined rows updated", 0)))
        case exp.Delete():
            run_sql.run_expression(account, session, translate(expression), parameters)
            return _counted(statement_type.DELETE, (("deleted", run_sql.count(session)),))
        case _:
            run_sql.run(
                account, session, f"DELETE FROM {target_node(expression).sql(dialect='duckdb').partition(' AS ')[0]}"
            )
            return _nothing(expression)


def _insert(account: Account, session: Session, expression: Expr, parameters: Parameters) -> Result:
    translated = translate(expression)
    if parameters and isinstance(parameters, list) and isinstance(parameters[0], (list, tuple)):
        with array_binding.bound(account, session, translated, parameters) as (sql, single):
            run_sql.run(account, session, sql, single)
        return _counted(statement_type.INSERT, (("inserted", len(parameters)),))
    run_sql.run_expression(account, session, translated, parameters)
    return _counted(statement_type.INSERT, (("inserted", run_sql.count(session)),))


def _merge(account: Account, session: Session, expression: exp.Merge, parameters: Parameters) -> Result:
    actions: dict[str, str] = {}
    for when in expression.find_all(exp.When):
        then = when.args.get("then")
        if isinstance(then, exp.Insert):
            actions["INSERT"] = "inserted"
            for column in then.this.expressions if then.this else ():
                if isinstance(column, exp.Column):
                    column.set("table", None)
        elif isinstance(then, exp.Update):
            actions["UPDATE"] = "updated"
            for assignment in then.expressions:
                if isinstance(assignment, exp.EQ) and isinstance(assignment.this, exp.Column):
                    assignment.this.set("table", None)
        else:
            actions["DELETE"] = "deleted"
    translated = translate(expression)
    run_sql.run(account, session, translated.sql(dialect="duckdb") + " RETURNING merge_action", parameters)
    done = session.duck.to_arrow_table().column(0).value_counts().to_pylist()
    counts = {found["values"]: found["counts"] for found in done}
    order = [a for a in ("INSERT", "UPDATE", "DELETE") if a in actions]
    return _counted(statement_type.MERGE, tuple((actions[a], counts.get(a, 0)) for a in order))


def _counted(type_id: int, counts: tuple[tuple[str, int], ...]) -> Result:
    named = tuple((f"number of rows {name}" if " " not in name else f"number of {name}", n) for name, n in counts)
    return Result(
        columns=tuple((name, "NUMBER(38,0)") for name, _ in named),
        rows=(tuple(n for _, n in named),),
        type_id=type_id,
        affected=sum(n for _, n in named),
    )


def _nothing(expression: Expr) -> Result:
    del expression
    return Result(
        columns=(("status", "VARCHAR"),),
        rows=(("Statement executed successfully.",),),
        type_id=statement_type.DDL,
    )
