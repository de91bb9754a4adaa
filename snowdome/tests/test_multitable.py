"""INSERT ALL and INSERT FIRST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from snowdome.pytest_plugin import Snowdome


@pytest.fixture
def shop(snowdome: Snowdome, ask: Callable[..., Any]) -> Any:
    """Orders of several sizes, and two tables for them."""
    connection = snowdome.connect()
    ask(
        connection,
        "create warehouse wh",
        "create database shop",
        "create table orders (id int, amount int)",
        "insert into orders values (1, 5), (2, 50), (3, 500)",
        "create table large (id int, amount int default 7)",
        "create table small (id int, amount int)",
    )
    return connection


def test_every_row_goes_into_every_table(shop: Any, ask: Callable[..., Any]) -> None:
    """Without a condition each clause takes all rows, with the values it names, the default and the positions."""
    found = ask(
        shop,
        "insert all into large (id, amount) values (id, amount) into large (id, amount) values (id, default) "
        "into small (amount, id) values ($1, double) select id, amount, amount * 2 as double from orders",
    )
    assert found == [{"number of rows inserted into LARGE": 6, "number of rows inserted into SMALL": 3}]
    assert ask(shop, "select sum(amount) as s, count(*) as n from large") == [{"S": 576, "N": 6}]
    assert ask(shop, "select id, amount from small order by amount")[0] == {"ID": 10, "AMOUNT": 1}


def test_all_takes_a_row_as_often_as_it_fits(shop: Any, ask: Callable[..., Any]) -> None:
    """With ALL every condition that holds takes the row; ELSE takes what none took."""
    ask(
        shop,
        "insert all when amount > 100 then into large when amount > 10 then into large into small else into small "
        "select id, amount from orders",
    )
    assert [row["ID"] for row in ask(shop, "select id from large order by id")] == [2, 3, 3]
    assert [row["ID"] for row in ask(shop, "select id from small order by id")] == [1, 2, 3]


def test_first_takes_a_row_once(shop: Any, ask: Callable[..., Any]) -> None:
    """With FIRST only the first condition that holds takes the row; an unknown condition does not hold."""
    ask(
        shop,
        "insert into orders values (4, null)",
        "insert first when amount > 100 then into large when amount > 10 then into large into small else into small "
        "select id, amount from orders",
    )
    assert [row["ID"] for row in ask(shop, "select id from large order by id")] == [2, 3]
    assert [row["ID"] for row in ask(shop, "select id from small order by id")] == [1, 2, 4]


def test_overwrite_empties_each_table_once(shop: Any, ask: Callable[..., Any]) -> None:
    """What was in the tables is gone, what the statement's own clauses put there is not."""
    ask(
        shop,
        "insert into large values (9, 9)",
        "insert into small values (9, 9)",
        "insert overwrite all into large into large select id, amount from orders",
    )
    assert [row["ID"] for row in ask(shop, "select id from large order by id")] == [1, 1, 2, 2, 3, 3]
    assert [row["ID"] for row in ask(shop, "select id from small")] == [9]


def test_all_or_nothing(shop: Any, ask: Callable[..., Any], refused: Callable[..., int]) -> None:
    """A clause that fails undoes those before it; too few values are refused."""
    ask(shop, "create table strict_ones (id int not null, amount int)")
    assert refused(shop, "insert all into large into strict_ones values (null, amount) select id, amount from orders")
    assert ask(shop, "select id from large") == []
    assert refused(shop, "insert all into large values (id) select id, amount from orders") == 2057
