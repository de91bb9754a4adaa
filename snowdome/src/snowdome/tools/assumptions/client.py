"""The client of the experiments: asks, names everything with its own prefix, and removes all of it."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from snowflake.connector import DictCursor, SnowflakeConnection
from snowflake.connector.errors import DatabaseError, Error

from snowdome.tools.assumptions.experiment import Untestable

Row = dict[str, Any]
Connect = Callable[[], SnowflakeConnection]
# what may be left behind, in the order of its removal
KINDS = ("DATABASE", "WAREHOUSE", "USER", "ROLE", "RESOURCE MONITOR")
MOST_SECONDS = 120
LEAST_PREFIX = 6
WAREHOUSE = "create warehouse if not exists {} warehouse_size = 'XSMALL' auto_suspend = 60 initially_suspended = true"


def rows(connection: SnowflakeConnection, statement: str, *values: object) -> list[Row]:
    """The rows of the statement, with column names in lower case."""
    with connection.cursor(DictCursor) as cursor:
        cursor.execute(statement, values or None)
        return [{str(name).lower(): value for name, value in row.items()} for row in cursor.fetchall()]


def quoted(name: str) -> str:
    """The name as an identifier that means exactly itself."""
    return '"' + name.replace('"', '""') + '"'


class Cleanup:
    """Finds and removes what bears the prefix, on a connection of its own: an interrupted one does not matter."""

    def __init__(self, connection: SnowflakeConnection, prefix: str, role: str) -> None:
        self._connection, self._prefix, self._role = connection, prefix, role

    def found(self) -> list[tuple[str, str, str]]:
        """Kind, name and owner of everything that bears the prefix."""
        rows(self._connection, f"use role {quoted(self._role)}")
        return [
            (kind, row["name"], row.get("owner") or "")
            for kind in KINDS
            for row in self._shown(kind)
            if str(row["name"]).startswith(self._prefix)
        ]

    def _shown(self, kind: str) -> list[Row]:
        try:
            return rows(self._connection, f"show {kind}s like '{self._prefix}%'")
        except DatabaseError:  # monitors are for ACCOUNTADMIN to see
            return []

    def sweep(self) -> list[str]:
        """Nothing bears the prefix any more; the result is what could not be removed, and why."""
        kept = []
        for kind, name, owner in self.found():
            try:
                if owner not in (self._role, ""):
                    move = (
                        f"grant ownership on {kind} {quoted(name)} to role {quoted(self._role)} revoke current grants"
                    )
                    rows(self._connection, move)
                rows(self._connection, f"drop {kind} if exists {quoted(name)}")
            except Error as problem:
                kept.append(f"{kind} {name}: {problem.msg}")
        return kept


class ProbeClient:
    """Asks an account. Every name it gives begins with the prefix."""

    def __init__(self, connect: Connect, prefix: str, role: str, key: str) -> None:
        self._connect, self.prefix, self.role = connect, prefix, role
        self._own = key.upper().replace("-", "_")
        self._numbers = itertools.count(1)
        self._others: list[SnowflakeConnection] = []
        self._connection = self._opened()
        self.user = str(self.value("select current_user()"))

    def _opened(self) -> SnowflakeConnection:
        connection = self._connect()
        self._others.append(connection)
        rows(connection, f"use role {quoted(self.role)}")
        rows(connection, "use secondary roles none")
        rows(connection, f"alter session set statement_timeout_in_seconds = {MOST_SECONDS}")
        warehouse = f"{self.prefix}_WH"
        rows(connection, WAREHOUSE.format(warehouse))
        rows(connection, f"use warehouse {warehouse}")
        return connection

    def close(self) -> None:
        """No connection is open."""
        for connection in self._others:
            with contextlib.suppress(Error):
                connection.close(retry=False)
        self._others.clear()

    # -- asking -------------------------------------------------------------------------------------------------
    def do(self, *statements: str) -> None:
        """The statements have been carried out: they prepare, so an account that refuses them cannot be tried."""
        for statement in statements:
            try:
                rows(self._connection, statement)
            except DatabaseError as problem:
                raise Untestable(f"{statement}: {problem.msg}") from problem

    def ask(self, statement: str) -> list[Row]:
        """The rows of the answer."""
        return rows(self._connection, statement)

    def value(self, statement: str) -> object:
        """The first cell of the answer."""
        found = self.ask(statement)
        return next(iter(found[0].values())) if found else None

    def refusal(self, statement: str) -> str:
        """The number and SQL state of the refusal, or `done`."""
        return self.refusal_of(self._connection, statement)

    def refusal_of(self, connection: SnowflakeConnection, statement: str) -> str:
        """The same for a statement of another session."""
        try:
            rows(connection, statement)
        except DatabaseError as problem:
            return f"{problem.errno or 0:06d} ({problem.sqlstate})"
        return "done"

    def another(self) -> SnowflakeConnection:
        """A second session."""
        return self._opened()

    # -- naming -------------------------------------------------------------------------------------------------
    def name(self, what: str = "X") -> str:
        """A name that nothing bears yet."""
        return f"{self.prefix}_{self._own}_{what}{next(self._numbers)}"

    def database(self, kind: str = "") -> str:
        """A new database."""
        name = self.name("DB")
        self.do(f"create {kind} database {name}")
        return name

    def new_role(self) -> str:
        """A new role that may use the warehouse, granted to the user who asks."""
        name = self.name("ROLE")
        self.do(
            f"create role {name}",
            f"grant usage on warehouse {self.prefix}_WH to role {name}",
            f"grant role {name} to user {quoted(self.user)}",
        )
        return name

    def warehouse(self) -> str:
        """A new suspended warehouse; the session goes on with its own."""
        name = self.name("WH")
        self.do(f"create warehouse {name} initially_suspended = true", f"use warehouse {self.prefix}_WH")
        return name

    @contextmanager
    def within(self, role: str) -> Iterator[None]:
        """Statements are carried out by that role alone."""
        self.do(f"use role {role}", "use secondary roles none", f"use warehouse {self.prefix}_WH")
        try:
            yield
        finally:
            self.do(f"use role {quoted(self.role)}", "use secondary roles none", f"use warehouse {self.prefix}_WH")
