"""Airflow DAG: promote what dev runs to staging, then tell what is live.

`tell` runs only once the release is live and everything is given back; after a failure it does not run.
"""

from typing import Any

from airflow.sdk import DAG, task

from sluice.airflow.flows import promotion

with DAG("promote_and_tell", schedule=None, catchup=False, tags=["example"]) as dag:

    @task
    def tell(**context: Any) -> str:
        """Say which release is live; each stage leaves its report in XCom."""
        settled = context["ti"].xcom_pull(task_ids="promote_staging.settle")
        return f"staging runs {settled['facts']['release']}: {settled['summary']}"

    promotion("staging", reason="asked for by {{ dag.dag_id }}") >> tell()
