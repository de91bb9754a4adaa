"""The matrix of include/policies/access.yml: what it makes, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluice.domain.access.access_review import HeldRole, LastUse, review
from sluice.domain.access.roles import AccessPolicy, Level, ReviewBlock, desired_roles, load_access
from sluice.domain.access.temporary_access import Holder, TemporaryGrant, until
from sluice.domain.names import Identifier
from sluice.domain.specs.blocks import Kind
from sluice.domain.specs.environment import kinds_of, load_environments
from sluice.errors import RefusedError, SpecError

INCLUDE = Path(__file__).resolve().parents[2] / "include"
STANDING = load_environments(INCLUDE / "environments")
POLICY = load_access(INCLUDE / "policies" / "access.yml", kinds_of(STANDING))
KINDS = kinds_of(STANDING) | {"qa": Kind.STAGING, "prod_eu": Kind.PRODUCTION}
NOW = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_nobody_but_its_service_user_writes_production() -> None:
    """No role of the policy is given production's builders' role."""
    builders = STANDING["prod"].access.role
    made = desired_roles(POLICY, STANDING)
    assert not [one for one in made.memberships if one.role == builders]
    assert {one.to.name for one in made.memberships if one.role == Identifier("OLIST_PROD_READER")} == {
        "SLUICE_ENVIRONMENT_ADMIN",
        "SLUICE_DEVELOPER",
        "SLUICE_ANALYST",
    }


def test_finance_sees_figures_and_no_data() -> None:
    """Usage views and the journal; of no environment any role."""
    made = desired_roles(POLICY, STANDING)
    finance = Identifier("SLUICE_FINANCE_VIEWER")
    assert [str(one.to) for one in made.memberships if one.to == finance] == []
    assert {viewer for viewer, role in made.viewers if role == finance} == {
        "USAGE_VIEWER",
        "ORGANIZATION_BILLING_VIEWER",
    }
    assert {grant.privilege for grant in made.grants if grant.role == finance} == {"USAGE", "SELECT"}


@pytest.mark.parametrize(
    ("text", "words", "good"),
    [
        ("roles: {analyst: {snowflake_role: A, environments: {production: write}}}", "alone", "read"),
        ("roles: {analysts: {snowflake_role: A}}", "analyst", None),
        ("roles: {analyst: {snowflake_role: A, enviroments: {}}}", "unknown key", "environments"),
        ("roles: {analyst: {snowflake_role: A}, developer: {snowflake_role: A}}", "used twice", "A_2"),
        ("roles: {}\ntemporary: {write_kinds: [production]}", "production is written", "leave it out"),
        ("roles: {analyst: {snowflake_role: A, dags: [promote_prd]}}", "no environment prd", "promote_prod"),
        ("roles: {analyst: {snowflake_role: A, dags: ['promote_u*']}}", "no environment u", "promote_"),
        (
            "roles: {analyst: {snowflake_role: A, environment_dags: {promote: [stagin]}}}",
            "no environment of this name, and no kind",
            "staging",
        ),
        (
            "roles: {analyst: {snowflake_role: A, environment_dags: {promote: [feature]}}}",
            "no kind that has a DAG",
            None,
        ),
        ("roles: {analyst: {snowflake_role: A, environment_dags: {promot: [qa]}}}", "unknown key", "promote"),
    ],
)
def test_refused_by_name(tmp_path: Path, text: str, words: str, good: str | None) -> None:
    """File, field, bad value and a good one."""
    (tmp_path / "access.yml").write_text(text)
    with pytest.raises(SpecError, match=words) as refused:
        load_access(tmp_path / "access.yml", KINDS)
    assert "access.yml" in str(refused.value.where)
    if good is not None:
        assert good in str(refused.value.good or refused.value.message)


def test_a_pass_has_an_end_and_never_writes_production() -> None:
    """So many hours, at most the policy's; write where the policy lets."""
    prod, dev = STANDING["prod"], STANDING["dev"]
    assert until(POLICY, prod, Level.READ, 24, NOW) == NOW + DAY
    assert until(POLICY, dev, Level.WRITE, 1, NOW) == NOW + timedelta(hours=1)
    with pytest.raises(RefusedError, match="production"):
        until(POLICY, prod, Level.WRITE, 24, NOW)
    with pytest.raises(SpecError, match="1 to 720 hours"):
        until(POLICY, dev, Level.READ, 721, NOW)


def test_who_may_start_what() -> None:
    """Where a role names people, they and nobody else; where none does, Airflow alone decides."""
    assert POLICY.may_start("anyone", "rollback")
    admins = POLICY.roles["environment_admin"].model_copy(update={"people": ("ann",)})
    strict = POLICY.model_copy(update={"roles": {**POLICY.roles, "environment_admin": admins}})
    assert strict.may_start("ann", "rollback")
    assert not strict.may_start("bob", "rollback")
    assert POLICY.permissions("rollback") is None
    said = POLICY.model_copy(update={"airflow_roles": True}).permissions("rollback")
    assert said is not None
    assert "can_create" in said["environment_admin"]["DAG Runs"]
    assert "can_create" not in said["developer"]["DAG Runs"]


def test_a_further_environment_is_among_those_of_its_kind() -> None:
    """Developers promote to staging and to qa, and to no production; a name alone counts too."""
    policy = load_access(INCLUDE / "policies" / "access.yml", KINDS)
    assert policy.who_may_start("promote_qa") == ("environment_admin", "developer")
    assert policy.who_may_start("promote_staging") == ("environment_admin", "developer")
    assert policy.who_may_start("refresh_dev") == ("environment_admin", "developer")
    assert policy.who_may_start("promote_prod_eu") == ("environment_admin",)
    roles = {"analyst": {"snowflake_role": "A", "environment_dags": {"promote": ["qa"]}}}
    named = AccessPolicy.model_validate({"roles": roles}).resolved(KINDS)
    assert named.who_may_start("promote_qa") == ("analyst",)
    assert named.who_may_start("promote_staging") == named.who_may_start("refresh_qa") == ()


def test_what_no_role_may_start_nobody_may() -> None:
    """As soon as there are roles; without a file of roles Airflow alone decides."""
    people = {"snowflake_role": "A", "environment_dags": {"promote": ["staging"]}, "people": ["ann"]}
    policy = AccessPolicy.model_validate({"roles": {"developer": people}}).resolved(KINDS)
    assert policy.may_start("ann", "promote_qa")
    assert not policy.may_start("bob", "promote_qa")
    assert not policy.may_start("ann", "promote_prod_eu")
    assert policy.starters("promote_qa") == frozenset({"ann"})
    assert policy.starters("promote_prod_eu") == frozenset()
    assert AccessPolicy(roles={}).may_start("anyone", "promote_prod_eu")
    assert AccessPolicy(roles={}).starters("promote_prod_eu") is None
    assert POLICY.starters("promote_prod") is None


def held(user: str, days: int = 1, by: str = "") -> HeldRole:
    """Somebody has the readers' role of prod since some days ago."""
    return HeldRole("OLIST_PROD_READER", Holder("USER", Identifier(user)), NOW - days * DAY, by)


def test_the_review_says_what_to_take_back_and_why() -> None:
    """Unused, dormant, over, granted by hand; what the history does not tell is not guessed."""
    people = [held("USED"), held("IDLE", 90), held("GONE", 90), held("HAND", by="ACCOUNTADMIN"), held("OVER")]
    over = TemporaryGrant(
        "prod", Identifier("OLIST_PROD_READER"), Level.READ, people[4].holder, NOW - DAY, NOW, "ann", "x"
    )
    role = "OLIST_PROD_READER"
    used = LastUse(
        roles={("USED", role): NOW - DAY, ("IDLE", role): NOW - 40 * DAY, ("HAND", role): NOW - DAY},
        logins=dict.fromkeys(("USED", "IDLE", "HAND", "OVER"), NOW - DAY),
    )
    names = {role: "prod"}
    lines = review(people, [over], environments=names, last_use=used, policy=ReviewBlock(), now=NOW)
    said = {line.holder: (line.recommendation, line.why) for line in lines}
    assert said["user USED"][0] == "keep"
    assert said["user IDLE"] == ("revoke", "not used for 30 days")
    assert said["user GONE"] == ("revoke", "the user has not logged in for 60 days")
    assert said["user HAND"][0] == "look"
    assert said["user OVER"][0] == "revoke"
    blind = review(people[:3], [], environments=names, last_use=LastUse(None, None), policy=ReviewBlock(), now=NOW)
    assert {line.recommendation for line in blind} == {"look"}
    assert {line.last_used for line in blind} == {"not known"}
    assert Kind.PRODUCTION not in POLICY.temporary.write_kinds
