"""Which views would keep reading the other database after a swap."""

from __future__ import annotations

import pytest

from sluice.domain.promotion.view_references import escapes, named_databases

NAMES = ("OLIST_PROD", "OLIST_PROD__C_1")


@pytest.mark.parametrize(
    "text",
    [
        "create or replace   view OLIST_PROD__C_1.S.V\n as (\n select * from S.T where x = 1\n );",
        "create view v as select olist_prod.x from s.t as olist_prod",
        "create or replace secure view olist_prod.s.v as select 'OLIST_PROD' from s.t -- olist_prod.s.t",
        "create view v as select * from OLIST_PROD_OTHER.s.t",
        "select 1",
    ],
)
def test_a_view_that_follows_its_database(text: str) -> None:
    """Its own name, aliases, comments, texts and other databases do not count."""
    assert named_databases(text, NAMES) == ()


@pytest.mark.parametrize(
    "text",
    [
        'create or replace view X.S.V ("A" COMMENT $$x$$) copy grants as (select * from "OLIST_PROD".S.T)',
        "create view v as select olist_prod.s.fn(x) from s.t",
        "create view v as select * from identifier('olist_prod.s.t')",
        "create view v as with x as (select * from Olist_Prod.s.t) select * from x",
        "create view v as select olist_prod.s.t.c from s.t",
        "select ?? from OLIST_PROD.s.t",
    ],
)
def test_a_view_that_names_a_swapped_database(text: str) -> None:
    """Tables, columns, functions, named literals, and text nobody can parse are all read."""
    assert named_databases(text, NAMES) == ("OLIST_PROD",)


def test_escaping_views_are_named() -> None:
    """Each offending view is one line that names it and the database."""
    texts = {"S.A": "select * from olist_prod.s.t", "S.B": "select * from s.t"}
    assert escapes(texts, NAMES) == ("S.A names OLIST_PROD",)
