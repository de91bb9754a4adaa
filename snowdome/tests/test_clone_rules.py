"""What a clone leaves out, takes along and refuses; what UNDROP finds; which name means what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

UNSUPPORTED, MISSING, EXISTS = 2, 2003, 2002
TO_PERMANENT, TEMPORARY, HYBRID = 2119, 2120, 391_822
DAY = 86_400


@pytest.fixture
def pond(snowdome: Any, ask: Any) -> Any:
    """A session on a database with a table of one row."""
    session = snowdome.connect()
    ask(session, "create warehouse w", "create database pond", "create table t as select 1 as x")
    return session


def test_which_table_can_be_cloned_to_which(pond: Any, ask: Any, refused: Any) -> None:
    """Temporary to temporary or transient, transient to transient, permanent to all; each with rows of its own."""
    ask(pond, "create temporary table brief as select 7 as x", "create transient table passing as select 8 as x")
    assert refused(pond, "create table a clone brief") == TEMPORARY
    assert refused(pond, "create table a clone passing") == TO_PERMANENT
    ask(pond, "create transient table kept clone brief", "create temporary table own clone brief")
    ask(pond, "create temporary table mine clone t", "create or replace temp table t clone passing")
    ask(pond, "insert into brief values (70)", "insert into mine values (10)", "insert into own values (71)")
    for name, rows in (("kept", [7]), ("own", [7, 71]), ("mine", [1, 10]), ("brief", [7, 70]), ("t", [8])):
        assert [row["X"] for row in ask(pond, f"select x from {name} order by x")] == rows, name
    kinds = {row["name"]: row["kind"] for row in ask(pond, "show tables like 'kept'")}
    assert kinds == {"KEPT": "TRANSIENT"}
    ask(pond, "drop table t")
    assert ask(pond, "select x from t") == [{"X": 1}]


def test_internal_stages_come_along_only_when_told(pond: Any, ask: Any, refused: Any, tmp_path: Path) -> None:
    """A named internal stage is not cloned, or, asked to, with a copy of its files."""
    (tmp_path / "rows.csv").write_text("5\n6\n")
    ask(pond, "create stage files", f"put file://{tmp_path}/rows.csv @files auto_compress = false")
    ask(pond, "create database bare clone pond")
    assert ask(pond, "show stages in database bare") == []
    ask(pond, "create database full clone pond include internal stages")
    ask(pond, "remove @pond.public.files")
    ask(pond, "copy into full.public.t from @full.public.files file_format = (type = csv)")
    assert [row["X"] for row in ask(pond, "select x from full.public.t order by x")] == [1, 5, 6]
    assert refused(pond, "copy into t from @bare.public.files") == MISSING


def test_a_fresh_account_has_no_files_of_the_one_before(snowdome: Any, ask: Any, tmp_path: Path) -> None:
    """An account numbers its stages as the one before it in the same process did: files are not found again."""
    file = tmp_path / "rows.csv"
    file.write_text("5\n")
    found = []
    for _ in range(2):
        session = snowdome.connect()
        ask(session, "create database pond", "create stage files")
        found.append(ask(session, "list @files"))
        ask(session, f"put file://{file} @files auto_compress = false")
        assert len(ask(session, "list @files")) == 1
        snowdome.reset()
    assert found == [[], []]


def test_what_the_role_cannot_have_is_silently_left_out(snowdome: Any, pond: Any, ask: Any) -> None:
    """Tables want SELECT, sequences USAGE, tasks and streams OWNERSHIP: without it the clone lacks them, unsaid."""
    ask(
        pond,
        "create table hidden (x int)",
        "create sequence q",
        "create task job as select 1",
        "create stream s on table t",
        "create role dev",
        "grant usage on database pond to role dev",
        "grant usage on schema pond.public to role dev",
        "grant select on table t to role dev",
        "grant operate on task job to role dev",
        "grant select on stream s to role dev",
        "grant create database on account to role dev",
        "create user ann password = 'p' default_role = dev",
        "grant role dev to user ann",
    )
    ann = snowdome.connect(user="ANN", password="p")
    ask(ann, "create database mine clone pond")
    found = {
        kind: [row["name"] for row in ask(pond, f"show {kind} in database mine")]
        for kind in ("tables", "sequences", "tasks", "streams")
    }
    assert found == {"tables": ["T"], "sequences": [], "tasks": [], "streams": []}


def test_hybrid_tables_and_the_past(pond: Any, ask: Any, refused: Any) -> None:
    """A clone of now leaves hybrid tables out; one of the past has to be asked so."""
    ask(pond, "create hybrid table h (k int primary key)", "create database a clone pond")
    assert [row["name"] for row in ask(pond, "show tables in database a")] == ["T"]
    assert refused(pond, "create database b clone pond at (offset => 0)") == HYBRID
    ask(pond, "create database b clone pond at (offset => 0) ignore hybrid tables")
    assert [row["name"] for row in ask(pond, "show tables in database b")] == ["T"]


def test_dropped_tables_come_back_one_by_one(snowdome: Any, pond: Any, ask: Any, refused: Any) -> None:
    """Dropped versions of a name stack up: the latest comes back first; the name must be free; then time is over."""
    for number in (2, 3):
        ask(pond, "drop table t", f"create table t as select {number} as x")
    ask(pond, "drop table t")
    ask(pond, "undrop table t")
    assert ask(pond, "select x from t") == [{"X": 3}]
    assert refused(pond, "undrop table t") == EXISTS
    ask(pond, "alter table t rename to third", "undrop table t")
    assert ask(pond, "select x from t") == [{"X": 2}]
    ask(pond, "alter table t rename to second")
    snowdome.clock(advance_seconds=DAY + 60)
    assert refused(pond, "undrop table t") == MISSING
    assert ask(pond, "select x from third") == [{"X": 3}]


def test_names_that_differ_in_case(pond: Any, ask: Any) -> None:
    """Unquoted names are folded, quoted ones are not: databases, schemas, tables, views, tasks and streams."""
    ask(pond, 'create table "t" as select 2 as "x"', 'create view "V" as select "x" from "t"')
    ask(pond, 'create view "v" as select x from t', 'create schema "s"', "create schema s", "use schema public")
    assert ask(pond, 'select "x" from "t"') == [{"x": 2}]
    assert ask(pond, "select x from T") == [{"X": 1}]
    assert ask(pond, 'select "x" from v') == [{"x": 2}]
    assert ask(pond, 'select * from "v"') == [{"X": 1}]
    ask(pond, 'create stream "S" on table t', 'create stream "s" on table "t"', 'insert into "t" values (3)')
    assert ask(pond, "select x from s") == []
    assert ask(pond, 'select "x" from "s"') == [{"x": 3}]
    ask(pond, 'create task "job" as select 1', "create task job as select 2", 'drop task "job"')
    assert [row["definition"] for row in ask(pond, "show tasks")] == ["select 2"]
    ask(pond, 'create database "pond" clone pond')
    names = [row["name"] for row in ask(pond, 'show tables in schema "pond".public')]
    assert sorted(names) == ["T", "t"]
    assert len(ask(pond, "show schemas like 's' in database pond")) == 2


def test_a_views_names_are_its_own(pond: Any, ask: Any) -> None:
    """Short names mean the view's schema, two parts its database, three parts whatever bears that name when read."""
    ask(
        pond,
        "create schema reeds",
        "create table reeds.t as select 10 as x",
        "create view reeds.one as select x from t",
        "create view reeds.two as select x from reeds.t",
        "create view reeds.three as select x from pond.reeds.t",
        "create view reeds.here as select current_database() as d",
        "use schema pond.public",
    )
    read = "select (select x from {0}.reeds.one), (select x from {0}.reeds.two), (select x from {0}.reeds.three)"
    ask(pond, "create database green clone pond", "update green.reeds.t set x = 20")
    assert list(ask(pond, read.format("green"))[0].values()) == [20, 20, 10]
    ask(pond, "alter database pond swap with green")
    assert list(ask(pond, read.format("pond"))[0].values()) == [20, 20, 20]
    assert list(ask(pond, read.format("green"))[0].values()) == [10, 10, 20]
    assert ask(pond, "select d from green.reeds.here") == [{"D": "GREEN"}]
    ask(pond, "use schema pond.public", "alter schema green.reeds rename to green.sedge")
    assert ask(pond, "select x from green.sedge.one") == [{"X": 10}]
