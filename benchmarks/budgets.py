"""A week of runaways on driven time: our check, a resource monitor alone, and a check that reads billed rows only."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from snowflake.connector import Error

from benchmarks.driven import Account, Truth, driven
from benchmarks.figure import Figure
from benchmarks.shops import Shop
from sluice.domain.budgets.budget_policy import BudgetPolicy, load_budgets
from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.journal.control_schema import control_warehouse
from sluice.domain.names import Identifier
from sluice.operations.budgets.budgets import check
from sluice.operations.budgets.metering import measure as look
from sluice.operations.caller import Caller
from sluice.operations.provisioning.provision import provision
from sluice.operations.workspace import Workspace

POLICY = Path(__file__).resolve().parents[1] / "include" / "policies" / "budgets.yml"
ZONE = ZoneInfo("America/New_York")
LIMIT, CREDIT = 50.0, 2.0
STEP = timedelta(minutes=5)
WORK = (8, 18)
"""Local hours in which people send a statement in two of three steps."""
RUNAWAYS: Mapping[int, tuple[int, str]] = {
    1: (10, "XLARGE"),
    2: (14, "LARGE"),
    3: (11, "XXXLARGE"),
    4: (17, "MEDIUM"),
    5: (18, "XLARGE"),
}
"""From which local hour on which day of the week a job of that size runs until midnight, begun again when it ends."""
BUSY = frozenset({2, 4})
"""Days on which the environment that stays within its budget comes close to it."""
WILD, CALM = "wild", "calm"


@dataclass
class Guard:
    """One way to hold a budget: its two warehouses, and what it does at each step."""

    name: str
    warehouses: Mapping[str, str]
    act: Callable[[datetime], Iterable[str]] = lambda _: ()
    """What it does at a moment; the warehouses that it stopped."""
    stops: list[tuple[datetime, str]] = field(default_factory=list)
    refused: int = 0
    """Statements that people sent in vain on days on which nothing had run away yet."""


@dataclass(frozen=True)
class Overrun:
    """A day on which something ran away: what it cost beyond the limit, nothing where it was stopped before."""

    usd: float
    minutes: float
    """From the limit to the last second that was billed that day."""


def measure(*, quick: bool) -> list[Figure]:
    """Live through the week, then read the account's own segments, which no guard saw."""
    with driven() as (opened, account):
        ours, seen = _ours(opened, _of_the_day(load_budgets(POLICY)))
        guards = [ours, _monitors(account), _billed(account)]
        begins = _monday(account.now())
        days = range(1, 4) if quick else range(7)
        account.go(begins + timedelta(days=days[0]) - timedelta(hours=1))
        ours.act(account.now())
        started = time.perf_counter()
        for day in days:
            _live(account, guards, begins + timedelta(days=day), day)
        seconds = time.perf_counter() - started
        for notice in account.server.control("notices")["notices"]:
            if notice["action"] == "SUSPEND_IMMEDIATE":
                warehouse = str(notice["monitor"]).removesuffix("_RM")
                guards[1].stops.append((datetime.fromisoformat(notice["at"]), warehouse))
        truth = account.truth()
        account.forget()
        ours.act(account.now())
        sent = len(account.statements())
    midnights = [begins + timedelta(days=day) for day in days]
    return [*_figures(guards, truth, midnights), *_costs(truth, seen, sent, seconds, len(days))]


def _of_the_day(policy: BudgetPolicy) -> BudgetPolicy:
    """The shipped policy without the rule on everything together.

    That one stops the largest of the runaways, USD 128 an hour, before its day's budget is spent: rightly, and not what
    is compared here.
    """
    return policy.model_copy(update={"increase": policy.increase.model_copy(update={"together": None})})


def _ours(opened: Shop, policy: BudgetPolicy) -> tuple[Guard, list[datetime]]:
    """The real thing, on two provisioned environments whose day begins in New York."""
    specs = {
        name: spec.model_copy(
            update={
                "budget": spec.budget.model_copy(update={"zone": ZONE.key, "hourly_usd": LIMIT}),
                "warehouse": spec.warehouse.model_copy(update={"size": "SMALL", "auto_suspend": 300}),
            }
        )
        for name, spec in opened.work.environments.items()
        if name in {"dev", "staging"}
    }
    work: Workspace = replace(opened.work, environments=specs)
    for name in specs:
        provision(work, name, opened.now(), holder=f"bench-{name}")
    names = {spec.warehouse.name.name: name for name, spec in specs.items()}
    guard = Guard("sluice", {WILD: "SHOP_DEV_WH", CALM: "SHOP_STAGING_WH"})
    seen: list[datetime] = []

    def act(now: datetime) -> Iterable[str]:
        seen.append(now)
        done = check(work, policy, look(work, now), Caller(f"check {now.isoformat()}", "the clock", now))
        assert not done.failed, done.failed
        stopped = {step.environment for step in done.plan.restrictions if step.restriction is Restriction.SUSPENDED}
        return [warehouse for warehouse, name in names.items() if name in stopped]

    guard.act = act
    return guard, seen


def _monitors(account: Account) -> Guard:
    """The same dollars as a day's quota of credits; what runs at its end is aborted."""
    names = {WILD: "MONITOR_WILD", CALM: "MONITOR_CALM"}
    for name in names.values():
        account.do(
            f"create resource monitor {name}_RM with credit_quota = {LIMIT / CREDIT:.0f} frequency = daily "
            "start_timestamp = immediately triggers on 100 percent do suspend_immediate",
            f"create warehouse {name} warehouse_size = small auto_suspend = 300 generation = '1' "
            f"initially_suspended = true resource_monitor = {name}_RM",
        )
    return Guard("a resource monitor alone", names)


def _billed(account: Account) -> Guard:
    """Every five minutes the sum of what Snowflake has billed today, and a hard stop; given back at midnight."""
    names = {WILD: "BILLED_WILD", CALM: "BILLED_CALM"}
    for name in names.values():
        account.do(
            f"create warehouse {name} warehouse_size = small auto_suspend = 300 generation = '1' "
            "initially_suspended = true"
        )
    held: dict[str, datetime] = {}

    def act(now: datetime) -> Iterable[str]:
        today = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        for name, day in list(held.items()):
            if day < today:
                account.do(f"alter warehouse {name} set auto_resume = true")
                del held[name]
        billed = account.ask(
            "select warehouse_name, sum(credits_used) from snowflake.account_usage.warehouse_metering_history "
            f"where start_time >= '{today.astimezone(UTC):%Y-%m-%d %H:%M:%S} +0000'::timestamp_ltz group by 1"
        )
        over = [str(name) for name, used in billed if name in names.values() and float(used) * CREDIT >= LIMIT]
        for name in over:
            if name not in held:
                held[name] = today
                account.do(f"alter warehouse {name} set auto_resume = false")
                with suppress(Error):  # it sleeps already
                    account.do(f"alter warehouse {name} suspend")
                account.do(f"alter warehouse {name} abort all queries")
                yield name

    return Guard("a check on billed views", names, act)


def _monday(now: datetime) -> datetime:
    """The midnight a week begins with in which no clock is put forward or back."""
    local = (now.astimezone(ZONE) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    while local.weekday() != 0 or local.utcoffset() != (local + timedelta(days=7)).utcoffset():
        local += timedelta(days=1)
    return local


def _live(account: Account, guards: list[Guard], midnight: datetime, day: int) -> None:
    """One day: every guard looks every five minutes while people work or something runs away, else every hour."""
    chance = random.Random(day)  # noqa: S311 (a load)
    account.reconnect()
    begins, size = RUNAWAYS.get(day, (24, ""))
    for guard in guards:  # the morning after: whoever let it run has put it right
        account.do(f"alter warehouse {guard.warehouses[WILD]} set warehouse_size = small")
    moment = midnight
    while moment < midnight + timedelta(days=1):
        hour = moment.hour
        runaway = hour >= begins
        working = WORK[0] <= hour < WORK[1] + (1 if day in BUSY else 0) and day < 5
        if moment == midnight + timedelta(hours=begins):
            for guard in guards:
                account.do(f"alter warehouse {guard.warehouses[WILD]} set warehouse_size = {size}")
        if working:
            _work(account, guards, day, chance, honest=not runaway)
        if runaway:
            account.run_away([guard.warehouses[WILD] for guard in guards])
        moment += STEP if working or runaway else min(timedelta(hours=1), _until(moment, midnight, begins))
        if moment >= midnight + timedelta(days=1):
            for guard in guards:
                account.do(f"alter warehouse {guard.warehouses[WILD]} abort all queries")
        account.go(moment)
        for guard in guards:
            guard.stops += [(moment, name) for name in guard.act(moment.astimezone(UTC))]


def _until(moment: datetime, midnight: datetime, begins: int) -> timedelta:
    """How long until something begins."""
    later = [midnight + timedelta(hours=hour) - moment for hour in (WORK[0], begins, 24)]
    return min(one for one in later if one > timedelta(0))


def _work(account: Account, guards: list[Guard], day: int, chance: random.Random, *, honest: bool) -> None:
    """The same statements in every environment; on busy days the calm one never rests."""
    some = chance.random() < 2 / 3
    for kind in (WILD, CALM):
        if some or (kind == CALM and day in BUSY):
            for guard in guards:
                sent = account.send(guard.warehouses[kind])
                guard.refused += honest and not sent


def _figures(guards: list[Guard], truth: Truth, midnights: list[datetime]) -> list[Figure]:
    found = {one.name: _overruns(one, truth, midnights) for one in guards}
    early = {one.name: _early(one, truth) for one in guards}
    mine, bar = guards[0].name, "stated"
    made: list[Figure] = []
    for other in guards[1:]:
        pairs = [[100 * one.usd / LIMIT for one in found[name]] for name in (mine, other.name)]
        waits = [[one.minutes for one in found[name]] for name in (mine, other.name)]
        days = f"{len(found[mine])} runaway days of USD {LIMIT:.0f}"
        for what, unit, several in (
            ("beyond the limit", "%", pairs),
            ("from the limit to the last second", "min", waits),
        ):
            for said, of in (("median", median), ("largest", max)):
                ours, theirs = (float(of(one or [0.0])) for one in several)
                made.append(Figure(f"{days}: {what}, {said}", ours, unit, other.name, theirs, bar))
        wrong = (float(early[mine]), float(early[other.name]))
        made.append(Figure("stops while the day had cost less than 98 %", wrong[0], "stops", other.name, wrong[1], "0"))
        vain = (float(guards[0].refused), float(other.refused))
        said = "statements refused before anything ran away that day"
        made.append(Figure(said, vain[0], "statements", other.name, vain[1], "0"))
    return made


def _costs(truth: Truth, seen: list[datetime], sent: int, seconds: float, days: int) -> list[Figure]:
    own = control_warehouse(Identifier("SLUICE")).name
    used = truth.usd(own, seen[0], seen[-1], CREDIT) / len(seen) * (timedelta(days=1) / STEP)
    return [
        Figure("statements of one check, everything included", float(sent), "statements"),
        Figure("a day of checks every five minutes on sluice's own warehouse", used, "USD"),
        Figure(f"{days} days of load and {len(seen):,} checks of each guard", seconds, "s"),
    ]


def _overruns(guard: Guard, truth: Truth, midnights: list[datetime]) -> list[Overrun]:
    made: list[Overrun] = []
    for begins in midnights:
        ends = begins + timedelta(days=1)
        if (begins.weekday()) not in RUNAWAYS:
            continue
        warehouse = guard.warehouses[WILD]
        spent = truth.usd(warehouse, begins, ends, CREDIT)
        crossed = truth.reached(warehouse, begins, ends, LIMIT / CREDIT)
        last = truth.last(warehouse, ends)
        beyond = (last - crossed).total_seconds() / 60 if crossed is not None else 0.0
        made.append(Overrun(max(0.0, spent - LIMIT), max(0.0, beyond)))
    return made


def _early(guard: Guard, truth: Truth) -> int:
    """Stops while the day had cost less than 98 percent of its limit."""
    wrong = 0
    for at, warehouse in guard.stops:
        today = at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        wrong += truth.usd(warehouse, today, at, CREDIT) < 0.98 * LIMIT
    return wrong
