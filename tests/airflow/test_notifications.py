"""People are notified, through the channels of the environment's spec; nobody's silence fails a deployment."""

from __future__ import annotations

import json
import logging
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any, ClassVar

import pagerduty
import pytest
from airflow.providers.pagerduty.notifications.pagerduty import PagerdutyNotifier
from airflow.sdk import Connection
from pydantic import ValidationError

from sluice.airflow.budget_notices import notify
from sluice.airflow.notifications import DeploymentNotifier, Happening, notifier_of, send
from sluice.domain.budgets.budget_actions import Notice
from sluice.domain.promotion.deployments import StageReport
from sluice.domain.specs.blocks import MonitoringBlock

CONTEXT: Any = {
    "ti": SimpleNamespace(dag_id="promote_prod", task_id="settle", run_id="r1"),
    "dag_run": SimpleNamespace(triggering_user_name="alice"),
    "params": {"environment": "prod"},
    "exception": ValueError("first line\nsecond"),
}


def after(report: StageReport) -> Any:
    """The context of a callback after a task has left its report in XCom."""
    left = {report.stage: report.to_json()}
    ti = SimpleNamespace(
        dag_id="promote_prod", task_id=report.stage, run_id="r1", xcom_pull=lambda *, task_ids: left.get(task_ids)
    )
    return {"ti": ti, "dag_run": SimpleNamespace(triggering_user_name="alice"), "params": {"environment": "prod"}}


SETTLED = StageReport("settle", "prod is live with r1; OLIST_PROD__R_1 is retained")
STOPPED = StageReport(
    "undo",
    "stopped before the swap; live unchanged, OLIST_PROD__C_1 is dropped",
    {"outcome": "stopped before the swap"},
)
SWAPPED_BACK = StageReport("undo", "swapped back: OLIST_PROD bears d1 again", {"outcome": "swapped back"})
NOTHING = StageReport("undo", "the deployment is settled: nothing to undo", {"outcome": "nothing to undo"})


@pytest.fixture
def heard(
    webhook: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> Callable[[DeploymentNotifier, Any], dict[str, str]]:
    """Tell production's four channels, a webhook each; return what each of them received."""
    address, reported = webhook

    def tell(notifier: DeploymentNotifier, context: Any) -> dict[str, str]:
        for channel in ("slack", "email", "pagerduty", "executives"):
            settings = {"conn_type": "http", "host": f"{address}/{channel}"}
            monkeypatch.setenv(f"AIRFLOW_CONN_SLUICE_{channel.upper()}", json.dumps(settings))
        reported.clear()
        notifier.notify(context)
        return {one["path"].rpartition("/")[2]: one["text"] for one in reported}

    return tell


def test_a_connection_of_another_type_is_named_and_sent_nothing(
    monkeypatch: pytest.MonkeyPatch, webhook: tuple[str, list[dict[str, str]]], caplog: pytest.LogCaptureFixture
) -> None:
    """It is no webhook because it is nothing else: the log says which types there are."""
    address, received = webhook
    monkeypatch.setenv("AIRFLOW_CONN_SLUICE_SLACK", json.dumps({"conn_type": "mattermost", "host": address}))
    send("slack", "four fifths")
    assert received == []
    assert "'mattermost', not one of ('slackwebhook', 'smtp'" in caplog.text


def test_a_channel_with_a_connection_is_told(
    webhook: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Production's Slack channel gets one line: what, where, by whom, why."""
    address, reported = webhook
    monkeypatch.setenv("AIRFLOW_CONN_SLUICE_SLACK", json.dumps({"conn_type": "http", "host": address}))
    DeploymentNotifier("failed", "prod").notify(CONTEXT)
    assert [one["text"] for one in reported] == [
        "prod: deployment failed (promote_prod, settle, run r1), started by alice: first line"
    ]


def test_a_silent_channel_fails_nothing_and_keeps_its_secret(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A webhook that is not there is a warning, without its address."""
    address = "http://127.0.0.1:1/secret"
    monkeypatch.setenv("AIRFLOW_CONN_SLUICE_PAGERDUTY", json.dumps({"conn_type": "http", "host": address}))
    with caplog.at_level(logging.INFO):
        DeploymentNotifier("rolled back").notify(after(SWAPPED_BACK))
    assert "channel pagerduty did not take the message" in caplog.text
    assert "/secret" not in caplog.text


def test_slack_is_told_by_airflows_own_notifier(
    webhook: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection of type slackwebhook receives what the environment's people do; no text calls a channel."""
    address, reported = webhook
    host = address.removesuffix("/secret")
    settings = {"conn_type": "slackwebhook", "host": host, "password": "secret"}
    monkeypatch.setenv("AIRFLOW_CONN_SLUICE_SLACK", json.dumps(settings))
    send("slack", "john: dev_x_john_20261101 & <!channel> will be set aside")
    assert [one["text"] for one in reported] == ["john: dev_x_john_20261101 &amp; &lt;!channel&gt; will be set aside"]


class Letterbox(socketserver.StreamRequestHandler):
    """As much of SMTP as one letter needs."""

    letters: ClassVar[list[str]] = []

    def handle(self) -> None:
        """Take one letter."""
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().strip():
            word = line.split()[0].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                letter = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    letter += part
                self.letters.append(letter.decode())
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 good\r\n")
            if word == b"QUIT":
                return


def test_a_letter_is_sent_by_airflows_own_notifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection of type smtp names its readers; what a name holds is no markup in the letter."""
    with socketserver.TCPServer(("127.0.0.1", 0), Letterbox) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        extra = {
            "to_email": "team@example.org",
            "from_email": "sluice@example.org",
            "disable_ssl": True,
            "disable_tls": True,
        }
        settings = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.server_address[1], "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SLUICE_EMAIL", json.dumps(settings))
        send("email", "john: <b>dev_x</b> will be set aside")
        server.shutdown()
        thread.join()
    (letter,) = Letterbox.letters
    assert "To: team@example.org" in letter
    assert "<b>" not in letter.partition("\n\n")[2]


def test_a_notice_goes_as_far_up_as_its_rung(
    webhook: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Production's channels in the order of its spec: slack and email at escalation_level 1, and nobody is woken."""
    address, reported = webhook
    for channel in ("slack", "email", "pagerduty"):
        settings = {"conn_type": "http", "host": address}
        monkeypatch.setenv(f"AIRFLOW_CONN_SLUICE_{channel.upper()}", json.dumps(settings))
    notify(Notice("prod", "half of it", 0, "warning"))
    assert len(reported) == 1
    notify(Notice("prod", "four fifths", 1, "error"))
    assert [one["text"] for one in reported[1:]] == ["four fifths"] * 2


@pytest.mark.parametrize(
    ("happening", "context", "channels", "says"),
    [
        ("started", after(SETTLED), {"slack", "email"}, "deployment started (promote_prod, settle, run r1)"),
        ("succeeded", after(SETTLED), {"slack", "email", "executives"}, f"started by alice: {SETTLED.summary}"),
        ("failed", CONTEXT, {"slack", "email", "pagerduty", "executives"}, "deployment failed"),
        ("rolled back", after(SWAPPED_BACK), {"slack", "email", "pagerduty", "executives"}, SWAPPED_BACK.summary),
        ("rolled back", after(STOPPED), {"slack", "email"}, "deployment stopped (promote_prod, undo, run r1), started"),
        ("rolled back", after(STOPPED), {"slack", "email"}, STOPPED.summary),
        ("rolled back", after(NOTHING), set(), ""),
        ("rolled back", after(SETTLED), {"slack", "email", "pagerduty", "executives"}, "deployment rolled back"),
    ],
)
def test_each_channel_hears_what_its_spec_says(
    heard: Callable[[DeploymentNotifier, Any], dict[str, str]],
    happening: Happening,
    context: Any,
    channels: set[str],
    says: str,
) -> None:
    """Executives hear no start; an undo says whether live was touched, and nothing where there was nothing to undo."""
    reported = heard(DeploymentNotifier(happening, "prod"), context)
    assert set(reported) == channels
    assert all(says in line for line in reported.values())


def test_a_notice_to_a_channel_that_the_spec_has_not_is_refused() -> None:
    """deployment_notices names one of channels; otherwise nobody would ever hear it."""
    block = {"freshness_hours": 1, "criticality": "low", "channels": ["slack"]}
    assert MonitoringBlock.model_validate(block).hears("slack", "started")
    with pytest.raises(ValidationError, match=r"executives is not among channels: \[slack\]"):
        MonitoringBlock.model_validate({**block, "deployment_notices": {"executives": ["failed"]}})


class Pager(BaseHTTPRequestHandler):
    """As much of PagerDuty's events as an incident needs."""

    events: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        """Take an event."""
        self.events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b'{"status": "success", "dedup_key": "k"}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def pager(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """PagerDuty on this machine, to which production's channel leads, and the events that it has."""
    Pager.events.clear()
    with HTTPServer(("127.0.0.1", 0), Pager) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        here = f"http://127.0.0.1:{server.server_port}"
        # The client speaks https only; its own address is all that is changed of it.
        monkeypatch.setattr(pagerduty.EventsApiV2Client, "url", property(lambda _: here, lambda *_: None))
        settings = {"conn_type": "pagerduty_events", "password": "k" * 32}
        monkeypatch.setenv("AIRFLOW_CONN_SLUICE_PAGERDUTY", json.dumps(settings))
        yield Pager.events
        server.shutdown()
        thread.join()


def test_an_incident_of_a_deployment_is_resolved_by_the_next_that_succeeds(pager: list[dict[str, Any]]) -> None:
    """A failure opens production's incident, its undo adds to it, a start says nothing, a success resolves it."""
    history: list[tuple[Happening, Any]] = [
        ("failed", CONTEXT),
        ("rolled back", after(SWAPPED_BACK)),
        ("started", after(SETTLED)),
        ("succeeded", after(SETTLED)),
        ("failed", CONTEXT),
        ("rolled back", after(SETTLED)),  # by hand
    ]
    for happening, context in history:
        DeploymentNotifier(happening, "prod").notify(context)
    assert [one["event_action"] for one in pager] == ["trigger", "trigger", "resolve", "trigger", "resolve"]
    assert {one["dedup_key"] for one in pager} == {"sluice deployment prod"}


def test_pagerduty_shows_one_incident_for_one_thing() -> None:
    """Its notifier gets severity and key, and resolves what is over; nobody is woken by a success."""
    connection = Connection(conn_id="sluice_pagerduty", conn_type="pagerduty_events", password="k" * 32)
    made = notifier_of(connection, "prod: deployment failed", severity="error", key="sluice prod r1")
    assert isinstance(made, PagerdutyNotifier)
    assert (made.severity, made.dedup_key, made.summary) == ("error", "sluice prod r1", "prod: deployment failed")
    assert made.action == "trigger"
    over = notifier_of(connection, "prod: fine again", severity="info", key="sluice prod r1", over=True)
    assert isinstance(over, PagerdutyNotifier)
    assert (over.action, over.dedup_key) == ("resolve", made.dedup_key)
