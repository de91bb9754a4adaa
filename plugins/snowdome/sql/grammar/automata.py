"""Tasks, streams, pipes and dynamic tables: what works by itself inside a schema.

Syntax as on Snowflake's pages sql/create-task, create-stream, create-pipe, create-dynamic-table, their alter- and drop-
pages, and sql/execute-task. Tasks, streams and pipes cannot be renamed or undropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from snowdome.errors import invalid, unsupported
from snowdome.sql.grammar import clauses, options
from snowdome.sql.grammar.clauses import Clone, How, TagValue, TimePoint
from snowdome.sql.grammar.cursor import Cursor, duplicate_property, invalid_value
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options, Settings, boolean, choice, integer, object_name, text
from snowdome.sql.grammar.parameters import SESSION_OPTIONS

SIZES = ("XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "XXLARGE")
OVERLAPS = ("NO_OVERLAP", "ALLOW_CHILD_OVERLAP", "ALLOW_ALL_OVERLAP")
_EVERY = re.compile(r"\s*(\d+)\s+(HOURS?|H|MINUTES?|M|SECONDS?|S)\s*", re.IGNORECASE)
_CRON = re.compile(r"\s*USING\s+CRON\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(\S+)\s*", re.IGNORECASE)
LONGEST_MINUTES = 11_520


def schedule(cursor: Cursor, name: str) -> str:
    """'num HOURS | MINUTES | SECONDS' (10 seconds to 8 days) or 'USING CRON expr zone', as written."""
    value = text(cursor, name)
    every = _EVERY.fullmatch(value)
    if every is not None:
        seconds = int(every[1]) * {"H": 3600, "M": 60, "S": 1}[every[2][0].upper()]
        if not 10 <= seconds <= LONGEST_MINUTES * 60:  # noqa: PLR2004 (create-task: the shortest interval)
            raise invalid_value(value, name)
    elif _CRON.fullmatch(value) is None:
        raise invalid_value(value, name)
    return value


def lag(cursor: Cursor, name: str) -> str:
    """'num seconds | minutes | hours | days', at least a minute, or DOWNSTREAM."""
    if cursor.accept("DOWNSTREAM"):
        return "DOWNSTREAM"
    value = text(cursor, name)
    found = re.fullmatch(r"\s*(\d+)\s+(second|minute|hour|day)s?\s*", value, re.IGNORECASE)
    if value.strip().upper() == "DOWNSTREAM":
        return "DOWNSTREAM"
    if found is None or int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[found[2][0].lower()] < 60:  # noqa: PLR2004
        raise invalid_value(value, name)
    return f"{int(found[1])} {found[2].lower()}{'s' if int(found[1]) != 1 else ''}"


TASK_OPTIONS = Options(
    "TASK",
    {
        "WAREHOUSE": object_name,
        "SCHEDULE": schedule,
        "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE": choice(*SIZES),
        "CONFIG": text,
        "OVERLAP_POLICY": choice(*OVERLAPS),
        "ALLOW_OVERLAPPING_EXECUTION": boolean,
        "USER_TASK_TIMEOUT_MS": integer(0, 604_800_000),
        "SUSPEND_TASK_AFTER_NUM_FAILURES": integer(0),
        "COMMENT": text,
        **SESSION_OPTIONS.readers,
    },
    frozenset({
        "ERROR_INTEGRATION", "SUCCESS_INTEGRATION", "LOG_LEVEL", "FINALIZE", "TASK_AUTO_RETRY_ATTEMPTS",
        "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS", "TARGET_COMPLETION_INTERVAL",
        "SERVERLESS_TASK_MIN_STATEMENT_SIZE", "SERVERLESS_TASK_MAX_STATEMENT_SIZE", "CONTACT",
    }) | SESSION_OPTIONS.refused,
)  # fmt: skip
STREAM_OPTIONS = Options("STREAM", {"APPEND_ONLY": boolean, "SHOW_INITIAL_ROWS": boolean, "COMMENT": text})
PIPE_OPTIONS = Options(
    "PIPE", {"COMMENT": text, "AUTO_INGEST": boolean}, frozenset({"ERROR_INTEGRATION", "AWS_SNS_TOPIC", "INTEGRATION"})
)
PIPE_SET = Options("PIPE", {"COMMENT": text, "PIPE_EXECUTION_PAUSED": boolean}, frozenset({"ERROR_INTEGRATION"}))
DYNAMIC_OPTIONS = Options(
    "DYNAMIC TABLE",
    {
        "TARGET_LAG": lag,
        "WAREHOUSE": object_name,
        "REFRESH_MODE": choice("AUTO", "FULL", "INCREMENTAL"),
        "INITIALIZE": choice("ON_CREATE", "ON_SCHEDULE"),
        "SCHEDULER": choice("ENABLE", "DISABLE"),
        "DATA_RETENTION_TIME_IN_DAYS": integer(0, 90),
        "MAX_DATA_EXTENSION_TIME_IN_DAYS": integer(0, 90),
        "COMMENT": text,
    },
    frozenset({"INITIALIZATION_WAREHOUSE", "ROW_TIMESTAMP", "LOG_LEVEL", "DEFAULT_DDL_COLLATION", "CONTACT"}),
)
DYNAMIC_SET = DYNAMIC_OPTIONS.without("REFRESH_MODE", "INITIALIZE")


@dataclass(frozen=True, slots=True)
class CreateTask:
    """CREATE [OR REPLACE | OR ALTER] TASK [IF NOT EXISTS]; `condition` and `definition` are as written."""

    name: Name
    how: How
    settings: Settings
    tags: tuple[TagValue, ...]
    after: tuple[Name, ...]
    condition: str
    definition: str


@dataclass(frozen=True, slots=True)
class CreateStream:
    """CREATE [OR REPLACE] STREAM [IF NOT EXISTS] … ON TABLE; `same_as` names the stream of AT (STREAM => …)."""

    name: Name
    how: How
    table: Name
    point: TimePoint | None
    same_as: Name | None
    settings: Settings
    tags: tuple[TagValue, ...]


@dataclass(frozen=True, slots=True)
class CreatePipe:
    """CREATE [OR REPLACE] PIPE [IF NOT EXISTS] … AS COPY …."""

    name: Name
    how: How
    settings: Settings
    definition: str


@dataclass(frozen=True, slots=True)
class CreateDynamicTable:
    """CREATE [OR REPLACE] [TRANSIENT] DYNAMIC TABLE [IF NOT EXISTS] … AS query; `columns` are names alone."""

    name: Name
    how: How
    transient: bool
    columns: tuple[str, ...]
    settings: Settings
    tags: tuple[TagValue, ...]
    cluster_by: str
    copy_grants: bool
    query: str
    text: str


@dataclass(frozen=True, slots=True)
class CloneInside:
    """CREATE [OR REPLACE] TASK | STREAM | DYNAMIC TABLE … CLONE …."""

    kind: str
    name: Name
    how: How
    transient: bool
    clone: Clone
    copy_grants: bool
    settings: Settings


@dataclass(frozen=True, slots=True)
class SetInside:
    """ALTER kind … SET properties, or UNSET them (the names in `unset`)."""

    kind: str
    name: Name
    if_exists: bool
    settings: Settings = ()
    unset: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunInside:
    """ALTER TASK | DYNAMIC TABLE … RESUME or SUSPEND."""

    kind: str
    name: Name
    if_exists: bool
    resumed: bool


@dataclass(frozen=True, slots=True)
class ModifyTask:
    """ALTER TASK … MODIFY AS | MODIFY WHEN | REMOVE WHEN: None leaves it, an empty condition takes it away."""

    name: Name
    if_exists: bool
    definition: str | None = None
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class TaskAfter:
    """ALTER TASK … ADD AFTER or REMOVE AFTER."""

    name: Name
    if_exists: bool
    added: bool
    tasks: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class ExecuteTask:
    """EXECUTE TASK."""

    name: Name


@dataclass(frozen=True, slots=True)
class RefreshDynamicTable:
    """ALTER DYNAMIC TABLE … REFRESH."""

    names: tuple[Name, ...]
    if_exists: bool


@dataclass(frozen=True, slots=True)
class DropInside:
    """DROP kind [IF EXISTS]."""

    kind: str
    name: Name
    if_exists: bool


AutomatonStatement = (
    CreateTask
    | CreateStream
    | CreatePipe
    | CreateDynamicTable
    | CloneInside
    | SetInside
    | RunInside
    | ModifyTask
    | TaskAfter
    | ExecuteTask
    | RefreshDynamicTable
    | DropInside
)


# -- create ---------------------------------------------------------------------------------------------------------
def create_task(cursor: Cursor, how: How, words: frozenset[str]) -> AutomatonStatement:  # noqa: ARG001
    """What follows CREATE TASK."""
    how = clauses.how(cursor, how)
    name = cursor.name()
    if cursor.sees("CLONE"):
        return _clone(cursor, "TASK", name, how, Options("TASK", {}))
    settings, tags = _settings(cursor, TASK_OPTIONS, "AFTER", "WHEN", "AS", "EXECUTE")
    after = cursor.listed(lambda: task_name(cursor)) if cursor.accept("AFTER") else ()
    if cursor.sees("EXECUTE", "AS", "USER"):
        raise unsupported("CREATE TASK … EXECUTE AS USER")
    condition = cursor.text_until(lambda: cursor.sees("AS")) if cursor.accept("WHEN") else ""
    cursor.expect("AS")
    if after and any(option == "SCHEDULE" for option, _ in settings):
        raise invalid("A task cannot have both a schedule and predecessors (AFTER).", 91_089, "22023")
    return CreateTask(name, how, settings, tags, after, condition, body(cursor))


def create_stream(cursor: Cursor, how: How, words: frozenset[str]) -> AutomatonStatement:  # noqa: ARG001
    """What follows CREATE STREAM."""
    how = clauses.how(cursor, how)
    name = cursor.name()
    if cursor.sees("CLONE"):
        return _clone(cursor, "STREAM", name, how, Options("STREAM", {}))
    tags = clauses.with_tag(cursor)
    if cursor.sees("COPY", "GRANTS"):
        raise unsupported("CREATE STREAM … COPY GRANTS")
    cursor.expect("ON")
    if not cursor.accept("TABLE"):
        raise unsupported(f"CREATE STREAM … ON {cursor.peek().value}")
    table = cursor.name()
    point, same_as = None, None
    if cursor.sees("AT", "(", "STREAM"):
        cursor.expect("AT", "(", "STREAM", "=>")
        inner = Cursor(cursor.string())
        same_as = inner.name()
        inner.end()
        cursor.expect(")")
    else:
        point = clauses.time_point(cursor, table)
    settings = STREAM_OPTIONS.read(cursor)
    cursor.end()
    return CreateStream(name, how, table, point, same_as, settings, tags)


_GAP = r"(?:\s|/\*.*?\*/|--[^\n]*\n|//[^\n]*\n)"
_COPIES = re.compile(rf"{_GAP}*\(?{_GAP}*COPY{_GAP}+INTO\b", re.IGNORECASE | re.DOTALL)


def create_pipe(cursor: Cursor, how: How, words: frozenset[str]) -> AutomatonStatement:  # noqa: ARG001
    """What follows CREATE PIPE."""
    how = clauses.how(cursor, how)
    name = cursor.name()
    settings = PIPE_OPTIONS.read(cursor, "AS")
    cursor.expect("AS")
    definition = body(cursor)
    if not _COPIES.match(definition):
        raise invalid("A pipe's definition is a COPY INTO statement.", 90_062, "42601")
    return CreatePipe(name, how, settings, definition)


def create_dynamic_table(cursor: Cursor, how: How, words: frozenset[str]) -> AutomatonStatement:
    """What follows CREATE DYNAMIC TABLE."""
    how = clauses.how(cursor, how)
    name = cursor.name()
    transient = "TRANSIENT" in words
    if cursor.sees("CLONE"):
        return _clone(cursor, "DYNAMIC TABLE", name, how, DYNAMIC_OPTIONS, transient=transient)
    columns = cursor.bracketed(lambda: _column(cursor)) if cursor.sees("(") else ()
    found: dict[str, options.Value] = {}
    tags: tuple[TagValue, ...] = ()
    cluster, copy_grants = "", False
    while not cursor.accept("AS"):
        if cursor.accept("CLUSTER", "BY"):
            cursor.expect("(")
            cluster = cursor.text_until(lambda: cursor.sees(")"))
            cursor.expect(")")
        elif cursor.accept("COPY", "GRANTS"):
            copy_grants = True
        elif cursor.sees("TAG") or cursor.sees("WITH", "TAG"):
            tags = clauses.with_tag(cursor)
        elif cursor.sees_any(*_REFUSED_WORDS):
            raise unsupported(f"CREATE DYNAMIC TABLE … {cursor.peek().value} {cursor.peek(1).value}")
        else:
            for option, value in DYNAMIC_OPTIONS.read_some(cursor, "AS", "CLUSTER", "COPY", "TAG", *_REFUSED_WORDS):
                if option in found:
                    raise duplicate_property(option, "DYNAMIC TABLE")
                found[option] = value
    _complete(found)
    return CreateDynamicTable(
        name, how, transient, columns, tuple(found.items()), tags, cluster, copy_grants, body(cursor), cursor.sql
    )


_REFUSED_WORDS = ("WITH", "ROW", "AGGREGATION", "REQUIRE", "FROZEN", "IMMUTABLE", "BACKFILL", "EXECUTE", "REFRESH",
                  "START", "STORAGE")  # fmt: skip


def _complete(found: dict[str, options.Value]) -> None:
    if "WAREHOUSE" not in found:
        raise invalid("Missing option(s): [WAREHOUSE]", 2029, "42601")
    if "TARGET_LAG" not in found and found.get("SCHEDULER") != "DISABLE":
        raise invalid("Missing option(s): [TARGET_LAG]", 2029, "42601")
    if "TARGET_LAG" in found and found.get("SCHEDULER") == "DISABLE":
        raise invalid("TARGET_LAG can't be defined when SCHEDULER = DISABLE", 1420)


def _column(cursor: Cursor) -> str:
    name = cursor.identifier()
    if not cursor.sees_any(",", ")"):
        raise unsupported("CREATE DYNAMIC TABLE with types, policies or comments of columns")
    return name


def _clone(cursor: Cursor, kind: str, name: Name, how: How, table: Options, *, transient: bool = False) -> CloneInside:
    clone = clauses.clone(cursor)
    assert clone is not None  # noqa: S101 (CLONE was seen)
    if clone.point is not None and kind != "DYNAMIC TABLE":
        raise unsupported(f"CREATE {kind} … CLONE … {clone.point.side}")
    grants = cursor.accept("COPY", "GRANTS")
    settings = table.read(cursor)
    cursor.end()
    return CloneInside(kind, name, how, transient, clone, grants, settings)


def _settings(cursor: Cursor, table: Options, *stops: str) -> tuple[Settings, tuple[TagValue, ...]]:
    """Properties and `[WITH] TAG (…)` in any order, up to one of the words."""
    found: dict[str, options.Value] = {}
    tags: tuple[TagValue, ...] = ()
    while not cursor.ended and not cursor.sees_any(*stops):
        if not tags and (cursor.sees("TAG") or cursor.sees("WITH", "TAG")):
            tags = clauses.with_tag(cursor)
            continue
        if cursor.sees_any("TAG", "WITH"):
            raise cursor.unexpected()
        for name, value in table.read_some(cursor, "TAG", "WITH", *stops):
            if name in found:
                raise duplicate_property(name, table.kind)
            found[name] = value
    return tuple(found.items()), tags


def task_name(cursor: Cursor) -> Name:
    """A predecessor's name; a string is read as a name."""
    if cursor.peek().text.startswith("'"):
        inner = Cursor(cursor.string())
        name = inner.name()
        inner.end()
        return name
    return cursor.name()


def body(cursor: Cursor) -> str:
    """The statement that is left, as written."""
    found = cursor.rest().strip()
    if not found:
        raise cursor.unexpected()
    return found
