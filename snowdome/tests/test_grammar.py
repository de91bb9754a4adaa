"""The reader of account statements: what it makes of text, and how fast it lets data statements pass."""

from __future__ import annotations

import contextlib
import time
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snowdome.engine import support
from snowdome.engine.statements import parse
from snowdome.errors import SqlError
from snowdome.objects.databases.statements import SwapDatabase
from snowdome.objects.warehouses.statements import CreateWarehouse
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.tokens import Kind, quote_identifier, quote_string, tokens

texts = st.text(st.characters(codec="utf-8"), max_size=40)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
noise = st.sampled_from([" ", "\n", "\t", "/* note */", "-- note\n", "// note\n", ' /* it\'s "odd" */ '])


@given(texts)
def test_a_string_reads_back_as_itself(value: str) -> None:
    """Any text, quoted as a string, is one token of that value."""
    first, last = tokens(quote_string(value))
    assert (first.kind, first.value, last.kind) == (Kind.STRING, value, Kind.END)


@given(names)
def test_a_name_reads_back_as_itself(name: str) -> None:
    """Any name, quoted where it has to be, is one token of that value."""
    first, last = tokens(quote_identifier(name))
    assert (first.kind in (Kind.WORD, Kind.QUOTED), first.value, last.kind) == (True, name, Kind.END)


@given(st.lists(names, min_size=1, max_size=3))
def test_a_dotted_name_reads_back_as_itself(parts: list[str]) -> None:
    """Any dotted name is read back part by part."""
    name = Name(tuple(parts))
    cursor = Cursor(name.sql)
    assert cursor.name() == name
    assert cursor.ended


@given(names, names, st.lists(noise, min_size=5, max_size=5), st.booleans())
def test_blanks_and_comments_change_nothing(one: str, other: str, between: list[str], lower: bool) -> None:
    """However a statement is spaced, cased and commented, it is the same statement."""
    words = ["ALTER", "DATABASE", quote_identifier(one), "SWAP", "WITH", quote_identifier(other)]
    if lower:
        words = [
            word.lower() if word.isalpha() and word in ("ALTER", "DATABASE", "SWAP", "WITH") else word for word in words
        ]
    text = words[0] + "".join(gap + word for gap, word in zip(between, words[1:], strict=True))
    assert parse(text) == SwapDatabase(one, if_exists=False, other=other)


@given(st.permutations(["AUTO_SUSPEND = 60", "WAREHOUSE_SIZE = 'SMALL'", "COMMENT = $$it's$$", "AUTO_RESUME = FALSE"]))
def test_options_come_in_any_order(options: list[str]) -> None:
    """The order of properties does not matter."""
    found = parse("create warehouse w with " + " ".join(options))
    assert isinstance(found, CreateWarehouse)
    assert dict(found.settings) == {
        "AUTO_SUSPEND": 60,
        "WAREHOUSE_SIZE": "SMALL",
        "COMMENT": "it's",
        "AUTO_RESUME": False,
    }


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever follows the verb, the answer is a statement, nothing, or an error of Snowflake's."""
    for verb in ("create ", "alter ", "drop ", "grant ", "show ", "use ", "comment on "):
        with contextlib.suppress(SqlError):
            parse(verb + text)


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        '  /* {"app": "dbt"} */ select 1',
        "create table t (x int)",
        "create or replace transient table d.s.t as select 1 as x",
        "create view v as select 'clone'",
        "insert into t values (1)",
        "merge into t using u on t.x = u.x when matched then delete",
        "alter table t add column y int",
        "alter table t alter column x set data type varchar",
        "begin",
        "put file://x @y",
        "set x = 1",
        "describe table t",
        "",
        ";",
    ],
)
def test_data_statements_pass(sql: str) -> None:
    """What reads or changes rows or columns is not for this reader."""
    assert parse(sql) is None


def test_a_long_data_statement_is_let_by_at_once() -> None:
    """A megabyte of SELECT or CREATE TABLE AS costs no more than a few words."""
    rows = ", ".join(["(1, 'some text')"] * 60_000)
    started = time.perf_counter()
    for text in (f"select * from (values {rows})", f"create or replace table t as select * from (values {rows})"):
        assert parse(text) is None
    assert time.perf_counter() - started < 0.05


def test_an_error_says_where() -> None:
    """A syntax error names line, position and the word, as Snowflake does."""
    with pytest.raises(SqlError, match=r"syntax error line 2 at position 4 unexpected 'swop'"):
        parse("alter database a\n    swop with b")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("alter pipe p refresh", "ALTER PIPE … REFRESH"),
        ("create or replace stream s on view v", "CREATE STREAM … ON VIEW"),
        ("alter password policy p set comment = 'x'", "ALTER PASSWORD POLICY"),
        ("drop projection policy if exists m", "DROP PROJECTION POLICY"),
        ("create storage integration i", "CREATE STORAGE INTEGRATION"),
        ("create snowflake.core.budget b ()", "CREATE SNOWFLAKE.CORE.BUDGET"),
        ("call a.b.c!set_refresh_tier('TIER_1H')", "CALL A.B.C!SET_REFRESH_TIER"),
        ("execute alert a", "EXECUTE ALERT"),
        ("create database d log_level = info", "DATABASE property LOG_LEVEL"),
        ("alter table t add search optimization", "SEARCH OPTIMIZATION"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(sql: str, said: str) -> None:
    """A statement that Snowflake knows and this account does not is named in its refusal."""
    with pytest.raises(SqlError, match="unsupported by snowdome") as refused:
        parse(sql)
    assert said in refused.value.message
    assert (refused.value.errno, refused.value.sqlstate) == (2, "0A000")


def test_statements_are_values() -> None:
    """A parsed statement equals another of the same meaning and cannot be changed."""
    one = parse('alter database "A" swap with b')
    assert one == parse("ALTER DATABASE a SWAP WITH B;")
    assert isinstance(one, SwapDatabase)
    with pytest.raises(FrozenInstanceError):
        one.name = "X"  # type: ignore[misc]


def test_the_support_table_comes_from_the_grammar() -> None:
    """Every statement the reader knows is in the support table, served or refused."""
    rows = {row.statement: row for row in support.rows()}
    assert rows["CREATE WAREHOUSE"].supported == support.SERVED
    assert "AUTO_SUSPEND" in rows["CREATE WAREHOUSE"].properties
    assert rows["CREATE VIEW"].supported == support.DATA
    assert rows["CREATE SHARE"].supported == support.REFUSED
