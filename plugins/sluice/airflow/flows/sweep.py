"""The nightly sweep of ephemeral environments that are not needed any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, CronTriggerTimetable, chain

from sluice.airflow.assets import ENVIRONMENTS
from sluice.airflow.flows import forms
from sluice.airflow.flows.builders import RETRIES, flow, parameters
from sluice.airflow.operators.arguments import Arguments
from sluice.airflow.operators.sweep import PlanSweepOperator, SweepEnvironmentsOperator, is_scheduled

if TYPE_CHECKING:
    from airflow.sdk import Context

NIGHTLY = "15 2 * * *"


@dataclass(frozen=True, slots=True)
class NotDry:
    """Whether the run is no dry run: the nightly ones are none, those by hand are unless the form says otherwise."""

    def __call__(self, context: Context, jinja_env: object) -> bool:
        """Return whether anything may be done in this run."""
        del jinja_env
        return is_scheduled(context) or not Arguments(context["params"]).switch("dry_run", otherwise=True)

    def serialize(self) -> str:
        """Return it as people know it: what Airflow shows, and compares between two readings of the file."""
        return "{{ not params.dry_run }}"


def sweep_dag() -> DAG:
    """Return the DAG `cleanup_sweep`."""
    with flow(
        "cleanup_sweep",
        title="Environment · Sweep",
        description="Notifies of, quarantines and drops environments that are not needed any more, every night",
        doc="""
### Sweep

Every night: environments past their time or idle for too long (`include/policies/cleanup.yml`) are noticed, a day
later quarantined (access revoked, warehouse suspended, renamed), a day after that dropped; a drop can be undone while
Snowflake keeps it. Whoever extends or pins on the way keeps theirs.

By hand it is a **dry run** unless the form says otherwise: `plan` shows what would be done to each, and why. More
removals than the policy's bounds stop the sweep until somebody says how many are allowed.
""",
        params={
            "dry_run": forms.switch("Dry run", "Only show what would be done.", default=True),
            "allow": forms.whole("Allow", "So many removals at once, where the policy's bounds stopped a sweep."),
        },
        schedule=CronTriggerTimetable(NIGHTLY, timezone="UTC"),
        tags=["environments"],
    ) as dag:
        plan = PlanSweepOperator(task_id="plan", **parameters("allow"), **RETRIES)
        by_hand: Any = NotDry()
        sweep = SweepEnvironmentsOperator(
            task_id="sweep", apply=by_hand, **parameters("allow"), outlets=[ENVIRONMENTS], **RETRIES
        )
        chain(plan, sweep)
    return dag
