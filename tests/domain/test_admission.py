"""Admission: builds that were predict the next one, which fits into what is left, is asked about, or refused."""

from __future__ import annotations

import pytest

from sluice.domain.budgets.admission import AdmissionBlock, PastBuild, Prediction, Unknown, admit, predict
from sluice.domain.promotion.evidence import Verdict

BLOCK = AdmissionBlock()


def built(seconds: float, *, size: float = 1.0, everything: bool = False, **models: float) -> PastBuild:
    """A build of these models, so many seconds on the wall."""
    return PastBuild(seconds, size, everything, models or {"a": 3.0, "b": 1.0})


def predicted(
    builds: list[PastBuild], models: list[str] | None, *, size: float = 1.0, full: bool = False
) -> Prediction:
    """What is predicted, at USD 3,600 a credit: a second of XSMALL is a dollar."""
    found = predict(builds, models, everything=full, credits_per_hour=size, credit_usd=3600, block=BLOCK)
    assert isinstance(found, Prediction)
    return found


def unknown(builds: list[PastBuild], models: list[str] | None, *, full: bool = False) -> str:
    """Why nothing is predicted."""
    found = predict(builds, models, everything=full, credits_per_hour=1, credit_usd=3600, block=BLOCK)
    assert isinstance(found, Unknown)
    return found.why


def test_a_model_costs_its_share_of_the_wall() -> None:
    """Four seconds in all, three of four by dbt's count of `a`: whatever else is built, `a` takes three of them."""
    found = predicted([built(4), built(4), built(8)], ["a"])
    assert found.p50_usd == pytest.approx(3)
    assert found.p90_usd == pytest.approx(3 + 0.8 * 3)
    assert found.builds == 3
    assert predicted([built(4)] * 3, ["a", "b"]).p50_usd == pytest.approx(4)
    assert predicted([built(4)] * 3, []).p90_usd == 0


def test_a_smaller_warehouse_takes_longer_and_a_larger_one_costs_more() -> None:
    """The cost of a smaller one stays; that a larger one is faster is not counted on."""
    before = [built(4, size=8)] * 3
    assert predicted(before, ["a"], size=8).p50_usd == pytest.approx(24)
    assert predicted(before, ["a"], size=4).p50_usd == pytest.approx(24)
    assert predicted(before, ["a"], size=16).p50_usd == pytest.approx(48)


def test_what_was_never_built_here_counts_like_the_usual() -> None:
    """One new among three is said; when most are new nothing is known."""
    found = predicted([built(4)] * 3, ["a", "b", "c"])
    assert found.new_models == 1
    assert found.p50_usd == pytest.approx(3 + 1 + 2)
    assert "2 of 3 models have never been built" in unknown([built(4)] * 3, ["a", "x", "y"])


def test_only_builds_of_the_same_extent_count() -> None:
    """Three full builds say nothing of a small one, nor do two of three."""
    full = [built(100, everything=True)] * 3
    assert predicted(full + [built(4)] * 3, ["a"], full=True).p50_usd == pytest.approx(75)
    assert predicted(full + [built(4)] * 3, ["a"]).p90_usd == pytest.approx(3)
    assert predicted(full, None, full=True).p50_usd == pytest.approx(100)
    assert "0 builds like it" in unknown(full, None)
    assert "2 builds like it are on record, 3 are needed" in unknown([built(4)] * 2, ["a"])


def test_only_the_last_builds_count() -> None:
    """Twenty of them; what was dear before is forgotten."""
    assert predicted([built(400)] * 5 + [built(4)] * 20, ["a"]).p90_usd == pytest.approx(3)


@pytest.mark.parametrize(
    ("left", "watched", "verdict"),
    [
        (10.0, False, Verdict.PASS),
        (9.0, False, Verdict.PASS),
        (8.99, False, Verdict.MARGINAL),
        (3.0, False, Verdict.MARGINAL),
        (2.99, False, Verdict.FAIL),
        (-5.0, False, Verdict.FAIL),
        (2.99, True, Verdict.MARGINAL),
    ],
)
def test_it_fits_or_is_asked_about_or_refused(left: float, watched: bool, verdict: Verdict) -> None:
    """Beyond what is left in one case of ten: asked; in half: refused; where a budget only watches, asked."""
    said = admit(Prediction(3.0, 9.0, 7, 1), left, BLOCK, watched=watched)
    assert said.verdict is verdict
    assert said.observed == "USD 3.00 (p50), 9.00 (p90) for the build, from 7 previous builds"
    assert "1 models are new here" in said.detail[0]
    assert f"USD {max(left, 0):.2f}" in said.limit


@pytest.mark.parametrize(
    ("policy", "watched", "verdict"),
    [
        ("allow", False, Verdict.PASS),
        ("ask", False, Verdict.MARGINAL),
        ("refuse", False, Verdict.FAIL),
        ("refuse", True, Verdict.MARGINAL),
    ],
)
def test_the_unknown_is_said_as_such(policy: str, watched: bool, verdict: Verdict) -> None:
    """And the policy says what then."""
    block = AdmissionBlock.model_validate({"unknown": policy})
    said = admit(Unknown("no build is on record"), 5, block, watched=watched)
    assert (said.verdict, said.observed) == (verdict, "unknown: no build is on record")
