"""How often a task logs in, and how many statements it sends, as the account saw it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from running import Runs

from sluice.airflow.flows.budgets import budget_check_dag
from sluice.airflow.flows.provision import provision_dag
from sluice.airflow.flows.sweep import sweep_dag
from sluice.domain.journal.control_schema import control_warehouse
from sluice.domain.names import Identifier
from snowdome.pytest_plugin import Snowdome

LOG_INS = "SELECT COUNT(*) FROM SNOWFLAKE.ACCOUNT_USAGE.LOGIN_HISTORY WHERE EVENT_TIMESTAMP BETWEEN %s AND %s"
CONTROL = Identifier("SLUICE")
LATENCY = 3 * 3600
"""Seconds after which LOGIN_HISTORY is complete."""


@dataclass(frozen=True)
class Trip:
    """What the account saw of one task."""

    log_ins: int
    statements: tuple[str, ...]
    answer: dict[str, Any]


@pytest.fixture
def trip(account: Snowdome, runs: Runs) -> Callable[..., Trip]:
    """`trip(dag, task_id, field=…)`: run one task of a shipped DAG as Airflow does, and return what the account saw."""
    del runs

    def take(dag: DAG, task_id: str, **form: object) -> Trip:
        account.clock(advance_seconds=300)
        begun = datetime.fromisoformat(account.clock())
        account.forget_statements()
        context: Any = {
            "ti": SimpleNamespace(dag_id=dag.dag_id, run_id=f"trip {begun.isoformat()}", task_id=task_id),
            "params": {**dag.params.dump(), **form},
            "dag_run": SimpleNamespace(
                triggering_user_name=None, run_type=SimpleNamespace(value="scheduled"), run_after=datetime.now(UTC)
            ),
            "triggering_asset_events": {},
            "outlet_events": defaultdict(SimpleNamespace),
        }
        task = dag.get_task(task_id)
        assert isinstance(task, BaseOperator)
        task.render_template_fields(context)
        answer = task.execute(context)
        statements = tuple(entry["text"] for entry in account.statements())
        ended = account.clock()
        account.clock(advance_seconds=LATENCY)
        with account.connect(warehouse=control_warehouse(CONTROL).name) as connection:
            ((log_ins,),) = connection.cursor().execute(LOG_INS, (begun.isoformat(), ended)).fetchall()
        return Trip(log_ins, statements, answer)

    return take


def seen_as(trip: Trip) -> str:
    """What is printed where there are too many."""
    return "\n".join(" ".join(text.split())[:100] for text in trip.statements)


def test_a_budget_check_is_one_trip(trip: Callable[..., Trip]) -> None:
    """Three environments, nothing to do: one log-in or two, sixteen statements at most, also in a new hour."""
    for _ in range(2):  # the first makes the ledger's first sample
        done = trip(budget_check_dag(), "check")
    assert (done.answer["done"], done.answer["failed"]) == ([], {})
    assert 1 <= done.log_ins <= 2
    assert 0 < len(done.statements) <= 16, seen_as(done)


def test_a_sweep_is_one_trip(trip: Callable[..., Trip]) -> None:
    """Nothing to do: one log-in or two and twenty statements at most, for the plan and for the sweep."""
    for task_id in ("plan", "sweep"):
        done = trip(sweep_dag(), task_id)
        assert done.answer["stopped"] is None
        assert 1 <= done.log_ins <= 2
        assert 0 < len(done.statements) <= 20, seen_as(done)


def test_a_provisioning_without_change_is_one_trip(trip: Callable[..., Trip]) -> None:
    """One log-in or two and forty statements at most, and nothing was changed."""
    done = trip(provision_dag(), "apply", environment="dev")
    assert done.answer["steps"] == []
    assert 1 <= done.log_ins <= 2
    assert 0 < len(done.statements) <= 40, seen_as(done)
