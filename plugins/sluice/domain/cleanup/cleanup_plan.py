"""Retention: which environments are stale, what is done about each, and what stops a sweep; decided from values alone.

The way out is notice → quarantine → drop. Whoever extends or pins on the way stops it; what is in doubt stays.
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
    """It was noticed, and is not stale any more: a later notice begins anew."""
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
    """Its database bears our marker with its name."""
    locked_by: str | None
    last_used: datetime | None
    """The last statement or read in it; None: none is known."""
    usage_seen: datetime | None
    """Up to when usage is known at all; None: there is no usage data."""
    dependents: tuple[str, ...] = ()
    """What would break without it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the policy says of one environment, and why."""

    name: str
    action: Action
    reason: str
    evidence: tuple[str, ...] = ()
    owner: str = ""
    until: datetime | None = None
    """When the next step comes."""
    idle_hours: float | None = None
    """For how long it was not used; None: not known, or it is not there."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What one sweep would do; `stopped` says why it does nothing that removes."""

    findings: tuple[Finding, ...]
    stopped: str | None = None

    def of(self, *actions: Action) -> tuple[Finding, ...]:
        """Return the findings with one of these actions."""
        return tuple(one for one in self.findings if one.action in actions)

    @property
    def removals(self) -> tuple[Finding, ...]:
        """Return what takes something away from somebody."""
        return self.of(Action.QUARANTINE, Action.DROP)


def sweep(
    subjects: Sequence[CleanupCandidate], policy: CleanupPolicy, now: datetime, *, allowed: int | None = None
) -> SweepPlan:
    """Return what is done about each; `allowed` is how many removals a person has said yes to.

    Nothing is removed when that would be more than the policy's bounds, or everything there is.
    """
    findings = tuple(replace(judge(one, policy, now), idle_hours=_idle(one, policy, now)) for one in subjects)
    plan = SweepPlan(findings)
    count, there = len(plan.removals), sum(one.state is not State.DROPPED for one in subjects)
    if count > 1 and count == there:
        return SweepPlan(findings, f"all {count} environments would be removed: the policy is wrong, or the data is")
    bound = min(policy.at_most.count, max(1, ceil(there * policy.at_most.percent / 100)))
    if count > bound and (allowed is None or count > allowed):
        percent = f"{policy.at_most.percent:g} % of {there}"
        return SweepPlan(
            findings, f"{count} would be removed, at most {bound} may ({policy.at_most.count}, and {percent})"
        )
    return plan


def judge(one: CleanupCandidate, policy: CleanupPolicy, now: datetime) -> Finding:
    """Return what is done about one environment."""
    if one.state is State.DROPPED:
        return _finding(one, Action.KEEP, "dropped already")
    if kept := tuple(_never(one, policy, now)):
        return _finding(one, Action.KEEP, kept[0], kept)
    rule = policy.kinds.get(one.kind)
    stale = tuple(_stale(one, rule, policy, now)) if rule else ()
    if rule is not None and not stale and one.state is State.NOTICED:
        return _finding(one, Action.WITHDRAW, "not stale any more")
    if rule is None or not stale:
        return _finding(one, Action.KEEP, "not stale" if rule else f"no policy for {one.kind} environments")
    if rule.action == "report":
        return _finding(one, Action.REPORT, stale[0], stale)
    return _next(one, rule, policy, stale, now)


def _next(
    one: CleanupCandidate, rule: KindPolicy, policy: CleanupPolicy, stale: tuple[str, ...], now: datetime
) -> Finding:
    quarantine = timedelta(hours=policy.quarantine_hours)
    match one.state:
        case State.QUARANTINED:
            if one.until is None or now < one.until:
                return _finding(one, Action.KEEP, "in quarantine", stale, until=one.until)
            return _finding(one, Action.DROP, stale[0], stale)
        case State.NOTICED if rule.notice and (one.until is None or now < one.until):
            return _finding(one, Action.KEEP, "its owner has been told", stale, until=one.until)
        case State.READY | State.REQUESTED if rule.notice:
            return _finding(one, Action.NOTICE, stale[0], stale, until=now + timedelta(hours=policy.notice_hours))
        case _:
            return _finding(one, Action.QUARANTINE, stale[0], stale, until=now + quarantine)


def _never(one: CleanupCandidate, policy: CleanupPolicy, now: datetime) -> Iterable[str]:
    """Why this one is not touched, whatever its age."""
    if not one.journalled:
        yield "the journal does not know it"
    if not one.marked and one.state is not State.REQUESTED:
        yield "its database does not bear our marker"
    if one.kind in policy.protected.kinds:
        yield f"{one.kind} environments are protected"
    if (pattern := policy.protected.pattern(one.name, one.database)) is not None:
        yield f"its name matches the protected {pattern}"
    if one.pinned:
        yield "pinned"
    if one.locked_by is not None:
        yield f"locked by {one.locked_by}"
    if one.dependents:
        yield f"{one.dependents[0]} depends on it"
    if one.created > now:
        yield "its creation lies in the future: a clock is wrong"
    if one.last_used is not None and one.last_used > now - timedelta(minutes=policy.in_use_minutes):
        yield f"used at {one.last_used:%Y-%m-%d %H:%M} UTC"


def _stale(one: CleanupCandidate, rule: KindPolicy, policy: CleanupPolicy, now: datetime) -> Iterable[str]:
    if one.expires is not None and one.expires <= now:
        yield f"its time ended at {one.expires:%Y-%m-%d %H:%M} UTC"
    age = (now - one.created) / timedelta(days=1)
    if rule.max_age_days is not None and age >= rule.max_age_days:
        yield f"{age:.0f} days old, at most {rule.max_age_days:g} allowed"
    if rule.idle_days is None or one.usage_seen is None:
        return
    if now - one.usage_seen > timedelta(hours=policy.usage_stale_hours):
        return
    idle = (one.usage_seen - max(one.last_used or one.created, one.created)) / timedelta(days=1)
    if idle >= rule.idle_days:
        used = f"last used at {one.last_used:%Y-%m-%d %H:%M} UTC" if one.last_used else "never used"
        yield f"idle for {idle:.1f} days, at most {rule.idle_days:g} allowed ({used})"


def _idle(one: CleanupCandidate, policy: CleanupPolicy, now: datetime) -> float | None:
    if one.state is State.DROPPED or one.usage_seen is None:
        return None
    if now - one.usage_seen > timedelta(hours=policy.usage_stale_hours):
        return None
    return (one.usage_seen - max(one.last_used or one.created, one.created)) / timedelta(hours=1)


def _finding(
    one: CleanupCandidate, action: Action, reason: str, evidence: tuple[str, ...] = (), *, until: datetime | None = None
) -> Finding:
    return Finding(one.name, action, reason, evidence, one.owner, until)
