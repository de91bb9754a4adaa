"""Stages, file formats, PUT, LIST and COPY INTO a table: fakesnow's loaders on anonymous names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import snowflake.connector.errors
from fakesnow import copy_into as loader
from fakesnow.transforms import file_format, stage
from fakesnow.transforms.options import parse_options
from sqlglot import Expr, exp

from snowdome import errors
from snowdome.dml import dml
from snowdome.errors import SqlError, unsupported
from snowdome.files import copy_into_table
from snowdome.query.binder import parts_of, redirect
from snowdome.result import Result, status
from snowdome.security import resolve
from snowdome.security.new_object import new_object
from snowdome.security.resolve import Context
from snowdome.security.stage_location import CATALOG, SCHEMA, storage
from snowdome.security.stage_location import named as _parts
from snowdome.state import change_log, run_sql, transactions
from snowdome.state.records import FileFormat, Record, Stage, Table
from snowdome.state.retention import erase

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session
    from snowdome.types import Parameters

COPY = 0x3600


def create(account: Account, session: Session, create: exp.Create) -> Result:
    """The internal stage is there, empty."""
    temporary, comment = False, ""
    options: dict[str, Any] = {}
    properties = create.args.get("properties")
    for item in properties.expressions if properties else ():
        match item:
            case exp.TemporaryProperty():
                temporary = True
            case exp.SchemaCommentProperty():
                comment = item.this.name
            case exp.FileFormatProperty():
                options = parse_options(item.expressions)
            case _ if item.name.upper() == "FILE_FORMAT":
                options = _by_name(account, Context.of(session), item.args["value"])
            case _:
                raise unsupported(f"CREATE STAGE … {item.sql(dialect='snowflake')}")
    record = Stage(id=account.catalog.new_id(), name="", created_on=account.clock.now(), physical="", comment=comment)
    record = replace(record, physical=f"g{record.id}", temporary=temporary, options=options)
    return _settle(account, session, create, record, "Stage area")


def create_format(account: Account, session: Session, create: exp.Create) -> Result:
    """The file format is there."""
    options = parse_options(create.args["properties"].expressions if create.args.get("properties") else [])
    kind = str(options.pop("TYPE", "CSV")).upper()
    comment = str(options.pop("COMMENT", ""))
    record = FileFormat(
        id=account.catalog.new_id(),
        name="",
        created_on=account.clock.now(),
        type=kind,
        options={"TYPE": kind, **(file_format.CSV_DEFAULT_OPTIONS if kind == "CSV" else {}), **options},
        comment=comment,
    )
    return _settle(account, session, create, record, "File format")


def unloads(expression: exp.Copy) -> bool:
    """Whether the COPY writes files, not rows of a table."""
    return isinstance(expression.this, exp.Table) and not isinstance(expression.this.this, exp.Identifier)


def copy(account: Account, session: Session, expression: exp.Copy, parameters: Parameters) -> Result:
    """The files' rows are in the table; a file that was loaded before is left out unless FORCE is given."""
    context = Context.of(session)
    node = expression.this.this if isinstance(expression.this, exp.Schema) else expression.this
    query = copy_into_table.query(expression)
    if query is None:
        bind_source(account, session, expression)
        _bind_format(account, context, expression)
    with dml.implicit(account, session):
        with account.catalog.lock:
            table = dml.target(account, context, parts_of(node))
            if table is None:
                raise errors.not_found("Object", node.name)
            context.require(account, "INSERT", table)
            shared = dml.shared(account, session, table)
        if shared:
            transactions.lock(account, session, table)
        with account.catalog.lock:
            physical = dml.claim(account, session, table)
        with account.compute.use(session):
            transactions.start_writing(account, session)
            if physical != account.physical(session, table):
                dml.make_own(account, session, table, physical)
            session.touched.add(table.id)
            with change_log.recording(account, session, table):
                return _load(
                    account, session, expression, node=node, table=table, physical=physical, parameters=parameters
                )


def _load(
    account: Account,
    session: Session,
    expression: exp.Copy,
    *,
    node: exp.Table,
    table: Table,
    physical: str,
    parameters: Parameters,
) -> Result:
    redirect(node, physical, temporary=table.temporary, alias=False)
    node.set("db", None)
    node.set("catalog", None)
    query = copy_into_table.query(expression)
    if query is not None:
        into, context = expression.this, Context.of(session)
        return copy_into_table.load(
            account, session, context, expression, query, target=into, table=table, parameters=parameters
        )
    listed = list(parameters) if isinstance(parameters, list) else parameters
    try:
        loader.copy_into(session.duck, CATALOG, SCHEMA, expression, stage.TableStages(session.duck), listed)
    except snowflake.connector.errors.ProgrammingError as problem:
        raise SqlError(problem.errno or 1003, problem.sqlstate or "42000", str(problem.raw_msg)) from problem
    except (NotImplementedError, ValueError) as problem:
        raise unsupported(f"COPY INTO … {problem}") from problem
    found = run_sql.answer(account, session, COPY)
    loaded = [] if found.table is None or "rows_loaded" not in found.table.column_names else found.table["rows_loaded"]
    return replace(_named(account, expression, found), affected=sum(n.as_py() for n in loaded))


def _named(account: Account, expression: exp.Copy, found: Result) -> Result:
    """The answer with the files under their stage's name, not its folder's."""
    source = next((v.name for v in expression.args["files"][0].find_all(exp.Var) if v.name.startswith("@")), "")
    physical = source.partition("/")[0].rpartition('"."')[2].rstrip('"')
    table = found.table
    if not physical or table is None or "file" not in table.column_names:
        return found
    record = account.catalog.peek(int(physical[1:]))
    prefix = f"{record.name.lower()}/" if isinstance(record, Stage) else ""
    files = [str(file).replace(f"{physical}/", prefix, 1) for file in table["file"].to_pylist()]
    return replace(found, table=table.set_column(table.column_names.index("file"), "file", pa.array(files)))


def bind_source(account: Account, session: Session, expression: exp.Copy) -> None:
    """The stage that the COPY reads, which takes READ, is named as DuckDB finds it."""
    for node in list(expression.args["files"][0].find_all(exp.Var, exp.Literal)):
        if node.name.startswith("@"):  # quoted where the name or the path holds something special
            name, slash, path = node.name[1:].partition("/")
            physical = storage(account, session, name)
            account.duck.stage(physical)
            node.replace(exp.Var(this=f'@"{CATALOG}"."{SCHEMA}"."{physical}"{slash}{path}'))


def _bind_format(account: Account, context: Context, expression: exp.Copy) -> None:
    """FORMAT_NAME is replaced with the options it stands for."""
    for parameter in expression.args.get("params") or ():
        if parameter.name.upper() != "FILE_FORMAT":
            continue
        named = [p for p in parameter.expressions if p.name.upper() == "FORMAT_NAME"]
        if not named:
            continue
        options = parse_options([p for p in parameter.expressions if p is not named[0]])
        value = named[0].args["value"]
        name = value.name if isinstance(value, exp.Literal) else value.sql(dialect="snowflake")
        found = resolve.child(account, context, FileFormat, _parts(name))
        merged = {**found.options, **options}
        parameter.set("expressions", [_property(key, value) for key, value in merged.items()])


def _by_name(account: Account, context: Context, value: Expr) -> dict[str, Any]:
    """The options of the file format of that name."""
    name = value.name if isinstance(value, exp.Literal) else value.sql(dialect="snowflake")
    return dict(resolve.child(account, context, FileFormat, _parts(name)).options)


def _property(key: str, value: Any) -> exp.Property:
    if isinstance(value, bool):
        node: Expr = exp.Boolean(this=value)
    elif isinstance(value, int):
        node = exp.Literal.number(value)
    elif isinstance(value, list):
        node = exp.Tuple(expressions=[exp.Literal.string(str(v)) for v in value])
    else:
        node = exp.Literal.string(str(value))
    return exp.Property(this=exp.Var(this=key), value=node)


def _settle(account: Account, session: Session, create: exp.Create, record: Record, word: str) -> Result:
    context, parts = Context.of(session), parts_of(create.this)
    cls = type(record)
    with account.catalog.change() as change:
        schema = resolve.schema(account, context, parts[0], parts[1], f"CREATE {cls.kind}")
        context.require(account, f"CREATE {cls.kind}", schema)
        old = account.catalog.find(cls, parts[2], schema.id)
        if old is not None and create.args.get("exists"):
            return status(f"{parts[2]} already exists, statement succeeded.")
        if old is not None and not create.args.get("replace"):
            raise errors.already_exists(parts[2])
        if old is not None:
            context.require(account, "OWNERSHIP", old)
            erase(account, change, old)
        change.put(new_object(account, session, replace(record, name=parts[2], parent=schema.id)))
    return status(f"{word} {parts[2]} successfully created.")
