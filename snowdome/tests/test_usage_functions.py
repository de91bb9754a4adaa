"""The information schema's functions of history: no latency, a short past, arguments before WHERE, who may see what."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Ask, asker
from snowflake.connector.errors import ProgrammingError

from snowdome.pytest_plugin import Snowdome

START = "2026-03-02T09:00:00+00:00"


@pytest.fixture
def account(snowdome: Snowdome) -> Snowdome:
    """An account at nine, with a warehouse, a database, and a role that may use both and watch neither."""
    snowdome.clock(now=START)
    ask = asker(snowdome.connect())
    for sql in (
        "create warehouse press auto_suspend = 0",
        "create database orchard",
        "create table apples (name text)",
        "insert into apples values ('russet')",
        "create role office",
        "create user clerk password = 'x' default_role = office",
        "grant role office to user clerk",
        "grant usage on warehouse press to role office",
        "grant usage on database orchard to role office",
    ):
        ask(sql)
    return snowdome


def session(account: Snowdome, **overrides: Any) -> Ask:
    """A session in the orchard, with the warehouse."""
    return asker(account.connect(warehouse="PRESS", database="ORCHARD", schema="PUBLIC", **overrides))


def test_the_limit_is_applied_before_where(account: Snowdome) -> None:
    """RESULT_LIMIT, 100 unless asked, takes the latest statements; only then does WHERE choose among them."""
    ask = session(account)
    for number in range(5):
        ask(f"select {number} as pip")
    found = (
        "select count(*) from table(information_schema.query_history({})) where query_text like 'insert into apples%'"
    )
    assert ask(found.format("")) == [(1,)]
    assert ask(found.format("result_limit => 3")) == [(0,)]
    assert len(ask("select query_id from table(information_schema.query_history(result_limit => 4))")) == 4


def test_a_statement_is_there_at_once_and_while_it_runs(account: Snowdome) -> None:
    """QUERY_HISTORY has no latency: it shows the statement that asks, running, its END_TIME the epoch."""
    ask = session(account)
    ask("select 'seed'")
    rows = ask(
        "select query_text, execution_status, year(end_time) "
        "from table(orchard.information_schema.query_history()) limit 2"
    )
    assert rows[0][1:] == ("RUNNING", 1970)
    assert rows[1][:2] == ("select 'seed'", "SUCCESS")


def test_failures_have_the_functions_own_word(account: Snowdome) -> None:
    """A failed statement is FAILED_WITH_ERROR here, with its number and message."""
    ask = session(account)
    with pytest.raises(ProgrammingError):
        ask("select * from pears")
    [(status, code, message)] = ask(
        "select execution_status, error_code, error_message from table(information_schema.query_history()) "
        "where query_text = 'select * from pears'"
    )
    assert (status, code) == ("FAILED_WITH_ERROR", 2003)
    assert "PEARS" in message


def test_by_warehouse_by_user_and_by_session(account: Snowdome) -> None:
    """The variants choose by warehouse, user and session before the limit; names are folded as in SQL."""
    ask, clerk = session(account), session(account, user="CLERK", password="x", role="OFFICE")
    clerk("select 'clerk'")
    ask("select name from apples")
    by_warehouse = "table(information_schema.query_history_by_warehouse(warehouse_name => 'press'))"
    texts = [row[0] for row in ask(f"select query_text from {by_warehouse}")]
    assert "select name from apples" in texts
    assert "create database orchard" not in texts
    assert "select 'clerk'" in [
        row[0] for row in clerk("select query_text from table(information_schema.query_history_by_user())")
    ]
    own = clerk("select query_text from table(information_schema.query_history_by_session())")
    assert ("select name from apples",) not in own
    assert len(own) >= 2


def test_others_statements_are_seen_with_monitor_on_the_warehouse(account: Snowdome) -> None:
    """One sees one's own statements; those of others with MONITOR or OPERATE on the warehouse they ran on."""
    ask, clerk = session(account), session(account, user="CLERK", password="x", role="OFFICE")
    ask("select name from apples")
    query = "select count(*) from table(information_schema.query_history()) where user_name = 'ADMIN'"
    assert clerk(query) == [(0,)]
    ask("grant monitor on warehouse press to role office")
    assert clerk(query)[0][0] >= 2


def test_a_range_of_ends_is_kept_to(account: Snowdome) -> None:
    """END_TIME_RANGE_START and END_TIME_RANGE_END bound a statement's end; with an end, none that runs is shown."""
    ask = session(account)
    ask("select 'early'")
    account.clock(advance_seconds=3600)
    ask("select 'late'")
    rows = ask(
        "select query_text from table(information_schema.query_history(dateadd('minute', -30, current_timestamp()), "
        "current_timestamp()))"
    )
    assert rows == [("select 'late'",)]


@pytest.mark.parametrize(
    "call",
    [
        "query_history(result_limit => 0)",
        "query_history(result_limit => 10001)",
        "query_history(result_limit => 'many')",
        "query_history(limit => 5)",
        "query_history(result_limit => 5, result_limit => 6)",
        "query_history(dateadd('day', -8, current_timestamp()))",
        "query_history('soon')",
        "query_history(current_timestamp(), current_timestamp(), 5, true, 1)",
        "query_history_by_user(session_id => 5)",
        "warehouse_metering_history()",
        "warehouse_metering_history(dateadd('month', -7, current_date()))",
        "warehouse_load_history(date_range_start => dateadd('day', -16, current_date()))",
    ],
)
def test_wrong_arguments_are_refused(snowdome_module: Snowdome, call: str) -> None:
    """A name that is unknown or given twice, a value out of range or of the wrong kind, is refused."""
    ask = asker(snowdome_module.connect())
    ask("create database if not exists orchard")
    with pytest.raises(ProgrammingError):
        ask(f"select * from table(orchard.information_schema.{call})")


def test_metering_needs_monitor_usage_and_has_the_hour_that_runs(account: Snowdome) -> None:
    """WAREHOUSE_METERING_HISTORY() knows the hour that is not over; without MONITOR USAGE it has no rows."""
    account.clock(advance_seconds=1800)
    ask, clerk = session(account), session(account, user="CLERK", password="x", role="OFFICE")
    query = (
        "select warehouse_name, start_time = date_trunc('hour', current_timestamp()), round(credits_used_compute, 1) "
        "from table(information_schema.warehouse_metering_history(dateadd('days', -1, current_date())))"
        " where warehouse_name = 'PRESS'"
    )
    assert [(name, start, float(used)) for name, start, used in ask(query)] == [("PRESS", True, 0.5)]
    assert clerk(query) == []
    ask("grant monitor usage on account to role office")
    assert len(clerk(query)) == 1


def test_load_is_time_spent_over_time_there_was(account: Snowdome) -> None:
    """WAREHOUSE_LOAD_HISTORY has steps of five seconds in which the warehouse was busy, and how much."""
    ask = session(account)
    account.clock(speed=20_000)
    ask("select count(*) from apples a, apples b")
    account.clock(speed=1)
    rows = ask(
        "select datediff('second', start_time, end_time), avg_running, avg_blocked "
        "from table(information_schema.warehouse_load_history("
        "date_range_start => dateadd('hour', -1, current_timestamp()), warehouse_name => 'press'))"
    )
    assert rows
    assert {step for step, _, _ in rows} == {5}
    assert 0 < max(float(running) for _, running, _ in rows) <= 10
    assert {float(blocked) for _, _, blocked in rows} == {0.0}
