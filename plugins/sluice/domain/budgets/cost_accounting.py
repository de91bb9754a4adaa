"""Cost accounting: the ledger's estimates and Snowflake's metering rows as one measurement of every environment.

Snowflake's hourly rows come up to three hours late (six for cloud services); until then the ledger counts. Where both
are there the metered credits count, in the shape of the ledger within the hour, and the difference is the estimate's
error, kept and shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

from sluice.domain.budgets.anomalies import Compared, Hours, compare
from sluice.domain.budgets.prices import Prices
from sluice.domain.budgets.spend import Figure, Measurement, Slice, Spend, WarehouseSample
from sluice.domain.budgets.usage_estimate import LedgerEntry, hour_of
from sluice.domain.names import Identifier

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
METERING_LAG = timedelta(hours=3)
"""WAREHOUSE_METERING_HISTORY lags by at most so much (D:sql-reference/account-usage/warehouse_metering_history)."""
SETTLED = timedelta(hours=6)
"""An hour so long ago without a row had no credits; until then a late row is waited for."""
RECENT = timedelta(hours=4)
"""How far back a measurement keeps slices: twice the longest window, and some."""
_TERA = 1024.0**4


@dataclass(frozen=True, slots=True)
class Metered:
    """One of Snowflake's rows: a warehouse's credits in an hour, or in a UTC day."""

    warehouse: Identifier
    start: datetime
    compute: float
    cloud: float = 0.0


@dataclass(frozen=True, slots=True)
class Shares:
    """Who used a warehouse that several share, in a UTC day, by the ledger's credits."""

    warehouse: Identifier
    day: datetime
    by: Mapping[str | None, float]


@dataclass(frozen=True, slots=True)
class Stored:
    """The bytes of an environment's databases on a UTC day, their mean."""

    environment: str
    day: datetime
    bytes: float


@dataclass(frozen=True, slots=True)
class AccountingInput:
    """The input of a measurement."""

    at: datetime
    since: datetime
    """The sample before; of the first: when its ledger begins."""
    owners: Mapping[Identifier, str]
    """The environment of each warehouse that belongs to one."""
    zones: Mapping[str, tzinfo]
    """The time zone of every environment."""
    prices: Prices
    credit_usd: float
    running: tuple[WarehouseSample, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    """The ledger since the UTC day before yesterday."""
    hours: tuple[Metered, ...] = ()
    """Metered hours since the same moment."""
    days: tuple[Metered, ...] = ()
    """Metered UTC days of this month before that."""
    shares: tuple[Shares, ...] = ()
    stored: tuple[Stored, ...] = ()
    """Every day of the month that is known; the days after the last one are taken to be like it."""
    usual: Hours | None = None
    """The hour that has just ended, in earlier weeks."""
    metered: bool = True
    """Whether Snowflake's own rows can be read: else the ledger alone counts, for the month as well."""
    first: datetime | None = None
    """When the ledger's first sample was taken; None: there is none yet."""
    samples: tuple[datetime, ...] = ()
    """When samples were taken lately."""
    notes: tuple[str, ...] = ()


def measure(inputs: AccountingInput) -> Measurement:
    """Return the spend of every environment; with `unattributed_day` it adds up to the total."""
    slices: dict[str | None, list[Slice]] = {}
    for owner, part in (*_compute(inputs), *_cloud_services(inputs), *_storage(inputs)):
        slices.setdefault(owner if owner in inputs.zones else None, []).append(part)
    month, errors, hours = _earlier_this_month(inputs), _errors(inputs), _compared(inputs)
    today = midnight(inputs.at)
    shares = {owner: _sum(part.within(today, inputs.at) for part in parts) for owner, parts in slices.items()}
    return Measurement(
        at=inputs.at,
        spends={
            name: replace(
                _spend(inputs, name, slices.get(name, []), month.get(name, Figure()), errors.get(name)),
                hour=hours.get(name),
            )
            for name in inputs.zones
        },
        total_day=_sum(shares.values()),
        unattributed_day=shares.get(None, Figure()),
        shares_day={owner: figure for owner, figure in shares.items() if owner is not None},
        warehouses=inputs.running,
        metered_until=_metered_until(inputs),
        credit_usd=inputs.credit_usd,
        notes=inputs.notes + _gaps(inputs),
    )


def _metered_until(inputs: AccountingInput) -> datetime | None:
    return max((row.start + HOUR for row in inputs.hours), default=None)


def horizon(at: datetime) -> datetime:
    """Return since when hours count one by one: the UTC day before yesterday, before today in any zone."""
    return midnight(at) - timedelta(days=2)


def month_begins(at: datetime, zones: Iterable[tzinfo]) -> datetime:
    """Return the UTC day in which the earliest month begins that lasts somewhere: in the west it ends hours later."""
    return midnight(min((midnight(at, zone).replace(day=1) for zone in zones), default=midnight(at).replace(day=1)))


def midnight(at: datetime, zone: tzinfo = UTC) -> datetime:
    """Return the start of the day of a moment."""
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _spend(inputs: AccountingInput, name: str, slices: Sequence[Slice], earlier: Figure, error: float | None) -> Spend:
    today = midnight(inputs.at, inputs.zones[name])
    first = max(today.replace(day=1), horizon(inputs.at))
    recent = sorted((one for one in slices if one.end > inputs.at - RECENT), key=lambda one: one.start)
    samples = [one for one in inputs.running if one.environment == name and one.clusters > 0]
    rate = sum(one.clusters * (inputs.prices.rate(one.size, one.generation) or 0.0) for one in samples)
    return Spend(
        environment=name,
        at=inputs.at,
        day=_sum(one.within(today, inputs.at) for one in slices),
        month=_sum(one.within(first, inputs.at) for one in slices) + earlier,
        recent=tuple(recent),
        usd_per_hour=rate * inputs.credit_usd,
        error_percent=error,
        gap=max((b - a for a, b in _pairs(inputs)), default=timedelta(0)),
    )


def _compute(inputs: AccountingInput) -> list[tuple[str | None, Slice]]:
    """Compute, hour by hour and warehouse by warehouse: metered where Snowflake has a row, else the ledger's."""
    ledger: dict[tuple[Identifier, datetime], list[LedgerEntry]] = {}
    for entry in inputs.entries:
        ledger.setdefault((entry.warehouse, entry.hour), []).append(entry)
    metered = {(item.warehouse, hour_of(item.start)): item.compute for item in inputs.hours}
    until = _metered_until(inputs)
    slices: list[tuple[str | None, Slice]] = []
    for key in ledger.keys() | metered.keys():
        lines = ledger.get(key, [])
        if key in metered:
            slices += _metered_hour(inputs, key, lines, metered[key])
        elif until is None or until < key[1] + HOUR or inputs.at - (key[1] + HOUR) < SETTLED:
            slices += [(_owner_of(inputs, item), _slice(inputs, item, metered=False)) for item in lines]
    return slices


def _metered_hour(
    inputs: AccountingInput, key: tuple[Identifier, datetime], entries: Sequence[LedgerEntry], metered: float
) -> list[tuple[str | None, Slice]]:
    counted = sum(entry.credits for entry in entries)
    if counted <= 0:
        warehouse, hour = key
        whole = LedgerEntry(warehouse, None, hour, min(hour + HOUR, inputs.at), metered)
        return [(inputs.owners.get(warehouse), _slice(inputs, whole, metered=True))]
    scale = metered / counted
    scaled_entries = [
        LedgerEntry(entry.warehouse, entry.environment, entry.start, entry.end, entry.credits * scale)
        for entry in entries
    ]
    return [(_owner_of(inputs, entry), _slice(inputs, entry, metered=True)) for entry in scaled_entries]


def _owner_of(inputs: AccountingInput, entry: LedgerEntry) -> str | None:
    return inputs.owners.get(entry.warehouse, entry.environment)


def _slice(inputs: AccountingInput, entry: LedgerEntry, *, metered: bool) -> Slice:
    usd = entry.credits * inputs.credit_usd
    return Slice(entry.start, entry.end, Figure(usd, entry.credits, 0.0 if metered else usd))


def _cloud_services(inputs: AccountingInput) -> list[tuple[str | None, Slice]]:
    """Cloud services beyond a share of the day's compute, the account's, on each warehouse in proportion to its own."""
    slices: list[tuple[str | None, Slice]] = []
    by_day: dict[datetime, list[Metered]] = {}
    for row in inputs.hours:
        by_day.setdefault(midnight(row.start), []).append(row)
    for rows in by_day.values():
        for row, billed in _billed_cloud_services(rows, inputs.prices):
            figure = Figure(billed * inputs.credit_usd, billed)
            slices.append(
                (inputs.owners.get(row.warehouse), Slice(row.start, min(row.start + HOUR, inputs.at), figure))
            )
    return slices


def _billed_cloud_services(rows: Sequence[Metered], prices: Prices) -> Iterable[tuple[Metered, float]]:
    cloud = sum(row.cloud for row in rows)
    free = sum(row.compute for row in rows) * prices.cloud_services_free_percent / 100
    share = max(cloud - free, 0.0) / cloud if cloud > 0 else 0.0
    return [(row, row.cloud * share) for row in rows if row.cloud * share > 0]


def _storage(inputs: AccountingInput) -> list[tuple[str | None, Slice]]:
    """Storage costs by day: the day's mean once it is known, until then that of the latest day."""
    slices: list[tuple[str | None, Slice]] = []
    for stored, measured in _storage_days(inputs):
        end = min(stored.day + DAY, inputs.at)
        if stored.day >= horizon(inputs.at) and end > stored.day and stored.bytes > 0:
            figure = _storage_cost(inputs, stored, measured=measured, share=(end - stored.day) / DAY)
            slices.append((stored.environment, Slice(stored.day, end, figure)))
    return slices


def _storage_days(inputs: AccountingInput) -> list[tuple[Stored, bool]]:
    """Every day's storage, and whether it is measured."""
    if not inputs.stored:
        return []
    last = max(stored.day for stored in inputs.stored)
    days = [(stored, True) for stored in inputs.stored]
    latest = [stored for stored in inputs.stored if stored.day == last]
    day = last + DAY
    while day <= midnight(inputs.at):
        days += [(replace(stored, day=day), False) for stored in latest]
        day += DAY
    return days


def _storage_cost(inputs: AccountingInput, stored: Stored, *, measured: bool, share: float = 1.0) -> Figure:
    usd = stored.bytes / _TERA * inputs.prices.storage_usd_per_tb_month / _days_in_month(stored.day) * share
    return Figure(usd, 0.0, 0.0 if measured else usd)


def _earlier_this_month(inputs: AccountingInput) -> dict[str | None, Figure]:
    """The month's whole UTC days before the horizon, with cloud services; of shared warehouses by that day's ledger."""
    figures: dict[str | None, Figure] = {}

    def add(owner: str | None, day: datetime, figure: Figure) -> None:
        if day + timedelta(hours=12) >= midnight(inputs.at, inputs.zones.get(owner or "", UTC)).replace(day=1):
            figures[owner] = figures.get(owner, Figure()) + figure  # else most of it belongs to the previous month

    for day, owner, spent, measured in _earlier_compute(inputs):
        usd = spent * inputs.credit_usd
        add(owner, day, Figure(usd, spent, 0.0 if measured else usd))
    for stored, measured in _storage_days(inputs):
        if stored.day < horizon(inputs.at):
            add(stored.environment, stored.day, _storage_cost(inputs, stored, measured=measured))
    return figures


def _earlier_compute(inputs: AccountingInput) -> Iterable[tuple[datetime, str | None, float, bool]]:
    """Yield day, owner, credits, and whether Snowflake metered them; the ledger's where metering cannot be read."""
    if not inputs.metered:
        for shared in inputs.shares:
            for payer, used in shared.by.items():
                yield shared.day, inputs.owners.get(shared.warehouse, payer), used, False
    shares = {(row.warehouse, row.day): row.by for row in inputs.shares}
    by_day: dict[datetime, list[Metered]] = {}
    for row in inputs.days:
        by_day.setdefault(row.start, []).append(row)
    clouds = {
        (row.warehouse, day): billed
        for day, rows in by_day.items()
        for row, billed in _billed_cloud_services(rows, inputs.prices)
    }
    for row in inputs.days:
        by = shares.get((row.warehouse, row.start), {None: 1.0})
        if (owner := inputs.owners.get(row.warehouse)) is not None:
            by = {owner: 1.0}
        whole = sum(by.values()) or 1.0
        for payer, part in by.items():
            spent = row.compute + clouds.get((row.warehouse, row.start), 0.0)
            yield row.start, payer, spent * part / whole, True


def _compared(inputs: AccountingInput) -> dict[str, Compared]:
    """The hour that has just ended on each environment's own warehouse, against earlier weeks."""
    if inputs.usual is None:
        return {}
    hour = inputs.usual.start
    metered = {row.warehouse: row.compute for row in inputs.hours if hour_of(row.start) == hour}
    ledger: dict[Identifier, float] = {}
    for entry in inputs.entries:
        if entry.hour == hour:
            ledger[entry.warehouse] = ledger.get(entry.warehouse, 0.0) + entry.credits
    spent = {
        owner: (metered.get(warehouse, ledger.get(warehouse, 0.0)), warehouse not in metered)
        for warehouse, owner in inputs.owners.items()
    }
    return compare(inputs.usual, spent, inputs.credit_usd)


def _errors(inputs: AccountingInput) -> dict[str, float]:
    """How far the ledger was off, in percent of the metered credits, over the hours that the ledger knows.

    It knows every hour since its first sample, whose look reached back: where samples are missing, from statements.
    """
    ledger: dict[tuple[Identifier, datetime], float] = {}
    for entry in inputs.entries:
        ledger[entry.warehouse, entry.hour] = ledger.get((entry.warehouse, entry.hour), 0.0) + entry.credits
    metered = {(row.warehouse, hour_of(row.start)): row.compute for row in inputs.hours}
    sums: dict[str, tuple[float, float]] = {}
    for (warehouse, hour), compute in metered.items():
        owner = inputs.owners.get(warehouse)
        if owner is None or inputs.first is None or hour < hour_of(inputs.first) or hour + HOUR > inputs.at:
            continue
        error, whole = sums.get(owner, (0.0, 0.0))
        sums[owner] = (error + abs(ledger.get((warehouse, hour), 0.0) - compute), whole + compute)
    return {name: 100 * error / whole for name, (error, whole) in sums.items() if whole > 0}


def _gaps(inputs: AccountingInput) -> tuple[str, ...]:
    """Samples that are missing: more than thrice the usual time between two."""
    between = sorted(b - a for a, b in _pairs(inputs))
    if len(between) < 2:  # noqa: PLR2004 (nothing is usual yet)
        return ()
    usual = between[(len(between) - 1) // 2]
    return tuple(
        f"no sample between {a:%H:%M} and {b:%H:%M} UTC: what ran then is known from statements alone"
        for a, b in _pairs(inputs)
        if b - a > 3 * usual
    )


def _pairs(inputs: AccountingInput) -> list[tuple[datetime, datetime]]:
    """Samples that follow each other, of the last hours; the first may lie before them, so that no gap is cut off."""
    moments = sorted({*inputs.samples, inputs.since, inputs.at})
    return [(a, b) for a, b in pairwise(moments) if b > inputs.at - RECENT]


def _sum(figures: Iterable[Figure]) -> Figure:
    return sum(figures, Figure())


def _days_in_month(moment: datetime) -> int:
    first = moment.replace(day=1)
    return ((first + timedelta(days=32)).replace(day=1) - first).days
