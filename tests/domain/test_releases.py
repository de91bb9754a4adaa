"""Releases are named by their content."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.domain.names import Marker
from sluice.domain.promotion.model_diff import Node, compare
from sluice.domain.promotion.promotion_plan import released_upstream
from sluice.domain.releases.release import is_released, parse_release_id, release_id
from sluice.errors import RefusedError, SpecError

A, B = "r" + "0" * 16, "r" + "1" * 16


def test_the_id_is_the_content() -> None:
    """Order does not matter; a byte, a name, or where one file ends and the next begins, does."""
    one = release_id([("a.sql", b"x"), ("b.sql", b"y")])
    assert one == release_id([("b.sql", b"y"), ("a.sql", b"x")])
    others = [[("a.sql", b"xy"), ("b.sql", b"")], [("a.sql", b"x")], [("a.sqlx", b""), ("b.sql", b"y")]]
    assert one not in {release_id(files) for files in others}


@pytest.mark.parametrize(
    "path",
    [
        *("target/manifest.json", "logs/dbt.log", ".git/HEAD", ".user.yml", "profiles.yml", "out/x", ".env"),
        *("models/conf/profiles.yaml", "macros/prod.p8", "seeds/id_rsa", "models/a/SNOWFLAKE.PEM", "docs/store.key"),
    ],
)
def test_what_dbt_writes_and_what_is_secret_is_not_released(path: str) -> None:
    """Output, hidden files and credentials stay out; a model folder called target does not."""
    assert not is_released(path, frozenset({"out"}))
    assert is_released("models/target/a.sql")


@pytest.mark.parametrize("text", ["../../etc/passwd", "r123", "", "main", "r" + "g" * 16])
def test_what_is_no_release_id_is_refused(text: str) -> None:
    """A path or a branch is refused before any store is asked."""
    with pytest.raises(SpecError):
        parse_release_id(text)


def node(name: str, kind: str = "model", materialized: str = "table") -> Node:
    return Node(f"{kind}.p.{name}", kind, "S", name, materialized)


def nodes(*found: Node) -> dict[str, Node]:
    return {one.id: one for one in found}


def test_kept_built_removed() -> None:
    """What dbt selects is built, the rest is kept, and relations nobody makes any more are removed."""
    former = nodes(node("a"), node("b"), node("gone"), node("eph", materialized="ephemeral"))
    new = nodes(node("a"), node("b"), node("t", "test", "test"))
    found = compare(new, former, {"model.p.b", "test.p.t"}, full=False)
    assert (found.kept, found.built, found.removed, found.tests) == (("model.p.a",), ("model.p.b",), ("S.GONE",), 1)


def test_a_snapshot_that_left_the_project_stays() -> None:
    """Its history cannot be built again: it is neither built nor removed, whoever switched it off or renamed it."""
    former = nodes(node("a"), node("history", "snapshot", "snapshot"))
    found = compare(nodes(node("a")), former, (), full=False)
    assert (found.removed, found.history) == ((), ("S.HISTORY",))
    assert compare(nodes(node("history")), former, (), full=False).history == ()  # a model has taken its place


def test_everything_is_built_at_first_and_on_full_refresh() -> None:
    """Without a former manifest, or when asked, nothing is kept."""
    new = nodes(node("a"), node("b"))
    assert compare(new, None, (), full=False).built == ("model.p.a", "model.p.b")
    assert compare(new, new, (), full=True).kept == ()


def test_a_model_made_ephemeral_leaves_its_relation() -> None:
    """A relation is removed when its model still exists but no longer makes one."""
    assert compare(nodes(node("a", materialized="ephemeral")), nodes(node("a")), (), full=False).removed == ("S.A",)


def test_only_what_is_live_upstream_is_promoted() -> None:
    """Staging's live release goes to production; dev's is refused, saying the way; nothing live upstream is refused."""
    lives = {"dev": B, "staging": A}
    assert released_upstream("prod", "staging", Marker("staging", "d", A), None, lives) == A
    with pytest.raises(RefusedError, match="live in dev: promote it to staging first"):
        released_upstream("prod", "staging", Marker("staging", "d", A), B, lives)
    with pytest.raises(RefusedError, match="no release is live in staging"):
        released_upstream("prod", "staging", Marker("staging"), None, {})
    with pytest.raises(SpecError, match="no upstream"):
        released_upstream("dev", None, None, A, {})


def test_domain_rooms_import_nothing_that_touches() -> None:
    """The modules of this room name neither dbt nor the connector."""
    import sluice.domain

    for path in Path(sluice.domain.__path__[0]).glob("*.py"):
        text = path.read_text("utf-8")
        assert "import snowflake" not in text
        assert "import dbt" not in text
