"""Records of tasks, streams, pipes and dynamic tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from snowdome.state.records import RECORDS, Record, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Record):
    """A task: its statement as written, when it runs, and what runs before it."""

    definition: str
    condition: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    after: tuple[int, ...] = ()
    """The ids of the tasks whose runs it follows."""
    started: bool = False
    user: int | None = None
    """Who made it."""
    resumed_on: datetime | None = None
    committed_on: datetime | None = None
    suspended_on: datetime | None = None
    suspended_why: str | None = None
    failures: int = 0
    """Runs that failed one after the other."""

    kind: ClassVar[str] = "TASK"
    space: ClassVar[str] = "TASK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream(Record):
    """A stream: the table it watches, by id, and from which change on."""

    source: int
    at: datetime
    turn: int
    append_only: bool = False
    initial: bool = False
    """Whether it still has to show the rows that were there when it was made."""

    kind: ClassVar[str] = "STREAM"
    space: ClassVar[str] = "STREAM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe(Record):
    """A pipe: the COPY statement that loads what is put into its stage."""

    definition: str
    paused: bool = False
    auto_ingest: bool = False

    kind: ClassVar[str] = "PIPE"
    space: ClassVar[str] = "PIPE"


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicTable(Table):
    """A dynamic table: the rows of its query as of its last refresh."""

    query: str
    text: str
    named: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    suspended: bool = False
    suspended_on: datetime | None = None
    suspended_by: int | None = None
    """The dynamic table it reads with which it was suspended."""
    as_of: datetime | None = None
    """The moment whose data it holds; None before its first refresh."""
    seen: str = ""
    """What its query read at the last refresh."""
    cloned: bool = False
    user: int | None = None
    """Who made it."""

    kind: ClassVar[str] = "DYNAMIC TABLE"
    space: ClassVar[str] = "RELATION"


EVERY_RECORD: tuple[type[Record], ...] = (*RECORDS, Task, Stream, Pipe, DynamicTable)
"""Every class of record that the account keeps."""
