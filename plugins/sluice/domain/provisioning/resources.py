"""The resources of an environment in an account. Desired and existing ones have the same types, compared by `==`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sluice.domain.names import Identifier, Qualified
from sluice.domain.sizes import Size
from sluice.errors import StopError

Scope = Literal["one", "all", "future"]


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A warehouse and all of its settings that a spec decides."""

    name: Identifier
    environment: str | None
    """Of the marker in its comment; None: it does not say that it is ours."""
    size: Size
    generation: str
    auto_suspend: int
    auto_resume: bool
    min_cluster_count: int
    max_cluster_count: int
    scaling_policy: str
    query_acceleration: bool
    concurrent_queries: int
    queue_timeout: int
    statement_timeout: int

    def refuse_foreign(self, environment: str) -> None:
        """A warehouse of the name that does not bear the environment's marker is not ours to change or to stop."""
        if self.environment != environment:
            raise StopError(
                "the warehouse does not bear this environment's marker",
                where=f"warehouse {self.name}",
                value=self.environment,
                good=f"a warehouse that says it belongs to {environment}",
                untouched="everything",
            )


@dataclass(frozen=True, slots=True)
class Database:
    """A database: its owner by the marker, and its retention."""

    name: Identifier
    environment: str | None
    retention_days: int
    transient: bool


@dataclass(frozen=True, slots=True)
class Monitor:
    """A resource monitor of one warehouse: credits a day, enforced by Snowflake itself."""

    name: Identifier
    credits_a_day: int
    attached: bool
    """To the environment's warehouse."""
    notify_percents: tuple[int, ...] = ()
    """Percents of the credits at which it notifies the account's administrators."""
    suspend_percent: int | None = None
    """The percent at which it suspends the warehouse until the next UTC day; None: it only notifies."""
    elsewhere: tuple[Identifier, ...] = ()
    """Other warehouses of it: then sluice does not manage it."""


@dataclass(frozen=True, slots=True)
class User:
    """A service user, known by the fingerprint of its public key."""

    name: Identifier
    fingerprint: str | None
    default_role: Identifier | None
    default_warehouse: Identifier | None


@dataclass(frozen=True, slots=True)
class Grant:
    """One privilege of one role: on one object, on all of a kind in a database, or on all that will come."""

    privilege: str
    kind: str
    """`DATABASE`, `SCHEMA`, `TABLE`, `VIEW`, `WAREHOUSE`, `TAG`, `ACCOUNT`."""
    on: Qualified | None
    """The object, or for `all` and `future` its container; None for the account."""
    role: Identifier
    scope: Scope = "one"


@dataclass(frozen=True, slots=True)
class Membership:
    """A role granted to a role or a user."""

    role: Identifier
    to_kind: Literal["ROLE", "USER"]
    to: Identifier


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag's value on an object."""

    kind: Literal["DATABASE", "WAREHOUSE"]
    on: Identifier
    tag: Identifier
    value: str


@dataclass(frozen=True, slots=True)
class Resources:
    """All resources that provisioning of one environment manages."""

    control: frozenset[Qualified] = frozenset()
    """Database, schemas, journal and views of the control database."""
    tag_names: frozenset[Qualified] = frozenset()
    roles: frozenset[Identifier] = frozenset()
    warehouse: Warehouse | None = None
    monitor: Monitor | None = None
    database: Database | None = None
    sources: frozenset[Identifier] = frozenset()
    user: User | None = None
    memberships: frozenset[Membership] = frozenset()
    grants: frozenset[Grant] = frozenset()
    tagged: frozenset[Tagged] = frozenset()


@dataclass(frozen=True, slots=True)
class PlanningContext:
    """Facts that a plan depends on besides the resources."""

    lock_holder: str | None = None
    """Who holds the environment's lock; while a deployment does, the warehouse may have its promotion size."""
    schemas: frozenset[Qualified] = field(default_factory=frozenset)
    """Schemas that are in the live database now."""
    uncovered: tuple[str, ...] = ()
    """Relations that lack a grant which `all` should cover, for the reason of the step."""
    restricted: frozenset[str] = frozenset()
    """Warehouse settings that the budget has changed: no drift, the budget restores them."""
    closed: frozenset[str] = frozenset()
    """Warehouse settings that the schedule has changed while the environment is closed: no drift either."""
    guarded_by: Identifier | None = None
    """A resource monitor of the warehouse that sluice does not manage: it stays."""
    may_monitor: bool = True
    """Whether who provisions may make resource monitors: only ACCOUNTADMIN may (Snowflake: CREATE RESOURCE MONITOR)."""
