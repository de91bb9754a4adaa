"""Lock and warehouse size: what is taken before a deployment and given back after it, whatever happened."""

from __future__ import annotations

from datetime import datetime

from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.journal.events import Kind
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.domain.sizes import Size
from sluice.errors import StopError
from sluice.operations.budgets.budgets import state_of
from sluice.operations.stage import Stage, stage
from sluice.operations.workspace import Workspace
from sluice.snowflake import control_database, locks, promotion_sql, warehouses


def lock(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Lock the environment for this deployment; a retried task goes on with the lock it has."""
    with stage("lock", work, deployment, now, locked=False) as running:
        control_database.version(running.session)  # an older sluice does not know what a newer one relies on
        lease = running.spec.promotion.lease_minutes * 60
        taken = locks.acquire(running.session, deployment.environment, deployment.id, lease, actor=deployment.actor)
        running.note(Kind.PLANNED, deployment.to_json(), once=True)
        facts = {"fence": taken.fence, "lease_until": taken.until.isoformat()}
        return running.report(f"{deployment.environment} is ours until {taken.until:%H:%M} UTC", facts)


def unlock(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Leave the environment free, if it was ours; someone else's lock is left alone."""
    with stage("unlock", work, deployment, now, locked=False, tidies=True) as running:
        ours = locks.release(running.session, deployment.environment, deployment.id, actor=deployment.actor)
        summary = f"{deployment.environment} is free" if ours else "the lock was not ours any more; left alone"
        return running.report(summary, {"released": ours})


def scale_up(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Give the warehouse its promotion size, unless it is as big already, or its budget limits it."""
    with stage("scale_up", work, deployment, now) as running:
        wanted, size = running.spec.warehouse.promotion_size, _size(running)
        if wanted is None or wanted.credits_per_hour <= size.credits_per_hour:
            return running.report(f"{running.spec.warehouse.name} stays {size}", {"size": size.value})
        if (held := state_of(running.session, deployment.environment).restriction) is not Restriction.NONE:
            return running.report(f"{running.spec.warehouse.name} stays {size}: it is {held}", {"size": size.value})
        running.session.run(promotion_sql.resize(running.spec.warehouse.name, wanted))
        return running.report(
            f"{running.spec.warehouse.name}: {size} → {wanted}", {"size": wanted.value, "before": size.value}
        )


def scale_down(work: Workspace, deployment: Deployment, now: datetime) -> StageReport:
    """Give the warehouse the size of its spec, unless another deployment has taken the environment over."""
    with stage("scale_down", work, deployment, now, locked=False, tidies=True) as running:
        holder = locks.read(running.session, deployment.environment)
        size, usual = _size(running), running.spec.warehouse.size
        if holder is not None and holder.holder != deployment.id:
            return running.report(f"{holder.holder} uses the warehouse now; left alone", {"size": size.value})
        limited = state_of(running.session, deployment.environment).restriction is not Restriction.NONE
        if size == usual or (limited and size.credits_per_hour < usual.credits_per_hour):
            return running.report(f"{running.spec.warehouse.name} is {size}", {"size": size.value})
        running.session.run(promotion_sql.resize(running.spec.warehouse.name, usual))
        return running.report(
            f"{running.spec.warehouse.name}: {size} → {usual}", {"size": usual.value, "before": size.value}
        )


def _size(running: Stage) -> Size:
    name = running.spec.warehouse.name
    warehouse = warehouses.find(running.session, name)
    if warehouse is None:
        raise StopError(
            "the environment's warehouse is not there", where=str(name), good="provision_environment", untouched="live"
        )
    return warehouse.size
