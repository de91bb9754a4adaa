"""The plan of an environment: from what is found to what is wanted, and nothing when they are the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sluice.domain.names import Identifier, Marker, Qualified
from sluice.domain.provisioning.desired_state import desired_state
from sluice.domain.provisioning.plan import foundation, plan
from sluice.domain.provisioning.resources import Grant, PlanningContext, Resources
from sluice.domain.provisioning.steps import AlterUser, AlterWarehouse, GrantPrivileges, Plan, as_text, explain
from sluice.domain.schedules.schedule_state import spec_at
from sluice.domain.sizes import Size
from sluice.domain.specs.environment import EnvironmentSpec, load_environments
from sluice.errors import RefusedError

NOW = datetime(2026, 11, 20, 22, 49, 1, tzinfo=UTC)
INCLUDE = Path(__file__).resolve().parents[2] / "include"
SPECS = {name: spec_at(spec, NOW) for name, spec in load_environments(INCLUDE / "environments").items()}
PROD = SPECS["prod"]


def _plan(spec: EnvironmentSpec, found: Resources, circumstances: PlanningContext = PlanningContext()) -> Plan:  # noqa: B008
    return plan(spec, found, NOW, fingerprint="SHA256:x", public_key="MII", context=circumstances)


@pytest.mark.parametrize("spec", SPECS.values(), ids=str)
def test_what_is_as_wanted_needs_no_step(spec: EnvironmentSpec) -> None:
    """Provisioning an environment that is there does nothing."""
    circumstances = PlanningContext(schemas=frozenset({Qualified(spec.database.name, Identifier("PUBLIC"))}))
    made = _plan(spec, desired_state(spec, "SHA256:x"), circumstances)
    assert made.empty
    assert "nothing to do" in as_text(made)


def test_from_nothing_everything_is_made_in_an_order_that_works() -> None:
    """What others need comes first: control, role, warehouse, database, user, grants, tags."""
    made = _plan(PROD, Resources())
    kinds = [type(step).__name__ for step in made.steps]
    first = [kinds.index(kind) for kind in ("CreateControl", "CreateRole", "CreateWarehouse", "CreateDatabase")]
    assert first == sorted(first)
    assert kinds.index("CreateUser") < kinds.index("GrantRole") < kinds.index("GrantPrivileges")
    assert kinds.index("CreateTag") < kinds.index("SetTags")
    assert all(step.reason for step in made.steps)
    assert len(explain(made)) == len(made.steps)


def test_the_first_database_knows_its_deployment() -> None:
    """Also before any promotion, live can be distinguished from everything else."""
    line = next(step for step in _plan(PROD, Resources()).steps if type(step).__name__ == "CreateDatabase")
    assert getattr(line, "marker").deployment.startswith("d20261120t224901-")  # noqa: B009 (of a union)


def test_a_changed_size_is_repaired_and_named() -> None:
    """Drift of one setting gives one step that says what it was."""
    found = desired_state(PROD, "SHA256:x")
    assert found.warehouse is not None
    drifted = replace(found, warehouse=replace(found.warehouse, size=Size.X4LARGE))
    made = _plan(PROD, drifted)
    assert [type(step) for step in made.steps] == [AlterWarehouse]
    assert "size X4LARGE → LARGE" in as_text(made)


def test_the_promotion_size_is_no_drift_while_someone_holds_the_lock() -> None:
    """A promotion's temporary size is left alone, and said."""
    found = desired_state(PROD, "SHA256:x")
    assert found.warehouse is not None
    scaled = replace(found, warehouse=replace(found.warehouse, size=Size.XLARGE))
    held = _plan(PROD, scaled, PlanningContext(lock_holder="d20261120t224901-1a2b3c"))
    assert held.empty
    assert any("not drift" in note for note in held.notes)
    assert not _plan(PROD, scaled).empty


@pytest.mark.parametrize("grant", sorted(desired_state(PROD, "x").grants, key=str), ids=str)
def test_a_dropped_grant_is_given_back(grant: Grant) -> None:
    """Each single grant that is missing gives exactly one step."""
    found = desired_state(PROD, "SHA256:x")
    public = Qualified(PROD.database.name, Identifier("PUBLIC"))
    made = _plan(PROD, replace(found, grants=found.grants - {grant}), PlanningContext(schemas=frozenset({public})))
    assert [step for step in made.steps if isinstance(step, GrantPrivileges)] == list(made.steps)
    assert len(made.steps) == 1


def test_more_than_is_wanted_is_left_alone() -> None:
    """What dbt or a person granted besides is not ours to revoke."""
    found = desired_state(PROD, "SHA256:x")
    extra = Grant("SELECT", "TABLE", Qualified.of("OLIST_PROD", "MARTS", "T"), Identifier("ANALYST"))
    assert _plan(PROD, replace(found, grants=found.grants | {extra})).empty


def test_a_new_key_of_the_connection_replaces_the_users_key() -> None:
    """The user logs in with the key that the connection holds."""
    made = _plan(PROD, desired_state(PROD, "SHA256:old"))
    assert [type(step) for step in made.steps] == [AlterUser]
    assert "fingerprint SHA256:old → SHA256:x" in as_text(made)


@pytest.mark.parametrize("environment", [None, "staging"])
def test_a_database_that_is_not_ours_is_refused(environment: str | None) -> None:
    """A database of the wanted name is never taken over silently."""
    found = desired_state(PROD, "SHA256:x")
    assert found.database is not None
    foreign = replace(found, database=replace(found.database, environment=environment))
    with pytest.raises(RefusedError) as refused:
        _plan(PROD, foreign)
    assert Marker("prod").comment in str(refused.value.good)


def test_a_transient_live_database_is_refused() -> None:
    """Snowflake cannot make it permanent, so nobody pretends to."""
    found = desired_state(PROD, "SHA256:x")
    assert found.database is not None
    with pytest.raises(RefusedError, match="transient"):
        _plan(PROD, replace(found, database=replace(found.database, transient=True)))


def test_the_lock_needs_only_the_foundation() -> None:
    """Control database, role, warehouse and the lock's own grants come before the lock, the rest after."""
    made = _plan(PROD, Resources())
    base = foundation(made)
    kinds = {type(step).__name__ for step in base.steps}
    assert kinds == {"CreateControl", "CreateRole", "CreateWarehouse", "GrantPrivileges", "GrantRole"}
    assert all("LOCK_PROD" in str(step.grant.on) for step in base.steps if isinstance(step, GrantPrivileges))


def test_a_short_auto_suspend_is_warned_about() -> None:
    """Below 60 seconds is legal and dear."""
    hasty = PROD.model_copy(update={"warehouse": PROD.warehouse.model_copy(update={"auto_suspend": 30})})
    assert any("bills 60 s" in note for note in _plan(hasty, Resources()).notes)
    assert not any("bills 60 s" in note for note in _plan(PROD, Resources()).notes)


def test_future_grants_of_a_schema_are_warned_about() -> None:
    """Snowflake would ignore the database's, and readers would miss new tables there."""
    found = desired_state(PROD, "SHA256:x")
    shadow = Grant("SELECT", "TABLE", Qualified.of("OLIST_RAW", "OLIST"), PROD.access.role, "future")
    notes = _plan(PROD, replace(found, grants=found.grants | {shadow})).notes
    assert any("OLIST_RAW.OLIST" in note for note in notes)
    assert not any("future grants" in note for note in _plan(PROD, found).notes)
