"""When each database was last used: from the account's usage views, and from the live history for what they lack."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sluice.snowflake import row_parsing
from sluice.snowflake.connect import Session
from sluice.snowflake.statements import Statement

_OURS = ("control", "provision", "plan", "status", "history", "sweep")
"""Stages of sluice that look at an environment without using it; builds and checks do use it."""


_FIRST_PART = '^(("[^"]*")+|[^.]+)'
"""Of a dotted name: quoted where it needs quotes, and then it may hold dots."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The last known use of each database, and up to when use is known at all."""

    last: dict[str, datetime] = field(default_factory=dict)
    seen: datetime | None = None


def observe(session: Session, days: int = 90) -> Usage:
    """Return the use of every database in the last `days`, in four statements whatever their number.

    QUERY_HISTORY knows the session's database, ACCESS_HISTORY the objects that were read (Enterprise); both lag, by 45
    minutes and 3 hours. The information schema's QUERY_HISTORY does not lag and reaches back a few hours here.
    """
    found: dict[str, datetime] = {}
    for statement in (_queries(days), _accesses(days), _latest()):
        for row in session.run(statement):
            name, used = row_parsing.named(row, "database_name").name, _utc(row["last_used"])
            found[name] = max(found.get(name, used), used)
    return Usage(found, seen(session))


def hours_of_use(session: Session, days: int) -> dict[str, list[datetime]]:
    """Return the hours in which each database was used in the last `days`, each by its last use, in order."""
    answers = session.run(
        Statement(
            "SELECT DATABASE_NAME, DATE_TRUNC('HOUR', END_TIME) AS HOUR, MAX(END_TIME) AS LAST_USED\n"
            "FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY\n"
            f"WHERE DATABASE_NAME IS NOT NULL AND START_TIME >= DATEADD(DAY, %s, CURRENT_TIMESTAMP()) AND {_NOT_OURS}\n"
            "GROUP BY 1, 2 ORDER BY 1, 3",
            (-days,),
        )
    )
    found: dict[str, list[datetime]] = {}
    for row in answers:
        found.setdefault(str(row["database_name"]), []).append(_utc(row["last_used"]))
    return found


def hours_of_credits(session: Session, days: int) -> dict[str, list[tuple[datetime, float]]]:
    """Return the credits of each warehouse by the hour, for the last `days`."""
    answers = session.run(
        Statement(
            "SELECT WAREHOUSE_NAME, START_TIME, SUM(CREDITS_USED) AS CREDITS\n"
            "FROM SNOWFLAKE.ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY\n"
            "WHERE START_TIME >= DATEADD(DAY, %s, CURRENT_TIMESTAMP())\nGROUP BY 1, 2 ORDER BY 1, 2",
            (-days,),
        )
    )
    found: dict[str, list[tuple[datetime, float]]] = {}
    for row in answers:
        found.setdefault(str(row["warehouse_name"]), []).append((_utc(row["start_time"]), float(row["credits"])))
    return found


def seen(session: Session) -> datetime | None:
    """Return up to when use is known at all."""
    latest = session.one(Statement("SELECT MAX(END_TIME) AS SEEN FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY"))["seen"]
    return _utc(latest) if latest is not None else None


def _queries(days: int) -> Statement:
    return Statement(
        "SELECT DATABASE_NAME, MAX(END_TIME) AS LAST_USED FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY\n"
        f"WHERE DATABASE_NAME IS NOT NULL AND START_TIME >= DATEADD(DAY, %s, CURRENT_TIMESTAMP()) AND {_NOT_OURS}\n"
        "GROUP BY DATABASE_NAME",
        (-days,),
    )


def _accesses(days: int) -> Statement:
    return Statement(
        "SELECT REGEXP_SUBSTR(READ.VALUE:objectName::VARCHAR, %s) AS DATABASE_NAME,\n"
        "  MAX(HISTORY.QUERY_START_TIME) AS LAST_USED\n"
        "FROM SNOWFLAKE.ACCOUNT_USAGE.ACCESS_HISTORY AS HISTORY,\n"
        "  LATERAL FLATTEN(INPUT => HISTORY.BASE_OBJECTS_ACCESSED) AS READ\n"
        "WHERE HISTORY.QUERY_START_TIME >= DATEADD(DAY, %s, CURRENT_TIMESTAMP())\nGROUP BY 1",
        (_FIRST_PART, -days),
    )


def _latest() -> Statement:
    return Statement(
        "SELECT DATABASE_NAME, MAX(START_TIME) AS LAST_USED\n"
        "FROM TABLE(SNOWFLAKE.INFORMATION_SCHEMA.QUERY_HISTORY(\n"
        "  END_TIME_RANGE_START => DATEADD(HOUR, -4, CURRENT_TIMESTAMP()), RESULT_LIMIT => 10000))\n"
        f"WHERE DATABASE_NAME IS NOT NULL AND {_NOT_OURS}\nGROUP BY DATABASE_NAME"
    )


_NOT_OURS = " AND ".join(f"""NOT CONTAINS(COALESCE(QUERY_TAG, ''), '"stage":"{stage}"')""" for stage in _OURS)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
