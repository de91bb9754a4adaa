"""Resource monitors at work, by a driven clock: thresholds, resets, stops, refusals, ends."""

from __future__ import annotations

from typing import Any

import pytest

START = "2031-03-03T08:00:00+00:00"
EXCEEDED = 90073


@pytest.fixture
def admin(snowdome: Any, ask: Any) -> Any:
    """The administrator's session at a known time that stands still, with a MEDIUM warehouse: 4 credits an hour."""
    snowdome.clock(now=START, speed=0)
    session = snowdome.connect()
    make = "create warehouse {} warehouse_size = medium generation = '1' auto_suspend = 0 initially_suspended = true"
    ask(session, make.format("v"), make.format("w"), "create database d", "create table t as select 1 as x")
    ask(session, "use warehouse w")
    return session


def shown(ask: Any, session: Any, name: str = "m") -> dict[str, Any]:
    """The monitor's row."""
    found: dict[str, Any] = ask(session, f"show resource monitors like '{name}'")[0]
    return found


def state(ask: Any, session: Any, name: str = "w") -> str:
    """The warehouse's state."""
    return str(ask(session, f"show warehouses like '{name}'")[0]["state"])


def notices(snowdome: Any) -> list[tuple[str, str]]:
    """When each notice was given, and what it reported."""
    return [(one["at"][11:19], one["action"]) for one in snowdome.control("notices")["notices"]]


def watch(ask: Any, session: Any, rest: str, name: str = "m") -> None:
    """A monitor over W."""
    ask(session, f"create resource monitor {name} with {rest}", f"alter warehouse w set resource_monitor = {name}")


def test_credits_are_counted_by_the_second(snowdome: Any, admin: Any, ask: Any) -> None:
    """used_credits and remaining_credits follow the clock: a minute at once at the start, then each second."""
    watch(ask, admin, "credit_quota = 100 triggers on 90 percent do suspend")
    assert (shown(ask, admin)["used_credits"], shown(ask, admin)["level"]) == ("0.00", "WAREHOUSE")
    ask(admin, "alter warehouse w resume")
    assert shown(ask, admin)["used_credits"] == "0.07"
    snowdome.clock(advance_seconds=60)
    assert shown(ask, admin)["used_credits"] == "0.07"
    snowdome.clock(advance_seconds=3540)
    row = shown(ask, admin)
    assert (row["used_credits"], row["remaining_credits"], row["credit_quota"]) == ("4.00", "96.00", "100.00")


def test_triggers_fire_once_at_their_moments_and_stop_the_warehouse(
    snowdome: Any, admin: Any, ask: Any, refused: Any
) -> None:
    """A week of clock in one step: notices at the exact moments, a stop at 100 %, and no resume until it is lifted."""
    watch(ask, admin, "credit_quota = 8 triggers on 50 percent do notify on 100 percent do suspend")
    ask(admin, "alter warehouse w resume")
    snowdome.clock(advance_seconds=7 * 86_400)
    assert notices(snowdome) == [("09:00:00", "NOTIFY"), ("10:00:00", "SUSPEND")]
    assert state(ask, admin) == "SUSPENDED"
    assert shown(ask, admin)["used_credits"] == "8.00"
    assert refused(admin, "alter warehouse w resume") == EXCEEDED
    assert refused(admin, "select * from t") == EXCEEDED
    ask(admin, "alter resource monitor m set credit_quota = 9")
    assert refused(admin, "select * from t") == 0
    assert state(ask, admin) == "STARTED"


@pytest.mark.parametrize(
    "lift",
    [
        "alter resource monitor m triggers on 200 percent do suspend",
        "alter warehouse w unset resource_monitor",
        "drop resource monitor m",
    ],
)
def test_what_lifts_a_stop(lift: str, snowdome: Any, admin: Any, ask: Any, refused: Any) -> None:
    """A higher threshold, another assignment or no monitor at all lets the warehouse resume."""
    watch(ask, admin, "credit_quota = 1 triggers on 100 percent do suspend")
    ask(admin, "alter warehouse w resume")
    snowdome.clock(advance_seconds=3600)
    assert refused(admin, "alter warehouse w resume") == EXCEEDED
    ask(admin, lift)
    assert refused(admin, "alter warehouse w resume") == 0


def test_a_daily_monitor_starts_anew_at_midnight_utc(snowdome: Any, admin: Any, ask: Any, refused: Any) -> None:
    """Whatever the start's time of day, the interval ends at 00:00 UTC, and the warehouse may resume."""
    watch(
        ask,
        admin,
        "credit_quota = 4 frequency = daily start_timestamp = immediately triggers on 100 percent do suspend",
    )
    ask(admin, "alter warehouse w resume")
    snowdome.clock(advance_seconds=15 * 3600)
    assert refused(admin, "alter warehouse w resume") == EXCEEDED
    snowdome.clock(now="2031-03-04T00:00:00+00:00")
    assert shown(ask, admin)["used_credits"] == "0.00"
    assert refused(admin, "alter warehouse w resume") == 0
    snowdome.clock(advance_seconds=86_399)
    assert [at for at, _ in notices(snowdome)] == ["09:00:00", "01:00:00"]


def test_a_warehouse_that_runs_through_the_night_counts_for_both_days(snowdome: Any, admin: Any, ask: Any) -> None:
    """Credits belong to the day in which they were used."""
    watch(ask, admin, "credit_quota = 100 frequency = daily start_timestamp = immediately")
    snowdome.clock(now="2031-03-03T23:00:00+00:00")
    ask(admin, "alter warehouse w resume")
    snowdome.clock(now="2031-03-04T01:30:00+00:00")
    assert shown(ask, admin)["used_credits"] == "6.00"


def test_suspend_waits_and_suspend_immediate_cancels(snowdome: Any, admin: Any, ask: Any) -> None:
    """SUSPEND lets the running statement go on, SUSPEND_IMMEDIATE at its threshold ends it."""
    watch(ask, admin, "credit_quota = 4 triggers on 100 percent do suspend on 150 percent do suspend_immediate")
    cursor = snowdome.connect(warehouse="W").cursor()
    cursor.execute_async("call system$wait(10, 'hours')")
    while ask(admin, "show warehouses like 'w'")[0]["running"] == 0:
        pass
    snowdome.clock(advance_seconds=3600)
    row = ask(admin, "show warehouses like 'w'")[0]
    assert (row["state"], row["running"]) == ("SUSPENDED", 1)
    snowdome.clock(advance_seconds=1800)
    row = ask(admin, "show warehouses like 'w'")[0]
    assert (row["state"], row["running"]) == ("SUSPENDED", 0)
    assert shown(ask, admin)["used_credits"] == "6.00"
    assert notices(snowdome) == [("09:00:00", "SUSPEND"), ("09:30:00", "SUSPEND_IMMEDIATE")]


def test_the_accounts_monitor_counts_and_stops_every_warehouse(
    snowdome: Any, admin: Any, ask: Any, refused: Any
) -> None:
    """ALTER ACCOUNT SET RESOURCE_MONITOR: all warehouses count, and either monitor can stop one."""
    ask(
        admin,
        "create resource monitor whole with credit_quota = 8 triggers on 100 percent do suspend",
        "alter account set resource_monitor = whole",
        "alter warehouse v resume",
        "alter warehouse w resume",
    )
    assert shown(ask, admin, "whole")["level"] == "ACCOUNT"
    snowdome.clock(advance_seconds=3600)
    assert (state(ask, admin, "v"), state(ask, admin, "w")) == ("SUSPENDED", "SUSPENDED")
    assert refused(admin, "create warehouse x") == EXCEEDED
    ask(admin, "alter account unset resource_monitor")
    assert refused(admin, "alter warehouse v resume") == 0


def test_the_end_stops_for_good(snowdome: Any, admin: Any, ask: Any, refused: Any) -> None:
    """At END_TIMESTAMP the warehouses are suspended whatever was used, and stay so."""
    watch(
        ask,
        admin,
        "credit_quota = 1000 frequency = never start_timestamp = immediately "
        "end_timestamp = '2031-03-05 12:00' triggers on 100 percent do notify",
    )
    ask(admin, "alter warehouse w resume")
    snowdome.clock(now="2031-03-05T11:59:59+00:00")
    assert state(ask, admin) == "STARTED"
    snowdome.clock(advance_seconds=1)
    assert state(ask, admin) == "SUSPENDED"
    assert refused(admin, "alter warehouse w resume") == EXCEEDED
    ask(admin, "alter resource monitor m set end_timestamp = '2031-04-01 12:00'")
    assert refused(admin, "alter warehouse w resume") == 0


def test_only_the_administrator_makes_and_assigns(snowdome: Any, admin: Any, ask: Any, refused: Any) -> None:
    """CREATE RESOURCE MONITOR and assigning one are ACCOUNTADMIN's; MODIFY lets a role change the quota."""
    ask(
        admin,
        "create resource monitor m with credit_quota = 1",
        "create role r",
        "grant role r to user admin",
        "grant modify, monitor on resource monitor m to role r",
        "grant modify on warehouse w to role r",
        "use role r",
    )
    assert refused(admin, "create resource monitor n with credit_quota = 1") == 3001
    assert refused(admin, "alter warehouse w set resource_monitor = m") == 3001
    assert refused(admin, "alter resource monitor m set credit_quota = 2") == 0


def test_what_was_counted_survives(snowdomes: Any, tmp_path: Any, ask: Any, refused: Any) -> None:
    """After a kill the monitor has what was used, fired what it fired, and still stops."""
    server = snowdomes(tmp_path / "account")
    server.clock(now=START, speed=0)
    session = server.connect()
    ask(session, "create warehouse w warehouse_size = medium generation = '1' auto_suspend = 0")
    watch(ask, session, "credit_quota = 2 triggers on 50 percent do notify on 100 percent do suspend")
    server.clock(advance_seconds=1800)
    server.kill()
    server.start()
    server.clock(now="2031-03-03T08:30:00+00:00", speed=0)
    session = server.connect()
    assert notices(server) == [("08:15:00", "NOTIFY"), ("08:30:00", "SUSPEND")]
    assert shown(ask, session)["used_credits"] == "2.00"
    assert refused(session, "alter warehouse w resume") == EXCEEDED
