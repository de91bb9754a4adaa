"""`POST /snowdome/history`: a history put into the account, marked as loaded, or refused by name."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from asking import asker

from snowdome.pytest_plugin import Snowdome

NOW = "2026-06-30T12:00:00+00:00"
HOUR = {
    "START_TIME": "2026-06-01T10:00:00Z",
    "END_TIME": "2026-06-01T11:00:00Z",
    "WAREHOUSE_NAME": "MILL",
    "CREDITS_USED_COMPUTE": 1.5,
}
METERING = "WAREHOUSE_METERING_HISTORY"


def send(account: Snowdome, body: bytes, kind: str = "application/json", view: str = "") -> tuple[int, dict[str, Any]]:
    """Status and answer to a history that is sent."""
    url = f"http://127.0.0.1:{account.port}/snowdome/history" + (f"?view={view}" if view else "")
    request = urllib.request.Request(url, data=body, headers={"Content-Type": kind}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as problem:
        return problem.code, json.load(problem)


def load(account: Snowdome, view: str, **reported: Any) -> tuple[int, dict[str, Any]]:
    """Status and answer to a history in JSON."""
    return send(account, json.dumps({"view": view, **reported}).encode())


@pytest.fixture
def account(snowdome: Snowdome) -> Snowdome:
    """An account at the end of June, with a warehouse."""
    snowdome.clock(now=NOW)
    asker(snowdome.connect())("create warehouse mill")
    return snowdome


def test_rows_appear_as_if_the_account_had_lived_them(account: Snowdome) -> None:
    """A loaded hour is in the view with what follows from it: the warehouse's id, the sum, the day, the money."""
    status, answer = load(account, METERING, rows=[HOUR])
    assert (status, answer["rows"], answer["last"]) == (200, 1, "2026-06-01T11:00:00+00:00")
    ask = asker(account.connect(warehouse="MILL"))
    rows = ask(
        "select warehouse_name, credits_used, credits_used_cloud_services, warehouse_id is not null "
        "from snowflake.account_usage.warehouse_metering_history where start_time < '2026-06-02'"
    )
    assert rows == [("MILL", Decimal("1.5"), Decimal(0), True)]
    [(billed,)] = ask(
        "select credits_billed from snowflake.account_usage.metering_daily_history where usage_date = '2026-06-01'"
    )
    assert billed == Decimal("1.5")
    [(money,)] = ask(
        "select usage_in_currency from snowflake.organization_usage.usage_in_currency_daily "
        "where usage_date = '2026-06-01' and service_type = 'WAREHOUSE_METERING'"
    )
    assert money == Decimal("3.00")


def test_loaded_rows_are_late_too(account: Snowdome) -> None:
    """A loaded row of the last hours, or of the future, waits for the clock like any other."""
    soon = {**HOUR, "START_TIME": "2026-06-30T10:00:00Z", "END_TIME": "2026-06-30T11:00:00Z"}
    assert load(account, METERING, rows=[soon])[0] == 200
    ask = asker(account.connect(warehouse="MILL"))
    query = (
        "select sum(credits_used_compute) from snowflake.account_usage.warehouse_metering_history "
        "where start_time = '2026-06-30 10:00:00'"
    )
    assert ask(query) == [(None,)]
    account.clock(advance_seconds=2 * 3600 + 60)
    assert ask(query) == [(Decimal("1.5"),)]


def test_loaded_rows_are_marked_counted_and_taken_away(account: Snowdome) -> None:
    """The control counts own and loaded rows apart, lists the loads, and takes loaded rows away, and only those."""
    ask = asker(account.connect(warehouse="MILL"))
    ask("select 1")
    query = {
        "QUERY_ID": "q1",
        "QUERY_TEXT": "select 2",
        "START_TIME": "2026-06-01T10:00:00Z",
        "END_TIME": "2026-06-01T10:00:05Z",
        "USER_NAME": "MILLER",
        "EXECUTION_STATUS": "SUCCESS",
    }
    assert load(account, "snowflake.account_usage.query_history", rows=[query])[0] == 200
    assert load(account, METERING, rows=[HOUR, {**HOUR, "WAREHOUSE_NAME": "OTHER"}])[0] == 200
    listed = account.control("history")
    own = listed["views"]["QUERY_HISTORY"]["own"]
    assert own >= 1
    assert listed["views"]["QUERY_HISTORY"]["loaded"] == 1
    assert [(one["view"], one["source"], one["rows"]) for one in listed["loads"]] == [
        ("QUERY_HISTORY", "rows", 1),
        (METERING, "rows", 2),
    ]
    [(elapsed, seen)] = ask(
        "select total_elapsed_time, user_name from snowflake.account_usage.query_history where query_id = 'q1'"
    )
    assert (elapsed, seen) == (5000, "MILLER")
    after = account.control("history", method="DELETE")
    assert {counts["loaded"] for counts in after["views"].values()} == {0}
    assert after["views"]["QUERY_HISTORY"]["own"] >= own
    assert after["loads"] == []


@pytest.mark.parametrize(
    ("view", "rows", "said"),
    [
        ("WAREHOUSES", [HOUR], "there is no history WAREHOUSES"),
        ("METERING_DAILY_HISTORY", [HOUR], "is made from other histories"),
        (METERING, [{**HOUR, "COLOUR": "red"}], "no column COLOUR"),
        (METERING, [{k: v for k, v in HOUR.items() if k != "WAREHOUSE_NAME"}], "needs the column WAREHOUSE_NAME"),
        (METERING, [HOUR, {**HOUR, "WAREHOUSE_NAME": None}], "column WAREHOUSE_NAME is empty"),
        (
            METERING,
            [{**HOUR, "CREDITS_USED_COMPUTE": "many"}],
            "column CREDITS_USED_COMPUTE takes NUMBER(38,9), not 'many'",
        ),
        (METERING, [{**HOUR, "START_TIME": "soon"}], "column START_TIME takes TIMESTAMP_LTZ(9), not 'soon'"),
        (METERING, [{**HOUR, "CREDITS_USED_COMPUTE": -1}], "column CREDITS_USED_COMPUTE is negative"),
        (METERING, [{**HOUR, "START_TIME": "2026-06-01T10:30:00Z"}], "is not one whole hour"),
        (METERING, [{**HOUR, "start_time": HOUR["START_TIME"]}], "twice"),
        (METERING, [{}], "row 1 is empty"),
    ],
)
def test_a_wrong_history_is_refused_by_name(
    snowdome_module: Snowdome, view: str, rows: list[dict[str, Any]], said: str
) -> None:
    """What is wrong is named, and nothing is loaded, not even the rows that were right."""
    status, answer = load(snowdome_module, view, rows=rows)
    assert status == 422
    assert said in str(answer["error"])
    listed = snowdome_module.control("history")["views"]
    assert {counts["loaded"] for counts in listed.values()} == {0}


def test_a_wrong_envelope_is_refused(snowdome_module: Snowdome, tmp_path: Path) -> None:
    """Neither or both of rows and file, an unknown Content-Type or a file that is not there is refused."""
    assert load(snowdome_module, METERING)[0] == 422
    assert load(snowdome_module, METERING, rows=[HOUR], file="x.csv")[0] == 422
    assert load(snowdome_module, METERING, file=str(tmp_path / "none.parquet"))[0] == 422
    assert send(snowdome_module, b"x", kind="text/plain", view=METERING)[0] == 422
    (tmp_path / "history.txt").write_text("x")
    assert load(snowdome_module, METERING, file=str(tmp_path / "history.txt"))[0] == 422


def hours(warehouses: int, days: int) -> pa.Table:
    """Hours of many warehouses: what a demo or a benchmark loads."""
    start = datetime(2026, 6, 30, tzinfo=UTC) - timedelta(days=days)
    begins = [start + timedelta(hours=n) for n in range(days * 24)]
    count = len(begins) * warehouses
    return pa.table(
        {
            "START_TIME": pa.array([b for b in begins for _ in range(warehouses)], pa.timestamp("us", "UTC")),
            "END_TIME": pa.array(
                [b + timedelta(hours=1) for b in begins for _ in range(warehouses)], pa.timestamp("us", "UTC")
            ),
            "WAREHOUSE_NAME": [f"MILL_{n}" for n in range(warehouses)] * len(begins),
            "CREDITS_USED_COMPUTE": pa.array([0.25] * count, pa.float64()),
        }
    )


def test_a_file_is_loaded_whole_from_disk_or_from_the_body(snowdome_on_disk: Snowdome, tmp_path: Path) -> None:
    """Parquet and CSV are loaded by path or as the body, and survive a kill; wrong types are refused by name."""
    snowdome_on_disk.clock(now=NOW)
    asker(snowdome_on_disk.connect())("create warehouse mill")
    table = hours(50, 20)
    pq.write_table(table, tmp_path / "hours.parquet")
    status, answer = load(snowdome_on_disk, METERING, file=str(tmp_path / "hours.parquet"))
    assert (status, answer["rows"]) == (200, 50 * 20 * 24)
    status, answer = send(
        snowdome_on_disk, (tmp_path / "hours.parquet").read_bytes(), "application/vnd.apache.parquet", METERING
    )
    assert (status, answer["rows"]) == (200, 50 * 20 * 24)
    csv = "START_TIME,END_TIME,WAREHOUSE_NAME,CREDITS_USED_COMPUTE\n2026-06-01 10:00:00,2026-06-01 11:00:00,0012,{}\n"
    status, answer = send(snowdome_on_disk, csv.format("lots").encode(), "text/csv", METERING)
    assert status == 422
    assert 'column "CREDITS_USED_COMPUTE"' in answer["error"]
    assert send(snowdome_on_disk, csv.format("2.5").encode(), "text/csv", METERING)[0] == 200
    wrong = table.set_column(0, "START_TIME", pa.array(["then"] * table.num_rows))
    pq.write_table(wrong, tmp_path / "wrong.parquet")
    status, answer = load(snowdome_on_disk, METERING, file=str(tmp_path / "wrong.parquet"))
    assert status == 422
    assert "column START_TIME takes TIMESTAMP_LTZ(9), and the file has VARCHAR" in answer["error"]
    snowdome_on_disk.disconnect()
    snowdome_on_disk.kill()
    snowdome_on_disk.start()
    snowdome_on_disk.clock(now=NOW)
    ask = asker(snowdome_on_disk.connect(warehouse="MILL"))
    [(count, used)] = ask(
        "select count(*), sum(credits_used) from snowflake.account_usage.warehouse_metering_history "
        "where warehouse_name like 'MILL\\_%' escape '\\\\' or warehouse_name = '0012'"
    )
    assert (count, used) == (2 * 50 * 20 * 24 + 1, Decimal("12002.5"))
