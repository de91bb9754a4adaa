"""DuckDB's errors as Snowflake's: number, SQL state, and the names that the user knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from snowdome.errors import SqlError, invalid_identifier
from snowdome.state.records import Table

if TYPE_CHECKING:
    from snowdome.state.account import Account

_PHYSICAL = re.compile(r'"?\b(?:rows\.main\."?|temp\.main\."?)?t(\d+)\b"?')
_NO_COLUMN = re.compile(r'(?:Referenced column|column named|Referenced table|column with name) "([^"]+)"')
_MARKED = re.compile(r"\n(LINE \d+: )(.*)\n( *)(\^+)")
_UNKNOWN_FUNCTION = 2140

_BY_TEXT: tuple[tuple[re.Pattern[str], int, str, str], ...] = (
    (
        re.compile(r"NOT NULL constraint failed: \S+\.(\S+)"),
        100072,
        "22000",
        "NULL result in a non-nullable column: {}",
    ),
    (
        re.compile(r"(?:Scalar|Table|Aggregate)?\s*Function with name ([\w$]+) does not exist"),
        _UNKNOWN_FUNCTION,
        "42601",
        "SQL compilation error:\nUnknown function {}",
    ),
    (
        re.compile(r"No function matches the given name and argument types '(strftime)|function call \"(strftime)\("),
        2,
        "0A000",
        "unsupported by snowdome: TO_CHAR of what is not a date, with a format",
    ),
    (re.compile(r"String '.*' is too long and would be truncated", re.DOTALL), 100078, "22000", "{}"),
    (
        re.compile(r"has (\d+) columns but (\d+) values were supplied"),
        2020,
        "21S01",
        "SQL compilation error:\nInsert value list does not match column list expecting {} but got {}",
    ),
    (re.compile("division by zero", re.IGNORECASE), 100051, "22012", "Division by zero"),
    (
        re.compile(r"""Could not convert string ['"](.*?)['"] to (?:U?INT|DECIMAL|DOUBLE|FLOAT)"""),
        100038,
        "22018",
        "Numeric value '{}' is not recognized",
    ),
    (
        re.compile(r"""Could not convert string ['"](.*?)['"] to BOOL"""),
        100037,
        "22018",
        "Boolean value '{}' is not recognized",
    ),
    (
        re.compile(r'Casting value "(.*?)" to type DECIMAL.* out of range'),
        100039,
        "22003",
        "Numeric value '{}' is out of range",
    ),
    (
        re.compile(r'(?:invalid date field format|date field value out of range): "(.*?)"'),
        100040,
        "22007",
        "Date '{}' is not recognized",
    ),
    (
        re.compile(r'(?:invalid timestamp field format|timestamp field value out of range): "(.*?)"'),
        100035,
        "22007",
        "Timestamp '{}' is not recognized",
    ),
    (re.compile(r"Malformed JSON at (.*?) of input", re.DOTALL), 100069, "22P02", "Error parsing JSON: {}"),
)
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
    if isinstance(problem, duckdb.BinderException) and (found := _NO_COLUMN.search(text)):
        return invalid_identifier(_marked(str(problem)) or found[1])
    for pattern, number, state, words in _BY_TEXT:
        if found := pattern.search(text):
            named = found.groups() or (found[0],)
            if number == _UNKNOWN_FUNCTION:
                named = (found[1].upper(),)
            return SqlError(number, state, words.format(*named))
    if isinstance(problem, duckdb.ConstraintException) and "Duplicate key" in text:
        return SqlError(200001, "22000", "A primary key already exists.")
    if isinstance(problem, duckdb.InterruptException):
        return SqlError(604, "57014", "SQL execution canceled")
    for cls, errno, state in _BY_CLASS:
        if isinstance(problem, cls):
            return SqlError(errno, state, f"SQL compilation error:\n{text}" if errno < 9999 else text)  # noqa: PLR2004
    return SqlError(1104, "42601", text)


def _marked(text: str) -> str | None:
    """What DuckDB's arrows point to: the name as it was written, with what it is qualified with."""
    found = _MARKED.search(text)
    if found is None:
        return None
    start = len(found[3]) - len(found[1])
    name = found[2][start : start + len(found[4])].replace('"', "")
    return name or None


def _name(account: Account, record_id: int) -> str:
    record = account.catalog.peek(record_id)
    return record.name if isinstance(record, Table) else f"t{record_id}"
