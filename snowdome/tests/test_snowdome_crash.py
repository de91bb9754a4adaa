"""A client that dies frees what its session held."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from snowdome.pytest_plugin import Snowdome

CLIENT = """
import sys, snowflake.connector
connection = snowflake.connector.connect(account="snowdome", user="ADMIN", password="snowdome", host="127.0.0.1",
    port=int(sys.argv[1]), protocol="http", database="D", schema="PUBLIC", warehouse="WH")
cursor = connection.cursor()
for statement in sys.argv[2:-1]:
    cursor.execute(statement)
print(connection.session_id, flush=True)
cursor.execute(sys.argv[-1])
print("done", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def cursor(snowdome: Snowdome) -> Any:
    """An administrator with a warehouse and a table."""
    found = snowdome.connect().cursor()
    for statement in (
        "create warehouse wh",
        "create database d",
        "create table t as select 1 as id",
        "use schema d.public",
    ):
        found.execute(statement)
    return found


@contextmanager
def client(snowdome: Snowdome, *statements: str) -> Iterator[subprocess.Popen[str]]:
    """A client in a process of its own that has carried out all but the last of the statements, and begun that one."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(snowdome.port), *statements],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip().isdigit()
        yield process
    finally:
        process.kill()
        process.communicate()


def test_locks_and_transactions_of_a_dead_client_are_free(snowdome: Snowdome, cursor: Any) -> None:
    """Who waits for a table that a killed client had changed gets it; the client's change is undone."""
    before = ("create temporary table mine (x int)", "begin", "update t set id = 5")
    with client(snowdome, *before, "select 1") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        waiting = threading.Thread(target=cursor.execute, args=("update t set id = id + 1",))
        waiting.start()
        process.kill()
        waiting.join(60)
        assert not waiting.is_alive()
    assert cursor.execute("select id from t").fetchall() == [(2,)]


def test_what_a_dead_client_ran_is_cancelled(snowdome: Snowdome, cursor: Any) -> None:
    """A statement that was running when its client was killed ends, without effect, and frees its lock."""
    snowdome.clock(speed=0)  # so that a statement that has to last, lasts
    snowdome.fault("^update t", do="delay", seconds=3600)
    with client(snowdome, "select 1", "update t set id = 5") as process:
        while not any(s["text"].startswith("update t") for s in snowdome.statements()):
            pass
        process.kill()
        cursor.execute("update t set id = id + 1")
    [ended] = [s for s in snowdome.statements() if s["text"] == "update t set id = 5"]
    assert ended["errno"] == 604
    assert cursor.execute("select id from t").fetchall() == [(2,)]


def test_a_cut_connection_costs_no_session(snowdome: Snowdome, cursor: Any) -> None:
    """After a connection that was cut from this side the session goes on, its transaction with it."""
    cursor.execute("begin")
    cursor.execute("insert into t values (2)")
    snowdome.fault("^select 17", do="drop")
    assert cursor.execute("select 17").fetchall() == [(17,)]  # asked again by the connector
    cursor.execute("commit")
    assert cursor.execute("select count(*) from t").fetchall() == [(2,)]


def test_a_closed_session_leaves_nothing_behind(snowdome: Snowdome, cursor: Any) -> None:
    """After a client has closed, its open transaction is undone and others can change its tables."""
    other = snowdome.connect(database="d", schema="public", warehouse="wh")
    other.cursor().execute("begin")
    other.cursor().execute("delete from t")
    other.close()
    cursor.execute("update t set id = id + 1")
    assert cursor.execute("select id from t").fetchall() == [(2,)]
