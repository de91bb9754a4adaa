"""`make up` and `make down`: the stack left running, with its environments and data in place."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from sluice.domain.specs import load_environments
from sluice.errors import StopError
from sluice.laptop.follow import follow, why
from sluice.laptop.rest import AirflowApi
from sluice.laptop.stack import Stack, stop_from_state
from sluice.laptop.story import Story

NAME = "local"
USERS = ("admin", "alice", "bob")


def up(root: Path, *, scale: float, port: int, account_port: int) -> None:
    """The stack runs, its environments are provisioned and the data is loaded; the console says what to click."""
    story = Story()
    stack = Stack.at(root, NAME, api_port=port, account_port=account_port, say=story.say)
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
    with story.step(f"Load the Olist data at scale {scale:g}"):
        _done(admin, stack, story, "load_olist", scale=scale)


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
    console.print(
        "\n1. As alice: DAGs → 1 · Refresh dev (refresh_dev) → Trigger. It builds dev and makes a release.\n"
        "2. promote_staging starts by itself when dev is done; promote_prod when staging is.\n"
        "3. promote_prod waits: as bob, Browse → Required Actions → approve. Alice cannot, she began it.\n"
        "4. rollback → Trigger, environment prod, with a reason.\n"
        f"\nThe embedded account listens on port {stack.surroundings.account_port}. To stop everything: make down",
        highlight=False,
    )
