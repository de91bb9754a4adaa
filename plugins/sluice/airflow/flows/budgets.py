"""Budgets: a check every few minutes, and what people do by hand."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from sluice.airflow.authoring import readable_specs
from sluice.airflow.budget_notices import StaleBudgetCheckNotifier
from sluice.airflow.flows import forms
from sluice.airflow.flows.builders import RETRIES, flow, parameters
from sluice.airflow.operators.budgets import CONTROLS, CheckBudgetsOperator, ControlBudgetOperator
from sluice.domain.ephemeral.ephemeral_name import LONGEST
from sluice.domain.schedules.hours import MOMENT

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
warehouses and statements; against its budget (`include/policies/budgets.yml`): notified at 50 %, limited at 80 %,
suspended at 100 %, restored when its day is over or it is well below again. Production is watched, never stopped. An
hour unlike the same hour of earlier weeks is notified. What lasts goes to one channel more each hour, its end to all.

Before that the clock: environments outside their `hours` are closed, those within are open, and warehouses have the
clusters that their `warehouse_schedule` asks for.
""",
        params={},
        schedule=CronTriggerTimetable(OFTEN, timezone="UTC"),
        tags=["budget"],
    ) as dag:
        CheckBudgetsOperator(
            task_id="check", on_failure_callback=StaleBudgetCheckNotifier(timedelta(minutes=5)), **RETRIES
        )
    return dag


def budget_control_dag() -> DAG:
    """Return the DAG `budget_control`."""
    with flow(
        "budget_control",
        title="Budget · Stop, limit, resume",
        description="Stops, limits or resumes environments, or lets them cost more for a while",
        doc="""
### Stop, limit, resume

One environment or several, with a reason. *resume* restores the recorded settings; *override* lets an
environment cost more for so many hours; *open* keeps one open after its hours, until a time of its own clock.
""",
        params={
            "what": forms.choice("What", "What to do with them.", CONTROLS, default=CONTROLS[0]),
            "environments": forms.texts(
                "Environments",
                f'One a line: {", ".join(readable_specs())}, or what "sluice env list" prints.',
                required=True,
                longest=LONGEST,
            ),
            "usd": forms.dollars("USD", "For override: how much more each may cost."),
            "hours": forms.whole("Hours", "For override: for how long."),
            "until": forms.text(
                "Until",
                "For open: 21:00, or 2026-11-28T21:00, by the environment's own clock.",
                pattern=forms.pattern_of(MOMENT),
            ),
            "reason": forms.reason(required=True),
        },
        tags=["budget"],
    ) as dag:
        fields = parameters("what", "environments", "usd", "hours", "until", "reason")
        ControlBudgetOperator(task_id="control", **fields, **RETRIES)
    return dag
