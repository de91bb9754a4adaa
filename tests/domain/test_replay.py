"""A clean-up policy, played over days that are past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluice.domain.cleanup.cleanup_backtest import Past, backtest
from sluice.domain.cleanup.cleanup_policy import CleanupPolicy, load_cleanup
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.ephemeral_state import EphemeralEvent
from sluice.domain.ephemeral.templates import Request, load_templates, specify
from sluice.domain.journal.events import Event, Kind
from sluice.domain.specs.blocks import Kind as EnvironmentKind
from sluice.domain.specs.environment import load_environments

INCLUDE = Path(__file__).resolve().parents[2] / "include"
POLICY = load_cleanup(INCLUDE / "policies" / "cleanup.yml")
TEMPLATES = load_templates(INCLUDE / "environments" / "templates")
STANDING = load_environments(INCLUDE / "environments")
START = datetime(2026, 8, 1, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def made(feature: str, days: float = 30, **facts: object) -> list[Event]:
    """The journal of a feature environment that was made at the start, for so many days."""
    name = EphemeralName.make("dev", feature, "ann", START.date())
    spec = specify(TEMPLATES[EnvironmentKind.FEATURE], Request(name, "ann", "data", "x", base=""), STANDING, START)
    reported = {
        "spec": spec.model_dump(mode="json"), "owner": "ann", "team": "data",
        "expires": (START + days * DAY).isoformat(), **facts,
    }  # fmt: skip
    return [
        Event(START, "ann", str(name), EphemeralEvent.REQUESTED, payload=reported),
        Event(START + HOUR, "ann", str(name), Kind.PROVISIONED),
    ]


def database(feature: str) -> str:
    """Its database."""
    return f"DEV_{feature.upper()}_ANN_20260801"


def past(*features: str, used: dict[str, list[float]], seen: float | None = 90) -> Past:
    """What is known of environments that were used on these days."""
    return Past(
        events=[event for feature in features for event in made(feature)],
        used={database(name): [START + day * DAY for day in days] for name, days in used.items()},
        seen=None if seen is None else START + seen * DAY,
        credits={f"{database(name)}_WH": [(START + day * DAY, 2.0) for day in days] for name, days in used.items()},
    )


ALWAYS = [day / 2 for day in range(1, 100)]


def played(known: Past, days: int = 12, policy: CleanupPolicy = POLICY) -> dict[str, tuple[int | None, bool, float]]:
    """Of each environment touched: the night of its removal, whether that was wrong, the credits after it."""
    outcome = backtest(known, policy, START, START + days * DAY)
    return {
        one.name.split("_")[1]: (
            (one.removed - START).days if one.removed else None,
            one.used_after is not None,
            one.saved_credits,
        )
        for one in outcome.environments
    }


def test_what_lay_idle_would_have_gone() -> None:
    """Used on the first day only: noticed on the fourth, set aside a night later; the busy one is not touched."""
    found = played(past("idle", "busy", used={"idle": [1.0], "busy": ALWAYS}))
    assert found == {"idle": (5, False, 0.0)}


def test_what_was_used_afterwards_was_wrong() -> None:
    """The replay says so, and does not count its credits as saved."""
    known = past("trap", "busy", used={"trap": [1.0, 9.0, 9.5], "busy": ALWAYS})
    assert played(known)["trap"] == (5, True, 4.0)
    outcome = backtest(known, POLICY, START, START + 12 * DAY)
    assert [one.name.split("_")[1] for one in outcome.wrong] == ["trap"]
    assert outcome.saved_credits == 0


def test_a_notice_is_withdrawn_when_work_goes_on() -> None:
    """Used again on the day of the notice: not removed for that notice."""
    found = played(past("back", "busy", used={"back": [1.0, 4.9, 5.4, 6.4, 7.4, 8.4, 9.4, 10.4, 11.4], "busy": ALWAYS}))
    assert found.get("back", (None,))[0] is None


def test_an_owners_pin_counts() -> None:
    """What the journal knows of that time is respected."""
    known = past("kept", "busy", used={"kept": [1.0], "busy": ALWAYS})
    name = EphemeralName.make("dev", "kept", "ann", START.date())
    pinned = Event(START + 2 * DAY, "ann", str(name), EphemeralEvent.PINNED)
    assert played(Past([*known.events, pinned], known.used, known.seen, known.credits)) == {}


@pytest.mark.parametrize("seen", [None, 0.5])
def test_without_usage_nothing_is_idle(seen: float | None) -> None:
    """Unknown use proves nothing in the past either."""
    assert played(past("idle", "busy", used={}, seen=seen)) == {}


def test_a_policy_that_takes_everything_is_stopped_every_night() -> None:
    """The nights are reported; nothing is counted as removed."""
    greedy = CleanupPolicy.model_validate(
        {"kinds": {"feature": {"max_age_days": 0.5, "action": "remove", "notice": False}}}
    )
    outcome = backtest(past("a", "b", "c", used={}), greedy, START, START + 3 * DAY)
    assert outcome.environments == ()
    assert len(outcome.stopped) == 3
