"""What a plan tells those who approve it, read from the journal and the store; nothing of it can stop a plan."""

from __future__ import annotations

import shutil
from datetime import datetime
from typing import Any

from shop import PROJECT, Shop, write

from sluice.domain.names import deployment_id
from sluice.domain.promotion.deployments import Deployment, StageReport
from sluice.operations.promotion import stages
from snowdome.pytest_plugin import Snowdome


def asked(shop: Shop, release: str) -> Deployment:
    """A promotion to production as a plan would make it; no dbt runs."""
    now = shop.now()
    return Deployment(deployment_id(now, now.isoformat()), "prod", "promotion", release, actor="ann")


def planned(shop: Shop) -> dict[str, Any]:
    """The facts of a promotion of what is live in staging."""
    report: StageReport = stages.plan(shop.work, "prod", actor="ann", now=shop.now())[1]
    return dict(report.facts)


def test_a_plan_says_what_is_live_and_what_the_upstream_said(running_shop: Shop) -> None:
    """The live release since its cut-over, staging's gates of this very release, project, warehouse, counts."""
    shop = running_shop
    before = shop.live("prod")
    started = shop.now()
    release = shop.validated(leaf="select orders, 'facts' as version from {{ ref('totals') }}")
    staged = shop.live("staging")
    assert before is not None
    assert staged is not None
    facts = planned(shop)
    assert (facts["project"], facts["release"], facts["commit"]) == ("shop", release, None)
    assert facts["live_release"] == before.release
    assert datetime.fromisoformat(facts["live_since"]) < started
    assert facts["validation"]["deployment"] == staged.deployment
    assert datetime.fromisoformat(facts["validation"]["at"]) >= started
    assert [each["gate"] for each in facts["validation"]["evidence"]] == ["arranged"]
    assert facts["unknown"] == {}
    assert facts["counts"] == {"built": len(facts["built"]), "removed": len(facts["removed"])}
    assert (facts["warehouse"], facts["size"], facts["scale"]) == ("SHOP_PROD_WH", "XSMALL", ["XSMALL", "SMALL"])
    text = "\n".join(facts["lines"])
    for line in (f"release {before.release} (of no git commit), since ", "1 of 1 gates passed", "  pass arranged: by"):
        assert line in text


def test_what_cannot_be_read_is_said_to_be_unknown(running_shop: Shop, server: Snowdome) -> None:
    """A journal that may not be read, and a release that left the store: the plan is made, and says what it lacks."""
    shop = running_shop
    before = shop.live("prod")
    assert before is not None
    shop.validated(leaf="select orders, 'unread' as version from {{ ref('totals') }}")
    home = shop.work.store / "releases" / str(before.release)
    aside = shop.project.parent / "aside"
    shutil.move(home.path, aside)
    server.fault(r"deployment\.cut_over", do="error", errno=3001)
    try:
        facts = planned(shop)
    finally:
        shutil.move(aside, home.path)
    assert (facts["live_since"], facts["live_commit"], facts["validation"]) == (None, None, None)
    assert set(facts["unknown"]) == {"live_since", "live_commit", "validation"}
    assert facts["unknown"]["live_since"] == facts["unknown"]["validation"]
    assert facts["unknown"]["live_since"].startswith("the journal cannot be read: ")
    assert "no release" in facts["unknown"]["live_commit"]
    assert any(
        line.startswith("what the gates of staging said of this release is unknown: ") for line in facts["lines"]
    )
    assert planned(shop)["unknown"] == {}


def test_after_a_rollback_live_is_as_old_as_the_rollback(running_shop: Shop) -> None:
    """Since when counts from the swap that made this deployment live, not from its first."""
    shop = running_shop
    release = shop.validated(leaf="select orders, 'rolled' as version from {{ ref('totals') }}")
    shop.run(asked(shop, release), ("lock", "record_undo", "clone", "judged", "cut_over", "settle", "unlock"))
    began = shop.now()
    shop.rollback("prod")
    assert datetime.fromisoformat(planned(shop)["live_since"]) >= began


def test_an_undo_says_whether_live_was_touched(running_shop: Shop) -> None:
    """Before the swap: stopped, live unchanged. After it: swapped back, also when the undo is repeated."""
    shop = running_shop
    release = shop.validated(leaf="select orders, 'undone' as version from {{ ref('totals') }}")
    stopped, swapped, nothing = (asked(shop, release) for _ in range(3))
    shop.run(stopped, ("lock", "record_undo", "clone"))
    report = shop.stage(stopped, "undo")
    assert report.facts["outcome"] == "stopped before the swap"
    assert report.summary.startswith("stopped before the swap; live unchanged, SHOP_PROD__C_")
    shop.run(stopped, ("unlock",))
    shop.run(swapped, ("lock", "record_undo", "clone", "judged", "cut_over"))
    report = shop.stage(swapped, "undo")
    assert report.facts["outcome"] == "swapped back"
    assert report.summary.startswith("swapped back: SHOP_PROD bears deployment ")
    again = shop.stage(swapped, "undo")
    assert (again.facts["outcome"], again.facts["swapped_back"]) == ("swapped back", True)
    shop.run(swapped, ("unlock",))
    shop.run(nothing, ("lock",))
    assert shop.stage(nothing, "undo").facts["outcome"] == "nothing to undo"
    shop.run(nothing, ("unlock",))


def test_a_variable_that_changed_builds_what_dbt_would_not(running_shop: Shop) -> None:
    """`state:modified` does not see it; the plan builds all of it, and says why."""
    shop = running_shop
    project = PROJECT["dbt_project.yml"]
    shop.validated()
    shop.promote("prod")
    write(shop.project, {"dbt_project.yml": f"{project}\nvars: {{threshold: 99}}\n"})
    try:
        shop.validated()
        facts = stages.plan(shop.work, "prod", actor="ann", now=shop.now())[1].facts
    finally:
        write(shop.project, {"dbt_project.yml": project})
    assert facts["why"] == "settings changed: vars of dbt_project.yml"
    assert facts["kept"] == 0
