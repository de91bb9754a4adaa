"""Budgets: each rule by its figures, what caps it, who is touched first, and when it is given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.budgets.budget_actions import (
    OVER_ACCOUNT_LIMIT,
    Alert,
    BudgetPlan,
    Notify,
    SetRestriction,
    explain,
    plan,
)
from sluice.domain.budgets.budget_policy import Level, Verdict, judge, load_budgets, over_account_limit
from sluice.domain.budgets.budget_state import BudgetEvent, BudgetOverride, BudgetState, Restriction, from_events
from sluice.domain.budgets.spend import Figure, Measurement, Slice, Spend
from sluice.domain.journal.events import Event
from sluice.domain.specs.blocks import AtLimit, Kind
from sluice.domain.specs.environment import load_environments
from sluice.errors import SpecError

INCLUDE = Path(__file__).resolve().parents[2] / "include"
POLICY = load_budgets(INCLUDE / "policies" / "budgets.yml")
SPECS = load_environments(INCLUDE / "environments")
DEV, PROD = SPECS["dev"], SPECS["prod"]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def spend(name: str = "dev", day: float = 0, before: float = 0, last: float = 0, rate: float = 0) -> Spend:
    """So many dollars today; in the half hour before the last one, and in the last."""
    border = NOW - 30 * MINUTE
    slices = (
        Slice(border - 30 * MINUTE, border, Figure(before, before / 2, before)),
        Slice(border, NOW, Figure(last, last / 2, last)),
    )
    return Spend(name, NOW, Figure(day, day / 2, day), Figure(day), slices, rate)


def verdict(one: Spend, guard: BudgetState | None = None, now: datetime = NOW) -> Verdict:
    """What is said of it."""
    return judge(one, SPECS[one.environment], POLICY, guard or BudgetState(one.environment), now)


@pytest.mark.parametrize(
    ("day", "level"),
    [
        (24, Level.FINE),
        (25, Level.NOTIFY),
        (39.9, Level.NOTIFY),
        (40, Level.LIMIT),
        (50, Level.SUSPEND),
        (99, Level.SUSPEND),
    ],
)
def test_half_is_told_four_fifths_limits_all_suspends(day: float, level: Level) -> None:
    """Of USD 50 a day."""
    said = verdict(spend(day=day))
    assert said.level is level
    assert said.provenance == "estimated"
    assert f"{day:.2f} of 50.00" in said.figures


def test_the_hour_is_a_soft_limit() -> None:
    """More than USD 10 in an hour limits, however much of the day is left."""
    said = verdict(spend(day=12, before=4, last=7))
    assert said.level is Level.LIMIT
    assert "last hour" in said.rule


def test_an_increase_acts_above_its_floor_only() -> None:
    """Of some percent: nothing below half a dollar, nor at a small rate; else limited, with the window said."""
    assert verdict(spend(day=1, before=0.10, last=0.40)).level is Level.FINE
    assert verdict(spend(day=3, before=1.0, last=1.9)).level is Level.FINE
    said = verdict(spend(day=5, before=1.0, last=3.0))
    assert said.level is Level.LIMIT
    assert "30 min" in said.rule


def test_production_is_watched_and_never_more() -> None:
    """Twice its budget is reported, and that is all."""
    assert verdict(spend("prod", day=1000, last=100)).level is Level.NOTIFY


def test_an_override_is_more_dollars_for_a_while() -> None:
    """Until its end; then the budget is what it was."""
    more = BudgetState("dev", override=BudgetOverride(50, NOW + timedelta(hours=1), "ann", "month-end"))
    assert verdict(spend(day=60), more).level is Level.NOTIFY
    assert (
        verdict(replace(spend(day=60), at=NOW + timedelta(hours=2)), more, NOW + timedelta(hours=2)).level
        is Level.SUSPEND
    )


def test_nothing_is_done_on_old_figures() -> None:
    """A sample of half an hour ago is said to be too old."""
    said = verdict(spend(day=99), now=NOW + 30 * MINUTE)
    assert said.stale
    assert said.level is Level.FINE
    made = planned({"dev": said})
    assert [type(step) for step in made.steps] == [Alert]


def planned(verdicts: dict[str, Verdict], guards: dict[str, BudgetState] | None = None, **more: object) -> BudgetPlan:
    """What a check would do."""
    return plan(verdicts, guards or {}, SPECS, POLICY, NOW, **more)  # type: ignore[arg-type]


def test_only_the_environment_that_overspends_is_touched() -> None:
    """Dev is over, staging and production are not."""
    made = planned({"dev": verdict(spend(day=51)), "prod": verdict(spend("prod", day=10))})
    assert [(step.environment, step.restriction) for step in made.restrictions] == [("dev", Restriction.SUSPENDED)]
    assert any(isinstance(step, Notify) for step in made.steps)
    assert any(line.startswith("suspend  dev") for line in explain(made))


def test_told_once_a_day() -> None:
    """A level that was notified today is not notified again; it is tomorrow."""
    said = {"dev": verdict(spend(day=30))}
    assert len(planned(said).steps) == 1
    assert planned(said, {"dev": BudgetState("dev", notified_at={"NOTIFY": NOW - MINUTE})}).steps == ()
    assert len(planned(said, {"dev": BudgetState("dev", notified_at={"NOTIFY": NOW - timedelta(days=1)})}).steps) == 1


def test_given_back_well_below_and_not_before_it_has_cooled() -> None:
    """Nothing flaps: below by the hysteresis, and a quarter of an hour after the last change; by hand: by hand."""
    held = BudgetState(
        "dev", restriction=Restriction.SUSPENDED, since=NOW - timedelta(hours=8), former={"auto_resume": True}
    )
    assert planned({"dev": verdict(spend(day=1))}, {"dev": held}).restrictions[0].restriction is Restriction.NONE
    assert planned({"dev": verdict(spend(day=46))}, {"dev": held}).restrictions == ()
    assert planned({"dev": verdict(spend(day=42))}, {"dev": held}).restrictions[0].restriction is Restriction.THROTTLED
    assert planned({"dev": verdict(spend(day=1))}, {"dev": replace(held, since=NOW - MINUTE)}).restrictions == ()
    assert planned({"dev": verdict(spend(day=1))}, {"dev": replace(held, manual=True)}).restrictions == ()


def test_the_most_important_is_given_back_first() -> None:
    """Staging before dev."""
    held = {
        name: BudgetState(name, Restriction.THROTTLED, since=NOW - timedelta(hours=8)) for name in ("dev", "staging")
    }
    made = planned({name: verdict(spend(name, day=1)) for name in held}, held)
    assert [step.environment for step in made.restrictions] == ["staging", "dev"]


def test_one_check_touches_so_many_at_most() -> None:
    """The rest is asked to a person."""
    specs = {f"d{number}": DEV.model_copy(update={"name": f"d{number}"}) for number in range(8)}
    verdicts = {name: judge(spend(name, day=60), one, POLICY, BudgetState(name), NOW) for name, one in specs.items()}
    made = plan(verdicts, {}, specs, POLICY, NOW)
    assert len(made.restrictions) == POLICY.at_most
    assert sum(isinstance(step, Alert) for step in made.steps) == 8 - POLICY.at_most
    failed = {
        "d0": BudgetState("d0", notified_at={"FAILED": NOW - 5 * MINUTE}),
        "d1": BudgetState("d1", notified_at={"FAILED": NOW - DAY}),
    }
    others = [step.environment for step in plan(verdicts, failed, specs, POLICY, NOW).restrictions]
    assert others == ["d1", "d2", "d3", "d4", "d5"]  # what could not be held a moment ago takes nobody's place


def test_what_was_begun_is_finished_first() -> None:
    """A check that died between the record and the deed."""
    guard = BudgetState("dev", pending=Restriction.SUSPENDED, former={"auto_resume": True})
    made = planned({"dev": verdict(spend(day=1))}, {"dev": guard})
    assert made.restrictions == (
        SetRestriction("dev", Restriction.SUSPENDED, "finished: an earlier check was interrupted"),
    )


def test_together_the_least_important_goes_first_and_production_never() -> None:
    """Beyond USD 100 an hour for everything: until the rate is below, by priority."""
    specs = {
        "prod": PROD,
        "staging": SPECS["staging"],
        "dev": DEV,
        "box": DEV.model_copy(update={"name": "box", "kind": Kind.SANDBOX}),
    }
    rates = {"prod": 60.0, "staging": 30.0, "dev": 20.0, "box": 15.0}
    spends = {name: spend(name, before=5, last=30, rate=rate) for name, rate in rates.items()}
    spends = {name: replace(one, environment=name) for name, one in spends.items()}
    measured = Measurement(NOW, spends, Figure(), Figure())
    assert over_account_limit(measured, POLICY, specs) == ("box", "dev")
    calm = {name: replace(one, usd_per_hour=one.usd_per_hour / 2) for name, one in spends.items()}
    assert over_account_limit(replace(measured, spends=calm), POLICY, specs) == ()


def test_what_all_together_have_stopped_comes_back_another_day() -> None:
    """Within its own budget, and cooled: given back today it would be beyond what all may cost again."""
    (step,) = planned({"dev": verdict(spend())}, over_account_limit=("dev",)).restrictions
    assert step.reason == OVER_ACCOUNT_LIMIT
    stopped = BudgetState("dev", Restriction.SUSPENDED, since=NOW - timedelta(hours=1), reason=OVER_ACCOUNT_LIMIT)
    assert planned({"dev": verdict(spend())}, {"dev": stopped}).restrictions == ()
    assert len(planned({"dev": verdict(spend())}, {"dev": replace(stopped, reason="over")}).restrictions) == 1
    yesterday = replace(stopped, since=NOW - timedelta(days=1))
    assert [one.restriction for one in planned({"dev": verdict(spend())}, {"dev": yesterday}).restrictions] == [
        Restriction.NONE
    ]


def test_production_is_watched_whatever_its_spec_says() -> None:
    """One that forgets to say `watch`, or says otherwise, is notified all the same and no more."""
    for said in AtLimit:
        spec = PROD.model_copy(update={"budget": PROD.budget.model_copy(update={"at_limit": said})})
        assert judge(spend("prod", day=9999, last=99), spec, POLICY, BudgetState("prod"), NOW).level is Level.NOTIFY


@pytest.mark.parametrize(("name", "most"), [("dev", Level.SUSPEND), ("staging", Level.LIMIT), ("prod", Level.NOTIFY)])
def test_what_the_shipped_specs_ask_for(name: str, most: Level) -> None:
    """Development is stopped, staging limited, production watched."""
    assert verdict(spend(name, day=99_999, last=999)).level is most


def test_what_was_started_though_suspended_is_stopped_once_more() -> None:
    """At once the first time; then not before it cools, which is reported; what is to be given back is given back."""
    over = {"dev": verdict(spend(day=60))}
    guard = BudgetState("dev", Restriction.SUSPENDED, since=NOW - MINUTE, manual=True)
    made = planned(over, {"dev": guard}, running_again={"dev"})
    assert [(one.restriction, one.manual, one.repeated) for one in made.restrictions] == [
        (Restriction.SUSPENDED, True, True)
    ]
    fought = planned(over, {"dev": replace(guard, repeated_at=NOW - 5 * MINUTE)}, running_again={"dev"})
    assert fought.restrictions == ()
    assert any(isinstance(step, Alert) for step in fought.steps)
    assert (
        planned(over, {"dev": replace(guard, repeated_at=NOW - 15 * MINUTE)}, running_again={"dev"})
        .restrictions[0]
        .repeated
    )
    calm = BudgetState("dev", Restriction.SUSPENDED, since=NOW - timedelta(hours=8))
    assert (
        planned({"dev": verdict(spend(day=1))}, {"dev": calm}, running_again={"dev"}).restrictions[0].restriction
        is Restriction.NONE
    )
    stale = {"dev": verdict(spend(day=60), now=NOW + 30 * MINUTE)}
    assert planned(stale, {"dev": guard}, running_again={"dev"}).restrictions == ()


ORDER = {hold: place for place, hold in enumerate(Restriction)}
DOLLARS = st.floats(0, 70)
LOOK = st.tuples(DOLLARS, DOLLARS, DOLLARS, st.floats(0, 20), st.booleans(), st.booleans())


@given(series=st.lists(LOOK, min_size=1, max_size=30), by_hand=st.booleans())
def test_nothing_flaps_whatever_is_spent(series: list[tuple[float, ...]], by_hand: bool) -> None:
    """Over any spend, a check every five minutes: what a check does is what the rules allow it, and no more."""
    policy = POLICY.model_copy(update={"at_most": 1})
    guards = {"dev": BudgetState("dev", Restriction.SUSPENDED, since=NOW, manual=True)} if by_hand else {}
    for number, (*days, last, old, awake) in enumerate(series):
        now = NOW + number * 5 * MINUTE
        looks = {name: spend(name, day=day, last=last) for name, day in zip(SPECS, days, strict=False)}
        at = now - (30 * MINUTE if old else 0 * MINUTE)
        verdicts = {
            name: judge(replace(one, at=at), SPECS[name], policy, guards.get(name, BudgetState(name)), now)
            for name, one in looks.items()
        }
        seen = {name for name, guard in guards.items() if awake and guard.restriction is Restriction.SUSPENDED}
        made = plan(verdicts, guards, SPECS, policy, now, running_again=seen)
        tighter = [
            one
            for one in made.restrictions
            if ORDER[one.restriction] > ORDER[guards.get(one.environment, BudgetState("")).restriction] or one.repeated
        ]
        assert len(tighter) <= policy.at_most
        assert not (old and made.restrictions)
        for step in made.restrictions:
            name, before = step.environment, guards.get(step.environment, BudgetState(step.environment))
            assert not (SPECS[name].kind is Kind.PRODUCTION and step.restriction is not Restriction.NONE)
            assert not (before.manual and step.restriction is not Restriction.SUSPENDED)
            given_back = before.restriction is not Restriction.NONE and step.restriction in {
                Restriction.NONE,
                Restriction.THROTTLED,
            }
            cooled = before.since is None or now - before.since >= policy.cool_down_minutes * MINUTE
            at_limit = {
                Restriction.SUSPENDED: policy.thresholds.suspend,
                Restriction.THROTTLED: policy.thresholds.limit,
            }
            if given_back:
                assert cooled
                assert verdicts[name].percent < at_limit[before.restriction] - policy.hysteresis_percent
            if step.restriction is Restriction.THROTTLED:
                assert cooled
            if step.repeated:
                assert before.repeated_at is None or now - before.repeated_at >= policy.cool_down_minutes * MINUTE
            again = now if step.repeated else None
            guards[name] = BudgetState(name, step.restriction, since=now, manual=step.manual, repeated_at=again)


def test_guards_are_folded_from_the_journal() -> None:
    """The first settings that were seen are the ones to give back, whatever was changed after them."""

    def said(kind: BudgetEvent, minutes: float, **facts: object) -> Event:
        return Event(NOW + minutes * MINUTE, "airflow", "dev", kind, None, facts)

    events = [
        said(BudgetEvent.LIMITING, 0, former={"size": "SMALL", "max_cluster_count": 2}),
        said(BudgetEvent.LIMITED, 0, reason="over"),
        said(BudgetEvent.SUSPENDING, 5, former={"auto_resume": True, "size": "XSMALL"}),
    ]
    guard = from_events(events)["dev"]
    assert (guard.restriction, guard.pending) == (Restriction.THROTTLED, Restriction.SUSPENDED)
    assert guard.former == {"size": "SMALL", "max_cluster_count": 2, "auto_resume": True}
    after = from_events(
        [*events, said(BudgetEvent.SUSPENDED, 6), said(BudgetEvent.RESTORING, 9), said(BudgetEvent.RESTORED, 9)]
    )
    assert (after["dev"].restriction, after["dev"].former) == (Restriction.NONE, {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("thresholds: {notify: 80, limit: 50, suspend: 100}", "out of order"),
        ("thresholds: {notfy: 50}", "unknown key"),
        ("thresholds: {limit: 0}", "greater than"),
        ("thresholds: {suspend: 80}", "out of order"),
        ("max_age_minutes: .inf", "finite"),
        ("escalate_after_minutes: 0", "greater than"),
        ("repeat_hours: 1000", "less than"),
        ("at_most: 0", "greater than"),
        ("anomaly: {score: .nan}", "finite"),
        ("anomaly: {weeks: 3, at_least: 4}", "are impossible"),
        ("anomaly: {floor_usd: 0}", "greater than"),
        ("increase: {kinds: {development: {percent: -1, minutes: 30, usd_per_hour: 5}}}", "greater than"),
    ],
)
def test_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    """File, field, bad value and a good one."""
    (tmp_path / "budgets.yml").write_text(text)
    with pytest.raises(SpecError, match=words):
        load_budgets(tmp_path / "budgets.yml")
