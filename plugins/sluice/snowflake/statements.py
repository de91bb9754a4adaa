"""A statement is a value: its text, what is bound, and whether the line may repeat it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sluice.domain.names import Identifier

Value = str | int | float | bool | None
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement. Values are bound (`%s`), identifiers quote themselves."""

    sql: str
    params: tuple[Value, ...] = ()
    repeatable: bool = True
    """False: the connector must not send it twice, e.g. a SWAP, whose repetition undoes it."""

    @property
    def template(self) -> str:
        """The text as the connector takes it: where values are bound, a `%` within quotes is none of their places."""
        return _QUOTED.sub(lambda quoted: quoted[0].replace("%", "%%"), self.sql) if self.params else self.sql


def use_secondary_roles(which: str) -> Statement:
    """The session's secondary roles are `ALL` or `NONE`."""
    if which not in {"ALL", "NONE"}:
        raise ValueError(which)
    return Statement(f"USE SECONDARY ROLES {which}")


def use_warehouse(warehouse: Identifier) -> Statement:
    """The session computes on `warehouse`."""
    return Statement(f"USE WAREHOUSE {warehouse.sql}")


def resume(warehouse: Identifier) -> Statement:
    """The warehouse runs."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} RESUME IF SUSPENDED")


def use_database(database: Identifier) -> Statement:
    """The session's current database is `database`."""
    return Statement(f"USE DATABASE {database.sql}")


def swap(live: Identifier, candidate: Identifier) -> Statement:
    """The two databases have exchanged their names. Its own inverse: never repeated blindly."""
    return Statement(f"ALTER DATABASE {live.sql} SWAP WITH {candidate.sql}", repeatable=False)


def rename_database(old: Identifier, new: Identifier) -> Statement:
    """The database bears its new name."""
    return Statement(f"ALTER DATABASE {old.sql} RENAME TO {new.sql}", repeatable=False)


def drop_database(name: Identifier) -> Statement:
    """No database of that name is there; what it held can be undropped within its retention."""
    return Statement(f"DROP DATABASE IF EXISTS {name.sql}")
