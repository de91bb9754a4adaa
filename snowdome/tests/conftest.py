"""What the account's tests share: asking for rows as dictionaries, and the error number of a refusal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def _ask(connection: Any, *statements: str) -> list[dict[str, Any]]:
    """The rows of the last statement."""
    from snowflake.connector import DictCursor

    found: list[dict[str, Any]] = []
    for statement in statements:
        with connection.cursor(DictCursor) as cursor:
            cursor.execute(statement)
            found = list(cursor.fetchall())
    return found


def _refused(connection: Any, statement: str) -> int:
    """The number of the error that the statement gets; 0 if it gets none."""
    from snowflake.connector.errors import ProgrammingError

    try:
        _ask(connection, statement)
    except ProgrammingError as problem:
        return int(problem.errno or -1)
    return 0


@pytest.fixture(scope="session")
def ask() -> Callable[..., list[dict[str, Any]]]:
    """`ask(connection, statement, …)`: the rows of the last of the statements."""
    return _ask


@pytest.fixture(scope="session")
def refused() -> Callable[[Any, str], int]:
    """`refused(connection, statement)`: the number of its error, or 0."""
    return _refused
