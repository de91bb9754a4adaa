"""What ran: text, session, role, warehouse, outcome and times of each statement."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from snowdome.state.clock import Clock

KEPT = 20_000


def new_query_id() -> str:
    """Return an id in the form of Snowflake's."""
    return str(uuid.uuid4())


@dataclass(slots=True, kw_only=True)
class Entry:
    """One statement in the log."""

    query_id: str
    session: int
    user: str
    role: str
    warehouse: str | None
    database: str | None
    schema: str | None
    query_tag: str
    text: str
    started: datetime
    ended: datetime | None = None
    seconds: float | None = None
    rows: int | None = None
    errno: int | None = None
    error: str | None = None
    turn: int | None = None
    """Where the statement stands among the account's changes: for Time Travel by its id."""
    changed: bool = False
    """Whether it made the change of that turn itself."""

    def plain(self) -> dict[str, Any]:
        """The entry as JSON can carry it."""
        return {
            name: value.isoformat() if isinstance(value := getattr(self, name), datetime) else value
            for name in self.__slots__
        }


class StatementLog:
    """The latest statements, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def begin(self, entry: Entry) -> Entry:
        """The statement is in the log, running."""
        with self._lock:
            self._entries.append(entry)
        return entry

    def end(self, entry: Entry, *, rows: int | None, errno: int | None, error: str | None) -> None:
        """The statement's outcome is in the log."""
        entry.ended = self._clock.now()
        entry.rows, entry.errno, entry.error = rows, errno, error

    def entries(self) -> list[Entry]:
        """All that is kept."""
        with self._lock:
            return list(self._entries)

    def ended(self) -> list[Entry]:
        """Return copies of those that are over."""
        return [replace(entry) for entry in self.entries() if entry.ended is not None]

    def find(self, query_id: str) -> Entry | None:
        """The statement of that id, if it is kept."""
        with self._lock:
            return next((entry for entry in reversed(self._entries) if entry.query_id == query_id), None)

    def clear(self) -> None:
        """The log is empty."""
        with self._lock:
            self._entries.clear()
