"""The heartbeat: while dbt works, a thread renews the environment's lock, and has the work stop once it is lost."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Event, Thread
from time import monotonic

from sluice.dbt.invoke import DbtStoppedError
from sluice.errors import RefusedError, RetryError, SluiceError
from sluice.operations.stage import Stage
from sluice.snowflake import locks, running_statements
from sluice.snowflake.connect import Session

log = logging.getLogger(__name__)

_ATTEMPTS = 10
"""How often a renewal is tried within a third of the lease, while Snowflake cannot be reached."""


class Heartbeat:
    """Renews a stage's lock at every third of its lease, in a session of its own, from when half of it is used."""

    def __init__(self, running: Stage, lock: locks.Lock, *, every: float | None = None) -> None:
        self._running = running
        self._lock = lock
        self._every = lock.lease_seconds / 3 if every is None else every
        self._first = max(lock.left - lock.lease_seconds / 2, 0.0) if every is None else every
        self._good_until = monotonic() + lock.left
        self._ended = Event()
        self._thread = Thread(target=self._beat, name=f"heartbeat of {lock.environment}", daemon=True)
        self.lost: SluiceError | None = None
        """Why the lock is not known to be ours any more; None while it is."""

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def end(self) -> None:
        """Renew no more; a statement that is under way is waited for."""
        self._ended.set()
        self._thread.join()

    def check(self) -> None:
        """Refuse to go on without the lock: dbt calls this before each statement.

        Raises:
            DbtStoppedError: the lock is lost.
        """
        if self.lost is not None:
            raise DbtStoppedError(f"stopped, nothing further is sent: {self.lost.message}")

    def _beat(self) -> None:
        wait = self._first
        while not self._ended.wait(wait):
            wait = self._every
            try:
                with self._session() as session:
                    wait = self._renewed_until_cut(session)
            except RetryError as error:
                log.warning("the lock of %s could not be renewed, tried again: %s", self._lock.environment, error)
                wait = self._every / _ATTEMPTS
                if monotonic() >= self._good_until:
                    self._lose(error)
            except Exception as error:  # noqa: BLE001  (whatever it is: without renewals the lock is not ours for long)
                self._lose(_unexpected(error, self._lock))
            if self.lost is not None:
                return

    def _renewed_until_cut(self, session: Session) -> float:
        """Renew until the work ends, or an error; return how long to wait then."""
        while True:
            asked = monotonic()
            self._lock = locks.renew(session, self._lock)
            self._good_until = asked + self._lock.lease_seconds
            if self._ended.wait(self._every):
                return 0.0

    def _session(self) -> AbstractContextManager[Session]:
        deployment = self._running.deployment
        return self._running.work.session(
            deployment.environment, tag={"deployment": deployment.id, "stage": f"{self._running.name}: heartbeat"}
        )

    def _lose(self, error: SluiceError) -> None:
        """From here on dbt sends nothing more; what it has sent is cancelled."""
        self.lost = error
        log.error("the lock of %s is lost, its dbt run is stopped: %s", self._lock.environment, error)
        with suppress(SluiceError), self._session() as session:
            cancelled = running_statements.cancel_dbt(session, self._running.deployment.id)
            log.warning("%d statements of the dbt run were cancelled", cancelled)


@contextmanager
def heartbeat(running: Stage, *, every: float | None = None) -> Iterator[Heartbeat]:
    """Yield the heartbeat that keeps the stage's lock while the block runs; `every` so many seconds.

    Raises:
        RefusedError: the lock was lost meanwhile, whatever else the block came to: its result counts for nothing.
    """
    if running.lock is None:
        raise RefusedError("a stage without a lock has nothing to renew", where=f"stage {running.name}")
    beating = Heartbeat(running, running.lock, every=every)
    beating.start()
    try:
        yield beating
    finally:
        beating.end()
        if beating.lost is not None:
            raise _stopped(running, beating.lost) from beating.lost


def _stopped(running: Stage, error: SluiceError) -> RefusedError:
    return RefusedError(
        f"dbt was stopped, because the environment's lock was lost while it ran: {error.message}",
        where=f"environment {running.deployment.environment}, stage {running.name}",
        value=running.deployment.id,
        good="run it again once the environment is free; what was built is not used",
        untouched="whatever the deployment had not changed before",
    )


def _unexpected(error: Exception, lock: locks.Lock) -> SluiceError:
    if isinstance(error, SluiceError):
        return error
    return RefusedError(f"its renewal failed: {type(error).__name__}", where=f"environment {lock.environment}")
