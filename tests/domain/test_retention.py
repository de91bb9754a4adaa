"""What a sweep takes, what it never takes, and what stops it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluice.domain.cleanup.cleanup_plan import Action, CleanupCandidate, judge, sweep
from sluice.domain.cleanup.cleanup_policy import CleanupPolicy, load_cleanup
from sluice.domain.ephemeral.ephemeral_state import State
from sluice.domain.specs.blocks import Kind
from sluice.errors import SpecError

FILE = Path(__file__).resolve().parents[2] / "include" / "policies" / "cleanup.yml"
POLICY = load_cleanup(FILE)
NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
DAY = timedelta(days=1)
OLD = CleanupCandidate(
    name="dev_orders_john_20261030",
    database="DEV_ORDERS_JOHN_20261030",
    kind=Kind.FEATURE,
    owner="john",
    created=NOW - 20 * DAY,
    expires=NOW - 13 * DAY,
    state=State.READY,
    until=None,
    pinned=False,
    journalled=True,
    marked=True,
    locked_by=None,
    last_used=NOW - 10 * DAY,
    usage_seen=NOW - timedelta(hours=1),
)
"""Stale in every way."""
FRESH = replace(OLD, created=NOW - DAY, expires=NOW + 6 * DAY, last_used=NOW - timedelta(hours=5))


def test_the_way_out() -> None:
    """Told first; set aside a day later; dropped a day after that; each step says when the next one comes."""
    reported = judge(OLD, POLICY, NOW)
    assert (reported.action, reported.until, reported.owner) == (Action.NOTICE, NOW + DAY, "john")
    assert len(reported.evidence) == 3
    noticed = replace(OLD, state=State.NOTICED, until=NOW + DAY)
    assert judge(noticed, POLICY, NOW).action is Action.KEEP
    aside = judge(noticed, POLICY, NOW + DAY)
    assert aside.action is Action.QUARANTINE
    quarantined = replace(OLD, state=State.QUARANTINED, until=aside.until)
    assert judge(quarantined, POLICY, NOW + DAY).action is Action.KEEP
    assert judge(quarantined, POLICY, NOW + 2 * DAY).action is Action.DROP
    assert judge(replace(OLD, state=State.DROPPED), POLICY, NOW + 9 * DAY).action is Action.KEEP


def test_who_works_again_is_not_taken_by_an_old_notice() -> None:
    """A notice is withdrawn when its reasons are gone; the next one leaves a day again."""
    noticed = replace(FRESH, state=State.NOTICED, until=NOW - DAY)
    assert judge(noticed, POLICY, NOW).action is Action.WITHDRAW
    assert judge(replace(noticed, pinned=True), POLICY, NOW).action is Action.KEEP


def test_what_needs_no_notice_is_set_aside_at_once() -> None:
    """A test run's environment has nobody who waits for it."""
    assert judge(replace(OLD, kind=Kind.TESTING), POLICY, NOW).action is Action.QUARANTINE


def test_what_is_only_reported() -> None:
    """A shared development environment is reported, never removed."""
    assert judge(replace(OLD, kind=Kind.DEVELOPMENT, created=NOW - 40 * DAY), POLICY, NOW).action is Action.REPORT


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"journalled": False}, "it is not in the journal"),
        ({"marked": False}, "no ownership marker"),
        ({"kind": Kind.PRODUCTION}, "protected"),
        ({"kind": Kind.STAGING}, "protected"),
        ({"name": "dev_x_john_20261030", "database": "OLIST_PROD"}, "matches the protected *_prod"),
        ({"name": "production_copy"}, "matches the protected prod*"),
        ({"pinned": True}, "pinned"),
        ({"locked_by": "d20261121t000000-abcdef"}, "locked by d20261121t000000-abcdef"),
        ({"last_used": NOW - timedelta(minutes=59)}, "used at 2026-11-21 02:01 UTC"),
        ({"last_used": NOW + timedelta(hours=3)}, "used at 2026-11-21 06:00 UTC"),
        ({"created": NOW + DAY}, "clock is wrong"),
        ({"dependents": ("view OLIST.X.Y",)}, "view OLIST.X.Y depends on it"),
    ],
)
def test_what_is_never_touched(change: dict[str, object], reason: str) -> None:
    """One reason is enough, however stale it is otherwise and wherever it is on the way out."""
    for state in (State.READY, State.NOTICED, State.QUARANTINED):
        found = judge(replace(OLD, state=state, until=NOW - DAY, **change), POLICY, NOW)  # type: ignore[arg-type]
        assert found.action is Action.KEEP
        assert reason in found.reason


@pytest.mark.parametrize("seen", [None, NOW - timedelta(hours=7), NOW - 30 * DAY])
def test_unknown_use_is_not_idleness(seen: datetime | None) -> None:
    """Missing or stale usage data proves nothing."""
    unknown = replace(FRESH, created=NOW - 5 * DAY, last_used=None, usage_seen=seen)
    assert judge(unknown, POLICY, NOW).action is Action.KEEP
    known = replace(unknown, usage_seen=NOW - timedelta(hours=1))
    assert judge(known, POLICY, NOW).action is Action.NOTICE


def test_bounds_stop_a_sweep() -> None:
    """More than the count, or than the share of what is there, waits for a person; a person's yes has a number."""
    expired = [replace(OLD, name=f"ci_x{i}_john_20261030", kind=Kind.TESTING) for i in range(3)]
    fresh = [replace(FRESH, name=f"dev_y{i}_john_20261120") for i in range(5)]
    stopped = sweep([*expired, *fresh], POLICY, NOW)
    assert stopped.stopped is not None
    assert "at most 2 may" in stopped.stopped
    assert sweep([*expired, *fresh], POLICY, NOW, allowed=3).stopped is None
    assert sweep([*expired, *fresh], POLICY, NOW, allowed=2).stopped is not None
    assert sweep([*expired[:2], *fresh], POLICY, NOW).stopped is None
    everything = sweep(expired, POLICY, NOW, allowed=100)
    assert everything.stopped is not None
    assert "everything" in everything.stopped or "all 3" in everything.stopped


def estate(seed: int) -> tuple[list[CleanupCandidate], set[str]]:
    """Five hundred environments, and the names of those that a careful person would let go."""
    dice = random.Random(seed)  # noqa: S311 (a repeatable estate, no secret)
    found, stale = [], set()
    for number in range(500):
        one = replace(OLD, name=f"ci_a{number}_ann_20261030", database=f"CI_A{number}", kind=Kind.TESTING)
        excuse: dict[str, Any] = dice.choice(
            [
                {"pinned": True},
                {"locked_by": "somebody"},
                {"journalled": False},
                {"marked": False},
                {"last_used": NOW - timedelta(minutes=dice.randrange(60))},
                {"created": NOW + timedelta(minutes=5)},
                {"dependents": ("a view",)},
                {"name": f"prod_a{number}"},
                {"database": f"LIVE_{number}"},
                {"kind": Kind.STAGING},
                {"created": NOW - timedelta(hours=3), "expires": NOW + DAY, "last_used": None, "usage_seen": None},
                {"created": NOW - timedelta(hours=20), "expires": NOW + DAY},
                {},
            ]
        )
        found.append(replace(one, **excuse))
        if not excuse:
            stale.add(one.name)
    return found, stale


@pytest.mark.parametrize("seed", range(5))
def test_precision_on_an_estate(seed: int) -> None:
    """Of five hundred, with the shipped policy: nothing but what may go, and all of it."""
    subjects, stale = estate(seed)
    removed = {one.name for one in sweep(subjects, POLICY, NOW, allowed=500).removals}
    assert removed == stale


def test_a_bad_policy_cannot_take_what_is_excused() -> None:
    """Even when everything is stale at once, pinned, used, locked and foreign ones stay, and the bounds hold."""
    bad = CleanupPolicy.model_validate(
        {
            "kinds": {"testing": {"max_age_days": 0.001, "idle_days": 0.001, "action": "remove", "notice": False}},
            "at_most": {"count": 10, "percent": 25},
        }
    )
    subjects, _ = estate(1)
    plan = sweep(subjects, bad, NOW)
    assert plan.stopped is not None
    safe = {one.name for one in subjects if one.pinned or one.locked_by or not (one.journalled and one.marked)}
    assert not safe & {one.name for one in plan.removals}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"protected": {"kinds": ["staging"]}}, "always protected"),
        ({"protected": {"names": ["*"]}}, "protect everything"),
        ({"kinds": {"production": {"max_age_days": 1, "action": "remove"}}}, "never removed"),
        ({"kinds": {"development": {"max_age_days": 1, "action": "remove"}}}, "standing"),
        ({"kinds": {"feature": {"action": "remove"}}}, "nothing would ever be stale"),
        ({"at_most": {"percent": 100}}, "less than 100"),
        ({"keep": 3}, "unknown key"),
    ],
)
def test_a_dangerous_policy_is_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    """The file is refused as a whole, by the field."""
    path = tmp_path / "cleanup.yml"
    path.write_text(yaml.safe_dump(yaml.safe_load(FILE.read_text()) | change))
    with pytest.raises(SpecError, match=words):
        load_cleanup(path)
