"""DuckDB's complaints in Snowflake's words: number, SQL state, and the names the user knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from snowdome.errors import SqlError
from snowdome.records import Table

if TYPE_CHECKING:
    from snowdome.account import Account

_PHYSICAL = re.compile(r'"?\b(?:rows\.main\."?|temp\.main\."?)?t(\d+)\b"?')
_NOT_NULL = re.compile(r"NOT NULL constraint failed: (\S+)\.(\S+)")
_NO_COLUMN = re.compile(r'(?:Referenced column|column named) "([^"]+)"')
_NO_FUNCTION = re.compile(r"(?:Scalar|Table|Aggregate)?\s*Function with name ([\w$]+) does not exist")

_BY_CLASS: tuple[tuple[type[duckdb.Error], int, str], ...] = (
    (duckdb.ParserException, 1003, "42000"),
    (duckdb.ConversionException, 100038, "22018"),
    (duckdb.OutOfRangeException, 100039, "22003"),
    (duckdb.InvalidInputException, 100035, "22007"),
    (duckdb.CatalogException, 2003, "42S02"),
    (duckdb.BinderException, 1104, "42601"),
    (duckdb.TransactionException, 625, "57014"),
    (duckdb.InterruptException, 604, "57014"),
    (duckdb.HTTPException, 91016, "22000"),
)


def from_duckdb(account: Account, problem: duckdb.Error) -> SqlError:
    """The SqlError that Snowflake would have raised, as near as DuckDB's words allow."""
    text = _PHYSICAL.sub(lambda found: _name(account, int(found[1])), str(problem).split("\n\nLINE", 1)[0])
    if found := _NOT_NULL.search(text):
        return SqlError(100072, "22000", f"NULL result in a non-nullable column: {found[2]}")
    if isinstance(problem, duckdb.BinderException) and (found := _NO_COLUMN.search(text)):
        return SqlError(904, "42000", f"SQL compilation error:\ninvalid identifier '{found[1]}'")
    if found := _NO_FUNCTION.search(text):
        return SqlError(2140, "42601", f"SQL compilation error:\nUnknown function {found[1].upper()}")
    if "division by zero" in text.lower():
        return SqlError(100051, "22012", "Division by zero")
    if isinstance(problem, duckdb.ConstraintException) and "Duplicate key" in text:
        return SqlError(200001, "22000", "A primary key already exists.")
    if isinstance(problem, duckdb.InterruptException):
        return SqlError(604, "57014", "SQL execution canceled")
    for cls, errno, state in _BY_CLASS:
        if isinstance(problem, cls):
            return SqlError(errno, state, f"SQL compilation error:\n{text}" if errno < 9999 else text)  # noqa: PLR2004
    return SqlError(1104, "42601", text)


def _name(account: Account, record_id: int) -> str:
    record = account.catalog.peek(record_id)
    return record.name if isinstance(record, Table) else f"t{record_id}"
