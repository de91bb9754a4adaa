"""The sweep: what is there, what the policy says of it, and each step taken under the environment's own lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sluice.domain.access.temporary_access import TemporaryGrant
from sluice.domain.cleanup.cleanup_backtest import Outcome, Past, backtest
from sluice.domain.cleanup.cleanup_plan import Action, CleanupCandidate, Finding, SweepPlan, sweep
from sluice.domain.cleanup.cleanup_policy import CleanupPolicy
from sluice.domain.cleanup.orphans import Orphan
from sluice.domain.ephemeral.ephemeral_state import EPHEMERAL_EVENTS, EphemeralEnvironment, State
from sluice.domain.names import Identifier
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import SluiceError
from sluice.operations.access import temporary_access
from sluice.operations.caller import Caller
from sluice.operations.cleanup import orphans
from sluice.operations.ephemeral import lifecycle
from sluice.operations.workspace import Workspace, in_one_session
from sluice.snowflake import locks, observe, usage
from sluice.snowflake.observe import FoundDatabase

_GENTLE = (Action.NOTICE, Action.WITHDRAW)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did, and what it could not do."""

    done: tuple[Finding, ...]
    failed: tuple[tuple[str, str], ...] = ()
    """Environment and reason; the others went on."""
    forgotten: tuple[str, ...] = ()
    revoked: tuple[TemporaryGrant, ...] = ()
    """Passes whose time was over."""
    cleared: tuple[Orphan, ...] = ()
    """What deployments and environments had left behind."""


def expired(work: Workspace, now: datetime) -> list[TemporaryGrant]:
    """Return the passes whose time is over, which a sweep takes back."""
    with work.account() as account:
        return [grant for grant in temporary_access.granted(account) if grant.ended(now)]


def plan_sweep(
    work: Workspace, policy: CleanupPolicy, now: datetime, *, allowed: int | None = None, holder: str | None = None
) -> SweepPlan:
    """Return what a sweep would do now, each with its reason and evidence; nothing is changed.

    `holder` is the run that asks: what an earlier try of it has locked is not somebody else's.
    """
    return sweep(subjects(work, holder), policy, now, allowed=allowed)


@in_one_session
def run_sweep(
    work: Workspace,
    plan: SweepPlan,
    caller: Caller,
    policy: CleanupPolicy | None = None,
    *,
    allowed: int | None = None,
) -> Swept:
    """Do what the plan says: notices, quarantines, drops; a plan that was stopped removes nothing.

    Whoever extends, pins or uses an environment between the plan and its step keeps it: the step sees a life that is
    not the planned one, and leaves it. With a policy, what was left behind is cleared as well.
    """
    lives = work.lives()
    done: list[Finding] = []
    with work.account() as account:
        failed = [(name, error.message) for name, error in account.unreadable().items()]
    for finding in plan.of(*_GENTLE) if plan.stopped else plan.of(*_GENTLE, Action.QUARANTINE, Action.DROP):
        try:
            _take(work, finding, lives[finding.name], caller)
            done.append(finding)
        except SluiceError as error:
            failed.append((finding.name, error.message))
    forgotten = tuple(_forget(work, lives.values(), caller, failed))
    revoked = tuple(_take_back(work, caller, failed))
    cleared: tuple[Orphan, ...] = ()
    if policy is not None and not plan.stopped:
        left = orphans.find(work, policy, caller.now, holder=caller.holder)
        cleared = orphans.clear(work, left, policy, caller, failed, allowed=allowed)
    return Swept(tuple(done), tuple(failed), forgotten, revoked, cleared)


def subjects(work: Workspace, holder: str | None = None) -> list[CleanupCandidate]:
    """Return every environment, those that come and go and those that stand, in a constant number of look-ups."""
    with work.account() as account:
        session, lives = account.computing(), account.ephemeral()
        databases = {database.name: database for database in account.seen(observe.databases)}
        having_tables = account.seen(locks.schemas)
        locked = locks.locked_by_others(
            session, [*lives, *work.environments], except_holder=holder, having_tables=having_tables
        )
        used = account.seen(usage.observe)
    clones = _clones(lives)
    return [
        *(
            replace(_living(life, databases, locked, used), dependents=clones.get(life.name, ()))
            for life in lives.values()
        ),
        *(
            _standing(spec, databases[spec.database.name], locked, used)
            for spec in work.environments.values()
            if spec.database.name in databases
        ),
    ]


def replay_policy(work: Workspace, policy: CleanupPolicy, days: int, now: datetime) -> Outcome:
    """Return what the policy would have done in the last `days`, had it swept every night."""
    with work.account() as account:
        session = account.computing()
        past = Past(
            events=account.events(EPHEMERAL_EVENTS),
            used=usage.hours_of_use(session, days),
            seen=usage.seen(session),
            credits=usage.hours_of_credits(session, days),
        )
    return backtest(past, policy, now - timedelta(days=days), now)


def _take(work: Workspace, finding: Finding, planned: EphemeralEnvironment, caller: Caller) -> None:
    if finding.action is Action.NOTICE and finding.until is not None:
        lifecycle.notice(
            work, finding.name, finding.reason, caller, until=finding.until, evidence=finding.evidence, planned=planned
        )
    elif finding.action is Action.WITHDRAW:
        lifecycle.withdraw(work, finding.name, finding.reason, caller, planned=planned)
    elif finding.action is Action.QUARANTINE and finding.until is not None:
        lifecycle.set_aside(
            work, finding.name, finding.reason, caller, until=finding.until, evidence=finding.evidence, planned=planned
        )
    elif finding.action is Action.DROP:
        lifecycle.drop(work, finding.name, finding.reason, caller, evidence=finding.evidence, planned=planned)


def _forget(
    work: Workspace, lives: Iterable[EphemeralEnvironment], caller: Caller, failed: list[tuple[str, str]]
) -> Iterable[str]:
    for life in lives:
        if life.state is State.DROPPED and life.until is not None and life.until <= caller.now:
            try:
                lifecycle.forget(work, life.name, caller)
            except SluiceError as error:
                failed.append((life.name, error.message))
            else:
                yield life.name


def _take_back(work: Workspace, caller: Caller, failed: list[tuple[str, str]]) -> Iterable[TemporaryGrant]:
    if not expired(work, caller.now):
        return
    with work.account() as account:
        account.forget()  # read again before the first is revoked: somebody may have been given access anew
        session = account.computing()
        for grant in expired(work, caller.now):
            try:
                temporary_access.end(session, grant, caller, f"its time ended at {grant.until:%Y-%m-%d %H:%M} UTC")
            except SluiceError as error:
                failed.append((grant.environment, f"access of {grant.holder}: {error.message}"))
            else:
                yield grant


def _clones(lives: Mapping[str, EphemeralEnvironment]) -> dict[str, tuple[str, ...]]:
    """The environments that are refreshed from another, by that: without it they could not be."""
    made: dict[str, tuple[str, ...]] = {}
    for one in lives.values():
        if one.exists and one.spec.base is not None:
            base = one.spec.base.environment
            made[base] = (*made.get(base, ()), one.name)
    return made


def _living(
    life: EphemeralEnvironment, databases: dict[Identifier, FoundDatabase], locked: dict[str, str], used: usage.Usage
) -> CleanupCandidate:
    name = life.spec.database.name
    # half set aside it bears its other name already
    either = sorted((name, lifecycle.quarantined_name(life)), reverse=life.state is State.QUARANTINED)
    there = next((databases[one] for one in either if one in databases), None)
    return CleanupCandidate(
        name=life.name,
        database=name.name,
        kind=life.spec.kind,
        owner=life.owner,
        created=life.created,
        expires=life.expires,
        state=life.state,
        until=life.until,
        pinned=life.pinned,
        journalled=True,
        marked=_marked(life, there),
        locked_by=locked.get(life.name),
        last_used=used.last.get(name.name),
        usage_seen=used.seen,
    )


def _marked(life: EphemeralEnvironment, there: FoundDatabase | None) -> bool:
    """Whether it says that it is ours; one that is set aside and not there any more is one half dropped: finished."""
    if there is None:
        return life.state is State.QUARANTINED
    return there.marker is not None and there.marker.environment == life.name


def _standing(
    spec: EnvironmentSpec, there: FoundDatabase, locked: dict[str, str], used: usage.Usage
) -> CleanupCandidate:
    return CleanupCandidate(
        name=spec.name,
        database=spec.database.name.name,
        kind=spec.kind,
        owner=spec.tags.get("OWNER", spec.tags.get("TEAM", "")),
        created=there.created_on or datetime.max.replace(tzinfo=UTC),
        expires=None,
        state=State.READY,
        until=None,
        pinned=False,
        journalled=True,
        marked=there.marker is not None and there.marker.environment == spec.name,
        locked_by=locked.get(spec.name),
        last_used=used.last.get(spec.database.name.name),
        usage_seen=used.seen,
    )
