"""A further environment has its DAG as soon as its file is there: after its upstream, with the rights of its kind."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from sluice.airflow.assets import environment_asset

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def include(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What ships, with qa between staging and production as docs/environments.md shows it, read by this process."""
    include = tmp_path / "include"
    for folder in ("environments", "policies"):
        shutil.copytree(ROOT / "include" / folder, include / folder)
    page = (ROOT / "docs" / "environments.md").read_text()
    shown = re.search(r"<!-- include/environments/qa.yml -->\n```yaml\n(.*?)```", page, re.DOTALL)
    assert shown is not None
    (include / "environments" / "qa.yml").write_text(shown[1])
    prod = include / "environments" / "production.yml"
    prod.write_text(prod.read_text().replace("upstream: staging", "upstream: qa"))
    monkeypatch.setenv("SLUICE_ENVIRONMENTS", str(include / "environments"))
    monkeypatch.setenv("SLUICE_POLICIES", str(include / "policies"))
    return include


def test_each_spec_brings_its_dag(include: Path) -> None:
    """In order of the chain, each waiting for the asset of the one before."""
    from sluice.airflow.flows.environments import environment_dags

    dags = environment_dags()
    assert set(dags) == {"refresh_dev", "promote_staging", "promote_qa", "promote_prod"}
    upstreams = {"promote_staging": "dev", "promote_qa": "staging", "promote_prod": "qa"}
    for dag_id, upstream in upstreams.items():
        assert dags[dag_id].schedule == [environment_asset(upstream)], dag_id


def test_its_rights_are_those_of_its_kind(include: Path) -> None:
    """Where Airflow knows roles: developers may start what promotes to any staging, and no production's."""
    from sluice.airflow.flows.environments import environment_dags

    access = include / "policies" / "access.yml"
    access.write_text(access.read_text().replace("airflow_roles: false", "airflow_roles: true"))
    said = {dag_id: dag.access_control for dag_id, dag in environment_dags().items()}
    starts = {dag_id: "can_create" in rights["developer"]["DAG Runs"] for dag_id, rights in said.items() if rights}
    assert starts == {"refresh_dev": True, "promote_staging": True, "promote_qa": True, "promote_prod": False}


def test_a_file_that_is_wrong_takes_no_other_dag(include: Path) -> None:
    """Of an environment whose file cannot be read there is no DAG; rights that name it are no error for the others."""
    from sluice.airflow.flows.environments import environment_dags

    qa = include / "environments" / "qa.yml"
    qa.write_text(qa.read_text().replace("size: SMALL", "size: HUGE"))
    access = yaml.safe_load((include / "policies" / "access.yml").read_text())
    access["roles"]["developer"]["environment_dags"]["promote"].append("qa")
    (include / "policies" / "access.yml").write_text(yaml.safe_dump(access))
    assert set(environment_dags()) == {"refresh_dev", "promote_staging"}
