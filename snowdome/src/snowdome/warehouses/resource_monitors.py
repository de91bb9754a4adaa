"""Resource monitors at work: count credits, notify, suspend warehouses, and keep them from resuming."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from snowdome.errors import SqlError
from snowdome.state import limits
from snowdome.state.records import Monitor, Warehouse
from snowdome.warehouses.metering.meters import Meter, Meters, Notice, Trigger, ends
from snowdome.warehouses.metering.segments import Segment, credit
from snowdome.warehouses.metering.tally import Tally

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.catalog import Change
    from snowdome.state.running_queries import Running
    from snowdome.warehouses.metering.ledger import Ledger

BY_MONITOR = "RESOURCE_MONITOR_SUSPEND"
TRIGGERS = "TRIGGERS"
NOTIFY, SUSPEND, SUSPEND_IMMEDIATE = "NOTIFY", "SUSPEND", "SUSPEND_IMMEDIATE"
"""What a trigger does."""
INSTANT = timedelta(microseconds=1)
SOON = timedelta(milliseconds=1)
CLOSE = 1e-9
END = Trigger(0, "END_TIMESTAMP")
"""What has fired once a monitor's END_TIMESTAMP has stopped its warehouses."""


class WarehouseStopper(Protocol):
    """What stops warehouses."""

    def suspend(self, warehouse: Warehouse, at: datetime, reason: str, by: Running | None = None) -> Warehouse:
        """The warehouse is suspended."""

    def abort(self, warehouse: Warehouse) -> list[Running]:
        """What runs or waits on the warehouse is cancelled; those statements."""


class ResourceMonitors:
    """All resource monitors of the account. Every method is called with the catalog's lock held."""

    clusters: WarehouseStopper

    def __init__(self, account: Account, ledger: Ledger) -> None:
        self._account, self._ledger = account, ledger
        self.meters = Meters(account.store)
        self._assigned: defaultdict[int, set[int]] = defaultdict(set)
        self._tallies: dict[int, Tally] = {}

    def restore(self) -> None:
        """Each monitor watches."""
        for warehouse in self._account.catalog.all(Warehouse):
            self.assigned(warehouse)
        for monitor in self._account.catalog.all(Monitor):
            self.check(monitor, self._account.clock.now())

    # -- who watches whom -------------------------------------------------------------------------------------------
    def whole(self) -> Monitor | None:
        """The account's monitor."""
        name = limits.of_account(self._account, "RESOURCE_MONITOR")
        return self._account.catalog.find(Monitor, str(name)) if name is not None else None

    def watched(self, monitor: Monitor) -> list[Warehouse]:
        """The warehouses that the monitor counts and stops."""
        whole = self.whole()
        if whole is not None and whole.id == monitor.id:
            return self._account.catalog.all(Warehouse)
        found = (self._account.catalog.peek(one) for one in sorted(self._assigned[monitor.id]))
        return [one for one in found if isinstance(one, Warehouse) and one.monitor == monitor.id]

    def assigned(self, warehouse: Warehouse) -> None:
        """The monitor of that warehouse's record knows that it watches it."""
        if warehouse.monitor is not None:
            self._assigned[warehouse.monitor].add(warehouse.id)
            self._tallies.pop(warehouse.monitor, None)

    def _watching(self, warehouse: int) -> list[tuple[Monitor, datetime]]:
        """The monitors of that warehouse, and since when each watches it."""
        found: list[tuple[Monitor, datetime]] = []
        record = self._account.catalog.peek(warehouse)
        own = self._account.catalog.peek(record.monitor) if isinstance(record, Warehouse) and record.monitor else None
        if isinstance(own, Monitor) and isinstance(record, Warehouse):
            found.append((own, record.watched_since or record.created_on))
        whole = self.whole()
        if whole is not None and all(one.id != whole.id for one, _ in found):
            found.append((whole, whole.whole_since or whole.created_on))
        return found

    # -- counting ---------------------------------------------------------------------------------------------------
    def used(self, monitor: Monitor, now: datetime) -> float:
        """Credits used in the present interval: compute alone, cloud services are not counted here."""
        meter = self.meters.of(monitor.id, monitor.settings, now)
        return meter.used + self._tally(monitor, meter, now).used(now)

    def _tally(self, monitor: Monitor, meter: Meter, now: datetime) -> Tally:
        """What its warehouses' running segments come to; made anew for a new interval, and where time went back."""
        found = self._tallies.get(monitor.id)
        if found is None or found.begin != meter.since or found.latest > now:
            found = self._tallies[monitor.id] = Tally(meter.since, now, self._open(monitor, meter.since))
        return found

    def began(self, change: Change, segment: Segment) -> None:
        """The monitors of the segment's warehouse count it."""
        for monitor, since in self._watching(segment.warehouse_id):
            tally = self._tallies.get(monitor.id)
            if tally is not None:
                tally.add(segment, max(tally.begin, since))
        change.undone(self._tallies.clear)

    def _open(self, monitor: Monitor, begin: datetime) -> list[tuple[Segment, datetime]]:
        """Segments that run on, and from when on the monitor counts them."""
        found = []
        for warehouse in self.watched(monitor):
            since = next(since for one, since in self._watching(warehouse.id) if one.id == monitor.id)
            found += [(segment, max(begin, since)) for segment in self._ledger.running(warehouse.id)]
        return found

    def count(self, change: Change, segment: Segment) -> None:
        """The segment that is over has been counted by the monitors of its warehouse."""
        for monitor, since in self._watching(segment.warehouse_id):
            self._add(change, monitor, segment, since, segment.ended or segment.started)
            tally = self._tallies.get(monitor.id)
            if tally is not None:
                tally.remove(segment)
        change.undone(self._tallies.clear)

    def _add(self, change: Change, monitor: Monitor, segment: Segment, since: datetime, at: datetime) -> None:
        meter = self.meters.of(monitor.id, monitor.settings, at)
        more = credit(segment, max(meter.since, since), at + INSTANT)
        self.meters.put(change, replace(meter, used=meter.used + more))

    def let_go(self, change: Change, monitor: Monitor, warehouses: list[Warehouse], at: datetime) -> None:
        """What the warehouses used until now stays counted, though the monitor does not watch them any more."""
        ids = {one.id for one in warehouses}
        meter = self.meters.of(monitor.id, monitor.settings, at)
        for segment, since in self._open(monitor, meter.since):
            if segment.warehouse_id in ids:
                self._add(change, monitor, segment, since, at)
        self._tallies.pop(monitor.id, None)

    def exchange(self, change: Change, old: Monitor | None, new: Monitor | None, at: datetime) -> None:
        """The account's monitor is another from now on."""
        if old is not None:
            self.let_go(change, old, self.watched(old), at)
        if new is not None:
            change.put(replace(new, whole_since=at))
            self._tallies.pop(new.id, None)

    def rebase(self, change: Change, old: Monitor, new: Monitor, at: datetime) -> None:
        """What was used until now counts in the interval of the new settings (user-guide/resource-monitors)."""
        used, meter = self.used(old, at), self.meters.of(old.id, old.settings, at)
        begin = self.meters.of(new.id, new.settings, at).since
        still = sum(credit(segment, since, at + INSTANT) for segment, since in self._open(old, begin))
        self.meters.put(change, replace(meter, since=begin, used=used - still))
        self._tallies.pop(new.id, None)

    def forget(self, change: Change, monitor: Monitor) -> None:
        """The monitor counts nothing any more."""
        self.meters.forget(change, monitor.id)
        self._tallies.pop(monitor.id, None)
        self._account.timers.forget(("monitor", monitor.id))
        self._assigned.pop(monitor.id, None)

    # -- stopping ---------------------------------------------------------------------------------------------------
    def refusal(self, warehouse: Warehouse, at: datetime) -> SqlError | None:
        """090073 where a monitor keeps the warehouse from resuming."""
        for monitor, _ in self._watching(warehouse.id):
            if self.stops(monitor, at):
                return SqlError(
                    90073,
                    "22000",
                    f"Warehouse '{warehouse.name}' cannot be resumed because resource monitor '{monitor.name}' has "
                    "exceeded its quota.",
                )
        return None

    def stops(self, monitor: Monitor, at: datetime) -> bool:
        """Whether its warehouses may not run: a threshold to suspend is reached, or its end (assumed: for good)."""
        if _over(monitor, at):
            return True
        triggers = [one for one in _triggers(monitor) if one.action != NOTIFY]
        return bool(triggers) and any(self._reached(monitor, one, self.used(monitor, at)) for one in triggers)

    def _reached(self, monitor: Monitor, trigger: Trigger, used: float) -> bool:
        quota = monitor.settings.get("CREDIT_QUOTA")
        return quota is not None and used >= quota * trigger.percent / 100 - CLOSE

    # -- acting -----------------------------------------------------------------------------------------------------
    def changed(self, warehouse: Warehouse, at: datetime) -> None:
        """The warehouse uses more or less from now on: its monitors know when to look next."""
        for monitor, _ in self._watching(warehouse.id):
            self._plan(monitor, at)

    def altered(self, monitor: Monitor, at: datetime, *, anew: bool) -> None:
        """Settings changed: triggers that are not reached any more can fire again; with new triggers, all can."""
        meter = self.meters.of(monitor.id, monitor.settings, at)
        used = self.used(monitor, at)
        fired = frozenset() if anew else frozenset(one for one in meter.fired if self._reached(monitor, one, used))
        with self._account.catalog.change() as change:
            self.meters.put(change, replace(meter, fired=fired))
        self.check(monitor, at)

    def check(self, monitor: Monitor, at: datetime) -> None:
        """Triggers that are reached have fired, once in an interval each."""
        current = self._account.catalog.peek(monitor.id)
        if not isinstance(current, Monitor) or at < datetime.fromisoformat(current.settings["START_TIMESTAMP"]):
            self._plan(monitor, at)
            return
        meter = self.meters.of(current.id, current.settings, at)
        used = self.used(current, at)
        if _over(current, at):
            due = [] if END in meter.fired else [END]
        else:
            reached = [one for one in _triggers(current) if self._reached(current, one, used)]
            due = sorted(set(reached) - meter.fired, key=lambda one: (one.percent, one.action))
        if self.watched(current):
            for trigger in due:
                self._fire(current, meter, trigger, used, at)
                meter = self.meters.of(current.id, current.settings, at)
        self._enforce(current, at)
        self._plan(current, at)

    def _enforce(self, monitor: Monitor, at: datetime) -> None:
        """While the monitor stops its warehouses none runs: one assigned to it later sleeps too."""
        running = [one for one in self.watched(monitor) if one.state == "STARTED"]
        if running and self.stops(monitor, at):
            for warehouse in running:
                self.clusters.suspend(warehouse, at, BY_MONITOR)

    def _fire(self, monitor: Monitor, meter: Meter, trigger: Trigger, used: float, at: datetime) -> None:
        action = SUSPEND_IMMEDIATE if trigger == END else trigger.action
        quota = monitor.settings.get("CREDIT_QUOTA")
        percent = trigger.percent if trigger != END else round(100 * used / quota) if quota else 0
        notice = Notice(
            at=at,
            monitor=monitor.id,
            name=monitor.name,
            action=action,
            message=(
                f"Resource Monitor {monitor.name} has reached {percent}% of its {monitor.settings['FREQUENCY']} quota "
                f"of {0 if quota is None else quota} credits which has triggered a {action} action."
            ),
            users=tuple(monitor.settings.get("NOTIFY_USERS", ())),
        )
        with self._account.catalog.change() as change:
            self.meters.put(change, replace(meter, fired=meter.fired | {trigger}))
            self.meters.notify(change, notice)
        if action == NOTIFY:
            return
        for warehouse in self.watched(monitor):
            found = self._account.catalog.get(Warehouse, warehouse.id)
            if action == SUSPEND_IMMEDIATE:
                self.clusters.abort(found)
            if found.state == "STARTED":
                self.clusters.suspend(found, at, BY_MONITOR)

    # -- when to look -----------------------------------------------------------------------------------------------
    def _plan(self, monitor: Monitor, at: datetime) -> None:
        """The agenda has when the monitor must look next: at a threshold, at its interval's end, at its own end."""
        key = ("monitor", monitor.id)
        current = self._account.catalog.peek(monitor.id)
        moments = self._moments(current, at) if isinstance(current, Monitor) else []
        if moments and isinstance(current, Monitor):
            self._account.timers.at(max(min(moments), at + SOON), key, lambda then: self._look(monitor.id, then))
        else:
            self._account.timers.forget(key)

    def _moments(self, monitor: Monitor, at: datetime) -> list[datetime]:
        meter = self.meters.of(monitor.id, monitor.settings, at)
        moments = []
        end = monitor.settings.get("END_TIMESTAMP")
        if end is not None and END not in meter.fired:
            moments.append(datetime.fromisoformat(end))
        running = self._tally(monitor, meter, at)
        start = datetime.fromisoformat(monitor.settings["START_TIMESTAMP"])
        if running and at < start:
            return [*moments, start]
        reset = ends(monitor.settings, at)
        if reset is not None and running:
            moments.append(reset)
        quota = monitor.settings.get("CREDIT_QUOTA")
        waiting = [one.percent for one in _triggers(monitor) if one not in meter.fired]
        if quota is not None and waiting and running:
            missing = quota * min(waiting) / 100 - self.used(monitor, at)
            moment = running.reaches(at, missing)
            moments += [_whole(moment)] if moment is not None else []
        return moments

    def _look(self, monitor: int, at: datetime) -> None:
        with self._account.catalog.lock:
            found = self._account.catalog.peek(monitor)
            if isinstance(found, Monitor):
                self.check(found, at)


def _whole(moment: datetime) -> datetime:
    """The moment, up to the next millisecond: what is reached a hair before it counts as reached then."""
    return moment + timedelta(microseconds=-moment.microsecond % 1000)


def _triggers(monitor: Monitor) -> list[Trigger]:
    return [Trigger(percent, action) for percent, action in monitor.settings.get(TRIGGERS, ())]


def _over(monitor: Monitor, at: datetime) -> bool:
    end = monitor.settings.get("END_TIMESTAMP")
    return end is not None and at >= datetime.fromisoformat(end)
