"""What is lacking before a cut-over: a verdict on the candidate as it is, and whose approval the policy asks for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sluice.domain.journal.events import Event, Kind, by_environments
from sluice.domain.promotion.clearance import lacking, shown_hash
from sluice.domain.promotion.deployments import StageReport

AT = datetime(2026, 11, 20, tzinfo=UTC)
LIVE = "deployment d1 of prod"
BUILT = Event(AT, "ann", "prod", "candidate.built")
PASSED = Event(AT, "ann", "prod", Kind.JUDGED, payload={"verdict": "pass"})
MARGINAL = Event(AT, "ann", "prod", Kind.JUDGED, payload={"verdict": "marginal"})
REFUSED = Event(AT, "ann", "prod", Kind.REFUSED, payload={"stage": "judge"})
ELSEWHERE = Event(AT, "ann", "prod", Kind.REFUSED, payload={"stage": "check_source"})


def approved(about: str, live_now: str = LIVE) -> Event:
    """Return the approval of somebody who saw what was live."""
    return Event(AT, "bob", "prod", Kind.APPROVED, payload={"about": about, "live_now": live_now})


@pytest.mark.parametrize(
    ("events", "approval", "says"),
    [
        ([BUILT, PASSED], False, None),
        ([ELSEWHERE, BUILT, PASSED], False, None),
        ([], False, "no candidate that was judged"),
        ([BUILT], False, "not passed it"),
        ([BUILT, REFUSED], False, "not passed it"),
        ([PASSED, BUILT], False, "not passed it"),
        ([BUILT, PASSED, REFUSED], False, "not passed it"),
        ([BUILT, MARGINAL], False, "nobody has accepted"),
        ([BUILT, MARGINAL, approved("marginal")], False, None),
        ([BUILT, PASSED], True, "nobody has approved"),
        ([BUILT, PASSED, approved("cost")], True, "nobody has approved"),
        ([approved("promotion"), BUILT, PASSED], True, None),
        ([approved("promotion", "deployment d0 of prod"), BUILT, PASSED], True, "it bears deployment d1 of prod now"),
        ([approved("promotion"), BUILT, MARGINAL], True, "nobody has accepted"),
    ],
)
def test_what_is_lacking(events: list[Event], approval: bool, says: str | None) -> None:
    """Whatever Airflow says of its tasks, the journal has the verdict and the approval."""
    because = lacking(events, approval=approval, live=LIVE)
    assert because is None if says is None else says in str(because)


def test_an_approval_is_not_an_environments_to_write() -> None:
    """What was shown has a hash of its own, and no role of an environment can say that it was approved."""
    assert not by_environments(Kind.APPROVED)
    assert by_environments(Kind.JUDGED)
    shown, other = (StageReport("plan", text, {"live_now": LIVE}) for text in ("1 built", "2 built"))
    assert shown_hash([shown]) == shown_hash([shown]) != shown_hash([other])
