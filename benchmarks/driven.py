"""An account on driven time: statements that last, the clock that lets them, and what was really used."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from snowflake.connector import Error

from benchmarks.shops import Shop, account, open_shop
from snowdome.pytest_plugin import Snowdome
from snowdome.warehouses.metering.segments import Segment, credits  # noqa: A004 (Snowflake's word)

_SECOND = timedelta(seconds=1)


class Truth:
    """What each warehouse really used, from the account's own segments, to the second."""

    def __init__(self, segments: list[Segment]) -> None:
        self._of: dict[str, list[Segment]] = {}
        for one in segments:
            self._of.setdefault(one.name, []).append(one)

    def usd(self, warehouse: str, start: datetime, end: datetime, credit_usd: float) -> float:
        """Dollars between two moments."""
        return credits(self._of.get(warehouse, []), start, end) * credit_usd

    def runs(self, warehouse: str) -> list[tuple[datetime, datetime, float]]:
        """Each time that it ran and ended: from when, until when, credits."""
        last = datetime.max.replace(tzinfo=UTC)
        found = [one for one in self._of[warehouse] if one.ended is not None]
        return [(one.started, one.ended or last, credits([one], one.started, last)) for one in found]

    def reached(self, warehouse: str, start: datetime, end: datetime, quota: float) -> datetime | None:
        """When so many credits were used since the start; None where they were not by the end."""
        if credits(self._of.get(warehouse, []), start, end) < quota:
            return None
        low, high = start, end
        while high - low > _SECOND:
            middle = low + (high - low) / 2
            low, high = (low, middle) if credits(self._of[warehouse], start, middle) >= quota else (middle, high)
        return high

    def last(self, warehouse: str, end: datetime) -> datetime:
        """The last moment until then at which it ran."""
        return max(min(one.ended or end, end) for one in self._of[warehouse] if one.started < end)


class Account:
    """A server, sessions on it, and its clock."""

    def __init__(self, server: Snowdome) -> None:
        self.server = server
        self._open: dict[tuple[str, str], Any] = {}

    def now(self) -> datetime:
        """The account's time."""
        return datetime.fromisoformat(self.server.clock())

    def go(self, moment: datetime) -> None:
        """It is that moment; what fell due on the way has happened."""
        self.server.clock(advance_seconds=(moment - self.now()).total_seconds())

    def reconnect(self) -> None:
        """Sessions are new: one that slept for a night has expired."""
        for one in self._open.values():
            one.close(retry=False)
        self._open.clear()

    def do(self, *statements: str) -> None:
        """Run statements as the administrator, who needs no warehouse for them."""
        for one in statements:
            self._session("SHOP_PROD_WH").cursor().execute(one, _no_retry=True)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a look-up."""
        found: list[tuple[Any, ...]] = self._session("SHOP_PROD_WH").cursor().execute(statement).fetchall()
        return found

    def send(self, warehouse: str) -> bool:
        """A short statement ran in the warehouse, which wakes it; False: it was refused there."""
        try:
            self._session(warehouse).cursor().execute("select count(*) from sluice.control.journal", _no_retry=True)
        except Error:
            return False
        return True

    def run_away(self, warehouses: list[str], *, seconds: int = 3600) -> None:
        """A long statement runs in each of these that does nothing, where it may."""
        idle = {one for one, running in self._running().items() if not running}
        begun = {one for one in warehouses if one in idle and self.send(one)}
        for one in begun:
            self._session(one, "a job").cursor().execute_async(f"call system$wait({seconds})")
        while begun - {one for one, running in self._running().items() if running}:
            time.sleep(0.01)

    def _running(self) -> dict[str, int]:
        """How many statements run in each warehouse."""
        return {str(row[0]): int(row[7]) for row in self.ask("show warehouses")}

    def truth(self) -> Truth:
        """What was used so far."""
        return Truth([Segment.of(one) for one in self.server.control("metering")["segments"]])

    def forget(self) -> None:
        """The statement log is empty."""
        self.server.forget_statements()

    def statements(self) -> list[dict[str, Any]]:
        """What ran since."""
        return self.server.statements()

    def _session(self, warehouse: str, of: str = "people") -> Any:
        """A session of its own for what lasts: a session runs one statement at a time."""
        if (warehouse, of) not in self._open:
            self._open[warehouse, of] = self.server.connect(warehouse=warehouse)
        return self._open[warehouse, of]


@contextmanager
def driven() -> Iterator[tuple[Shop, Account]]:
    """A shop with three environments on an account whose clock stands still until it is moved."""
    with account() as server, tempfile.TemporaryDirectory() as folder:
        opened = open_shop(server.port, Path(folder))
        server.clock(speed=0)
        yield opened, Account(server)


__all__ = ["Account", "Truth", "driven"]
