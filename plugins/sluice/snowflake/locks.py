"""One lock per environment: a table that only one can create, with a holder, a lease and a fencing number.

The account's own clock decides about leases, so workers need not agree on the time. A lock whose lease has ended is
followed by a table named after its fence, `AFTER_<fence>`, which again only one can create: whoever read an old state
creates a table that nothing leads to, and cannot touch a newer lock. Holder is who stands at the end of that chain.
Renewing writes first and looks for a follower then; following creates first and looks at the lease then: of two who
meet, at least one gives way. A lock that cannot be read counts as locked: nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from sluice.domain.journal.control_schema import lock_schema
from sluice.domain.journal.events import Event, Kind
from sluice.domain.names import Identifier, Qualified
from sluice.errors import RefusedError, RetryError
from sluice.snowflake import journal, show
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import ExistsError, MissingError
from sluice.snowflake.statements import Statement

LOCK_TABLE = Identifier("HELD")
_AFTER = "AFTER_"
_ATTEMPTS = 5
_MARGIN = 60
_NOW = "DATE_PART(EPOCH_SECOND, CURRENT_TIMESTAMP())"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock as read from the account."""

    environment: str
    holder: str
    fence: int
    until: datetime
    """When the lease ends, by the account's clock."""
    left: int
    """Seconds until then, at the moment of reading; negative: it may be taken over."""
    lease_seconds: int
    table: Identifier
    """Where it is written: `LOCK_TABLE`, or after the lock it took over."""

    @property
    def expired(self) -> bool:
        """Whether anyone may take it over."""
        return self.left <= 0


def acquire(
    session: Session,
    environment: str,
    holder: str,
    lease_seconds: int,
    *,
    actor: str = "",
    only_settled: bool = False,
) -> Lock:
    """Acquire the environment's lock: created, re-entered by the same holder, or taken over after its lease.

    With `only_settled` it is not taken over from a deployment that has neither gone live nor been undone: who only
    looks after the account would take from it what it, or the next deployment, needs to finish.

    Raises:
        RefusedError: somebody else holds it.
    """
    for _ in range(_ATTEMPTS):
        before = read(session, environment)
        if before is not None and before.holder == holder:
            _extend(session, before, lease_seconds)
        elif before is None:
            _create(session, environment, LOCK_TABLE, holder, lease_seconds, beyond=0)
        elif not before.expired:
            raise _locked_error(before)
        elif only_settled and unsettled(session, before):
            raise _unsettled_error(before)
        else:
            _record(session, before, Kind.LOCK_ACQUIRED, before.holder)  # so that no later fence is as low
            _create(session, environment, _after(before.fence), holder, lease_seconds, beyond=before.fence)
        chain = _chain(session, environment)
        if not chain or chain[-1].holder != holder:
            if before is not None and before.holder == holder:
                _extend(session, before, 0)  # whoever follows need not give way to us
            continue
        if len(chain) > 1 and not chain[-2].expired:  # renewed while we followed it: it may believe in its lock
            _drop(session, environment, _after(chain[-2].fence))
            continue
        if before is not None and before.holder != holder:
            _record(session, before, Kind.LOCK_STOLEN, actor or holder)
        _record(session, chain[-1], Kind.LOCK_ACQUIRED, actor or holder)
        return chain[-1]
    raise RetryError(
        f"the lock of {environment} changed owners {_ATTEMPTS} times while acquiring it", where=environment
    )


def read(session: Session, environment: str) -> Lock | None:
    """Return the current lock, None if there is none; refuse when it cannot be read."""
    chain = _chain(session, environment)
    return chain[-1] if chain else None


def schemas(session: Session) -> frozenset[str]:
    """Return the schemas of the control database that hold a table: a lock's, where the environment is locked."""
    return frozenset(str(row["schema_name"]) for row in session.run(show.tables(session.control)))


def locked_by_others(
    session: Session,
    environments: Iterable[str],
    *,
    except_holder: str | None = None,
    having_tables: frozenset[str] | None = None,
) -> dict[str, str]:
    """Return the owner of each environment's lock, without `except_holder`.

    An expired lease counts only where its deployment is unsettled. One look-up for all unless it was made already
    (`having_tables`), and one more for each that is locked.
    """
    taken = schemas(session) if having_tables is None else having_tables
    owners: dict[str, str] = {}
    for name in environments:
        if lock_schema(name).name in taken:
            lock = read(session, name)
            if lock is None or lock.holder == except_holder:
                continue
            if not lock.expired or unsettled(session, lock):
                owners[name] = lock.holder
    return owners


def unsettled(session: Session, lock: Lock) -> bool:
    """Return whether its holder is a deployment with a recorded undo that has neither gone live nor been undone."""
    kinds = (Kind.UNDO_RECORDED, Kind.LIVE, Kind.ROLLED_BACK, Kind.STAGE_DONE)
    events = journal.read(session, environment=lock.environment, deployment=lock.holder, kinds=kinds)
    ended = any(
        event.kind in (Kind.LIVE, Kind.ROLLED_BACK)
        or (event.kind == Kind.STAGE_DONE and event.payload.get("stage") == "undo")
        for event in events
    )
    return not ended and any(event.kind == Kind.UNDO_RECORDED for event in events)


def check(session: Session, lock: Lock, *, margin: int = _MARGIN) -> Lock:
    """Return the lock, still ours and ours for at least `margin` seconds more; refuse otherwise."""
    current = read(session, lock.environment)
    if current is None or not _same(current, lock):
        raise _lost_error(lock, current)
    return renew(session, current, max(lock.lease_seconds, margin)) if current.left < margin else current


def renew(session: Session, lock: Lock, lease_seconds: int | None = None) -> Lock:
    """Return the lock with a fresh lease; refuse when it is no longer ours."""
    _extend(session, lock, lease_seconds or lock.lease_seconds)
    current = read(session, lock.environment)
    if current is None or not _same(current, lock):
        _extend(session, lock, 0)  # whoever follows need not give way to us
        raise _lost_error(lock, current)
    return current


def release(session: Session, environment: str, holder: str, *, actor: str = "") -> bool:
    """Release the lock of `holder`; another holder's lock is left alone (False)."""
    current = read(session, environment)
    if current is None or current.holder != holder:
        return False
    _record(session, current, Kind.LOCK_RELEASED, actor or holder)
    for _ in range(_ATTEMPTS):
        current = check(session, current)  # nobody may follow between here and the drop
        try:
            _drop(session, environment, LOCK_TABLE)
        except RetryError as cut:
            if not cut.lost:
                raise
        now = read(session, environment)
        if now is None or not _same(now, current):
            _drop_former_tables(session, current)
            return True
    raise RetryError("the lock could not be dropped; its lease ends by itself", where=f"environment {environment}")


def _chain(session: Session, environment: str) -> list[Lock]:
    """The first lock and those that took over, the current holder's last; empty: not locked."""
    for _ in range(_ATTEMPTS):
        names = _names(session, environment)
        chain: list[Lock] = []
        at = LOCK_TABLE
        try:
            while at.name in names:
                chain.append(_row(session, environment, at))
                at = _after(chain[-1].fence)
        except MissingError:
            continue  # released between the two look-ups
        return chain
    raise RetryError(f"the lock of {environment} changed owners {_ATTEMPTS} times while reading it", where=environment)


def _names(session: Session, environment: str) -> set[str]:
    schema = Qualified(session.control, lock_schema(environment))
    try:
        return {str(row["name"]) for row in session.run(Statement(f"SHOW TABLES IN SCHEMA {schema.sql}"))}
    except MissingError as missing:
        raise RefusedError(
            "the lock cannot be read, so it counts as locked",
            where=f"environment {environment}",
            value=str(schema),
            good=f"provision_environment run for {environment}, and its role used",
            untouched="everything",
        ) from missing


def _row(session: Session, environment: str, name: Identifier) -> Lock:
    row = session.one(Statement(f"SELECT *, {_NOW} AS NOW FROM {_table(session, environment, name).sql}"))
    until = int(row["lease_until"])
    return Lock(
        environment=environment,
        holder=row["holder"],
        fence=int(row["fence"]),
        until=datetime.fromtimestamp(until, UTC),
        left=until - int(row["now"]),
        lease_seconds=int(row["lease_seconds"]),
        table=name,
    )


def _create(  # noqa: PLR0917 (a private function of one caller)
    session: Session, environment: str, name: Identifier, holder: str, lease_seconds: int, beyond: int
) -> None:
    """One statement is test, set and content; the fence exceeds every one that is known. Whose it is, is read next."""
    fences = (
        f"SELECT MAX(PAYLOAD:fence::NUMBER) FROM ({journal.of_environment(session, environment)}) "
        f"WHERE ENVIRONMENT = %s AND KIND IN ('{Kind.LOCK_ACQUIRED}', '{Kind.LOCK_RELEASED}')"
    )
    statement = Statement(
        f"CREATE TABLE {_table(session, environment, name).sql} AS\n"
        f"SELECT %s::VARCHAR AS HOLDER, {_NOW} + %s AS LEASE_UNTIL, %s::NUMBER AS LEASE_SECONDS, "
        f"GREATEST(COALESCE(({fences}), 0), %s) + 1 AS FENCE",
        (holder, lease_seconds, lease_seconds, environment, beyond),
        repeatable=False,
    )
    try:
        session.run(statement)
    except ExistsError:
        return
    except MissingError as missing:
        raise journal.no_journal(session, environment) from missing
    except RetryError as cut:
        if not cut.lost:
            raise


def _extend(session: Session, lock: Lock, lease_seconds: int) -> None:
    table = _table(session, lock.environment, lock.table)
    statement = Statement(
        f"UPDATE {table.sql} SET LEASE_UNTIL = {_NOW} + %s, LEASE_SECONDS = %s\nWHERE HOLDER = %s AND FENCE = %s",
        (lease_seconds, lease_seconds, lock.holder, lock.fence),
    )
    with suppress(MissingError):  # released meanwhile: the reading that follows tells
        session.run(statement)


def _drop_former_tables(session: Session, lock: Lock) -> None:
    """Drop the tables of earlier locks; those of later ones have higher numbers."""
    for name in _names(session, lock.environment):
        number = name.removeprefix(_AFTER)
        if name.startswith(_AFTER) and number.isdigit() and int(number) < lock.fence:
            session.run(Statement(f"DROP TABLE IF EXISTS {_table(session, lock.environment, Identifier(name)).sql}"))


def _drop(session: Session, environment: str, name: Identifier) -> None:
    """Not repeatable: by the second time the name may be another's."""
    table = _table(session, environment, name)
    session.run(Statement(f"DROP TABLE IF EXISTS {table.sql}", repeatable=False))


def _after(fence: int) -> Identifier:
    return Identifier(f"{_AFTER}{fence}")


def _same(left: Lock, right: Lock) -> bool:
    return (left.holder, left.fence) == (right.holder, right.fence)


def _record(session: Session, lock: Lock, kind: Kind, actor: str) -> None:
    event = Event.once(
        str(lock.fence),
        at=datetime.now(UTC),
        actor=actor,
        environment=lock.environment,
        kind=kind,
        payload={"holder": lock.holder, "fence": lock.fence, "until": lock.until.isoformat()},
    )
    journal.append(session, event)


def _table(session: Session, environment: str, name: Identifier) -> Qualified:
    return Qualified(session.control, lock_schema(environment), name)


def _locked_error(lock: Lock) -> RefusedError:
    return RefusedError(
        f"the environment is locked by {lock.holder} for another {lock.left} s (until {lock.until:%H:%M:%S} UTC)",
        where=f"environment {lock.environment}",
        value=lock.holder,
        good="wait for it to end; after the lease it is taken over automatically",
        untouched="everything",
    )


def _unsettled_error(lock: Lock) -> RefusedError:
    return RefusedError(
        f"the lease of {lock.holder} ended at {lock.until:%H:%M:%S} UTC, but it has neither gone live nor been undone",
        where=f"environment {lock.environment}",
        value=lock.holder,
        good="its run cleared, so that it goes on or is undone; or the next deployment there, which takes over",
        untouched="everything",
    )


def _lost_error(lock: Lock, current: Lock | None) -> RefusedError:
    now = f"{current.holder} holds it (fence {current.fence})" if current else "nobody holds it"
    return RefusedError(
        f"the lock with fence {lock.fence} is lost: {now}",
        where=f"environment {lock.environment}",
        value=lock.holder,
        good="run the deployment again: it observes what is there and goes on",
        untouched="everything from here on",
    )
