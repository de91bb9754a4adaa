"""Whatever people call their branches, owners and teams: no statement holds a name that is not quoted and parsed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot.dialects.snowflake import Snowflake

from sluice.domain.budgets.prices import Prices
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.templates import Request, load_templates, specify
from sluice.domain.provisioning.plan import plan
from sluice.domain.provisioning.resources import Resources
from sluice.domain.specs.blocks import Kind
from sluice.domain.specs.environment import load_environments
from sluice.errors import SluiceError
from sluice.snowflake.apply import statements_of
from sluice.snowflake.statements import Statement

INCLUDE = Path(__file__).resolve().parents[2] / "include"
STANDING = load_environments(INCLUDE / "environments")
TEMPLATES = load_templates(INCLUDE / "environments" / "templates")
NOW = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)
HOSTILE = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "x; DROP DATABASE OLIST_PROD",
            'x" OR 1=1 --',
            "x'; DROP TABLE t; --",
            "../../etc/passwd",
            "feature/DATA-12_segments",
            "$(rm -rf /)",
            "prod",
            "SELECT",
            "a" * 500,
            "ünïcödé",
            "%s %s",
            "x\u0000y",
            "{{ var.value.secret }}",
        ]
    ),
)
WORDS = re.compile(r"[A-Z][A-Z0-9_]*")


def check(statement: Statement, mine: str) -> None:
    """What somebody chose is in the text only within quotes, as a parsed name; else it is bound.

    The text of a view can bind nothing: there it may be a literal of harmless letters.
    """
    tokens = Snowflake().tokenize(statement.sql.replace("%s", "'?'"))
    for token in tokens:
        if token.token_type.name == "IDENTIFIER":
            assert re.fullmatch(r"[A-Z_][A-Z0-9_$]*", token.text), (token.text, statement.sql)
        elif token.token_type.name == "STRING" and statement.sql.startswith("CREATE OR REPLACE VIEW"):
            assert re.fullmatch(r"[A-Za-z0-9_.]*", token.text), (token.text, statement.sql)
        else:
            assert mine not in token.text.lower() or not mine, (token.text, statement.sql)
    assert statement.sql.count(";") == 0
    assert statement.sql.count("--") == 0
    assert statement.sql.count("%s") == len(statement.params)


def made(request: Request, kind: Kind) -> list[Statement]:
    """Every statement that would make the environment."""
    spec = specify(TEMPLATES[kind], request, STANDING, NOW)
    found = plan(spec, Resources(), NOW, fingerprint="SHA256:x", public_key="key", prices=Prices())
    return [statement for step in found.steps for statement in statements_of(step)]


@settings(max_examples=300, deadline=None)
@given(feature=HOSTILE, owner=HOSTILE, team=HOSTILE, reason=HOSTILE)
def test_a_feature_of_any_name(feature: str, owner: str, team: str, reason: str) -> None:
    """Refused by name, or every statement is made of quoted names and bound values."""
    try:
        name = EphemeralName.make("dev", feature, owner, date(2026, 11, 20))
        statements = made(Request(name, owner, team, reason, base="prod", daily_usd=Decimal(10)), Kind.FEATURE)
    except SluiceError:
        return
    assert re.fullmatch(r"dev_[a-z0-9_]+_[a-z0-9]+_20261120", str(name))
    for statement in statements:
        check(statement, str(name))


@settings(max_examples=200, deadline=None)
@given(branch=HOSTILE, owner=HOSTILE)
def test_a_branch_of_any_name(branch: str, owner: str) -> None:
    """Refused, or made into a name that is read back as it was made."""
    try:
        name = EphemeralName.from_branch(branch, "dev", owner, date(2026, 11, 20))
    except SluiceError:
        return
    assert EphemeralName.parse(str(name)) == name
    for statement in made(Request(name, "john", "data", "x", base=""), Kind.FEATURE):
        check(statement, str(name))


@settings(max_examples=100, deadline=None)
@given(schema=HOSTILE, size=HOSTILE)
def test_schemas_and_sizes_of_any_name(schema: str, size: str) -> None:
    """Refused, or quoted: outside of quotes its statements are those of a schema of an ordinary name."""
    name = EphemeralName.make("dev", "orders", "john", date(2026, 11, 20))

    def bare(asked: str) -> list[str]:
        statements = made(Request(name, "john", "data", "x", base="prod", schemas=(asked,)), Kind.FEATURE)
        assert all(one.template % one.params for one in statements if one.params)
        return sorted(re.sub(r'"(?:[^"]|"")*"', "", statement.sql) for statement in statements)

    try:
        found = bare(schema)
    except SluiceError:
        found = bare("MARTS")
    assert found == bare("MARTS")
    with pytest.raises(SluiceError):
        made(Request(name, "john", "data", "x", base="", size=f"{size}!"), Kind.FEATURE)
