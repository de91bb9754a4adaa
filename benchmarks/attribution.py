"""Who used a warehouse that several share: our attribution beside the truth, and beside QUERY_ATTRIBUTION_HISTORY."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from benchmarks.driven import Account, driven
from benchmarks.figure import Figure
from sluice.domain.budgets.spend import Measurement
from sluice.domain.journal.control_schema import control_warehouse
from sluice.domain.names import Identifier
from sluice.operations.budgets.metering import measure as look
from sluice.operations.workspace import Workspace

COMMON = "COMMON"
SHORT = 0.05
"""Seconds of the statements that QUERY_ATTRIBUTION_HISTORY leaves out: up to 100 ms."""
STEP = timedelta(minutes=5)
CENT = 0.005
"""Credits that cost a cent."""


class Load:
    """Statements of several environments on one warehouse, each as long as it says, and a look every five minutes."""

    def __init__(self, account: Account, work: Workspace, environments: tuple[str, ...]) -> None:
        self.account, self.work = account, work
        self.found = look(work, account.now())
        self.ran: list[tuple[str, datetime, float]] = []
        self._sessions = {
            one: account.server.connect(
                warehouse=COMMON, session_parameters={"QUERY_TAG": json.dumps({"app": "dbt", "environment": one})}
            )
            for one in environments
        }

    def run(self, environment: str, seconds: float) -> None:
        """A statement of that environment has run so long."""
        began = self.account.now()
        cursor: Any = self._sessions[environment].cursor()
        cursor.execute_async(f"call system$wait({round(seconds * 1000)}, 'MILLISECONDS')")
        while not self._runs():
            time.sleep(0.002)
        self.go_on(seconds)
        self.ran.append((environment, began, seconds))

    def go_on(self, seconds: float) -> None:
        """So much time has passed; whatever runs or idles, looks fall into it."""
        ends = self.account.now() + timedelta(seconds=seconds)
        while (due := self.found.at + STEP) <= ends:
            self.account.go(due)
            self.found = look(self.work, due)
        self.account.go(ends)

    def truth(self) -> Mapping[str, float]:
        """Each environment's credits: of every run of the warehouse by the seconds of its statements, idle time too."""
        made = dict.fromkeys(self._sessions, 0.0)
        for start, end, used in self.account.truth().runs(COMMON):
            seconds = {one: self._seconds(one, start, end) for one in made}
            for one, share in seconds.items():
                made[one] += used * share / sum(seconds.values()) if share else 0.0
        return made

    def _seconds(self, environment: str, start: datetime, end: datetime) -> float:
        return sum(length for one, began, length in self.ran if one == environment and start <= began < end)

    def _runs(self) -> bool:
        return any(str(row[0]) == COMMON and int(row[7]) for row in self.account.ask("show warehouses"))


def measure(*, quick: bool) -> list[Figure]:
    """Hours of mixed load with a look every five minutes; the figure at once, then with Snowflake's rows."""
    with _shared() as (opened, account):
        load = Load(account, opened.work, ("dev", "staging", "prod"))
        chance = random.Random(7)  # noqa: S311 (a load)
        for _ in range(15 if quick else 40):
            for environment in chance.sample(("dev", "staging"), chance.choice((0, 1, 1, 2))):
                load.run(environment, chance.uniform(2, 90))
            for _ in range(chance.choice((0, 5, 10))):
                load.run("prod", SHORT)
            load.go_on(chance.uniform(30, 400))
        load.go_on(600)
        at_once = load.found
        account.go(account.now() + timedelta(hours=9))
        account.reconnect()
        later = look(opened.work, account.now())
        truth, billed = load.truth(), _billed(account)
        names = (COMMON, control_warehouse(Identifier("SLUICE")).name)
        whole = sum(account.truth().usd(one, later.at.replace(hour=0, minute=0), later.at, 1.0) for one in names)
    used = sum(truth.values())
    off = {said: _off(_shares(found), truth) for said, found in (("at once", at_once), ("later", later))}
    parts = sum(one.credits for one in later.shares_day.values()) + later.unattributed_day.credits
    short = f"{sum(1 for *_, length in load.ran if length == SHORT)} of {len(load.ran)} statements last 50 ms"
    wrong, day = "a shared warehouse: attributed wrongly, once metered", "a day's parts, against all that was used"
    peer, missed = "QUERY_ATTRIBUTION_HISTORY", 100 * (used - sum(billed.values())) / used
    return [
        Figure(wrong, off["later"], "%", peer, _off(billed, truth), note=short),
        Figure("the same before Snowflake's rows", off["at once"], "%", peer, 100.0, note="it is empty for 8 h"),
        Figure("of its cost attributed to nobody", _nobody(_shares(later), used), "%", peer, missed, note="idle time"),
        Figure(day, abs(parts - whole) / CENT, "cents", bar="<= 1"),
        *(
            Figure(f"estimate of {one} before its rows: error", _error(_shares(at_once)[one], truth[one]), "%")
            for one in sorted(truth)
        ),
    ]


@contextmanager
def _shared() -> Iterator[tuple[Any, Account]]:
    """Nothing else has run that day: it is one in the morning, and a warehouse that nobody owns is there."""
    with driven() as (opened, account):
        account.do(f"create warehouse {COMMON} warehouse_size = small auto_suspend = 120 generation = '1'")
        account.do(f"alter warehouse {COMMON} suspend")
        morning = account.now().replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=1)
        account.go(morning)
        account.reconnect()
        yield opened, account


def _billed(account: Account) -> Mapping[str, float]:
    """What Snowflake attributes to each environment's statements, eight hours later."""
    rows = account.ask(
        "select try_parse_json(query_tag):environment::varchar, sum(credits_attributed_compute) "
        f"from snowflake.account_usage.query_attribution_history where warehouse_name = '{COMMON}' group by 1"
    )
    return {str(one): float(used) for one, used in rows}


def _shares(found: Measurement) -> Mapping[str, float]:
    return {one: figure.credits for one, figure in found.shares_day.items()}


def _off(said: Mapping[str, float], truth: Mapping[str, float]) -> float:
    """Credits that are booked on the wrong environment or on none, in percent of all."""
    return 100 * sum(abs(said.get(one, 0.0) - used) for one, used in truth.items()) / sum(truth.values())


def _nobody(said: Mapping[str, float], used: float) -> float:
    return max(0.0, 100 * (used - sum(said.values())) / used)


def _error(said: float, true: float) -> float:
    return 100 * abs(said - true) / true if true else 0.0
