"""Warehouses with statements that last: queues, clusters, suspension, cancellation, by a driven clock."""

from __future__ import annotations

from typing import Any

import pytest
from asking import until
from snowflake.connector.errors import ProgrammingError

START = "2031-03-03T08:00:00+00:00"


class Background:
    """Statements of other sessions, on their way while the test drives the clock."""

    def __init__(self, snowdome: Any) -> None:
        self._snowdome = snowdome
        self._cursors: list[Any] = []

    def run(self, sql: str, *before: str, **settings: Any) -> Any:
        """The statement is on its way in a session of its own."""
        cursor = self._snowdome.connect(**settings).cursor()
        for statement in before:
            cursor.execute(statement)
        cursor.execute_async(sql)
        self._cursors.append(cursor)
        return cursor


def outcome(cursor: Any) -> int:
    """0 where the statement succeeded, else its error's number."""
    try:
        cursor.get_results_from_sfqid(cursor.sfqid)
        cursor.fetchall()
    except ProgrammingError as problem:
        return int(problem.errno)
    return 0


@pytest.fixture
def background(snowdome: Any) -> Background:
    """Sessions beside the test's own."""
    return Background(snowdome)


@pytest.fixture
def admin(snowdome: Any) -> Any:
    """The administrator's session, at a known time that stands still."""
    snowdome.clock(now=START, speed=0)
    return snowdome.connect()


def shown(ask: Any, session: Any, name: str = "w") -> dict[str, Any]:
    """The warehouse's row in SHOW WAREHOUSES."""
    found: dict[str, Any] = ask(session, f"show warehouses like '{name}'")[0]
    return found


def counts(ask: Any, session: Any) -> tuple[int, int, int]:
    """Running, queued, started clusters."""
    row = shown(ask, session)
    return row["running"], row["queued"], row["started_clusters"]


def test_a_statement_that_waits_keeps_its_warehouse_busy(
    snowdome: Any, admin: Any, ask: Any, background: Background
) -> None:
    """CALL SYSTEM$WAIT runs on the warehouse for its time, and idleness counts from its end."""
    ask(admin, "create warehouse w auto_suspend = 60")
    waiting = background.run("call system$wait(1, 'hours')", warehouse="W")
    until(lambda: counts(ask, admin), (1, 0, 1))
    snowdome.clock(advance_seconds=1800)
    assert counts(ask, admin) == (1, 0, 1)
    snowdome.clock(advance_seconds=1859)
    assert outcome(waiting) == 0
    assert (shown(ask, admin)["state"], shown(ask, admin)["running"]) == ("STARTED", 0)
    snowdome.clock(advance_seconds=1)
    assert shown(ask, admin)["state"] == "SUSPENDED"


def test_suspend_lets_running_statements_finish(snowdome: Any, admin: Any, ask: Any, background: Background) -> None:
    """After SUSPEND the state is SUSPENDED while the statement runs on; its cluster ends with it."""
    ask(admin, "create warehouse w")
    waiting = background.run("call system$wait(100)", warehouse="W")
    until(lambda: counts(ask, admin), (1, 0, 1))
    ask(admin, "alter warehouse w suspend")
    row = shown(ask, admin)
    assert (row["state"], row["running"], row["quiescing"]) == ("SUSPENDED", 1, "100")
    snowdome.clock(advance_seconds=100)
    assert outcome(waiting) == 0
    assert counts(ask, admin) == (0, 0, 0)


def test_suspended_twice_and_resumed_twice(admin: Any, ask: Any, refused: Any) -> None:
    """SUSPEND of a suspended warehouse is 090064, RESUME of a running one 090063, RESUME IF SUSPENDED is neither."""
    ask(admin, "create warehouse w")
    assert refused(admin, "alter warehouse w resume") == 90063
    ask(admin, "alter warehouse w resume if suspended", "alter warehouse w suspend")
    assert refused(admin, "alter warehouse w suspend") == 90064


def test_abort_all_queries_cancels_running_and_queued(
    snowdome: Any, admin: Any, ask: Any, background: Background
) -> None:
    """ABORT ALL QUERIES ends what runs and what is queued with 000604, and nothing runs when it returns."""
    ask(admin, "create warehouse w max_concurrency_level = 1")
    first = background.run("call system$wait(100)", warehouse="W")
    until(lambda: counts(ask, admin), (1, 0, 1))
    second = background.run("call system$wait(100)", warehouse="W")
    until(lambda: counts(ask, admin), (1, 1, 1))
    ask(admin, "alter warehouse w abort all queries")
    assert counts(ask, admin) == (0, 0, 1)
    assert [outcome(first), outcome(second)] == [604, 604]


@pytest.mark.parametrize("end", ["drop warehouse w", "create or replace warehouse w"])
def test_drop_and_replace_abort(end: str, admin: Any, ask: Any, background: Background) -> None:
    """DROP and CREATE OR REPLACE abort what runs on the warehouse."""
    ask(admin, "create warehouse w")
    waiting = background.run("call system$wait(100)", warehouse="W")
    until(lambda: counts(ask, admin), (1, 0, 1))
    ask(admin, end)
    assert outcome(waiting) == 604


def test_a_hard_stop_is_hard(admin: Any, ask: Any, refused: Any, background: Background) -> None:
    """AUTO_RESUME off, SUSPEND, ABORT: nothing runs, queued statements fail, and new ones are refused."""
    ask(admin, "create warehouse w max_concurrency_level = 1")
    background.run("call system$wait(100)", warehouse="W")
    until(lambda: counts(ask, admin), (1, 0, 1))
    queued = background.run("call system$wait(100)", warehouse="W")
    until(lambda: counts(ask, admin), (1, 1, 1))
    ask(admin, "alter warehouse w set auto_resume = false", "alter warehouse w suspend")
    assert outcome(queued) == 606
    ask(admin, "alter warehouse w abort all queries")
    assert counts(ask, admin) == (0, 0, 0)
    assert refused(admin, "call system$wait(1)") == 606


def test_queued_statements_run_in_turn(snowdome: Any, admin: Any, ask: Any, background: Background) -> None:
    """Beyond MAX_CONCURRENCY_LEVEL statements are queued, and each runs when there is room, at its own moment."""
    ask(admin, "create warehouse w max_concurrency_level = 2")
    for number in range(5):
        background.run("call system$wait(60)", warehouse="W")
        until(lambda: sum(counts(ask, admin)[:2]), number + 1)
    assert counts(ask, admin) == (2, 3, 1)
    snowdome.clock(advance_seconds=60)
    assert counts(ask, admin) == (2, 1, 1)
    snowdome.clock(advance_seconds=119)
    assert counts(ask, admin) == (1, 0, 1) or counts(ask, admin) == (0, 0, 1)
    snowdome.clock(advance_seconds=1)
    assert counts(ask, admin) == (0, 0, 1)


def test_the_statement_timeout_is_the_lowest_and_counts_the_queue(
    snowdome: Any, admin: Any, ask: Any, background: Background
) -> None:
    """STATEMENT_TIMEOUT_IN_SECONDS: the lower of session and warehouse, from the statement's beginning."""
    ask(admin, "create warehouse w statement_timeout_in_seconds = 90 max_concurrency_level = 1")
    longer = background.run("call system$wait(1000)", warehouse="W")
    until(lambda: counts(ask, admin), (1, 0, 1))
    queued = background.run(
        "call system$wait(10)", "alter session set statement_timeout_in_seconds = 50", warehouse="W"
    )
    until(lambda: counts(ask, admin), (1, 1, 1))
    snowdome.clock(advance_seconds=49)
    assert counts(ask, admin) == (1, 1, 1)
    snowdome.clock(advance_seconds=1)
    assert (outcome(queued), counts(ask, admin)) == (630, (1, 0, 1))
    snowdome.clock(advance_seconds=40)
    assert (outcome(longer), counts(ask, admin)) == (630, (0, 0, 1))


def test_a_real_statement_is_cancelled_at_its_timeout(
    snowdome: Any, admin: Any, ask: Any, background: Background
) -> None:
    """DuckDB at work is interrupted when the account's clock passes the statement's limit."""
    ask(admin, "create warehouse w", "create database d", "create table t as select 1 as x")
    rows = " cross join ".join(f"table(generator(rowcount => 100000)) g{n}" for n in range(3))
    working = background.run(f"select count(*) from t cross join {rows}", warehouse="W", database="D")
    until(lambda: counts(ask, admin), (1, 0, 1))
    snowdome.clock(advance_seconds=172_800)
    assert outcome(working) == 630
    assert counts(ask, admin)[0] == 0


def test_the_queued_timeout_ends_only_what_is_queued(
    snowdome: Any, admin: Any, ask: Any, background: Background
) -> None:
    """STATEMENT_QUEUED_TIMEOUT_IN_SECONDS cancels a statement that is still queued then."""
    ask(admin, "create warehouse w max_concurrency_level = 1 statement_queued_timeout_in_seconds = 30")
    running = background.run("call system$wait(100)", warehouse="W")
    until(lambda: counts(ask, admin), (1, 0, 1))
    queued = background.run("call system$wait(1)", warehouse="W")
    until(lambda: counts(ask, admin), (1, 1, 1))
    snowdome.clock(advance_seconds=30)
    assert (outcome(queued), counts(ask, admin)) == (630, (1, 0, 1))
    snowdome.clock(advance_seconds=70)
    assert outcome(running) == 0


def test_a_standard_warehouse_scales_out_at_once_and_in_after_two_checks(
    snowdome: Any, admin: Any, ask: Any, background: Background
) -> None:
    """A statement that finds no room starts a cluster; one that is not needed for two checks is shut down."""
    ask(admin, "create warehouse w max_cluster_count = 3 max_concurrency_level = 1")
    for number in range(4):
        background.run("call system$wait(600)", warehouse="W")
        until(lambda: sum(counts(ask, admin)[:2]), number + 1)
    assert counts(ask, admin) == (3, 1, 3)
    snowdome.clock(advance_seconds=600)
    assert counts(ask, admin) == (1, 0, 3)
    snowdome.clock(advance_seconds=240)
    assert counts(ask, admin) == (1, 0, 1)


def test_an_economy_warehouse_grows_only_for_lasting_load(
    snowdome: Any, admin: Any, ask: Any, background: Background
) -> None:
    """ECONOMY leaves statements queued for six minutes before it starts a cluster."""
    ask(admin, "create warehouse w max_cluster_count = 2 max_concurrency_level = 1 scaling_policy = economy")
    for number in range(2):
        background.run("call system$wait(3600)", warehouse="W")
        until(lambda: sum(counts(ask, admin)[:2]), number + 1)
    assert counts(ask, admin) == (1, 1, 1)
    snowdome.clock(advance_seconds=359)
    assert counts(ask, admin) == (1, 1, 1)
    snowdome.clock(advance_seconds=1)
    assert counts(ask, admin) == (2, 0, 2)


def test_a_maximized_warehouse_runs_all_its_clusters(admin: Any, ask: Any) -> None:
    """MIN = MAX starts all clusters at once; a higher MIN starts more while it runs."""
    ask(admin, "create warehouse w min_cluster_count = 3 max_cluster_count = 3")
    assert counts(ask, admin) == (0, 0, 3)
    ask(admin, "alter warehouse w set max_cluster_count = 5 min_cluster_count = 5")
    assert counts(ask, admin) == (0, 0, 5)
    ask(admin, "alter warehouse w suspend")
    assert counts(ask, admin) == (0, 0, 0)


def test_locks_are_waited_for_by_the_clock(
    snowdome: Any, admin: Any, ask: Any, refused: Any, background: Background
) -> None:
    """LOCK_TIMEOUT passes on the account's clock; 0 does not wait; a lock that is freed in time is taken."""
    ask(
        admin,
        "create warehouse w",
        "create database d",
        "create table t as select 1 as x",
        "begin",
        "update t set x = 2",
    )
    lock = "alter session set lock_timeout = 300"
    short = background.run("update t set x = 3", lock, warehouse="W", database="D")
    patient = background.run("update t set x = x + 10", warehouse="W", database="D")
    other = snowdome.connect(warehouse="W", database="D")
    ask(other, "alter session set lock_timeout = 0")
    assert refused(other, "update t set x = 4") == 625
    running = lambda: len([s for s in snowdome.statements() if s["ended"] is None])  # noqa: E731
    until(running, 2)
    snowdome.clock(advance_seconds=300)
    assert outcome(short) == 625
    ask(admin, "commit")
    assert outcome(patient) == 0
    assert ask(admin, "select x from t") == [{"X": 12}]
