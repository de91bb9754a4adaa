"""Snapshots of a whole account: taken, restored, and what becomes of the rest."""

from __future__ import annotations

import json
import threading
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector.errors import Error

from snowdome.pytest_plugin import Snowdome

Ask = Callable[..., list[dict[str, Any]]]
PREPARED = (
    "create warehouse wh warehouse_size = small",
    "create database d",
    "create table t (id int autoincrement, name varchar not null)",
    "insert into t (name) values ('a'), ('b'), ('c')",
    "delete from t where name = 'b'",
    "create sequence numbers start 7 increment 2",
    "create table counted (id int default numbers.nextval, name varchar)",
    "insert into counted (name) values ('x')",
    "create view v as select name from t",
    "create table twin clone t",
    "create role reader",
    "grant usage on database d to role reader",
    "grant usage on schema d.public to role reader",
    "grant select on table d.public.t to role reader",
    "create user carl password = 'a long password' default_role = reader",
    "grant role reader to user carl",
    "create stage files",
)


@pytest.fixture
def admin(snowdome: Snowdome, ask: Ask) -> Any:
    """An administrator on an account with a bit of everything."""
    connection = snowdome.connect()
    ask(connection, *PREPARED)
    return connection


def again(snowdome: Snowdome) -> Any:
    """Return a new session of the administrator's, where the prepared objects are."""
    return snowdome.connect(database="D", schema="PUBLIC", warehouse="WH")


def names(ask: Ask, connection: Any, table: str = "t") -> list[str]:
    """Return what the table holds."""
    return [row["NAME"] for row in ask(connection, f"select name from {table} order by name")]


def test_what_was_there_is_back_and_what_came_later_is_gone(snowdome: Snowdome, admin: Any, ask: Ask) -> None:
    """Rows, clones, views, objects, settings: as they were; twice, from the same snapshot."""
    snapshot = snowdome.snapshot()
    for round_ in ("first", "second"):
        connection = admin if round_ == "first" else again(snowdome)
        ask(
            connection,
            "insert into t (name) values ('later')",
            "drop table twin",
            "create table newer (id int)",
            "alter warehouse wh set warehouse_size = large",
            "create database other",
        )
        snowdome.restore(snapshot)
        connection = again(snowdome)
        assert names(ask, connection) == names(ask, connection, "twin") == names(ask, connection, "v") == ["a", "c"]
        assert [row["name"] for row in ask(connection, "show tables in schema d.public")] == ["COUNTED", "T", "TWIN"]
        assert [row["size"] for row in ask(connection, "show warehouses")] == ["Small"]
        assert [row["name"] for row in ask(connection, "show databases")] == ["D", "SNOWFLAKE"]
        snowdome.disconnect()


def test_numbers_go_on_where_they_were(snowdome: Snowdome, admin: Any, ask: Ask) -> None:
    """Sequences, autoincrement columns and the ids of objects give after a restore what they would have given then."""

    def following(connection: Any) -> tuple[Any, ...]:
        ask(connection, "insert into t (name) values ('d')", "insert into counted (name) values ('y')")
        ask(connection, "create database made", "use schema d.public")
        snowdome.clock(advance_seconds=4 * 3600)
        (made,) = ask(
            connection, "select database_id as id from snowflake.account_usage.databases where database_name = 'MADE'"
        )
        (listed,) = ask(connection, "show sequences")
        return (
            ask(connection, "select max(id) as id from t")[0]["ID"],
            ask(connection, "select max(id) as id from counted")[0]["ID"],
            made["ID"],
            listed["next_value"],
        )

    snapshot = snowdome.snapshot()
    first = following(admin)
    snowdome.restore(snapshot)
    assert following(again(snowdome)) == first
    assert first[:2] == (4, 9)


def test_who_may_what_is_as_it_was(snowdome: Snowdome, admin: Any, ask: Ask, refused: Callable[..., int]) -> None:
    """A grant that was revoked is there again, one that was given later is not; a password is the earlier one."""
    snapshot = snowdome.snapshot()
    ask(
        admin,
        "revoke select on table d.public.t from role reader",
        "grant select on table d.public.twin to role reader",
        "alter user carl set password = 'quite another one'",
    )
    snowdome.restore(snapshot)
    ask(again(snowdome), "grant usage on warehouse wh to role reader")
    carl = snowdome.connect(user="CARL", password="a long password", database="D", schema="PUBLIC", warehouse="WH")
    assert names(ask, carl) == ["a", "c"]
    assert refused(carl, "select name from twin") == 2003


def test_a_driven_clock_shows_what_it_showed(snowdome: Snowdome, admin: Any, ask: Ask) -> None:
    """Time goes on from the moment of the snapshot, and what falls due after it happens again."""
    snowdome.clock(speed=0)
    ask(admin, "create or replace table t2 (id int)", "alter warehouse wh set auto_suspend = 60")
    ask(admin, "alter warehouse wh resume if suspended")
    snapshot, before = snowdome.snapshot(), snowdome.clock()
    for _ in range(2):
        snowdome.clock(advance_seconds=3600)
        assert [row["state"] for row in ask(again(snowdome), "show warehouses")] == ["SUSPENDED"]
        snowdome.restore(snapshot)
        assert snowdome.clock() == before
        assert [row["state"] for row in ask(again(snowdome), "show warehouses")] == ["STARTED"]


def test_a_clock_that_was_not_driven_is_not_afterwards(snowdome: Snowdome, snowdomes: Any) -> None:
    """An account on this machine's time is on it again, whatever was done to its clock."""
    today = snowdomes()
    snapshot = today.snapshot()
    today.clock(advance_seconds=1_000_000)
    today.restore(snapshot)
    assert not today.control("clock")["driven"]


def test_usage_is_as_it_was(snowdome: Snowdome, admin: Any, ask: Ask) -> None:
    """The history of statements and of warehouses has what it had, and nothing of what was undone."""
    ask(admin, "select name, 'marked' from t")
    snapshot = snowdome.snapshot()
    metered = snowdome.control("metering")["segments"]
    ask(admin, "select name, 'undone' from t", "create warehouse another", "select 1")
    snowdome.restore(snapshot)
    kept = snowdome.control("metering")["segments"]
    assert metered
    assert [(one["id"], one["name"], one["started"]) for one in kept] == [
        (one["id"], one["name"], one["started"]) for one in metered
    ]
    snowdome.clock(advance_seconds=4 * 3600)
    found = ask(
        again(snowdome),
        "select query_text as text from snowflake.account_usage.query_history where query_text ilike 'select name, %'",
    )
    assert [row["TEXT"] for row in found] == ["select name, 'marked' from t"]
    texts = [one["text"] for one in snowdome.statements()]
    assert "select name, 'marked' from t" in texts
    assert "select name, 'undone' from t" not in texts


def test_the_past_is_as_it_was(snowdome: Snowdome, admin: Any, ask: Ask) -> None:
    """Time Travel by moment and by statement reads what it read, and what was dropped before can come back."""
    before = snowdome.clock()
    snowdome.clock(advance_seconds=60)
    with admin.cursor() as cursor:
        cursor.execute("insert into t (name) values ('late')")
        statement = cursor.sfqid
    ask(admin, "drop table twin")
    snapshot = snowdome.snapshot()
    ask(admin, "truncate table t")
    snowdome.restore(snapshot)
    connection = again(snowdome)
    assert names(ask, connection) == ["a", "c", "late"]
    assert names(ask, connection, f"t at(timestamp => '{before}'::timestamp_tz)") == ["a", "c"]
    assert names(ask, connection, f"t before(statement => '{statement}')") == ["a", "c"]
    ask(connection, "undrop table twin")
    assert names(ask, connection, "twin") == ["a", "c"]


def test_stages_hold_the_files_they_held(snowdome: Snowdome, admin: Any, ask: Ask, tmp_path: Path) -> None:
    """A file that was removed is there, one that came later is not."""
    for name in ("kept.csv", "later.csv"):
        (tmp_path / name).write_text("1,x\n")
    ask(admin, f"put file://{tmp_path}/kept.csv @files auto_compress = false")
    snapshot = snowdome.snapshot()
    ask(admin, f"put file://{tmp_path}/later.csv @files auto_compress = false", "remove @files/kept.csv")
    for _ in range(2):
        snowdome.restore(snapshot)
        connection = again(snowdome)
        assert [row["name"] for row in ask(connection, "list @files")] == ["files/kept.csv"]
        ask(connection, "copy into t (id, name) from @files file_format = (type = csv)", "remove @files")
        assert "x" in names(ask, connection)


def test_sessions_end(snowdome: Snowdome, admin: Any, ask: Ask) -> None:
    """A session that was open is refused, and what it had not committed is in no account."""
    ask(admin, "begin", "insert into t (name) values ('open')")
    snapshot = snowdome.snapshot()
    ask(admin, "insert into t (name) values ('open too')")
    snowdome.control("restore", {"id": snapshot}, "POST")
    with pytest.raises(Error):
        ask(admin, "commit")
    assert names(ask, again(snowdome)) == ["a", "c"]


def test_no_fault_waits_afterwards(snowdome: Snowdome, admin: Any) -> None:
    """Faults are the test's, not the account's: none is kept, none outlives the restore."""
    snowdome.fault("insert", do="error")
    snapshot = snowdome.snapshot()
    snowdome.fault("insert", do="drop")
    snowdome.restore(snapshot)
    assert snowdome.control("faults")["faults"] == []


def test_while_statements_run(snowdome: Snowdome, admin: Any, ask: Ask) -> None:
    """Snapshots under way of many commits each hold whole commits; a restore ends the statements that run."""
    ask(admin, "create table pair (side int, number int)")
    stopped, problems = threading.Event(), []

    def write(number: int) -> None:
        connection = again(snowdome)
        try:
            while not stopped.is_set():
                ask(
                    connection,
                    "begin",
                    f"insert into pair values (1, {number})",
                    f"insert into pair values (2, {number})",
                )
                ask(connection, "commit")
        except Error as problem:
            problems.append(problem)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    try:
        snapshots = [snowdome.snapshot() for _ in range(5)]
        snowdome.control("restore", {"id": snapshots[0]}, "POST")
    finally:
        stopped.set()
        for writer in writers:
            writer.join()
    snowdome.disconnect()
    before = -1
    for snapshot in snapshots:
        snowdome.restore(snapshot)
        connection = again(snowdome)
        sides = ask(connection, "select side, count(*) as n from pair group by side order by side")
        counts = [row["N"] for row in sides]
        assert len(set(counts)) <= 1, sides
        assert sum(counts) >= before
        before = sum(counts)


def test_an_unknown_one_is_refused(snowdome: Snowdome, admin: Any, ask: Ask) -> None:
    """Nothing is changed by the id of no snapshot; one that was discarded is none."""
    snapshot = snowdome.snapshot()
    snowdome.discard(snapshot)
    for route, method in (("restore", "POST"), ("snapshot", "DELETE")):
        for wrong in (snapshot, "nonsense"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                snowdome.control(route, {"id": wrong}, method)
            assert refused.value.code == 404
            assert wrong in json.load(refused.value)["error"]
    assert names(ask, admin) == ["a", "c"]


def test_a_reset_keeps_snapshots(snowdome: Snowdome, admin: Any, ask: Ask) -> None:
    """An account that was made anew can become again what the one before was."""
    snapshot = snowdome.snapshot()
    snowdome.reset()
    assert ask(snowdome.connect(), "show warehouses") == []
    snowdome.restore(snapshot)
    assert names(ask, again(snowdome)) == ["a", "c"]


def test_an_account_on_disk_has_none(snowdome_on_disk: Snowdome) -> None:
    """Its folder is what can be copied, and the refusal says so."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        snowdome_on_disk.control("snapshot", method="POST")
    assert refused.value.code == 409
    assert "copy its folder" in json.load(refused.value)["error"]
