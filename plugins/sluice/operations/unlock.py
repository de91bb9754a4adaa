"""Breaking the lock of a run that is gone: with a reason, and with what shows that it is gone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sluice.domain.journal.events import Event, Kind
from sluice.errors import RefusedError
from sluice.operations.caller import refuse_nameless
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import journal, locks, observe

SILENT = timedelta(minutes=10)
"""For so long a run must have given no sign of life: one that works renews its lock, and notes what it does."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What was broken, and what remains of it."""

    environment: str
    holder: str | None
    """Who held the lock; None: nobody did, and nothing was done."""
    last_seen: datetime | None
    """The holder's last sign of life, by the account's clock."""
    unsettled: bool = False
    """Whether it is a deployment that was neither settled nor undone."""

    def to_json(self) -> dict[str, object]:
        """Return the report as primitives."""
        return {**asdict(self), "last_seen": self.last_seen.isoformat() if self.last_seen else None}


@in_one_session
def unlock(work: Workspace, environment: str, *, reason: str, actor: str, force: bool = False) -> Unlocked:
    """Leave the environment without a lock, and in the journal who broke it, whose it was, and why.

    Raises:
        RefusedError: the holder has given a sign of life in the last ten minutes, and `force` is not set.
        SpecError: no reason is given, or there is no such environment.
    """
    refuse_nameless(reason)
    work = work.including(environment)
    with work.control() as session:
        lock = locks.read(session, environment)
        if lock is None:
            return Unlocked(environment, None, None)
        now = observe.now(session)
        noted = journal.read(session, environment=environment, deployment=lock.holder, latest=1)
        last_seen = max([lock.until - timedelta(seconds=lock.lease_seconds), *(event.at for event in noted)])
        if now - last_seen < SILENT and not force:
            raise RefusedError(
                f"{lock.holder} was at work {round((now - last_seen).total_seconds())} s ago, by the account's clock",
                where=f"lock of {environment}",
                value=lock.holder,
                good="stop its run in Airflow and wait ten minutes; --force, if it is known that nothing of it runs",
                untouched="the lock",
            )
        unsettled = locks.unsettled(session, lock)
        payload = {
            "holder": lock.holder,
            "fence": lock.fence,
            "lease_left_seconds": lock.left,
            "last_seen": last_seen.isoformat(),
            "unsettled": unsettled,
            "forced": force,
            "reason": reason.strip(),
        }
        broken = Event.once(
            str(lock.fence), at=now, actor=actor, environment=environment, kind=Kind.LOCK_BROKEN, payload=payload
        )
        journal.append(session, broken)
        locks.release(session, environment, lock.holder, actor=actor)
    return Unlocked(environment, lock.holder, last_seen, unsettled)
