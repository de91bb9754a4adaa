"""Budgets on an account: limited, suspended, given back exactly; whatever dies in between, by one more check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sluice.domain.budgets.budget_actions import SetRestriction, explain
from sluice.domain.budgets.budget_policy import load_budgets
from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.budgets.spend import Figure, Measurement, Spend
from sluice.domain.names import Identifier, Marker
from sluice.domain.provisioning.resources import Warehouse
from sluice.errors import RefusedError, SluiceError, SpecError, StopError
from sluice.operations.budgets.budgets import by_hand, check, override, read, restrict
from sluice.operations.budgets.metering import measure
from sluice.operations.caller import Caller
from sluice.operations.provisioning.provision import plan_provision, provision
from sluice.operations.workspace import Workspace
from sluice.snowflake import warehouses
from sluice.snowflake.connect import Session
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome
from tests.snowflake.prepared import provisioned

POLICY = load_budgets(Path(__file__).resolve().parents[2] / "include" / "policies" / "budgets.yml")


PREPARED = {"home": provisioned("dev", "prod")}


@pytest.fixture
def home(work: Workspace, morning: datetime) -> Workspace:
    """Dev and prod stand, in the morning."""
    return work


def hand(work: Workspace, run: str = "check 1") -> Caller:
    """A run at the account's own time."""
    return Caller(run, "the clock", work.now())


def costing(now: datetime, dev: float, prod: float = 0) -> Measurement:
    """So many dollars today, as a meter would say it."""
    spends = {
        name: Spend(name, now, Figure(usd, usd / 2, usd), Figure(usd)) for name, usd in (("dev", dev), ("prod", prod))
    }
    return Measurement(now, spends, Figure(), Figure())


def compute(work: Workspace, name: str = "SLUICE_DEV_WH") -> Warehouse:
    """A warehouse's settings."""
    with work.control() as session:
        found = warehouses.settings(session, Identifier(name))
    assert found is not None
    return found


def state(work: Workspace, name: str = "SLUICE_DEV_WH") -> str:
    """Whether a warehouse runs."""
    with work.control() as session:
        rows = {row["name"]: row["state"] for row in session.run(Statement("SHOW WAREHOUSES"))}
    return str(rows[name])


def held(work: Workspace, name: str = "dev") -> Restriction:
    """What the budget holds an environment to."""
    with work.control() as session:
        guards = read(session)
    return guards[name].restriction if name in guards else Restriction.NONE


def test_graded_and_given_back_exactly(home: Workspace, account: Snowdome) -> None:
    """Limited at four fifths, suspended at all of it, whole again the next day; production is not touched."""
    before, prod = compute(home), compute(home, "SLUICE_PROD_WH")
    check(home, POLICY, costing(home.now(), dev=41, prod=5000), hand(home, "1"))
    limited = compute(home)
    assert held(home) is Restriction.THROTTLED
    assert (limited.size, limited.max_cluster_count, limited.concurrent_queries) == ("XSMALL", 1, 2)
    assert limited.statement_timeout == 600
    with home.session("dev") as session:
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    check(home, POLICY, costing(home.now(), dev=50), hand(home, "2"))
    assert (held(home), state(home), compute(home).auto_resume) == (Restriction.SUSPENDED, "SUSPENDED", False)
    with home.session("dev") as session, pytest.raises(SluiceError):
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    assert check(home, POLICY, costing(home.now(), dev=55), hand(home, "3")).plan.restrictions == ()
    account.clock(advance_seconds=24 * 3600)
    check(home, POLICY, costing(home.now(), dev=0), hand(home, "4"))
    assert held(home) is Restriction.NONE
    assert compute(home) == before
    assert compute(home, "SLUICE_PROD_WH") == prod


def test_stopped_by_hand_and_started_by_hand(home: Workspace, account: Snowdome) -> None:
    """What a person stops, no check gives back; production is stopped by nobody here."""
    before = compute(home)
    by_hand(home, ["dev"], Restriction.SUSPENDED, POLICY, hand(home, "stop"), reason="a runaway job")
    account.clock(advance_seconds=3600)
    assert check(home, POLICY, costing(home.now(), dev=0), hand(home)).plan.restrictions == ()
    assert held(home) is Restriction.SUSPENDED
    by_hand(home, ["dev"], Restriction.NONE, POLICY, hand(home, "start"), reason="mended")
    assert compute(home) == before
    with pytest.raises(RefusedError, match="never stopped"):
        by_hand(home, ["dev", "prod"], Restriction.SUSPENDED, POLICY, hand(home, "both"), reason="panic")
    assert held(home) is Restriction.NONE
    with pytest.raises(SpecError, match="no such environment"):
        by_hand(home, ["dve"], Restriction.SUSPENDED, POLICY, hand(home), reason="panic")


def test_an_override_gives_it_back(home: Workspace, account: Snowdome) -> None:
    """More dollars until an end, with a reason; without one, nothing is written."""
    check(home, POLICY, costing(home.now(), dev=50), hand(home, "1"))
    for usd, hours, reason, words in (
        (0, 8, "x", "of some dollars"),
        (-5, 8, "x", "of some dollars"),
        (float("nan"), 8, "x", "of some dollars"),
        (float("inf"), 8, "x", "of some dollars"),
        (20, 0, "x", "ends within a month"),
        (20, 24 * 32, "x", "ends within a month"),
        (20, 8, " ", "a reason is needed"),
    ):
        ends = home.now() + timedelta(hours=hours)
        with pytest.raises(SpecError, match=words):
            override(home, "dev", usd, ends, hand(home), reason=reason)
    with home.control() as session:
        assert read(session)["dev"].override is None
    override(home, "dev", 100, home.now() + timedelta(hours=8), hand(home), reason="month-end close")
    account.clock(advance_seconds=1800)
    check(home, POLICY, costing(home.now(), dev=50), hand(home, "2"))
    assert held(home) is Restriction.NONE


FAULTS = ["error before", "error after", "drop before", "drop after", "kill"]
"""What happens at a statement; unless every fault is asked for, each statement meets one of them."""
Turns = Callable[[int, int], Iterator[int]]


@pytest.mark.parametrize("when", ["before", "after"])
def test_whatever_dies_the_next_check_finishes(
    home: Workspace, account: Snowdome, clear: Callable[[], int], turns: Turns, *, when: str
) -> None:
    """At every statement of limiting, suspending and giving back: never twice, never forgotten, exactly as before."""
    before = compute(home)
    for number in turns(FAULTS.index(f"error {when}"), len(FAULTS)):
        struck = False
        for turn, (dev, wanted) in enumerate(
            ((41, Restriction.THROTTLED), (50, Restriction.SUSPENDED), (0, Restriction.NONE))
        ):
            account.clock(advance_seconds=1800)
            account.fault("(?i)^(alter|insert)", nth=number, when=when, do="error", errno=603)
            check(home, POLICY, costing(home.now(), dev=dev), hand(home, f"{number} {turn} a"))
            struck = struck or not account.control("faults")["faults"]
            clear()
            check(home, POLICY, costing(home.now(), dev=dev), hand(home, f"{number} {turn} b"))
            assert held(home) is wanted, (number, turn)
            assert (state(home) == "SUSPENDED" and not compute(home).auto_resume) or wanted is not Restriction.SUSPENDED
        assert compute(home) == before, number
        if not struck:
            break
    assert number > 4


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_at_any_statement_acts_once(
    home: Workspace, account: Snowdome, clear: Callable[[], int], turns: Turns, *, when: str
) -> None:
    """Every change of limiting, suspending and giving back loses its connection: one more check leaves it exact."""
    before = compute(home)
    for number in turns(FAULTS.index(f"drop {when}"), len(FAULTS)):
        struck = False
        for turn, (dev, wanted) in enumerate(
            ((41, Restriction.THROTTLED), (50, Restriction.SUSPENDED), (0, Restriction.NONE))
        ):
            account.clock(advance_seconds=1800)
            account.fault("(?i)^(alter|insert)", nth=number, when=when, do="drop")
            check(home, POLICY, costing(home.now(), dev=dev), hand(home, f"{number} {turn} a"))
            struck = clear() == 0 or struck
            check(home, POLICY, costing(home.now(), dev=dev), hand(home, f"{number} {turn} b"))
            assert held(home) is wanted, (number, turn)
            assert (state(home) == "SUSPENDED" and not compute(home).auto_resume) or wanted is not Restriction.SUSPENDED
        assert compute(home) == before, number
        if not struck:
            break
    assert number > 4


def test_a_checker_that_is_killed_is_followed_by_one_that_finishes(
    home: Workspace, account: Snowdome, killed: Callable[[int, Callable[[], object]], bool], every: bool
) -> None:
    """Killed with -9 at changes of a check: the next one ends it, the account and the guard agree, all is exact."""
    before = compute(home)
    struck = 0
    for number in range(1, 7) if every else (1, 3, 5):
        for turn, (dev, wanted) in enumerate(
            ((41, Restriction.THROTTLED), (50, Restriction.SUSPENDED), (0, Restriction.NONE))
        ):

            def look(dev: float = dev, run: str = f"{number} {turn}") -> None:
                check(home, POLICY, costing(home.now(), dev=dev), hand(home, run))

            account.clock(advance_seconds=1800)  # cooled
            struck += killed(number, look)
            check(home, POLICY, costing(home.now(), dev=dev), hand(home, f"{number} {turn} next"))
            assert held(home) is wanted, (number, turn)
            assert (state(home) == "SUSPENDED" and not compute(home).auto_resume) or wanted is not Restriction.SUSPENDED
        assert compute(home) == before, number
    assert struck >= 5


def test_two_checks_at_once_stop_it_once(home: Workspace) -> None:
    """Both saw it overspend; the second finds it done, and what is to be given back is what the first had seen."""
    before = compute(home)
    runs = [hand(home, "one"), hand(home, "two")]
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda by: check(home, POLICY, costing(by.now, dev=50), by), runs))
    assert [one.failed for one in done] == [(), ()]
    assert (held(home), state(home)) == (Restriction.SUSPENDED, "SUSPENDED")
    by_hand(home, ["dev"], Restriction.NONE, POLICY, hand(home, "start"), reason="mended")
    assert compute(home) == before


def test_what_another_check_has_done_is_not_done_again(home: Workspace, account: Snowdome) -> None:
    """A second run that decided the same on what it saw before sends no change at all."""
    step = SetRestriction("dev", Restriction.SUSPENDED, "over")
    with home.control() as session:
        restrict(session, home.spec("dev"), step, POLICY, hand(home, "one"))
        account.fault("(?i)^(alter|insert)", do="error", errno=603)
        restrict(session, home.spec("dev"), step, POLICY, hand(home, "two"))
    assert len(account.control("faults")["faults"]) == 1


def test_a_foreign_warehouse_of_the_name_is_left_alone(home: Workspace, admin: Session) -> None:
    """Neither limited, suspended nor given back, and named; the others go on; by hand nothing is changed at all."""
    provision(home, "staging", home.now(), holder="staging")
    admin.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET COMMENT = 'month end'"))
    before = compute(home)
    for number, usd in enumerate((41, 50)):
        seen = costing(home.now(), dev=usd)
        staging = Spend("staging", seen.at, Figure(5000), Figure(5000))
        done = check(home, POLICY, replace(seen, spends={**seen.spends, "staging": staging}), hand(home, str(number)))
        assert [name for name, _ in done.failed] == ["dev"]
        assert "does not bear this environment's marker" in done.failed[0][1]
        assert (compute(home), held(home), held(home, "staging")) == (before, Restriction.NONE, Restriction.THROTTLED)
    staging_before = compute(home, home.spec("staging").warehouse.name.name)
    with pytest.raises(StopError, match="SLUICE_DEV_WH"):
        by_hand(home, ["staging", "dev"], Restriction.SUSPENDED, POLICY, hand(home, "stop"), reason="panic")
    assert (held(home, "staging"), compute(home, staging_before.name.name)) == (Restriction.THROTTLED, staging_before)
    admin.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET COMMENT = %s", (Marker("dev").comment,)))
    check(home, POLICY, costing(home.now(), dev=50), hand(home, "ours"))
    admin.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET COMMENT = 'month end'"))
    with pytest.raises(StopError, match="SLUICE_DEV_WH"):
        by_hand(home, ["dev"], Restriction.NONE, POLICY, hand(home, "start"), reason="mended")
    assert not compute(home).auto_resume


def test_what_somebody_starts_again_is_stopped_once_more(home: Workspace, account: Snowdome, admin: Session) -> None:
    """Whoever may OPERATE it starts it: the next check stops it and says so; at once again, a person is notified."""
    admin.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET AUTO_SUSPEND = 0"))
    before = compute(home)
    check(home, POLICY, costing(home.now(), dev=50), hand(home, "1"))
    for minutes, stopped in ((5, True), (5, False), (15, True)):
        admin.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH RESUME"))
        account.clock(advance_seconds=60 * minutes)
        now = home.now()
        seen = replace(costing(now, dev=50), warehouses=measure(home, now, record=False).warehouses)
        done = check(home, POLICY, seen, hand(home, f"at {now}"))
        assert (state(home) == "SUSPENDED") is stopped
        says = "somebody started it while it was suspended" if stopped else "is started repeatedly while suspended"
        assert any(says in line for line in explain(done.plan))
        if not stopped:
            assert done.plan.restrictions == ()
            admin.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SUSPEND"))
    assert not compute(home).auto_resume
    by_hand(home, ["dev"], Restriction.NONE, POLICY, hand(home, "start"), reason="mended")
    assert compute(home) == before


def test_a_runaway_is_noticed_within_minutes(home: Workspace, account: Snowdome) -> None:
    """Real statements, the real meter, a check every five minutes: dev is stopped soon after USD 50, and only dev."""
    measure(home, home.now())
    with home.session("dev") as session:
        session.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET WAREHOUSE_SIZE = XXLARGE AUTO_SUSPEND = 0"))
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    minutes = 0
    while held(home) is not Restriction.SUSPENDED and minutes < 180:
        account.clock(advance_seconds=300)
        minutes += 5
        check(home, POLICY, measure(home, home.now()), hand(home, f"check {minutes}"))
    spent = measure(home, home.now(), record=False).spends["dev"].day.usd
    assert held(home) is Restriction.SUSPENDED
    assert 50 <= spent < 60
    assert state(home) == "SUSPENDED"
    assert held(home, "prod") is Restriction.NONE


def test_provisioning_does_not_fight_a_budget(home: Workspace) -> None:
    """What a budget limited is not drift; what it suspended is not repaired, and the budget is named."""
    check(home, POLICY, costing(home.now(), dev=41), hand(home, "1"))
    plan = plan_provision(home, "dev", home.now())
    assert plan.empty
    assert any("its budget has changed" in note for note in plan.notes)
    check(home, POLICY, costing(home.now(), dev=50), hand(home, "2"))
    with pytest.raises(RefusedError, match="its budget has suspended it"):
        provision(home, "dev", home.now(), holder="again")
    assert state(home) == "SUSPENDED"
