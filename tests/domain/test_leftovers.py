"""What was left behind: what may go, and what stays for which reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluice.domain.cleanup.cleanup_policy import OrphanPolicy, Protected
from sluice.domain.cleanup.orphans import AccountInventory, Orphan, OwnedObject, orphans
from sluice.domain.names import Identifier, Marker
from sluice.domain.promotion.inventory import Relation
from sluice.domain.specs.environment import load_environments

SPECS = load_environments(Path(__file__).resolve().parents[2] / "include" / "environments")
NOW = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MONITOR = Identifier("DEV_X_JOHN_20261001_RM")
OLD, NEW = "d20261101t000000-aaaaaa", "d20261120t000000-bbbbbb"
LIVE = OwnedObject(Identifier("OLIST_PROD"), Marker("prod", NEW, "r2"))
RETAINED = OwnedObject(Identifier("OLIST_PROD__R_20261101T000000_AAAAAA"), Marker("prod", OLD, "r1"))
CANDIDATE = OwnedObject(Identifier("OLIST_PROD__C_20261101T000000_AAAAAA"), Marker("prod", OLD, "r1"))
BASE = AccountInventory(
    databases=(LIVE,),
    specs=SPECS,
    journalled=frozenset(SPECS),
    expiries={RETAINED.name.name: NOW - DAY},
    last_seen={OLD: NOW - 10 * DAY, NEW: NOW - DAY},
)


def found(beside: AccountInventory, policy: OrphanPolicy = OrphanPolicy()) -> list[Orphan]:  # noqa: B008 (frozen)
    """What the policy says of it."""
    return list(orphans(beside, policy, Protected(names=("prod*",)), NOW))


def test_live_is_never_a_leftover() -> None:
    """Of what stands nothing is said."""
    assert found(BASE) == []


@pytest.mark.parametrize("one", [RETAINED, CANDIDATE])
def test_what_is_past_its_time_goes(one: OwnedObject) -> None:
    """Marker and journal both, its time over."""
    (said,) = found(replace(BASE, databases=(LIVE, one)))
    assert said.drop
    assert said.environment == "prod"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"expiries": {RETAINED.name.name: NOW + DAY}}, "rollback is possible until"),
        ({"expiries": {}}, "no expiry is on record"),
        ({"locked": frozenset({"prod"})}, "prod is locked"),
        ({"used": {RETAINED.name.name: NOW - timedelta(minutes=5)}}, "used at"),
    ],
)
def test_a_retained_database_that_may_still_be_wanted_stays(change: dict[str, object], words: str) -> None:
    """Within its window, in use, under a lock, or nobody knows: kept, and said why."""
    (said,) = found(replace(BASE, databases=(LIVE, RETAINED), **change))  # type: ignore[arg-type]
    assert not said.drop
    assert words in said.reason


def test_a_candidate_is_kept_for_inspection_and_one_that_nobody_knows_for_good() -> None:
    """Three days after its deployment was last heard of; without a deployment in the journal: never."""
    fresh = replace(BASE, databases=(LIVE, CANDIDATE), last_seen={OLD: NOW - DAY})
    assert "for inspection" in found(fresh)[0].reason
    unknown = replace(BASE, databases=(LIVE, CANDIDATE), last_seen={})
    assert [one.drop for one in found(unknown)] == [False]


@pytest.mark.parametrize("name", [CANDIDATE.name, Identifier("OLIST_PROD__R_20261120T000000_BBBBBB")])
def test_a_former_live_under_another_deployments_name_stays(name: Identifier) -> None:
    """A cut-over that died before it settled leaves the only way back under the name of what came or went: kept."""
    former = OwnedObject(name, Marker("prod", "d20261110t000000-cccccc", "r0"))
    ended = {**BASE.last_seen, "d20261110t000000-cccccc": NOW - 10 * DAY}
    (said,) = found(replace(BASE, databases=(LIVE, former), last_seen=ended, expiries={name.name: NOW - DAY}))
    assert not said.drop
    assert "d20261110t000000-cccccc" in said.reason


def test_a_marker_of_another_spelling_stops_nothing() -> None:
    """A deployment that is no id of ours is kept and named; the rest goes on."""
    odd = OwnedObject(CANDIDATE.name, Marker("prod", "by hand", "r1"))
    said = found(
        replace(BASE, databases=(LIVE, odd, RETAINED), last_seen={**BASE.last_seen, "by hand": NOW - 10 * DAY})
    )
    assert {one.name: one.drop for one in said} == {RETAINED.name.name: True, odd.name.name: False}


def test_what_stands_but_has_no_spec_here_is_no_orphan() -> None:
    """A spec that this project does not have is not an environment that is gone: only the journal says that."""
    specs = {name: spec for name, spec in SPECS.items() if name != "staging"}
    staging = SPECS["staging"]
    beside = replace(
        BASE,
        specs=specs,
        warehouses=(OwnedObject(staging.warehouse.name, Marker("staging")),),
        roles=(OwnedObject(staging.access.role, Marker("staging")),),
    )
    assert [one.drop for one in found(beside)] == [False, False]


def test_orphans_need_marker_and_journal() -> None:
    """A warehouse, a role and a monitor of an environment that is gone; not one of an environment nobody ever knew."""
    gone, never = Marker("dev_x_john_20261001"), Marker("dev_y_john_20261001")
    beside = replace(
        BASE,
        warehouses=(OwnedObject(Identifier("X_WH"), gone), OwnedObject(Identifier("Y_WH"), never)),
        roles=(OwnedObject(Identifier("SLUICE_X"), gone), OwnedObject(SPECS["prod"].access.role, Marker("prod"))),
        monitors=(MONITOR, Identifier("SOMEBODYS_RM")),
        created_by_sluice=frozenset({MONITOR}),
        journalled=frozenset({*SPECS, gone.environment}),
        forgotten=frozenset({gone.environment}),
    )
    said = {one.name: one.drop for one in found(beside)}
    assert said == {"X_WH": True, "SLUICE_X": True, "DEV_X_JOHN_20261001_RM": True, "Y_WH": False}


@pytest.mark.parametrize(
    ("guarding", "made", "why"),
    [
        ({}, frozenset(), "the journal has no record"),
        ({MONITOR: (Identifier("SOMEBODYS_WH"),)}, frozenset({MONITOR}), "it monitors SOMEBODYS_WH"),
    ],
)
def test_a_monitor_of_the_name_that_is_not_ours_is_only_named(
    guarding: dict[Identifier, tuple[Identifier, ...]], made: frozenset[Identifier], why: str
) -> None:
    """A monitor bears no marker: what guards a warehouse, or was not made by us, stays."""
    known = frozenset({"dev_x_john_20261001"})
    beside = replace(
        BASE, monitors=(MONITOR,), monitored=guarding, created_by_sluice=made, journalled=known, forgotten=known
    )
    (one,) = found(beside)
    assert not one.drop
    assert why in one.reason


def test_an_orphan_that_looks_like_production_is_left_alone() -> None:
    """Its name is protected."""
    gone = Marker("dev_x_john_20261001")
    known = frozenset({gone.environment})
    warehouses = (OwnedObject(Identifier("PROD_WH"), gone),)
    beside = replace(BASE, warehouses=warehouses, journalled=known, forgotten=known)
    assert [one.drop for one in found(beside)] == [False]


def test_relations_of_a_project() -> None:
    """Dbt's temporary ones go; what left the project is reported, or dropped where the policy says so."""
    table = Relation("TABLE", 1, "then")
    inventory = {"MARTS.ORDERS": table, "MARTS.OLD": table, "MARTS.ORDERS__DBT_TMP": table, "MINE.NOTES": table}
    beside = replace(BASE, inventories={"dev": inventory}, manifests={"dev": frozenset({"MARTS.ORDERS"})})
    assert {one.name: one.drop for one in found(beside)} == {
        "OLIST_DEV.MARTS.ORDERS__DBT_TMP": True,
        "OLIST_DEV.MARTS.OLD": False,
    }
    dropped = found(beside, OrphanPolicy(stale_relations="drop"))
    assert {one.name for one in dropped if one.drop} == {"OLIST_DEV.MARTS.ORDERS__DBT_TMP", "OLIST_DEV.MARTS.OLD"}
    assert [one.drop for one in found(replace(beside, locked=frozenset({"dev"})))] == [False, False]
    working = replace(beside, used={"OLIST_DEV": NOW - timedelta(minutes=5)})
    assert [one.drop for one in found(working, OrphanPolicy(stale_relations="drop"))] == [False, False]
