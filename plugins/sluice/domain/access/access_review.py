"""The access review: who has which role, since when, last used, and what should be revoked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluice.domain.access.roles import ReviewBlock
from sluice.domain.access.temporary_access import Holder, TemporaryGrant


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role assignment, as SHOW GRANTS OF lists it."""

    role: str
    holder: Holder
    since: datetime | None
    granted_by: str


@dataclass(frozen=True, slots=True)
class LastUse:
    """Last uses by the account's history; None where that cannot be read."""

    roles: Mapping[tuple[str, str], datetime] | None
    """(user, role) → the last statement."""
    logins: Mapping[str, datetime] | None
    """User → the last log-in."""


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One line of the review."""

    role: str
    environment: str
    holder: str
    since: str
    last_used: str
    ends: str
    recommendation: str
    why: str


def review(
    roles: Iterable[HeldRole],
    grants: Iterable[TemporaryGrant],
    *,
    environments: Mapping[str, str],
    last_use: LastUse,
    policy: ReviewBlock,
    now: datetime,
) -> list[ReviewLine]:
    """Return a line for each role assignment; `environments` maps roles to their environments.

    Without history, no role counts as unused.
    """
    granted = {(assignment.role.name, assignment.holder): assignment for assignment in grants}
    assignments = list(roles)
    lines = []
    for assignment in assignments:
        grant, last = granted.get((assignment.role, assignment.holder)), _last_used(assignment, last_use)
        advice = _recommended(assignment, grant, last, last_use=last_use, policy=policy, now=now)
        lines.append(
            _line(
                assignment,
                grant,
                last,
                environment=environments.get(assignment.role, ""),
                last_use=last_use,
                advice=advice,
            )
        )
    present = {(assignment.role, assignment.holder) for assignment in assignments}
    for (role, holder), missing in granted.items():
        if (role, holder) not in present:
            why = "in the journal, not in the account: somebody revoked it manually"
            ends = f"{missing.until:%Y-%m-%d %H:%M}"
            lines.append(
                ReviewLine(role, missing.environment, str(holder), f"{missing.since:%Y-%m-%d}", "", ends, "look", why)
            )
    return sorted(lines, key=lambda line: (line.recommendation == "keep", line.environment, line.role, line.holder))


def _line(
    assignment: HeldRole,
    grant: TemporaryGrant | None,
    last: datetime | None,
    *,
    environment: str,
    last_use: LastUse,
    advice: tuple[str, str],
) -> ReviewLine:
    return ReviewLine(
        role=assignment.role,
        environment=environment,
        holder=str(assignment.holder),
        since=f"{assignment.since:%Y-%m-%d}" if assignment.since else "not known",
        last_used=f"{last:%Y-%m-%d}" if last else "not known" if _use_unknown(assignment, last_use) else "never",
        ends=f"{grant.until:%Y-%m-%d %H:%M}" if grant else "",
        recommendation=advice[0],
        why=advice[1],
    )


def _recommended(
    assignment: HeldRole,
    grant: TemporaryGrant | None,
    last: datetime | None,
    *,
    last_use: LastUse,
    policy: ReviewBlock,
    now: datetime,
) -> tuple[str, str]:
    if grant is not None and grant.ended(now):
        return "revoke", "it has expired: the next sweep revokes it"
    if assignment.holder.kind == "ROLE":
        return "keep", "a role of the policy"
    if _use_unknown(assignment, last_use):
        return "look", "the account's history cannot be read: its use is unknown"
    login = (last_use.logins or {}).get(assignment.holder.name.name)
    if last_use.logins is not None and (login is None or now - login > timedelta(days=policy.dormant_days)):
        return "revoke", f"the user has not logged in for {policy.dormant_days} days"
    since = max(filter(None, (last, assignment.since)), default=None)
    if since is not None and now - since > timedelta(days=policy.unused_days):
        return "revoke", f"not used for {policy.unused_days} days"
    if grant is None and assignment.granted_by:
        return "look", f"granted by {assignment.granted_by}, not by sluice: it never ends"
    return "keep", "in use"


def _last_used(assignment: HeldRole, last_use: LastUse) -> datetime | None:
    return (
        (last_use.roles or {}).get((assignment.holder.name.name, assignment.role))
        if assignment.holder.kind == "USER"
        else None
    )


def _use_unknown(assignment: HeldRole, last_use: LastUse) -> bool:
    return assignment.holder.kind == "USER" and last_use.roles is None
