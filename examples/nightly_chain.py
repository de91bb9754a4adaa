"""Airflow DAG: every night the working project is built in dev, promoted to staging, and to prod if somebody approves.

Whether a promotion asks for approval, and whom, is said by the environment's spec (`promotion: {approval: true}`). Each
group begins when the one before has succeeded and has given back its lock and its warehouse's size.

Switch `promote_staging` and `promote_prod` off beside it: the groups update the assets that begin those, and whichever
comes second to an environment's lock fails.
"""

from airflow.sdk import DAG, CronTriggerTimetable

from sluice.airflow.flows import promotion, refresh

with DAG(
    "nightly_chain",
    schedule=CronTriggerTimetable("0 2 * * *", timezone="Europe/Berlin"),
    catchup=False,
    max_active_runs=1,
    tags=["example"],
) as dag:
    refresh("dev", reason="nightly") >> promotion("staging", reason="nightly") >> promotion("prod", reason="nightly")
