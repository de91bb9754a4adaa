"""Policies: defaults, what differs per environment, and refusals by name."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sluice.domain.policies import load_policies
from sluice.errors import SpecError

SHIPPED = Path(__file__).resolve().parents[2] / "include" / "policies"


def test_production_asks_for_more_than_the_defaults() -> None:
    """Quality 0.99 in production, 90 minutes everywhere."""
    policies = load_policies(SHIPPED, ("dev", "staging", "prod"))
    assert policies.gates("prod").quality.pass_at == Decimal("0.99")
    assert policies.gates("dev").quality.pass_at < Decimal("0.99")
    assert policies.gates("prod").run_time.fail_minutes == Decimal(90)
    assert policies.gates("prod").columns == policies.gates("dev").columns


def _write(folder: Path, gates: str, checks: str = "checks: []") -> Path:
    (folder / "gates.yml").write_text(gates)
    (folder / "checks.yml").write_text(checks)
    return folder


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ("default: {}", "unknown key"),
        ("defaults: {qualty: {}}", "unknown key"),
        ("environments: {prd: {}}", "no such environment"),
        ("environments: {prod: {quality: {pass_at: 2}}}", "less than or equal to 1"),
        ("defaults: {metrics: [{name: a, sql: 'drop table x', tolerance_percent: 1}]}", "one SELECT"),
        ("defaults: {metrics: [{name: a, sql: 'select 1; drop table x', tolerance_percent: 1}]}", "one SELECT"),
    ],
)
def test_a_wrong_policy_is_refused(tmp_path: Path, gates: str, message: str) -> None:
    """A misspelt gate never means: no gate."""
    with pytest.raises(SpecError, match=message):
        load_policies(_write(tmp_path, gates), ("dev", "prod"))


def test_two_checks_of_one_name_are_refused(tmp_path: Path) -> None:
    """Evidence is found by the check's name."""
    twice = "checks: [{name: a, sql: select 1}, {name: a, sql: select 2}]"
    with pytest.raises(SpecError, match="used twice"):
        load_policies(_write(tmp_path, "{}", twice))


def test_a_check_may_be_for_one_environment_only(tmp_path: Path) -> None:
    """Checks are asked for by environment."""
    some = "checks: [{name: a, sql: select 1, environments: [prod]}, {name: b, sql: select 2}]"
    policies = load_policies(_write(tmp_path, "{}", some))
    assert [one.name for one in policies.checks("prod")] == ["a", "b"]
    assert [one.name for one in policies.checks("dev")] == ["b"]
