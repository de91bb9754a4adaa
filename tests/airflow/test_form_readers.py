"""What operators make of a form: nothing is nothing in whatever shape it comes, and what cannot be meant is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from sluice.airflow.flows.builders import parameters
from sluice.airflow.flows.sweep import NotDry
from sluice.airflow.operators.access import HOURS, ChangeAccessOperator
from sluice.airflow.operators.arguments import Arguments
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.budgets import ControlBudgetOperator
from sluice.airflow.operators.lifecycle import ChangeEnvironmentOperator, DestroyEnvironmentOperator
from sluice.airflow.operators.plans import PlanRefreshOperator, PlanRollbackOperator
from sluice.airflow.operators.provision import (
    WISHES,
    PlanEnvironmentOperator,
    ProvisionEnvironmentOperator,
    day_of,
    request,
    wanted,
)
from sluice.airflow.operators.reclone import RecloneEnvironmentOperator
from sluice.airflow.workspace import airflow_workspace
from sluice.domain.ephemeral.ephemeral_name import EPHEMERAL_EXAMPLE, NEW
from sluice.errors import SpecError
from sluice.operations.provisioning.provision import provision
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome

NOTHING: tuple[object, ...] = (None, "", "  ", [], ["", " "])
"""How an empty field may come: from the form, from the API, from a text area of blank lines."""


def context(**params: object) -> Any:
    """Return as much of a task's context as the operators read; ann triggered the run."""
    return {
        "ti": SimpleNamespace(dag_id="a_dag", run_id="manual__1"),
        "params": params,
        "dag_run": SimpleNamespace(triggering_user_name="ann", run_after=datetime(2026, 11, 20, 23, 59, tzinfo=UTC)),
        "triggering_asset_events": {},
    }


@pytest.mark.parametrize("nothing", NOTHING)
def test_nothing_is_nothing(nothing: object) -> None:
    """An empty field is read as empty, whatever it is a field for."""
    form = Arguments({"field": nothing})
    assert form.lines("field") == ()
    if not isinstance(nothing, list):
        assert [form.text("field"), form.number("field"), form.whole("field"), form.moment("field")] == [None] * 4
    if nothing in (None, ""):
        assert form.switch("field", otherwise=True)
    assert Arguments({}).text("field") is None


def test_values_are_read_as_their_field_means_them() -> None:
    """Texts without blanks around them, numbers without rounding, moments in UTC."""
    form = Arguments(
        {"text": " a b ", "lines": "core\n\n marts \n", "list": ["core", ""], "usd": 0.1, "hours": "12", "on": False}
    )
    assert form.text("text") == "a b"
    assert (form.lines("lines"), form.lines("list")) == (("core", "marts"), ("core",))
    assert (form.number("usd"), form.whole("hours")) == (Decimal("0.1"), 12)
    assert form.switch("on", otherwise=True) is False


@pytest.mark.parametrize(
    "text", ["2026-11-20T08:00:00Z", "2026-11-20T08:00", "2026-11-20T09:00:00+01:00", "2026-11-20T08:00:00.000Z"]
)
def test_a_moment_without_a_zone_is_utc(text: str) -> None:
    """Airflow's form gives UTC; the machine that a worker runs on has no say."""
    assert Arguments({"at": text}).moment("at") == datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("read", "bad"),
    [
        (Arguments.number, "many"),
        (Arguments.number, "NaN"),
        (Arguments.number, "Infinity"),
        (Arguments.whole, "1.5"),
        (Arguments.moment, "Friday"),
        (Arguments.switch, "yes"),
        (lambda form, field: form.choice(field, ["stop", "limit"]), "halt"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_fields_name(read: Any, bad: str) -> None:
    """Also where no schema has looked at it: in somebody's own DAG."""
    with pytest.raises(SpecError, match=f"field: .*\n  found: '{bad}'") as refused:
        read(Arguments({"field": bad}), "field")
    assert refused.value.untouched == "everything"


def asked(**fields: object) -> Any:
    """Return what a form for a new feature environment asks for."""
    given = Arguments({"environment": NEW, "kind": "feature", **fields})
    return request(airflow_workspace(), "feature", given, "ann", day_of(context()))


@pytest.mark.parametrize("empty", [None, ""])
def test_a_new_environment_belongs_to_who_triggers_it_and_is_as_its_template_says(empty: str | None) -> None:
    """A feature is enough: all else is left to the template, and the name bears the run's own day."""
    found = asked(**(dict.fromkeys(WISHES, empty) | {"feature": "user segmentation", "reason": empty}))
    assert str(found.name) == "dev_user_segmentation_ann_20261120"
    assert (found.owner, found.team, found.reason) == ("ann", "", "")
    assert (found.base, found.schemas, found.at, found.hours, found.daily_usd, found.size) == (
        None,
        (),
        None,
        None,
        None,
        None,
    )
    assert found.name.created == date(2026, 11, 20)


def test_a_branch_names_it_without_a_feature() -> None:
    """The branch alone is enough; an owner that is given counts, and an empty database is no template's base."""
    found = asked(
        branch="feature/DATA-12-segments", owner="john", base="empty", daily_usd=7.5, hours=12, size="XXLARGE"
    )
    assert str(found.name) == "dev_data_12_segments_john_20261120"
    assert (found.base, found.daily_usd, found.hours, found.size) == ("", Decimal("7.5"), 12, "XXLARGE")


def test_a_feature_and_a_branch_together_are_refused() -> None:
    """Neither wins in silence."""
    with pytest.raises(SpecError, match="both are given") as refused:
        asked(feature="segments", branch="feature/other")
    assert refused.value.where == "feature, branch"
    assert refused.value.value == ["segments", "feature/other"]


def test_neither_a_feature_nor_a_branch_is_refused() -> None:
    """A new environment has to be named after something."""
    with pytest.raises(SpecError, match="feature: 'a new one' needs this field") as refused:
        asked(feature="", branch=None)
    assert "branch" in str(refused.value.good)


@pytest.mark.parametrize(
    ("field", "value"), [("feature", "segments"), ("size", "LARGE"), ("schemas", ["core"]), ("hours", 5)]
)
def test_wishes_for_a_new_environment_are_refused_beside_a_standing_one(field: str, value: object) -> None:
    """Who fills in the section and leaves the environment at dev does not get dev repaired instead."""
    with pytest.raises(SpecError, match=f"{field}: this field is for 'a new one', and 'dev' is chosen"):
        wanted(Arguments({"environment": "dev", "kind": "feature", field: value}))


def test_a_standing_environment_needs_its_name_only() -> None:
    """The kind that the form holds from the beginning does not make it a new one; a new one has to have a kind."""
    assert wanted(Arguments({"environment": "dev", "kind": "feature", **dict.fromkeys(WISHES)})) == ("dev", None)
    assert wanted(Arguments({"environment": NEW, "kind": "testing"})) == (NEW, "testing")
    with pytest.raises(SpecError, match="kind: 'a new one' needs this field"):
        wanted(Arguments({"environment": NEW, "kind": None}))


WHO = {"environment": EPHEMERAL_EXAMPLE, "reason": "x"}


@pytest.mark.parametrize(
    ("operator", "params", "words"),
    [
        (ChangeEnvironmentOperator, {**WHO, "what": "resize", "size": None}, "size: 'resize' needs this field"),
        (ChangeEnvironmentOperator, {**WHO, "what": "budget", "daily_usd": ""}, "daily_usd: 'budget' needs this field"),
        (ChangeEnvironmentOperator, {**WHO, "what": "transfer", "owner": " "}, "owner: 'transfer' needs this field"),
        (
            ChangeEnvironmentOperator,
            {**WHO, "what": "extend", "size": "LARGE"},
            "size: this field is for 'resize', and 'extend'",
        ),
        (
            ChangeEnvironmentOperator,
            {**WHO, "what": "undo", "hours": 3},
            "hours: this field is for 'extend', and 'undo'",
        ),
        (ChangeEnvironmentOperator, {**WHO, "what": "drop"}, "what: there is no such choice"),
        (ChangeEnvironmentOperator, {**WHO, "what": "pin", "reason": ""}, "reason: this field is required"),
        (DestroyEnvironmentOperator, {"environment": None, "reason": "x"}, "environment: this field is required"),
        (DestroyEnvironmentOperator, {"environment": EPHEMERAL_EXAMPLE}, "reason: this field is required"),
        (
            RecloneEnvironmentOperator,
            {"environment": EPHEMERAL_EXAMPLE, "reason": None},
            "reason: this field is required",
        ),
        (
            ControlBudgetOperator,
            {"what": "open", "environments": ["dev"], "reason": "x"},
            "until: 'open' needs this field",
        ),
        (
            ControlBudgetOperator,
            {"what": "stop", "environments": ["dev"], "usd": 5, "reason": "x"},
            "usd: this field is for",
        ),
        (
            ControlBudgetOperator,
            {"what": "stop", "environments": [""], "reason": "x"},
            "environments: this field is required",
        ),
        (
            ChangeAccessOperator,
            {"what": "grant", "environment": "dev", "holder": "", "reason": "x"},
            "holder: this field is req",
        ),
        (
            ChangeAccessOperator,
            {"what": "give", "environment": "dev", "holder": "ANN", "reason": "x"},
            "what: there is no such",
        ),
        (PlanEnvironmentOperator, {"environment": "dev", "size": "LARGE"}, "size: this field is for 'a new one'"),
        (ProvisionEnvironmentOperator, {"environment": ""}, "environment: this field is required"),
        (PlanRollbackOperator, {"environment": "prod", "reason": " "}, "reason: this field is required"),
        (PlanRollbackOperator, {"reason": "x"}, "environment: this field is required"),
        (PlanRefreshOperator, {"environment": ""}, "environment: this field is required"),
    ],
)
def test_a_form_that_cannot_be_meant_is_refused_before_the_account_is_asked(
    operator: type[SluiceOperator], params: Mapping[str, object], words: str
) -> None:
    """By the name of the field and with a good value; there is no connection here, so that a look would fail."""
    task = operator(task_id="x", **form(operator))
    task.render_template_fields(context(**params))
    with pytest.raises(SpecError, match=words) as refused:
        task.work(airflow_workspace(), context())
    assert refused.value.good
    assert refused.value.untouched == "everything"


def form(operator: type[SluiceOperator]) -> dict[str, Any]:
    """Return the arguments of an operator as fields of a form, as the flows give them."""
    return parameters(**{name: operator.fields.get(name, name) for name in operator.template_fields})


@pytest.mark.parametrize(
    ("run_type", "value", "is_dry"),
    [
        ("manual", None, True),
        ("manual", "", True),
        ("manual", True, True),
        ("manual", False, False),
        ("scheduled", True, False),
    ],
)
def test_a_sweep_by_hand_is_dry_unless_it_is_said(run_type: str, value: object, is_dry: bool) -> None:
    """An empty switch is no order to drop."""
    run: Any = {**context(dry_run=value), "dag_run": SimpleNamespace(run_type=SimpleNamespace(value=run_type))}
    assert NotDry()(run, None) is not is_dry


@pytest.mark.parametrize("hours", [None, "", HOURS])
def test_access_lasts_a_day_where_nobody_says_how_long(account: Snowdome, hours: Any) -> None:
    """An empty field is a day, not an error of types."""
    work = airflow_workspace()
    provision(work, "dev", work.now(), holder="test")
    with work.control() as session:
        session.run(Statement("CREATE ROLE IF NOT EXISTS SECOND_LOOK"))
    params = {"environment": "dev", "to": "role", "holder": "SECOND_LOOK", "reason": "a second look"}
    change, before = (
        ChangeAccessOperator(task_id="change", **params, what="grant", level="read", hours=hours),
        work.now(),
    )
    run: Any = {**context(), "ti": SimpleNamespace(dag_id="a", run_id=hours)}
    granted = change.work(work, run)
    after = work.now()
    assert before <= datetime.fromisoformat(str(granted["until"])) - timedelta(hours=HOURS) <= after
    back = ChangeAccessOperator(task_id="back", **params, what="revoke", hours=hours)
    assert "dev: read of role SECOND_LOOK" in str(back.work(work, run)["summary"])
