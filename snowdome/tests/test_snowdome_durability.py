"""What a restart and a kill leave."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import pytest
from snowflake.connector.errors import Error

from snowdome.pytest_plugin import Snowdome


def rows(server: Snowdome, sql: str) -> list[Any]:
    found: list[Any] = server.connect(warehouse="wh").cursor().execute(sql).fetchall()
    return found


def test_a_restart_keeps_the_account(snowdome_on_disk: Snowdome) -> None:
    """Rows, views, grants, warehouses, sequences, names and dropped versions are as before after a restart."""
    cursor = snowdome_on_disk.connect().cursor()
    for statement in (
        "create warehouse wh warehouse_size = small",
        "create role reader",
        "create database d comment = 'kept'",
        "create sequence s start 5",
        "create table t (id int default s.nextval, n varchar)",
        "insert into t (n) values ('a'), ('b')",
        "create view v as select n from t",
        "grant select on view v to role reader",
        "create database e clone d",
        "insert into e.public.t (n) values ('c')",
        "alter database d swap with e",
        "create table d.public.gone as select 1 as x",
        "drop table d.public.gone",
    ):
        cursor.execute(statement)
    assert snowdome_on_disk.stop() == 0
    snowdome_on_disk.start()
    assert rows(snowdome_on_disk, "select id, n from d.public.t order by n") == [(5, "a"), (6, "b"), (7, "c")]
    assert rows(snowdome_on_disk, "select count(*) from e.public.v") == [(2,)]
    assert [row[5] for row in rows(snowdome_on_disk, "show grants on view d.public.v")][-1] == "READER"
    assert [row[6] for row in rows(snowdome_on_disk, "show databases like 'e'")] == ["kept"]
    rows(snowdome_on_disk, "undrop table d.public.gone")
    assert rows(snowdome_on_disk, "select x from d.public.gone") == [(1,)]


def test_kill_leaves_what_was_committed(snowdome_on_disk: Snowdome) -> None:
    """After kill -9 committed rows are there, an open transaction's are not, and the session's tables are gone."""
    cursor = snowdome_on_disk.connect().cursor()
    cursor.execute("create warehouse wh")
    cursor.execute("create database d")
    cursor.execute("create table t (id int)")
    cursor.execute("insert into t values (1)")
    cursor.execute("create temporary table mine as select 1 as x")
    cursor.execute("create database copy clone d")
    cursor.execute("begin")
    cursor.execute("insert into d.public.t values (2)")
    cursor.execute("insert into copy.public.t values (3)")
    snowdome_on_disk.kill()
    snowdome_on_disk.start()
    assert rows(snowdome_on_disk, "select id from d.public.t") == [(1,)]
    assert rows(snowdome_on_disk, "select id from copy.public.t") == [(1,)]
    assert [row[1] for row in rows(snowdome_on_disk, "show tables in schema d.public")] == ["T"]


PREPARED = (
    "create warehouse wh",
    "create database d",
    "create table d.public.t (id int)",
    "insert into d.public.t values (1)",
)
DEADLY = (
    "create database c clone d",
    "insert into c.public.t values (2)",
    "alter database d swap with c",
    "create or replace table d.public.t as select * from d.public.t where id > 1",
)


def state(server: Snowdome) -> list[Any]:
    found: list[Any] = []
    for database in ("D", "C"):
        for (name,) in rows(server, f"show terse databases like '{database}'") and [(database,)]:
            tables = [row[1] for row in rows(server, f"show tables in database {name}")]
            found.append((name, tables, [rows(server, f"select * from {name}.public.t") for t in tables]))
    return found


def test_a_kill_at_a_statement_leaves_before_or_after(snowdome_on_disk: Snowdome) -> None:
    """A server that dies before a statement comes back as before it; one that dies after it, as after it."""
    server = snowdome_on_disk
    cursor = server.connect().cursor()
    for statement in PREPARED:
        cursor.execute(statement)
    for statement in DEADLY:
        before = state(server)
        die_at(server, statement, "before")
        assert state(server) == before
        die_at(server, statement, "after")
        assert state(server) != before
    assert state(server) == [("D", ["T"], [[(2,)]]), ("C", ["T"], [[(1,)]])]


def die_at(server: Snowdome, statement: str, when: str) -> None:
    """The server has died at the statement and runs again."""
    connection = server.connect(warehouse="wh", login_timeout=60, network_timeout=60)
    server.fault(".", do="exit", when=when)
    with pytest.raises((Error, KeyError, OSError)):
        connection.cursor().execute(statement, _no_retry=True)
    assert server.wait() != 0
    server.disconnect()
    server.start()


def test_a_taken_port_is_said(snowdome: Snowdome) -> None:
    """A second server on the port ends with an error that names the port and what to do."""
    command = [sys.executable, "-m", "snowdome", "serve", "--port", str(snowdome.port), "--memory"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 1
    assert str(snowdome.port) in found.stderr
    assert "taken" in found.stderr


@pytest.mark.parametrize("arguments", [[], ["serve"], ["serve", "--port", "0"], ["serve", "--port", "x", "--memory"]])
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    """Without a command, a port, or a place for the data, nothing is started."""
    command = [sys.executable, "-m", "snowdome", *arguments]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 2
    assert "usage" in found.stderr


def test_a_second_server_on_the_data_is_refused(snowdome_on_disk: Snowdome) -> None:
    """Data that another server has open cannot be opened, and that is what the second one says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "snowdome", "serve", "--port", str(port), "--data", str(snowdome_on_disk.folder)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 1
    assert str(snowdome_on_disk.folder) in found.stderr
