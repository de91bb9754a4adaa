"""Budget actions: the steps of one check, from verdicts and states; `explain` prints the plan that `apply` runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sluice.domain.budgets.budget_policy import BudgetPolicy, Level, Verdict
from sluice.domain.budgets.budget_state import BudgetState, Restriction
from sluice.domain.budgets.cost_accounting import midnight
from sluice.domain.specs.environment import EnvironmentSpec


@dataclass(frozen=True, slots=True)
class Notify:
    """Notify people of a level: once a day, and more channels while it lasts."""

    environment: str
    level: str
    text: str
    escalation_level: int = 0
    """Index of the last of the spec's channels that is notified."""


@dataclass(frozen=True, slots=True)
class SetRestriction:
    """Throttle or suspend an environment, or restore its settings."""

    environment: str
    restriction: Restriction
    reason: str
    manual: bool = False
    repeated: bool = False
    """It is suspended already, and somebody has started it."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that needs attention: once, again after some hours, and more channels while it lasts."""

    environment: str
    text: str
    about: str = "ALERT"
    escalation_level: int = 0


@dataclass(frozen=True, slots=True)
class Resolve:
    """Notify everybody who was notified, once, that an environment is back within budget."""

    environment: str
    text: str
    escalation_level: int = 0


FAILED = "FAILED"
"""The notice about an environment that could not be restricted."""

Step = Notify | SetRestriction | Alert | Resolve

OVER_ACCOUNT_LIMIT = "the account exceeds its spending limit; this environment has the lowest priority"
"""Why an environment is suspended that may be within its own budget."""
_OVER_ACCOUNT_LIMIT = {OVER_ACCOUNT_LIMIT, "everything together costs more than it may; this is the least important"}
"""The reason as journals have it: earlier versions worded it differently."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the channels of an environment, up to its escalation level."""

    environment: str
    text: str
    escalation_level: int
    severity: Literal["info", "warning", "error", "critical"]
    over: bool = False
    """Whether it resolves an earlier notice."""


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """What one check would do, in order."""

    steps: tuple[Step, ...]

    @property
    def restrictions(self) -> tuple[SetRestriction, ...]:
        """The steps that change an environment."""
        return tuple(step for step in self.steps if isinstance(step, SetRestriction))


def plan(
    verdicts: Mapping[str, Verdict],
    states: Mapping[str, BudgetState],
    specs: Mapping[str, EnvironmentSpec],
    policy: BudgetPolicy,
    now: datetime,
    *,
    over_account_limit: Sequence[str] = (),
    running_again: Collection[str] = (),
) -> BudgetPlan:
    """Return the steps of one check. Order: finish interrupted actions, restrict (lowest priority first), restore.

    `over_account_limit` are the environments to stop for the account's limit; `running_again` those whose warehouse ran
    after they were suspended: they are suspended again, with a notice, at most once in each cool-down. Manual
    restrictions are never lifted. At most `policy.at_most` environments are restricted; the others are reported.
    """
    steps: list[Step] = [
        SetRestriction(name, state.pending, "finished: an earlier check was interrupted", state.manual)
        for name, state in states.items()
        if state.pending is not None and name in specs
    ]
    restricted_now = {step.environment for step in steps if isinstance(step, SetRestriction)}
    order = sorted(verdicts, key=lambda name: (policy.rank(specs[name].kind), name))
    restarted = [
        name
        for name in order
        if name in running_again
        and name not in restricted_now
        and not _restore(verdicts[name], states[name], specs[name], policy, now)
    ]
    cooling = {name for name in restarted if _cooling(states[name].repeated_at, policy, now)}
    restrictions = [
        SetRestriction(
            name,
            Restriction.SUSPENDED,
            "somebody started it while it was suspended",
            states[name].manual,
            repeated=True,
        )
        for name in restarted
        if not verdicts[name].stale and name not in cooling
    ]
    restricted_now |= set(restarted)
    restrictions += [
        step
        for name in order
        if name not in restricted_now
        for step in _restrict(
            verdicts[name],
            states.get(name, BudgetState(name)),
            policy,
            now,
            over_account_limit=name in over_account_limit,
        )
    ]
    # Those that failed lately must not displace others.
    restrictions.sort(key=lambda step: _failed_lately(states.get(step.environment), policy, now))
    steps += restrictions[: policy.at_most]
    for restriction in restrictions[policy.at_most :]:
        would_be = f"{restriction.environment} would be {restriction.restriction} too"
        text = f"{would_be}, but one check restricts at most {policy.at_most}"
        state = states.get(restriction.environment, BudgetState(restriction.environment))
        steps += alerts(state, specs[restriction.environment], policy, now, about="CROWDED", text=text)
    for name in sorted(cooling):
        text = f"{name} is started repeatedly while suspended; every role with OPERATE on its warehouse can do that"
        steps += alerts(states[name], specs[name], policy, now, about="RESTARTED", text=text)
    restricted_now |= {step.environment for step in restrictions}
    for name in order:
        steps += _notify(
            verdicts[name],
            states.get(name, BudgetState(name)),
            specs[name],
            policy,
            now,
            restricted_now=name in restricted_now,
        )
    steps += [
        step
        for name in reversed(order)  # highest priority first
        if name not in restricted_now
        for step in _restore(verdicts[name], states.get(name, BudgetState(name)), specs[name], policy, now)
    ]
    return BudgetPlan(tuple(steps))


def explain(budget_plan: BudgetPlan) -> list[str]:
    """Return one line for each step that a check would take."""
    return [_describe(step) for step in budget_plan.steps]


def _restrict(
    verdict: Verdict, state: BudgetState, policy: BudgetPolicy, now: datetime, *, over_account_limit: bool
) -> list[SetRestriction]:
    name = verdict.environment
    if verdict.stale:
        return []
    if over_account_limit and state.restriction is not Restriction.SUSPENDED:
        return [SetRestriction(name, Restriction.SUSPENDED, OVER_ACCOUNT_LIMIT)]
    if verdict.level is Level.SUSPEND and state.restriction is not Restriction.SUSPENDED:
        return [SetRestriction(name, Restriction.SUSPENDED, f"{verdict.rule} ({verdict.figures})")]
    if (
        verdict.level is Level.LIMIT
        and state.restriction is Restriction.NONE
        and not _cooling(state.since, policy, now)
    ):
        return [SetRestriction(name, Restriction.THROTTLED, f"{verdict.rule} ({verdict.figures})")]
    return []


def _failed_lately(state: BudgetState | None, policy: BudgetPolicy, now: datetime) -> bool:
    """Whether restricting it failed lately, and people were notified of that."""
    notified = state.notified_at.get(FAILED) if state is not None else None
    return notified is not None and now - notified < policy.repeat


def _cooling(since: datetime | None, policy: BudgetPolicy, now: datetime) -> bool:
    return since is not None and now - since < timedelta(minutes=policy.cool_down_minutes)


def _restore(
    verdict: Verdict, state: BudgetState, spec: EnvironmentSpec, policy: BudgetPolicy, now: datetime
) -> list[SetRestriction]:
    """Restore when spend is well below the threshold and the cool-down is over, so that nothing flaps."""
    if state.restriction is Restriction.NONE or state.manual or verdict.stale or state.since is None:
        return []
    if _cooling(state.since, policy, now):
        return []
    if state.reason in _OVER_ACCOUNT_LIMIT and state.since >= midnight(now, ZoneInfo(spec.budget.zone)):
        return []  # the account would exceed its limit again, whatever its own figures are: wait for a new day
    threshold = policy.thresholds.suspend if state.restriction is Restriction.SUSPENDED else policy.thresholds.limit
    below = verdict.percent < threshold - policy.hysteresis_percent
    if state.restriction is Restriction.SUSPENDED and verdict.level < Level.SUSPEND and below:
        below_limit = verdict.level < Level.LIMIT
        return [
            SetRestriction(
                state.environment,
                Restriction.NONE if below_limit else Restriction.THROTTLED,
                f"cleared: {verdict.figures}",
            )
        ]
    if state.restriction is Restriction.THROTTLED and verdict.level < Level.LIMIT and below:
        return [SetRestriction(state.environment, Restriction.NONE, f"cleared: {verdict.figures}")]
    return []


def alerts(
    state: BudgetState,
    spec: EnvironmentSpec,
    policy: BudgetPolicy,
    now: datetime,
    *,
    about: str,
    text: str,
    lasts: bool = True,
) -> list[Step]:
    """Return the alert that is due: none shortly after the last one; one more channel while it lasts."""
    notified, escalation_level = state.notified_at.get(about), state.escalation_levels.get(about)
    if (
        notified is not None
        and escalation_level is not None
        and lasts
        and escalation_level < _top(spec)
        and _elapsed(notified, now, policy.escalation)
    ):
        return [Alert(spec.name, f"still: {text}", about, escalation_level + 1)]
    if notified is None or _elapsed(notified, now, policy.repeat):
        return [Alert(spec.name, text, about, min(escalation_level or 0, _top(spec)))]
    return []


def checks_missing(silent: timedelta, often: timedelta, policy: BudgetPolicy) -> int | None:
    """Return the escalation level of "checks are failing" after so long; None: nothing to notify now.

    The journal itself may be unavailable, so elapsed time alone decides: first when figures are too old, then one more
    channel each time; notified by the one or two checks that fail at that time.
    """
    late = silent - policy.oldest
    if late < timedelta(0):
        return None
    escalation_level, since = divmod(late, policy.escalation)
    return escalation_level if since < 2 * often else None


def notice(step: Step) -> Notice:
    """Return the notice about a step that was applied."""
    match step:
        case Notify():
            severity = _SEVERITY[Level[step.level]]
            return Notice(step.environment, step.text, step.escalation_level, severity)
        case Alert():
            return Notice(
                step.environment, step.text, step.escalation_level, "warning" if step.about == "ANOMALY" else "error"
            )
        case Resolve():
            return Notice(step.environment, step.text, step.escalation_level, "info", over=True)
        case SetRestriction():
            level = {
                Restriction.NONE: Level.FINE,
                Restriction.THROTTLED: Level.LIMIT,
                Restriction.SUSPENDED: Level.SUSPEND,
            }[step.restriction]
            return Notice(step.environment, _describe(step), _base(level), _SEVERITY[level])


_SEVERITY: Mapping[Level, Literal["info", "warning", "error", "critical"]] = {
    Level.FINE: "info",
    Level.NOTIFY: "warning",
    Level.LIMIT: "error",
    Level.SUSPEND: "critical",
}


def _notify(
    verdict: Verdict,
    state: BudgetState,
    spec: EnvironmentSpec,
    policy: BudgetPolicy,
    now: datetime,
    *,
    restricted_now: bool,
) -> list[Step]:
    """Return the notices about an environment: level, anomaly, stale figures, and resolution."""
    name = spec.name
    if verdict.stale:
        return alerts(state, spec, policy, now, about="STALE", text=f"{name}: {verdict.rule}; no action is taken")
    if verdict.fine:
        resolved = state.escalation_levels and state.restriction is Restriction.NONE and not restricted_now
        return (
            [Resolve(name, f"{name}: back within budget; {verdict.figures}", max(state.escalation_levels.values()))]
            if resolved
            else []
        )
    steps: list[Step] = []
    if verdict.unusual:
        text = f"{name}: {verdict.compared}"
        steps += alerts(state, spec, policy, now, about="ANOMALY", text=text, lasts=False)
    if verdict.reached > Level.FINE:
        steps += _level(verdict, state, spec, policy, now)
    return steps


def _level(
    verdict: Verdict, state: BudgetState, spec: EnvironmentSpec, policy: BudgetPolicy, now: datetime
) -> list[Step]:
    """Return the notice of a level, unless it or a worse one was sent today; later with one more channel."""
    name, reached = spec.name, verdict.reached
    text = f"{name}: {verdict.rule}; {verdict.figures} ({verdict.provenance}). Cleared by: {verdict.clears}"
    notified = {
        level.name: state.notified_at[level.name]
        for level in Level
        if level >= reached and level.name in state.notified_at
    }
    last = max(notified, key=lambda level: notified[level], default="")
    reached_levels = state.escalation_levels.values() if reached > Level.NOTIFY else ()
    escalation_level = min(max([_base(reached), *reached_levels]), _top(spec))
    if not last or notified[last] < midnight(now, ZoneInfo(spec.budget.zone)):
        return [Notify(name, reached.name, text, escalation_level)]
    if last not in state.escalation_levels:  # resolved, and reached again
        return (
            [Notify(name, reached.name, text, escalation_level)] if _elapsed(notified[last], now, policy.repeat) else []
        )
    if reached > Level.NOTIFY and escalation_level < _top(spec) and _elapsed(notified[last], now, policy.escalation):
        return [Notify(name, reached.name, f"still: {text}", escalation_level + 1)]
    return []


def _base(level: Level) -> int:
    """Return the escalation level that a budget level starts at."""
    return max(level - Level.NOTIFY, 0)


def _top(spec: EnvironmentSpec) -> int:
    return max(len(spec.monitoring.channels) - 1, 0)


def _elapsed(notified: datetime, now: datetime, length: timedelta) -> bool:
    return now - notified >= length


def _describe(step: Step) -> str:
    match step:
        case Notify():
            return f"notify   {step.text}"
        case SetRestriction():
            verb = {Restriction.NONE: "restore", Restriction.THROTTLED: "limit", Restriction.SUSPENDED: "suspend"}[
                step.restriction
            ]
            return f"{verb:<8} {step.environment}: {step.reason}"
        case Alert():
            return f"alert    {step.text}"
        case Resolve():
            return f"notify   {step.text}"
