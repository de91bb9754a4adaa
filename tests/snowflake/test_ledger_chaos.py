"""The day's figure while the account's rows are missing, twice there, late or wrong at first, and looks are missed.

Dev's day is made of statements of known length on a SMALL warehouse that stops a minute after each; what that costs is
known, and the account's rows say it too, but as unreliably as each test wants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice.domain.budgets.budget_policy import BudgetPolicy
from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.budgets.spend import Measurement
from sluice.operations.budgets.budgets import check, read
from sluice.operations.budgets.metering import measure
from sluice.operations.caller import Caller
from sluice.operations.provisioning.provision import provision
from sluice.operations.workspace import Workspace
from snowdome.pytest_plugin import Snowdome

BEGIN = datetime(2026, 12, 11, tzinfo=UTC)
"""Midnight, where dev is."""
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
RATE = 2.0
"""Credits an hour of a SMALL warehouse."""
MINUTES = (15, 5, 18, 10, 12, 8)
"""How long the statement of each hour runs; it begins at ten past, and the meter looks at half past."""
WAREHOUSE = "SLUICE_DEV_WH"


@pytest.fixture
def home(account: Snowdome, work: Workspace) -> Workspace:
    """Dev stands since yesterday, may cost USD 4 a day, and the meter has looked at midnight."""
    dev = work.environments["dev"]
    budget = dev.budget.model_copy(update={"daily_usd": 4, "hourly_usd": 4})
    home = work.knowing(dev.model_copy(update={"budget": budget}))
    account.clock(now=BEGIN.isoformat())
    measure(home, home.now())
    return home


def stand(account: Snowdome, work: Workspace) -> None:
    """Dev is provisioned on the day before."""
    account.clock(now=(BEGIN - 4 * HOUR).isoformat())
    provision(work, "dev", work.now(), holder="test")


PREPARED = {"home": stand}


def cost(hour: int) -> float:
    """The credits of that hour: its statement, and the minute until it stops."""
    return RATE * (MINUTES[hour] + 1) / 60 if hour < len(MINUTES) else 0.0


class Day:
    """A day of dev's, of which the account tells what a test lets it."""

    def __init__(self, account: Snowdome, home: Workspace) -> None:
        self.account = account
        self.home = home
        self.loaded: set[str] = set()

    def load(self, view: str, row: dict[str, Any], key: str) -> None:
        """The row is in the history, once for each key."""
        if key not in self.loaded:
            self.account.control("history", {"view": view, "rows": [row]}, "POST")
            self.loaded.add(key)

    def forget(self) -> None:
        """No loaded row is there."""
        self.account.control("history", method="DELETE")
        self.loaded.clear()

    def ran(self, hour: int) -> None:
        """That hour's statement is in the history."""
        start = BEGIN + hour * HOUR + 10 * MINUTE
        row = {
            "QUERY_ID": f"q{hour}",
            "QUERY_TEXT": "SELECT 1",
            "START_TIME": start.isoformat(),
            "END_TIME": (start + MINUTES[hour] * MINUTE).isoformat(),
            "USER_NAME": "SVC_SLUICE_DEV",
            "EXECUTION_STATUS": "SUCCESS",
            "WAREHOUSE_NAME": WAREHOUSE,
            "WAREHOUSE_SIZE": "Small",
        }
        self.load("QUERY_HISTORY", row, f"q{hour}")

    def metered(self, hour: int, share: float = 1.0, times: int = 1) -> None:
        """That hour's row is in the history."""
        start = BEGIN + hour * HOUR
        row = {
            "START_TIME": start.isoformat(),
            "END_TIME": (start + HOUR).isoformat(),
            "WAREHOUSE_NAME": WAREHOUSE,
            "CREDITS_USED_COMPUTE": cost(hour) * share,
        }
        for number in range(times):
            self.load("WAREHOUSE_METERING_HISTORY", row, f"m{hour} {number} {share}")

    def look(self, hour: float, rows: Rows | None = None) -> Measurement:
        """What the meter says then: what has ended is in the history, and what `rows` lets be there of what it cost."""
        now = BEGIN + hour * HOUR
        self.account.clock(now=now.isoformat())
        for number in range(min(int(hour + 0.5), len(MINUTES))):
            self.ran(number)
        if rows is not None:
            rows(self, hour)
        return measure(self.home, self.home.now())


Rows = Callable[[Day, float], None]


def due(hour: float, after: float = 0) -> range:
    """The hours that ended so many hours ago, or earlier."""
    return range(min(max(int(hour - after), 0), len(MINUTES)))


def gap(day: Day, hour: float) -> None:
    """The rows of the second and third hour come when those of later hours are long there."""
    for one in due(hour):
        if one not in {1, 2} or hour > 7:
            day.metered(one)


def twice(day: Day, hour: float) -> None:
    """Each row is there twice."""
    for one in due(hour):
        day.metered(one, times=2)


def late(day: Day, hour: float) -> None:
    """Each row comes five hours after its hour."""
    for one in due(hour, 5):
        day.metered(one)


@pytest.mark.parametrize("rows", [gap, twice, late])
def test_the_day_is_right_at_every_look(account: Snowdome, home: Workspace, rows: Rows) -> None:
    """Thirteen looks: what is reported agrees each time with what was spent; in the end all is the account's own."""
    day = Day(account, home)
    for hour in range(13):
        found = day.look(hour + 0.5, rows)
        reported = found.spends["dev"].day.credits
        assert reported == pytest.approx(sum(cost(one) for one in range(hour + 1)), rel=0.03, abs=0.02), hour
        parts = sum(one.credits for one in found.shares_day.values()) + found.unattributed_day.credits
        assert parts == pytest.approx(found.total_day.credits)
    assert found.spends["dev"].day.estimated_usd == pytest.approx(0, abs=0.01)


def test_rows_that_are_wrong_at_first_are_believed_anew_each_time(account: Snowdome, home: Workspace) -> None:
    """Half of it, then twice, then the truth: the last word counts, and nothing of the words before stays."""
    day = Day(account, home)
    for hour in range(10):
        day.look(hour + 0.5)
    whole = sum(cost(one) for one in range(len(MINUTES)))
    for number, share in enumerate((0.5, 2.0, 1.0)):
        day.forget()

        def rows(day: Day, hour: float, share: float = share) -> None:
            for one in due(hour):
                day.metered(one, share)

        found = day.look(10.5 + number / 2, rows)
        assert found.spends["dev"].day.credits == pytest.approx(share * whole, rel=0.01)


def test_samples_that_are_missing_for_two_hours_are_made_up_for(account: Snowdome, home: Workspace) -> None:
    """No look between half past one and half past four: what ran then is known from statements, and the gap is said."""
    day = Day(account, home)
    for hour in (0.5, 1, 1.5):
        day.look(hour)
    found = day.look(4.5)
    assert found.spends["dev"].day.credits == pytest.approx(sum(cost(one) for one in range(5)), rel=0.03, abs=0.02)
    assert any("no sample between 01:30 and 04:30" in note for note in found.notes)
    assert found.spends["dev"].gap == pytest.approx(3 * HOUR, abs=MINUTE)


def test_a_caller_whose_clock_is_wrong_changes_nothing(account: Snowdome, home: Workspace) -> None:
    """Ten minutes behind, and at one moment twice: no cost is counted twice, none is lost."""
    day = Day(account, home)
    for hour in range(3):
        day.look(hour + 0.5)
    now = home.now()
    for behind in (25, 25, 10, 0, 0):
        measure(home, now - behind * MINUTE)
    found = day.look(4.5)
    assert found.spends["dev"].day.credits == pytest.approx(sum(cost(one) for one in range(5)), rel=0.03, abs=0.02)


@pytest.mark.parametrize(
    "rows", [late, pytest.param(gap, marks=pytest.mark.nightly), pytest.param(twice, marks=pytest.mark.nightly)]
)
def test_nothing_is_done_twice_and_what_is_stopped_stays_so(account: Snowdome, home: Workspace, rows: Rows) -> None:
    """Every check twice, of USD 4 a day: limited once, suspended once, given back once, when the day is over."""
    day = Day(account, home)
    done: Counter[Restriction] = Counter()
    for hour in (*range(13), 24):
        found = day.look(hour + 0.5, rows)
        for turn in range(2):
            made = check(home, BudgetPolicy(), found, Caller(f"check {hour} {turn}", "clock", home.now()))
            assert made.failed == ()
            done += Counter(step.restriction for step in made.plan.restrictions)
        with home.control() as session:
            held = read(session)["dev"].restriction if hour >= 5 else Restriction.NONE
        assert (held is Restriction.SUSPENDED) == (5 <= hour < 24), hour
    assert done == {Restriction.THROTTLED: 1, Restriction.SUSPENDED: 1, Restriction.NONE: 1}
