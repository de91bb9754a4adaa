"""The change log beside each table: which rows came and went, when, in which turn. The table's past is read from it.

A table's rows are in `t17` and its journal is `j17`, with the same columns and four more. What a statement does to the
rows is written to the journal in the same transaction, so the two never disagree, whatever is killed when. A row that
was there before is written with sign -1, a row that is there afterwards with +1; an untouched row that is written with
both counts for nothing. So it does no harm to write more rows than the statement touched, and where it is not plain
which rows those are, all of them are written.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from snowdome.sql.translate import translate
from snowdome.state import run_sql
from snowdome.state.duckdb_rows import ROWS, journal

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.records import Table
    from snowdome.state.session import Session
    from snowdome.types import Parameters

FIRST_NEW = 36_028_797_018_960_000
"""DuckDB numbers the rows that an open transaction adds from here on."""
_AT, _TURN, _SIGN, _ROW = '"~at"', '"~turn"', '"~sign"', '"~row"'
_BIND = re.compile(r"__bind_(\d+)__")
_FICKLE = (exp.Rand, exp.Uuid, exp.Anonymous, exp.Limit, exp.With)
"""What may answer differently when it is asked twice (a function DuckDB alone knows may)."""


def of(physical: str) -> str:
    """The journal's full name in DuckDB."""
    return f'{ROWS}.main."{journal(physical)}"'


class recording:  # noqa: N801 (reads as a word: `with recording(…)`)
    """What the statement inside does to the table's rows is in the table's journal."""

    def __init__(
        self,
        account: Account,
        session: Session,
        table: Table,
        *,
        change: Expr | None = None,
        parameters: Parameters = None,
    ) -> None:
        self._account, self._session = account, session
        self._physical = account.physical(session, table)
        self._place = f'{ROWS}.main."{self._physical}"'
        self._needed = not table.temporary
        self._fresh = table.id in session.pending
        self._touched = _touched(change, parameters) if self._needed else None
        self._at = account.clock.now() if session.alone else None
        self._first = FIRST_NEW
        self._turn = 0

    def __enter__(self) -> None:
        if not self._needed:
            return
        session = self._session
        self._turn = self._account.catalog.new_id()
        if self._fresh or self._physical in session.journaled:
            session.duck.execute(f"SELECT max(rowid) FROM {self._place}")
            highest = session.duck.fetchall()[0][0]
            self._first = max(FIRST_NEW, (highest or 0) + 1)
        session.journaled.add(self._physical)
        if self._touched is not None:
            which, bound = self._touched
            self._write(-1, f"WHERE rowid IN ({which})" if which else "", bound)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self._needed or kind is not None:
            return
        self._write(1, f"WHERE rowid >= {self._first}")
        if self._touched is not None:
            mine = f"SELECT {_ROW} FROM {of(self._physical)} WHERE {_TURN} = {self._turn} AND {_SIGN} = -1"
            self._write(1, f"WHERE rowid < {self._first} AND rowid IN ({mine})")
        self._session.turn = self._turn

    def _write(self, sign: int, where: str, bound: list[object] | None = None) -> None:
        at = f"'{self._at.isoformat()}'::TIMESTAMPTZ" if self._at is not None else "NULL"
        sql = f"INSERT INTO {of(self._physical)} SELECT {at}, {self._turn}, {sign}, rowid, * FROM {self._place} {where}"
        run_sql.run(self._account, self._session, sql, bound)


def stamp(account: Account, session: Session, at: datetime) -> None:
    """What the session's transaction wrote to journals bears the moment and the turn of its commit."""
    if session.alone:
        return
    turn = account.catalog.new_id()
    for physical in session.journaled:
        session.duck.execute(
            f"UPDATE {of(physical)} SET {_AT} = '{at.isoformat()}'::TIMESTAMPTZ, {_TURN} = {turn} WHERE {_AT} IS NULL"
        )
    if session.journaled:
        session.turn = turn


def tells(account: Account, physical: str, turn: int) -> bool:
    """Whether the journal tells of a commit in that turn."""
    return bool(account.duck.run(f"SELECT 1 FROM {of(physical)} WHERE {_TURN} = {int(turn)} LIMIT 1"))


def forget(account: Account, physical: str, before: datetime) -> None:
    """The journal no longer tells of what was before that moment."""
    account.duck.run(f"DELETE FROM {of(physical)} WHERE {_AT} < '{before.isoformat()}'::TIMESTAMPTZ")


def _touched(change: Expr | None, parameters: Parameters) -> tuple[str, list[object] | None] | None:
    """A query for the ids of rows the statement may touch, with its parameters; empty: all rows; None: adds only."""
    if change is None or (isinstance(change, exp.Insert) and not change.args.get("overwrite")):
        return None
    marked = change.copy()
    for number, placeholder in enumerate(marked.find_all(exp.Placeholder)):
        placeholder.replace(exp.Var(this=f"__bind_{number}__"))
    query = _query(marked)
    if query is None or query.find(*_FICKLE):
        return "", None
    order = [int(n) for n in _BIND.findall(marked.sql(dialect="duckdb"))]
    sql = translate(query).sql(dialect="duckdb")
    used = [int(n) for n in _BIND.findall(sql)]
    if not used:
        return sql, None
    if not isinstance(parameters, list) or len(parameters) != len(order):
        return "", None
    return _BIND.sub("?", sql), [parameters[order.index(n)] for n in used]


def _query(change: Expr) -> exp.Select | None:
    """The ids of the rows that an UPDATE, DELETE or MERGE may touch; None where all may be."""
    if not isinstance(change, (exp.Update, exp.Delete, exp.Merge)) or change.args.get("with_"):
        return None
    if isinstance(change, exp.Merge) and any(when.args.get("source") for when in change.find_all(exp.When)):
        return None
    target = change.this
    ids = exp.select(exp.column("rowid", table=exp.to_identifier(target.alias, quoted=True))).from_(target)
    match change:
        case exp.Update():
            others = change.args.get("from_")
            beside, condition = [others.this] if others is not None else [], change.args.get("where")
        case exp.Delete():
            beside, condition = change.args.get("using") or [], change.args.get("where")
        case _:
            beside, condition = [change.args["using"]], change.args.get("on")
    for other in beside:
        ids = ids.join(other, join_type="CROSS")
    if condition is None:
        return ids
    return ids.where(condition.this if isinstance(condition, exp.Where) else condition)
