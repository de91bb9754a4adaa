"""The account: everything a statement can reach, and the one way in."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import duckdb

from snowdome import access, foundation
from snowdome.catalog import Catalog
from snowdome.clock import Clock
from snowdome.complaints import from_duckdb
from snowdome.compute import Compute
from snowdome.duck import Duck
from snowdome.errors import SqlError
from snowdome.faults import Faults
from snowdome.information_schema import InformationSchema
from snowdome.locks import TableLocks
from snowdome.log import StatementLog
from snowdome.records import Record, Role, Table, User
from snowdome.resolve import Context
from snowdome.results import Results
from snowdome.session import Session
from snowdome.store import Store
from snowdome.views import Views


class Account:
    """A Snowflake account: its catalog, its rows, its clock, and the sessions on it."""

    def __init__(self, folder: Path | None, password: str) -> None:
        self.clock = Clock()
        self.store = Store(folder / "account.sqlite" if folder else None)
        self.catalog = Catalog(self.store)
        self.duck = Duck(folder)
        self.views = Views(self)
        self.information_schema = InformationSchema(self)
        self.results = Results()
        self.log = StatementLog(self.clock)
        self.faults = Faults()
        self.locks = TableLocks()
        self.compute = Compute(self)
        self.compute = Compute(self)
        self.sessions: dict[int, Session] = {}
        self._session_ids = itertools.count(1)
        foundation.lay(self, password)
        foundation.clean(self)

    # -- sessions -----------------------------------------------------------------------------------------------
    def open(self, user: User, role: Role, **state: Any) -> Session:
        """A new session of that user in that role."""
        session = Session(
            id=next(self._session_ids), user=user.id, role=role.id, duck=self.duck.cursor(), autocommit=True
        )
        for name, value in state.items():
            setattr(session, name, value)
        self.sessions[session.id] = session
        return session

    def close_session(self, session: Session) -> None:
        """What the session held is free: its open transaction is rolled back, its temporary tables are gone."""
        self.sessions.pop(session.id, None)
        session.written.clear()
        self.locks.release(session.id)
        session.duck.close()

    def close(self) -> None:
        """The files are closed; everything committed is in them."""
        for session in list(self.sessions.values()):
            self.close_session(session)
        self.duck.close()
        self.store.close()

    # -- what the parts ask of the account --------------------------------------------------------------------------
    def may_see(self, context: Context, record: Record) -> bool:
        """Whether the one who asks may know that the record exists."""
        return access.may_see(self, context.session, record, owner=context.owner)

    def require(self, context: Context, privilege: str, record: Record) -> None:
        """The one who asks has that privilege on the record, or Snowflake's refusal is raised."""
        access.check(self, context.session, privilege, record, owner=context.owner)

    def physical(self, session: Session, table: Table) -> str:
        """The anonymous table that holds the table's rows for this session."""
        return session.pending.get(table.id, table.physical)

    def error(self, problem: duckdb.Error) -> SqlError:
        """DuckDB's complaint in Snowflake's words, with Snowflake's names."""
        return from_duckdb(self, problem)

    def unregister(self, session: Session, names: list[str]) -> None:
        """Relations registered for one statement are gone."""
        for name in names:
            session.duck.unregister(name)

    def role_name(self, session: Session) -> str:
        """The name of the session's role."""
        return self.catalog.get(Role, session.role).name
