"""Transactions: DuckDB's begins with the first change, so that a session's reads before it see what others commit."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

import duckdb

from snowdome.state import change_log, commit_log, limits
from snowdome.state.error_mapping import from_duckdb

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.commit_log import Intent
    from snowdome.state.records import Table
    from snowdome.state.session import Session


def begin(session: Session) -> None:
    """The session is in a transaction; one that is open stays open, as in Snowflake."""
    session.in_transaction = True


def start_writing(account: Account, session: Session) -> None:
    """The session's connection is in a DuckDB transaction."""
    if not session.writing:
        try:
            session.duck.begin()
        except duckdb.Error as problem:
            raise from_duckdb(account, problem) from problem
        session.writing = True


def pin(account: Account, session: Session) -> None:
    """All that the session reads until its DuckDB transaction ends is of this moment.

    Who holds the catalog's lock reads the tables as they were when their names were looked up: no commit and no
    exchange comes in between, however long the statement waits before it runs.
    """
    start_writing(account, session)
    session.duck.execute(f"SELECT turn FROM {commit_log.MARKS} LIMIT 0")


def lock(account: Account, session: Session, table: Table) -> None:
    """The session holds the table's lock until its transaction ends; it waits LOCK_TIMEOUT seconds at most."""
    account.locks.acquire(session, table, int(limits.of_session(account, session, limits.LOCK_TIMEOUT)))


def unpin(session: Session) -> None:
    """What the session reads is of the moment it reads again; it changed nothing meanwhile."""
    with suppress(duckdb.Error):  # an error inside has ended it
        session.duck.rollback()
    session.writing = False


def commit(account: Account, session: Session) -> None:
    """What the session changed is committed and shows in the catalog; it is in no transaction."""
    try:
        if session.writing:
            now = account.clock.now()
            change_log.stamp(account, session, now)
            _commit(account, session, commit_log.declare(account, session, now))
    except duckdb.Error as problem:
        raise from_duckdb(account, problem) from problem
    finally:
        _forget(account, session)


def rollback(account: Account, session: Session) -> None:
    """What the session changed is undone; it is in no transaction."""
    try:
        if session.writing:
            session.duck.rollback()
    except duckdb.TransactionException:
        pass  # DuckDB has already undone it: an error inside aborts the transaction
    finally:
        _forget(account, session)


def _commit(account: Account, session: Session, intent: Intent | None) -> None:
    """The rows are committed and the catalog knows; for who reads or clones several tables, all at one moment."""
    if intent is None:
        session.duck.commit()
        return
    with account.catalog.lock if len(intent.touched) + len(intent.consumed) > 1 else nullcontext():
        try:
            session.duck.commit()
        except duckdb.Error:
            commit_log.forget(account, intent)
            raise
        commit_log.carry_out(account, intent)


def release(account: Account, physical: str) -> None:
    """The anonymous table is dropped once no record of the catalog means it."""
    if not account.catalog.sharers(physical):
        account.duck.retire(physical)


def _forget(account: Account, session: Session) -> None:
    session.in_transaction = session.writing = False
    session.pending.clear()
    session.reshaped.clear()
    session.touched.clear()
    session.written.clear()
    session.journaled.clear()
    session.consumed.clear()
    session.alone = False
    account.locks.release(session)
