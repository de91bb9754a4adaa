"""Each thing that is wrong or missing around environments and policies is found, and reported with its cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from spoiled import Change, copied, found, further, write


@pytest.fixture
def include(tmp_path: Path) -> Path:
    """A copy of the shipped files to spoil."""
    return Path(copied(tmp_path))


def test_nothing_is_wrong_with_what_ships(include: Path) -> None:
    """Nor when a staging and a production are added, a file each."""
    assert found(include) == []
    further(include, "qa", "staging", "staging")
    write(include, "environments/production.yml", lambda prod: prod.update(upstream="qa"))
    further(include, "prod_eu", "production", "qa")
    assert found(include) == []


ONE_THING = [
    (
        "a production that no gates are said for",
        "policies/gates.yml",
        lambda gates: gates["kinds"].pop("production"),
        ("warning", "policies/gates.yml: kinds.production", "prod is a production", "kinds: {production:"),
    ),
    (
        "nobody may start its DAG",
        "policies/access.yml",
        lambda access: access["roles"]["environment_admin"].update(dags=["prov*", "refresh_dev"]),
        ("error", "policies/access.yml: roles", "nobody may start promote_prod", "promote: [production]"),
    ),
    (
        "nobody is named who may approve",
        "environments/production.yml",
        lambda prod: prod["promotion"].pop("approvers"),
        ("warning", "environments/production.yml: promotion.approvers", "nobody is named", "approvers: [alice, bob]"),
    ),
    (
        "one alone may approve",
        "environments/production.yml",
        lambda prod: prod["promotion"].update(approvers=["alice"]),
        ("warning", "environments/production.yml: promotion.approvers", "alice alone may approve", "approvers: ["),
    ),
    (
        "nothing promotes to it",
        "environments/production.yml",
        lambda prod: prod.pop("upstream"),
        ("error", "environments/production.yml: upstream", "nothing is ever promoted to prod", "upstream: staging"),
    ),
    (
        "it is built in place, so its upstream means nothing",
        "environments/staging.yml",
        lambda staging: staging["promotion"].update(strategy="in_place"),
        ("error", "environments/staging.yml: promotion.strategy", "nothing is ever promoted from dev", "blue_green"),
    ),
    (
        "a schedule that nothing reads",
        "environments/staging.yml",
        lambda staging: staging["promotion"].update(schedule="@daily"),
        ("error", "environments/staging.yml: promotion.schedule", "nothing would read it", "leave it out"),
    ),
    (
        "a schedule that is none",
        "environments/development.yml",
        lambda dev: dev["promotion"].update(schedule="0 25 * * *"),
        ("error", "environments/development.yml: promotion.schedule", "no schedule", '"0 6 * * *"'),
    ),
    (
        "sources that are not named",
        "environments/staging.yml",
        lambda staging: staging.pop("sources"),
        ("warning", "environments/staging.yml: sources", "dev reads 1 source", "sources: [OLIST_RAW]"),
    ),
    (
        "sources that the first of a chain does not name",
        "environments/development.yml",
        lambda dev: dev.pop("sources"),
        ("warning", "environments/development.yml: sources", "staging reads 1 source", "sources: [OLIST_RAW]"),
    ),
    (
        "another control database",
        "environments/production.yml",
        lambda prod: prod.update(control_database="SLUICE_EU"),
        ("error", "environments/production.yml: control_database", "its journal in SLUICE", "control_database: SLUICE"),
    ),
    (
        "a database that is another's",
        "environments/staging.yml",
        lambda staging: staging["database"].update(name="olist_prod"),
        ("error", "environments/staging.yml: database.name", "prod has this one already", "OLIST_PROD_STAGING"),
    ),
    (
        "a warehouse that is another's",
        "environments/staging.yml",
        lambda staging: staging["warehouse"].update(name="SLUICE_DEV_WH"),
        ("error", "environments/staging.yml: warehouse.name", "dev has this one already", "SLUICE_DEV_WH_STAGING"),
    ),
    (
        "a role that is another's",
        "environments/staging.yml",
        lambda staging: staging["access"].update(role="SLUICE_DEV"),
        ("error", "environments/staging.yml: access.role", "dev has this one already", "SLUICE_DEV_STAGING"),
    ),
    (
        "a user that is another's",
        "environments/staging.yml",
        lambda staging: staging["access"].update(user="SVC_SLUICE_DEV"),
        ("error", "environments/staging.yml: access.user", "dev has this one already", "SVC_SLUICE_DEV_STAGING"),
    ),
    (
        "a reader that builds another environment",
        "environments/staging.yml",
        lambda staging: staging["access"].update(readers=["SLUICE_PROD"]),
        ("error", "environments/staging.yml: access", "the role that builds prod", "OLIST_STAGING_READER"),
    ),
    (
        "a reader that is the builder",
        "environments/production.yml",
        lambda prod: prod["access"].update(readers=["SLUICE_PROD"]),
        ("error", "environments/production.yml: access", "SLUICE_PROD builds here", "SLUICE_PROD_READER"),
    ),
    (
        "an upstream that is not there",
        "environments/production.yml",
        lambda prod: prod.update(upstream="stagin"),
        ("error", "environments/production.yml: upstream", "there is no such environment", "staging"),
    ),
    (
        "a name that leaves no room for candidates",
        "environments/production.yml",
        lambda prod: prod["database"].update(name="P" * 226),
        ("error", "environments/production.yml", "leaves no room", "at most 225"),
    ),
    (
        "a size without a price",
        "environments/production.yml",
        lambda prod: prod["warehouse"].update(generation="2", promotion_size="LARGE"),
        ("error", "policies/prices.yml: credits_per_hour.2.LARGE", "prod uses size LARGE", "<credits an hour>"),
    ),
    (
        "no team has a limit",
        "policies/prices.yml",
        lambda prices: prices.pop("teams"),
        ("warning", "policies/prices.yml: teams", "no team has a limit", "teams: {"),
    ),
    (
        "a kind without a rule for rising costs",
        "policies/budgets.yml",
        lambda budgets: budgets["increase"]["kinds"].pop("staging"),
        ("warning", "policies/budgets.yml: increase.kinds.staging", "no rule for staging", "percent: 2.0"),
    ),
    (
        "a kind without a place among the others",
        "policies/budgets.yml",
        lambda budgets: budgets["priority"].pop("production"),
        ("warning", "policies/budgets.yml: priority.production", "they count as 100", "priority: {production: 100}"),
    ),
    (
        "a kind that no sweep takes",
        "policies/cleanup.yml",
        lambda cleanup: cleanup["kinds"].pop("sandbox"),
        ("warning", "policies/cleanup.yml: kinds.sandbox", "no sweep ever takes one", "max_age_days"),
    ),
    (
        "a template's base that is not there",
        "environments/templates/feature.yml",
        lambda feature: feature.update(base="prd"),
        ("error", "environments/templates/feature.yml: base", "no environment prd", "base: prod"),
    ),
    (
        "a template's approval that one alone may give",
        "environments/templates/sandbox.yml",
        lambda sandbox: sandbox.update(approvers=["bob"]),
        ("warning", "environments/templates/sandbox.yml: approvers", "bob alone may approve", "approvers: ["),
    ),
    (
        "gates of an environment that is not there",
        "policies/gates.yml",
        lambda gates: gates.update(environments={"prd": {}}),
        ("error", "policies/gates.yml: environments.prd", "no such environment", "prod"),
    ),
    (
        "a check of an environment that is not there",
        "policies/checks.yml",
        lambda checks: checks["checks"][0].update(environments=["prd"]),
        ("error", "policies/checks.yml: checks.orders_are_there", "no environment prd", "prod"),
    ),
    (
        "rights to a DAG that is not there",
        "policies/access.yml",
        lambda access: access["roles"]["developer"]["dags"].append("promote_prd"),
        ("error", "policies/access.yml: roles.developer.dags", "no environment prd", "promote_prod"),
    ),
    (
        "rights to a DAG that nobody has heard of",
        "policies/access.yml",
        lambda access: access["roles"]["developer"]["dags"].append("rollbak"),
        ("error", "policies/access.yml: roles.developer.dags", "there is no such DAG", "rollback"),
    ),
    (
        "rights to the DAGs of a kind that is none",
        "policies/access.yml",
        lambda access: access["roles"]["developer"]["environment_dags"].update(promote=["stagin"]),
        ("error", "policies/access.yml: roles.developer.environment_dags.promote", "no kind that", "staging"),
    ),
]


@pytest.mark.parametrize(("file", "change", "said"), [row[1:] for row in ONE_THING], ids=[row[0] for row in ONE_THING])
def test_one_thing_is_found(include: Path, file: str, change: Change, said: tuple[str, str, str, str]) -> None:
    """With how bad it is, where it stands, what it is and what to write; and nothing else."""
    write(include, file, change)
    level, where, message, cure = said
    (finding,) = found(include)
    assert finding.level == level
    assert finding.where.startswith(where)
    assert message in finding.message
    assert cure in finding.cure


def test_what_comes_from_an_upstream_that_is_never_built(include: Path) -> None:
    """The environment that nothing promotes to is named, and so is each behind it."""
    write(include, "environments/staging.yml", lambda staging: staging.pop("upstream"))
    first, second = found(include)
    assert first.message.startswith("nothing is ever promoted to staging")
    assert (second.level, second.where) == ("error", "environments/production.yml: upstream")
    assert second.message.startswith("staging is never built")


def test_a_circle_of_upstreams(include: Path) -> None:
    """Each that is in it is named, with the whole circle."""
    write(include, "environments/staging.yml", lambda staging: staging.update(upstream="prod"))
    errors = found(include)
    assert {finding.where.partition(":")[0] for finding in errors} == {
        "environments/production.yml",
        "environments/staging.yml",
    }
    assert all("circle" in finding.message and finding.level == "error" for finding in errors)
    assert any("staging → prod → staging" in finding.message for finding in errors)


def test_nobody_but_its_starter_may_approve(include: Path) -> None:
    """One person alone may start the whole chain and approve its end."""
    write(include, "environments/production.yml", lambda prod: prod["promotion"].update(approvers=["alice"]))

    def alice_alone(access: dict) -> None:  # type: ignore[type-arg]
        access["roles"] = {"environment_admin": {"snowflake_role": "A", "dags": ["*"], "people": ["alice"]}}

    write(include, "policies/access.yml", alice_alone)
    (finding,) = found(include)
    assert (finding.level, finding.where) == ("error", "environments/production.yml: promotion.approvers")
    assert finding.message.startswith("nobody can ever approve prod")


def test_a_user_may_be_shared_on_purpose(include: Path) -> None:
    """One that says so gets the role in addition, as environments that come and go do."""

    def share(staging: dict) -> None:  # type: ignore[type-arg]
        staging["access"].update(user="SVC_SLUICE_DEV", shared_user=True)
        staging["connection"] = "snowflake_dev"

    write(include, "environments/staging.yml", share)
    assert found(include) == []


def test_everything_is_told_at_once(include: Path) -> None:
    """All wrong keys of all files; policies of a spec that cannot be read, and environments behind it, are not."""

    def spoil(prod: dict) -> None:  # type: ignore[type-arg]
        prod["warehouse"].update(size="HUGE", auto_suspend=-1)
        prod["budgt"] = {}

    write(include, "environments/production.yml", spoil)
    write(include, "environments/staging.yml", lambda staging: staging["access"].update(role=" X"))
    write(include, "environments/templates/testing.yml", lambda testing: testing.update(kind="tests"))
    write(include, "policies/access.yml", lambda access: access.update(airflow_role=True))
    (include / "policies" / "cleanup.yml").write_text("kinds: [")
    write(include, "policies/prices.yml", lambda prices: prices.update(credit_usd=0))
    assert {finding.where for finding in found(include) if finding.level == "error"} == {
        "environments/production.yml: warehouse.size",
        "environments/production.yml: warehouse.auto_suspend",
        "environments/production.yml: budgt",
        "environments/staging.yml: access.role",
        "environments/templates/testing.yml: kind",
        "policies/access.yml: airflow_role",
        "policies/cleanup.yml",
        "policies/prices.yml: credit_usd",
    }
