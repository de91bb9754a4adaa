"""Transactions: DuckDB's begins with the first change, so that a session's reads before it see what others commit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb

from snowdome.records import Table

if TYPE_CHECKING:
    from snowdome.account import Account
    from snowdome.session import Session


def begin(session: Session) -> None:
    """The session is in a transaction; one that is open stays open, as in Snowflake."""
    session.in_transaction = True


def start_writing(account: Account, session: Session) -> None:
    """The session's connection is in a DuckDB transaction."""
    if not session.writing:
        try:
            session.duck.begin()
        except duckdb.Error as problem:
            raise account.error(problem) from problem
        session.writing = True


def commit(account: Account, session: Session) -> None:
    """What the session changed is committed and shows in the catalog; it is in no transaction."""
    try:
        if session.writing:
            session.duck.commit()
            _publish(account, session)
    except duckdb.Error as problem:
        raise account.error(problem) from problem
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


def _publish(account: Account, session: Session) -> None:
    if not session.touched:
        return
    now = account.clock.now()
    with account.catalog.change() as change:
        for table_id in session.touched:
            table = account.catalog.peek(table_id)
            if not isinstance(table, Table):
                continue
            own = session.pending.get(table_id)
            if own is None:
                change.put(replace(table, altered_on=now))
                continue
            change.put(replace(table, altered_on=now, physical=own))
            release(account, table.physical)


def release(account: Account, physical: str) -> None:
    """The anonymous table is dropped once no record of the catalog means it."""
    if not account.catalog.sharers(physical):
        account.duck.retire(physical)


def _forget(account: Account, session: Session) -> None:
    session.in_transaction = session.writing = False
    session.pending.clear()
    session.touched.clear()
    session.written.clear()
    account.locks.release(session.id)
