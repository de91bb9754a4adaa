"""Properties, tags and names of databases, schemas, tables and views: what their ALTERs have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from snowdome import errors
from snowdome.objects.tags.handlers import values as tag_values
from snowdome.result import Result, status
from snowdome.security.resolve import Context
from snowdome.state.records import Database, Record, Schema, Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.sql.grammar.clauses import TagValue
    from snowdome.sql.grammar.options import Settings
    from snowdome.state.catalog import Change

R = TypeVar("R", bound=Record)
RETENTION = "DATA_RETENTION_TIME_IN_DAYS"


def applied(record: R, settings: Settings, at: datetime | None = None) -> R:
    """The record with those properties."""
    for name, value in settings:
        record = _with(record, name, value)
    return replace(record, altered_on=at) if at is not None else record


def replaced(record: R, settings: Settings, at: datetime) -> R:
    """The record with those properties and the defaults for all others: what CREATE OR ALTER makes of it."""
    if isinstance(record, (Database, Schema, Table)):
        record = replace(record, retention=None)
    return applied(replace(record, comment="", parameters={}), settings, at)


def cleared(record: R, names: tuple[str, ...], at: datetime) -> R:
    """The record with the defaults for those properties."""
    for name in names:
        record = _with(record, name, None)
    return replace(record, altered_on=at)


def _with(record: R, name: str, value: Any) -> R:
    if name == "COMMENT":
        return replace(record, comment=value or "")
    if name == RETENTION and isinstance(record, (Database, Schema, Table)):
        if record.transient and value is not None and value > 1:
            raise errors.invalid(f"invalid value [{value}] for parameter '{RETENTION}'", 1008, "22023")
        return replace(record, retention=value)
    if name == "WITH MANAGED ACCESS" and isinstance(record, Schema):
        return replace(record, managed=True)
    parameters = {k: v for k, v in record.parameters.items() if k != name}
    if value is not None:
        parameters[name] = value
    return replace(record, parameters=parameters)


def needed(names: Iterable[str]) -> str:
    """The privilege that changing those properties of a database or schema takes.

    A comment alone takes MODIFY (docs user-guide/security-access-control-privileges, "Database privileges").
    """
    return "MODIFY" if set(names) == {"COMMENT"} else "OWNERSHIP"


def tag(account: Account, context: Context, change: Change, record_id: int, tags: tuple[TagValue, ...]) -> None:
    """The record bears those tags."""
    if not tags:
        return
    record = account.catalog.get(Record, record_id)
    values = dict(record.tags) | tag_values(account, context.session, tags)
    change.put(replace(record, tags=values))


def exchange(change: Change, one: R, other: R, at: datetime) -> None:
    """The two records have exchanged their names, and their parents."""
    change.put(replace(one, name=f"\0{one.id}", altered_on=at))
    change.put(replace(other, name=one.name, parent=one.parent, altered_on=at))
    change.put(replace(one, name=other.name, parent=other.parent, altered_on=at))


def missing(name: str) -> Result:
    """What IF EXISTS answers where nothing does."""
    return status(f"Drop statement executed successfully ({name} already dropped).")
