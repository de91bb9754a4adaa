"""The time zone of a session, in its answers and in DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from snowdome.sql.grammar.tokens import quote_string
from snowdome.state import limits
from snowdome.state.error_mapping import from_duckdb

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.session import Session

TIMEZONE = "TIMEZONE"
OF_A_FRESH_ACCOUNT = "UTC"
"""Snowflake's default is America/Los_Angeles; a fresh account here has this at account level, as many shops set it."""


def apply(account: Account, session: Session) -> None:
    """The session works in the zone that its TIMEZONE says: its own, its user's, or the account's."""
    wanted = str(limits.of_session(account, session, TIMEZONE))
    if wanted == session.timezone:
        return
    try:
        session.duck.execute(f"SET SESSION TimeZone = {quote_string(wanted)}")
    except duckdb.Error as problem:
        raise from_duckdb(account, problem) from problem
    session.timezone = wanted
