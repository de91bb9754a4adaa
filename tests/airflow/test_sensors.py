"""Sensors on an account: they return at once, defer, fire when it is so, and do not wait in vain."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from typer.testing import CliRunner

from sluice.airflow.operators.budgets import apply_schedules
from sluice.airflow.operators.stages import refuse_suspended
from sluice.airflow.sensors import BudgetSensor, DeploymentSensor, EnvironmentGateSensor, EnvironmentReadySensor
from sluice.airflow.triggers import ConditionTrigger
from sluice.airflow.workspace import airflow_workspace
from sluice.cli.app import app
from sluice.domain.budgets.budget_policy import BudgetPolicy
from sluice.domain.budgets.budget_state import Restriction
from sluice.domain.names import Marker
from sluice.domain.schedules.hours import ExceptionsBlock
from sluice.domain.specs.environment import EnvironmentSpec
from sluice.errors import RefusedError
from sluice.operations.budgets.budgets import by_hand
from sluice.operations.caller import Caller
from sluice.operations.provisioning.provision import provision
from sluice.operations.schedules.schedules import check, stay_open
from sluice.operations.workspace import Workspace
from sluice.settings import settings
from sluice.snowflake import promotion_sql
from sluice.snowflake.connect import connect
from snowdome.pytest_plugin import Snowdome

SOON = 0.05


def waiting(sensor: Any) -> ConditionTrigger:
    """The trigger that the sensor waits with, made again from what it serialises, as the triggerer does."""
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute({})
    path, arguments = deferred.value.trigger.serialize()
    assert path.rsplit(".", 1)[1] == ConditionTrigger.__name__
    assert json.loads(json.dumps(arguments)) == arguments
    return ConditionTrigger(**arguments)


async def fires(trigger: ConditionTrigger) -> dict[str, Any]:
    """What the trigger's one event says."""
    (payload,) = [event.payload async for event in trigger.run()]
    return dict(payload)


def test_an_environment_is_waited_for_until_it_is_whole(account: Snowdome) -> None:
    """It defers; once the environment is provisioned the trigger fires; a later look returns at once."""
    sensor = EnvironmentReadySensor(task_id="wait", environment="dev", poke_interval=SOON)
    trigger = waiting(sensor)
    assert (
        EnvironmentGateSensor(task_id="gate", environment="dev").execute({})["budget"] == "free"
    )  # what follows says more

    async def provisioned_meanwhile() -> dict[str, Any]:
        wait = asyncio.create_task(fires(trigger))
        await asyncio.sleep(3 * SOON)
        assert not wait.done()
        work = airflow_workspace()
        await asyncio.to_thread(provision, work, "dev", work.now(), holder="test")
        return await wait

    event = asyncio.run(provisioned_meanwhile())
    assert event["facts"]["database"] == "OLIST_DEV"
    assert sensor.execute_complete({}, event) == event["facts"]
    assert sensor.execute({}) == event["facts"]


def test_a_deployment_is_waited_for_by_its_release(account: Snowdome) -> None:
    """Any deployment, or the one that is named, and no other."""
    work = airflow_workspace()
    provision(work, "dev", work.now(), holder="test")
    trigger = waiting(DeploymentSensor(task_id="wait", environment="dev", poke_interval=SOON))
    with connect(work.settings("dev")) as session:
        live = work.spec("dev").database.name
        session.run(promotion_sql.mark(live, Marker("dev", "d20261120t224901-1a2b3c", "r0123456789abcdef")))
    assert asyncio.run(fires(trigger))["facts"]["release"] == "r0123456789abcdef"
    named = DeploymentSensor(task_id="wait", environment="dev", release="r0123456789abcdef")
    assert named.execute({})["deployment"] == "d20261120t224901-1a2b3c"
    waiting(DeploymentSensor(task_id="wait", environment="dev", release="rfedcba9876543210"))


def test_what_never_comes_is_not_waited_for(account: Snowdome) -> None:
    """An environment that nobody knows fails the task at once, naming those there are.

    A name that comes of a template can be wrong only then; one that is written is refused when the DAG is read.
    """
    work = airflow_workspace()
    provision(work, "dev", work.now(), holder="test")
    templated = DeploymentSensor(task_id="wait", environment="{{ params.where }}")
    templated.render_template_fields({"params": {"where": "dve"}})
    with pytest.raises(AirflowFailException, match="no such environment"):
        templated.execute({})
    trigger = ConditionTrigger(condition="deployed", environment="dve", wanted={}, seconds=SOON)
    event = asyncio.run(fires(trigger))
    with pytest.raises(AirflowFailException, match="no such environment"):
        EnvironmentReadySensor(task_id="wait", environment="{{ params.where }}").execute_complete({}, event)


def test_a_budget_is_waited_for(account: Snowdome) -> None:
    """While an environment is suspended by its budget it defers, and a stage that fails there names the budget."""
    work = airflow_workspace()
    provision(work, "dev", work.now(), holder="test")
    sensor = BudgetSensor(task_id="wait", environment="dev", poke_interval=SOON)
    assert sensor.execute({})["budget"] == "free"
    by = Caller("run", "ann", work.now())
    by_hand(work, ["dev"], Restriction.SUSPENDED, BudgetPolicy(), by, reason="a runaway job")
    trigger = waiting(sensor)
    with pytest.raises(RefusedError, match=r"its budget has suspended dev.*a runaway job"):
        refuse_suspended(work, "dev", RefusedError("dbt build failed"))
    by_hand(work, ["dev"], Restriction.NONE, BudgetPolicy(), Caller("run 2", "ann", work.now()), reason="mended")
    assert asyncio.run(fires(trigger))["facts"]["budget"] == "free"
    refuse_suspended(work, "dev", RefusedError("dbt build failed"))


def test_a_gate_waits_or_fails_as_the_spec_says(
    account: Snowdome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Free, it lets pass; suspended, it defers, saying why, or fails with the budget's words."""
    gate = EnvironmentGateSensor(task_id="gate", environment="dev", poke_interval=SOON)
    work = airflow_workspace()
    provision(work, "dev", work.now(), holder="test")
    assert gate.execute({})["budget"] == "free"
    by_hand(
        work, ["dev"], Restriction.SUSPENDED, BudgetPolicy(), Caller("gate", "ann", work.now()), reason="a runaway job"
    )
    with caplog.at_level(logging.INFO, "sluice"):
        trigger = waiting(gate)
    assert "a runaway job; waiting (sluice budget resume dev" in caplog.text
    shutil.copytree(settings().environments, tmp_path / "environments")
    dev = tmp_path / "environments" / "development.yml"
    dev.write_text(dev.read_text().replace("at_limit: suspend", "at_limit: suspend\n  when_suspended: fail"))
    with monkeypatch.context() as strict:
        strict.setenv("SLUICE_ENVIRONMENTS", str(dev.parent))
        with pytest.raises(AirflowFailException, match=r"a runaway job; its spec says when_suspended: fail"):
            gate.execute({})
    by_hand(work, ["dev"], Restriction.NONE, BudgetPolicy(), Caller("gate 2", "ann", work.now()), reason="mended")
    assert asyncio.run(fires(trigger))["facts"]["budget"] == "free"


def closed(work: Workspace) -> dict[str, EnvironmentSpec]:
    """Dev, closed for days."""
    dev = work.spec("dev")
    assert dev.hours is not None
    today = work.now().astimezone(ZoneInfo(dev.hours.zone)).date()
    never = ExceptionsBlock(closed=tuple(today + timedelta(days=number) for number in range(-1, 3)))
    shut = {"dev": dev.model_copy(update={"hours": dev.hours.model_copy(update={"exceptions": never})})}
    assert len(check(work, shut, Caller("run", "the clock", work.now())).done) == 1
    return shut


def said(*words: str) -> Any:
    """What a command answers."""
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_what_is_closed_is_waited_for(account: Snowdome, monkeypatch: pytest.MonkeyPatch) -> None:
    """While an environment is closed by its hours it defers, and a stage that fails there says until when."""
    for name, value in (("_AIRFLOW_PROCESS_CONTEXT", "server"), ("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")):
        monkeypatch.setenv(name, value)  # the commands set them, and would leave them to the tests that follow
    work = airflow_workspace()
    provision(work, "dev", work.now(), holder="test")
    shut = closed(work)
    sensor = BudgetSensor(task_id="wait", environment="dev", poke_interval=SOON)
    trigger = waiting(sensor)
    with pytest.raises(RefusedError, match=r"dev is closed until") as refused:
        refuse_suspended(work, "dev", RefusedError("dbt build failed"))
    assert "sluice hours open dev" in str(refused.value.good)
    assert said("budget", "status")["environments"][0]["held"].startswith("closed until")
    assert said("hours", "status")[0]["state"].startswith("closed until")
    stay_open(work, shut, ["dev"], "23:59", Caller("run 2", "ann", work.now()), reason="month-end close")
    assert asyncio.run(fires(trigger))["facts"]["budget"] == "free"
    refuse_suspended(work, "dev", RefusedError("dbt build failed"))


def test_the_clock_may_be_switched_off(account: Snowdome, monkeypatch: pytest.MonkeyPatch) -> None:
    """With SLUICE_OFF_HOURS=no the check closes nothing, and opens what is closed."""
    work = airflow_workspace()
    provision(work, "dev", work.now(), holder="test")
    apply_schedules(work, Caller("run", "the clock", work.now()))
    stay_open(work, {"dev": work.spec("dev")}, ["dev"], "23:59", Caller("run 2", "ann", work.now()), reason="late work")
    account.clock(advance_seconds=8 * 24 * 3600)
    closed(work)
    monkeypatch.setenv("SLUICE_OFF_HOURS", "no")
    assert apply_schedules(work, Caller("run 3", "the clock", work.now())) == ["dev: open"]
    assert apply_schedules(work, Caller("run 4", "the clock", work.now())) == []
