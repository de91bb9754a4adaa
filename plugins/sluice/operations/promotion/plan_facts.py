"""What people want to know beside a plan: what is live and since when, and what the upstream's gates said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sluice.dbt import releases
from sluice.domain.journal.events import Event, Kind
from sluice.domain.names import Marker
from sluice.domain.promotion.cutover import deployed, named
from sluice.domain.promotion.evidence import Evidence
from sluice.domain.promotion.promotion_plan import LiveNow, Unread, Validation
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RetryError, SluiceError
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal


def background(
    work: Workspace, spec: EnvironmentSpec, live: Marker | None, upstream: Marker | None
) -> tuple[LiveNow, Validation | Unread]:
    """Return what live of an environment holds, and how the upstream's gates judged what the upstream's live holds.

    Nothing of it decides anything, so what cannot be read is returned as unread instead of ending the plan.
    """
    release = live.release if live is not None else None
    commit = _commit(work, release)
    validated_by = deployed(upstream)
    try:
        with work.control() as session:
            moves = journal.read(session, environment=spec.name, kinds=(Kind.CUT_OVER, Kind.ROLLED_BACK))
            lived = (
                journal.read(session, environment=spec.upstream, deployment=validated_by, kinds=(Kind.LIVE,))
                if validated_by is not None
                else []
            )
    except RetryError:
        raise
    except SluiceError as error:
        unread = Unread(f"the journal cannot be read: {error.message}")
        return LiveNow(release, commit, unread if release else None), unread
    return LiveNow(release, commit, _since(moves, live)), _validation(lived, spec.upstream, validated_by)


def _commit(work: Workspace, release: str | None) -> str | Unread | None:
    if release is None:
        return None
    try:
        return releases.find(work.store, release).git_commit
    except RetryError:
        raise
    except SluiceError as error:
        return Unread(error.message)


def _since(moves: Iterable[Event], live: Marker | None) -> datetime | Unread | None:
    """Return when this deployment became live last: by a cut-over, or swapped back after another one failed."""
    if live is None or deployed(live) is None:
        return None
    names = {Kind.CUT_OVER: live.deployment, Kind.ROLLED_BACK: named(live)}
    found = [event.at for event in moves if event.payload.get("live") == names[Kind(event.kind)]]
    return found[-1] if found else Unread("the journal has no cut-over of it")


def _validation(lived: list[Event], upstream: str | None, deployment: str | None) -> Validation | Unread:
    if not lived or deployment is None:
        return Unread(f"the journal does not say when {deployment or 'anything'} went live in {upstream}")
    recorded = lived[-1].payload.get("evidence")
    try:
        evidence = tuple(Evidence.from_json(each) for each in recorded) if isinstance(recorded, list) else ()
    except (KeyError, TypeError, ValueError):
        return Unread(f"what the journal of {upstream} says of {deployment} cannot be understood")
    return Validation(deployment, lived[-1].at, evidence)
