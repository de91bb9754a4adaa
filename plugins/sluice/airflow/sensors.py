"""Sensors for anybody's DAG: an environment that is ready, a deployment that is live, a budget. They defer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from sluice.airflow.triggers import ConditionTrigger
from sluice.errors import RetryError, SluiceError

if TYPE_CHECKING:
    from airflow.sdk import Context


class ConditionSensor(BaseSensorOperator):
    """Waits until an environment is as wanted, and returns what it is; a wait that is in vain fails at once.

    `deferrable` (the default) waits in the triggerer and takes no worker; otherwise `mode` counts as for any sensor.
    """

    template_fields: Sequence[str] = ("environment",)
    condition: str
    often = 30
    """Seconds between two looks, unless `poke_interval` says otherwise."""
    ui_color = "#e6f0f5"

    def __init__(self, *, environment: str, deferrable: bool = True, **arguments: Any) -> None:
        super().__init__(**({"poke_interval": self.often} | arguments))
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
    """An environment is whole: provisioned, in the journal, its database bearing our marker."""

    condition = "ready"


class DeploymentSensor(ConditionSensor):
    """An environment's live database bears a release, or a deployment; neither named: any deployment."""

    template_fields: Sequence[str] = ("environment", "release", "deployment")
    condition = "deployed"

    def __init__(self, *, release: str | None = None, deployment: str | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.release = release
        self.deployment = deployment

    @property
    def wanted(self) -> dict[str, str | None]:
        """The release and the deployment, where they are named."""
        return {"release": self.release, "deployment": self.deployment}


class BudgetSensor(ConditionSensor):
    """An environment's budget does not hold it suspended; put it before what costs money there."""

    condition = "affordable"
    often = 300  # what a check has changed; and each look wakes sluice's own warehouse


class EnvironmentGate(ConditionSensor):
    """A run may begin in an environment: neither its budget nor its hours stop it. The first task of our DAGs.

    It waits, deferred, before anything is planned or locked; or fails at once, where the environment's spec says
    `budget: {when_suspended: fail}`.
    """

    condition = "opened"
    often = 300

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**({"poke_interval": 60, "timeout": timedelta(days=4).total_seconds()} | arguments))
