"""Orphans: objects that deployments and environments left behind, and whether they may be dropped. Pure.

Only objects with the ownership marker *and* a journal entry are dropped; those with one of both are reported.
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
    """Kinds of orphaned objects."""

    RETAINED = "retained database"
    CANDIDATE = "candidate"
    CLONE = "unfinished clone"
    WAREHOUSE = "warehouse"
    ROLE = "role"
    MONITOR = "resource monitor"
    RELATION = "relation"


@dataclass(frozen=True, slots=True)
class Orphan:
    """One orphaned object, and what is done about it."""

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
    """The deployment in a database's marker when it was read: names may be swapped before it is dropped."""

    def __str__(self) -> str:
        return f"{self.what} {self.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class OwnedObject:
    """An object with the ownership marker."""

    name: Identifier
    marker: Marker
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountInventory:
    """What the account and the journal contain."""

    databases: tuple[OwnedObject, ...] = ()
    warehouses: tuple[OwnedObject, ...] = ()
    roles: tuple[OwnedObject, ...] = ()
    monitors: tuple[Identifier, ...] = ()
    """All of the account: a monitor has no marker."""
    monitored: Mapping[Identifier, tuple[Identifier, ...]] = field(default_factory=dict)
    """The warehouses of each monitor."""
    created_by_sluice: frozenset[Identifier] = frozenset()
    """Monitors that sluice created, by the journal."""
    specs: Mapping[str, EnvironmentSpec] = field(default_factory=dict)
    """Permanent environments, and ephemeral ones that are not forgotten."""
    journalled: frozenset[str] = frozenset()
    """Every environment in the journal."""
    forgotten: frozenset[str] = frozenset()
    """Environments that are gone, by the journal; one without a spec here may still exist."""
    expiries: Mapping[str, datetime] = field(default_factory=dict)
    """When each retained database expires, by name."""
    last_seen: Mapping[str, datetime] = field(default_factory=dict)
    """The last event of each deployment."""
    locked: frozenset[str] = frozenset()
    used: Mapping[str, datetime] = field(default_factory=dict)
    """The last known use of each database."""
    inventories: Mapping[str, Inventory] = field(default_factory=dict)
    """The relations in databases of environments that are built in place."""
    manifests: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of the same environments: the relations of the release that is live, as the account has them: `SCHEMA.NAME`."""


def orphans(account: AccountInventory, policy: OrphanPolicy, protected: Protected, now: datetime) -> tuple[Orphan, ...]:
    """Return every orphan, those to drop first."""
    found = [
        *_databases_of(account, policy, now),
        *_orphaned_objects(account, protected),
        *_relations(account, policy, now),
    ]
    return tuple(sorted(found, key=lambda orphan: (not orphan.drop, orphan.what, orphan.name)))


def _databases_of(account: AccountInventory, policy: OrphanPolicy, now: datetime) -> Iterable[Orphan]:
    for database in account.databases:
        spec = account.specs.get(database.marker.environment)
        if spec is None or database.name == spec.database.name:
            continue
        suffix = database.name.name.removeprefix(spec.database.name.name)
        if suffix.startswith("__R_"):
            yield _retained(database, account, policy, now)
        elif suffix.startswith("__C_"):
            yield _candidate(database, account, policy, now)
        elif suffix == "__F" and database.created is not None:
            old = now - database.created >= timedelta(days=policy.candidate_days)
            why_kept = _why_kept(database, account, policy, now) or (None if old else "it may still be in use by a run")
            yield _orphan_unless_kept(
                OrphanKind.CLONE,
                database,
                why_kept,
                "a re-clone did not finish",
                (f"made at {database.created:%Y-%m-%d %H:%M} UTC",),
            )


def _retained(database: OwnedObject, account: AccountInventory, policy: OrphanPolicy, now: datetime) -> Orphan:
    if (unsettled := _why_unsettled(database, account, retained_name)) is not None:
        return _orphan_unless_kept(OrphanKind.RETAINED, database, unsettled, "", ())
    until = account.expiries.get(database.name.name)
    if until is None:
        return _orphan_unless_kept(OrphanKind.RETAINED, database, "no expiry is on record", "", ())
    why_kept = _why_kept(database, account, policy, now)
    if why_kept is None and until > now:
        why_kept = f"rollback is possible until {until:%Y-%m-%d %H:%M} UTC"
    return _orphan_unless_kept(
        OrphanKind.RETAINED,
        database,
        why_kept,
        f"its rollback window ended at {until:%Y-%m-%d %H:%M} UTC",
        (_reason(database),),
    )


def _candidate(database: OwnedObject, account: AccountInventory, policy: OrphanPolicy, now: datetime) -> Orphan:
    if (unsettled := _why_unsettled(database, account, candidate_name)) is not None:
        return _orphan_unless_kept(OrphanKind.CANDIDATE, database, unsettled, "", ())
    last = account.last_seen.get(database.marker.deployment or "")
    if last is None:
        return _orphan_unless_kept(OrphanKind.CANDIDATE, database, "its deployment is not in the journal", "", ())
    why_kept = _why_kept(database, account, policy, now)
    if why_kept is None and now - last < timedelta(days=policy.candidate_days):
        why_kept = f"kept for inspection until {last + timedelta(days=policy.candidate_days):%Y-%m-%d %H:%M} UTC"
    return _orphan_unless_kept(
        OrphanKind.CANDIDATE,
        database,
        why_kept,
        f"not live, last event at {last:%Y-%m-%d %H:%M} UTC",
        (_reason(database),),
    )


def _why_unsettled(
    database: OwnedObject, account: AccountInventory, named: Callable[[Identifier, str], Identifier]
) -> str | None:
    """Return why it is kept where name and marker differ: after an unfinished cut-over it is the only way back."""
    deployment = database.marker.deployment
    live = account.specs[database.marker.environment].database.name
    with suppress(SpecError):  # no deployment of ours: a name can say nothing of it
        if deployment is not None and named(live, deployment) == database.name:
            return None
    return f"its marker has {deployment or 'no deployment'}, its name another: a cut-over did not finish"


def _why_kept(database: OwnedObject, account: AccountInventory, policy: OrphanPolicy, now: datetime) -> str | None:
    """Return why it is kept, whatever its age."""
    if database.marker.environment in account.locked:
        return f"{database.marker.environment} is locked"
    if (used := _in_use(database.name, account, policy, now)) is not None:
        return f"used at {used:%Y-%m-%d %H:%M} UTC"
    return None


def _in_use(database: Identifier, account: AccountInventory, policy: OrphanPolicy, now: datetime) -> datetime | None:
    used = account.used.get(database.name)
    return used if used is not None and now - used < timedelta(minutes=policy.in_use_minutes) else None


def _orphaned_objects(account: AccountInventory, protected: Protected) -> Iterable[Orphan]:
    """Yield objects of forgotten environments; protected names are never dropped."""
    wanted_roles = {role for spec in account.specs.values() for role in (spec.access.role, *spec.access.readers)}
    wanted_warehouses = {spec.warehouse.name for spec in account.specs.values()}
    for kind, objects, wanted in (
        (OrphanKind.WAREHOUSE, account.warehouses, wanted_warehouses),
        (OrphanKind.ROLE, account.roles, wanted_roles),
    ):
        for owned in objects:
            environment = owned.marker.environment
            if owned.name in wanted or environment in account.specs or environment in {"roles", "control"}:
                continue
            yield _orphaned_object(kind, owned.name, environment, account, protected)
    databases = {f"{spec.database.name}_RM" for spec in account.specs.values()}
    known = {f"{name.upper()}_RM": name for name in account.forgotten - account.specs.keys()}
    for monitor in account.monitors:
        if monitor.name not in databases and monitor.name in known:
            orphan = _orphaned_object(OrphanKind.MONITOR, monitor, known[monitor.name], account, protected)
            yield (
                replace(orphan, drop=False, reason=why)
                if orphan.drop and (why := _why_not_managed(monitor, account))
                else orphan
            )


def _why_not_managed(monitor: Identifier, account: AccountInventory) -> str | None:
    """Return why a monitor with such a name is not sluice's."""
    if warehouses := account.monitored.get(monitor, ()):
        return f"it monitors {', '.join(str(warehouse) for warehouse in warehouses)}"
    return None if monitor in account.created_by_sluice else "the journal has no record that sluice created it"


def _orphaned_object(
    kind: OrphanKind, name: Identifier, environment: str, account: AccountInventory, protected: Protected
) -> Orphan:
    pattern = protected.pattern(name.name, environment)
    if pattern is not None:
        return Orphan(kind, name.name, environment, drop=False, reason=f"its name matches the protected {pattern}")
    if environment not in account.journalled:
        return Orphan(kind, name.name, environment, drop=False, reason="its environment is not in the journal")
    if environment not in account.forgotten:
        reason = f"{environment} has no spec here, and is not recorded as gone"
        return Orphan(kind, name.name, environment, drop=False, reason=reason)
    reason = f"environment {environment} is gone"
    return Orphan(kind, name.name, environment, drop=True, reason=reason, evidence=("in the journal, forgotten",))


def _relations(account: AccountInventory, policy: OrphanPolicy, now: datetime) -> Iterable[Orphan]:
    for environment, inventory in account.inventories.items():
        spec = account.specs[environment]
        manifest = account.manifests.get(environment, frozenset())
        schemas = {undotted(path)[0] for path in manifest}
        # whoever builds there now needs dbt's temporary relations, and need not hold the lock
        free = environment not in account.locked and not _in_use(spec.database.name, account, policy, now)
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


def _orphan_unless_kept(
    kind: OrphanKind, owned: OwnedObject, why_kept: str | None, reason: str, evidence: Sequence[str]
) -> Orphan:
    return Orphan(
        kind,
        owned.name.name,
        owned.marker.environment,
        why_kept is None,
        why_kept if why_kept is not None else reason,
        tuple(evidence),
        deployment=owned.marker.deployment,
    )


def _reason(database: OwnedObject) -> str:
    return f"deployment {database.marker.deployment}, release {database.marker.release}"
