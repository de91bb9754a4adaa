"""DATABASES, TAG_REFERENCES and GRANTS_TO_ROLES: the account's objects, as late as these views show them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from snowdome.state.pipelines import EVERY_RECORD
from snowdome.state.records import (
    ACCOUNT_ID,
    SNOWFLAKE,
    Database,
    DatabaseRole,
    Record,
    Role,
    Schema,
    Table,
    Tag,
    User,
    View,
)
from snowdome.state.retention import retention_days
from snowdome.usage.access_history import column_id
from snowdome.usage.object_versions import Granted

if TYPE_CHECKING:
    from datetime import datetime

    from snowdome.usage.columns import Shape
    from snowdome.usage.reading import Reading

Records = dict[int, Record]
_ROLE_WORDS = {Role: "ROLE", DatabaseRole: "DATABASE_ROLE", User: "USER"}


def _as_of(reading: Reading, shape: Shape) -> Records:
    with reading.account.catalog.lock:
        return reading.account.usage.versions.as_of(reading.late(shape), *EVERY_RECORD)


def _select(reading: Reading, shape: Shape, rows: Iterator[tuple[Any, ...]]) -> str:
    return f'SELECT {shape.select()} FROM "{reading.rows(shape.columns, list(rows))}"'


# -- DATABASES ----------------------------------------------------------------------------------------------------
def databases(reading: Reading, shape: Shape) -> str:
    """Every database there was, dropped ones included (account-usage/databases)."""
    return _select(reading, shape, _databases(reading, _as_of(reading, shape)))


def _databases(reading: Reading, records: Records) -> Iterator[tuple[Any, ...]]:
    for record in records.values():
        if isinstance(record, Database):
            owner = _name(records, record.owner)
            yield (
                record.id, record.name, owner, "YES" if record.transient else "NO", record.comment or None,
                record.created_on, record.altered_on or record.created_on, record.dropped_on,
                retention_days(reading.account, record), None,
                "IMPORTED DATABASE" if record.name == SNOWFLAKE and record.owner is None else "STANDARD",
                _role_word(records, record.owner) if record.dropped_on is None else None, None,
            )  # fmt: skip


# -- TAG_REFERENCES -----------------------------------------------------------------------------------------------
def tag_references(reading: Reading, shape: Shape) -> str:
    """Each tag set on an object itself: what the object inherits is not here (account-usage/tag_references)."""
    return _select(reading, shape, _references(_as_of(reading, shape)))


def _references(records: Records) -> Iterator[tuple[Any, ...]]:
    for record in records.values():
        for tag_id, value in record.tags.items():
            yield from _reference(records, record, tag_id, value)
        if isinstance(record, (Table, View)):
            for column in record.columns:
                for tag_id, value in record.column_tags.get(column.name, {}).items():
                    yield from _reference(records, record, tag_id, value, column.name)


def _reference(
    records: Records, record: Record, tag_id: int, value: str, column: str | None = None
) -> Iterator[tuple[Any, ...]]:
    tag = records.get(tag_id)
    if not isinstance(tag, Tag) or tag.dropped_on is not None:
        return
    tag_schema, tag_database = _above(records, tag)
    schema, database = _above(records, record)
    domain = "COLUMN" if column else "TABLE" if isinstance(record, View) else record.kind
    place = None
    if column is not None and isinstance(record, (Table, View)):
        place = column_id(record, column)
    yield (
        tag_database, tag_schema, tag.id, tag.name, value, database, schema, record.id, record.name,
        _deleted(records, record), domain, place, column, "MANUAL",
    )  # fmt: skip


def _deleted(records: Records, record: Record) -> datetime | None:
    """When the object or what it is in was dropped."""
    current: Record | None = record
    while current is not None and current.id != ACCOUNT_ID:
        if current.dropped_on is not None:
            return current.dropped_on
        current = records.get(current.parent)
    return None


# -- GRANTS_TO_ROLES ----------------------------------------------------------------------------------------------
def grants_to_roles(reading: Reading, shape: Shape) -> str:
    """Every grant to a role there was, revoked ones with their end (account-usage/grants_to_roles)."""
    records = _as_of(reading, shape)
    with reading.account.catalog.lock:
        grants = reading.account.usage.versions.grants(reading.late(shape))
    return _select(reading, shape, (row for grant in grants for row in _grant(records, grant)))


def _grant(records: Records, grant: Granted) -> Iterator[tuple[Any, ...]]:
    record, to = records.get(grant.object), records.get(grant.to)
    if record is None or to is None or _deleted(records, record) is not None:
        return
    if isinstance(record, (Role, DatabaseRole)) and isinstance(to, User):
        return  # that is in GRANTS_TO_USERS
    schema, database = (None, None) if isinstance(record, Database) else _above(records, record)
    if isinstance(record, Schema):
        schema = None
    yield (
        grant.created, grant.modified, grant.privilege, record.kind.replace(" ", "_"), record.name,
        database, schema, _to(to), to.name, grant.option,
        _name(records, grant.by) or "", grant.deleted, _role_word(records, grant.by), None,
    )  # fmt: skip


def _to(record: Record) -> str:
    return {Role: "ACCOUNT ROLE", DatabaseRole: "DATABASE_ROLE"}.get(type(record), "USER")


# -- names --------------------------------------------------------------------------------------------------------
def _name(records: Records, record_id: int | None) -> str | None:
    record = records.get(record_id) if record_id is not None else None
    return record.name if record is not None else None


def _role_word(records: Records, record_id: int | None) -> str | None:
    record = records.get(record_id) if record_id is not None else None
    return _ROLE_WORDS.get(type(record)) if record is not None else None


def _above(records: Records, record: Record) -> tuple[str | None, str | None]:
    """The names of the record's schema and database, where it is in one (a database: its own name)."""
    if isinstance(record, Database):
        return None, record.name
    parent = records.get(record.parent)
    if isinstance(record, Schema):
        return record.name, parent.name if parent is not None else None
    if isinstance(parent, Schema):
        database = records.get(parent.parent)
        return parent.name, database.name if database is not None else None
    return None, parent.name if isinstance(parent, Database) else None
