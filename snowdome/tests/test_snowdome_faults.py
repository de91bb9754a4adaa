"""Faults on demand: what is struck, when, and what clients make of it."""

from __future__ import annotations

import json
import threading
import urllib.error
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector.errors import Error, ProgrammingError

from snowdome.pytest_plugin import Snowdome


@pytest.fixture
def cursor(snowdome: Snowdome) -> Any:
    """An administrator with a warehouse, a database, a table and a stage."""
    found = snowdome.connect(login_timeout=60, network_timeout=60).cursor()
    for statement in ("create warehouse wh", "create database d", "create table t (id int)", "create stage s"):
        found.execute(statement)
    return found


def ran(snowdome: Snowdome, text: str) -> int:
    return sum(entry["text"] == text for entry in snowdome.statements())


def fetched(cursor: Any) -> list[Any]:
    """The answer of the asynchronous statement."""
    cursor.get_results_from_sfqid(cursor.sfqid)
    return list(cursor.fetchall())


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("statement", "question", "answer"),
    [
        ("insert into t values (7)", "select id from t", [(7,)]),
        ("create role lost", "show roles like 'LOST'", 1),
        ("create database e", "show databases like 'E'", 1),
        ("alter warehouse wh set comment = 'lost'", "show warehouses like 'WH'", 1),
        ("use role useradmin", "select current_role()", [("USERADMIN",)]),
        ("select 1; create role lost", "show roles like 'LOST'", 1),
    ],
)
def test_a_client_that_asks_again_gets_it_done_once(  # noqa: PLR0917 (the table's columns)
    snowdome: Snowdome, cursor: Any, when: str, statement: str, question: str, answer: Any
) -> None:
    """A connection that is cut before or after a statement is opened again by the connector; it takes effect once."""
    snowdome.fault("insert into t|lost|create database e|use role", do="drop", when=when)
    cursor.execute(statement, num_statements=2 if ";" in statement else 1)
    found = cursor.execute(question).fetchall()
    assert (len(found) if isinstance(answer, int) else found) == answer
    if ";" not in statement:
        assert ran(snowdome, statement) == 1


@pytest.mark.parametrize(("when", "swapped"), [("before", False), ("after", True)])
def test_a_client_that_does_not_ask_again_does_not_know(
    snowdome: Snowdome, cursor: Any, when: str, swapped: bool
) -> None:
    """The answer to an account statement is lost; whether it took effect is as the fault says."""
    cursor.execute("create table live as select 'blue' as colour")
    cursor.execute("create table spare as select 'green' as colour")
    snowdome.fault("swap with", do="drop", when=when)
    with pytest.raises(Error):
        cursor.execute("alter table live swap with spare", _no_retry=True)
    assert cursor.execute("select colour from live").fetchall() == [("green" if swapped else "blue",)]


def test_an_answer_that_was_lost_twice_comes_at_last(snowdome: Snowdome, cursor: Any) -> None:
    """Two faults cut the statement and the repeated one; the third request is answered, the effect is one."""
    snowdome.fault("^insert", do="drop")
    snowdome.fault("^insert", do="drop", when="after", nth=2)
    cursor.execute("insert into t values (1)")
    assert cursor.execute("select count(*) from t").fetchall() == [(1,)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_asynchronous_statement_is_taken_once(snowdome: Snowdome, cursor: Any, when: str) -> None:
    """The connection of an asynchronous statement is cut; asked again, the client gets the id of the one that runs."""
    snowdome.fault("^insert", do="drop", when=when)
    cursor.execute_async("insert into t values (1)")
    assert fetched(cursor) == [(1,)]
    assert cursor.execute("select count(*) from t").fetchall() == [(1,)]


@pytest.mark.parametrize(("when", "rows"), [("before", 0), ("after", 1)])
def test_an_asynchronous_statement_fails_when_asked_for(snowdome: Snowdome, cursor: Any, when: str, rows: int) -> None:
    """An error that is given to an asynchronous statement shows when its answer is fetched."""
    snowdome.fault("^insert", do="error", errno=90232, when=when)
    cursor.execute_async("insert into t values (1)")
    with pytest.raises(Error) as struck:
        fetched(cursor)
    assert struck.value.errno == 90232
    assert cursor.execute("select count(*) from t").fetchall() == [(rows,)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_upload_survives_a_cut_connection(snowdome: Snowdome, cursor: Any, tmp_path: Path, when: str) -> None:
    """A PUT that is cut before it, or after its file is in the stage, is repeated by the connector."""
    (tmp_path / "x.csv").write_text("1\n2\n")
    snowdome.fault("^put", do="drop", when=when)
    cursor.execute(f"put file://{tmp_path}/x.csv @s auto_compress = false")
    cursor.execute("copy into t from @s")
    assert cursor.execute("select count(*) from t").fetchall() == [(2,)]


def test_an_upload_that_fails_afterwards_is_there(snowdome: Snowdome, cursor: Any, tmp_path: Path) -> None:
    """An error after a PUT reaches the client; the file is in the stage."""
    (tmp_path / "x.csv").write_text("1\n")
    snowdome.fault("^put", do="exit", when="before", nth=99)  # waits for a statement that does not come
    snowdome.fault("^put", do="error", when="after")
    with pytest.raises(Error):
        cursor.execute(f"put file://{tmp_path}/x.csv @s auto_compress = false", _no_retry=True)
    assert len(cursor.execute("list @s").fetchall()) == 1
    snowdome.no_faults()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_delay_lasts_by_the_accounts_clock(snowdome: Snowdome, cursor: Any, when: str) -> None:
    """A delayed answer comes when the account's clock has moved on; whether the effect was there before is as asked."""
    snowdome.clock(speed=0)
    snowdome.fault("^insert", do="delay", seconds=600, when=when)
    other = snowdome.connect(database="d", schema="public", warehouse="wh").cursor()
    waiting = threading.Thread(target=other.execute, args=("insert into t values (1)",))
    waiting.start()
    while ran(snowdome, "insert into t values (1)") == 0:
        pass
    while when == "after" and cursor.execute("select count(*) from t").fetchall() == [(0,)]:
        pass
    assert waiting.is_alive()
    assert cursor.execute("select count(*) from t").fetchall() == [(0 if when == "before" else 1,)]
    snowdome.clock(advance_seconds=601)
    waiting.join(60)
    assert not waiting.is_alive()
    assert cursor.execute("select count(*) from t").fetchall() == [(1,)]


def test_faults_are_shown_and_taken_back(snowdome: Snowdome, cursor: Any) -> None:
    """POST answers with the faults that wait, DELETE leaves none; one that struck waits no more."""
    snowdome.fault("^insert", do="error")
    snowdome.fault("^nothing", do="exit", when="after", nth=3, seconds=None, errno=None)
    assert [fault["match"] for fault in snowdome.control("faults")["faults"]] == ["^insert", "^nothing"]
    with pytest.raises(ProgrammingError):
        cursor.execute("insert into t values (1)")
    assert [fault["match"] for fault in snowdome.control("faults")["faults"]] == ["^nothing"]
    assert snowdome.control("faults", method="DELETE") == {"faults": []}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"match": "x"}, "do"),
        ({"do": "drop"}, "match"),
        ({"match": "x", "do": "explode"}, "do"),
        ({"match": "x", "do": "drop", "when": "later"}, "when"),
        ({"match": "x", "do": "drop", "nth": 0}, "nth"),
        ({"match": "x", "do": "drop", "nth": "first"}, "nth"),
        ({"match": "(", "do": "drop"}, "regular expression"),
        ({"match": "x", "do": "delay"}, "seconds"),
        ({"match": "x", "do": "delay", "seconds": -1}, "seconds"),
        ({"match": "x", "do": "error", "errno": "many"}, "errno"),
        ({"match": "x", "do": "drop", "twice": True}, "twice"),
        ([], "object"),
    ],
)
def test_a_wrong_fault_is_refused_with_a_reason(snowdome: Snowdome, body: Any, word: str) -> None:
    """A fault that cannot be is refused, in words that name what is wrong; nothing waits."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        snowdome.control("faults", body, "POST")
    with refusal.value as answer:
        assert answer.code == 422
        assert word in json.dumps(json.load(answer)["error"])
    assert snowdome.control("faults") == {"faults": []}
