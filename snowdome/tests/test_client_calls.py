"""What Python clients do beside plain statements: bound values in bulk, asynchronous ones, cancelling, describing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
import snowflake.connector
from asking import until
from snowflake.connector.errors import ProgrammingError

from snowdome.pytest_plugin import Snowdome

ENDLESS = (
    "select sum(sqrt(a.range::float * b.range)) from table(generator(rowcount => 100000)) a, "
    "table(generator(rowcount => 300000)) b"
)


@pytest.fixture
def client(snowdome: Snowdome) -> Any:
    """A connection with a warehouse and a schema."""
    connection = snowdome.connect()
    for statement in ("create warehouse wh", "create database calls", "create schema s"):
        connection.cursor().execute(statement)
    return connection


@pytest.fixture
def bound(snowdome: Snowdome, client: Any) -> Any:
    """A cursor whose values are bound by the server."""
    before, snowflake.connector.paramstyle = snowflake.connector.paramstyle, "qmark"
    try:
        return snowdome.connect(database="calls", schema="s", warehouse="wh").cursor()
    finally:
        snowflake.connector.paramstyle = before


def test_values_of_every_type_are_bound(bound: Any) -> None:
    """What is bound comes back as it was."""
    bound.execute(
        "create table t (a int, b varchar, c timestamp_ntz, d date, e boolean, f float, g binary, h number(10,2), "
        "i time, j timestamp_tz)"
    )
    values = (
        7,
        "x",
        datetime(2020, 1, 2, 3, 4, 5, 678),  # noqa: DTZ001 (TIMESTAMP_NTZ)
        date(2020, 1, 2),
        True,
        1.5,
        b"\x01\xff",
        Decimal("12.25"),
        time(1, 2, 3),
        datetime(2020, 1, 2, 3, tzinfo=UTC),
    )
    bound.execute("insert into t values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*values[:9], ("TIMESTAMP_TZ", values[9])))
    bound.execute("insert into t (a, b) values (?, ?)", (None, None))
    [row] = bound.execute("select * from t where a = ? and b like ?", (7, "x%")).fetchall()
    assert row == values


def test_many_rows_in_one_call(bound: Any, client: Any) -> None:
    """`executemany` counts its rows, bound by the server or by the client; UPDATE and DELETE count theirs too."""
    bound.execute("create table t (a int, b varchar, c timestamp_ntz)")
    at = datetime(2020, 1, 1)  # noqa: DTZ001 (TIMESTAMP_NTZ)
    bound.executemany("insert into t values (?, upper(?), ?)", [(n, f"n{n}", at) for n in range(5000)])
    assert bound.rowcount == 5000
    assert bound.execute("select count(*), sum(a), max(b) from t").fetchall() == [(5000, 12497500, "N999")]
    bound.executemany("update t set b = ? where a = ?", [("u", 1), ("v", 2)])
    assert bound.rowcount == 2
    bound.executemany("delete from t where a = ?", [(1,), (2,), (3,)])
    assert bound.rowcount == 3
    cursor = client.cursor()
    cursor.executemany("insert into t (a, b) values (%(a)s, %(b)s)", [{"a": -1, "b": None}, {"a": -2, "b": "q"}])
    assert cursor.rowcount == 2
    assert cursor.execute("select b from t where a < 0 order by a").fetchall() == [("q",), (None,)]


def _settled(connection: Any, query_id: str) -> str:
    while connection.is_still_running(connection.get_query_status(query_id)):
        pass
    return str(connection.get_query_status(query_id).name)


def test_asynchronous_statements(client: Any) -> None:
    """The answer, the count of changed rows and the error are fetched by the statement's id."""
    cursor = client.cursor()
    cursor.execute_async("select 42 as answer")
    assert _settled(client, cursor.sfqid) == "SUCCESS"
    fetched = client.cursor()
    fetched.get_results_from_sfqid(cursor.sfqid)
    assert (fetched.fetchall(), fetched.description[0].name) == ([(42,)], "ANSWER")
    client.cursor().execute("create table t (a int)")
    cursor.execute_async("insert into t values (1), (2)")
    fetched.get_results_from_sfqid(cursor.sfqid)
    assert fetched.fetchall() == [(2,)]
    cursor.execute_async("select * from nowhere")
    assert _settled(client, cursor.sfqid) == "FAILED_WITH_ERROR"
    with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
        client.get_query_status_throw_if_error(cursor.sfqid)


def test_cancelling(client: Any, snowdome: Snowdome) -> None:
    """A statement is cancelled by its id, by the function, and by the client's own timeout; the session lives on."""
    cursor = client.cursor()
    cursor.execute_async(ENDLESS)
    assert client.cursor().abort_query(cursor.sfqid)
    assert _settled(client, cursor.sfqid) == "FAILED_WITH_ERROR"
    cursor.execute_async(ENDLESS)
    other = snowdome.connect().cursor()
    other.execute(f"select system$cancel_query('{cursor.sfqid}')")
    assert _settled(client, cursor.sfqid) == "FAILED_WITH_ERROR"
    with pytest.raises(ProgrammingError, match="cancel") as refusal:
        client.cursor().execute(ENDLESS, timeout=1)
    assert refusal.value.errno == 604
    assert client.cursor().execute("select 1").fetchall() == [(1,)]


def test_cancelled_before_it_began(client: Any, snowdome: Snowdome) -> None:
    """A statement that waits behind another of its session is cancelled too, and runs not even when that has ended."""
    first, second = client.cursor(), client.cursor()
    first.execute_async("call system$wait(3600)")
    until(lambda: any("system$wait" in one["text"] for one in snowdome.statements()), wanted=True)
    second.execute_async(ENDLESS)
    other = snowdome.connect().cursor()
    assert other.abort_query(second.sfqid)
    assert client.get_query_status(second.sfqid).name == "RUNNING"
    snowdome.clock(advance_seconds=3600)
    assert _settled(client, first.sfqid) == "SUCCESS"
    assert _settled(client, second.sfqid) == "FAILED_WITH_ERROR"
    with pytest.raises(ProgrammingError, match="cancel"):
        client.get_query_status_throw_if_error(second.sfqid)


def test_cancelled_from_another_session(snowdome: Snowdome, client: Any) -> None:
    """The one who waits for a statement that another cancels gets 604."""
    seen: list[int] = []

    def wait() -> None:
        try:
            client.cursor().execute(ENDLESS)
        except ProgrammingError as problem:
            seen.append(int(problem.errno or 0))

    waiting = threading.Thread(target=wait)
    waiting.start()
    other = snowdome.connect()
    while not (running := [s for s in snowdome.statements() if s["text"] == ENDLESS]):
        pass
    assert other.cursor().abort_query(running[-1]["query_id"])
    waiting.join()
    assert seen == [604]


def test_several_statements_in_one_text(client: Any) -> None:
    """Each answer is fetched in turn; the count must be right, and by default it is one."""
    cursor = client.cursor()
    text = "select 1; select 2 as b; create table m (a int); insert into m values (1), (2)"
    cursor.execute(text, num_statements=4)
    answers = [(cursor.fetchall(), cursor.rowcount)]
    while cursor.nextset():
        answers.append((cursor.fetchall(), cursor.rowcount))
    assert [rows for rows, _ in answers] == [[(1,)], [(2,)], [("Table M successfully created.",)], [(2,)]]
    assert answers[-1][1] == 2
    cursor.execute("select 1; select 'a;b'", num_statements=0)
    assert cursor.fetchall() == [(1,)]
    for wrong in ({"num_statements": 3}, {}):
        with pytest.raises(ProgrammingError, match="did not match the desired statement count") as refusal:
            client.cursor().execute("select 1; select 2", **wrong)
        assert refusal.value.errno == 8
    with pytest.raises(ProgrammingError, match="NOWHERE"):
        client.cursor().execute("insert into m values (3); select * from nowhere; select 3", num_statements=3)
    assert client.cursor().execute("select count(*) from m").fetchall() == [(3,)]


def test_describe_does_nothing(client: Any, ask: Callable[..., Any]) -> None:
    """Columns and types are described, nothing is carried out."""
    cursor = client.cursor()
    cursor.execute("create table t (a number(12,3), b varchar(7) not null)")
    found = cursor.describe("select a, a / 2 as half, current_timestamp() as at, b from t where a = 1")
    assert [(c.name, c.type_code, c.precision, c.scale) for c in found[:2]] == [("A", 0, 12, 3), ("HALF", 0, 18, 9)]
    assert [c.name for c in found[2:]] == ["AT", "B"]
    assert cursor.describe("insert into t values (1, 'x')")[0].name == "number of rows inserted"
    cursor.describe("create table never (a int)")
    assert ask(client, "select * from t", "show tables like 'never'") == []


def test_rows_as_frames(client: Any) -> None:
    """Rows are fetched as arrow and as a pandas frame, also where there are none."""
    cursor = client.cursor()
    cursor.execute("create table t (a int, b number(10,2), c timestamp_ntz)")
    empty = cursor.execute("select * from t").fetch_pandas_all()
    assert (list(empty.columns), len(empty)) == (["A", "B", "C"], 0)
    cursor.execute("insert into t values (1, 2.5, '2020-01-01')")
    frame = cursor.execute("select * from t").fetch_pandas_all()
    assert frame.iloc[0].to_list()[:2] == [1, Decimal("2.50")]
    assert cursor.execute("select * from t").fetch_arrow_all().num_rows == 1
