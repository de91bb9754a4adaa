"""Clones of the past: served where nothing changed since, refused by name where something did."""

from __future__ import annotations

from typing import Any

UNSUPPORTED, UNAVAILABLE = 2, 707


def test_a_clone_as_of_a_moment(snowdome: Any, ask: Any, refused: Any) -> None:
    """A source that has not changed since can be cloned as of then; one that has cannot, nor one that was not there."""
    session = snowdome.connect()
    ask(session, "create warehouse w", "create database pond", "create table t as select 1 as x")
    snowdome.clock(advance_seconds=3600)
    clone = "create database {} clone pond at (offset => {})"
    assert refused(session, clone.format("before_it_was", -2 * 3600)) == UNAVAILABLE
    ask(session, clone.format("mirror", "-60*30"))
    assert ask(session, "select x from mirror.public.t") == [{"X": 1}]
    ask(
        session,
        "create schema pond.s clone pond.public at (timestamp => dateadd(minute, -5, current_timestamp)::timestamp_tz)",
    )
    ask(session, "create table pond.public.u clone pond.public.t at (offset => -60)", "drop table pond.public.u")
    ask(session, "insert into pond.public.t values (2)")
    snowdome.clock(advance_seconds=600)
    assert refused(session, clone.format("too_late", "-60*30")) == UNSUPPORTED
    ask(session, "alter table pond.public.t set data_retention_time_in_days = 0")
    snowdome.clock(advance_seconds=3 * 86_400)
    assert refused(session, clone.format("expired", -2 * 86_400)) == UNAVAILABLE
