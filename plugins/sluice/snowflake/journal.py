"""The journal: append-only events, from which all state is derived.

An environment's session writes the environment's own journal, and an administrator's the administrator's. What an
environment's journal says of another one, or of a kind that only the administrator may write, nobody reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from sluice.domain.journal import control_schema as names
from sluice.domain.journal.events import Event, Kind, by_environments
from sluice.domain.names import Qualified
from sluice.snowflake import control_sql, row_parsing
from sluice.snowflake.connect import Row, Session
from sluice.snowflake.error_mapping import MissingError
from sluice.snowflake.statements import Statement, Value


def append(session: Session, event: Event) -> None:
    """Leave the event in the session's journal exactly once, also when an answer is lost on the way."""
    session.events_left += 1  # before it is sent: an answer that is lost may have arrived
    try:
        session.persist(_insert(_written_by(session), event))
    except MissingError as missing:
        if session.environment is None:
            raise
        raise no_journal(session, session.environment) from missing


def read(
    session: Session,
    *,
    environment: str | None = None,
    deployment: str | None = None,
    kinds: Iterable[str] = (),
    since: datetime | None = None,
    every: bool = False,
    latest: int | None = None,
) -> list[Event]:
    """Return the matching events, oldest first, each once; with `since` only later ones, with `latest` so many.

    `every`: also those of the same id, of which the first counts: who must not be deceived looks at all of them.
    """
    kind_names = tuple(str(kind) for kind in kinds)

    def select(source: str) -> Statement:
        return _select(source, environment, deployment, kind_names, since, latest)

    if kind_names and not any(map(by_environments, kind_names)):
        return _once(session.run(select(control_sql.administrators(session.control))))
    rows = _rows(session, environment, select)
    return [_event(row) for row in rows] if every else _once(rows)


def moves(session: Session, environment: str | None = None) -> list[Event]:
    """Return the `deployment.live` events, oldest first, with nothing but what became live and what it retained.

    A whole one holds the inventory of its database: nobody who asks about all of them may have them sent.
    """
    where, params = ("\nAND ENVIRONMENT = %s", (environment,)) if environment is not None else ("", ())

    def select(source: str) -> Statement:
        return Statement(
            "SELECT EVENT_ID, OCCURRED_AT, ACTOR, ENVIRONMENT, DEPLOYMENT, KIND,\n"
            "  OBJECT_CONSTRUCT('live', PAYLOAD:live, 'retained', PAYLOAD:retained) AS PAYLOAD\n"
            f"FROM ({source})\n"
            f"WHERE KIND = %s{where}\nORDER BY OCCURRED_AT, EVENT_ID",
            (str(Kind.LIVE), *params),
        )

    return _once(_rows(session, environment, select))


def lived(session: Session, environment: str, deployment: str) -> Event | None:
    """Return the event, with its inventory, by which a deployment became live last; None: the journal has none."""

    def select(source: str) -> Statement:
        return Statement(
            f"SELECT {control_sql.COLUMNS}\nFROM ({source})\n"
            "WHERE KIND = %s AND ENVIRONMENT = %s AND PAYLOAD:live::VARCHAR = %s\n"
            "ORDER BY OCCURRED_AT DESC, EVENT_ID DESC LIMIT 1",
            (str(Kind.LIVE), environment, deployment),
        )

    events = _once(_rows(session, environment, select))
    return events[0] if events else None


def last_events(session: Session) -> dict[str, datetime]:
    """Return the time of each deployment's last event."""

    def select(source: str) -> Statement:
        return Statement(
            f"SELECT DEPLOYMENT, MAX(OCCURRED_AT) AS LAST FROM ({source})\n"
            "WHERE DEPLOYMENT IS NOT NULL GROUP BY DEPLOYMENT"
        )

    return {str(row["deployment"]): _moment(row["last"]) for row in _rows(session, None, select)}


def of_environment(session: Session, environment: str) -> str:
    """Return the SELECT of what is believed of an environment: of its own journal and of the administrator's."""
    own = control_sql.believed(names.environment_journal(session.control, environment))
    return f"{control_sql.administrators(session.control)}\nUNION ALL\n{own}"


def journals(session: Session) -> list[Qualified]:
    """Return the journals of all environments that have one."""
    found = session.run(control_sql.show_journals(session.control))
    tables = (Qualified(session.control, names.CONTROL, row_parsing.name(row)) for row in found)
    return sorted(table for table in tables if names.is_environment_journal(table))


def _rows(session: Session, environment: str | None, select: Callable[[str], Statement]) -> list[Row]:
    """Return the rows of a SELECT from the journals of one environment, or of all."""
    if environment is None:
        return session.run(select(control_sql.all_events(session.control, journals(session))))
    try:
        return session.run(select(of_environment(session, environment)))
    except MissingError as missing:
        if session.environment is not None:
            raise no_journal(session, environment) from missing
        if names.environment_journal(session.control, environment) in journals(session):
            raise  # it is there, and cannot be read: that is not the same as nothing in it
    return session.run(select(control_sql.administrators(session.control)))


def _written_by(session: Session) -> Qualified:
    if session.environment is None:
        return names.journal_table(session.control)
    return names.environment_journal(session.control, session.environment)


def no_journal(session: Session, environment: str) -> MissingError:
    """Return the error of an environment whose journal was not made yet."""
    return MissingError(
        f"the journal of {environment} is not there, or this role may not use it",
        where=str(names.environment_journal(session.control, environment)),
        good=f"provision_environment for {environment}; after an upgrade of sluice: sluice upgrade",
        untouched="everything",
    )


def _insert(table: Qualified, event: Event) -> Statement:
    return Statement(
        f"INSERT INTO {table.sql} ({control_sql.COLUMNS})\n"
        "SELECT %s, %s::TIMESTAMP_NTZ, %s, %s, %s, %s, PARSE_JSON(%s) FROM (SELECT 1 AS ONE)\n"
        f"WHERE NOT EXISTS (SELECT 1 FROM {table.sql} WHERE EVENT_ID = %s)",
        (
            event.id,
            _text(event.at),
            event.actor,
            event.environment,
            event.deployment,
            event.kind,
            json.dumps(event.payload, default=str),
            event.id,
        ),
        repeatable=False,
    )


def _select(  # noqa: PLR0917 (a private function of one caller)
    source: str,
    environment: str | None,
    deployment: str | None,
    kinds: tuple[str, ...],
    since: datetime | None,
    latest: int | None,
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
    events = f"SELECT {control_sql.COLUMNS}\nFROM ({source}){where}"
    if latest is not None:
        events = (
            f"SELECT {control_sql.COLUMNS}\nFROM ({events}\nORDER BY OCCURRED_AT DESC, EVENT_ID DESC LIMIT {latest})"
        )
    return Statement(f"{events}\nORDER BY OCCURRED_AT, EVENT_ID", tuple(params))


def _once(rows: Iterable[Row]) -> list[Event]:
    """Return each event once; one of another environment or kind is another event, whatever its id says."""
    events: dict[tuple[str, str, str], Event] = {}
    for row in rows:
        events.setdefault((row["environment"], row["kind"], row["event_id"]), _event(row))
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
