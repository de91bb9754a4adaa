"""Clock, budget and people on one environment, in any order, answers lost, at once: what was before comes back."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Thread

import pytest

from sluice.domain.budgets.budget_policy import BudgetPolicy
from sluice.domain.budgets.budget_state import BudgetState
from sluice.domain.budgets.spend import Figure, Measurement, Spend
from sluice.domain.provisioning.resources import Warehouse
from sluice.domain.schedules.hours import HoursBlock
from sluice.domain.schedules.schedule_state import ScheduleEvent, ScheduleState, closes, suspended
from sluice.errors import SluiceError
from sluice.operations.budgets import budgets
from sluice.operations.budgets.budgets import specs_of
from sluice.operations.caller import Caller
from sluice.operations.provisioning.provision import provision
from sluice.operations.schedules.schedules import ScheduleReport, check, restrictions_of, stay_open
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, warehouses
from snowdome.pytest_plugin import Snowdome

HOURS = HoursBlock(zone="UTC", start="08:00", end="18:00")


@dataclass
class House:
    """Dev with hours, and who looks after it."""

    work: Workspace
    account: Snowdome

    def to(self, hour: int, weekday: int) -> None:
        """The account's clock is moved on to the next such hour of such a day."""
        now = self.work.now()
        wanted = now.replace(hour=hour, minute=1, second=0, microsecond=0)
        while wanted <= now or wanted.weekday() != weekday:
            wanted += timedelta(days=1)
        self.account.clock(advance_seconds=int((wanted - now).total_seconds()) + 1)

    def hand(self, now: datetime, more: object = "") -> Caller:
        """A run of its own."""
        return Caller(f"run {now.isoformat()} {more}", "ann", now)

    def keep(self, more: object = "") -> ScheduleReport:
        """The clock's check."""
        return check(self.work, specs_of(self.work), self.hand(self.work.now(), more))

    def cost(self, usd: float) -> None:
        """The budget's check, which sees so many dollars."""
        now = self.work.now()
        seen = Measurement(now, {"dev": Spend("dev", now, Figure(usd, usd, usd), Figure(usd))}, Figure(), Figure())
        budgets.check(self.work, BudgetPolicy(), seen, self.hand(now))

    def late(self) -> None:
        """Somebody works on."""
        stay_open(self.work, specs_of(self.work), ["dev"], "23:00", self.hand(self.work.now()), reason="late work")

    def compute(self) -> Warehouse:
        """Its warehouse's settings."""
        with self.work.control() as session:
            found = warehouses.settings(session, self.work.spec("dev").warehouse.name)
        assert found is not None
        return found

    def reported(self) -> tuple[BudgetState, ScheduleState]:
        """What the journal says of both."""
        with self.work.control() as session:
            guards, closings = restrictions_of(session, "dev")
        return guards.get("dev", BudgetState("dev")), closings.get("dev", ScheduleState("dev"))


@pytest.fixture
def house(work: Workspace, account: Snowdome) -> House:
    """It stands, on a Monday morning."""
    made = House(with_hours(work), account)
    made.to(9, weekday=0)
    made.keep()
    return made


def with_hours(work: Workspace) -> Workspace:
    """Dev alone, with hours."""
    return replace(work, environments={"dev": work.environments["dev"].model_copy(update={"hours": HOURS})})


def stand(account: Snowdome, work: Workspace) -> None:
    """Dev is provisioned."""
    provision(with_hours(work), "dev", work.now(), holder="dev")


PREPARED = {"house": stand}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_any_order(house: House, account: Snowdome, clear: Callable[[], int], seed: int) -> None:
    """After a check that nothing disturbs journal and account agree; a calm day later all is as it was."""
    chance = random.Random(seed)  # noqa: S311 (a walk, not a secret)
    before, log = house.compute(), []
    acts: dict[str, Callable[[], object]] = {"clock": house.keep, "late": house.late}
    acts |= {f"USD {usd}": partial(house.cost, usd) for usd in (0, 41, 50)}
    for _ in range(25):
        account.clock(advance_seconds=chance.choice([300, 1800, 3 * 3600, 9 * 3600]))
        if chance.random() < 0.4:
            changing, when = "(?i)^(alter|insert|create|drop|update)", chance.choice(["before", "after"])
            account.fault(changing, nth=chance.randint(1, 8), when=when, do="error", errno=603)
        act = chance.choice(["clock", *acts])
        log.append(f"{act} at {house.work.now():%a %H:%M}")
        with suppress(SluiceError):
            acts[act]()
        clear()
        account.clock(advance_seconds=300)
        if house.reported()[0].pending is not None:
            house.cost(45)
        house.keep()
        assert house.keep() == ScheduleReport(), log
        guard, closing = house.reported()
        assert closing.closed is closes(house.work.spec("dev"), closing, house.work.now()), log
        assert house.compute().auto_resume is not (closing.closed or suspended(guard)), log
    house.to(12, weekday=2)
    for _ in range(3):
        account.clock(advance_seconds=1800)
        house.cost(0)
        house.keep()
    assert house.compute() == before, log


def test_at_once(house: House, account: Snowdome) -> None:
    """Three checks at the same moment close it once and open it; what was before is recorded as what was before."""
    before = house.compute()
    for hour, shut in ((18, True), (8, False), (18, True), (8, False)):
        house.to(hour, weekday=(house.work.now() + timedelta(hours=12)).weekday())
        checks = [Thread(target=house.keep, args=(number,)) for number in range(3)]
        for one in checks:
            one.start()
        for one in checks:
            one.join()
        account.clock(advance_seconds=300)
        assert house.keep().failed == ()
        assert house.reported()[1].closed is shut
        assert house.compute().auto_resume is not shut
    assert house.compute() == before
    with house.work.control() as session:
        closings = journal.read(session, environment="dev", kinds=(ScheduleEvent.CLOSING,))
    assert {str(one.payload["former"]) for one in closings} == {"{'auto_resume': True}"}
