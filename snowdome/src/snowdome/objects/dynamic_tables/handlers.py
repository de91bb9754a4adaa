"""Dynamic tables: created, cloned, altered, resumed, suspended; `refreshes` refreshes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from snowdome import errors
from snowdome.errors import SqlError, invalid
from snowdome.objects import cloning, properties
from snowdome.objects.dynamic_tables import refreshes
from snowdome.objects.dynamic_tables.statements import CreateDynamicTable, RefreshDynamicTable
from snowdome.objects.pipelines import handlers as pipelines
from snowdome.objects.pipelines.handlers import DONE
from snowdome.objects.pipelines.statements import CloneObject, ResumeOrSuspend, SetProperties
from snowdome.objects.tables.create import standing
from snowdome.query import clone_point
from snowdome.result import Result, listing, status
from snowdome.security import access, resolve
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.names import Name
from snowdome.state import transactions
from snowdome.state.pipelines import DynamicTable
from snowdome.state.records import Relation, Schema, Warehouse
from snowdome.state.retention import drop_relation

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


KIND = DynamicTable.kind


OF_TABLE = ("COMMENT", "DATA_RETENTION_TIME_IN_DAYS", "MAX_DATA_EXTENSION_TIME_IN_DAYS")
"""Properties that a dynamic table shares with other tables."""


def create(account: Account, session: Session, statement: CreateDynamicTable) -> Result:
    """The dynamic table is there; unless it waits for its schedule, with the rows of its query."""
    if session.in_transaction:
        transactions.commit(account, session)
    context, name = Context.of(session), statement.name
    wanted = dict(statement.settings)
    if statement.how is How.OR_ALTER:
        raise errors.unsupported("CREATE OR ALTER DYNAMIC TABLE")
    with account.catalog.lock:
        schema = _home(account, context, name)
        warehouse(account, session, wanted)
        old = standing(account, session, schema, name.last, temporary=False)
        if old is not None and statement.how is How.IF_NOT_EXISTS:
            return status(f"{name.last} already exists, statement succeeded.")
        if old is not None and statement.how is not How.OR_REPLACE:
            raise errors.already_exists(f"{resolve.full_name(account, schema)}.{name.last}")
    made = _told(account, session, statement, schema)
    filled = wanted.get("INITIALIZE", "ON_CREATE") == "ON_CREATE"
    made = refreshes.filled(account, session, made, names=statement.columns, empty=not filled)
    with account.catalog.change() as change:
        old = standing(account, session, schema, name.last, temporary=False)
        if old is not None:
            _replaced(account, context, old)
            drop_relation(account, change, old, replaced=True)
        if statement.copy_grants and old is not None:
            made = replace(made, grants=old.grants)
        else:
            made = new_object(account, session, made)
        change.put(made)
        properties.tag(account, context, change, made.id, statement.tags)
    refreshes.plan(account, made)
    return status(f"Dynamic table {name.last} successfully created.")


def _home(account: Account, context: Context, name: Name) -> Schema:
    schema = resolve.schema(account, context, name.database, name.schema, f"CREATE {KIND}")
    context.require(account, f"CREATE {KIND}", schema)
    return schema


def _replaced(account: Account, context: Context, old: Relation) -> None:
    if old.kind != KIND:
        raise SqlError(2002, "42710", f"SQL compilation error:\nObject '{old.name}' already exists as {old.kind}")
    context.require(account, "OWNERSHIP", old)


def _told(account: Account, session: Session, statement: CreateDynamicTable, schema: Schema) -> DynamicTable:
    now = account.clock.now()
    wanted = dict(statement.settings)
    made = DynamicTable(
        id=account.catalog.new_id(),
        name=statement.name.last,
        parent=schema.id,
        owner=session.role,
        created_on=now,
        altered_on=now,
        last_ddl=now,
        physical="",
        transient=statement.transient or schema.transient,
        cluster_by=statement.cluster_by,
        query=statement.query,
        text=statement.text.strip().rstrip(";"),
        named=bool(statement.columns),
        settings={n: v for n, v in wanted.items() if n not in OF_TABLE},
        user=session.user,
    )
    return properties.applied(made, tuple((n, v) for n, v in wanted.items() if n in OF_TABLE))


def warehouse(account: Account, session: Session, wanted: dict[str, Any]) -> None:
    """The warehouse that is named is one that the session may use."""
    name = wanted.get("WAREHOUSE")
    if name is None:
        return
    found = account.catalog.find(Warehouse, str(name))
    if found is None or not access.may_see(account, session, found):
        raise errors.not_found("Warehouse", str(name))
    access.check(account, session, "USAGE", found)


def find(account: Account, session: Session, name: Name, verb: str = "ALTER") -> DynamicTable:
    """The dynamic table of that name that the session may see."""
    found = resolve.relation(account, Context.of(session), (name.database, name.schema, name.last), verb)
    if not isinstance(found, DynamicTable):
        raise SqlError(
            2203, "42601", f"SQL compilation error:\nObject found is of type '{found.kind}', specified type is '{KIND}'"
        )
    return found


def clone(account: Account, session: Session, statement: CloneObject) -> Result:
    """The dynamic table is there with the rows of its source, suspended."""
    context, name = Context.of(session), statement.name
    wanted = dict(statement.settings)
    with account.catalog.change() as change:
        schema = _home(account, context, name)
        source = find(account, session, statement.clone.source, "CREATE DYNAMIC TABLE")
        context.require(account, "SELECT", source)
        warehouse(account, session, wanted)
        old = standing(account, session, schema, name.last, temporary=False)
        if old is not None and statement.how is not How.OR_REPLACE:
            raise errors.already_exists(f"{resolve.full_name(account, schema)}.{name.last}")
        moment = clone_point.moment(account, session, statement.clone, source)
        new_id, now = change.new_id(), account.clock.now()
        rows = cloning.rows_of(account, source, new_id, moment)
        made = replace(
            source,
            id=new_id,
            name=name.last,
            parent=schema.id,
            created_on=now,
            altered_on=now,
            last_ddl=now,
            physical=rows.physical,
            past=rows.past,
            transient=statement.transient or schema.transient,
            owner=session.role,
            grants=(),
            settings=source.settings | {n: v for n, v in wanted.items() if n not in OF_TABLE},
        )
        made = properties.applied(cloning.asleep(made, now), tuple((n, v) for n, v in wanted.items() if n in OF_TABLE))
        made = replace(made, grants=source.grants) if statement.copy_grants else new_object(account, session, made)
        if old is not None:
            _replaced(account, context, old)
            drop_relation(account, change, old, replaced=True)
        change.put(made)
    return status(f"Dynamic table {name.last} successfully created.")


def change(account: Account, session: Session, statement: SetProperties) -> Result:
    """The dynamic table has those properties."""
    wanted = dict(statement.settings)
    with account.catalog.change() as put:
        try:
            found = find(account, session, statement.name)
        except SqlError:
            if statement.if_exists:
                return DONE
            raise
        pipelines.operate(account, session, found)
        warehouse(account, session, wanted)
        merged = found.settings | {n: v for n, v in wanted.items() if n not in OF_TABLE}
        merged = {n: v for n, v in merged.items() if n not in statement.unset}
        if wanted.get("SCHEDULER") == "DISABLE":
            merged.pop("TARGET_LAG", None)
        if "TARGET_LAG" in wanted and merged.get("SCHEDULER") == "DISABLE":
            raise invalid("TARGET_LAG can't be defined when SCHEDULER = DISABLE", 1420)
        if not {"WAREHOUSE"} <= set(merged) or ("TARGET_LAG" not in merged and merged.get("SCHEDULER") != "DISABLE"):
            raise invalid("WAREHOUSE and TARGET_LAG of a dynamic table cannot be taken away", 1420)
        now = account.clock.now()
        changed = replace(found, settings=merged)
        changed = properties.applied(changed, tuple((n, v) for n, v in wanted.items() if n in OF_TABLE), now)
        changed = properties.cleared(changed, tuple(n for n in statement.unset if n in OF_TABLE), now)
        put.put(changed)
    refreshes.plan(account, changed)
    return DONE


def resume_or_suspend(account: Account, session: Session, statement: ResumeOrSuspend) -> Result:
    """The dynamic table is refreshed by its lag from now on, or no more; those that read it go along."""
    with account.catalog.change() as put:
        try:
            found = find(account, session, statement.name)
        except SqlError:
            if statement.if_exists:
                return DONE
            raise
        pipelines.operate(account, session, found)
        now = account.clock.now()
        along = [found, *refreshes.downstream(account, found)]
        for one in along:
            if statement.resumed and one.suspended and one.suspended_by in (None, found.id):
                if one.suspended_by is None and one.id != found.id:
                    continue
                put.put(replace(one, suspended=False, suspended_by=None))
            elif not statement.resumed and not one.suspended:
                by = None if one.id == found.id else found.id
                put.put(replace(one, suspended=True, suspended_on=now, suspended_by=by))
        for one in along:
            refreshes.plan(account, account.catalog.get(DynamicTable, one.id))
    return DONE


def refresh(account: Account, session: Session, statement: RefreshDynamicTable) -> Result:
    """The dynamic tables, and those they read, hold the rows of their queries as of now."""
    if session.in_transaction:
        transactions.commit(account, session)
    wanted: list[DynamicTable] = []
    for name in statement.names:
        try:
            found = find(account, session, name)
        except SqlError:
            if statement.if_exists:
                continue
            raise
        pipelines.operate(account, session, found)
        if any(one.id == found.id for one in wanted):
            raise invalid(f"Dynamic table {found.name} is named twice", 1420)
        wanted.append(found)
    done: dict[int, int | None] = {}
    for one in wanted:
        refreshes.refresh(account, session, one, done)
    inserted = sum(done[one.id] or 0 for one in wanted)
    summary = "No new data" if all(done[one.id] is None for one in wanted) else f'{{"insertedRows":{inserted}}}'
    stamp = account.clock.now().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    columns = [("data_timestamp", "VARCHAR"), ("statistics", "VARCHAR")]
    return listing(columns, [[stamp, summary]])
