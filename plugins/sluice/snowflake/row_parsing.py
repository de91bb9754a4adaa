"""Rows of SHOW and DESCRIBE as plain values: Snowflake's spellings of nothing, truth and names, read in one place."""

from __future__ import annotations

import re

from sluice.domain.names import Identifier, Qualified
from sluice.snowflake.connect import Row

_PART = re.compile(r'"((?:[^"]|"")*)"|([^."<>(]+)|<([A-Z_ ]+)>|(\().*', re.DOTALL)


def text(row: Row, column: str) -> str | None:
    """Return a text; SHOW prints `null` or nothing where there is none."""
    value = row.get(column)
    return None if value is None or value in {"", "null"} else str(value)


def truth(row: Row, column: str) -> bool:
    """Return a yes or no; SHOW spells it true, Y, ON or a real boolean."""
    return str(row.get(column)).strip().upper() in {"TRUE", "Y", "YES", "ON", "1"}


def number(row: Row, column: str, default: int = 0) -> int:
    """Return a number; nothing counts as `default`."""
    value = text(row, column)
    return default if value is None else int(float(value))


def name(row: Row, column: str = "name") -> Identifier:
    """Return a single name as the account keeps it."""
    return Identifier.from_account(str(row[column]))


def named(row: Row, column: str) -> Identifier:
    """Return a name from a column that has been seen both with and without the quotes that a name needs."""
    shown = str(row[column])
    quoted = len(shown) > 2 and shown[0] == shown[-1] == '"'  # noqa: PLR2004 (two quotes)
    return Identifier.from_account(shown[1:-1].replace('""', '"') if quoted else shown)


def qualified(shown: str) -> Qualified:
    """Return a dotted name from SHOW GRANTS; a future grant's `<TABLE>` at the end is left out, as are arguments."""
    parts: list[Identifier] = []
    for quoted, plain, kind, arguments in _PART.findall(shown):
        if not kind and not arguments:
            parts.append(Identifier.from_account(quoted.replace('""', '"') if quoted else plain))
    return Qualified(*parts[:3])
