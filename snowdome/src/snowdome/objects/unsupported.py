"""Kinds of objects that cannot be created here: SHOW of them is empty, which is true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from snowdome.objects.kind import Handler
from snowdome.objects.listing import answer, parents
from snowdome.result import Result, listing
from snowdome.security import lookup, show_format
from snowdome.sql.grammar.show import Show

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.session import Session

EMPTY = (
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


PROCEDURE = (
    "created_on name schema_name is_builtin is_aggregate is_ansi min_num_arguments max_num_arguments arguments "
    "description catalog_name is_table_function valid_for_clustering is_secure secrets "
    "external_access_integrations"
)
FUNCTION = f"{PROCEDURE} is_external_function language is_memoizable is_data_metric"


def show(account: Account, session: Session, statement: Show) -> Result:
    """No rows; a scope that does not exist is still an error."""
    if statement.scope not in (None, "ACCOUNT") and statement.scope_name is not None:
        lookup.find(account, session, statement.scope or "", statement.scope_name, "SHOW")
    return listing(COLUMNS, [])


def show_functions(account: Account, session: Session, statement: Show) -> Result:
    """No functions; a scope that does not exist is still an error."""
    parents(account, session, statement)
    return answer(FUNCTION, [])


def show_procedures(account: Account, session: Session, statement: Show) -> Result:
    """No procedures; a scope that does not exist is still an error."""
    parents(account, session, statement)
    return answer(PROCEDURE, [])


SHOWN: Mapping[str, Handler] = {
    **dict.fromkeys(EMPTY, show),
    "FUNCTION": show_functions,
    "PROCEDURE": show_procedures,
}
"""SHOW of kinds that cannot be created here, by kind."""
