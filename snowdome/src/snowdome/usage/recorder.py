"""Records each statement as it runs, for the histories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from snowdome.state import trace
from snowdome.state.records import Database, Schema
from snowdome.state.trace import Trace
from snowdome.usage import access_history, query_history
from snowdome.usage.columns import ACCESS_HISTORY, QUERY_HISTORY
from snowdome.usage.object_versions import Versions
from snowdome.usage.store import History

if TYPE_CHECKING:
    from snowdome.result import Result
    from snowdome.state.account import Account
    from snowdome.state.duckdb_engine import SavedRows
    from snowdome.state.session import Session
    from snowdome.state.statement_log import Entry


class Usage:
    """What happens in the account, kept for the views of SNOWFLAKE."""

    def __init__(self, account: Account, folder: Path | None, origin: SavedRows | None = None) -> None:
        self._account = account
        self._done: list[Trace] = []
        self.running: dict[str, Trace] = {}
        """Statements that run, by query id."""
        self.versions = Versions(account.store, account.clock.now, account.catalog.sharing)
        self.history = History(account.duck, folder, self._gather, origin)

    def begin(self, session: Session, entry: Entry) -> Trace:
        """The session and this thread run the statement."""
        catalog = self._account.catalog
        notes = Trace(entry, user_id=session.user, login_event=session.login_event)
        if session.database is not None:
            database = catalog.find(Database, session.database)
            if database is not None:
                notes.database_id = database.id
                schema = catalog.find(Schema, session.schema, database.id) if session.schema else None
                notes.schema_id = schema.id if schema is not None else None
        notes.transaction = session.id if session.in_transaction else None
        notes.around, session.trace = session.trace, notes
        trace.enter(notes)
        self.running[entry.query_id] = notes
        return notes

    def end(self, session: Session, notes: Trace, result: Result | None) -> None:
        """The statement is over, and will be in the history."""
        notes.failed = result is None
        if result is not None:
            _note(notes, result)
        session.trace = notes.around
        trace.enter(notes.around)
        notes.around = None
        self.running.pop(notes.entry.query_id, None)
        self._done.append(notes)
        self.history.announce()

    def _gather(self) -> None:
        """Statements that ended become rows of the histories."""
        done, self._done = self._done, []
        for notes in done:
            notes.kind = query_history.query_type(notes.entry.text)
            self.history.add(QUERY_HISTORY, query_history.row(self._account.catalog, notes))
            for row in access_history.rows(self._account.catalog, notes):
                self.history.add(ACCESS_HISTORY, row)

    def close(self) -> None:
        """Everything noted is kept."""
        self.history.close()


def _note(notes: Trace, result: Result) -> None:
    """What the answer says about the statement is noted."""
    if result.table is not None:
        notes.bytes = result.table.nbytes
    if result.affected is None or not result.rows:
        return
    for (name, _), value in zip(result.columns, result.rows[0], strict=False):
        verb = name.rsplit(" ", 1)[-1]
        if verb in ("inserted", "updated", "deleted") and "multi-joined" not in name:
            notes.counts[verb] = int(value)
