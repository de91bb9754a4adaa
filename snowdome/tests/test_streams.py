"""Streams, dynamic tables and pipes: what they show, when it changes, and what becomes of them in clones."""

from __future__ import annotations

from typing import Any

import pytest

UNSUPPORTED, UNAVAILABLE, MISSING, STALE, NOT_ALLOWED = 2, 707, 2003, 91_901, 3001
MINUTE, HOUR, DAY = 60, 3600, 86_400
CHANGES = "select x, y, metadata$action as a, metadata$isupdate as u from {} order by x, a"


@pytest.fixture
def pond(snowdome: Any, ask: Any) -> Any:
    """A session on a table of two rows with a stream on it."""
    session = snowdome.connect()
    ask(
        session,
        "create warehouse w",
        "create database pond",
        "create table t (x int, y varchar)",
        "insert into t values (1, 'one'), (2, 'two')",
        "create stream s on table t",
    )
    return session


def changes(session: Any, ask: Any, stream: str = "s") -> list[tuple[Any, ...]]:
    """What the stream shows."""
    return [tuple(row.values()) for row in ask(session, CHANGES.format(stream))]


# -- streams ----------------------------------------------------------------------------------------------------------
def test_a_stream_shows_the_net_change(pond: Any, ask: Any) -> None:
    """Rows that came and went are not there; an updated row is there as DELETE and INSERT, with one row id."""
    assert changes(pond, ask) == []
    ask(pond, "insert into t values (3, 'three'), (4, 'four')", "delete from t where x = 4")
    ask(pond, "update t set y = 'zwei' where x = 2", "update t set y = 'deux' where x = 2", "delete from t where x = 1")
    ask(pond, "update t set y = 'drei' where x = 3")
    found = changes(pond, ask)
    assert found == [
        (1, "one", "DELETE", False),
        (2, "two", "DELETE", True),
        (2, "deux", "INSERT", True),
        (3, "drei", "INSERT", False),
    ]
    ids = ask(pond, "select metadata$row_id as i from s where metadata$isupdate")
    assert len({row["I"] for row in ids}) == 1
    ask(pond, "update t set y = 'two' where x = 2", "insert into t values (1, 'one')")
    assert [(x, a) for x, _, a, _ in changes(pond, ask)] == [(1, "DELETE"), (1, "INSERT"), (3, "INSERT")]


def test_a_stream_moves_when_it_is_consumed(pond: Any, ask: Any) -> None:
    """SELECT leaves the offset; a committed change of rows that reads the stream moves it, a rolled back one not."""
    ask(pond, "create table sink (x int, a varchar)", "insert into t values (3, 'three')")
    assert len(changes(pond, ask)) == len(changes(pond, ask)) == 1
    assert ask(pond, "select system$stream_has_data('s') as h") == [{"H": "true"}]
    drain = "insert into sink select x, metadata$action from s"
    ask(pond, "begin", drain, "rollback")
    assert len(changes(pond, ask)) == 1
    ask(pond, "begin", drain, "insert into t values (4, 'four')", "commit")
    assert changes(pond, ask) == [(4, "four", "INSERT", False)]
    ask(pond, "create or replace table copied as select * from s")
    assert changes(pond, ask) == []
    assert ask(pond, "select system$stream_has_data('s') as h") == [{"H": "false"}]
    assert ask(pond, "select x, a from sink") == [{"X": 3, "A": "INSERT"}]
    merge = (
        "merge into sink k using s on k.x = s.x when matched then delete when not matched then insert values (s.x, 'm')"
    )
    ask(pond, "insert into t values (3, 'again'), (5, 'five')", merge)
    assert ask(pond, "select x, a from sink") == [{"X": 5, "A": "m"}]
    assert changes(pond, ask) == []


def test_kinds_of_streams(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """Append-only, with the rows of the beginning, from the past, from another stream's offset; on views refused."""
    snowdome.clock(advance_seconds=HOUR)
    ask(
        pond,
        "create stream adds on table t append_only = true",
        "create stream all_ on table t show_initial_rows = true",
    )
    ask(pond, "insert into t values (3, 'three')", "update t set y = 'x' where x = 3", "truncate table t")
    assert changes(pond, ask, "adds") == [(3, "three", "INSERT", False)]
    assert [x for x, *_ in changes(pond, ask, "all_")] == [1, 2]
    ask(pond, "create table sink as select x from all_")
    assert [(x, a) for x, _, a, _ in changes(pond, ask, "all_")] == [(1, "DELETE"), (2, "DELETE")]
    snowdome.clock(advance_seconds=MINUTE)
    ask(pond, "create stream past on table t at (offset => -1800)", "create stream same on table t at (stream => 's')")
    assert [(x, a) for x, _, a, _ in changes(pond, ask, "past")] == [(1, "DELETE"), (2, "DELETE")]
    assert changes(pond, ask, "same") == changes(pond, ask)
    assert refused(pond, "create stream bad on table t at (offset => -36000)") == UNAVAILABLE
    ask(pond, "create view v as select * from t")
    assert refused(pond, "create stream bad on view v") == UNSUPPORTED
    assert refused(pond, "create stream s on table t") == 2002
    shown = {row["name"]: row for row in ask(pond, "show streams")}
    assert shown["ADDS"]["mode"] == "APPEND_ONLY"
    assert (shown["S"]["table_name"], shown["S"]["type"], shown["S"]["stale"]) == ("POND.PUBLIC.T", "DELTA", "false")
    assert ask(pond, "describe stream s")[0]["mode"] == "DEFAULT"


def test_a_stream_follows_its_table_and_goes_stale(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """A renamed or swapped table keeps its stream; a recreated one does not; unread for too long, a stream is stale."""
    ask(pond, "create table other like t", "alter table t swap with other", "insert into other values (3, 'three')")
    ask(pond, "insert into t values (9, 'nine')", "alter table other rename to renamed")
    assert [x for x, *_ in changes(pond, ask)] == [3]
    ask(pond, "create table clone_ clone renamed", "update renamed set y = 'after' where x = 3")
    assert changes(pond, ask) == [(3, "after", "INSERT", False)]
    snowdome.clock(advance_seconds=13 * DAY)
    assert [x for x, *_ in changes(pond, ask)] == [3]
    snowdome.clock(advance_seconds=2 * DAY)
    assert refused(pond, "select * from s") == STALE
    assert ask(pond, "show streams")[0]["stale"] == "true"
    ask(pond, "create or replace stream s on table renamed", "drop table renamed")
    assert refused(pond, "select * from s") == STALE
    ask(pond, "drop stream s", "drop stream if exists s")
    assert refused(pond, "drop stream s") == MISSING


def test_streams_in_clones_begin_anew(pond: Any, ask: Any) -> None:
    """A cloned database's stream is on the cloned table and shows nothing of what was not consumed before."""
    ask(pond, "insert into t values (3, 'three')", "create database mirror clone pond")
    assert changes(pond, ask, "mirror.public.s") == []
    assert len(changes(pond, ask, "pond.public.s")) == 1
    ask(pond, "insert into mirror.public.t values (4, 'four')")
    assert [x for x, *_ in changes(pond, ask, "mirror.public.s")] == [4]
    assert [row["table_name"] for row in ask(pond, "show streams in database mirror")] == ["MIRROR.PUBLIC.T"]
    ask(pond, "create stream s2 clone pond.public.s")
    assert changes(pond, ask, "s2") == changes(pond, ask, "pond.public.s")


# -- dynamic tables -------------------------------------------------------------------------------------------------
LAG = "create dynamic table {} target_lag = '{}' warehouse = w as {}"
COUNT = "select y, count(*) as n from t group by y"


def test_a_dynamic_table_follows_its_query_by_its_lag(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """It holds rows from the beginning, is refreshed within its lag or by hand, and rests when suspended."""
    ask(pond, LAG.format("d", "10 minutes", COUNT))
    read = "select sum(n) as n from d"
    assert ask(pond, read) == [{"N": 2}]
    ask(pond, "insert into t values (3, 'three')")
    assert ask(pond, read) == [{"N": 2}]
    snowdome.clock(advance_seconds=11 * MINUTE)
    assert ask(pond, read) == [{"N": 3}]
    ask(pond, "alter dynamic table d suspend", "insert into t values (4, 'four')")
    snowdome.clock(advance_seconds=HOUR)
    assert ask(pond, read) == [{"N": 3}]
    ask(pond, "alter dynamic table d refresh")
    assert ask(pond, read) == [{"N": 4}]
    assert ask(pond, "select sum(n) as n from d at (offset => -60)") == [{"N": 3}]
    assert ask(pond, "alter dynamic table d refresh")[0]["statistics"] == "No new data"
    shown = ask(pond, "show dynamic tables")[0]
    assert (shown["target_lag"], shown["warehouse"], shown["scheduling_state"]) == ("10 minutes", "W", "SUSPENDED")
    for change in (
        "insert into d values ('x', 1)",
        "delete from d",
        "truncate table d",
        "alter table d add column z int",
    ):
        assert refused(pond, change) != 0, change
    tables = {row["name"]: row["is_dynamic"] for row in ask(pond, "show tables")}
    assert tables == {"T": "N", "D": "Y"}
    found = ask(pond, "select table_name from information_schema.tables where is_dynamic = 'YES'")
    assert found == [{"TABLE_NAME": "D"}]
    assert [row["name"] for row in ask(pond, "describe dynamic table d")] == ["Y", "N"]


def test_dynamic_tables_on_dynamic_tables(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """A refresh takes what it reads along; suspension goes down the stream, and back up with what caused it."""
    ask(pond, LAG.format("d", "downstream", COUNT).replace("'downstream'", "downstream"))
    ask(pond, LAG.format("e", "5 minutes", "select sum(n) as total from d"))
    ask(pond, "insert into t values (3, 'three')")
    snowdome.clock(advance_seconds=6 * MINUTE)
    assert ask(pond, "select total from e") == [{"TOTAL": 3}]
    ask(pond, "alter dynamic table d suspend")
    state = "show dynamic tables"
    assert {row["scheduling_state"] for row in ask(pond, state)} == {"SUSPENDED"}
    ask(pond, "alter dynamic table d resume")
    assert {row["scheduling_state"] for row in ask(pond, state)} == {"ACTIVE"}
    ask(pond, LAG.format("late", "1 day", COUNT).replace(" as select", " initialize = on_schedule as select"))
    assert refused(pond, "select * from late") == 2803
    ask(pond, "alter dynamic table late refresh")
    assert len(ask(pond, "select * from late")) == 3
    assert refused(pond, LAG.format("bad", "5 seconds", COUNT)) == 1008
    assert refused(pond, "create dynamic table bad warehouse = w as select 1 as x") == 2029


def test_dynamic_tables_in_clones_rest(snowdome: Any, pond: Any, ask: Any) -> None:
    """A clone has the rows, suspended; short names mean the clone's tables once it is refreshed, full ones do not."""
    ask(pond, LAG.format("d", "1 hour", COUNT), LAG.format("far", "1 hour", "select count(*) as n from pond.public.t"))
    ask(pond, "create database mirror clone pond", "insert into mirror.public.t values (3, 'three')")
    shown = {row["name"]: row for row in ask(pond, "show dynamic tables in database mirror")}
    assert {(row["scheduling_state"], row["is_clone"]) for row in shown.values()} == {("SUSPENDED", "true")}
    ask(pond, "use schema pond.public", "alter dynamic table mirror.public.d refresh")
    ask(pond, "alter dynamic table mirror.public.far refresh")
    assert ask(pond, "select sum(n) as n from mirror.public.d") == [{"N": 3}]
    assert ask(pond, "select n from mirror.public.far") == [{"N": 2}]
    ask(pond, "create dynamic table d2 clone d target_lag = '2 hours'")
    assert ask(pond, "show dynamic tables like 'd2'")[0]["target_lag"] == "2 hours"
    ask(pond, "drop dynamic table d2", "undrop dynamic table d2", "alter dynamic table d2 rename to d3")
    assert ask(pond, "select sum(n) as n from d3") == [{"N": 2}]


def test_a_dynamic_table_has_its_owners_rights(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """Who reads it needs no right on what it reads; who operates it need not own it."""
    ask(pond, LAG.format("d", "1 hour", COUNT), "create role guest", "grant usage on warehouse w to role guest")
    ask(pond, "grant usage on database pond to role guest", "grant usage on schema pond.public to role guest")
    ask(pond, "grant select on all dynamic tables in schema pond.public to role guest")
    ask(pond, "create user ann password = 'p' default_role = guest", "grant role guest to user ann")
    ann = snowdome.connect(user="ANN", password="p", database="POND", schema="PUBLIC", warehouse="W")
    assert ask(ann, "select sum(n) as n from d") == [{"N": 2}]
    assert refused(ann, "select * from t") == MISSING
    assert refused(ann, "alter dynamic table d refresh") == NOT_ALLOWED
    ask(pond, "grant operate on dynamic table d to role guest", "insert into t values (3, 'three')")
    ask(ann, "alter dynamic table d refresh")
    assert ask(ann, "select sum(n) as n from d") == [{"N": 3}]


# -- pipes ------------------------------------------------------------------------------------------------------------
def test_pipes_exist_and_stay_behind(pond: Any, ask: Any, refused: Any) -> None:
    """A pipe is shown, paused, dropped, and on an internal stage not cloned; what would load by itself is refused."""
    ask(pond, "create stage files", "create pipe p comment = 'c' as copy into t from @files file_format = (type = csv)")
    shown = ask(pond, "show pipes")[0]
    assert (shown["name"], shown["comment"]) == ("P", "c")
    assert shown["definition"] == "copy into t from @files file_format = (type = csv)"
    status = "select parse_json(system$pipe_status('p')):executionState::varchar as s"
    assert ask(pond, status) == [{"S": "RUNNING"}]
    ask(pond, "alter pipe p set pipe_execution_paused = true")
    assert ask(pond, status) == [{"S": "PAUSED"}]
    assert ask(pond, "select pipe_name from information_schema.pipes") == [{"PIPE_NAME": "P"}]
    ask(pond, "create database mirror clone pond")
    assert ask(pond, "show pipes in database mirror") == []
    assert refused(pond, "create pipe q auto_ingest = true as copy into t from @files") == UNSUPPORTED
    assert refused(pond, "alter pipe p refresh") == UNSUPPORTED
    assert refused(pond, "create pipe q as select 1") == 90_062
    ask(pond, "use database pond", "use schema public", "drop pipe p")
    assert ask(pond, "show pipes") == []


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("task", "create or replace task n\n\twarehouse=W\n\tschedule='1 HOUR'\n\tas select 1;"),
        ("stream", "create or replace stream N on table POND.PUBLIC.T append_only = true;"),
        ("pipe", "create or replace pipe N auto_ingest=false as copy into t from @f;"),
        (
            "dynamic table",
            "create or replace dynamic table N(X) TARGET_LAG = '1 hour' WAREHOUSE = W\n as select x from t;",
        ),
    ],
)
def test_their_text_makes_them_again(pond: Any, ask: Any, kind: str, make: str) -> None:
    """GET_DDL of each gives a statement that makes it again, and the same text again."""
    ask(pond, "create stage f", make)
    get = f"select get_ddl('{kind.replace(' ', '_')}', 'n') as d"
    text = ask(pond, get)[0]["D"]
    ask(pond, text)
    assert ask(pond, get)[0]["D"] == text
    assert text in ask(pond, "select get_ddl('schema', 'public') as d")[0]["D"]
