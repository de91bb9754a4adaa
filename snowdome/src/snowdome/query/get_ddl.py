"""GET_DDL: the statement that would make an object again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.errors import unsupported
from snowdome.query import get_policy_ddl
from snowdome.security import access, resolve
from snowdome.sql.grammar.tokens import quote_identifier, quote_string
from snowdome.state.pipelines import DynamicTable, Pipe, Stream, Task
from snowdome.state.records import Column, Database, Key, Record, Schema, Sequence, Table, View

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.security.resolve import Context
    from snowdome.sql.grammar.names import Name


def get_ddl(account: Account, context: Context, kind: str, name: Name, *, full: bool = False) -> str:
    """The text for a table, view, schema, database or what else is in a schema."""
    parts = (name.database, name.schema, name.last)
    match kind.upper().replace("_", " "):
        case "TABLE" | "VIEW":
            return _of_relation(account, context, kind.upper(), name, full=full)
        case "SCHEMA":
            return schema(account, context, resolve.schema(account, context, name.schema, name.last))
        case "DATABASE":
            return database(account, context, resolve.database(account, context, name.last))
        case "POLICY":
            return get_policy_ddl.policy(account, context, name)
        case wanted if wanted in INSIDE:
            return inside(account, resolve.child(account, context, INSIDE[wanted], parts))
        case other:
            raise unsupported(f"GET_DDL('{other}', …)")


INSIDE: dict[str, type[Record]] = {cls.kind: cls for cls in (Sequence, Task, Stream, Pipe, DynamicTable)}


def inside(account: Account, record: Record) -> str:
    """The text for what is in a schema and is neither a table nor a view."""
    match record:
        case Sequence():
            return sequence(record)
        case Task():
            return task(account, record)
        case Stream():
            return stream(account, record)
        case Pipe():
            return pipe(record)
        case DynamicTable():
            return dynamic(record)
        case _:
            raise unsupported(f"GET_DDL('{record.kind}', …)")


def _of_relation(account: Account, context: Context, kind: str, name: Name, *, full: bool) -> str:
    found = resolve.relation(account, context, (name.database, name.schema, name.last))
    if isinstance(found, DynamicTable):
        return dynamic(found)
    if found.kind != kind:
        raise errors.not_found(kind.capitalize(), name.sql)
    return relation(account, found, resolve.full_name(account, found) if full else found.name)


def relation(account: Account, record: Table | View, name: str) -> str:
    """The text for a table or view; a view's own text as it was written."""
    if isinstance(record, View):
        return record.text + ";"
    masks = get_policy_ddl.of_columns(account, record)
    lines = [_column(column, masks.get(column.name, "")) for column in record.columns]
    lines += [_key(key) for key in record.keys]
    body = ",\n".join("\t" + line for line in lines)
    word = "TEMPORARY " if record.temporary else "TRANSIENT " if record.transient else ""
    cluster = f" cluster by ({record.cluster_by})" if record.cluster_by else ""
    comment = f"COMMENT={quote_string(record.comment)}" if record.comment else ""
    quoted = ".".join(quote_identifier(part) for part in name.split("."))
    return f"create or replace {word}TABLE {quoted}{cluster} (\n{body}\n){comment};"


def sequence(record: Sequence) -> str:
    """The text for a sequence."""
    order = "order" if record.ordered else "noorder"
    name = quote_identifier(record.name)
    return f"create or replace sequence {name} start with {record.start} increment by {record.increment} {order};"


def dynamic(record: DynamicTable) -> str:
    """The text for a dynamic table, with its properties of now."""
    columns = ", ".join(quote_identifier(c.name) for c in record.columns)
    lag = record.settings.get("TARGET_LAG")
    clauses = [f"TARGET_LAG = {lag if lag == 'DOWNSTREAM' else quote_string(str(lag))}"] if lag else []
    clauses += [f"{n} = {record.settings[n]}" for n in ("SCHEDULER", "REFRESH_MODE", "INITIALIZE", "WAREHOUSE")
             if n in record.settings]  # fmt: skip
    if record.comment:
        clauses.append(f"COMMENT = {quote_string(record.comment)}")
    word = "TRANSIENT " if record.transient else ""
    head = f"create or replace {word}dynamic table {quote_identifier(record.name)}({columns})"
    return f"{head} {' '.join(clauses)}\n as {record.query};"


def task(account: Account, record: Task) -> str:
    """The text for a task."""
    lines = [f"create or replace task {quote_identifier(record.name)}"]
    for name, value in record.settings.items():
        bare = name == "WAREHOUSE" or isinstance(value, (bool, int))
        lines.append(f"\t{name.lower()}={value if bare else quote_string(str(value))}")
    if record.comment:
        lines.append(f"\tcomment={quote_string(record.comment)}")
    before = [one for i in record.after if (one := account.catalog.peek(i)) is not None]
    if before:
        lines.append("\tafter " + ", ".join(_dotted(account, one) for one in before))
    if record.condition:
        lines.append(f"\twhen {record.condition}")
    return "\n".join([*lines, f"\tas {record.definition};"])


def stream(account: Account, record: Stream) -> str:
    """The text for a stream."""
    source = account.catalog.peek(record.source)
    on = _dotted(account, source) if source is not None else "UNKNOWN"
    mode = " append_only = true" if record.append_only else ""
    comment = f" COMMENT={quote_string(record.comment)}" if record.comment else ""
    return f"create or replace stream {quote_identifier(record.name)} on table {on}{mode}{comment};"


def pipe(record: Pipe) -> str:
    """The text for a pipe."""
    comment = f" comment={quote_string(record.comment)}" if record.comment else ""
    return f"create or replace pipe {quote_identifier(record.name)} auto_ingest=false{comment} as {record.definition};"


def _dotted(account: Account, record: Record) -> str:
    return ".".join(quote_identifier(part) for part in resolve.full_parts(account, record))


def schema(account: Account, context: Context, record: Schema) -> str:
    """The text for a schema and all in it that the one who asks may see."""
    word = "TRANSIENT " if record.transient else ""
    parts = [f"create or replace {word}schema {quote_identifier(record.name)};"]
    classes: tuple[type[Record], ...] = (Table, View, *INSIDE.values())
    for child in account.catalog.children(record.id, *classes):
        if not access.may_see(account, context.session, child):
            continue
        if isinstance(child, (Table, View)) and not isinstance(child, DynamicTable):
            parts.append(relation(account, child, child.name))
        else:
            parts.append(inside(account, child))
    return "\n\n".join(parts)


def database(account: Account, context: Context, record: Database) -> str:
    """The text for a database and all in it that the one who asks may see."""
    word = "TRANSIENT " if record.transient else ""
    parts = [f"create or replace {word}database {quote_identifier(record.name)};"]
    parts += [schema(account, context, s) for s in account.catalog.children(record.id, Schema)]
    return "\n\n".join(parts)


def _column(column: Column, mask: str) -> str:
    text = f"{quote_identifier(column.name)} {column.type}"
    if not column.nullable:
        text += " NOT NULL"
    if column.default is not None:
        text += f" DEFAULT {column.default}"
    if column.autoincrement is not None:
        text += f" {column.autoincrement}"
    text += mask
    if column.comment:
        text += f" COMMENT {quote_string(column.comment)}"
    return text


def _key(key: Key) -> str:
    columns = ", ".join(quote_identifier(c) for c in key.columns)
    name = f"constraint {quote_identifier(key.name)} " if key.name else ""
    if key.kind != "FOREIGN KEY":
        return f"{name}{key.kind.lower()} ({columns})"
    referred = ", ".join(quote_identifier(c) for c in key.referred)
    return f"{name}foreign key ({columns}) references {key.refers_to}({referred})"
