"""SWAP, RENAME and the readers meanwhile."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from snowdome.pytest_plugin import Snowdome

READERS = 8
SWAPS = 200


def prepare(cursor: Any, name: str, value: int) -> None:
    cursor.execute(f"create database {name}")
    cursor.execute(f"create table {name}.public.a as select {value} as v")
    cursor.execute(f"create table {name}.public.b as select {value} as v")
    cursor.execute(f"create view {name}.public.near as select v from a")
    cursor.execute(f"create view {name}.public.far as select v from live.public.a")


def test_readers_never_see_an_error_or_two_databases_at_once(snowdome: Snowdome) -> None:
    """While two databases are swapped 200 times, 8 readers of two tables and a view get one state, and no error."""
    admin = snowdome.connect().cursor()
    admin.execute("create warehouse wh")
    prepare(admin, "live", 1)
    prepare(admin, "candidate", 2)
    done = threading.Event()
    seen: list[tuple[Any, ...]] = []
    problems: list[BaseException] = []

    def read() -> None:
        try:
            cursor = snowdome.connect(database="live", schema="public", warehouse="wh").cursor()
            while not done.is_set():
                seen.extend(cursor.execute("select a.v, b.v, n.v from a, live.public.b, near n").fetchall())
        except Exception as problem:  # noqa: BLE001 (whatever a reader meets is what this test is about)
            problems.append(problem)

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for _ in range(SWAPS):
        admin.execute("alter database live swap with candidate")
    done.set()
    for reader in readers:
        reader.join(60)
    assert problems == []
    assert len(seen) >= READERS
    assert set(seen) == {(1, 1, 1), (2, 2, 2)}


def test_everything_but_the_name_stays_with_the_database(snowdome: Snowdome) -> None:
    """Comment, owner, tags and grants do not follow the name in a swap."""
    cursor = snowdome.connect().cursor()
    cursor.execute("create role reader")
    cursor.execute("create database one comment = 'first'")
    cursor.execute("grant usage on database one to role reader")
    cursor.execute("create database two comment = 'second'")
    cursor.execute("alter database one swap with two")
    found = {row[1]: row[6] for row in cursor.execute("show databases").fetchall()}
    assert (found["ONE"], found["TWO"]) == ("second", "first")
    grantees = [row[5] for row in cursor.execute("show grants on database two").fetchall()]
    assert "READER" in grantees
    assert "READER" not in [row[5] for row in cursor.execute("show grants on database one").fetchall()]


def test_a_view_reads_what_bears_the_name_now(snowdome: Snowdome) -> None:
    """After a swap a view with a short name reads its own database, one with a three-part name the other."""
    cursor = snowdome.connect().cursor()
    cursor.execute("create warehouse wh")
    prepare(cursor, "live", 1)
    prepare(cursor, "candidate", 2)
    cursor.execute("alter database live swap with candidate")
    assert cursor.execute("select v from live.public.near").fetchall() == [(2,)]
    assert cursor.execute("select v from candidate.public.near").fetchall() == [(1,)]
    assert cursor.execute("select v from candidate.public.far").fetchall() == [(2,)]
    text = "select view_definition from candidate.information_schema.views where table_name = 'FAR'"
    [(definition,)] = cursor.execute(text).fetchall()
    assert "live.public.a" in definition


def test_schemas_and_tables_swap_too(snowdome: Snowdome) -> None:
    """ALTER SCHEMA and ALTER TABLE SWAP WITH exchange the names of schemas and tables."""
    cursor = snowdome.connect().cursor()
    cursor.execute("create warehouse wh")
    cursor.execute("create database d")
    for schema, value in (("s1", 1), ("s2", 2)):
        cursor.execute(f"create schema d.{schema}")
        cursor.execute(f"create table d.{schema}.t as select {value} as v")
    cursor.execute("alter schema d.s1 swap with d.s2")
    assert cursor.execute("select v from d.s1.t").fetchall() == [(2,)]
    cursor.execute("alter table d.s1.t swap with d.s2.t")
    assert cursor.execute("select v from d.s1.t").fetchall() == [(1,)]


def test_only_an_owner_of_both_may_swap(snowdome: Snowdome) -> None:
    """A role that owns one of the two databases is refused, and nothing is exchanged."""
    admin = snowdome.connect().cursor()
    admin.execute("create role worker")
    admin.execute("grant role worker to user admin")
    admin.execute("grant create database on account to role worker")
    admin.execute("create database theirs comment = 'theirs'")
    admin.execute("grant usage on database theirs to role worker")
    worker = snowdome.connect(role="worker").cursor()
    worker.execute("create database mine")
    with pytest.raises(ProgrammingError, match="Insufficient privileges") as refusal:
        worker.execute("alter database mine swap with theirs")
    assert refusal.value.errno == 3001
    found = {row[1]: row[6] for row in admin.execute("show databases").fetchall()}
    assert found["THEIRS"] == "theirs"


def test_rename_keeps_the_identity(snowdome: Snowdome) -> None:
    """RENAME changes the name alone: created_on stays, and the old name is free."""
    cursor = snowdome.connect().cursor()
    cursor.execute("create database before")
    [created] = [row[0] for row in cursor.execute("show databases like 'before'").fetchall()]
    cursor.execute("alter database before rename to after")
    assert [row[0] for row in cursor.execute("show databases like 'after'").fetchall()] == [created]
    assert cursor.execute("show databases like 'before'").fetchall() == []
    cursor.execute("create database before")
