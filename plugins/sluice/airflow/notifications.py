"""People are notified: when a deployment starts, succeeds, fails, is stopped before its swap, or is rolled back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Literal

from airflow.sdk import BaseNotifier

from sluice.airflow.authoring import is_template
from sluice.domain.ephemeral.templates import load_templates
from sluice.domain.promotion.deployments import StageReport, Undone
from sluice.domain.specs.blocks import Channel, DeploymentNotice, MonitoringBlock
from sluice.domain.specs.environment import load_environments
from sluice.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import Connection, Context

log = logging.getLogger(__name__)

Happening = DeploymentNotice
Severity = Literal["info", "warning", "error", "critical"]
PAGER = "pagerduty_events"
"""The type of connection behind which somebody is woken, and an incident stays open until it is resolved."""
TYPES = ("slackwebhook", "smtp", PAGER, "http")
"""The types of connections by which people are notified: `notifier_of` has one for each."""


class DeploymentNotifier(BaseNotifier):
    """One line about a deployment is in the log and at every channel of the environment that has a connection.

    The channels are those of the spec (`monitoring.channels`), each with what the spec says it hears
    (`monitoring.deployment_notices`). A channel is an Airflow connection called `sluice_<channel>`: of type
    `slackwebhook`, `smtp`, `pagerduty_events`, or `http` for any webhook that takes `{"text": …}`. One without a
    connection is written to the log only, so a laptop needs none. `environment` may be a template; without it the
    run's parameter of that name counts.

    What an undo came to is read from its report: one that had nothing to undo is not notified.
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
        report = own_report(context) if self.happening in _WITH_REPORT else None
        happening = self.happening if report is None else what_happened(self.happening, report)
        if happening is None:
            return
        text = message(happening, environment, context, report.summary if report is not None else "")
        self.log.info("%s", text)
        over = happening == "succeeded" or (happening == "rolled back" and report is not None and report.stage != UNDO)
        severity: Severity = _SEVERITY.get(happening, "info") if not over else "info"
        monitoring = monitoring_of(environment)
        for channel in monitoring.channels if monitoring is not None else ():
            key = f"sluice deployment {environment}"
            if monitoring is not None and monitoring.hears(channel, happening):
                send(channel, text, severity=severity, key=key, over=over)
            elif over:
                resolve(channel, text, key=key)


UNDO = "undo"
_WITH_REPORT = frozenset({"succeeded", "rolled back"})
"""Told by the task that did it, after its report is in XCom."""
_SEVERITY: dict[Happening, Severity] = {"failed": "error", "rolled back": "error", "stopped": "warning"}


def what_happened(planned: Happening, report: StageReport) -> Happening | None:
    """Return what a task's report says happened, whatever its notifier was made for; None: nothing worth telling."""
    if report.stage != UNDO:
        return planned
    notices: dict[object, Happening] = {Undone.SWAPPED_BACK: "rolled back", Undone.STOPPED: "stopped"}
    return notices.get(report.facts.get("outcome"))


def own_report(context: Context) -> StageReport | None:
    """Return the report that the task of this callback left in XCom; None where it left none."""
    found = context["ti"].xcom_pull(task_ids=context["ti"].task_id)
    return StageReport.from_json(found) if isinstance(found, dict) and {"stage", "summary"} <= set(found) else None


def channels(environment: str) -> tuple[Channel, ...]:
    """Return the channels of an environment: by its file, or by the template that names of its kind begin with."""
    monitoring = monitoring_of(environment)
    return monitoring.channels if monitoring is not None else ()


def monitoring_of(environment: str) -> MonitoringBlock | None:
    """Return who hears of an environment: by its file, or by the template that names of its kind begin with."""
    here = settings().environments
    standing = load_environments(here)
    if environment in standing:
        return standing[environment].monitoring
    templates = load_templates(here / "templates").values()
    return next((each.monitoring for each in templates if environment.startswith(f"{each.purpose}_")), None)


def send(channel: str, text: str, *, severity: Severity = "info", key: str | None = None, over: bool = False) -> None:
    """Have the line at the channel, or in the log why not; a channel that does not answer never fails a task.

    `key` names what it is about: PagerDuty shows several lines about one thing as one incident, which is resolved when
    it is `over`.
    """
    connection = _connection(channel)
    if connection is None:
        log.info("channel %s: no Airflow connection sluice_%s, so the log has to do", channel, channel)
        return
    if connection.conn_type not in TYPES:
        log.warning("channel %s: its connection is of type %r, not one of %s", channel, connection.conn_type, TYPES)
        return
    _deliver(channel, lambda: notifier_of(connection, text, severity=severity, key=key, over=over))


def resolve(channel: str, text: str, *, key: str) -> None:
    """Have PagerDuty's incident of that key resolved, where the channel leads to PagerDuty; others hear nothing."""
    connection = _connection(channel)
    if connection is not None and connection.conn_type == PAGER:
        _deliver(channel, lambda: notifier_of(connection, text, severity="info", key=key, over=True))


def _connection(channel: str) -> Connection | None:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return BaseHook.get_connection(f"sluice_{channel}")
    except AirflowNotFoundException:
        return None


def _deliver(channel: str, notifier: Callable[[], BaseNotifier]) -> None:
    try:
        notifier().notify({})
    except ModuleNotFoundError as missing:
        log.warning("channel %s: %s is not installed: pip install 'airflow-sluice[notify]'", channel, missing.name)
    except Exception as error:  # noqa: BLE001 (each provider's client has errors of its own, and none may fail a task)
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

        # Slack reads <!channel> and the like; names and errors are shown as they are.
        shown = escape(text, quote=False)
        slack: BaseNotifier = SlackWebhookNotifier(slack_webhook_conn_id=conn_id, text=shown, timeout=10)
        return slack
    if kind == "smtp":
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        to = connection.extra_dejson.get("to_email")
        mail: BaseNotifier = SmtpNotifier(
            to=to, subject=f"sluice: {text.splitlines()[0][:120]}", html_content=escape(text), smtp_conn_id=conn_id
        )
        return mail
    if kind == PAGER:
        from airflow.providers.pagerduty.notifications.pagerduty import PagerdutyNotifier

        pager: BaseNotifier = PagerdutyNotifier(
            summary=text[:1024],
            severity=severity,
            source="sluice",
            action="resolve" if over else "trigger",
            dedup_key=key,
            pagerduty_events_conn_id=conn_id,
        )
        return pager
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


def message(happening: Happening, environment: str, context: Context, summary: str = "") -> str:
    """Return the line that people read: what happened, where, by whom, what it came to, and where to look."""
    ti = context["ti"]
    text = f"{environment}: deployment {happening} ({ti.dag_id}, {ti.task_id}, run {ti.run_id})"
    if user := context["dag_run"].triggering_user_name:
        text += f", started by {user}"
    if (error := context.get("exception")) is not None:
        summary = next(iter(str(error).splitlines()), type(error).__name__)
    return f"{text}: {summary}" if summary else text
