"""`kill -9` at any statement: after the restart the account is as before the statement or as after it, whole."""

from __future__ import annotations

import datetime as dt
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import DictCursor
from snowflake.connector.errors import Error

from snowdome.pytest_plugin import Snowdome

NOW = "2030-01-01T00:00:00+00:00"
LISTINGS = (
    "databases history",
    "schemas history in account",
    "tables history in account",
    "views in account",
    "columns in account",
    "roles",
    "users",
    "warehouses",
    "resource monitors",
    "tags in account",
    "sequences in account",
    "stages in account",
    "file formats in account",
    "masking policies in account",
    "network policies",
    "session policies in account",
    "tasks in account",
    "streams in account",
    "dynamic tables in account",
    "pipes in account",
    "parameters in account",
    "primary keys in account",
    "grants on account",
)
NOT_COMPARED = ("is_default", "is_current", "last_success_login", "uuid")
"""Columns that tell of who asks, of the asking itself, or count the account's ids."""

STEP = 1 if os.environ.get("SLUICE_EVERY_FAULT") else 4
"""A death before and one after within so many statements; with the variable set, at each."""

SCRIPTS = {
    "databases": (
        "create database a comment = 'first' data_retention_time_in_days = 2",
        "create table a.public.t as select column1 as id from values (1), (2)",
        "create view a.public.v as select id from a.public.t",
        "create schema a.extra with managed access",
        "create database b clone a",
        "insert into b.public.t values (3)",
        "alter database a swap with b",
        "alter database b rename to c",
        "alter schema a.public swap with a.extra",
        "alter database a set comment = 'second'",
        "drop schema a.extra",
        "undrop schema a.extra",
        "drop database c",
        "undrop database c",
        "create or replace database c clone a",
        "create or alter schema c.public data_retention_time_in_days = 3",
    ),
    "tables": (
        "create table s.t (id int not null default 7 comment 'key', n varchar(10), primary key (id))",
        "insert into s.t values (1, 'a'), (2, 'b')",
        "create table s.u clone s.t",
        "update s.u set n = 'c' where id = 1",
        "merge into s.u using s.t on u.id = t.id when matched then delete",
        "insert overwrite into s.u values (4, 'd')",
        "alter table s.t add column more int default 5",
        "alter table s.t rename column more to most",
        "alter table s.t drop column most",
        "alter table s.t alter column n set data type varchar(20)",
        "begin; insert into s.t values (8, 'x'); delete from s.u; update s.t set n = 'y' where id = 8; commit",
        "alter table s.t swap with s.u",
        "alter table s.u rename to s.w",
        "create or replace table s.w as select 1 as x",
        "truncate table s.t",
        "drop table s.t",
        "undrop table s.t",
        "create sequence s.q start 5",
        "create transient table s.z (id int default s.q.nextval, n int autoincrement)",
        "insert into s.z (id) values (1), (2)",
        "comment on table s.z is 'said'",
        "alter table s.z cluster by (id)",
        "create or replace view s.v (one) as select id from s.z",
    ),
    "access": (
        "create role reader comment = 'reads'",
        "create user kim password = 'secret-123' default_role = reader type = person",
        "grant role reader to user kim",
        "create database role d.inner",
        "grant usage on database d to role reader",
        "grant database role d.inner to role reader",
        "create table s.t as select 1 as id",
        "grant select on table s.t to role reader with grant option",
        "grant select on future tables in schema s to role reader",
        "create table s.u as select 2 as id",
        "grant select on all tables in schema s to database role d.inner",
        "grant create database on account to role reader",
        "grant ownership on table s.u to role reader copy current grants",
        "revoke select on table s.t from role reader cascade",
        "alter user kim set default_warehouse = 'WH', disabled = true",
        "alter role reader rename to lector",
        "drop user kim",
        "drop role lector",
    ),
    "account": (
        "create warehouse w warehouse_size = small auto_suspend = 60 initially_suspended = true",
        "alter warehouse w set warehouse_size = large max_cluster_count = 3 comment = 'big'",
        "alter warehouse w resume",
        "alter warehouse w suspend",
        "create resource monitor m with credit_quota = 10 triggers on 90 percent do suspend",
        "alter warehouse w set resource_monitor = m",
        "alter resource monitor m set credit_quota = 20",
        "create tag s.cost allowed_values 'a', 'b'",
        "alter warehouse w set tag s.cost = 'a'",
        "create table s.t (id int, n varchar)",
        "alter table s.t modify column n set tag s.cost = 'b'",
        "create masking policy s.hide as (v varchar) returns varchar -> '***'",
        "alter table s.t modify column n set masking policy s.hide",
        "create network policy near allowed_ip_list = ('127.0.0.1')",
        "create stage s.files",
        "create file format s.f type = csv skip_header = 1",
        "alter account set statement_timeout_in_seconds = 100",
        "create task s.job warehouse = w schedule = '5 minute' as insert into d.s.t values (1, 'x')",
        "create stream s.changes on table s.t",
        "drop warehouse w",
        "drop resource monitor m",
    ),
}


def prepared(server: Snowdome) -> Snowdome:
    """The account's clock stands; it has a warehouse that never sleeps, and a database to work in."""
    server.clock(now=NOW, speed=0)
    cursor = server.connect().cursor()
    for statement in ("create warehouse wh auto_suspend = 0", "create database d", "create schema d.s"):
        cursor.execute(statement)
    server.disconnect()
    return server


def execute(server: Snowdome, statement: str, **options: Any) -> None:
    """The statement, or the statements, have been carried out in a session of their own."""
    connection = server.connect(warehouse="WH", database="D", schema="S")
    connection.cursor().execute(statement, num_statements=0, **options)
    server.disconnect()


def dump(server: Snowdome) -> dict[str, list[str]]:
    """Everything the account shows: its objects, their grants and tags, and all rows."""
    connection = server.connect(warehouse="WH")
    found: dict[str, list[str]] = {}

    def ask(statement: str) -> list[dict[str, Any]]:
        with connection.cursor(DictCursor) as cursor:
            try:
                cursor.execute(statement)
            except Error as refused:  # what a role outside of the hierarchy owns is nobody else's to read
                found[statement] = [f"refused with {refused.errno}"]
                return []
            rows = [{k: reported(v) for k, v in row.items() if k not in NOT_COMPARED} for row in cursor.fetchall()]
        found[statement] = sorted(map(repr, rows))
        return rows

    shown = {listing: ask(f"show {listing}") for listing in LISTINGS}
    for role in shown["roles"]:
        ask(f'show grants to role "{role["name"]}"')
    for user in shown["users"]:
        ask(f'show grants to user "{user["name"]}"')
    for database in [row["name"] for row in shown["databases history"] if row["dropped_on"] is None]:
        if database == "SNOWFLAKE":
            continue
        ask(f'show database roles in database "{database}"')
        ask(f'show future grants in database "{database}"')
        ask(f'select table_schema, table_name, row_count, last_altered from "{database}".information_schema.tables')
    for row in shown["tables history in account"]:
        name = f'"{row["database_name"]}"."{row["schema_name"]}"."{row["name"]}"'
        if row["dropped_on"] is None and row["database_name"] != "SNOWFLAKE":
            ask(f"select * from {name}")
            ask(f"show grants on table {name}")
    server.disconnect()
    return found


def reported(value: Any) -> Any:
    """The value; moments of the account's own beginning, before its clock was set, are all the same."""
    return (
        "the beginning"
        if isinstance(value, dt.datetime) and value.year < dt.datetime.fromisoformat(NOW).year
        else value
    )


def differences(one: dict[str, list[str]], other: dict[str, list[str]]) -> list[Any]:
    """Where two dumps differ."""
    return [(key, one.get(key), other.get(key)) for key in {**one, **other} if one.get(key) != other.get(key)]


def die(server: Snowdome, statement: str, when: str) -> None:
    """The server has died at the statement, and runs again."""
    server.fault(".", do="exit", when=when)
    with pytest.raises((Error, OSError)):
        execute(server, statement, _no_retry=True)
    assert server.wait() != 0
    server.disconnect()
    server.start()


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_death_at_any_statement_leaves_the_account_whole(
    snowdomes: Callable[..., Snowdome], tmp_path: Path, kind: str
) -> None:
    """A server that dies before a statement comes back as an account that never saw it; after it, as one that did."""
    mortal, spared = prepared(snowdomes(tmp_path / "account")), prepared(snowdomes())
    for number, statement in enumerate(SCRIPTS[kind]):
        if number % STEP == 0:  # a death before the statement is one after the last
            state = dump(spared)
            die(mortal, statement, "before")
            assert differences(dump(mortal), state) == [], statement
        execute(spared, statement)
        if number % STEP == STEP // 2:
            die(mortal, statement, "after")
            assert differences(dump(mortal), dump(spared)) == [], statement
        else:
            execute(mortal, statement)


def test_a_kill_in_the_middle_leaves_what_was_acknowledged(snowdome_on_disk: Snowdome) -> None:
    """However a killed server's commits were interrupted, each transaction is there or not: both its tables agree."""
    server = snowdome_on_disk
    cursor = server.connect().cursor()
    for statement in (
        "create warehouse wh",
        "create database d",
        "create table one (n int)",
        "create table two (n int)",
    ):
        cursor.execute(statement)
    chance = random.Random(9)  # noqa: S311 (when to kill)
    for round_ in range(5):
        cursor = server.connect(warehouse="WH", database="D", schema="PUBLIC").cursor()
        cursor.execute("create or replace table twin clone one")  # the next change gives `one` rows of its own
        killer = threading.Timer(chance.uniform(0.1, 1.5), server.kill)
        killer.start()
        acknowledged = insert_until_dead(cursor, 1000 * round_)
        killer.join()
        server.disconnect()
        server.start()
        cursor = server.connect(warehouse="WH", database="D", schema="PUBLIC").cursor()
        [(one, two, top)] = cursor.execute(
            "select (select listagg(n, ',') within group (order by n) from one), "
            "(select listagg(n, ',') within group (order by n) from two), (select max(n) from one)"
        ).fetchall()
        assert one == two
        assert acknowledged is None or top >= acknowledged


def insert_until_dead(cursor: Any, first: int) -> int | None:
    """The last number that the server said it had put into both tables."""
    acknowledged = None
    for number in range(first, first + 1000):
        try:
            for statement in ("begin", f"insert into two values ({number})", f"insert into one values ({number})"):
                cursor.execute(statement, _no_retry=True)
            cursor.execute("commit", _no_retry=True)
        except (Error, OSError):
            break
        acknowledged = number
    return acknowledged
