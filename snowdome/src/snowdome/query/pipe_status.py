"""SYSTEM$PIPE_STATUS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from snowdome.security import resolve
from snowdome.security.resolve import Context
from snowdome.sql.grammar.cursor import Cursor
from snowdome.state.pipelines import Pipe

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session


def state(account: Account, session: Session, name: str) -> str:
    """Whether the pipe runs; no file has ever waited for one here."""
    written = Cursor(name).name()
    found = resolve.child(account, Context.of(session), Pipe, (written.database, written.schema, written.last))
    return json.dumps({"executionState": "PAUSED" if found.paused else "RUNNING", "pendingFileCount": 0})
