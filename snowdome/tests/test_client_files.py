"""Frames and files: write_pandas, stages read in queries, INFER_SCHEMA, COPY in both directions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from snowflake.connector.errors import ProgrammingError
from snowflake.connector.pandas_tools import write_pandas

from snowdome.pytest_plugin import Snowdome

FRAME = pd.DataFrame(
    {
        "ID": [1, 2, 3],
        "NAME": ["a", "b", None],
        "AMOUNT": [1.5, 2.5, None],
        "AT": pd.to_datetime(["2020-01-01 10:00:00.123456", "2020-01-02 00:00:00.5", None]),
        "DAY": [date(2020, 1, 1)] * 3,
        "OK": [True, False, True],
        "PRICE": [Decimal("1.25")] * 3,
    }
)


@pytest.fixture
def client(snowdome: Snowdome) -> Any:
    """A connection with a warehouse and a schema."""
    connection = snowdome.connect()
    for statement in ("create warehouse wh", "create database files", "create schema s"):
        connection.cursor().execute(statement)
    return connection


@pytest.fixture
def staged(client: Any, tmp_path: Path) -> Any:
    """A stage with a CSV file of two rows."""
    file = tmp_path / "rows.csv"
    file.write_text("1,a\n2,b\n")
    client.cursor().execute("create stage st")
    client.cursor().execute(f"put file://{file} @st")
    return client


def test_a_frame_into_a_table(client: Any) -> None:
    """`write_pandas` fills a table that is there, in one file or several."""
    cursor = client.cursor()
    cursor.execute(
        "create table t (id int, name varchar, amount float, at timestamp_ntz, day date, ok boolean, "
        "price number(10,2))"
    )
    assert write_pandas(client, FRAME, "T")[:3] == (True, 1, 3)
    at = datetime(2020, 1, 1, 10, 0, 0, 123456)  # noqa: DTZ001 (TIMESTAMP_NTZ)
    first, _, last = cursor.execute("select * from t order by id").fetchall()
    assert first == (1, "a", 1.5, at, date(2020, 1, 1), True, Decimal("1.25"))
    assert last == (3, None, None, None, date(2020, 1, 1), True, Decimal("1.25"))
    assert write_pandas(client, FRAME, "T", chunk_size=1)[:3] == (True, 3, 3)
    assert cursor.execute("select count(*) from t").fetchall() == [(6,)]


def test_a_frame_of_documents(client: Any) -> None:
    """Nested values of a frame arrive as documents, also in a column of texts."""
    cursor = client.cursor()
    cursor.execute("create table t (notified varchar, kept object, many array)")
    frame = pd.DataFrame({"NOTIFIED": [{"colour": "red"}], "KEPT": [{"sizes": [1, 2]}], "MANY": [[3, 4]]})
    write_pandas(client, frame, "T")
    found = cursor.execute("select notified, kept:sizes[1]::int, many[0]::int from t").fetchall()
    assert found == [('{"colour":"red"}', 2, 3)]


def test_a_frame_makes_its_table(client: Any, ask: Callable[..., Any]) -> None:
    """`auto_create_table` makes it, with names as they are; `overwrite` replaces or empties it."""
    assert write_pandas(client, FRAME, "T", auto_create_table=True)[0]
    types = {row["name"]: row["type"] for row in ask(client, "describe table t")}
    assert types == {
        "ID": "NUMBER(38,0)",
        "NAME": "VARCHAR(16777216)",
        "AMOUNT": "FLOAT",
        "AT": "TIMESTAMP_NTZ(9)",
        "DAY": "DATE",
        "OK": "BOOLEAN",
        "PRICE": "NUMBER(3,2)",
    }
    write_pandas(client, FRAME, "T", auto_create_table=True, overwrite=True)
    write_pandas(client, FRAME.head(1), "T", overwrite=True)
    assert ask(client, "select count(*) as n from t") == [{"N": 1}]
    write_pandas(client, pd.DataFrame({"a b": [1]}), "odd name", auto_create_table=True, table_type="temp")
    assert ask(client, 'select "a b" from "odd name"') == [{"a b": 1}]


def test_a_query_over_a_stage(staged: Any) -> None:
    """Columns go by number, rows know their file; a pattern chooses files; a format says how they are read."""
    cursor = staged.cursor()
    assert cursor.execute("select $1, t.$2 from @st t order by 1").fetchall() == [("1", "a"), ("2", "b")]
    found = cursor.execute("select metadata$filename, metadata$file_row_number, $1::int + 1 from @st/rows.csv.gz")
    assert found.fetchall() == [("rows.csv.gz", 1, 2), ("rows.csv.gz", 2, 3)]
    assert cursor.execute("select $1 from @st (pattern => '.*json.*')").fetchall() == []
    cursor.execute("create file format headed skip_header = 1")
    assert cursor.execute("select $2 from @st (file_format => 'headed')").fetchall() == [("b",)]


def test_rows_into_a_stage_and_back(staged: Any) -> None:
    """COPY INTO a stage writes a query's rows, COPY INTO a table reads them, once unless it is forced."""
    cursor = staged.cursor()
    cursor.execute("create table t (a int, b varchar)")
    assert cursor.execute("copy into t from @st").fetchall()[0][:4] == ("st/rows.csv.gz", "LOADED", 2, 2)
    written = cursor.execute("copy into @st/out/ from (select a * 10 as a, b from t) file_format = (type = parquet)")
    assert written.fetchall()[0][0] == 2
    with pytest.raises(ProgrammingError, match="already existing"):
        cursor.execute("copy into @st/out/ from t file_format = (type = parquet)")
    load = "copy into t from (select $1:A::int, $1:B from @st/out/) file_format = (type = parquet)"
    assert cursor.execute(load).fetchall()[0][1:4] == ("LOADED", 2, 2)
    assert cursor.execute(load).fetchall()[0][1] == "LOAD_SKIPPED"
    assert cursor.execute(f"{load} force = true").fetchall()[0][1] == "LOADED"
    cursor.execute("copy into t (b) from (select upper($2) from @st/rows.csv.gz) force = true")
    found = cursor.execute("select a, b from t order by a, b").fetchall()
    assert found == [(1, "a"), (2, "b"), (10, "a"), (10, "a"), (20, "b"), (20, "b"), (None, "A"), (None, "B")]


def test_columns_of_files(staged: Any) -> None:
    """INFER_SCHEMA tells the columns of Parquet files."""
    cursor = staged.cursor()
    cursor.execute("copy into @st/p/ from (select 1::number(5,2) as a, 'x' as b) file_format = (type = parquet)")
    cursor.execute("create file format pq type = parquet")
    found = cursor.execute(
        "select column_name, type, expression from table(infer_schema(location => '@st/p', file_format => 'pq'))"
    )
    assert found.fetchall() == [
        ("A", "NUMBER(5,2)", "$1:A::NUMBER(5,2)"),
        ("B", "VARCHAR(16777216)", "$1:B::VARCHAR(16777216)"),
    ]
