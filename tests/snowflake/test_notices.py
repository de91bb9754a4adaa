"""What a check says on an account: once, whatever dies or is asked twice; nothing is done on old figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from sluice.domain.budgets.budget_actions import Notice
from sluice.domain.budgets.budget_policy import load_budgets
from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.budgets.spend import Figure, Measurement
from sluice.operations.budgets.budgets import check, read
from sluice.operations.budgets.metering import measure
from sluice.operations.caller import Caller
from sluice.operations.workspace import Workspace
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome
from tests.snowflake.prepared import provisioned

POLICY = load_budgets(Path(__file__).resolve().parents[2] / "include" / "policies" / "budgets.yml")
CHECK = 300
"""Seconds between two checks."""


PREPARED = {"home": provisioned("dev", "prod")}


@pytest.fixture
def home(work: Workspace, morning: datetime) -> Workspace:
    """Dev and prod stand, in the morning."""
    return work


def dearer(measured: Measurement, dev: float = 0, prod: float = 0) -> Measurement:
    """The same measurement, in which the day has cost so many dollars."""
    day = {"dev": dev, "prod": prod}
    spends = {name: replace(one, day=Figure(day.get(name, 0.0))) for name, one in measured.spends.items()}
    return replace(measured, spends=spends)


class Checks:
    """One check after another, each a run of its own, and what people read."""

    def __init__(self, work: Workspace) -> None:
        self.work = work
        self.number = 0
        self.said: list[Notice] = []

    def __call__(self, measured: Measurement | None = None, *, dev: float = 0, prod: float = 0) -> list[Notice]:
        """Check, and return what is said this time."""
        self.number += 1
        before = len(self.said)
        found = measured or dearer(measure(self.work, self.work.now()), dev, prod)
        check(self.work, POLICY, found, Caller(f"check {self.number}", "clock", self.work.now()), self.said.append)
        return self.said[before:]


def held(work: Workspace, name: str = "dev") -> Restriction:
    """What the budget holds an environment to."""
    with work.control() as session:
        guards = read(session)
    return guards[name].restriction if name in guards else Restriction.NONE


def test_nothing_is_done_on_an_old_measurement_and_it_is_said(home: Workspace, account: Snowdome) -> None:
    """Measured, then half an hour of silence: dev, far beyond its budget, is not touched until figures are fresh."""
    checks = Checks(home)
    old = dearer(measure(home, home.now()), dev=500)
    account.clock(advance_seconds=6 * CHECK)
    said = checks(old)
    assert held(home) is Restriction.NONE
    assert {one.environment for one in said} == set(home.environments) & set(old.spends)
    assert all("too old to act on; no action is taken" in one.text for one in said)
    account.clock(advance_seconds=CHECK)
    assert checks(old) == []
    said = checks(dev=500)
    assert held(home) is Restriction.SUSPENDED
    assert [one.over for one in said if one.environment == "prod"] == [True]


def test_it_is_said_further_up_and_then_that_it_is_over(home: Workspace, account: Snowdome) -> None:
    """Production beyond its budget for an hour; every check a process of its own, so all of it is in the journal."""
    checks = Checks(home)
    assert [(one.environment, one.escalation_level, one.severity) for one in checks(prod=510)] == [
        ("prod", 2, "critical")
    ]
    for _ in range(11):
        account.clock(advance_seconds=CHECK)
        assert checks(prod=510) == []
    account.clock(advance_seconds=CHECK)
    assert [one.escalation_level for one in checks(prod=510)] == [3]
    account.clock(advance_seconds=CHECK)
    assert checks(prod=510) == []
    assert [(one.escalation_level, one.over) for one in checks(prod=0)] == [(3, True)]
    assert checks(prod=0) == []
    assert held(home, "prod") is Restriction.NONE


def test_the_same_check_twice_says_it_once(home: Workspace) -> None:
    """A task that is repeated, and the next check: neither limits nor tells again."""
    checks = Checks(home)
    first = checks(dev=41)
    assert [one.severity for one in first] == ["error", "error"]
    assert held(home) is Restriction.THROTTLED
    checks.number -= 1
    assert checks(dev=41) == []
    assert checks(dev=41) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_said_survives_a_check_that_dies(
    home: Workspace, account: Snowdome, clear: Callable[[], int], when: str
) -> None:
    """The record of a notice is struck: it is said by this check or the next one, and then no more."""
    checks = Checks(home)
    measured = dearer(measure(home, home.now()), prod=260)
    account.fault("(?i)^insert into .*journal", nth=1, when=when, do="error", errno=603)
    checks(measured)
    assert clear() == 0
    account.clock(advance_seconds=CHECK)
    checks(prod=260)
    account.clock(advance_seconds=CHECK)
    assert checks(prod=260) == []
    assert 1 <= len(checks.said) <= 2
    assert {one.environment for one in checks.said} == {"prod"}


def test_what_cannot_be_held_is_said_once_not_every_five_minutes(home: Workspace, account: Snowdome) -> None:
    """Dev's warehouse is gone: each check tries, people are notified once, and once more an hour later, further up."""
    with home.control() as session:
        session.run(Statement("DROP WAREHOUSE SLUICE_DEV_WH"))
    checks = Checks(home)
    said = checks(dev=60)
    assert sum("could not be suspended" in one.text for one in said) == 1
    account.clock(advance_seconds=CHECK)
    assert checks(dev=60) == []
    assert held(home) is Restriction.NONE
