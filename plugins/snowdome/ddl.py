"""GET_DDL: the statement that would make an object again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome import access, errors, resolve
from snowdome.errors import unsupported
from snowdome.grammar.tokens import quote_identifier, quote_string
from snowdome.records import Column, Database, Key, Record, Schema, Sequence, Table, View

if TYPE_CHECKING:
    from snowdome.account import Account
    from snowdome.grammar.names import Name
    from snowdome.resolve import Context


def get_ddl(account: Account, context: Context, kind: str, name: Name, *, full: bool = False) -> str:
    """The text for a table, view, sequence, schema or database."""
    match kind.upper():
        case "TABLE" | "VIEW":
            found = resolve.relation(account, context, (name.database, name.schema, name.last))
            if found.kind != kind.upper():
                raise errors.not_found(kind.capitalize(), name.sql)
            return relation(found, resolve.full_name(account, found) if full else found.name)
        case "SEQUENCE":
            return sequence(resolve.child(account, context, Sequence, (name.database, name.schema, name.last)))
        case "SCHEMA":
            return schema(account, context, resolve.schema(account, context, name.schema, name.last))
        case "DATABASE":
            return database(account, context, resolve.database(account, context, name.last))
        case other:
            raise unsupported(f"GET_DDL('{other}', …)")


def relation(record: Table | View, name: str) -> str:
    """The text for a table or view; a view's own text as it was written."""
    if isinstance(record, View):
        return record.text + ";"
    lines = [_column(column) for column in record.columns] + [_key(key) for key in record.keys]
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


def schema(account: Account, context: Context, record: Schema) -> str:
    """The text for a schema and all in it that the one who asks may see."""
    word = "TRANSIENT " if record.transient else ""
    parts = [f"create or replace {word}schema {quote_identifier(record.name)};"]
    classes: tuple[type[Record], ...] = (Sequence, Table, View)
    for child in account.catalog.children(record.id, *classes):
        if not access.may_see(account, context.session, child):
            continue
        if isinstance(child, Sequence):
            parts.append(sequence(child))
        elif isinstance(child, (Table, View)):
            parts.append(relation(child, child.name))
    return "\n\n".join(parts)


def database(account: Account, context: Context, record: Database) -> str:
    """The text for a database and all in it that the one who asks may see."""
    word = "TRANSIENT " if record.transient else ""
    parts = [f"create or replace {word}database {quote_identifier(record.name)};"]
    parts += [schema(account, context, s) for s in account.catalog.children(record.id, Schema)]
    return "\n\n".join(parts)


def _column(column: Column) -> str:
    text = f"{quote_identifier(column.name)} {column.type}"
    if not column.nullable:
        text += " NOT NULL"
    if column.default is not None:
        text += f" DEFAULT {column.default}"
    if column.autoincrement is not None:
        text += f" {column.autoincrement}"
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
