"""Warehouses as SHOW WAREHOUSES tells of them: each row is read here, once, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sluice.domain.budgets.spend import WarehouseSample
from sluice.domain.names import Identifier, Marker
from sluice.domain.provisioning.resources import Warehouse
from sluice.domain.sizes import Size
from sluice.errors import StopError
from sluice.snowflake import row_parsing, show
from sluice.snowflake.connect import Row, Session


@dataclass(frozen=True, slots=True)
class WarehouseRow:
    """One row of SHOW WAREHOUSES: settings, state, whose marker it bears, and what guards it."""

    name: Identifier
    marker: Marker | None
    state: str
    shown_size: str | None
    """As Snowflake spells it; None: it has none, as adaptive warehouses."""
    adaptive: bool
    generation: str
    clusters: int
    """Running now."""
    min_cluster_count: int
    max_cluster_count: int
    scaling_policy: str
    auto_suspend: int
    auto_resume: bool
    query_acceleration: bool
    running: int
    """Statements; so is `queued`."""
    queued: int
    resource_monitor: Identifier | None
    resumed_on: datetime | None
    updated_on: datetime | None

    @property
    def environment(self) -> str | None:
        """The environment of its marker; None: it does not say that it is ours."""
        return self.marker.environment if self.marker is not None else None

    @property
    def size(self) -> Size:
        """The size, read only where it matters: what others give their warehouses hinders nobody.

        Raises:
            StopError: it is adaptive and has none, or it is one that is not known here.
        """
        try:
            return Size.read(self.shown_size or "")
        except ValueError:
            raise StopError(
                "the warehouse has no size that is known here",
                where=f"warehouse {self.name}",
                value="adaptive" if self.adaptive else self.shown_size,
                good=", ".join(Size),
                untouched="everything",
            ) from None

    @property
    def metered(self) -> bool:
        """Whether its size and its state are what it is billed by; an adaptive one is billed by the statement."""
        return self.shown_size is not None and not self.adaptive

    def sample(self, environment: str | None = None) -> WarehouseSample | None:
        """Return what metering needs of it; None where it is not metered."""
        if not self.metered:
            return None
        return WarehouseSample(
            name=self.name,
            environment=environment,
            state=self.state,
            size=self.size,
            generation=self.generation,
            clusters=self.clusters,
            min_cluster_count=self.min_cluster_count,
            max_cluster_count=self.max_cluster_count,
            auto_suspend=self.auto_suspend,
            auto_resume=self.auto_resume,
            resumed_on=self.resumed_on,
            running=self.running,
            queued=self.queued,
            scaling_policy=self.scaling_policy,
            updated_on=self.updated_on,
        )


def show_all(session: Session) -> list[WarehouseRow]:
    """Return every warehouse that the role may see; one statement, no warehouse needed."""
    return [_parse(row) for row in session.run(show.all_warehouses())]


def find(session: Session, name: Identifier) -> WarehouseRow | None:
    """Return the warehouse of exactly this name; LIKE would take an underscore for any letter."""
    return next((row for row in map(_parse, session.run(show.warehouses(name))) if row.name == name), None)


def settings(session: Session, name: Identifier) -> Warehouse | None:
    """Return a warehouse with all the settings that a spec decides, in two statements; None where it is not there."""
    row = find(session, name)
    return None if row is None else settings_of(session, row)


def settings_of(session: Session, row: WarehouseRow) -> Warehouse:
    """Return the row with the settings that SHOW WAREHOUSES leaves out, in one statement."""
    parameters = {str(each["key"]).upper(): each for each in session.run(show.warehouse_parameters(row.name))}
    return Warehouse(
        name=row.name,
        environment=row.environment,
        size=row.size,
        generation=row.generation,
        auto_suspend=row.auto_suspend,
        auto_resume=row.auto_resume,
        min_cluster_count=row.min_cluster_count,
        max_cluster_count=row.max_cluster_count,
        scaling_policy=row.scaling_policy,
        query_acceleration=row.query_acceleration,
        concurrent_queries=_parameter(parameters, "MAX_CONCURRENCY_LEVEL"),
        queue_timeout=_parameter(parameters, "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS"),
        statement_timeout=_parameter(parameters, "STATEMENT_TIMEOUT_IN_SECONDS"),
    )


def _parse(row: Row) -> WarehouseRow:
    monitored = row_parsing.text(row, "resource_monitor") is not None
    return WarehouseRow(
        name=row_parsing.name(row),
        marker=Marker.parse(row_parsing.text(row, "comment")),
        state=str(row["state"]).upper(),
        shown_size=row_parsing.text(row, "size"),
        adaptive=str(row.get("type") or "").upper() == "ADAPTIVE",
        generation=row_parsing.text(row, "generation") or "1",
        clusters=row_parsing.number(row, "started_clusters"),
        min_cluster_count=row_parsing.number(row, "min_cluster_count", 1),
        max_cluster_count=row_parsing.number(row, "max_cluster_count", 1),
        scaling_policy=str(row.get("scaling_policy") or "STANDARD").upper(),
        auto_suspend=row_parsing.number(row, "auto_suspend"),
        auto_resume=row_parsing.truth(row, "auto_resume"),
        query_acceleration=row_parsing.truth(row, "enable_query_acceleration"),
        running=row_parsing.number(row, "running"),
        queued=row_parsing.number(row, "queued"),
        resource_monitor=row_parsing.named(row, "resource_monitor") if monitored else None,
        resumed_on=_utc(row.get("resumed_on")),
        updated_on=_utc(row.get("updated_on")),
    )


def _parameter(parameters: dict[str, Row], key: str) -> int:
    return row_parsing.number(parameters[key], "value") if key in parameters else 0


def _utc(moment: object) -> datetime | None:
    if not isinstance(moment, datetime):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
