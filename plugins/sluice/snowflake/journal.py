"""The journal: append-only events, from which all state is derived."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from sluice.domain.journal import control_schema as names
from sluice.domain.journal.events import Event, Kind
from sluice.domain.names import Identifier, Marker
from sluice.snowflake import control_sql
from sluice.snowflake.connect import Row, Session
from sluice.snowflake.statements import Statement, Value


def ensure(session: Session) -> None:
    """Create the control database with journal, views and tags schema, as far as they are missing."""
    name = session.control
    session.run(control_sql.create_database(name, Marker("control").comment))
    for schema in (names.CONTROL, names.TAGS):
        session.run(control_sql.create_schema(name, schema))
    session.run(control_sql.create_journal(name))
    session.run(control_sql.create_meter(name))
    for view in names.VIEWS:
        session.run(control_sql.create_view(name, view))


def append(session: Session, event: Event) -> None:
    """Leave the event in the journal exactly once, also when an answer is lost on the way."""
    session.events_left += 1  # before it is sent: an answer that is lost may have arrived
    session.persist(_insert(session.control, event))


def read(
    session: Session,
    *,
    environment: str | None = None,
    deployment: str | None = None,
    kinds: Iterable[str] = (),
    since: datetime | None = None,
) -> list[Event]:
    """Return the matching events, oldest first, each once; with `since` only later ones."""
    kind_names = tuple(str(kind) for kind in kinds)
    return _once(session.run(_select(session.control, environment, deployment, kind_names, since)))


def moves(session: Session, environment: str | None = None) -> list[Event]:
    """Return the `deployment.live` events, oldest first, with nothing but what became live and what it retained.

    A whole one holds the inventory of its database: nobody who asks about all of them may have them sent.
    """
    where, params = ("\nAND ENVIRONMENT = %s", (environment,)) if environment is not None else ("", ())
    rows = session.run(
        Statement(
            "SELECT EVENT_ID, OCCURRED_AT, ACTOR, ENVIRONMENT, DEPLOYMENT, KIND,\n"
            "  OBJECT_CONSTRUCT('live', PAYLOAD:live, 'retained', PAYLOAD:retained) AS PAYLOAD\n"
            f"FROM {names.journal_table(session.control).sql}\n"
            f"WHERE KIND = %s{where}\nORDER BY OCCURRED_AT, EVENT_ID",
            (str(Kind.LIVE), *params),
        )
    )
    return _once(rows)


def last_events(session: Session) -> dict[str, datetime]:
    """Return the time of each deployment's last event."""
    table = names.journal_table(session.control).sql
    rows = session.run(
        Statement(
            f"SELECT DEPLOYMENT, MAX(OCCURRED_AT) AS LAST FROM {table} WHERE DEPLOYMENT IS NOT NULL GROUP BY DEPLOYMENT"
        )
    )
    return {str(row["deployment"]): _moment(row["last"]) for row in rows}


def _insert(name: Identifier, event: Event) -> Statement:
    table = names.journal_table(name).sql
    at = _text(event.at)
    return Statement(
        f"INSERT INTO {table} (EVENT_ID, OCCURRED_AT, ACTOR, ENVIRONMENT, DEPLOYMENT, KIND, PAYLOAD)\n"
        "SELECT %s, %s::TIMESTAMP_NTZ, %s, %s, %s, %s, PARSE_JSON(%s) FROM (SELECT 1 AS ONE)\n"
        f"WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE EVENT_ID = %s)",
        (
            event.id,
            at,
            event.actor,
            event.environment,
            event.deployment,
            event.kind,
            json.dumps(event.payload, default=str),
            event.id,
        ),
        repeatable=False,
    )


def _select(
    name: Identifier,
    environment: str | None,
    deployment: str | None,
    kinds: tuple[str, ...],
    since: datetime | None,
) -> Statement:
    conditions: list[str] = []
    params: list[Value] = []
    if environment is not None:
        conditions.append("ENVIRONMENT = %s")
        params.append(environment)
    if deployment is not None:
        conditions.append("DEPLOYMENT = %s")
        params.append(deployment)
    if kinds:
        conditions.append(f"KIND IN ({', '.join(['%s'] * len(kinds))})")
        params += kinds
    if since is not None:
        conditions.append("OCCURRED_AT > %s::TIMESTAMP_NTZ")
        params.append(_text(since))
    where = f"\nWHERE {' AND '.join(conditions)}" if conditions else ""
    return Statement(
        "SELECT EVENT_ID, OCCURRED_AT, ACTOR, ENVIRONMENT, DEPLOYMENT, KIND, PAYLOAD\n"
        f"FROM {names.journal_table(name).sql}{where}\nORDER BY OCCURRED_AT, EVENT_ID",
        tuple(params),
    )


def _once(rows: Iterable[Row]) -> list[Event]:
    events: dict[str, Event] = {}
    for row in rows:
        events.setdefault(row["event_id"], _event(row))
    return list(events.values())


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def _event(row: Row) -> Event:
    payload = row["payload"]
    return Event(
        at=_moment(row["occurred_at"]),
        actor=row["actor"],
        environment=row["environment"],
        kind=row["kind"],
        deployment=row["deployment"],
        payload=json.loads(payload) if isinstance(payload, str) else dict(payload or {}),
        id=row["event_id"],
    )


def _moment(value: object) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
