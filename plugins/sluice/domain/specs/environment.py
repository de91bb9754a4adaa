"""What one file in include/environments may say, and a folder of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from sluice.domain.names import LONGEST_DATABASE, Identifier
from sluice.domain.schedules.hours import HoursBlock, WarehouseScheduleBlock
from sluice.domain.specs.blocks import (
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
from sluice.domain.yaml_loader import FileError, each_error, nearest, read_model, read_yaml
from sluice.errors import SpecError

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
        if self.database.drop_temporary_tables is not None and self.promotion.strategy == "blue_green":
            raise ValueError(
                "database.drop_temporary_tables: nothing would read it, for the sweep drops nothing of a database that "
                "is swapped: say promotion: {strategy: in_place}, or leave it out"
            )
        for field, name in (("database.name", self.database.name), ("control_database", self.control_database)):
            if len(name.name) > LONGEST_DATABASE:
                raise ValueError(
                    f"{field} leaves no room for the names that are made of it: it has {len(name.name)} characters; "
                    f"say one of at most {LONGEST_DATABASE}"
                )
        return self

    @model_validator(mode="after")
    def _comes_and_goes(self) -> Self:
        if self.kind.standing and (self.base is not None or self.lifetime is not None):
            field = "base" if self.base is not None else "lifetime"
            raise ValueError(f"{field}: a {self.kind} environment is permanent: leave it out")
        if not self.kind.standing and self.lifetime is None:
            raise ValueError(
                f"a {self.kind} environment is ephemeral: create it from a template (include/environments/templates), "
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
    specs, errors = readable_environments(folder)
    if errors:
        raise FileError(errors)
    return specs


def readable_environments(folder: Path) -> tuple[dict[str, EnvironmentSpec], list[SpecError]]:
    """Return the specs of a folder that can be read, by environment name, upstreams first; and what is wrong elsewhere.

    A spec whose upstream cannot be read is not among them.
    """
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    if not files:
        return {}, [SpecError("no environment is specified", where=str(folder), good=f"{folder}/development.yml")]
    read: dict[str, EnvironmentSpec] = {}
    origin: dict[str, Path] = {}
    errors: list[SpecError] = []
    for path in files:
        try:
            spec = read_model(path, EnvironmentSpec)
        except SpecError as error:
            errors += each_error(error)
            continue
        if spec.name in read:
            there = f"{origin[spec.name].name} has this name already"
            errors.append(_refuse(path, "name", there, spec.name, "another name"))
        elif shared := list(_shared(spec, read, path)):
            errors += shared
        else:
            read[spec.name], origin[spec.name] = spec, path
    unread = {name for path in files if path not in origin.values() and (name := _name_in(path))}
    order: dict[str, EnvironmentSpec] = {}
    for name in read:
        try:
            order |= {each: read[each] for each in _with_upstreams(name, read, origin)}
        except SpecError as error:
            if error.value not in unread:  # else its own file says what is wrong
                errors.append(error)
    return order, errors


def spec_files(folder: Path) -> dict[str, Path]:
    """Return the file of each environment by name, also of those that are wrong but for their name."""
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    return {name: path for path in reversed(files) if (name := _name_in(path))}


def kinds_of(specs: Mapping[str, EnvironmentSpec]) -> dict[str, Kind]:
    """Return the kind of each environment, by which policies speak of those that they do not name."""
    return {name: spec.kind for name, spec in specs.items()}


def chain_to(name: str, specs: Mapping[str, EnvironmentSpec]) -> list[str]:
    """Return the environments that this one's releases come through, the first of them first, itself last."""
    upstream = specs[name].upstream
    return [*(chain_to(upstream, specs) if upstream is not None else ()), name]


def _name_in(path: Path) -> str | None:
    try:
        name = read_yaml(path).get("name")
    except SpecError:
        return None
    return name if isinstance(name, str) else None


def _shared(spec: EnvironmentSpec, others: Mapping[str, EnvironmentSpec], path: Path) -> Iterator[SpecError]:
    """Yield what a spec would share with another: whoever may write the one could then write the other."""
    for other in others.values():
        users_apart = not (spec.access.shared_user or other.access.shared_user)
        for field, mine, theirs in (
            ("database.name", spec.database.name, other.database.name),
            ("warehouse.name", spec.warehouse.name, other.warehouse.name),
            ("access.role", spec.access.role, other.access.role),
            *([("access.user", spec.access.user, other.access.user)] if users_apart else []),
        ):
            if mine == theirs:
                good = Identifier(f"{mine}_{spec.name.upper()}").written
                yield _refuse(path, field, f"the environment {other.name} has this one already", str(mine), good)
        for reading, building in ((spec, other), (other, spec)):
            if building.access.role in reading.access.readers:
                yield _refuse(
                    path,
                    "access",
                    f"{reading.name} would be read with the role that builds {building.name}, "
                    f"and whoever builds {reading.name} gets its readers' roles",
                    str(building.access.role),
                    f"a role for readers only, e.g. readers: [{Identifier(f'{reading.database.name}_READER').written}]",
                )


def _with_upstreams(name: str, specs: Mapping[str, EnvironmentSpec], origin: Mapping[str, Path]) -> list[str]:
    """Return what `chain_to` returns, or refuse an upstream that is not there or leads in a circle."""
    chain = [name]
    at = specs[name]
    while at.upstream is not None:
        if at.upstream not in specs:
            others = [other for other in specs if other != at.name]
            where = f"{origin[at.name]}: upstream"
            raise no_such_environment(at.upstream, others, where=where, else_good="leave it out")
        if at.upstream in chain:
            circle = " → ".join([*chain, at.upstream])
            raise _refuse(
                origin[at.name],
                "upstream",
                f"environments form a circle: {circle}",
                at.upstream,
                f"no upstream in {name}",
            )
        chain.append(at.upstream)
        at = specs[at.upstream]
    return chain[::-1]


def no_such_environment(
    name: str,
    known: Iterable[str],
    *,
    where: str = "environment",
    purpose: str = "",
    else_good: str = "an environment, made first",
) -> SpecError:
    """Return the refusal of a name that no environment has; what is good is the name most like it, else all of them.

    `purpose` says what it was wanted for, `else_good` what is good where there is none at all.
    """
    names = list(known)
    return SpecError(
        f"there is no such environment{purpose}",
        where=where,
        value=name,
        good=nearest(name, names) if names else else_good,
        untouched="everything",
    )


def _refuse(path: Path, field: str, message: str, value: object, good: str) -> SpecError:
    return SpecError(message, where=f"{path}: {field}", value=value, good=good, untouched="everything")
