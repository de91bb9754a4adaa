"""Refreshes of dynamic tables: the rows of the query, computed anew with the owner's rights on the table's warehouse.

Each refresh is a full one: the rows it leaves behind are the table's past. A refresh finds nothing to do where nothing
that the query reads has changed since. By its target lag a table is refreshed once in each such span, at its moment of
the account's clock (user-guide/dynamic-tables).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
from sqlglot import Expr, exp

from snowdome.dml import dml
from snowdome.errors import SqlError
from snowdome.objects.tables import constraints
from snowdome.query.binder import Binder
from snowdome.query.identifiers import normalise
from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.sql.grammar.names import Name
from snowdome.sql.parse import parse
from snowdome.sql.translate import translate_create
from snowdome.state import run_sql, transactions
from snowdome.state.duckdb_rows import ROWS, lay_journal
from snowdome.state.error_mapping import from_duckdb
from snowdome.state.pipelines import DynamicTable
from snowdome.state.records import Database, Role, Schema, Table, User, Version
from snowdome.state.running_queries import Running
from snowdome.state.sessions import close_session, open_session
from snowdome.state.statement_log import new_query_id

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

_LAG = re.compile(r"(\d+) (second|minute|hour|day)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


# -- what -----------------------------------------------------------------------------------------------------------
def refresh(account: Account, session: Session, table: DynamicTable, done: dict[int, int | None]) -> None:
    """The table and those it reads hold the rows of now; `done` says how many of each, None where nothing changed."""
    if table.id in done:
        return
    done[table.id] = None
    if table.settings.get("SCHEDULER") != "DISABLE":
        for one in _upstream(account, session, table):
            refresh(account, session, one, done)
    now = account.clock.now()
    with _owners(account, session, table) as own:
        query, binder = _bound(account, own, table)
        seen = _seen(account, binder)
        if table.as_of is not None and seen == table.seen and not binder.bound.session_bound:
            own.unregister(binder.bound.registered)
            with account.catalog.change() as change:
                change.put(replace(account.catalog.get(DynamicTable, table.id), as_of=now))
            return
        physical = f"t{account.catalog.new_id()}"
        names = tuple(c.name for c in table.columns) if table.named else ()
        _make(account, own, query, binder, physical=physical, names=names)
        count = account.duck.run(f'SELECT count(*) FROM {ROWS}.main."{physical}"')[0][0]
    done[table.id] = int(str(count))
    with account.catalog.change() as change:
        current = account.catalog.get(DynamicTable, table.id)
        left = Version(
            physical=current.physical,
            until=now,
            turn=change.new_id(),
            columns={c.name: c.name for c in current.columns},
        )
        change.put(
            replace(current, physical=physical, past=(*current.past, left), as_of=now, seen=seen, altered_on=now)
        )


def filled(
    account: Account, session: Session, table: DynamicTable, *, names: tuple[str, ...], empty: bool
) -> DynamicTable:
    """The new table with columns and, unless it waits for its schedule, rows."""
    done: dict[int, int | None] = {}
    now = account.clock.now()
    if not empty:
        for one in _upstream(account, session, table):
            refresh(account, session, one, done)
    with _owners(account, session, table) as own:
        query, binder = _bound(account, own, table)
        seen = _seen(account, binder)
        physical = f"t{table.id}"
        _make(account, own, run_sql.no_rows(query) if empty else query, binder, physical=physical, names=names)
        columns = constraints.columns(own.duck, physical, constraints.Declared())
    return replace(table, physical=physical, columns=columns, seen=seen, as_of=None if empty else now)


def _make(
    account: Account, own: Session, query: Expr, binder: Binder, *, physical: str, names: tuple[str, ...]
) -> None:
    """The anonymous table is there with the query's rows."""
    if names:
        alias = exp.TableAlias(this=exp.to_identifier("q"), columns=[exp.to_identifier(n, quoted=True) for n in names])
        query = exp.select("*").from_(exp.Subquery(this=query, alias=alias))
    node = exp.Table(
        this=exp.to_identifier(physical, quoted=True), db=exp.to_identifier("main"), catalog=exp.to_identifier(ROWS)
    )
    create = exp.Create(this=node, kind="TABLE", expression=query)
    try:
        with dml.implicit(account, own), account.compute.use(own):
            transactions.start_writing(account, own)
            for statement in translate_create(create, own.duck):
                run_sql.run_expression(account, own, statement)
            lay_journal(own.duck, physical)
    except duckdb.Error as problem:
        raise from_duckdb(account, problem) from problem
    finally:
        own.unregister(binder.bound.registered)


def _bound(account: Account, own: Session, table: DynamicTable) -> tuple[Expr, Binder]:
    """The query with the names it means now: in the table's schema, with its owner's rights."""
    binder = Binder(account, _context(account, own, table))
    with account.catalog.lock:
        return binder.bind(normalise(parse(own.variables, table.query))), binder


def _context(account: Account, session: Session, table: DynamicTable) -> Context:
    schema = account.catalog.get(Schema, table.parent)
    return Context(session, account.catalog.get(Database, schema.parent).name, schema.name, table.owner)


@contextmanager
def _owners(account: Account, session: Session, table: DynamicTable) -> Iterator[Session]:
    """A session with the owner's rights on the table's warehouse, for part of the session's statement."""
    schema = account.catalog.get(Schema, table.parent)
    own = open_session(
        account,
        account.catalog.get(User, session.user),
        account.catalog.get(Role, table.owner or 0),
        as_owner=True,
        database=account.catalog.get(Database, schema.parent).name,
        schema=schema.name,
        warehouse=table.settings.get("WAREHOUSE"),
        running=session.running,
        trace=session.trace,
    )
    try:
        yield own
    finally:
        own.running = []
        close_session(account, own)


def _upstream(account: Account, session: Session, table: DynamicTable) -> list[DynamicTable]:
    """The dynamic tables that the query reads."""
    query, binder = _bound(account, session, table)
    del query
    session.unregister(binder.bound.registered)
    found = (account.catalog.peek(one) for one in sorted(binder.bound.tables))
    return [one for one in found if isinstance(one, DynamicTable) and one.id != table.id]


def _seen(account: Account, binder: Binder) -> str:
    """What the query reads, and in which state: the same words for the same rows."""
    found = (account.catalog.peek(one) for one in sorted(binder.bound.tables))
    return " ".join(f"{t.id}:{t.physical}:{t.version}:{t.altered_on}" for t in found if isinstance(t, Table))


def downstream(account: Account, table: DynamicTable) -> list[DynamicTable]:
    """The dynamic tables that read this one, directly or by another, as of their last refresh."""
    found: dict[int, DynamicTable] = {}
    todo = [table.id]
    while todo:
        sought = f"{todo.pop()}:"
        for one in account.catalog.all(DynamicTable):
            if one.id not in found and any(word.startswith(sought) for word in one.seen.split(" ")):
                found[one.id] = one
                todo.append(one.id)
    return list(found.values())


# -- when -----------------------------------------------------------------------------------------------------------
def restore(account: Account) -> None:
    """Every dynamic table's next refresh is waited for again."""
    for table in account.catalog.all(DynamicTable):
        plan(account, table)


def plan(account: Account, table: DynamicTable) -> None:
    """The next refresh of the table is on the agenda, if its lag wants one."""
    key = (DynamicTable.kind, table.id)
    lag = _LAG.match(str(table.settings.get("TARGET_LAG")))
    if lag is None or table.suspended or table.settings.get("SCHEDULER") == "DISABLE":
        account.timers.forget(key)
        return
    span = timedelta(seconds=int(lag[1]) * _SECONDS[lag[2]])
    last = table.as_of or account.clock.now()
    account.timers.at(max(last + span, account.clock.now()), key, lambda at: _due(account, table.id, at))


def _due(account: Account, table_id: int, at: datetime) -> None:
    """The refresh that is due is going; the one after it is on the agenda."""
    table = account.catalog.peek(table_id)
    if not isinstance(table, DynamicTable) or table.dropped_on is not None or not account.catalog.is_live(table):
        return
    plan(account, replace(table, as_of=at))
    users = [u for u in account.catalog.all(User) if u.id == table.user] or account.catalog.all(User)
    role = account.catalog.get(Role, table.owner or 0)
    session = open_session(account, users[0], role, as_owner=True, warehouse=table.settings.get("WAREHOUSE"))
    name = Name(tuple(resolve.full_parts(account, table)))
    text = f"ALTER DYNAMIC TABLE {name.sql} REFRESH"
    waiting = Running(query_id=new_query_id(), session=session, text=text, started=at, woken=True)
    account.running_queries.begin(waiting)
    threading.Thread(target=_run, args=(account, waiting), name=f"refresh-{table_id}", daemon=True).start()


def _run(account: Account, waiting: Running) -> None:
    try:
        account.execute(waiting.session, waiting.text)
    except SqlError:
        return  # the statement log tells of it; the next refresh tries again
    finally:
        account.running_queries.end(waiting)
        close_session(account, waiting.session)
