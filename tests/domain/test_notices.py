"""Who is notified of what, and when: once, again where it lasts or rises, and when it is over; all by the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sluice.domain.budgets.anomalies import Compared
from sluice.domain.budgets.budget_actions import (
    Alert,
    Notify,
    Resolve,
    SetRestriction,
    Step,
    checks_missing,
    notice,
    plan,
)
from sluice.domain.budgets.budget_policy import Verdict, judge, load_budgets
from sluice.domain.budgets.budget_state import BudgetEvent, BudgetState, Restriction, from_events
from sluice.domain.budgets.spend import Figure, Spend
from sluice.domain.journal.events import Event
from sluice.domain.specs.environment import load_environments

INCLUDE = Path(__file__).resolve().parents[2] / "include"
POLICY = load_budgets(INCLUDE / "policies" / "budgets.yml")
SPECS = load_environments(INCLUDE / "environments")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class People:
    """Those who are notified: a check every five minutes, and a journal of what was said."""

    def __init__(self, name: str = "prod") -> None:
        self.name = name
        self.now = NOW
        self.journal: list[Event] = []

    def check(
        self,
        minutes: float = 5,
        *,
        usd: float,
        guard: BudgetState | None = None,
        age: float = 0,
        hour: float | None = None,
    ) -> list[Step]:
        """What one check says, so much later; a restart of everything is between any two."""
        self.now += minutes * MINUTE
        known = from_events(self.journal).get(self.name, BudgetState(self.name))
        if guard is not None:
            known = replace(guard, notified_at=known.notified_at, escalation_levels=known.escalation_levels)
        made = plan({self.name: self.verdict(usd, age=age, hour=hour)}, {self.name: known}, SPECS, POLICY, self.now)
        for step in made.steps:
            if isinstance(step, Notify | Alert):
                about = step.level if isinstance(step, Notify) else step.about
                facts: dict[str, object] = {"level": about, "rung": step.escalation_level}
                self.journal.append(Event(self.now, "airflow", self.name, BudgetEvent.NOTIFIED, None, facts))
            if isinstance(step, Resolve):
                self.journal.append(Event(self.now, "airflow", self.name, BudgetEvent.RECOVERED, None, {}))
        return list(made.steps)

    def verdict(self, usd: float, *, age: float = 0, hour: float | None = None) -> Verdict:
        """What is said of so many dollars today, of figures so old, and of an hour that is usually a dollar."""
        at = self.now - age * MINUTE
        compared = None if hour is None else Compared(at, hour, estimated=False, before=(1.0,) * 8)
        spend = Spend(self.name, at, Figure(usd), Figure(usd), hour=compared)
        return judge(spend, SPECS[self.name], POLICY, BudgetState(self.name), self.now)

    def checks(self, times: int, *, usd: float, age: float = 0, hour: float | None = None) -> list[Step]:
        """What so many checks say together."""
        return [step for _ in range(times) for step in self.check(usd=usd, age=age, hour=hour)]


def rungs(steps: Sequence[Step]) -> list[tuple[str, int]]:
    """What was said, and how far up."""
    return [(type(step).__name__, step.escalation_level) for step in steps if not isinstance(step, SetRestriction)]


def test_the_worse_the_further() -> None:
    """Of USD 500: half to the first channel, four fifths to two, all of it to three; each once."""
    people = People()
    assert rungs(people.checks(3, usd=260)) == [("Notify", 0)]
    assert rungs(people.checks(3, usd=410)) == [("Notify", 1)]
    assert rungs(people.checks(3, usd=510)) == [("Notify", 2)]


def test_what_lasts_goes_one_channel_further_each_hour_until_the_last() -> None:
    """Production beyond its budget is not stopped, so somebody has to come."""
    people = People()
    said = people.checks(4 * 12, usd=510)
    assert rungs(said) == [("Notify", 2), ("Notify", 3)]
    assert isinstance(said[1], Notify)
    assert said[1].text.startswith("still: ")
    assert len(SPECS["prod"].monitoring.channels) == 4


def test_half_of_a_budget_that_lasts_wakes_nobody() -> None:
    """It is half of a day's budget until midnight."""
    assert rungs(People().checks(6 * 12, usd=260)) == [("Notify", 0)]


def test_it_is_over_once_and_everybody_who_was_told_knows() -> None:
    """As far up as it had gone; nobody who was not notified."""
    people = People()
    people.checks(15, usd=510)
    said = people.checks(5, usd=0)
    assert rungs(said) == [("Resolve", 3)]
    assert notice(said[0]).over
    assert People().checks(5, usd=0) == []


def test_what_comes_and_goes_is_not_told_each_time() -> None:
    """Above and below every five minutes for two hours: notified twice, of its beginning and of its first end."""
    people = People()
    said = [step for _ in range(12) for usd in (410, 0) for step in people.check(usd=usd)]
    assert rungs(said) == [("Notify", 1), ("Resolve", 1)]
    assert rungs(people.check(4 * 60, usd=410)) == [("Notify", 1)]


def test_a_new_day_is_told_anew() -> None:
    """Also when it has never been fine in between, and not lower than it had gone."""
    people = People()
    people.checks(14, usd=510)
    people.now = NOW.replace(hour=23, minute=50)
    assert people.check(usd=510) == []
    assert rungs(people.check(30, usd=510)) == [("Notify", 3)]
    people.now = NOW.replace(hour=23, minute=50) + timedelta(days=1)
    assert rungs(people.check(30, usd=260)) == [("Notify", 0)]


def test_less_bad_than_it_was_is_no_news() -> None:
    """From all of the budget to four fifths of it, by an override: silence until it is fine."""
    people = People()
    people.check(usd=510)
    assert people.checks(3, usd=410) == []
    assert rungs(people.check(usd=0)) == [("Resolve", 2)]


def test_it_is_not_over_while_something_is_held() -> None:
    """First what was taken is given back, then it is fine."""
    people = People("dev")
    people.checks(2, usd=45)
    held = BudgetState("dev", Restriction.SUSPENDED, since=people.now)
    assert rungs(people.check(usd=0, guard=held)) == []
    (back,) = people.check(20, usd=0, guard=held)
    assert back == SetRestriction("dev", Restriction.NONE, "cleared: USD 0.00 of 50.00 today, 0.00 an hour now")
    assert rungs(people.check(usd=0)) == [("Resolve", 0)]


def test_old_figures_are_said_once_then_further_up() -> None:
    """Not every five minutes; fresh figures end it."""
    people = People("staging")
    said = people.checks(3 * 12, usd=0, age=30)
    assert rungs(said) == [("Alert", 0), ("Alert", 1)]
    assert "too old to act on; no action is taken" in said[0].text  # type: ignore[union-attr]
    assert rungs(people.check(4 * 60, usd=0, age=30)) == [("Alert", 1)]
    assert rungs(people.checks(3, usd=0)) == [("Resolve", 1)]


def test_an_anomaly_is_told_beside_the_level_and_never_does_anything() -> None:
    """With figures, how they are known, and what is usual; once in some hours; the first channel only."""
    people = People("dev")
    verdict = people.verdict(20, hour=20)
    assert (verdict.level.name, verdict.reached.name) == ("NOTIFY", "FINE")
    assert "an hour like those of earlier weeks" in verdict.clears
    said = people.checks(3 * 12, usd=20, hour=20)
    assert rungs(said) == [("Alert", 0)]
    assert "USD 20.00 from" in said[0].text  # type: ignore[union-attr]
    assert rungs(people.check(usd=30, hour=20)) == [("Notify", 0)]
    assert people.check(usd=20, hour=20, age=60)[0].about == "STALE"  # type: ignore[union-attr]


def test_what_would_be_held_beyond_the_limit_of_one_check_is_said_once() -> None:
    """However many checks find it so."""
    crowd = {f"d{n}": SPECS["dev"].model_copy(update={"name": f"d{n}"}) for n in range(POLICY.at_most + 1)}
    last = f"d{POLICY.at_most}"
    verdicts = {
        name: judge(Spend(name, NOW, Figure(60), Figure(60)), spec, POLICY, BudgetState(name), NOW)
        for name, spec in crowd.items()
    }

    def crowded(guard: BudgetState) -> list[str]:
        steps = plan(verdicts, {last: guard}, crowd, POLICY, NOW).steps
        return [step.environment for step in steps if isinstance(step, Alert) and step.about == "CROWDED"]

    assert crowded(BudgetState(last)) == [last]
    assert (
        crowded(BudgetState(last, notified_at={"CROWDED": NOW - 30 * MINUTE}, escalation_levels={"CROWDED": 0})) == []
    )


def test_checks_that_all_fail_are_told_by_the_time_alone() -> None:
    """After a quarter of an hour, then each hour one channel further; by one or two of the checks that come then."""
    reported = [
        (m, escalation_level)
        for m in range(0, 150, 5)
        if (escalation_level := checks_missing(m * MINUTE, 5 * MINUTE, POLICY)) is not None
    ]
    assert reported == [(15, 0), (20, 0), (75, 1), (80, 1), (135, 2), (140, 2)]


def test_severities_are_those_of_the_levels() -> None:
    """PagerDuty, Slack and a log read them."""
    kinds = [notice(Notify("dev", level, "x")).severity for level in ("NOTIFY", "LIMIT", "SUSPEND")]
    assert kinds == ["warning", "error", "critical"]
    assert notice(SetRestriction("dev", Restriction.NONE, "cleared")).severity == "info"
    assert notice(Alert("dev", "x", "ANOMALY")).severity == "warning"
    assert notice(Alert("dev", "x", "STALE")).severity == "error"
