"""The meter: one look at the account, kept in the ledger, and from both what every environment has cost so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sluice.domain.budgets import cost_accounting, usage_estimate
from sluice.domain.budgets.anomalies import AnomalyBlock, Hours, same_weeks
from sluice.domain.budgets.cost_accounting import AccountingInput, Metered, Stored
from sluice.domain.budgets.prices import Prices
from sluice.domain.budgets.spend import Measurement, WarehouseSample
from sluice.domain.budgets.usage_estimate import LedgerEntry, StatementRun
from sluice.domain.ephemeral.ephemeral_state import State
from sluice.domain.names import Identifier
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.operations.account import Account
from sluice.operations.workspace import Workspace
from sluice.snowflake import control_sql, meter, warehouses
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import DeniedError, MissingError
from sluice.snowflake.meter import Sample
from sluice.snowflake.warehouses import WarehouseRow

_FIRST = timedelta(hours=3)
"""How far the first look reaches back: before that, Snowflake's own rows are there."""
_DETAIL = timedelta(hours=7)
"""How far back the ledger is read line by line; before that it is summed by the hour."""
_BEFORE = timedelta(minutes=10)
"""How far before the last look statements are read: what was idle then had been so since the last of them."""
_KEPT = timedelta(days=40)
"""How long samples are kept: a month's shares of what several use, and some."""
_HISTORY = "Snowflake's own metering (ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY)"


@dataclass(frozen=True, slots=True)
class OwnershipMap:
    """Whose is what: every environment that is there or was lately, its warehouse and its database."""

    specs: Mapping[str, EnvironmentSpec]

    @property
    def owners(self) -> dict[Identifier, str]:
        """The environment of each warehouse."""
        return {spec.warehouse.name: name for name, spec in self.specs.items()}

    def owner_of(self, said: str | None) -> str | None:
        """Return the environment that a query tag or a database names; None: none of ours."""
        if said in self.specs:
            return said
        return next((name for name, spec in self.specs.items() if spec.database.name.name == said), None)


_T = TypeVar("_T")


@dataclass(slots=True)
class _Reading:
    """One measurement's look-ups, and what the reader should know of them."""

    session: Session
    notes: list[str] = field(default_factory=list)

    def read(self, what: str, otherwise: str, ask: Callable[[], _T]) -> _T | None:
        """Return the answer; None and a note, and no error, where it is not there or not for this role to read."""
        try:
            return ask()
        except (MissingError, DeniedError):
            note = f"{what} cannot be read by role {self.session.settings.role or 'of the connection'}: {otherwise}"
            if note not in self.notes:
                self.notes.append(note)
            return None


def measure(work: Workspace, now: datetime, *, record: bool = True, anomaly: AnomalyBlock | None = None) -> Measurement:
    """Return what every environment has cost as of `now`, the account's own time.

    The number of look-ups is the same for any number of environments. With `record` the look is kept, so that the next
    one goes on from it; without, nothing is changed. What cannot be read is said, and the rest is measured. `anomaly`
    says how many weeks the hour that has just ended is compared with; they are read once an hour.
    """
    with work.account() as account:
        home, session = _household(work, account), account.computing()
        before = _before(session, now, record=record)
        left_out = [f"{name} is left out: {error.message}" for name, error in account.unreadable().items()]
        reading = _Reading(session, left_out)
        sample = _look(work.prices, reading, home, account.seen(warehouses.show_all), before, now)
        usual = _usual(reading, home, before, now, (anomaly or AnomalyBlock()).weeks)
        if usual is not None and all(earlier.usual != usual for earlier in before):
            sample = replace(sample, usual=usual)
        if record and sample.at > sample.since:
            meter.store(session, sample)
            if _first_of_the_hour(before, now):
                meter.delete_before(session, now - _KEPT)
        return cost_accounting.measure(_books(work, reading, home, replace(sample, usual=usual), before))


def _household(work: Workspace, account: Account) -> OwnershipMap:
    """Return every environment, permanent or ephemeral; one that was dropped still had its costs."""
    ephemeral = {name: life.spec for name, life in account.ephemeral().items() if life.state is not State.REQUESTED}
    return OwnershipMap({**ephemeral, **work.environments})


def _before(session: Session, now: datetime, *, record: bool) -> list[Sample]:
    """The samples of the last hours, oldest first; a ledger that is not there yet is made by who keeps something."""
    try:
        return [sample for sample in meter.samples(session, now - _DETAIL) if sample.at < now]
    except MissingError:
        if record:
            session.run(control_sql.create_meter(session.control))
        return []


def _kept(ask: Callable[[], list[_T]]) -> tuple[_T, ...]:
    """What the ledger has; nothing, where there is none yet."""
    try:
        return tuple(ask())
    except MissingError:
        return ()


def _look(  # noqa: PLR0917 (a private function of one caller)
    prices: Prices,
    reading: _Reading,
    home: OwnershipMap,
    shown: Iterable[WarehouseRow],
    before: Sequence[Sample],
    now: datetime,
) -> Sample:
    session = reading.session
    last = before[-1] if before else Sample(now - _FIRST, now - _FIRST, (), ())
    owners = home.owners
    samples = tuple(sample for row in shown if (sample := row.sample(owners.get(row.name))) is not None)
    seen = reading.read(
        "the account's statements (INFORMATION_SCHEMA.QUERY_HISTORY)",
        "what ran unseen between two looks is counted by AUTO_SUSPEND",
        lambda: meter.statements(session, last.at, now, _BEFORE),
    )
    ran, whole = seen or ([], True)
    ran = [replace(statement, environment=home.owner_of(statement.environment)) for statement in ran]
    lines, notes = _lines(prices, last, Sample(now, last.at, samples, ()), ran)
    reading.notes += notes
    if not whole:
        reading.notes.append(
            f"more than {meter.MOST:,} statements since {last.at:%H:%M} UTC: the earlier ones are not seen"
        )
    reading.notes += _hidden(samples, ran, last.at, now) if seen is not None else []
    return Sample(now, last.at, samples, tuple(lines))


def _hidden(found: Iterable[WarehouseSample], ran: Iterable[StatementRun], since: datetime, at: datetime) -> list[str]:
    """What works, or was started since the last look, and shows no statement: a role is shown its own ones only."""
    seen = {one.warehouse for one in ran}
    busy = [one for one in found if one.running > 0 or (one.resumed_on is not None and since < one.resumed_on <= at)]
    names = sorted(one.name.name for one in busy if one.name not in seen)
    return (
        [f"no statement on {', '.join(names)} is shown: that takes MONITOR or OPERATE on the warehouse"]
        if names
        else []
    )


def _unseen(work: Workspace, sample: Sample, before: Sequence[Sample], hours: Iterable[Metered]) -> list[str]:
    """Warehouses of what stands that cost something lately and that SHOW WAREHOUSES does not have."""
    shown = {warehouse.name for warehouse in sample.running}
    lately = {hour.warehouse for hour in hours} | {line.warehouse for earlier in before for line in earlier.entries}
    return [
        f"warehouse {spec.warehouse.name} of {name} is not there, or not shown to this role: what it costs is known "
        "hours later at best"
        for name, spec in work.environments.items()
        if spec.warehouse.name in lately - shown
    ]


def _usual(reading: _Reading, home: OwnershipMap, before: Sequence[Sample], now: datetime, weeks: int) -> Hours | None:
    """The hour that has just ended in earlier weeks: as an earlier look of this hour kept it, or read now."""
    hour = usage_estimate.hour_of(now) - cost_accounting.HOUR
    for sample in before:
        if sample.usual is not None and sample.usual.start == hour:
            return sample.usual
    metered = reading.read(
        _HISTORY, "no hour is compared with earlier weeks", lambda: meter.same_hours(reading.session, hour, weeks)
    )
    if metered is None:
        return None
    usual = {
        name: same_weeks(
            hour, ZoneInfo(home.specs[name].budget.zone), weeks, metered[warehouse], min(metered[warehouse])
        )
        for warehouse, name in home.owners.items()
        if warehouse in metered
    }
    return Hours(hour, usual)


def _lines(
    prices: Prices, last: Sample, look: Sample, ran: Iterable[StatementRun]
) -> tuple[list[LedgerEntry], list[str]]:
    """The ledger's lines since the last sample, and notes on sizes that have no price."""
    then = {warehouse.name: warehouse for warehouse in last.running}
    by_warehouse: dict[Identifier, list[StatementRun]] = {}
    for statement in ran:
        by_warehouse.setdefault(statement.warehouse, []).append(statement)
    lines: list[LedgerEntry] = []
    notes: list[str] = []
    for warehouse in look.running:
        mine = by_warehouse.get(warehouse.name, [])
        billed = usage_estimate.runs(then.get(warehouse.name), warehouse, last.at, look.at, mine)
        entries, priced = usage_estimate.entries(warehouse, billed, mine, prices)
        lines += entries
        if not priced:
            notes.append(
                f"warehouse {warehouse.name}: size {warehouse.size} of generation {warehouse.generation} has no price "
                "and counts as generation 1; say it in include/policies/prices.yml"
            )
    return lines, notes


def _books(
    work: Workspace, reading: _Reading, home: OwnershipMap, sample: Sample, before: Sequence[Sample]
) -> AccountingInput:
    session, now = reading.session, sample.at
    start, detail = cost_accounting.horizon(now), now - _DETAIL
    zones = {name: ZoneInfo(spec.budget.zone) for name, spec in home.specs.items()}
    month = min(start, cost_accounting.month_begins(now, zones.values()))
    lines = [line for one in before for line in one.entries] + list(sample.entries)
    ledger = "every figure is estimated from warehouses and statements"
    hours = reading.read(_HISTORY, ledger, lambda: meter.metered_hours(session, start))
    reading.notes += _unseen(work, sample, before, hours or ())
    days = reading.read(_HISTORY, ledger, lambda: meter.metered_days(session, month, start)) if month < start else ()
    return AccountingInput(
        at=now,
        since=sample.since,
        owners=home.owners,
        zones=zones,
        prices=work.prices,
        credit_usd=_price(work.prices, reading),
        running=sample.running,
        entries=(*_kept(lambda: meter.by_hour(session, start, detail)), *lines),
        hours=tuple(one for one in hours or () if one.start + cost_accounting.HOUR <= now),
        days=tuple(days or ()),
        shares=_kept(lambda: meter.by_day(session, month, start, owned=hours is None)) if month < start else (),
        stored=_stored(reading, home, month),
        usual=sample.usual,
        metered=hours is not None,
        first=next(iter(_kept(lambda: meter.first(session))), None),
        samples=tuple(one.at for one in before),
        notes=tuple(reading.notes),
    )


def _price(prices: Prices, reading: _Reading) -> float:
    """What a credit costs in dollars: by the account's rate sheet, where the policy says so and it can."""
    file = float(prices.credit_usd)
    if prices.source != "rate_sheet":
        return file
    otherwise = f"a credit costs USD {file:g}, of include/policies/prices.yml"
    sheet = "the account's rate sheet (ORGANIZATION_USAGE.RATE_SHEET_DAILY)"
    rates = reading.read(sheet, otherwise, lambda: meter.credit_prices(reading.session))
    if not rates:
        if rates is not None:
            reading.notes.append(f"{sheet} has no price of the last week: {otherwise}")
        return file
    rate, currency = rates[0]
    usd = prices.dollars(rate, currency)
    if usd is None:
        reading.notes.append(
            f"the account's rate sheet is in {currency}, and nobody has said what one is in dollars "
            f"(usd_per: {{{currency}: …}} in include/policies/prices.yml): {otherwise}"
        )
    elif currency != "USD":
        reading.notes.append(f"a credit costs {currency} {rate:g} by the rate sheet, counted as USD {usd:.2f}")
    return file if usd is None else usd


def _stored(reading: _Reading, home: OwnershipMap, since: datetime) -> tuple[Stored, ...]:
    """Bytes by environment and day, of its live database and of those beside it that bear its name."""
    rows = reading.read(
        "what is stored (ACCOUNT_USAGE.DATABASE_STORAGE_USAGE_HISTORY)",
        "no figure has it",
        lambda: meter.storage(reading.session, since),
    )
    names = {spec.database.name.name: name for name, spec in home.specs.items()}
    totals: dict[tuple[str, datetime], float] = {}
    for database, day, stored in rows or ():
        live = database
        while live not in names and "__" in live:
            live = live.rsplit("__", 1)[0]
        if (whose := names.get(live)) is not None:
            totals[whose, day] = totals.get((whose, day), 0.0) + stored
    return tuple(Stored(whose, day, stored) for (whose, day), stored in totals.items())


def _first_of_the_hour(before: Sequence[Sample], now: datetime) -> bool:
    return not before or usage_estimate.hour_of(before[-1].at) != usage_estimate.hour_of(now)
