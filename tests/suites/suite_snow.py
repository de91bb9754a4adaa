"""Snowflake's own command line, `snow`: pointed at a port by its config.toml, it does a day's small jobs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snowdome.pytest_plugin import Snowdome

Snow = Callable[..., Any]

SHOP = """
create warehouse if not exists COUNTER with warehouse_size = xsmall;
create or replace database SHOP comment = 'what the till knows';
create schema SHOP.SALES;
create table SHOP.SALES.ORDERS (ID number, PLACED date, TOTAL number(10,2));
insert into SHOP.SALES.ORDERS values (1, '2026-01-01', 10.5), (2, '2026-01-02', 20);
create view SHOP.SALES.BIG as select * from SHOP.SALES.ORDERS where TOTAL > 15;
create stage SHOP.SALES.FILES;
"""


@pytest.fixture(scope="module")
def snow(account: Snowdome, run: Any, tmp_path_factory: pytest.TempPathFactory) -> Snow:
    """`snow(*arguments)`: what it answered, read from its JSON; or, with `fails`, what it complained."""
    config = tmp_path_factory.mktemp("snow") / "config.toml"
    lines = ['default_connection_name = "dome"', "[cli.logs]", "save_logs = false", "[connections.dome]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in account.settings.items()]
    config.write_text("\n".join(lines) + "\n")
    config.chmod(0o600)

    def snow(*arguments: str | Path, fails: bool = False) -> Any:
        done = run("snow", "snow", "--config-file", config, *arguments, "--format", "json", fails=fails)
        return done.stdout + done.stderr if fails else json.loads(done.stdout or "null")

    return snow


@pytest.fixture(scope="module")
def shop(snow: Snow, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What `snow sql -f` answered, statement by statement, when it made the shop."""
    script = tmp_path_factory.mktemp("script") / "shop.sql"
    script.write_text(SHOP)
    answers: list[Any] = snow("sql", "-f", script)
    return answers


def test_the_connection_is_tested(snow: Snow, account: Snowdome) -> None:
    """`snow connection test` says OK and which host it reached."""
    found = snow("connection", "test")
    assert (found["Status"], found["Host"], found["User"]) == ("OK", "127.0.0.1", "ADMIN")
    assert account.port > 0


def test_a_script_makes_a_shop(snow: Snow, shop: list[Any]) -> None:
    """A file of statements is carried out one by one, and `snow sql -q` answers several queries as JSON."""
    assert [answer[0]["status"] for answer in (shop[1], shop[-1])] == [
        "Database SHOP successfully created.",
        "Stage area FILES successfully created.",
    ]
    query = "select ID, TOTAL, PLACED from SHOP.SALES.ORDERS order by ID; select count(*) as N from SHOP.SALES.BIG"
    orders, big = snow("sql", "-q", query, "--warehouse", "COUNTER")
    assert orders == [
        {"ID": 1, "TOTAL": "10.50", "PLACED": "2026-01-01"},
        {"ID": 2, "TOTAL": "20.00", "PLACED": "2026-01-02"},
    ]
    assert big == [{"N": 1}]


def test_a_refusal_is_told(snow: Snow, shop: list[Any]) -> None:
    """A query without a warehouse fails as on Snowflake, and the command's exit code says so."""
    assert "000606 (57P03)" in snow("sql", "-q", "select * from SHOP.SALES.ORDERS", fails=True)


def test_objects_are_listed_described_and_dropped(snow: Snow, shop: list[Any]) -> None:
    """`snow object list`, `describe` and `drop` do what they say, and `--like` and `--in` narrow a listing."""
    assert [row["name"] for row in snow("object", "list", "table")] == ["ORDERS"]
    assert [row["name"] for row in snow("object", "list", "warehouse")] == ["COUNTER"]
    schemas = snow("object", "list", "schema", "--in", "database", "SHOP", "--like", "S%")
    assert [row["name"] for row in schemas] == ["SALES"]
    assert [row["name"] for row in snow("object", "describe", "table", "SHOP.SALES.ORDERS")] == [
        "ID",
        "PLACED",
        "TOTAL",
    ]
    snow("object", "drop", "view", "SHOP.SALES.BIG")
    assert snow("object", "list", "view", "--in", "database", "SHOP") == []


def test_files_go_to_a_stage_and_back(snow: Snow, shop: list[Any], tmp_path: Path) -> None:
    """`snow stage copy` takes folders up and down, `list-files` and `remove` see to what is there."""
    up, down = tmp_path / "up", tmp_path / "down"
    (up / "deep").mkdir(parents=True)
    down.mkdir()
    (up / "one.csv").write_text("1,a\n")
    (up / "deep" / "two.csv").write_text("2,b\n")
    snow("stage", "copy", up, "@SHOP.SALES.FILES/new", "--recursive")
    listed = snow("stage", "list-files", "@SHOP.SALES.FILES")
    assert [row["name"] for row in listed] == ["files/new/deep/two.csv", "files/new/one.csv"]
    snow("stage", "copy", "@SHOP.SALES.FILES/new/one.csv", down)
    assert (down / "one.csv").read_text() == "1,a\n"
    snow("stage", "remove", "@SHOP.SALES.FILES", "new/deep/two.csv")
    assert [row["name"] for row in snow("stage", "list-files", "@SHOP.SALES.FILES")] == ["files/new/one.csv"]
