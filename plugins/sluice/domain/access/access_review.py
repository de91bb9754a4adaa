"""The access review: who has what, since when, last used, and what should be taken back; decided from values alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluice.domain.access.roles import ReviewBlock
from sluice.domain.access.temporary_access import Holder, TemporaryGrant


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that somebody has, as SHOW GRANTS OF tells."""

    role: str
    holder: Holder
    since: datetime | None
    granted_by: str


@dataclass(frozen=True, slots=True)
class LastUse:
    """What the account's history tells of use; None where it tells nothing at all."""

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
    held: Iterable[HeldRole],
    passes: Iterable[TemporaryGrant],
    *,
    environments: Mapping[str, str],
    used: LastUse,
    policy: ReviewBlock,
    now: datetime,
) -> list[ReviewLine]:
    """Return a line for each role that a person or a role has; `environments` names the environment of each role.

    Where the history tells nothing, nothing is said to be unused.
    """
    known = {(one.role.name, one.holder): one for one in passes}
    have = list(held)
    lines = []
    for one in have:
        given, last = known.get((one.role, one.holder)), _last(one, used)
        advice = _recommended(one, given, last, used=used, policy=policy, now=now)
        lines.append(_line(one, given, last, environment=environments.get(one.role, ""), used=used, advice=advice))
    there = {(one.role, one.holder) for one in have}
    for (role, holder), lost in known.items():
        if (role, holder) not in there:
            why = "the journal knows it, the account does not: somebody took it back by hand"
            ends = f"{lost.until:%Y-%m-%d %H:%M}"
            lines.append(
                ReviewLine(role, lost.environment, str(holder), f"{lost.since:%Y-%m-%d}", "", ends, "look", why)
            )
    return sorted(lines, key=lambda line: (line.recommendation == "keep", line.environment, line.role, line.holder))


def _line(
    one: HeldRole,
    given: TemporaryGrant | None,
    last: datetime | None,
    *,
    environment: str,
    used: LastUse,
    advice: tuple[str, str],
) -> ReviewLine:
    return ReviewLine(
        role=one.role,
        environment=environment,
        holder=str(one.holder),
        since=f"{one.since:%Y-%m-%d}" if one.since else "not known",
        last_used=f"{last:%Y-%m-%d}" if last else "not known" if _blind(one, used) else "never",
        ends=f"{given.until:%Y-%m-%d %H:%M}" if given else "",
        recommendation=advice[0],
        why=advice[1],
    )


def _recommended(
    one: HeldRole,
    given: TemporaryGrant | None,
    last: datetime | None,
    *,
    used: LastUse,
    policy: ReviewBlock,
    now: datetime,
) -> tuple[str, str]:
    if given is not None and given.ended(now):
        return "take back", "its time is over: the next sweep takes it back"
    if one.holder.kind == "ROLE":
        return "keep", "a role of the policy"
    if _blind(one, used):
        return "look", "the account's history cannot be read: nothing is known of its use"
    login = (used.logins or {}).get(one.holder.name.name)
    if used.logins is not None and (login is None or now - login > timedelta(days=policy.dormant_days)):
        return "take back", f"the user has not logged in for {policy.dormant_days} days"
    since = max(filter(None, (last, one.since)), default=None)
    if since is not None and now - since > timedelta(days=policy.unused_days):
        return "take back", f"not used for {policy.unused_days} days"
    if given is None and one.granted_by:
        return "look", f"granted by {one.granted_by}, not by sluice: it never ends"
    return "keep", "in use"


def _last(one: HeldRole, used: LastUse) -> datetime | None:
    return (used.roles or {}).get((one.holder.name.name, one.role)) if one.holder.kind == "USER" else None


def _blind(one: HeldRole, used: LastUse) -> bool:
    return one.holder.kind == "USER" and used.roles is None
