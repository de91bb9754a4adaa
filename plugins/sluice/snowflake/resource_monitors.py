"""Resource monitors: quota, triggers, and the warehouses of each.

A monitor has no comment for a marker: its owner follows from its warehouses.
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
    """Every resource monitor that the role may see, and the one of each warehouse."""

    shown: Mapping[Identifier, Row] = field(default_factory=dict)
    by_warehouse: Mapping[Identifier, Identifier] = field(default_factory=dict)
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
            attached=self.by_warehouse.get(spec.warehouse.name) == name,
            notify_percents=_percents(row, "notify_at"),
            suspend_percent=min((*immediately, *after), default=None),
            elsewhere=tuple(warehouse for warehouse in self.attached(name) if warehouse != spec.warehouse.name),
        )

    def attached(self, monitor: Identifier) -> tuple[Identifier, ...]:
        """Return the warehouses of a monitor."""
        return tuple(sorted(warehouse for warehouse, by in self.by_warehouse.items() if by == monitor))

    def foreign(self, spec: EnvironmentSpec) -> Identifier | None:
        """Return the monitor of the environment's warehouse where that is not the environment's own."""
        monitor = self.by_warehouse.get(spec.warehouse.name)
        return monitor if monitor != monitor_name(spec) else None


def observe(session: Session, shown: Iterable[WarehouseRow]) -> Monitors:
    """Return all monitors, in one look-up, and what they guard by the rows of SHOW WAREHOUSES."""
    guards = {row.name: row.resource_monitor for row in shown if row.resource_monitor is not None}
    return Monitors({row_parsing.name(row): row for row in session.run(show.all_monitors())}, guards)


def created_by_sluice(events: Iterable[Event], monitor: Identifier) -> bool:
    """Whether one of these provisioning reports shows that sluice created or altered the monitor."""
    prefixes = (f"create resource monitor {monitor} ", f"alter resource monitor {monitor} ")
    return any(str(step).startswith(prefixes) for event in events for step in _steps(event))


def _steps(event: Event) -> Iterable[object]:
    steps = event.payload.get("steps")
    return steps if isinstance(steps, list) else ()


def _percents(row: Row, column: str) -> tuple[int, ...]:
    return tuple(sorted(int(percent) for percent in re.findall(r"\d+", row_parsing.text(row, column) or "")))
