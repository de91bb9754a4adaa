"""The meter: warehouses, statements, its own samples, and Snowflake's metering rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sluice.domain.budgets.anomalies import Hours
from sluice.domain.budgets.cost_accounting import Metered, Shares
from sluice.domain.budgets.spend import WarehouseSample
from sluice.domain.budgets.usage_estimate import LedgerEntry, StatementRun, is_running
from sluice.domain.journal.control_schema import meter_table
from sluice.domain.names import Identifier
from sluice.domain.sizes import Size
from sluice.snowflake import row_parsing
from sluice.snowflake.connect import Row, Session
from sluice.snowflake.statements import Statement

MOST = 10_000
"""Rows that QUERY_HISTORY gives at most, before any WHERE (D:sql-reference/functions/query_history)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of the meter: running warehouses, and the ledger's lines since the previous sample."""

    at: datetime
    since: datetime
    running: tuple[WarehouseSample, ...]
    entries: tuple[LedgerEntry, ...]
    usual: Hours | None = None
    """Read once an hour, and stored for the following samples."""


def statements(
    session: Session, since: datetime, at: datetime, before: timedelta = timedelta(0)
) -> tuple[list[StatementRun], bool]:
    """Return what used a warehouse between two moments and shortly before, and whether all between them is there.

    Of the whole account, in whichever database one asks. The environment is what the query tag says, else the
    database's name, for the caller to translate.
    """
    rows = session.run(
        Statement(
            "SELECT * FROM (\n"
            "  SELECT WAREHOUSE_NAME, WAREHOUSE_SIZE, DATABASE_NAME, START_TIME, END_TIME, EXECUTION_STATUS,\n"
            "    TRY_PARSE_JSON(QUERY_TAG):environment::VARCHAR AS ENVIRONMENT, COUNT(*) OVER () AS SEEN\n"
            f"  FROM TABLE({session.control.sql}.INFORMATION_SCHEMA.QUERY_HISTORY(\n"
            f"    END_TIME_RANGE_START => %s::TIMESTAMP_LTZ, RESULT_LIMIT => {MOST}))\n"
            ") WHERE WAREHOUSE_NAME IS NOT NULL AND WAREHOUSE_SIZE IS NOT NULL",
            (_bound(since - before),),
        )
    )
    used = [_run_of(row, at) for row in rows if _utc(row["start_time"]) <= at]
    whole = not rows or int(rows[0]["seen"]) < MOST or any(statement.end <= since for statement in used)
    return used, whole


def samples(session: Session, since: datetime) -> list[Sample]:
    """Return the meter's own samples after a moment, oldest first.

    Of two that were taken after the same one, by checks that ran at once or by a repeated statement, the first counts.
    """
    rows = session.run(
        Statement(
            f"SELECT SAMPLED_AT, SINCE, FACTS FROM {meter_table(session.control).sql}\n"
            "WHERE SAMPLED_AT > %s::TIMESTAMP_NTZ\n"
            "QUALIFY ROW_NUMBER() OVER (PARTITION BY SINCE ORDER BY SAMPLED_AT) = 1\nORDER BY SAMPLED_AT",
            (_text(since),),
        )
    )
    return [_sample(row) for row in rows]


def store(session: Session, sample: Sample) -> None:
    """Store the sample as one row, so that it is complete or absent; a repetition does no harm."""
    statement = Statement(
        f"INSERT INTO {meter_table(session.control).sql} (SAMPLED_AT, SINCE, FACTS)\n"
        "SELECT %s::TIMESTAMP_NTZ, %s::TIMESTAMP_NTZ, PARSE_JSON(%s)",
        (_text(sample.at), _text(sample.since), json.dumps(plain(sample), separators=(",", ":"))),
        repeatable=False,
    )
    session.persist(statement)


def delete_before(session: Session, before: datetime) -> None:
    """Delete the samples before that moment."""
    session.run(
        Statement(
            f"DELETE FROM {meter_table(session.control).sql} WHERE SAMPLED_AT < %s::TIMESTAMP_NTZ", (_text(before),)
        )
    )


def by_hour(session: Session, start: datetime, end: datetime) -> list[LedgerEntry]:
    """Return the ledger between two moments, summed by warehouse, payer and hour."""
    rows = session.run(_summed("HOUR", session.control, start, end))
    return [
        LedgerEntry(
            Identifier.from_account(str(row["warehouse"])),
            row_parsing.text(row, "environment"),
            _utc(row["period"]),
            _utc(row["ended"]),
            float(row["credits"]),
        )
        for row in rows
    ]


def by_day(session: Session, start: datetime, end: datetime, *, owned: bool) -> list[Shares]:
    """Return who used each warehouse on each UTC day, by the ledger; of an environment's own only with `owned`.

    The lines of the others are kept apart: a month of all lines is much to unfold every five minutes, and is so only
    where Snowflake's own rows cannot be read.
    """
    shares: dict[tuple[str, datetime], dict[str | None, float]] = {}
    # former samples do not keep them apart
    lines = "KEPT.FACTS:lines" if owned else "COALESCE(KEPT.FACTS:shared, KEPT.FACTS:lines)"
    for row in session.run(_summed("DAY", session.control, start, end, lines)):
        by = shares.setdefault((str(row["warehouse"]), _utc(row["period"])), {})
        by[row_parsing.text(row, "environment")] = float(row["credits"])
    return [Shares(Identifier.from_account(name), day, by) for (name, day), by in shares.items()]


def first(session: Session) -> list[datetime]:
    """Return when the oldest sample that is kept was taken, if there is one."""
    table = meter_table(session.control).sql
    oldest = session.one(Statement(f"SELECT MIN(SAMPLED_AT) AS FIRST_SAMPLE FROM {table}"))["first_sample"]
    return [_utc(oldest)] if oldest is not None else []


def metered_hours(session: Session, since: datetime) -> list[Metered]:
    """Return Snowflake's own rows since a moment, each hour of a warehouse once."""
    return [_row(row) for row in session.run(_metering("HOUR", since, None))]


def metered_days(session: Session, start: datetime, end: datetime) -> list[Metered]:
    """Return Snowflake's own rows between two moments, summed by UTC day."""
    return [_row(row) for row in session.run(_metering("DAY", start, end))]


def same_hours(session: Session, hour: datetime, weeks: int) -> dict[Identifier, dict[datetime, float]]:
    """Return the credits that warehouses used in the same hour of the week, and in the hours beside it, week by week.

    The hour beside is the same one in a zone whose clocks were changed since. The first hour of each warehouse within
    those weeks is there as well: since then it is known.
    """
    rows = session.run(
        Statement(
            "SELECT WAREHOUSE_NAME, PERIOD, COMPUTE FROM (\n"
            "  SELECT WAREHOUSE_NAME, DATE_TRUNC('HOUR', CONVERT_TIMEZONE('UTC', START_TIME)) AS PERIOD,\n"
            "    MAX(CREDITS_USED_COMPUTE) AS COMPUTE, DATEDIFF('HOUR', START_TIME, %s::TIMESTAMP_LTZ) AS AGO\n"
            "  FROM SNOWFLAKE.ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY\n"
            "  WHERE START_TIME >= %s::TIMESTAMP_LTZ AND START_TIME < %s::TIMESTAMP_LTZ\n"
            "  GROUP BY 1, 2, 4\n"
            ") AS HOURS\n"
            "QUALIFY MOD(AGO, 168) IN (0, 1, 167)\n"
            "  OR ROW_NUMBER() OVER (PARTITION BY WAREHOUSE_NAME ORDER BY PERIOD) = 1",
            tuple(_bound(bound) for bound in (hour, hour - timedelta(weeks=weeks, hours=1), hour)),
        )
    )
    credits_by_hour: dict[Identifier, dict[datetime, float]] = {}
    for row in rows:
        hours = credits_by_hour.setdefault(Identifier.from_account(str(row["warehouse_name"])), {})
        hours[_utc(row["period"])] = float(row["compute"] or 0)
    return credits_by_hour


def storage(session: Session, since: datetime) -> list[tuple[str, datetime, float]]:
    """Return each database's bytes, Fail-safe included, on every UTC day since, as far as they are known."""
    rows = session.run(
        Statement(
            "SELECT DATABASE_NAME, USAGE_DATE, SUM(BYTES) AS BYTES\n"
            "FROM (\n"
            "  SELECT DATABASE_ID, DATABASE_NAME, USAGE_DATE,\n"
            "    MAX(AVERAGE_DATABASE_BYTES + COALESCE(AVERAGE_FAILSAFE_BYTES, 0)) AS BYTES\n"
            "  FROM SNOWFLAKE.ACCOUNT_USAGE.DATABASE_STORAGE_USAGE_HISTORY\n"
            "  WHERE USAGE_DATE >= %s::DATE\n"
            "  GROUP BY 1, 2, 3\n"
            ") AS ONCE\nGROUP BY 1, 2",
            (f"{since.astimezone(UTC):%Y-%m-%d}",),
        )
    )
    return [(str(row["database_name"]), _day(row["usage_date"]), float(row["bytes"] or 0)) for row in rows]


def credit_prices(session: Session) -> list[tuple[float, str]]:
    """Return what a credit of a warehouse costs by the account's own rate sheet, and in which currency.

    Of the last week, the last day first; where two contracts hold on a day, the dearer first.
    """
    rows = session.run(
        Statement(
            "SELECT EFFECTIVE_RATE, CURRENCY FROM SNOWFLAKE.ORGANIZATION_USAGE.RATE_SHEET_DAILY\n"
            "WHERE SERVICE_TYPE = 'WAREHOUSE_METERING' AND ACCOUNT_NAME = CURRENT_ACCOUNT_NAME()\n"
            "  AND RATING_TYPE ILIKE 'compute' AND BILLING_TYPE ILIKE 'consumption'\n"
            "  AND NOT COALESCE(IS_ADJUSTMENT, FALSE)\n"
            "  AND EFFECTIVE_RATE > 0 AND DATE >= DATEADD(DAY, -7, CURRENT_DATE())\n"
            "ORDER BY DATE DESC, EFFECTIVE_RATE DESC"
        )
    )
    return [(float(row["effective_rate"]), str(row["currency"] or "USD").upper()) for row in rows]


def _summed(
    period: str, control: Identifier, start: datetime, end: datetime, lines: str = "KEPT.FACTS:lines"
) -> Statement:
    return Statement(
        f"SELECT LINE.VALUE:w::VARCHAR AS WAREHOUSE, LINE.VALUE:e::VARCHAR AS ENVIRONMENT,\n"
        f"  DATE_TRUNC('{period}', LINE.VALUE:s::TIMESTAMP_NTZ) AS PERIOD, MAX(LINE.VALUE:t::TIMESTAMP_NTZ) AS ENDED,\n"
        "  SUM(LINE.VALUE:c::FLOAT) AS CREDITS\n"
        "FROM (\n"
        f"  SELECT FACTS FROM {meter_table(control).sql}\n"
        "  WHERE SAMPLED_AT > %s::TIMESTAMP_NTZ AND SAMPLED_AT <= %s::TIMESTAMP_NTZ\n"
        "  QUALIFY ROW_NUMBER() OVER (PARTITION BY SINCE ORDER BY SAMPLED_AT) = 1\n"
        f") AS KEPT, LATERAL FLATTEN(INPUT => {lines}) AS LINE\nGROUP BY 1, 2, 3",
        (_text(start), _text(end)),
    )


def _metering(period: str, start: datetime, end: datetime | None) -> Statement:
    until = "" if end is None else " AND START_TIME < %s::TIMESTAMP_LTZ"
    moments = [start] if end is None else [start, end]
    return Statement(
        f"SELECT WAREHOUSE_NAME, DATE_TRUNC('{period}', CONVERT_TIMEZONE('UTC', START_TIME)) AS PERIOD,\n"
        "  SUM(COMPUTE) AS COMPUTE, SUM(CLOUD) AS CLOUD\n"
        "FROM (\n"
        "  SELECT WAREHOUSE_ID, WAREHOUSE_NAME, START_TIME, MAX(CREDITS_USED_COMPUTE) AS COMPUTE,\n"
        "    MAX(COALESCE(CREDITS_USED_CLOUD_SERVICES, 0)) AS CLOUD\n"
        "  FROM SNOWFLAKE.ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY\n"
        f"  WHERE START_TIME >= %s::TIMESTAMP_LTZ{until}\n"
        "  GROUP BY 1, 2, 3\n"
        ") AS ONCE\nGROUP BY 1, 2",
        tuple(_bound(moment) for moment in moments),
    )


def _row(row: Row) -> Metered:
    return Metered(
        Identifier.from_account(str(row["warehouse_name"])),
        _utc(row["period"]),
        float(row["compute"]),
        float(row["cloud"]),
    )


def _run_of(row: Row, at: datetime) -> StatementRun:
    start, end = _utc(row["start_time"]), row["end_time"]
    ended = _utc(end) if end is not None else at
    environment = row_parsing.text(row, "environment") or row_parsing.text(row, "database_name")
    size = Size.read(str(row["warehouse_size"]))
    # END_TIME of a statement that still runs is the epoch
    warehouse = Identifier.from_account(str(row["warehouse_name"]))
    return StatementRun(warehouse, environment, start, at if ended < start else min(ended, at), size)


def plain(sample: Sample) -> dict[str, object]:
    """Only what runs, or was started so lately that its first minute may not be over, is of use to the next look."""
    owned = {warehouse.name for warehouse in sample.running if warehouse.environment is not None}
    facts: dict[str, object] = {
        "running": [
            _state(each) for each in sample.running if is_running(each.state) or _just_resumed(each, sample.at)
        ],
        "lines": [_line(entry) for entry in sample.entries],
        "shared": [_line(entry) for entry in sample.entries if entry.warehouse not in owned],
    }
    if sample.usual is not None:
        before = {name: list(used) for name, used in sample.usual.before.items()}
        facts["usual"] = {"hour": _text(sample.usual.start), "before": before}
    return facts


def _line(entry: LedgerEntry) -> dict[str, object]:
    return {
        "w": entry.warehouse.name,
        "e": entry.environment,
        "s": _text(entry.start),
        "t": _text(entry.end),
        "c": entry.credits,
    }


def _just_resumed(warehouse: WarehouseSample, at: datetime) -> bool:
    return warehouse.resumed_on is not None and (at - warehouse.resumed_on).total_seconds() < 120  # noqa: PLR2004 (two minutes)


def _state(warehouse: WarehouseSample) -> dict[str, object]:
    return {
        "name": warehouse.name.name,
        "environment": warehouse.environment,
        "state": warehouse.state,
        "size": str(warehouse.size),
        "generation": warehouse.generation,
        "clusters": warehouse.clusters,
        "min": warehouse.min_cluster_count,
        "max": warehouse.max_cluster_count,
        "auto_suspend": warehouse.auto_suspend,
        "auto_resume": warehouse.auto_resume,
        "resumed_on": _text(warehouse.resumed_on) if warehouse.resumed_on else None,
        "running": warehouse.running,
        "queued": warehouse.queued,
    }


def _sample(row: Row) -> Sample:
    facts: Mapping[str, Any] = json.loads(row["facts"]) if isinstance(row["facts"], str) else row["facts"]
    return Sample(
        at=_utc(row["sampled_at"]),
        since=_utc(row["since"]),
        running=tuple(_warehouse(warehouse) for warehouse in facts.get("running") or ()),
        entries=tuple(_stored_entries(facts.get("lines") or ())),
        usual=_stored_hours(facts.get("usual")),
    )


def _stored_hours(facts: Mapping[str, Any] | None) -> Hours | None:
    if not facts:
        return None
    before = {name: tuple(float(value) for value in used) for name, used in facts["before"].items()}
    return Hours(_moment(facts["hour"]), before)


def _stored_entries(lines: Iterable[Mapping[str, Any]]) -> Iterable[LedgerEntry]:
    for line in lines:
        name, payer = Identifier.from_account(str(line["w"])), line.get("e")
        yield LedgerEntry(name, payer, _moment(line["s"]), _moment(line["t"]), float(line["c"]))


def _warehouse(facts: Mapping[str, Any]) -> WarehouseSample:
    return WarehouseSample(
        name=Identifier.from_account(str(facts["name"])),
        environment=facts.get("environment"),
        state=str(facts["state"]),
        size=Size(str(facts["size"])),
        generation=str(facts["generation"]),
        clusters=int(facts["clusters"]),
        min_cluster_count=int(facts["min"]),
        max_cluster_count=int(facts["max"]),
        auto_suspend=int(facts["auto_suspend"]),
        auto_resume=bool(facts["auto_resume"]),
        resumed_on=_moment(str(facts["resumed_on"])) if facts.get("resumed_on") else None,
        running=int(facts["running"]),
        queued=int(facts["queued"]),
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def _bound(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} +0000"


def _day(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
