"""SQLMesh plans and applies the three-model project that its own `init` writes, in two environments."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from snowdome.pytest_plugin import Snowdome

CONFIG = Path(__file__).parent / "programs" / "sqlmesh_config.py"
PLAN = ("--auto-apply", "--no-prompts", "--skip-tests")
"""Its own unit test of the model, which a new column breaks, is not what is tried here."""

Mesh = Callable[..., str]


@pytest.fixture(scope="module")
def project(account: Snowdome, run: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh project, pointed at the account, with the database and the warehouse it needs."""
    folder = tmp_path_factory.mktemp("mesh")
    run("sqlmesh", "sqlmesh", "init", "snowflake", cwd=folder)
    (folder / "config.yaml").unlink()
    shutil.copy(CONFIG, folder / "config.py")
    _rows(account, "create warehouse MESH_WH", "create database MESH")
    return folder


@pytest.fixture(scope="module")
def mesh(account: Snowdome, run: Any, project: Path) -> Mesh:
    """`mesh(*arguments)`: what SQLMesh said."""

    def mesh(*arguments: str) -> str:
        said: str = run("sqlmesh", "sqlmesh", *arguments, cwd=project, SNOWDOME_PORT=str(account.port)).stdout
        return said

    return mesh


@pytest.fixture(scope="module")
def planned(mesh: Mesh) -> str:
    """Production stands."""
    return mesh("plan", *PLAN)


def _rows(account: Snowdome, *statements: str) -> list[tuple[Any, ...]]:
    with account.connect() as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _orders(account: Snowdome, schema: str, columns: str = "*") -> list[tuple[Any, ...]]:
    query = f"select {columns} from MESH.{schema}.FULL_MODEL order by ITEM_ID"
    return _rows(account, "use warehouse MESH_WH", query)


def test_a_plan_builds_production(account: Snowdome, mesh: Mesh, planned: str) -> None:
    """A seed, an incremental and a full model are built, audited and shown through views; a run finds nothing to do."""
    assert "Virtual layer updated" in planned
    assert _orders(account, "SQLMESH_EXAMPLE") == [(1, 5), (2, 1), (3, 1)]
    assert "No changes to plan" in mesh("plan", *PLAN)
    mesh("run")
    assert _orders(account, "SQLMESH_EXAMPLE") == [(1, 5), (2, 1), (3, 1)]


def test_a_change_goes_through_an_environment(account: Snowdome, mesh: Mesh, project: Path, planned: str) -> None:
    """A changed model is built in `dev` alone, promoted without building it again, taken back, and `dev` is removed."""
    model = project / "models" / "full_model.sql"
    before = model.read_text()
    model.write_text(
        before.replace("COUNT(DISTINCT id) AS num_orders,", "COUNT(DISTINCT id) AS num_orders, 'x' AS mark,")
    )
    mesh("plan", "dev", "--include-unmodified", *PLAN)
    assert _orders(account, "SQLMESH_EXAMPLE__DEV") == [(1, 5, "x"), (2, 1, "x"), (3, 1, "x")]
    assert _orders(account, "SQLMESH_EXAMPLE") == [(1, 5), (2, 1), (3, 1)]

    account.forget_statements()
    mesh("plan", *PLAN)
    assert _orders(account, "SQLMESH_EXAMPLE", "ITEM_ID, MARK")[0] == (1, "x")
    assert not any("INSERT" in one["text"].upper() for one in account.statements()), "promotion moves views only"

    model.write_text(before)
    mesh("plan", *PLAN)
    assert _orders(account, "SQLMESH_EXAMPLE") == [(1, 5), (2, 1), (3, 1)]

    mesh("invalidate", "dev", "--sync")
    with pytest.raises(ProgrammingError):
        _orders(account, "SQLMESH_EXAMPLE__DEV")


def test_nothing_was_refused(account: Snowdome, planned: str) -> None:
    """Every statement that SQLMesh sent was understood."""
    refused = [one["text"] for one in account.statements() if "unsupported by snowdome" in (one["error"] or "")]
    assert refused == []
