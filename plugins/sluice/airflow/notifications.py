"""People are told: when a deployment starts, succeeds, fails, or is rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from airflow.sdk import BaseNotifier

from sluice.domain.specs import load_environments
from sluice.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import Context

Happening = Literal["started", "succeeded", "failed", "rolled back"]


class DeploymentNotifier(BaseNotifier):
    """One line about a deployment is in the log and at every channel of the environment that has a connection.

    The channels are those of the spec (`monitoring.channels`). A channel is an Airflow connection of type `http` called
    `sluice_<channel>` whose host is a webhook that takes `{"text": …}`; a channel without one is written to the log
    only, so a laptop needs none. Without `environment` the run's parameter of that name counts.
    """

    template_fields: Sequence[str] = ()

    def __init__(self, happening: Happening, environment: str | None = None) -> None:
        super().__init__()
        self.happening = happening
        self.environment = environment

    def notify(self, context: Context) -> None:
        """Tell each channel; a channel that does not answer never fails a deployment."""
        environment = self.environment or str(context["params"]["environment"])
        text = message(self.happening, environment, context)
        self.log.info("%s", text)
        for channel in load_environments(settings().environments)[environment].monitoring.channels:
            self._send(channel, text)

    def _send(self, channel: str, text: str) -> None:
        import httpx
        from airflow.sdk import BaseHook
        from airflow.sdk.exceptions import AirflowNotFoundException

        try:
            webhook = BaseHook.get_connection(f"sluice_{channel}")
        except AirflowNotFoundException:
            self.log.info("channel %s: no Airflow connection sluice_%s, so the log has to do", channel, channel)
            return
        try:
            httpx.post(webhook.host or "", json={"text": text}, timeout=10).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Not the error's own words: a webhook's address is its secret.
            self.log.warning("channel %s did not take the message: %s", channel, type(error).__name__)


def message(happening: Happening, environment: str, context: Context) -> str:
    """Return the line that people read: what happened, where, by whom, and where to look."""
    ti = context["ti"]
    text = f"{environment}: deployment {happening} ({ti.dag_id}, {ti.task_id}, run {ti.run_id})"
    if user := context["dag_run"].triggering_user_name:
        text += f", started by {user}"
    if (error := context.get("exception")) is not None:
        text += f": {next(iter(str(error).splitlines()), type(error).__name__)}"
    return text
