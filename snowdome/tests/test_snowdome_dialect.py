"""Expressions and types where DuckDB alone would answer otherwise than Snowflake."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from snowdome.pytest_plugin import Snowdome


@pytest.fixture(scope="module")
def cursor(snowdome_module: Snowdome) -> Any:
    """An administrator with a warehouse, and a table of a date and a moment."""
    found = snowdome_module.connect().cursor()
    found.execute("create warehouse wh")
    found.execute("create database d")
    found.execute("create table days as select '2024-05-06'::date d, '2024-05-06 07:08:09.123'::timestamp_ntz ts")
    return found


def one(cursor: Any, sql: str) -> Any:
    """The only value that the query answers."""
    ((value,),) = cursor.execute(sql).fetchall()
    return value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("date_trunc('month', d)", dt.date(2024, 5, 1)),
        ("trunc(d, 'year')", dt.date(2024, 1, 1)),
        ("dateadd(quarter, 1, d)", dt.date(2024, 8, 6)),
        ("dateadd(hour, 1, d)", dt.datetime(2024, 5, 6, 1)),  # noqa: DTZ001 (NTZ: without a zone)
        ("dateadd(day, -1, max(d))", dt.date(2024, 5, 5)),
        ("date_trunc('day', ts)", dt.datetime(2024, 5, 6)),  # noqa: DTZ001 (NTZ: without a zone)
        ("to_char(ts, 'YYYY-MM')", "2024-05"),
        ("to_varchar(d, 'mm/dd/yy')", "05/06/24"),
        ("to_char(ts, 'HH24:MI:SS.FF3')", "07:08:09.123"),
        ("to_char(d, 'YYYY\"Q\"MON 100%')", "2024QMay 100%"),
    ],
)
def test_a_date_stays_a_date(cursor: Any, expression: str, expected: object) -> None:
    """Functions of dates keep their type and their format for columns, also through a view."""
    assert one(cursor, f"select {expression} from days") == expected
    cursor.execute(f"create or replace view v as select {expression} as x from days")
    assert one(cursor, "select x from v") == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 'abc'::varchar(2)", "ab"),
        ("select try_cast('abc' as varchar(2))", None),
        ("select width_bucket(5, 0, 10, 2)", 2),
        ("select max(share) from (select ratio_to_report(a) over () as share from values (1), (3) as t(a))", 0.75),
        ("select $2 from values (1, 'a')", "a"),
        ("select '09/01/2023'::date", dt.date(2023, 9, 1)),
        ("select array_to_string(array_construct('a', null, 'x'), ',')", "a,,x"),
        ("select array_to_string(array_slice(array_construct('a', 'b', 'c', 'd'), 1, -1), '-')", "b-c"),
        ("select array_to_string(array_slice(array_agg(a), 0, 2), '')::varchar from values ('x'), ('x') as t(a)", "xx"),
        ("select current_timestamp = current_timestamp as current_timestamp", True),
    ],
)
def test_what_an_expression_comes_to(cursor: Any, sql: str, expected: object) -> None:
    """Casts cut, buckets count from one, shares add up to one, and columns of VALUES have numbers."""
    assert one(cursor, sql) == expected


def test_arrays_are_text_of_json(cursor: Any) -> None:
    """An array reaches the client as JSON, whatever DuckDB made of it."""
    assert json.loads(one(cursor, """select object_keys(parse_json('{"a": 1, "b": 2}'))""")) == ["a", "b"]
    assert json.loads(one(cursor, "select array_append(array_construct(null), 2)")) == [None, 2]


def test_a_format_we_cannot_follow_is_refused(cursor: Any) -> None:
    """A number's format, and an element of a date's that has no counterpart, are refused by name, never ignored."""
    for sql, named in (
        ("select to_char(1.5, '99')", "TO_CHAR of what is not a date, with a format"),
        ("select to_char(ts, 'FF7') from days", "the date format element FF7"),
    ):
        with pytest.raises(ProgrammingError, match=f"unsupported by snowdome: {named}"):
            cursor.execute(sql)


@pytest.mark.parametrize(
    "change",
    [
        "insert into short values ('abc', 1)",
        "insert into short (n, s) values (1, 'a'), (2, 'abc')",
        "insert into short select 'abc', 1",
        "insert into short (n, s) select n, s || 'c' from short",
        "update short set s = 'abc' where n = 7",
        "merge into short using (select 7 n) x on short.n = x.n when matched then update set s = 'abc'",
        "merge into short using (select 8 m) x on n = x.m when not matched then insert (s, n) values ('abc', x.m)",
    ],
)
def test_text_longer_than_its_column_is_refused(cursor: Any, change: str) -> None:
    """Whatever the statement, a text that does not fit is an error and changes nothing."""
    cursor.execute("create or replace table short (s varchar(2), n int)")
    cursor.execute("insert into short values ('ab', 7), (null, default)")
    with pytest.raises(ProgrammingError, match="String 'abc' is too long and would be truncated") as refused:
        cursor.execute(change)
    assert refused.value.errno == 100078
    assert cursor.execute("select s, n from short order by n").fetchall() == [("ab", 7), (None, None)]


def test_american_dates_are_counted_between(snowdome: Any) -> None:
    """DATEDIFF takes MM/DD/YYYY as it takes any text that AUTO detects."""
    found = snowdome.connect().cursor().execute("select datediff(day, '09/01/2023', '09/12/2023')").fetchall()
    assert found == [(11,)]
