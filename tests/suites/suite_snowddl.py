"""SnowDDL brings an account to what a folder of YAML files says: `snowddl_account` is a small one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from snowdome.pytest_plugin import Snowdome

HERE = Path(__file__).parent
EVERYTHING = ("--show-sql", "--apply-unsafe", "--apply-all-policy", "--apply-resource-monitor")
COUNTS = re.compile(r"Executed (\d+) DDL queries, Suggested (\d+) DDL queries")
ADMIN = "DEMO__ACCOUNTADMIN"

SnowDDL = Callable[..., tuple[int, int, str]]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The account's description, to be changed by the tests."""
    return Path(shutil.copytree(HERE / "snowddl_account", tmp_path_factory.mktemp("config") / "account"))


@pytest.fixture(scope="module")
def snowddl(account: Snowdome, run: Any, config: Path) -> SnowDDL:
    """`snowddl(action)`: how many statements it executed and suggested, and its report."""

    def snowddl(action: str) -> tuple[int, int, str]:
        program = HERE / "programs" / "snowddl_on_snowdome.py"
        login = ("-a", "snowdome", "-u", "ADMIN", "-p", "snowdome", "-r", "ACCOUNTADMIN", "--env-prefix", "DEMO")
        done = run("snowddl", "python", program, str(account.port), "-c", config, *login, *EVERYTHING, action)
        report = done.stdout + done.stderr
        assert "ERROR" not in report, report
        found = COUNTS.search(report)
        assert found is not None, report
        return int(found[1]), int(found[2]), report

    return snowddl


@pytest.fixture(scope="module")
def applied(snowddl: SnowDDL) -> int:
    """How many statements it took to make the account."""
    executed, suggested, _ = snowddl("apply")
    assert suggested == 0
    return executed


def _rows(account: Snowdome, *statements: str, role: str = ADMIN) -> list[tuple[Any, ...]]:
    """The rows of the last of the statements, under that role alone."""
    with account.connect(role=role) as connection, connection.cursor() as cursor:
        cursor.execute("use secondary roles none")
        for statement in statements:
            cursor.execute(statement)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def test_what_was_applied_is_found_again(snowddl: SnowDDL, applied: int) -> None:
    """Databases, roles, grants, users, warehouses, a monitor and a policy are made, and all is found again."""
    assert applied > 100
    assert snowddl("plan")[:2] == (0, 0)


def test_the_grants_hold(account: Snowdome, applied: int) -> None:
    """The loader writes and reads, the clerk reads masked, the supervisor sees only the view."""
    loader, clerk, supervisor = (f"DEMO__{name}__B_ROLE" for name in ("LOADER", "CLERK", "SUPERVISOR"))
    for role in (loader, clerk, supervisor):
        _rows(account, f"grant role {role} to user ADMIN")
    orders, use = "DEMO__SHOP.SALES.ORDERS", "use warehouse DEMO__READING"
    order = f"insert into {orders} (ID, PLACED_AT, EMAIL, TOTAL) values (1, '2026-01-02', 'ann@example.com', 3)"
    _rows(account, "use warehouse DEMO__LOADING", order, role=loader)
    assert _rows(account, "use warehouse DEMO__LOADING", f"select EMAIL from {orders}", role=loader) == [
        ("ann@example.com",)
    ]
    assert _rows(account, use, f"select EMAIL from {orders}", role=clerk) == [("***",)]
    with pytest.raises(ProgrammingError) as refusal:
        _rows(account, use, order, role=clerk)
    assert refusal.value.errno == 3001
    with pytest.raises(ProgrammingError) as refusal:
        _rows(account, use, role=supervisor)
    assert refusal.value.errno in (2043, 2003)


def test_a_change_is_planned_and_applied(account: Snowdome, snowddl: SnowDDL, config: Path, applied: int) -> None:
    """Each edited line becomes the statement for it, and afterwards there is nothing left to do."""
    for name, old, new in (
        ("resource_monitor.yaml", "credit_quota: 20", "credit_quota: 30"),
        ("warehouse.yaml", "size: small", "size: medium"),
        ("warehouse.yaml", "  comment: What loads the shop's rows\n", ""),
        ("business_role.yaml", "  warehouse_monitor:\n    - reading", "  warehouse_monitor:\n    - loading"),
        ("user.yaml", "email: carla@example.com", "email: carla@example.org\n  disabled: true"),
        ("shop/sales/table/orders.yaml", "total: NUMBER(10,2)", "total: NUMBER(12,2)\n  note: VARCHAR(200)"),
        ("shop/sales/masking_policy/hide_email.yaml", "'***'", "'hidden'"),
    ):
        text = (config / name).read_text()
        assert old in text
        (config / name).write_text(text.replace(old, new))
    (config / "shop/sales/sequence/order_number.yaml").unlink()
    executed, suggested, report = snowddl("plan")
    assert executed == 0
    for statement in ("SET CREDIT_QUOTA = 30", "WAREHOUSE_SIZE = 'MEDIUM'", "ADD COLUMN", "SET BODY", "DROP SEQUENCE"):
        assert statement in report
    assert snowddl("apply")[:2] == (suggested, 0)
    assert snowddl("plan")[:2] == (0, 0)
    sizes = {row[0]: row[3] for row in _rows(account, "show warehouses")}
    assert sizes == {"DEMO__LOADING": "X-Small", "DEMO__READING": "Medium"}


def test_destroyed_it_leaves_nothing(account: Snowdome, snowddl: SnowDDL, applied: int) -> None:
    """`destroy` drops all that bears its prefix, down to the role it worked with."""
    snowddl("destroy")
    for kind in ("databases", "warehouses", "roles", "users", "resource monitors"):
        assert _rows(account, f"show {kind} like 'DEMO\\\\_\\\\_%'", role="ACCOUNTADMIN") == []
