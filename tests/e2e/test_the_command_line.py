"""Every command of README and docs/ beside a running stack, in their order, from a terminal where nothing else is set.

It comes last in this folder: it promotes and rolls back production, which the promotions' own story begins without.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import pytest
from world import World

from sluice.airflow_client.api import FINISHED, Json, Run
from sluice.airflow_client.follow import approve
from sluice.devstack.production import Observer
from sluice.snowflake import observe
from sluice.snowflake.connect import connect
from sluice.snowflake.statements import Statement
from tests import documented
from tests.documented import Command
from tests.terminal import ROOT, Done, Terminal, interrupt

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

# These tests tell one story: each begins where the one before ended.

RUNS = {
    "access grant", "access list", "access review", "access revoke", "audit", "budget override", "budget status",
    "budget stop", "dbt", "env build", "env create", "env destroy", "env extend", "env inventory", "env list",
    "env reclone", "env show", "env sweep", "env undo", "explain promote", "explain provision", "history", "hours open",
    "hours status", "provision", "refresh", "rollback", "status", "unlock", "upgrade", "validate",
}  # fmt: skip
"""Commands that run by themselves. A command that is documented anew is added here, or to those that somebody ends."""
ALONE = {"": "it needs no stack", "init": "tests/cli/test_init.py"}
APPROVED, INTERRUPTED = {"promote"}, {"budget watch"}
MADE = "dev_user_segmentation_john_20231201"
"""The environment of the pages; here it is the one that their `env create` has made."""
TABLE = re.compile(r"^\| (?P<commands>`[^|]+`)[^|]*\| (?P<kind>list|object) \| (?P<fields>.+) \|$", re.MULTILINE)
NAMES = re.compile(r"`([^`]+)`")
CHANGED = {"dag_id", "run_id", "url", "state", "environments", "failed", "reports"}


@dataclass
class Desk:
    """Somebody at a terminal beside the stack, and the environments that they have made."""

    world: World
    terminal: Terminal
    made: list[str] = field(default_factory=list)

    @property
    def account_time(self) -> datetime:
        """The account's time, which other tests may have driven on."""
        with connect(Observer(self.world.stack.environment).administrator()) as session:
            return observe.now(session)

    def words(self, command: Command) -> list[str]:
        """Return the documented words with what is there in place of the pages' examples."""
        examples = {
            "fct_orders": "leaf",
            MADE: self.made[0] if self.made else MADE,
            "21:00": f"{self.account_time + timedelta(days=1):%Y-%m-%d}T21:00",
        }
        return [examples.get(word, word) for word in command.words]

    def until_somebody_is_asked(self, *words: str) -> tuple[subprocess.Popen[str], Run, str]:
        """Start a promotion of production; return it, its run, and the line that says whom it waits for."""
        process = self.terminal.start(*words)
        assert process.stdout is not None
        line = next((line for line in process.stdout if line.startswith("approve waits for")), "")
        run_id = next((run["dag_run_id"] for run in self.world.bob.runs("promote_prod", state="running")), "")
        return process, Run("promote_prod", run_id), line


@pytest.fixture(scope="module")
def desk(world: World, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A terminal in a checkout under whose build/ the stack runs; a release is live everywhere, and nothing waits."""
    here = world.stack.environment
    project = {"SLUICE_DBT_PROJECT": str(here.project), "SLUICE_POLICIES": here.more["SLUICE_POLICIES"]}
    terminal = Terminal(tmp_path_factory.mktemp("desk"), project)
    (terminal.root / "build").mkdir()
    (terminal.root / "build" / "e2e").symlink_to(world.stack.environment.home)
    made = Desk(world, terminal)
    world.end_what_waits()
    world.reset()
    with connect(Observer(world.stack.environment).administrator()) as session:
        session.run(Statement("CREATE USER IF NOT EXISTS ANN"))
    # The pages' own refresh must start no promotion that would stand before theirs, waiting for somebody.
    refreshed = world.run("refresh_dev")
    assert refreshed.state == "success", world.said
    assert world.end(world.started("promote_staging")).state == "success", world.said  # or skipped: live already
    bring_to_production(world, str(refreshed.fact("register", "release")))
    world.end_what_waits()
    return made


def bring_to_production(world: World, release: str) -> None:
    """The release is live in production: bob says yes to whichever run asks, an asset's or alice's."""
    deadline = time.monotonic() + 500
    if world.live("prod").release != release:
        world.alice.trigger("promote_prod")
    while world.live("prod").release != release:
        assert time.monotonic() < deadline, world.said
        for found in world.alice.runs("promote_prod"):
            run = Run("promote_prod", found["dag_run_id"])
            if found["state"] not in FINISHED and world.bob.waiting(run):
                world.alice.wait(run, seconds=400, watch=partial(yes, world, run))
        time.sleep(1)


def yes(world: World, run: Run, tasks: Mapping[str, Json]) -> None:
    """Bob approves, as often as the run asks: Airflow may lose an answer, and asks once more then."""
    if tasks["approve"]["state"] == "awaiting_input" and world.bob.waiting(run):
        approve(world.bob, run, "approve", world.said.append)


def shown() -> list[Command]:
    """Return the commands of the pages' blocks, each once; without those of pages that have a test of their own."""
    commands = [command for command in documented.in_blocks() if command.page not in documented.FOLLOWED]
    return list({command.words: command for command in reversed(commands)}.values())[::-1]


def test_every_documented_command_has_its_place() -> None:
    """A command that a page's block shows anew is tested here, or this names it."""
    known = RUNS | APPROVED | INTERRUPTED
    assert [str(command) for command in shown() if command.path not in known | ALONE.keys()] == []
    assert known - {command.path for command in shown()} == set()


@pytest.mark.parametrize(
    "command",
    [command for command in shown() if command.path not in ALONE],
    ids=lambda command: " ".join(command.words)[:60],
)
def test_a_documented_command_does_what_it_says(desk: Desk, command: Command) -> None:
    """It ends with exit code 0, a result and nothing else said; in the order in which the pages show them."""
    words = desk.words(command)
    if command.path in INTERRUPTED:
        process = desk.terminal.start(*words, "--json")
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["environments"]
        assert interrupt(process).code == 130
        return
    done = approved(desk, words) if command.path in APPROVED else desk.terminal(*words)
    assert done.clean().code == 0, str(done)
    assert done.out.strip(), str(done)
    if command.path == "env create":
        desk.made.append(made(desk, done))
    if command.path == "budget stop":
        started = desk.terminal("budget", "resume", "dev", "--reason", "mended").clean()
        assert started.code == 0, str(started)


def approved(desk: Desk, words: list[str]) -> Done:
    """Start a promotion, see that it says whom it waits for, and have bob approve it."""
    process, run, line = desk.until_somebody_is_asked(*words)
    assert "bob" in line
    assert run.page(desk.world.stack.environment.url) in line

    def say_yes(tasks: Mapping[str, Json]) -> None:
        if tasks["approve"]["state"] == "awaiting_input":  # asked once more where Airflow lost the answer
            approve(desk.world.bob, run, "approve", desk.world.said.append)

    desk.world.bob.wait(run, seconds=400, watch=say_yes)
    out, err = process.communicate(timeout=120)
    return Done(tuple(words), process.returncode, line + out, err)


def made(desk: Desk, done: Done) -> str:
    """Return the name of the environment that a command made, from its JSON or from what there is now."""
    if done.out.startswith("{"):
        return str(json.loads(done.out)["environments"][0])
    listed = json.loads(desk.terminal("env", "list", "--json").out)
    return str(max(listed, key=lambda one: str(one["created"]))["environment"])


def test_what_is_documented_of_json_is_what_is_printed(desk: Desk) -> None:
    """Each command that shows something prints the fields of docs/commands.md, and one that changes something too."""
    given = ("access", "grant", desk.made[0], "--user", "ANN", "--hours", "2", "--reason", "a second look", "--json")
    changed = desk.terminal(*given).clean()
    assert changed.code == 0, str(changed)
    assert set(json.loads(changed.out)) == CHANGED
    assert json.loads(changed.out)["environments"] == [desk.made[0]]
    page = (ROOT / "docs" / "commands.md").read_text()
    assert {name for name in CHANGED if f"`{name}`" not in page} == set()
    rows = list(TABLE.finditer(page))
    assert len(rows) == 15
    listed: set[str] = set()
    for row in rows:
        fields = set(NAMES.findall(row["fields"]))
        for path in NAMES.findall(row["commands"]):
            if path == "env list":
                listed = fields
            elif path == "env show":
                fields = fields - {"env list"} | listed
            if path not in INTERRUPTED:
                assert printed(desk, path, row["kind"]) == fields, path


def printed(desk: Desk, path: str, kind: str) -> set[str]:
    """Return the fields of what a command prints as JSON, of a list those of its first element."""
    about = {
        "history": ["prod"],
        "audit": ["prod"],
        "explain promote": ["prod"],
        "explain provision": ["dev"],
        "env show": desk.made[:1],
        "unlock": ["prod", "--reason", "nobody holds it"],
    }
    words = [*path.split(), *about.get(path, [])]
    done = desk.terminal(*words, "--json").clean()
    assert done.code == 0, str(done)
    found = json.loads(done.out)
    assert isinstance(found, list) is (kind == "list"), path
    return set(found[0] if kind == "list" else found)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["provision", "qa"], "provision_environment: environment: 'qa' is not one of"),
        (["promote", "qa"], "this Airflow has no such DAG"),
        (["rollback", "prod", "--reason", "x"], "rollback: reason: 'x' is too short"),
        (["env", "destroy", "somewhere", "--reason", "over"], "sluice env list"),
        (["explain", "promote", "prd"], "for example: prod"),
        (["env", "show", "dev"], "this environment is permanent"),
    ],
)
def test_what_cannot_be_is_told_and_starts_nothing(desk: Desk, words: list[str], says: str) -> None:
    """A wrong name or value is reported with its field and a good one, and no run of a DAG was begun."""
    before = {dag_id: len(desk.world.alice.runs(dag_id)) for dag_id in ("provision_environment", "rollback")}
    done = desk.terminal(*words).clean()
    assert done.code == 1, str(done)
    assert says in done.err, str(done)
    assert done.out == ""
    assert before == {dag_id: len(desk.world.alice.runs(dag_id)) for dag_id in before}


@pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("nobody", "wrong")])
def test_a_wrong_password_is_told(desk: Desk, user: str, password: str) -> None:
    """Airflow's own refusal of a log-in names the user, not the password."""
    named = {"SLUICE_AIRFLOW_URL": desk.world.stack.environment.url, "SLUICE_AIRFLOW_USER": user}
    done = desk.terminal("provision", "dev", more={**named, "SLUICE_AIRFLOW_PASSWORD": password}).clean()
    assert done.code == 1, str(done)
    assert "Airflow did not let the user in" in done.err
    assert user in done.err
    assert password not in done.err


def test_a_run_that_fails_shows_what_its_task_says(desk: Desk) -> None:
    """The failing task's own words and where its log is, exit code 1; as JSON the same run with its failed task."""
    done = desk.terminal("rollback", "staging", "--deployment", "d20200101t000000-abcdef", "--reason", "a typo").clean()
    assert done.code == 1, str(done)
    assert "d20200101t000000-abcdef" in done.err
    assert "Worker startup" not in done.err
    assert f"{desk.world.stack.environment.url}/dags/rollback/runs/" in done.err
    words = ("env", "destroy", desk.made[0], "--confirm", "another", "--reason", "over", "--json")
    as_json = desk.terminal(*words).clean()
    assert as_json.code == 1, str(as_json)
    assert json.loads(as_json.out)["state"] == "failed"
    assert json.loads(as_json.out)["failed"] == "destroy"
    assert "not the environment's name" in as_json.err


def test_a_dag_that_is_switched_off_is_not_triggered(desk: Desk) -> None:
    """A run of it would wait for ever: the command says so instead."""
    desk.world.admin.call("PATCH", "/api/v2/dags/provision_environment", json={"is_paused": True})
    try:
        done = desk.terminal("provision", "dev", "--no-wait").clean()
    finally:
        desk.world.admin.unpause("provision_environment")
    assert done.code == 1, str(done)
    assert "this DAG is paused" in done.err


def test_whoever_stops_following_leaves_the_run_alone(desk: Desk) -> None:
    """Ctrl-C ends the command with 130 and says where the run goes on; with --no-wait the next one queues behind it."""
    process, run, line = desk.until_somebody_is_asked("promote", "prod", "--reason", "to be interrupted")
    assert "bob" in line
    done = interrupt(process).clean()
    assert done.code == 130, str(done)
    assert "the run goes on in Airflow" in done.err
    assert desk.world.bob.run(run)["state"] == "running"
    behind = desk.terminal("promote", "prod", "--no-wait", "--json").clean()
    assert behind.code == 0, str(behind)
    assert json.loads(behind.out)["state"] == "queued"
    assert f"queued behind {run.page(desk.world.stack.environment.url)}" in behind.err
    desk.world.end_what_waits()
