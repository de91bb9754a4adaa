"""CREATE TABLE, in its forms: columns, AS, LIKE."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb
from sqlglot import Expr, exp

from snowdome import errors
from snowdome.dml import dml
from snowdome.errors import unsupported
from snowdome.objects.tables import column_masks, column_tags, constraints
from snowdome.query.binder import Binder, parts_of
from snowdome.result import Result, status
from snowdome.security import resolve
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.sql import semistructured
from snowdome.sql.translate import translate_create
from snowdome.state import run_sql, transactions
from snowdome.state.duckdb_rows import lay_journal
from snowdome.state.error_mapping import from_duckdb
from snowdome.state.records import Column, Mask, Relation, Schema, Table, View
from snowdome.state.retention import drop_relation

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session
    from snowdome.types import Parameters


@dataclass(slots=True)
class Properties:
    """What CREATE TABLE says about the table beside its columns."""

    transient: bool = False
    temporary: bool = False
    comment: str = ""
    copy_grants: bool = False
    cluster_by: str = ""
    retention: int | None = None
    like: exp.Table | None = None


def create(
    account: Account,
    session: Session,
    create: exp.Create,
    parameters: Parameters,
    privilege: str = "CREATE TABLE",
) -> Result:
    """The table is there, with its rows if it is made from a query."""
    if session.in_transaction:
        transactions.commit(account, session)
    tagged = column_tags.take(create)
    properties = read_properties(create)
    replacing = bool(create.args.get("replace"))
    node = create.this.this if isinstance(create.this, exp.Schema) else create.this
    parts = parts_of(node)
    context = Context.of(session)
    with account.catalog.lock:
        schema = resolve.schema(account, context, parts[0], parts[1], "CREATE TABLE")
        hidden = account.catalog.occupant(Table, parts[2], schema.id)
        if not properties.temporary:
            context.require(account, privilege, schema)
        elif hidden is not None:  # docs: to hide a table takes owning it
            context.require(account, "OWNERSHIP", hidden)
        constraints.may_refer(account, context, create, parts)
        old = standing(account, session, schema, parts[2], temporary=properties.temporary)
    if schema.transient:
        _briefly_kept(properties.retention)
    if old is not None and not replacing:
        if create.args.get("exists"):
            return status(f"{parts[2]} already exists, statement succeeded.")
        raise errors.already_exists(f"{resolve.full_name(account, schema)}.{parts[2]}")
    replacing = bool(create.args.get("replace"))
    wanted = column_masks.take(create)
    table_id = account.catalog.new_id()
    physical = f"t{table_id}"
    with dml.implicit(account, session, ddl=True):
        transactions.start_writing(account, session)
        columns, keys = _make(account, session, create, properties=properties, physical=physical, parameters=parameters)
    now = account.clock.now()
    table = Table(
        id=table_id,
        name=parts[2],
        parent=schema.id,
        owner=session.role,
        comment=properties.comment,
        created_on=now,
        altered_on=now,
        last_ddl=now,
        physical=physical,
        columns=columns,
        keys=keys,
        transient=properties.transient or schema.transient,
        temporary=properties.temporary,
        retention=properties.retention,
        cluster_by=properties.cluster_by,
        masks=_masks_of_like(account, context, properties),
    )
    table = column_tags.put(account, session, column_masks.put(account, session, table, wanted), tagged)
    settle(account, session, table, replace_old=replacing, copy_grants=properties.copy_grants)
    return status(f"Table {parts[2]} successfully created.")


def _masks_of_like(account: Account, context: Context, properties: Properties) -> dict[str, Mask]:
    """CREATE TABLE … LIKE takes the masks of the columns along (user-guide/security-column-intro)."""
    source = dml.target(account, context, parts_of(properties.like)) if properties.like is not None else None
    return source.masks if source is not None else {}


def standing(account: Account, session: Session, schema: Schema, name: str, *, temporary: bool) -> Relation | None:
    """What bears the name already: a temporary table only hides a permanent one."""
    hidden = session.temporary.get((schema.id, name))
    if temporary:
        return hidden
    found = account.catalog.occupant(Table, name, schema.id)
    return found if isinstance(found, (Table, View)) else None


def settle(account: Account, session: Session, made: Relation, *, replace_old: bool, copy_grants: bool = False) -> None:
    """The new table or view bears its name; what bore it before is dropped."""
    schema = account.catalog.get(Schema, made.parent)
    if made.temporary:
        old = session.temporary.pop((schema.id, made.name), None)
        if isinstance(old, Table):
            account.duck.drop_temporary(session.duck, old.physical)
        session.temporary[schema.id, made.name] = made
        return
    with account.catalog.change() as change:
        old = standing(account, session, schema, made.name, temporary=False)
        if old is not None:
            if not replace_old:
                if isinstance(made, Table):
                    account.duck.retire(made.physical)
                raise errors.already_exists(f"{resolve.full_name(account, schema)}.{made.name}")
            if old.kind != made.kind:
                raise errors.SqlError(
                    2002, "42710", f"SQL compilation error:\nObject '{made.name}' already exists as {old.kind}"
                )
            Context.of(session).require(account, "OWNERSHIP", old)
            drop_relation(account, change, old, replaced=True)
        if copy_grants and old is not None:
            made = replace(made, grants=old.grants, owner=session.role)
        else:
            made = new_object(account, session, made)
        change.put(made)


def read_properties(create: exp.Create) -> Properties:
    """The properties, taken from the tree; what is not known is refused by name."""
    found = Properties()
    properties = create.args.get("properties")
    for item in properties.expressions if properties else ():
        if not (_read_word(found, item) or _read_setting(found, item)):
            raise unsupported(f"CREATE {create.kind} … {item.sql(dialect='snowflake')}")
    if found.transient:
        _briefly_kept(found.retention)
    create.set("properties", None)
    return found


def _briefly_kept(retention: int | None) -> None:
    """A transient table, be it its schema that makes it so, keeps its past for a day at most (create-table)."""
    if (retention or 0) > 1:
        raise errors.invalid(f"invalid value [{retention}] for parameter 'DATA_RETENTION_TIME_IN_DAYS'")


def _read_word(found: Properties, item: Expr) -> bool:
    """Whether the item is one of the words that stand alone; it has been noted."""
    match item:
        case exp.TransientProperty():
            found.transient = True
        case exp.TemporaryProperty() | exp.VolatileProperty():
            found.temporary = True
        case exp.CopyGrantsProperty():
            found.copy_grants = True
        case _:
            return False
    return True


def _read_setting(found: Properties, item: Expr) -> bool:
    """Whether the item is one of the properties with a value; it has been noted."""
    match item:
        case exp.SchemaCommentProperty():
            found.comment = item.this.name
        case exp.ClusterProperty() | exp.Cluster():
            found.cluster_by = ", ".join(e.sql(dialect="snowflake") for e in item.expressions)
        case exp.LikeProperty():
            found.like = item.this
        case exp.Property() if item.name.upper() == "DATA_RETENTION_TIME_IN_DAYS":
            found.retention = int(item.args["value"].name)
        case exp.Property() if item.name.upper() in ("CHANGE_TRACKING", "ENABLE_SCHEMA_EVOLUTION"):
            return bool(item.args["value"].sql().upper() == "FALSE")
        case _:
            return False
    return True


def _make(
    account: Account,
    session: Session,
    create: exp.Create,
    *,
    properties: Properties,
    physical: str,
    parameters: Parameters,
) -> tuple[tuple[Column, ...], tuple[constraints.Key, ...]]:
    """The anonymous table is made and filled; what its columns are called and look like."""
    if properties.like is not None:
        return _like(account, session, properties, physical)
    declared = constraints.take(create)
    known: list[str | None] = []
    node = create.this.this if isinstance(create.this, exp.Schema) else create.this
    binder = Binder(account, Context.of(session))
    try:
        with account.catalog.lock:
            if isinstance(create.this, exp.Schema):
                binder.columns(create.this)
            if create.expression is not None:
                create.set("expression", binder.bind(create.expression))
                known = semistructured.kinds(create.expression, binder.bound.columns)
                session.consumed |= binder.bound.streams
        node.set("this", exp.to_identifier(physical, quoted=True))
        node.set("db", exp.to_identifier("main"))
        node.set("catalog", exp.to_identifier("temp" if properties.temporary else "rows"))
        for key in ("replace", "exists"):
            create.set(key, False)
        if properties.temporary:
            create.set("properties", exp.Properties(expressions=[exp.TemporaryProperty()]))
        with account.compute.use(session) if binder.bound.tables else nullcontext():
            for statement in translate_create(create, session.duck):
                run_sql.run_expression(account, session, statement, parameters if create.expression else None)
            if create.expression is not None:
                _enforce(account, session, physical, declared, temporary=properties.temporary)
            if not properties.temporary:
                lay_journal(session.duck, physical)
    except duckdb.Error as problem:
        raise from_duckdb(account, problem) from problem
    finally:
        session.unregister(binder.bound.registered)
    made = constraints.columns(session.duck, physical, declared, temporary=properties.temporary)
    refined = semistructured.refined(tuple((column.name, column.type) for column in made), known)
    return tuple(replace(c, type=kind) for c, (_, kind) in zip(made, refined, strict=True)), declared.keys


def _enforce(
    account: Account, session: Session, physical: str, declared: constraints.Declared, *, temporary: bool
) -> None:
    """A column that is declared NOT NULL holds none, or the table that a query has filled is gone again."""
    place = f'{"temp" if temporary else "rows"}.main."{physical}"'
    for name in sorted(declared.required):
        column = exp.to_identifier(name, quoted=True).sql(dialect="duckdb")
        if session.duck.execute(f"SELECT 1 FROM {place} WHERE {column} IS NULL LIMIT 1").fetchone():
            session.duck.execute(f"DROP TABLE {place}")
            raise errors.SqlError(100072, "22000", f"NULL result in a non-nullable column: {name}")
        run_sql.run(account, session, f"ALTER TABLE {place} ALTER COLUMN {column} SET NOT NULL")


def _like(
    account: Account, session: Session, properties: Properties, physical: str
) -> tuple[tuple[Column, ...], tuple[constraints.Key, ...]]:
    if properties.like is None:
        raise unsupported("CREATE TABLE … LIKE nothing")
    context = Context.of(session)
    source = dml.target(account, context, parts_of(properties.like))
    if source is None:
        raise errors.not_found("Object", properties.like.name)
    context.require(account, "SELECT", source)
    dml.copy_table(
        account, session, account.physical(session, source), physical, empty=True, temporary=properties.temporary
    )
    return source.columns, source.keys
