"""Events: what the journal keeps, each with an id made by its writer, so that a lost answer may be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import uuid4


class Kind(StrEnum):
    """Kinds of events that views and other packages rely on; a writer may use others of its own."""

    PROVISIONED = "environment.provisioned"
    LOCK_ACQUIRED = "lock.acquired"
    LOCK_STOLEN = "lock.stolen"
    LOCK_RELEASED = "lock.released"
    LOCK_BROKEN = "lock.broken"
    """By a person, although its holder never released it."""
    PLANNED = "deployment.planned"
    UNDO_RECORDED = "deployment.undo_recorded"
    STAGE_DONE = "deployment.stage"
    JUDGED = "deployment.judged"
    REFUSED = "deployment.refused"
    APPROVED = "approval.given"
    """By a person; the administrator writes it."""
    CUT_OVER = "deployment.cut_over"
    LIVE = "deployment.live"
    ROLLED_BACK = "deployment.rolled_back"
    FAILED = "deployment.failed"
    RELEASED = "release.registered"


BY_ENVIRONMENTS = ("lock", "deployment", "candidate", "rollback", "release")
"""What the kinds of events begin with that an environment's own role may write; all others are the administrator's."""


def by_environments(kind: str) -> bool:
    """Return whether an environment's own role may write events of this kind."""
    return str(kind).partition(".")[0] in BY_ENVIRONMENTS


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, once."""

    at: datetime
    actor: str
    environment: str
    kind: str
    deployment: str | None = None
    payload: Mapping[str, object] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid4().hex)

    @classmethod
    def once(
        cls,
        key: str,
        *,
        at: datetime,
        actor: str,
        environment: str,
        kind: str,
        deployment: str | None = None,
        payload: Mapping[str, object] | None = None,
    ) -> Event:
        """Return an event of which the journal keeps the first only, however often a retried task appends it."""
        return cls(
            at=at.astimezone(UTC),
            actor=actor,
            environment=environment,
            kind=str(kind),
            deployment=deployment,
            payload=payload or {},
            id=f"{environment}:{deployment or '-'}:{kind}:{key}",
        )
