"""A session policy ends sessions by the account's clock and decides which secondary roles count."""

from __future__ import annotations

from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError

EXPIRED = 390114


@pytest.fixture
def admin(snowdome: Any, ask: Any) -> Any:
    """The administrator's session on a fresh account with a user ANN and a schema for policies."""
    connection = snowdome.connect()
    ask(connection, "create database pond", "create user ann password = 'pw'")
    return connection


def over(ask: Any, session: Any) -> bool:
    """Whether the session's next statement is asked to log in again."""
    try:
        ask(session, "select current_user()")
    except DatabaseError as problem:
        if problem.errno != EXPIRED:
            raise
        return True
    return False


def test_an_idle_session_ends_by_the_clock(snowdome: Any, admin: Any, ask: Any) -> None:
    """After the policy's minutes without a statement the session is over; each statement starts them anew."""
    ask(admin, "create session policy rest session_idle_timeout_mins = 30", "alter user ann set session policy rest")
    busy, idle = (snowdome.connect(user="ann", password="pw") for _ in range(2))
    for _ in range(3):
        snowdome.clock(advance_seconds=29 * 60)
        assert not over(ask, busy)
    assert over(ask, idle)
    snowdome.clock(advance_seconds=31 * 60)
    assert over(ask, busy)
    assert not over(ask, admin)
    assert not over(ask, snowdome.connect(user="ann", password="pw"))


def test_the_accounts_policy_counts_unless_the_user_has_its_own(snowdome: Any, admin: Any, ask: Any) -> None:
    """A user's policy overrides the account's, and both count at once for sessions that are open."""
    ask(
        admin,
        "create session policy short session_idle_timeout_mins = 5",
        "create session policy long session_idle_timeout_mins = 600",
        "alter user ann set session policy long",
        "alter account set session policy short",
    )
    ann, other = snowdome.connect(user="ann", password="pw"), snowdome.connect()
    snowdome.clock(advance_seconds=6 * 60)
    assert not over(ask, ann)
    assert over(ask, other)
    again = snowdome.connect()
    ask(again, "alter account unset session policy")
    snowdome.clock(advance_seconds=6 * 60)
    assert not over(ask, again)


def test_a_session_does_not_outlive_its_span(snowdome: Any, admin: Any, ask: Any) -> None:
    """SESSION_MAX_LIFESPAN_MINS ends a session that is never idle, and one whose client keeps it alive."""
    ask(
        admin,
        "create session policy span session_idle_timeout_mins = 5 session_max_lifespan_mins = 60",
        "alter user ann set session policy span",
    )
    kept = snowdome.connect(user="ann", password="pw", session_parameters={"CLIENT_SESSION_KEEP_ALIVE": True})
    snowdome.clock(advance_seconds=50 * 60)
    assert not over(ask, kept)
    snowdome.clock(advance_seconds=11 * 60)
    assert over(ask, kept)


def test_without_a_policy_a_session_goes_on(snowdome: Any, admin: Any, ask: Any) -> None:
    """Days that the clock is moved do not end sessions that no policy speaks of."""
    snowdome.clock(advance_seconds=5 * 86_400)
    assert not over(ask, admin)


def test_what_an_expired_session_held_is_free(snowdome: Any, admin: Any, ask: Any) -> None:
    """A session that ends by its policy rolls back and lets go of its locks."""
    ask(
        admin,
        "create warehouse w",
        "create role otter",
        "grant role otter to user ann",
        "grant usage on warehouse w to role otter",
        "grant ownership on database pond to role otter",
        "grant ownership on schema pond.public to role otter",
        "create user rest_owner",
    )
    ann = snowdome.connect(user="ann", password="pw", role="OTTER", warehouse="W", database="POND")
    ask(ann, "create table t (x int)", "insert into t values (1)")
    ask(admin, "create database policies", "create session policy rest session_idle_timeout_mins = 5")
    ask(admin, "alter user ann set session policy rest")
    ask(ann, "begin", "update t set x = 2")
    snowdome.clock(advance_seconds=6 * 60)
    assert over(ask, ann)
    fresh = snowdome.connect(user="ann", password="pw", role="OTTER", warehouse="W", database="POND")
    ask(fresh, "update t set x = x + 10")
    assert ask(fresh, "select x from t") == [{"X": 11}]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", (True, True)),
        ("allowed_secondary_roles = ()", (False, False)),
        ("allowed_secondary_roles = (heron)", (True, False)),
        ("blocked_secondary_roles = (heron)", (False, True)),
        ("blocked_secondary_roles = ('ALL')", (False, False)),
        ("allowed_secondary_roles = (heron, otter) blocked_secondary_roles = (otter)", (True, False)),
    ],
)
def test_which_secondary_roles_count(  # noqa: PLR0917 (fixtures)
    snowdome: Any, admin: Any, ask: Any, refused: Any, settings: str, expected: tuple[bool, bool]
) -> None:
    """A role that the policy does not let count gives nothing beside the primary one, also in an open session."""
    for role in ("heron", "otter"):
        ask(
            admin,
            f"create role {role}",
            f"grant role {role} to user ann",
            f"create schema pond.{role}",
            f"grant usage on database pond to role {role}",
            f"grant all on schema pond.{role} to role {role}",
        )
    ann = snowdome.connect(user="ann", password="pw", role="PUBLIC")
    ask(admin, f"create session policy pond.public.sp {settings}", "alter user ann set session policy pond.public.sp")
    assert tuple(refused(ann, f"use schema pond.{role}") == 0 for role in ("heron", "otter")) == expected
    assert (refused(ann, "use secondary roles heron") == 0) == expected[0]
    assert (refused(ann, "use secondary roles all") == 0) == any(expected)
    ask(ann, "use secondary roles none", "use role otter", "use schema pond.otter")


def test_a_blocked_role_takes_along_what_it_inherits(snowdome: Any, admin: Any, ask: Any, refused: Any) -> None:
    """Roles granted to a blocked role are blocked too (sql/create-session-policy)."""
    ask(
        admin,
        "create role upper_role",
        "create role lower_role",
        "grant role lower_role to role upper_role",
        "grant role lower_role to user ann",
        "create session policy sp blocked_secondary_roles = (upper_role)",
        "alter user ann set session policy sp",
    )
    ann = snowdome.connect(user="ann", password="pw", role="PUBLIC")
    assert refused(ann, "use secondary roles lower_role") == 3120
