"""What the meter's role may not read: it is said, the rest is measured, and nothing counts as free."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sluice.domain.budgets.budget_policy import BudgetPolicy
from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.budgets.spend import Provenance
from sluice.operations.budgets.budgets import check, read
from sluice.operations.budgets.metering import measure
from sluice.operations.caller import Caller
from sluice.operations.workspace import Workspace
from sluice.snowflake.connect import ConnectionSettings
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome
from tests.snowflake.prepared import provisioned

CHECK = 300
"""Seconds between two looks."""
GRANTS = (
    "USAGE ON DATABASE SLUICE",
    "USAGE ON SCHEMA SLUICE.CONTROL",
    "SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA SLUICE.CONTROL",
    "USAGE, MONITOR ON WAREHOUSE SLUICE_WH",
    "MONITOR, MODIFY, OPERATE ON WAREHOUSE SLUICE_DEV_WH",
    "MONITOR ON WAREHOUSE SLUICE_PROD_WH",
)


def load(account: Snowdome, view: str, rows: list[dict[str, Any]]) -> None:
    """The rows are in the account's history."""
    account.control("history", {"view": view, "rows": rows}, "POST")


PREPARED = {"home": provisioned("dev", "prod")}


@pytest.fixture
def home(account: Snowdome, work: Workspace) -> Workspace:
    """Dev and prod stand, and what provisioning used is over."""
    account.clock(advance_seconds=3 * 3600)
    measure(work, work.now())
    return work


def under(work: Workspace, *more: str) -> Workspace:
    """The same workspace, whose admin connection has a role with a few grants, and these."""
    with work.control() as session:
        session.run(Statement("CREATE ROLE SLUICE_METER"))
        session.run(Statement("GRANT ROLE SLUICE_METER TO ROLE SYSADMIN"))
        for grant in (*GRANTS, *more):
            session.run(Statement(f"GRANT {grant} TO ROLE SLUICE_METER"))

    def connections(name: str) -> ConnectionSettings:
        found = work.connections(name)
        return replace(found, role="SLUICE_METER") if name == "snowflake_admin" else found

    return replace(work, connections=connections)


def runaway(account: Snowdome, work: Workspace, minutes: int) -> None:
    """Dev's warehouse goes on for so long."""
    with work.session("dev") as session:
        session.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET AUTO_SUSPEND = 0"))
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    account.clock(advance_seconds=minutes * 60)


def test_without_the_accounts_own_rows_everything_is_estimated_and_said(account: Snowdome, home: Workspace) -> None:
    """No ACCOUNT_USAGE for the role: hours later the ledger still counts, and the notes say what is missing."""
    poor = under(home)
    runaway(account, home, 5)
    measure(poor, poor.now())
    account.clock(advance_seconds=8 * 3600)
    found = measure(poor, poor.now())
    assert found.metered_until is None
    assert found.shares_day["dev"].credits > 0
    assert found.shares_day["dev"].provenance is Provenance.ESTIMATED
    said = " ".join(found.notes)
    assert "ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY) cannot be read by role SLUICE_METER" in said
    assert "every figure is estimated" in said
    assert "no hour is compared" in said
    assert "DATABASE_STORAGE_USAGE_HISTORY" in said
    assert len(found.notes) == len(set(found.notes))


def test_the_month_goes_on_by_the_ledger(account: Snowdome, home: Workspace) -> None:
    """Days before the day before yesterday come from the ledger where the account's own rows cannot be read."""
    poor = under(home)
    runaway(account, home, 30)
    measure(poor, poor.now())
    with home.control() as session:
        session.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SUSPEND"))
    whole = measure(poor, poor.now()).spends["dev"].month
    account.clock(advance_seconds=4 * 24 * 3600)  # of the same month: it was mid-month
    later = measure(poor, poor.now()).spends["dev"].month
    assert later.credits >= whole.credits * 0.99
    assert later.estimated_usd == later.usd
    assert whole.credits > 0.4


def test_statements_that_are_not_shown_are_said(account: Snowdome, home: Workspace) -> None:
    """Without MONITOR or OPERATE a role is shown its own statements only; the warehouse is seen to run, and billed."""
    poor = under(home)
    with home.control() as session:
        session.run(Statement("REVOKE MONITOR, OPERATE ON WAREHOUSE SLUICE_DEV_WH FROM ROLE SLUICE_METER"))
    start = home.now()
    runaway(account, home, 10)
    found = measure(poor, poor.now())
    assert found.spends["dev"].over(start, found.at).credits == pytest.approx(2 * 10 / 60, rel=0.05)
    assert any("no statement on SLUICE_DEV_WH is shown" in note for note in found.notes)


def test_a_warehouse_that_is_not_shown_is_said(account: Snowdome, home: Workspace) -> None:
    """Prod's ran lately, and this role does not see it: its figure is not taken for nothing."""
    poor = under(home)
    with home.session("prod") as session:
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    account.clock(advance_seconds=CHECK)
    assert not any("not shown to this role" in note for note in measure(poor, poor.now()).notes)
    with home.control() as session:
        session.run(Statement("REVOKE MONITOR ON WAREHOUSE SLUICE_PROD_WH FROM ROLE SLUICE_METER"))
    account.clock(advance_seconds=CHECK)
    assert any(
        "warehouse SLUICE_PROD_WH of prod is not there, or not shown to this role" in note
        for note in measure(poor, poor.now()).notes
    )


def test_a_budget_holds_without_the_accounts_own_rows(account: Snowdome, home: Workspace) -> None:
    """On an estimate alone dev is suspended at its budget."""
    poor = under(home)
    with home.session("dev") as session:
        session.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET WAREHOUSE_SIZE = XXLARGE AUTO_SUSPEND = 0"))
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    for number in range(36):
        account.clock(advance_seconds=CHECK)
        done = check(poor, BudgetPolicy(), measure(poor, poor.now()), Caller(f"check {number}", "clock", poor.now()))
        assert done.failed == ()
        with home.control() as session:
            guards = read(session)
        if "dev" in guards and guards["dev"].restriction is Restriction.SUSPENDED:
            break
    assert guards["dev"].restriction is Restriction.SUSPENDED


@pytest.mark.parametrize(
    ("rows", "price", "said"),
    [
        pytest.param(None, 2.0, "RATE_SHEET_DAILY) cannot be read by role SLUICE_METER", id="not granted"),
        pytest.param([{"EFFECTIVE_RATE": 3.5}], 3.5, None, id="in dollars"),
        pytest.param([{"EFFECTIVE_RATE": 3.0, "CURRENCY": "EUR"}], 3.24, "counted as USD 3.24", id="in euros"),
        pytest.param([{"EFFECTIVE_RATE": 300, "CURRENCY": "JPY"}], 2.0, "is in JPY", id="in yen"),
        pytest.param(
            [
                {"EFFECTIVE_RATE": 3.5},
                {"EFFECTIVE_RATE": 8, "AGO": 1, "IS_ADJUSTMENT": True},
                {"EFFECTIVE_RATE": 9, "AGO": 1, "BILLING_TYPE": "rebate"},
                {"EFFECTIVE_RATE": 7, "AGO": 1, "SERVICE_TYPE": "SNOWPIPE"},
            ],
            3.5,
            None,
            id="adjustments, rebates and other services are other prices",
        ),
        pytest.param([{"EFFECTIVE_RATE": 2.5}, {"EFFECTIVE_RATE": 4.5, "AGO": 2}], 4.5, None, id="the last day counts"),
        pytest.param([{"EFFECTIVE_RATE": 0}], 2.0, "has no price of the last week", id="nothing"),
    ],
)
def test_the_price_of_a_credit(
    account: Snowdome, home: Workspace, rows: list[dict[str, Any]] | None, price: float, said: str | None
) -> None:
    """By the account's rate sheet, in dollars; else by the file, and the reader learns why."""
    billing = ("DATABASE ROLE SNOWFLAKE.ORGANIZATION_BILLING_VIEWER",) if rows else ()
    sheet = home.prices.model_copy(update={"source": "rate_sheet", "usd_per": {"EUR": 1.08}})
    poor = replace(under(home, *billing), prices=sheet)
    reported = {"AGO": 30, "SERVICE_TYPE": "WAREHOUSE_METERING", "RATING_TYPE": "compute"}
    for row in ({**reported, **one} for one in rows or ()):
        day = home.now().date() - timedelta(days=row.pop("AGO"))
        load(account, "RATE_SHEET_DAILY", [{"DATE": str(day), **row}])
    runaway(account, home, 60)
    found = measure(poor, poor.now())
    account.control("history", method="DELETE")
    assert found.spends["dev"].usd_per_hour == pytest.approx(2 * price)  # a SMALL warehouse: two credits an hour
    sheets = [note for note in found.notes if "rate sheet" in note]
    assert (said in sheets[0]) if said else not sheets
