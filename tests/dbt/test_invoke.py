"""dbt in this process: what it is given, what it leaves behind, and what its failures say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sluice.dbt.artifacts import Result, nodes
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


SEMANTIC = {
    "models/spine.sql": "select current_date as date_day",
    "models/semantic.yml": """
models:
  - name: spine
    columns: [{name: date_day, granularity: day}]
    time_spine: {standard_granularity_column: date_day}
  - name: a
semantic_models:
  - name: a
    model: ref('a')
    defaults: {agg_time_dimension: d}
    entities: [{name: id, type: primary}]
    dimensions: [{name: d, type: time, type_params: {time_granularity: day}}]
    measures: [{name: rows_of_a, agg: count, expr: id}]
metrics:
  - {name: rows_of_a, label: Rows, type: simple, type_params: {measure: rows_of_a}}
""",
}


def test_what_dbt_reported_is_said_and_where_its_log_is(call: Invocation) -> None:
    """Which name a semantic manifest refuses, dbt only reports before it raises: both are in the refusal."""
    for name, text in SEMANTIC.items():
        (call.project / name).write_text(text)
    with pytest.raises(SpecError, match="Semantic Manifest validation failed") as refused:
        run(call, ["parse"])
    assert "Invalid name `d`" in str(refused.value)
    assert "at least 2 characters" in str(refused.value)
    assert str(call.log_file) in str(refused.value)
    assert call.log_file.is_file()


@pytest.mark.parametrize(
    ("command", "text", "says"),
    [
        (["ls", "--bogus"], "select 1", "No such option '--bogus'"),
        (["run-operation", "nobody"], "select 1", "could not find a macro with the name 'nobody'"),
        (["parse"], "select {% if %}", "Expected an expression, got 'end of statement block'"),
    ],
)
def test_every_kind_of_refusal_has_dbts_words(call: Invocation, command: list[str], text: str, says: str) -> None:
    """A usage error, an operation's, a text that cannot be read: what dbt says is in the message, line by line."""
    (call.project / "models" / "b.sql").write_text(text)
    with pytest.raises((SpecError, RetryError)) as refused:
        run(call, command)
    assert says in str(refused.value)


def test_secrets_do_not_reach_a_refusal(call: Invocation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the connection's password nor a secret variable of the environment is in what dbt is quoted with."""
    monkeypatch.setenv("DBT_ENV_SECRET_TOKEN", "t0p-s3cret-token")
    (call.project / "models" / "b.sql").write_text(
        f"{{{{ exceptions.raise_compiler_error('the password is {SECRET}, the token t0p-s3cret-token') }}}}"
    )
    with pytest.raises(SpecError, match="the password is \\*\\*\\*\\*\\*, the token") as refused:
        run(call, ["parse"])
    assert SECRET not in str(refused.value)
    assert "t0p-s3cret" not in str(refused.value)


def test_the_working_directory_stays(call: Invocation, tmp_path: Path) -> None:
    """Where dbt has gone to its project's folder, whoever called it is where they were."""
    before = Path.cwd()
    run(call, ["ls"])
    assert Path.cwd() == before


def test_a_project_for_another_dbt_is_refused(call: Invocation) -> None:
    """`require-dbt-version` counts, as it does for dbt itself."""
    with (call.project / "dbt_project.yml").open("a") as project:
        project.write("require-dbt-version: '>=2.0.0'\n")
    with pytest.raises(SpecError, match="not supported with the 'shop' package"):
        run(call, ["parse"])


def test_a_microbatch_that_did_not_do_all_its_work_has_failed() -> None:
    """What dbt calls `partial success` is no success."""
    result = Result("model.shop.a", "partial success", 1.0, "2 of 3 batches")
    assert result.failed
    assert not result.built
