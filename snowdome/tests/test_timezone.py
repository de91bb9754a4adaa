"""TIMEZONE of the session: what local dates and times mean, and how moments are shown."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

NIGHT = "2031-07-03T23:30:00+00:00"


@pytest.fixture
def session(snowdome: Any) -> Any:
    """The administrator's session, half an hour before midnight UTC."""
    snowdome.clock(now=NIGHT, speed=0)
    return snowdome.connect()


def zone(ask: Any, session: Any) -> tuple[str, str]:
    """The session's TIMEZONE and the level it comes from."""
    row = ask(session, "show parameters like 'timezone'")[0]
    return row["value"], row["level"]


def test_a_fresh_account_is_set_to_utc(session: Any, ask: Any) -> None:
    """Snowflake's default is America/Los_Angeles; this account has UTC at account level, and says so."""
    row = ask(session, "show parameters like 'timezone'")[0]
    assert (row["value"], row["level"], row["default"]) == ("UTC", "ACCOUNT", "America/Los_Angeles")
    assert ask(session, "select current_date() as d") == [{"D": date(2031, 7, 3)}]


def test_the_sessions_zone_acts(session: Any, ask: Any) -> None:
    """Dates, casts and moments are local to the session's zone; the moment itself is the same."""
    ask(session, "alter session set timezone = 'Europe/Berlin'")
    row = ask(
        session,
        "select current_date() as d, current_timestamp() as t, current_timestamp()::timestamp_ntz as n, "
        "'2031-01-01 12:00:00'::timestamp_ltz as w",
    )[0]
    assert row["D"] == date(2031, 7, 4)
    assert row["T"] == datetime.fromisoformat(NIGHT)
    assert row["T"].utcoffset() == datetime(2031, 7, 4, tzinfo=ZoneInfo("Europe/Berlin")).utcoffset()
    assert row["N"] == datetime(2031, 7, 4, 1, 30)  # noqa: DTZ001 (TIMESTAMP_NTZ has no zone)
    assert row["W"] == datetime(2031, 1, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    ask(session, "alter session unset timezone")
    assert ask(session, "select current_date() as d") == [{"D": date(2031, 7, 3)}]


def test_texts_of_a_column_become_moments(session: Any, ask: Any) -> None:
    """TO_TIMESTAMP_LTZ and _TZ read a text's own offset, or else the session's zone; TRY_ forgives."""
    ask(session, "alter session set timezone = 'Europe/Berlin'")
    row = ask(
        session,
        "select to_timestamp_ltz(column1) as w, to_timestamp_tz(column2) as z, try_to_timestamp_tz(column3) as n "
        "from values ('2031-01-01 12:00:00', '2031-01-01 12:00:00+05:00', 'noon')",
    )[0]
    assert row["W"] == datetime(2031, 1, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert row["Z"] == datetime.fromisoformat("2031-01-01T12:00:00+05:00")
    assert row["N"] is None


def test_sessions_do_not_share_a_zone(snowdome: Any, session: Any, ask: Any) -> None:
    """One session's zone is not another's; a user's is that of each of its sessions without its own."""
    ask(session, "alter session set timezone = 'Asia/Tokyo'")
    other = snowdome.connect()
    assert ask(other, "select current_date() as d") == [{"D": date(2031, 7, 3)}]
    ask(other, "alter account set timezone = 'America/New_York'")
    assert zone(ask, other) == ("America/New_York", "ACCOUNT")
    assert zone(ask, session) == ("Asia/Tokyo", "SESSION")
    third = snowdome.connect(session_parameters={"TIMEZONE": "Pacific/Auckland"})
    assert ask(third, "select current_date() as d") == [{"D": date(2031, 7, 4)}]


def test_no_zone_of_that_name(session: Any, refused: Any) -> None:
    """Names are those of the IANA database, in quotes and in their own case."""
    for wrong in ("'Mars/Olympus'", "'europe/berlin'", "Europe"):
        assert refused(session, f"alter session set timezone = {wrong}") == 1008
