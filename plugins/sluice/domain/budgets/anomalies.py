"""Anomalies: an hour that cost far more than the same hour of earlier weeks. Pure.

Robust, so that one wild week does not hide the next: 0.6745 of the distance from the median, in median absolute
deviations (the modified z-score of Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993, who say 3.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from statistics import median
from typing import Annotated, Self

from pydantic import Field, model_validator

from sluice.domain.specs.blocks import Block

_NORMAL = 0.6745
"""The median absolute deviation of a normal distribution, in standard deviations."""
_LEAST = 0.1
"""Of the median: weeks that are all alike do not make the smallest difference an anomaly."""


class AnomalyBlock(Block):
    """What counts as an anomaly."""

    score: Annotated[float, Field(gt=0)] = 3.5
    weeks: Annotated[int, Field(ge=2, le=52)] = 8
    """Weeks of history: the same hour of each."""
    at_least: Annotated[int, Field(ge=2, le=52)] = 4
    """Weeks of history that an environment needs before anything counts as an anomaly."""
    floor_usd: Annotated[float, Field(gt=0)] = 1
    """Dollars above the median below which nobody is notified."""

    @model_validator(mode="after")
    def _enough_weeks(self) -> Self:
        if self.at_least > self.weeks:
            raise ValueError(
                f"at_least {self.at_least} weeks out of {self.weeks} are impossible: say weeks: {self.at_least}, or "
                f"at_least: {self.weeks}"
            )
        return self


@dataclass(frozen=True, slots=True)
class Hours:
    """The hour that has just ended, and the credits of the same hour in earlier weeks, by environment."""

    start: datetime
    before: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Latest week first, as many as the environment existed; an hour without use is a 0."""


@dataclass(frozen=True, slots=True)
class Compared:
    """An environment's last whole hour in dollars, against the same hour of earlier weeks."""

    start: datetime
    usd: float
    estimated: bool
    before: tuple[float, ...]

    def score(self, rule: AnomalyBlock) -> float | None:
        """Return the modified z-score of the hour; None: too little history."""
        if len(self.before) < rule.at_least:
            return None
        typical = median(self.before)
        spread = median(abs(cost - typical) for cost in self.before)
        spread = max(spread, _LEAST * typical, rule.floor_usd * _NORMAL / rule.score)
        return _NORMAL * (self.usd - typical) / spread

    def unusual(self, rule: AnomalyBlock) -> bool:
        """Whether it cost more than usual by so many deviations and by so many dollars."""
        score = self.score(rule)
        return score is not None and score > rule.score and self.usd - median(self.before) >= rule.floor_usd

    def describe(self, rule: AnomalyBlock) -> str:
        """Return the cost of the hour, the usual cost, and their sources, as text."""
        source = "estimated" if self.estimated else "metered"
        cost = f"USD {self.usd:.2f} from {self.start:%H:%M} to {self.start + timedelta(hours=1):%H:%M} UTC ({source})"
        score = self.score(rule)
        if score is None:
            return f"{cost}; too little history: {len(self.before)} weeks of at least {rule.at_least}"
        return (
            f"{cost}, {median(self.before):.2f} in that hour of {len(self.before)} earlier weeks (metered): "
            f"score {score:.1f} of {rule.score:g}"
        )


def same_hours(start: datetime, zone: tzinfo, weeks: int) -> tuple[datetime, ...]:
    """Return the starts of the same local hour in earlier weeks, latest week first."""
    local = start.astimezone(zone)
    moments = [(local - timedelta(weeks=week)).astimezone(UTC) for week in range(1, weeks + 1)]
    return tuple(moment.replace(minute=0, second=0, microsecond=0) for moment in moments)


def same_weeks(
    start: datetime, zone: tzinfo, weeks: int, metered: Mapping[datetime, float], first: datetime
) -> tuple[float, ...]:
    """Return the credits of that hour in earlier weeks, of metered hours; only since the first that is known."""
    return tuple(metered.get(moment, 0.0) for moment in same_hours(start, zone, weeks) if moment >= first)


def compare(hours: Hours, spent: Mapping[str, tuple[float, bool]], credit_usd: float) -> dict[str, Compared]:
    """Return each environment's hour in dollars; `spent` are its credits, and whether they are an estimate."""
    compared: dict[str, Compared] = {}
    for name in hours.before.keys() | spent.keys():
        used, estimated = spent.get(name, (0.0, True))
        before = tuple(amount * credit_usd for amount in hours.before.get(name, ()))
        compared[name] = Compared(hours.start, used * credit_usd, estimated, before)
    return compared
