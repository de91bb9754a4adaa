"""The provisioning plan: the steps from the existing resources to those that a spec describes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime

from sluice.domain.budgets.prices import Prices
from sluice.domain.journal.control_schema import is_environment_journal, journal_table, tag_name
from sluice.domain.names import Identifier, Marker, Qualified, deployment_id
from sluice.domain.provisioning.desired_state import PUBLIC, desired_state, monitor_suspend_at
from sluice.domain.provisioning.resources import Database, Grant, PlanningContext, Resources, User, Warehouse
from sluice.domain.provisioning.steps import (
    AlterDatabase,
    AlterUser,
    AlterWarehouse,
    Change,
    CloneDatabase,
    CloneSchema,
    CreateControl,
    CreateDatabase,
    CreateRole,
    CreateSource,
    CreateTag,
    CreateUser,
    CreateWarehouse,
    GrantPrivileges,
    GrantRole,
    Plan,
    RevokePrivilege,
    SetMonitor,
    SetTags,
    Step,
)
from sluice.domain.schedules.schedule_state import spec_at
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RefusedError

_MINIMUM_BILLED = 60
_NONE = PlanningContext()


def plan(
    spec: EnvironmentSpec,
    found: Resources,
    now: datetime,
    *,
    fingerprint: str | None,
    public_key: str | None,
    context: PlanningContext = _NONE,
    prices: Prices = Prices(),  # noqa: B008 (frozen)
) -> Plan:
    """Return the steps from what is found to what the spec wants; none when it is there already.

    Without a key the service user stays as it is: it logs in by what an administrator has given it.

    Raises:
        RefusedError: something in the way is not ours, or there is no service user and no key to make it with.
    """
    spec = spec_at(spec, now)
    desired = desired_state(spec, fingerprint, prices)
    _refuse_unmanaged(spec, found)
    marker = Marker(spec.name)
    steps: list[Step] = [
        *_control(spec, desired, found),
        *_roles(desired, found, marker),
        *_warehouse(spec, desired, found, context, marker),
        *_monitor(spec, desired, found, context),
        *_sources(desired, found),
        *_database(spec, desired, found, now),
        *_schemas(spec, found, context),
        *_user(desired, found, public_key, marker),
        *_tag_names(desired, found),
        *_grants(desired, found, context),
        *_revoked(spec, found),
        *_tags(spec, desired, found),
    ]
    return Plan(spec.name, tuple(steps), tuple(_notes(spec, found, context)))


def foundation(whole: Plan) -> Plan:
    """Return the part of a plan that must exist before the environment's lock can be acquired."""
    return Plan(whole.environment, tuple(step for step in whole.steps if _is_foundation(step)), whole.notes)


def _is_foundation(step: Step) -> bool:
    if isinstance(step, CreateControl | CreateRole | CreateWarehouse):
        return True
    if isinstance(step, GrantRole):  # future ownership gives the lock's table to the environment's role: we inherit it
        return step.membership.to_kind == "ROLE"
    if isinstance(step, AlterWarehouse):
        return [change.setting for change in step.changes] == ["auto_resume"]
    if isinstance(step, GrantPrivileges):
        on = step.grant.on
        return on is not None and on.schema is not None and on.schema.name.startswith("LOCK_")
    return False


def _refuse_unmanaged(spec: EnvironmentSpec, found: Resources) -> None:
    _refuse_foreign_warehouse(spec, found)
    existing = found.database
    if existing is None:
        return
    if existing.environment != spec.name:
        says = (
            f"belongs to environment {existing.environment}"
            if existing.environment
            else "has no ownership marker of sluice"
        )
        raise RefusedError(
            f"the database exists and {says}",
            where=f"environment {spec.name}: database.name",
            value=str(existing.name),
            good=f"another name, or, to adopt it: its comment set to {Marker(spec.name).comment}",
            untouched="the database and everything else",
        )
    if existing.transient != spec.database.transient:
        kind = {True: "transient", False: "permanent"}
        raise RefusedError(
            f"the database is {kind[existing.transient]}, the spec wants it {kind[not existing.transient]}; "
            "Snowflake cannot change that",
            where=f"environment {spec.name}: database.transient",
            value=existing.transient,
            good=f"transient: {str(existing.transient).lower()}, or the database renamed and provisioned anew",
            untouched="everything",
        )


def _refuse_foreign_warehouse(spec: EnvironmentSpec, found: Resources) -> None:
    """Another environment's is never taken over; one without a marker only where a spec's file names it."""
    existing = found.warehouse
    if existing is None or existing.environment == spec.name or (existing.environment is None and spec.kind.standing):
        return
    says = (
        f"belongs to environment {existing.environment}"
        if existing.environment
        else "has no ownership marker of sluice"
    )
    raise RefusedError(
        f"the warehouse exists and {says}",
        where=f"environment {spec.name}: warehouse.name",
        value=str(existing.name),
        good=f"another name, or, to adopt it: its comment set to {Marker(spec.name).comment}",
        untouched="the warehouse and everything else",
    )


def _control(spec: EnvironmentSpec, desired: Resources, found: Resources) -> Iterable[Step]:
    missing = desired.control - found.control
    if missing:
        ordered = tuple(sorted(missing, key=lambda object_: (len(object_.parts), str(object_))))
        journals = tuple(sorted(name for name in found.control | desired.control if is_environment_journal(name)))
        yield CreateControl(spec.control_database, ordered, "for journal, locks and tags", journals)


def _roles(desired: Resources, found: Resources, marker: Marker) -> Iterable[Step]:
    for role in sorted(desired.roles - found.roles):
        yield CreateRole(role, marker, "in the spec, does not exist")


def _warehouse(
    spec: EnvironmentSpec, desired: Resources, found: Resources, context: PlanningContext, marker: Marker
) -> Iterable[Step]:
    existing, warehouse = found.warehouse, desired.warehouse
    if warehouse is None:
        return
    if existing is None:
        yield CreateWarehouse(warehouse, marker, "the environment's warehouse does not exist")
        return
    scaled = context.lock_holder is not None and existing.size == spec.warehouse.promotion_size
    changes = [
        change
        for change in _differences(existing, warehouse)
        if not (change.setting == "size" and scaled) and change.setting not in context.restricted | context.closed
    ]
    for part in (
        [change for change in changes if change.setting == "auto_resume"],
        [change for change in changes if change.setting != "auto_resume"],
    ):
        if part:
            yield AlterWarehouse(warehouse.name, tuple(part), marker, "differs from the spec")


def _differences(existing: Warehouse, warehouse: Warehouse) -> Iterable[Change]:
    for setting in fields(Warehouse):
        before, after = getattr(existing, setting.name), getattr(warehouse, setting.name)
        if setting.name != "name" and before != after:
            yield Change(setting.name, str(before), after)


def _monitor(spec: EnvironmentSpec, desired: Resources, found: Resources, context: PlanningContext) -> Iterable[Step]:
    procedure = None if context.may_monitor else spec.monitor_procedure
    monitor, existing = desired.monitor, found.monitor
    if monitor is None or desired.warehouse is None or _why_no_monitor(spec, found, context) is not None:
        return
    if procedure and existing is not None:  # what it tells and when it stops is the procedure's to say
        existing = replace(existing, notify_percents=monitor.notify_percents, suspend_percent=monitor.suspend_percent)
    if existing != monitor:
        why = "the budget has no resource monitor yet" if existing is None else "differs from the budget"
        yield SetMonitor(monitor, desired.warehouse.name, existing is None, why, procedure)


def _why_no_monitor(spec: EnvironmentSpec, found: Resources, context: PlanningContext) -> str | None:
    """Return why the environment gets no resource monitor, though its spec asks for one."""
    if context.guarded_by is not None:
        return f"the warehouse has resource monitor {context.guarded_by}, which sluice does not manage"
    if found.monitor is not None and found.monitor.elsewhere:
        also = ", ".join(str(warehouse) for warehouse in found.monitor.elsewhere)
        return f"resource monitor {found.monitor.name} guards {also} as well: it stays unchanged"
    if not context.may_monitor and spec.monitor_procedure is None:
        return (
            "no resource monitor: only ACCOUNTADMIN may make one (give the admin connection that role, or name a "
            "monitor_procedure)"
        )
    if not context.may_monitor and monitor_suspend_at(spec) is None:
        return (
            f"no resource monitor: {spec.monitor_procedure} creates one that suspends, and this one would only notify"
        )
    return None


def _sources(desired: Resources, found: Resources) -> Iterable[Step]:
    for source in sorted(desired.sources - found.sources):
        yield CreateSource(source, "a source of the spec, does not exist yet")


def _database(spec: EnvironmentSpec, desired: Resources, found: Resources, now: datetime) -> Iterable[Step]:
    database, existing = desired.database, found.database
    if database is None:
        return
    if existing is None:
        first = Marker(spec.name, deployment_id(now, f"provision {spec.name}"))
        if spec.base is not None and not spec.base.schemas:
            yield CloneDatabase(database, spec.base, first, "the environment's database does not exist")
        else:
            yield CreateDatabase(database, first, "the live database does not exist")
    elif existing.retention_days != database.retention_days:
        change = Change("retention_days", str(existing.retention_days), database.retention_days)
        yield AlterDatabase(database.name, (change,), "differs from the spec")


def _schemas(spec: EnvironmentSpec, found: Resources, context: PlanningContext) -> Iterable[Step]:
    if spec.base is None:
        return
    for schema in spec.base.schemas:
        exists = found.database is not None and Qualified(spec.database.name, schema) in context.schemas
        if not exists:
            yield CloneSchema(spec.database.name, schema, spec.base, "requested, does not exist")


def _user(desired: Resources, found: Resources, public_key: str | None, marker: Marker) -> Iterable[Step]:
    user, existing = desired.user, found.user
    if user is None:
        return
    if existing is None:
        if public_key is None:
            raise RefusedError(
                "the service user is not there, and its connection has no private key that it could be made with",
                where=f"user {user.name}",
                good="a service user that an administrator has made for OAuth, a workload identity or an access token",
                untouched="everything",
            )
        yield CreateUser(user, public_key, marker, "the environment's service user does not exist")
        return
    if public_key is None:
        user = replace(user, fingerprint=existing.fingerprint)
    if existing != user:
        changes = tuple(
            Change(field_.name, str(getattr(existing, field_.name)), str(getattr(user, field_.name)))
            for field_ in fields(User)
            if getattr(existing, field_.name) != getattr(user, field_.name)
        )
        yield AlterUser(user, public_key, changes, "differs from the spec and the connection's key")


def _grants(desired: Resources, found: Resources, context: PlanningContext) -> Iterable[Step]:
    yield from (
        GrantRole(grant_, "not granted")
        for grant_ in sorted(
            desired.memberships - found.memberships, key=lambda grant_: (grant_.role, grant_.to_kind, grant_.to)
        )
    )
    cloned = any(grant_.scope == "all" and grant_.privilege == "OWNERSHIP" for grant_ in desired.grants)
    fresh = found.database is None and not cloned
    groups: dict[tuple[str, Qualified | None, Identifier, str, bool], list[Grant]] = {}
    for grant in desired.grants - found.grants:
        if fresh and grant.scope == "all" and grant.privilege != "OWNERSHIP" and _inside(grant.on, desired.database):
            continue  # nothing is in there yet; what comes is covered by the future grants
        if not fresh and _is_public(grant, desired.database) and grant.on not in context.schemas:
            continue
        owner = grant.privilege == "OWNERSHIP"
        groups.setdefault((grant.kind, grant.on, grant.role, grant.scope, owner), []).append(grant)
    for _, grants in sorted(groups.items(), key=_order):
        names = tuple(sorted(grant_.privilege for grant_ in grants))
        first = min(grants, key=lambda grant_: grant_.privilege)
        yield GrantPrivileges(names, first, _why(first, context))


def _revoked(spec: EnvironmentSpec, found: Resources) -> Iterable[Step]:
    """What an earlier version granted: to write the one journal of all environments."""
    insert = Grant("INSERT", "TABLE", journal_table(spec.control_database), spec.access.role)
    if insert in found.grants:
        yield RevokePrivilege(insert, "each environment writes a journal of its own")


def _why(grant: Grant, context: PlanningContext) -> str:
    if grant.scope == "all" and context.uncovered:
        return f"not granted on {len(context.uncovered)}, e.g. {context.uncovered[0]}"
    return "not granted"


def _order(item: tuple[tuple[str, Qualified | None, Identifier, str, bool], list[Grant]]) -> tuple[object, ...]:
    kind, on, role, scope, owner = item[0]
    lock = on is not None and on.schema is not None and on.schema.name.startswith("LOCK_")
    ranks = {"ACCOUNT": 0, "WAREHOUSE": 1, "DATABASE": 2, "SCHEMA": 3}
    # Ownership last: whoever gives it away can still give the rest first. The lock's schema before everything. What was
    # cloned changes hands before anything is granted on it: what others held on it in the base is taken away by that.
    contents = owner and scope == "all"
    rank = ranks.get(kind, 4)
    return (not lock, not contents, owner and kind == "DATABASE", rank, str(on), str(role), scope, not owner)


def _inside(on: Qualified | None, database: Database | None) -> bool:
    return on is not None and database is not None and on.database == database.name


def _is_public(grant: Grant, database: Database | None) -> bool:
    return (
        grant.privilege == "OWNERSHIP"
        and _inside(grant.on, database)
        and grant.on is not None
        and (grant.on.schema == PUBLIC)
    )


def _tag_names(desired: Resources, found: Resources) -> Iterable[Step]:
    for tag in sorted(desired.tag_names - found.tag_names):
        yield CreateTag(tag, "cost and ownership are attributed by it")


def _tags(spec: EnvironmentSpec, desired: Resources, found: Resources) -> Iterable[Step]:
    missing = desired.tagged - found.tagged
    for kind, on in sorted({(tagged.kind, tagged.on) for tagged in missing}):
        values = sorted(
            (tagged for tagged in missing if (tagged.kind, tagged.on) == (kind, on)), key=lambda tagged: tagged.tag
        )
        named = tuple((tag_name(spec.control_database, tagged.tag), tagged.value) for tagged in values)
        yield SetTags(kind, on, named, "the spec's tags")


def _notes(spec: EnvironmentSpec, found: Resources, context: PlanningContext) -> Iterable[str]:
    if 0 < spec.warehouse.auto_suspend < _MINIMUM_BILLED:
        yield (
            f"warehouse.auto_suspend {spec.warehouse.auto_suspend} s is legal, "
            f"but each resume bills {_MINIMUM_BILLED} s: 60 costs no more when work comes in bursts"
        )
    if spec.warehouse.auto_suspend == 0:
        yield "warehouse.auto_suspend 0 means never: the warehouse is billed until someone suspends it"
    if spec.warehouse.max_cluster_count > 1:
        yield "max_cluster_count above 1 needs the Enterprise edition"
    for shadow in sorted({(grant.kind, str(grant.on)) for grant in found.grants if _shadows(spec, grant)}):
        yield (
            f"future grants on {shadow[0].lower()}s in schema {shadow[1]} make Snowflake ignore those on the database "
            "there, for all roles: revoke them, or readers miss what is made new"
        )
    if spec.budget.monitor and (why := _why_no_monitor(spec, found, context)) is not None:
        yield f"{why}; the budget is then enforced by sluice alone"
    if not spec.budget.monitor and found.monitor is not None:
        yield f"resource monitor {found.monitor.name} exists, though budget.monitor is false: drop it manually"
    if context.restricted:
        yield f"its budget has changed {', '.join(sorted(context.restricted))} of the warehouse: sluice budget status"
    if context.closed:
        yield f"{spec.name} is closed by its hours: {', '.join(sorted(context.closed))} is off until it opens"
    if context.lock_holder:
        size = found.warehouse.size if found.warehouse else None
        scaled = size is not None and size == spec.warehouse.promotion_size != spec.warehouse.size
        more = f"; the warehouse has its promotion size {size}, which is not drift" if scaled else ""
        yield f"locked by {context.lock_holder}{more}"


def _shadows(spec: EnvironmentSpec, grant: Grant) -> bool:
    """Future grants of a schema win over those of its database, for the same kind (Snowflake: GRANT, future grants)."""
    on = grant.on
    watched = (spec.database.name, *spec.sources)
    return grant.scope == "future" and on is not None and on.schema is not None and on.database in watched
