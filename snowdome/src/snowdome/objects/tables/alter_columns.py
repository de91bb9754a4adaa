"""ALTER TABLE where it changes columns or declares keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from snowdome import errors, types
from snowdome.dml import dml
from snowdome.errors import unsupported
from snowdome.objects.tables import column_masks, constraints
from snowdome.query.binder import parts_of
from snowdome.result import Result, status
from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.translate import translate
from snowdome.state import change_log, run_sql, transactions
from snowdome.state.duckdb_rows import ROWS
from snowdome.state.records import Column, Table, Version

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

DONE = "Statement executed successfully."


def alter(account: Account, session: Session, expression: exp.Alter) -> Result:
    """Alter the columns of the table."""
    if str(expression.args.get("kind")).upper() != "TABLE":
        raise unsupported(expression.sql(dialect="snowflake")[:80])
    if session.in_transaction:
        transactions.commit(account, session)
    context = Context.of(session)
    parts = parts_of(expression.this)
    table = dml.target(account, context, parts, missing_ok=bool(expression.args.get("exists")))
    if table is None:
        return status(DONE)
    if not table.temporary:
        context.require(account, "OWNERSHIP", table)
    constraints.may_refer(account, context, expression, parts)
    transactions.lock(account, session, table)
    try:
        with dml.implicit(account, session, ddl=True):
            transactions.start_writing(account, session)
            with account.catalog.lock:
                physical = dml.claim(account, session, table)
            if physical != account.physical(session, table):
                dml.make_own(account, session, table, physical)
            changed = replace(table, past=(*table.past, _as_it_is(table, account.clock.now())))
            for action in expression.args["actions"]:
                changed = _apply(account, session, changed, physical, action)
            session.touched.add(table.id)
            if not table.temporary:
                session.reshaped[table.id] = changed
    finally:
        account.locks.release(session)
    if table.temporary:
        session.temporary[table.parent, table.name] = replace(changed, version=table.version + 1)
    return status(DONE)


def from_text(account: Account, session: Session, sql: str) -> Result:
    """ALTER TABLE | VIEW … ALTER [COLUMN] … COMMENT …, …: the columns bear those comments."""
    cursor = Cursor(sql)
    cursor.expect("ALTER")
    kind = cursor.expect_any("TABLE", "VIEW")
    exists = cursor.accept("IF", "EXISTS")
    name = cursor.name()
    if not cursor.accept_any("ALTER", "MODIFY"):
        raise unsupported(f"ALTER {kind} … {cursor.rest()[:60]}")
    comments: dict[str, str] = {}
    while not comments or cursor.accept(","):
        cursor.accept("COLUMN")
        column = cursor.identifier()
        if not cursor.accept("COMMENT"):
            raise unsupported(f"ALTER {kind} … ALTER COLUMN … {cursor.rest()[:60]}")
        comments[column] = cursor.string()
    cursor.end()
    context = Context.of(session)
    with account.catalog.change() as change:
        try:
            found = resolve.relation(account, context, (name.database, name.schema, name.last))
        except errors.SqlError:
            if exists:
                return status(DONE)
            raise
        for column in comments:
            if not any(c.name == column for c in found.columns):
                raise errors.invalid_identifier(column)
        columns = tuple(replace(c, comment=comments.get(c.name, c.comment)) for c in found.columns)
        changed = replace(found, columns=columns)
        if found.temporary:
            session.temporary[found.parent, found.name] = changed
        else:
            context.require(account, "OWNERSHIP", found)
            change.put(changed)
    return status(DONE)


def _as_it_is(table: Table, until: datetime) -> Version:
    """The rows of now as an earlier version: that is what they become where the change needs rows of its own."""
    return Version(physical=table.physical, until=until, turn=0, columns={c.name: c.name for c in table.columns})


def _apply(account: Account, session: Session, table: Table, physical: str, action: Expr) -> Table:
    place = f'{"temp" if table.temporary else "rows"}.main."{physical}"'
    match action:
        case exp.ColumnDef():
            return _add(account, session, table, place, action)
        case exp.Schema():
            for column in action.expressions:
                table = _apply(account, session, table, physical, column)
            return table
        case exp.Drop():
            for column in action.args["tables"]:
                table = _drop(account, session, table, place, column.name, missing_ok=bool(action.args.get("exists")))
            return table
        case exp.RenameColumn():
            return _rename(account, session, table, place, action)
        case exp.AlterColumn():
            return _alter_column(account, session, table, place, action)
        case exp.AddConstraint():
            keys = tuple(k for e in action.expressions for k in constraints.key(e))
            return replace(table, keys=(*table.keys, *keys))
        case _:
            raise unsupported(f"ALTER TABLE … {action.sql(dialect='snowflake')}")


def _add(account: Account, session: Session, table: Table, place: str, column: exp.ColumnDef) -> Table:
    name = column.name
    if any(c.name == name for c in table.columns):
        if column.args.get("exists"):
            return table
        raise _there_already(name)
    wanted = column_masks.take(column)
    declared = constraints.Declared()
    constraints.take_column(column, declared)
    if column.kind is None:
        raise errors.syntax_error(f"column {name} has no type.")
    required = name in declared.required
    kind = _duck_kind(column.kind)
    default = f" DEFAULT {translate(_default(column)).sql(dialect='duckdb')}" if name in declared.defaults else ""
    quoted = _quoted(name)
    _both(account, session, place, f"ADD COLUMN {quoted} {kind}{default}")
    if required:
        run_sql.run(account, session, f"ALTER TABLE {place} ALTER COLUMN {quoted} SET NOT NULL")
    duck_type = _duck_type(session, place, name)
    made = Column(
        name=name,
        type=types.declared(column.kind, duck_type),
        nullable=not required,
        default=declared.defaults.get(name),
        comment=declared.comments.get(name, ""),
    )
    table = replace(table, columns=(*table.columns, made), keys=(*table.keys, *declared.keys))
    return column_masks.put(account, session, table, wanted)


def _there_already(name: str) -> errors.SqlError:
    return errors.SqlError(1430, "42601", f"SQL compilation error:\ncolumn '{name}' already exists")


def _drop(account: Account, session: Session, table: Table, place: str, name: str, *, missing_ok: bool) -> Table:
    if not any(c.name == name for c in table.columns):
        if missing_ok:
            return table
        raise errors.invalid_identifier(name)
    _both(account, session, place, f"DROP COLUMN {_quoted(name)}")
    past = tuple(replace(v, columns={k: c for k, c in v.columns.items() if k != name}) for v in table.past)
    table = column_masks.without(table, name)
    return replace(table, columns=tuple(c for c in table.columns if c.name != name), past=past)


def _rename(account: Account, session: Session, table: Table, place: str, action: exp.RenameColumn) -> Table:
    old, new = action.this.name, action.args["to"].name
    if not any(c.name == old for c in table.columns):
        raise errors.invalid_identifier(old)
    if old != new and any(c.name == new for c in table.columns):
        raise _there_already(new)
    _both(account, session, place, f"RENAME COLUMN {_quoted(old)} TO {_quoted(new)}")
    past = tuple(replace(v, columns={new if k == old else k: c for k, c in v.columns.items()}) for v in table.past)
    columns = tuple(replace(c, name=new) if c.name == old else c for c in table.columns)
    keys = tuple(replace(k, columns=tuple(new if c == old else c for c in k.columns)) for k in table.keys)
    return replace(column_masks.renamed(table, old, new), columns=columns, keys=keys, past=past)


def _both(account: Account, session: Session, place: str, change: str) -> None:
    """The table and its journal have that change: its past is read with the columns of today."""
    run_sql.run(account, session, f"ALTER TABLE {place} {change}")
    catalog, _, physical = place.partition(".main.")
    if catalog == ROWS:
        run_sql.run(account, session, f"ALTER TABLE {change_log.of(physical.strip(chr(34)))} {change}")


def _alter_column(account: Account, session: Session, table: Table, place: str, action: exp.AlterColumn) -> Table:
    name = action.this.name
    old = next((c for c in table.columns if c.name == name), None)
    if old is None:
        raise errors.invalid_identifier(name)
    new = old
    change = f"ALTER TABLE {place} ALTER COLUMN {_quoted(name)}"
    if (wanted := action.args.get("dtype")) is not None:
        kind = _duck_kind(wanted)
        _may_become(session, old, wanted, kind)
        _both(account, session, place, f"ALTER COLUMN {_quoted(name)} SET DATA TYPE {kind}")
        new = replace(new, type=types.declared(wanted, _duck_type(session, place, name)))
    elif action.args.get("comment") is not None:
        new = replace(new, comment=action.args["comment"].name)
    elif action.args.get("allow_null") is not None:
        nullable = bool(action.args["allow_null"])
        run_sql.run(account, session, f"{change} {'DROP' if nullable else 'SET'} NOT NULL")
        new = replace(new, nullable=nullable)
    elif action.args.get("drop"):
        run_sql.run(account, session, f"{change} DROP DEFAULT")
        new = replace(new, default=None)
    else:
        raise unsupported(f"ALTER TABLE … {action.sql(dialect='snowflake')}")
    return replace(table, columns=tuple(new if c.name == name else c for c in table.columns))


def _may_become(session: Session, column: Column, wanted: exp.DataType, kind: str) -> None:
    """Lengths and precisions may change, a scale or the type itself may not (alter-table-column)."""
    new = types.declared(wanted, str(session.duck.execute(f"SELECT NULL::{kind}").description[0][1]))
    scales = {types.numbers(name)[1] for name in (column.type, new)}
    if types.base(new) != types.base(column.type) or (types.base(new) == "NUMBER" and len(scales) > 1):
        raise errors.SqlError(
            2108,
            "22000",
            f"SQL compilation error:\ncannot change column {column.name} from type {column.type} to {new}",
        )


def _default(column: exp.ColumnDef) -> Expr:
    found = column.find(exp.DefaultColumnConstraint)
    return found.this.copy() if found is not None else exp.Null()


def _duck_kind(wanted: exp.DataType) -> str:
    """The type in DuckDB's words; a cast to a text of some length is one inside the function that cuts it."""
    translated = translate(exp.cast(exp.Null(), wanted)).find(exp.Cast)
    return wanted.sql(dialect="duckdb") if translated is None else translated.to.sql(dialect="duckdb")


def _duck_type(session: Session, place: str, name: str) -> str:
    description = session.duck.execute(f"SELECT {_quoted(name)} FROM {place} LIMIT 0").description
    return str(description[0][1])


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")
