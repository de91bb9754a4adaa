"""Airflow's own plugin loader, in a process of its own, sees exactly one plugin and nothing broken."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROBE = """
import json, sys
import types, queue, snowflake.connector
files = lambda: {n: getattr(m, "__file__", None) for n, m in list(sys.modules.items()) if m is not None}
before = files()
from airflow import plugins_manager
plugins, errors = plugins_manager._get_plugins()
after = files()
from sluice import errors as real
print("PROBE" + json.dumps({
    "plugins": [p.name for p in plugins if p.name == "sluice"],
    "sources": [str(p.source) for p in plugins if p.name == "sluice"],
    "errors": errors,
    "clobbered": sorted(n for n in before if after.get(n) != before[n]),
    "stems": sorted(n for n in after if "." not in n and "/plugins/" in (after[n] or "") and ROOT in (after[n] or "")),
    "heavy": sorted({"dbt", "fakesnow", "duckdb", "fastapi"} & {n for n in after if n not in before}),
}))
"""


def load(tmp_path: Path, **environment: str) -> dict[str, object]:
    """Run Airflow's loader over our plugins folder and return what it saw."""
    result = subprocess.run(
        [sys.executable, "-c", f"ROOT = {str(ROOT)!r}\n{PROBE}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ
        | {
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            **environment,
        },
    )
    assert result.returncode == 0, result.stderr
    seen: dict[str, object] = json.loads(result.stdout.split("PROBE")[1])
    return seen


Seen = dict[str, object]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What the loader saw, as this environment is: started once."""
    return load(tmp_path_factory.mktemp("airflow"))


def test_one_plugin_and_no_clobbered_module(seen: Seen) -> None:
    """The folder scan finds one plugin, reports no error, and replaces no module that was already there."""
    assert seen["plugins"] == ["sluice"]
    assert seen["errors"] == {}
    assert seen["clobbered"] == []
    assert set(seen["stems"]) <= {"sluice", "sluice_plugin"}  # type: ignore[call-overload]


def test_the_plugin_is_cheap(seen: Seen) -> None:
    """Every Airflow process loads the plugin, so it brings neither dbt nor DuckDB nor a web app with it."""
    assert not {"dbt", "duckdb", "fakesnow"} & set(seen["heavy"])  # type: ignore[call-overload]


def test_folder_and_entry_point_together_are_one_plugin(seen: Seen, tmp_path: Path) -> None:
    """Installed as a distribution and present in the plugins folder: still one plugin and no "already registered"."""
    if not entry_points(group="airflow.plugins", name="sluice"):
        seen = load(tmp_path, PYTHONPATH=_installed(tmp_path))
    assert seen["plugins"] == ["sluice"]
    assert seen["errors"] == {}
    assert "airflow-sluice" in str(seen["sources"])


def _installed(tmp_path: Path) -> str:
    """Return a folder with our distribution's metadata, for an environment where it is not installed."""
    info = tmp_path / "site" / "airflow_sluice-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: airflow-sluice\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[airflow.plugins]\nsluice = sluice.airflow.plugin:SluicePlugin\n")
    return str(info.parent)
