"""The ledger of a running account: what statements, clusters, sizes and idleness come to, and that it survives."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from snowdome.warehouses.metering.segments import Segment, credit

START = "2031-03-03T08:00:00+00:00"
RATES = {"XSMALL": 1, "SMALL": 2, "MEDIUM": 4, "LARGE": 8}


@pytest.fixture
def account(snowdomes: Any, tmp_path: Path) -> Any:
    """An account on disk at a known time that stands still."""
    server = snowdomes(tmp_path / "account")
    server.clock(now=START, speed=0)
    return server


def rows(account: Any, sql: str) -> list[tuple[Any, ...]]:
    """What the account's file says."""
    file = sqlite3.connect(f"file:{account.folder}/account.sqlite?mode=ro", uri=True)
    try:
        return file.execute(sql).fetchall()
    finally:
        file.close()


def segments(account: Any) -> list[tuple[Any, ...]]:
    """Cluster, size, base, start and end in seconds since the start of the test."""
    origin = "1930291200"  # the start's seconds since 1970
    return rows(
        account,
        f"select cluster, size, base, started / 1000000 - {origin}, ended / 1000000 - {origin} "
        "from metering_segments order by id",
    )


def events(account: Any) -> list[tuple[Any, ...]]:
    """Names, reasons and clusters, in order."""
    return rows(account, "select name, reason, cluster from metering_events order by rowid")


def test_a_statement_an_idle_while_and_sleep(account: Any, ask: Any) -> None:
    """A resume for a statement, AUTO_SUSPEND rounded up to the poll of 30 seconds, one segment and its events."""
    session = account.connect()
    ask(session, "create warehouse w auto_suspend = 70 initially_suspended = true", "call system$wait(0)")
    account.clock(advance_seconds=86_400)
    assert segments(account) == [(1, "XSMALL", None, 0, 90)]
    assert events(account) == [
        ("CREATE_WAREHOUSE", None, None),
        ("RESUME_WAREHOUSE", "WAREHOUSE_AUTORESUME", None),
        ("RESUME_CLUSTER", "WAREHOUSE_AUTORESUME", 1),
        ("WAREHOUSE_CONSISTENT", None, None),
        ("SUSPEND_WAREHOUSE", "WAREHOUSE_AUTOSUSPEND", None),
        ("SUSPEND_CLUSTER", "WAREHOUSE_AUTOSUSPEND", 1),
        ("WAREHOUSE_CONSISTENT", None, None),
    ]
    by = rows(account, "select user, role, query_id is not null from metering_events where name = 'RESUME_WAREHOUSE'")
    assert by == [("ADMIN", "ACCOUNTADMIN", 1)]


def test_sizes_change_while_it_runs(account: Any, ask: Any) -> None:
    """Larger adds a segment on top, smaller takes it away; while it sleeps nothing is added."""
    session = account.connect()
    ask(session, "create warehouse w auto_suspend = 0 generation = '1'")
    account.clock(advance_seconds=100)
    ask(session, "alter warehouse w set warehouse_size = large")
    account.clock(advance_seconds=100)
    ask(session, "alter warehouse w set warehouse_size = small")
    account.clock(advance_seconds=100)
    ask(session, "alter warehouse w suspend", "alter warehouse w set warehouse_size = xxlarge")
    assert segments(account) == [
        (1, "XSMALL", None, 0, 300),
        (1, "LARGE", "XSMALL", 100, 200),
        (1, "SMALL", "XSMALL", 200, 300),
    ]


def test_a_change_of_generation_starts_anew(account: Any, ask: Any) -> None:
    """Other machines are other machines: the old segment ends and a new one begins, with a minute of its own."""
    session = account.connect()
    ask(session, "create warehouse w auto_suspend = 0 generation = '1'")
    account.clock(advance_seconds=100)
    ask(session, "alter warehouse w set generation = '2'")
    assert segments(account) == [(1, "XSMALL", None, 0, 100), (1, "XSMALL", None, 100, None)]
    assert rows(account, "select generation, minimum from metering_segments") == [("1", 60.0), ("2", 60.0)]


def test_rates_of_other_machines_are_a_setting(account: Any, ask: Any) -> None:
    """POST /snowdome/rates says what generation 2 costs, for what starts from then on, also after a restart."""
    session = account.connect()
    ask(session, "create warehouse w generation = '2'")
    account.control("rates", {"STANDARD_GEN_2": 1.35}, "POST")
    ask(session, "create warehouse v generation = '2'")
    account.restart()
    assert account.control("rates")["factors"]["STANDARD_GEN_2"] == 1.35
    assert rows(account, "select name, factor from metering_segments order by id") == [("W", 1.0), ("V", 1.35)]


def test_the_ledger_survives_a_kill(account: Any, ask: Any) -> None:
    """A warehouse that ran when the server was killed runs on, and falls asleep when it would have."""
    session = account.connect()
    ask(session, "create warehouse w auto_suspend = 600")
    account.clock(advance_seconds=100)
    ask(session, "call system$wait(0)")
    account.kill()
    account.start()
    account.clock(now="2031-03-03T09:00:00+00:00", speed=0)
    assert segments(account) == [(1, "XSMALL", None, 0, 700)]


def test_a_statement_on_an_adaptive_warehouse_is_billed_by_itself(account: Any, ask: Any) -> None:
    """Each statement is a segment of its own length, without a minimum; an idle adaptive warehouse costs nothing."""
    session = account.connect()
    ask(session, "create adaptive warehouse w")
    account.clock(advance_seconds=3600)
    ask(session, "call system$wait(0)")
    assert segments(account) == [(1, "XLARGE", None, 3600, 3600)]
    assert rows(account, "select minimum from metering_segments") == [(0.0,)]


def test_a_week_for_a_thousand_warehouses(snowdome: Any, ask: Any) -> None:
    """One step of a week: each of a thousand warehouses falls asleep at its own moment."""
    snowdome.clock(now=START, speed=0)
    session = snowdome.connect()
    for number in range(1000):
        ask(session, f"create warehouse w{number} auto_suspend = {60 + 30 * (number % 100)}")
    snowdome.clock(advance_seconds=7 * 86_400)
    found = ask(session, "show warehouses")
    assert {row["state"] for row in found} == {"SUSPENDED"}
    assert len({row["updated_on"] for row in found}) == 100


def test_a_folder_of_another_layout_is_refused(account: Any) -> None:
    """An account.sqlite that another version wrote is refused with both numbers, and nothing is changed in it."""
    account.stop()
    file = sqlite3.connect(f"{account.folder}/account.sqlite")
    file.execute("pragma user_version = 1")
    file.close()
    command = [sys.executable, "-m", "snowdome", "serve", "--port", "0", "--data", str(account.folder)]
    reported = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert reported.returncode == 1
    assert "account.sqlite has layout 1, this version of snowdome reads" in reported.stderr
    assert rows(account, "pragma user_version") == [(1,)]


def test_the_truth_is_told_at_once(account: Any, ask: Any) -> None:
    """GET /snowdome/metering has what runs now and what is over, and reads back as the segments that it was."""
    session = account.connect()
    ask(session, "create warehouse w auto_suspend = 0 generation = '1'")
    account.clock(advance_seconds=100)
    ask(session, "alter warehouse w suspend", "alter warehouse w resume")
    account.clock(advance_seconds=50)
    reported = account.control("metering")
    first, second = (Segment.of(one) for one in reported["segments"])
    assert (first.name, first.ended is None, second.ended) == ("W", False, None)
    now = datetime.fromisoformat(reported["now"])
    assert sum(credit(one, first.started, now) for one in (first, second)) == pytest.approx(160 / 3600)
    assert [one.plain() for one in (first, second)] == reported["segments"]
