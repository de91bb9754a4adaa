"""A driven clock: what falls due happens at its own moment and in order, with statements, faults and real time."""

from __future__ import annotations

from typing import Any

import pytest
from asking import until

START = "2031-03-03T08:00:00+00:00"


@pytest.fixture
def admin(snowdome: Any) -> Any:
    """The administrator's session, at a known time that stands still."""
    snowdome.clock(now=START, speed=0)
    return snowdome.connect()


def ended(snowdome: Any, text: str) -> str | None:
    """When the last statement with that text ended."""
    found = [one["ended"] for one in snowdome.statements() if one["text"] == text]
    return found[-1][11:19] if found and found[-1] else None


def running(snowdome: Any) -> int:
    """How many statements are in flight."""
    return sum(one["ended"] is None for one in snowdome.statements())


def test_a_statement_ends_at_its_own_moment_within_a_long_step(snowdome: Any, admin: Any, ask: Any) -> None:
    """A step of a day passes through the end of each wait, of what follows it, and of the warehouse's sleep."""
    ask(admin, "create warehouse w max_concurrency_level = 1 auto_suspend = 60")
    for seconds in (100, 200):
        cursor = snowdome.connect(warehouse="W").cursor()
        cursor.execute_async(f"call system$wait({seconds})")
        until(lambda: running(snowdome), seconds // 100)
    snowdome.clock(advance_seconds=86_400)
    assert ended(snowdome, "call system$wait(100)") == "08:01:40"
    assert ended(snowdome, "call system$wait(200)") == "08:05:00"
    row = ask(admin, "show warehouses like 'w'")[0]
    assert (row["state"], row["updated_on"].isoformat()[11:19]) == ("SUSPENDED", "08:06:00")


def test_a_delayed_statement_runs_on_the_warehouse(snowdome: Any, admin: Any, ask: Any) -> None:
    """A fault that delays lets any statement last, on the account's clock, where it runs."""
    ask(admin, "create warehouse w", "create database d", "create table t as select 1 as x")
    snowdome.fault("insert into t", do="delay", seconds=500)
    cursor = snowdome.connect(warehouse="W", database="D").cursor()
    cursor.execute_async("insert into t values (2)")
    until(lambda: ask(admin, "show warehouses like 'w'")[0]["running"], 1)
    assert ask(admin, "select count(*) as n from t") == [{"N": 1}]
    snowdome.clock(advance_seconds=500)
    assert ask(admin, "select count(*) as n from t") == [{"N": 2}]
    assert ended(snowdome, "insert into t values (2)") == "08:08:20"


def test_a_cancelled_wait_ends_at_once(snowdome: Any, admin: Any, ask: Any) -> None:
    """SYSTEM$CANCEL_QUERY and a client's own cancel end a statement that waits, with 000604."""
    ask(admin, "create warehouse w")
    cursor = snowdome.connect(warehouse="W").cursor()
    cursor.execute_async("call system$wait(500)")
    until(lambda: running(snowdome), 1)
    found = ask(admin, f"select system$cancel_query('{cursor.sfqid}') as said")
    assert found == [{"SAID": f"query [{cursor.sfqid}] terminated."}]
    until(lambda: running(snowdome), 0)
    assert [one["errno"] for one in snowdome.statements() if "wait" in one["text"] and one["errno"]] == [604]


def test_time_that_runs_by_itself_does_the_same(snowdome: Any, ask: Any) -> None:
    """At a thousand seconds a second, a warehouse falls asleep without anyone driving the clock."""
    session = snowdome.connect()
    ask(session, "create warehouse w auto_suspend = 60")
    snowdome.clock(speed=1000)
    until(lambda: ask(session, "show warehouses like 'w'")[0]["state"], "SUSPENDED")
    row = ask(session, "show warehouses like 'w'")[0]
    assert 59 <= (row["updated_on"] - row["resumed_on"]).total_seconds() <= 61


def test_many_wait_and_the_clock_still_moves(snowdome: Any, admin: Any, ask: Any) -> None:
    """More statements than there are threads wait, and the clock that lets them go on is still driven."""
    ask(admin, "create warehouse w max_concurrency_level = 1")
    connection = snowdome.connect(warehouse="W")
    cursors = [snowdome.connect(warehouse="W").cursor() for _ in range(45)]
    for cursor in cursors:
        cursor.execute_async("call system$wait(1)")
    del connection
    snowdome.clock(advance_seconds=10)
    until(lambda: running(snowdome), 45 - 10)
    snowdome.clock(advance_seconds=86_400)
    until(lambda: running(snowdome), 0)
    assert {one["errno"] for one in snowdome.statements() if "wait" in one["text"]} == {None}


@pytest.mark.parametrize(
    "insert",
    [
        "insert into d.s.t (id) values (1)",
        "insert into d.s.t values (1, default, default, default)",
        "insert into d.s.t (id) select 1",
        "insert into d.s.t (id) select id from d.s.one",
        "insert into d.s.t (id) with a as (select 1 as id) select id from a",
        "insert all into d.s.t (id) values (id) select 1 as id",
        "merge into d.s.t using d.s.one as o on t.id = o.id when not matched then insert (id) values (o.id)",
        "merge into d.s.t using d.s.one o on t.id = o.id when not matched then insert (id, at) values (o.id, default)",
    ],
)
def test_a_default_is_the_driven_time(snowdome: Any, admin: Any, ask: Any, insert: str) -> None:
    """A column that defaults to the moment has the account's, however the row is inserted; others have theirs."""
    ask(
        admin,
        "create database d",
        "create schema d.s",
        "create warehouse w",
        "create table d.s.one (id int) as select 1",
        "create table d.s.t (id int, at timestamp_ltz default current_timestamp(), on_day date default current_date, "
        "n int default 5)",
        insert,
    )
    (row,) = ask(admin, "select id, at::varchar as at, on_day::varchar as day, n from d.s.t")
    assert row["AT"].startswith("2031-03-03 ")
    assert (row["ID"], row["DAY"], row["N"]) == (1, "2031-03-03", 5)


def test_many_rows_at_once_default_to_the_driven_time(snowdome: Any, admin: Any, ask: Any) -> None:
    """Rows bound in one call are the same."""
    ask(admin, "create database d", "create schema d.s", "create warehouse w")
    ask(admin, "create table d.s.t (id int, on_day date default current_date)")
    with admin.cursor() as cursor:
        cursor.executemany("insert into d.s.t (id) values (%s)", [(n,) for n in range(3)])
    assert ask(admin, "select distinct on_day::varchar as day from d.s.t") == [{"DAY": "2031-03-03"}]
