"""How the account's tests ask: rows as tuples, and a look repeated until what runs beside it has arrived."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Ask = Callable[[str], list[tuple[Any, ...]]]


def asker(connection: Any) -> Ask:
    """A function that answers a statement's rows."""

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            return list(cursor.execute(sql).fetchall())

    return ask


def until(reported: Callable[[], Any], wanted: Any) -> None:
    """What is asked for is so, soon: statements sent asynchronously take a moment to arrive."""
    for _ in range(400):
        if reported() == wanted:
            return
        time.sleep(0.02)
    assert reported() == wanted
