"""Digits of quotients and averages, as Snowflake's pages on operators and AVG give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from snowdome.pytest_plugin import Snowdome


@pytest.fixture
def sums(snowdome: Snowdome, ask: Callable[..., Any]) -> Any:
    """A table with a column of each kind of number."""
    connection = snowdome.connect()
    ask(
        connection,
        "create warehouse wh",
        "create database sums",
        "create table t (i int, d number(10,4), f float)",
        "insert into t values (1, 1.5, 1.5), (2, 2.25, 2.25), (null, null, null)",
        "create view v as select avg(d) as mean, sum(i) / 2 as half from t",
    )
    return connection


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("4 / 9", "0.444444"),
        ("20.1 / 4.2", "4.7857143"),
        ("20.001 / .002", "10000.500000000"),
        ("1::number(9,8) / 3", "0.333333333333"),
        ("-7 / 2", "-3.500000"),
        ("div0(1, 3)", "0.333333"),
        ("case when true then 1 / 4 else 0 end", "0.250000"),
        ("(select max(i) from t) / 4", "0.500000"),
        ("avg(i)", "1.500000"),
        ("avg(d)", "1.8750000000"),
        ("sum(d) / count(*)", "1.2500000000"),
        ("avg(i) / 2", "0.750000000000"),
        ("round(avg(d), 2)", "1.88"),
    ],
)
def test_digits_behind_the_point(sums: Any, expression: str, answer: str) -> None:
    """Six more than the numerator has, at most twelve; an average likewise."""
    table = "from t" if expression.startswith(("avg", "sum", "round")) else ""
    [(found,)] = sums.cursor().execute(f"select {expression} {table}").fetchall()
    assert str(found) == answer


def test_floating_numbers_stay_floating(sums: Any) -> None:
    """A quotient or an average with a floating number in it is one."""
    [row] = sums.cursor().execute("select avg(f), sum(f) / 2, 1 / 4::float from t").fetchall()
    assert row == (1.875, 1.875, 0.25)
    assert [type(value) for value in row] == [float, float, float]


def test_three_digits_more_in_a_window(sums: Any) -> None:
    """An average over a window has three digits more than its column."""
    found = sums.cursor().execute("select avg(i) over () from t limit 1").fetchall()
    assert str(found[0][0]) == "1.500"


def test_types_travel(sums: Any, ask: Callable[..., Any]) -> None:
    """Views, WITH, subqueries and tables made of queries have the types that Snowflake gives them."""
    types = {row["name"]: row["type"] for row in ask(sums, "describe view v")}
    assert types == {"MEAN": "NUMBER(38,10)", "HALF": "NUMBER(38,6)"}
    ask(
        sums,
        "create table made as with a as (select d, i from t) "
        "select b.q, mean / half as r from (select sum(a.d) / nullif(count(a.i), 0) as q from a) b, v",
    )
    types = {row["name"]: row["type"] for row in ask(sums, "describe table made")}
    assert types == {"Q": "NUMBER(38,10)", "R": "NUMBER(38,12)"}
