"""Warehouse schedules on an account: production's clusters by the time of the day, as drift that is repaired."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sluice.domain.budgets.budget_policy import load_budgets
from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.names import Identifier
from sluice.domain.schedules.schedule_state import ScheduleEvent
from sluice.operations.budgets.budgets import by_hand, specs_of
from sluice.operations.caller import Caller
from sluice.operations.provisioning.provision import plan_provision, provision
from sluice.operations.schedules.schedules import check
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, warehouses
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

POLICY = load_budgets(Path(__file__).resolve().parents[2] / "include" / "policies" / "budgets.yml")
DAY, NIGHT = (2, 8, "STANDARD"), (1, 4, "ECONOMY")


@pytest.fixture
def home(work: Workspace) -> Workspace:
    """Prod stands, as it is shipped."""
    return alone(work)


def alone(work: Workspace) -> Workspace:
    """Prod, which follows nothing."""
    return replace(work, environments={"prod": work.environments["prod"].model_copy(update={"upstream": None})})


def stand(account: Snowdome, work: Workspace) -> None:
    """Prod is provisioned."""
    provision(alone(work), "prod", work.now(), holder="prod")


PREPARED = {"home": stand}


def to(account: Snowdome, work: Workspace, hour: int) -> datetime:
    """The account's clock is moved on to the next such hour in Berlin."""
    now = work.now()
    wanted = now.astimezone(ZoneInfo("Europe/Berlin")).replace(hour=hour, minute=0, second=0, microsecond=0)
    while wanted.astimezone(UTC) <= now:
        wanted += timedelta(days=1)
    account.clock(advance_seconds=int((wanted.astimezone(UTC) - now).total_seconds()) + 1)
    return work.now()


def keep(work: Workspace) -> tuple[str, ...]:
    """What one check does."""
    kept = check(work, specs_of(work), hand(work))
    assert (kept.left, kept.failed) == ((), ())
    return kept.done


def hand(work: Workspace) -> Caller:
    """A run at the account's own time."""
    now = work.now()
    return Caller(f"run {now.isoformat()}", "ann", now)


def clusters(work: Workspace) -> tuple[int, int, str]:
    """How wide its warehouse may become."""
    with work.control() as session:
        found = warehouses.settings(session, Identifier("SLUICE_PROD_WH"))
    assert found is not None
    return found.min_cluster_count, found.max_cluster_count, found.scaling_policy


def test_by_day_and_by_night(home: Workspace, account: Snowdome) -> None:
    """Two to eight clusters from eight to six, then one to four; provisioning agrees at any hour; drift is repaired."""
    for hour, wanted in ((12, DAY), (18, NIGHT), (3, NIGHT), (8, DAY)):
        now = to(account, home, hour)
        keep(home)
        assert clusters(home) == wanted
        assert plan_provision(home, "prod", now).empty
        with home.session("prod") as session:
            session.run(Statement("ALTER WAREHOUSE SLUICE_PROD_WH SET MAX_CLUSTER_COUNT = 10"))
        assert not plan_provision(home, "prod", now).empty
        assert len(keep(home)) == 1
        assert clusters(home) == wanted
        assert keep(home) == ()


def test_what_was_before_is_in_the_journal_first(home: Workspace, account: Snowdome) -> None:
    """A change that fails is recorded with what undoes it, and made by the next check."""
    to(account, home, 12)
    keep(home)
    to(account, home, 18)
    account.fault("(?i)^alter warehouse", nth=1, when="before", do="error", errno=603)
    assert [name for name, _ in check(home, specs_of(home), hand(home)).failed] == ["prod"]
    with home.control() as session:
        last = journal.read(session, environment="prod", kinds=(ScheduleEvent.RESIZED,))[-1]
    assert last.payload["former"] == {"min_cluster_count": "2", "max_cluster_count": "8", "scaling_policy": "STANDARD"}
    assert clusters(home) == DAY
    keep(home)
    assert clusters(home) == NIGHT


def test_a_limit_keeps_its_clusters(home: Workspace, account: Snowdome) -> None:
    """What the budget holds of a scheduled warehouse is left alone; what it gives back is what the hour asks for."""
    to(account, home, 12)
    keep(home)
    by_hand(home, ["prod"], Restriction.THROTTLED, POLICY, hand(home), reason="a runaway job")
    to(account, home, 20)
    assert keep(home) == ("prod: scaling_policy STANDARD → ECONOMY",)
    assert clusters(home) == (1, 1, "ECONOMY")
    by_hand(home, ["prod"], Restriction.NONE, POLICY, hand(home), reason="mended")
    keep(home)
    assert clusters(home) == NIGHT
