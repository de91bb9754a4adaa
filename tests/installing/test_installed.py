"""The wheel in an environment that holds only what the wheel requires: its commands, its plugin, a DAG."""

from __future__ import annotations

import shutil
from pathlib import Path

from isolated import ROOT, Environment


def test_its_requirements_are_met_and_its_parts_found(installed: Environment, folder: Path) -> None:
    """One plugin by its entry point, every DAG read, every module importable without an extra, all from the wheel."""
    assert installed.check() == ""
    found = installed.probe(folder / "dags", SLUICE_ROOT=str(folder), PYTHONPATH=str(folder))
    assert found["code"] == str(installed.packages / "sluice" / "__init__.py")
    assert len(found["plugins"]) == 1
    assert "airflow-sluice" in found["plugins"][0]
    assert found["plugin_errors"] == {}
    assert found["dag_errors"] == {}
    assert {"promote_staging", "promote_prod", "rollback"} <= set(found["dags"])
    assert "sluice.stages.promotion" in found["modules"]
    assert found["broken"] == {}


def test_the_command_checks_a_project(installed: Environment, folder: Path) -> None:
    """`sluice validate` reads the specs and policies of the folder it stands in."""
    done = installed.run("sluice", "validate", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "prod (production)" in done.stdout


def test_the_command_says_its_version(installed: Environment) -> None:
    """`sluice --version`, and the same as a module, is the version of the package."""
    version = installed.versions()["airflow-sluice"]
    for command in (["sluice"], ["python", "-m", "sluice"]):
        done = installed.run(*command, "--version")
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().endswith(version)


def test_the_embedded_account_names_its_extra(installed: Environment) -> None:
    """Without the extra, each way to the embedded account ends with what to install, not with a traceback."""
    for command in (
        ["snowdome", "serve", "--port", "0", "--memory"],
        ["snowdome", "support"],
        ["sluice.laptop", "demo"],
        ["sluice.laptop", "up"],
    ):
        done = installed.run("python", "-m", *command)
        assert done.returncode == 1
        assert "duckdb" in done.stderr
        assert "pip install 'airflow-sluice[local]'" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_command_makes_a_project(installed: Environment, tmp_path: Path) -> None:
    """`sluice init` writes what is needed beside a dbt project from the wheel's own files; Airflow has the plugin."""
    project = Path(shutil.copytree(ROOT / "examples" / "jaffle_shop", tmp_path / "jaffle_shop"))
    done = installed.run("sluice", "init", "--yes", cwd=project)
    assert done.returncode == 0, done.stderr
    assert "ok dev (development)" in done.stdout
    assert (project / "include" / "environments" / "production.yml").is_file()
    assert not (project / "plugins").exists()
    found = installed.probe(project / "dags", SLUICE_ROOT=str(project))
    assert found["dag_errors"] == {}
    assert {"refresh_dev", "promote_staging", "promote_prod", "rollback"} <= set(found["dags"])
