"""One statement from its text to its answer, with all that is true of every statement around it."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from snowdome import data, dispatch, grammar, transactions
from snowdome.errors import SqlError
from snowdome.grammar.session import SessionStatement
from snowdome.grammar.show import ShowStatement
from snowdome.log import Entry
from snowdome.records import Role, User
from snowdome.result import Result

if TYPE_CHECKING:
    from snowdome.account import Account
    from snowdome.results import Outcome
    from snowdome.rows import Parameters
    from snowdome.session import Session


def new_query_id() -> str:
    """An id in the form of Snowflake's."""
    return str(uuid.uuid4())


def execute(account: Account, session: Session, sql: str, parameters: Parameters = None, query_id: str = "") -> Result:
    """The statement has been carried out and is in the log; what a failed one began is undone."""
    query_id = query_id or new_query_id()
    outcome = account.results.begin(session, query_id, sql)
    entry = account.log.begin(_entry(account, session, sql, query_id))
    ticket = account.duck.enter()
    started = time.perf_counter()
    try:
        result = outcome.result = _run(account, session, sql, parameters)
    except SqlError as problem:
        outcome.error = problem
        raise
    else:
        return result
    finally:
        account.duck.leave(ticket)
        entry.seconds = time.perf_counter() - started
        _close(account, entry, outcome)
        account.results.end(session, query_id)


def _run(account: Account, session: Session, sql: str, parameters: Parameters) -> Result:
    statement = grammar.parse(sql)
    if statement is None:
        return data.execute(account, session, sql, parameters)
    if session.in_transaction and not isinstance(statement, (SessionStatement, ShowStatement)):
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
        text=sql,
        started=account.clock.now(),
    )


def _close(account: Account, entry: Entry, outcome: Outcome) -> None:
    result, error = outcome.result, outcome.error
    rows = None
    if result is not None:
        rows = result.count if result.affected is None else result.affected
    account.log.end(
        entry,
        rows=rows,
        errno=error.errno if error is not None else None,
        error=error.message if error is not None else None,
    )
