"""Usage estimate: when a warehouse must have run between two samples, and its credits. Pure.

Snowflake bills each cluster by the second, a minute at least for each start (D:user-guide/cost-understanding-compute).
SHOW WAREHOUSES shows whether one runs now and since when; the statements between two samples reveal runs that started
and ended in between: a warehouse stays up for its AUTO_SUSPEND after its last statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sluice.domain.budgets.prices import Prices
from sluice.domain.budgets.spend import WarehouseSample
from sluice.domain.names import Identifier
from sluice.domain.sizes import Size

MINUTE = timedelta(seconds=60)
"""What every start is billed at least."""
_HOUR = timedelta(hours=1)
_OFF = frozenset({"SUSPENDED", "SUSPENDING"})


@dataclass(frozen=True, slots=True)
class StatementRun:
    """A statement that used a warehouse."""

    warehouse: Identifier
    environment: str | None
    """Of its query tag, or of its database; None: it says neither."""
    start: datetime
    end: datetime
    """Of one that still runs: the time of the sample."""
    size: Size | None = None

    def overlap(self, start: datetime, end: datetime) -> float:
        """Return the seconds it ran within a window."""
        return max(0.0, (min(self.end, end) - max(self.start, start)).total_seconds())


@dataclass(frozen=True, slots=True)
class WarehouseRun:
    """A time span that a warehouse is billed for."""

    start: datetime
    end: datetime
    size: Size
    generation: str
    clusters: float


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A billed time span within one hour, in credits, with its environment: one line of the ledger."""

    warehouse: Identifier
    environment: str | None
    """None: unknown."""
    start: datetime
    end: datetime
    credits: float

    @property
    def hour(self) -> datetime:
        """The hour it lies in."""
        return hour_of(self.start)


def runs(
    before: WarehouseSample | None,
    sample: WarehouseSample,
    since: datetime,
    at: datetime,
    statements: Sequence[StatementRun],
) -> tuple[WarehouseRun, ...]:
    """Return what a warehouse is billed for between two samples.

    `before` is what the sample at `since` saw; None: it was suspended then, or was not there. `ran` are the statements
    that used it in between, and those shortly before. Where neither tells, it ran on for its AUTO_SUSPEND.
    """
    if at <= since:
        return ()
    if sample.resumed_on is not None and sample.resumed_on > at:  # sampling itself may have started it
        sample = replace(sample, state="SUSPENDED", resumed_on=None)
    stretches = _stretches(before, sample, since, at, statements)
    clusters = _clusters(before, sample)
    change = _resized(before, sample, since, at, statements)
    billed: list[WarehouseRun] = []
    for start, end in stretches:
        for size, left, right in _by_size(before, sample, change, start, end):
            billed.append(WarehouseRun(left, right, size, sample.generation, clusters))
    return tuple(billed)


def entries(
    sample: WarehouseSample, billed: Iterable[WarehouseRun], statements: Sequence[StatementRun], prices: Prices
) -> tuple[tuple[LedgerEntry, ...], bool]:
    """Return the lines of the ledger for what a warehouse is billed for, and whether every size had a price.

    A warehouse of its own is its environment's. Of a shared one each environment pays by the seconds of its statements,
    idle time in the same proportion; statements that say nothing about themselves are nobody's. A size without a price
    counts as generation 1.
    """
    lines: list[LedgerEntry] = []
    priced = True
    for run in billed:
        rate = prices.rate(run.size, run.generation)
        priced = priced and rate is not None
        rate = rate if rate is not None else float(run.size.credits_per_hour)
        for start, end in _hours(run.start, run.end):
            spent = rate * run.clusters * (end - start).total_seconds() / 3600
            for environment, share in _payers(sample, start, end, statements).items():
                lines.append(LedgerEntry(sample.name, environment, start, end, spent * share))
    return tuple(lines), priced


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour that a moment lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)


def is_running(state: str) -> bool:
    """Whether a warehouse in that state is billed."""
    return state.upper() not in _OFF


def _stretches(
    before: WarehouseSample | None,
    sample: WarehouseSample,
    since: datetime,
    at: datetime,
    statements: Sequence[StatementRun],
) -> list[tuple[datetime, datetime]]:
    """When it must have been running, in order; stretches with a start of their own last a minute at least."""
    idle_time = _idle_before_suspend(sample, since, at)
    restarted = sample.resumed_on if sample.resumed_on is not None and since < sample.resumed_on <= at else None
    ran_before = before is not None and is_running(before.state)
    if ran_before and is_running(sample.state) and restarted is None:
        return [(since, at)]
    off = at if is_running(sample.state) else _changed(sample, since, at)
    if any(
        statement.end > off for statement in statements
    ):  # what ran later than its last change proves that there was a later one
        off = at
    first = restarted or max(since, sample.resumed_on or since)
    border = first if is_running(sample.state) else restarted or off  # what runs now is counted once, from its start
    earlier = [
        statement for statement in statements if statement.end <= border
    ]  # the statement that starts a warehouse began before it
    active = [
        (max(statement.start, since), min(statement.end + idle_time, border))
        for statement in earlier
        if statement.end + idle_time > since
    ]
    if before is not None and ran_before:
        idle = max(
            [statement.end for statement in statements if statement.end <= since], default=None
        )  # it had idled for a while already
        if idle is not None and before.resumed_on is not None:
            idle = max(idle, min(before.resumed_on, since))
        active.append((since, min((idle or since) + idle_time, border)))
    merged = _merged((start, end) for start, end in active if end > start)
    billed = [_at_least(start, end, at, fresh=start > since or not ran_before) for start, end in merged]
    if before is not None and before.resumed_on is not None and before.resumed_on + MINUTE > since:
        billed = _rest_of_the_minute(billed, since, min(before.resumed_on + MINUTE, at))  # the next look has the rest
    if restarted is not None or is_running(sample.state):
        last = at if is_running(sample.state) else min(off, _last_end(first, at, idle_time, statements))
        billed.append(_at_least(first, last, at, fresh=restarted is not None))
    return [(start, end) for start, end in billed if end > start]


def _idle_before_suspend(sample: WarehouseSample, since: datetime, at: datetime) -> timedelta:
    """How long it idles before it suspends; without AUTO_SUSPEND it was suspended manually: half-way is assumed."""
    return timedelta(seconds=sample.auto_suspend) if sample.auto_suspend > 0 else (at - since) / 2


def _last_end(first: datetime, at: datetime, idle_time: timedelta, statements: Sequence[StatementRun]) -> datetime:
    ends = [statement.end for statement in statements if statement.end >= first]
    return min(at, max([first, *ends]) + idle_time)


def _at_least(start: datetime, end: datetime, at: datetime, *, fresh: bool) -> tuple[datetime, datetime]:
    return (start, min(at, max(end, start + MINUTE)) if fresh else end)


def _rest_of_the_minute(
    stretches: list[tuple[datetime, datetime]], since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """What was started just before the last sample is billed for its whole minute, stopped or not."""
    if stretches and stretches[0][0] == since:
        return [(since, max(stretches[0][1], until)), *stretches[1:]]
    return [(since, until), *stretches]


def _merged(stretches: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _clusters(before: WarehouseSample | None, sample: WarehouseSample) -> float:
    """The mean of both samples' clusters, where both saw some."""
    now = max(1, sample.clusters) if is_running(sample.state) else 0
    then = max(1, before.clusters) if before is not None and is_running(before.state) else 0
    return (now + then) / 2 if now and then else float(max(now, then, 1))


def _changed(sample: WarehouseSample, since: datetime, at: datetime) -> datetime:
    """The latest moment at which it can have come into the state and the size that it has; `at`: nothing tells."""
    return max(since, sample.updated_on) if sample.updated_on is not None and sample.updated_on < at else at


def _resized(
    before: WarehouseSample | None,
    sample: WarehouseSample,
    since: datetime,
    at: datetime,
    statements: Sequence[StatementRun],
) -> datetime | None:
    """When it got its size, as near as statements tell; None: it had it all the time."""
    if before is None or before.size == sample.size:
        return None
    old = max([statement.start for statement in statements if statement.size == before.size], default=since)
    new = min(
        [statement.start for statement in statements if statement.size == sample.size and statement.start >= old],
        default=at,
    )
    if is_running(sample.state) and (changed := _changed(sample, since, at)) < at:
        return max(since, min(changed, new))
    return max(since, old) + (min(at, new) - max(since, old)) / 2


def _by_size(
    before: WarehouseSample | None, sample: WarehouseSample, change: datetime | None, start: datetime, end: datetime
) -> Iterator[tuple[Size, datetime, datetime]]:
    if change is None or before is None or change <= start:
        yield sample.size, start, end
    elif change >= end:
        yield before.size, start, end
    else:
        yield before.size, start, change
        yield sample.size, change, end


def _hours(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        border = min(end, hour_of(start) + _HOUR)
        yield start, border
        start = border


def _payers(
    sample: WarehouseSample, start: datetime, end: datetime, statements: Sequence[StatementRun]
) -> dict[str | None, float]:
    if sample.environment is not None:
        return {sample.environment: 1.0}
    seconds: dict[str | None, float] = {}
    for statement in statements:
        if (length := statement.overlap(start, end)) > 0:
            seconds[statement.environment] = seconds.get(statement.environment, 0.0) + length
    if not seconds:  # idle: as it was used around that time
        for statement in statements:
            seconds[statement.environment] = seconds.get(statement.environment, 0.0) + statement.overlap(
                statement.start, statement.end
            )
    whole = sum(seconds.values())
    return {key: length / whole for key, length in seconds.items()} if whole > 0 else {None: 1.0}
