"""People are told: when a deployment starts, settles, fails, or is rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.domain.specs import EnvironmentSpec

Happening = Literal["started", "succeeded", "failed", "rolled back"]


class DeploymentNotifier(BaseNotifier):
    """One line about a deployment is in the log and at every channel of the environment that has a connection.

    A channel is an Airflow connection of type `http` called `sluice_<channel>` whose host is a webhook; a channel
    without one is written to the log only, so a laptop needs none.
    """

    template_fields: Sequence[str] = ()

    def __init__(self, happening: Happening, environment: str, channels: Sequence[str] = ()) -> None:
        super().__init__()
        self.happening = happening
        self.environment = environment
        self.channels = tuple(channels)

    def notify(self, context: Context) -> None:
        """Tell each channel; a channel that does not answer never fails a deployment."""
        text = message(self.happening, self.environment, context)
        self.log.info("%s", text)
        for channel in self.channels:
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
            answer = httpx.post(webhook.host or "", json={"text": text}, timeout=10)
            answer.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.log.warning("channel %s did not take the message: %s", channel, error)


def message(happening: Happening, environment: str, context: Context) -> str:
    """Return the line that people read: what happened, where, by whom, and where to look."""
    ti = context["ti"]
    words = [f"{environment}: deployment {happening}", f"({ti.dag_id}, {ti.task_id}, run {ti.run_id})"]
    if user := context["dag_run"].triggering_user_name:
        words.append(f"started by {user}")
    if (error := context.get("exception")) is not None:
        words.append(f": {str(error).splitlines()[0]}")
    return " ".join(words)


def notifier(happening: Happening, spec: EnvironmentSpec) -> Any:
    """Return the notifier of an environment, for its own channels."""
    return DeploymentNotifier(happening, spec.name, spec.monitoring.channels)
