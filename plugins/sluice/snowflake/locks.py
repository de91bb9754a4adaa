"""One lock per environment: a table that only one can create, with a holder, a lease and a fencing number.

The account's own clock decides about leases, so workers need not agree on the time. A dead holder's lock is taken over
by renaming its table, which only one can win. Whatever cannot be read counts as held: nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

from sluice.domain.control import journal_table, lock_schema
from sluice.domain.events import Event, Kind
from sluice.domain.names import Identifier, Qualified
from sluice.errors import RefusedError, RetryError
from sluice.snowflake import journal
from sluice.snowflake.connect import Session
from sluice.snowflake.failures import ExistsError, MissingError
from sluice.snowflake.statements import Statement

HELD = Identifier("HELD")
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

    @property
    def expired(self) -> bool:
        """Whether anyone may take it over."""
        return self.left <= 0


def acquire(session: Session, environment: str, holder: str, lease_seconds: int, *, actor: str = "") -> Lock:
    """Hold the environment's lock: made new, entered again by the same holder, or taken over after its lease."""
    for _ in range(_ATTEMPTS):
        if not _create(session, environment, holder, lease_seconds):
            found = read(session, environment)
            if found is None:
                continue
            if found.holder != holder:
                if not found.expired:
                    raise _held(found)
                _take_away(session, found, holder, actor)
                continue
            _extend(session, found, lease_seconds)
        lock = read(session, environment)
        if lock is not None and lock.holder == holder:
            _record(session, lock, Kind.LOCK_ACQUIRED, actor or holder)
            return lock
    raise RetryError(f"the lock of {environment} changed hands {_ATTEMPTS} times while we asked", where=environment)


def read(session: Session, environment: str) -> Lock | None:
    """Return the lock as it is, or None when nobody holds it; refuse when it cannot be read."""
    try:
        rows = session.run(Statement(f"SELECT *, {_NOW} AS NOW FROM {_table(session, environment).sql}"))
    except MissingError as missing:
        schema = Qualified(session.control, lock_schema(environment))
        try:
            session.run(Statement(f"SHOW TABLES IN SCHEMA {schema.sql}"))
        except MissingError:
            raise RefusedError(
                "the lock cannot be read, so it counts as held",
                where=f"environment {environment}",
                value=str(schema),
                good=f"provision_environment run for {environment}, and its role used",
                untouched="everything",
            ) from missing
        return None
    if not rows:
        return None
    row = rows[0]
    until, now = int(row["lease_until"]), int(row["now"])
    return Lock(
        environment=environment,
        holder=row["holder"],
        fence=int(row["fence"]),
        until=datetime.fromtimestamp(until, UTC),
        left=until - now,
        lease_seconds=int(row["lease_seconds"]),
    )


def check(session: Session, lock: Lock, *, margin: int = _MARGIN) -> Lock:
    """Return the lock, still ours and ours for at least `margin` seconds more; refuse otherwise."""
    found = read(session, lock.environment)
    if found is None or (found.holder, found.fence) != (lock.holder, lock.fence):
        raise _gone(lock, found)
    return renew(session, found, max(lock.lease_seconds, margin)) if found.left < margin else found


def renew(session: Session, lock: Lock, lease_seconds: int | None = None) -> Lock:
    """Return the lock with a fresh lease; refuse when it is no longer ours."""
    _extend(session, lock, lease_seconds or lock.lease_seconds)
    found = read(session, lock.environment)
    if found is None or (found.holder, found.fence) != (lock.holder, lock.fence):
        raise _gone(lock, found)
    return found


def release(session: Session, environment: str, holder: str, *, actor: str = "") -> bool:
    """Leave the environment unlocked if `holder` held it; someone else's lock is left alone (False)."""
    found = read(session, environment)
    if found is None or found.holder != holder:
        return False
    if found.left < _MARGIN:  # nobody may take it over between here and the drop
        found = renew(session, found, _MARGIN * 2)
    _record(session, found, Kind.LOCK_RELEASED, actor or holder)
    session.run(Statement(f"DROP TABLE IF EXISTS {_table(session, environment).sql}"))
    _bury(session, environment)
    return True


def _create(session: Session, environment: str, holder: str, lease_seconds: int) -> bool:
    """One statement is test, set and content; the fence exceeds every one that the journal knows."""
    fences = (
        f"SELECT MAX(PAYLOAD:fence::NUMBER) FROM {journal_table(session.control).sql} "
        f"WHERE ENVIRONMENT = %s AND KIND = '{Kind.LOCK_ACQUIRED}'"
    )
    statement = Statement(
        f"CREATE TABLE {_table(session, environment).sql} AS\n"
        f"SELECT %s::VARCHAR AS HOLDER, {_NOW} + %s AS LEASE_UNTIL, %s::NUMBER AS LEASE_SECONDS, "
        f"COALESCE(({fences}), 0) + 1 AS FENCE",
        (holder, lease_seconds, lease_seconds, environment),
        repeatable=False,
    )
    try:
        session.run(statement)
    except ExistsError:
        return False
    except RetryError as cut:
        if not cut.lost:
            raise
        return False  # whether it was made, and whose it is, is read next
    return True


def _extend(session: Session, lock: Lock, lease_seconds: int) -> None:
    session.run(
        Statement(
            f"UPDATE {_table(session, lock.environment).sql} SET LEASE_UNTIL = {_NOW} + %s, LEASE_SECONDS = %s "
            "WHERE HOLDER = %s AND FENCE = %s",
            (lease_seconds, lease_seconds, lock.holder, lock.fence),
        )
    )


def _take_away(session: Session, dead: Lock, thief: str, actor: str) -> None:
    """The dead holder's table bears another name: its fence is in the journal first, so that the next exceeds it."""
    _record(session, dead, Kind.LOCK_ACQUIRED, dead.holder)
    schema = lock_schema(dead.environment)
    grave = Qualified(session.control, schema, Identifier(f"DEAD_{dead.fence}_{token_hex(4).upper()}"))
    held = _table(session, dead.environment)
    try:
        session.run(Statement(f"ALTER TABLE {held.sql} RENAME TO {grave.sql}", repeatable=False))
        found = session.run(Statement(f"SELECT *, {_NOW} AS NOW FROM {grave.sql}"))
    except MissingError:
        return  # someone else was faster
    if found and int(found[0]["lease_until"]) > int(found[0]["now"]):  # renewed or new since we read it: give it back
        session.run(Statement(f"ALTER TABLE {grave.sql} RENAME TO {held.sql}", repeatable=False))
        return
    _record(session, dead, Kind.LOCK_STOLEN, actor or thief)
    session.run(Statement(f"DROP TABLE IF EXISTS {grave.sql}"))


def _bury(session: Session, environment: str) -> None:
    """No table of a dead holder is left over from a thief that died in between."""
    schema = Qualified(session.control, lock_schema(environment))
    for row in session.run(Statement(f"SHOW TABLES LIKE 'DEAD_%' IN SCHEMA {schema.sql}")):
        name = Identifier.found(row["name"])
        session.run(Statement(f"DROP TABLE IF EXISTS {Qualified(session.control, schema.schema, name).sql}"))


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


def _table(session: Session, environment: str) -> Qualified:
    return Qualified(session.control, lock_schema(environment), HELD)


def _held(lock: Lock) -> RefusedError:
    return RefusedError(
        f"the environment is locked by {lock.holder} for another {lock.left} s (until {lock.until:%H:%M:%S} UTC)",
        where=f"environment {lock.environment}",
        value=lock.holder,
        good="wait for it to end; after the lease it is taken over by itself",
        untouched="everything",
    )


def _gone(lock: Lock, found: Lock | None) -> RefusedError:
    now = f"{found.holder} holds it (fence {found.fence})" if found else "nobody holds it"
    return RefusedError(
        f"the lock with fence {lock.fence} is no longer ours: {now}",
        where=f"environment {lock.environment}",
        value=lock.holder,
        good="run the deployment again: it observes what is there and goes on",
        untouched="everything from here on",
    )
