"""The gates: observed against allowed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sluice.domain.promotion import gate_checks
from sluice.domain.promotion.database_rights import Right, entrances, lost, visible
from sluice.domain.promotion.evidence import Evidence, Verdict, failed, worst
from sluice.domain.promotion.gate_policy import ColumnsGate, DbtGate, Metric, QualityGate, RowCountGate, RunTimeGate
from sluice.domain.promotion.inventory import Relation, arrived, foreign_changes, from_json, missing_from_clone, to_json

READ = Right("READER", "SELECT", "TABLE", "S.T")
USE = Right("READER", "USAGE", "DATABASE", "", grant_option=True)


def table(rows: int | None, altered: str = "t0", **columns: str) -> Relation:
    return Relation("TABLE", rows, altered, tuple(columns.items()))


@pytest.mark.parametrize(
    ("bad", "warned", "skipped", "verdict"),
    [((), 0, 0, "pass"), ((), 3, 0, "marginal"), (("m",), 0, 0, "fail"), ((), 0, 1, "fail"), ((), 9, 0, "fail")],
)
def test_dbt_results(bad: tuple[str, ...], warned: int, skipped: int, verdict: str) -> None:
    """A failed or skipped node fails; warnings ask, and beyond their limit fail."""
    gate = DbtGate(warnings_marginal=1, warnings_fail=5)
    assert gate_checks.judge_dbt(gate, 10, bad, ["w"] * warned, skipped).verdict == verdict


@pytest.mark.parametrize(("passing", "verdict"), [(99, "pass"), (98, "marginal"), (90, "fail")])
def test_quality_score(passing: int, verdict: str) -> None:
    """The weighted share of passing tests is held against its two limits, and failing tests are named."""
    gate = QualityGate(pass_at=Decimal("0.99"), marginal_at=Decimal("0.98"))
    found = gate_checks.judge_quality(gate, [gate_checks.TestOutcome(f"t{i}", i < passing) for i in range(100)])
    assert found.verdict == verdict
    assert len(found.detail) == min(100 - passing, 20)


def test_quality_weighs_tests() -> None:
    """A heavy failing test weighs more than many light passing ones."""
    gate = QualityGate(pass_at=Decimal("0.9"), marginal_at=Decimal("0.6"))
    outcomes = [
        gate_checks.TestOutcome("heavy", passed=False, weight=10),
        gate_checks.TestOutcome("light", passed=True),
    ]
    assert gate_checks.judge_quality(gate, outcomes).verdict is Verdict.FAIL
    assert gate_checks.judge_quality(gate, []).verdict is Verdict.MARGINAL


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [(1000, 1000, "pass"), (1000, 960, "pass"), (1000, 900, "marginal"), (1000, 700, "fail"), (1000, 1400, "pass"),
     (1000, 1600, "marginal"), (1000, 4000, "fail"), (50, 1, "pass"), (1000, 0, "fail")],
)  # fmt: skip
def test_row_drift(old: int, new: int, verdict: str) -> None:
    """Shrinking and growing have limits of their own; small tables are not judged."""
    found = gate_checks.judge_rows(RowCountGate(), {"S.T": table(old)}, {"S.T": table(new)})
    assert found.verdict == verdict


def test_a_table_that_was_empty_is_judged_where_the_policy_asks_it() -> None:
    """Every size counts with `ignore_below_rows: 0`: the first rows are as new as can be, and no error."""
    every = RowCountGate(ignore_below_rows=0)
    found = gate_checks.judge_rows(every, {"S.T": table(0)}, {"S.T": table(10)})
    assert (found.verdict, found.detail) == (Verdict.MARGINAL, ("S.T: 0 → 10 (+100.0 %)",))
    assert gate_checks.judge_rows(every, {"S.T": table(0)}, {"S.T": table(0)}).verdict is Verdict.PASS


def test_column_contract() -> None:
    """A dropped or retyped column that consumers read fails; what nobody reads does not count; removal asks."""
    live = {"S.T": table(1, a="NUMBER", b="TEXT"), "S.HIDDEN": table(1, a="NUMBER"), "S.GONE": table(1, a="TEXT")}
    new = {"S.T": table(1, a="TEXT", c="TEXT")}
    found = gate_checks.judge_columns(ColumnsGate(), live, new, {"S.T"})
    assert found.verdict is Verdict.FAIL
    assert set(found.detail) == {"S.T.b: dropped", "S.T.a: NUMBER became TEXT", "S.T.c: added"}
    assert gate_checks.judge_columns(ColumnsGate(), live, new, {"S.GONE"}).verdict is Verdict.MARGINAL
    assert gate_checks.judge_columns(ColumnsGate(), live, new, set()).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [(100.0, 100.5, "pass"), (100.0, 104.0, "marginal"), (100.0, 120.0, "fail"), (None, 5.0, "pass"),
     (5.0, None, "fail"), (0.0, 0.0, "pass"), (0.0, 1.0, "fail")],
)  # fmt: skip
def test_metrics(old: float | None, new: float | None, verdict: str) -> None:
    """Old and new agree within the tolerance; a figure that is new passes, one that is gone fails."""
    metric = Metric(name="m", sql="select 1", tolerance_percent=Decimal(1), fail_percent=Decimal(10))
    assert gate_checks.judge_metrics([gate_checks.Figure(metric, old, new)]).verdict == verdict


def test_run_time() -> None:
    """A build beyond its limit fails."""
    verdicts = [gate_checks.judge_run_time(RunTimeGate(), seconds).verdict for seconds in (10, 61 * 60, 91 * 60)]
    assert verdicts == [Verdict.PASS, Verdict.MARGINAL, Verdict.FAIL]


def test_access_that_would_be_lost_is_named() -> None:
    """A right the candidate does not grant is lost, unless its relation leaves or only changes its kind."""
    assert lost([READ, USE], [READ]) == (USE,)
    assert lost([READ], [Right("READER", "SELECT", "VIEW", "S.T")]) == ()
    assert lost([READ], [], removed={"S.T"}) == ()
    assert gate_checks.judge_access(lost([READ], []), 1).detail == ("READER: SELECT on table S.T",)


def test_entrances_are_rights_on_the_database_without_ownership() -> None:
    """Everything on the database itself, with its grant option, except ownership; SELECT makes visible."""
    owner = Right("SLUICE_PROD", "OWNERSHIP", "DATABASE", "")
    assert entrances([USE, owner, READ]) == {USE}
    assert visible([READ, USE]) == {"S.T"}


def test_inventories_tell_foreign_writes_and_partial_clones() -> None:
    """Rows, changes, new and missing relations are each seen, and survive the journal."""
    before = {"S.A": table(5), "S.B": table(1), "S.V": Relation("VIEW", None, "t0")}
    now = {"S.A": table(7), "S.B": table(1, "t9"), "S.C": table(3)}
    assert foreign_changes(before, now) == (
        "S.A: 5 rows became 7",
        "S.B: altered at t9",
        "S.C: created",
        "S.V: dropped",
    )
    assert foreign_changes(before, from_json(to_json(before))) == ()
    assert missing_from_clone(before, now) == ("S.A: 5 rows, in the clone 7", "S.V: not in the clone")
    assert arrived(before, now) == {"S.A": 2, "S.C": 3}


def test_the_worst_evidence_decides() -> None:
    """One failure outweighs everything; no evidence at all passes nothing."""
    good, bad = Evidence("a", Verdict.PASS, "1", "1"), Evidence("b", Verdict.FAIL, "2", "1", ("x",))
    assert worst([good]) is Verdict.PASS
    assert worst([good, bad]) is Verdict.FAIL
    assert worst([]) is Verdict.FAIL
    assert failed([good, bad]) == (bad,)
    assert Evidence.from_json(bad.to_json()) == bad
