"""ALTER, DROP and EXECUTE of tasks, streams, pipes and dynamic tables."""

from __future__ import annotations

from typing import TypeVar

from snowdome.errors import unsupported
from snowdome.sql.grammar import clauses, tagging
from snowdome.sql.grammar.automata import (
    DYNAMIC_SET,
    PIPE_SET,
    STREAM_OPTIONS,
    TASK_OPTIONS,
    AutomatonStatement,
    DropInside,
    ExecuteTask,
    ModifyTask,
    RefreshDynamicTable,
    RunInside,
    SetInside,
    TaskAfter,
    body,
    task_name,
)
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.options import Options
from snowdome.sql.grammar.tables import RenameTable, SwapTable

S = TypeVar("S")


def alter_task(cursor: Cursor) -> AutomatonStatement | tagging.TagStatement:
    """What follows ALTER TASK."""
    exists = clauses.if_exists(cursor)
    name = cursor.name()
    if tagged := tagging.set_or_unset(cursor, "TASK", name, if_exists=exists):
        return tagged
    if cursor.sees_any("RESUME", "SUSPEND"):
        return _ended(cursor, RunInside("TASK", name, exists, cursor.take().value == "RESUME"))
    if cursor.accept("MODIFY", "AS"):
        return ModifyTask(name, exists, definition=body(cursor))
    if cursor.accept("MODIFY", "WHEN"):
        return ModifyTask(name, exists, condition=body(cursor))
    if cursor.accept("REMOVE", "WHEN"):
        return _ended(cursor, ModifyTask(name, exists, condition=""))
    if cursor.sees("ADD", "AFTER") or cursor.sees("REMOVE", "AFTER"):
        added = cursor.take().value == "ADD"
        cursor.take()
        return _ended(cursor, TaskAfter(name, exists, added, cursor.listed(lambda: task_name(cursor))))
    if cursor.sees("SET", "EXECUTE") or cursor.sees("UNSET", "EXECUTE"):
        raise unsupported("ALTER TASK … EXECUTE AS USER")
    return _set(cursor, "TASK", name, TASK_OPTIONS, exists=exists)


def alter_stream(cursor: Cursor) -> AutomatonStatement | tagging.TagStatement:
    """What follows ALTER STREAM."""
    exists = clauses.if_exists(cursor)
    name = cursor.name()
    if tagged := tagging.set_or_unset(cursor, "STREAM", name, if_exists=exists):
        return tagged
    return _set(cursor, "STREAM", name, STREAM_OPTIONS.without("APPEND_ONLY", "SHOW_INITIAL_ROWS"), exists=exists)


def alter_pipe(cursor: Cursor) -> AutomatonStatement | tagging.TagStatement:
    """What follows ALTER PIPE."""
    exists = clauses.if_exists(cursor)
    name = cursor.name()
    if tagged := tagging.set_or_unset(cursor, "PIPE", name, if_exists=exists):
        return tagged
    if cursor.sees("REFRESH"):
        raise unsupported("ALTER PIPE … REFRESH")
    return _set(cursor, "PIPE", name, PIPE_SET, exists=exists)


def alter_dynamic_table(cursor: Cursor) -> AutomatonStatement | tagging.TagStatement | RenameTable | SwapTable:
    """What follows ALTER DYNAMIC TABLE."""
    exists = clauses.if_exists(cursor)
    names = cursor.listed(cursor.name)
    if cursor.accept("REFRESH"):
        if cursor.sees("COPY", "SESSION"):
            raise unsupported("ALTER DYNAMIC TABLE … REFRESH COPY SESSION")
        return _ended(cursor, RefreshDynamicTable(names, exists))
    if len(names) > 1:
        raise cursor.unexpected()
    name = names[0]
    if tagged := tagging.set_or_unset(cursor, "DYNAMIC TABLE", name, if_exists=exists):
        return tagged
    if cursor.sees("SUSPEND", "RECLUSTER") or cursor.sees("RESUME", "RECLUSTER") or cursor.sees("CLUSTER"):
        raise unsupported(f"ALTER DYNAMIC TABLE … {cursor.peek().value} {cursor.peek(1).value}")
    if cursor.sees_any("RESUME", "SUSPEND"):
        return _ended(cursor, RunInside("DYNAMIC TABLE", name, exists, cursor.take().value == "RESUME"))
    if cursor.accept("RENAME", "TO"):
        return _ended(cursor, RenameTable("DYNAMIC TABLE", name, exists, cursor.name()))
    if cursor.accept("SWAP", "WITH"):
        return _ended(cursor, SwapTable(name, exists, cursor.name(), "DYNAMIC TABLE"))
    if cursor.sees_any("ADD", "DROP", "ALTER", "MODIFY"):
        raise unsupported(f"ALTER DYNAMIC TABLE … {cursor.peek().value} {cursor.peek(1).value}")
    return _set(cursor, "DYNAMIC TABLE", name, DYNAMIC_SET, exists=exists)


def _set(cursor: Cursor, kind: str, name: Name, table: Options, *, exists: bool) -> SetInside:
    if cursor.expect_any("SET", "UNSET") == "SET":
        return _ended(cursor, SetInside(kind, name, exists, table.read_some(cursor)))
    return _ended(cursor, SetInside(kind, name, exists, unset=table.names(cursor)))


def execute_task(cursor: Cursor) -> ExecuteTask:
    """What follows EXECUTE TASK."""
    name = cursor.name()
    if cursor.sees("RETRY", "LAST") or cursor.sees("USING", "CONFIG"):
        raise unsupported(f"EXECUTE TASK … {cursor.peek().value} {cursor.peek(1).value}")
    cursor.end()
    return ExecuteTask(name)


def drop_task(cursor: Cursor) -> DropInside:
    """What follows DROP TASK."""
    return _drop(cursor, "TASK")


def drop_stream(cursor: Cursor) -> DropInside:
    """What follows DROP STREAM."""
    return _drop(cursor, "STREAM")


def drop_pipe(cursor: Cursor) -> DropInside:
    """What follows DROP PIPE."""
    return _drop(cursor, "PIPE")


def _drop(cursor: Cursor, kind: str) -> DropInside:
    exists = clauses.if_exists(cursor)
    return _ended(cursor, DropInside(kind, cursor.name(), exists))


def _ended(cursor: Cursor, statement: S) -> S:
    cursor.end()
    return statement
