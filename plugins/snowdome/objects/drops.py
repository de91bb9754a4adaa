"""Dropping: a name is taken away, the object stays for UNDROP as long as its retention says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.records import Database, Record, Schema, Sequence, Table

if TYPE_CHECKING:
    from snowdome.account import Account
    from snowdome.catalog import Change
    from snowdome.resolve import Relation


def drop_relation(account: Account, change: Change, old: Relation, *, replaced: bool = False) -> None:
    """The table or view has no name any more.

    A transient table that is replaced goes for good: dbt replaces all its tables at each run, and nobody undrops those.
    """
    if not isinstance(old, Table) or (replaced and old.transient) or retention_days(account, old) == 0:
        erase(account, change, old)
    else:
        change.drop(old, account.clock.now())


def retention_days(account: Account, record: Record) -> int:
    """For how many days a dropped object can be undropped: its own setting, else its parent's, else one."""
    current: Record | None = record
    while isinstance(current, (Table, Schema, Database)):
        if current.retention is not None:
            return current.retention
        current = account.catalog.peek(current.parent)
    return 1


def erase(account: Account, change: Change, record: Record) -> None:
    """The object is gone for good, with all that is in it; rows nobody shares any more are dropped."""
    for inner in account.catalog.within(record.id):
        erase(account, change, inner)
    change.erase(record.id)
    if isinstance(record, Table) and not account.catalog.sharers(record.physical):
        account.duck.retire(record.physical)
    if isinstance(record, Sequence):
        account.duck.retire(record.physical)
