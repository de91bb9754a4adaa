"""The ways of docs/installing.md from a package index, each in an environment of its own: a gigabyte each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from isolated import ROOT, Environment, new_environment

CONSTRAINTS = ("-c", ROOT / "constraints.txt")
FROM_NOTHING = ("-c", ROOT / "constraints-airflow.txt", *CONSTRAINTS)


@pytest.fixture(scope="module")
def production(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that was empty, with the wheel and all it brings, as pinned."""
    environment = new_environment(tmp_path_factory.mktemp("production"))
    environment.install(*FROM_NOTHING, wheel)
    return environment


def test_the_wheel_from_nothing(production: Environment, folder: Path) -> None:
    """The command starts and checks a project; Airflow finds one plugin and every DAG; no extra is installed."""
    assert production.check() == ""
    assert {"duckdb", "snowdome", "pytest", "apache-airflow-providers-slack"}.isdisjoint(production.versions())
    production.start_project(folder)
    found = production.probe(folder / "dags", SLUICE_ROOT=str(folder))
    assert (len(found["plugins"]), found["plugin_errors"], found["dag_errors"], found["broken"]) == (1, {}, {}, {})


def test_a_plugins_folder_in_an_image(tmp_path: Path) -> None:
    """Requirements with constraints leave each provider of an image as it was; the plugins folder works."""
    image = new_environment(tmp_path / "image")
    image.install("-r", ROOT / "tests" / "installing" / "image.txt")
    before = image.versions()
    image.install(*CONSTRAINTS, "-r", ROOT / "requirements.txt")
    after = image.versions()
    assert image.check() == ""
    changed = {name: (old, after.get(name)) for name, old in before.items() if after.get(name) != old}
    print(f"changed in the image: {changed}")  # noqa: T201 (docs/installing.md tells it)
    assert {name for name in changed if name.startswith("apache-airflow")} == set()
    home, kept_out = tmp_path / "airflow", shutil.ignore_patterns("target", "logs", "__pycache__")
    for name in ("dags", "include", "plugins"):
        shutil.copytree(ROOT / name, home / name, ignore=kept_out)
    plugins = home / "plugins"
    here = {"SLUICE_ROOT": str(home), "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins)}
    done = image.run("python", "-m", "sluice", "validate", cwd=home, PYTHONPATH=str(plugins))
    assert done.returncode == 0, done.stdout + done.stderr
    found = image.probe(home / "dags", PYTHONPATH=f"{home}:{plugins}", **here)
    assert (len(found["plugins"]), found["plugin_errors"], found["dag_errors"], found["broken"]) == (1, {}, {}, {})
    # As the Dockerfile ends: the command, and still one plugin and one copy of the code.
    for name in ("pyproject.toml", "hatch_build.py", "LICENSE", "docs/package.md"):
        (home / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, home / name)
    image.install("--no-deps", "-e", home)
    assert image.run("sluice", "validate", cwd=home).returncode == 0
    found = image.probe(home / "dags", PYTHONPATH=str(home), **here)
    assert found["code"] == str(plugins / "sluice" / "__init__.py")
    assert (len(found["plugins"]), found["plugin_errors"]) == (1, {})


def test_the_extras_of_a_deployment(wheel: Path, tmp_path: Path) -> None:
    """Each bucket's store can be opened, each channel's notifier imported, all in one environment, as pinned."""
    environment = new_environment(tmp_path / "extras")
    environment.install(*FROM_NOTHING, f"airflow-sluice[notify,s3,gcs,azure] @ {wheel.as_uri()}")
    assert environment.check() == ""
    program = "from sluice.airflow.store import open_store; [open_store(f'{s}://b/x') for s in ('s3', 'gs', 'abfs')]"
    imports = (
        "from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier",
        "from airflow.providers.smtp.notifications.smtp import SmtpNotifier",
        "from airflow.providers.pagerduty.notifications.pagerduty import PagerdutyNotifier",
    )
    done = environment.run("python", "-c", "; ".join((program, *imports)))
    assert done.returncode == 0, done.stderr
