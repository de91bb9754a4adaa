"""A session: who is connected, in which role, and what its names are completed with."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import Any

import duckdb

from snowdome.records import Table, View


@dataclass(slots=True, kw_only=True)
class Session:
    """A client's state; `role` and `user` are ids, database, schema and warehouse are names, as in Snowflake.

    A session that says `PROD` means whatever bears that name when its next statement is compiled.
    """

    id: int
    user: int
    role: int
    only_role: int | None = None
    """The one role that the token of the log-in is restricted to."""
    secondary_roles: bool = False
    """USE SECONDARY ROLES ALL."""
    database: str | None = None
    schema: str | None = None
    warehouse: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    client: str = ""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    master_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    temporary: dict[tuple[int, str], Table | View] = field(default_factory=dict)
    """Temporary tables by (schema id, name): they hide permanent ones of that name."""
    duck: duckdb.DuckDBPyConnection
    lock: threading.RLock = field(default_factory=threading.RLock)
    """A session runs one statement at a time."""
    autocommit: bool = True
    in_transaction: bool = False
    """Between BEGIN and COMMIT."""
    writing: bool = False
    """Whether DuckDB's own transaction has begun."""
    pending: dict[int, str] = field(default_factory=dict)
    """Tables the open transaction gave rows of their own: table id to anonymous table."""
    touched: set[int] = field(default_factory=set)
    """Tables the open transaction changed: their LAST_ALTERED moves when it commits."""
    written: set[str] = field(default_factory=set)
    """Physical tables the open transaction wrote to."""

    @property
    def query_tag(self) -> str:
        """The session's query tag."""
        return str(self.parameters.get("QUERY_TAG", ""))
