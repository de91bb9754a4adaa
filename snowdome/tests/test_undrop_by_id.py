"""UNDROP by the id that ACCOUNT_USAGE tells of."""

from __future__ import annotations

from typing import Any


def test_an_older_version_of_a_name_comes_back_by_its_id(snowdome: Any, ask: Any) -> None:
    """Of two dropped databases of one name UNDROP by name finds the latest, and by IDENTIFIER the other."""
    session = snowdome.connect()
    ask(session, "create warehouse w")
    for number in (1, 2):
        ask(session, "create database pond", f"create table t as select {number} as x", "drop database pond")
    snowdome.clock(advance_seconds=4 * 3600)
    ids = ask(
        session,
        "select database_id as id from snowflake.account_usage.databases where database_name = 'POND' order by created",
    )
    ask(session, f"undrop database identifier({ids[0]['ID']})")
    assert ask(session, "select x from pond.public.t") == [{"X": 1}]
    ask(session, "alter database pond rename to first", "undrop database pond")
    assert ask(session, "select x from pond.public.t") == [{"X": 2}]
