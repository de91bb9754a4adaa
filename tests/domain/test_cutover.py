"""The cut-over and the undo, decided from markers."""

from __future__ import annotations

import pytest

from sluice.domain.names import Marker
from sluice.domain.promotion.cutover import (
    AlreadyLive,
    Exchange,
    NotSwapped,
    Refuse,
    Stop,
    Swap,
    decide_cut_over,
    decide_undo,
)

OLD = Marker("prod", "d20261119t000000-aaaaaa", "r0000000000000001")
NEW = Marker("prod", "d20261120t000000-bbbbbb", "r0000000000000002")
OTHER = Marker("prod", "d20261118t000000-cccccc", "r0000000000000003")
CANDIDATE = "P__C_20261120T000000_BBBBBB"
PARKED = "P__R_20261119T000000_AAAAAA"
EXCHANGE = Exchange("P", CANDIDATE, NEW, OLD, drops_incoming=True)


def test_swaps_when_live_is_the_recorded_one_and_the_candidate_is_ours() -> None:
    """The recorded former live and our candidate are exchanged."""
    assert decide_cut_over(EXCHANGE, {"P": OLD, CANDIDATE: NEW}, ()) == Swap("P", CANDIDATE)


def test_never_swaps_twice() -> None:
    """Live already bearing the new deployment means done, even when a foreign change is reported."""
    assert decide_cut_over(EXCHANGE, {"P": NEW, CANDIDATE: OLD}, ("S.T: 1 rows became 2",)) == AlreadyLive()


def test_a_foreign_write_is_refused_by_name() -> None:
    """A change that someone else made to live since the clone stops the swap and is named."""
    assert decide_cut_over(EXCHANGE, {"P": OLD, CANDIDATE: NEW}, ("S.T: altered",)) == Refuse(("S.T: altered",))


@pytest.mark.parametrize(
    "found",
    [
        {CANDIDATE: NEW},
        {"P": OTHER, CANDIDATE: NEW},
        {"P": None, CANDIDATE: NEW},
        {"P": OLD},
        {"P": OLD, CANDIDATE: OTHER},
    ],
)
def test_anything_else_stops(found: dict[str, Marker | None]) -> None:
    """Whatever is neither before nor after is left for a person to look at."""
    assert isinstance(decide_cut_over(EXCHANGE, found, ()), Stop)
    assert isinstance(decide_undo(EXCHANGE, {**found, "P": OTHER}), Stop)


@pytest.mark.parametrize("home", [CANDIDATE, PARKED])
def test_undo_swaps_back_from_wherever_the_former_live_lies(home: str) -> None:
    """The former live comes back from the candidate's name or from its retained name."""
    assert decide_undo(EXCHANGE, {"P": NEW, home: OLD}) == Swap("P", home)


def test_undo_before_the_swap_drops_only_our_own_candidate() -> None:
    """Before a swap, undo removes the candidate that bears our marker, and nothing else."""
    assert decide_undo(EXCHANGE, {"P": OLD, CANDIDATE: NEW}) == NotSwapped(CANDIDATE)
    assert decide_undo(EXCHANGE, {"P": OLD}) == NotSwapped(None)
    assert decide_undo(EXCHANGE, {"P": OLD, CANDIDATE: OTHER}) == NotSwapped(None)


def test_undo_of_a_rollback_keeps_the_retained_database() -> None:
    """A retained database that did not become live is not dropped."""
    back = Exchange("P", PARKED, OLD, NEW, drops_incoming=False)
    assert decide_undo(back, {"P": NEW, PARKED: OLD}) == NotSwapped(None)


def test_undo_stops_when_two_databases_claim_to_be_the_former_live() -> None:
    """Two databases with the same marker are not guessed between."""
    assert isinstance(decide_undo(EXCHANGE, {"P": NEW, CANDIDATE: OLD, PARKED: OLD}), Stop)


def test_the_record_survives_the_journal() -> None:
    """What is written before the first change reads back equal, also for a first deployment."""
    for one in (EXCHANGE, Exchange("P", CANDIDATE, NEW, None, drops_incoming=True)):
        assert Exchange.from_json(one.to_json()) == one


def test_parking_is_named_after_what_it_holds() -> None:
    """The former live is kept under the id of its own deployment; one without an id stays where it is."""
    assert EXCHANGE.parking == PARKED
    assert Exchange("P", CANDIDATE, NEW, Marker("prod"), drops_incoming=True).parking == CANDIDATE
