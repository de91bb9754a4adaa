"""What names were bound to: those of a statement, and those of a compiled view."""

from __future__ import annotations

from dataclasses import dataclass, field

Parts = tuple[str | None, str | None, str]
"""Database, schema and name of a reference."""


@dataclass(slots=True)
class Bound:
    """What a statement was bound to."""

    reads: dict[Parts, str] = field(default_factory=dict)
    """Each name that was read, and the anonymous table and version it meant."""
    tables: set[int] = field(default_factory=set)
    """The ids of the tables that were read, those behind views included."""
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """The types of the columns of each anonymous table or view that is read."""
    streams: dict[int, int] = field(default_factory=dict)
    """The streams that were read, and the offset of each once it is consumed."""
    session_bound: bool = False
    """Whether the answer depends on who asks or when, so that it cannot be shared."""
    waits: bool = False
    """Whether it is to last, by SYSTEM$WAIT, which keeps a warehouse busy."""
    registered: list[str] = field(default_factory=list)
    """Relations registered on the session's connection for this statement alone."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A view as DuckDB has it, and what its names meant; no `physical`: it must be put into each statement."""

    version: int
    reads: dict[Parts, str]
    tables: frozenset[int]
    bases: dict[int, frozenset[str]]
    """The columns it reads of each table, through other views too."""
    physical: str | None
    driven: bool
