"""What hangs on a database from outside it, and would go on with the former one after a swap: found by SHOW."""

from __future__ import annotations

from sluice.domain.names import Identifier, Qualified
from sluice.domain.promotion.view_references import named_databases
from sluice.errors import StopError
from sluice.snowflake import row_parsing, show
from sluice.snowflake.connect import Row, Session

_MOST_ROWS = 10_000


def outside_consumers(session: Session, live: Identifier) -> dict[str, str]:
    """Return what outside the database depends on it, by name, and what it is: read by a session that sees all.

    Streams on its tables, dynamic tables and materialized views that read it, shares, failover and replication groups,
    backup sets. Each keeps to the object, not to its name, so that after a swap it belongs to the retained database.

    Raises:
        StopError: there is more of one of these than SHOW tells.
    """
    return {
        **_streams(session, live),
        **_readers(session, live, "DYNAMIC TABLES", "dynamic table"),
        **_readers(session, live, "MATERIALIZED VIEWS", "materialized view"),
        **_shares(session, live),
        **_groups(session, live, "FAILOVER GROUPS", "failover group"),
        **_groups(session, live, "REPLICATION GROUPS", "replication group"),
        **_backup_sets(session, live),
    }


def _streams(session: Session, live: Identifier) -> dict[str, str]:
    sources = {_name(row): row_parsing.text(row, "table_name") for row in _elsewhere(session, "STREAMS", live)}
    return {
        stream: f"stream on {source}"
        for stream, source in sources.items()
        if source is not None and row_parsing.qualified(source).database == live
    }


def _readers(session: Session, live: Identifier, plural: str, kind: str) -> dict[str, str]:
    return {
        _name(row): kind
        for row in _elsewhere(session, plural, live)
        if named_databases(row_parsing.text(row, "text") or "", (live.name,))
    }


def _shares(session: Session, live: Identifier) -> dict[str, str]:
    rows = session.run(show.grants_on_database(live))
    return {str(row["grantee_name"]): "share" for row in rows if str(row["granted_to"]).upper() == "SHARE"}


def _groups(session: Session, live: Identifier, plural: str, kind: str) -> dict[str, str]:
    groups = [row_parsing.name(row) for row in _rows(session, plural, in_account=False)]
    members = {group.name: session.run(show.databases_in_group(kind, group)) for group in groups}
    return {group: kind for group, rows in members.items() if any(row_parsing.name(row) == live for row in rows)}


def _backup_sets(session: Session, live: Identifier) -> dict[str, str]:
    rows = _rows(session, "BACKUP SETS")
    return {_name(row): "backup set" for row in rows if row_parsing.text(row, "database_name") == live.name}


def _elsewhere(session: Session, plural: str, live: Identifier) -> list[Row]:
    return [row for row in _rows(session, plural) if row_parsing.name(row, "database_name") != live]


def _rows(session: Session, plural: str, *, in_account: bool = True) -> list[Row]:
    rows = session.run(show.everywhere(plural, in_account=in_account))
    if len(rows) >= _MOST_ROWS:
        raise StopError(
            f"SHOW tells of {_MOST_ROWS} {plural.lower()} at most, and so of not all that the account has",
            where=f"account, {plural.lower()}",
            good="gates.yml: outside_consumers: {enabled: false}, once somebody has looked",
            untouched="everything",
        )
    return rows


def _name(row: Row) -> str:
    names = (row_parsing.name(row, column) for column in ("database_name", "schema_name", "name"))
    return Qualified(*names).written
