"""Time Travel: tables, views and clones as they were, within the retention, by the account's clock."""

from __future__ import annotations

from typing import Any

import pytest

UNSUPPORTED, UNAVAILABLE, MISSING = 2, 707, 2003
HOUR, DAY = 3600, 86_400
READ = "select x, y from pond.public.t {} order by x"


@pytest.fixture
def pond(snowdome: Any, ask: Any) -> Any:
    """A session on a table of two rows, an hour old."""
    session = snowdome.connect()
    ask(
        session,
        "create warehouse w",
        "create database pond",
        "create table t (x int, y varchar)",
        "insert into t values (1, 'one'), (2, 'two')",
    )
    snowdome.clock(advance_seconds=HOUR)
    return session


def rows(session: Any, ask: Any, clause: str = "") -> list[tuple[Any, ...]]:
    """What the table held."""
    return [tuple(row.values()) for row in ask(session, READ.format(clause))]


CHANGES = {
    "insert": "insert into pond.public.t values (3, 'three')",
    "insert of a query": "insert into pond.public.t select x + 10, y from pond.public.t",
    "insert overwrite": "insert overwrite into pond.public.t values (9, 'nine')",
    "update": "update pond.public.t set y = upper(y) where x = 1",
    "update of all": "update pond.public.t set y = null",
    "update from": "update pond.public.t t set y = s.v from (select 2 as k, 'zwei' as v) s where t.x = s.k",
    "delete": "delete from pond.public.t where y like 't%'",
    "delete using": "delete from pond.public.t using (select 1 as k) s where t.x = s.k",
    "delete of random rows": "delete from pond.public.t where x > uniform(0, 1, random())",
    "merge": (
        "merge into pond.public.t t using (select 1 as k, 'uno' as v union all select 5, 'cinque') s on t.x = s.k "
        "when matched then update set y = s.v when not matched then insert (x, y) values (s.k, s.v)"
    ),
    "merge that deletes": ("merge into pond.public.t t using (select 1 as k) s on t.x = s.k when matched then delete"),
    "truncate": "truncate table pond.public.t",
}


@pytest.mark.parametrize("change", list(CHANGES.values()), ids=list(CHANGES))
def test_rows_as_they_were_before_a_change(snowdome: Any, pond: Any, ask: Any, change: str) -> None:
    """Whatever changes rows, the rows of before are found by offset, by time and by the statement's id."""
    before = rows(pond, ask)
    then = ask(pond, "select to_varchar(current_timestamp()::timestamp_ntz) as t")[0]["T"]
    snowdome.clock(advance_seconds=60)
    cursor = pond.cursor()
    cursor.execute(change)
    statement = cursor.sfqid
    after = rows(pond, ask)
    assert after != before
    snowdome.clock(advance_seconds=60)
    assert rows(pond, ask, "at (offset => -90)") == before
    assert rows(pond, ask, f"at (timestamp => '{then}'::timestamp_ntz)") == before
    assert rows(pond, ask, f"before (statement => '{statement}')") == before
    assert rows(pond, ask, f"at (statement => '{statement}')") == rows(pond, ask, "at (offset => 0)") == after


def test_bound_values_are_followed(snowdome: Any, snowdomes: Any, ask: Any) -> None:
    """A change whose condition holds bound values is in the table's past like any other."""
    del snowdomes
    session = snowdome.connect(paramstyle="qmark")
    ask(session, "create warehouse w", "create database pond", "create table t as select 1 as x, 'a' as y")
    cursor = session.cursor()
    cursor.execute("insert into t select column1, column2 from values (?, ?)", (2, "b"))
    snowdome.clock(advance_seconds=60)
    cursor.execute("update t set y = ? where x = ?", ("changed", 2))
    cursor.execute("delete from t where x between ? and ?", (0, 1))
    snowdome.clock(advance_seconds=60)
    assert rows(session, ask) == [(2, "changed")]
    assert rows(session, ask, "at (offset => -90)") == [(1, "a"), (2, "b")]


def test_a_transaction_is_one_moment(snowdome: Any, pond: Any, ask: Any) -> None:
    """What a transaction did is in the past from its commit on, and not from its statements on."""
    ask(pond, "begin", "insert into t values (3, 'three')", "delete from t where x = 1")
    snowdome.clock(advance_seconds=60)
    assert [x for x, _ in rows(pond, ask, "at (offset => 0)")] == [1, 2]
    cursor = pond.cursor()
    cursor.execute("update t set y = 'late' where x = 3")
    cursor.execute("commit")
    commit = cursor.sfqid
    assert rows(pond, ask) == [(2, "two"), (3, "late")]
    assert rows(pond, ask, f"before (statement => '{commit}')") == [(1, "one"), (2, "two")]
    assert rows(pond, ask, f"at (statement => '{commit}')") == [(2, "two"), (3, "late")]
    ask(pond, "begin", "delete from t", "rollback")
    assert rows(pond, ask, "at (offset => 0)") == [(2, "two"), (3, "late")]


def test_the_past_has_the_columns_of_today(snowdome: Any, pond: Any, ask: Any) -> None:
    """Columns added, renamed and dropped since are so in the past too, also after the rows moved on from a clone's."""
    ask(pond, "create table twin clone t", "alter table t add column z int default 7", "update t set x = x * 100")
    snowdome.clock(advance_seconds=60)
    ask(pond, "alter table t rename column y to word", "alter table t drop column z", "delete from t")
    assert ask(pond, "select * from t at (offset => -30) order by x") == [
        {"X": 100, "WORD": "one"},
        {"X": 200, "WORD": "two"},
    ]
    assert ask(pond, "select * from t at (offset => -1800) order by x") == [
        {"X": 1, "WORD": "one"},
        {"X": 2, "WORD": "two"},
    ]
    assert ask(pond, "select x from twin order by x") == [{"X": 1}, {"X": 2}]


def test_views_joins_and_names_of_the_past(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """A view reads its tables as of the moment; two moments can be joined; a CTE itself has no past."""
    ask(pond, "create view v as select x, upper(y) as y from t", "delete from t where x = 1")
    snowdome.clock(advance_seconds=60)
    assert ask(pond, "select y from v at (offset => -1800) order by x") == [{"Y": "ONE"}, {"Y": "TWO"}]
    gone = "select o.x from t at (offset => -1800) as o left join t n on o.x = n.x where n.x is null"
    assert ask(pond, gone) == [{"X": 1}]
    assert ask(pond, "with c as (select * from t at (offset => -1800)) select count(*) as n from c") == [{"N": 2}]
    ask(pond, "insert into t select * from t at (offset => -1800) where x = 1")
    assert rows(pond, ask) == [(1, "one"), (2, "two")]
    assert refused(pond, "select * from t changes (information => default) at (offset => -60)") == UNSUPPORTED


def test_what_has_no_past(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """Before the table was made, beyond the retention, ahead of now, or by an unknown id, there is nothing."""
    for clause in ("offset => -7200", "offset => 60", "timestamp => '2001-01-01'", "statement => 'nobody'"):
        assert refused(pond, READ.format(f"at ({clause})")) == UNAVAILABLE
    ask(pond, "create table fresh clone t")
    assert refused(pond, "select * from fresh at (offset => -1800)") == UNAVAILABLE
    snowdome.clock(advance_seconds=2 * DAY)
    assert refused(pond, READ.format(f"at (offset => -{DAY + 1})")) == UNAVAILABLE
    assert len(rows(pond, ask, f"at (offset => -{DAY - 1})")) == 2
    ask(pond, "alter table t set data_retention_time_in_days = 3")
    assert refused(pond, READ.format(f"at (offset => -{DAY + 60})")) == UNAVAILABLE  # it was gone before
    snowdome.clock(advance_seconds=DAY)
    assert len(rows(pond, ask, f"at (offset => -{2 * DAY - 60})")) == 2
    ask(pond, "alter schema public set data_retention_time_in_days = 5")
    ask(pond, "alter table t unset data_retention_time_in_days")
    assert refused(pond, READ.format(f"at (offset => -{3 * DAY})")) == UNAVAILABLE
    ask(pond, "alter table t set data_retention_time_in_days = 0")
    assert refused(pond, READ.format("at (offset => -1)")) == UNAVAILABLE


def test_a_replaced_table_is_another_table(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """CREATE OR REPLACE makes a table without a past; the one before it can be brought back."""
    ask(pond, "create or replace transient table t (x int, y varchar)")
    snowdome.clock(advance_seconds=60)
    assert refused(pond, READ.format("at (offset => -90)")) == UNAVAILABLE
    ask(pond, "alter table t rename to newer", "undrop table t")
    assert rows(pond, ask, "at (offset => -90)") == [(1, "one"), (2, "two")]


def test_the_past_survives_kill_and_restart(snowdome_on_disk: Any, ask: Any) -> None:
    """After `kill -9` a table's past is what it was, and the driven clock goes on where it stood."""
    session = snowdome_on_disk.connect()
    ask(session, "create warehouse w", "create database pond", "create table t as select 1 as x, 'one' as y")
    snowdome_on_disk.clock(advance_seconds=10 * DAY)
    ask(session, "insert into t values (2, 'two')")
    now = snowdome_on_disk.clock(advance_seconds=HOUR)
    ask(session, "delete from t where x = 1", "create table twin clone t", "update t set y = 'zwei'")
    snowdome_on_disk.disconnect()
    snowdome_on_disk.kill()
    snowdome_on_disk.start()
    session = snowdome_on_disk.connect(warehouse="W")
    assert snowdome_on_disk.clock() >= now
    assert rows(session, ask, "at (offset => -1800)") == [(1, "one"), (2, "two")]
    assert rows(session, ask) == [(2, "zwei")]


# -- clones -----------------------------------------------------------------------------------------------------------
def test_a_table_cloned_as_it_was(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """The clone has the rows of then, and both go their own ways."""
    ask(pond, "delete from t where x = 1")
    snowdome.clock(advance_seconds=60)
    ask(pond, "create table then_ clone t at (offset => -1800)", "create table now_ clone t")
    ask(pond, "insert into then_ values (7, 'seven')", "insert into t values (8, 'eight')")
    assert ask(pond, "select x from then_ order by x") == [{"X": 1}, {"X": 2}, {"X": 7}]
    assert ask(pond, "select x from now_ order by x") == [{"X": 2}]
    assert ask(pond, "select x from t order by x") == [{"X": 2}, {"X": 8}]
    assert refused(pond, "create table older clone t at (offset => -7200)") == UNAVAILABLE


def test_a_database_cloned_as_it_was(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """Rows of then, with what was dropped or replaced since and without what was made since."""
    ask(pond, "create schema s", "create table s.kept as select 1 as x", "create view s.v as select 'old' as word")
    ask(pond, "create table s.gone as select 'gone' as word", "use schema pond.public")
    snowdome.clock(advance_seconds=HOUR)
    ask(
        pond,
        "update t set y = 'changed'",
        "drop table s.gone",
        "create or replace view s.v as select 'new' as word",
        "create or replace table s.kept as select 2 as x",
        "create table s.fresh as select 1 as x",
        "create schema younger",
        "drop schema younger",
    )
    snowdome.clock(advance_seconds=60)
    ask(pond, "create database mirror clone pond at (offset => -1800)")
    assert ask(pond, "select y from mirror.public.t order by x") == [{"Y": "one"}, {"Y": "two"}]
    assert ask(pond, "select word from mirror.s.gone") == [{"WORD": "gone"}]
    assert ask(pond, "select word from mirror.s.v") == [{"WORD": "old"}]
    assert ask(pond, "select x from mirror.s.kept") == [{"X": 1}]
    assert refused(pond, "select * from mirror.s.fresh") == MISSING
    names = {row["name"] for row in ask(pond, "show schemas in database mirror")}
    assert names - {"INFORMATION_SCHEMA"} == {"PUBLIC", "S"}
    ask(pond, "create schema pond.s2 clone pond.s at (offset => -1800)")
    assert ask(pond, "select x from pond.s2.kept") == [{"X": 1}]
    assert refused(pond, f"create database never clone pond at (offset => -{3 * HOUR})") == UNAVAILABLE


def test_tables_whose_retention_is_too_short(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """A clone of the past fails for them, unless it is asked to leave them out."""
    ask(pond, "create table short (x int) data_retention_time_in_days = 0")
    snowdome.clock(advance_seconds=HOUR)
    clone = "create or replace database mirror clone pond at (offset => -1800)"
    assert refused(pond, clone) == UNAVAILABLE
    ask(pond, f"{clone} ignore tables with insufficient data retention")
    assert [row["name"] for row in ask(pond, "show tables in schema mirror.public")] == ["T"]


def test_what_is_beyond_its_retention_goes_for_good(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """Dropped objects can be seen and brought back until their retention ends, by the clock, and then no more."""
    ask(pond, "drop table t")
    history = "show tables history like 't' in schema pond.public"
    assert [row["dropped_on"] is not None for row in ask(pond, history)] == [True]
    snowdome.clock(advance_seconds=DAY + 1)
    assert ask(pond, history) == []
    assert refused(pond, "undrop table t") == MISSING
