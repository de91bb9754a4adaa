"""Leftovers: what deployments and environments left behind, and whether it may go; decided from values alone.

Only what bears our marker *and* stands in the journal is dropped; what has one of both is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sluice.domain.cleanup.cleanup_policy import OrphanPolicy, Protected
from sluice.domain.names import Identifier, Marker, candidate_name, dotted, retained_name, undotted
from sluice.domain.promotion.inventory import Inventory
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import SpecError

_TEMPORARY = ("__DBT_TMP", "__DBT_BACKUP", "__DBT_TMP_TEMP")


class OrphanKind(StrEnum):
    """What was left."""

    RETAINED = "retained database"
    CANDIDATE = "candidate"
    CLONE = "unfinished clone"
    WAREHOUSE = "warehouse"
    ROLE = "role"
    MONITOR = "resource monitor"
    RELATION = "relation"


@dataclass(frozen=True, slots=True)
class Orphan:
    """One thing that was left, and what is done about it."""

    what: OrphanKind
    name: str
    """Of a relation: `DATABASE.SCHEMA.NAME`."""
    environment: str
    drop: bool
    reason: str
    evidence: tuple[str, ...] = ()
    kind: str = ""
    """Of a relation: TABLE or VIEW."""
    deployment: str | None = None
    """What a database bore when it was looked at: names may be exchanged before it is dropped."""

    def __str__(self) -> str:
        return f"{self.what} {self.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class OwnedObject:
    """An object that bears our marker."""

    name: Identifier
    marker: Marker
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountInventory:
    """Everything that is looked at."""

    databases: tuple[OwnedObject, ...] = ()
    warehouses: tuple[OwnedObject, ...] = ()
    roles: tuple[OwnedObject, ...] = ()
    monitors: tuple[Identifier, ...] = ()
    """All of the account's: a monitor bears no marker."""
    guarding: Mapping[Identifier, tuple[Identifier, ...]] = field(default_factory=dict)
    """The warehouses that each of them guards."""
    made: frozenset[Identifier] = frozenset()
    """Those that the journal says we made."""
    specs: Mapping[str, EnvironmentSpec] = field(default_factory=dict)
    """Environments that stand, and those that come and go and are not forgotten."""
    journalled: frozenset[str] = frozenset()
    """Every environment that the journal ever knew."""
    forgotten: frozenset[str] = frozenset()
    """Those that the journal says are gone for good; one without a spec here may well stand."""
    expiries: Mapping[str, datetime] = field(default_factory=dict)
    """When each retained database may go, by its name."""
    ended: Mapping[str, datetime] = field(default_factory=dict)
    """When each deployment was last heard of."""
    locked: frozenset[str] = frozenset()
    used: Mapping[str, datetime] = field(default_factory=dict)
    """The last use of each database that is known of."""
    inventories: Mapping[str, Inventory] = field(default_factory=dict)
    """What lies in the databases of environments that are built in place."""
    manifests: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of the same environments: the relations of the release that is live, as the account has them: `SCHEMA.NAME`."""


def orphans(found: AccountInventory, policy: OrphanPolicy, protected: Protected, now: datetime) -> tuple[Orphan, ...]:
    """Return everything that was left, what may go first."""
    made = [
        *_databases_of(found, policy, now),
        *_orphans(found, protected),
        *_relations(found, policy, now),
    ]
    return tuple(sorted(made, key=lambda one: (not one.drop, one.what, one.name)))


def _databases_of(found: AccountInventory, policy: OrphanPolicy, now: datetime) -> Iterable[Orphan]:
    for one in found.databases:
        spec = found.specs.get(one.marker.environment)
        if spec is None or one.name == spec.database.name:
            continue
        suffix = one.name.name.removeprefix(spec.database.name.name)
        if suffix.startswith("__R_"):
            yield _retained(one, found, policy, now)
        elif suffix.startswith("__C_"):
            yield _candidate(one, found, policy, now)
        elif suffix == "__F" and one.created is not None:
            old = now - one.created >= timedelta(days=policy.candidate_days)
            kept = _kept(one, found, policy, now) or (None if old else "it may still be worked on")
            yield _of(
                OrphanKind.CLONE, one, kept, "a refresh did not end", (f"made at {one.created:%Y-%m-%d %H:%M} UTC",)
            )


def _retained(one: OwnedObject, found: AccountInventory, policy: OrphanPolicy, now: datetime) -> Orphan:
    if (unsettled := _unsettled(one, found, retained_name)) is not None:
        return _of(OrphanKind.RETAINED, one, unsettled, "", ())
    until = found.expiries.get(one.name.name)
    if until is None:
        return _of(OrphanKind.RETAINED, one, "no expiry is on record", "", ())
    kept = _kept(one, found, policy, now)
    if kept is None and until > now:
        kept = f"may come back until {until:%Y-%m-%d %H:%M} UTC"
    return _of(
        OrphanKind.RETAINED, one, kept, f"its rollback window ended at {until:%Y-%m-%d %H:%M} UTC", (_reason(one),)
    )


def _candidate(one: OwnedObject, found: AccountInventory, policy: OrphanPolicy, now: datetime) -> Orphan:
    if (unsettled := _unsettled(one, found, candidate_name)) is not None:
        return _of(OrphanKind.CANDIDATE, one, unsettled, "", ())
    last = found.ended.get(one.marker.deployment or "")
    if last is None:
        return _of(OrphanKind.CANDIDATE, one, "the journal does not know its deployment", "", ())
    kept = _kept(one, found, policy, now)
    if kept is None and now - last < timedelta(days=policy.candidate_days):
        kept = f"kept for inspection until {last + timedelta(days=policy.candidate_days):%Y-%m-%d %H:%M} UTC"
    return _of(
        OrphanKind.CANDIDATE, one, kept, f"not live, last heard of at {last:%Y-%m-%d %H:%M} UTC", (_reason(one),)
    )


def _unsettled(one: OwnedObject, found: AccountInventory, named: Callable[[Identifier, str], Identifier]) -> str | None:
    """Say so where the name is not that of what it bears: after a cut-over that did not settle, the only way back."""
    held = one.marker.deployment
    live = found.specs[one.marker.environment].database.name
    with suppress(SpecError):  # no deployment of ours: a name can say nothing of it
        if held is not None and named(live, held) == one.name:
            return None
    return f"it bears {held or 'no deployment'}, which its name does not say: a cut-over did not settle"


def _kept(one: OwnedObject, found: AccountInventory, policy: OrphanPolicy, now: datetime) -> str | None:
    """Why this one stays whatever its age."""
    if one.marker.environment in found.locked:
        return f"{one.marker.environment} is locked"
    if (used := _in_use(one.name, found, policy, now)) is not None:
        return f"used at {used:%Y-%m-%d %H:%M} UTC"
    return None


def _in_use(database: Identifier, found: AccountInventory, policy: OrphanPolicy, now: datetime) -> datetime | None:
    used = found.used.get(database.name)
    return used if used is not None and now - used < timedelta(minutes=policy.in_use_minutes) else None


def _orphans(found: AccountInventory, protected: Protected) -> Iterable[Orphan]:
    """What environments that are forgotten left; names that look like production's are never touched."""
    wanted_roles = {role for spec in found.specs.values() for role in (spec.access.role, *spec.access.readers)}
    wanted_warehouses = {spec.warehouse.name for spec in found.specs.values()}
    for what, several, wanted in (
        (OrphanKind.WAREHOUSE, found.warehouses, wanted_warehouses),
        (OrphanKind.ROLE, found.roles, wanted_roles),
    ):
        for one in several:
            environment = one.marker.environment
            if one.name in wanted or environment in found.specs or environment in {"roles", "control"}:
                continue
            yield _orphan(what, one.name, environment, found, protected)
    databases = {f"{spec.database.name}_RM" for spec in found.specs.values()}
    known = {f"{name.upper()}_RM": name for name in found.forgotten - found.specs.keys()}
    for monitor in found.monitors:
        if monitor.name not in databases and monitor.name in known:
            left = _orphan(OrphanKind.MONITOR, monitor, known[monitor.name], found, protected)
            yield replace(left, drop=False, reason=why) if left.drop and (why := _not_ours(monitor, found)) else left


def _not_ours(monitor: Identifier, found: AccountInventory) -> str | None:
    """Why a monitor that has the name of one of ours is none."""
    if guarded := found.guarding.get(monitor, ()):
        return f"it guards {', '.join(str(one) for one in guarded)}"
    return None if monitor in found.made else "the journal does not know that we made it"


def _orphan(
    what: OrphanKind, name: Identifier, environment: str, found: AccountInventory, protected: Protected
) -> Orphan:
    pattern = protected.pattern(name.name, environment)
    if pattern is not None:
        return Orphan(what, name.name, environment, drop=False, reason=f"its name matches the protected {pattern}")
    if environment not in found.journalled:
        return Orphan(what, name.name, environment, drop=False, reason="the journal does not know its environment")
    if environment not in found.forgotten:
        reason = f"{environment} has no spec here, and the journal does not say that it is gone"
        return Orphan(what, name.name, environment, drop=False, reason=reason)
    reason = f"environment {environment} is gone"
    return Orphan(what, name.name, environment, drop=True, reason=reason, evidence=("in the journal, forgotten",))


def _relations(found: AccountInventory, policy: OrphanPolicy, now: datetime) -> Iterable[Orphan]:
    for environment, inventory in found.inventories.items():
        spec = found.specs[environment]
        manifest = found.manifests.get(environment, frozenset())
        schemas = {undotted(path)[0] for path in manifest}
        # whoever builds there now needs dbt's temporary relations, and need not hold the lock
        free = environment not in found.locked and not _in_use(spec.database.name, found, policy, now)
        for path, relation in inventory.items():
            schema, name = undotted(path)
            full = f"{dotted(spec.database.name)}.{path}"
            if name.name.upper().endswith(_TEMPORARY):
                drop = spec.database.drop_temporary_tables is not False and free
                yield Orphan(OrphanKind.RELATION, full, environment, drop, "dbt left it behind", kind=relation.kind)
            elif schema in schemas and path not in manifest:
                drop = policy.stale_relations == "drop" and free
                reason = "in the account, no longer in the project"
                yield Orphan(OrphanKind.RELATION, full, environment, drop, reason, kind=relation.kind)


def _of(what: OrphanKind, one: OwnedObject, kept: str | None, reason: str, evidence: Sequence[str]) -> Orphan:
    return Orphan(
        what,
        one.name.name,
        one.marker.environment,
        kept is None,
        kept if kept is not None else reason,
        tuple(evidence),
        deployment=one.marker.deployment,
    )


def _reason(one: OwnedObject) -> str:
    return f"bears deployment {one.marker.deployment}, release {one.marker.release}"
