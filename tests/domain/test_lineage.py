"""Which deployment "previous" is, after promotions and rollbacks in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sluice.domain.journal.events import Event, Kind
from sluice.domain.promotion.lineage import Lineage, lineage

START = datetime(2026, 12, 1, 8, tzinfo=UTC)


def history(*steps: str) -> list[Event]:
    """Return the events of promotions (`a`: a becomes live) and rollbacks (`<a`: back to a), one a minute."""
    live: str | None = None
    events = []
    for number, step in enumerate(steps):
        restored = step.removeprefix("<")
        payload = {"live": restored, "retained": {"deployment": live}}
        deployment = f"rollback{number}" if step.startswith("<") else restored
        at = START + timedelta(minutes=number)
        events.append(
            Event(at=at, actor="ann", environment="prod", kind=Kind.LIVE, deployment=deployment, payload=payload)
        )
        live = restored
    return events


@pytest.mark.parametrize(
    ("steps", "retained", "previous"),
    [
        (["a"], [], None),
        (["a", "b"], ["a"], "a"),
        (["a", "b", "c", "<b"], ["a", "c"], "a"),  # a second press goes further back, not forth
        (["a", "b", "c", "<b", "<a"], ["b", "c"], None),  # all that is retained was rolled back
        (["a", "b", "c", "<a"], ["b", "c"], None),  # b as well: it was passed by
        (["a", "b", "c", "<b", "d"], ["a", "b", "c"], "b"),
        (["a", "b", "c", "<b", "d", "<b"], ["a", "c", "d"], "a"),
        (["a", "b", "c", "<b"], ["c"], None),  # a's time is over
        (["a", "b", "c"], ["a"], "a"),  # b's is
        (["a", "b", "c", "<b", "<c"], ["a", "b"], "b"),  # c was taken back by name
    ],
)
def test_previous_walks_back_and_never_returns_to_what_was_rolled_back(
    steps: list[str], retained: list[str], previous: str | None
) -> None:
    """However often it is asked for: the deployment that live descends from, if it is retained."""
    live = steps[-1].removeprefix("<")
    assert lineage(history(*steps)).previous(live, retained) == previous


def test_a_live_of_unknown_origin_goes_back_to_the_latest_that_was_not_rolled_back() -> None:
    """An environment whose journal does not know its live database, for example an adopted one."""
    known = lineage(history("a", "b", "c", "<b"))
    assert known.previous("somebody's", ["a", "c"]) == "a"
    assert known.previous(None, ["a", "b"]) == "b"
    assert Lineage().previous(None, []) is None


def test_who_rolled_a_deployment_back_is_known() -> None:
    """Until it is live again."""
    assert set(lineage(history("a", "b", "c", "<a")).rolled_back) == {"b", "c"}
    assert lineage(history("a", "b", "c", "<a")).rolled_back["c"].deployment == "rollback3"
    assert set(lineage(history("a", "b", "c", "<a", "<c")).rolled_back) == set()
