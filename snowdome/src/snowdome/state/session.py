"""A session: who is connected, in which role, and what its names are completed with."""

from __future__ import annotations

import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from snowdome.state.records import Table, View
from snowdome.state.running_queries import Running
from snowdome.state.trace import Trace


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
    named_roles: tuple[int, ...] = ()
    """USE SECONDARY ROLES with a list: these, as long as the user has them."""
    as_owner: bool = False
    """A task's: its role counts, whoever has been granted it."""
    database: str | None = None
    schema: str | None = None
    warehouse: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    client: str = ""
    address: str = ""
    """Where the client is."""
    opened_on: datetime | None = None
    last_used: datetime | None = None
    """When the session began, and when it last did anything: see `security.session_policies`."""
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
    reshaped: dict[int, Table] = field(default_factory=dict)
    """Tables whose columns the open transaction changed, as they will be."""
    touched: set[int] = field(default_factory=set)
    """Tables the open transaction changed: their LAST_ALTERED moves when it commits."""
    running: list[Running] = field(default_factory=list)
    """The statement that runs, and those it runs within."""
    timezone: str = "UTC"
    """The zone that its connection to DuckDB works in."""
    delay: float = 0.0
    """Seconds on the account's clock that the next statement has to last."""
    written: set[str] = field(default_factory=set)
    """Physical tables the open transaction wrote to."""
    login_event: int | None = None
    """The log-in that opened it: EVENT_ID in LOGIN_HISTORY."""
    trace: Trace | None = None
    """What is noted of the statement that runs."""
    alone: bool = False
    """Whether the open transaction is that of one statement, and ends with it."""
    journaled: set[str] = field(default_factory=set)
    """Physical tables in whose journals the open transaction wrote."""
    consumed: dict[int, int] = field(default_factory=dict)
    """Streams that the open transaction consumed, and their new offsets."""
    turn: int | None = None
    """Where the running statement's change stands among all changes of the account, if it made one."""

    @property
    def query_tag(self) -> str:
        """The session's query tag."""
        return str(self.parameters.get("QUERY_TAG", ""))

    def unregister(self, names: list[str]) -> None:
        """Relations registered for one statement are gone."""
        for name in reversed(names):
            if name.startswith("u"):
                with suppress(duckdb.TransactionException):  # an aborted transaction takes it along
                    self.duck.execute(f'DROP VIEW IF EXISTS temp.main."{name}"')
            else:
                self.duck.unregister(name)
