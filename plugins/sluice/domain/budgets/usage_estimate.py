"""Costs: when a warehouse must have run between two samples, and the credits of that; decided from values alone.

Snowflake bills each cluster by the second, a minute at least for each start (D:user-guide/cost-understanding-compute).
SHOW WAREHOUSES tells whether one runs now and since when; the statements between two looks tell of runs that began and
ended unseen: a warehouse goes on for its AUTO_SUSPEND after its last statement.
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
    """Of one that still runs: the moment of the look."""
    size: Size | None = None

    def overlap(self, start: datetime, end: datetime) -> float:
        """Return the seconds it ran within a window."""
        return max(0.0, (min(self.end, end) - max(self.start, start)).total_seconds())


@dataclass(frozen=True, slots=True)
class WarehouseRun:
    """A stretch that a warehouse is billed for."""

    start: datetime
    end: datetime
    size: Size
    generation: str
    clusters: float


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A stretch within one hour, in credits, and who pays: one line of the ledger."""

    warehouse: Identifier
    environment: str | None
    """None: nobody's that we know."""
    start: datetime
    end: datetime
    credits: float

    @property
    def hour(self) -> datetime:
        """The hour it lies in."""
        return floor(self.start)


def runs(
    before: WarehouseSample | None, found: WarehouseSample, since: datetime, at: datetime, ran: Sequence[StatementRun]
) -> tuple[WarehouseRun, ...]:
    """Return what a warehouse is billed for between two samples.

    `before` is what the sample at `since` saw; None: it was suspended then, or was not there. `ran` are the statements
    that used it in between, and those shortly before. Where neither tells, it ran on for its AUTO_SUSPEND.
    """
    if at <= since:
        return ()
    if found.resumed_on is not None and found.resumed_on > at:  # the look itself may have started it
        found = replace(found, state="SUSPENDED", resumed_on=None)
    stretches = _stretches(before, found, since, at, ran)
    clusters = _clusters(before, found)
    change = _resized(before, found, since, at, ran)
    made: list[WarehouseRun] = []
    for start, end in stretches:
        for size, left, right in _by_size(before, found, change, start, end):
            made.append(WarehouseRun(left, right, size, found.generation, clusters))
    return tuple(made)


def entries(
    found: WarehouseSample, billed: Iterable[WarehouseRun], ran: Sequence[StatementRun], prices: Prices
) -> tuple[tuple[LedgerEntry, ...], bool]:
    """Return the lines of the ledger for what a warehouse is billed for, and whether every size had a price.

    A warehouse of its own is its environment's. Of a shared one each environment pays by the seconds of its statements,
    idle time in the same proportion; statements that say nothing about themselves are nobody's. A size without a price
    counts as generation 1.
    """
    made: list[LedgerEntry] = []
    priced = True
    for run in billed:
        rate = prices.rate(run.size, run.generation)
        priced = priced and rate is not None
        rate = rate if rate is not None else float(run.size.credits_per_hour)
        for start, end in _hours(run.start, run.end):
            spent = rate * run.clusters * (end - start).total_seconds() / 3600
            for environment, share in _payers(found, start, end, ran).items():
                made.append(LedgerEntry(found.name, environment, start, end, spent * share))
    return tuple(made), priced


def floor(moment: datetime) -> datetime:
    """Return the beginning of the hour that a moment lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)


def on(state: str) -> bool:
    """Whether a warehouse in that state is billed."""
    return state.upper() not in _OFF


def _stretches(
    before: WarehouseSample | None, found: WarehouseSample, since: datetime, at: datetime, ran: Sequence[StatementRun]
) -> list[tuple[datetime, datetime]]:
    """When it must have been running, in order; stretches with a start of their own last a minute at least."""
    patience = _patience(found, since, at)
    restarted = found.resumed_on if found.resumed_on is not None and since < found.resumed_on <= at else None
    ran_before = before is not None and on(before.state)
    if ran_before and on(found.state) and restarted is None:
        return [(since, at)]
    off = at if on(found.state) else _changed(found, since, at)
    if any(one.end > off for one in ran):  # what ran later than its last change proves that there was a later one
        off = at
    first = restarted or max(since, found.resumed_on or since)
    border = first if on(found.state) else restarted or off  # what runs now is counted once, from its start
    early = [one for one in ran if one.end <= border]  # the statement that starts a warehouse began before it
    seen = [(max(one.start, since), min(one.end + patience, border)) for one in early if one.end + patience > since]
    if before is not None and ran_before:
        idle = max([one.end for one in ran if one.end <= since], default=None)  # it had idled for a while already
        if idle is not None and before.resumed_on is not None:
            idle = max(idle, min(before.resumed_on, since))
        seen.append((since, min((idle or since) + patience, border)))
    merged = _merged((start, end) for start, end in seen if end > start)
    made = [_at_least(start, end, at, fresh=start > since or not ran_before) for start, end in merged]
    if before is not None and before.resumed_on is not None and before.resumed_on + MINUTE > since:
        made = _rest_of_the_minute(made, since, min(before.resumed_on + MINUTE, at))  # the next look has the rest
    if restarted is not None or on(found.state):
        last = at if on(found.state) else min(off, _last(first, at, patience, ran))
        made.append(_at_least(first, last, at, fresh=restarted is not None))
    return [(start, end) for start, end in made if end > start]


def _patience(found: WarehouseSample, since: datetime, at: datetime) -> timedelta:
    """How long it idles before it stops; one that never does by itself was stopped by hand: we say half-way."""
    return timedelta(seconds=found.auto_suspend) if found.auto_suspend > 0 else (at - since) / 2


def _last(first: datetime, at: datetime, patience: timedelta, ran: Sequence[StatementRun]) -> datetime:
    ends = [one.end for one in ran if one.end >= first]
    return min(at, max([first, *ends]) + patience)


def _at_least(start: datetime, end: datetime, at: datetime, *, fresh: bool) -> tuple[datetime, datetime]:
    return (start, min(at, max(end, start + MINUTE)) if fresh else end)


def _rest_of_the_minute(
    made: list[tuple[datetime, datetime]], since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """What was started just before the last sample is billed for its whole minute, stopped or not."""
    if made and made[0][0] == since:
        return [(since, max(made[0][1], until)), *made[1:]]
    return [(since, until), *made]


def _merged(stretches: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    made: list[tuple[datetime, datetime]] = []
    for start, end in sorted(stretches):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return made


def _clusters(before: WarehouseSample | None, found: WarehouseSample) -> float:
    """Clusters come and go between two looks: their mean, where both looks saw some."""
    now = max(1, found.clusters) if on(found.state) else 0
    then = max(1, before.clusters) if before is not None and on(before.state) else 0
    return (now + then) / 2 if now and then else float(max(now, then, 1))


def _changed(found: WarehouseSample, since: datetime, at: datetime) -> datetime:
    """The latest moment at which it can have come into the state and the size that it has; `at`: nothing tells."""
    return max(since, found.updated_on) if found.updated_on is not None and found.updated_on < at else at


def _resized(
    before: WarehouseSample | None, found: WarehouseSample, since: datetime, at: datetime, ran: Sequence[StatementRun]
) -> datetime | None:
    """When it got its size, as near as statements tell; None: it had it all the time."""
    if before is None or before.size == found.size:
        return None
    old = max([one.start for one in ran if one.size == before.size], default=since)
    new = min([one.start for one in ran if one.size == found.size and one.start >= old], default=at)
    if on(found.state) and (changed := _changed(found, since, at)) < at:
        return max(since, min(changed, new))
    return max(since, old) + (min(at, new) - max(since, old)) / 2


def _by_size(
    before: WarehouseSample | None, found: WarehouseSample, change: datetime | None, start: datetime, end: datetime
) -> Iterator[tuple[Size, datetime, datetime]]:
    if change is None or before is None or change <= start:
        yield found.size, start, end
    elif change >= end:
        yield before.size, start, end
    else:
        yield before.size, start, change
        yield found.size, change, end


def _hours(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        border = min(end, floor(start) + _HOUR)
        yield start, border
        start = border


def _payers(
    found: WarehouseSample, start: datetime, end: datetime, ran: Sequence[StatementRun]
) -> dict[str | None, float]:
    if found.environment is not None:
        return {found.environment: 1.0}
    seconds: dict[str | None, float] = {}
    for one in ran:
        if (length := one.overlap(start, end)) > 0:
            seconds[one.environment] = seconds.get(one.environment, 0.0) + length
    if not seconds:  # idle: as it was used around that time
        for one in ran:
            seconds[one.environment] = seconds.get(one.environment, 0.0) + one.overlap(one.start, one.end)
    whole = sum(seconds.values())
    return {key: length / whole for key, length in seconds.items()} if whole > 0 else {None: 1.0}
