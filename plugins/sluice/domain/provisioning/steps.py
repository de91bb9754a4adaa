"""The closed union of provisioning steps; a plan is a tuple of them, and `explain` and `apply` read the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from sluice.domain.names import Identifier, Marker, Qualified
from sluice.domain.provisioning.resources import Database, Grant, Membership, Monitor, User, Warehouse
from sluice.domain.specs.blocks import BaseBlock


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs."""

    setting: str
    found: str
    wanted: str | int | bool


@dataclass(frozen=True, slots=True)
class CreateControl:
    """Make what is missing of the control database."""

    database: Identifier
    missing: tuple[Qualified, ...]
    reason: str
    journals: tuple[Qualified, ...] = ()
    """Of all environments that there are: the view EVENTS reads them."""


@dataclass(frozen=True, slots=True)
class CreateRole:
    """Make a role, marked as ours."""

    role: Identifier
    marker: Marker
    reason: str


@dataclass(frozen=True, slots=True)
class CreateWarehouse:
    """Make the warehouse with all its settings, suspended."""

    warehouse: Warehouse
    marker: Marker
    reason: str


@dataclass(frozen=True, slots=True)
class AlterWarehouse:
    """Set what differs."""

    warehouse: Identifier
    changes: tuple[Change, ...]
    marker: Marker
    reason: str


@dataclass(frozen=True, slots=True)
class CreateDatabase:
    """Make the live database, empty, marked as ours."""

    database: Database
    marker: Marker
    reason: str


@dataclass(frozen=True, slots=True)
class CloneDatabase:
    """Make the database as a zero-copy clone of the base, marked as ours."""

    database: Database
    base: BaseBlock
    marker: Marker
    reason: str


@dataclass(frozen=True, slots=True)
class CloneSchema:
    """Make one schema as a zero-copy clone of the base's."""

    database: Identifier
    schema: Identifier
    base: BaseBlock
    reason: str


@dataclass(frozen=True, slots=True)
class SetMonitor:
    """Make the resource monitor, or give it its credits, and attach it to the warehouse."""

    monitor: Monitor
    warehouse: Identifier
    fresh: bool
    reason: str
    procedure: Qualified | None = None
    """Of an ACCOUNTADMIN, `DATABASE.SCHEMA.NAME`, that does it for a role that may not."""


@dataclass(frozen=True, slots=True)
class AlterDatabase:
    """Set what differs."""

    database: Identifier
    changes: tuple[Change, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class CreateSource:
    """Make an empty database for raw data, so that grants on it can wait for the data."""

    database: Identifier
    reason: str


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Make the service user with its public key."""

    user: User
    public_key: str
    marker: Marker
    reason: str


@dataclass(frozen=True, slots=True)
class AlterUser:
    """Set the user's key, if there is one, and defaults."""

    user: User
    public_key: str | None
    changes: tuple[Change, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class GrantRole:
    """Make a role part of another, or of a user."""

    membership: Membership
    reason: str


@dataclass(frozen=True, slots=True)
class GrantViewer:
    """Let a role read the account's usage views that a database role of SNOWFLAKE shows."""

    viewer: str
    role: Identifier
    reason: str


@dataclass(frozen=True, slots=True)
class GrantPrivileges:
    """Grant a role missing privileges on one object, or on all or all future objects of a kind."""

    privileges: tuple[str, ...]
    grant: Grant
    """Where; its own privilege is the first."""
    reason: str


@dataclass(frozen=True, slots=True)
class RevokePrivilege:
    """Take a privilege away that an earlier version has granted, and that forges what others have done."""

    grant: Grant
    reason: str


@dataclass(frozen=True, slots=True)
class CreateTag:
    """Make a tag in the control database."""

    tag: Qualified
    reason: str


@dataclass(frozen=True, slots=True)
class SetTags:
    """Set the values of tags on one object."""

    kind: str
    on: Identifier
    values: tuple[tuple[Qualified, str], ...]
    reason: str


Step = (
    CreateControl
    | CreateRole
    | CreateWarehouse
    | AlterWarehouse
    | CreateDatabase
    | CloneDatabase
    | CloneSchema
    | SetMonitor
    | AlterDatabase
    | CreateSource
    | CreateUser
    | AlterUser
    | GrantRole
    | GrantViewer
    | GrantPrivileges
    | RevokePrivilege
    | CreateTag
    | SetTags
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to an environment, in order, each step with its reason."""

    environment: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    """What the reader should know though nothing is done about it."""

    @property
    def empty(self) -> bool:
        """Whether the account is as the spec wants it."""
        return not self.steps


@dataclass(frozen=True, slots=True)
class Line:
    """One step as people read it."""

    action: str
    subject: str
    detail: str
    reason: str


def explain(plan: Plan) -> list[Line]:
    """Return one line for each step that `apply` would run."""
    return [Line(*_describe(step), step.reason) for step in plan.steps]


def as_text(plan: Plan) -> str:
    """Return the plan as plain text."""
    if plan.empty:
        head = [f"{plan.environment}: as specified, nothing to do"]
    else:
        count = len(plan.steps)
        head = [f"{plan.environment}: {count} step{'s' if count > 1 else ''}"]
    lines = explain(plan)
    width = max((len(f"{line.action} {line.subject}") for line in lines), default=0)
    body = [f"  {f'{line.action} {line.subject}'.ljust(width)}  {line.detail}  ({line.reason})" for line in lines]
    return "\n".join([*head, *body, *(f"  note: {note}" for note in plan.notes)])


def _describe(step: Step) -> tuple[str, str, str]:  # noqa: C901, PLR0911, PLR0912 (one case for each step of the closed union)
    match step:
        case CreateControl():
            return "create", f"control database {step.database}", ", ".join(str(one) for one in step.missing)
        case CreateRole():
            return "create", f"role {step.role}", ""
        case CreateWarehouse():
            warehouse = step.warehouse
            clusters = (
                f"{warehouse.min_cluster_count}-{warehouse.max_cluster_count} clusters {warehouse.scaling_policy}"
            )
            return (
                "create",
                f"warehouse {warehouse.name}",
                f"{warehouse.size}, {clusters}, suspends after {warehouse.auto_suspend} s",
            )
        case AlterWarehouse():
            return "alter", f"warehouse {step.warehouse}", _changes(step.changes)
        case CreateDatabase():
            return "create", f"database {step.database.name}", f"empty, retention {step.database.retention_days} days"
        case CloneDatabase():
            return "clone", f"database {step.database.name}", f"of {_of(step.base)}, zero-copy"
        case CloneSchema():
            return "clone", f"schema {step.database}.{step.schema}", f"of {_of(step.base)}, zero-copy"
        case SetMonitor():
            verb, monitor = "create" if step.fresh else "alter", step.monitor
            by = f", by {step.procedure}" if step.procedure else ""
            does = f"suspends at {monitor.suspend_percent} %" if monitor.suspend_percent else "only notifies"
            return (
                verb,
                f"resource monitor {monitor.name}",
                f"{monitor.credits_a_day} credits a day on {step.warehouse}, {does}{by}",
            )
        case AlterDatabase():
            return "alter", f"database {step.database}", _changes(step.changes)
        case CreateSource():
            return "create", f"source database {step.database}", "empty"
        case CreateUser():
            return "create", f"service user {step.user.name}", f"key {step.user.fingerprint}"
        case AlterUser():
            return "alter", f"service user {step.user.name}", _changes(step.changes)
        case GrantRole():
            to = step.membership
            return "grant", f"role {to.role}", f"to {to.to_kind.lower()} {to.to}"
        case GrantViewer():
            return "grant", f"SNOWFLAKE.{step.viewer}", f"to role {step.role}"
        case GrantPrivileges():
            return "grant", ", ".join(step.privileges), f"on {_where(step.grant)} to role {step.grant.role}"
        case RevokePrivilege():
            return "revoke", step.grant.privilege, f"on {_where(step.grant)} from role {step.grant.role}"
        case CreateTag():
            return "create", f"tag {step.tag}", ""
        case SetTags():
            values = ", ".join(f"{tag.parts[-1]}={value}" for tag, value in step.values)
            return "tag", f"{step.kind.lower()} {step.on}", values
        case _:
            assert_never(step)


def _of(base: BaseBlock) -> str:
    return f"{base.database}" if base.at is None else f"{base.database} as at {base.at:%Y-%m-%d %H:%M:%S} UTC"


def _changes(changes: Sequence[Change]) -> str:
    return ", ".join(f"{change.setting} {change.found} → {change.wanted}" for change in changes)


def _where(grant: Grant) -> str:
    if grant.on is None:
        return "the account"
    if grant.scope == "one":
        return f"{grant.kind.lower()} {grant.on}"
    return f"{grant.scope} {grant.kind.lower()}s in {grant.on}"
