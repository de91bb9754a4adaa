"""People are told, through the channels of the environment's spec; nobody's silence fails a deployment."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from sluice.airflow.notifications import DeploymentNotifier

CONTEXT: Any = {
    "ti": SimpleNamespace(dag_id="promote_prod", task_id="settle", run_id="r1"),
    "dag_run": SimpleNamespace(triggering_user_name="alice"),
    "params": {"environment": "prod"},
    "exception": ValueError("first line\nsecond"),
}


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A webhook of this machine, and what it was told."""
    told: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take a message."""
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/secret", told
    server.shutdown()
    thread.join()
    server.server_close()


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


def test_a_silent_channel_fails_nothing_and_keeps_its_secret(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A webhook that is not there is a warning, without its address."""
    address = "http://127.0.0.1:1/secret"
    monkeypatch.setenv("AIRFLOW_CONN_SLUICE_PAGERDUTY", json.dumps({"conn_type": "http", "host": address}))
    with caplog.at_level(logging.INFO):
        DeploymentNotifier("rolled back").notify(CONTEXT)
    assert "/secret" not in caplog.text
