"""Carries out one statement: log, limits, transaction, dispatch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from snowdome.engine import dispatch, query_statements
from snowdome.engine.comments import CommentOn
from snowdome.engine.describe import Describe
from snowdome.engine.statements import parse
from snowdome.errors import SqlError
from snowdome.objects.account.statements import SetAccount, ShowParameters, UnsetAccount
from snowdome.objects.grants.statements import ShowFutureGrants, ShowGrants
from snowdome.objects.sessions.statements import SetSession, UnsetSession, Use, UseSecondaryRoles
from snowdome.objects.users.statements import ShowTokens
from snowdome.result import Result
from snowdome.sql import literals
from snowdome.sql.grammar.show import Show
from snowdome.sql.redaction import redacted, without_secrets
from snowdome.state import limits, time_zone, transactions
from snowdome.state.records import Role, User
from snowdome.state.running_queries import Running
from snowdome.state.statement_log import Entry, new_query_id

if TYPE_CHECKING:
    from snowdome.query.account import Account
    from snowdome.state.results import Outcome
    from snowdome.state.session import Session
    from snowdome.types import Parameters


CANCELLED = 604
WITHIN_TRANSACTION = (
    Use, UseSecondaryRoles, SetSession, UnsetSession, SetAccount, UnsetAccount, Show, ShowGrants, ShowFutureGrants,
    ShowParameters, ShowTokens, Describe, CommentOn,
)  # fmt: skip
"""Account statements that do not commit the open transaction."""


def execute(account: Account, session: Session, sql: str, parameters: Parameters = None, query_id: str = "") -> Result:
    """The statement has been carried out and is in the log; what a failed one began is undone."""
    query_id = query_id or new_query_id()
    outcome = account.results.begin(session, query_id, redacted(sql))
    entry = account.log.begin(_entry(account, session, sql, query_id))
    notes = account.usage.begin(session, entry)
    notes.bound = bool(parameters)
    for task in account.maintenance:
        task()
    ticket = account.duck.enter()
    running = _begin(account, session, entry)
    started = time.perf_counter()
    session.turn = None
    try:
        result = outcome.result = _run(account, session, sql, parameters)
    except SqlError as problem:
        outcome.error = problem
        if problem.errno == CANCELLED and running.error is not None and running.error is not problem:
            outcome.error = running.error
            raise running.error from problem
        raise
    else:
        return result
    finally:
        account.running_queries.end(running)
        account.duck.leave(ticket)
        entry.seconds = time.perf_counter() - started
        entry.turn, entry.changed = session.turn or account.catalog.last_id, session.turn is not None
        _close(account, entry, outcome, sql)
        account.usage.end(session, notes, outcome.result)
        account.results.end(session, query_id)


def _begin(account: Account, session: Session, entry: Entry) -> Running:
    """The statement is in flight, and lasts no longer than it may."""
    if account.clock.speed > 1:  # else the timekeeper's own thread is in time
        account.time.catch_up()
    running = Running(
        query_id=entry.query_id, session=session, text=entry.text, started=entry.started, delay=session.delay
    )
    session.delay = 0.0
    limits.limit(account, running)
    time_zone.apply(account, session)
    account.running_queries.begin(running)
    return running


def _run(account: Account, session: Session, sql: str, parameters: Parameters) -> Result:
    statement = parse(literals.written(sql, parameters), session.variables)
    if statement is None:
        result = query_statements.execute(account, session, sql, parameters)
        account.compute.delay(session.running[-1])  # one that needed no warehouse
        return result
    account.compute.delay(session.running[-1])
    if session.in_transaction and not isinstance(statement, WITHIN_TRANSACTION):
        transactions.commit(account, session)
    return dispatch.run(account, session, statement)


def _entry(account: Account, session: Session, sql: str, query_id: str) -> Entry:
    return Entry(
        query_id=query_id,
        session=session.id,
        user=account.catalog.get(User, session.user).name,
        role=account.catalog.get(Role, session.role).name,
        warehouse=session.warehouse,
        database=session.database,
        schema=session.schema,
        query_tag=session.query_tag,
        text=redacted(sql),
        started=account.clock.now(),
    )


def _close(account: Account, entry: Entry, outcome: Outcome, sql: str) -> None:
    result, error = outcome.result, outcome.error
    rows = None
    if result is not None:
        rows = result.count if result.affected is None else result.affected
    account.log.end(
        entry,
        rows=rows,
        errno=error.errno if error is not None else None,
        error=without_secrets(error.message, sql) if error is not None else None,
    )
