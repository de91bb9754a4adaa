"""dbt in this process: what it is told, what it leaves behind, and what its failures say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sluice.dbt.artifacts import nodes
from sluice.dbt.invoke import Invocation, run
from sluice.dbt.profile import Target
from sluice.errors import RetryError, SpecError

SECRET = "hunter2-hunter2"
TARGET = Target("prod", "acme", "SVC", "R", "WH", "LIVE", "PUBLIC", 2, password=SECRET, host="127.0.0.1", port=1)


@pytest.fixture
def call(tmp_path: Path) -> Invocation:
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text(
        "name: shop\nprofile: a name of its own\nflags:\n  send_anonymous_usage_stats: false\n"
    )
    (project / "models" / "a.sql").write_text("select {{ var('answer') }} as a, '{{ target.name }}' as target")
    (project / "models" / "b.sql").write_text("select a from {{ ref('a') }}")
    return Invocation(project, replace(TARGET, protocol="http", connect_timeout=1), tmp_path / "home", {"answer": 42})


def test_the_project_decides_its_profile_and_we_its_values(call: Invocation) -> None:
    """Any project's profile name works; target, database and vars come from us; nothing stays in the environment."""
    before = dict(os.environ)
    listed = run(call, ["ls", "--output", "json", "--output-keys", "unique_id"])
    assert {json.loads(line)["unique_id"] for line in listed.lines} == {"model.shop.a", "model.shop.b"}
    manifest = json.loads((call.artifacts / "manifest.json").read_text())
    assert manifest["nodes"]["model.shop.a"]["database"] == "LIVE"
    assert nodes(call.artifacts / "manifest.json")["model.shop.b"].relation == "PUBLIC.B"
    assert {name for name in os.environ if "SLUICE" in name} == {name for name in before if "SLUICE" in name}


def test_no_secret_reaches_the_disk(call: Invocation) -> None:
    """Profile, logs and artifacts hold no value of the connection's password; the text is the same for any database."""
    run(call, ["ls"])
    profile = (call.home / "profiles.yml").read_text()
    run(replace(call, target=replace(call.target, database="OTHER", password="another")), ["ls"])
    assert (call.home / "profiles.yml").read_text() == profile
    for path in call.home.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    assert SECRET not in repr(call)


def test_a_project_that_does_not_parse_is_refused(call: Invocation) -> None:
    """The refusal names the file and what dbt says of it."""
    (call.project / "models" / "b.sql").write_text("select {{ ref('nobody') }}")
    with pytest.raises(SpecError, match="nobody"):
        run(call, ["parse"])


def test_an_unreachable_account_may_be_tried_again(call: Invocation) -> None:
    """A connection that cannot be made is a reason to retry, not to change the project."""
    with pytest.raises(RetryError, match="could not reach Snowflake"):
        run(call, ["run"])


ENDED_LIKE_A_TASK = """
import os, sys
from pathlib import Path
from sluice.dbt.invoke import Invocation, run
from sluice.dbt.profile import Target
from sluice.errors import SluiceError

project, home, *words = sys.argv[1:]
target = Target("prod", "acme", "SVC", "R", "WH", "LIVE", "PUBLIC", 2, password="x", host="127.0.0.1", port=1,
                protocol="http", connect_timeout=1)
try:
    run(Invocation(Path(project), target, Path(home), {"answer": 42}), words, check=False)
except SluiceError as error:
    kept = error  # as Airflow keeps it to the end
    print("refused")
os._exit(0)
"""


@pytest.mark.parametrize(
    ("words", "model", "says"),
    [
        (["parse"], "select 1 as b", ""),
        (["ls"], "select 1 as b", ""),
        (["parse"], "select {{ ref('nobody') }}", "refused"),
        (["build"], "select 1 as b", "refused"),
    ],
)
def test_a_process_that_ends_at_once_leaves_no_semaphore(
    call: Invocation, words: list[str], model: str, says: str
) -> None:
    """Airflow ends a task's process without exit functions; Python's resource tracker finds nothing to complain of."""
    (call.project / "models" / "b.sql").write_text(model)
    ended = subprocess.run(
        [sys.executable, "-c", ENDED_LIKE_A_TASK, str(call.project), str(call.home), *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert ended.stdout.strip() == says
    assert "resource_tracker" not in ended.stderr
    assert "Traceback" not in ended.stderr
