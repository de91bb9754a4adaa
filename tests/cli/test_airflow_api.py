"""What Airflow's API may answer to a command that changes something: each ends in one message that says what to do."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.terminal import Terminal

Answer = tuple[int, object]
TOKEN: Answer = (201, {"access_token": "a.b.c"})
SWITCHED_ON: Answer = (200, {"dag_id": "promote_prod", "is_paused": False})


@contextmanager
def airflow(answers: Callable[[str, str], Answer], *, bodies: list[bytes] | None = None) -> Iterator[str]:
    """Yield the address of a server that answers as `answers` says to method and path; `bodies` gets what is sent."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body_sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if bodies is not None and self.path.endswith("/dagRuns"):
                bodies.append(body_sent)
            status, body = answers(self.command, self.path.split("?")[0])
            text = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = _answer  # noqa: N815 (the names that the library calls)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def named(url: str, **more: str) -> dict[str, str]:
    """Return the variables that name an Airflow."""
    return {"SLUICE_AIRFLOW_URL": url, "SLUICE_AIRFLOW_USER": "carol", "SLUICE_AIRFLOW_PASSWORD": "secret", **more}


def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.parametrize(
    ("token", "dag", "run", "says"),
    [
        ((401, {"detail": "Invalid credentials"}), SWITCHED_ON, SWITCHED_ON, "Airflow did not let the user in"),
        ((200, "<html>a company's front page</html>"), SWITCHED_ON, SWITCHED_ON, "not the API of an Airflow 3"),
        ((404, "nothing here"), SWITCHED_ON, SWITCHED_ON, "not the API of an Airflow 3"),
        (TOKEN, (403, {"detail": "Forbidden"}), SWITCHED_ON, "carol may not do that in Airflow"),
        (TOKEN, (404, {"detail": "no DAG"}), SWITCHED_ON, "this Airflow has no such DAG"),
        (TOKEN, (200, {"is_paused": True}), SWITCHED_ON, "this DAG is paused"),
        (TOKEN, SWITCHED_ON, (403, {"detail": "Forbidden"}), "carol may not do that in Airflow"),
        (TOKEN, SWITCHED_ON, (404, {"detail": "no DAG"}), "this Airflow has no such DAG"),
        (TOKEN, SWITCHED_ON, (500, {"detail": "Internal Server Error"}), "was answered 500: Internal Server Error"),
        (
            TOKEN,
            SWITCHED_ON,
            (400, {"detail": "Invalid input for param release: 'x' is not r0\n\nFailed validating\nIn schema"}),
            "promote_prod: release: 'x' is not r0",
        ),
    ],
)  # fmt: skip
def test_what_airflow_refuses_is_told_in_one_message(
    terminal: Terminal, token: Answer, dag: Answer, run: Answer, says: str
) -> None:
    """Who, what and where; no status code alone, no traceback, no password."""

    def answers(method: str, path: str) -> Answer:
        if path == "/auth/token":
            return token
        if path == "/api/v2/dags":
            return 200, {"dags": [{"dag_id": "promote_staging"}, {"dag_id": "rollback"}]}
        return run if method == "POST" else dag

    with airflow(answers) as url:
        done = terminal("promote", "prod", more=named(url)).clean()
    assert done.code == 1, str(done)
    assert says in done.err, str(done)
    assert "What to do: " in done.err
    assert "secret" not in done.out + done.err
    assert "Failed validating" not in done.err
    assert ("promote_staging" in done.err) is ("no such DAG" in says)


def test_an_airflow_that_is_away_is_told(terminal: Terminal) -> None:
    """Nothing listens, or the name is none: the address is in the message."""
    port = closed_port()
    done = terminal("promote", "prod", more=named(f"http://127.0.0.1:{port}")).clean()
    assert done.code == 1, str(done)
    assert f"http://127.0.0.1:{port}" in done.err
    assert "Airflow did not answer" in done.err
    done = terminal("promote", "prod", more=named("airflow.example:8080")).clean()
    assert done.code == 1, str(done)
    assert "SLUICE_AIRFLOW_URL: not an address" in done.err
    done = terminal("promote", "prod", more=named("http://127.0.0.1", SLUICE_AIRFLOW_PASSWORD="")).clean()
    assert done.code == 1, str(done)
    assert "SLUICE_AIRFLOW_PASSWORD" in done.err


def test_a_busy_airflow_is_asked_again_and_a_run_is_followed(terminal: Terminal) -> None:
    """A question that is answered 503 is asked once more; a trigger is sent once. What was not given is not sent."""
    asked: list[str] = []
    task = {"task_id": "plan", "state": "success", "duration": 1.0, "try_number": 1}

    def answers(method: str, path: str) -> Answer:
        asked.append(f"{method} {path}")
        if path == "/auth/token":
            return TOKEN
        if method == "POST":
            return 200, {"dag_run_id": "manual__1"}
        if asked.count(f"{method} {path}") == 1:
            return 503, "busy"
        if path.endswith("/dagRuns"):
            return 200, {"dag_runs": [{"dag_run_id": "manual__1", "state": "running"}]}
        if path.endswith("/dagRuns/manual__1"):
            return 200, {"state": "success"}
        if path.endswith("/taskInstances"):
            return 200, {"task_instances": [task]}
        if "/xcomEntries/" in path:
            return 200, {"value": {"stage": "plan", "summary": "two models", "facts": {}, "evidence": []}}
        return SWITCHED_ON

    with airflow(answers) as url:
        done = terminal("promote", "prod", "--json", more=named(url)).clean()
    assert done.code == 0, str(done)
    found = json.loads(done.out)
    assert found["state"] == "success"
    assert found["environments"] == ["prod"]
    assert found["reports"]["plan"]["summary"] == "two models"
    assert sum(one.startswith("POST /api") for one in asked) == 1


def test_a_trigger_whose_answer_is_lost_begins_one_run(terminal: Terminal) -> None:
    """Airflow has begun the run, but answers with an error: asked again under the same id, it is that run we follow."""
    bodies: list[bytes] = []

    def answers(method: str, path: str) -> Answer:
        if path == "/auth/token":
            return TOKEN
        if method == "POST":
            return (500, {"detail": "Database error"}) if len(bodies) == 1 else (409, {"detail": "already exists"})
        if path.endswith("/dagRuns"):
            return 200, {"dag_runs": []}
        return SWITCHED_ON

    with airflow(answers, bodies=bodies) as url:
        done = terminal("promote", "prod", "--no-wait", "--json", more=named(url)).clean()
    assert done.code == 0, str(done)
    posts = [json.loads(body)["dag_run_id"] for body in bodies if body]
    assert len(posts) == 2
    assert set(posts) == {json.loads(done.out)["run_id"]}
