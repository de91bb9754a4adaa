"""SQLAlchemy and pandas through Snowflake's dialect, with the fifth generation of the connector below."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snowdome.pytest_plugin import Snowdome

PROGRAM = Path(__file__).parent / "programs" / "sqlalchemy_jobs.py"


@pytest.fixture(scope="module")
def found(account: Snowdome, run: Any) -> dict[str, Any]:
    """What each job of the program found."""
    done = run("sqlalchemy", "python", PROGRAM, str(account.port))
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_objects_are_kept(found: dict[str, Any]) -> None:
    """Objects are written with ids from sequences, changed, rolled back and read with what belongs to them."""
    assert found["objects"]["loans"] == [
        [1, "Ann", "2026-01-02 03:04:05", "1.50", True, None],
        [2, "Ann", "2026-01-03 00:00:00", "2.25", False, "late"],
    ]
    assert found["objects"]["fees"] == [["Ann", 2, "3.75"], ["Bob", 0, None]]


def test_tables_are_reflected(found: dict[str, Any]) -> None:
    """The inspector finds tables, columns, keys and sequences as they were declared, and nothing that is not there."""
    seen = found["reflection"]
    assert (seen["tables"], seen["sequences"]) == (["loan", "reader"], ["loan_seq", "reader_seq"])
    assert (seen["primary_key"], seen["refers_to"], seen["indexes"]) == (["id"], ["reader.id"], [])
    assert seen["there"] == [True, False, True]
    assert ["fee", "DECIMAL(10, 2)", False] in seen["columns"]
    assert ["note", "VARCHAR(16777216)", True] in seen["columns"]


def test_the_dialects_own_statements_work(found: dict[str, Any]) -> None:
    """MERGE changes and adds rows of a clustered table; Snowflake's types and comments are read back."""
    merged = found["merge"]
    assert (merged["changed"], merged["rows"]) == (2, [[1, "a"], [2, "B"], [3, "c"]])
    assert merged["cluster_by"].upper() == "LINEAR(DAY)"
    assert (merged["kinds"]["v"], merged["kinds"]["z"], merged["comment"]) == ("VARIANT", "TIMESTAMP_TZ", "of columns")


def test_frames_are_written_and_read(found: dict[str, Any]) -> None:
    """`to_sql` writes by INSERT, row by row and through a stage; `read_sql` reads values, NULLs and no rows at all."""
    frames = found["frames"]
    assert frames["back"] == [
        [1, 1.5, "a", "2026-01-01T01:02:03.000", True],
        [2, None, None, "2026-01-02T00:00:00.000", False],
    ]
    assert frames["staged"] == [4, 2, 6]
    assert frames["nothing"] == [0, "id", "weight", "name", "at", "ok"]


def test_all_is_dropped_again(found: dict[str, Any]) -> None:
    """`drop_all` leaves only what it did not make; sequences that dropped tables counted by are gone too."""
    assert found["left"] == ["frame", "staged"]
