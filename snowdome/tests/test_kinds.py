"""Kinds of objects: each is one value, and what is read, carried out, granted and documented follows from the tuple."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from snowdome.engine import support, support_tables
from snowdome.engine.dispatch import Dispatch
from snowdome.engine.statements import Statements
from snowdome.errors import SqlError
from snowdome.objects import KINDS
from snowdome.objects.grants import privileges
from snowdome.objects.kind import Kind
from snowdome.result import Result, status
from snowdome.sql.grammar import kinds as vocabulary
from snowdome.sql.grammar.clauses import How
from snowdome.sql.grammar.cursor import Cursor
from snowdome.sql.grammar.options import Options, text

NAMED = [kind for kind in KINDS if kind.name in vocabulary.KNOWN]
NOBODY: Any = None
"""The account and the session of statements that are not to reach either."""


@dataclass(frozen=True)
class CreateAlert:
    """CREATE ALERT name."""

    name: str


def create_alert(cursor: Cursor, how: How, words: frozenset[str]) -> CreateAlert:
    """Return what follows CREATE ALERT."""
    del how, words
    statement = CreateAlert(cursor.name().last)
    cursor.end()
    return statement


def done(account: Any, session: Any, statement: Any) -> Result:
    """Return a result that says which statement it was."""
    del account, session
    return status(repr(statement))


ALERT = Kind(
    name="ALERT",
    create=create_alert,
    created_with=Options("ALERT", {"COMMENT": text}),
    handlers={CreateAlert: done},
    show=done,
    privileges=("MONITOR", "OPERATE"),
)


def refusal(statements: Statements, sql: str) -> str:
    """Return the message by which the statement is refused as unsupported."""
    with pytest.raises(SqlError) as refused:
        statements.parse(sql)
    assert (refused.value.errno, refused.value.sqlstate) == (2, "0A000"), refused.value.message
    return refused.value.message


def test_each_kind_has_a_name_of_its_own() -> None:
    """No two kinds bear one name, and but for the session each is a kind that Snowflake knows."""
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert [kind.name for kind in KINDS if kind not in NAMED] == ["SESSION"]


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.name)
def test_without_a_kind_its_statements_are_refused_by_name(kind: Kind) -> None:
    """Of a kind that is taken out of the tuple, nothing is left but its name in the refusals."""
    others = [other for other in KINDS if other is not kind]
    statements, dispatch = Statements(others), Dispatch(others)
    served = {row.statement for row in support.rows() if row.supported != support.REFUSED}
    rows = {row.statement: row.supported for row in support.rows(statements)}
    for verb in ("CREATE", "ALTER", "DROP", "UNDROP"):
        if f"{verb} {kind.name}" in served:
            assert f"{verb} {kind.name}" in refusal(statements, f"{verb} {kind.name} x")
            assert rows.get(f"{verb} {kind.name}", support.REFUSED) == support.REFUSED
    if kind.execute is not None:
        assert f"EXECUTE {kind.name}" in refusal(statements, f"EXECUTE {kind.name} x")
    if kind.has_comment:
        assert f"COMMENT ON {kind.name}" in refusal(statements, f"COMMENT ON {kind.name} x IS 'y'")
    if kind.describe is not None:
        assert f"DESCRIBE {kind.name}" in refusal(statements, f"DESCRIBE {kind.name} x")
    if kind.show is not None:
        shown = statements.parse(f"SHOW {vocabulary.PLURALS[kind.name]}")
        with pytest.raises(SqlError, match=f"unsupported by snowdome: SHOW {kind.name}"):
            dispatch.run(NOBODY, NOBODY, shown)
    assert kind.name not in privileges.of(others)
    table = support_tables.statements(statements, dispatch)
    assert f"| {kind.name} | yes" not in table
    assert f"| {kind.name} |  | yes" not in table


def test_another_kind_is_served_everywhere() -> None:
    """A kind that is put into the tuple is read, carried out, shown, granted on and documented."""
    with_alerts = (*KINDS, ALERT)
    statements, dispatch = Statements(with_alerts), Dispatch(with_alerts)
    statement = statements.parse("create alert wakeup")
    assert statement == CreateAlert("WAKEUP")
    assert "WAKEUP" in str(dispatch.run(NOBODY, NOBODY, statement).rows)
    assert "ALERT" in str(dispatch.run(NOBODY, NOBODY, statements.parse("show alerts")).rows)
    rows = {row.statement: row for row in support.rows(statements)}
    assert rows["CREATE ALERT"] == support.Row("CREATE ALERT", support.SERVED, ("COMMENT",))
    assert rows["DROP ALERT"].supported == support.REFUSED
    assert privileges.of(with_alerts)["ALERT"] == ("MONITOR", "OPERATE")
    assert "| ALERT | yes |  |  |  | yes |" in support_tables.statements(statements, dispatch)
    assert "DROP ALERT" in refusal(statements, "drop alert wakeup")
