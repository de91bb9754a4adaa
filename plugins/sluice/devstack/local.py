"""`make up` and `make down`: the stack left running, with its environments and data in place."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from sluice.airflow_client.api import AirflowApi
from sluice.airflow_client.follow import follow, why
from sluice.devstack.script_runner import Story
from sluice.devstack.stack import Stack, stop_from_state
from sluice.devstack.use_running_stack import checkout
from sluice.domain.specs.environment import load_environments
from sluice.errors import StopError
from sluice.settings import settings

NAME = "local"
USERS = ("admin", "alice", "bob")
_DATA = "load_olist"
"""The DAG of the sample data; a root of somebody's own has none."""


def up(root: Path, *, scale: float, port: int, account_port: int) -> None:
    """The stack runs, its environments are provisioned and its data is loaded; the console says what to click."""
    story = Story()
    project = settings().project
    stack = Stack.at(root, NAME, project=project, api_port=port, account_port=account_port, say=story.say)
    fresh = not (stack.surroundings.home / "account").exists()
    with story.step("Start the embedded account and Airflow"):
        stack.start()
    try:
        if fresh:
            with stack.api("admin") as admin:
                _fill(admin, story, stack, scale)
    except BaseException:
        stack.stop()
        raise
    _tell(stack, story.console)


def down(root: Path) -> None:
    """Nothing of the stacks under build/ runs any more; their data stays."""
    console = Console()
    states = sorted((root / "build").glob("*/stack.json"))
    for state in states:
        ended = stop_from_state(state)
        console.print(f"{state.parent.name}: {ended} processes stopped; data and logs stay in {state.parent}")
    if not states:
        console.print("nothing was running")


def _fill(admin: AirflowApi, story: Story, stack: Stack, scale: float) -> None:
    environments = load_environments(stack.surroundings.root / "include" / "environments")
    with story.step(f"Provision {', '.join(environments)}"):
        for name in environments:
            _done(admin, stack, story, "provision_environment", environment=name)
    if (stack.surroundings.root / "dags" / f"{_DATA}.py").is_file():
        with story.step(f"Load the Olist data at scale {scale:g}"):
            _done(admin, stack, story, _DATA, scale=scale)


def _done(admin: AirflowApi, stack: Stack, story: Story, dag_id: str, **conf: object) -> None:
    ended = follow(admin, admin.trigger(dag_id, **conf), story.say)
    if ended.state != "success":
        raise why(admin, ended, stack.task_logs)


def _tell(stack: Stack, console: Console) -> None:
    passwords = {user: stack.password(user) for user in USERS}
    if not all(passwords.values()):
        raise StopError("Airflow made no passwords", where=str(stack.surroundings.passwords))
    console.print(f"\n[bold]Airflow is at {stack.surroundings.url}[/bold]")
    for user, password in passwords.items():
        console.print(f"  {user:<6} {password}", markup=False, highlight=False)
    specs = load_environments(stack.surroundings.root / "include" / "environments")
    lines = [
        f"As alice: DAGs → 1 · Refresh {name} (refresh_{name}) → Trigger. It builds {name} and makes a release."
        for name, spec in specs.items()
        if spec.promotion.strategy == "in_place"
    ]
    lines += [
        f"promote_{name} starts by itself when {spec.upstream} is done."
        + (" It waits: as bob, Browse → Required Actions → approve." if spec.promotion.approval else "")
        for name, spec in specs.items()
        if spec.upstream
    ]
    lines += ["Who began the chain cannot approve it.", "rollback → Trigger, with an environment and a reason."]
    console.print("", *(f"{number}. {line}" for number, line in enumerate(lines, 1)), sep="\n", highlight=False)
    stop = "make down" if checkout(stack.surroundings.root) else "python -m sluice.devstack down"
    port = stack.surroundings.account_port
    console.print(f"\nThe embedded account listens on port {port}. To stop everything: {stop}", highlight=False)
