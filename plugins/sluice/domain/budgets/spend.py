"""Spend: what each environment has cost over which time, with the provenance of the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sluice.domain.budgets.anomalies import Compared
from sluice.domain.names import Identifier
from sluice.domain.sizes import Size


class Provenance(StrEnum):
    """How a figure is known."""

    METERED = "metered"
    """Snowflake's own rows."""
    ESTIMATED = "estimated"
    """From samples of warehouses and their statements: Snowflake's rows are not there yet."""
    MIXED = "part metered"


@dataclass(frozen=True, slots=True)
class Figure:
    """Dollars and credits over some time, and how much of the dollars is an estimate."""

    usd: float = 0.0
    credits: float = 0.0
    estimated_usd: float = 0.0

    @property
    def provenance(self) -> Provenance:
        """How the figure is known, to a percent of it; nothing spent counts as metered."""
        if self.estimated_usd <= self.usd / 100:
            return Provenance.METERED
        return Provenance.ESTIMATED if self.estimated_usd >= self.usd * 0.99 else Provenance.MIXED

    def __add__(self, other: Figure) -> Figure:
        return Figure(self.usd + other.usd, self.credits + other.credits, self.estimated_usd + other.estimated_usd)


@dataclass(frozen=True, slots=True)
class Slice:
    """What was spent evenly between two moments."""

    start: datetime
    end: datetime
    figure: Figure

    def within(self, start: datetime, end: datetime) -> Figure:
        """Return the part of it that lies in a window."""
        length = (self.end - self.start).total_seconds()
        inside = (min(self.end, end) - max(self.start, start)).total_seconds()
        if length <= 0 or inside <= 0:
            return Figure()
        share = inside / length
        return Figure(self.figure.usd * share, self.figure.credits * share, self.figure.estimated_usd * share)


@dataclass(frozen=True, slots=True)
class Spend:
    """One environment's spend as of one moment."""

    environment: str
    at: datetime
    """Of the sample it was computed from."""
    day: Figure
    """Since midnight in the environment's zone."""
    month: Figure
    """Since the first of the month in the environment's zone."""
    recent: tuple[Slice, ...] = ()
    """The last hours in slices, oldest first, without overlap: enough for two of the longest windows."""
    usd_per_hour: float = 0.0
    """What runs right now costs, going on like that."""
    error_percent: float | None = None
    """How far estimates were off metered rows, over the hours for which both exist; None: none yet."""
    gap: timedelta = timedelta(0)
    """The longest time between two samples in `recent`."""
    hour: Compared | None = None
    """The last whole hour of its own warehouse, against the same hour of earlier weeks; None: nothing to compare."""

    def over(self, start: datetime, end: datetime) -> Figure:
        """Return what was spent in a window."""
        return sum((part.within(start, end) for part in self.recent), Figure())

    def last(self, minutes: float) -> Figure:
        """Return what was spent in the minutes before the sample."""
        return self.over(self.at - timedelta(minutes=minutes), self.at)

    def before(self, minutes: float) -> Figure:
        """Return what was spent in the window before the last one of so many minutes."""
        length = timedelta(minutes=minutes)
        return self.over(self.at - 2 * length, self.at - length)


@dataclass(frozen=True, slots=True)
class WarehouseSample:
    """One warehouse as a sample saw it."""

    name: Identifier
    environment: str | None
    """The environment that owns it; None: shared, or unknown."""
    state: str
    """STARTED, SUSPENDED, RESIZING, RESUMING, SUSPENDING."""
    size: Size
    generation: str
    clusters: int
    """Running now."""
    min_cluster_count: int
    max_cluster_count: int
    auto_suspend: int
    auto_resume: bool
    resumed_on: datetime | None
    running: int = 0
    """Statements."""
    queued: int = 0
    scaling_policy: str = "STANDARD"
    updated_on: datetime | None = None
    """When its state or a setting last changed: no later than that it got the state and the size that it has."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Every environment's spend as of one moment; with the unattributed rest it adds up to the total."""

    at: datetime
    spends: Mapping[str, Spend]
    total_day: Figure
    """Everything since midnight UTC."""
    unattributed_day: Figure
    """The part that belongs to no environment."""
    shares_day: Mapping[str, Figure] = field(default_factory=dict)
    """The part of each environment; its own day starts in its own zone."""
    warehouses: tuple[WarehouseSample, ...] = ()
    metered_until: datetime | None = None
    """Up to when Snowflake's own rows reach; None: there are none."""
    credit_usd: float = 0.0
    """What a credit costs by the account's rate sheet or the policy, whichever was asked."""
    notes: tuple[str, ...] = field(default=())
    """What the reader should know: missed samples, a truncated history, prices that are missing."""

    def age(self, now: datetime) -> timedelta:
        """Return how old the sample is."""
        return now - self.at
