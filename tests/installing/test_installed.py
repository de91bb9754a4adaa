"""The wheel in an environment that holds only what the wheel requires: its commands, its plugin, a DAG."""

from __future__ import annotations

from pathlib import Path

from isolated import Environment


def test_what_init_writes_is_what_airflow_reads(installed: Environment, folder: Path) -> None:
    """`sluice init`, `sluice validate` beside a dbt project; one plugin, each DAG and module, all from the wheel."""
    assert installed.check() == ""
    installed.start_project(folder)
    found = installed.probe(folder / "dags", SLUICE_ROOT=str(folder))
    assert found["code"] == str(installed.packages / "sluice" / "__init__.py")
    assert len(found["plugins"]) == 1
    assert "airflow-sluice" in found["plugins"][0]
    assert found["plugin_errors"] == {}
    assert found["dag_errors"] == {}
    assert {"promote_staging", "promote_prod", "rollback"} <= set(found["dags"])
    assert "sluice.operations.promotion.stages" in found["modules"]
    assert found["broken"] == {}


def test_the_command_says_its_version(installed: Environment) -> None:
    """`sluice --version`, and the same as a module, is the version of the package."""
    version = installed.versions()["airflow-sluice"]
    for command in (["sluice"], ["python", "-m", "sluice"]):
        done = installed.run(*command, "--version")
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().endswith(version)


def test_the_stack_of_a_laptop_names_its_extra(installed: Environment) -> None:
    """Without the extra, each way to the embedded account ends with what to install, not with a traceback."""
    for command in ("demo", "up", "down"):
        done = installed.run("python", "-m", "sluice.devstack", command)
        assert done.returncode == 1
        assert "snowdome" in done.stderr
        assert "pip install 'airflow-sluice[local]'" in done.stderr
        assert "Traceback" not in done.stderr
