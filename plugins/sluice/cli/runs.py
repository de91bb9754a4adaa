"""Commands that change something: each triggers a DAG and follows its run to the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sluice.cli.failures import INTERRUPTED, tell
from sluice.cli.terminal import err, out, print_json
from sluice.errors import RefusedError

if TYPE_CHECKING:
    from sluice.airflow_client.api import AirflowApi, Run
    from sluice.airflow_client.follow import Ended

Reason = Annotated[str, typer.Option(help="why; kept in the journal")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="return at once: the run goes on in Airflow")]
RunAsJson = Annotated[bool, typer.Option("--json", help="print the result as JSON, and nothing else")]


def run_dag(
    dag_id: str, conf: Mapping[str, object], *, about: Sequence[str] = (), as_json: bool, no_wait: bool
) -> Ended | None:
    """Trigger a DAG and follow it to its end; exit code 1 when it fails, with the log of the failing task.

    `about` names the environments where the run does not report what it created. Options that are not given are not
    sent: the defaults of the form apply. Returns the ended run, for a command that prints more; None: no more to print.
    """
    from sluice.cli.signin import signed_in

    values = {name: value for name, value in conf.items() if value is not None and value != ""}
    with signed_in() as api:
        if api.paused(dag_id):
            raise RefusedError(
                "this DAG is paused: a run of it would wait until somebody unpauses it",
                where=f"{api.url}/dags/{dag_id}",
                value=dag_id,
                good="unpause it there, or: airflow dags unpause " + dag_id,
                untouched="everything",
            )
        run = api.trigger(dag_id, **values)
        if not as_json:
            out.print(f"{dag_id}: {run.page(api.url)}", markup=False, highlight=False, soft_wrap=True)
        before = api.ahead(run)
        if before is not None:
            line = f"queued behind {before.page(api.url)}"
            (err if as_json else out).print(line, markup=False, highlight=False, soft_wrap=True)
        if no_wait:
            if as_json:
                print_json(_facts(api, run, "queued", about))
            return None
        ended = _followed(api, run, as_json=as_json)
        if as_json:
            print_json(_facts(api, run, ended.state, about, ended))
        if ended.state != "success":
            from sluice.airflow_client.follow import why

            raise why(api, ended)
        return None if as_json else ended


def _followed(api: AirflowApi, run: Run, *, as_json: bool) -> Ended:
    """Wait as long as it takes: a build may take hours, a person days."""
    import math

    from sluice.airflow_client.follow import follow

    def say_waiting(line: str) -> None:
        (err if as_json else out).print(line, markup=False, highlight=False, soft_wrap=True)

    def say_unless_json(line: str) -> None:
        if not as_json or err.is_terminal:
            say_waiting(line)

    # One console for both, so that a line does not run into the spinner.
    spinner = (out if out.is_terminal and not as_json else err).status(run.dag_id)
    try:
        with spinner:
            return follow(
                api,
                run,
                say_unless_json,
                seconds=math.inf,
                waits=say_waiting,
                doing=lambda now: spinner.update(f"{run.dag_id}: {now}"),
            )
    except KeyboardInterrupt:
        tell(f"interrupted: the run goes on in Airflow, {run.page(api.url)}")
        raise typer.Exit(INTERRUPTED) from None


def _facts(
    api: AirflowApi, run: Run, state: str, about: Sequence[str], ended: Ended | None = None
) -> dict[str, object]:
    """What every command that changes something prints as JSON; docs/commands.md documents it."""
    reports = ended.reports if ended is not None else {}
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "url": run.page(api.url),
        "state": state,
        "environments": list(about) or _new_environments(reports),
        "failed": ended.failed_task() if ended is not None else None,
        "reports": dict(reports),
    }


def _new_environments(reports: Mapping[str, Any]) -> list[str]:
    """The name of the environment that the run has created, or was about to create."""
    planned = [report.get("facts", {}).get("name") for report in reports.values()]
    names = [*planned, *(report.get("environment") for report in reports.values())]
    return list(dict.fromkeys(str(name) for name in names if name))
