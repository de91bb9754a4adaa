"""The control database: made, brought forward to this version of sluice, and kept in step with the environments."""

from __future__ import annotations

import re

from sluice.domain.journal import control_schema as names
from sluice.domain.names import Identifier, Marker, Qualified
from sluice.errors import RefusedError, RetryError
from sluice.snowflake import control_sql, journal, row_parsing
from sluice.snowflake.connect import Row, Session
from sluice.snowflake.error_mapping import MissingError

_READS = re.compile(r"\bJOURNAL_[A-Z0-9_$]+")
_ATTEMPTS = 5


def ensure(session: Session) -> None:
    """Create the control database with journal, views and tags schema, as far as they are missing or older.

    Raises:
        RefusedError: a newer version of sluice has made it.
    """
    control = session.control
    session.run(control_sql.create_database(control, Marker("control").comment))
    for schema in (names.CONTROL, names.TAGS):
        session.run(control_sql.create_schema(control, schema))
    version(session)
    session.run(control_sql.create_journal(names.journal_table(control)))
    session.run(control_sql.create_meter(control))
    existing = journal.journals(session)
    for view in names.VIEWS:
        session.run(control_sql.create_view(control, view, existing))
    session.run(control_sql.say_version(control))
    show_all(session)


def show_all(session: Session) -> None:
    """Leave the view EVENTS reading exactly the journals that there are, whoever makes or removes others meanwhile."""
    control = session.control
    for _ in range(_ATTEMPTS):
        existing = set(journal.journals(session))
        shown = session.run(control_sql.show_events(control))
        if shown and read_by(shown[0], control) == existing:
            return
        session.run(control_sql.create_view(control, names.EVENTS, existing))
    raise RetryError("environments come and go while the view of all journals is made", where=f"{control}.CONTROL")


def retire(session: Session, environment: str) -> None:
    """Leave the events of an environment that is gone in the administrator's journal, and no journal of its own."""
    table = names.environment_journal(session.control, environment)
    existing = set(journal.journals(session))
    if table in existing:
        session.run(control_sql.hand_over(table))
        session.run(control_sql.create_view(session.control, names.EVENTS, existing - {table}))  # it would not compile
        session.run(control_sql.drop_journal(table))
    show_all(session)


def writers(session: Session) -> list[Identifier]:
    """Return the roles that may write the administrator's journal, without the one that owns it; none where none is."""
    try:
        rows = session.run(control_sql.show_grants_on_journal(session.control))
    except MissingError:
        return []
    return sorted({row_parsing.named(row, "grantee_name") for row in rows if str(row["privilege"]).upper() == "INSERT"})


def version(session: Session) -> int:
    """Return the version of the control schema; needs no warehouse.

    Raises:
        RefusedError: a newer version of sluice has made it.
    """
    rows = session.run(control_sql.show_version(session.control))
    return version_in(rows[0], session.control) if rows else names.VERSION


def version_in(row: Row, control: Identifier) -> int:
    """Return the version that SHOW SCHEMAS tells of the schema CONTROL, or refuse one that is newer than ours."""
    found = names.version_of(row_parsing.text(row, "comment"))
    if found > names.VERSION:
        raise RefusedError(
            f"the control schema has version {found}, and this sluice knows versions up to {names.VERSION}",
            where=f"schema {control}.{names.CONTROL}",
            value=found,
            good="the version of sluice that the other machines have, installed here too",
            untouched="everything",
        )
    return found


def read_by(view: Row, control: Identifier) -> set[Qualified]:
    """Return the journals of environments that a view reads, by its text in SHOW VIEWS."""
    text = row_parsing.text(view, "text") or ""
    return {Qualified(control, names.CONTROL, Identifier(name)) for name in _READS.findall(text)}
