"""Which tags are on an object, its own and those it inherits: TAG_REFERENCES, SYSTEM$GET_TAG, SHOW TAGS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from snowdome import errors
from snowdome.errors import SqlError, invalid
from snowdome.result import Result, listing
from snowdome.security import access, lookup, show_format
from snowdome.security.resolve import Context
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.records import Database, Record, Schema, Table, Tag, View

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

DOMAINS = {
    "ACCOUNT": "ACCOUNT",
    "DATABASE": "DATABASE",
    "SCHEMA": "SCHEMA",
    "TABLE": "TABLE",
    "VIEW": "TABLE",
    "COLUMN": "COLUMN",
    "WAREHOUSE": "WAREHOUSE",
    "USER": "USER",
    "ROLE": "ROLE",
    "DATABASE ROLE": "DATABASE ROLE",
}
COLUMNS = tuple(
    (name, show_format.TEXT)
    for name in (
        "TAG_DATABASE", "TAG_SCHEMA", "TAG_NAME", "TAG_VALUE", "LEVEL", "OBJECT_DATABASE", "OBJECT_SCHEMA",
        "OBJECT_NAME", "DOMAIN", "COLUMN_NAME",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reference:
    """A tag that holds for an object: `source` carries it, at `level`."""

    tag: Tag
    value: str
    level: str
    source: Record


def parse_name(text: str) -> Name:
    """The name that a string argument holds."""
    cursor = Cursor(text)
    name = cursor.name(4)
    cursor.end()
    return name


def target(account: Account, session: Session, name_text: str, domain: str) -> tuple[Record, str | None]:
    """The object, and its column if the domain is COLUMN, that the two arguments mean."""
    kind = domain.upper()
    if kind not in DOMAINS:
        raise invalid(f"invalid value [{domain}] for parameter 'DOMAIN'")
    if kind == "ACCOUNT":
        return access.account_record(account), None
    name = parse_name(name_text)
    if kind != "COLUMN":
        return lookup.find(account, session, kind, name, "SELECT"), None
    found = lookup.find(account, session, "TABLE", Name(name.parts[:-1]), "SELECT")
    if not isinstance(found, (Table, View)) or name.last not in {c.name for c in found.columns}:
        raise errors.invalid_identifier(name_text)
    return found, name.last


def holding(account: Account, record: Record, column: str | None = None) -> list[Reference]:
    """Every tag that holds for the object: nearer ones hide those of the same tag further up."""
    found: dict[int, Reference] = {}
    for values, level, source in _levels(account, record, column):
        for tag_id, value in values.items():
            tag = account.catalog.peek(tag_id)
            if isinstance(tag, Tag) and account.catalog.is_live(tag) and tag_id not in found:
                found[tag_id] = Reference(tag, value, level, source)
    return sorted(found.values(), key=lambda reference: reference.tag.name)


def _levels(account: Account, record: Record, column: str | None) -> Iterator[tuple[dict[int, str], str, Record]]:
    if column is not None and isinstance(record, (Table, View)):
        yield record.column_tags.get(column, {}), "COLUMN", record
    current: Record | None = record
    while current is not None:
        yield current.tags, DOMAINS.get(current.kind, current.kind), current
        if current.parent < 0:
            return
        current = account.catalog.peek(current.parent)


def references(account: Account, session: Session, name_text: str, domain: str) -> Result:
    """What TABLE(INFORMATION_SCHEMA.TAG_REFERENCES(name, domain)) answers."""
    record, column = target(account, session, name_text, domain)
    rows = [_row(account, reference, record, column) for reference in holding(account, record, column)]
    return Result(columns=COLUMNS, rows=rows)


def all_columns(account: Account, session: Session, name_text: str, domain: str) -> Result:
    """What TABLE(INFORMATION_SCHEMA.TAG_REFERENCES_ALL_COLUMNS(name, 'table')) answers."""
    record, _ = target(account, session, name_text, domain)
    if not isinstance(record, (Table, View)):
        raise invalid(f"invalid value [{domain}] for parameter 'DOMAIN'")
    columns = [column.name for column in record.columns]
    rows = [_row(account, ref, record, column) for column in columns for ref in holding(account, record, column)]
    return Result(columns=COLUMNS, rows=rows)


def _row(account: Account, reference: Reference, record: Record, column: str | None) -> tuple[Any, ...]:
    tag_schema, tag_database = (above.name for above in access.parents(account, reference.tag))
    above = [parent.name for parent in access.parents(account, record)]
    schema = above[0] if record.space == "RELATION" else None
    database = above[-1] if above else None
    domain = "COLUMN" if column is not None else DOMAINS[record.kind]
    return (
        tag_database, tag_schema, reference.tag.name, reference.value, reference.level, database, schema, record.name,
        domain, column,
    )  # fmt: skip


def get_tag(account: Account, session: Session, tag_text: str, name_text: str, domain: str) -> str | None:
    """What SYSTEM$GET_TAG(tag, name, domain) answers: the value that holds, or NULL."""
    tag = lookup.tag(account, session, parse_name(tag_text))
    record, column = target(account, session, name_text, domain)
    return next((r.value for r in holding(account, record, column) if r.tag.id == tag.id), None)


def show(account: Account, session: Session, statement: Show) -> Result:
    """SHOW TAGS."""
    columns = tuple(
        (name, show_format.TIME if name == "created_on" else show_format.TEXT)
        for name in (
            "created_on", "name", "database_name", "schema_name", "owner", "comment", "allowed_values",
            "owner_role_type", "propagate", "on_conflict",
        )
    )  # fmt: skip
    rows = []
    for tag in show_format.keep(statement, _in_scope(account, session, statement), lambda tag: tag.name):
        schema = account.catalog.get(Schema, tag.parent)
        database = account.catalog.get(Database, schema.parent)
        allowed = "[" + ",".join(f'"{value}"' for value in tag.allowed) + "]" if tag.allowed else None
        rows.append((
            tag.created_on, tag.name, database.name, schema.name, show_format.role_name(account, tag.owner),
            tag.comment, allowed, show_format.role_type(account, tag.owner), tag.propagate, tag.on_conflict,
        ))  # fmt: skip
    return listing(columns, rows)


def _in_scope(account: Account, session: Session, statement: Show) -> list[Tag]:
    visible = [
        tag
        for tag in account.catalog.all(Tag)
        if account.catalog.is_live(tag) and access.may_see(account, session, tag)
    ]
    scope, name = statement.scope, statement.scope_name
    if scope is None:
        scope = "SCHEMA" if session.schema else "DATABASE" if session.database else "ACCOUNT"
    if scope == "ACCOUNT":
        return visible
    context = Context.of(session)
    if scope == "DATABASE":
        wanted: Record = lookup.find(account, session, "DATABASE", name or Name((context.database or "",)), "SHOW TAGS")
    elif scope == "SCHEMA":
        wanted = lookup.find(account, session, "SCHEMA", name or Name((context.schema or "",)), "SHOW TAGS")
    else:
        raise SqlError(1003, "42000", f"SQL compilation error:\nSHOW TAGS IN {scope} is not a statement.")
    return [tag for tag in visible if wanted.id in {above.id for above in access.parents(account, tag)}]
