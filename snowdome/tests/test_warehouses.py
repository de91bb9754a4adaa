"""Warehouses by the clock: who needs one, when it resumes, when it falls asleep."""

from __future__ import annotations

from typing import Any

import pytest

NO_WAREHOUSE = 606


@pytest.fixture
def session(snowdome: Any, ask: Any) -> Any:
    """A session with a table and a warehouse that falls asleep after 60 seconds."""
    connection = snowdome.connect()
    ask(
        connection,
        "create warehouse w auto_suspend = 60 initially_suspended = true",
        "create database d",
        "create table t as select 1 as x",
    )
    return connection


def state(ask: Any, session: Any) -> str:
    """What SHOW WAREHOUSES says of W."""
    return str(ask(session, "show warehouses like 'w'")[0]["state"])


def test_a_query_wakes_the_warehouse_and_idleness_suspends_it(snowdome: Any, session: Any, ask: Any) -> None:
    """A warehouse resumes for a statement that computes, and is suspended once idle for AUTO_SUSPEND seconds."""
    assert state(ask, session) == "SUSPENDED"
    ask(session, "select * from t")
    assert state(ask, session) == "STARTED"
    snowdome.clock(advance_seconds=59)
    assert state(ask, session) == "STARTED"
    ask(session, "select * from t")
    snowdome.clock(advance_seconds=59)
    assert state(ask, session) == "STARTED"
    snowdome.clock(advance_seconds=2)
    assert state(ask, session) == "SUSPENDED"


def test_auto_suspend_zero_and_null_mean_never(snowdome: Any, session: Any, ask: Any) -> None:
    """A warehouse with AUTO_SUSPEND 0 or NULL runs until set otherwise."""
    for value in ("0", "null"):
        ask(session, f"alter warehouse w set auto_suspend = {value}", "alter warehouse w resume if suspended")
        snowdome.clock(advance_seconds=100_000)
        assert state(ask, session) == "STARTED"


def test_a_suspended_warehouse_that_may_not_resume_stops_statements(session: Any, ask: Any, refused: Any) -> None:
    """AUTO_RESUME = FALSE and SUSPEND is a hard stop for what computes, not for SHOW and DDL."""
    ask(session, "alter warehouse w resume if suspended", "alter warehouse w set auto_resume = false")
    ask(session, "alter warehouse w suspend")
    assert refused(session, "select * from t") == NO_WAREHOUSE
    assert refused(session, "insert into t values (2)") == NO_WAREHOUSE
    assert refused(session, "show tables") == 0
    assert refused(session, "create table u (x int)") == 0
    assert refused(session, "select 1") == 0
    ask(session, "alter warehouse w resume")
    assert refused(session, "select * from t") == 0


def test_no_warehouse_no_computing(snowdome: Any, session: Any, ask: Any, refused: Any) -> None:
    """A session without a warehouse, or with one that was dropped, cannot read rows."""
    other = snowdome.connect(database="D")
    assert refused(other, "select * from t") == NO_WAREHOUSE
    ask(session, "drop warehouse w")
    assert refused(session, "select * from t") == NO_WAREHOUSE


def test_settings_survive_a_restart(snowdome_on_disk: Any, ask: Any) -> None:
    """A warehouse, its settings, tags and grants are there again after a kill."""
    session = snowdome_on_disk.connect()
    ask(
        session,
        "create database d",
        "create tag env",
        "create role r",
        "create warehouse w warehouse_size = large auto_suspend = 120 tag (d.public.env = 'x')",
        "grant usage on warehouse w to role r",
    )
    snowdome_on_disk.kill()
    snowdome_on_disk.start()
    session = snowdome_on_disk.connect()
    found = ask(session, "show warehouses like 'w'")[0]
    assert (found["size"], found["auto_suspend"]) == ("Large", 120)
    assert ask(session, "select system$get_tag('d.public.env', 'w', 'warehouse') as v") == [{"V": "x"}]
    assert {row["privilege"] for row in ask(session, "show grants on warehouse w")} == {"OWNERSHIP", "USAGE"}
