"""The life of an environment, as its journal tells it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.ephemeral_state import EphemeralEnvironment, EphemeralEvent, State, from_events, lives_of
from sluice.domain.ephemeral.templates import Request, load_templates, specify
from sluice.domain.journal.events import Event, Kind
from sluice.domain.specs.blocks import Kind as EnvironmentKind
from sluice.domain.specs.environment import EnvironmentSpec, load_environments

INCLUDE = Path(__file__).resolve().parents[2] / "include" / "environments"
NOW = datetime(2023, 12, 1, 9, tzinfo=UTC)
WEEK = NOW + timedelta(days=7)


def spec() -> EnvironmentSpec:
    """A feature environment of John's."""
    request = Request(EphemeralName.make("dev", "orders", "john", NOW.date()), "john", "data", "a new mart")
    template = load_templates(INCLUDE / "templates")[EnvironmentKind.FEATURE]
    return specify(template, request, load_environments(INCLUDE), NOW)


SPEC = spec()


def happened(kind: str, hours: float = 0, **facts: object) -> Event:
    """One event of that environment, some hours after its beginning."""
    return Event(at=NOW + timedelta(hours=hours), actor="john", environment=SPEC.name, kind=kind, payload=facts)


def asked(hours: float = 0, **facts: object) -> Event:
    """The request that begins it."""
    reported = {"spec": SPEC.model_dump(mode="json"), "owner": "john", "team": "data", "expires": WEEK.isoformat()}
    return happened(EphemeralEvent.REQUESTED, hours, **(reported | {"reason": "a new mart"} | facts))


def life(*events: Event) -> EphemeralEnvironment:
    """What comes of these events, in whatever order they are read."""
    return from_events(reversed([asked(), *events]))[SPEC.name]


def test_it_begins_with_a_request() -> None:
    """What was asked for is known before any of it is there."""
    found = life()
    assert (found.state, found.owner, found.expires, found.spec) == (State.REQUESTED, "john", WEEK, SPEC)


def test_a_whole_life() -> None:
    """Ready, notified, set aside, dropped; each with its reason and what it waits for."""
    until = NOW + timedelta(days=9)
    steps = [happened(Kind.PROVISIONED, 1)]
    assert life(*steps).state is State.READY
    for state, kind in (
        (State.NOTICED, EphemeralEvent.NOTICED),
        (State.QUARANTINED, EphemeralEvent.QUARANTINED),
        (State.DROPPED, EphemeralEvent.DROPPED),
    ):
        steps.append(happened(kind, len(steps) + 1, reason="idle for 3 days", until=until.isoformat()))
        found = life(*steps)
        assert (found.state, found.reason, found.until) == (state, "idle for 3 days", until)
    assert not life(*steps).exists
    assert life(*steps, happened(EphemeralEvent.RESTORED, 9, reason="asked back")).state is State.READY


@pytest.mark.parametrize("answer", [EphemeralEvent.PINNED, EphemeralEvent.CHANGED])
def test_an_answer_stops_a_notice(answer: EphemeralEvent) -> None:
    """Who extends or pins has answered: nothing waits for removal any more."""
    later = WEEK + timedelta(days=7)
    facts = {"spec": SPEC.model_dump(mode="json"), "owner": "ann", "expires": later.isoformat()}
    found = life(
        happened(Kind.PROVISIONED, 1),
        happened(EphemeralEvent.NOTICED, 2, reason="old", until=WEEK.isoformat()),
        happened(answer, 3, **(facts if answer is EphemeralEvent.CHANGED else {})),
    )
    assert (found.state, found.until) == (State.READY, None)
    assert found.pinned is (answer is EphemeralEvent.PINNED)
    assert found.owner == ("ann" if answer is EphemeralEvent.CHANGED else "john")


def test_a_name_may_live_again() -> None:
    """A request after a drop is a new life, with nothing of the old one."""
    found = life(
        happened(EphemeralEvent.PINNED, 1),
        happened(EphemeralEvent.DROPPED, 2, until=WEEK.isoformat()),
        asked(3, owner="ann"),
    )
    assert (found.state, found.owner, found.pinned) == (State.REQUESTED, "ann", False)


def test_of_two_requests_the_first_has_the_name() -> None:
    """Two who ask for one name at the same time do not share it."""
    found = life(asked(0.5, owner="ann", holder="second"), happened(Kind.PROVISIONED, 1))
    assert (found.owner, found.state) == ("john", State.READY)


def test_standing_environments_are_passed_over() -> None:
    """Prod is provisioned too, and has no life of this sort."""
    assert not from_events([Event(at=NOW, actor="ops", environment="prod", kind=Kind.PROVISIONED)])


def test_a_life_that_cannot_be_read_stops_itself_alone() -> None:
    """Its name is known with the reason, its later events change nothing, and the others go on."""
    other = replace(asked(2), environment="other", id="other")
    wrong = [
        happened(EphemeralEvent.CHANGED, 1, spec={"name": "x"}),
        happened(EphemeralEvent.CHANGED, 1, spec=SPEC.model_dump(mode="json"), owner="john", expires="soon"),
        happened(EphemeralEvent.NOTICED, 1),
    ]
    for event in wrong:
        lives = lives_of([asked(), event, happened(EphemeralEvent.PINNED, 2), asked(3), other])
        assert list(lives.environments) == ["other"]
        assert list(lives.unreadable) == [SPEC.name]
        assert lives_of([asked(), event, happened(EphemeralEvent.FORGOTTEN, 2)]).unreadable == {}
    assert "no readable spec" in str(lives_of([asked(), wrong[0]]).unreadable[SPEC.name])


def test_what_a_newer_version_wrote_into_a_spec_is_passed_over_by_name() -> None:
    """Budgets and the sweep go on; which keys were not understood is said."""
    spec = SPEC.model_dump(mode="json")
    newer = {**spec, "carbon": {"grams": 1}, "budget": {**spec["budget"], "yearly_usd": 9}}
    lives = lives_of([asked(spec=newer)])
    assert lives.environments[SPEC.name].spec == SPEC
    assert set(lives.passed_over[SPEC.name]) == {"carbon", "budget.yearly_usd"}
    assert lives_of([asked()]).passed_over == {}
