"""The browser itself: who is signed in sees Airflow's UI as that user, and where there is no browser it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import Browser, find_chromium, screenshot
from playwright.sync_api import expect
from world import World


@pytest.mark.e2e
@pytest.mark.timeout(900)
@pytest.mark.parametrize("user", ["alice", "bob", "viewer"])
def test_each_user_sees_the_dags(browser: Browser, world: World, user: str) -> None:
    """A page is signed in as the user asked for, and the list of DAGs is there."""
    page = browser.page(user, "/dags")
    expect(page.get_by_role("heading", name=f"{len(world.admin.dags())} Dags")).to_be_visible()
    assert page.request.get("/ui/auth/me").json()["username"] == user
    page.close()


def test_a_picture_goes_to_docs_only_when_asked(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SLUICE_SCREENSHOTS=1 the pictures of docs/ stay as they are."""
    monkeypatch.delenv("SLUICE_SCREENSHOTS", raising=False)
    page = browser.page("viewer", "/dags")
    picture = screenshot(page, "dags")
    page.close()
    assert picture.parent.name == "screenshots"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_a_browser_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The reason of the skip names the package."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SLUICE_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        find_chromium()


def test_where_a_browser_is_required_its_lack_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """SLUICE_BROWSER=required, as .ci/run says, makes a failure of what else were a skip."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SLUICE_BROWSER", "required")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        find_chromium()
