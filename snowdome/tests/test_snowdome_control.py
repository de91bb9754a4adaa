"""Clock, faults and the statement log."""

from __future__ import annotations

import urllib.error
from typing import Any

import pytest
from snowflake.connector.errors import Error, ProgrammingError

from snowdome.pytest_plugin import Snowdome


@pytest.fixture
def cursor(snowdome: Snowdome) -> Any:
    """An administrator with a warehouse and a table."""
    found = snowdome.connect(network_timeout=30, login_timeout=60).cursor()
    for statement in ("create warehouse wh", "create database d", "create table t (id int)"):
        found.execute(statement)
    return found


def count(snowdome: Snowdome) -> int:
    found = snowdome.connect(warehouse="wh").cursor().execute("select count(*) from d.public.t").fetchone()
    return int(found[0])


@pytest.mark.parametrize(("when", "rows"), [("before", 0), ("after", 1)])
def test_a_cut_line_loses_the_answer(snowdome: Snowdome, cursor: Any, when: str, rows: int) -> None:
    """A dropped answer reaches the client as an error; the statement took effect only where it was cut after it."""
    snowdome.fault("^insert into t", do="drop", when=when)
    with pytest.raises((Error, KeyError)):
        cursor.execute("insert into t values (1)", _no_retry=True)
    assert count(snowdome) == rows


def test_the_nth_match_gets_the_named_error(snowdome: Snowdome, cursor: Any) -> None:
    """A fault strikes the n-th matching statement, once, with the error it was given."""
    snowdome.fault("insert", nth=2, do="error", errno=604)
    cursor.execute("insert into t values (1)")
    with pytest.raises(ProgrammingError) as struck:
        cursor.execute("insert into t values (2)")
    assert struck.value.errno == 604
    cursor.execute("insert into t values (3)")
    assert count(snowdome) == 2


def test_an_error_after_the_statement_leaves_its_effect(snowdome: Snowdome, cursor: Any) -> None:
    """An error that strikes after the statement is an answer that lies: the row is there."""
    snowdome.fault("insert", do="error", when="after")
    with pytest.raises(ProgrammingError):
        cursor.execute("insert into t values (1)")
    assert count(snowdome) == 1


def test_faults_can_be_taken_back(snowdome: Snowdome, cursor: Any) -> None:
    """After the faults are cleared nothing strikes."""
    snowdome.fault("insert", do="error")
    snowdome.no_faults()
    cursor.execute("insert into t values (1)")
    assert count(snowdome) == 1


def test_a_wrong_fault_is_refused(snowdome: Snowdome) -> None:
    """A fault that does what there is not is refused with a reason."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        snowdome.fault("x", do="explode")
    assert refusal.value.code == 422


def test_time_can_be_driven(snowdome: Snowdome, cursor: Any) -> None:
    """CURRENT_TIMESTAMP, created_on and LAST_ALTERED follow the account's clock, also inside views."""
    cursor.execute("create view v as select current_date as today")
    cursor.execute("select today from v")
    snowdome.clock(now="2030-05-06T07:08:09+00:00", speed=0)
    [(moment, today)] = cursor.execute("select current_timestamp(), today from v").fetchall()
    assert str(moment) == "2030-05-06 07:08:09+00:00"
    assert str(today) == "2030-05-06"
    cursor.execute("create table later (id int)")
    snowdome.clock(advance_seconds=3600)
    cursor.execute("insert into later values (1)")
    sql = "select created, last_altered, row_count from d.information_schema.tables where table_name = 'LATER'"
    [(created, altered, rows)] = cursor.execute(sql).fetchall()
    assert str(created) == "2030-05-06 07:08:09+00:00"
    assert str(altered) == "2030-05-06 08:08:09+00:00"
    assert rows == 1


def test_what_ran_is_in_the_log(snowdome: Snowdome, cursor: Any) -> None:
    """Each statement is logged with its session's state, its outcome and its query id."""
    cursor.execute("alter session set query_tag = 'mine'")
    cursor.execute("insert into t values (1), (2)")
    entry = snowdome.statements()[-1]
    assert entry["text"] == "insert into t values (1), (2)"
    assert (entry["role"], entry["warehouse"], entry["query_tag"]) == ("ACCOUNTADMIN", "WH", "mine")
    assert (entry["rows"], entry["errno"], entry["query_id"]) == (2, None, cursor.sfqid)
    with pytest.raises(ProgrammingError):
        cursor.execute("select nothing")
    assert snowdome.statements()[-1]["errno"] == 904
