"""What a parsed project must be to be promoted, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.domain.releases.parsed_project import ParsedNode, ParsedProject, ParsedSource
from sluice.domain.releases.project_rules import (
    one_database,
    own_schemas,
    relations_made,
    sources_named,
    views_without_database,
)


def node(name: str, **facts: Any) -> ParsedNode:
    """A table of the shop, unless it is said otherwise."""
    usual: dict[str, Any] = {
        "id": f"model.shop.{name}",
        "kind": "model",
        "package": "shop",
        "name": name,
        "path": f"models/{name}.sql",
        "database": "LIVE",
        "schema": "MARTS",
        "relation": name.upper(),
        "materialized": "table",
        "stored": False,
        "fixed": False,
        "hooks": 0,
        "reads": (),
        "refs_in_text": (),
    }
    return ParsedNode(**(usual | facts))


def source(name: str, database: str, schema: str = "RAW") -> ParsedSource:
    """A table that is read."""
    return ParsedSource(f"source.shop.raw.{name}", f"raw.{name}", "models/raw.yml", database, schema, name.upper())


def project(*nodes: ParsedNode, sources: tuple[ParsedSource, ...] = (), macros: tuple[str, ...] = ()) -> ParsedProject:
    """A project of these."""
    return ParsedProject(
        "shop", {one.id: one for one in nodes}, {one.id: one for one in sources}, frozenset(macros), ()
    )


ORDERS = node("orders")
VIEW = node("latest", materialized="view", reads=(ORDERS.id,), refs_in_text=("orders",))
INLINED = node("inlined", materialized="ephemeral", reads=(ORDERS.id,), refs_in_text=("orders",))
OVER = node("over", materialized="view", reads=(INLINED.id,), refs_in_text=("inlined",))


@pytest.mark.parametrize(
    ("nodes", "macros", "bad"),
    [
        ((ORDERS, VIEW), (), True),
        ((ORDERS, VIEW), ("shop.ref",), False),
        ((ORDERS, VIEW), ("other.ref",), True),
        ((ORDERS, INLINED, OVER), (), True),
        ((ORDERS, INLINED, OVER), ("shop.ref",), False),
        ((ORDERS, node("table", reads=(ORDERS.id,), refs_in_text=("orders",))), (), False),
        ((node("constant", materialized="view"),), (), False),
        ((ORDERS, node("careful", materialized="view", reads=(ORDERS.id,))), (), False),
    ],
)
def test_a_view_that_names_its_database(nodes: tuple[ParsedNode, ...], macros: tuple[str, ...], bad: bool) -> None:
    """Only a view matters, where ref() stands in its text or in what is inlined, and nothing replaces it."""
    found = views_without_database(project(*nodes, macros=macros), "the macro")
    assert bool(found) is bad
    assert all("the macro" in one.cure and one.level == "error" for one in found)


def test_the_override_of_a_project_reaches_its_packages() -> None:
    """A package's view is as good as the project's; a package's own ref() is for its own models alone."""
    theirs = node(
        "theirs",
        id="model.tools.theirs",
        package="tools",
        materialized="view",
        reads=(ORDERS.id,),
        refs_in_text=("orders",),
    )
    assert views_without_database(project(ORDERS, theirs, macros=("shop.ref",)), "") == ()
    assert views_without_database(project(ORDERS, theirs, macros=("tools.ref",)), "") == ()
    (found,) = views_without_database(project(ORDERS, theirs, VIEW, macros=("tools.ref",)), "")
    assert "latest" in found.message
    assert "theirs" not in found.message


def test_a_model_of_another_database() -> None:
    """It would be built before any gate: an error that names model and file; what makes nothing is let be."""
    found = one_database(
        project(ORDERS, node("far", database="OTHER"), node("t", kind="test", database="OTHER")), "LIVE"
    )
    assert [(one.level, one.where) for one in found] == [("error", "models/far.sql")]
    assert "OTHER" in found[0].message


def test_schemas_of_a_developer() -> None:
    """A project whose schemas are the same for everybody is answered with which, and how to mend it."""
    assert own_schemas(project(node("a", schema="ANN_MARTS")), "ANN_", "") == ()
    (found,) = own_schemas(project(node("a", schema="ANN_MARTS"), node("b", schema="MARTS")), "ANN_", "the macro")
    assert (found.level, "MARTS" in found.message, "the macro" in found.cure) == ("warning", True, True)


def test_sources_and_the_spec_agree() -> None:
    """A database that is read and not named is an error with the line to write; the other way round, a warning."""
    reads = node("a", reads=("source.shop.raw.orders", "source.shop.raw.mine"))
    sources = (source("orders", "RAW"), source("mine", "LIVE"), source("unused", "ELSEWHERE"))
    found = sources_named(project(reads, sources=sources), {"OLD"}, "LIVE")
    assert [(one.level, one.where) for one in found] == [
        ("warning", "models/raw.yml"),
        ("error", "include/environments: sources"),
        ("warning", "include/environments: sources"),
    ]
    assert found[1].cure == "sources: [OLD, RAW]"
    assert found[2].cure == "sources: []"
    assert sources_named(project(reads, sources=(source("orders", "RAW"),)), {"RAW"}, "LIVE") == ()
    assert sources_named(project(reads, sources=(source("orders", "SNOWFLAKE"),)), (), "LIVE") == ()


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select count(*) from marts.orders", ""),
        ("with o as (select * from marts.orders) select count(*) from o", ""),
        ('select count(*) from "MARTS"."ORDERS"', ""),
        ("select count(*) from raw.mine", ""),
        ("select count(*) from other.marts.orders", ""),
        ("select count(*) from information_schema.tables", ""),
        ("select count(*) from table(generator(rowcount => 3))", ""),
        ("select sum(order_value) from marts.fct_orders", "marts.fct_orders, which no model of shop makes"),
        ("select 1 from marts.orders o join marts.fct_orders f on o.id = f.id", "marts.fct_orders"),
        ("select count(*) from live.marts.orders", "names the database LIVE"),
        ("select count(*) from orders", "orders has no schema"),
        ("select from from where", "cannot be read"),
    ],
)
def test_relations_of_metrics_and_checks(sql: str, says: str) -> None:
    """What no model makes and no source is, is named, with the relation that was probably meant."""
    shop = project(ORDERS, sources=(source("mine", "LIVE"),))
    found = relations_made(shop, "gates.yml: metrics, revenue", sql, "LIVE")
    assert bool(found) is bool(says)
    for one in found:
        assert says in one.message
        assert one.where == "gates.yml: metrics, revenue"
    if "fct_orders" in says:
        assert "marts.orders" in found[0].cure
