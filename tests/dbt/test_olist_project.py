"""The dbt project that ships, as dbt parses it for each environment: how much there is, and what holds where."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sluice.dbt.invoke import Invocation, run
from sluice.dbt.profile import Target
from sluice.domain.specs.blocks import DbtBlock
from sluice.domain.specs.environment import load_environments

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "include" / "dbt" / "olist_analytics"
MODELS, TESTS = 30, 100
LAYERS = {"staging": "STAGING", "intermediate": "INTERMEDIATE", "marts": "MARTS"}

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Manifest]:
    """The manifest of each environment that ships, parsed with its own settings and without a connection."""
    found = {}
    for spec in load_environments(ROOT / "include" / "environments").values():
        home = tmp_path_factory.mktemp(spec.name)
        target = Target(spec.dbt.target, "acme", "SVC", "R", "WH", f"OLIST_{spec.name.upper()}", "PUBLIC", 1)
        call = Invocation(PROJECT, target, home, spec.dbt.as_vars())
        run(call, ["parse"])
        found[spec.name] = json.loads((call.artifacts / "manifest.json").read_text())
    return found


def of(manifest: Manifest, kind: str) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == kind}


def test_there_is_enough_of_everything(manifests: dict[str, Manifest]) -> None:
    """The project is a real one in each environment: layers, tests, snapshots, seeds, exposures, unit tests."""
    for name, manifest in manifests.items():
        models, tests = of(manifest, "model"), of(manifest, "test")
        assert len(models) >= MODELS, name
        assert len(tests) >= TESTS, name
        assert set(LAYERS) == {node["fqn"][1] for node in models.values()}
        assert len(of(manifest, "snapshot")) == 2
        assert len(of(manifest, "seed")) == 4
        assert len(manifest["exposures"]) == 4
        assert len(manifest["unit_tests"]) >= 4
        assert len(manifest["sources"]) == 9
        assert all(source["loaded_at_field"] == "_loaded_at" for source in manifest["sources"].values())
        assert (
            sum(bool((s["freshness"] or {}).get("warn_after", {}).get("count")) for s in manifest["sources"].values())
            == 3
        )


def test_every_model_is_described_and_tested(manifests: dict[str, Manifest]) -> None:
    """No model is without a description, nor without a test that hangs on it."""
    manifest = manifests["dev"]
    tested = {key for test in of(manifest, "test").values() for key in test["depends_on"]["nodes"]}
    for name, model in of(manifest, "model").items():
        assert model["description"], name
        assert model["unique_id"] in tested, name


def test_incremental_models_know_both_ways(manifests: dict[str, Manifest]) -> None:
    """The facts are incremental in every environment, some by merge and some by delete and insert."""
    for manifest in manifests.values():
        found = [m["config"] for m in of(manifest, "model").values() if m["config"]["materialized"] == "incremental"]
        assert Counter(config["incremental_strategy"] for config in found) == {"merge": 2, "delete+insert": 2}
        assert all(config["unique_key"] for config in found)


def test_materialization_follows_the_environment(manifests: dict[str, Manifest]) -> None:
    """Development builds views, staging and production tables, and none of them is transient."""
    for name, kind in {"dev": "view", "staging": "table", "prod": "table"}.items():
        models = of(manifests[name], "model").values()
        assert {m["config"]["materialized"] for m in models} == {kind, "incremental"}
        for node in [*models, *of(manifests[name], "seed").values(), *of(manifests[name], "snapshot").values()]:
            assert node["config"]["transient"] is False, node["name"]


def test_schemas_are_the_same_everywhere(manifests: dict[str, Manifest]) -> None:
    """A database can be promoted by its name: its schemas do not carry the environment's."""
    seen = {name: {(n["name"], n["schema"]) for n in of(m, "model").values()} for name, m in manifests.items()}
    assert seen["staging"] == seen["prod"] == seen["dev"] - {("rpt_delivery_risk", "MARTS")}
    for model in of(manifests["prod"], "model").values():
        assert model["schema"] == LAYERS[model["fqn"][1]]


def test_contracts_bind_in_production(manifests: dict[str, Manifest]) -> None:
    """Every mart of production has an enforced contract with a type for each column; development stays free."""
    for name, manifest in manifests.items():
        for model in of(manifest, "model").values():
            mart = model["fqn"][1] == "marts"
            assert model["config"]["contract"]["enforced"] is (mart and name == "prod"), model["name"]
            if mart:
                assert all(column["data_type"] for column in model["columns"].values()), model["name"]


@pytest.mark.parametrize(
    ("name", "warn_if", "error_if", "kept"),
    [("dev", ">100", ">1000", False), ("staging", ">10", ">100", True), ("prod", ">1", ">10", True)],
)
def test_severities_follow_the_environment(
    manifests: dict[str, Manifest], name: str, warn_if: str, error_if: str, kept: bool
) -> None:
    """How many bad rows warn or stop, and whether they are kept, is the environment's; keys are strict everywhere."""
    configs = {test["name"]: test["config"] for test in of(manifests[name], "test").values()}
    ordinary = configs["assert_no_order_from_the_future"]
    assert (ordinary["warn_if"], ordinary["error_if"], ordinary["store_failures"]) == (warn_if, error_if, kept)
    assert ordinary["severity"].lower() == "error"
    assert configs["primary_key_fct_orders_order_id"]["error_if"] == ">0"


def test_each_setting_of_a_spec_is_read_by_the_project() -> None:
    """Dbt takes any variable: one that no file asks for would change nothing, and nobody would hear of it."""
    files = [path for path in PROJECT.rglob("*") if path.suffix in {".sql", ".yml"} and "target" not in path.parts]
    text = "\n".join(path.read_text() for path in files)
    settings = set(DbtBlock(target="dev").as_vars())
    assert {name for name in settings if f"var('{name}'" not in text and f"setting('{name}'" not in text} == set()


def test_experiments_stay_in_development(manifests: dict[str, Manifest]) -> None:
    """A model behind the experimental flag exists in development and nowhere else."""
    assert "rpt_delivery_risk" in of(manifests["dev"], "model")
    assert "rpt_delivery_risk" not in of(manifests["staging"], "model") | of(manifests["prod"], "model")


def test_live_has_tests_of_its_own(manifests: dict[str, Manifest]) -> None:
    """The tests for after the cut-over are tagged, strict, and write nothing into live."""
    found = [t["config"] for t in of(manifests["prod"], "test").values() if "post_promotion" in t["tags"]]
    assert len(found) == 5
    assert all(config["store_failures"] is False and config["error_if"] == ">0" for config in found)


def test_no_secret_ships_with_the_project() -> None:
    """There is no profile in the project: credentials come from the connection alone."""
    assert not list(PROJECT.rglob("profiles.y*ml"))
