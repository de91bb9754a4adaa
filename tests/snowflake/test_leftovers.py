"""Leftovers on an account: found in a constant number of look-ups, dropped once, whatever answer is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sluice.domain.cleanup.cleanup_policy import AtMost, load_cleanup
from sluice.domain.journal.events import Event, Kind
from sluice.domain.names import Marker
from sluice.operations.caller import Caller
from sluice.operations.cleanup.orphans import clear, find
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, locks, observe
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome
from tests.snowflake.prepared import provisioned

POLICY = load_cleanup(Path(__file__).resolve().parents[2] / "include" / "policies" / "cleanup.yml")
OLD = "d20261101t000000-aaaaaa"
RETAINED = "OLIST_PROD__R_20261101T000000_AAAAAA"
GONE = "dev_x_john_20261001"


PREPARED = {"home": provisioned("dev", "prod")}


@pytest.fixture
def home(work: Workspace) -> Workspace:
    """Dev and prod stand; beside them a retained database past its window, orphans, and what is not ours."""
    now = work.now()
    with work.control() as session:
        marker, gone = Marker("prod", OLD, "r1").comment, Marker(GONE).comment
        session.run(Statement(f"CREATE DATABASE {RETAINED} COMMENT = %s", (marker,)))
        session.run(Statement("CREATE DATABASE OLIST_PROD__R_BY_HAND"))
        session.run(Statement("CREATE WAREHOUSE X_WH WITH INITIALLY_SUSPENDED = TRUE COMMENT = %s", (gone,)))
        session.run(Statement("CREATE ROLE SLUICE_X COMMENT = %s", (gone,)))
        kept = {"retained": {"name": RETAINED, "until": (now - timedelta(days=1)).isoformat()}}
        journal.append(session, Event(now - timedelta(days=9), "ann", "prod", Kind.LIVE, OLD, kept))
        journal.append(session, Event(now - timedelta(days=60), "john", GONE, "environment.forgotten", None, {}))
    return work


def names(work: Workspace, kind: str) -> set[str]:
    """Every object of a kind."""
    with work.control() as session:
        return {str(row["name"]) for row in session.run(Statement(f"SHOW {kind}"))}


def swept(work: Workspace, run: str = "run") -> tuple[str, ...]:
    """What a sweep drops."""
    hand = Caller(run, "the clock", work.now())
    return tuple(one.name for one in clear(work, find(work, POLICY, hand.now, holder=run), POLICY, hand, []))


def test_what_is_ours_and_past_its_time_goes(home: Workspace) -> None:
    """Each with its reason in the journal; what bears no marker stays; a second sweep finds nothing."""
    assert set(swept(home)) == {RETAINED, "X_WH", "SLUICE_X"}
    assert {"OLIST_PROD", "OLIST_PROD__R_BY_HAND"} <= names(home, "DATABASES")
    assert not {RETAINED} & names(home, "DATABASES")
    with home.control() as session:
        reported = journal.read(session, kinds=("leftover.dropped",))
    assert {event.payload["name"] for event in reported} == {RETAINED, "X_WH", "SLUICE_X"}
    assert all(event.payload["reason"] for event in reported)
    assert swept(home, "again") == ()


def test_what_is_locked_is_left_alone(home: Workspace) -> None:
    """A promotion that runs may want it back."""
    with home.control() as session:
        locks.acquire(session, "prod", "promotion", 900, actor="ann")
    assert RETAINED not in swept(home)
    assert RETAINED in names(home, "DATABASES")


def test_what_changed_hands_meanwhile_is_left_alone(home: Workspace) -> None:
    """Between the look and the drop somebody put another database under the name: it stays."""
    found = find(home, POLICY, home.now())
    with home.control() as session:
        session.run(Statement(f"ALTER DATABASE {RETAINED} SET COMMENT = 'mine now'"))
    failed: list[tuple[str, str]] = []
    clear(home, found, POLICY, Caller("run", "x", home.now()), failed)
    assert [name for name, _ in failed] == [RETAINED]
    with home.control() as session:
        assert RETAINED in observe.markers(session, RETAINED)


def test_what_a_rollback_exchanged_meanwhile_is_left_alone(home: Workspace) -> None:
    """Between the look and the drop the name came to bear another deployment of the same environment: it stays."""
    found = find(home, POLICY, home.now())
    with home.control() as session:
        other = Marker("prod", "d20261120t000000-bbbbbb", "r2").comment
        session.run(Statement(f"ALTER DATABASE {RETAINED} SET COMMENT = %s", (other,)))
    failed: list[tuple[str, str]] = []
    clear(home, found, POLICY, Caller("run", "x", home.now()), failed)
    assert [name for name, _ in failed] == [RETAINED]
    assert RETAINED in names(home, "DATABASES")
    assert RETAINED not in swept(home, "later")


def test_whatever_is_lost_one_more_sweep_finishes(home: Workspace, account: Snowdome, clear: Callable[[], int]) -> None:
    """Each statement takes effect and says it did not: after one re-run all is gone, once each in the journal."""
    for number in range(1, 5):
        account.fault("(?i)^(drop|insert)", nth=number, when="after", do="error", errno=603)
        swept(home, "run")
        clear()
        swept(home, "run")
        assert not {RETAINED} & names(home, "DATABASES")
        assert "X_WH" not in names(home, "WAREHOUSES")
        with home.control() as session:
            session.run(Statement(f"CREATE DATABASE {RETAINED} COMMENT = %s", (Marker("prod", OLD, "r1").comment,)))


def test_more_than_the_bound_stops_until_somebody_allows_it(home: Workspace) -> None:
    """Nothing is dropped, and it is said; with so many allowed they go."""
    few = POLICY.model_copy(update={"at_most": AtMost(count=2, percent=25)})
    hand, failed = Caller("run", "x", home.now()), list[tuple[str, str]]()
    found = find(home, few, hand.now)
    assert clear(home, found, few, hand, failed) == ()
    assert "3 would be dropped, at most 2 may" in failed[0][1]
    assert RETAINED in names(home, "DATABASES")
    assert len(clear(home, found, few, hand, failed, allowed=3)) == 3
