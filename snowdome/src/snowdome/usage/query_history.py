"""The row of a statement in QUERY_HISTORY (sql-reference/account-usage/query_history)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from snowdome.state.records import User

if TYPE_CHECKING:
    from snowdome.state.catalog import Catalog
    from snowdome.state.trace import Trace

LONGEST_TEXT, LONGEST_ERROR = 100_000, 5_000
CLOUD_SERVICES_PER_HOUR = 4.4
"""Credits for an hour of cloud services: a public figure that Snowflake's pages do not give. See README.md."""
_BEFORE = re.compile(r"(?:\s+|--[^\n]*\n?|//[^\n]*\n?|/\*.*?\*/|\()*", re.DOTALL)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


HASH_VERSION, PARAMETERIZED_HASH_VERSION = 2, 1
_TEXT = r"'(?:[^']|'')*'"
_COMMENT = rf"({_TEXT})|--[^\n]*|/\*.*?\*/"
_LITERAL = rf"{_TEXT}|\b\d+(?:\.\d+)?\b"
_UNCOMMENTED = f"regexp_replace(QUERY_TEXT, {_quoted(_COMMENT)}, '\\1 ', 'gs')"
HASHED = (
    f"SELECT * EXCLUDE (plain), md5(plain) AS QUERY_HASH, {HASH_VERSION} AS QUERY_HASH_VERSION, "
    f"md5(regexp_replace(plain, {_quoted(_LITERAL)}, '?', 'g')) AS QUERY_PARAMETERIZED_HASH, "
    f"{PARAMETERIZED_HASH_VERSION} AS QUERY_PARAMETERIZED_HASH_VERSION "
    f"FROM (SELECT *, trim(regexp_replace({_UNCOMMENTED}, '\\s+', ' ', 'g')) AS plain FROM batch)"
)
"""The batch of rows with their hashes (user-guide/query-hash).

Statements that differ in white space, comments or (parameterized) literals alone have the same.
"""
_WORD = re.compile(r"\s*([A-Za-z_]+)")
_AS_SELECT = re.compile(r"\bAS\s*\(*\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_MODIFIERS = frozenset({
    "OR", "REPLACE", "ALTER", "TRANSIENT", "TEMPORARY", "TEMP", "LOCAL", "GLOBAL", "VOLATILE", "SECURE", "RECURSIVE",
    "HYBRID", "IF", "NOT", "EXISTS",
})  # fmt: skip
_PLAIN = {
    "WITH": "SELECT", "VALUES": "SELECT", "TRUNCATE": "TRUNCATE_TABLE", "PUT": "PUT_FILES", "GET": "GET_FILES",
    "LIST": "LIST_FILES", "LS": "LIST_FILES", "REMOVE": "REMOVE_FILES", "RM": "REMOVE_FILES", "DESC": "DESCRIBE",
    "BEGIN": "BEGIN_TRANSACTION", "START": "BEGIN_TRANSACTION",
    **{word: word for word in (
        "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "SHOW", "DESCRIBE", "USE", "SET", "UNSET", "GRANT",
        "REVOKE", "COMMIT", "ROLLBACK", "EXPLAIN", "CALL", "COMMENT", "UNDROP",
    )},
}  # fmt: skip
_OF_KIND = frozenset({"USER", "ROLE", "NETWORK_POLICY", "SESSION", "ACCOUNT", "SEQUENCE", "TASK", "VIEW"})


def query_type(text: str) -> str:
    """Snowflake's QUERY_TYPE for a statement's text; the page lists some, the others are as its users report them."""
    start = _BEFORE.match(text)
    found = [w.upper() for w in _words(text, start.end() if start else 0)]
    if not found:
        return "UNKNOWN"
    verb, rest = found[0], found[1:]
    if verb not in ("CREATE", "ALTER", "DROP"):
        return _PLAIN.get(verb, "UNKNOWN")
    kinds = [w for w in rest if w not in _MODIFIERS]
    kind = "_".join(kinds[:2]) if kinds[:2] == ["NETWORK", "POLICY"] else (kinds or [""])[0]
    if (verb, kind) == ("CREATE", "TABLE"):
        return "CREATE_TABLE_AS_SELECT" if _AS_SELECT.search(text) else "CREATE_TABLE"
    if (verb, kind) == ("ALTER", "TABLE"):
        return _altered_table(text)
    if (verb, kind) == ("ALTER", "WAREHOUSE"):
        words = set(re.findall(r"[A-Z]+", text.upper()))
        return next((f"ALTER_WAREHOUSE_{w}" for w in ("SUSPEND", "RESUME") if w in words), "ALTER")
    if kind in _OF_KIND and not (kind == "VIEW" and verb != "CREATE"):
        return f"{verb}_{kind}"
    return verb


def _altered_table(text: str) -> str:
    upper = " ".join(text.upper().split())
    for phrase, name in (
        (" ADD COLUMN ", "ALTER_TABLE_ADD_COLUMN"),
        (" DROP COLUMN ", "ALTER_TABLE_DROP_COLUMN"),
        (" RENAME TO ", "RENAME_TABLE"),
    ):
        if phrase in upper:
            return name
    return "ALTER"


def _words(text: str, start: int) -> list[str]:
    found: list[str] = []
    while len(found) < 9 and (word := _WORD.match(text, start)):  # noqa: PLR2004 (CREATE OR REPLACE … IF NOT EXISTS)
        found.append(word[1])
        start = word.end()
    return found


def row(catalog: Catalog, trace: Trace) -> dict[str, Any]:
    """The statement's row; columns that do not apply here are left out, and so are NULL."""
    entry = trace.entry
    started = entry.started
    ended = entry.ended or started
    compiled = min(trace.compiled_at or ended, ended)
    executing = min(trace.executing_at or ended, ended) if trace.warehouse_id is not None else ended
    compilation = _milliseconds(started, compiled)
    user = catalog.peek(trace.user_id)
    counts = trace.counts
    services = (compiled - started).total_seconds() * CLOUD_SERVICES_PER_HOUR / 3600
    return {
        "QUERY_ID": entry.query_id,
        "QUERY_TEXT": _sound(entry.text[:LONGEST_TEXT]),
        "DATABASE_ID": trace.database_id,
        "DATABASE_NAME": entry.database,
        "SCHEMA_ID": trace.schema_id,
        "SCHEMA_NAME": entry.schema,
        "QUERY_TYPE": trace.kind,
        "SESSION_ID": entry.session,
        "AUTHN_EVENT_ID": trace.login_event,
        "USER_NAME": entry.user,
        "ROLE_NAME": entry.role,
        "WAREHOUSE_ID": trace.warehouse_id,
        "WAREHOUSE_NAME": trace.warehouse_name,
        "WAREHOUSE_SIZE": trace.warehouse_size,
        "WAREHOUSE_TYPE": trace.warehouse_type,
        "CLUSTER_NUMBER": trace.cluster,
        "QUERY_TAG": entry.query_tag,
        "EXECUTION_STATUS": "FAIL" if trace.failed else "SUCCESS",
        "ERROR_CODE": entry.errno,
        "ERROR_MESSAGE": _sound(entry.error[:LONGEST_ERROR]) if entry.error else None,
        "START_TIME": started,
        "END_TIME": ended,
        "TOTAL_ELAPSED_TIME": _milliseconds(started, ended),
        "BYTES_WRITTEN_TO_RESULT": trace.bytes,
        "ROWS_PRODUCED": entry.rows,
        "ROWS_INSERTED": counts.get("inserted", 0),
        "ROWS_UPDATED": counts.get("updated", 0),
        "ROWS_DELETED": counts.get("deleted", 0),
        "ROWS_WRITTEN_TO_RESULT": 1 if counts else entry.rows,
        "COMPILATION_TIME": compilation,
        "EXECUTION_TIME": _milliseconds(executing, ended),
        "QUEUED_PROVISIONING_TIME": round(trace.queued_provisioning * 1000),
        "QUEUED_REPAIR_TIME": 0,
        "QUEUED_OVERLOAD_TIME": round(trace.queued_overload * 1000),
        "TRANSACTION_BLOCKED_TIME": round(trace.blocked * 1000),
        "CREDITS_USED_CLOUD_SERVICES": services,
        "IS_CLIENT_GENERATED_STATEMENT": False,
        "TRANSACTION_ID": trace.transaction or 0,
        "ROLE_TYPE": "ROLE",
        "SECONDARY_ROLE_STATS": None,
        "USER_TYPE": user.properties.get("TYPE") if isinstance(user, User) else None,
        "BIND_VALUES": None if trace.bound else "[]",
    }


def _sound(text: str) -> str:
    """The text as files can hold it: half a surrogate pair, which JSON can carry, becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _milliseconds(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds() * 1000))
