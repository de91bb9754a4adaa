"""How far back a table's past goes when its retention is changed.

https://docs.snowflake.com/en/user-guide/data-time-travel: a longer retention does not bring back what is gone already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from snowdome.state.records import Record, Table
from snowdome.state.retention import retention_days

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.catalog import Change

R = TypeVar("R", bound=Record)
RETENTION = "DATA_RETENTION_TIME_IN_DAYS"


def settled(account: Account, change: Change, record: R, names: Iterable[str]) -> R:
    """Where retention is one of the properties that change, what is gone stays gone; the record as it is then."""
    if RETENTION not in names:
        return record
    now = account.clock.now()
    for table in list(_tables(account, record)):
        edge = now - timedelta(days=retention_days(account, table))
        kept = replace(table, kept_from=max(edge, table.kept_from or edge))
        if isinstance(record, Table) and record.id == table.id:
            record = replace(record, kept_from=kept.kept_from)
        if not table.temporary:
            change.put(kept)
    return record


def _tables(account: Account, record: Record) -> Iterator[Table]:
    if isinstance(record, Table):
        yield record
        return
    for inner in account.catalog.within(record.id):
        yield from _tables(account, inner)
