"""What operators leave in XCom stays small at ten thousand environments, and says what it left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from sluice.airflow.operators.access import review_summary
from sluice.airflow.operators.budgets import check_summary
from sluice.airflow.operators.sweep import plan_summary, sweep_summary
from sluice.airflow.xcom_summary import LIMIT, MORE, report_summary, size, summary
from sluice.domain.access.access_review import ReviewLine
from sluice.domain.budgets.budget_actions import BudgetPlan
from sluice.domain.budgets.budget_policy import Level, Verdict
from sluice.domain.budgets.spend import Figure, Measurement, Provenance
from sluice.domain.cleanup.cleanup_plan import Action, Finding, SweepPlan
from sluice.domain.promotion.deployments import StageReport
from sluice.domain.promotion.evidence import Evidence
from sluice.domain.promotion.evidence import Verdict as GateVerdict
from sluice.operations.budgets.budgets import Checked
from sluice.operations.cleanup.sweep import Swept

MANY = 10_000
NAMES = [f"dev_user_segmentation_number_{number}_john_20231201" for number in range(MANY)]
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


def findings(action: Action) -> tuple[Finding, ...]:
    """Return a finding of each environment."""
    return tuple(Finding(name, action, "idle for 200 hours", ("used on 2026-11-12",), "john", NOW) for name in NAMES)


def test_a_sweeps_plan_is_counted() -> None:
    """Of ten thousand that are kept none is named; of ten thousand that are dropped as many as fit."""
    kept = plan_summary(SweepPlan(findings(Action.KEEP)), [], [], "sweeps/plan.txt")
    assert (kept["findings"], kept["actions"], MORE in kept) == ([], {"keep": MANY}, False)
    dropped = plan_summary(SweepPlan(findings(Action.DROP)), NAMES, NAMES, "sweeps/plan.txt")
    assert size(dropped) <= LIMIT
    assert dropped["actions"] == {"drop": MANY}
    assert dropped["kept"] == "sweeps/plan.txt"
    for field in ("findings", "revoke", "leftovers"):
        shown, left_out = dropped[field], dropped[MORE][field]  # type: ignore[index]
        assert isinstance(shown, list)
        assert len(shown) > 5
        assert len(shown) + left_out == MANY


def test_a_sweep_is_counted() -> None:
    """What was done and what failed: counts, and as many as fit."""
    swept = Swept(findings(Action.NOTICE), tuple((name, "it is locked") for name in NAMES), tuple(NAMES))
    found = sweep_summary(SweepPlan(swept.done), swept)
    assert size(found) <= LIMIT
    assert found["counts"] == {"done": MANY, "failed": MANY, "forgotten": MANY, "revoked": 0, "cleared": 0}


def verdict(name: str, level: Level) -> Verdict:
    """Return what is said of one environment."""
    return Verdict(name, level, level, "80 % of its day", "USD 16 of 20", Provenance.ESTIMATED, "a new day", 80.0)


@pytest.mark.parametrize("level", [Level.FINE, Level.SUSPEND])
def test_a_budget_check_is_counted(level: Level) -> None:
    """Levels are counted; only what is not fine is named, as much as fits."""
    verdicts = {name: verdict(name, level) for name in NAMES}
    done = tuple(f"suspend {name}: USD 16 of 20" for name in NAMES)
    checked = Checked(verdicts, {}, BudgetPlan(()), done, tuple((name, "it is busy") for name in NAMES))
    nothing = Figure()
    found = check_summary(checked, Measurement(NOW, {}, nothing, nothing, notes=tuple(NAMES)), NAMES)
    assert size(found) <= LIMIT
    assert found["levels"] == {level.name: MANY}
    assert bool(found["verdicts"]) is (level is not Level.FINE)
    assert found["summary"] == f"USD 0.00 today; {MANY} steps, {MANY} failed"


def test_a_review_is_counted() -> None:
    """Only recommendations to change something are in XCom, as many as fit."""
    lines = [ReviewLine("R", name, "ANN", "2026", "never", "", "take back", "not used") for name in NAMES]
    keep = [ReviewLine("R", name, "ANN", "2026", "today", "", "keep", "used") for name in NAMES]
    found = review_summary([*lines, *keep], "reviews/access.json")
    assert size(found) <= LIMIT
    assert found["summary"] == f"{2 * MANY} grants, {MANY} to revoke or look at; kept as reviews/access.json"
    assert "keep" not in {line["recommendation"] for line in found["lines"]}  # type: ignore[attr-defined]


def test_a_report_is_cut_until_it_fits() -> None:
    """Lists of models, details of evidence, long texts: what is left can be read as a report again."""
    details = tuple(f"{name}: 3 rows less" for name in NAMES)
    evidence = tuple(Evidence(f"gate {number}", GateVerdict.FAIL, "much", "less", details) for number in range(12))
    facts = {"built": NAMES, "kept": NAMES, "steps": NAMES, "why": "x" * 500, "counts": {"built": MANY}}
    found = report_summary(StageReport("plan", "ten thousand models", facts, evidence))
    assert size(found) <= LIMIT
    report = StageReport.from_json(json.loads(json.dumps(found)))
    assert report.facts["counts"] == {"built": MANY}
    assert [each.gate for each in report.evidence] == [each.gate for each in evidence]
    assert report.evidence[0].detail[-1].endswith(" more")
    assert str(list(report.facts["built"])[-1]).startswith("… and ")  # type: ignore[call-overload]


def test_what_fits_is_left_as_it_is() -> None:
    """A summary of three environments is whole, and no word of what was left out is in it."""
    facts = {"summary": "3", "findings": [{"environment": name} for name in NAMES[:3]], "stopped": None}
    assert summary(facts) == facts


def test_a_text_too_long_is_cut() -> None:
    """Text and entries that alone would fill the limit are cut to a line."""
    found = summary({"summary": "x" * 20_000, "lines": ["y" * 20_000], "facts": {"one": "z" * 20_000}})
    assert size(found) <= LIMIT
    assert MORE not in found or found[MORE] == {}
