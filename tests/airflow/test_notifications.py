"""People are told, through the channels of the environment's spec; nobody's silence fails a deployment."""

from __future__ import annotations

import json
import logging
import socketserver
import threading
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.providers.pagerduty.notifications.pagerduty import PagerdutyNotifier
from airflow.sdk import Connection

from sluice.airflow.flows.parts import UndoneNotifier
from sluice.airflow.notifications import DeploymentNotifier, notifier_of, send
from sluice.airflow.operators.budgets import say
from sluice.domain.responses import Notice

CONTEXT: Any = {
    "ti": SimpleNamespace(dag_id="promote_prod", task_id="settle", run_id="r1"),
    "dag_run": SimpleNamespace(triggering_user_name="alice"),
    "params": {"environment": "prod"},
    "exception": ValueError("first line\nsecond"),
}


def test_a_channel_with_a_connection_is_told(
    webhook: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Production's Slack channel gets one line: what, where, by whom, why."""
    address, told = webhook
    monkeypatch.setenv("AIRFLOW_CONN_SLUICE_SLACK", json.dumps({"conn_type": "http", "host": address}))
    DeploymentNotifier("failed", "prod").notify(CONTEXT)
    assert told == [
        {"text": "prod: deployment failed (promote_prod, settle, run r1), started by alice: first line"},
    ]


@pytest.mark.parametrize(
    ("facts", "lines"), [({"swapped_back": True}, 1), ({"swapped_back": False}, 1), ({"seconds": 0.1}, 0)]
)
def test_nobody_is_told_that_there_was_nothing_to_undo(
    webhook: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch, facts: dict[str, object], lines: int
) -> None:
    """`undo` ends every run: a line goes out where it undid something, in the name of the run's environment."""
    address, told = webhook
    monkeypatch.setenv("AIRFLOW_CONN_SLUICE_SLACK", json.dumps({"conn_type": "http", "host": address}))
    left = {"undo": {"stage": "undo", "summary": "as it was", "facts": facts}}
    ti = SimpleNamespace(dag_id="rollback", task_id="undo", run_id="r1", xcom_pull=lambda task_ids: left[task_ids])
    UndoneNotifier("rolled back", "{{ params.environment }}").notify({**CONTEXT, "ti": ti, "exception": None})
    assert [one["text"].split(" (")[0] for one in told] == ["prod: deployment rolled back"] * lines


def test_a_silent_channel_fails_nothing_and_keeps_its_secret(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A webhook that is not there is a warning, without its address."""
    address = "http://127.0.0.1:1/secret"
    monkeypatch.setenv("AIRFLOW_CONN_SLUICE_PAGERDUTY", json.dumps({"conn_type": "http", "host": address}))
    with caplog.at_level(logging.INFO):
        DeploymentNotifier("rolled back").notify(CONTEXT)
    assert "/secret" not in caplog.text


def test_slack_is_told_by_airflows_own_notifier(
    webhook: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection of type slackwebhook is told what the environment's people are told."""
    address, told = webhook
    host = address.removesuffix("/secret")
    settings = {"conn_type": "slackwebhook", "host": host, "password": "secret"}
    monkeypatch.setenv("AIRFLOW_CONN_SLUICE_SLACK", json.dumps(settings))
    send("slack", "john: dev_x_john_20261101 will be set aside")
    assert [one["text"] for one in told] == ["john: dev_x_john_20261101 will be set aside"]


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
    """Production's channels in the order of its spec: slack and email at rung 1, and nobody is woken."""
    address, told = webhook
    for channel in ("slack", "email", "pagerduty"):
        settings = {"conn_type": "http", "host": address}
        monkeypatch.setenv(f"AIRFLOW_CONN_SLUICE_{channel.upper()}", json.dumps(settings))
    say(Notice("prod", "half of it", 0, "warning"))
    assert len(told) == 1
    say(Notice("prod", "four fifths", 1, "error"))
    assert [one["text"] for one in told[1:]] == ["four fifths"] * 2


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
