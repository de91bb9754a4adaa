"""A kind of object: what the rest of snowdome has to know of it, in one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlglot import exp

    from snowdome.query.account import Account
    from snowdome.result import Result
    from snowdome.sql.grammar.clauses import How
    from snowdome.sql.grammar.cursor import Cursor
    from snowdome.sql.grammar.names import Name
    from snowdome.sql.grammar.options import Options
    from snowdome.state.session import Session
    from snowdome.types import Parameters

Creator = Callable[["Cursor", "How", frozenset[str]], object]
"""Reads what follows CREATE and the kind; the words are those between the two, such as TRANSIENT."""
Reader = Callable[["Cursor"], object]
"""Reads what follows the verb and the kind; returns None where it is a data statement."""
Handler = Callable[["Account", "Session", Any], "Result"]
"""Carries out a statement."""
Describer = Callable[["Account", "Session", "Name"], "Result"]
"""Answers DESCRIBE of the object of that name."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A CREATE that is read as a data statement: its tree, the values bound to it, and its text."""

    create: exp.Create
    parameters: Parameters
    text: str


Definer = Callable[["Account", "Session", Definition], "Result"]
"""Carries out a CREATE that is read as a data statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of object. What it does not have is refused by name."""

    name: str
    """In the singular, as SQL writes it."""
    create: Creator | None = None
    alter: Reader | None = None
    drop: Reader | None = None
    undrop: Reader | None = None
    execute: Reader | None = None
    modifiers: frozenset[str] = frozenset()
    """Words that CREATE takes before the kind."""
    created_with: Options | None = None
    """The properties of CREATE, for the documentation."""
    altered_with: Options | None = None
    """The properties of ALTER, for the documentation."""
    handlers: Mapping[type, Handler] = field(default_factory=dict)
    """Statement types and what carries them out; a type that several kinds share names its `kind`."""
    define: Definer | None = None
    """CREATE as a data statement."""
    privileges: tuple[str, ...] = ()
    """Those that exist on an object of this kind, besides OWNERSHIP."""
    future_grants: bool = True
    """Whether privileges on objects to come can be granted."""
    show: Handler | None = None
    also_shown: Mapping[str, Handler] = field(default_factory=dict)
    """What else SHOW lists, such as keys of tables."""
    has_terse: bool = True
    """Whether there is SHOW TERSE."""
    has_history: bool = True
    """Whether there is SHOW … HISTORY."""
    describe: Describer | None = None
    has_comment: bool = True
    """Whether there is COMMENT ON."""
    restore: Callable[[Account], None] | None = None
    """What the account does when it is opened: timers of objects are set again."""


def data_create(cursor: Cursor, how: How, words: frozenset[str]) -> None:
    """CREATE of this kind is read as a data statement."""


def data_statement(cursor: Cursor) -> None:
    """The statement is read as a data statement."""
