"""docs/own-dbt-project.md, followed word for word: from `sluice init` to a production that is promoted to."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sluice.airflow_client.api import FINISHED, AirflowApi, Run
from sluice.airflow_client.follow import WAITS, Ended, follow, next_run
from sluice.devstack.stack import read_state

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "own-dbt-project.md").read_text()
_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^>]*) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE
)
ELSEWHERE = "needs an account"
ENTER = "\n" * 20
"""The answer to every question of `sluice init`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the page has its reader do: run commands, or write a file."""

    text: str
    file: str | None = None


def steps() -> list[Step]:
    """Return what the page has its reader do, in its order."""
    found = []
    for block in _BLOCK.finditer(PAGE):
        note, language, text = block["note"], block["language"], block["text"]
        if language == "bash" and note != ELSEWHERE:
            found.append(Step(text))
        elif language != "bash" and note:
            found.append(Step(text, note))
    return found


@dataclass
class Reader:
    """Who follows the page: a folder with the example in it, and a terminal of their own."""

    folder: Path

    @property
    def project(self) -> Path:
        """The project's folder, which is Airflow's root as well."""
        return self.folder / "jaffle_shop"

    @property
    def stack(self) -> Path:
        """Where what `up` starts lives."""
        return self.project / "build" / "local"

    def environment(self) -> dict[str, str]:
        """The variables of a fresh log-in: none of Airflow's, none of ours."""
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return {"PATH": programs, "HOME": str(self.folder), "LANG": "C.UTF-8", "TMPDIR": str(self.folder / "tmp")}

    def types(self, commands: str) -> str:
        """Run commands as the page has them, in the project's folder once there; on ports that are free."""
        commands = commands.replace("sluice.devstack up", "sluice.devstack up --port 0 --account-port 0")
        started = commands.lstrip().startswith("cd ")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder if started else self.project,
            env=self.environment(),
            input=ENTER,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        return done.stdout

    def api(self, user: str) -> AirflowApi:
        """Airflow, signed in to."""
        passwords = json.loads((self.stack / "airflow" / "passwords.json").read_text())
        return AirflowApi(json.loads((self.stack / "stack.json").read_text())["url"], user, passwords[user])

    def promoted(self, environment: str, known: set[str], approver: str | None = None) -> Ended:
        """Wait for the promotion that begins by itself, and say yes where somebody is asked."""
        alice = self.api("alice")
        run = next_run(alice, f"promote_{environment}", known, seconds=600)
        if approver is not None:
            self.approve(run, self.api(approver))
        return follow(alice, run, print, seconds=1800)

    def approve(self, run: Run, approver: AirflowApi) -> None:
        """The question is read for a while: under load, Airflow's scheduler loses an answer that comes at once."""
        while approver.tasks(run)["approve"]["state"] != WAITS:
            assert approver.run(run)["state"] not in FINISHED
            time.sleep(1)
        time.sleep(20)
        approver.answer(run, "approve", "Approve")

    def releases(self) -> dict[str, str]:
        """The release that is live in each environment."""
        return {one["environment"]: one["release"] for one in json.loads(self.types("sluice status --json"))}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A reader with the example at hand; whatever the page starts is ended."""
    shutil.copytree(ROOT / "examples" / "jaffle_shop", tmp_path / "jaffle_shop")
    (tmp_path / "tmp").mkdir()
    reader = Reader(tmp_path)
    yield reader
    if (reader.stack / "stack.json").is_file():
        reader.types("python -m sluice.devstack down")


@pytest.mark.e2e
@pytest.mark.timeout(3600)
def test_the_page_leads_to_a_promoted_production(reader: Reader) -> None:
    """Its commands and files, in their order; at the places it names a person acts in Airflow: bob approves."""
    known: set[str] = set()
    said: list[str] = []
    refreshed = 0
    for step in steps():
        if step.file is not None:
            path = reader.project / step.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text)
            continue
        said.append(reader.types(step.text))
        if "sluice refresh dev" in step.text:
            refreshed += 1
            assert reader.promoted("staging", known).state == "success"
        if refreshed == 1 and "sluice refresh dev" in step.text:
            assert reader.promoted("prod", known, approver="bob").state == "success"
            releases = reader.releases()
            assert len(set(releases.values())) == 1
            assert set(releases) == {"dev", "staging", "prod"}
    assert refreshed == 2
    text = "\n".join(said)
    assert "ok prod (production): JAFFLE_SHOP_PROD" in text
    assert "Michael" in text  # of `sluice dbt dev show`
    assert re.search(r"\w+_ANALYTICS\.customers", text)  # by hand: in a schema of one's own
    assert not (reader.stack / "stack.json").exists()
    assert not any(service.running for service in read_state(reader.stack / "stack.json"))


def test_what_the_page_shows_is_what_there_is() -> None:
    """The macros of the page are those that refusals and `sluice init` give; its files are of the example."""
    from sluice.dbt.project import REF_OVERRIDE, SCHEMA_OVERRIDE

    assert REF_OVERRIDE in PAGE
    assert SCHEMA_OVERRIDE in PAGE.replace("\n  ", "\n")
    assert [step.file for step in steps() if step.file] == [
        "../shared_macros/dbt_project.yml",
        "../shared_macros/macros/full_name.sql",
        "packages.yml",
        "models/people.sql",
    ]
    commands = "\n".join(step.text for step in steps() if step.file is None)
    for words in ("sluice init", "sluice validate", "devstack up", "refresh dev", "sluice dbt dev", "devstack down"):
        assert words in commands
