"""A real Chromium for tests of what people see in Airflow's UI, signed in as the stack's users.

Pictures go to build/screenshots/; with SLUICE_SCREENSHOTS=1 they replace those of docs/. Without a Chromium the tests
are skipped, unless SLUICE_BROWSER=required says that they must run: then they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

from sluice.devstack.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
)  # fmt: skip
SIZE = (1500, 1000)
"""Width and height of a window, and of a picture."""
PATIENCE = 60.0
"""Seconds that a page may take to show what a test waits for: two cores, many processes."""


def find_chromium() -> str:
    """Return the path of this machine's Chromium; without one the test is skipped, or fails where it is required."""
    if path := next(filter(None, map(shutil.which, NAMES)), None):
        return path
    reason = "no Chromium on this machine: apt-get install chromium (Debian), or any Chrome on PATH"
    if os.environ.get("SLUICE_BROWSER") == "required":
        pytest.fail(f"SLUICE_BROWSER=required, but {reason}", pytrace=False)
    pytest.skip(reason)


class Browser:
    """A browser with a window of its own for each user of the stack's Airflow."""

    def __init__(self, chromium: Chromium, stack: Stack) -> None:
        self.stack = stack
        self._chromium = chromium
        self._contexts: dict[str, BrowserContext] = {}

    def page(self, user: str, path: str = "/", *, size: tuple[int, int] = SIZE) -> Page:
        """Return a new page at a path of the UI, seen by the user, who is signed in."""
        if user not in self._contexts:
            self._contexts[user] = self._sign_in(user)
        page = self._contexts[user].new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        self.go(page, path)
        return page

    def go(self, page: Page, path: str) -> None:
        """The page is at a path of the UI."""
        page.goto(f"{self.stack.environment.url}{path}")

    def _sign_in(self, user: str) -> BrowserContext:
        url = self.stack.environment.url
        context = self._chromium.new_context(base_url=url, reduced_motion="reduce", locale="en-GB", timezone_id="UTC")
        context.set_default_timeout(PATIENCE * 1000)
        context.set_default_navigation_timeout(PATIENCE * 1000)
        page = context.new_page()
        page.goto(url)
        page.get_by_label("Username").fill(user)
        page.locator("input[type=password]").fill(self.stack.password(user))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda address: "/auth/login" not in address)
        page.close()
        return context


def screenshot(page: Page, name: str, *, full: bool = False, part: Locator | None = None) -> Path:
    """Return the file of a new picture: docs/<name>.png if SLUICE_SCREENSHOTS=1, else build/screenshots/<name>.png.

    It shows what is in the window; `full`: the whole page; `part`: that element alone.
    """
    asked = os.environ.get("SLUICE_SCREENSHOTS") == "1"
    path = (ROOT / "docs" if asked else ROOT / "build" / "screenshots") / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    if part is not None:
        part.screenshot(path=path, animations="disabled", caret="hide")
    else:
        page.screenshot(path=path, full_page=full, animations="disabled", caret="hide")
    return path


@contextmanager
def browsing(stack: Stack, path: str) -> Iterator[Browser]:
    """Yield a browser on a running stack; afterwards no process of it is left. Every profile is new and is removed."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        try:
            yield Browser(chromium, stack)
        finally:
            chromium.close()
