"""Temporary access to an environment, derived from the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal

from sluice.domain.access.roles import AccessPolicy, Level
from sluice.domain.journal.events import Event
from sluice.domain.names import Identifier
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RefusedError, SpecError


class TemporaryGrantEvent(StrEnum):
    """What happens to a temporary grant."""

    GRANTED = "access.granted"
    REVOKED = "access.revoked"


@dataclass(frozen=True, slots=True)
class Holder:
    """The user or role that a role is granted to."""

    kind: Literal["USER", "ROLE"]
    name: Identifier

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.name}"


@dataclass(frozen=True, slots=True)
class TemporaryGrant:
    """One temporary grant, from the journal."""

    environment: str
    role: Identifier
    """The environment's role that was granted."""
    level: Level
    holder: Holder
    since: datetime
    until: datetime
    by: str
    reason: str

    def ended(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.until <= now


def from_events(events: Iterable[Event]) -> list[TemporaryGrant]:
    """Return the grants that were not revoked, oldest first; a later one for the same role and holder replaces."""
    grants: dict[tuple[str, Identifier, Holder], TemporaryGrant] = {}
    for event in sorted(events, key=lambda each: (each.at, each.kind != TemporaryGrantEvent.REVOKED, each.id)):
        facts = event.payload
        role = Identifier.from_account(str(facts["role"]))
        holder = Holder("USER" if facts["to"] == "USER" else "ROLE", Identifier.from_account(str(facts["holder"])))
        key = (event.environment, role, holder)
        if event.kind == TemporaryGrantEvent.REVOKED:
            grants.pop(key, None)
        elif event.kind == TemporaryGrantEvent.GRANTED:
            grants[key] = TemporaryGrant(
                environment=event.environment,
                role=role,
                level=Level(str(facts["level"])),
                holder=holder,
                since=event.at,
                until=datetime.fromisoformat(str(facts["until"])).astimezone(UTC),
                by=event.actor,
                reason=str(facts.get("reason") or ""),
            )
    return sorted(grants.values(), key=lambda one: (one.since, one.environment, str(one.holder)))


def until(policy: AccessPolicy, spec: EnvironmentSpec, level: Level, hours: int, now: datetime) -> datetime:
    """Return when a grant expires, or refuse one that the policy does not allow."""
    most = policy.temporary.max_hours
    if not 1 <= hours <= most:
        raise SpecError(
            f"access lasts 1 to {most} hours",
            where="hours",
            value=hours,
            good=str(min(24, most)),
            untouched="everything",
        )
    if level is Level.WRITE and spec.kind not in policy.temporary.write_kinds:
        raise RefusedError(
            f"nobody is given write access to a {spec.kind} environment",
            where=f"environment {spec.name}: level",
            value=str(level),
            good="read; or a release, which goes there by promotion",
            untouched="everything",
        )
    return now + timedelta(hours=hours)
