"""include/policies/access.yml: who may do what, and the roles and grants that follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sluice.domain.journal.control_schema import CONTROL, METER, VIEWS, journal_table
from sluice.domain.names import Identifier, Qualified
from sluice.domain.provisioning.resources import Grant, Membership
from sluice.domain.specs.blocks import Block, Kind, Name
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.domain.yaml_loader import FileError, nearest, read_model
from sluice.errors import SpecError

RoleName = Literal["environment_admin", "developer", "analyst", "finance_viewer"]
Viewer = Literal["USAGE_VIEWER", "GOVERNANCE_VIEWER", "OBJECT_VIEWER", "SECURITY_VIEWER", "ORGANIZATION_BILLING_VIEWER"]
SNOWFLAKE = Identifier("SNOWFLAKE")
FIXED_DAGS = (
    "provision_environment",
    "provision_roles",
    "build_environment",
    "reclone_environment",
    "change_environment",
    "destroy_environment",
    "rollback",
    "cleanup_sweep",
    "budget_check",
    "budget_control",
    "change_access",
    "access_review",
)
"""Sluice's DAGs whatever environments there are."""
OWN_DAGS = ("promote", "refresh")
"""What the DAGs of an environment do: promote_<environment>, refresh_<environment>."""


class Level(StrEnum):
    """How much of an environment."""

    READ = "read"
    """Everything in it, now and to come; its warehouse."""
    WRITE = "write"
    """What its own service user may: build, change, drop."""


class EnvironmentDags(Block):
    """DAGs of single environments: allowed for environments of these kinds or names."""

    promote: tuple[str, ...] = ()
    refresh: tuple[str, ...] = ()

    def of(self, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
        """Return the ids of the DAGs of the environments that there are."""
        return tuple(
            f"{verb}_{name}"
            for verb, allowed in (("promote", self.promote), ("refresh", self.refresh))
            for name, kind in kinds.items()
            if name in allowed or kind in allowed
        )


class RoleBlock(Block):
    """One of the four roles."""

    snowflake_role: Name
    environments: dict[Kind, Level] = Field(default_factory=dict)
    """Of permanent environments; ephemeral ones belong to their creators."""
    account: tuple[Literal["MONITOR USAGE"], ...] = ()
    usage: tuple[Viewer, ...] = ()
    """Database roles of SNOWFLAKE: which of the account's usage views it may read."""
    journal: bool = False
    """Whether it may read the control database: environments, deployments, audit, meter."""
    dags: tuple[str, ...] = ()
    """Which of sluice's DAGs its people may start; * and ? are wildcards."""
    environment_dags: EnvironmentDags = EnvironmentDags()
    """Which DAGs of single environments, e.g. `promote: [staging]`."""
    people: tuple[str, ...] = ()
    """Airflow user ids; none: Airflow's own permissions decide."""

    @model_validator(mode="after")
    def _nobody_writes_production(self) -> Self:
        if self.environments.get(Kind.PRODUCTION) is Level.WRITE:
            raise ValueError(
                "environments.production: write: production is written by its own service user alone: say read"
            )
        return self


class TemporaryBlock(Block):
    """Temporary access."""

    max_hours: Annotated[int, Field(ge=1, le=8760)] = 720
    write_kinds: tuple[Kind, ...] = (Kind.DEVELOPMENT, Kind.FEATURE, Kind.TESTING, Kind.SANDBOX)

    @model_validator(mode="after")
    def _never_production(self) -> Self:
        if Kind.PRODUCTION in self.write_kinds:
            raise ValueError("write_kinds: production is written by its own service user alone: leave it out")
        return self


class ReviewBlock(Block):
    """When the monthly review recommends to revoke access."""

    unused_days: Annotated[int, Field(ge=1)] = 30
    dormant_days: Annotated[int, Field(ge=1)] = 60


class AccessPolicy(Block):
    """The whole file."""

    roles: dict[RoleName, RoleBlock]
    temporary: TemporaryBlock = TemporaryBlock()
    review: ReviewBlock = ReviewBlock()
    airflow_roles: bool = False
    """Airflow's FAB auth manager knows roles of these four names: each DAG then says which of them may start it."""

    @model_validator(mode="after")
    def _roles_apart(self) -> Self:
        names = [role.snowflake_role for role in self.roles.values()]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"snowflake_role {name} is used twice: say {name}_2")
        return self

    def may_start(self, person: str, dag_id: str) -> bool:
        """Whether a person may start this DAG."""
        starters = self.starters(dag_id)
        return starters is None or person in starters

    def starters(self, dag_id: str) -> frozenset[str] | None:
        """Return the people who may start a DAG; None: Airflow's own permissions decide.

        A DAG that no role may start, nobody may start. Where no role names people, or there are no roles, Airflow alone
        decides.
        """
        allowed = [self.roles[name] for name in self.who_may_start(dag_id)]
        people = frozenset(person for role in allowed for person in role.people)
        return people if people or (self.roles and not allowed) else None

    def permissions(self, dag_id: str) -> dict[str, dict[str, set[str]]] | None:
        """Return a DAG's `access_control` for Airflow's FAB auth manager; None: no own permissions."""
        if not self.airflow_roles:
            return None
        starters = self.who_may_start(dag_id)
        return {
            name: {"DAGs": {"can_read", "can_edit"}, "DAG Runs": {"can_create", "can_read"}}
            if name in starters
            else {"DAGs": {"can_read"}, "DAG Runs": {"can_read"}}
            for name in self.roles
        }

    def who_may_start(self, dag_id: str) -> tuple[RoleName, ...]:
        """Return the roles whose people may start it."""
        return tuple(
            name for name, role in self.roles.items() if any(fnmatchcase(dag_id, pattern) for pattern in role.dags)
        )

    def resolved(self, kinds: Mapping[str, Kind]) -> AccessPolicy:
        """Return the policy with the DAGs of the existing environments, by id, added to each role's DAGs."""
        roles = {
            name: role.model_copy(update={"dags": (*role.dags, *role.environment_dags.of(kinds))})
            for name, role in self.roles.items()
        }
        return self.model_copy(update={"roles": roles})


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of the policy, with their memberships and grants."""

    roles: frozenset[Identifier]
    memberships: frozenset[Membership]
    """Roles of environments granted to them."""
    grants: frozenset[Grant]
    viewers: frozenset[tuple[str, Identifier]]
    """Database roles of SNOWFLAKE and their grantees."""


def load_access(path: Path, environments: Mapping[str, Kind]) -> AccessPolicy:
    """Return the policy in this file for the permanent environments, or refuse the file.

    Where there is no such file, Airflow alone decides.
    """
    policy = read_access(path)
    if errors := list(unknown_names(policy, path, environments)):
        raise FileError(errors)
    return policy.resolved(environments)


def read_access(path: Path) -> AccessPolicy:
    """Return the policy as the file says it, whatever environments there are."""
    return read_model(path, AccessPolicy) if path.exists() else AccessPolicy(roles={})


def unknown_names(policy: AccessPolicy, path: Path, environments: Mapping[str, Kind]) -> Iterator[SpecError]:
    """Yield an error for each environment or kind in the policy that does not exist."""
    standing = [kind.value for kind in Kind if kind.standing]
    for name, role in policy.roles.items():
        where = f"{path}: roles.{name}"
        for verb, entries in (("promote", role.environment_dags.promote), ("refresh", role.environment_dags.refresh)):
            for entry in entries:
                if entry not in environments and entry not in standing:
                    message = "there is no environment of this name, and no kind that has a DAG of its own"
                    good = nearest(entry, [*environments, *standing])
                    field = f"{where}.environment_dags.{verb}"
                    yield SpecError(message, where=field, value=entry, good=good, untouched="everything")
        for dag_id in role.dags:
            verb, _, environment = dag_id.partition("_")
            if verb not in OWN_DAGS or dag_id in FIXED_DAGS:
                continue
            dag_ids = [f"{verb}_{known}" for known in environments]
            if not any(fnmatchcase(known, dag_id) for known in dag_ids):
                message = f"there is no environment {environment}, so there is no such DAG"
                good = nearest(dag_id, dag_ids)
                yield SpecError(message, where=f"{where}.dags", value=dag_id, good=good, untouched="everything")


def access_role(spec: EnvironmentSpec, level: Level) -> Identifier:
    """Return the environment's own role of a level: its builders' role, or its readers'."""
    return spec.access.role if level is Level.WRITE else reader_role(spec)


def reader_role(spec: EnvironmentSpec) -> Identifier:
    """Return the environment's role for readers; without any, its builders' role."""
    return spec.access.readers[0] if spec.access.readers else spec.access.role


def desired_roles(policy: AccessPolicy, standing: Mapping[str, EnvironmentSpec]) -> Roles:
    """Return the desired roles in the account, for the permanent environments."""
    control = next(iter(standing.values())).control_database
    blocks = policy.roles.values()
    return Roles(
        roles=frozenset(block.snowflake_role for block in blocks),
        memberships=frozenset(membership for block in blocks for membership in _memberships(block, standing.values())),
        grants=frozenset(grant for block in blocks for grant in _grants(block, control)),
        viewers=frozenset((viewer, block.snowflake_role) for block in blocks for viewer in block.usage),
    )


def _memberships(role: RoleBlock, specs: Iterable[EnvironmentSpec]) -> Iterable[Membership]:
    yield Membership(role.snowflake_role, "ROLE", Identifier("SYSADMIN"))
    for spec in specs:
        level = role.environments.get(spec.kind)
        if level is not None:
            yield Membership(access_role(spec, level), "ROLE", role.snowflake_role)


def _grants(role: RoleBlock, control: Identifier) -> Iterable[Grant]:
    grantee = role.snowflake_role
    for privilege in role.account:
        yield Grant(privilege, "ACCOUNT", None, grantee)
    if role.journal:
        yield Grant("USAGE", "DATABASE", Qualified(control), grantee)
        yield Grant("USAGE", "SCHEMA", Qualified(control, CONTROL), grantee)
        yield Grant("SELECT", "TABLE", journal_table(control), grantee)
        yield Grant("SELECT", "TABLE", Qualified(control, CONTROL, METER), grantee)
        for view in VIEWS:
            yield Grant("SELECT", "VIEW", Qualified(control, CONTROL, view), grantee)
