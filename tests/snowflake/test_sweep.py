"""The sweep on an account, by a driven clock: noticed, set aside, dropped; never what is used, pinned or not ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluice.domain.cleanup.cleanup_plan import Action
from sluice.domain.cleanup.cleanup_policy import AtMost, CleanupPolicy, load_cleanup
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.ephemeral_state import State
from sluice.domain.ephemeral.lifecycle_changes import Change, ChangeRequest
from sluice.domain.ephemeral.templates import Request
from sluice.operations.caller import Caller
from sluice.operations.cleanup.sweep import plan_sweep, replay_policy, run_sweep, subjects
from sluice.operations.ephemeral.creation import create
from sluice.operations.ephemeral.lifecycle import bring_back, change
from sluice.operations.workspace import Workspace
from sluice.snowflake import locks, observe
from sluice.snowflake.connect import Session
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome
from tests.snowflake.prepared import provisioned

POLICY = load_cleanup(Path(__file__).resolve().parents[2] / "include" / "policies" / "cleanup.yml")
HOUR = timedelta(hours=1)
Killed = Callable[[int, Callable[[], object]], bool]
CHANGING = "(?i)^(alter|create|drop|insert|revoke|update)"


class Estate:
    """An account with environments in it, and a clock that is ours."""

    def __init__(self, work: Workspace, account: Snowdome, admin: Session) -> None:
        self.work, self.account, self.admin = work, account, admin
        self.turn = 0

    @property
    def now(self) -> datetime:
        """The account's time."""
        return datetime.fromisoformat(self.account.control("clock")["now"]).astimezone(UTC)

    def hand(self) -> Caller:
        """A new run."""
        self.turn += 1
        return Caller(f"run {self.turn}", "john", self.now)

    def make(self, feature: str) -> str:
        """A feature environment of John's, empty."""
        name = EphemeralName.make("dev", feature, "john", self.now.date())
        request = Request(name, "john", "data", feature, base="", hours=24)
        create(self.work, "feature", request, self.now, holder=feature, actor="john")
        return str(name)

    def use(self, name: str) -> None:
        """Somebody works in it."""
        with self.work.including(name).session(name) as session:
            session.run(Statement(f"USE DATABASE {name.upper()}"))
            session.run(Statement("CREATE OR REPLACE TABLE PUBLIC.T AS SELECT 1 AS A"))
            session.run(Statement("SELECT A FROM PUBLIC.T"))

    def after(self, hours: float, policy: CleanupPolicy = POLICY) -> dict[str, Action]:
        """So many hours later a sweep runs: what it did, by environment."""
        self.account.clock(advance_seconds=int(hours * 3600))
        plan = plan_sweep(self.work, policy, self.now, allowed=10)
        swept = run_sweep(self.work, plan, self.hand())
        assert swept.failed == ()
        return {one.name: one.action for one in swept.done}


PREPARED = {"estate": provisioned("dev")}


@pytest.fixture
def estate(work: Workspace, account: Snowdome, admin: Session) -> Estate:
    """Dev stands; nothing else is there."""
    account.clock(advance_seconds=1)
    return Estate(work, account, admin)


def test_the_way_out_by_the_clock(estate: Estate) -> None:
    """Its time over: notified; a day later set aside; a day later dropped; nothing is left; another in use stays."""
    old, used = estate.make("old"), estate.make("used")
    change(estate.work, used, ChangeRequest(Change.EXTEND, "needed", hours=600), estate.hand())
    estate.use(used)
    assert estate.after(25) == {old: Action.NOTICE}
    assert estate.after(1) == {}
    estate.use(used)
    assert estate.after(24) == {old: Action.QUARANTINE}
    assert estate.work.lives()[old].state is State.QUARANTINED
    estate.use(used)
    assert estate.after(25) == {old: Action.DROP}
    assert observe.databases(estate.admin, old.upper()) == []
    estate.use(used)
    assert estate.after(26) == {}
    assert old not in estate.work.lives()
    assert estate.work.lives()[used].state is State.READY


@pytest.mark.parametrize("answer", [Change.EXTEND, Change.PIN])
def test_an_answer_stops_it(estate: Estate, answer: Change) -> None:
    """Extended or pinned after the notice, or brought back from quarantine: it stays."""
    name = estate.make("answered")
    estate.make("other")
    assert name in estate.after(25)
    change(estate.work, name, ChangeRequest(answer, "still needed", hours=48), estate.hand())
    assert name not in estate.after(25)
    assert estate.work.lives()[name].state is State.READY


def test_undo_from_quarantine(estate: Estate) -> None:
    """What was set aside comes back and is noticed anew before anything else happens to it."""
    name = estate.make("undone")
    estate.make("other")
    estate.after(25)
    assert estate.after(25)[name] is Action.QUARANTINE
    bring_back(estate.work, name, "needed", estate.hand())
    assert estate.after(1)[name] is Action.NOTICE


def test_idleness_is_known_from_use(estate: Estate) -> None:
    """Three days without a statement is idle; without usage data nothing is."""
    idle, busy = estate.make("idle"), estate.make("busy")
    for name in (idle, busy):
        change(estate.work, name, ChangeRequest(Change.EXTEND, "long", hours=600), estate.hand())
        estate.use(name)
    assert estate.after(30) == {}
    estate.use(busy)
    estate.account.clock(advance_seconds=45 * 3600)
    estate.use(busy)
    assert estate.after(3) == {idle: Action.NOTICE}
    evidence = next(one for one in plan_sweep(estate.work, POLICY, estate.now).findings if one.name == idle)
    assert "idle for 3" in " ".join(evidence.evidence)


def test_what_is_not_ours_is_not_seen(estate: Estate) -> None:
    """A database of the same pattern without a marker, or with a journal but another marker, is left alone."""
    estate.admin.run(Statement("CREATE DATABASE DEV_FOREIGN_ANN_20200101"))
    name, other = estate.make("ours"), estate.make("other")
    estate.admin.run(Statement(f"ALTER DATABASE {name.upper()} SET COMMENT = 'taken over'"))
    assert estate.after(25) == {other: Action.NOTICE}
    assert {one.name for one in subjects(estate.work)} == {name, other, "dev"}
    assert observe.databases(estate.admin, "DEV_FOREIGN")


def test_a_pin_between_plan_and_step_is_seen(estate: Estate) -> None:
    """The step looks again under the lock: what changed since the plan stays."""
    name = estate.make("pinned")
    estate.make("other")
    estate.after(25)
    estate.account.clock(advance_seconds=25 * 3600)
    plan = plan_sweep(estate.work, POLICY, estate.now, allowed=10)
    assert name in {one.name for one in plan.of(Action.QUARANTINE)}
    lives = estate.work.lives()
    change(estate.work, name, ChangeRequest(Change.PIN, "a demo"), estate.hand())
    from sluice.operations.ephemeral import lifecycle

    with pytest.raises(Exception, match="changed since the sweep was planned"):
        lifecycle.set_aside(estate.work, name, "old", estate.hand(), until=estate.now + 24 * HOUR, planned=lives[name])
    assert estate.work.lives()[name].state is State.READY


def test_an_answer_while_a_sweep_is_under_way_is_seen(estate: Estate) -> None:
    """One session plans and acts, by one reading of the journal: a pin in between is read again under the lock."""
    name = estate.make("answered")
    estate.after(25)
    estate.account.clock(advance_seconds=25 * 3600)
    with estate.work.one_session() as shared:
        plan = plan_sweep(shared, POLICY, estate.now, allowed=10)
        assert [one.name for one in plan.of(Action.QUARANTINE)] == [name]
        change(estate.work, name, ChangeRequest(Change.PIN, "a demo"), estate.hand())
        swept = run_sweep(shared, plan, estate.hand())
    assert swept.done == ()
    assert [each for each, why in swept.failed if "changed since the sweep was planned" in why] == [name]
    assert estate.work.lives()[name].state is not State.QUARANTINED


def test_a_policy_is_played_over_days_that_are_past(estate: Estate) -> None:
    """What lay idle would have gone, what was used again would have been missed; nothing is changed by asking."""
    idle, missed, busy = (estate.make(name) for name in ("idle", "missed", "busy"))
    for name in (idle, missed, busy):
        change(estate.work, name, ChangeRequest(Change.EXTEND, "long", hours=600), estate.hand())
        estate.use(name)
    for _ in range(6):
        estate.account.clock(advance_seconds=24 * 3600)
        estate.use(busy)
    estate.use(missed)
    estate.account.clock(advance_seconds=6 * 3600)
    outcome = replay_policy(estate.work, POLICY.model_copy(update={"at_most": AtMost(percent=70)}), 8, estate.now)
    assert {one.name for one in outcome.environments if one.removed} == {idle, missed}
    assert [one.name for one in outcome.wrong] == [missed]
    assert {life.state for life in estate.work.lives().values()} == {State.READY}


def test_the_look_ups_do_not_grow(estate: Estate) -> None:
    """A sweep of three environments sends as many statements to look as one of one."""

    def looked() -> int:
        before = len(estate.account.control("statements")["statements"])
        plan_sweep(estate.work, POLICY, estate.now)
        return len(estate.account.control("statements")["statements"]) - before

    estate.make("one")
    first = looked()
    estate.make("two")
    estate.make("three")
    assert looked() == first


@pytest.mark.parametrize("when", ["before", "after"])
def test_whatever_is_lost_one_more_sweep_finishes(estate: Estate, when: str, every: bool) -> None:
    """At statements of noticing, setting aside and dropping: refused, or done with the answer lost; then re-run.

    Each statement meets one of that and a killed worker (see the next test), or `every` one all of it.

    After one re-run of the same sweep each step is complete, and the lock is free, or will be when its lease ends.
    """
    wanted = [State.NOTICED, State.QUARANTINED, State.DROPPED]
    hours = [25, 24, 25]
    struck = 0
    first = {"before": 2, "after": 1}[when]
    for number in range(1, 14) if every else range(first, 14, 3):
        name = estate.make(f"lost{number}{when}")
        for state, passed in zip(wanted, hours, strict=True):
            estate.account.clock(advance_seconds=passed * 3600)
            hand = estate.hand()
            estate.account.fault(CHANGING, nth=number, when=when, do="error", errno=603)
            for attempt in range(2):
                plan = plan_sweep(estate.work, POLICY, estate.now, allowed=20, holder=hand.holder)
                run_sweep(estate.work, plan, hand)
                if attempt == 0:
                    struck += not estate.account.control("faults")["faults"]
                    estate.account.no_faults()
            assert estate.work.lives()[name].state is state, (number, when, state)
        assert observe.databases(estate.admin, name.upper()) == []
        warehouses = {row["name"] for row in estate.admin.run(Statement("SHOW WAREHOUSES"))}
        assert f"{name.upper()}_WH" not in warehouses
        estate.account.clock(advance_seconds=900)  # a lock that could not be given back has a lease
        assert locks.locked_by_others(estate.admin, [name]) == {}
    assert struck >= (10 if every else 5)


def test_a_worker_that_is_killed_is_followed_by_one_that_finishes(estate: Estate, killed: Killed, every: bool) -> None:
    """Killed at statements of noticing, setting aside and dropping: one more sweep, and each step is complete."""
    struck = 0
    for number in range(1, 14) if every else range(3, 14, 3):
        name = estate.make(f"killed{number}")
        for state, hours in ((State.NOTICED, 25), (State.QUARANTINED, 24), (State.DROPPED, 25)):
            estate.account.clock(advance_seconds=hours * 3600)
            hand = estate.hand()

            def sweep(by: Caller = hand) -> None:
                plan = plan_sweep(estate.work, POLICY, estate.now, allowed=20, holder=by.holder)
                run_sweep(estate.work, plan, by)

            struck += killed(number, sweep)
            sweep(Caller(hand.holder, hand.actor, estate.now))
            assert estate.work.lives()[name].state is state, (number, state)
        assert observe.databases(estate.admin, name.upper()) == []
    assert struck >= (6 if every else 3)
