"""People are told: when a deployment starts, succeeds, fails, or is rolled back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Literal

from airflow.sdk import BaseNotifier

from sluice.airflow.authoring import is_template
from sluice.domain.specs import load_environments
from sluice.domain.templates import load_templates
from sluice.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import Connection, Context

log = logging.getLogger(__name__)

Happening = Literal["started", "succeeded", "failed", "rolled back"]
Severity = Literal["info", "warning", "error", "critical"]


class DeploymentNotifier(BaseNotifier):
    """One line about a deployment is in the log and at every channel of the environment that has a connection.

    The channels are those of the spec (`monitoring.channels`). A channel is an Airflow connection called
    `sluice_<channel>`: of type `slackwebhook`, `smtp`, `pagerduty_events`, or `http` for any webhook that takes
    `{"text": …}`. One without a connection is written to the log only, so a laptop needs none. `environment` may be a
    template; without it the run's parameter of that name counts.
    """

    template_fields: Sequence[str] = ()

    def __init__(self, happening: Happening, environment: str = "{{ params.environment }}") -> None:
        super().__init__()
        self.happening = happening
        self.environment = environment

    def notify(self, context: Context) -> None:
        """Tell each channel; a channel that does not answer never fails a deployment."""
        environment = self.environment
        if is_template(environment):  # rendered anew each time: `template_fields` would keep the first run's name
            jinja = self.get_template_env(dag=context.get("dag"))
            environment = str(self.render_template(environment, context, jinja))
        text = message(self.happening, environment, context)
        self.log.info("%s", text)
        severity: Severity = "error" if self.happening in {"failed", "rolled back"} else "info"
        for channel in channels(environment):
            if channel != "pagerduty" or severity == "error":  # nobody is woken by a success
                send(channel, text, severity=severity, key=f"sluice {environment} {context['ti'].run_id}")


def channels(environment: str) -> tuple[str, ...]:
    """Return the channels of an environment: by its file, or by the template that names of its kind begin with."""
    here = settings().environments
    standing = load_environments(here)
    if environment in standing:
        return standing[environment].monitoring.channels
    made = load_templates(here / "templates").values()
    return next((one.monitoring.channels for one in made if environment.startswith(f"{one.purpose}_")), ())


def send(channel: str, text: str, *, severity: Severity = "info", key: str | None = None, over: bool = False) -> None:
    """Have the line at the channel, or in the log why not; a channel that does not answer never fails a task.

    `key` names what it is about: PagerDuty shows several lines about one thing as one incident, which is resolved when
    it is `over`.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(f"sluice_{channel}")
    except AirflowNotFoundException:
        log.info("channel %s: no Airflow connection sluice_%s, so the log has to do", channel, channel)
        return
    try:
        notifier_of(connection, text, severity=severity, key=key, over=over).notify({})
    except ModuleNotFoundError as missing:
        log.warning("channel %s: %s is not installed: pip install 'airflow-sluice[notify]'", channel, missing.name)
    except (AirflowException, OSError, ValueError, RuntimeError) as error:
        # Not the error's own words: a webhook's address is its secret.
        log.warning("channel %s did not take the message: %s", channel, type(error).__name__)


def notifier_of(
    connection: Connection, text: str, *, severity: Severity, key: str | None, over: bool = False
) -> BaseNotifier:
    """Return Airflow's own notifier for a connection of this type: `slackwebhook`, `smtp`, `pagerduty_events`, `http`.

    An `smtp` connection names its readers in its extra: `{"to_email": "team@example.org"}`.
    """
    conn_id, kind = str(connection.conn_id), connection.conn_type
    if kind == "slackwebhook":
        from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

        return SlackWebhookNotifier(slack_webhook_conn_id=conn_id, text=text, timeout=10)
    if kind == "smtp":
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        to = connection.extra_dejson.get("to_email")
        return SmtpNotifier(
            to=to, subject=f"sluice: {text.splitlines()[0][:120]}", html_content=escape(text), smtp_conn_id=conn_id
        )
    if kind == "pagerduty_events":
        from airflow.providers.pagerduty.notifications.pagerduty import PagerdutyNotifier

        return PagerdutyNotifier(
            summary=text[:1024],
            severity=severity,
            source="sluice",
            action="resolve" if over else "trigger",
            dedup_key=key,
            pagerduty_events_conn_id=conn_id,
        )
    return WebhookNotifier(connection.host or "", text)


class WebhookNotifier(BaseNotifier):
    """A webhook that takes `{"text": …}` has the line."""

    template_fields: Sequence[str] = ()

    def __init__(self, address: str, text: str) -> None:
        super().__init__()
        self.address = address
        self.text = text

    def notify(self, context: Context) -> None:
        """Post it; an address that does not answer is an OSError."""
        import httpx

        del context
        try:
            httpx.post(self.address, json={"text": self.text}, timeout=10).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(type(error).__name__) from None


def message(happening: Happening, environment: str, context: Context) -> str:
    """Return the line that people read: what happened, where, by whom, and where to look."""
    ti = context["ti"]
    text = f"{environment}: deployment {happening} ({ti.dag_id}, {ti.task_id}, run {ti.run_id})"
    if user := context["dag_run"].triggering_user_name:
        text += f", started by {user}"
    if (error := context.get("exception")) is not None:
        text += f": {next(iter(str(error).splitlines()), type(error).__name__)}"
    return text
