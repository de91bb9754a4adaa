"""Environments made, refreshed and destroyed: against the number of tables, and beside SQLMesh and `dbt clone`."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import yaml

from benchmarks.figure import Figure
from benchmarks.shops import Shop, generated, shop
from sluice.domain.ephemeral.ephemeral_name import EphemeralName
from sluice.domain.ephemeral.templates import Request, load_templates
from sluice.domain.specs.blocks import Kind
from sluice.operations.caller import Caller
from sluice.operations.ephemeral.creation import create
from sluice.operations.ephemeral.lifecycle import destroy
from sluice.operations.ephemeral.reclone import reclone
from sluice.snowflake.statements import Statement

ROOT = Path(__file__).resolve().parents[1]
SQLMESH = ROOT / "build" / "suites" / "sqlmesh" / "bin" / "python"
MODELS = 60


def measure(*, quick: bool) -> list[Figure]:
    """Statements and seconds of a new environment for few and for many tables; then 60 models beside the peers."""
    figures: list[Figure] = []
    first: dict[str, float] = {}
    for tables in (10, 100) if quick else (10, 300, 1000):
        with shop() as opened:
            _tables(opened, tables)
            _, seconds, sent = _made(opened, f"size{tables}")
        for fact, value, unit in (("statements", float(sent), "statements"), ("seconds", seconds, "s")):
            what = f"a new environment of {tables} tables: {fact}"
            figures.append(Figure(what, value, unit, "10 tables" if fact in first else "", first.get(fact), "constant"))
            first.setdefault(fact, value)
    return figures + _beside_peers()


def _beside_peers() -> list[Figure]:
    with shop(MODELS) as opened:
        opened.refresh()
        opened.promote("staging")
        opened.promote("prod")
        name, made, _ = _made(opened, "peers")
        hand = Caller("bench", "john", opened.now())
        fresh = _timed(lambda: reclone(opened.work, name, hand, reason="a benchmark"))
        cloned = _timed(lambda: _dbt_clone(opened))
        gone = _timed(lambda: destroy(opened.work, name, hand, reason="a benchmark", confirmation=name))
    peers = _sqlmesh()
    said = "" if peers else "SQLMesh is not there: make suites sets it up"
    return [
        Figure(f"a new environment on {MODELS} models", made, "s", "SQLMesh, DuckDB", peers.get("create"), note=said),
        Figure(f"the same beside dbt clone of {MODELS} models", made, "s", "dbt clone, its start included", cloned),
        Figure(f"an environment of {MODELS} models refreshed", fresh, "s", "SQLMesh, DuckDB", peers.get("again")),
        Figure(f"an environment of {MODELS} models destroyed", gone, "s", "SQLMesh, DuckDB", peers.get("destroy")),
    ]


def _made(opened: Shop, feature: str) -> tuple[str, float, int]:
    """A new environment cloned from production: its name, seconds, statements."""
    template = load_templates(ROOT / "include" / "environments" / "templates")[Kind.FEATURE]
    own = {"connection": "snowflake_dev", "user": opened.work.spec("dev").access.user}
    opened.work = replace(opened.work, templates={Kind.FEATURE: template.model_copy(update=own)})
    name = EphemeralName.make("dev", feature, "john", opened.now().date())
    request = Request(name, "john", "data", "a benchmark", base="prod")
    started = time.perf_counter()
    report = create(opened.work, "feature", request, opened.now(), holder=feature, actor="john")
    return str(name), time.perf_counter() - started, report.statements


def _tables(opened: Shop, count: int) -> None:
    with opened.work.session("prod", database=opened.work.spec("prod").database.name) as session:
        session.run(Statement("create schema shop_prod.analytics"))
        for number in range(count):
            session.run(Statement(f"create table shop_prod.analytics.t{number} as select {number} as id"))


def _dbt_clone(opened: Shop) -> None:
    """`dbt clone` of production into another schema, as dbt's users do it."""
    from sluice.dbt import artifacts
    from sluice.dbt.invoke import run
    from sluice.operations.refresh.dbt_builds import invocation

    marker = opened.live("prod")
    assert marker is not None
    assert marker.deployment is not None
    assert marker.release is not None
    live = opened.work.spec("prod").database.name
    call = invocation(opened.work, "prod", marker.release, live, "bench_clone")
    target = replace(call.target, schema="CLONED")
    call = replace(call, target=target)
    manifest = artifacts.fetch(opened.work.store, "prod", marker.deployment, "manifest.json", call.home / "kept")
    assert manifest is not None
    state = artifacts.moved(manifest, call.home / "state", live.name)
    run(call, ["clone", "--state", str(state)])


def _sqlmesh() -> dict[str, float]:
    """Seconds of SQLMesh's own commands on the same models, DuckDB; nothing where it is not installed."""
    if not SQLMESH.exists():
        return {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "models").mkdir()
        for model, text in generated(MODELS).items():
            body = text.replace("{{ ref('", "p.").replace("') }}", "")
            (folder / "models" / f"{model}.sql").write_text(f"MODEL (name p.{model}, kind FULL);\n{body}\n")
        gateway = {"local": {"connection": {"type": "duckdb", "database": str(folder / "db.duckdb")}}}
        config = {"gateways": gateway, "default_gateway": "local", "model_defaults": {"dialect": "duckdb"}}
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        env = {"PATH": "/usr/bin:/bin", "HOME": name, "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "1", "DO_NOT_TRACK": "1"}

        def sqlmesh(*words: str) -> float:
            command = [str(SQLMESH.with_name("sqlmesh")), *words]
            return _timed(lambda: subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True))

        sqlmesh("plan", "--no-prompts", "--auto-apply")
        return {
            "create": sqlmesh("plan", "dev", "--no-prompts", "--auto-apply", "--include-unmodified"),
            "again": sqlmesh("plan", "dev", "--no-prompts", "--auto-apply", "--include-unmodified"),
            "destroy": sqlmesh("invalidate", "dev", "--sync"),
        }


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
