"""Five hundred environments under a good policy and under a bad one: nothing is taken that should not be."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluice.domain.cleanup.cleanup_plan import Action, CleanupCandidate, sweep
from sluice.domain.cleanup.cleanup_policy import AtMost, CleanupPolicy, KindPolicy, load_cleanup
from sluice.domain.ephemeral.ephemeral_state import State
from sluice.domain.specs.blocks import Kind

POLICY = load_cleanup(Path(__file__).resolve().parents[2] / "include" / "policies" / "cleanup.yml")
NOW = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KINDS = (Kind.FEATURE, Kind.TESTING, Kind.SANDBOX)
WHY = (
    "stale", "young", "pinned", "production-like", "in use", "dependents", "history missing", "history stale",
    "clock skew", "not ours", "not in the journal", "locked", "standing",
)  # fmt: skip


def subject(number: int, why: str, chance: random.Random) -> CleanupCandidate:
    """One environment and the one thing that is special about it."""
    kind = chance.choice(KINDS)
    name = f"dev_f{number}_john_20261101" if why != "production-like" else f"prod_f{number}_john_20261101"
    return CleanupCandidate(
        name=name,
        database=name.upper(),
        kind=Kind.PRODUCTION if why == "standing" else kind,
        owner="john",
        created=NOW + DAY if why == "clock skew" else NOW - (HOUR if why == "young" else 5 * DAY),
        expires=NOW + 30 * DAY,
        state=State.QUARANTINED if chance.random() < 0.3 else State.NOTICED,
        until=NOW - HOUR,
        pinned=why == "pinned",
        journalled=why != "not in the journal",
        marked=why != "not ours",
        locked_by="promotion" if why == "locked" else None,
        last_used=NOW - 20 * timedelta(minutes=1) if why == "in use" else NOW - 4.5 * DAY,
        usage_seen=None if why == "history missing" else NOW - (10 * HOUR if why == "history stale" else HOUR),
        dependents=("a view",) if why == "dependents" else (),
    )


def estate(seed: int) -> Iterator[tuple[CleanupCandidate, str]]:
    """Five hundred of them, a third stale."""
    chance = random.Random(seed)  # noqa: S311 (a test's own estate)
    for number in range(500):
        why = "stale" if chance.random() < 1 / 3 else chance.choice(WHY[1:])
        yield subject(number, why, chance), why


def taken(policy: CleanupPolicy, seed: int, allowed: int | None = None) -> tuple[set[str], set[str], str | None]:
    """The names that a sweep takes, those that it should, and why it stopped, if it did."""
    whole = list(estate(seed))
    plan = sweep([one for one, _ in whole], policy, NOW, allowed=allowed)
    removed = set() if plan.stopped else {one.name for one in plan.of(Action.QUARANTINE, Action.DROP)}
    return removed, {one.name for one, why in whole if why == "stale"}, plan.stopped


@pytest.mark.parametrize("seed", range(20))
def test_a_good_policy_takes_what_is_stale_and_nothing_else(seed: int) -> None:
    """Precision 100 %, recall 100 % of what is stale, over as many nights as the bound asks for."""
    removed, stale, stopped = taken(POLICY, seed)
    assert removed == set()
    assert stopped is not None
    assert "at most 10 may" in stopped
    removed, stale, stopped = taken(POLICY, seed, allowed=500)
    assert stopped is None
    assert removed == stale


@pytest.mark.parametrize("seed", range(20))
def test_a_bad_policy_takes_nothing_that_is_protected(seed: int) -> None:
    """Everything an hour old is stale, ten thousand may go: what is pinned, in use, locked, not ours … stays."""
    bad = POLICY.model_copy(
        update={
            "kinds": {kind: KindPolicy(max_age_days=0.01, action="remove", notice=False) for kind in KINDS},
            "at_most": AtMost(count=10_000, percent=99),
        }
    )
    removed, _, stopped = taken(bad, seed)
    assert stopped is None
    whole = {one.name: why for one, why in estate(seed)}
    assert {whole[name] for name in removed} <= {"stale", "young", "history missing", "history stale"}


def test_a_policy_that_would_take_everything_is_refused() -> None:
    """Whatever the bounds say."""
    bad = POLICY.model_copy(
        update={
            "kinds": {kind: KindPolicy(max_age_days=0.01, action="remove", notice=False) for kind in KINDS},
            "at_most": AtMost(count=10_000, percent=99.9),
        }
    )
    everything = [one for one, why in estate(1) if why == "stale"]
    plan = sweep(everything, bad, NOW)
    assert plan.stopped is not None
    assert "the policy is wrong" in plan.stopped
