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


def argument_types(row: Row) -> str:
    """Return the types of a function's arguments as `(NUMBER, VARCHAR)`; nothing for what takes none."""
    shown = text(row, "arguments")
    return "" if shown is None else "(" + shown.partition("(")[2].partition(") RETURN")[0].rstrip(")") + ")"


def signature(shown: str) -> str:
    """Return the arguments at the end of a name from SHOW GRANTS, as `argument_types` says them; nothing without."""
    outside = re.sub(r'"(?:[^"]|"")*"', lambda quoted: "x" * len(quoted[0]), shown)
    opening = outside.find("(")
    if opening < 0:
        return ""
    types = (part.strip().rsplit(" ", 1)[-1] for part in shown[opening + 1 : shown.rindex(")")].split(","))
    return "(" + ", ".join(types) + ")"
