"""A client of Airflow's own REST API, as one of its users: what a person does in the UI, in Python."""

from __future__ import annotations

import math
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from sluice.errors import RefusedError, RetryError, SpecError, StopError

Json = dict[str, Any]
FINISHED = frozenset({"success", "failed"})
_ATTEMPTS = 4
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_FIELD = re.compile(r"Invalid input for param (?P<field>\w+): (?P<why>[^\n]*)")
"""What Airflow says of a form's field; it goes on with the field's JSON schema."""


class ApiError(RefusedError):
    """Airflow answered with an error; `status` is that of HTTP."""

    def __init__(self, message: str, status: int, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.status = status


@dataclass(frozen=True, slots=True)
class Run:
    """One DAG run, by its two names."""

    dag_id: str
    run_id: str

    @property
    def path(self) -> str:
        """The run's place in the API."""
        return f"/api/v2/dags/{quote(self.dag_id)}/dagRuns/{quote(self.run_id, safe='')}"

    def page(self, url: str, task: str = "") -> str:
        """Return the address of the run's page, or of one of its tasks, in the UI of this Airflow."""
        return f"{url}/dags/{quote(self.dag_id)}/runs/{quote(self.run_id, safe='')}" + (
            f"/tasks/{task}" if task else ""
        )


class AirflowApi:
    """A signed-in user of one Airflow."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url.rstrip("/")
        self.user = user
        host = _host(self.url)
        # What is on this machine is asked for directly; elsewhere the machine's proxy and certificates count.
        self._client = httpx.Client(base_url=self.url, timeout=60, trust_env=host not in _LOCAL)
        try:
            self._client.headers["Authorization"] = f"Bearer {self._token(password)}"
        except BaseException:
            self._client.close()
            raise

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def call(self, method: str, path: str, **arguments: Any) -> Json:
        """Return the API's answer, or raise what it said."""
        return self._checked(self._answer(method, path, **arguments), f"{method} {path}")

    def trigger(self, dag_id: str, **conf: Any) -> Run:
        """A run of the DAG is queued with these parameters, once, also where the first answer is lost or an error."""
        run, path = _new_run(dag_id), f"/api/v2/dags/{dag_id}/dagRuns"
        body = {"dag_run_id": run.run_id, "logical_date": None, "conf": conf}
        try:
            return Run(dag_id, self._change("POST", path, body)["dag_run_id"])
        except ApiError as error:
            if error.status == httpx.codes.CONFLICT:  # the id is ours: a request before this one has begun the run
                return run
            if error.status == httpx.codes.NOT_FOUND:
                raise self._no_such_dag(dag_id) from error
            if field := _FIELD.search(error.message):
                # A pattern is nothing to read; what has one and is typed at a terminal is an environment's name.
                name = field["field"] == "environment" and "does not match" in field["why"]
                raise SpecError(
                    field["why"],
                    where=f"{dag_id}: {field['field']}",
                    good="dev_user_segmentation_john_20231201 (sluice env list)" if name else None,
                    untouched="everything",
                ) from error
            raise

    def paused(self, dag_id: str) -> bool:
        """Return whether the DAG is switched off: a run of it would wait until somebody switches it on."""
        try:
            return bool(self.call("GET", f"/api/v2/dags/{dag_id}")["is_paused"])
        except ApiError as error:
            if error.status == httpx.codes.NOT_FOUND:
                raise self._no_such_dag(dag_id) from error
            raise

    def unpause(self, dag_id: str) -> None:
        """The DAG's runs are scheduled."""
        self._change("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def dags(self) -> list[str]:
        """Return the ids of the DAGs that Airflow knows."""
        return [str(dag["dag_id"]) for dag in self.call("GET", "/api/v2/dags", params={"limit": 100})["dags"]]

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

    def ahead(self, run: Run) -> Run | None:
        """Return the run of the same DAG that has to end before this one begins, if there is one: ours take turns."""
        unfinished = [other["dag_run_id"] for other in self.runs(run.dag_id) if other["state"] not in FINISHED]
        others = [run_id for run_id in unfinished if run_id != run.run_id]
        return Run(run.dag_id, others[-1]) if others else None

    def run(self, run: Run) -> Json:
        """Return the run as it is now."""
        return self.call("GET", run.path)

    def tasks(self, run: Run) -> dict[str, Json]:
        """Return the run's task instances by task id."""
        instances = self.call("GET", f"{run.path}/taskInstances", params={"limit": 100})["task_instances"]
        return {task["task_id"]: task for task in instances}

    def xcom(self, run: Run, task_id: str, key: str = "return_value") -> Any:
        """Return what a task left in XCom, `None` when it left nothing."""
        path = f"{run.path}/taskInstances/{quote(task_id)}/xcomEntries/{key}"
        try:
            return self.call("GET", path, params={"deserialize": "true"})["value"]
        except RefusedError:
            return None

    def log(self, run: Run, task_id: str, attempt: int = 1) -> str:
        """Return the text of one task's log."""
        return "\n".join(str(line.get("event", line)) for line in self._lines(run, task_id, attempt))

    def own_lines(self, run: Run, task_id: str, attempt: int = 1) -> list[str]:
        """Return the lines that sluice wrote into a task's log, and then the error that ended the task."""
        lines = self._lines(run, task_id, attempt)
        errors = [error["exc_value"] for line in lines for error in (line.get("error_detail") or ())[:1]][-1:]
        own_lines = [str(line["event"]) for line in lines if "sluice" in str(line.get("logger"))]
        return [*(text for text in own_lines if not any(text in error for error in errors)), *errors]

    def _lines(self, run: Run, task_id: str, attempt: int) -> list[Json]:
        lines = self.call("GET", f"{run.path}/taskInstances/{quote(task_id)}/logs/{attempt}")["content"]
        return [line if isinstance(line, dict) else {"event": str(line)} for line in lines]

    def waiting(self, run: Run) -> list[Json]:
        """Return the run's questions that a person has not answered yet."""
        answer = self.call("GET", f"{run.path}/hitlDetails", params={"response_received": "false"})
        return list(answer["hitl_details"])

    def answer(self, run: Run, task_id: str, choice: str) -> Json:
        """Answer the question of this task as this user."""
        path = f"{run.path}/taskInstances/{quote(task_id)}/-1/hitlDetails"
        return self.call("PATCH", path, json={"chosen_options": [choice], "params_input": {}})

    def wait(
        self, run: Run, *, seconds: float = math.inf, watch: Callable[[Mapping[str, Json]], None] | None = None
    ) -> str:
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

    def _change(self, method: str, path: str, body: Json) -> Json:
        """A request that changes nothing further when it arrives twice is carried out, sent again where need be."""
        return self._checked(self._answer(method, path, again=True, json=body), f"{method} {path}")

    def _checked(self, answer: httpx.Response, what: str) -> Json:
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise self._refused(answer, what)
        return self._json(answer) if answer.content else {}

    def _token(self, password: str) -> str:
        path = "/auth/token"
        answer = self._answer("POST", path, json={"username": self.user, "password": password})
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise RefusedError(
                "Airflow did not let the user in",
                where=self.url,
                value=self.user,
                good="SLUICE_AIRFLOW_USER and SLUICE_AIRFLOW_PASSWORD as for its log-in page",
                untouched="everything",
            )
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise self._refused(answer, f"POST {path}")
        token = self._json(answer).get("access_token")
        if not token:
            raise self._not_airflow(answer)
        return str(token)

    def _answer(self, method: str, path: str, *, again: bool = False, **arguments: Any) -> httpx.Response:
        """Return whatever came back; a question, or what may come `again`, is sent anew where the server is busy."""
        for attempt in range(1, _ATTEMPTS + 1):
            last = (method != "GET" and not again) or attempt == _ATTEMPTS
            try:
                answer = self._client.request(method, path, **arguments)
            except httpx.TransportError as error:
                if last:
                    raise RetryError(
                        f"Airflow did not answer: {type(error).__name__}: {error}",
                        where=f"{method} {self.url}{path}",
                        good="a running Airflow at the address of SLUICE_AIRFLOW_URL, or make up",
                    ) from error
            else:
                if last or answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    return answer
            time.sleep(1)
        raise AssertionError

    def _json(self, answer: httpx.Response) -> Json:
        try:
            return dict(answer.json())
        except (ValueError, TypeError) as error:
            raise self._not_airflow(answer) from error

    def _not_airflow(self, answer: httpx.Response) -> ApiError:
        return ApiError(
            "what answers there is not the API of an Airflow 3",
            answer.status_code,
            where=str(answer.request.url),
            value=answer.text[:80],
            good="SLUICE_AIRFLOW_URL as in the browser, without a path",
            untouched="everything",
        )

    def _refused(self, answer: httpx.Response, what: str) -> ApiError:
        status, where = answer.status_code, f"{self.user} at {self.url}"
        if status == httpx.codes.UNAUTHORIZED:
            return ApiError("the log-in is over", status, where=where, value=what, good="the command again")
        if status == httpx.codes.FORBIDDEN:
            return ApiError(
                f"{self.user} may not do that in Airflow",
                status,
                where=where,
                value=what,
                good="SLUICE_AIRFLOW_USER of somebody who may",
                untouched="everything",
            )
        if status == httpx.codes.NOT_FOUND and "json" not in answer.headers.get("content-type", ""):
            return self._not_airflow(answer)
        return ApiError(f"{what} was answered {status}: {_detail(answer)}", status, where=where)

    def _no_such_dag(self, dag_id: str) -> SpecError:
        kin = [name for name in self.dags() if name.split("_")[0] == dag_id.split("_", maxsplit=1)[0]]
        return SpecError(
            "this Airflow has no such DAG",
            where=self.url,
            value=dag_id,
            good=", ".join(kin) or "dags/ of sluice in its DAGs folder",
            untouched="everything",
        )


def _new_run(dag_id: str) -> Run:
    """A run of which Airflow does not know yet."""
    return Run(dag_id, f"manual__{datetime.now(UTC).isoformat()}_{secrets.token_hex(4)}")


def _host(url: str) -> str:
    """The host of an address, or a refusal of what is none."""
    try:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.hostname:
            httpx.URL(url)
            return parts.hostname
    except (httpx.InvalidURL, ValueError):
        pass
    raise SpecError(
        "not an address", where="SLUICE_AIRFLOW_URL", value=url, good="https://airflow.example", untouched="everything"
    )


def _detail(answer: httpx.Response) -> str:
    """What the API complains of, in words."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return answer.text[:500]
    if isinstance(detail, list):
        detail = "; ".join(str(part.get("msg", part)) if isinstance(part, dict) else str(part) for part in detail)
    return str(detail)[:1000]
