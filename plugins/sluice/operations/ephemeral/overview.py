"""Environments that come and go, with idle time and cost so far; and what journal and account disagree on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sluice.domain.budgets.cost_accounting import midnight
from sluice.domain.budgets.spend import Figure
from sluice.domain.ephemeral.ephemeral_state import EphemeralEnvironment, State
from sluice.operations.budgets.metering import measure
from sluice.operations.ephemeral.lifecycle import quarantined_name
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import meter, observe, usage


@dataclass(frozen=True, slots=True)
class Overview:
    """One environment as people want to see it."""

    life: EphemeralEnvironment
    last_used: datetime | None
    """None: no use is known."""
    usage_seen: datetime | None
    """Up to when use is known at all."""
    cost: Figure
    """Since it was made."""
    usd_per_hour: float
    """What runs in it now."""

    def idle(self, now: datetime) -> timedelta | None:
        """Return how long it was not used, as far as use is known; None: nothing is known of use."""
        return None if self.usage_seen is None else now - max(self.last_used or self.life.created, self.life.created)


@in_one_session
def overview(work: Workspace, now: datetime) -> list[Overview]:
    """Return every environment that comes and goes, in a constant number of look-ups; nothing is recorded."""
    with work.account() as account:
        every = account.ephemeral()
        lives = [life for life in every.values() if life.state is not State.REQUESTED]
        if not lives:
            return [_unknown(life) for life in every.values()]
        measured = measure(work, now, record=False)
        session, used = account.computing(), account.seen(usage.observe)
        days = meter.metered_days(session, midnight(min(life.created for life in lives)), midnight(now))
    price = float(work.prices.credit_usd)
    earlier: dict[str, float] = {}
    for one in days:
        earlier[one.warehouse.name] = earlier.get(one.warehouse.name, 0.0) + one.compute
    made = []
    for life in every.values():
        spend = measured.spends.get(life.name)
        credits_before = earlier.get(life.spec.warehouse.name.name, 0.0)
        today = spend.day if spend is not None else Figure()
        made.append(
            Overview(
                life=life,
                last_used=used.last.get(life.spec.database.name.name),
                usage_seen=used.seen,
                cost=Figure(credits_before * price, credits_before) + today,
                usd_per_hour=spend.usd_per_hour if spend is not None else 0.0,
            )
        )
    return made


def disagreements(work: Workspace) -> list[str]:
    """Return what only the journal knows, and what only the account knows, each by name."""
    with work.account() as account:
        account.computing()  # where nothing was ever provisioned there is nothing to compare
        lives, databases = account.ephemeral(), account.seen(observe.databases)
    marked = {database.name.name: database.marker for database in databases if database.marker is not None}
    known = {spec.database.name.name for spec in work.environments.values()}
    made = []
    for life in lives.values():
        names = {life.spec.database.name.name, quarantined_name(life).name}
        known |= names | {f"{life.spec.database.name}__F"}
        if life.state in {State.READY, State.NOTICED, State.QUARANTINED} and not names & marked.keys():
            made.append(f"{life.name}: the journal knows it as {life.state}, its database is not there")
        if life.state is State.REQUESTED:
            made.append(f"{life.name}: asked for at {life.created:%Y-%m-%d %H:%M} UTC and not whole yet")
        if life.state is State.DROPPED and names & marked.keys():
            made.append(f"{life.name}: the journal says it was dropped, its database is there")
    beside = ("__R_", "__C_")
    for name, marker in sorted(marked.items()):
        ours = marker is not None and marker.environment != "control"
        if ours and name not in known and not any(part in name for part in beside):
            whose = marker.environment if marker else ""
            made.append(f"{name}: bears our marker of {whose}, the journal does not know it")
    return made


def _unknown(life: EphemeralEnvironment) -> Overview:
    return Overview(life, None, None, Figure(), 0.0)
