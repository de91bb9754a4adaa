"""`sluice init` as it is typed: beside a project, below it, with several, once more; nobody's file is overwritten."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sluice.cli.app import app
from sluice.dbt.own_profile import OwnProfile, own_profile
from sluice.dbt.project import REF_OVERRIDE, read_project
from sluice.domain.specs.environment import load_environments
from sluice.settings import dbt_project

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = 10


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


Sluice = Callable[..., Done]


@pytest.fixture
def sluice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sluice:
    """A terminal in this process, where no Airflow is configured: dbt is imported once for all commands."""
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "SLUICE", "DBT"))]:
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def typed(folder: Path, *words: str, answers: str = "", **more: str) -> Done:
        with monkeypatch.context() as session:
            session.chdir(folder)
            for name in ("SLUICE_ROOT", "SLUICE_DBT_PROJECT"):  # init sets them for its own validation
                session.setenv(name, more.get(name, ""))
            done = CliRunner().invoke(app, list(words), input=answers)
        return Done(done.exit_code, done.stdout, done.stderr)

    return typed


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def jaffle(tmp_path: Path) -> Path:
    """A classic project, in a folder with a space in its path."""
    return Path(shutil.copytree(ROOT / "examples" / "jaffle_shop", tmp_path / "data team" / "jaffle_shop"))


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_questions_have_good_defaults(sluice: Sluice, jaffle: Path) -> None:
    """Ten times Enter and a yes: specs named after the project, the macro, and a validation without an error."""
    before = everything(jaffle)
    done = sluice(jaffle, "init", answers="\n" * (QUESTIONS + 1))
    assert done.returncode == 0, done.stdout + done.stderr
    after = everything(jaffle)
    assert {name: after[name] for name in before} == before
    assert after["macros/ref.sql"].decode() == REF_OVERRIDE
    specs = load_environments(jaffle / "include" / "environments")
    assert [spec.database.name.name for spec in specs.values()] == [
        "JAFFLE_SHOP_DEV",
        "JAFFLE_SHOP_STAGING",
        "JAFFLE_SHOP_PROD",
    ]
    assert "ok dev (development)" in done.stdout
    assert "error" not in done.stdout
    assert "python -m sluice.devstack up" in done.stdout
    assert "select count(*) from analytics.customers" in after["include/policies/gates.yml"].decode()
    again = sluice(jaffle, "init", "--yes")
    assert "Nothing to write" in again.stdout
    assert everything(jaffle) == after


def test_it_is_a_command_of_its_own(jaffle: Path, tmp_path: Path) -> None:
    """As a process, with the answers typed: the same."""
    (tmp_path / "home").mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8"}
    command = [str(Path(sys.executable).parent / "sluice"), "init", "--approvers", "ann, bob"]
    done = subprocess.run(
        command, cwd=jaffle, env=environment, input="\n" * QUESTIONS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert load_environments(jaffle / "include" / "environments")["prod"].promotion.approvers == ("ann", "bob")
    assert "Next:" in done.stdout


def test_a_no_writes_nothing(sluice: Sluice, jaffle: Path) -> None:
    """What would be written is listed, and a no ends it."""
    before = everything(jaffle)
    done = sluice(jaffle, "init", answers="\n" * QUESTIONS + "n\n")
    assert done.returncode == 1
    assert "include/environments/production.yml" in done.stdout
    assert everything(jaffle) == before


def test_what_is_there_stays(sluice: Sluice, jaffle: Path) -> None:
    """A file of theirs is kept and named; --force writes anew what init wrote, unless somebody has changed it since."""
    write(jaffle, {"include/policies/gates.yml": "defaults: {}\n", ".gitignore": "target/\n"})
    done = sluice(jaffle, "init", "--yes", "--team", "one")
    assert "include/policies/gates.yml" in done.stdout.split("Exist already, not changed")[1]
    assert "(add: build/ *.p8)" in done.stdout
    assert (jaffle / "include" / "policies" / "gates.yml").read_text() == "defaults: {}\n"
    staging, production = (jaffle / "include" / "environments" / f"{name}.yml" for name in ("staging", "production"))
    production.write_text(production.read_text() + "# ours\n")
    sluice(jaffle, "init", "--yes", "--team", "two")
    assert "TEAM: one" in staging.read_text()
    sluice(jaffle, "init", "--yes", "--team", "two", "--force")
    assert "TEAM: two" in staging.read_text()
    assert "TEAM: one" in production.read_text()
    assert "# ours" in production.read_text()
    assert (jaffle / "include" / "policies" / "gates.yml").read_text() == "defaults: {}\n"


def test_it_finds_the_project_one_level_below(sluice: Sluice, jaffle: Path) -> None:
    """The root is the folder above: files are written there, the macro into the project, and commands find it."""
    root = jaffle.parent
    done = sluice(root, "init", "--yes", "--name", "ACME")
    assert done.returncode == 0
    assert (root / "include" / "environments" / "staging.yml").is_file()
    assert (jaffle / "macros" / "ref.sql").is_file()
    assert not (jaffle / "include").exists()
    assert dbt_project(root) == jaffle
    assert "SLUICE_DBT_PROJECT" not in done.stdout


def test_several_projects_are_asked_about(sluice: Sluice, jaffle: Path) -> None:
    """Which one is a question, or an option; without either nothing is written."""
    root = jaffle.parent
    write(root, {"other/dbt_project.yml": "name: other\n", "other/models/a.sql": "select 1 as a"})
    refused = sluice(root, "init", "--yes")
    assert refused.returncode == 1
    assert "jaffle_shop" in refused.stderr
    assert not (root / "include").exists()
    done = sluice(root, "init", answers="other\n" + "\n" * (QUESTIONS + 1))
    assert "OTHER_DEV" in (root / "include" / "environments" / "development.yml").read_text()
    assert f"export SLUICE_DBT_PROJECT='{root / 'other'}'" in done.stdout
    validated = sluice(root, "validate")
    assert "no dbt project here" in validated.stdout
    assert sluice(root, "validate", SLUICE_DBT_PROJECT=str(root / "other")).returncode == 0


def test_a_project_elsewhere_is_named(sluice: Sluice, jaffle: Path, tmp_path: Path) -> None:
    """Airflow's root and the dbt project may be apart; what the project needs is written there."""
    root = tmp_path / "airflow"
    root.mkdir()
    assert sluice(root, "init", "--yes").returncode == 1
    done = sluice(root, "init", "--yes", "--dbt-project", str(jaffle), "--environments", "dev, qa, live")
    assert done.returncode == 0, done.stderr
    assert (jaffle / "macros" / "ref.sql").is_file()
    assert f"export SLUICE_DBT_PROJECT='{jaffle}'" in done.stdout
    assert list(load_environments(root / "include" / "environments")) == ["dev", "qa", "live"]


def test_bad_answers_write_nothing(sluice: Sluice, jaffle: Path) -> None:
    """Two names for three environments, or one database for two: refused, each with a good example."""
    before = everything(jaffle)
    for words, says in (
        (("--environments", "dev, prod"), "3 comma-separated values are needed"),
        (("--databases", "A, A, B"), "each environment has one of its own"),
    ):
        done = sluice(jaffle, "init", "--yes", *words)
        assert done.returncode == 1
        assert says in done.stderr
    assert everything(jaffle) == before


def test_sources_are_read_from_the_project(sluice: Sluice, jaffle: Path) -> None:
    """Databases that sources name are in the specs; those of sources that name none are where it is built today."""
    write(
        jaffle,
        {
            "models/sources.yml": "sources:\n  - {name: crm, database: crm_raw, tables: [{name: people}]}\n"
            "  - {name: shop, tables: [{name: tills}]}\n",
            "models/people.sql": "select * from {{ source('crm', 'people') }}, {{ source('shop', 'tills') }}",
            "profiles.yml": """
jaffle_shop_profile:
  target: dev
  outputs:
    dev: {type: snowflake, account: acme-eu, database: analytics, password: hunter2, role: ME}
    production: {type: snowflake, account: acme-eu, database: jaffle_shop_prod}
""",
        },
    )
    done = sluice(jaffle, "init", "--yes")
    specs = load_environments(jaffle / "include" / "environments")
    assert {name.name for name in specs["prod"].sources} == {"CRM_RAW", "ANALYTICS"}
    assert specs["prod"].dbt.target == "production"
    assert specs["prod"].database.name.name == "SLUICE_JAFFLE_SHOP_PROD"  # one of that name is in use today
    assert "acme-eu" in (jaffle / "CONNECTIONS.md").read_text()
    assert b"hunter2" not in b"".join(text for name, text in everything(jaffle).items() if name != "profiles.yml")
    assert "models/sources.yml" in done.stdout  # the source that names no database


def test_a_profile_is_read_for_names_alone(jaffle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables are filled in, another adapter's output and a file that is no profile say nothing."""
    profile = """
jaffle_shop_profile:
  target: dev
  outputs:
    dev: {type: snowflake, account: "{{ env_var('SNOW', 'none') }}", database: "{{ target.name }}"}
    local: {type: duckdb, database: other}
"""
    monkeypatch.setenv("DBT_PROFILES_DIR", str(jaffle))
    monkeypatch.setenv("SNOW", "acme-eu")
    write(jaffle, {"profiles.yml": profile})
    assert own_profile(read_project(jaffle)) == OwnProfile("acme-eu", (), ("dev",))
    for text in ("[1, 2]", "a: [", "jaffle_shop_profile: 3"):
        write(jaffle, {"profiles.yml": text})
        assert own_profile(read_project(jaffle)) == OwnProfile()
