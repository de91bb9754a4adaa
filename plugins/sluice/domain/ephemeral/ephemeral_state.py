"""The life of each ephemeral environment, folded from the journal: never stored, so never out of step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from sluice.domain.journal.events import Event, Kind
from sluice.domain.specs.blocks import JOURNALLED
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import StopError


class EphemeralEvent(StrEnum):
    """What happens to an environment between its making and its end."""

    REQUESTED = "environment.requested"
    CHANGED = "environment.changed"
    """Extended, resized, given another budget or owner: the payload holds the new spec."""
    PINNED = "environment.pinned"
    UNPINNED = "environment.unpinned"
    REFRESHED = "environment.refreshed"
    NOTICED = "environment.noticed"
    QUARANTINED = "environment.quarantined"
    RESTORED = "environment.restored"
    DROPPED = "environment.dropped"
    FORGOTTEN = "environment.forgotten"
    """Nothing is left of it, not even what UNDROP needs."""


EPHEMERAL_EVENTS = (*EphemeralEvent, Kind.PROVISIONED)
"""The kinds of events that a life is folded from."""


class State(StrEnum):
    """Where an environment is in its life."""

    REQUESTED = "requested"
    """Written down; not all of it is there yet."""
    READY = "ready"
    NOTICED = "noticed"
    """Its owner has been told that it will be removed."""
    QUARANTINED = "quarantined"
    """Nobody can use it; all of it is still there."""
    DROPPED = "dropped"
    """Gone, and can be brought back while Snowflake keeps it."""


@dataclass(frozen=True, slots=True)
class CloneOrigin:
    """What an environment's data was when it was cloned from its base."""

    environment: str
    """The base."""
    deployment: str | None
    """What the base bore; None: nothing, or it was exchanged meanwhile."""
    baseline: Mapping[str, str]
    """When each relation, as `SCHEMA.NAME`, had last been altered: whatever differs is the environment's own change."""


@dataclass(frozen=True, slots=True)
class EphemeralEnvironment:
    """One environment as its journal tells it."""

    spec: EnvironmentSpec
    owner: str
    team: str
    created: datetime
    expires: datetime
    state: State = State.REQUESTED
    since: datetime | None = None
    """When it came into this state."""
    until: datetime | None = None
    """What the state waits for: removal after a notice, the drop after quarantine, the end of undo after a drop."""
    pinned: bool = False
    holder: str = ""
    """The run that asked for it: another that asks for the same name at the same time is told so."""
    reason: str = ""
    """Why it was made, or why it is where it is."""
    cloned: CloneOrigin | None = None
    """What its data was cloned from, last time; None: from nothing, or that is not known."""

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.spec.name

    @property
    def exists(self) -> bool:
        """Whether any of it is in the account."""
        return self.state is not State.DROPPED

    def hours_left(self, now: datetime) -> float:
        """Return the hours until it expires; negative: it should have ended."""
        return (self.expires - now).total_seconds() / 3600


def from_events(events: Iterable[Event]) -> dict[str, EphemeralEnvironment]:
    """Return the lives by environment name, in the order they began; events of standing environments are passed over.

    A name that was dropped may begin again: the newer life replaces the older one. Of two requests for one name, the
    first has it.
    """
    lives: dict[str, EphemeralEnvironment] = {}
    for event in sorted(events, key=lambda one: (one.at, one.kind != EphemeralEvent.REQUESTED, one.id)):
        if event.kind == EphemeralEvent.REQUESTED:
            if (before := lives.get(event.environment)) is None or before.state is State.DROPPED:
                lives.pop(event.environment, None)
                lives[event.environment] = _requested(event)
        elif event.kind == EphemeralEvent.FORGOTTEN:
            lives.pop(event.environment, None)
        elif event.environment in lives:
            lives[event.environment] = _after(lives[event.environment], event)
    return lives


def _requested(event: Event) -> EphemeralEnvironment:
    facts = event.payload
    return EphemeralEnvironment(
        spec=_spec(event),
        owner=str(facts["owner"]),
        team=str(facts["team"]),
        created=event.at,
        expires=_moment(facts, "expires"),
        since=event.at,
        holder=str(facts.get("holder") or ""),
        reason=str(facts.get("reason") or ""),
    )


def _after(life: EphemeralEnvironment, event: Event) -> EphemeralEnvironment:  # noqa: PLR0911 (one line for each kind)
    facts, reason = event.payload, str(event.payload.get("reason") or life.reason)
    match event.kind:
        case Kind.PROVISIONED:
            return _provisioned(life, event)
        case EphemeralEvent.REFRESHED:
            return _calm(replace(life, cloned=_cloned(event)), event)
        case EphemeralEvent.CHANGED:
            changed = replace(life, spec=_spec(event), owner=str(facts["owner"]), expires=_moment(facts, "expires"))
            return _calm(changed, event)
        case EphemeralEvent.PINNED:
            return _calm(replace(life, pinned=True), event)
        case EphemeralEvent.UNPINNED:
            return replace(life, pinned=False)
        case EphemeralEvent.NOTICED:
            return _moved(life, State.NOTICED, event, reason)
        case EphemeralEvent.QUARANTINED:
            return _moved(life, State.QUARANTINED, event, reason)
        case EphemeralEvent.DROPPED:
            return _moved(life, State.DROPPED, event, reason)
        case EphemeralEvent.RESTORED:
            return replace(life, state=State.READY, since=event.at, until=None, reason=reason)
        case _:
            return life


def _provisioned(life: EphemeralEnvironment, event: Event) -> EphemeralEnvironment:
    """The first time it is ready; what it was cloned from is said once, by whoever made the last of it."""
    known = life if life.cloned is not None else replace(life, cloned=_cloned(event))
    return replace(known, state=State.READY, since=event.at) if life.state is State.REQUESTED else known


def _moved(life: EphemeralEnvironment, state: State, event: Event, reason: str) -> EphemeralEnvironment:
    return replace(life, state=state, since=event.at, until=_moment(event.payload, "until"), reason=reason)


def _calm(life: EphemeralEnvironment, event: Event) -> EphemeralEnvironment:
    """An owner who extends or pins has answered the notice."""
    if life.state is not State.NOTICED:
        return life
    return replace(life, state=State.READY, since=event.at, until=None)


def _cloned(event: Event) -> CloneOrigin | None:
    said = event.payload.get("cloned")
    if not isinstance(said, Mapping):
        return None
    deployment, baseline = said.get("deployment"), said.get("baseline")
    kept = {str(name): str(at) for name, at in baseline.items()} if isinstance(baseline, Mapping) else {}
    return CloneOrigin(str(said["environment"]), str(deployment) if deployment else None, kept)


def _spec(event: Event) -> EnvironmentSpec:
    try:
        return EnvironmentSpec.model_validate(event.payload["spec"], context=JOURNALLED)
    except (KeyError, ValueError) as wrong:
        raise StopError(
            f"the journal holds no readable spec of environment {event.environment}: {wrong}",
            where=f"journal event {event.id}",
            good="the spec that this version of sluice wrote",
            untouched="everything",
        ) from wrong


def _moment(facts: Mapping[str, object], key: str) -> datetime:
    found = datetime.fromisoformat(str(facts[key]))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
