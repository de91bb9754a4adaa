"""Snapshots: a whole account as it was, from which an account in memory can be opened as often as wanted.

A snapshot is what a crash at that moment would have left on disk, taken in memory: the records and, at one moment, what
is committed of the rows. A commit that was under way is carried out or forgotten when an account is opened from it, see
`snowdome.state.commit_log`. Open sessions, their transactions and temporary tables are no part of it, nor are waiting
faults.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from snowdome.state.duckdb_engine import SavedRows
from snowdome.state.results import Outcome
from snowdome.state.statement_log import Entry
from snowdome.state.store import Store
from snowdome.state.task_state import Run

if TYPE_CHECKING:
    from snowdome.state.account import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What an account was at a moment."""

    now: datetime | None
    """What a driven clock showed; None for one that shows this machine's time."""
    speed: float
    rows: SavedRows
    store: Store
    statements: list[Entry]
    outcomes: dict[str, Outcome]
    runs: list[Run]
    """The latest first."""

    def recall(self, account: Account) -> None:
        """The account knows the statements, answers and task runs of before."""
        for entry in self.statements:
            account.log.begin(replace(entry))
        account.results.keep(self.outcomes)
        for run in reversed(self.runs):
            account.runs.add(run)

    def discard(self) -> None:
        """Nothing of it is left."""
        self.rows.discard()
        self.store.close()
