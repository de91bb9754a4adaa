"""What somebody may wait for: an environment that is ready, a deployment that is live. A look, never a wait."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from sluice.domain.budgets.budget_state import BudgetState, Restriction
from sluice.domain.ephemeral.ephemeral_state import State
from sluice.domain.journal.events import Kind
from sluice.domain.schedules.schedule_state import ScheduleState
from sluice.errors import RefusedError, SpecError
from sluice.operations.budgets import budgets
from sluice.operations.schedules import schedules
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import journal, observe
from sluice.snowflake.error_mapping import MissingError

log = logging.getLogger(__name__)

Wanted = Mapping[str, str | None]
Facts = dict[str, str | None]


def ready(work: Workspace, environment: str, wanted: Wanted) -> Facts | None:
    """Return what is known of an environment once it is whole, its database bearing our marker; None until then.

    Raises:
        RefusedError: it was set aside or dropped, so that waiting is in vain.
    """
    del wanted
    try:
        return _ready(work, environment)
    except MissingError:  # nothing was ever provisioned in this account
        return None


def _ready(work: Workspace, environment: str) -> Facts | None:
    life = None if environment in work.environments else work.lives().get(environment)
    if life is not None and life.state in {State.QUARANTINED, State.DROPPED}:
        raise RefusedError(
            f"it is {life.state} since {life.since:%Y-%m-%d %H:%M} UTC: {life.reason}",
            where=f"environment {environment}",
            good=f"sluice env undo {environment}",
            untouched="everything",
        )
    if environment not in work.environments and (life is None or life.state is State.REQUESTED):
        return None
    spec = life.spec if life is not None else work.spec(environment)
    with work.control() as session:
        marker = observe.markers(session, spec.database.name.name).get(spec.database.name.name)
        if life is None and not _provisioned(work, environment):
            return None
    if marker is None or marker.environment != environment:
        return None
    return {"environment": environment, "database": spec.database.name.name, "warehouse": spec.warehouse.name.name}


def deployed(work: Workspace, environment: str, wanted: Wanted) -> Facts | None:
    """Return what is live in an environment once it is the wanted release or deployment; None until then.

    Nothing wanted means any deployment at all.
    """
    known = work.including(environment)
    live = known.spec(environment).database.name
    with known.control() as session:
        marker = observe.markers(session, live.name).get(live.name)
    if marker is None or marker.release is None:
        return None
    found = {"environment": environment, "deployment": marker.deployment, "release": marker.release}
    if any(value is not None and found[key] != value for key, value in wanted.items()):
        return None
    return found


def affordable(work: Workspace, environment: str, wanted: Wanted) -> Facts | None:
    """Return what an environment's budget holds once that is not all of it; None while it is suspended, or closed."""
    del wanted
    work.including(environment)
    with work.control() as session:
        guards, closings = schedules.restrictions_of(session, environment)
    guard, closing = (
        guards.get(environment, BudgetState(environment)),
        closings.get(environment, ScheduleState(environment)),
    )
    return (
        None
        if guard.restriction is Restriction.SUSPENDED or closing.owned_settings
        else {"environment": environment, "budget": str(guard.restriction)}
    )


def opened(work: Workspace, environment: str, wanted: Wanted) -> Facts | None:
    """Return what is held of an environment once a run may begin there; None while it is to wait.

    Raises:
        RefusedError: it is suspended or closed, and its spec says that a run fails then.
    """
    try:
        found = affordable(work, environment, wanted)
    except MissingError:  # nothing was ever provisioned in this account: what comes next says so
        return {"environment": environment, "budget": str(Restriction.NONE)}
    why = None if found is not None else why_held(work, environment)
    if why is None:
        return found
    if work.including(environment).spec(environment).budget.when_suspended == "fail":
        raise RefusedError(
            f"{why[0]}; its spec says when_suspended: fail",
            where=f"environment {environment}",
            good=why[1],
            untouched="everything",
        )
    log.info("%s; waiting (%s)", *why)
    return None


@in_one_session
def why_held(work: Workspace, environment: str) -> tuple[str, str] | None:
    """Return why nothing runs in an environment, its budget or its hours, and what would help; None: it is free."""
    if (why := budgets.reason(work, environment)) is not None:
        return why, f"sluice budget resume {environment}, or: sluice budget override {environment}"
    if (why := schedules.reason(work, work.including(environment).spec(environment))) is not None:
        return why, f'sluice hours open {environment} --until 22:00 --reason "late work"'
    return None


CONDITIONS: Mapping[str, Callable[[Workspace, str, Wanted], Facts | None]] = {
    "ready": ready,
    "deployed": deployed,
    "affordable": affordable,
    "opened": opened,
}
"""By the names that a trigger may hold."""


@in_one_session
def look(work: Workspace, condition: str, environment: str, wanted: Wanted) -> Facts | None:
    """Return the facts once the condition holds; None until then."""
    if condition not in CONDITIONS:
        raise SpecError("no such condition", where="condition", value=condition, good=", ".join(CONDITIONS))
    return CONDITIONS[condition](work, environment, wanted)


def _provisioned(work: Workspace, environment: str) -> bool:
    with work.control() as session:
        return bool(journal.read(session, environment=environment, kinds=(Kind.PROVISIONED,)))
