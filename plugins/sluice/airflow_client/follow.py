"""Following DAG runs: each task is reported when it ends, with the summary of its report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.airflow_client.api import AirflowApi, Json, Run
from sluice.errors import RefusedError, StopError

ENDED = frozenset({"success", "failed", "upstream_failed", "skipped"})
WAITS = "awaiting_input"
"""A task that has asked a person."""
THOUGHT = 8.0
"""Seconds before an answer: Airflow 3.3's scheduler loses one given in the second in which a task defers."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A DAG run that ended, with its tasks and their reports."""

    run: Run
    state: str
    tasks: Mapping[str, Json]
    reports: Mapping[str, Json]

    def failed_task(self) -> str | None:
        """Return the task that failed by itself, if any."""
        return next((name for name, task in self.tasks.items() if task["state"] == "failed"), None)

    def fact(self, task: str, name: str) -> Any:
        """Return one fact of a stage's report."""
        return (self.reports.get(task) or {}).get("facts", {}).get(name)

    @property
    def built(self) -> int | None:
        """How many models the run built."""
        models = next((self.fact(task, "built") for task in ("build", "build_in_place") if task in self.reports), None)
        return None if models is None else int(models)


def follow(
    api: AirflowApi,
    run: Run,
    say: Callable[[str], None],
    *,
    seconds: float = 900,
    approver: AirflowApi | None = None,
    waits: Callable[[str], None] | None = None,
    doing: Callable[[str], None] = lambda _: None,
) -> Ended:
    """Wait until the run ends; report each task; approve its questions as `approver`.

    Without one, `waits` (else `say`) is called with who must answer; `doing` at every poll with what runs.
    """
    reported: dict[str, str] = {}
    reports: dict[str, Json] = {}

    def watch(tasks: Mapping[str, Json]) -> None:
        doing(_now(tasks))
        for name, task in tasks.items():
            state = str(task["state"])
            if state in ENDED and reported.get(name) != state:
                reported[name] = state
                report = api.xcom(run, name) if state == "success" else None
                if isinstance(report, dict):
                    reports[name] = report
                if state in {"success", "failed"}:
                    say(_line(name, task, report))
            if state == WAITS and reported.get(name) != state:
                reported[name] = state
                if approver is not None:
                    approve(approver, run, name, say)
                else:
                    (waits or say)(_waits(api, run, name))
            elif state == "up_for_retry":  # it will ask again
                reported.pop(name, None)

    state = api.wait(run, seconds=seconds, watch=watch)
    return Ended(run, state, api.tasks(run), reports)


def approve(approver: AirflowApi, run: Run, task: str, say: Callable[[str], None]) -> None:
    """Approve the question as the approver, after a moment."""
    question = _question(approver, run, task)
    if question is None:
        return
    say(f"{task}: {question['subject']} {approver.user} reads the plan …")
    time.sleep(THOUGHT)
    approver.answer(run, task, "Approve")
    say(f"{task}: approved by {approver.user}")


def next_run(api: AirflowApi, dag_id: str, known: set[str], *, seconds: float = 90) -> Run:
    """Return the run that the DAG's asset started, once it is there; `known` are the runs of before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for run in reversed(api.runs(dag_id)):
            if run["dag_run_id"] not in known:
                known.add(run["dag_run_id"])
                return Run(dag_id, run["dag_run_id"])
        time.sleep(0.5)
    raise StopError(f"its asset started no run of {dag_id} in {seconds:.0f} s", where=dag_id)


class RunFailedError(StopError):
    """A DAG run ended otherwise than it should; its failing task says why."""

    advice = "read what the task says; its page in Airflow has the whole log"


def why(api: AirflowApi, ended: Ended, logs: Path | None = None) -> RunFailedError:
    """Return the error for a run that did not succeed: the task, its log lines, where its log is.

    The log is a file under `logs`, or, where nothing is known of files, a page of that Airflow.
    """
    task = ended.failed_task() or "none of its tasks"
    log_lines = api.own_lines(ended.run, task, int(ended.tasks[task]["try_number"])) if task in ended.tasks else []
    lines = "\n".join(log_lines).splitlines()
    return RunFailedError(
        "\n  ".join([f"ended as {ended.state}; failed: {task}", *lines[-25:]]),
        where=ended.run.page(api.url, ended.failed_task() or "")
        if logs is None
        else str(logs / f"dag_id={ended.run.dag_id}" / f"run_id={ended.run.run_id}"),
    )


def _question(api: AirflowApi, run: Run, task: str) -> Json | None:
    return next((question for question in api.waiting(run) if question["task_instance"]["task_id"] == task), None)


def _waits(api: AirflowApi, run: Run, task: str) -> str:
    """Return what is asked, of whom, and where to answer."""
    try:
        question = _question(api, run, task) or {}
    except RefusedError:  # who may start it may not read what is asked
        question = {}
    people = ", ".join(str(person.get("name") or person.get("id")) for person in question.get("assigned_users") or ())
    subject = f": {question['subject']}" if question.get("subject") else ""
    return f"{task} waits for {people or 'somebody who may answer'}{subject} {run.page(api.url, task)}"


def _now(tasks: Mapping[str, Json]) -> str:
    """What a run is doing, for a line that is overwritten."""
    busy = {"running": "", "queued": " (queued)", WAITS: " (waits for a person)", "up_for_retry": " (tried again soon)"}
    busy |= {"up_for_reschedule": " (waits)", "deferred": " (waits)"}
    parts = [f"{name}{busy[str(task['state'])]}" for name, task in tasks.items() if str(task["state"]) in busy]
    return ", ".join(parts) or "waits for its turn"


def _line(name: str, task: Json, report: Any) -> str:
    seconds = f"{float(task['duration'] or 0):.1f} s"
    summary = str(report["summary"]) if isinstance(report, dict) and report.get("summary") else ""
    mark = "✓" if task["state"] == "success" else "✗"
    return f"{mark} {name:<15} {seconds:>8}  {summary.splitlines()[0] if summary else ''}"
