"""A budget check of a thousand environments over 90 days of metering and 40 days of samples: look-ups and seconds."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.estate import append
from benchmarks.figure import Figure
from benchmarks.shops import Shop, account, open_shop
from sluice.domain.budgets.budget_policy import load_budgets
from sluice.domain.budgets.spend import WarehouseSample
from sluice.domain.budgets.usage_estimate import LedgerEntry
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.ephemeral_state import EphemeralEvent
from sluice.domain.ephemeral.templates import Request, load_templates, specify
from sluice.domain.journal.control_schema import meter_table
from sluice.domain.journal.events import Kind as Happened
from sluice.domain.specs.blocks import Kind
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.operations.budgets.budgets import check
from sluice.operations.budgets.metering import measure as look
from sluice.operations.caller import Caller
from sluice.snowflake import meter
from sluice.snowflake.connect import Session
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

INCLUDE = Path(__file__).resolve().parents[1] / "include"
METERED, SAMPLED = 90, 40
"""Days of Snowflake's own rows, and of our samples."""
STEP = timedelta(minutes=5)
ONE_IN = 20
"""Of so many environments one runs at a time: each is used a little more than an hour a day."""
AT_ONCE = 100


def measure(*, quick: bool) -> list[Figure]:
    """Check estates of different size on accounts of their own, statements counted by the account."""
    figures: list[Figure] = []
    before: dict[str, float] = {}
    for count in (10, 100) if quick else (10, 100, 1000):
        with account() as server, tempfile.TemporaryDirectory() as folder:
            opened = open_shop(server.port, Path(folder))
            lines = _filled(opened, server, count, Path(folder))
            sent, measuring, checking = _checked(opened, server, 3)
        what = f"a budget check of {count:,} environments"
        note = f"{METERED} days of metering, {SAMPLED} of samples with {lines:,} lines"
        for fact, value, unit, bar in (
            ("look-ups", float(sent), "statements", "constant"),
            ("seconds, measuring", measuring, "s", "seconds"),
            ("seconds, verdicts", checking, "s", "seconds"),
        ):
            figures.append(
                Figure(
                    f"{what}: {fact}",
                    value,
                    unit,
                    "10 environments" if before.get(fact) else "",
                    before.get(fact),
                    bar,
                    note,
                )
            )
            before.setdefault(fact, value)
    return figures


def _checked(opened: Shop, server: Snowdome, times: int) -> tuple[int, float, float]:
    """Statements of one check, and the median seconds of measuring and of judging."""
    policy = load_budgets(INCLUDE / "policies" / "budgets.yml")
    seconds: list[tuple[float, float]] = []
    for number in range(times):
        server.forget_statements()
        started = time.perf_counter()
        now = opened.work.now()
        found = look(opened.work, now)
        measured = time.perf_counter()
        done = check(opened.work, policy, found, Caller(f"check {number}", "the clock", now))
        seconds.append((measured - started, time.perf_counter() - measured))
        assert not done.plan.steps, done.plan.steps
        assert found.metered_until is not None
    measuring, checking = (statistics.median(one) for one in zip(*seconds, strict=True))
    return len(server.statements()), measuring, checking


def _filled(opened: Shop, server: Snowdome, count: int, folder: Path) -> int:
    """The estate is in the journal, in the account, in Snowflake's rows and in our ledger; how many lines that has."""
    now = opened.work.now()
    specs = list(_specs(opened, count, now - timedelta(days=METERED)))
    with opened.work.control() as session:
        for spec in specs:
            name = spec.warehouse.name.sql
            session.run(Statement(f"create warehouse {name} warehouse_size = xsmall initially_suspended = true"))
        for start in range(0, count, AT_ONCE):
            rows: list[tuple[str, str, str, str]] = []
            for spec in specs[start : start + AT_ONCE]:
                ends = (now + timedelta(days=7)).isoformat()
                asked = {"spec": spec.model_dump(mode="json"), "owner": "john", "team": "data", "expires": ends}
                rows.append((f"{spec.name}a", spec.name, EphemeralEvent.REQUESTED, json.dumps(asked)))
                rows.append((f"{spec.name}b", spec.name, Happened.PROVISIONED, "{}"))
            append(session, now - timedelta(days=METERED), rows)
        lines = _sampled(session, specs, now)
    _metered(server, specs, now, folder / "hours.parquet")
    return lines


def _specs(opened: Shop, count: int, then: datetime) -> Iterator[EnvironmentSpec]:
    template = load_templates(INCLUDE / "environments" / "templates")[Kind.FEATURE]
    own = template.model_copy(update={"connection": "snowflake_dev", "user": opened.work.spec("dev").access.user})
    for number in range(count):
        name = EphemeralName.make("dev", f"f{number}", "john", then.date())
        yield specify(own, Request(name, "john", "data", "x", base=""), opened.work.environments, then)


def _metered(server: Snowdome, specs: list[EnvironmentSpec], now: datetime, file: Path) -> None:
    """Ten hours of each day and warehouse, a fifth of a credit each, as Snowflake tells them hours later."""
    duckdb.execute("create or replace temp table names (name varchar)")
    duckdb.executemany("insert into names values (?)", [[spec.warehouse.name.name] for spec in specs])
    first = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(days=METERED)
    last = now.replace(tzinfo=None) - timedelta(hours=4)
    duckdb.execute(
        f"copy (select h as START_TIME, h + interval 1 hour as END_TIME, name as WAREHOUSE_NAME, "
        f"0.2::double as CREDITS_USED_COMPUTE from names, "
        f"(select unnest(generate_series(timestamp '{first}', timestamp '{last}', interval 1 hour)) as h) "
        f"where hour(h) between 8 and 17 order by h) to '{file}' (format parquet)"
    )
    server.control("history", {"view": "WAREHOUSE_METERING_HISTORY", "file": str(file)}, "POST")


def _sampled(session: Session, specs: list[EnvironmentSpec], now: datetime) -> int:
    """Samples as the meter keeps them, every five minutes, each with a line for every environment that ran."""
    rows: list[str] = []
    values: list[str] = []
    lines, number = 0, 0
    moment = now - timedelta(days=SAMPLED)
    while moment + STEP < now:
        ran = specs[number % ONE_IN :: ONE_IN]
        entries = tuple(LedgerEntry(one.warehouse.name, one.name, moment, moment + STEP, 0.05) for one in ran)
        seen = tuple(_seen(one) for one in ran)
        kept = meter.Sample(moment + STEP, moment, seen, entries)
        values += [_text(kept.at), _text(kept.since), json.dumps(meter.plain(kept), separators=(",", ":"))]
        rows.append("(%s, %s, %s)")
        lines, number, moment = lines + len(ran), number + 1, moment + STEP
        if len(rows) == AT_ONCE or moment + STEP >= now:
            text = (
                f"insert into {meter_table(session.control).sql}\n"
                f"select column1::timestamp_ntz, column2::timestamp_ntz, parse_json(column3) from values\n"
                + ", ".join(rows)
            )
            session.run(Statement(text, tuple(values)))
            rows.clear()
            values.clear()
    return lines


def _seen(spec: EnvironmentSpec) -> WarehouseSample:
    """Its warehouse, which has stopped again."""
    return WarehouseSample(
        spec.warehouse.name,
        spec.name,
        "SUSPENDED",
        spec.warehouse.size,
        "1",
        0,
        1,
        1,
        60,
        auto_resume=True,
        resumed_on=None,
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
