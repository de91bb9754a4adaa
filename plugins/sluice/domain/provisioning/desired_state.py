"""The desired state: the resources that a spec describes. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sluice.domain.budgets.prices import Prices
from sluice.domain.journal.control_schema import (
    CONTROL,
    JOURNAL,
    METER,
    TAGS,
    VIEWS,
    environment_journal,
    journal_table,
    lock_schema,
    tag_name,
)
from sluice.domain.names import Identifier, Qualified
from sluice.domain.provisioning.resources import (
    Database,
    Grant,
    Membership,
    Monitor,
    Resources,
    Tagged,
    User,
    Warehouse,
)
from sluice.domain.specs.blocks import AtLimit, Kind
from sluice.domain.specs.environment import EnvironmentSpec

PUBLIC = Identifier("PUBLIC")
MONITOR_SUSPEND_PERCENT = 110
"""Percent of the day's credits at which a resource monitor suspends what the budget suspends at 100."""


def desired_state(spec: EnvironmentSpec, fingerprint: str | None, prices: Prices = Prices()) -> Resources:  # noqa: B008 (frozen)
    """Return the resources that the spec describes; `fingerprint` is of the connection's key pair, if it has one."""
    tags = {Identifier.parse(key): value for key, value in spec.tags.items()}
    tags[Identifier("ENVIRONMENT")] = spec.name
    control = spec.control_database
    return Resources(
        control=frozenset(_control(spec)),
        tag_names=frozenset(tag_name(control, tag) for tag in tags),
        roles=frozenset({spec.access.role, *spec.access.readers}),
        warehouse=_warehouse(spec),
        monitor=_monitor(spec, prices) if spec.budget.monitor else None,
        database=Database(spec.database.name, spec.name, spec.database.retention_days, spec.database.transient),
        sources=frozenset(spec.sources),
        user=None
        if spec.access.shared_user
        else User(spec.access.user, fingerprint, spec.access.role, spec.warehouse.name),
        memberships=frozenset(_memberships(spec)),
        grants=frozenset([*_of_the_role(spec, tags), *_of_readers(spec)]),
        tagged=frozenset(
            [Tagged("DATABASE", spec.database.name, tag, value) for tag, value in tags.items()]
            + [Tagged("WAREHOUSE", spec.warehouse.name, tag, value) for tag, value in tags.items()]
        ),
    )


def _control(spec: EnvironmentSpec) -> Iterable[Qualified]:
    control = spec.control_database
    yield Qualified(control)
    for schema in (CONTROL, TAGS, lock_schema(spec.name)):
        yield Qualified(control, schema)
    for name in (JOURNAL, METER, *VIEWS):
        yield Qualified(control, CONTROL, name)
    yield environment_journal(control, spec.name)


def _warehouse(spec: EnvironmentSpec) -> Warehouse:
    block, limits = spec.warehouse, spec.limits
    return Warehouse(
        name=block.name,
        environment=spec.name,
        size=block.size,
        generation=block.generation,
        auto_suspend=block.auto_suspend,
        auto_resume=block.auto_resume,
        min_cluster_count=block.min_cluster_count,
        max_cluster_count=block.max_cluster_count,
        scaling_policy=block.scaling_policy,
        query_acceleration=block.query_acceleration,
        concurrent_queries=limits.concurrent_queries,
        queue_timeout=limits.queue_timeout,
        statement_timeout=limits.statement_timeout,
    )


def _monitor(spec: EnvironmentSpec, prices: Prices) -> Monitor:
    """Return the monitor: it suspends later than sluice does, as a second safeguard; production is never suspended."""
    return Monitor(
        monitor_name(spec),
        prices.credits(spec.budget.daily_usd),
        attached=True,
        notify_percents=tuple(sorted({50, spec.budget.alert_at_percent, 100})),
        suspend_percent=monitor_suspend_at(spec),
    )


def monitor_suspend_at(spec: EnvironmentSpec) -> int | None:
    """Return the percent of the day's credits at which its monitor suspends an environment; None: it only notifies."""
    return (
        MONITOR_SUSPEND_PERCENT
        if spec.budget.at_limit is AtLimit.SUSPEND and spec.kind is not Kind.PRODUCTION
        else None
    )


def monitor_name(spec: EnvironmentSpec) -> Identifier:
    """Return the name of an environment's resource monitor."""
    return Identifier(f"{spec.database.name}_RM")


def _memberships(spec: EnvironmentSpec) -> Iterable[Membership]:
    role = spec.access.role
    yield Membership(role, "ROLE", spec.access.parent_role)
    yield Membership(role, "USER", spec.access.user)
    for reader in spec.access.readers:  # so that live can be verified as its consumers see it
        yield Membership(reader, "ROLE", role)


def _of_the_role(spec: EnvironmentSpec, tags: Iterable[Identifier]) -> Iterable[Grant]:
    role, control, live = spec.access.role, spec.control_database, Qualified(spec.database.name)
    yield Grant("CREATE DATABASE", "ACCOUNT", None, role)
    for privilege in ("USAGE", "OPERATE", "MONITOR", "MODIFY"):
        yield Grant(privilege, "WAREHOUSE", Qualified(spec.warehouse.name), role)
    yield Grant("OWNERSHIP", "DATABASE", live, role)
    yield Grant("OWNERSHIP", "SCHEMA", Qualified(live.database, PUBLIC), role)
    if spec.base is not None:  # what was cloned still belongs to whom it belonged there
        for kind in ("SCHEMA", "TABLE", "VIEW"):
            yield Grant("OWNERSHIP", kind, live, role, "all")
        if spec.base.schemas:  # what was not cloned is read in the base: dbt defers to it
            yield from _reading(Qualified(spec.base.database), role)
    for source in spec.sources:
        yield from _reading(Qualified(source), role)
    yield Grant("USAGE", "DATABASE", Qualified(control), role)
    lock = Qualified(control, lock_schema(spec.name))
    for schema in (Qualified(control, CONTROL), Qualified(control, TAGS), lock):
        yield Grant("USAGE", "SCHEMA", schema, role)
    yield Grant("CREATE TABLE", "SCHEMA", lock, role)
    # Whoever made the lock's table, also the administrator while provisioning: the environment's role can take it over.
    yield Grant("OWNERSHIP", "TABLE", lock, role, "future")
    own = environment_journal(control, spec.name)  # what others have done, nobody's role but their own may write
    yield Grant("SELECT", "TABLE", own, role)
    yield Grant("INSERT", "TABLE", own, role)
    yield Grant("SELECT", "TABLE", journal_table(control), role)
    for view in VIEWS:
        yield Grant("SELECT", "VIEW", Qualified(control, CONTROL, view), role)
    for tag in tags:
        yield Grant("APPLY", "TAG", tag_name(control, tag), role)


def _of_readers(spec: EnvironmentSpec) -> Iterable[Grant]:
    for reader in spec.access.readers:
        yield from _reading(Qualified(spec.database.name), reader)
        yield Grant("USAGE", "WAREHOUSE", Qualified(spec.warehouse.name), reader)


def _reading(database: Qualified, role: Identifier) -> Iterable[Grant]:
    yield Grant("USAGE", "DATABASE", database, role)
    for privilege, kind in (("USAGE", "SCHEMA"), ("SELECT", "TABLE"), ("SELECT", "VIEW")):
        yield Grant(privilege, kind, database, role, "all")
        yield Grant(privilege, kind, database, role, "future")
