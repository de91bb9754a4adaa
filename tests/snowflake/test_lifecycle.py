"""The life of an environment on an account: extended, pinned, resized, set aside, dropped, brought back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.ephemeral_state import EphemeralEvent, State
from sluice.domain.ephemeral.lifecycle_changes import Change, ChangeRequest
from sluice.domain.ephemeral.templates import Request, Template
from sluice.domain.names import Identifier
from sluice.domain.specs.blocks import Kind
from sluice.errors import RefusedError, SluiceError, SpecError, StopError
from sluice.operations.caller import Caller
from sluice.operations.ephemeral.creation import create
from sluice.operations.ephemeral.lifecycle import bring_back, change, destroy, drop, forget, set_aside
from sluice.operations.provisioning.provision import plan_provision, provision
from sluice.operations.workspace import Workspace
from sluice.snowflake import journal, observe
from sluice.snowflake.connect import Session
from sluice.snowflake.error_mapping import DeniedError, MissingError
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

NOW = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NAME = "dev_orders_john_20261120"
DATABASE = NAME.upper()


def hand(number: int = 1) -> Caller:
    """A run of John's."""
    return Caller(f"run {number}", "john", NOW + number * timedelta(minutes=1))


def request(feature: str = "orders", purpose: str = "dev") -> Request:
    """What John asks for: an empty environment."""
    name = EphemeralName.make(purpose, feature, "john", NOW.date())
    return Request(name, "john", "data", "a new mart", base="")


@pytest.fixture
def home(work: Workspace) -> Workspace:
    """Dev stands, and John's environment is there with a table in it."""
    return work


def stand(account: Snowdome, work: Workspace) -> None:
    """They do."""
    provision(work, "dev", NOW, holder="dev")
    create(work, "feature", request(), NOW, holder="create", actor="john")
    with work.including(NAME).session(NAME) as session:
        session.run(Statement(f"CREATE TABLE {DATABASE}.PUBLIC.T AS SELECT 1 AS A"))


PREPARED = {"home": stand}


def content(work: Workspace) -> list[dict[str, object]]:
    """What the environment's own user reads in it."""
    with work.including(NAME).session(NAME) as session:
        return session.run(Statement(f"SELECT A FROM {DATABASE}.PUBLIC.T"))


def test_extended_resized_and_handed_over(home: Workspace, admin: Session) -> None:
    """Each change is in the journal and in the account: tags, size, the monitor's credits."""
    later = change(home, NAME, ChangeRequest(Change.EXTEND, "not done yet", hours=48), hand(1))
    assert later.expires == NOW + 9 * DAY
    change(home, NAME, ChangeRequest(Change.RESIZE, "a large join", size="SMALL"), hand(2))
    change(home, NAME, ChangeRequest(Change.BUDGET, "a large join", daily_usd=Decimal(50)), hand(3))
    change(home, NAME, ChangeRequest(Change.TRANSFER, "on leave", owner="ann"), hand(4))
    life = home.lives()[NAME]
    assert (life.owner, life.expires, life.spec.tags["OWNER"]) == ("ann", later.expires, "ann")
    assert plan_provision(home.including(NAME), NAME, NOW).empty
    shown = next(row for row in admin.run(Statement("SHOW WAREHOUSES")) if row["name"] == f"{DATABASE}_WH")
    assert shown["size"] == "Small"
    assert float(admin.one(Statement(f"SHOW RESOURCE MONITORS LIKE '{DATABASE}_RM'"))["credit_quota"]) == 25


@pytest.mark.parametrize(
    ("wish", "error", "words"),
    [
        (ChangeRequest(Change.EXTEND, "for ever", hours=600), SpecError, "at most 720 hours"),
        (ChangeRequest(Change.EXTEND, "less", hours=0), SpecError, "at most 720 hours"),
        (ChangeRequest(Change.RESIZE, "x", size="HUGE"), SpecError, "no such warehouse size"),
        (ChangeRequest(Change.BUDGET, "x", daily_usd=Decimal(500)), SpecError, "at most USD 100"),
        (ChangeRequest(Change.TRANSFER, "x", owner="john"), SpecError, "somebody else"),
    ],
)
def test_bad_wishes_change_nothing(home: Workspace, wish: ChangeRequest, error: type[SluiceError], words: str) -> None:
    """Refused with what would be good; the environment is as it was."""
    before = home.lives()[NAME]
    with pytest.raises(error, match=words):
        change(home, NAME, wish, hand())
    assert home.lives()[NAME] == before


def test_a_standing_environment_has_no_such_life(home: Workspace) -> None:
    """Its file decides; nobody destroys it from here."""
    for wrong in ("dev", "prod"):
        with pytest.raises(SpecError, match="stands for good"):
            destroy(home, wrong, hand(), reason="x", confirmation=wrong)
    with pytest.raises(SpecError, match="no such environment"):
        destroy(home, "dev_x_john_20261120", hand(), reason="x", confirmation="dev_x_john_20261120")


def test_set_aside_and_back(home: Workspace) -> None:
    """Out of everybody's reach, all of it still there; then as it was."""
    set_aside(home, NAME, "idle", hand(1), until=NOW + DAY)
    life = home.lives()[NAME]
    assert (life.state, life.until) == (State.QUARANTINED, NOW + DAY)
    with pytest.raises((DeniedError, MissingError, SpecError)):
        content(home)
    with pytest.raises(RefusedError, match="sluice env undo"):
        change(home, NAME, ChangeRequest(Change.EXTEND, "oh"), hand(2))
    bring_back(home, NAME, "still needed", hand(3))
    assert home.lives()[NAME].state is State.READY
    assert content(home) == [{"a": 1}]
    assert plan_provision(home.including(NAME), NAME, NOW).empty


def left(admin: Session, *kinds: str) -> list[str]:
    """What of these kinds still bears the environment's name."""
    return [row["name"] for kind in kinds for row in admin.run(Statement(f"SHOW {kind}")) if DATABASE in row["name"]]


@pytest.mark.parametrize("aside", [False, True], ids=["destroyed", "after quarantine"])
def test_destroyed_and_back(home: Workspace, admin: Session, aside: bool) -> None:
    """Nothing of it is left in the account; while Snowflake keeps the database, it can be undone."""
    if aside:
        set_aside(home, NAME, "idle", hand(1), until=NOW + DAY)
        drop(home, NAME, "idle", hand(2))
    else:
        destroy(home, NAME, hand(2), reason="done", confirmation=NAME)
    assert home.lives()[NAME].state is State.DROPPED
    assert observe.databases(admin, DATABASE) == []
    assert left(admin, "WAREHOUSES", "RESOURCE MONITORS") == []
    with pytest.raises(RefusedError, match="can still be brought back"):
        forget(home, NAME, hand(2))
    bring_back(home, NAME, "too early", hand(3))
    assert content(home) == [{"a": 1}]
    assert plan_provision(home.including(NAME), NAME, NOW).empty


def test_what_has_its_names_and_is_not_its_own_stays_and_is_named(home: Workspace, admin: Session) -> None:
    """A monitor that guards somebody's warehouse as well, and a role without the marker, outlive the environment."""
    monitor, role = f"{DATABASE}_RM", f"SLUICE_{DATABASE}"
    admin.run(Statement(f"ALTER WAREHOUSE TESTS SET RESOURCE_MONITOR = {monitor}"))
    admin.run(Statement(f"ALTER ROLE {role} SET COMMENT = 'mine'"))
    assert any("guards TESTS as well" in note for note in plan_provision(home.including(NAME), NAME, NOW).notes)
    destroy(home, NAME, hand(1), reason="done", confirmation=NAME)
    forget(home, NAME, Caller("late", "john", NOW + 3 * DAY))
    assert left(admin, "WAREHOUSES", "RESOURCE MONITORS", "ROLES") == [monitor, role]
    assert admin.one(Statement("SHOW WAREHOUSES LIKE 'TESTS'"))["resource_monitor"] == monitor
    events = journal.read(admin, environment=NAME, kinds=(EphemeralEvent.DROPPED, EphemeralEvent.FORGOTTEN))
    said = [event.payload["left"] for event in events]
    assert said == [
        [f"resource monitor {monitor} guards TESTS"],
        [f"role {role} does not bear this environment's marker"],
    ]


def test_a_monitor_that_guards_nothing_is_dropped_where_the_journal_has_its_making(
    home: Workspace, admin: Session
) -> None:
    """Detached by hand: the report of its provisioning proves that it is ours; a monitor made by hand stays."""
    another = "dev_idea_john_20261120"
    made = Identifier(f"{another.upper()}_RM")
    admin.run(Statement(f"ALTER WAREHOUSE {DATABASE}_WH UNSET RESOURCE_MONITOR"))
    destroy(home, NAME, hand(1), reason="done", confirmation=NAME)
    assert left(admin, "RESOURCE MONITORS") == []
    admin.run(Statement(f"CREATE RESOURCE MONITOR {made.sql} WITH CREDIT_QUOTA = 7"))
    free = replace(home, templates={Kind.FEATURE: _unguarded(home)})
    create(free, "feature", request("idea"), NOW, holder="idea", actor="john")
    destroy(free, another, hand(2), reason="done", confirmation=another)
    assert [row["name"] for row in admin.run(Statement("SHOW RESOURCE MONITORS LIKE '%IDEA%'"))] == [made.name]


def _unguarded(work: Workspace) -> Template:
    template = work.templates[Kind.FEATURE]
    return template.model_copy(update={"budget": template.budget.model_copy(update={"monitor": False})})


def test_what_is_kept_no_longer_cannot_come_back(home: Workspace, admin: Session) -> None:
    """After the retention the undo is refused, and says until when it was kept; then nothing is left at all."""
    destroy(home, NAME, hand(1), reason="done", confirmation=NAME)
    late = Caller("late", "john", NOW + 3 * DAY)
    with pytest.raises(RefusedError, match="Snowflake kept it until"):
        bring_back(home, NAME, "late", late)
    forget(home, NAME, late)
    assert left(admin, "DATABASES", "WAREHOUSES", "ROLES", "RESOURCE MONITORS", "SCHEMAS IN DATABASE SLUICE") == []
    assert NAME not in home.lives()


@pytest.mark.parametrize(
    ("confirmation", "forced", "words"),
    [
        ("", False, "not the environment's name"),
        (DATABASE, False, "not the environment's name"),
        (NAME, True, "only t"),
    ],
)
def test_destroying_wants_the_name(home: Workspace, confirmation: str, forced: bool, words: str) -> None:
    """Only the exact name confirms; only a testing environment may be forced."""
    with pytest.raises(SpecError, match=words):
        destroy(home, NAME, hand(), reason="x", confirmation=confirmation, forced=forced)
    assert content(home) == [{"a": 1}]


def test_a_pinned_one_is_not_destroyed(home: Workspace) -> None:
    """Nor may a testing environment be pinned."""
    change(home, NAME, ChangeRequest(Change.PIN, "a demo on Monday"), hand(1))
    with pytest.raises(RefusedError, match="it is pinned"):
        destroy(home, NAME, hand(2), reason="x", confirmation=NAME)
    change(home, NAME, ChangeRequest(Change.UNPIN, "over"), hand(3))
    destroy(home, NAME, hand(4), reason="x", confirmation=NAME)


def test_a_pipeline_forces_its_own(home: Workspace) -> None:
    """A testing environment goes without a confirmation, and cannot be pinned."""
    create(home, "testing", request("run 7", "ci"), NOW, holder="ci", actor="ci")
    name = "ci_run_7_john_20261120"
    with pytest.raises(RefusedError, match="cannot be pinned"):
        change(home, name, ChangeRequest(Change.PIN, "x"), hand(1))
    assert destroy(home, name, hand(2), reason="the run is over", forced=True).name == name
    assert home.lives()[name].state is State.DROPPED


def test_a_database_without_our_marker_stops_it(home: Workspace, admin: Session) -> None:
    """Whoever took the name over: nothing is dropped, and somebody has to look."""
    admin.run(Statement(f"ALTER DATABASE {DATABASE} SET COMMENT = 'mine now'"))
    with pytest.raises(StopError, match="does not bear this environment's marker"):
        destroy(home, NAME, hand(), reason="x", confirmation=NAME)
    assert [one.name.name for one in observe.databases(admin, DATABASE)] == [DATABASE]


@pytest.mark.parametrize("way", ["aside", "destroy"])
def test_a_warehouse_without_our_marker_stops_it(home: Workspace, admin: Session, way: str) -> None:
    """Somebody else's warehouse under its name is neither stopped nor dropped, and nothing of the environment is."""
    admin.run(Statement(f"DROP WAREHOUSE {DATABASE}_WH"))
    admin.run(Statement(f"CREATE WAREHOUSE {DATABASE}_WH WITH COMMENT = 'month end'"))
    ways = {
        "aside": lambda: set_aside(home, NAME, "idle", hand(), until=NOW + DAY),
        "destroy": lambda: destroy(home, NAME, hand(), reason="x", confirmation=NAME),
    }
    with pytest.raises(StopError, match="the warehouse does not bear this environment's marker"):
        ways[way]()
    shown = next(row for row in admin.run(Statement("SHOW WAREHOUSES")) if row["name"] == f"{DATABASE}_WH")
    assert (shown["comment"], shown["auto_resume"]) == ("month end", "true")
    assert [one.name.name for one in observe.databases(admin, DATABASE)] == [DATABASE]
    assert home.lives()[NAME].state is State.READY
    admin.run(Statement("USE WAREHOUSE TESTS"))
    assert admin.one(Statement(f"SELECT A FROM {DATABASE}.PUBLIC.T")) == {"a": 1}


CHANGES = "^(CREATE|ALTER|GRANT|INSERT|DROP|UPDATE|REVOKE|UNDROP)"


@pytest.mark.parametrize("fault_of", [("error", "before"), ("drop", "after")], ids="-".join)
@pytest.mark.parametrize("way", ["aside", "destroy", "undo"])
def test_a_failure_at_any_statement_is_finished_by_the_next_run(
    home: Workspace,
    fault: Callable[..., None],
    clear: Callable[[], int],
    way: str,
    fault_of: tuple[str, str],
    *,
    every: bool,
) -> None:
    """Refused or its answer lost, at each third statement or every one: a re-run later it is aside, gone, or back."""
    do, when = fault_of
    number, turn = 1, 10

    def run(by: Caller) -> None:
        if way == "aside":
            set_aside(home, NAME, "idle", by, until=NOW + DAY)
        elif way == "destroy":
            destroy(home, NAME, by, reason="done", confirmation=NAME)
        else:
            bring_back(home, NAME, "needed", by)

    while True:
        if way == "undo":
            set_aside(home, NAME, "idle", hand(turn), until=NOW + DAY)
        by = hand(turn + 1)
        fault(match=CHANGES, nth=number, when=when, do=do, errno=1)
        with suppress(SluiceError):
            run(by)
        if clear():
            break
        run(by)
        expected = {"aside": State.QUARANTINED, "destroy": State.DROPPED}.get(way, State.READY)
        assert home.lives()[NAME].state is expected
        if way != "undo":
            bring_back(home, NAME, "again", hand(turn + 2))
        assert plan_provision(home.including(NAME), NAME, NOW).empty
        assert content(home) == [{"a": 1}]
        number, turn = number + (1 if every else 3), turn + 10
    assert number > 6


def test_a_worker_that_is_killed_is_followed_by_one_that_finishes(
    home: Workspace, killed: Callable[[int, Callable[[], object]], bool], every: bool
) -> None:
    """Killed at changes of making and of destroying an environment: one more run, and it is whole, or gone."""
    made = gone = 0
    for number in range(1, 60) if every else (1, 9, 25, 36):
        asked = request(f"killed{number}")
        name = str(asked.name)
        by = Caller(f"make {number}", "john", NOW)

        def make(asked: Request = asked, by: Caller = by) -> None:
            create(home, "feature", asked, NOW, holder=by.holder, actor="john")

        made += killed(number, make)
        make()
        assert home.lives()[name].state is State.READY
        assert plan_provision(home.including(name), name, NOW).empty
        last = Caller(f"destroy {number}", "john", NOW)

        def unmake(name: str = name, by: Caller = last) -> None:
            destroy(home, name, by, reason="done", confirmation=name)

        gone += killed(number if every else number // 4 + 1, unmake)
        unmake()
        assert home.lives()[name].state is State.DROPPED
        with home.control() as session:
            assert observe.databases(session, name.upper()) == []
    assert made >= (5 if every else 3)
    assert gone >= (4 if every else 2)
