"""Computing: a statement needs a warehouse that runs, or one that may resume; an idle one falls asleep by the clock."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from snowdome import access, errors
from snowdome.records import Warehouse
from snowdome.resolve import Context

if TYPE_CHECKING:
    from snowdome.account import Account
    from snowdome.session import Session

STARTED, SUSPENDED = "STARTED", "SUSPENDED"


class Compute:
    """Which warehouses run what, and since when they are idle."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._running: defaultdict[int, list[Session]] = defaultdict(list)
        self._idle_since: dict[int, datetime] = {}

    def running(self, warehouse: Warehouse) -> int:
        """How many statements run there."""
        return len(self._running[warehouse.id])

    @contextmanager
    def use(self, session: Session) -> Iterator[None]:
        """The session's warehouse runs, resumed if it was asleep and may be, and is busy until the end."""
        found = self.settled(self._chosen(session))
        if found.state == SUSPENDED:
            if not found.settings.get("AUTO_RESUME", True):
                raise errors.no_warehouse()
            found = self.start(found)
        if found.state == "DISABLED":
            raise errors.no_warehouse()
        with self._lock:
            self._running[found.id].append(session)
        try:
            yield
        finally:
            with self._lock:
                self._running[found.id].remove(session)
                self._idle_since[found.id] = self._account.clock.now()

    def start(self, warehouse: Warehouse) -> Warehouse:
        """The warehouse runs from now on."""
        now = self._account.clock.now()
        self._idle_since[warehouse.id] = now
        with self._account.catalog.change() as change:
            return change.put(replace(warehouse, state=STARTED, resumed_on=now, updated_on=now))

    def settled(self, warehouse: Warehouse) -> Warehouse:
        """The warehouse as the clock has left it: asleep if it was idle for longer than AUTO_SUSPEND."""
        wait = warehouse.settings.get("AUTO_SUSPEND", 600)
        if warehouse.state != STARTED or not wait or self.running(warehouse):
            return warehouse
        since = self._idle_since.get(warehouse.id) or warehouse.resumed_on or warehouse.created_on
        if self._account.clock.now() - since < timedelta(seconds=wait):
            return warehouse
        with self._account.catalog.change() as change:
            return change.put(replace(warehouse, state=SUSPENDED))

    def abort(self, warehouse: Warehouse) -> None:
        """What runs there is cancelled."""
        with self._lock:
            sessions = list(self._running[warehouse.id])
        for session in sessions:
            session.duck.interrupt()

    def _chosen(self, session: Session) -> Warehouse:
        if session.warehouse is None:
            raise errors.no_warehouse()
        found = self._account.catalog.find(Warehouse, session.warehouse)
        if found is None or not self._account.may_see(Context.of(session), found):
            raise errors.no_warehouse()
        access.check(self._account, session, "USAGE", found)
        return found
