"""Budgets: a check every few minutes, and what people do by hand."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, Param

from sluice.airflow.flows import forms
from sluice.airflow.flows.parts import RETRIES, flow
from sluice.airflow.operators.budgets import CheckBudgets, ControlBudget, NobodyWatches

OFTEN = "*/5 * * * *"


def budget_check_dag() -> DAG:
    """Return the DAG `budget_check`."""
    with flow(
        "budget_check",
        title="Budget · Check",
        description="What every environment costs, and what its budget asks for, every five minutes",
        doc="""
### Budget check

Every five minutes: what each environment costs, as Snowflake's own rows say it or, until they are there, estimated from
warehouses and statements; against its budget (`include/policies/budgets.yml`): told at 50 %, limited at 80 %, suspended
at 100 %, given back when its day is over or it is well below again. Production is watched, never stopped. An hour
unlike the same hour of earlier weeks is told. What lasts is told to one channel more each hour, what is over once.

Before that the clock: environments outside their `hours` are closed, those within are open, and warehouses have the
clusters that their `warehouse_schedule` asks for.
""",
        params={},
        schedule=CronTriggerTimetable(OFTEN, timezone="UTC"),
        tags=["budget"],
    ) as dag:
        CheckBudgets(task_id="check", on_failure_callback=NobodyWatches(timedelta(minutes=5)), **RETRIES)
    return dag


def budget_control_dag() -> DAG:
    """Return the DAG `budget_control`."""
    with flow(
        "budget_control",
        title="Budget · Stop, limit, start",
        description="Stops, limits or starts environments by hand, or lets them cost more for a while",
        doc="""
### Stop, limit, start by hand

One environment or several, with a reason. *start* gives back the settings that were recorded; *override* lets an
environment cost more for so many hours; *open* keeps one open after its hours, until a time of its own clock.
""",
        params={
            "what": Param("stop", type="string", enum=["stop", "limit", "start", "override", "open"], title="What"),
            "environments": Param(
                None, type="array", items={"type": "string", "maxLength": 63}, minItems=1, title="Environments"
            ),
            "usd": Param(None, type=["null", "number"], exclusiveMinimum=0, title="USD", description="Of override."),
            "hours": Param(None, type=["null", "integer"], minimum=1, title="Hours", description="Of override."),
            "until": Param(
                None,
                type=["null", "string"],
                pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2}T)?[0-9]{2}:[0-9]{2}$",
                title="Until",
                description="Of open: 21:00, or 2026-11-28T21:00, where the environment is.",
            ),
            "reason": forms.reason(required=True),
        },
        tags=["budget"],
    ) as dag:
        ControlBudget(task_id="control", **RETRIES)
    return dag
