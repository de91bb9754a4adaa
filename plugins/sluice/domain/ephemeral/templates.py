"""Templates: what each kind of ephemeral environment is made of, and the spec of one made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.names import Identifier
from sluice.domain.schedules.hours import HoursBlock, WarehouseScheduleBlock
from sluice.domain.specs.blocks import (
    AccessBlock,
    BaseBlock,
    Block,
    BudgetBlock,
    ComputeBlock,
    ConnectionId,
    DatabaseBlock,
    DbtBlock,
    Dollars,
    EnvironmentName,
    Kind,
    LifetimeBlock,
    LimitsBlock,
    MonitoringBlock,
    Name,
    Procedure,
    PromotionBlock,
    SessionBlock,
    StorageBlock,
    WarehouseBlock,
)
from sluice.domain.specs.environment import EnvironmentSpec, no_such_environment
from sluice.domain.yaml_loader import FileError, each_error, read_model
from sluice.errors import SpecError


class Template(Block):
    """The common settings of every environment of one kind."""

    kind: Kind
    purpose: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,14}$")]
    """The first word of its environments' names."""
    description: str = ""
    connection: ConnectionId
    """The connection whose service user builds in these environments."""
    user: Name
    admin_connection: ConnectionId = "snowflake_admin"
    control_database: Name = Identifier("SLUICE")
    monitor_procedure: Procedure | None = None
    """An ACCOUNTADMIN's procedure that makes and attaches the resource monitor, where the admin connection may not."""
    base: EnvironmentName | None = None
    """The environment whose live database is cloned when nobody says otherwise; none: an empty database."""
    database: StorageBlock
    warehouse: ComputeBlock
    limits: LimitsBlock = LimitsBlock()
    hours: HoursBlock | None = None
    warehouse_schedule: WarehouseScheduleBlock | None = None
    budget: BudgetBlock
    max_daily_usd: Dollars
    lifetime: LifetimeBlock
    approval: bool = False
    approvers: tuple[str, ...] = ()
    monitoring: MonitoringBlock
    tags: dict[str, str] = Field(default_factory=dict)
    dbt: DbtBlock
    session: SessionBlock = SessionBlock()

    @model_validator(mode="after")
    def _comes_and_goes(self) -> Self:
        if self.kind.standing:
            raise ValueError(f"{self.kind} environments are permanent, each with a file of its own: say kind: feature")
        if self.budget.daily_usd > self.max_daily_usd:
            raise ValueError(
                f"budget.daily_usd {self.budget.daily_usd} exceeds max_daily_usd {self.max_daily_usd}: "
                f"say max_daily_usd: {self.budget.daily_usd}"
            )
        return self


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a new environment."""

    name: EphemeralName
    owner: str
    team: str
    reason: str
    base: str | None = None
    """An environment; `""` for an empty database, None for what the template says."""
    schemas: tuple[str, ...] = ()
    at: datetime | None = None
    hours: int | None = None
    daily_usd: Decimal | None = None
    size: str | None = None


def expiry(template: Template, request: Request, now: datetime) -> datetime:
    """Return when the environment expires, or refuse a lifetime longer than its kind allows."""
    hours = template.lifetime.hours if request.hours is None else request.hours
    if not 1 <= hours <= template.lifetime.max_hours:
        raise _refuse(
            f"a {template.kind} environment lives 1 to {template.lifetime.max_hours} hours",
            "hours",
            hours,
            str(template.lifetime.hours),
        )
    return now.astimezone(UTC) + timedelta(hours=hours)


def specify(
    template: Template, request: Request, standing: Mapping[str, EnvironmentSpec], now: datetime
) -> EnvironmentSpec:
    """Return the spec of one environment of this kind, as the request wants it; bad wishes are refused by name."""
    try:
        return _specify(template, request, standing, now)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "environment"
        raise _refuse(first["msg"].removeprefix("Value error, "), field, first["input"], "a shorter one") from None


def _specify(
    template: Template, request: Request, standing: Mapping[str, EnvironmentSpec], now: datetime
) -> EnvironmentSpec:
    name, upper = str(request.name), str(request.name).upper()
    if request.name.purpose != template.purpose:
        raise _refuse(
            f"names of {template.kind} environments begin with {template.purpose}",
            "environment",
            name,
            template.purpose,
        )
    base = _base(template, request, standing)
    ends = expiry(template, request, now)
    size = {} if request.size is None else {"size": request.size}
    return EnvironmentSpec(
        name=name,
        kind=template.kind,
        description=request.reason,
        connection=template.connection,
        admin_connection=template.admin_connection,
        control_database=template.control_database,
        monitor_procedure=template.monitor_procedure,
        base=base,
        lifetime=template.lifetime,
        database=DatabaseBlock(name=Identifier(upper), **dict(template.database)),
        sources=standing[base.environment].sources if base else (),
        warehouse=WarehouseBlock(name=Identifier(f"{upper}_WH"), **(dict(template.warehouse) | size)),
        limits=template.limits,
        hours=template.hours,
        warehouse_schedule=template.warehouse_schedule,
        budget=_budget(template, request),
        access=AccessBlock(
            role=Identifier(f"SLUICE_{upper}"),
            user=template.user,
            shared_user=True,
            readers=(Identifier(f"SLUICE_{upper}_R"),),
        ),
        monitoring=template.monitoring,
        tags=_tags(template, request, ends),
        dbt=template.dbt,
        session=template.session,
        promotion=PromotionBlock(strategy="in_place", approval=template.approval, approvers=template.approvers),
    )


def load_templates(folder: Path) -> dict[Kind, Template]:
    """Return the template of each kind that comes and goes, or refuse the folder."""
    templates, _, errors = readable_templates(folder)
    if errors:
        raise FileError(errors)
    return templates


def readable_templates(folder: Path) -> tuple[dict[Kind, Template], dict[Kind, Path], list[SpecError]]:
    """Return the templates that can be read and their files, by kind, and what is wrong with the others."""
    templates: dict[Kind, Template] = {}
    files: dict[Kind, Path] = {}
    errors: list[SpecError] = []
    for path in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        try:
            template = read_model(path, Template)
        except SpecError as error:
            errors += each_error(error)
            continue
        if template.kind in templates:
            message = f"{files[template.kind].name} is of this kind already"
            errors.append(_refuse(message, f"{path}: kind", template.kind, "one file a kind"))
        else:
            templates[template.kind], files[template.kind] = template, path
    return templates, files, errors


def _base(template: Template, request: Request, standing: Mapping[str, EnvironmentSpec]) -> BaseBlock | None:
    wanted = template.base if request.base is None else request.base
    if not wanted:
        if request.schemas or request.at:
            raise _refuse("an empty database has no schemas to choose and no past", "base", wanted, "prod")
        return None
    if wanted not in standing:
        raise no_such_environment(wanted, standing, where="base", purpose=" to clone")
    schemas = tuple(Identifier.parse(one, "schemas") for one in request.schemas)
    return BaseBlock(environment=wanted, database=standing[wanted].database.name, schemas=schemas, at=request.at)


def _budget(template: Template, request: Request) -> BudgetBlock:
    if request.daily_usd is None:
        return template.budget
    if not 0 < request.daily_usd <= template.max_daily_usd:
        raise _refuse(
            f"a {template.kind} environment costs at most USD {template.max_daily_usd} a day",
            "daily_usd",
            request.daily_usd,
            str(template.budget.daily_usd),
        )
    hourly = min(template.budget.hourly_usd, request.daily_usd)
    return template.budget.model_copy(update={"daily_usd": request.daily_usd, "hourly_usd": hourly})


def _tags(template: Template, request: Request, ends: datetime) -> dict[str, str]:
    return {
        **template.tags,
        "KIND": str(template.kind),
        "OWNER": request.owner,
        "TEAM": request.team,
        "PURPOSE": template.purpose,
        "EXPIRES": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _refuse(message: str, where: str, value: object, good: str) -> SpecError:
    return SpecError(message, where=where, value=value, good=good, untouched="everything")
