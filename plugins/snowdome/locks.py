"""Table locks: who changes rows of a table keeps others from changing it until its transaction ends."""

from __future__ import annotations

import threading
import time

from snowdome.errors import SqlError


class TableLocks:
    """One lock per table id, held by a session; taking it again is free."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holders: dict[int, int] = {}

    def acquire(self, table: int, session: int, timeout: float) -> None:
        """The session holds the table's lock, or 000625 is raised after `timeout` seconds."""
        until = time.monotonic() + timeout
        with self._changed:
            while self._holders.get(table, session) != session:
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise SqlError(625, "57014", "Statement has locked table in transaction; lock timeout exceeded.")
            self._holders[table] = session

    def release(self, session: int) -> None:
        """The session holds no lock."""
        with self._changed:
            mine = [table for table, holder in self._holders.items() if holder == session]
            for table in mine:
                del self._holders[table]
            if mine:
                self._changed.notify_all()
