"""Renewing an environment from its base: its data of now, its own changes kept or dropped, whatever dies when."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.templates import Request
from sluice.domain.names import Marker
from sluice.errors import RefusedError, RetryError, SluiceError, SpecError, StopError
from sluice.operations.caller import Caller
from sluice.operations.ephemeral.creation import create
from sluice.operations.ephemeral.lifecycle import bring_back, destroy
from sluice.operations.ephemeral.reclone import reclone
from sluice.operations.provisioning.provision import plan_provision, provision
from sluice.operations.workspace import Workspace
from sluice.snowflake import locks, observe
from sluice.snowflake.connect import Session
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

NOW = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)
NAME = "dev_orders_john_20261120"
DATABASE = NAME.upper()


def hand(run: str = "run 1") -> Caller:
    """John's run."""
    return Caller(run, "john", NOW)


@pytest.fixture
def home(work: Workspace, admin: Session) -> Workspace:
    """Prod stands with two tables; John's environment is a clone, with a table, a view and a row of its own."""
    return work


def stand(account: Snowdome, work: Workspace) -> None:
    """They do."""
    for name in ("dev", "prod"):
        provision(work, name, NOW, holder=name)
    with work.session("prod") as prod:
        for sql in (
            "CREATE SCHEMA OLIST_PROD.MARTS",
            "CREATE TABLE OLIST_PROD.MARTS.ORDERS AS SELECT 1 AS ID",
            "CREATE TABLE OLIST_PROD.MARTS.PEOPLE AS SELECT 1 AS ID",
        ):
            prod.run(Statement(sql))
    request = Request(EphemeralName.make("dev", "orders", "john", NOW.date()), "john", "data", "a mart", base="prod")
    create(work, "feature", request, NOW, holder="create", actor="john")
    with work.including(NAME).session(NAME) as mine:
        for sql in (
            f"INSERT INTO {DATABASE}.MARTS.PEOPLE SELECT 2",
            f"CREATE TRANSIENT TABLE {DATABASE}.PUBLIC.SEGMENTS AS SELECT 7 AS ID",
            f"CREATE VIEW {DATABASE}.PUBLIC.LARGE AS SELECT ID FROM PUBLIC.SEGMENTS WHERE ID > 5",
        ):
            mine.run(Statement(sql))
    with work.session("prod") as prod:
        prod.run(Statement("INSERT INTO OLIST_PROD.MARTS.ORDERS SELECT 2"))


PREPARED = {"home": stand}


def read(work: Workspace, relation: str) -> list[int]:
    """What the environment's own user reads."""
    with work.including(NAME).session(NAME) as session:
        return [row["id"] for row in session.run(Statement(f"SELECT ID FROM {DATABASE}.{relation} ORDER BY ID"))]


def there(work: Workspace) -> set[str]:
    """The databases of the environment."""
    with work.control() as session:
        return {one.name.name for one in observe.databases(session, DATABASE)}


def test_own_changes_are_dropped_unless_told(home: Workspace) -> None:
    """The base's rows of now, nothing of one's own; the role owns it all, and nothing is left beside it."""
    reclone(home, NAME, hand(), reason="prod went on")
    assert read(home, "MARTS.ORDERS") == [1, 2]
    assert read(home, "MARTS.PEOPLE") == [1]
    with pytest.raises(SluiceError):
        read(home, "PUBLIC.SEGMENTS")
    assert there(home) == {DATABASE}
    assert plan_provision(home.including(NAME), NAME, NOW).empty


def test_own_changes_are_kept_when_told(home: Workspace) -> None:
    """What was made or changed since the clone is carried over, and is one's own again the next time."""
    for run in ("run 1", "run 2"):
        reclone(home, NAME, hand(run), reason="prod went on", keep=True)
        assert read(home, "MARTS.ORDERS") == [1, 2]
        assert read(home, "MARTS.PEOPLE") == [1, 2]
        assert read(home, "PUBLIC.LARGE") == [7]
    assert plan_provision(home.including(NAME), NAME, NOW).empty


def test_the_former_data_can_be_undropped(home: Workspace, admin: Session) -> None:
    """What a refresh took away is there for the environment's retention."""
    reclone(home, NAME, hand(), reason="prod went on")
    admin.run(Statement(f"UNDROP DATABASE {DATABASE}__F"))
    assert admin.run(Statement(f"SELECT ID FROM {DATABASE}__F.PUBLIC.SEGMENTS")) == [{"id": 7}]


def test_destroyed_after_a_refresh_that_died(home: Workspace, admin: Session) -> None:
    """Its unfinished clone goes with it; one of that name that is somebody else's stops everything."""
    admin.run(Statement(f"CREATE DATABASE {DATABASE}__F COMMENT = 'mine'"))
    with pytest.raises(StopError, match="does not bear this environment's marker"):
        destroy(home, NAME, hand("destroy 1"), reason="done", confirmation=NAME)
    assert there(home) == {DATABASE, f"{DATABASE}__F"}
    unfinished = Marker(NAME, "refresh-0123456789ab").comment
    admin.run(Statement(f"ALTER DATABASE {DATABASE}__F SET COMMENT = %s", (unfinished,)))
    destroy(home, NAME, hand("destroy 2"), reason="done", confirmation=NAME)
    assert there(home) == set()


def test_refused_with_nothing_changed(home: Workspace, admin: Session) -> None:
    """An empty one has no base; one that is gone is undone first; a base that is being changed is waited for."""
    empty = Request(EphemeralName.make("dev", "empty", "john", NOW.date()), "john", "data", "none", base="")
    create(home, "feature", empty, NOW, holder="empty", actor="john")
    with pytest.raises(SpecError, match="made empty"):
        reclone(home, "dev_empty_john_20261120", hand(), reason="x")
    with home.control() as session:
        locks.acquire(session, "prod", "promotion 1", 900, actor="ann")
        with pytest.raises(RetryError, match="promotion 1"):
            reclone(home, NAME, hand(), reason="x")
        locks.release(session, "prod", "promotion 1", actor="ann")
    assert read(home, "PUBLIC.SEGMENTS") == [7]
    destroy(home, NAME, hand(), reason="x", confirmation=NAME)
    with pytest.raises(RefusedError, match="sluice env undo"):
        reclone(home, NAME, hand("run 2"), reason="x")
    bring_back(home, NAME, "still needed", hand("run 3"))
    assert read(home, "PUBLIC.SEGMENTS") == [7]


def test_whatever_answer_is_lost_one_more_run_finishes(
    home: Workspace, account: Snowdome, clear: Callable[[], int], kinds: Callable[[str], list[int]]
) -> None:
    """A statement of each kind of a refresh takes effect and its answer is lost: a re-run ends it whole."""
    changing = "(?i)^(alter|create|drop|grant|insert)"
    account.forget_statements()
    reclone(home, NAME, hand("undisturbed"), reason="prod went on", keep=True)
    numbers = kinds(changing)
    assert len(numbers) > 5
    for number in numbers:
        account.fault(changing, nth=number, when="after", do="error", errno=603)
        with suppress(SluiceError):
            reclone(home, NAME, hand(f"run {number}"), reason="prod went on", keep=True)
        assert clear() == 0
        reclone(home, NAME, hand(f"run {number}"), reason="prod went on", keep=True)
        assert read(home, "MARTS.ORDERS") == [1, 2]
        assert read(home, "MARTS.PEOPLE") == [1, 2]
        assert read(home, "PUBLIC.LARGE") == [7]
        assert there(home) == {DATABASE}
