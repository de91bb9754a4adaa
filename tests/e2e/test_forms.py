"""Every DAG's trigger form in a real browser: it opens with a live button, or says what it needs, and starts a run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from browser import Browser, screenshot
from people import listed
from playwright.sync_api import expect
from trigger_form import SIZE, Seen, TriggerForm
from world import World

from sluice.airflow.operators.arguments import Arguments
from sluice.airflow_client.api import ApiError, Run
from sluice.airflow_client.follow import Ended
from sluice.domain.ephemeral.ephemeral_name import EPHEMERAL_EXAMPLE
from sluice.domain.sizes import Size

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

LEAST = {
    "environment": EPHEMERAL_EXAMPLE,
    "environments": "dev",
    "holder": "ANN",
    "reason": "the button is pressed",
}
"""What a person types where a form cannot do without."""


@pytest.fixture(scope="module")
def opened(browser: Browser, world: World) -> Mapping[str, tuple[bool, list[Seen]]]:
    """Every DAG's form just opened, by alice: whether its button lives, and what its fields show."""
    page = browser.page("alice", "/dags", size=SIZE)
    forms = {}
    for dag_id in sorted(world.admin.dags()):
        form = TriggerForm.in_list(page, dag_id)
        forms[dag_id] = (form.live, form.seen())
        form.close()
    page.close()
    return forms


def test_every_button_lives_unless_its_form_says_what_is_missing(
    opened: Mapping[str, tuple[bool, list[Seen]]],
) -> None:
    """The button is dead only beside an empty field that is in sight, bears a star and is explained as required."""
    assert "provision_environment" in opened
    for dag_id, (live, fields) in opened.items():
        missing = [field for field in fields if field.missing]
        assert live is not bool(missing), dag_id
        assert [field for field in missing if not (field.starred and field.help.startswith("Required."))] == [], dag_id
        assert [field.title for field in missing if field.folded] == [], dag_id


def test_the_main_jobs_need_nothing(opened: Mapping[str, tuple[bool, list[Seen]]]) -> None:
    """Provisioning, a refresh and promotions start with one press."""
    main = [name for name in opened if name.startswith(("refresh_dev", "promote_"))]
    assert len(main) >= 3
    assert {name: opened[name][0] for name in [*main, "provision_environment"]} == dict.fromkeys(
        [*main, "provision_environment"], True
    )


def test_no_field_shows_the_word_null(opened: Mapping[str, tuple[bool, list[Seen]]]) -> None:
    """Neither what stands in a field nor what a drop-down offers is null, None or nothing at all."""
    for dag_id, (_, fields) in opened.items():
        for field in fields:
            words = {word.strip().lower() for word in (field.shown, *field.choices)}
            assert words.isdisjoint({"null", "none", "undefined"}), (dag_id, field)
            assert "" not in field.choices, (dag_id, field)
            assert not field.choices or field.shown in field.choices, (dag_id, field)


def test_no_field_of_a_new_environment_is_asked_of_another(opened: Mapping[str, tuple[bool, list[Seen]]]) -> None:
    """The folded section of provision_environment marks nothing as required, and offers every size and base."""
    fields = {field.title: field for field in opened["provision_environment"][1] if field.folded}
    assert {"Kind", "Feature", "Branch", "Owner", "Team", "Base", "Warehouse size"} <= set(fields)
    assert [title for title, field in fields.items() if field.starred] == []
    assert fields["Warehouse size"].choices == ("as the template says", *Size)
    assert fields["Base"].choices == ("as the template says", "dev", "staging", "prod", "none: an empty database")


def press(form: TriggerForm, world: World) -> Ended:
    """Press the button and wait for the end of the run."""
    run = Run(form.dag_id, form.press())
    world.known.add(run.run_id)
    form.page.close()
    ended: Ended = world.end(run)
    return ended


@pytest.fixture
def paused(world: World) -> Iterator[list[str]]:
    """Every DAG, paused: what is started is there and waits; afterwards it is deleted and the DAGs go on."""
    names = sorted(world.admin.dags())
    for name in names:
        world.admin.call("PATCH", f"/api/v2/dags/{name}", json={"is_paused": True})
    known = {name: {run["dag_run_id"] for run in world.admin.runs(name)} for name in names}
    yield names
    for name in names:
        for run in world.admin.runs(name):
            if run["dag_run_id"] not in known[name]:
                delete(world, Run(name, run["dag_run_id"]))
    for name in names:
        world.admin.unpause(name)


def delete(world: World, run: Run) -> None:
    """The run is gone: what it was pressed for does not happen once its DAG goes on.

    One that runs cannot be deleted, and on SQLite Airflow answers 500 while its scheduler writes: asked again.
    """
    for attempt in range(10):
        try:
            world.admin.call("PATCH", run.path, json={"state": "failed"})
            world.admin.call("DELETE", run.path)
        except ApiError:
            if attempt == 9:
                raise
            time.sleep(1)
        else:
            return


def test_pressing_every_button_starts_a_run_with_what_the_form_showed(
    browser: Browser, world: World, paused: list[str]
) -> None:
    """The least is typed where something is missing; the run is there, with that and the form's own values as conf."""
    for dag_id in paused:
        form = TriggerForm.on_page(browser, "alice", dag_id)
        typed = {
            name: LEAST[name]
            for name, param in form.params.items()
            if param["value"] is None and "null" not in param["schema"]["type"]
        }
        for name, value in typed.items():
            form.fill(name, value)
        expect(form.button).to_be_enabled()
        run = Run(dag_id, form.press(paused=True))
        there = world.alice.run(run)
        lists = {name: [value] for name, value in typed.items() if form.params[name]["schema"]["type"] == "array"}
        assert there["conf"] == {name: param["value"] for name, param in form.params.items()} | typed | lists, dag_id
        assert there["triggering_user_name"] == "alice"
        form.page.close()


def test_what_is_chosen_and_picked_is_what_operators_read(browser: Browser, world: World, paused: list[str]) -> None:
    """A size, a base, schemas, a moment and numbers arrive as they were given; a field that is cleared is empty."""
    form = TriggerForm.on_page(browser, "alice", "provision_environment")
    form.fill("environment", "a new one")
    form.fill("reason", "as of Friday")
    for field, value in {
        "branch": "feature/segments", "owner": "ann", "team": "analytics", "base": "none: an empty database",
        "schemas": "core\nmarts\n", "at": "2026/11/20 08:00", "hours": "12", "daily_usd": "7.5", "size": "XXLARGE",
    }.items():  # fmt: skip
        form.fill(field, value)
    form.fill("owner", "")
    read = Arguments(world.alice.run(Run(form.dag_id, form.press(paused=True)))["conf"])
    form.page.close()
    assert read.moment("at") == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert read.lines("schemas") == ("core", "marts")
    assert (read.whole("hours"), read.number("daily_usd")) == (12, Decimal("7.5"))
    texts = [read.text(field) for field in ("environment", "kind", "branch", "feature", "owner", "base", "size")]
    assert texts == ["a new one", "feature", "feature/segments", None, None, "empty", "XXLARGE"]


def test_a_new_environment_is_made_changed_and_destroyed_from_the_forms(browser: Browser, world: World) -> None:
    """A feature is all that is typed: it is its template's, and belongs to who triggered it."""
    form = TriggerForm.on_page(browser, "alice", "provision_environment")
    form.fill("environment", "a new one")
    form.fill("feature", "user segmentation")
    screenshot(form.page, "form_provision", part=form.dialog)
    made = press(form, world)
    assert made.state == "success", world.said
    name = made.reports["apply"]["environment"]
    assert name.startswith("dev_user_segmentation_alice_")
    assert listed(world)[name]["owner"] == "alice"

    form = TriggerForm.on_page(browser, "alice", "change_environment")
    form.fill("environment", name)
    form.fill("what", "resize")
    form.fill("size", "MEDIUM")
    form.fill("reason", "a large join")
    assert press(form, world).state == "success", world.said

    form = TriggerForm.on_page(browser, "alice", "destroy_environment")
    form.fill("environment", name)
    form.fill("confirmation", name)
    form.fill("reason", "the question is answered")
    assert press(form, world).state == "success", world.said
    assert listed(world)[name]["state"] == "dropped"


def test_what_is_missing_in_one_case_only_is_said_by_its_field(browser: Browser, world: World) -> None:
    """An override without hours is started, and refused by the field's name; nothing changes."""
    form = TriggerForm.on_page(browser, "alice", "budget_control")
    form.fill("what", "override")
    form.fill("environments", "dev\n")
    form.fill("usd", "20")
    form.fill("reason", "month-end close")
    ended = press(form, world)
    assert ended.state == "failed"
    log = world.alice.log(ended.run, "control")
    assert "hours: 'override' needs this field, and it is empty" in log
    assert "untouched: everything" in log


def test_a_promotion_is_asked_for_in_one_press(browser: Browser) -> None:
    """The form of a promotion, as docs show it."""
    form = TriggerForm.on_page(browser, "alice", "promote_prod")
    assert form.live
    screenshot(form.page, "form_promote", part=form.dialog)
    form.page.close()
