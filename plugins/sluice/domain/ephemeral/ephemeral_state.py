"""The state of each ephemeral environment, derived from the journal."""

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
    """Events of an ephemeral environment."""

    REQUESTED = "environment.requested"
    CHANGED = "environment.changed"
    """Extended, resized, budget or owner changed: the payload has the new spec."""
    PINNED = "environment.pinned"
    UNPINNED = "environment.unpinned"
    REFRESHED = "environment.refreshed"
    NOTICED = "environment.noticed"
    QUARANTINED = "environment.quarantined"
    RESTORED = "environment.restored"
    DROPPED = "environment.dropped"
    FORGOTTEN = "environment.forgotten"
    """Not even UNDROP can restore it."""


EPHEMERAL_EVENTS = (*EphemeralEvent, Kind.PROVISIONED)
"""The kinds of events that the state is derived from."""


class State(StrEnum):
    """The lifecycle states."""

    REQUESTED = "requested"
    """Recorded; not all of it exists yet."""
    READY = "ready"
    NOTICED = "noticed"
    """Its owner was notified that it will be removed."""
    QUARANTINED = "quarantined"
    """Nobody can use it; all of it still exists."""
    DROPPED = "dropped"
    """Dropped; can be restored within Snowflake's retention."""


@dataclass(frozen=True, slots=True)
class CloneOrigin:
    """The origin of an environment's data at its last clone."""

    environment: str
    """The base."""
    deployment: str | None
    """The deployment of the base; None: none, or it was swapped meanwhile."""
    baseline: Mapping[str, str]
    """When each relation, as `SCHEMA.NAME`, had last been altered: whatever differs is the environment's own change."""


@dataclass(frozen=True, slots=True)
class EphemeralEnvironment:
    """One ephemeral environment, from its journal."""

    spec: EnvironmentSpec
    owner: str
    team: str
    created: datetime
    expires: datetime
    state: State = State.REQUESTED
    since: datetime | None = None
    """The start of this state."""
    until: datetime | None = None
    """What the state waits for: removal after a notice, the drop after quarantine, the end of undo after a drop."""
    pinned: bool = False
    holder: str = ""
    """The run that requested it: a concurrent request for the same name is refused with it."""
    reason: str = ""
    """Why it was created, or why it is in this state."""
    cloned: CloneOrigin | None = None
    """The origin of its last clone; None: none, or unknown."""

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


@dataclass(frozen=True, slots=True)
class Lives:
    """The ephemeral environments of a journal, and what of it this version of sluice cannot read."""

    environments: dict[str, EphemeralEnvironment]
    unreadable: dict[str, StopError]
    """By name: nothing is done about these environments alone."""
    passed_over: dict[str, tuple[str, ...]]
    """Keys of a spec that this version does not know, by the environment's name."""


def from_events(events: Iterable[Event]) -> dict[str, EphemeralEnvironment]:
    """Return the environments by name that can be read: see `lives_of`."""
    return lives_of(events).environments


def lives_of(events: Iterable[Event]) -> Lives:
    """Return the environments by name, in the order of their requests; events of permanent ones are ignored.

    A dropped name may be requested again: the newer environment replaces the older one. Of two requests for one name,
    the first gets it. One of whose events cannot be read is unreadable until it is forgotten.
    """
    lives = Lives({}, {}, {})
    for event in sorted(events, key=lambda item: (item.at, item.kind != EphemeralEvent.REQUESTED, item.id)):
        try:
            _fold(lives.environments, event, unreadable=event.environment in lives.unreadable)
        except StopError as error:
            lives.environments.pop(event.environment, None)
            lives.unreadable[event.environment] = error
        if event.kind == EphemeralEvent.FORGOTTEN:
            lives.unreadable.pop(event.environment, None)
        if event.environment in lives.environments and (unknown := _unknown_keys(event)):
            lives.passed_over[event.environment] = unknown
    return lives


def _fold(environments: dict[str, EphemeralEnvironment], event: Event, *, unreadable: bool) -> None:
    if event.kind == EphemeralEvent.REQUESTED:
        former = environments.get(event.environment)
        if not unreadable and (former is None or former.state is State.DROPPED):
            environments.pop(event.environment, None)
            environments[event.environment] = _requested(event)
    elif event.kind == EphemeralEvent.FORGOTTEN:
        environments.pop(event.environment, None)
    elif event.environment in environments:
        environments[event.environment] = _after(environments[event.environment], event)


def _requested(event: Event) -> EphemeralEnvironment:
    facts = event.payload
    return EphemeralEnvironment(
        spec=_spec(event),
        owner=_text(event, "owner"),
        team=_text(event, "team"),
        created=event.at,
        expires=_moment(event, "expires"),
        since=event.at,
        holder=str(facts.get("holder") or ""),
        reason=str(facts.get("reason") or ""),
    )


def _after(environment: EphemeralEnvironment, event: Event) -> EphemeralEnvironment:  # noqa: PLR0911 (one line for each kind)
    reason = str(event.payload.get("reason") or environment.reason)
    match event.kind:
        case Kind.PROVISIONED:
            return _provisioned(environment, event)
        case EphemeralEvent.REFRESHED:
            return _notice_answered(replace(environment, cloned=_cloned(event)), event)
        case EphemeralEvent.CHANGED:
            changed = replace(
                environment, spec=_spec(event), owner=_text(event, "owner"), expires=_moment(event, "expires")
            )
            return _notice_answered(changed, event)
        case EphemeralEvent.PINNED:
            return _notice_answered(replace(environment, pinned=True), event)
        case EphemeralEvent.UNPINNED:
            return replace(environment, pinned=False)
        case EphemeralEvent.NOTICED:
            return _in_state(environment, State.NOTICED, event, reason)
        case EphemeralEvent.QUARANTINED:
            return _in_state(environment, State.QUARANTINED, event, reason)
        case EphemeralEvent.DROPPED:
            return _in_state(environment, State.DROPPED, event, reason)
        case EphemeralEvent.RESTORED:
            return replace(environment, state=State.READY, since=event.at, until=None, reason=reason)
        case _:
            return environment


def _provisioned(environment: EphemeralEnvironment, event: Event) -> EphemeralEnvironment:
    """Ready after the first provisioning; its clone origin is recorded once."""
    known = environment if environment.cloned is not None else replace(environment, cloned=_cloned(event))
    return replace(known, state=State.READY, since=event.at) if environment.state is State.REQUESTED else known


def _in_state(environment: EphemeralEnvironment, state: State, event: Event, reason: str) -> EphemeralEnvironment:
    return replace(environment, state=state, since=event.at, until=_moment(event, "until"), reason=reason)


def _notice_answered(environment: EphemeralEnvironment, event: Event) -> EphemeralEnvironment:
    """Extending or pinning answers the notice."""
    if environment.state is not State.NOTICED:
        return environment
    return replace(environment, state=State.READY, since=event.at, until=None)


def _cloned(event: Event) -> CloneOrigin | None:
    origin = event.payload.get("cloned")
    if not isinstance(origin, Mapping):
        return None
    deployment, baseline = origin.get("deployment"), origin.get("baseline")
    altered = {str(name): str(at) for name, at in baseline.items()} if isinstance(baseline, Mapping) else {}
    return CloneOrigin(str(origin["environment"]), str(deployment) if deployment else None, altered)


def _spec(event: Event) -> EnvironmentSpec:
    try:
        return EnvironmentSpec.model_validate(event.payload["spec"], context=JOURNALLED)
    except (KeyError, ValueError) as wrong:
        why = " ".join(str(wrong).split())[:160]
        raise StopError(
            f"the journal holds no readable spec of environment {event.environment}: {why}",
            where=f"journal event {event.id}",
            good="the spec that this version of sluice wrote",
            untouched="everything",
        ) from wrong


def _unknown_keys(event: Event) -> tuple[str, ...]:
    """Return the keys of an event's spec, dotted, that no spec of this version has."""
    written = event.payload.get("spec")
    return tuple(_beyond(written, _spec(event).model_dump(mode="json"))) if isinstance(written, Mapping) else ()


def _beyond(written: Mapping[str, object], known: Mapping[str, object]) -> Iterable[str]:
    for key, value in written.items():
        if key not in known:
            yield key
        elif isinstance(value, Mapping) and isinstance(inside := known[key], Mapping):
            yield from (f"{key}.{name}" for name in _beyond(value, inside))


def _text(event: Event, key: str) -> str:
    if key in event.payload:
        return str(event.payload[key])
    raise _unreadable(event, key)


def _unreadable(event: Event, key: str) -> StopError:
    return StopError(
        f"the journal does not say {key} of environment {event.environment} in a way that this sluice reads",
        where=f"journal event {event.id}",
        value=event.payload.get(key),
        good="the version of sluice that wrote it",
        untouched=event.environment,
    )


def _moment(event: Event, key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(event.payload[key]))
    except (KeyError, ValueError) as wrong:
        raise _unreadable(event, key) from wrong
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
