"""What one file in include/environments may say, and a folder of them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from sluice.domain.blocks import (
    AccessBlock,
    BaseBlock,
    Block,
    BudgetBlock,
    ConnectionId,
    DatabaseBlock,
    DbtBlock,
    EnvironmentName,
    Kind,
    LifetimeBlock,
    LimitsBlock,
    MonitoringBlock,
    Name,
    Procedure,
    PromotionBlock,
    SessionBlock,
    WarehouseBlock,
)
from sluice.domain.hours import HoursBlock, WarehouseScheduleBlock
from sluice.domain.names import Identifier
from sluice.domain.reading import read_model
from sluice.errors import SpecError

_LONGEST_LIVE = 225
_LONGEST_TAG = 256


class EnvironmentSpec(Block):
    """One environment, as one file says it: database, compute, budget, access and lifetime as one thing."""

    name: EnvironmentName
    kind: Kind
    description: str = ""
    connection: ConnectionId
    admin_connection: ConnectionId = "snowflake_admin"
    upstream: EnvironmentName | None = None
    control_database: Name = Identifier("SLUICE")
    monitor_procedure: Procedure | None = None
    """An ACCOUNTADMIN's procedure that makes and attaches the resource monitor, where the admin connection may not."""
    base: BaseBlock | None = None
    lifetime: LifetimeBlock | None = None
    database: DatabaseBlock
    sources: tuple[Name, ...] = ()
    warehouse: WarehouseBlock
    limits: LimitsBlock = LimitsBlock()
    hours: HoursBlock | None = None
    """When it is open; none: always."""
    warehouse_schedule: WarehouseScheduleBlock | None = None
    """Its clusters by the time of the day; none: those of `warehouse`."""
    budget: BudgetBlock
    access: AccessBlock
    monitoring: MonitoringBlock
    tags: dict[str, str] = Field(default_factory=dict)
    dbt: DbtBlock
    session: SessionBlock = SessionBlock()
    promotion: PromotionBlock = PromotionBlock()

    @model_validator(mode="after")
    def _promotable_is_permanent(self) -> Self:
        if self.database.transient and self.promotion.strategy == "blue_green":
            raise ValueError(
                "a database that is swapped is never transient, or live would lose its fail-safe: "
                "say database.transient: false"
            )
        if self.promotion.strategy == "blue_green" and len(self.database.name.name) > _LONGEST_LIVE:
            raise ValueError(f"database.name leaves no room for candidates: at most {_LONGEST_LIVE} characters")
        return self

    @model_validator(mode="after")
    def _comes_and_goes(self) -> Self:
        if self.kind.standing and (self.base is not None or self.lifetime is not None):
            field = "base" if self.base is not None else "lifetime"
            raise ValueError(f"{field}: a {self.kind} environment stands for good: leave it out")
        if not self.kind.standing and self.lifetime is None:
            raise ValueError(
                f"a {self.kind} environment comes and goes: make it from a template (include/environments/templates), "
                "not from a file of its own"
            )
        return self

    @model_validator(mode="after")
    def _production_never_closes(self) -> Self:
        if self.kind is Kind.PRODUCTION and self.hours is not None:
            raise ValueError(
                "hours: production is watched, never stopped: say warehouse_schedule for fewer clusters at night"
            )
        return self

    @model_validator(mode="after")
    def _names_apart(self) -> Self:
        if self.database.name in (self.control_database, *self.sources):
            raise ValueError(f"database.name {self.database.name} is also a source or the control database")
        for key, value in self.tags.items():
            Identifier.parse(key, f"tags.{key}")
            if len(value) > _LONGEST_TAG:
                raise ValueError(f"tags.{key}: a tag's value has at most {_LONGEST_TAG} characters")
        return self


def load_environments(folder: Path) -> dict[str, EnvironmentSpec]:
    """Return every spec of a folder by environment name, upstreams first, or refuse the folder."""
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    if not files:
        raise SpecError("no environment is specified", where=str(folder), good=f"{folder}/development.yml")
    found: dict[str, EnvironmentSpec] = {}
    origin: dict[str, Path] = {}
    for path in files:
        spec = read_model(path, EnvironmentSpec)
        if spec.name in found:
            raise _refuse(path, "name", f"{origin[spec.name].name} has this name already", spec.name, "another name")
        _apart(spec, found, path)
        found[spec.name], origin[spec.name] = spec, path
    return {name: found[name] for name in _upstream_first(found, origin)}


def _apart(spec: EnvironmentSpec, others: Mapping[str, EnvironmentSpec], path: Path) -> None:
    for other in others.values():
        for field, mine, theirs in (
            ("database.name", spec.database.name, other.database.name),
            ("warehouse.name", spec.warehouse.name, other.warehouse.name),
            ("access.role", spec.access.role, other.access.role),
            ("access.user", spec.access.user, other.access.user),
        ):
            if mine == theirs:
                good = f"{mine}_{spec.name.upper()}"
                raise _refuse(path, field, f"the environment {other.name} has this one already", str(mine), good)


def _upstream_first(found: Mapping[str, EnvironmentSpec], origin: Mapping[str, Path]) -> list[str]:
    order: list[str] = []
    for name, spec in found.items():
        chain = [name]
        at = spec
        while at.upstream is not None:
            if at.upstream not in found:
                near = get_close_matches(at.upstream, list(found), 1) or [n for n in found if n != at.name]
                good = near[0] if near else "leave it out"
                raise _refuse(origin[at.name], "upstream", "there is no such environment", at.upstream, good)
            if at.upstream in chain:
                circle = " → ".join([*chain, at.upstream])
                raise _refuse(
                    origin[at.name], "upstream", f"environments form a circle: {circle}", at.upstream, "dev has none"
                )
            chain.append(at.upstream)
            at = found[at.upstream]
        order += [one for one in reversed(chain) if one not in order]
    return order


def _refuse(path: Path, field: str, message: str, value: object, good: str) -> SpecError:
    return SpecError(message, where=f"{path}: {field}", value=value, good=good, untouched="everything")
