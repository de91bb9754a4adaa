"""Statements about rows, through the connector: types, bindings, transactions, temporary tables, stages."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError, ProgrammingError

from snowdome.pytest_plugin import Snowdome


@pytest.fixture
def cursor(snowdome: Snowdome) -> Any:
    """An administrator with a warehouse and a database."""
    found = snowdome.connect().cursor()
    found.execute("create warehouse wh")
    found.execute("create database d")
    return found


def another(snowdome: Snowdome, **overrides: Any) -> Any:
    """A second session in the same schema."""
    return snowdome.connect(database="d", schema="public", warehouse="wh", **overrides).cursor()


def test_values_come_back_as_they_went_in(cursor: Any) -> None:
    """Each type is read back as Python's own; a missing value of any type is None."""
    cursor.execute(
        "create table t (i int, n number(10,2), s varchar, d date, ts timestamp_ntz, b boolean, f float, "
        "x binary, c time, v variant)"
    )
    cursor.execute(
        "insert into t select 1, 1.5, 'a', '2024-01-02', '1969-12-31 23:59:59.5', true, 0.5, to_binary('ab', 'hex'), "
        "'12:34:56', parse_json('{\"a\": [1, 2]}')"
    )
    cursor.execute("insert into t (i) values (2)")
    first, second = cursor.execute("select * from t order by i").fetchall()
    assert first[:7] == (
        1,
        Decimal("1.50"),
        "a",
        dt.date(2024, 1, 2),
        dt.datetime(1969, 12, 31, 23, 59, 59, 500000),  # noqa: DTZ001 (NTZ: without a zone)
        True,
        0.5,
    )
    assert (bytes(first[7]), first[8]) == (b"\xab", dt.time(12, 34, 56))
    assert second == (2, *[None] * 9)
    assert cursor.execute("select v:a[1]::int from t where i = 1").fetchall() == [(2,)]


def test_what_is_bound_stays_a_value(snowdome: Snowdome, cursor: Any) -> None:
    """Values are bound by the client and by the server, one row or many."""
    cursor.execute("create table t (id int, n varchar)")
    cursor.execute("insert into t values (%s, %s)", (1, "it's; drop table t"))
    cursor.executemany("insert into t values (%s, %s)", [(2, "b"), (3, None)])
    assert cursor.rowcount == 2
    bound = another(snowdome, paramstyle="qmark")
    bound.executemany("insert into t values (?, ?)", [(4, "d"), (5, None)])
    assert bound.rowcount == 2
    assert bound.execute("select n from t where id = ?", (1,)).fetchall() == [("it's; drop table t",)]
    moment = dt.datetime(2024, 1, 1, 2)  # noqa: DTZ001 (NTZ: without a zone)
    assert bound.execute("select ?, ?, ?", (1.5, dt.date(2024, 1, 1), moment)).fetchall()[0][2] == moment


def test_names_shadow_as_in_snowflake(cursor: Any) -> None:
    """A WITH hides a table of its name, except inside its own definition; qualified columns find their table."""
    cursor.execute("create table orders as select 1 as id union all select 2")
    sql = "with orders as (select id from orders where id > 1) select orders.id from orders"
    assert cursor.execute(sql).fetchall() == [(2,)]
    sql = "select d.public.orders.id from d.public.orders where public.orders.id = 1"
    assert cursor.execute(sql).fetchall() == [(1,)]
    assert [c[0] for c in cursor.execute("select count(*), max(id) as top from orders").description] == [
        "COUNT(*)",
        "TOP",
    ]


def test_transactions_hold_until_their_end(snowdome: Snowdome, cursor: Any) -> None:
    """Changes are seen by others after COMMIT, undone by ROLLBACK, and committed by DDL."""
    cursor.execute("create table t (id int)")
    other = another(snowdome)

    def count() -> int:
        return int(other.execute("select count(*) from t").fetchone()[0])

    cursor.execute("begin")
    cursor.execute("insert into t values (1)")
    assert count() == 0
    cursor.execute("commit")
    assert count() == 1
    cursor.execute("begin")
    cursor.execute("insert into t values (2)")
    cursor.execute("rollback")
    assert count() == 1
    cursor.execute("begin")
    cursor.execute("insert into t values (3)")
    cursor.execute("create table u (id int)")
    assert count() == 2


def test_changes_of_a_table_wait_for_each_other(snowdome: Snowdome, cursor: Any) -> None:
    """Two sessions that update the same row one after the other lose none of the updates."""
    cursor.execute("create table t as select 0 as n")
    problems: list[BaseException] = []

    def add() -> None:
        try:
            mine = another(snowdome)
            for _ in range(10):
                mine.execute("update t set n = n + 1")
        except Exception as problem:  # noqa: BLE001 (whatever an updater meets is what this test is about)
            problems.append(problem)

    adders = [threading.Thread(target=add) for _ in range(4)]
    for adder in adders:
        adder.start()
    for adder in adders:
        adder.join(120)
    assert problems == []
    assert cursor.execute("select n from t").fetchall() == [(40,)]


def test_a_temporary_table_is_its_sessions(snowdome: Snowdome, cursor: Any) -> None:
    """It hides the permanent one of its name, also under a full name, from its own session alone, until dropped."""
    cursor.execute("create table t as select 'all' as whose")
    cursor.execute("create temporary table d.public.t as select 'mine' as whose")
    assert cursor.execute("select whose from d.public.t").fetchall() == [("mine",)]
    assert another(snowdome).execute("select whose from t").fetchall() == [("all",)]
    cursor.execute("drop table t")
    assert cursor.execute("select whose from t").fetchall() == [("all",)]


def test_files_are_put_and_copied(cursor: Any, tmp_path: Path) -> None:
    """PUT uploads over the wire, COPY INTO loads each file once, by a named file format."""
    (tmp_path / "x.csv").write_text('id,n\n10,aa\n11,"b,b"\n12,\n')
    cursor.execute("create stage s")
    cursor.execute("create file format f type = csv skip_header = 1 field_optionally_enclosed_by = '\"'")
    cursor.execute("create table t (id int, n varchar)")
    assert cursor.execute(f"put file://{tmp_path}/x.csv @s").fetchall()[0][6] == "UPLOADED"
    cursor.execute("copy into t from @s file_format = (format_name = f)")
    cursor.execute("copy into t from @d.public.s file_format = (format_name = 'd.public.f')")
    assert cursor.execute("select id, n from t order by id").fetchall() == [(10, "aa"), (11, "b,b"), (12, None)]


def test_several_statements_and_asynchronous_ones(snowdome: Snowdome, cursor: Any) -> None:
    """Several statements in one text answer one after the other; an asynchronous one is fetched by its id."""
    cursor.execute("select 1; select 'a;b'", num_statements=2)
    assert cursor.fetchall() == [(1,)]
    assert cursor.nextset() is not None
    assert cursor.fetchall() == [("a;b",)]
    connection = snowdome.connect()
    asked = connection.cursor()
    asked.execute_async("select 42")
    while connection.is_still_running(connection.get_query_status(asked.sfqid)):
        pass
    fetched = connection.cursor()
    fetched.get_results_from_sfqid(asked.sfqid)
    assert fetched.fetchall() == [(42,)]
    assert cursor.execute("select * from table(result_scan(last_query_id()))").fetchall() == [("a;b",)]


@pytest.mark.parametrize(
    ("statement", "errno"),
    [
        ("selec 1", 1003),
        ("select nope from t", 904),
        ("select * from nowhere", 2003),
        ("select no_such_function(1)", 2140),
        ("create table t (id int)", 2002),
        ("insert into t values (null)", 100072),
        ("select 'x'::int", 100038),
        ("call something()", 2),
        ("create external table e (a int) location = @s", 2),
        ("insert into v values (1)", 2004),
    ],
)
def test_errors_carry_snowflakes_numbers(cursor: Any, statement: str, errno: int) -> None:
    """What is wrong or unknown is refused with Snowflake's number."""
    cursor.execute("create table t (id int not null)")
    cursor.execute("create view v as select id from t")
    with pytest.raises(DatabaseError) as refusal:
        cursor.execute(statement)
    assert refusal.value.errno == errno


def test_the_information_schema_is_truthful(cursor: Any) -> None:
    """Row counts, owners, kinds and LAST_ALTERED are those of the tables; a change of rows moves LAST_ALTERED."""
    cursor.execute("create transient table t as select 1 as id")
    cursor.execute("create view v as select id from t")
    sql = (
        "select table_name, table_type, is_transient, row_count, table_owner, last_altered "
        "from d.information_schema.tables where table_schema = 'PUBLIC' order by table_name"
    )
    before = cursor.execute(sql).fetchall()
    assert [row[:5] for row in before] == [
        ("T", "BASE TABLE", "YES", 1, "ACCOUNTADMIN"),
        ("V", "VIEW", None, None, "ACCOUNTADMIN"),
    ]
    cursor.execute("insert into t values (2)")
    after = cursor.execute(sql).fetchall()
    assert after[0][3] == 2
    assert after[0][5] > before[0][5]
    assert after[1] == before[1]


def test_without_a_warehouse_nothing_is_computed(snowdome: Snowdome, cursor: Any) -> None:
    """A query of a table needs a warehouse; questions to the catalog do not."""
    cursor.execute("create table t (id int)")
    idle = snowdome.connect(database="d", schema="public").cursor()
    with pytest.raises(ProgrammingError) as refusal:
        idle.execute("select * from t")
    assert refusal.value.errno == 606
    idle.execute("show tables")
    idle.execute("select current_database()")


def test_ddl_can_be_read_back(cursor: Any) -> None:
    """GET_DDL gives a table's statement, and a view's text as it was written."""
    cursor.execute("create table t (id int not null default 3 comment 'key', n varchar(10), primary key (id))")
    [(text,)] = cursor.execute("select get_ddl('table', 't')").fetchall()
    cursor.execute(text)
    assert cursor.execute("select get_ddl('table', 't')").fetchall() == [(text,)]
    cursor.execute("create view v as select  id -- the key\nfrom T")
    [(text,)] = cursor.execute("select get_ddl('view', 'v')").fetchall()
    assert "select  id -- the key\nfrom T" in text
