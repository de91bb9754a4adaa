"""The meter against the account's own: what it says within minutes, and what Snowflake's rows say hours later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from sluice.domain.budgets.spend import Provenance
from sluice.domain.budgets.usage_estimate import LedgerEntry
from sluice.operations.budgets.metering import measure
from sluice.operations.workspace import Workspace
from sluice.snowflake.connect import Session
from sluice.snowflake.meter import samples
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome
from tests.snowflake.prepared import provisioned

CHECK = 300
"""Seconds between two looks."""
LATER = 8 * 3600
"""Seconds after which Snowflake's rows are there for certain."""


PREPARED = {"dev": provisioned("dev", "prod")}


@pytest.fixture
def dev(account: Snowdome, work: Workspace, morning: datetime) -> Iterator[Session]:
    """A session of dev's own user, on its warehouse, in an account where dev and prod stand."""
    account.clock(advance_seconds=3 * 3600)  # what provisioning used is over, and no part of the first look
    measure(work, work.now())
    with work.session("dev", tag={"stage": "build"}) as session:
        yield session


def wait_until(account: Snowdome, work: Workspace, minute: int, second: int) -> None:
    """The account's clock goes on to that place in an hour; the meter has looked there."""
    now = work.now()
    account.clock(advance_seconds=(minute * 60 + second - now.minute * 60 - now.second) % 3600)
    measure(work, work.now())


def _ledger(work: Workspace) -> list[LedgerEntry]:
    """The lines that the meter has kept so far."""
    with work.control() as session:
        return [line for one in samples(session, work.now() - timedelta(hours=2)) for line in one.entries]


def _metered(work: Workspace, start: datetime) -> float:
    """The credits of dev's warehouse since the hour of that moment, as the account says it."""
    with work.control() as session:
        found = session.one(
            Statement(
                "SELECT SUM(CREDITS_USED_COMPUTE) AS CREDITS FROM SNOWFLAKE.ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY\n"
                "WHERE WAREHOUSE_NAME = 'SLUICE_DEV_WH' AND START_TIME >= DATE_TRUNC('HOUR', %s::TIMESTAMP_LTZ)",
                (f"{start:%Y-%m-%d %H:%M:%S.%f} +0000",),
            )
        )
    return float(found["credits"])


_COUNT = "SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"
_STOP, _GO = "ALTER WAREHOUSE SLUICE_DEV_WH SUSPEND", "ALTER WAREHOUSE SLUICE_DEV_WH RESUME"


@pytest.mark.parametrize(
    ("idle", "steps"),
    [
        pytest.param(60, [_COUNT, 20, _STOP, 10, _GO, 20, _STOP], id="stopped and started within a minute"),
        pytest.param(60, [_COUNT, 45, _STOP, 30, _COUNT, 45, _STOP, 30, _COUNT], id="three starts, a minute each"),
        pytest.param(600, [_COUNT, 300, None, 100, _COUNT, "{size}", _COUNT, 300, _COUNT], id="resized"),
        pytest.param(300, [_COUNT, 200, None, 60, None], id="idle for long"),
    ],
)
def test_within_an_hour_it_is_what_the_account_bills(
    account: Snowdome, work: Workspace, dev: Session, idle: int, steps: list[str | int | None]
) -> None:
    """Whatever happens between two looks, a few minutes apart: the estimate of that hour is what is metered later."""
    wait_until(account, work, 5, 0)
    start = work.now()
    dev.run(Statement(f"ALTER WAREHOUSE SLUICE_DEV_WH SET AUTO_SUSPEND = {idle}"))
    for step in steps:
        if step is None:
            measure(work, work.now())
        elif isinstance(step, int):
            account.clock(advance_seconds=step)
        else:
            dev.run(Statement(step.format(size="ALTER WAREHOUSE SLUICE_DEV_WH SET WAREHOUSE_SIZE = LARGE")))
    for _ in range(4):
        account.clock(advance_seconds=CHECK)
        found = measure(work, work.now())
    reported = found.spends["dev"].over(start, found.at).credits
    account.clock(advance_seconds=LATER)
    assert reported == pytest.approx(_metered(work, start), rel=0.03)
    assert reported > 0


def test_what_is_estimated_now_is_metered_later(account: Snowdome, work: Workspace, dev: Session) -> None:
    """Half an hour of short statements: the figure is there at once as an estimate, and hours later within 3 %."""
    wait_until(account, work, 10, 0)  # the error is by the hour: see the next test for a start at its very end
    start = work.now()
    for _ in range(6):
        dev.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
        account.clock(advance_seconds=CHECK)
        found = measure(work, work.now())
    now = found.at
    reported = found.spends["dev"].over(start, now)
    assert reported.usd > 0
    assert reported.provenance is Provenance.ESTIMATED
    account.clock(advance_seconds=LATER)
    settled = measure(work, work.now())
    error = settled.spends["dev"].error_percent
    assert error is not None
    assert error < 3
    assert settled.metered_until is not None
    assert settled.metered_until >= now


def test_a_minute_that_begins_in_one_hour_and_ends_in_the_next_is_counted_once(
    account: Snowdome, work: Workspace, dev: Session
) -> None:
    """Started seconds before the hour: whichever hour has the minute, both together are what is metered."""
    wait_until(account, work, 59, 40)
    start = work.now()
    dev.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    account.clock(advance_seconds=CHECK)
    found = measure(work, work.now())
    reported = found.spends["dev"].over(start, found.at).credits
    account.clock(advance_seconds=LATER)
    assert reported == pytest.approx(_metered(work, start), rel=0.03)
    assert reported > 0


def test_looking_costs_no_environment_anything(account: Snowdome, work: Workspace, dev: Session) -> None:
    """Half an hour of checks and nothing else: what they cost is nobody's, whoever's connection they use."""
    start = work.now()
    for _ in range(6):
        account.clock(advance_seconds=CHECK)
        found = measure(work, work.now())
    assert {name: spend.over(start, found.at).credits for name, spend in found.spends.items()} == dict.fromkeys(
        found.spends, 0.0
    )
    assert sum(line.credits for line in _ledger(work) if line.start >= start) > 0


def test_parts_add_up_to_the_total(account: Snowdome, work: Workspace, dev: Session) -> None:
    """Each environment's share of the day and nobody's are the whole day, credit by credit."""
    with work.control() as admin:
        admin.run(Statement("CREATE WAREHOUSE COMMON WITH WAREHOUSE_SIZE = MEDIUM AUTO_SUSPEND = 60"))
        admin.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    dev.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    account.clock(advance_seconds=CHECK)
    found = measure(work, work.now())
    parts = sum(one.credits for one in found.shares_day.values()) + found.unattributed_day.credits
    assert parts == pytest.approx(found.total_day.credits)
    assert found.total_day.credits > 0


def test_a_look_that_is_not_recorded_changes_nothing(account: Snowdome, work: Workspace, dev: Session) -> None:
    """Status and watch look as often as they like: the ledger's next line still begins at the last record."""
    account.clock(advance_seconds=CHECK)
    measure(work, work.now(), record=False)
    with work.control() as session:
        kept = session.one(Statement("SELECT COUNT(*) AS SAMPLES FROM SLUICE.CONTROL.METER"))["samples"]
    assert kept == 1


@pytest.mark.parametrize("more", [0, 40])
def test_look_ups_are_as_many_for_any_number_of_environments(
    account: Snowdome, work: Workspace, dev: Session, more: int
) -> None:
    """Forty warehouses more cost not a statement more."""
    with work.control() as admin:
        for number in range(more):
            admin.run(Statement(f"CREATE WAREHOUSE W{number} WITH INITIALLY_SUSPENDED = TRUE"))
    account.forget_statements()
    measure(work, work.now())
    sent = [one for one in account.statements() if '"stage":"control"' in str(one.get("query_tag"))]
    assert len(sent) <= 14
