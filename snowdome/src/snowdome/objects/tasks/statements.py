"""CREATE, ALTER, EXECUTE and DROP TASK (sql/create-task, alter-task, execute-task)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from snowdome.errors import invalid, unsupported
from snowdome.objects.pipelines.statements import (
    CloneObject,
    DropObject,
    ResumeOrSuspend,
    SetProperties,
    body,
    clone,
    drop,
    ended,
    set_or_unset,
    settings_and_tags,
)
from snowdome.objects.tags import statements as tag_statements
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import How, TagValue
from snowdome.sql.grammar.cursor import Cursor, invalid_value
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


def create_task(cursor: Cursor, how: How, words: frozenset[str]) -> Statement:  # noqa: ARG001
    """What follows CREATE TASK."""
    how = clauses.how(cursor, how)
    name = cursor.name()
    if cursor.sees("CLONE"):
        return clone(cursor, "TASK", name, how, Options("TASK", {}))
    settings, tags = settings_and_tags(cursor, TASK_OPTIONS, "AFTER", "WHEN", "AS", "EXECUTE")
    after = cursor.listed(lambda: task_name(cursor)) if cursor.accept("AFTER") else ()
    if cursor.sees("EXECUTE", "AS", "USER"):
        raise unsupported("CREATE TASK … EXECUTE AS USER")
    condition = cursor.text_until(lambda: cursor.sees("AS")) if cursor.accept("WHEN") else ""
    cursor.expect("AS")
    if after and any(option == "SCHEDULE" for option, _ in settings):
        raise invalid("A task cannot have both a schedule and predecessors (AFTER).", 91_089, "22023")
    return CreateTask(name, how, settings, tags, after, condition, body(cursor))


def task_name(cursor: Cursor) -> Name:
    """A predecessor's name; a string is read as a name."""
    if cursor.peek().text.startswith("'"):
        inner = Cursor(cursor.string())
        name = inner.name()
        inner.end()
        return name
    return cursor.name()


def alter_task(cursor: Cursor) -> Statement | tag_statements.TagStatement:
    """What follows ALTER TASK."""
    exists = clauses.if_exists(cursor)
    name = cursor.name()
    if tagged := tag_statements.set_or_unset(cursor, "TASK", name, if_exists=exists):
        return tagged
    if cursor.sees_any("RESUME", "SUSPEND"):
        return ended(cursor, ResumeOrSuspend("TASK", name, exists, cursor.take().value == "RESUME"))
    if cursor.accept("MODIFY", "AS"):
        return ModifyTask(name, exists, definition=body(cursor))
    if cursor.accept("MODIFY", "WHEN"):
        return ModifyTask(name, exists, condition=body(cursor))
    if cursor.accept("REMOVE", "WHEN"):
        return ended(cursor, ModifyTask(name, exists, condition=""))
    if cursor.sees("ADD", "AFTER") or cursor.sees("REMOVE", "AFTER"):
        added = cursor.take().value == "ADD"
        cursor.take()
        return ended(cursor, TaskAfter(name, exists, added, cursor.listed(lambda: task_name(cursor))))
    if cursor.sees("SET", "EXECUTE") or cursor.sees("UNSET", "EXECUTE"):
        raise unsupported("ALTER TASK … EXECUTE AS USER")
    return set_or_unset(cursor, "TASK", name, TASK_OPTIONS, exists=exists)


def execute_task(cursor: Cursor) -> ExecuteTask:
    """What follows EXECUTE TASK."""
    name = cursor.name()
    if cursor.sees("RETRY", "LAST") or cursor.sees("USING", "CONFIG"):
        raise unsupported(f"EXECUTE TASK … {cursor.peek().value} {cursor.peek(1).value}")
    cursor.end()
    return ExecuteTask(name)


def drop_task(cursor: Cursor) -> DropObject:
    """What follows DROP TASK."""
    return drop(cursor, "TASK")


Statement = (
    CreateTask | CloneObject | SetProperties | ResumeOrSuspend | ModifyTask | TaskAfter | ExecuteTask | DropObject
)
