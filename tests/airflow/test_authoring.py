"""What the author of a DAG writes: names where one looks for them, arguments that say what they take, refusals."""

import inspect
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, BaseOperator

from sluice.airflow import flows, operators, sensors, triggers
from sluice.airflow.flows import promotion, refresh, rollback
from sluice.airflow.operators.stages import STAGES
from sluice.airflow.sensors import (
    BudgetSensor,
    ConditionSensor,
    DeploymentSensor,
    EnvironmentGateSensor,
    EnvironmentReadySensor,
)
from sluice.errors import SpecError

ROOT = Path(__file__).parents[2]
SEVERAL: Any = ("dev", "prod")
"""What is no name; mypy would say so too."""


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda _: promotion("dev"), "dev is not promoted to: it has no upstream"),
        (lambda _: promotion("{{ params.where }}"), "named here, not templated"),
        (lambda one: promotion(one.output), "not a task's result"),
        (lambda _: refresh("prod"), "prod is not refreshed in place: its strategy is blue_green"),
        (lambda one: refresh(one.output), "not a task's result"),
        (lambda _: refresh("devv"), "no such environment"),
        (lambda _: rollback("dev"), "dev cannot be rolled back: it is built in place"),
        (lambda one: rollback(one.output), "not a task's result"),
        (lambda _: rollback("prodd"), "no such environment"),
        (lambda _: rollback("prod", "the last one"), "not a deployment"),
        (lambda _: DeploymentSensor(task_id="wait", environment="prodd"), "no such environment"),
        (lambda _: EnvironmentGateSensor(task_id="wait", environment="prodd"), "no such environment"),
        (lambda _: BudgetSensor(task_id="wait", environment=SEVERAL), "not a task's result nor anything else"),
        (lambda _: operators.ProvisionEnvironmentOperator(task_id="wrong", environment="devv"), "no such environment"),
        (lambda _: operators.ProvisionEnvironmentOperator(task_id="wrong"), "environment: this field is required"),
        (
            lambda _: operators.ProvisionEnvironmentOperator(
                task_id="wrong", kind="feature", feature="x", hours="long"
            ),
            "hours: not a number",
        ),
        (lambda _: operators.PlanPromotionOperator(task_id="wrong", environment="prodd"), "no such environment"),
        (
            lambda _: operators.PlanPromotionOperator(task_id="wrong", environment="prod", release="latest"),
            "not a release id",
        ),
        (
            lambda _: operators.PlanPromotionOperator(task_id="wrong", environment="prod", full_refresh="always"),
            "full_refresh: neither true nor false",
        ),
        (
            lambda _: operators.PlanRollbackOperator(
                task_id="wrong", environment="prod", deployment="the last one", reason="{{ params.why }}"
            ),
            "not a deployment",
        ),
        (lambda one: operators.RunStageOperator(task_id="two", stage="swap", deployment=one.output), "no such stage"),
        (
            lambda _: operators.ControlBudgetOperator(
                task_id="wrong", what="stop", environments=["dev", "prodd"], reason="{{ params.why }}"
            ),
            "no such environment",
        ),
        (
            lambda _: operators.ControlBudgetOperator(task_id="wrong", what="halt", environments="dev", reason="x"),
            "what: there is no such choice",
        ),
        (
            lambda _: operators.ChangeAccessOperator(
                task_id="wrong", environment="dev", holder="ANN", level="admin", reason="x"
            ),
            "level: there is no such choice",
        ),
        (
            lambda _: operators.SweepEnvironmentsOperator(task_id="wrong", allow=0),
            "allow: not a number of at least one",
        ),
    ],
)
def test_what_is_wrong_for_sure_is_refused_when_the_file_is_read(write: Callable[[Any], object], says: str) -> None:
    """The import error says what belongs there."""
    with DAG("wrong", schedule=None):
        one = EmptyOperator(task_id="one")
        with pytest.raises(SpecError, match=says) as refused:
            write(one)
    assert refused.value.good


def test_what_only_a_run_can_know_passes() -> None:
    """Templates, environments that come and go, and tasks' results where a template is allowed."""
    ephemeral = "dev_user_segmentation_john_20231201"
    with DAG("later", schedule=None) as dag:
        one = EmptyOperator(task_id="one")
        for number, environment in enumerate((ephemeral, "{{ params.where }}", one.output)):
            DeploymentSensor(task_id=f"wait_{number}", environment=environment)
            operators.PlanRefreshOperator(task_id=f"plan_{number}", environment=environment)
        refresh(ephemeral)
        refresh("{{ params.where }}")
        rollback("{{ params.where }}", "{{ params.which }}", reason=one.output)
    assert {name.split(".")[0] for name in dag.task_ids if "." in name} == {
        f"refresh_{ephemeral}",
        "refresh",
        "rollback",
    }
    gate: Any = dag.get_task("refresh.gate")
    assert gate.environment == "{{ params.where }}"


@pytest.mark.parametrize(
    ("sensor", "seconds"),
    [(EnvironmentReadySensor, 30), (DeploymentSensor, 30), (BudgetSensor, 300), (EnvironmentGateSensor, 300)],
)
def test_sensors_say_what_they_take(sensor: type[ConditionSensor], seconds: int) -> None:
    """Their own signature has what is particular to them, and one default counts in every way they are made."""
    assert {"environment", "deferrable", "poke_interval"} <= set(inspect.signature(sensor).parameters)
    assert sensor(task_id="one", environment="dev").poke_interval == seconds
    assert sensor(task_id="one", environment="dev", poke_interval=timedelta(seconds=7)).poke_interval == 7
    assert "poke_interval:" in str(inspect.getdoc(sensor))


def test_public_classes_are_found_where_one_looks_for_them() -> None:
    """Operators, sensors and groups are exported by name, and nothing else is."""
    for module in (operators, sensors, triggers, flows):
        for name in module.__all__:
            assert getattr(module, name).__doc__, name
        assert set(module.__all__) <= set(dir(module))
    assert {name.removesuffix("Operator") for name in operators.__all__}.isdisjoint(operators.__all__)
    assert {name.removesuffix("Sensor") for name in sensors.__all__}.isdisjoint(sensors.__all__)
    assert {name.removesuffix("Trigger") for name in triggers.__all__}.isdisjoint(triggers.__all__)
    with pytest.raises(AttributeError, match="NoSuchOperator"):
        _ = operators.NoSuchOperator
    for group in (promotion, refresh, rollback):
        assert "with DAG(" in str(group.__doc__)


def test_operators_say_what_they_take() -> None:
    """Each argument of an operator's own is in its signature, explained in its docstring, and a template field."""
    known = set(inspect.signature(BaseOperator.__init__).parameters) | {"arguments"}
    for name in operators.__all__:
        operator = getattr(operators, name)
        own = set(inspect.signature(operator).parameters) - known
        doc = str(inspect.getdoc(operator))
        assert {argument for argument in own if f"    {argument}: " not in doc} == set(), name
        ids = {"stage", "recorded_by", "settled_by", "planned_by", "locked_by", "ends_with"}
        assert own - ids <= set(operator.template_fields), name
        if not inspect.isabstract(operator):
            assert f"{name}(" in doc, name
            assert not own or "Raises:" in doc or issubclass(operator, ApprovalOperator), name


def test_no_operator_or_sensor_reads_a_form() -> None:
    """Only the flows read params: what stands below them is for anybody's DAG."""
    package = ROOT / "plugins" / "sluice" / "airflow"
    below = [*(package / "operators").glob("*.py"), package / "sensors.py", package / "triggers.py"]
    assert [path.name for path in below if '["params"]' in path.read_text()] == []


def test_the_stages_that_may_be_named_are_those_there_are() -> None:
    """The list that a DAG file is checked against is no other than what the operations do."""
    from sluice.operations.promotion import stages
    from sluice.operations.refresh import refresh as refreshing
    from sluice.operations.rollback import rollback as rolling_back

    assert set(STAGES) == {*stages.STAGES, *refreshing.STAGES, *rolling_back.STAGES}
