"""Kinds of objects that cannot be made here: SHOW of them is empty, and says so truthfully."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome.result import Result, listing
from snowdome.security import lookup, show_format
from snowdome.sql.grammar.show import Show

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

KINDS = (
    "ALERT",
    "EXTERNAL TABLE",
    "EXTERNAL FUNCTION",
    "EXTERNAL ACCESS INTEGRATION",
    "EVENT TABLE",
    "ICEBERG TABLE",
    "MATERIALIZED VIEW",
    "ROW ACCESS POLICY",
    "PASSWORD POLICY",
    "AGGREGATION POLICY",
    "JOIN POLICY",
    "SEMANTIC VIEW",
    "PROJECTION POLICY",
    "AUTHENTICATION POLICY",
    "SECRET",
    "INTEGRATION",
    "SHARE",
    "STREAMLIT",
    "NOTEBOOK",
    "FAILOVER GROUP",
    "REPLICATION GROUP",
    "BACKUP POLICY",
    "BACKUP SET",
    "STORAGE LIFECYCLE POLICY",
)
COLUMNS = (
    ("created_on", show_format.TIME),
    *((name, show_format.TEXT) for name in ("name", "database_name", "schema_name", "owner", "comment", "state")),
)


def show(account: Account, session: Session, statement: Show) -> Result:
    """No rows; a scope that does not exist is still an error."""
    if statement.scope not in (None, "ACCOUNT") and statement.scope_name is not None:
        lookup.find(account, session, statement.scope or "", statement.scope_name, "SHOW")
    return listing(COLUMNS, [])
