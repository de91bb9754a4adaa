"""SYSTEM$CANCEL_QUERY and SYSTEM$CANCEL_ALL_QUERIES."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snowdome import errors
from snowdome.security import access
from snowdome.state.records import Warehouse
from snowdome.state.running_queries import RUNNING

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.running_queries import Running
    from snowdome.state.session import Session


def cancel_query(account: Account, session: Session, query_id: str) -> str:
    """The statement is cancelled, if it is in flight or about to be (functions/system_cancel_query)."""
    running = account.running_queries.get(query_id)
    if running is not None:
        _check(account, session, running)
        account.running_queries.cancel(running)
    else:
        outcome = account.results.get(query_id, session)
        if outcome is None or outcome.status != RUNNING:
            return "Identified SQL statement is not currently executing."
        account.running_queries.cancel_coming(query_id)
    return f"query [{query_id}] terminated."


def cancel_all_queries(account: Account, session: Session, session_id: str) -> str:
    """What the session of that id runs is cancelled (functions/system_cancel_all_queries)."""
    for running in account.running_queries.all():
        if str(running.session.id) == session_id and running not in session.running:
            _check(account, session, running)
            account.running_queries.cancel(running)
    return "done"


def _check(account: Account, session: Session, running: Running) -> None:
    """One may cancel one's own statements, and those on warehouses that one operates."""
    if running.session.user == session.user:
        return
    if access.holds_on_account(account, access.roles_of(account, session), "CANCEL QUERY"):
        return
    warehouse = account.catalog.peek(running.warehouse) if running.warehouse is not None else None
    if not isinstance(warehouse, Warehouse):
        raise errors.insufficient_privileges("QUERY", running.query_id)
    access.check(account, session, "OPERATE", warehouse)


FUNCTIONS = {"SYSTEM$CANCEL_QUERY": cancel_query, "SYSTEM$CANCEL_ALL_QUERIES": cancel_all_queries}
