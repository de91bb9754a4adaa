"""Dropping objects, and for how long what was dropped is kept for UNDROP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from snowdome.state.records import ACCOUNT_ID, Database, Record, Schema, Sequence, Table

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.catalog import Change
    from snowdome.state.records import Relation


KEPT_REPLACED = 3
"""How many earlier transient tables (and views) of one name are kept."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def drop_relation(account: Account, change: Change, old: Relation, *, replaced: bool = False) -> None:
    """The table or view has no name any more; the table can be undropped, and both are there for a clone of the past.

    Of transient tables and views that are replaced only the latest are kept: dbt replaces all of them at each run.
    """
    if retention_days(account, old) == 0:
        erase(account, change, old)
        return
    change.drop(old, account.clock.now())
    if not replaced or (isinstance(old, Table) and not old.transient):
        return
    for older in account.catalog.dropped(type(old), old.name, old.parent)[KEPT_REPLACED:]:
        schema = account.catalog.get(Schema, old.parent)
        change.put(replace(schema, forgotten=max(older.dropped_on or older.created_on, schema.forgotten or LONG_AGO)))
        erase(account, change, older)


def retention_days(account: Account, record: Record) -> int:
    """For how many days its past is kept: by its own setting, else its parent's, the account's, else one."""
    current: Record | None = record
    transient = False
    while current is not None and current.id != ACCOUNT_ID:
        transient = transient or getattr(current, "transient", False)
        if isinstance(current, (Table, Schema, Database)) and current.retention is not None:
            return min(current.retention, 1) if transient else current.retention
        current = account.catalog.peek(current.parent)
    of_account = int(current.parameters.get("DATA_RETENTION_TIME_IN_DAYS", 1)) if current is not None else 1
    return min(of_account, 1) if transient else of_account


def erase(account: Account, change: Change, record: Record) -> None:
    """The object is gone for good, with all that is in it; rows nobody shares any more are dropped."""
    for inner in account.catalog.within(record.id):
        erase(account, change, inner)
    change.erase(record.id)
    if isinstance(record, Table):
        for physical in record.physicals:
            if not account.catalog.sharers(physical):
                account.duck.retire(physical)
    if isinstance(record, Sequence):
        account.duck.retire(record.physical)
