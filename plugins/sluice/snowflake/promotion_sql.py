"""The few statements that change a promoted database; what is read from it is in observe."""

from __future__ import annotations

import re

from sluice.domain.names import Identifier, Marker, Qualified, undotted
from sluice.domain.promotion.database_rights import Right
from sluice.domain.sizes import Size
from sluice.errors import StopError
from sluice.snowflake.statements import Statement

_PRIVILEGE = re.compile(r"[A-Z]+([ _][A-Z]+)*")
_DROPPED = {"TABLE": "TABLE", "VIEW": "VIEW", "MATERIALIZED VIEW": "MATERIALIZED VIEW"}


def clone(live: Identifier, candidate: Identifier, marker: Marker) -> Statement:
    """The candidate is a zero-copy clone of live and bears its own marker from its first moment."""
    return Statement(
        f"CREATE DATABASE {candidate.sql} CLONE {live.sql} IGNORE HYBRID TABLES COMMENT = %s",
        (marker.comment,),
        repeatable=False,
    )


def mark(database: Identifier, marker: Marker) -> Statement:
    """The database says what it holds."""
    return Statement(f"ALTER DATABASE {database.sql} SET COMMENT = %s", (marker.comment,))


def grant(database: Identifier, right: Right) -> Statement:
    """The role has this right on the database itself."""
    if not _PRIVILEGE.fullmatch(right.privilege):
        raise StopError("not a privilege", where=f"grants on {database}", value=right.privilege, untouched="live")
    option = " WITH GRANT OPTION" if right.grant_option else ""
    role = Identifier.from_account(right.grantee)
    return Statement(f"GRANT {right.privilege} ON DATABASE {database.sql} TO ROLE {role.sql}{option}")


def drop_relation(database: Identifier, name: str, kind: str) -> Statement:
    """The relation is no longer in the database."""
    target = Qualified(database, *undotted(name))
    if kind not in _DROPPED:
        raise StopError(f"{name} left the project, but it is a {kind.lower()}", where=database.name, untouched=name)
    return Statement(f"DROP {_DROPPED[kind]} IF EXISTS {target.sql}")


def resize(warehouse: Identifier, size: Size) -> Statement:
    """The warehouse has this size."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} SET WAREHOUSE_SIZE = %s", (size.value,))


def as_written(sql: str) -> Statement:
    """A query that a policy names, as its file says it."""
    return Statement(sql)


def reachable() -> Statement:
    """The warehouse answers."""
    return Statement("SELECT 1 AS ANSWER")
