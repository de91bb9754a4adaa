"""The life of each environment that comes and goes, folded from the journal: never stored, so never out of step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from sluice.domain.events import Event, Kind
from sluice.domain.specs import EnvironmentSpec
from sluice.errors import StopError


class LifeEvent(StrEnum):
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


LIFE = (*LifeEvent, Kind.PROVISIONED)
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
class Cloned:
    """What an environment's data was when it was cloned from its base."""

    environment: str
    """The base."""
    deployment: str | None
    """What the base bore; None: nothing, or it was exchanged meanwhile."""
    baseline: Mapping[str, str]
    """When each relation, as `SCHEMA.NAME`, had last been altered: whatever differs is the environment's own change."""


@dataclass(frozen=True, slots=True)
class Life:
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
    cloned: Cloned | None = None
    """What its data was cloned from, last time; None: from nothing, or that is not known."""

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.spec.name

    @property
    def there(self) -> bool:
        """Whether any of it is in the account."""
        return self.state is not State.DROPPED

    def left(self, now: datetime) -> float:
        """Return the hours until it expires; negative: it should have ended."""
        return (self.expires - now).total_seconds() / 3600


def fold(events: Iterable[Event]) -> dict[str, Life]:
    """Return the lives by environment name, in the order they began; events of standing environments are passed over.

    A name that was dropped may begin again: the newer life replaces the older one. Of two requests for one name, the
    first has it.
    """
    lives: dict[str, Life] = {}
    for event in sorted(events, key=lambda one: (one.at, one.kind != LifeEvent.REQUESTED, one.id)):
        if event.kind == LifeEvent.REQUESTED:
            if (before := lives.get(event.environment)) is None or before.state is State.DROPPED:
                lives.pop(event.environment, None)
                lives[event.environment] = _begun(event)
        elif event.kind == LifeEvent.FORGOTTEN:
            lives.pop(event.environment, None)
        elif event.environment in lives:
            lives[event.environment] = _lived(lives[event.environment], event)
    return lives


def _begun(event: Event) -> Life:
    facts = event.payload
    return Life(
        spec=_spec(event),
        owner=str(facts["owner"]),
        team=str(facts["team"]),
        created=event.at,
        expires=_moment(facts, "expires"),
        since=event.at,
        holder=str(facts.get("holder") or ""),
        reason=str(facts.get("reason") or ""),
    )


def _lived(life: Life, event: Event) -> Life:  # noqa: PLR0911 (one line for each kind)
    facts, reason = event.payload, str(event.payload.get("reason") or life.reason)
    match event.kind:
        case Kind.PROVISIONED:
            return _provisioned(life, event)
        case LifeEvent.REFRESHED:
            return _calm(replace(life, cloned=_cloned(event)), event)
        case LifeEvent.CHANGED:
            changed = replace(life, spec=_spec(event), owner=str(facts["owner"]), expires=_moment(facts, "expires"))
            return _calm(changed, event)
        case LifeEvent.PINNED:
            return _calm(replace(life, pinned=True), event)
        case LifeEvent.UNPINNED:
            return replace(life, pinned=False)
        case LifeEvent.NOTICED:
            return _moved(life, State.NOTICED, event, reason)
        case LifeEvent.QUARANTINED:
            return _moved(life, State.QUARANTINED, event, reason)
        case LifeEvent.DROPPED:
            return _moved(life, State.DROPPED, event, reason)
        case LifeEvent.RESTORED:
            return replace(life, state=State.READY, since=event.at, until=None, reason=reason)
        case _:
            return life


def _provisioned(life: Life, event: Event) -> Life:
    """The first time it is ready; what it was cloned from is said once, by whoever made the last of it."""
    known = life if life.cloned is not None else replace(life, cloned=_cloned(event))
    return replace(known, state=State.READY, since=event.at) if life.state is State.REQUESTED else known


def _moved(life: Life, state: State, event: Event, reason: str) -> Life:
    return replace(life, state=state, since=event.at, until=_moment(event.payload, "until"), reason=reason)


def _calm(life: Life, event: Event) -> Life:
    """An owner who extends or pins has answered the notice."""
    if life.state is not State.NOTICED:
        return life
    return replace(life, state=State.READY, since=event.at, until=None)


def _cloned(event: Event) -> Cloned | None:
    said = event.payload.get("cloned")
    if not isinstance(said, Mapping):
        return None
    deployment, baseline = said.get("deployment"), said.get("baseline")
    kept = {str(name): str(at) for name, at in baseline.items()} if isinstance(baseline, Mapping) else {}
    return Cloned(str(said["environment"]), str(deployment) if deployment else None, kept)


def _spec(event: Event) -> EnvironmentSpec:
    try:
        return EnvironmentSpec.model_validate(event.payload["spec"])
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
