"""A DAG's trigger form as a person meets it: what its fields show, whether its button lives, and pressing it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from browser import Browser
from playwright.sync_api import Locator, Page, expect

SIZE = (1500, 1950)
"""A window that shows the longest form whole."""
ROOT = "[data-scope=field][data-part=root]"
LABEL = "label[data-scope=field]"
ADVANCED = "Advanced Options"
"""Airflow's own last section: the run's id, a note, and the same values as JSON."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One field as it is when the form has just been opened."""

    title: str
    help: str
    starred: bool
    """Airflow marks it as one that may not be empty."""
    missing: bool
    """It may not be empty, and is."""
    folded: bool
    """It is in a section that has to be opened to be seen."""
    shown: str
    """What stands in it."""
    choices: tuple[str, ...]
    """What a drop-down offers."""


class TriggerForm:
    """The open form of a DAG."""

    def __init__(self, page: Page, dag_id: str, place: Locator) -> None:
        self.page = page
        self.dag_id = dag_id
        answer = page.request.get(f"/api/v2/dags/{dag_id}/details")
        self.params: Mapping[str, Any] = answer.json()["params"]
        place.get_by_test_id("trigger-dag-button").click()
        self.form = page.get_by_test_id("config-form")
        self.button = page.get_by_test_id("trigger-dag-submit")
        self.dialog = page.get_by_role("dialog").filter(has=self.button)
        expect(self.button).to_be_visible()
        titles = [param["schema"]["title"] for param in self.params.values()]
        expect(self._roots().locator(LABEL)).to_have_text([labelled(title) for title in titles])
        # The button may be pressed until Airflow has looked at the values: after the picture that shows the fields.
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 300)))")

    @classmethod
    def on_page(cls, browser: Browser, user: str, dag_id: str, *, size: tuple[int, int] = SIZE) -> TriggerForm:
        """Return the form that a user gets by pressing Trigger on the DAG's own page."""
        page = browser.page(user, f"/dags/{dag_id}", size=size)
        return cls(page, dag_id, page.locator("body"))

    @classmethod
    def in_list(cls, page: Page, dag_id: str) -> TriggerForm:
        """Return the form that a user gets by pressing the DAG's button in the list of all DAGs."""
        card = page.get_by_test_id("dag-card").filter(has=page.locator(f"a[href='/dags/{dag_id}']"))
        return cls(page, dag_id, card)

    @property
    def live(self) -> bool:
        """Whether the button can be pressed."""
        return self.button.is_enabled()

    @property
    def sections(self) -> list[str]:
        """The titles of the sections but Airflow's own."""
        titles = [title.strip() for title in self.form.locator("[data-part=item-trigger]").all_inner_texts()]
        return [title for title in titles if title != ADVANCED]

    def seen(self) -> list[Seen]:
        """Return every field as it is now, folded ones too."""
        folded = {section: not self._is_open(section) for section in self.sections}
        fields: list[Seen] = []
        for section, was_folded in folded.items():
            self.unfold(section)
            fields += [self._seen(root, folded=was_folded) for root in self._item(section).locator(ROOT).all()]
        return fields

    def unfold(self, section: str) -> None:
        """The section is open."""
        if not self._is_open(section):
            self._trigger(section).click()
        expect(self._trigger(section)).to_have_attribute("aria-expanded", "true")
        expect(self._item(section).locator(ROOT).first).to_be_visible()

    def fill(self, name: str, value: str) -> None:
        """The field holds the value: typed, or chosen by the words that are shown for it."""
        schema = self.params[name]["schema"]
        self.unfold(schema.get("section") or self.sections[0])
        root = self._root(schema["title"])
        if "enum" in schema:
            root.locator("input[role=combobox]").click()
            self.page.get_by_role("option", name=value, exact=True).click()
        elif schema.get("format") == "date-time":
            root.get_by_test_id("datetime-input").click()
            date, _, time = value.partition(" ")
            self.page.get_by_placeholder("YYYY/MM/DD").fill(date)
            self.page.get_by_placeholder("HH:mm").fill(time)
            self.page.keyboard.press("Escape")
        else:
            root.locator("input, textarea").first.fill(value)

    def press(self, *, paused: bool = False) -> str:
        """Press the button and return the id of the run that Airflow shows then; a DAG that is `paused` stays so."""
        if paused:
            unpause = self.page.get_by_role("checkbox", name=re.compile(r"^Unpause .* on trigger$"))
            expect(unpause).to_be_checked()  # Airflow offers it, ticked, once it knows
            self.page.get_by_text(re.compile(r"^Unpause .* on trigger$")).click()
            expect(unpause).not_to_be_checked()
        self.button.click()
        self.page.wait_for_url(lambda address: f"/dags/{self.dag_id}/runs/" in address)
        run_id = self.page.evaluate("() => decodeURIComponent(location.pathname.split('/runs/')[1].split('/')[0])")
        return str(run_id)

    def close(self) -> None:
        """The form is gone, its page is not."""
        self.page.get_by_role("button", name="Close").click()
        expect(self.button).to_be_hidden()

    def _trigger(self, section: str) -> Locator:
        return self._item(section).locator("[data-part=item-trigger]")

    def _item(self, section: str) -> Locator:
        title = self.page.locator("[data-part=item-trigger]").filter(has=self.page.get_by_text(section, exact=True))
        return self.form.locator("[data-part=item]").filter(has=title)

    def _is_open(self, section: str) -> bool:
        return self._trigger(section).get_attribute("aria-expanded") == "true"

    def _roots(self) -> Locator:
        """The DAG's own fields, without those of Airflow's last section."""
        return self.form.locator("[data-part=item]").filter(has_not_text=ADVANCED).locator(ROOT)

    def _root(self, title: str) -> Locator:
        return self._roots().filter(has=self.page.locator(LABEL).filter(has_text=labelled(title)))

    def _seen(self, root: Locator, *, folded: bool) -> Seen:
        label = root.locator(LABEL)
        helped = root.locator("[data-part=helper-text]")
        dropdown = root.locator("input[role=combobox]")
        typed = root.locator("input:not([type=hidden]), textarea").first
        choices: tuple[str, ...] = ()
        if dropdown.count():
            shown = root.locator("[id^=element_] > div").first.inner_text()
            dropdown.click()
            expect(root.get_by_role("option").first).to_be_visible()
            choices = tuple(root.get_by_role("option").all_inner_texts())
            dropdown.blur()
            expect(root.get_by_role("listbox")).to_have_count(0)
        elif root.locator("input[type=checkbox]").count():
            shown = "on" if root.locator("input[type=checkbox]").is_checked() else "off"
        else:
            shown = typed.input_value() if typed.count() else root.get_by_test_id("datetime-input").inner_text()
        return Seen(
            title=label.inner_text().strip().removesuffix("*").strip(),
            help=helped.inner_text() if helped.count() else "",
            starred="*" in label.inner_text(),
            missing=root.locator("[data-part=error-text]").count() > 0,
            folded=folded,
            shown=shown.strip(),
            choices=choices,
        )


def labelled(title: str) -> re.Pattern[str]:
    """Return what a label of this title may read: the title, with or without a star."""
    return re.compile(rf"^\s*{re.escape(title)}[\s*]*$")
