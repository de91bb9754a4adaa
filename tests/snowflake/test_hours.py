"""Hours on an account: a week of them; never under a lock, never against a budget, finished by one more check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sluice.domain.budgets.budget_policy import load_budgets
from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.budgets.spend import Figure, Measurement, Spend
from sluice.domain.names import Identifier
from sluice.domain.provisioning.resources import Warehouse
from sluice.domain.schedules.hours import ExceptionsBlock, HoursBlock
from sluice.domain.schedules.schedule_state import ScheduleEvent
from sluice.errors import SluiceError, SpecError
from sluice.operations.budgets import budgets
from sluice.operations.budgets.budgets import specs_of
from sluice.operations.caller import Caller
from sluice.operations.conditions import affordable
from sluice.operations.provisioning.provision import plan_provision, provision
from sluice.operations.schedules.schedules import ScheduleReport, check, read, reason, stay_open
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, locks, warehouses
from sluice.snowflake.connect import Row
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

POLICY = load_budgets(Path(__file__).resolve().parents[2] / "include" / "policies" / "budgets.yml")
BERLIN = ZoneInfo("Europe/Berlin")
HOURS = HoursBlock(zone="Europe/Berlin", start="08:00", end="18:00")


@pytest.fixture
def home(work: Workspace) -> Workspace:
    """Dev, which has hours, and prod, which has a schedule, stand."""
    return having(work, HOURS)


def stand(account: Snowdome, work: Workspace) -> None:
    for name in ("dev", "prod"):
        provision(having(work, HOURS), name, work.now(), holder=name)


PREPARED = {"home": stand}


def having(work: Workspace, hours: HoursBlock | None) -> Workspace:
    """Dev with these hours, and prod."""
    dev, prod = (work.environments[name].model_copy(update={"upstream": None}) for name in ("dev", "prod"))
    return replace(work, environments={"dev": dev.model_copy(update={"hours": hours}), "prod": prod})


def to(account: Snowdome, work: Workspace, time: str, weekday: int | None = None) -> datetime:
    """The account's clock is moved on to the next such time of such a day in Berlin."""
    now = work.now()
    there = now.astimezone(BERLIN)
    hour, minute = (int(part) for part in time.split(":"))
    wanted = there.replace(hour=hour, minute=minute, second=0, microsecond=0)
    while wanted.astimezone(UTC) <= now or (weekday is not None and wanted.weekday() != weekday):
        wanted += timedelta(days=1)
    account.clock(advance_seconds=int((wanted.astimezone(UTC) - now).total_seconds()) + 1)
    return work.now()


def keep(work: Workspace) -> ScheduleReport:
    """One check, as a run of its own."""
    return check(work, specs_of(work), hand(work))


def budget(work: Workspace, usd: float) -> None:
    """One check of budgets that sees dev have cost so much."""
    now = work.now()
    spend = Spend("dev", now, Figure(usd, usd / 2, usd), Figure(usd))
    made = budgets.check(work, POLICY, Measurement(now, {"dev": spend}, Figure(), Figure()), hand(work))
    assert made.failed == ()


def hand(work: Workspace) -> Caller:
    """A run at the account's own time."""
    now = work.now()
    return Caller(f"run {now.isoformat()}", "ann", now)


def compute(work: Workspace, name: str = "SLUICE_DEV_WH") -> Warehouse:
    """A warehouse's settings."""
    with work.control() as session:
        found = warehouses.settings(session, Identifier(name))
    assert found is not None
    return found


def shown(work: Workspace) -> Row:
    """Dev's warehouse, as SHOW shows it."""
    with work.control() as session:
        return next(row for row in session.run(Statement("SHOW WAREHOUSES")) if row["name"] == "SLUICE_DEV_WH")


def works(work: Workspace, name: str = "dev") -> bool:
    """Whether a statement that needs the environment's warehouse is answered."""
    try:
        with work.session(name) as session:
            session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    except SluiceError:
        return False
    return True


def closed(work: Workspace) -> bool:
    """Whether the journal and the account both say that dev is closed; they may not differ."""
    with work.control() as session:
        found = read(session).get("dev")
    said = found is not None and found.closed
    assert found is None or not found.pending
    assert compute(work).auto_resume is not said
    return said


def held(work: Workspace) -> Restriction:
    """What the budget holds dev to."""
    with work.control() as session:
        guards = budgets.read(session)
    return guards["dev"].restriction if "dev" in guards else Restriction.NONE


def formers(work: Workspace, *kinds: str) -> list[object]:
    """The settings that were recorded as those before a closing."""
    with work.control() as session:
        return [one.payload["former"] for one in journal.read(session, environment="dev", kinds=kinds)]


def test_a_week(home: Workspace, account: Snowdome) -> None:
    """Closed each evening, open each morning exactly as before, shut at the weekend; a check too many does nothing."""
    to(account, home, "07:00", weekday=0)
    keep(home)
    to(account, home, "08:01")
    keep(home)
    before = compute(home)
    for day in range(7):
        for time, wanted in (("07:54", False), ("07:56", day < 5), ("17:59", day < 5), ("18:01", False)):
            if (day, time) < (0, "17:59"):
                continue
            to(account, home, time)
            keep(home)
            again = keep(home)
            assert (again.done, again.left, again.failed) == ((), (), ()), (day, time)
            assert closed(home) is not wanted, (day, time)
            assert works(home) is wanted, (day, time)
            assert shown(home)["state"] == ("STARTED" if wanted else "SUSPENDED")
            assert works(home, "prod")
            if wanted:
                assert compute(home) == before
    assert formers(home, ScheduleEvent.CLOSING)[1:] == [{"auto_resume": True}] * 5


def test_exceptions(home: Workspace, account: Snowdome) -> None:
    """A Saturday of the month-end is open, a Monday's holiday is closed."""
    friday = to(account, home, "12:00", weekday=4).astimezone(BERLIN).date()
    days = ExceptionsBlock(open=(friday + timedelta(days=1),), closed=(friday + timedelta(days=3),))
    home = having(home, HOURS.model_copy(update={"exceptions": days}))
    seen = []
    for _ in range(5):
        keep(home)
        seen.append(works(home))
        account.clock(advance_seconds=24 * 3600)
    assert seen == [True, True, False, False, True]


def test_never_under_a_lock(home: Workspace, account: Snowdome) -> None:
    """A promotion goes on past six o'clock, size and clusters of its warehouse are left alone; then it is due."""
    to(account, home, "17:00", weekday=1)
    keep(home)
    prod = compute(home, "SLUICE_PROD_WH")
    for name in ("dev", "prod"):
        with home.session(name) as session:
            locks.acquire(session, name, f"d {name}", 7200)
            session.run(Statement(f"ALTER WAREHOUSE SLUICE_{name.upper()}_WH SET WAREHOUSE_SIZE = XLARGE"))
    to(account, home, "18:05")
    kept = keep(home)
    assert (kept.done, kept.failed) == ((), ())
    assert [line.split(":")[0] for line in kept.left] == ["dev", "prod"]
    assert works(home)
    assert compute(home, "SLUICE_PROD_WH") == replace(prod, size=compute(home, "SLUICE_PROD_WH").size)
    for name in ("dev", "prod"):
        with home.session(name) as session:
            locks.release(session, name, f"d {name}")
    assert len(keep(home).done) == 2
    assert closed(home)
    assert compute(home, "SLUICE_PROD_WH").max_cluster_count == 4


def test_provisioning_at_night(home: Workspace, account: Snowdome) -> None:
    """A closed environment is no drift: nothing to do, and what is to do is done without opening it."""
    now = to(account, home, "23:00", weekday=2)
    keep(home)
    plan = plan_provision(home, "dev", now)
    assert plan.empty
    assert any("closed by its hours" in note for note in plan.notes)
    with home.control() as session:
        session.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET STATEMENT_TIMEOUT_IN_SECONDS = 5"))
    assert provision(home, "dev", now, holder="at night").steps
    assert plan_provision(home, "dev", now).empty
    assert closed(home)
    assert shown(home)["state"] == "SUSPENDED"
    assert keep(home).done == ()


def test_what_runs_at_six_is_let_finish(home: Workspace, account: Snowdome) -> None:
    """A statement in progress is not aborted; the next one finds it closed."""
    to(account, home, "17:59", weekday=4)
    keep(home)
    cursor = account.connect(warehouse="SLUICE_DEV_WH").cursor()
    cursor.execute_async("CALL SYSTEM$WAIT(1200)")
    while not shown(home)["running"]:
        pass
    to(account, home, "18:01")
    keep(home)
    assert closed(home)
    assert shown(home)["running"] == 1
    assert not works(home)
    account.clock(advance_seconds=1200)
    cursor.get_results_from_sfqid(cursor.sfqid)
    assert cursor.fetchone() is not None
    assert shown(home)["running"] == 0
    assert shown(home)["state"] == "SUSPENDED"


def test_late_work(home: Workspace, account: Snowdome) -> None:
    """Opened by hand with a reason, at once, until then; bad wishes change nothing."""
    to(account, home, "19:00", weekday=3)
    keep(home)
    assert closed(home)
    assert affordable(home, "dev", {}) is None
    assert reason(home, home.spec("dev")) is not None
    assert "closed until Friday" in str(reason(home, home.spec("dev")))
    for names, end, why in (
        (["dev"], "21:00", " "),
        (["dev"], "25:00", "x"),
        (["dev"], "2020-01-01T10:00", "x"),
        (["dev"], "2099-01-01T10:00", "x"),
        (["dev", "prod"], "21:00", "x"),
        (["nowhere"], "21:00", "x"),
    ):
        with pytest.raises(SpecError):
            stay_open(home, specs_of(home), names, end, hand(home), reason=why)
    assert closed(home)
    stay_open(home, specs_of(home), ["dev"], "21:00", hand(home), reason="month-end close")
    assert works(home)
    assert affordable(home, "dev", {}) is not None
    assert reason(home, home.spec("dev")) is None
    to(account, home, "20:59")
    assert keep(home).done == ()
    assert works(home)
    to(account, home, "21:01")
    keep(home)
    assert closed(home)


def test_beside_the_budget(home: Workspace, account: Snowdome) -> None:
    """Neither gives back what the other holds, in whatever order they come, and what was before is never lost."""
    to(account, home, "08:01", weekday=0)
    keep(home)
    before = compute(home)
    to(account, home, "17:00")
    budget(home, 50)  # suspended by day, closed in the evening
    assert held(home) is Restriction.SUSPENDED
    to(account, home, "18:01")
    keep(home)
    to(account, home, "08:01")
    keep(home)  # its morning does not open what its budget holds
    assert not compute(home).auto_resume
    assert not works(home)
    budget(home, 0)
    assert held(home) is Restriction.NONE
    assert compute(home) == before

    to(account, home, "18:01")
    keep(home)  # closed, and then suspended and given back within the night
    budget(home, 50)
    to(account, home, "23:00")
    budget(home, 0)
    assert held(home) is Restriction.NONE
    assert closed(home)
    assert not works(home)
    to(account, home, "08:01")
    keep(home)
    assert compute(home) == before

    to(account, home, "18:01")
    keep(home)  # closed, suspended in the night, and given back by day
    budget(home, 50)
    to(account, home, "08:01")
    keep(home)
    assert not works(home)
    budget(home, 0)
    assert compute(home) == before

    to(account, home, "17:30")
    budget(home, 50)
    to(account, home, "18:01")
    keep(home)  # closed while suspended, given back while closed
    to(account, home, "01:00")
    budget(home, 0)
    assert closed(home)
    assert not works(home)
    to(account, home, "08:01")
    keep(home)
    assert compute(home) == before
    assert works(home)


Turns = Callable[[int, int], Iterator[int]]
Killed = Callable[[int, Callable[[], object]], bool]
FAULTS = [("before", "error"), ("after", "error"), ("after", "drop"), ("", "kill")]


@pytest.mark.parametrize("which", range(len(FAULTS)), ids=lambda which: "-".join(FAULTS[which]))
def test_whatever_dies_the_next_check_finishes(
    home: Workspace, account: Snowdome, clear: Callable[[], int], killed: Killed, turns: Turns, *, which: int
) -> None:
    """At every statement of closing and opening: the very settings, and what was before is what was before."""
    when, do = FAULTS[which]
    to(account, home, "08:01")
    home = having(home, HOURS.model_copy(update={"days": (*HOURS.days, "saturday", "sunday")}))
    keep(home)
    before = compute(home)
    for number in turns(which, len(FAULTS)):
        struck = False
        for time, shut in (("18:01", True), ("08:01", False)):
            to(account, home, time)
            if do == "kill":
                struck = killed(number, lambda: keep(home)) or struck
            else:
                more = {"errno": 603} if do == "error" else {}
                account.fault("(?i)^(alter|insert|create|drop|update)", nth=number, when=when, do=do, **more)
                keep(home)
                struck = struck or not account.control("faults")["faults"]
                clear()
                account.clock(advance_seconds=300)
            kept = keep(home)
            assert (kept.failed, kept.left) == ((), ()), (number, shut)
            assert closed(home) is shut, (number, shut)
            assert (shown(home)["state"] == "SUSPENDED") or not shut
            assert keep(home).done == ()
        assert compute(home) == before, number
        if not struck:
            break
    assert number > 4
    assert all(one == {"auto_resume": True} for one in formers(home, ScheduleEvent.CLOSING))


def test_a_warehouse_that_runs_for_nobody(home: Workspace, account: Snowdome) -> None:
    """Whatever AUTO_SUSPEND it was given: suspended after its time, not while it is used, started by the next."""
    to(account, home, "10:00", weekday=2)
    keep(home)
    assert works(home)
    endless = Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET AUTO_SUSPEND = 0")
    with home.session("dev") as session:
        session.run(endless)
    account.clock(advance_seconds=200)
    assert works(home)
    account.clock(advance_seconds=200)
    assert keep(home).done == ("dev: auto_suspend 0 → 60",)  # used 200 s ago: not for nobody, but drift
    with home.session("dev") as session:
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
        session.run(endless)
    account.clock(advance_seconds=310)
    assert shown(home)["state"] == "STARTED"
    keep(home)
    assert shown(home)["state"] == "SUSPENDED"
    assert works(home)


def test_hours_that_are_no_more(home: Workspace, account: Snowdome) -> None:
    """Taken out of the spec, or switched off: what is closed is opened by the next check."""
    to(account, home, "22:00")
    keep(home)
    assert closed(home)
    check(home, specs_of(home), hand(home), off_hours=False)
    assert works(home)
    keep(home)
    assert closed(home)
    keep(having(home, None))
    assert works(home)


def test_only_what_is_ours(home: Workspace, account: Snowdome) -> None:
    """A warehouse without the environment's marker is left alone, by name; the others go on."""
    to(account, home, "22:00")
    with home.control() as session:
        session.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET COMMENT = 'mine'"))
        session.run(Statement("ALTER WAREHOUSE SLUICE_PROD_WH SET MAX_CLUSTER_COUNT = 10"))
    kept = keep(home)
    assert [(name, "marker" in why) for name, why in kept.failed] == [("dev", True)]
    assert compute(home).auto_resume
    assert compute(home, "SLUICE_PROD_WH").max_cluster_count == 4
