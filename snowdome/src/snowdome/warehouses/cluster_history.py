"""What clusters do, recorded as segments and events in the change that does it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from snowdome.state.records import Role, User, Warehouse
from snowdome.warehouses import settings as warehouse_settings
from snowdome.warehouses.metering import rates
from snowdome.warehouses.metering.events import Event
from snowdome.warehouses.metering.segments import MINIMUM_SECONDS, Segment

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.catalog import Change
    from snowdome.state.running_queries import Running
    from snowdome.warehouses.metering.ledger import Ledger
    from snowdome.warehouses.resource_monitors import ResourceMonitors

STARTED, COMPLETED = "STARTED", "COMPLETED"
RATES = "credit_factors"
ORDER = {size: position for position, size in enumerate(rates.FIRST_GENERATION)}


class History:
    """The account's ledger, as the fleet writes it."""

    def __init__(self, account: Account, ledger: Ledger, watch: ResourceMonitors) -> None:
        self._account, self._ledger, self._monitors = account, ledger, watch
        self._factors: dict[str, float] = dict(rates.ASSUMED) | json.loads(account.catalog.fact(RATES) or "{}")

    # -- prices ---------------------------------------------------------------------------------------------------
    @property
    def factors(self) -> dict[str, float]:
        """What each kind of machines costs, as a multiple of generation 1."""
        return dict(self._factors)

    def price(self, factors: Mapping[rates.Kind, float]) -> None:
        """Segments that begin from now on cost that much."""
        merged = self._factors | {str(kind): factor for kind, factor in factors.items()}
        with self._account.catalog.change() as change:
            change.fact(RATES, json.dumps(merged))
        self._factors = merged

    # -- segments -------------------------------------------------------------------------------------------------
    def began(
        self,
        change: Change,
        warehouse: Warehouse,
        cluster: int,
        at: datetime,
        *,
        base: str | None = None,
        minimum: float = MINIMUM_SECONDS,
    ) -> Segment:
        """The cluster runs at the warehouse's size from now on, of which `base` ran already."""
        settings = warehouse_settings.effective(warehouse.settings)
        kind = rates.kind_of(settings)
        size = settings.get("WAREHOUSE_SIZE") or settings["MAX_QUERY_PERFORMANCE_LEVEL"]
        segment = self._ledger.begin(
            change, warehouse=warehouse.id, name=warehouse.name, cluster=cluster, size=size, base=base,
            generation=settings.get("GENERATION") or kind, at=at, factor=self._factors[kind], minimum=minimum,
        )  # fmt: skip
        self._monitors.began(change, segment)
        return segment

    def spent(self, change: Change, warehouse: Warehouse, start: datetime, at: datetime) -> None:
        """The warehouse ran from `start` until now."""
        self._end(change, self.began(change, warehouse, 1, start, minimum=0), at)

    def ended(self, change: Change, warehouse: int, cluster: int, at: datetime) -> None:
        """The cluster does not run any more."""
        for segment in self._of(warehouse, cluster):
            self._end(change, segment, at)

    def resized(self, change: Change, warehouse: Warehouse, cluster: int, at: datetime) -> None:
        """The cluster runs at the warehouse's size: what is added has a minimum of its own, what is removed ends."""
        settings = warehouse_settings.effective(warehouse.settings)
        kind = settings.get("GENERATION") or rates.kind_of(settings)
        wanted = settings["WAREHOUSE_SIZE"]
        layers = self._of(warehouse.id, cluster)
        if any(segment.generation != kind for segment in layers):
            self.ended(change, warehouse.id, cluster, at)
            self.began(change, warehouse, cluster, at)
            return
        while layers and ORDER[layers[-1].size] > ORDER[wanted]:
            top = layers.pop()
            self._end(change, top, at)
            if top.base is None or ORDER[top.base] < ORDER[wanted]:
                layers.append(self.began(change, warehouse, cluster, at, base=top.base, minimum=0))
        if layers and ORDER[layers[-1].size] < ORDER[wanted]:
            self.began(change, warehouse, cluster, at, base=layers[-1].size)

    def _of(self, warehouse: int, cluster: int) -> list[Segment]:
        found = [one for one in self._ledger.running(warehouse) if one.cluster == cluster]
        return sorted(found, key=lambda one: ORDER[one.size])

    def _end(self, change: Change, segment: Segment, at: datetime) -> None:
        self._monitors.count(change, self._ledger.end(change, segment, at))

    # -- events ---------------------------------------------------------------------------------------------------
    def note(
        self,
        change: Change,
        warehouse: Warehouse,
        name: str,
        at: datetime,
        by: Running | None = None,
        *,
        reason: str | None = None,
        cluster: int | None = None,
        state: str = STARTED,
    ) -> None:
        """The event is on record, with who caused it."""
        event = Event(
            at=at, warehouse_id=warehouse.id, warehouse_name=warehouse.name, name=name, cluster=cluster, reason=reason,
            state=state, **self._by(by),
        )  # fmt: skip
        self._ledger.happened(change, event)

    def consistent(self, change: Change, warehouse: Warehouse, clusters: int, at: datetime) -> None:
        """All that was begun on the warehouse is done: WAREHOUSE_CONSISTENT, with what it is now."""
        settings = warehouse_settings.effective(warehouse.settings)
        event = Event(
            at=at, warehouse_id=warehouse.id, warehouse_name=warehouse.name, name="WAREHOUSE_CONSISTENT",
            size=settings.get("WAREHOUSE_SIZE"), cluster_count=clusters, warehouse_type=settings["WAREHOUSE_TYPE"],
            resource_constraint=settings.get("RESOURCE_CONSTRAINT"),
        )  # fmt: skip
        self._ledger.happened(change, event)

    def _by(self, by: Running | None) -> dict[str, Any]:
        if by is None:
            return {}
        user, role = self._account.catalog.peek(by.session.user), self._account.catalog.peek(by.session.role)
        return {
            "user": user.name if isinstance(user, User) else None,
            "role": role.name if isinstance(role, Role) else None,
            "query_id": by.query_id,
        }
