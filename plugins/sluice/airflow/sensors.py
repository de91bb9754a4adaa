"""Sensors for anybody's DAG: an environment that is ready, a deployment that is live, a budget. They defer.

Each stands before what has to wait:

    with DAG("report_on_prod", schedule="0 7 * * *"):
        DeploymentSensor(task_id="wait", environment="prod") >> report()
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from sluice.airflow.authoring import refuse_unknown, rendered
from sluice.airflow.triggers import ConditionTrigger
from sluice.errors import RetryError, SluiceError
from sluice.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["BudgetSensor", "ConditionSensor", "DeploymentSensor", "EnvironmentGateSensor", "EnvironmentReadySensor"]


class ConditionSensor(BaseSensorOperator):
    """Waits until an environment is as wanted, and returns what it is; a wait that is in vain fails at once.

    Args:
        environment: The name of a specified environment, or of an ephemeral one; may be a template. A name that
            no environment has is refused when the DAG is read.
        deferrable: Wait in the triggerer, taking no worker. If false, `mode` counts as for any sensor.
        poke_interval: Seconds between two looks.
        **arguments: As for any sensor: `task_id`, `timeout`, `retries` …
    """

    template_fields: Sequence[str] = ("environment",)
    condition: str
    ui_color = "#e6f0f5"

    def __init__(
        self, *, environment: str, deferrable: bool = True, poke_interval: float | timedelta = 30, **arguments: Any
    ) -> None:
        super().__init__(poke_interval=poke_interval, **arguments)
        refuse_unknown(environment)
        self.environment = environment
        self.deferrable = deferrable

    @property
    def wanted(self) -> dict[str, str | None]:
        """What the condition asks for beyond the environment."""
        return {}

    def execute(self, context: Context) -> Any:
        """Return at once where it is as wanted already; else wait."""
        if not self.deferrable:
            return super().execute(context)
        if (found := self._look()) is not None:
            return found
        self.defer(
            trigger=self._trigger(),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )
        return None

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        del context
        found = self._look()
        return PokeReturnValue(is_done=found is not None, xcom_value=found)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Return what the trigger saw."""
        del context
        if "error" in event:
            raise AirflowFailException(event["error"])
        self.log.info("%s: %s", self.environment, event["facts"])
        return event["facts"]

    def _look(self) -> dict[str, str | None] | None:
        try:
            return self._trigger().look()
        except RetryError as error:
            raise AirflowException(f"{error}\n  {error.advice}") from error
        except SluiceError as error:
            raise AirflowFailException(f"{error}\n  {error.advice}") from error

    def _trigger(self) -> ConditionTrigger:
        seconds = self.poke_interval
        return ConditionTrigger(
            condition=self.condition,
            environment=self.environment,
            wanted=self.wanted,
            seconds=seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds),
        )


class EnvironmentReadySensor(ConditionSensor):
    """An environment is whole: provisioned, in the journal, its database bearing sluice's marker.

        EnvironmentReadySensor(task_id="ready", environment="{{ params.environment }}") >> load()

    Args:
        environment: The name of a specified environment, or of an ephemeral one; may be a template.
        deferrable: Wait in the triggerer, taking no worker.
        poke_interval: Seconds between two looks.
        **arguments: As for any sensor: `task_id`, `timeout`, `retries` …
    """

    condition = "ready"
    custom_operator_name = "Wait for environment"


class DeploymentSensor(ConditionSensor):
    """An environment's live database bears a release, or a deployment; neither named: any deployment.

        DeploymentSensor(task_id="wait", environment="prod", release="{{ params.release }}") >> report()

    Args:
        environment: The name of a specified environment, or of an ephemeral one; may be a template.
        release: Wait for this release; may be a template.
        deployment: Wait for this deployment; may be a template.
        deferrable: Wait in the triggerer, taking no worker.
        poke_interval: Seconds between two looks.
        **arguments: As for any sensor: `task_id`, `timeout`, `retries` …
    """

    template_fields: Sequence[str] = ("environment", "release", "deployment")
    condition = "deployed"
    custom_operator_name = "Wait for deployment"

    def __init__(
        self,
        *,
        environment: str,
        release: str | None = None,
        deployment: str | None = None,
        deferrable: bool = True,
        poke_interval: float | timedelta = 30,
        **arguments: Any,
    ) -> None:
        super().__init__(environment=environment, deferrable=deferrable, poke_interval=poke_interval, **arguments)
        self.release = release
        self.deployment = deployment

    @property
    def wanted(self) -> dict[str, str | None]:
        """The release and the deployment, where they are named; a template that comes to nothing names none."""
        return {"release": rendered(self.release) or None, "deployment": rendered(self.deployment) or None}


class BudgetSensor(ConditionSensor):
    """An environment's budget does not hold it suspended; put it before what costs money there.

        BudgetSensor(task_id="affordable", environment="dev") >> train()

    Args:
        environment: The name of a specified environment, or of an ephemeral one; may be a template.
        deferrable: Wait in the triggerer, taking no worker.
        poke_interval: Seconds between two looks: as often as budgets are checked; each wakes sluice's own warehouse.
        **arguments: As for any sensor: `task_id`, `timeout`, `retries` …
    """

    condition = "affordable"
    custom_operator_name = "Wait for budget"

    def __init__(
        self, *, environment: str, deferrable: bool = True, poke_interval: float | timedelta = 300, **arguments: Any
    ) -> None:
        super().__init__(environment=environment, deferrable=deferrable, poke_interval=poke_interval, **arguments)


class EnvironmentGateSensor(ConditionSensor):
    """A run may begin in an environment: neither its budget nor its hours stop it. The first task of sluice's DAGs.

    It waits, deferred, before anything is planned or locked; or fails at once, where the environment's spec says
    `budget: {when_suspended: fail}`.

        EnvironmentGateSensor(task_id="gate", environment="dev") >> work()

    Args:
        environment: The name of a specified environment, or of an ephemeral one; may be a template.
        deferrable: Wait in the triggerer, taking no worker.
        poke_interval: Seconds between two looks. Not given: `SLUICE_GATE_SECONDS`, which is 300 unless it is set: each
            look wakes sluice's own warehouse.
        timeout: Seconds after which waiting is over and the task fails: four days, so a long weekend is waited out.
        **arguments: As for any sensor: `task_id`, `retries` …
    """

    condition = "opened"
    custom_operator_name = "Gate"

    def __init__(
        self,
        *,
        environment: str,
        deferrable: bool = True,
        poke_interval: float | timedelta | None = None,
        timeout: float | timedelta = timedelta(days=4),
        **arguments: Any,
    ) -> None:
        seconds = settings().gate_seconds if poke_interval is None else poke_interval
        super().__init__(
            environment=environment, deferrable=deferrable, poke_interval=seconds, timeout=timeout, **arguments
        )
