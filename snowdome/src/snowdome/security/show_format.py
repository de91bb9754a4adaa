"""Filters of SHOW (LIKE, STARTS WITH, LIMIT … FROM), and the format of its cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from snowdome.errors import unsupported
from snowdome.result import Result, listing
from snowdome.state.records import DatabaseRole, Record

if TYPE_CHECKING:
    from snowdome.sql.grammar.show import Show
    from snowdome.state.account import Account

T = TypeVar("T")
TEXT = "VARCHAR"
NUMBER = "NUMBER(38,0)"
TIME = "TIMESTAMP_LTZ(3)"


def as_resource(found: Result, what: str) -> Result:
    """The answer of SHOW AS RESOURCE, a form without documentation: one column, and a JSON object for each row.

    What stands in those objects is not known here, so there may be no rows.
    """
    if found.count:
        raise unsupported(f"{what} AS RESOURCE of objects that exist")
    return listing((("As Resource", TEXT),), [])


@lru_cache(maxsize=512)
def like(pattern: str) -> re.Pattern[str]:
    """The expression for a LIKE pattern of SHOW, which does not mind upper and lower case."""
    parts = re.split(r"(\\.|%|_)", pattern)
    words = {"%": ".*", "_": "."}
    body = "".join(words.get(p) or re.escape(p[1:] if len(p) == 2 and p[0] == "\\" else p) for p in parts)  # noqa: PLR2004
    return re.compile(body, re.IGNORECASE | re.DOTALL)


def keep(statement: Show, things: Iterable[T], name: Callable[[T], str]) -> list[T]:
    """The things that SHOW was asked for, by name."""
    found = sorted(things, key=name)
    if statement.like is not None:
        pattern = like(statement.like)
        found = [thing for thing in found if pattern.fullmatch(name(thing))]
    if statement.starts_with is not None:
        found = [thing for thing in found if name(thing).startswith(statement.starts_with)]
    if statement.after is not None:
        found = [thing for thing in found if name(thing) > statement.after]
    return found[: statement.limit] if statement.limit is not None else found


def role_name(account: Account, role: int | None) -> str:
    """The name of the role (or user) with that id; empty for none."""
    record = account.catalog.peek(role) if role is not None else None
    return record.name if record is not None else ""


def role_type(account: Account, role: int | None) -> str:
    """ROLE or DATABASE_ROLE; empty for no role."""
    record: Record | None = account.catalog.peek(role) if role is not None else None
    if record is None:
        return ""
    return "DATABASE_ROLE" if isinstance(record, DatabaseRole) else "ROLE"


def truth(value: object) -> str:
    """How SHOW writes a boolean."""
    return "true" if value else "false"


def mark(value: object) -> str:
    """How SHOW writes a mark."""
    return "Y" if value else "N"
