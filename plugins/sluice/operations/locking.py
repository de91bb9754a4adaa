"""An environment's lock around a piece of work: acquired, and released however the work ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sluice.errors import SluiceError
from sluice.snowflake import locks
from sluice.snowflake.connect import Session


@dataclass(frozen=True, slots=True)
class Lease:
    """For how long a lock counts, in seconds, if whoever has it dies: longer than its work takes at worst."""

    seconds: int


PROVISIONING = Lease(900)
LIFECYCLE = Lease(900)
CLEANUP = Lease(300)
SCHEDULE = Lease(120)
"""Of a check that died, the lock is free again before the next one."""


@contextmanager
def locked(session: Session, environment: str, holder: str, lease: Lease, *, actor: str = "") -> Iterator[locks.Lock]:
    """Yield the environment's lock, and release it at the end.

    It is not taken over from an unsettled deployment, however long its lease is over. Where the work fails, whatever
    the error, that error is the one to read: a lock that then cannot be released ends with its lease.

    Raises:
        RefusedError: another run holds it; nothing was done.
    """
    lock = locks.acquire(session, environment, holder, lease.seconds, actor=actor, only_settled=True)
    try:
        yield lock
    except BaseException:
        with suppress(SluiceError):
            locks.release(session, environment, holder, actor=actor)
        raise
    locks.release(session, environment, holder, actor=actor)
