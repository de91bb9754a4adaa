"""What declaring a key does to the columns it is made of."""

from __future__ import annotations

from typing import Any

import pytest
from snowflake.connector.errors import IntegrityError


@pytest.mark.parametrize(
    "declared",
    ["x int primary key, y int", "x int, y int, primary key (x)", "x int, y int, constraint k primary key (x)"],
)
def test_a_primary_key_holds_no_null(snowdome: Any, ask: Any, declared: str) -> None:
    """A primary key implies NOT NULL, which alone of it is enforced: NULL is refused and a second row is not."""
    session = snowdome.connect()
    ask(session, "create warehouse w", "create database pond", f"create table t ({declared})")
    with pytest.raises(IntegrityError) as refused:
        ask(session, "insert into t (y) values (1)")
    assert refused.value.errno == 100072
    ask(session, "insert into t values (1, 1), (1, 2)")
    assert [row["null?"] for row in ask(session, "describe table t")] == ["N", "Y"]
