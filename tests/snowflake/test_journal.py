"""The journal keeps each event once, in order, with everything it said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from sluice.domain.journal.events import Event, Kind
from sluice.snowflake import control_database, journal
from sluice.snowflake.connect import Session
from sluice.snowflake.statements import Statement

AT = datetime(2026, 11, 20, 22, 49, 1, 123456, tzinfo=UTC)
TRICKY = {"text": 'it\'s; "quoted" \\ and\nnew 100% %s ünï', "n": 3, "list": [1, None, {"a": True}], "none": None}


@pytest.fixture(autouse=True)
def _control(admin: Session) -> None:
    control_database.ensure(admin)


def test_an_event_comes_back_as_it_went_in(admin: Session) -> None:
    """Quotes, backslashes, line ends and nesting survive."""
    event = Event(AT, "ana", "prod", Kind.PLANNED, "d20261120t224901-1a2b3c", TRICKY)
    journal.append(admin, event)
    assert journal.read(admin) == [event]


def test_an_event_that_is_appended_again_is_kept_once(admin: Session) -> None:
    """A retried task may say the same thing twice."""
    event = Event.once("a", at=AT, actor="ana", environment="prod", kind=Kind.LIVE, deployment="d1")
    journal.append(admin, event)
    journal.append(admin, event)
    assert len(journal.read(admin)) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_neither_loses_nor_doubles_an_event(
    admin: Session, fault: Callable[..., None], when: str
) -> None:
    """Whether the insert took effect or not, repeating it leaves one event."""
    fault(match="INSERT INTO", when=when, do="drop")
    journal.append(admin, Event(AT, "ana", "prod", Kind.LIVE))
    assert len(journal.read(admin)) == 1


def test_events_are_read_by_environment_deployment_and_kind(admin: Session) -> None:
    """Each question gets its own events, oldest first."""
    for number, (environment, deployment, kind) in enumerate(
        [("prod", "d2", Kind.LIVE), ("prod", "d1", Kind.PLANNED), ("dev", None, Kind.PROVISIONED)]
    ):
        journal.append(admin, Event(AT - timedelta(hours=number), "ana", environment, kind, deployment))
    assert [one.deployment for one in journal.read(admin, environment="prod")] == ["d1", "d2"]
    assert [one.kind for one in journal.read(admin, deployment="d2")] == [Kind.LIVE]
    assert [one.environment for one in journal.read(admin, kinds=[Kind.PROVISIONED, Kind.PLANNED])] == ["dev", "prod"]


def test_what_was_live_comes_without_its_inventory(admin: Session) -> None:
    """Each once, in order, of one environment or of all: what became live and what it retained, and nothing else."""
    payload = {"live": "d2", "retained": {"deployment": "d1", "until": None}, "inventory": {"A.B": 1}, "checks": []}
    event = Event.once("a", at=AT, actor="ana", environment="prod", kind=Kind.LIVE, deployment="d2", payload=payload)
    for _ in range(2):
        journal.append(admin, event)
    journal.append(admin, Event(AT - timedelta(hours=1), "ana", "dev", Kind.LIVE, "d0", {"live": "d0"}))
    journal.append(admin, Event(AT, "ana", "prod", Kind.PLANNED, "d3"))
    moves = journal.moves(admin)
    assert [move.deployment for move in moves] == ["d0", "d2"]
    assert [dict(move.payload) for move in moves] == [
        {"live": "d0"},
        {"live": "d2", "retained": {"deployment": "d1", "until": None}},
    ]
    assert journal.moves(admin, "dev") == moves[:1]


def test_what_a_deployment_went_live_with_is_read_alone(admin: Session) -> None:
    """The last event of it, however many deployments there were; and of many events the latest, oldest first."""
    for number, live in enumerate(["d1", "d2", "d1", "d3"]):
        payload = {"live": live, "inventory": {"A.B": number}}
        journal.append(admin, Event(AT + timedelta(hours=number), "ana", "prod", Kind.LIVE, f"r{number}", payload))
    lived = journal.lived(admin, "prod", "d1")
    assert lived is not None
    assert lived.payload["inventory"] == {"A.B": 2}
    assert journal.lived(admin, "prod", "d9") is None
    assert [event.deployment for event in journal.read(admin, environment="prod", latest=2)] == ["r2", "r3"]


def test_the_views_fold_the_events(admin: Session) -> None:
    """Deployments, environments and the audit are read from the journal alone."""
    first = Event(AT, "ana", "prod", Kind.PLANNED, "d1", {"release": "r1", "kind": "promotion"})
    last = Event(AT + timedelta(minutes=1), "bo", "prod", Kind.CUT_OVER, "d1")
    for event in (first, last, Event(AT, "ana", "dev", Kind.PROVISIONED)):
        journal.append(admin, event)
    row = admin.one(Statement("SELECT * FROM SLUICE.CONTROL.DEPLOYMENTS"))
    assert (row["deployment"], row["release"], row["actor"], row["last_event"]) == ("d1", "r1", "ana", Kind.CUT_OVER)
    rows = admin.run(Statement("SELECT * FROM SLUICE.CONTROL.ENVIRONMENTS ORDER BY ENVIRONMENT"))
    assert [(one["environment"], one["events"]) for one in rows] == [("dev", 1), ("prod", 2)]
    assert rows[0]["provisioned_at"] is not None
    assert rows[1]["last_cut_over_at"] is not None
    assert len(admin.run(Statement("SELECT * FROM SLUICE.CONTROL.AUDIT"))) == 3


def test_making_the_control_database_again_changes_nothing(admin: Session) -> None:
    """Events stay where they are."""
    journal.append(admin, Event(AT, "ana", "prod", Kind.LIVE))
    control_database.ensure(admin)
    assert len(journal.read(admin)) == 1
