"""Metering: the ledger's estimates and Snowflake's own rows as one measurement of every environment.

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
from sluice.domain.budgets.usage_estimate import LedgerEntry, floor
from sluice.domain.names import Identifier

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DUE = timedelta(hours=3)
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
    """Everything a measurement is made of."""

    at: datetime
    since: datetime
    """The sample before; of the first: when its ledger begins."""
    owners: Mapping[Identifier, str]
    """The environment that each warehouse of one's own belongs to."""
    zones: Mapping[str, tzinfo]
    """Every environment, and where its day begins."""
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


def measure(books: AccountingInput) -> Measurement:
    """Return the spend of every environment; nobody's share is in `unattributed_day`, and all adds up to the total."""
    slices: dict[str | None, list[Slice]] = {}
    for whose, one in (*_compute(books), *_clouds(books), *_storage(books)):
        slices.setdefault(whose if whose in books.zones else None, []).append(one)
    month, errors, hours = _earlier(books), _errors(books), _compared(books)
    today = midnight(books.at)
    shares = {whose: _sum(one.within(today, books.at) for one in mine) for whose, mine in slices.items()}
    return Measurement(
        at=books.at,
        spends={
            name: replace(
                _spend(books, name, slices.get(name, []), month.get(name, Figure()), errors.get(name)),
                hour=hours.get(name),
            )
            for name in books.zones
        },
        total_day=_sum(shares.values()),
        unattributed_day=shares.get(None, Figure()),
        shares_day={whose: figure for whose, figure in shares.items() if whose is not None},
        warehouses=books.running,
        metered_until=_until(books),
        credit_usd=books.credit_usd,
        notes=books.notes + _gaps(books),
    )


def _until(books: AccountingInput) -> datetime | None:
    return max((one.start + HOUR for one in books.hours), default=None)


def horizon(at: datetime) -> datetime:
    """Return since when hours are looked at one by one: the UTC day before yesterday, before any zone's today."""
    return midnight(at) - timedelta(days=2)


def month_begins(at: datetime, zones: Iterable[tzinfo]) -> datetime:
    """Return the UTC day in which the earliest month begins that lasts somewhere: in the west it ends hours later."""
    return midnight(min((midnight(at, zone).replace(day=1) for zone in zones), default=midnight(at).replace(day=1)))


def midnight(at: datetime, zone: tzinfo = UTC) -> datetime:
    """Return when the day began that a moment lies in."""
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _spend(books: AccountingInput, name: str, mine: Sequence[Slice], earlier: Figure, error: float | None) -> Spend:
    today = midnight(books.at, books.zones[name])
    first = max(today.replace(day=1), horizon(books.at))
    recent = sorted((one for one in mine if one.end > books.at - RECENT), key=lambda one: one.start)
    now = [one for one in books.running if one.environment == name and one.clusters > 0]
    rate = sum(one.clusters * (books.prices.rate(one.size, one.generation) or 0.0) for one in now)
    return Spend(
        environment=name,
        at=books.at,
        day=_sum(one.within(today, books.at) for one in mine),
        month=_sum(one.within(first, books.at) for one in mine) + earlier,
        recent=tuple(recent),
        usd_per_hour=rate * books.credit_usd,
        error_percent=error,
        gap=max((b - a for a, b in _pairs(books)), default=timedelta(0)),
    )


def _compute(books: AccountingInput) -> list[tuple[str | None, Slice]]:
    """Compute, hour by hour and warehouse by warehouse: metered where Snowflake has said it, else the ledger's."""
    ledger: dict[tuple[Identifier, datetime], list[LedgerEntry]] = {}
    for entry in books.entries:
        ledger.setdefault((entry.warehouse, entry.hour), []).append(entry)
    metered = {(one.warehouse, floor(one.start)): one.compute for one in books.hours}
    until = _until(books)
    made: list[tuple[str | None, Slice]] = []
    for key in ledger.keys() | metered.keys():
        lines = ledger.get(key, [])
        if key in metered:
            made += _metered_hour(books, key, lines, metered[key])
        elif until is None or until < key[1] + HOUR or books.at - (key[1] + HOUR) < SETTLED:
            made += [(_whose(books, one), _slice(books, one, known=False)) for one in lines]
    return made


def _metered_hour(
    books: AccountingInput, key: tuple[Identifier, datetime], lines: Sequence[LedgerEntry], metered: float
) -> list[tuple[str | None, Slice]]:
    counted = sum(one.credits for one in lines)
    if counted <= 0:
        warehouse, hour = key
        whole = LedgerEntry(warehouse, None, hour, min(hour + HOUR, books.at), metered)
        return [(books.owners.get(warehouse), _slice(books, whole, known=True))]
    scale = metered / counted
    scaled = [LedgerEntry(one.warehouse, one.environment, one.start, one.end, one.credits * scale) for one in lines]
    return [(_whose(books, one), _slice(books, one, known=True)) for one in scaled]


def _whose(books: AccountingInput, entry: LedgerEntry) -> str | None:
    return books.owners.get(entry.warehouse, entry.environment)


def _slice(books: AccountingInput, entry: LedgerEntry, *, known: bool) -> Slice:
    usd = entry.credits * books.credit_usd
    return Slice(entry.start, entry.end, Figure(usd, entry.credits, 0.0 if known else usd))


def _clouds(books: AccountingInput) -> list[tuple[str | None, Slice]]:
    """Cloud services beyond a share of the day's compute, the account's, on each warehouse in proportion to its own."""
    made: list[tuple[str | None, Slice]] = []
    by_day: dict[datetime, list[Metered]] = {}
    for one in books.hours:
        by_day.setdefault(midnight(one.start), []).append(one)
    for rows in by_day.values():
        for one, billed in _billed_clouds(rows, books.prices):
            figure = Figure(billed * books.credit_usd, billed)
            made.append((books.owners.get(one.warehouse), Slice(one.start, min(one.start + HOUR, books.at), figure)))
    return made


def _billed_clouds(rows: Sequence[Metered], prices: Prices) -> Iterable[tuple[Metered, float]]:
    cloud = sum(one.cloud for one in rows)
    free = sum(one.compute for one in rows) * prices.cloud_services_free_percent / 100
    share = max(cloud - free, 0.0) / cloud if cloud > 0 else 0.0
    return [(one, one.cloud * share) for one in rows if one.cloud * share > 0]


def _storage(books: AccountingInput) -> list[tuple[str | None, Slice]]:
    """What is stored costs so much every day: the day's mean once it is known, until then that of the last one."""
    made: list[tuple[str | None, Slice]] = []
    for one, known in _kept_days(books):
        end = min(one.day + DAY, books.at)
        if one.day >= horizon(books.at) and end > one.day and one.bytes > 0:
            figure = _kept(books, one, known=known, share=(end - one.day) / DAY)
            made.append((one.environment, Slice(one.day, end, figure)))
    return made


def _kept_days(books: AccountingInput) -> list[tuple[Stored, bool]]:
    """Every day with what was stored, and whether that is known."""
    if not books.stored:
        return []
    last = max(one.day for one in books.stored)
    made = [(one, True) for one in books.stored]
    like = [one for one in books.stored if one.day == last]
    day = last + DAY
    while day <= midnight(books.at):
        made += [(replace(one, day=day), False) for one in like]
        day += DAY
    return made


def _kept(books: AccountingInput, one: Stored, *, known: bool, share: float = 1.0) -> Figure:
    usd = one.bytes / _TERA * books.prices.storage_usd_per_tb_month / _days_in_month(one.day) * share
    return Figure(usd, 0.0, 0.0 if known else usd)


def _earlier(books: AccountingInput) -> dict[str | None, Figure]:
    """The month's whole UTC days before the horizon, with cloud services; of shared warehouses by that day's ledger."""
    made: dict[str | None, Figure] = {}

    def add(whose: str | None, day: datetime, figure: Figure) -> None:
        if day + timedelta(hours=12) >= midnight(books.at, books.zones.get(whose or "", UTC)).replace(day=1):
            made[whose] = made.get(whose, Figure()) + figure  # else most of it was in the month before, where it is

    for day, whose, spent, known in _earlier_compute(books):
        usd = spent * books.credit_usd
        add(whose, day, Figure(usd, spent, 0.0 if known else usd))
    for one, known in _kept_days(books):
        if one.day < horizon(books.at):
            add(one.environment, one.day, _kept(books, one, known=known))
    return made


def _earlier_compute(books: AccountingInput) -> Iterable[tuple[datetime, str | None, float, bool]]:
    """Day, payer, credits, and whether they are Snowflake's own; the ledger's where those cannot be read."""
    if not books.metered:
        for kept in books.shares:
            for whose, used in kept.by.items():
                yield kept.day, books.owners.get(kept.warehouse, whose), used, False
    shares = {(one.warehouse, one.day): one.by for one in books.shares}
    by_day: dict[datetime, list[Metered]] = {}
    for one in books.days:
        by_day.setdefault(one.start, []).append(one)
    clouds = {
        (one.warehouse, day): billed
        for day, rows in by_day.items()
        for one, billed in _billed_clouds(rows, books.prices)
    }
    for one in books.days:
        by = shares.get((one.warehouse, one.start), {None: 1.0})
        if (owner := books.owners.get(one.warehouse)) is not None:
            by = {owner: 1.0}
        whole = sum(by.values()) or 1.0
        for whose, part in by.items():
            spent = one.compute + clouds.get((one.warehouse, one.start), 0.0)
            yield one.start, whose, spent * part / whole, True


def _compared(books: AccountingInput) -> dict[str, Compared]:
    """The hour that has just ended on each environment's own warehouse, against earlier weeks."""
    if books.usual is None:
        return {}
    hour = books.usual.start
    metered = {one.warehouse: one.compute for one in books.hours if floor(one.start) == hour}
    ledger: dict[Identifier, float] = {}
    for entry in books.entries:
        if entry.hour == hour:
            ledger[entry.warehouse] = ledger.get(entry.warehouse, 0.0) + entry.credits
    spent = {
        owner: (metered.get(warehouse, ledger.get(warehouse, 0.0)), warehouse not in metered)
        for warehouse, owner in books.owners.items()
    }
    return compare(books.usual, spent, books.credit_usd)


def _errors(books: AccountingInput) -> dict[str, float]:
    """How far the ledger was off, in percent of the metered credits, over the hours that the ledger knows.

    It knows every hour since its first sample, whose look reached back: where samples are missing, from statements.
    """
    ledger: dict[tuple[Identifier, datetime], float] = {}
    for entry in books.entries:
        ledger[entry.warehouse, entry.hour] = ledger.get((entry.warehouse, entry.hour), 0.0) + entry.credits
    metered = {(one.warehouse, floor(one.start)): one.compute for one in books.hours}
    sums: dict[str, tuple[float, float]] = {}
    for (warehouse, hour), compute in metered.items():
        owner = books.owners.get(warehouse)
        if owner is None or books.first is None or hour < floor(books.first) or hour + HOUR > books.at:
            continue
        off, whole = sums.get(owner, (0.0, 0.0))
        sums[owner] = (off + abs(ledger.get((warehouse, hour), 0.0) - compute), whole + compute)
    return {name: 100 * off / whole for name, (off, whole) in sums.items() if whole > 0}


def _gaps(books: AccountingInput) -> tuple[str, ...]:
    """Samples that are missing: more than thrice the usual time between two."""
    between = sorted(b - a for a, b in _pairs(books))
    if len(between) < 2:  # noqa: PLR2004 (nothing is usual yet)
        return ()
    usual = between[(len(between) - 1) // 2]
    return tuple(
        f"no sample between {a:%H:%M} and {b:%H:%M} UTC: what ran then is known from statements alone"
        for a, b in _pairs(books)
        if b - a > 3 * usual
    )


def _pairs(books: AccountingInput) -> list[tuple[datetime, datetime]]:
    """Samples that follow each other, of the last hours; the first may lie before them, so that no gap is cut off."""
    moments = sorted({*books.samples, books.since, books.at})
    return [(a, b) for a, b in pairwise(moments) if b > books.at - RECENT]


def _sum(figures: Iterable[Figure]) -> Figure:
    return sum(figures, Figure())


def _days_in_month(moment: datetime) -> int:
    first = moment.replace(day=1)
    return ((first + timedelta(days=32)).replace(day=1) - first).days
