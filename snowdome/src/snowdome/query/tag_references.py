"""Which tags are on an object, its own and those it inherits: TAG_REFERENCES, SYSTEM$GET_TAG, SHOW TAGS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from snowdome import errors
from snowdome.errors import invalid
from snowdome.result import Result
from snowdome.security import access, lookup, show_format
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.state.records import Record, Table, Tag, View

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
