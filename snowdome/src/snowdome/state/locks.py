"""Table locks: who changes rows of a table keeps others from changing it until its transaction ends."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from snowdome.errors import SqlError
from snowdome.state.running_queries import BLOCKED, Running, RunningQueries, after

if TYPE_CHECKING:
    from snowdome.state.clock import Clock
    from snowdome.state.records import Table
    from snowdome.state.results import Results
    from snowdome.state.session import Session


class TableLocks:
    """One lock per table, held by a session; taking it again is free. Who comes first gets it first."""

    def __init__(self, clock: Clock, running_queries: RunningQueries, results: Results) -> None:
        self._clock, self._running_queries, self._results = clock, running_queries, results
        self._mutex = threading.Lock()
        self._holders: dict[int, Session] = {}
        self._waiters: defaultdict[int, list[Running]] = defaultdict(list)

    def acquire(self, session: Session, table: Table, seconds: int) -> None:
        """The session holds the table's lock, or 000625 is raised after so many seconds of the account's clock.

        With 0 it does not wait at all (sql-reference/parameters). A statement that would wait for itself is refused at
        once (sql-reference/transactions, deadlocks: Snowflake picks the latest statement too).
        """
        running, now = session.running[-1], self._clock.now()
        with self._mutex:
            holder = self._holders.setdefault(table.id, session)
            if holder is session:
                return
            if seconds == 0 or self._circle(session, holder):
                why = "LOCK_TIMEOUT is 0" if seconds == 0 else "it is in a deadlock with that transaction"
                raise self._refused(running, holder, table, why)
            self._waiters[table.id].append(running)
            self._running_queries.ready(running, BLOCKED, until=after(now, seconds))
        try:
            self._running_queries.wait(running)
        except SqlError:
            with self._mutex:
                if self._holders.get(table.id) is session:  # given to it just before it was cancelled
                    self._pass_on(table.id)
            raise
        finally:
            with self._mutex:
                holder = self._holders.get(table.id, session)
                if running in self._waiters[table.id]:
                    self._waiters[table.id].remove(running)
            if session.trace is not None:
                session.trace.blocked += (self._clock.now() - now).total_seconds()
        if holder is not session:
            raise self._refused(running, holder, table, f"the lock timeout of {seconds} second(s) was reached")

    def release(self, session: Session) -> None:
        """The session holds no lock; each goes to the statement that waited longest for it."""
        with self._mutex:
            for table in [table for table, holder in self._holders.items() if holder is session]:
                self._pass_on(table)

    def _pass_on(self, table: int) -> None:
        """The lock is the first waiter's, or nobody's."""
        waiters = self._waiters.get(table)
        if not waiters:
            del self._holders[table]
            return
        following = waiters.pop(0)
        self._holders[table] = following.session
        self._running_queries.wake(following)

    def _circle(self, session: Session, holder: Session) -> bool:
        """Whether the holder waits, itself or through others, for the session."""
        seen: set[int] = set()
        while holder.id not in seen:
            seen.add(holder.id)
            table = next((t for t, them in self._waiters.items() if any(one.session is holder for one in them)), None)
            if table is None:
                return False
            holder = self._holders[table]
            if holder is session:
                return True
        return False

    def _refused(self, running: Running, holder: Session, table: Table, why: str) -> SqlError:
        locker = holder.running[-1].query_id if holder.running else self._results.last_id(holder)
        return SqlError(
            625,
            "57014",
            f"Statement '{locker}' has locked table '{table.name}' in transaction {holder.id} and this lock has not "
            f"yet been released.\nYour statement '{running.query_id}' was aborted because {why}.",
        )
