"""Deletes what is past its retention: dropped objects, earlier versions of tables, old rows of change logs.

https://docs.snowflake.com/en/user-guide/data-time-travel: after the retention period historical data moves to
Fail-safe, where only Snowflake reaches it. Until then it is kept, so the disk holds what
was written within the retention.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import duckdb

from snowdome.query.streams import EXTENSION_DAYS
from snowdome.state import change_log
from snowdome.state.pipelines import Stream
from snowdome.state.records import Record, Table
from snowdome.state.retention import erase, retention_days
from snowdome.state.transactions import release

if TYPE_CHECKING:
    from snowdome.query.account import Account

EVERY = timedelta(hours=1)


class Purge:
    """Keeps the account's past within its retention; asked at every statement, it works once an hour of the clock."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._next: datetime | None = None
        self._emptied: dict[str, datetime | None] = {}
        """Journals that hold nothing, and when their table had last been changed then."""

    def when_due(self) -> None:
        """What is beyond its retention is gone, unless that was seen to a short while ago."""
        now = self._account.clock.now()
        if self._next is not None and self._next - EVERY <= now < self._next:
            return
        self._next = now + EVERY
        self.run(now)

    def run(self, now: datetime) -> None:
        """What is beyond its retention is gone."""
        with self._account.catalog.change() as change:
            for record in self._account.catalog.all(Record, dropped=True):
                if self._account.catalog.peek(record.id) is None or record.dropped_on is None:
                    continue
                if now - record.dropped_on > timedelta(days=retention_days(self._account, record)):
                    erase(self._account, change, record)
        for table in self._account.catalog.all(Table):
            self._shorten(table, now)

    def _shorten(self, table: Table, now: datetime) -> None:
        horizon = min([now - timedelta(days=retention_days(self._account, table)), *self._needed(table)])
        expired = [version for version in table.past if version.until < horizon]
        if expired:
            with self._account.catalog.change() as change:
                kept = tuple(version for version in table.past if version.until >= horizon)
                change.put(replace(self._account.catalog.get(Table, table.id), past=kept))
                for version in expired:
                    release(self._account, version.physical)
        if self._emptied.get(table.physical, table.created_on) != table.altered_on:
            # a table that is altered or dropped at this very moment is seen to the next time
            with suppress(duckdb.TransactionException, duckdb.CatalogException):
                change_log.forget(self._account, table.physical, horizon)
            if table.altered_on is not None and table.altered_on < horizon:
                self._emptied[table.physical] = table.altered_on

    def _needed(self, table: Table) -> list[datetime]:
        """Moments that someone still wants to read the table's changes from."""
        extension = timedelta(days=EXTENSION_DAYS)
        now = self._account.clock.now()
        streams = self._account.catalog.all(Stream)
        return [one.at for one in streams if one.source == table.id and now - one.at <= extension]
