"""What earlier days say of warehouses that several share: their lines alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from sluice.domain.budgets.spend import WarehouseSample
from sluice.domain.budgets.usage_estimate import LedgerEntry
from sluice.domain.journal.control_schema import meter_table
from sluice.domain.names import Identifier
from sluice.domain.sizes import Size
from sluice.snowflake import control_sql, meter
from sluice.snowflake.connect import Session
from sluice.snowflake.meter import Sample
from sluice.snowflake.statements import Statement

DAY = datetime(2026, 11, 20, tzinfo=UTC)
OWN, COMMON = Identifier("DEV_WH"), Identifier("COMMON")
STEP = timedelta(minutes=5)


def seen(name: Identifier, environment: str | None) -> WarehouseSample:
    """A warehouse that has stopped again."""
    return WarehouseSample(
        name, environment, "SUSPENDED", Size.XSMALL, "1", 0, 1, 1, 60, auto_resume=True, resumed_on=None
    )


def sample(number: int) -> Sample:
    """Five minutes in which both were used."""
    start = DAY + number * STEP
    lines = (
        LedgerEntry(OWN, "dev", start, start + STEP, 1.0),
        LedgerEntry(COMMON, "dev", start, start + STEP, 2.0),
        LedgerEntry(COMMON, None, start, start + STEP, 3.0),
    )
    return Sample(start + STEP, start, (seen(OWN, "dev"), seen(COMMON, None)), lines)


def test_only_what_is_nobodys_own_is_summed_by_day(admin: Session) -> None:
    """An owner's day is the owner's whole: its lines need not be unfolded; former samples are read as they are."""
    for statement in (
        control_sql.create_database(admin.control, "x"),
        control_sql.create_schema(admin.control, Identifier("CONTROL")),
        control_sql.create_meter(admin.control),
    ):
        admin.run(statement)
    meter.store(admin, sample(0))
    meter.store(admin, sample(1))
    (found,) = meter.by_day(admin, DAY, DAY + timedelta(days=1), owned=False)
    assert (found.warehouse, found.day, dict(found.by)) == (COMMON, DAY, {"dev": 4.0, None: 6.0})
    table = meter_table(admin.control).sql
    former = {key: value for key, value in meter.plain(sample(2)).items() if key != "shared"}
    admin.run(
        Statement(
            f"INSERT INTO {table} SELECT %s::TIMESTAMP_NTZ, %s::TIMESTAMP_NTZ, PARSE_JSON(%s)",
            ("2026-11-20 00:15:00", "2026-11-20 00:10:00", json.dumps(former)),
        )
    )
    both = {one.warehouse: dict(one.by) for one in meter.by_day(admin, DAY, DAY + timedelta(days=1), owned=False)}
    assert both == {OWN: {"dev": 1.0}, COMMON: {"dev": 6.0, None: 9.0}}
