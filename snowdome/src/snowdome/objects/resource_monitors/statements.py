"""CREATE, ALTER and DROP RESOURCE MONITOR."""

from __future__ import annotations

from dataclasses import dataclass

from snowdome.errors import invalid, unsupported
from snowdome.sql.grammar import clauses
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import Cursor, invalid_value
from snowdome.sql.grammar.options import Options, Settings, choice, name_list, number
from snowdome.sql.grammar.tokens import Kind
from snowdome.warehouses.resource_monitors import NOTIFY, SUSPEND, SUSPEND_IMMEDIATE

MOST_NOTIFICATIONS = 5


def timestamp(cursor: Cursor, name: str) -> str | None:
    """IMMEDIATELY, a string with a time, or NULL."""
    if cursor.accept("NULL"):
        return None
    if name == "START_TIMESTAMP" and cursor.accept("IMMEDIATELY"):
        return "IMMEDIATELY"
    token = cursor.peek()
    if token.kind is not Kind.STRING or not token.value[:4].isdigit():
        raise invalid_value(token.value, name)
    return cursor.take().value


OPTIONS = Options(
    "RESOURCE_MONITOR",
    {
        "CREDIT_QUOTA": number,
        "FREQUENCY": choice("MONTHLY", "DAILY", "WEEKLY", "YEARLY", "NEVER"),
        "START_TIMESTAMP": timestamp,
        "END_TIMESTAMP": timestamp,
        "NOTIFY_USERS": name_list,
    },
)


@dataclass(frozen=True, slots=True)
class Trigger:
    """What happens at a share of the quota."""

    percent: int
    action: str


@dataclass(frozen=True, slots=True)
class CreateMonitor:
    """CREATE [OR REPLACE] RESOURCE MONITOR [IF NOT EXISTS] … WITH … TRIGGERS."""

    name: str
    how: How
    settings: Settings
    triggers: tuple[Trigger, ...]


@dataclass(frozen=True, slots=True)
class SetMonitor:
    """ALTER RESOURCE MONITOR … SET … TRIGGERS …; `triggers` None leaves them."""

    name: str
    if_exists: bool
    settings: Settings
    triggers: tuple[Trigger, ...] | None


@dataclass(frozen=True, slots=True)
class DropMonitor:
    """DROP RESOURCE MONITOR [IF EXISTS]."""

    name: str
    if_exists: bool


MonitorStatement = CreateMonitor | SetMonitor | DropMonitor


def create(cursor: Cursor, how: How, words: frozenset[str]) -> CreateMonitor:  # noqa: ARG001
    """What follows CREATE RESOURCE MONITOR."""
    how = clauses.how(cursor, how)
    if how is How.OR_ALTER:
        raise unsupported("CREATE OR ALTER RESOURCE MONITOR")
    name = cursor.name(1).last
    cursor.accept("WITH")
    settings = OPTIONS.read(cursor, "TRIGGERS")
    found = triggers(cursor)
    cursor.end()
    _check(settings)
    return CreateMonitor(name, how, settings, found or ())


def _check(settings: Settings) -> None:
    given = dict(settings)
    if ("FREQUENCY" in given) != ("START_TIMESTAMP" in given):
        raise invalid("FREQUENCY and START_TIMESTAMP of a resource monitor must be set together", 1420)


def triggers(cursor: Cursor) -> tuple[Trigger, ...] | None:
    """`TRIGGERS ON n PERCENT DO action …` if written here."""
    if not cursor.accept("TRIGGERS"):
        return None
    found = [_trigger(cursor)]
    while cursor.sees("ON"):
        found.append(_trigger(cursor))
    for action, most in ((SUSPEND, 1), (SUSPEND_IMMEDIATE, 1), (NOTIFY, MOST_NOTIFICATIONS)):
        if sum(trigger.action == action for trigger in found) > most:
            said = f"{most} {action.lower()} triggers" if most > 1 else f"one {action.lower()} trigger"
            raise invalid(f"A resource monitor can have at most {said}.", 90000)
    return tuple(found)


def _trigger(cursor: Cursor) -> Trigger:
    cursor.expect("ON")
    percent = cursor.integer()
    if percent <= 0:
        raise invalid_value(percent, "TRIGGERS ON … PERCENT")
    cursor.expect("PERCENT", "DO")
    return Trigger(percent, cursor.expect_any(NOTIFY, SUSPEND, SUSPEND_IMMEDIATE))


def alter(cursor: Cursor) -> SetMonitor:
    """What follows ALTER RESOURCE MONITOR."""
    exists = clauses.if_exists(cursor)
    name = cursor.name(1).last
    given = cursor.accept("SET")
    settings = OPTIONS.read(cursor, "TRIGGERS") if given else ()
    found = triggers(cursor)
    cursor.end()
    if not settings and found is None:
        raise cursor.unexpected()
    _check(settings)
    return SetMonitor(name, exists, settings, found)


def drop(cursor: Cursor) -> DropMonitor:
    """What follows DROP RESOURCE MONITOR."""
    exists = clauses.if_exists(cursor)
    statement = DropMonitor(cursor.name(1).last, exists)
    cursor.end()
    return statement
