"""SNOWFLAKE.ACCOUNT_USAGE over the wire: what happened, as late as Snowflake says it, for those who may read it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from asking import asker
from snowflake.connector.errors import DatabaseError, ProgrammingError

from snowdome.pytest_plugin import Snowdome
from snowdome.usage.columns import SHAPES

START = "2026-03-02T09:00:00+00:00"


@pytest.fixture
def account(snowdome: Snowdome) -> Snowdome:
    """An account at nine in the morning of a Monday, with a warehouse and a table of two rows."""
    snowdome.clock(now=START)
    ask = asker(snowdome.connect())
    for sql in (
        "create warehouse press warehouse_size = small auto_suspend = 60",
        "create database orchard",
        "create table apples (name text, weight int)",
        "insert into apples values ('russet', 3), ('pippin', 4)",
    ):
        ask(sql)
    return snowdome


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_view_is_found_described_and_read(snowdome_module: Snowdome, shape: Any) -> None:
    """Each usage view is listed, described and read with the columns it promises."""
    ask = asker(snowdome_module.connect())
    ask("create warehouse if not exists press")
    name = f"snowflake.{shape.schema}.{shape.name}"
    listed = ask(f"show views like '{shape.name}' in schema snowflake.{shape.schema}")
    assert len(listed) == 1
    assert [row[0] for row in ask(f"describe view {name}")] == list(shape.columns)
    with snowdome_module.connect(warehouse="PRESS").cursor() as cursor:
        cursor.execute(f"select * from {name} limit 0")
        assert [column.name for column in cursor.description] == list(shape.columns)


def test_a_statement_appears_after_45_minutes_and_not_before(account: Snowdome) -> None:
    """QUERY_HISTORY has a statement once the clock is 45 minutes past its end."""
    ask = asker(account.connect(warehouse="PRESS"))
    find = "select count(*) from snowflake.account_usage.query_history where query_text like 'insert into apples%'"
    account.clock(advance_seconds=44 * 60)
    assert ask(find) == [(0,)]
    account.clock(advance_seconds=2 * 60)
    assert ask(find) == [(1,)]


def test_the_history_says_how_a_statement_went(account: Snowdome) -> None:
    """Type, status, error, tag, warehouse, rows and times are those of the statement that ran."""
    connection = account.connect(warehouse="PRESS", database="ORCHARD", schema="PUBLIC")
    ask = asker(connection)
    ask("alter session set query_tag = 'harvest'")
    ask("/* by hand */ insert into apples select name, weight + 1 from apples")
    with pytest.raises(ProgrammingError):
        ask("select * from pears")
    account.clock(advance_seconds=3600)
    rows = ask(
        "select query_type, execution_status, error_code, warehouse_name, warehouse_size, cluster_number, "
        "rows_inserted, "
        "query_tag, user_name, role_name, database_name, schema_name, end_time >= start_time "
        "from snowflake.account_usage.query_history "
        "where query_tag = 'harvest' and query_text not like '%account_usage%' order by start_time"
    )
    assert rows == [
        (
            "INSERT",
            "SUCCESS",
            None,
            "PRESS",
            "Small",
            1,
            2,
            "harvest",
            "ADMIN",
            "ACCOUNTADMIN",
            "ORCHARD",
            "PUBLIC",
            True,
        ),
        ("SELECT", "FAIL", 2003, None, None, None, 0, "harvest", "ADMIN", "ACCOUNTADMIN", "ORCHARD", "PUBLIC", True),
    ]


def test_the_history_keeps_no_secret(account: Snowdome) -> None:
    """A password never reaches QUERY_HISTORY."""
    ask = asker(account.connect(warehouse="PRESS"))
    ask("create user gardener password = 'Rosebud-99'")
    account.clock(advance_seconds=3600)
    texts = ask("select query_text from snowflake.account_usage.query_history where query_type = 'CREATE_USER'")
    assert len(texts) == 1
    assert "Rosebud" not in texts[0][0]
    assert "gardener" in texts[0][0]


def test_usage_views_are_joined_put_in_ctes_and_behind_views(account: Snowdome) -> None:
    """A usage view is a relation like any other: in joins, CTEs, subqueries, views over it, and CTAS."""
    ask = asker(account.connect(warehouse="PRESS", database="ORCHARD", schema="PUBLIC"))
    account.clock(advance_seconds=4 * 3600)
    ask(
        "create view busy as with h as (select database_name, count(*) n from snowflake.account_usage.query_history "
        "group by 1) select d.database_name, h.n from snowflake.account_usage.databases d join h "
        "on h.database_name = d.database_name where d.deleted is null"
    )
    assert [name for name, n in ask("select * from busy") if n > 0] == ["ORCHARD"]
    ask("create table kept as select query_id, start_time from snowflake.account_usage.query_history")
    assert ask("select count(*) > 0 from kept k join snowflake.account_usage.query_history q using (query_id)") == [
        (True,)
    ]
    ask("use schema snowflake.account_usage")
    assert ask("select count(*) from databases where database_name = 'ORCHARD'") == [(1,)]


def test_who_may_read_which_view(account: Snowdome) -> None:
    """Without a grant SNOWFLAKE is not there; its database roles open some views, IMPORTED PRIVILEGES all."""
    ask = asker(account.connect())
    for sql in (
        "create user clerk password = 'x' default_role = office",
        "create role office",
        "grant role office to user clerk",
        "grant usage on warehouse press to role office",
    ):
        ask(sql)
    office = asker(account.connect(user="CLERK", password="x", role="OFFICE", warehouse="PRESS"))
    metering = "select count(*) from snowflake.account_usage.warehouse_metering_history"
    history = "select count(*) from snowflake.account_usage.query_history"
    rates = "select count(*) from snowflake.organization_usage.rate_sheet_daily"
    for sql in (metering, history, rates):
        with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
            office(sql)
    ask("grant database role snowflake.usage_viewer to role office")
    assert office(metering) == [(0,)]
    with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
        office(history)
    ask("grant database role snowflake.governance_viewer to role office")
    assert office(history) == [(0,)]
    with pytest.raises(ProgrammingError):
        office(rates)
    for role in ("usage_viewer", "governance_viewer"):
        ask(f"revoke database role snowflake.{role} from role office")
    with pytest.raises(ProgrammingError):
        office(metering)
    ask("grant imported privileges on database snowflake to role office")
    for sql in (metering, history, rates):
        office(sql)
    ask("revoke imported privileges on database snowflake from role office")
    with pytest.raises(ProgrammingError):
        office(metering)


def test_usage_views_cannot_be_changed(account: Snowdome) -> None:
    """Nobody owns SNOWFLAKE: its views are read, not written, dropped or altered."""
    ask = asker(account.connect(warehouse="PRESS"))
    for sql in (
        "delete from snowflake.account_usage.query_history",
        "drop view snowflake.account_usage.query_history",
        "drop database snowflake",
        "alter database snowflake rename to ice",
        "create table snowflake.account_usage.mine (a int)",
    ):
        with pytest.raises(ProgrammingError):
            ask(sql)


def test_a_view_that_is_not_served_is_refused_by_name(account: Snowdome) -> None:
    """SNOWFLAKE has more views than are served here: one of those is unsupported, not missing."""
    ask = asker(account.connect(warehouse="PRESS"))
    with pytest.raises(
        ProgrammingError, match=r"unsupported by snowdome: SNOWFLAKE\.ACCOUNT_USAGE\.PIPE_USAGE_HISTORY"
    ):
        ask("select * from snowflake.account_usage.pipe_usage_history")


def test_hours_are_utc_hours_in_any_session_zone(account: Snowdome) -> None:
    """A session in a zone off the hour sees the same hours and days of metering."""
    account.clock(advance_seconds=30 * 3600)
    query = (
        "select datediff('second', '2026-03-02 09:00:00+00:00'::timestamp_tz, start_time) % 3600, credits_used "
        "from snowflake.account_usage.warehouse_metering_history order by start_time, warehouse_id"
    )
    days = "select usage_date, credits_billed from snowflake.account_usage.metering_daily_history order by 1"
    ask = asker(account.connect(warehouse="PRESS"))
    hours, billed = ask(query), ask(days)
    assert {offset for offset, _ in hours} == {0}
    ask("alter session set timezone = 'Asia/Kolkata'")
    assert ask(query)[: len(hours)] == hours
    assert ask(days)[: len(billed)] == billed


def test_databases_is_three_hours_late_also_for_names(account: Snowdome) -> None:
    """After a swap DATABASES tells the old names for three hours; a dropped database keeps its row and gets DELETED."""
    ask = asker(account.connect(warehouse="PRESS"))
    ask("create database meadow comment = 'hay'")
    account.clock(advance_seconds=4 * 3600)
    query = (
        "select database_name, comment, deleted is null from snowflake.account_usage.databases where comment = 'hay'"
    )
    assert ask(query) == [("MEADOW", "hay", True)]
    ask("alter database meadow swap with orchard")
    account.clock(advance_seconds=2 * 3600)
    assert ask(query) == [("MEADOW", "hay", True)]
    account.clock(advance_seconds=2 * 3600)
    assert ask(query) == [("ORCHARD", "hay", True)]
    ask("drop database orchard")
    account.clock(advance_seconds=4 * 3600)
    assert ask(query) == [("ORCHARD", "hay", False)]


def test_tag_references_are_two_hours_late_and_direct(account: Snowdome) -> None:
    """TAG_REFERENCES has a tag on the object it was set on, two hours later, and not on what inherits it."""
    ask = asker(account.connect(warehouse="PRESS", database="ORCHARD", schema="PUBLIC"))
    ask("create tag season")
    ask("alter database orchard set tag season = 'autumn'")
    ask("alter warehouse press set tag season = 'winter'")
    ask("alter table apples modify column name set tag season = 'spring'")
    query = (
        "select domain, object_name, column_name, tag_value, tag_database, object_id is not null "
        "from snowflake.account_usage.tag_references order by domain"
    )
    account.clock(advance_seconds=119 * 60)
    assert ask(query) == []
    account.clock(advance_seconds=2 * 60)
    assert ask(query) == [
        ("COLUMN", "APPLES", "NAME", "spring", "ORCHARD", True),
        ("DATABASE", "ORCHARD", None, "autumn", "ORCHARD", True),
        ("WAREHOUSE", "PRESS", None, "winter", "ORCHARD", True),
    ]
    ask("alter warehouse press unset tag season")
    assert len(ask(query)) == 3
    account.clock(advance_seconds=2 * 3600)
    assert [row[0] for row in ask(query)] == ["COLUMN", "DATABASE"]


def test_a_revoked_grant_stays_with_its_end(account: Snowdome) -> None:
    """GRANTS_TO_ROLES has a grant two hours late, and once it is revoked, when."""
    ask = asker(account.connect(warehouse="PRESS"))
    ask("create role picker")
    ask("grant select on table orchard.public.apples to role picker")
    account.clock(advance_seconds=3 * 3600)
    query = (
        "select privilege, granted_on, name, table_catalog, table_schema, granted_to, granted_by, deleted_on is null "
        "from snowflake.account_usage.grants_to_roles where grantee_name = 'PICKER'"
    )
    row = ("SELECT", "TABLE", "APPLES", "ORCHARD", "PUBLIC", "ACCOUNT ROLE", "ACCOUNTADMIN")
    assert ask(query) == [(*row, True)]
    ask("revoke select on table orchard.public.apples from role picker")
    assert ask(query) == [(*row, True)]
    account.clock(advance_seconds=3 * 3600)
    assert ask(query) == [(*row, False)]


def test_log_ins_are_in_the_login_history(account: Snowdome) -> None:
    """LOGIN_HISTORY has who came in and who did not, two hours later; a statement names its log-in."""
    ask = asker(account.connect(warehouse="PRESS"))
    ask("create user guest password = 'right'")
    with pytest.raises(DatabaseError):
        account.connect(user="GUEST", password="wrong")
    guest = asker(account.connect(user="GUEST", password="right"))
    guest("select 7")
    account.clock(advance_seconds=2 * 3600 + 60)
    rows = ask(
        "select is_success, error_message, first_authentication_factor, client_ip, reported_client_type "
        "from snowflake.account_usage.login_history where user_name = 'GUEST' order by event_timestamp"
    )
    assert rows == [
        ("NO", "INCORRECT_USERNAME_PASSWORD", "PASSWORD", "127.0.0.1", "PYTHON_DRIVER"),
        ("YES", None, "PASSWORD", "127.0.0.1", "PYTHON_DRIVER"),
    ]
    joined = ask(
        "select l.user_name from snowflake.account_usage.query_history q join snowflake.account_usage.login_history l "
        "on l.event_id = q.authn_event_id where q.query_text = 'select 7'"
    )
    assert joined == [("GUEST",)]


def test_access_history_tells_reads_writes_and_changes(account: Snowdome) -> None:
    """ACCESS_HISTORY names what was read directly and behind views, what was written, and what DDL did."""
    ask = asker(account.connect(warehouse="PRESS", database="ORCHARD", schema="PUBLIC"))
    ask("create view heavy as select name from apples where weight > 3")
    ask("select name from heavy")
    ask("insert into apples (name) select name from heavy")
    with pytest.raises(ProgrammingError):
        ask("select weight from heavy")
    ask("create database meadow clone orchard")
    ask("alter database meadow swap with orchard")
    account.clock(advance_seconds=3 * 3600 + 60)
    rows = ask(
        "select q.query_text, a.direct_objects_accessed, a.base_objects_accessed, a.objects_modified, "
        "a.object_modified_by_ddl from snowflake.account_usage.access_history a "
        "join snowflake.account_usage.query_history q using (query_id) order by a.query_start_time"
    )
    found: dict[str, list[list[Any]]] = {}
    for text, *cells in rows:
        found.setdefault(text, []).append([json.loads(cell) if cell else None for cell in cells])
    assert "select weight from heavy" not in found
    direct, base, modified, _ = found["select name from heavy"][0]
    assert [(o["objectDomain"], o["objectName"], [c["columnName"] for c in o["columns"]]) for o in direct] == [
        ("View", "MEADOW.PUBLIC.HEAVY", ["NAME"])
    ]
    assert [(o["objectDomain"], {c["columnName"] for c in o["columns"]}) for o in base] == [
        ("Table", {"NAME", "WEIGHT"})
    ]
    assert modified == []
    _, _, modified, _ = found["insert into apples (name) select name from heavy"][0]
    assert [[c["columnName"] for c in o["columns"]] for o in modified] == [["NAME"]]
    made = found["create database meadow clone orchard"]
    assert [(row[3]["objectDomain"], row[3]["operationType"]) for row in made] == [("Database", "CREATE")]
    swapped = found["alter database meadow swap with orchard"]
    assert {(row[3]["operationType"], row[3]["properties"]["objectName"]["value"]) for row in swapped} == {
        ("ALTER", "ORCHARD"),
        ("ALTER", "MEADOW"),
    }


def test_the_history_survives_a_restart(snowdome_on_disk: Snowdome) -> None:
    """After a clean stop every statement is in QUERY_HISTORY, and what happened before is still hours late."""
    snowdome_on_disk.clock(now=START)
    ask = asker(snowdome_on_disk.connect())
    ask("create warehouse press")
    ask("create database orchard")
    for number in range(20):
        ask(f"select {number} as pip")
    snowdome_on_disk.disconnect()
    snowdome_on_disk.restart()
    moment = datetime.fromisoformat(snowdome_on_disk.clock()).astimezone(UTC)
    assert moment >= datetime.fromisoformat(START)
    snowdome_on_disk.clock(now=START, advance_seconds=4 * 3600)
    ask = asker(snowdome_on_disk.connect(warehouse="PRESS"))
    counted = "select count(*) from snowflake.account_usage.query_history where query_text like 'select % as pip'"
    assert ask(counted) == [(20,)]
    assert ask("select count(*) from snowflake.account_usage.databases where database_name = 'ORCHARD'") == [(1,)]
