"""Role assignments: GRANT and REVOKE statements, look-ups, and last uses."""

from __future__ import annotations

from datetime import UTC, datetime

from sluice.domain.access.access_review import HeldRole, LastUse
from sluice.domain.access.roles import SNOWFLAKE
from sluice.domain.access.temporary_access import Holder
from sluice.domain.names import Identifier
from sluice.snowflake import row_parsing, show
from sluice.snowflake.connect import Row, Session
from sluice.snowflake.error_mapping import DeniedError, MissingError
from sluice.snowflake.statements import Statement


def grant(role: Identifier, holder: Holder) -> Statement:
    """Return a GRANT ROLE statement."""
    return Statement(f"GRANT ROLE {role.sql} TO {holder.kind} {holder.name.sql}")


def revoke(role: Identifier, holder: Holder) -> Statement:
    """Return a REVOKE ROLE statement."""
    return Statement(f"REVOKE ROLE {role.sql} FROM {holder.kind} {holder.name.sql}")


def grant_viewer(viewer: str, role: Identifier) -> Statement:
    """Return a GRANT of a database role of SNOWFLAKE, which shows usage views."""
    return Statement(f"GRANT DATABASE ROLE {SNOWFLAKE.sql}.{Identifier(viewer).sql} TO ROLE {role.sql}")


def assignments_of(session: Session, role: Identifier) -> list[HeldRole]:
    """Return the assignments of a role; none where there is no such role."""
    try:
        rows = session.run(show.grants_of(role))
    except MissingError:
        return []
    assignments = []
    for row in rows:
        kind = str(row["granted_to"]).upper()
        if kind in {"USER", "ROLE"}:
            holder = Holder("USER" if kind == "USER" else "ROLE", row_parsing.named(row, "grantee_name"))
            assignments.append(
                HeldRole(role.name, holder, _utc(row.get("created_on")), row_parsing.text(row, "granted_by") or "")
            )
    return assignments


def viewers(session: Session, role: Identifier) -> set[str]:
    """Return the database roles of SNOWFLAKE that a role has."""
    rows = session.run(show.grants_to(role))
    return {
        path.parts[-1].name
        for row in rows
        if str(row["granted_on"]).upper().replace("_", " ") == "DATABASE ROLE"
        and (path := row_parsing.qualified(str(row["name"]))).database == SNOWFLAKE
    }


def last_use(session: Session, days: int) -> LastUse:
    """Return when each user last used each role, and last logged in; what cannot be read is None, not empty."""
    roles = _read(
        session,
        "SELECT USER_NAME, ROLE_NAME, MAX(START_TIME) AS LAST_USED FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY\n"
        "WHERE START_TIME >= DATEADD(DAY, %s, CURRENT_TIMESTAMP()) GROUP BY 1, 2",
        days,
    )
    logins = _read(
        session,
        "SELECT USER_NAME, MAX(EVENT_TIMESTAMP) AS LAST_USED FROM SNOWFLAKE.ACCOUNT_USAGE.LOGIN_HISTORY\n"
        "WHERE IS_SUCCESS = 'YES' AND EVENT_TIMESTAMP >= DATEADD(DAY, %s, CURRENT_TIMESTAMP()) GROUP BY 1",
        days,
    )
    return LastUse(
        roles=None if roles is None else {(str(row["user_name"]), str(row["role_name"])): at for row, at in roles},
        logins=None if logins is None else {str(row["user_name"]): at for row, at in logins},
    )


def _read(session: Session, sql: str, days: int) -> list[tuple[Row, datetime]] | None:
    try:
        rows = session.run(Statement(sql, (-days,)))
    except (MissingError, DeniedError):
        return None
    moments = [(row, _utc(row["last_used"])) for row in rows]
    return [(row, at) for row, at in moments if at is not None]


def _utc(moment: object) -> datetime | None:
    if not isinstance(moment, datetime):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
