"""The budget policy, and the verdict on an environment's spend. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from sluice.domain.budgets.admission import AdmissionBlock
from sluice.domain.budgets.anomalies import AnomalyBlock
from sluice.domain.budgets.budget_state import BudgetState
from sluice.domain.budgets.cost_accounting import midnight
from sluice.domain.budgets.spend import Measurement, Provenance, Spend
from sluice.domain.specs.blocks import AtLimit, Block, Kind
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.domain.yaml_loader import read_model

Percent = Annotated[float, Field(gt=0, le=1000)]


class Thresholds(Block):
    """Percent of the day's budget."""

    notify: Percent = 50
    limit: Percent = 80
    suspend: Percent = 100

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.notify < self.limit < self.suspend:
            raise ValueError(
                f"notify {self.notify:g}, limit {self.limit:g}, suspend {self.suspend:g} are out of order: "
                "say notify: 50, limit: 80, suspend: 100"
            )
        return self


class Increase(Block):
    """Which increase over the previous window is too much, and from which rate."""

    percent: Percent
    minutes: Annotated[int, Field(ge=5, le=120)]
    usd_per_hour: Annotated[float, Field(gt=0)]


class IncreaseBlock(Block):
    """The rule for each kind, and for the whole account."""

    floor_usd: Annotated[float, Field(gt=0)] = 0.5
    kinds: dict[Kind, Increase] = Field(default_factory=dict)
    together: Increase | None = None


class LimitedBlock(Block):
    """Limits of a throttled environment, besides one cluster and one size smaller."""

    concurrent_queries: Annotated[int, Field(ge=1, le=32)] = 2
    statement_timeout: Annotated[int, Field(ge=1, le=604_800)] = 600


class BudgetPolicy(Block):
    """The whole file."""

    thresholds: Thresholds = Thresholds()
    increase: IncreaseBlock = IncreaseBlock()
    priority: dict[Kind, int] = Field(default_factory=dict)
    limited: LimitedBlock = LimitedBlock()
    max_age_minutes: Annotated[float, Field(gt=0, le=1440)] = 15
    cool_down_minutes: Annotated[float, Field(ge=0, le=1440)] = 15
    hysteresis_percent: Annotated[float, Field(ge=0, lt=100)] = 10
    at_most: Annotated[int, Field(ge=1)] = 5
    anomaly: AnomalyBlock = AnomalyBlock()
    admission: AdmissionBlock = AdmissionBlock()
    escalate_after_minutes: Annotated[float, Field(gt=0, le=10_080)] = 60
    """After so long, one more channel is notified."""
    repeat_hours: Annotated[float, Field(gt=0, le=168)] = 4
    """What recurs is notified again after so long, not each time."""

    @property
    def oldest(self) -> timedelta:
        """How old figures may be to act on them."""
        return timedelta(minutes=self.max_age_minutes)

    @property
    def escalation(self) -> timedelta:
        """How long something lasts before one more channel is notified."""
        return timedelta(minutes=self.escalate_after_minutes)

    @property
    def repeat(self) -> timedelta:
        """How long a notice is not repeated."""
        return timedelta(hours=self.repeat_hours)

    def rank(self, kind: Kind) -> int:
        """Return the priority of a kind: the lowest are stopped first."""
        return self.priority.get(kind, 100 if kind.standing else 10)


class Level(IntEnum):
    """Budget levels, in ascending order."""

    FINE = 0
    NOTIFY = 1
    LIMIT = 2
    SUSPEND = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one environment: figures, their provenance, the rule, and what would clear it."""

    environment: str
    level: Level
    """The level to act on, capped by the spec."""
    reached: Level
    """The level reached, regardless of the cap; an anomaly is notified separately."""
    rule: str
    figures: str
    provenance: Provenance
    clears: str
    percent: float
    """Of the day's budget."""
    stale: bool = False
    """The figures are too old to act on."""
    compared: str = ""
    """The last whole hour against the same hour of earlier weeks."""
    unusual: bool = False
    """That hour is an anomaly."""

    @property
    def fine(self) -> bool:
        """Whether nobody needs to be notified."""
        return self.reached is Level.FINE and not self.unusual and not self.stale


def judge(spend: Spend, spec: EnvironmentSpec, policy: BudgetPolicy, state: BudgetState, now: datetime) -> Verdict:
    """Return the verdict on an environment: the worst of all rules; actions are capped by its spec."""
    allowed = float(spec.budget.daily_usd) + state.extra_usd(now)
    percent = 100 * spend.day.usd / allowed
    worst = max(
        _of_the_day(spend, policy, allowed, percent),
        _of_the_hour(spend, spec),
        _of_the_increase(spend, spec, policy),
        _of_the_forecast(spend, spec, allowed, now),
        key=lambda rule: rule[0],
    )
    finding = max(worst, _of_the_anomaly(spend, policy), key=lambda rule: rule[0])
    hour = spend.hour
    highest = {AtLimit.WATCH: Level.NOTIFY, AtLimit.LIMIT: Level.LIMIT, AtLimit.SUSPEND: Level.SUSPEND}
    at_limit = AtLimit.WATCH if spec.kind is Kind.PRODUCTION else spec.budget.at_limit
    level = min(finding[0], highest[at_limit])
    stale = now - spend.at > policy.oldest
    return Verdict(
        environment=spec.name,
        level=Level.FINE if stale else level,
        reached=Level.FINE if stale else worst[0],
        rule=f"figures of {spend.at:%H:%M} UTC are too old to act on" if stale else finding[1],
        figures=f"USD {spend.day.usd:.2f} of {allowed:.2f} today, {spend.usd_per_hour:.2f} an hour now",
        provenance=spend.day.provenance,
        clears=finding[2],
        percent=percent,
        stale=stale,
        compared=hour.describe(policy.anomaly) if hour is not None else "",
        unusual=not stale and hour is not None and hour.unusual(policy.anomaly),
    )


def over_account_limit(
    measured: Measurement, policy: BudgetPolicy, specs: Mapping[str, EnvironmentSpec]
) -> tuple[str, ...]:
    """Return the environments to stop so that the account stays within its limit, lowest priority first.

    Production and idle environments are never among them; none, while the account is within its limit.
    """
    rule = policy.increase.together
    if rule is None:
        return ()
    spends = measured.spends.values()
    now, before = (
        sum(spend.last(rule.minutes).usd for spend in spends),
        sum(spend.before(rule.minutes).usd for spend in spends),
    )
    rate = sum(spend.usd_per_hour for spend in spends)
    grown = now - before >= policy.increase.floor_usd and now > before * (1 + rule.percent / 100)
    if rate <= rule.usd_per_hour or not grown:
        return ()
    order = sorted(
        (spend for spend in spends if spend.usd_per_hour > 0 and specs[spend.environment].kind is not Kind.PRODUCTION),
        key=lambda spend: (policy.rank(specs[spend.environment].kind), -spend.usd_per_hour),
    )
    chosen = []
    for spend in order:
        if rate <= rule.usd_per_hour:
            break
        chosen.append(spend.environment)
        rate -= spend.usd_per_hour
    return tuple(chosen)


def load_budgets(path: Path) -> BudgetPolicy:
    """Return the policy in this file, or refuse it by name; where there is no such file, its defaults."""
    return read_model(path, BudgetPolicy) if path.exists() else BudgetPolicy()


def _of_the_day(spend: Spend, policy: BudgetPolicy, allowed: float, percent: float) -> tuple[Level, str, str]:
    at = policy.thresholds
    level = Level.FINE
    for threshold, reached in ((at.notify, Level.NOTIFY), (at.limit, Level.LIMIT), (at.suspend, Level.SUSPEND)):
        if percent >= threshold:
            level = reached
    return (
        level,
        f"{percent:.0f} % of the day's budget",
        f"midnight in its zone, or an override of more than USD {max(spend.day.usd - allowed, 0):.2f}",
    )


def _of_the_hour(spend: Spend, spec: EnvironmentSpec) -> tuple[Level, str, str]:
    """The hourly budget is a soft limit: beyond it an environment is throttled, not suspended."""
    used, allowed = spend.last(60).usd, float(spec.budget.hourly_usd)
    level = Level.LIMIT if used >= allowed else Level.FINE
    return level, f"USD {used:.2f} in the last hour, at most {allowed:.2f}", "an hour that costs less"


def _of_the_increase(spend: Spend, spec: EnvironmentSpec, policy: BudgetPolicy) -> tuple[Level, str, str]:
    rule = policy.increase.kinds.get(spec.kind)
    if rule is None:
        return Level.FINE, "", ""
    now, before = spend.last(rule.minutes).usd, spend.before(rule.minutes).usd
    more = now - before
    rate = now * 60 / rule.minutes
    acts = more >= policy.increase.floor_usd and more > before * rule.percent / 100 and rate > rule.usd_per_hour
    share = f"{100 * more / before:.1f} % " if before > 0 else ""
    observed = f"{share}more in {rule.minutes} min than before, USD {rate:.2f} an hour, at most {rule.usd_per_hour:g}"
    return Level.LIMIT if acts else Level.FINE, observed, f"{rule.minutes} minutes that cost less"


def _of_the_forecast(spend: Spend, spec: EnvironmentSpec, allowed: float, now: datetime) -> tuple[Level, str, str]:
    zone = ZoneInfo(spec.budget.zone)
    left = (midnight(midnight(now, zone) + timedelta(hours=36), zone) - now) / timedelta(hours=1)
    forecast = spend.day.usd + spend.usd_per_hour * left
    level = Level.NOTIFY if forecast > allowed and spend.day.usd >= allowed / 4 else Level.FINE
    return level, f"USD {forecast:.2f} by the end of the day at this rate", "a lower rate"


def _of_the_anomaly(spend: Spend, policy: BudgetPolicy) -> tuple[Level, str, str]:
    if spend.hour is None or not spend.hour.unusual(policy.anomaly):
        return Level.FINE, "", ""
    return Level.NOTIFY, f"unusual: {spend.hour.describe(policy.anomaly)}", "an hour like those of earlier weeks"
