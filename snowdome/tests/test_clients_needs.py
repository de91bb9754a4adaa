"""What other people's clients ask of an account, tried with the connector alone; `make suites` runs the clients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snowdome.pytest_plugin import Snowdome

Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def connection(snowdome: Snowdome, ask: Ask) -> Any:
    """A session in a schema with a warehouse at hand."""
    opened = snowdome.connect(paramstyle="qmark")
    ask(opened, "create warehouse MILL", "create database BARN", "create schema BARN.LOFT")
    return opened


def test_a_table_made_with_autocommit_off_stays(connection: Any, ask: Ask) -> None:
    """DDL is a transaction of its own also where AUTOCOMMIT is off: ROLLBACK undoes only the rows after it."""
    connection.autocommit(False)
    ask(connection, "create table HAY (X int)", "insert into HAY values (1)", "rollback")
    ask(connection, "alter table HAY add column Y varchar(20)", "insert into HAY values (2, 'b')", "rollback")
    ask(connection, "create table STRAW clone HAY", "rollback")
    assert ask(connection, "select X, Y from HAY union all select X, Y from STRAW") == []


def test_no_rows_make_an_empty_frame(connection: Any) -> None:
    """`fetch_pandas_all` of an answer without rows is an empty frame with its columns."""
    with connection.cursor() as cursor:
        frame = cursor.execute("select 1 as A, 'x' as B where false").fetch_pandas_all()
        assert (len(frame), list(frame.columns)) == (0, ["A", "B"])
        assert list(cursor.execute("show stages in account").fetch_pandas_all()["name"]) == []


def test_identifier_reads_a_whole_name(connection: Any, ask: Ask) -> None:
    """IDENTIFIER takes a dotted name with quoted parts, bound or as a literal, and keeps the alias behind it."""
    ask(connection, 'create schema BARN."low"', 'create table BARN."low".HAY (X int)')
    with connection.cursor() as cursor:
        cursor.execute("insert into identifier(?) values (1)", ('"BARN"."low"."HAY"',))
        cursor.execute("select H.X from identifier('BARN.\"low\".hay') H where H.X = ?", (1,))
        assert cursor.fetchall() == [(1,)]
        cursor.execute("create table if not exists identifier(?) (Y int)", ("BARN.LOFT.RYE",))
    assert [row["name"] for row in ask(connection, "show tables in schema BARN.LOFT")] == ["RYE"]


def test_files_are_put_listed_fetched_and_removed(connection: Any, ask: Ask, tmp_path: Path) -> None:
    """PUT takes what a wildcard names, LIST names files after the stage, GET brings them back, REMOVE is by prefix."""
    (tmp_path / "up").mkdir()
    (tmp_path / "down").mkdir()
    for name in ("a1.csv", "a2.csv", "b.csv"):
        (tmp_path / "up" / name).write_text(name)
    ask(connection, "create stage BARN.LOFT.SACKS")
    put = f"put 'file://{tmp_path}/up/*' @BARN.LOFT.SACKS/in auto_compress = false"
    assert {row["status"] for row in ask(connection, put)} == {"UPLOADED"}
    listed = ask(connection, "list @sacks pattern = '.*a[0-9].csv'")
    assert [(row["name"], row["size"]) for row in listed] == [("sacks/in/a1.csv", 6), ("sacks/in/a2.csv", 6)]
    assert len(ask(connection, f"get @sacks/in/a file://{tmp_path}/down/ parallel = 2")) == 2
    assert sorted(file.name for file in (tmp_path / "down").iterdir()) == ["a1.csv", "a2.csv"]
    assert [row["name"] for row in ask(connection, "rm @sacks/in/a")] == ["sacks/in/a1.csv", "sacks/in/a2.csv"]
    assert [row["name"] for row in ask(connection, "ls @sacks")] == ["sacks/in/b.csv"]


WRONG = (
    "get @sacks",
    "get @sacks /tmp/here",
    "get @sacks file:///tmp/ parallel = 0",
    "list sacks",
    "list @sacks parallel = 2",
    "put @sacks file:///tmp/x",
    "put file:///tmp/x @sacks overwrite = maybe",
    "rm @sacks pattern = 1",
)


@pytest.mark.parametrize("statement", WRONG)
def test_a_wrong_file_statement_is_refused(
    connection: Any, refused: Callable[[Any, str], int], ask: Ask, statement: str
) -> None:
    """A place, a folder or an option that is none is a compilation error."""
    ask(connection, "create stage BARN.LOFT.SACKS")
    assert refused(connection, statement) in (1003, 1008, 1420)


def test_a_sequence_is_described_and_dropped(connection: Any, ask: Ask, refused: Callable[[Any, str], int]) -> None:
    """DESCRIBE SEQUENCE shows it; it can be dropped though a dropped table counted by it, and the table comes back."""
    ask(connection, "create sequence COUNTER start 5", "create table HAY (X int default COUNTER.nextval, Y int)")
    ask(connection, "insert into HAY (Y) values (1)")
    (row,) = ask(connection, "describe sequence COUNTER")
    assert (row["name"], row["next_value"], row["interval"]) == ("COUNTER", 6, 1)
    ask(connection, "drop table HAY", "drop sequence COUNTER", "undrop table HAY")
    assert ask(connection, "select X from HAY") == [{"X": 5}]
    assert refused(connection, "describe sequence COUNTER") == 2003


def test_indexes_and_hybrid_tables_are_shown(connection: Any, ask: Ask) -> None:
    """SHOW INDEXES and SHOW HYBRID TABLES know hybrid tables; others have no index."""
    ask(connection, "create hybrid table HERD (ID int primary key, NAME varchar)", "create table HAY (X int)")
    (index,) = ask(connection, "show indexes in table HERD")
    assert (index["name"], index["columns"], index["is_unique"]) == ("SYS_INDEX_HERD_PRIMARY", "[ID]", "Y")
    assert ask(connection, "show indexes in table HAY") == []
    assert [row["name"] for row in ask(connection, "show hybrid tables in schema")] == ["HERD"]


def test_keys_without_names_have_names_of_their_own(connection: Any, ask: Ask) -> None:
    """Two unnamed constraints of one table are distinguished."""
    ask(connection, "create table PEN (ID int primary key)")
    ask(connection, "create table HEN (ID int primary key, PEN_ID int references PEN (ID))")
    (primary,) = ask(connection, "show primary keys in table HEN")
    (foreign,) = ask(connection, "show imported keys in table HEN")
    assert primary["constraint_name"] != foreign["fk_name"]


def test_no_comment_may_be_said_outright(connection: Any, ask: Ask) -> None:
    """COMMENT = NULL and COMMENT ON … IS NULL leave none."""
    ask(connection, "create warehouse PLOUGH comment = null", "create role HAND comment = 'who ploughs'")
    ask(connection, "comment on role HAND is null", "alter database BARN set comment = null")
    assert ask(connection, "show roles like 'HAND'")[0]["comment"] == ""


def test_the_edition_can_be_asked(connection: Any, ask: Ask) -> None:
    """What kind of account it is, and that no behaviour change can be switched."""
    (row,) = ask(
        connection,
        "select parse_json(system$bootstrap_data_request('ACCOUNT')):accountInfo:serviceLevelName::varchar as LEVEL, "
        "system$show_active_behavior_change_bundles() as BUNDLES",
    )
    assert row == {"LEVEL": "ENTERPRISE", "BUNDLES": "[]"}
    assert ask(connection, "show as resource dynamic tables in schema") == []
