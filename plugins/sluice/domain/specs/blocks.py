"""The blocks of an environment spec: every key, its default, what it refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
    model_validator,
)

from sluice.domain.names import Identifier, Qualified
from sluice.domain.sizes import Size
from sluice.domain.specs.times import Schedule, Zone
from sluice.errors import SpecError

Seconds = Annotated[int, Field(ge=0, le=604_800)]
Dollars = Annotated[Decimal, Field(gt=0)]


class Kind(StrEnum):
    """What an environment is for."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"
    FEATURE = "feature"
    TESTING = "testing"
    SANDBOX = "sandbox"

    @property
    def standing(self) -> bool:
        """Whether such an environment is permanent, with its own file; the others are ephemeral."""
        return self in {Kind.PRODUCTION, Kind.STAGING, Kind.DEVELOPMENT}


JOURNALLED: Mapping[str, bool] = {"journalled": True}
"""The context in which a spec is validated that the journal keeps."""


class Block(BaseModel):
    """A part of a spec: frozen, and an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        ser_json_timedelta="float",
        allow_inf_nan=False,
    )
    removed_keys: ClassVar[Mapping[str, str]] = {}
    """Keys that an earlier version took, and what to write instead. A file that has one is refused."""

    @model_validator(mode="before")
    @classmethod
    def _as_written_earlier(cls, content: Any, info: ValidationInfo) -> Any:
        """What the journal keeps was written by whatever version: there a key that this one has not is passed over."""
        if info.context == JOURNALLED and isinstance(content, Mapping):
            return {key: value for key, value in content.items() if key in cls.model_fields}
        return content


def _identifier(value: object) -> Identifier:
    if isinstance(value, Identifier):
        return value
    if not isinstance(value, str):  # YAML reads 2026_11 as a number
        raise ValueError(f'a name is a text, this is {value!r}: say "{value}", with the quotes')  # noqa: TRY004
    try:
        return Identifier.parse(value)
    except SpecError as refused:
        raise ValueError(f"{refused.message}; say {refused.good}") from refused


def _size(value: object) -> Size:
    try:
        return Size.read(str(value))
    except ValueError:
        raise ValueError(f"no such warehouse size; say {_nearest_size(str(value))}") from None


def _nearest_size(text: str) -> str:
    near = get_close_matches(text.upper().replace("-", "").replace("_", ""), [size.value for size in Size], 1, 0.3)
    return near[0] if near else "XSMALL"


def _plain(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", text):
        raise ValueError("lower-case letters, digits and underscores, at most 63, e.g. dev, staging, prod")
    return text


def _connection(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.\-]{1,200}", text):
        raise ValueError("the id of an Airflow connection, e.g. snowflake_dev")
    return text


def _procedure(value: object) -> Qualified:
    if isinstance(value, Qualified):
        return value
    good = "SLUICE.CONTROL.GUARD_WAREHOUSE"
    try:
        name = Qualified.parse(str(value))
    except SpecError as refused:
        raise ValueError(f"{refused.message}; say {good}") from refused
    if name.name is None:
        raise ValueError(f"database.schema.name; say {good}")
    return name


Procedure = Annotated[Qualified, BeforeValidator(_procedure), PlainSerializer(lambda name: name.written)]
Name = Annotated[Identifier, BeforeValidator(_identifier), PlainSerializer(lambda name: name.written)]
SizeName = Annotated[Size, BeforeValidator(_size)]
EnvironmentName = Annotated[str, AfterValidator(_plain)]
ConnectionId = Annotated[str, AfterValidator(_connection)]


class StorageBlock(Block):
    """How a database keeps what is in it. One that is swapped is never transient."""

    retention_days: Annotated[int, Field(ge=0, le=90)] = 1
    transient: bool = False
    drop_temporary_tables: bool | None = None
    """Whether the sweep drops what dbt left behind of its own, where an environment is built in place: unless this says
    no. In a database that is swapped the sweep drops nothing, and nothing is said here."""

    @model_validator(mode="after")
    def _transient_keeps_a_day(self) -> Self:
        if self.transient and self.retention_days > 1:
            raise ValueError("a transient database keeps at most 1 day: say retention_days: 1, or transient: false")
        return self


class DatabaseBlock(StorageBlock):
    """The live database."""

    name: Name


class ComputeBlock(Block):
    """How large and how patient a warehouse is."""

    size: SizeName
    promotion_size: SizeName | None = None
    generation: Literal["1", "2"] = "1"
    auto_suspend: Seconds = 60
    auto_resume: bool = True
    min_cluster_count: Annotated[int, Field(ge=1, le=300)] = 1
    max_cluster_count: Annotated[int, Field(ge=1, le=300)] = 1
    scaling_policy: Literal["STANDARD", "ECONOMY"] = "STANDARD"
    query_acceleration: bool = False

    @model_validator(mode="after")
    def _minimum_below_maximum(self) -> Self:
        if self.min_cluster_count > self.max_cluster_count:
            raise ValueError(
                f"min_cluster_count {self.min_cluster_count} exceeds max_cluster_count {self.max_cluster_count}: "
                f"say max_cluster_count: {self.min_cluster_count}"
            )
        return self

    @property
    def promoting(self) -> Size:
        """Its size while a promotion runs: the promotion size, unless the usual one is as large."""
        return max(self.size, self.promotion_size or self.size, key=lambda one: one.credits_per_hour)


class WarehouseBlock(ComputeBlock):
    """The environment's own compute."""

    name: Name


class LimitsBlock(Block):
    """What one warehouse may do at a time, and for how long."""

    concurrent_queries: Annotated[int, Field(ge=1, le=32)] = 8
    queue_timeout: Seconds = 0
    statement_timeout: Seconds = 172_800


class AtLimit(StrEnum):
    """What happens when the budget is used up."""

    SUSPEND = "suspend"
    LIMIT = "limit"
    WATCH = "watch"


class BudgetBlock(Block):
    """Dollars an environment may cost, and what happens beyond."""

    daily_usd: Dollars
    hourly_usd: Dollars
    alert_at_percent: Annotated[int, Field(ge=1, le=100)] = 80
    at_limit: AtLimit = AtLimit.SUSPEND
    monitor: bool = True
    """Whether a resource monitor is the second guard: it tells only, unless `at_limit` says suspend."""
    zone: Zone = "UTC"
    """The zone of its day: the budget resets at local midnight."""
    when_suspended: Literal["wait", "fail"] = "wait"
    """What a run does that would work here while the budget has suspended it, or the clock has closed it."""

    @model_validator(mode="after")
    def _hour_within_day(self) -> Self:
        if self.hourly_usd > self.daily_usd:
            raise ValueError(
                f"hourly_usd {self.hourly_usd} exceeds daily_usd {self.daily_usd}: say hourly_usd: {self.daily_usd}"
            )
        return self


class AccessBlock(Block):
    """Who builds the environment and who reads it."""

    role: Name
    user: Name
    """The service user that builds here."""
    shared_user: bool = False
    """The user is another environment's: it gets the role, and stays as it is."""
    readers: tuple[Name, ...] = ()
    parent_role: Name = Identifier("SYSADMIN")

    @model_validator(mode="after")
    def _readers_are_not_builders(self) -> Self:
        if self.role in self.readers:
            raise ValueError(
                f"readers: {self.role} builds here, and no role is granted to itself: "
                f"say readers: [{Identifier(f'{self.role}_READER').written}]"
            )
        return self


class BaseBlock(Block):
    """What an environment's database is a zero-copy clone of."""

    environment: EnvironmentName
    database: Name
    schemas: tuple[Name, ...] = ()
    """Only these; none named: the whole database."""
    at: datetime | None = None
    """The moment, within the base's retention; none: now."""

    @model_validator(mode="after")
    def _a_moment_has_a_zone(self) -> Self:
        if self.at is not None and self.at.tzinfo is None:
            raise ValueError(f"the moment {self.at} has no zone: say {self.at.isoformat()}Z")
        return self


class LifetimeBlock(Block):
    """How long an ephemeral environment may stay."""

    hours: Annotated[int, Field(ge=1)]
    """The default lifetime."""
    max_hours: Annotated[int, Field(ge=1)]
    """From its making to its end, however often it is extended."""
    pin: bool = True
    """Whether it may be pinned, which excludes it from clean-up."""

    @model_validator(mode="after")
    def _default_within_maximum(self) -> Self:
        if self.hours > self.max_hours:
            raise ValueError(f"hours {self.hours} exceeds max_hours {self.max_hours}: say max_hours: {self.hours}")
        return self


Channel = Literal["slack", "email", "pagerduty", "executives"]
DeploymentNotice = Literal["started", "succeeded", "failed", "stopped", "rolled back"]
"""Notices of a deployment; stopped: a failed one whose swap never happened."""
_DEPLOYMENT_NOTICES: dict[Channel, tuple[DeploymentNotice, ...]] = {
    "executives": ("succeeded", "failed", "rolled back"),
    "pagerduty": ("failed", "rolled back"),
}
"""Where a spec says nothing of its own."""


class MonitoringBlock(Block):
    """How fresh the data must be, and which channels are notified."""

    removed_keys = {"watch": "freshness_hours for the age of data; budget, and include/policies/budgets.yml, for cost"}

    freshness_hours: Annotated[int, Field(ge=1)]
    criticality: Literal["low", "medium", "high", "critical"]
    channels: tuple[Channel, ...] = ()
    deployment_notices: dict[Channel, tuple[DeploymentNotice, ...]] = {}
    """The notices of a channel, where they differ from the default: executives get no starts, PagerDuty only
    failures, and each other channel everything."""

    @model_validator(mode="after")
    def _notices_have_channels(self) -> Self:
        if strangers := [channel for channel in self.deployment_notices if channel not in self.channels]:
            raise ValueError(
                f"deployment_notices: {', '.join(strangers)} is not among channels: [{', '.join(self.channels)}]"
            )
        return self

    def hears(self, channel: Channel, notice: DeploymentNotice) -> bool:
        """Return whether a channel gets this notice of a deployment."""
        notices = self.deployment_notices.get(channel, _DEPLOYMENT_NOTICES.get(channel))
        return notices is None or notice in notices


class DbtBlock(Block):
    """How dbt builds here: one project, settings by environment."""

    removed_keys = {"severity": "warn_if and error_if: how many bad rows warn, and how many stop"}

    target: EnvironmentName
    materialized: Literal["view", "table"] = "table"
    threads: Annotated[int, Field(ge=1, le=64)] = 4
    row_limit: Annotated[int, Field(ge=1)] | None = None
    lookback_days: Annotated[int, Field(ge=1)] | None = None
    contracts: bool = False
    warn_if: Annotated[str, Field(pattern=r"^(>|>=|=|!=) ?\d+$")] = ">0"
    error_if: Annotated[str, Field(pattern=r"^(>|>=|=|!=) ?\d+$")] = ">0"
    store_failures: bool = False
    flags: dict[str, bool] = {}
    vars: dict[str, str | int | float | bool] = {}
    schema_per_user: bool = False

    def as_vars(self) -> dict[str, object]:
        """Return what dbt receives as `--vars`: the settings by name, and the file's own vars over them."""
        return {
            "materialized": self.materialized,
            "row_limit": self.row_limit,
            "lookback_days": self.lookback_days,
            "contracts": self.contracts,
            "warn_if": self.warn_if,
            "error_if": self.error_if,
            "store_failures": self.store_failures,
            "flags": dict(self.flags),
            **self.vars,
        }


class SessionBlock(Block):
    """How sluice and dbt connect here."""

    login_timeout: Annotated[int, Field(ge=1, le=600)] = 60
    retries: Annotated[int, Field(ge=0, le=10)] = 3
    """How often a statement that may be repeated is, when its answer is lost."""
    pipeline: str | None = None
    """What the query tag of every statement says of its pipeline; none: nothing."""


class PromotionBlock(Block):
    """How a release gets in, and how it gets out again."""

    removed_keys = {"retained": "retained_days: the days in which a former live may come back"}

    strategy: Literal["in_place", "blue_green"] = "blue_green"
    approval: bool = False
    approvers: tuple[str, ...] = ()
    """Airflow user ids that may approve; never the one who started the chain. Empty: anyone who may edit the DAG."""
    keep_candidate: bool = False
    retained_days: Annotated[int, Field(ge=1, le=90)] = 7
    lease_minutes: Annotated[int, Field(ge=1, le=1440)] = 120
    schedule: Schedule | None = None
    """When an environment that is built in place is built by itself, in UTC; none: when somebody asks."""

    @field_validator("schedule")
    @classmethod
    def _only_in_place(cls, schedule: str | None, info: ValidationInfo) -> str | None:
        if schedule is not None and info.data.get("strategy") == "blue_green":
            raise ValueError(
                "nothing would read it: only what is built in place has a schedule, a promotion starts when the "
                "upstream has a new release; say strategy: in_place, or leave it out"
            )
        return schedule
