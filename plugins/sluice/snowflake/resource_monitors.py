"""Resource monitors as they are: what each allows, when it stops, and which warehouses it guards.

A monitor has no comment that a marker could be in: whose it is follows from the warehouses that it guards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sluice.domain.journal.events import Event
from sluice.domain.names import Identifier
from sluice.domain.provisioning.desired_state import monitor_name
from sluice.domain.provisioning.resources import Monitor
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.snowflake import row_parsing, show
from sluice.snowflake.connect import Row, Session
from sluice.snowflake.warehouses import WarehouseRow


@dataclass(frozen=True, slots=True)
class Monitors:
    """Every resource monitor that the role may see, and what guards each warehouse."""

    shown: Mapping[Identifier, Row] = field(default_factory=dict)
    guards: Mapping[Identifier, Identifier] = field(default_factory=dict)
    """The monitor of each warehouse that has one."""

    def of(self, spec: EnvironmentSpec) -> Monitor | None:
        """Return the monitor of an environment's name; None: there is none, or the role may not see it."""
        name = monitor_name(spec)
        row = self.shown.get(name)
        if row is None:
            return None
        immediately, after = _percents(row, "suspend_immediately_at"), _percents(row, "suspend_at")
        return Monitor(
            name=name,
            credits_a_day=row_parsing.number(row, "credit_quota"),
            attached=self.guards.get(spec.warehouse.name) == name,
            notify_percents=_percents(row, "notify_at"),
            suspend_percent=min((*immediately, *after), default=None),
            elsewhere=tuple(one for one in self.attached(name) if one != spec.warehouse.name),
        )

    def attached(self, monitor: Identifier) -> tuple[Identifier, ...]:
        """Return the warehouses that a monitor guards."""
        return tuple(sorted(warehouse for warehouse, by in self.guards.items() if by == monitor))

    def foreign(self, spec: EnvironmentSpec) -> Identifier | None:
        """Return the monitor of the environment's warehouse where that is not the environment's own."""
        found = self.guards.get(spec.warehouse.name)
        return found if found != monitor_name(spec) else None


def observe(session: Session, shown: Iterable[WarehouseRow]) -> Monitors:
    """Return all monitors, in one look-up, and what they guard by the rows of SHOW WAREHOUSES."""
    guards = {row.name: row.resource_monitor for row in shown if row.resource_monitor is not None}
    return Monitors({row_parsing.name(row): row for row in session.run(show.all_monitors())}, guards)


def made(events: Iterable[Event], monitor: Identifier) -> bool:
    """Whether one of these reports of provisioning says that it made the monitor, or finished making it."""
    said = (f"create resource monitor {monitor} ", f"alter resource monitor {monitor} ")
    return any(str(step).startswith(said) for event in events for step in _steps(event))


def _steps(event: Event) -> Iterable[object]:
    steps = event.payload.get("steps")
    return steps if isinstance(steps, list) else ()


def _percents(row: Row, column: str) -> tuple[int, ...]:
    return tuple(sorted(int(one) for one in re.findall(r"\d+", row_parsing.text(row, column) or "")))
