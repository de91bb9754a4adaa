"""One environment, one holder: taken by one only, entered again, taken over when dead, refused when unreadable."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from sluice.domain.journal.control_schema import environment_journal
from sluice.domain.journal.events import Event, Kind
from sluice.domain.names import Identifier, Qualified
from sluice.errors import RefusedError, RetryError, SluiceError
from sluice.operations.locking import CLEANUP, locked
from sluice.snowflake import control_database, control_sql, journal, locks
from sluice.snowflake.connect import Session
from sluice.snowflake.statements import Statement


@pytest.fixture(autouse=True)
def _control(admin: Session) -> None:
    control_database.ensure(admin)
    admin.run(control_sql.create_schema(admin.control, Identifier("LOCK_PROD")))
    admin.run(control_sql.create_journal(environment_journal(admin.control, "prod")))


def test_a_lock_is_held_until_it_is_released(admin: Session) -> None:
    """Held by one, refused to another by name, free afterwards."""
    lock = locks.acquire(admin, "prod", "a", 600)
    assert 590 <= lock.left <= 600
    with pytest.raises(RefusedError, match="locked by a") as refused:
        locks.acquire(admin, "prod", "b", 600)
    assert refused.value.value == "a"
    assert not locks.release(admin, "prod", "b")
    assert locks.release(admin, "prod", "a")
    assert locks.read(admin, "prod") is None
    assert not locks.release(admin, "prod", "a")


def test_the_same_holder_enters_again_with_the_same_fence(admin: Session) -> None:
    """A retried task goes on, with a fresh lease."""
    first = locks.acquire(admin, "prod", "a", 60)
    again = locks.acquire(admin, "prod", "a", 600)
    assert again.fence == first.fence
    assert again.left > 500


def test_of_many_at_once_one_wins(admin: Session, another: Callable[[], Session]) -> None:
    """The table's creation is the test and the set."""
    sessions = [another() for _ in range(6)]

    def ask(number: int) -> str | None:
        try:
            return locks.acquire(sessions[number], "prod", f"h{number}", 600).holder
        except RefusedError:
            return None

    with ThreadPoolExecutor(6) as pool:
        won = [holder for holder in pool.map(ask, range(6)) if holder]
    lock = locks.read(admin, "prod")
    assert lock is not None
    assert won == [lock.holder]


def test_a_dead_holder_is_taken_over_with_a_higher_fence(admin: Session, advance: Callable[[int], None]) -> None:
    """After the lease, and not before; the dead one notices at its check."""
    dead = locks.acquire(admin, "prod", "a", 600)
    advance(500)
    with pytest.raises(RefusedError):
        locks.acquire(admin, "prod", "b", 600)
    advance(101)
    lock = locks.acquire(admin, "prod", "b", 600)
    assert lock.fence > dead.fence
    with pytest.raises(RefusedError, match="is lost"):
        locks.check(admin, dead)
    with pytest.raises(RefusedError, match="is lost"):
        locks.renew(admin, dead)
    assert not locks.release(admin, "prod", "a")
    assert locks.check(admin, lock).holder == "b"
    assert Kind.LOCK_STOLEN in [one.kind for one in journal.read(admin, environment="prod")]


def test_housekeeping_leaves_an_unsettled_deployment_its_lock(admin: Session, advance: Callable[[int], None]) -> None:
    """Its lease is over, but it may have swapped: it counts as locked until it is live, undone, or taken over."""
    locks.acquire(admin, "prod", "d1", 600)
    journal.append(admin, _event("d1", Kind.UNDO_RECORDED))
    advance(601)
    assert locks.locked_by_others(admin, ["prod"]) == {"prod": "d1"}
    with (
        pytest.raises(RefusedError, match="neither gone live nor been undone"),
        locked(admin, "prod", "sweep", CLEANUP),
    ):
        pass
    journal.append(admin, _event("d1", Kind.ROLLED_BACK))
    assert locks.locked_by_others(admin, ["prod"]) == {}
    with locked(admin, "prod", "sweep", CLEANUP) as lock:
        assert lock.holder == "sweep"


def test_whatever_ends_the_work_releases_its_lock(admin: Session) -> None:
    """Not only what is an error of ours: a full disk, a missing key, an interrupt."""
    for error in (KeyError("x"), OSError("disk"), KeyboardInterrupt()):
        with pytest.raises(type(error)), locked(admin, "prod", "sweep", CLEANUP):
            raise error
        assert locks.read(admin, "prod") is None


def _event(deployment: str, kind: Kind) -> Event:
    return Event(datetime.now(UTC), "ann", "prod", kind, deployment)


def test_many_thieves_one_takes_over(
    admin: Session, another: Callable[[], Session], advance: Callable[[int], None]
) -> None:
    """Only one can create the table that follows the dead holder's; round after round, whoever comes late."""
    fence = locks.acquire(admin, "prod", "dead", 600).fence
    sessions = [another() for _ in range(6)]
    for round_ in range(5):
        advance(601)

        def ask(number: int, round_: int = round_) -> str | None:
            try:
                return locks.acquire(sessions[number], "prod", f"h{round_}.{number}", 600).holder
            except (RefusedError, RetryError):
                return None

        with ThreadPoolExecutor(6) as pool:
            won = [holder for holder in pool.map(ask, range(6)) if holder]
        lock = locks.read(admin, "prod")
        assert lock is not None
        assert won == [lock.holder]
        assert lock.fence > fence
        fence = lock.fence


def test_fences_only_grow(admin: Session) -> None:
    """Also over releases: each new lock has a number nobody had before."""
    fences = []
    for number in range(3):
        fences.append(locks.acquire(admin, "prod", f"h{number}", 600).fence)
        locks.release(admin, "prod", f"h{number}")
    assert fences == sorted(set(fences))


def test_a_check_renews_a_lease_that_is_about_to_end(admin: Session, advance: Callable[[int], None]) -> None:
    """Between the check and the swap nobody can take over."""
    lock = locks.acquire(admin, "prod", "a", 600)
    advance(580)
    assert locks.check(admin, lock).left > 500


def test_a_lock_that_cannot_be_read_counts_as_held(admin: Session) -> None:
    """Fail closed: without the schema nobody knows, so nobody changes anything."""
    admin.run(Statement("DROP SCHEMA SLUICE.LOCK_PROD"))
    with pytest.raises(RefusedError, match="counts as locked"):
        locks.read(admin, "prod")
    with pytest.raises(SluiceError):
        locks.acquire(admin, "prod", "a", 600)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("match", ["CREATE TABLE", "INSERT INTO", "SELECT \\*"])
def test_a_lost_answer_while_locking_leaves_one_lock_of_ours(
    admin: Session, fault: Callable[..., None], match: str, when: str
) -> None:
    """Whether the table was made or not, asking goes on until it is known."""
    fault(match=match, when=when, do="drop")
    lock = locks.acquire(admin, "prod", "a", 600)
    assert locks.check(admin, lock).fence == lock.fence
    locks.release(admin, "prod", "a")
    assert locks.read(admin, "prod") is None


@pytest.mark.parametrize("match", ["CREATE TABLE", "INSERT INTO", "SELECT \\*", "SHOW TABLES"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_thief_that_dies_leaves_a_lock_for_the_next(
    admin: Session, fault: Callable[..., None], advance: Callable[[int], None], match: str, when: str
) -> None:
    """Whatever statement of a take-over is the last one, the next one gets the lock, and no table is left over."""
    fences = [locks.acquire(admin, "prod", "dead", 600).fence]
    advance(601)
    fault(match=match, when=when, do="error", errno=1)
    try:
        locks.acquire(admin, "prod", "thief", 600)
    except SluiceError:
        advance(601)
    lock = locks.acquire(admin, "prod", "next", 600) if _is_free(admin) else locks.acquire(admin, "prod", "thief", 600)
    assert lock.fence > fences[0]
    locks.release(admin, "prod", lock.holder)
    schema = Qualified(admin.control, Identifier("LOCK_PROD"))
    assert admin.run(Statement(f"SHOW TABLES IN SCHEMA {schema.sql}")) == []


def _is_free(session: Session) -> bool:
    lock = locks.read(session, "prod")
    return lock is None or lock.expired


def test_a_holder_that_renews_while_it_is_followed_is_noticed(
    admin: Session, another: Callable[[], Session], advance: Callable[[int], None]
) -> None:
    """Whoever follows a lock that was renewed meanwhile gives way; never do two believe in it."""
    lock = locks.acquire(admin, "prod", "slow", 600)
    advance(601)
    thief = another()
    # the follower's table is there, but the slow holder's renewal came before it looked again
    thief.run(
        Statement(
            f"CREATE TABLE SLUICE.LOCK_PROD.AFTER_{lock.fence} AS SELECT 'thief' AS HOLDER, "
            f"DATE_PART(EPOCH_SECOND, CURRENT_TIMESTAMP()) + 600 AS LEASE_UNTIL, 600 AS LEASE_SECONDS, "
            f"{lock.fence + 1} AS FENCE"
        )
    )
    admin.run(Statement("UPDATE SLUICE.LOCK_PROD.HELD SET LEASE_UNTIL = LEASE_UNTIL + 3600"))
    with pytest.raises(RefusedError, match="locked by slow"):
        locks.acquire(thief, "prod", "thief", 600)
    assert locks.check(admin, lock).holder == "slow"


def test_a_thief_that_slept_cannot_touch_a_newer_lock(admin: Session, advance: Callable[[int], None]) -> None:
    """It follows a lock that is gone: nothing leads to its table, and the next release removes it."""
    old = locks.acquire(admin, "prod", "old", 600)
    locks.release(admin, "prod", "old")
    new = locks.acquire(admin, "prod", "new", 600)
    admin.run(Statement(f"CREATE TABLE SLUICE.LOCK_PROD.AFTER_{old.fence} AS SELECT 'sleeper' AS HOLDER"))
    assert locks.check(admin, new).holder == "new"
    locks.release(admin, "prod", "new")
    assert admin.run(Statement("SHOW TABLES IN SCHEMA SLUICE.LOCK_PROD")) == []
