"""SHOW STREAMS, and DESCRIBE STREAM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snowdome.objects import listing
from snowdome.objects.pipelines import handlers as pipelines
from snowdome.query import streams
from snowdome.result import Result
from snowdome.security import access, resolve, show_format
from snowdome.sql.grammar.names import Name
from snowdome.sql.grammar.show import Show
from snowdome.state.pipelines import Stream
from snowdome.state.records import Table

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

COLUMNS = (
    "created_on name database_name schema_name owner comment table_name source_type base_tables type stale mode "
    "stale_after invalid_reason owner_role_type"
)
TERSE = "created_on name kind database_name schema_name tableOn"


def show(account: Account, session: Session, statement: Show) -> Result:
    """A row for each stream that the session may see."""
    with account.catalog.lock:
        rows = [_cells(account, session, one) for one in listing.inside(account, session, statement, Stream)]
    return listing.answer(TERSE if statement.terse else COLUMNS, rows)


def describe(account: Account, session: Session, name: Name) -> Result:
    """The row of SHOW for that stream."""
    with account.catalog.lock:
        found = pipelines.find(account, session, Stream, name, "DESCRIBE")
        return listing.answer(COLUMNS, [_cells(account, session, found)])


def _cells(account: Account, session: Session, stream: Stream) -> dict[str, Any]:
    table = account.catalog.peek(stream.source)
    live = isinstance(table, Table) and account.catalog.is_live(table)
    after = streams.stale_after(account, stream, table) if isinstance(table, Table) else stream.at
    seen = live and table is not None and access.may_see(account, session, table)
    name = resolve.full_name(account, table) if seen and table is not None else None
    return listing.cells_inside(account, stream) | {
        "table_name": name,
        "tableOn": name,
        "kind": "DELTA",
        "source_type": "Table",
        "base_tables": name,
        "type": "DELTA",
        "stale": show_format.truth(not live or account.clock.now() > after),
        "mode": "APPEND_ONLY" if stream.append_only else "DEFAULT",
        "stale_after": after,
        "invalid_reason": "N/A",
    }
