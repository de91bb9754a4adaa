"""The clean-up plan: which environments are stale, what is done about each, and what stops a sweep. Pure.

The steps are notice → quarantine → drop. Extending or pinning cancels them; in doubt an environment is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from sluice.domain.cleanup.cleanup_policy import CleanupPolicy, KindPolicy
from sluice.domain.ephemeral.ephemeral_state import State
from sluice.domain.specs.blocks import Kind


class Action(StrEnum):
    """What a sweep does with one environment."""

    KEEP = "keep"
    REPORT = "report"
    NOTICE = "notice"
    WITHDRAW = "withdraw"
    """It had a notice and is no longer stale: a later notice starts again."""
    QUARANTINE = "quarantine"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class CleanupCandidate:
    """One environment as the journal and the account show it."""

    name: str
    database: str
    kind: Kind
    owner: str
    created: datetime
    expires: datetime | None
    """None: it is permanent."""
    state: State
    until: datetime | None
    """What its state waits for."""
    pinned: bool
    journalled: bool
    marked: bool
    """Whether its database has the ownership marker of this environment."""
    locked_by: str | None
    last_used: datetime | None
    """The last statement or read in it; None: none is known."""
    usage_seen: datetime | None
    """Up to when usage is known at all; None: there is no usage data."""
    dependents: tuple[str, ...] = ()
    """What would break without it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The decision about one environment, and why."""

    name: str
    action: Action
    reason: str
    evidence: tuple[str, ...] = ()
    owner: str = ""
    until: datetime | None = None
    """When the next step comes."""
    idle_hours: float | None = None
    """For how long it was not used; None: not known, or it does not exist."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What one sweep would do; `stopped` says why it removes nothing."""

    findings: tuple[Finding, ...]
    stopped: str | None = None

    def of(self, *actions: Action) -> tuple[Finding, ...]:
        """Return the findings with one of these actions."""
        return tuple(finding for finding in self.findings if finding.action in actions)

    @property
    def removals(self) -> tuple[Finding, ...]:
        """Return the findings that remove something."""
        return self.of(Action.QUARANTINE, Action.DROP)


def sweep(
    candidates: Sequence[CleanupCandidate], policy: CleanupPolicy, now: datetime, *, allowed: int | None = None
) -> SweepPlan:
    """Return the decision about each candidate; `allowed` is how many removals a person has approved.

    Nothing is removed when that would exceed the policy's limits, or would remove everything.
    """
    findings = tuple(
        replace(judge(candidate, policy, now), idle_hours=_idle_hours(candidate, policy, now))
        for candidate in candidates
    )
    plan = SweepPlan(findings)
    count, existing = len(plan.removals), sum(candidate.state is not State.DROPPED for candidate in candidates)
    if count > 1 and count == existing:
        return SweepPlan(findings, f"all {count} environments would be removed: the policy is wrong, or the data is")
    bound = min(policy.at_most.count, max(1, ceil(existing * policy.at_most.percent / 100)))
    if count > bound and (allowed is None or count > allowed):
        percent = f"{policy.at_most.percent:g} % of {existing}"
        return SweepPlan(
            findings, f"{count} would be removed, at most {bound} may ({policy.at_most.count}, and {percent})"
        )
    return plan


def judge(candidate: CleanupCandidate, policy: CleanupPolicy, now: datetime) -> Finding:
    """Return the decision about one environment."""
    if candidate.state is State.DROPPED:
        return _finding(candidate, Action.KEEP, "dropped already")
    if protections := tuple(_why_never(candidate, policy, now)):
        return _finding(candidate, Action.KEEP, protections[0], protections)
    rule = policy.kinds.get(candidate.kind)
    stale = tuple(_why_stale(candidate, rule, policy, now)) if rule else ()
    if rule is not None and not stale and candidate.state is State.NOTICED:
        return _finding(candidate, Action.WITHDRAW, "not stale any more")
    if rule is None or not stale:
        return _finding(candidate, Action.KEEP, "not stale" if rule else f"no policy for {candidate.kind} environments")
    if rule.action == "report":
        return _finding(candidate, Action.REPORT, stale[0], stale)
    return _next_step(candidate, rule, policy, stale, now)


def _next_step(
    candidate: CleanupCandidate, rule: KindPolicy, policy: CleanupPolicy, stale: tuple[str, ...], now: datetime
) -> Finding:
    quarantine = timedelta(hours=policy.quarantine_hours)
    match candidate.state:
        case State.QUARANTINED:
            if candidate.until is None or now < candidate.until:
                return _finding(candidate, Action.KEEP, "in quarantine", stale, until=candidate.until)
            return _finding(candidate, Action.DROP, stale[0], stale)
        case State.NOTICED if rule.notice and (candidate.until is None or now < candidate.until):
            return _finding(candidate, Action.KEEP, "its owner has been notified", stale, until=candidate.until)
        case State.READY | State.REQUESTED if rule.notice:
            return _finding(candidate, Action.NOTICE, stale[0], stale, until=now + timedelta(hours=policy.notice_hours))
        case _:
            return _finding(candidate, Action.QUARANTINE, stale[0], stale, until=now + quarantine)


def _why_never(candidate: CleanupCandidate, policy: CleanupPolicy, now: datetime) -> Iterable[str]:
    """Yield the reasons why it is never removed, whatever its age."""
    if not candidate.journalled:
        yield "it is not in the journal"
    if not candidate.marked and candidate.state is not State.REQUESTED:
        yield "its database has no ownership marker of sluice"
    if candidate.kind in policy.protected.kinds:
        yield f"{candidate.kind} environments are protected"
    if (pattern := policy.protected.pattern(candidate.name, candidate.database)) is not None:
        yield f"its name matches the protected {pattern}"
    if candidate.pinned:
        yield "pinned"
    if candidate.locked_by is not None:
        yield f"locked by {candidate.locked_by}"
    if candidate.dependents:
        yield f"{candidate.dependents[0]} depends on it"
    if candidate.created > now:
        yield "its creation lies in the future: a clock is wrong"
    if candidate.last_used is not None and candidate.last_used > now - timedelta(minutes=policy.in_use_minutes):
        yield f"used at {candidate.last_used:%Y-%m-%d %H:%M} UTC"


def _why_stale(candidate: CleanupCandidate, rule: KindPolicy, policy: CleanupPolicy, now: datetime) -> Iterable[str]:
    if candidate.expires is not None and candidate.expires <= now:
        yield f"it expired at {candidate.expires:%Y-%m-%d %H:%M} UTC"
    age = (now - candidate.created) / timedelta(days=1)
    if rule.max_age_days is not None and age >= rule.max_age_days:
        yield f"{age:.0f} days old, at most {rule.max_age_days:g} allowed"
    if rule.idle_days is None or candidate.usage_seen is None:
        return
    if now - candidate.usage_seen > timedelta(hours=policy.usage_stale_hours):
        return
    idle = (candidate.usage_seen - max(candidate.last_used or candidate.created, candidate.created)) / timedelta(days=1)
    if idle >= rule.idle_days:
        used = f"last used at {candidate.last_used:%Y-%m-%d %H:%M} UTC" if candidate.last_used else "never used"
        yield f"idle for {idle:.1f} days, at most {rule.idle_days:g} allowed ({used})"


def _idle_hours(candidate: CleanupCandidate, policy: CleanupPolicy, now: datetime) -> float | None:
    if candidate.state is State.DROPPED or candidate.usage_seen is None:
        return None
    if now - candidate.usage_seen > timedelta(hours=policy.usage_stale_hours):
        return None
    return (candidate.usage_seen - max(candidate.last_used or candidate.created, candidate.created)) / timedelta(
        hours=1
    )


def _finding(
    candidate: CleanupCandidate,
    action: Action,
    reason: str,
    evidence: tuple[str, ...] = (),
    *,
    until: datetime | None = None,
) -> Finding:
    return Finding(candidate.name, action, reason, evidence, candidate.owner, until)
