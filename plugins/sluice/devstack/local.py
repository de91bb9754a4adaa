"""`make up` and `make down`: the stack left running, with its environments and data in place."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from sluice.airflow_client.api import AirflowApi
from sluice.airflow_client.follow import follow, why
from sluice.devstack.script_runner import ScriptLog
from sluice.devstack.stack import Stack, stop_from_state
from sluice.devstack.use_running_stack import checkout
from sluice.domain.specs.environment import load_environments
from sluice.errors import StopError
from sluice.settings import settings

NAME = "local"
USERS = ("admin", "alice", "bob")
_DATA = "load_olist"
"""The DAG of the sample data; your own project has none."""


def up(root: Path, *, scale: float, port: int, account_port: int) -> None:
    """Start the stack, provision its environments and load its data; print the next steps."""
    log = ScriptLog()
    project = settings().project
    stack = Stack.at(root, NAME, project=project, api_port=port, account_port=account_port, say=log.say)
    fresh = not (stack.environment.home / "account").exists()
    with log.step("Start the embedded account and Airflow"):
        stack.start()
    try:
        if fresh:
            with stack.api("admin") as admin:
                _fill(admin, log, stack, scale)
    except BaseException:
        stack.stop()
        raise
    _print_next_steps(stack, log.console)


def down(root: Path) -> None:
    """Stop every stack under build/; their data stays."""
    console = Console()
    states = sorted((root / "build").glob("*/stack.json"))
    for state in states:
        ended = stop_from_state(state)
        console.print(f"{state.parent.name}: {ended} processes stopped; data and logs stay in {state.parent}")
    if not states:
        console.print("nothing was running")


def _fill(admin: AirflowApi, log: ScriptLog, stack: Stack, scale: float) -> None:
    environments = load_environments(stack.environment.root / "include" / "environments")
    with log.step(f"Provision {', '.join(environments)}"):
        for name in environments:
            _run_dag(admin, stack, log, "provision_environment", environment=name)
    if (stack.environment.root / "dags" / f"{_DATA}.py").is_file():
        with log.step(f"Load the Olist data at scale {scale:g}"):
            _run_dag(admin, stack, log, _DATA, scale=scale)


def _run_dag(admin: AirflowApi, stack: Stack, log: ScriptLog, dag_id: str, **conf: object) -> None:
    ended = follow(admin, admin.trigger(dag_id, **conf), log.say)
    if ended.state != "success":
        raise why(admin, ended, stack.task_logs)


def _print_next_steps(stack: Stack, console: Console) -> None:
    passwords = {user: stack.password(user) for user in USERS}
    if not all(passwords.values()):
        raise StopError("Airflow made no passwords", where=str(stack.environment.passwords))
    console.print(f"\n[bold]Airflow is at {stack.environment.url}[/bold]")
    for user, password in passwords.items():
        console.print(f"  {user:<6} {password}", markup=False, highlight=False)
    specs = load_environments(stack.environment.root / "include" / "environments")
    lines = [
        f"As alice: DAGs → 1 · Refresh {name} (refresh_{name}) → Trigger. It builds {name} and makes a release."
        for name, spec in specs.items()
        if spec.promotion.strategy == "in_place"
    ]
    lines += [
        f"promote_{name} starts automatically after {spec.upstream}."
        + (" It waits: as bob, Browse → Required Actions → approve." if spec.promotion.approval else "")
        for name, spec in specs.items()
        if spec.upstream
    ]
    lines += ["Whoever started the chain cannot approve it.", "rollback → Trigger, with an environment and a reason."]
    console.print("", *(f"{number}. {line}" for number, line in enumerate(lines, 1)), sep="\n", highlight=False)
    stop = "make down" if checkout(stack.environment.root) else "python -m sluice.devstack down"
    port = stack.environment.account_port
    console.print(f"\nThe embedded account listens on port {port}. To stop everything: {stop}", highlight=False)
