"""A statement as a value: text, bound parameters, and whether the connector may repeat it."""

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
        """The text for the connector: with bound values, a `%` within quotes is escaped."""
        return _QUOTED.sub(lambda quoted: quoted[0].replace("%", "%%"), self.sql) if self.params else self.sql


def use_secondary_roles(which: str) -> Statement:
    """Return USE SECONDARY ROLES, `ALL` or `NONE`."""
    if which not in {"ALL", "NONE"}:
        raise ValueError(which)
    return Statement(f"USE SECONDARY ROLES {which}")


def use_warehouse(warehouse: Identifier) -> Statement:
    """Return USE WAREHOUSE."""
    return Statement(f"USE WAREHOUSE {warehouse.sql}")


def resume(warehouse: Identifier) -> Statement:
    """Return ALTER WAREHOUSE … RESUME IF SUSPENDED."""
    return Statement(f"ALTER WAREHOUSE {warehouse.sql} RESUME IF SUSPENDED")


def use_database(database: Identifier) -> Statement:
    """Return USE DATABASE."""
    return Statement(f"USE DATABASE {database.sql}")


def swap(live: Identifier, candidate: Identifier) -> Statement:
    """Return ALTER DATABASE … SWAP WITH. It is its own inverse: never repeated blindly."""
    return Statement(f"ALTER DATABASE {live.sql} SWAP WITH {candidate.sql}", repeatable=False)


def rename_database(old: Identifier, new: Identifier) -> Statement:
    """Return ALTER DATABASE … RENAME TO."""
    return Statement(f"ALTER DATABASE {old.sql} RENAME TO {new.sql}", repeatable=False)


def drop_database(name: Identifier) -> Statement:
    """Return DROP DATABASE IF EXISTS; UNDROP works within its retention."""
    return Statement(f"DROP DATABASE IF EXISTS {name.sql}")
