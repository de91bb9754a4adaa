"""A run that somebody stops in Airflow's UI: its scheduler skips what is pending, kills what runs, and we undo."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from world import World

from sluice.airflow_client.api import Json

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_a_run_that_is_marked_as_failed_after_the_swap_is_undone(world: World) -> None:
    """Between cut-over and `settle`: live is what it was, nothing is held, and the run is shown as failed."""
    before = world.live("staging")
    world.write(leaf="select sales, 77 as version from {{ ref('totals') }}")
    assert world.run("refresh_dev").state == "success"
    run = world.started("promote_staging")
    marked: list[str] = []

    def watch(tasks: Mapping[str, Json]) -> None:
        if tasks["cut_over"]["state"] == "success" and not marked:
            marked.append(str(tasks["verify"]["state"]))
            world.alice.call("PATCH", run.path, json={"state": "failed"})

    assert world.alice.wait(run, seconds=400, watch=watch) == "failed"
    assert marked
    states = {name: str(task["state"]) for name, task in world.alice.tasks(run).items()}
    assert states["settle"] == "skipped"
    assert [states[name] for name in ("undo", "scale_down")] == ["success"] * 2
    assert world.alice.xcom(run, "undo")["facts"]["swapped_back"] is True
    assert "this run was stopped before its end" in world.alice.log(run, "unlock")
    assert world.live("staging") == before
    world.reset()
    assert world.run("refresh_dev").state == "success"
    world.end(world.started("promote_staging"))  # the lock is free, and the next release is not held up
