"""What people see in Airflow's UI when a promotion asks them, in a real Chromium.

The picture of docs: SLUICE_SCREENSHOTS=1, with the first test of test_promotions.py before these, so that production
has a release: `pytest -n 0 tests/e2e/test_promotions.py tests/e2e/test_promotions_seen.py -k "reaches or seen"`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from browser import PATIENCE, Browser, screenshot
from playwright.sync_api import Locator, Page, expect
from world import World

from sluice.airflow_client.api import Run
from sluice.airflow_client.follow import Ended

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

WINDOW = (1440, 900)
MODELS = (
    *("dim_customers", "dim_dates", "dim_products", "dim_stores", "fct_baskets", "fct_payments", "fct_returns"),
    *("fct_stock", "rpt_baskets_by_hour", "rpt_best_sellers", "rpt_daily_sales", "rpt_returns", "rpt_stock_value"),
)
REASON = "returns and stock of all stores (#1234)"
HOSTILE = (
    "see [this](https://evil.example) <img src=x onerror=alert(1)> | **now** `code` ![i](https://evil.example/i.png)"
)


@pytest.fixture(scope="module")
def asked(world: World) -> Iterator[tuple[Run, list[Ended]]]:
    """A promotion to production that waits for a yes, alice having begun it in dev, and the runs that led to it."""
    world.end_what_waits()  # a promotion that still waits for a yes would keep this one from beginning
    world.write(**{name: f"select id, amount, '{name}' as name from {{{{ ref('sales') }}}}" for name in MODELS})
    refreshed = world.run("refresh_dev", reason=REASON)
    assert refreshed.state == "success", world.said
    staged = world.end(world.started("promote_staging"))
    assert staged.state == "success", world.said
    run = world.started("promote_prod")
    until_it_waits(world, run)
    yield run, [refreshed, staged]
    if world.bob.waiting(run):
        world.bob.answer(run, "approve", "Reject")
    world.alice.wait(run, seconds=200)


def until_it_waits(world: World, run: Run) -> None:
    """The run's question is there, and Airflow has had time to park the task that asks it."""
    deadline = time.monotonic() + 400
    while world.alice.tasks(run)["approve"]["state"] != "awaiting_input" or not world.bob.waiting(run):
        assert time.monotonic() < deadline, world.alice.tasks(run)
        time.sleep(1)
    time.sleep(4)


def page_of(browser: Browser, user: str, run: Run) -> Page:
    """The page on which a user is asked about the run, as far as it is drawn."""
    path = f"/dags/{run.dag_id}/runs/{quote(run.run_id, safe='')}/tasks/approve/required_actions"
    page: Page = browser.page(user, path, size=WINDOW)
    seen(page.get_by_test_id("hitl-option-Approve"))
    seen(page.get_by_text("Approvers:"))
    return page


def seen(part: Locator) -> None:
    """The part of the page is there, however long two cores take to draw it."""
    expect(part).to_be_visible(timeout=PATIENCE * 1000)


def in_sight(page: Page, option: str) -> None:
    """A button lies in the window without scrolling, once everything around it has been drawn."""
    expect(page.get_by_test_id(f"hitl-option-{option}")).to_be_in_viewport(ratio=1, timeout=PATIENCE * 1000)


def test_an_approver_sees_what_is_asked(browser: Browser, asked: tuple[Run, list[Ended]]) -> None:
    """Who, why, what changes, staging's gates, cost and approvers, and both buttons: without scrolling at 1440x900."""
    run, led = asked
    page = page_of(browser, "bob", run)
    text = page.locator("body").inner_text().replace("\u00a0", " ")
    staged = led[1]
    release = str(staged.fact("settle", "release"))
    for part in (
        f"Promote till {release[:9]} to prod? alice: {REASON}",
        f"alice asks: {REASON}",
        "Approvers: admin, bob. alice started this, so alice cannot approve it",
        f"release {release}",
        "dim_customers, dim_dates, dim_products, dim_stores",
        "tests run",
        "Gates in staging",
        "of today's budget is left",
        "warehouse LARGE → XLARGE while it runs",
        "sluice explain promote prod",
    ):
        assert part in text
    assert re.search(r"\d+ built", text)
    assert re.search(r"and \d+ more · ", text)
    assert re.search(r"(\d+) of \1 passed \(20\d\d-\d\d-\d\d \d\d:\d\d UTC, deployment d", text)
    assert "model.till" not in text
    in_sight(page, "Approve")
    in_sight(page, "Reject")
    screenshot(page, "approval")
    page.close()


def test_the_list_of_required_actions_names_it(browser: Browser, asked: tuple[Run, list[Ended]]) -> None:
    """The line says project, release, environment, person and reason, not only a hash."""
    run, led = asked
    page = browser.page("bob", "/required_actions", size=WINDOW)
    subject = f"Promote till {str(led[1].fact('settle', 'release'))[:9]} to prod? alice: {REASON}"
    seen(page.get_by_title(subject))
    page.close()
    assert run.dag_id == "promote_prod"


def test_who_began_it_reads_why_not(browser: Browser, world: World, asked: tuple[Run, list[Ended]]) -> None:
    """Alice sees the buttons, as everyone does, and reads before a click that she may not, and who may."""
    run, _ = asked
    page = page_of(browser, "alice", run)
    seen(page.get_by_text("Approvers: admin, bob. alice started this, so alice cannot approve it"))
    page.get_by_test_id("hitl-option-Approve").click()
    seen(page.get_by_text("Access Denied").last)
    page.close()
    assert world.bob.waiting(run)


def test_a_promotion_is_four_boxes_in_a_row(browser: Browser, asked: tuple[Run, list[Ended]]) -> None:
    """The graph reads from left to right: check, build, switch, finish, with no fan of arrows between them."""
    run = asked[1][1].run
    # Airflow remembers for each user whether the graph is shown, and makes room for it on every page of a run
    page = browser.page("admin", f"/dags/{run.dag_id}/runs/{quote(run.run_id, safe='')}", size=(1440, 640))
    page.get_by_label("Show Graph (Press g)").click()
    boxes = page.locator(".react-flow__node")
    expect(boxes).to_have_count(4, timeout=PATIENCE * 1000)
    order = sorted(boxes.all(), key=lambda box: (box.bounding_box() or {"x": 0})["x"])
    assert [box.inner_text().splitlines()[0] for box in order] == ["Check", "Build", "Switch", "Finish"]
    assert page.locator(".react-flow__edge").count() <= 4
    seen(boxes.first.get_by_text("success"))
    screenshot(page, "promotion")
    page.close()


def test_a_success_leaves_no_error_in_a_log(world: World, asked: tuple[Run, list[Ended]]) -> None:
    """No line of a task that succeeded is red, whatever dbt and Python did at its end; and no log-in is reported."""
    for ended in asked[1]:
        for name in (task for task, found in ended.tasks.items() if found["state"] == "success"):
            lines = logged(world, ended.run, name)
            assert [line for line in lines if line.get("level") in {"error", "critical"}] == [], name
            assert [line for line in lines if "snowflake.connector" in str(line.get("logger"))] == [], name
    judged = [str(line["event"]) for line in logged(world, asked[1][1].run, "judge")]
    assert any(line.startswith("  pass     dbt results: ") for line in judged)
    assert [line for line in judged if line.startswith("  ") and len(line) > 102] == []


def logged(world: World, run: Run, task: str) -> list[dict[str, object]]:
    """The lines of a task's log, with their levels."""
    found = world.alice.call("GET", f"{run.path}/taskInstances/{quote(task)}/logs/1")["content"]
    return [line for line in found if isinstance(line, dict)]


def test_no_reason_brings_markup_along(browser: Browser, world: World, asked: tuple[Run, list[Ended]]) -> None:
    """What is no more than a reason is shown as such: no image is fetched, no text hides where a link leads."""
    first, _ = asked
    world.bob.answer(first, "approve", "Reject")
    assert world.alice.wait(first, seconds=200) == "failed"
    assert "bob rejected it" in world.alice.log(first, "approve")
    run = world.alice.trigger("promote_prod", reason=HOSTILE)
    world.known.add(run.run_id)
    until_it_waits(world, run)
    page = page_of(browser, "bob", run)
    seen(page.get_by_text(f"alice asks: {HOSTILE}"))
    assert page.locator("img[src*='evil'], img[src='x'], strong:text-is('now'), code:text-is('code')").count() == 0
    links = page.locator("a[href*='evil']").all()
    assert all(link.inner_text().startswith("https://evil.example") for link in links)
    in_sight(page, "Approve")
    page.get_by_test_id("hitl-option-Reject").click()
    assert world.alice.wait(run, seconds=200) == "failed"
    page.close()
