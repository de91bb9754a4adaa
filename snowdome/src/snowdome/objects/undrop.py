"""UNDROP: dropped objects stack up by name, the latest first, until their retention is over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from snowdome import errors
from snowdome.state.records import Record
from snowdome.state.retention import retention_days

if TYPE_CHECKING:
    from snowdome.query.account import Account

R = TypeVar("R", bound=Record)


def to_restore(account: Account, cls: type[R], name: str | None, record_id: int | None, parent: int) -> R:
    """The dropped object that UNDROP means; an object of its name must not be in the way."""
    found = _dropped(account, cls, name, record_id, parent)
    dropped_on = found.dropped_on
    if dropped_on is None or account.clock.now() > dropped_on + timedelta(days=retention_days(account, found)):
        raise errors.SqlError(
            2003, "02000", f"{cls.kind.capitalize()} '{name or record_id}' did not exist or was purged."
        )
    if account.catalog.occupant(cls, found.name, found.parent) is not None:
        raise errors.already_exists(found.name)
    return found


def _dropped(account: Account, cls: type[R], name: str | None, record_id: int | None, parent: int) -> R:
    if record_id is not None:
        record = account.catalog.peek(record_id)
        if isinstance(record, cls) and record.dropped_on is not None:
            return record
    elif name is not None:
        dropped = [one for one in account.catalog.dropped(cls, name, parent) if one.kind == cls.kind]
        if dropped:
            return dropped[0]
    label = name if name is not None else str(record_id)
    raise errors.SqlError(2003, "02000", f"{cls.kind.capitalize()} '{label}' did not exist or was purged.")
