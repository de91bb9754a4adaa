"""A client of Airflow's own REST API, as one of its users: what a person does in the UI, in Python."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from sluice.errors import RefusedError, RetryError, StopError

Json = dict[str, Any]
FINISHED = frozenset({"success", "failed"})


@dataclass(frozen=True, slots=True)
class Run:
    """One DAG run, by its two names."""

    dag_id: str
    run_id: str

    @property
    def path(self) -> str:
        """The run's place in the API."""
        return f"/api/v2/dags/{quote(self.dag_id)}/dagRuns/{quote(self.run_id, safe='')}"


class AirflowApi:
    """A signed-in user of one Airflow."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self.user = user
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)
        token = self._client.post("/auth/token", json={"username": user, "password": password})
        if token.status_code != httpx.codes.CREATED:
            raise RefusedError("Airflow did not let the user in", where=url, value=user, good="admin, alice or bob")
        self._client.headers["Authorization"] = f"Bearer {token.json()['access_token']}"

    def close(self) -> None:
        """The client's connections are closed."""
        self._client.close()

    def call(self, method: str, path: str, **arguments: Any) -> Json:
        """Return the API's answer, or raise what it said."""
        for attempt in range(4):
            try:
                answer = self._client.request(method, path, **arguments)
            except httpx.TransportError as error:
                if method != "GET" or attempt == 3:  # noqa: PLR2004
                    raise RetryError(f"Airflow did not answer {method} {path}", where=self.url) from error
                time.sleep(1)
                continue
            if answer.status_code >= httpx.codes.BAD_REQUEST:
                detail = f"{method} {path} was answered {answer.status_code}"
                raise RefusedError(detail, where=f"{self.user} at {self.url}", value=answer.text[:500])
            return dict(answer.json()) if answer.content else {}
        raise AssertionError

    def trigger(self, dag_id: str, **conf: Any) -> Run:
        """A run of the DAG is queued with these parameters."""
        body = {"logical_date": None, "conf": conf}
        return Run(dag_id, self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def unpause(self, dag_id: str) -> None:
        """The DAG's runs are scheduled."""
        self.call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def dag_files(self) -> set[str]:
        """Return the names of the files whose DAGs Airflow knows."""
        dags = self.call("GET", "/api/v2/dags", params={"limit": 100})["dags"]
        return {Path(dag["fileloc"]).name for dag in dags}

    def import_errors(self) -> list[str]:
        """Return what failed to import among the DAG files."""
        errors = self.call("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace']}" for error in errors]

    def runs(self, dag_id: str, **filters: Any) -> list[Json]:
        """Return the DAG's runs, newest first."""
        query = {"limit": 50, "order_by": "-run_after"} | filters
        return list(self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns", params=query)["dag_runs"])

    def run(self, run: Run) -> Json:
        """Return the run as it is now."""
        return self.call("GET", run.path)

    def tasks(self, run: Run) -> dict[str, Json]:
        """Return the run's task instances by task id."""
        found = self.call("GET", f"{run.path}/taskInstances", params={"limit": 100})["task_instances"]
        return {task["task_id"]: task for task in found}

    def xcom(self, run: Run, task_id: str, key: str = "return_value") -> Any:
        """Return what a task left in XCom, `None` when it left nothing."""
        path = f"{run.path}/taskInstances/{quote(task_id)}/xcomEntries/{key}"
        try:
            return self.call("GET", path, params={"deserialize": "true"})["value"]
        except RefusedError:
            return None

    def log(self, run: Run, task_id: str, attempt: int = 1) -> str:
        """Return the text of one task's log."""
        answer = self.call("GET", f"{run.path}/taskInstances/{quote(task_id)}/logs/{attempt}")["content"]
        return "\n".join(str(line.get("event", line)) if isinstance(line, dict) else str(line) for line in answer)

    def waiting(self, run: Run) -> list[Json]:
        """Return the run's questions that a person has not answered yet."""
        answer = self.call("GET", f"{run.path}/hitlDetails", params={"response_received": "false"})
        return list(answer["hitl_details"])

    def answer(self, run: Run, task_id: str, choice: str) -> Json:
        """The question of this task is answered in this user's name."""
        path = f"{run.path}/taskInstances/{quote(task_id)}/-1/hitlDetails"
        return self.call("PATCH", path, json={"chosen_options": [choice], "params_input": {}})

    def wait(self, run: Run, *, seconds: float, watch: Callable[[Mapping[str, Json]], None] | None = None) -> str:
        """Return the run's final state; `watch` sees its tasks at every look."""
        deadline = time.monotonic() + seconds
        while (state := self.run(run)["state"]) not in FINISHED:
            if watch is not None:
                watch(self.tasks(run))
            if time.monotonic() > deadline:
                tasks = {name: task["state"] for name, task in self.tasks(run).items()}
                raise StopError(f"not finished after {seconds:.0f} s", where=f"{run.dag_id} {run.run_id}", value=tasks)
            time.sleep(1)
        if watch is not None:
            watch(self.tasks(run))
        return str(state)
