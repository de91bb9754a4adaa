"""Policies: defaults, what differs per environment, and refusals by name."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sluice.domain.promotion.gate_policy import load_policies, readable_policies
from sluice.domain.specs.blocks import Kind
from sluice.errors import SpecError

SHIPPED = Path(__file__).resolve().parents[2] / "include" / "policies"
STANDING = {
    "dev": Kind.DEVELOPMENT,
    "staging": Kind.STAGING,
    "qa": Kind.STAGING,
    "prod": Kind.PRODUCTION,
    "prod_eu": Kind.PRODUCTION,
}


def test_production_asks_for_more_than_the_defaults() -> None:
    """Quality 0.99 in production, 90 minutes everywhere."""
    policies = load_policies(SHIPPED, STANDING)
    assert policies.gates("prod", STANDING["prod"]).quality.pass_at == Decimal("0.99")
    assert policies.gates("dev", STANDING["dev"]).quality.pass_at < Decimal("0.99")
    assert policies.gates("prod", STANDING["prod"]).run_time.fail_minutes == Decimal(90)
    assert policies.gates("prod", STANDING["prod"]).columns == policies.gates("dev", STANDING["dev"]).columns


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
        ("kinds: {prod: {}}", "no such kind"),
        ("kinds: {production: 5}", "a mapping"),
        ("kinds: {production: {quality: {pass_at: 2}}}", "less than or equal to 1"),
        ("environments: {prod: {quality: {pass_at: 2}}}", "less than or equal to 1"),
        ("defaults: {metrics: [{name: a, sql: 'drop table x', tolerance_percent: 1}]}", "one SELECT"),
        ("defaults: {metrics: [{name: a, sql: 'select 1; drop table x', tolerance_percent: 1}]}", "one SELECT"),
    ],
)
def test_a_wrong_policy_is_refused(tmp_path: Path, gates: str, message: str) -> None:
    """A misspelt gate never means: no gate."""
    with pytest.raises(SpecError, match=message):
        load_policies(_write(tmp_path, gates), STANDING)


def test_two_checks_of_one_name_are_refused(tmp_path: Path) -> None:
    """Evidence is found by the check's name."""
    twice = "checks: [{name: a, sql: select 1}, {name: a, sql: select 2}]"
    with pytest.raises(SpecError, match="used twice"):
        load_policies(_write(tmp_path, "{}", twice), STANDING)


def test_a_check_may_be_for_one_environment_only(tmp_path: Path) -> None:
    """Checks are asked for by environment."""
    some = "checks: [{name: a, sql: select 1, environments: [prod]}, {name: b, sql: select 2}]"
    policies = load_policies(_write(tmp_path, "{}", some), STANDING)
    assert [one.name for one in policies.checks("prod", STANDING["prod"])] == ["a", "b"]
    assert [one.name for one in policies.checks("dev", STANDING["dev"])] == ["b"]


def test_a_further_environment_has_the_gates_of_its_kind() -> None:
    """A second production is judged as the first, another staging as staging; features as the defaults say."""
    policies = load_policies(SHIPPED, STANDING)
    assert policies.gates("prod_eu", Kind.PRODUCTION) == policies.gates("prod", Kind.PRODUCTION)
    assert policies.gates("prod_eu", Kind.PRODUCTION).marginal == "ask"
    assert policies.gates("prod_eu", Kind.PRODUCTION).row_count.shrink_fail == 5
    assert policies.gates("qa", Kind.STAGING) == policies.gates("staging", Kind.STAGING)
    assert policies.gates("dev_x_john_20261120", Kind.FEATURE) == policies.defaults


def test_what_is_said_of_a_name_counts_over_its_kind_and_that_over_the_defaults(tmp_path: Path) -> None:
    """Block by block; a list is replaced as a whole."""
    metric = "{name: a, sql: select 1, tolerance_percent: 1}"
    text = f"""
defaults: {{quality: {{pass_at: 0.9, marginal_at: 0.8}}, row_count: {{shrink_fail: 20}}, metrics: [{metric}]}}
kinds:
  production: {{quality: {{pass_at: 0.99}}, row_count: {{shrink_fail: 5}}}}
environments:
  prod_eu: {{row_count: {{shrink_fail: 1}}, metrics: []}}
  dev: {{row_count: {{shrink_fail: 50}}}}
"""
    policies = load_policies(_write(tmp_path, text), STANDING)
    said = {
        name: (
            str(gates.quality.pass_at),
            str(gates.quality.marginal_at),
            int(gates.row_count.shrink_fail),
            len(gates.metrics),
        )
        for name, kind in STANDING.items()
        for gates in [policies.gates(name, kind)]
    }
    assert said == {
        "dev": ("0.9", "0.8", 50, 1),
        "staging": ("0.9", "0.8", 20, 1),
        "qa": ("0.9", "0.8", 20, 1),
        "prod": ("0.99", "0.8", 5, 1),
        "prod_eu": ("0.99", "0.8", 1, 0),
    }


def test_a_check_may_be_for_a_kind(tmp_path: Path) -> None:
    """Of each environment of the kind, and of those that are named beside it."""
    some = "checks: [{name: a, sql: select 1, kinds: [production], environments: [qa]}, {name: b, sql: select 2}]"
    policies = load_policies(_write(tmp_path, "{}", some), STANDING)
    said = {name: [check.name for check in policies.checks(name, kind)] for name, kind in STANDING.items()}
    assert said == {"dev": ["b"], "staging": ["b"], "qa": ["a", "b"], "prod": ["a", "b"], "prod_eu": ["a", "b"]}


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """In both files, each with where it stands and what was probably meant; what is wrong below is reported once."""
    gates = """
default: {}
defaults: {qualty: {}, marginal: maybe}
kinds: {producton: {}, staging: {row_cuont: {}}}
environments: {prd: {}, prod: {quality: {pass_at: 2}}}
"""
    checks = "checks: [{name: a, sql: select 1, environments: [prod_us]}, {name: b, sql: drop table x}]"
    _, errors = readable_policies(_write(tmp_path, gates, checks), STANDING)
    said = {str(error.where).removeprefix(f"{tmp_path}/"): error.good for error in errors}
    assert said == {
        "gates.yml: default": "defaults",
        "gates.yml: defaults: qualty": "quality",
        "gates.yml: defaults: marginal": "'ask', 'pass' or 'fail'",
        "gates.yml: kinds.producton": "production",
        "gates.yml: kinds.staging: row_cuont": "row_count",
        "gates.yml: environments.prd": "prod",
        "gates.yml: environments.prod: quality.pass_at": "1",
        "checks.yml: checks.1.sql": None,
    }
    checks = "checks: [{name: a, sql: select 1, environments: [prod_us]}, {name: a, sql: select 1}]"
    with pytest.raises(SpecError, match="also wrong") as refused:
        load_policies(_write(tmp_path, "{}", checks), STANDING)
    assert "checks.yml" in str(refused.value.where)
