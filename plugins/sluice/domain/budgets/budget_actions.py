"""Responses: from verdicts and guards to the steps of one check; a plan that `explain` prints and `apply` runs."""

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
    """Say a level to the people of an environment: once a day, and further up where it lasts."""

    environment: str
    level: str
    text: str
    rung: int = 0
    """The place of the last of the spec's channels that is told: the first is rung 0."""


@dataclass(frozen=True, slots=True)
class SetRestriction:
    """Limit or suspend an environment, or give back what it had."""

    environment: str
    hold: Restriction
    reason: str
    by_hand: bool = False
    again: bool = False
    """It is held so already, and somebody has started it."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that a person should look at: once, again after some hours, and further up where it lasts."""

    environment: str
    text: str
    about: str = "ALERT"
    rung: int = 0


@dataclass(frozen=True, slots=True)
class Resolve:
    """Say, once and to everybody who was told, that an environment is fine again."""

    environment: str
    text: str
    rung: int = 0


FAILED = "FAILED"
"""What is told of one that could not be held."""

Step = Notify | SetRestriction | Alert | Resolve

OVER_ACCOUNT_LIMIT = "everything together costs more than it may; this is the least important"
"""Why an environment is suspended that may be within its own budget."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the channels of an environment, from its first to the rung's."""

    environment: str
    text: str
    rung: int
    severity: Literal["info", "warning", "error", "critical"]
    over: bool = False
    """What was told before is over."""


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """What one check would do, in order."""

    steps: tuple[Step, ...]

    @property
    def holds(self) -> tuple[SetRestriction, ...]:
        """What touches somebody."""
        return tuple(step for step in self.steps if isinstance(step, SetRestriction))


def plan(
    verdicts: Mapping[str, Verdict],
    guards: Mapping[str, BudgetState],
    specs: Mapping[str, EnvironmentSpec],
    policy: BudgetPolicy,
    now: datetime,
    *,
    together: Sequence[str] = (),
    awake: Collection[str] = (),
) -> BudgetPlan:
    """Return the steps of one check: what was begun is finished, then the least important is held, then given back.

    `together` are the environments to stop because everything together costs too much; `awake` those whose warehouse
    was seen running since they were suspended: stopped once more, which is told, and no sooner again than it cools.
    What a person did by hand is left to a person; of what would be held, at most so many as the policy says, the rest
    is told.
    """
    steps: list[Step] = [
        SetRestriction(name, guard.pending, "finished: a check died in between", guard.by_hand)
        for name, guard in guards.items()
        if guard.pending is not None and name in specs
    ]
    busy = {step.environment for step in steps if isinstance(step, SetRestriction)}
    order = sorted(verdicts, key=lambda name: (policy.rank(specs[name].kind), name))
    restarted = [
        name
        for name in order
        if name in awake and name not in busy and not _restore(verdicts[name], guards[name], specs[name], policy, now)
    ]
    fought = {name for name in restarted if _cooling(guards[name].again, policy, now)}
    held = [
        SetRestriction(
            name, Restriction.SUSPENDED, "somebody started it though it is suspended", guards[name].by_hand, again=True
        )
        for name in restarted
        if not verdicts[name].stale and name not in fought
    ]
    busy |= set(restarted)
    held += [
        step
        for name in order
        if name not in busy
        for step in _restrict(verdicts[name], guards.get(name, BudgetState(name)), policy, now, last=name in together)
    ]
    held.sort(key=lambda one: _failed_lately(guards.get(one.environment), policy, now))  # those take no other's place
    steps += held[: policy.at_most]
    for one in held[policy.at_most :]:
        text = f"{one.environment} would be {one.hold} too, but one check touches {policy.at_most}"
        guard = guards.get(one.environment, BudgetState(one.environment))
        steps += alerts(guard, specs[one.environment], policy, now, about="CROWDED", text=text)
    for name in sorted(fought):
        text = f"somebody starts {name} again and again though it is suspended; whoever may OPERATE its warehouse can"
        steps += alerts(guards[name], specs[name], policy, now, about="RESTARTED", text=text)
    busy |= {one.environment for one in held}
    for name in order:
        steps += _notify(
            verdicts[name], guards.get(name, BudgetState(name)), specs[name], policy, now, busy=name in busy
        )
    steps += [
        step
        for name in reversed(order)  # the most important is given back first
        if name not in busy
        for step in _restore(verdicts[name], guards.get(name, BudgetState(name)), specs[name], policy, now)
    ]
    return BudgetPlan(tuple(steps))


def explain(made: BudgetPlan) -> list[str]:
    """Return one line for each step that a check would take."""
    return [_words(step) for step in made.steps]


def _restrict(
    verdict: Verdict, guard: BudgetState, policy: BudgetPolicy, now: datetime, *, last: bool
) -> list[SetRestriction]:
    name = verdict.environment
    if verdict.stale:
        return []
    if last and guard.hold is not Restriction.SUSPENDED:
        return [SetRestriction(name, Restriction.SUSPENDED, OVER_ACCOUNT_LIMIT)]
    if verdict.level is Level.SUSPEND and guard.hold is not Restriction.SUSPENDED:
        return [SetRestriction(name, Restriction.SUSPENDED, f"{verdict.rule} ({verdict.figures})")]
    if verdict.level is Level.LIMIT and guard.hold is Restriction.FREE and not _cooling(guard.since, policy, now):
        return [SetRestriction(name, Restriction.LIMITED, f"{verdict.rule} ({verdict.figures})")]
    return []


def _failed_lately(guard: BudgetState | None, policy: BudgetPolicy, now: datetime) -> bool:
    """Whether it could not be held, as where its warehouse is somebody else's, and people have been told so."""
    told = guard.told.get(FAILED) if guard is not None else None
    return told is not None and now - told < policy.repeat


def _cooling(since: datetime | None, policy: BudgetPolicy, now: datetime) -> bool:
    return since is not None and now - since < timedelta(minutes=policy.cool_down_minutes)


def _restore(
    verdict: Verdict, guard: BudgetState, spec: EnvironmentSpec, policy: BudgetPolicy, now: datetime
) -> list[SetRestriction]:
    """Given back when it is well below, and has been held for a while: nothing flaps."""
    if guard.hold is Restriction.FREE or guard.by_hand or verdict.stale or guard.since is None:
        return []
    if _cooling(guard.since, policy, now):
        return []
    if guard.reason == OVER_ACCOUNT_LIMIT and guard.since >= midnight(now, ZoneInfo(spec.budget.zone)):
        return []  # its own figures say nothing of the whole, which would be beyond its limit again: another day
    at = policy.thresholds.suspend if guard.hold is Restriction.SUSPENDED else policy.thresholds.limit
    below = verdict.percent < at - policy.hysteresis_percent
    if guard.hold is Restriction.SUSPENDED and verdict.level < Level.SUSPEND and below:
        calm = verdict.level < Level.LIMIT
        return [
            SetRestriction(
                guard.environment, Restriction.FREE if calm else Restriction.LIMITED, f"cleared: {verdict.figures}"
            )
        ]
    if guard.hold is Restriction.LIMITED and verdict.level < Level.LIMIT and below:
        return [SetRestriction(guard.environment, Restriction.FREE, f"cleared: {verdict.figures}")]
    return []


def alerts(
    guard: BudgetState,
    spec: EnvironmentSpec,
    policy: BudgetPolicy,
    now: datetime,
    *,
    about: str,
    text: str,
    lasts: bool = True,
) -> list[Step]:
    """Return the alert that is due: none while it was said lately; one channel more, where it lasts."""
    said, rung = guard.told.get(about), guard.rungs.get(about)
    if said is not None and rung is not None and lasts and rung < _top(spec) and _since(said, now, policy.escalation):
        return [Alert(spec.name, f"still: {text}", about, rung + 1)]
    if said is None or _since(said, now, policy.repeat):
        return [Alert(spec.name, text, about, min(rung or 0, _top(spec)))]
    return []


def checks_missing(silent: timedelta, often: timedelta, policy: BudgetPolicy) -> int | None:
    """Return how far up it is told that every check has failed for so long: None, where that was told lately.

    What keeps the journal may be what fails: so it is told by the time alone, after as long as figures may be old, and
    then one channel further each time; by the one or two checks that come then.
    """
    late = silent - policy.oldest
    if late < timedelta(0):
        return None
    rung, since = divmod(late, policy.escalation)
    return rung if since < 2 * often else None


def notice(step: Step) -> Notice:
    """Return what the people of an environment read of a step that was done."""
    match step:
        case Notify():
            severity = _SEVERITY[Level[step.level]]
            return Notice(step.environment, step.text, step.rung, severity)
        case Alert():
            return Notice(step.environment, step.text, step.rung, "warning" if step.about == "ANOMALY" else "error")
        case Resolve():
            return Notice(step.environment, step.text, step.rung, "info", over=True)
        case SetRestriction():
            level = {
                Restriction.FREE: Level.FINE,
                Restriction.LIMITED: Level.LIMIT,
                Restriction.SUSPENDED: Level.SUSPEND,
            }[step.hold]
            return Notice(step.environment, _words(step), _base(level), _SEVERITY[level])


_SEVERITY: Mapping[Level, Literal["info", "warning", "error", "critical"]] = {
    Level.FINE: "info",
    Level.NOTIFY: "warning",
    Level.LIMIT: "error",
    Level.SUSPEND: "critical",
}


def _notify(
    verdict: Verdict, guard: BudgetState, spec: EnvironmentSpec, policy: BudgetPolicy, now: datetime, *, busy: bool
) -> list[Step]:
    """What is said of an environment: its level once a day, its anomaly, its figures' age, and when it is over."""
    name = spec.name
    if verdict.stale:
        return alerts(guard, spec, policy, now, about="STALE", text=f"{name}: {verdict.rule}; nothing is done")
    if verdict.fine:
        over = guard.rungs and guard.hold is Restriction.FREE and not busy
        return [Resolve(name, f"{name}: fine again; {verdict.figures}", max(guard.rungs.values()))] if over else []
    steps: list[Step] = []
    if verdict.unusual:
        text = f"{name}: {verdict.compared}"
        steps += alerts(guard, spec, policy, now, about="ANOMALY", text=text, lasts=False)
    if verdict.reached > Level.FINE:
        steps += _level(verdict, guard, spec, policy, now)
    return steps


def _level(
    verdict: Verdict, guard: BudgetState, spec: EnvironmentSpec, policy: BudgetPolicy, now: datetime
) -> list[Step]:
    """The level, if neither it nor a worse one was told today; or again, one channel further, where it lasts."""
    name, reached = spec.name, verdict.reached
    text = f"{name}: {verdict.rule}; {verdict.figures} ({verdict.provenance}). Cleared by: {verdict.clears}"
    told = {level.name: guard.told[level.name] for level in Level if level >= reached and level.name in guard.told}
    last = max(told, key=lambda one: told[one], default="")
    gone = guard.rungs.values() if reached > Level.NOTIFY else ()
    rung = min(max([_base(reached), *gone]), _top(spec))
    if not last or told[last] < midnight(now, ZoneInfo(spec.budget.zone)):
        return [Notify(name, reached.name, text, rung)]
    if last not in guard.rungs:  # over, and here again
        return [Notify(name, reached.name, text, rung)] if _since(told[last], now, policy.repeat) else []
    if reached > Level.NOTIFY and rung < _top(spec) and _since(told[last], now, policy.escalation):
        return [Notify(name, reached.name, f"still: {text}", rung + 1)]
    return []


def _base(level: Level) -> int:
    """The rung that a level begins at: the worse, the further."""
    return max(level - Level.NOTIFY, 0)


def _top(spec: EnvironmentSpec) -> int:
    return max(len(spec.monitoring.channels) - 1, 0)


def _since(said: datetime, now: datetime, length: timedelta) -> bool:
    return now - said >= length


def _words(step: Step) -> str:
    match step:
        case Notify():
            return f"tell     {step.text}"
        case SetRestriction():
            verb = {Restriction.FREE: "restore", Restriction.LIMITED: "limit", Restriction.SUSPENDED: "suspend"}[
                step.hold
            ]
            return f"{verb:<8} {step.environment}: {step.reason}"
        case Alert():
            return f"alert    {step.text}"
        case Resolve():
            return f"tell     {step.text}"
