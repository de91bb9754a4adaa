"""Hours: open and closed by the clock on the wall, on the days it is changed as well; and what a spec may not say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from shutil import copytree
from zoneinfo import ZoneInfo

import pytest

from sluice.domain.budgets.budget_state import BudgetState, Restriction
from sluice.domain.budgets.spend import WarehouseSample
from sluice.domain.ephemeral.templates import load_templates
from sluice.domain.journal.events import Event
from sluice.domain.names import Identifier
from sluice.domain.schedules.hours import (
    WEEK,
    ExceptionsBlock,
    HoursBlock,
    WarehouseScheduleBlock,
    moment,
    until,
)
from sluice.domain.schedules.schedule_state import (
    OpenOverride,
    ScheduleEvent,
    ScheduleState,
    actions_due,
    closes,
    from_events,
    scheduled_settings,
    spec_at,
    why_closed,
)
from sluice.domain.sizes import Size
from sluice.domain.specs.blocks import Kind
from sluice.domain.specs.environment import EnvironmentSpec, load_environments
from sluice.errors import SpecError

INCLUDE = Path(__file__).resolve().parents[2] / "include" / "environments"
SHIPPED = load_environments(INCLUDE)
DEV, PROD = SHIPPED["dev"], SHIPPED["prod"]
MINUTE = timedelta(minutes=1)


def hours(zone: str = "Europe/Berlin", **said: object) -> HoursBlock:
    """Hours from eight to six, unless otherwise said."""
    return HoursBlock.model_validate({"zone": zone, "start": "08:00", "end": "18:00", **said})


def wall(zone: str, text: str, fold: int = 0) -> datetime:
    """The moment at which that zone's clock shows this."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def open_minutes(block: HoursBlock, zone: str, day: str) -> int:
    """How many minutes it is open from one midnight of that zone to the next; looked at every minute."""
    begin = wall(zone, f"{day}T00:00")
    end = wall(zone, f"{date.fromisoformat(day) + timedelta(days=1)}T00:00")
    return sum(block.open_at(begin + number * MINUTE) for number in range(int((end - begin) / MINUTE)))


# -- the shipped specs ---------------------------------------------------------------------------------------------
def test_the_shipped_hours_are_the_required_ones() -> None:
    """Dev ends at six, has no weekends, and idles for a minute; production is wide by day and narrow by night."""
    assert DEV.hours is not None
    assert (DEV.hours.end, DEV.hours.idle_seconds, DEV.hours.low_activity_seconds) == ("18:00", 60, 300)
    assert [day for day in WEEK if day not in DEV.hours.days] == ["saturday", "sunday"]
    noon = wall("Europe/Berlin", "2026-11-26T12:00")
    by_day, by_night = (scheduled_settings(PROD, moment) for moment in (noon, noon + timedelta(hours=11)))
    assert by_day == {"min_cluster_count": 2, "max_cluster_count": 8, "scaling_policy": "STANDARD"}
    assert by_night == {"min_cluster_count": 1, "max_cluster_count": 4, "scaling_policy": "ECONOMY"}
    warehouse = spec_at(PROD, noon).warehouse
    assert (warehouse.max_cluster_count, warehouse.size, PROD.hours) == (8, PROD.warehouse.size, None)


def test_a_day_by_the_minute() -> None:
    """Open from the first minute of eight, closed at the first of six."""
    block = hours()
    for time, wanted in (("07:59", False), ("08:00", True), ("17:59", True), ("18:00", False), ("23:59", False)):
        assert block.open_at(wall("Europe/Berlin", f"2026-11-26T{time}")) is wanted
    assert not block.open_at(wall("Europe/Berlin", "2026-11-28T12:00"))


# -- the days on which clocks are changed --------------------------------------------------------------------------
CHANGES = [
    ("Europe/Berlin", "2026-03-29", 23),
    ("Europe/Berlin", "2026-10-25", 25),
    ("America/New_York", "2026-03-08", 23),
    ("America/New_York", "2026-11-01", 25),
    ("Europe/Berlin", "2026-06-01", 24),
    ("Asia/Kolkata", "2026-03-29", 24),
]


@pytest.mark.parametrize(("zone", "day", "length"), CHANGES)
def test_opened_and_closed_when_the_wall_says_so(zone: str, day: str, length: int) -> None:
    """Ten hours are ten hours, at eight of the new time; a whole day is as long as that day."""
    block = hours(zone, days=WEEK)
    assert open_minutes(block, zone, day) == 600
    assert block.open_at(wall(zone, f"{day}T08:00"))
    assert not block.open_at(wall(zone, f"{day}T08:00") - MINUTE)
    assert not block.open_at(wall(zone, f"{day}T18:00"))
    assert open_minutes(hours(zone, days=WEEK, start="00:00", end="24:00"), zone, day) == length * 60


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "minutes"),
    [
        ("Europe/Berlin", "2026-03-29", "01:00", "02:30", 60),  # ends within the missing hour: with its beginning
        ("Europe/Berlin", "2026-03-29", "02:30", "04:00", 60),  # begins within it: with the jump
        ("Europe/Berlin", "2026-03-29", "02:10", "02:50", 0),  # wholly within it: that day never
        ("Europe/Berlin", "2026-10-25", "01:00", "02:30", 90),  # ends when it is half past two the first time
        ("Europe/Berlin", "2026-10-25", "02:30", "04:00", 150),  # begins then, and does not close in between
        ("America/New_York", "2026-03-08", "01:00", "02:30", 60),
        ("America/New_York", "2026-03-08", "02:30", "04:00", 60),
        ("America/New_York", "2026-11-01", "00:30", "01:30", 60),
        ("America/New_York", "2026-11-01", "01:30", "03:00", 150),
        ("Australia/Lord_Howe", "2026-10-04", "02:10", "03:00", 30),  # half an hour is missing there
    ],
)
def test_the_missing_and_the_repeated_hour(zone: str, day: str, start: str, end: str, minutes: int) -> None:
    """One stretch of time, whatever the clocks do: it opens once, and closes once."""
    block = hours(zone, days=WEEK, start=start, end=end)
    assert open_minutes(block, zone, day) == minutes
    seen = [block.open_at(wall(zone, f"{day}T00:00") + number * MINUTE) for number in range(8 * 60)]
    assert sum(one != other for one, other in pairwise(seen)) == (2 if minutes else 0)


def test_two_windows_meet_on_every_day_of_the_year() -> None:
    """Where one ends the next begins, to the minute, also where that minute is missing or comes twice."""
    cluster = {"max_cluster_count": 8, "scaling_policy": "STANDARD"}
    schedule = WarehouseScheduleBlock.model_validate(
        {
            "zone": "Europe/Berlin",
            "windows": [
                {"start": "00:00", "end": "02:30", "min_cluster_count": 2, **cluster},
                {"start": "02:30", "end": "24:00", "min_cluster_count": 3, **cluster},
            ],
            "otherwise": {"min_cluster_count": 1, **cluster},
        }
    )
    for day in ("2026-03-29", "2026-10-25", "2026-07-01"):
        begin = wall("Europe/Berlin", f"{day}T00:00")
        seen = [schedule.at(begin + number * MINUTE).min_cluster_count for number in range(23 * 60)]
        assert set(seen) == {2, 3}
        assert seen == sorted(seen)


def test_across_the_date_line() -> None:
    """The same moment is Saturday in one zone and Friday in another; a day that a zone skipped is never open."""
    same = datetime(2026, 11, 28, 0, 30, tzinfo=UTC)  # Saturday 14:30 on Kiritimati, Friday 13:30 on Pago Pago
    assert not hours("Pacific/Kiritimati").open_at(same)
    assert hours("Pacific/Pago_Pago").open_at(same)
    apia = hours("Pacific/Apia", days=WEEK)  # went over the line: there was no 30th of December 2011
    thursday = wall("Pacific/Apia", "2011-12-29T08:00")
    assert apia.opens_after(thursday) == wall("Pacific/Apia", "2011-12-31T08:00")
    zone = ZoneInfo("Pacific/Apia")
    assert moment(date(2011, 12, 30), "08:00", zone) == moment(date(2011, 12, 30), "18:00", zone)


def test_until_when() -> None:
    """Closed until the next opening, on its own clock: over a weekend, a holiday, a change of the clocks."""
    block = hours(exceptions={"closed": ["2026-12-24", "2026-12-25"], "open": ["2026-12-27"]})
    spec = DEV.model_copy(update={"hours": block})
    for text, wanted in (
        ("2026-11-26T03:00", "closed until 08:00 Europe/Berlin"),
        ("2026-11-26T19:00", "closed until Friday 2026-11-27 08:00 Europe/Berlin"),
        ("2026-11-27T19:00", "closed until Monday 2026-11-30 08:00 Europe/Berlin"),
        ("2026-12-23T19:00", "closed until Sunday 2026-12-27 08:00 Europe/Berlin"),
        ("2026-03-27T19:00", "closed until Monday 2026-03-30 08:00 Europe/Berlin"),
    ):
        assert why_closed(spec, wall("Europe/Berlin", text)) == wanted
    assert block.opens_after(wall("Europe/Berlin", "2026-03-27T19:00")) == datetime(2026, 3, 30, 6, tzinfo=UTC)


def test_exceptions_win() -> None:
    """A holiday is closed though it is a Thursday, a month-end open though it is a Saturday."""
    block = hours(exceptions=ExceptionsBlock(open=(date(2026, 10, 31),), closed=(date(2026, 12, 24),)))
    assert block.open_at(wall("Europe/Berlin", "2026-10-31T12:00"))
    assert not block.open_at(wall("Europe/Berlin", "2026-10-31T19:00"))
    assert not block.open_at(wall("Europe/Berlin", "2026-12-24T12:00"))


@pytest.mark.parametrize(
    ("text", "now", "wanted"),
    [
        ("21:00", "2026-11-26T19:00", "2026-11-26T21:00"),
        ("01:00", "2026-11-26T19:00", "2026-11-27T01:00"),
        ("24:00", "2026-11-26T19:00", "2026-11-27T00:00"),
        ("2026-11-28T12:00", "2026-11-26T19:00", "2026-11-28T12:00"),
        ("03:30", "2026-03-29T01:30", "2026-03-29T03:30"),
    ],
)
def test_until_as_people_say_it(text: str, now: str, wanted: str) -> None:
    """The next time that the clock there shows it."""
    zone = "Europe/Berlin"
    assert until(text, zone, wall(zone, now)) == wall(zone, wanted)


@pytest.mark.parametrize("text", ["", "9pm", "25:00", "2026-11-25T12:00", "2026-02-30T12:00", "T12:00x", "12:00:00"])
def test_until_what_is_no_moment_to_come(text: str) -> None:
    """Refused with a good one."""
    with pytest.raises(SpecError) as refused:
        until(text, "Europe/Berlin", wall("Europe/Berlin", "2026-11-26T19:00"))
    assert refused.value.where == "until"


# -- what is due ---------------------------------------------------------------------------------------------------
EVENING, NOON = wall("Europe/Berlin", "2026-11-26T18:00"), wall("Europe/Berlin", "2026-11-26T12:00")


def running(**said: object) -> WarehouseSample:
    """Dev's warehouse, as its spec wants it."""
    known: dict[str, object] = {
        "name": Identifier("SLUICE_DEV_WH"),
        "environment": "dev",
        "state": "STARTED",
        "size": Size.SMALL,
        "generation": "1",
        "clusters": 1,
        "min_cluster_count": 1,
        "max_cluster_count": 2,
        "auto_suspend": 60,
        "auto_resume": True,
        "resumed_on": None,
    }
    return WarehouseSample(**(known | said))  # type: ignore[arg-type]


def test_what_is_due() -> None:
    """Nothing once it is done; closing records what was before, whoever holds it then; opening leaves a budget's."""
    stopped = running(state="SUSPENDED", auto_resume=False)
    free, suspended = BudgetState("dev"), BudgetState("dev", Restriction.SUSPENDED, former={"auto_resume": True})
    is_open, is_closed = ScheduleState("dev"), ScheduleState("dev", closed=True, former={"auto_resume": True})
    assert not actions_due(DEV, running(), free, is_open, NOON)
    assert not actions_due(DEV, stopped, free, is_closed, EVENING)
    assert actions_due(DEV, running(), free, is_open, EVENING).former == {"auto_resume": True}
    assert actions_due(DEV, stopped, suspended, is_open, EVENING).former == {"auto_resume": True}
    assert actions_due(DEV, stopped, free, is_open, EVENING).former == {"auto_resume": False}  # somebody's own wish
    assert actions_due(DEV, running(state="STARTED", auto_resume=False), free, is_closed, EVENING).close
    assert actions_due(DEV, running(state="SUSPENDED"), free, is_closed, EVENING).close
    assert not actions_due(DEV, running(state="SUSPENDING", auto_resume=False), free, is_closed, EVENING)
    opening = actions_due(DEV, stopped, free, is_closed, NOON)
    assert (opening.open, opening.close, opening.restore) == (True, False, {"auto_resume": True})
    assert actions_due(DEV, stopped, suspended, is_closed, NOON).restore == {}
    assert actions_due(DEV, stopped, free, ScheduleState("dev", pending=True), NOON).open
    assert actions_due(DEV, running(), free, is_open, NOON, unused=True).suspend_idle
    assert not actions_due(DEV, running(running=1), free, is_open, NOON, unused=True)
    assert not actions_due(DEV, running(), free, is_open, EVENING, unused=True).suspend_idle


def test_what_a_budget_holds_is_not_fitted() -> None:
    """A drift of everything else is."""
    limited = BudgetState("prod", Restriction.THROTTLED, former={"max_cluster_count": 8, "min_cluster_count": 2})
    found, is_open = running(auto_suspend=0, max_cluster_count=1), ScheduleState("prod")
    changed = actions_due(PROD, found, limited, is_open, EVENING).resize_clusters
    assert [change.setting for change in changed] == ["scaling_policy"]
    freely = actions_due(PROD, found, BudgetState("prod"), is_open, EVENING).resize_clusters
    assert {change.setting for change in freely} == {"max_cluster_count", "scaling_policy"}


def test_it_is_open_at_eight_sharp() -> None:
    """The check before opens it; it closes at six, not before."""
    morning = wall("Europe/Berlin", "2026-11-27T08:00")
    assert closes(DEV, ScheduleState("dev"), morning - 6 * MINUTE)
    assert not closes(DEV, ScheduleState("dev"), morning - 5 * MINUTE)
    assert not closes(DEV, ScheduleState("dev"), EVENING - MINUTE)
    assert closes(DEV, ScheduleState("dev"), EVENING)


def test_late_work_ends() -> None:
    """Open until the moment, not at it."""
    late = ScheduleState("dev", open_override=OpenOverride(EVENING + timedelta(hours=3), "ann", "month-end close"))
    assert not closes(DEV, late, EVENING + timedelta(hours=3) - MINUTE)
    assert closes(DEV, late, EVENING + timedelta(hours=3))


def test_what_was_before_is_recorded_once() -> None:
    """A closing that was begun twice keeps what the first one saw; after opening the next is new."""

    def event(kind: ScheduleEvent, minute: int, **facts: object) -> Event:
        return Event(NOON + minute * MINUTE, "the clock", "dev", kind, payload=facts)

    begun = [
        event(ScheduleEvent.CLOSING, 0, former={"auto_resume": True}),
        event(ScheduleEvent.CLOSING, 5, former={"auto_resume": False}),
    ]
    assert from_events(begun)["dev"] == ScheduleState("dev", pending=True, former={"auto_resume": True})
    assert from_events(begun)["dev"].owned_settings == {"auto_resume"}
    done = [*begun, event(ScheduleEvent.CLOSED, 5), event(ScheduleEvent.OPENING, 9), event(ScheduleEvent.OPENED, 9)]
    assert from_events(reversed(done))["dev"] == ScheduleState("dev")


# -- what a spec may not say ---------------------------------------------------------------------------------------
BLOCK = """hours:
  zone: Europe/Berlin
  start: 08:00
  end: 18:00
"""
SCHEDULE = """warehouse_schedule:
  zone: Europe/Berlin
  windows:
    - {{ start: 08:00, end: 18:00, min_cluster_count: 2, max_cluster_count: {most}, scaling_policy: STANDARD }}
    - {{ start: {second}, end: 20:00, days: [{days}], min_cluster_count: 1, max_cluster_count: 4,
        scaling_policy: ECONOMY }}
  otherwise: {{ min_cluster_count: 1, max_cluster_count: 4, scaling_policy: ECONOMY }}
"""


def schedule(most: int = 8, second: str = "18:00", days: str = "monday") -> str:
    """A schedule of two windows."""
    return SCHEDULE.format(most=most, second=second, days=days)


def written(tmp_path: Path, text: str, file: str = "development.yml") -> EnvironmentSpec:
    """The shipped specs, one of them with these blocks instead of its own."""
    folder = tmp_path / "environments"
    copytree(INCLUDE, folder, ignore=lambda *_: ["templates"])
    lines = (folder / file).read_text().splitlines()
    kept, dropping = [], False
    for line in lines:
        if line and not line[0].isspace():
            dropping = line.startswith(("hours:", "warehouse_schedule:"))
        if not dropping:
            kept.append(line)
    (folder / file).write_text("\n".join(kept) + "\n" + text)
    found = load_environments(folder)
    return found["dev" if file == "development.yml" else "prod"]


def test_times_need_no_quotes(tmp_path: Path) -> None:
    """YAML 1.1 takes 18:00 for 1080; we do not. What a life's journal keeps of it reads back the same."""
    spec = written(tmp_path, BLOCK + schedule())
    assert spec.hours is not None
    assert (spec.hours.start, spec.hours.end) == ("08:00", "18:00")
    assert EnvironmentSpec.model_validate(spec.model_dump(mode="json")) == spec


MISTAKES = [
    (BLOCK.replace("Europe/Berlin", "Europe/Berln"), "hours.zone", "Europe/Berlin"),
    (BLOCK.replace("08:00", "19:00"), "hours", '"24:00"'),
    (BLOCK.replace("08:00", "18:00"), "hours", '"24:00"'),
    (BLOCK.replace("18:00", "25:00"), "hours.end", "08:00"),
    (BLOCK.replace("08:00", "8"), "hours.start", "08:00"),
    (BLOCK.replace("08:00", "8:00"), "hours.start", "08:00"),
    (BLOCK.replace("08:00", "800"), "hours.start", "08:00"),
    (BLOCK + "  days: [monday, fryday]\n", "hours.days.1", "'monday'"),
    (BLOCK + "  days: [monday, monday]\n", "hours", "days: [monday]"),
    (BLOCK + "  days: []\n", "hours.days", None),
    (BLOCK + "  weekends: open\n", "hours.weekends", None),
    (BLOCK + "  idle_seconds: 0\n", "hours.idle_seconds", "1"),
    (BLOCK + "  idle_seconds: 600\n", "hours", "low_activity_seconds: 600"),
    (BLOCK + "  exceptions: { closed: [2026-02-30] }\n", "", None),
    (BLOCK + "  exceptions: { closed: ['2026-02-30'] }\n", "hours.exceptions.closed.0", "2026-12-24"),
    (BLOCK + "  exceptions: { closed: [20261224] }\n", "hours.exceptions.closed.0", "2026-12-24"),
    (BLOCK + "  exceptions: { closed: [Christmas] }\n", "hours.exceptions.closed.0", "2026-12-24"),
    (BLOCK + "  exceptions: { open: [2026-12-24], closed: [2026-12-24] }\n", "hours.exceptions", "it once"),
    (schedule(second="17:59"), "warehouse_schedule", 'start: "18:00"'),
    (schedule(most=1), "warehouse_schedule.windows.0", "max_cluster_count: 2"),
    (schedule(days="mon"), "warehouse_schedule.windows.1.days.0", "'monday'"),
    ("warehouse_schedule: { zone: UTC, windows: [] }\n", "warehouse_schedule", None),
]


@pytest.mark.parametrize(("text", "field", "good"), MISTAKES)
def test_a_mistake_is_named(tmp_path: Path, text: str, field: str, good: str | None) -> None:
    """Which file, which field, and what would be right."""
    with pytest.raises(SpecError) as refused:
        written(tmp_path, text)
    where = str(refused.value.where).split("development.yml", 1)[1]
    assert field in where
    if good is not None:
        assert good in str(refused.value.good)


def test_windows_on_other_days_do_not_overlap(tmp_path: Path) -> None:
    """Only what is at the same time of the same day does."""
    text = schedule(second="10:00", days="saturday").replace("end: 18:00,", "end: 18:00, days: [monday],")
    assert written(tmp_path, text).warehouse_schedule is not None


def test_production_is_never_closed(tmp_path: Path) -> None:
    """Hours are refused there; a schedule is what it may have."""
    with pytest.raises(SpecError, match="never stopped") as refused:
        written(tmp_path, BLOCK, "production.yml")
    assert "warehouse_schedule" in str(refused.value.good)
    assert written(tmp_path / "again", schedule(), "production.yml").warehouse_schedule is not None


def test_a_template_has_hours_too(tmp_path: Path) -> None:
    """What every environment of a kind has in common may be its hours."""
    folder = tmp_path / "templates"
    copytree(INCLUDE / "templates", folder)
    (folder / "feature.yml").write_text((folder / "feature.yml").read_text() + BLOCK)
    block = load_templates(folder)[Kind.FEATURE].hours
    assert block is not None
    assert block.end == "18:00"
