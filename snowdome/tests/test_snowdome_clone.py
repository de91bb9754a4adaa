"""CLONE, DROP and UNDROP."""

from __future__ import annotations

import time
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from snowdome.pytest_plugin import Snowdome


@pytest.fixture
def cursor(snowdome: Snowdome) -> Any:
    """An administrator with a warehouse."""
    found = snowdome.connect().cursor()
    found.execute("create warehouse wh")
    return found


def grantees(cursor: Any, on: str) -> set[tuple[str, str]]:
    return {(row[1], row[5]) for row in cursor.execute(f"show grants on {on}").fetchall()}


def test_a_clone_and_its_source_part_at_the_first_change(cursor: Any) -> None:
    """Rows of both are equal after the clone; a change of either is not seen in the other."""
    cursor.execute("create database source")
    cursor.execute("create table t as select 1 as id union all select 2")
    cursor.execute("create database copy clone source")
    cursor.execute("insert into copy.public.t values (3)")
    cursor.execute("delete from source.public.t where id = 1")
    assert cursor.execute("select id from copy.public.t order by id").fetchall() == [(1,), (2,), (3,)]
    assert cursor.execute("select id from source.public.t order by id").fetchall() == [(2,)]
    cursor.execute("truncate table source.public.t")
    cursor.execute("alter table copy.public.t add column more varchar")
    assert cursor.execute("select count(*) from source.public.t").fetchall() == [(0,)]
    assert len(cursor.execute("select * from source.public.t").description) == 1


def test_what_a_transaction_has_not_committed_is_not_cloned(snowdome: Snowdome, cursor: Any) -> None:
    """A clone made while another session writes holds what was committed, and the writer loses nothing."""
    cursor.execute("create database source")
    cursor.execute("create table t (id int)")
    writer = snowdome.connect(database="source", schema="public", warehouse="wh").cursor()
    writer.execute("begin")
    writer.execute("insert into t values (1)")
    cursor.execute("create database copy clone source")
    writer.execute("insert into t values (2)")
    writer.execute("commit")
    assert cursor.execute("select count(*) from copy.public.t").fetchall() == [(0,)]
    assert cursor.execute("select count(*) from source.public.t").fetchall() == [(2,)]


def test_which_grants_a_clone_keeps(cursor: Any) -> None:
    """Grants on children and future grants are cloned, those on the database itself are not."""
    cursor.execute("create role reader")
    cursor.execute("create database source")
    cursor.execute("create table t (id int)")
    cursor.execute("grant usage on database source to role reader")
    cursor.execute("grant usage on schema source.public to role reader")
    cursor.execute("grant select on table source.public.t to role reader")
    cursor.execute("grant select on future tables in schema source.public to role reader")
    cursor.execute("create database copy clone source")
    assert ("USAGE", "READER") not in grantees(cursor, "database copy")
    assert ("USAGE", "READER") in grantees(cursor, "schema copy.public")
    assert ("SELECT", "READER") in grantees(cursor, "table copy.public.t")
    cursor.execute("create table copy.public.later (id int)")
    assert ("SELECT", "READER") in grantees(cursor, "table copy.public.later")


def test_an_under_privileged_role_gets_a_partial_clone(snowdome: Snowdome, cursor: Any) -> None:
    """What the cloning role may not read is silently left out."""
    cursor.execute("create role worker")
    cursor.execute("grant role worker to user admin")
    cursor.execute("grant create database on account to role worker")
    cursor.execute("create database source")
    cursor.execute("create table seen (id int)")
    cursor.execute("create table unseen (id int)")
    cursor.execute("grant usage on database source to role worker")
    cursor.execute("grant usage on schema source.public to role worker")
    cursor.execute("grant select on table source.public.seen to role worker")
    worker = snowdome.connect(role="worker").cursor()
    worker.execute("create database copy clone source")
    names = [row[1] for row in worker.execute("show tables in schema copy.public").fetchall()]
    assert names == ["SEEN"]


def test_cloning_does_not_depend_on_the_number_of_rows(cursor: Any) -> None:
    """A database of 30 tables is cloned in well under a second or two."""
    cursor.execute("create database source")
    for number in range(30):
        cursor.execute(f"create table t{number} as select seq as id from (select unnest(range(10000)) as seq)")
    started = time.perf_counter()
    cursor.execute("create database copy clone source")
    assert time.perf_counter() - started < 2
    assert cursor.execute("select count(*) from copy.public.t29").fetchall() == [(10000,)]


def test_dropped_versions_stack_up(cursor: Any) -> None:
    """UNDROP gives back the latest dropped of a name, and after a rename the one before it."""
    cursor.execute("create database d")
    for version in (1, 2):
        cursor.execute(f"create table d.public.t as select {version} as v")
        cursor.execute("drop table d.public.t")
    cursor.execute("undrop table d.public.t")
    assert cursor.execute("select v from d.public.t").fetchall() == [(2,)]
    with pytest.raises(ProgrammingError) as taken:
        cursor.execute("undrop table d.public.t")
    assert taken.value.errno == 2002
    cursor.execute("alter table d.public.t rename to d.public.second")
    cursor.execute("undrop table d.public.t")
    assert cursor.execute("select v from d.public.t").fetchall() == [(1,)]


def test_undrop_ends_with_the_retention(snowdome: Snowdome, cursor: Any) -> None:
    """A dropped database comes back within its retention by the account's clock, and not after."""
    cursor.execute("create database d")
    cursor.execute("create table d.public.t as select 1 as v")
    cursor.execute("drop database d")
    assert cursor.execute("show databases like 'd'").fetchall() == []
    assert len(cursor.execute("show databases history like 'd'").fetchall()) == 1
    cursor.execute("undrop database d")
    assert cursor.execute("select v from d.public.t").fetchall() == [(1,)]
    cursor.execute("drop database d")
    snowdome.clock(advance_seconds=86_400 + 60)
    with pytest.raises(ProgrammingError, match="purged"):
        cursor.execute("undrop database d")


def test_a_table_clone_takes_grants_only_with_copy_grants(cursor: Any) -> None:
    """CREATE TABLE … CLONE starts without the source's grants unless COPY GRANTS is given."""
    cursor.execute("create role reader")
    cursor.execute("create database d")
    cursor.execute("create table t as select 1 as v")
    cursor.execute("grant select on table t to role reader")
    cursor.execute("create table plain clone t")
    cursor.execute("create table kept clone t copy grants")
    assert ("SELECT", "READER") not in grantees(cursor, "table plain")
    assert ("SELECT", "READER") in grantees(cursor, "table kept")


def test_a_transient_table_is_no_source_of_a_permanent_one(cursor: Any) -> None:
    """Cloning a transient table into a permanent one is refused."""
    cursor.execute("create database d")
    cursor.execute("create transient table t as select 1 as v")
    with pytest.raises(ProgrammingError, match="Transient"):
        cursor.execute("create table p clone t")
    cursor.execute("create transient table q clone t")
