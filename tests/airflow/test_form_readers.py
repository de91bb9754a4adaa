"""What operators make of a form: nothing is nothing in whatever shape it comes, and what cannot be meant is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from sluice.airflow.operators.access import HOURS, ChangeAccess
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.budgets import ControlBudget
from sluice.airflow.operators.ephemeral import WISHES, PlanEnvironment, request, wanted
from sluice.airflow.operators.form import Form
from sluice.airflow.operators.lifecycle import ChangeEnvironment, DestroyEnvironment
from sluice.airflow.operators.plans import PlanOperator, PlanRefresh, PlanRollback
from sluice.airflow.operators.provision import Provision
from sluice.airflow.operators.reclone import RenewEnvironment
from sluice.airflow.operators.sweep import is_dry_run
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
    form = Form({"field": nothing})
    assert form.lines("field") == ()
    if not isinstance(nothing, list):
        assert [form.text("field"), form.number("field"), form.whole("field"), form.moment("field")] == [None] * 4
    if nothing in (None, ""):
        assert form.switch("field", otherwise=True)
    assert Form({}).text("field") is None


def test_values_are_read_as_their_field_means_them() -> None:
    """Texts without blanks around them, numbers without rounding, moments in UTC."""
    form = Form(
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
    assert Form({"at": text}).moment("at") == datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("read", "bad"),
    [
        (Form.number, "many"),
        (Form.number, "NaN"),
        (Form.number, "Infinity"),
        (Form.whole, "1.5"),
        (Form.moment, "Friday"),
        (Form.switch, "yes"),
        (lambda form, field: form.choice(field, ["stop", "limit"]), "halt"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_fields_name(read: Any, bad: str) -> None:
    """Also where no schema has looked at it: in somebody's own DAG."""
    with pytest.raises(SpecError, match=f"field: .*\n  found: '{bad}'") as refused:
        read(Form({"field": bad}), "field")
    assert refused.value.untouched == "everything"


def asked(**fields: object) -> Any:
    """Return what a form for a new feature environment asks for."""
    return request(airflow_workspace(), "feature", context(environment=NEW, kind="feature", **fields))


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
        wanted(Form({"environment": "dev", "kind": "feature", field: value}))


def test_a_standing_environment_needs_its_name_only() -> None:
    """The kind that the form holds from the beginning does not make it a new one; a new one has to have a kind."""
    assert wanted(Form({"environment": "dev", "kind": "feature", **dict.fromkeys(WISHES)})) == ("dev", None)
    assert wanted(Form({"environment": NEW, "kind": "testing"})) == (NEW, "testing")
    with pytest.raises(SpecError, match="kind: 'a new one' needs this field"):
        wanted(Form({"environment": NEW, "kind": None}))


WHO = {"environment": EPHEMERAL_EXAMPLE, "reason": "x"}


@pytest.mark.parametrize(
    ("operator", "params", "words"),
    [
        (ChangeEnvironment, {**WHO, "what": "resize", "size": None}, "size: 'resize' needs this field"),
        (ChangeEnvironment, {**WHO, "what": "budget", "daily_usd": ""}, "daily_usd: 'budget' needs this field"),
        (ChangeEnvironment, {**WHO, "what": "transfer", "owner": " "}, "owner: 'transfer' needs this field"),
        (
            ChangeEnvironment,
            {**WHO, "what": "extend", "size": "LARGE"},
            "size: this field is for 'resize', and 'extend'",
        ),
        (ChangeEnvironment, {**WHO, "what": "undo", "hours": 3}, "hours: this field is for 'extend', and 'undo'"),
        (ChangeEnvironment, {**WHO, "what": "drop"}, "what: there is no such choice"),
        (ChangeEnvironment, {**WHO, "what": "pin", "reason": ""}, "reason: this field is required"),
        (DestroyEnvironment, {"environment": None, "reason": "x"}, "environment: this field is required"),
        (DestroyEnvironment, {"environment": EPHEMERAL_EXAMPLE}, "reason: this field is required"),
        (RenewEnvironment, {"environment": EPHEMERAL_EXAMPLE, "reason": None}, "reason: this field is required"),
        (ControlBudget, {"what": "open", "environments": ["dev"], "reason": "x"}, "until: 'open' needs this field"),
        (ControlBudget, {"what": "stop", "environments": ["dev"], "usd": 5, "reason": "x"}, "usd: this field is for"),
        (ControlBudget, {"what": "stop", "environments": [""], "reason": "x"}, "environments: this field is required"),
        (
            ChangeAccess,
            {"what": "grant", "environment": "dev", "holder": "", "reason": "x"},
            "holder: this field is req",
        ),
        (
            ChangeAccess,
            {"what": "give", "environment": "dev", "holder": "ANN", "reason": "x"},
            "what: there is no such",
        ),
        (PlanEnvironment, {"environment": "dev", "size": "LARGE"}, "size: this field is for 'a new one'"),
        (Provision, {"environment": ""}, "environment: this field is required"),
        (PlanRollback, {"environment": "prod", "reason": " "}, "reason: this field is required"),
        (PlanRollback, {"reason": "x"}, "environment: this field is required"),
        (PlanRefresh, {"environment": ""}, "environment: this field is required"),
    ],
)
def test_a_form_that_cannot_be_meant_is_refused_before_the_account_is_asked(
    operator: type[SluiceOperator], params: Mapping[str, object], words: str
) -> None:
    """By the name of the field and with a good value; there is no connection here, so that a look would fail."""
    own = {name: params.get(name, "") for name in operator.template_fields if issubclass(operator, PlanOperator)}
    with pytest.raises(SpecError, match=words) as refused:
        operator(task_id="x", **own).work(airflow_workspace(), context(**params))
    assert refused.value.good
    assert refused.value.untouched == "everything"


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
    run = {**context(dry_run=value), "dag_run": SimpleNamespace(run_type=SimpleNamespace(value=run_type))}
    assert is_dry_run(run) is is_dry


@pytest.mark.parametrize("hours", [None, "", HOURS])
def test_access_lasts_a_day_where_nobody_says_how_long(account: Snowdome, hours: object) -> None:
    """An empty field is a day, not an error of types."""
    work = airflow_workspace()
    provision(work, "dev", work.now(), holder="test")
    with work.control() as session:
        session.run(Statement("CREATE ROLE IF NOT EXISTS SECOND_LOOK"))
    params = {"environment": "dev", "to": "role", "holder": "SECOND_LOOK", "reason": "a second look"}
    change, before = ChangeAccess(task_id="change"), work.now()
    run = {
        **context(**params, what="grant", level="read", hours=hours),
        "ti": SimpleNamespace(dag_id="a", run_id=hours),
    }
    given = change.work(work, run)
    after = work.now()
    assert before <= datetime.fromisoformat(str(given["until"])) - timedelta(hours=HOURS) <= after
    back = {**run, "params": {**params, "what": "revoke", "level": None, "hours": hours}}
    assert "dev: read of role SECOND_LOOK" in str(change.work(work, back)["summary"])
