"""The budget's tasks on an account: people hear what a check found, and a form that is wrong changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from lazy_object_proxy import Proxy  # type: ignore[import-untyped]

from sluice.airflow.budget_notices import StaleBudgetCheckNotifier
from sluice.airflow.flows.builders import parameters
from sluice.airflow.operators.budgets import CheckBudgetsOperator, ControlBudgetOperator
from sluice.airflow.workspace import airflow_workspace
from sluice.domain.budgets.budget_state import Restriction
from sluice.errors import SpecError
from sluice.operations.budgets.budgets import read
from sluice.operations.provisioning.provision import provision
from sluice.operations.workspace import Workspace
from sluice.snowflake.statements import Statement
from snowdome.pytest_plugin import Snowdome


def context(run: str, **params: object) -> Any:
    """Return as much of a task's context as the operators read."""
    return {
        "ti": SimpleNamespace(dag_id="budget_check", run_id=run),
        "params": params,
        "dag_run": SimpleNamespace(triggering_user_name="ann"),
        "triggering_asset_events": {},
    }


@pytest.fixture(scope="module")
def work(account: Snowdome) -> Workspace:
    """Dev stands."""
    made = airflow_workspace()
    provision(made, "dev", made.now(), holder="test")
    return made


def test_a_check_tells_people_once(
    account: Snowdome, work: Workspace, webhook: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dev runs away: limited, then suspended, each notified at the channel of its spec, and no check tells it again."""
    address, reported = webhook
    monkeypatch.setenv("AIRFLOW_CONN_SLUICE_SLACK", json.dumps({"conn_type": "http", "host": address}))
    check = CheckBudgetsOperator(task_id="check")
    check.work(work, context("0"))
    with work.session("dev") as session:
        session.run(Statement("ALTER WAREHOUSE SLUICE_DEV_WH SET WAREHOUSE_SIZE = XXLARGE AUTO_SUSPEND = 0"))
        session.run(Statement("SELECT COUNT(*) FROM SLUICE.CONTROL.JOURNAL"))
    for number in range(20):
        account.clock(advance_seconds=600)
        answer = check.work(work, context(str(number + 1)))
    with work.control() as session:
        assert read(session)["dev"].restriction is Restriction.SUSPENDED
    assert answer["failed"] == {}
    sent = [one["text"] for one in reported]
    for word in ("limit ", "suspend "):
        assert sum(text.startswith(word) for text in sent) == 1
    assert len(sent) == len(set(sent))


@pytest.mark.parametrize(("minutes", "times"), [(4, 0), (17, 1), (40, 0), (77, 2)])
def test_people_are_told_that_nobody_watches(
    webhook: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch, minutes: int, times: int
) -> None:
    """Checks have failed for so long: nobody, the first channels, nobody again so soon, two channels."""
    address, reported = webhook
    for channel in ("slack", "email"):
        settings = {"conn_type": "http", "host": address}
        monkeypatch.setenv(f"AIRFLOW_CONN_SLUICE_{channel.upper()}", json.dumps(settings))
    last = datetime.now(UTC) - timedelta(minutes=minutes)
    failed: Any = {**context("x"), "exception": ValueError("no line\nmore")}
    for asked in (None, last):
        failed["prev_start_date_success"] = Proxy(lambda asked=asked: asked)  # as Airflow hands it over
        StaleBudgetCheckNotifier(timedelta(minutes=5)).notify(failed)
    assert len(reported) == times
    assert all(
        "budget checks have been failing since" in one["text"] and one["text"].endswith(": no line") for one in reported
    )


def test_people_are_told_that_somebody_watches_again(
    work: Workspace, webhook: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the first check that succeeds after a silence; not by the next."""
    address, reported = webhook
    monkeypatch.setenv("AIRFLOW_CONN_SLUICE_SLACK", json.dumps({"conn_type": "http", "host": address}))
    check = CheckBudgetsOperator(task_id="check")
    for minutes in (60, 5):
        last = datetime.now(UTC) - timedelta(minutes=minutes)
        again: Any = {**context(f"again {minutes}"), "prev_start_date_success": Proxy(lambda last=last: last)}
        check.work(work, again)
    assert sum("budget checks succeed again" in one["text"] for one in reported) == 1


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"environments": ["dev", "dve"], "usd": 20, "hours": 8, "reason": "x"}, "no such environment"),
        ({"environments": ["dev"], "usd": None, "hours": 8, "reason": "x"}, "usd: 'override' needs this field"),
        ({"environments": ["dev"], "usd": "", "hours": 8, "reason": "x"}, "usd: 'override' needs this field"),
        ({"environments": ["dev"], "usd": -1, "hours": 8, "reason": "x"}, "of some dollars"),
        ({"environments": ["dev"], "usd": 20, "hours": None, "reason": "x"}, "hours: 'override' needs this field"),
        ({"environments": ["dev"], "usd": 20, "hours": 1000, "reason": "x"}, "ends within a month"),
        ({"environments": ["dev"], "usd": 20, "hours": 8, "until": "21:00", "reason": "x"}, "until: this field is for"),
        ({"environments": ["dev"], "usd": 20, "hours": 8, "reason": " "}, "reason: this field is required"),
        ({"environments": ["", " "], "usd": 20, "hours": 8, "reason": "x"}, "environments: this field is required"),
    ],
)
def test_a_wrong_form_changes_nothing(work: Workspace, params: dict[str, object], words: str) -> None:
    """An override of two of which one is unknown, without dollars or end or reason, or with what is not for it."""
    control = ControlBudgetOperator(task_id="control", what="override", **parameters(*params))
    control.render_template_fields(context("wrong", **params))
    with pytest.raises(SpecError, match=words):
        control.work(work, context("wrong"))
    with work.control() as session:
        guards = read(session)
    assert "dev" not in guards or guards["dev"].override is None
