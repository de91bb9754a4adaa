"""Answers kept for a while: for asynchronous queries, RESULT_SCAN and LAST_QUERY_ID."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass

from snowdome.errors import SqlError
from snowdome.result import Result
from snowdome.state.session import Session

KEPT = 200
REMEMBERED_IDS = 100
LARGEST_ROWS = 1_000_000


@dataclass(slots=True)
class Outcome:
    """What became of a statement: running while both are empty."""

    session: int
    user: int
    text: str
    result: Result | None = None
    error: SqlError | None = None

    @property
    def status(self) -> str:
        """The state as clients ask for it."""
        if self.error is not None:
            return "FAILED_WITH_ERROR"
        return "RUNNING" if self.result is None else "SUCCESS"


class Results:
    """The latest outcomes by query id, and each session's query ids."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: OrderedDict[str, Outcome] = OrderedDict()
        self._ids: defaultdict[int, deque[str]] = defaultdict(lambda: deque(maxlen=REMEMBERED_IDS))

    def begin(self, session: Session, query_id: str, text: str) -> Outcome:
        """The statement is known and running."""
        outcome = Outcome(session.id, session.user, text)
        with self._lock:
            self._outcomes[query_id] = outcome
            while len(self._outcomes) > KEPT:
                self._outcomes.popitem(last=False)
        return outcome

    def fail(self, session: Session, query_id: str, text: str, error: SqlError) -> None:
        """The statement has failed, whatever else became of it: that is what those who ask for its answer get."""
        with self._lock:
            outcome = self._outcomes.get(query_id)
            if outcome is None:
                outcome = self._outcomes[query_id] = Outcome(session.id, session.user, text)
            outcome.result, outcome.error = None, error

    def end(self, session: Session, query_id: str) -> None:
        """The statement is over: LAST_QUERY_ID() means it from now on; too large an answer is not kept."""
        with self._lock:
            self._ids[session.id].append(query_id)
            outcome = self._outcomes.get(query_id)
            if outcome is not None and outcome.result is not None and outcome.result.count > LARGEST_ROWS:
                del self._outcomes[query_id]

    def get(self, query_id: str, session: Session) -> Outcome | None:
        """What became of that statement, if it is still known, for the user who ran it (docs functions/result_scan)."""
        outcome = self._outcomes.get(query_id)
        return outcome if outcome is not None and outcome.user == session.user else None

    def ended(self) -> dict[str, Outcome]:
        """Return the outcomes of statements that are over, by query id."""
        with self._lock:
            return {i: o for i, o in self._outcomes.items() if o.result is not None or o.error is not None}

    def keep(self, outcomes: Mapping[str, Outcome]) -> None:
        """These outcomes are known too."""
        with self._lock:
            self._outcomes.update(outcomes)

    def last_id(self, session: Session, index: int = -1) -> str | None:
        """The id of one of the session's statements: -1 the last, 1 the first."""
        ids = self._ids[session.id]
        try:
            return ids[index if index < 0 else index - 1]
        except IndexError:
            return None

    def current(self, session: Session) -> str | None:
        """The text of the statement the session runs."""
        with self._lock:
            texts = [o.text for o in self._outcomes.values() if o.session == session.id]
        return texts[-1] if texts else None

    def forget(self, session: Session) -> None:
        """The session's ids are no longer kept."""
        self._ids.pop(session.id, None)
