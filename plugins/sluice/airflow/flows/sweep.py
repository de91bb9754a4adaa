"""The nightly sweep of environments that nobody needs any more."""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, chain

from sluice.airflow.assets import ENVIRONMENTS
from sluice.airflow.flows import forms
from sluice.airflow.flows.builders import RETRIES, flow
from sluice.airflow.operators.sweep import PlanSweep, Sweep

NIGHTLY = "15 2 * * *"


def sweep_dag() -> DAG:
    """Return the DAG `cleanup_sweep`."""
    with flow(
        "cleanup_sweep",
        title="Environment · Sweep",
        description="Notices, sets aside and drops environments that nobody needs any more, every night",
        doc="""
### Sweep

Every night: environments past their time or idle for too long (`include/policies/cleanup.yml`) are noticed, a day
later set aside (access taken back, warehouse stopped, renamed), a day after that dropped; a drop can be undone while
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
        chain(PlanSweep(task_id="plan", **RETRIES), Sweep(task_id="sweep", outlets=[ENVIRONMENTS], **RETRIES))
    return dag
