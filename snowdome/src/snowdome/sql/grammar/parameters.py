"""Session, object and account parameters: type, default, legal values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from snowdome.sql.grammar.cursor import Cursor, invalid_value
from snowdome.sql.grammar.options import (
    Options,
    Reader,
    Value,
    boolean,
    choice,
    integer,
    object_name,
    word_or_text,
)
from snowdome.sql.grammar.tokens import Kind

LONG = 604_800


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of Snowflake's list."""

    name: str
    type: str
    default: Value
    description: str
    reader: Reader
    settled: bool = True
    """Whether it may be set: false where another value would change results in a way that is not served."""


def zone(cursor: Cursor, name: str) -> str:
    """A name of the IANA time zone database, in single quotes and in its own case (sql-reference/parameters)."""
    token = cursor.peek()
    try:
        if token.kind is not Kind.STRING or ZoneInfo(token.value).key != token.value:
            raise invalid_value(token.text, name)
    except (ZoneInfoNotFoundError, ValueError):
        raise invalid_value(token.value, name) from None
    return cursor.take().value


def _flag(name: str, default: bool, description: str, *, settled: bool = True) -> Parameter:
    return Parameter(name, "BOOLEAN", default, description, boolean, settled)


def _text(name: str, default: str, description: str, *, settled: bool = True) -> Parameter:
    return Parameter(name, "STRING", default, description, word_or_text, settled)


def _number(name: str, default: int, least: int, most: int, description: str, *, settled: bool = True) -> Parameter:
    return Parameter(name, "NUMBER", default, description, integer(least, most), settled)


def _choice(name: str, default: str, values: tuple[str, ...], description: str) -> Parameter:
    return Parameter(name, "STRING", default, description, choice(*values))


def _by_name(*parameters: Parameter) -> Mapping[str, Parameter]:
    return {parameter.name: parameter for parameter in parameters}


SESSION_PARAMETERS = _by_name(
    _flag("ABORT_DETACHED_QUERY", False, "Whether a query is aborted when its session's connection is lost."),
    _flag("AUTOCOMMIT", True, "Whether each statement is its own transaction."),
    _choice("BINARY_INPUT_FORMAT", "HEX", ("HEX", "BASE64", "UTF8", "UTF-8"), "How strings are read as binary."),
    _choice("BINARY_OUTPUT_FORMAT", "HEX", ("HEX", "BASE64"), "How binary is written as strings."),
    _flag("CLIENT_ENABLE_LOG_INFO_STATEMENT_PARAMETERS", False, "Whether clients log statement parameters."),
    _number("CLIENT_MEMORY_LIMIT", 1536, 1, 1_000_000, "Megabytes a client may use for results."),
    _flag("CLIENT_METADATA_REQUEST_USE_CONNECTION_CTX", False, "Whether metadata requests keep to the current schema."),
    _number("CLIENT_PREFETCH_THREADS", 4, 1, 10, "Threads with which clients fetch results."),
    _number("CLIENT_RESULT_CHUNK_SIZE", 160, 16, 160, "Megabytes of a result chunk."),
    _flag("CLIENT_RESULT_COLUMN_CASE_INSENSITIVE", False, "Whether result columns are found in any case."),
    _flag("CLIENT_SESSION_KEEP_ALIVE", False, "Whether clients keep their session alive."),
    _number("CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", 3600, 900, 3600, "Seconds between two heartbeats."),
    _flag("CLIENT_TELEMETRY_ENABLED", True, "Whether clients send telemetry."),
    _choice(
        "CLIENT_TIMESTAMP_TYPE_MAPPING",
        "TIMESTAMP_LTZ",
        ("TIMESTAMP_LTZ", "TIMESTAMP_NTZ"),
        "Type of bound timestamps.",
    ),
    _text("DATE_INPUT_FORMAT", "AUTO", "Format of date input.", settled=False),
    _text("DATE_OUTPUT_FORMAT", "YYYY-MM-DD", "Format of date output.", settled=False),
    _flag("ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION", True, "Whether unloaded Parquet columns take the smallest type."),
    _flag("ERROR_ON_NONDETERMINISTIC_MERGE", True, "Whether a MERGE with several matches fails."),
    _flag("ERROR_ON_NONDETERMINISTIC_UPDATE", False, "Whether an UPDATE with several matches fails."),
    _choice("GEOGRAPHY_OUTPUT_FORMAT", "GeoJSON", ("GEOJSON", "WKT", "WKB", "EWKT", "EWKB"), "Format of GEOGRAPHY."),
    _choice("GEOMETRY_OUTPUT_FORMAT", "GeoJSON", ("GEOJSON", "WKT", "WKB", "EWKT", "EWKB"), "Format of GEOMETRY."),
    _flag("JDBC_TREAT_DECIMAL_AS_INT", True, "Whether JDBC shows scale-0 numbers as integers."),
    _number("JSON_INDENT", 2, 0, 16, "Spaces of indentation in JSON output."),
    _number("LOCK_TIMEOUT", 43_200, 0, LONG, "Seconds to wait for a lock."),
    _number("MULTI_STATEMENT_COUNT", 1, 0, 1_000_000, "How many statements one request may hold; 0 is any."),
    _flag("ODBC_TREAT_DECIMAL_AS_INT", False, "Whether ODBC shows scale-0 numbers as integers."),
    _text("PYTHON_CONNECTOR_QUERY_RESULT_FORMAT", "ARROW", "Format of results for the Python connector."),
    _text("QUERY_TAG", "", "A text that tags the session's queries."),
    _flag("QUOTED_IDENTIFIERS_IGNORE_CASE", False, "Whether quoted identifiers are folded too.", settled=False),
    _number("ROWS_PER_RESULTSET", 0, 0, 1_000_000_000, "Rows a result may have; 0 is any.", settled=False),
    _text("SEARCH_PATH", "$current, $public", "Where unqualified names are looked up.", settled=False),
    _text("SIMULATED_DATA_SHARING_CONSUMER", "", "Account to simulate as a consumer.", settled=False),
    _number("STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", 0, 0, LONG, "Seconds a statement may be queued; 0 is any."),
    _number("STATEMENT_TIMEOUT_IN_SECONDS", 172_800, 0, LONG, "Seconds a statement may run; 0 is the longest."),
    _flag("STRICT_JSON_OUTPUT", False, "Whether JSON output is strict.", settled=False),
    _flag("TIMESTAMP_DAY_IS_ALWAYS_24H", False, "Whether adding a day adds 24 hours."),
    _text("TIMESTAMP_INPUT_FORMAT", "AUTO", "Format of timestamp input.", settled=False),
    _text("TIMESTAMP_LTZ_OUTPUT_FORMAT", "", "Format of TIMESTAMP_LTZ output.", settled=False),
    _text("TIMESTAMP_NTZ_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3", "Format of TIMESTAMP_NTZ output.", settled=False),
    _text("TIMESTAMP_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM", "Format of timestamps.", settled=False),
    _text("TIMESTAMP_TYPE_MAPPING", "TIMESTAMP_NTZ", "What TIMESTAMP means.", settled=False),
    _text("TIMESTAMP_TZ_OUTPUT_FORMAT", "", "Format of TIMESTAMP_TZ output.", settled=False),
    Parameter("TIMEZONE", "STRING", "America/Los_Angeles", "The session's time zone.", zone),
    _text("TIME_INPUT_FORMAT", "AUTO", "Format of time input.", settled=False),
    _text("TIME_OUTPUT_FORMAT", "HH24:MI:SS", "Format of time output.", settled=False),
    _flag("TRANSACTION_ABORT_ON_ERROR", False, "Whether an error aborts the transaction.", settled=False),
    _choice("TRANSACTION_DEFAULT_ISOLATION_LEVEL", "READ COMMITTED", ("READ COMMITTED",), "Isolation of transactions."),
    _number("TWO_DIGIT_CENTURY_START", 1970, 1900, 2100, "First year that two digits mean.", settled=False),
    _choice("UNSUPPORTED_DDL_ACTION", "ignore", ("IGNORE", "FAIL"), "What to do with unsupported constraint terms."),
    _flag("USE_CACHED_RESULT", True, "Whether a query may be answered from an earlier result."),
    _number("WEEK_OF_YEAR_POLICY", 0, 0, 1, "How weeks of the year are counted.", settled=False),
    _number("WEEK_START", 0, 0, 7, "First day of the week.", settled=False),
)
OBJECT_PARAMETERS = _by_name(
    _number("DATA_RETENTION_TIME_IN_DAYS", 1, 0, 90, "Days of Time Travel."),
    _number("MAX_DATA_EXTENSION_TIME_IN_DAYS", 14, 0, 90, "Days Time Travel may be extended for streams."),
)
WAREHOUSE_PARAMETERS = _by_name(
    _number("MAX_CONCURRENCY_LEVEL", 8, 1, 32, "Statements a cluster runs at once."),
    SESSION_PARAMETERS["STATEMENT_QUEUED_TIMEOUT_IN_SECONDS"],
    SESSION_PARAMETERS["STATEMENT_TIMEOUT_IN_SECONDS"],
)
ACCOUNT_ONLY = _by_name(
    Parameter(
        "FEATURE_RBAC_INHERITED_GRANTS", "STRING", "DISABLED", "Whether INHERITED grants may be made.",
        choice("ENABLED", "DISABLED"),
    ),
    Parameter("NETWORK_POLICY", "STRING", "", "The network policy that decides who may come in.", object_name),
    Parameter(
        "RESOURCE_MONITOR", "STRING", None, "The account's resource monitor.",
        lambda cursor, name: None if cursor.accept("NULL") else word_or_text(cursor, name),
    ),
)  # fmt: skip

SESSION = {name: p.reader for name, p in SESSION_PARAMETERS.items() if p.settled}
_unsettled = frozenset(name for name, p in SESSION_PARAMETERS.items() if not p.settled)
SESSION_OPTIONS = Options("SESSION", SESSION, _unsettled)
ACCOUNT_OPTIONS = Options(
    "ACCOUNT",
    SESSION
    | {n: p.reader for n, p in OBJECT_PARAMETERS.items()}
    | {"MAX_CONCURRENCY_LEVEL": WAREHOUSE_PARAMETERS["MAX_CONCURRENCY_LEVEL"].reader}
    | {n: p.reader for n, p in ACCOUNT_ONLY.items()},
    _unsettled | {"PASSWORD", "AUTHENTICATION", "FEATURE"},
)
