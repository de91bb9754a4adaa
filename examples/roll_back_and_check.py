"""Airflow DAG: bring the deployment before back to staging, then look whether that has helped.

`check` runs only once the former deployment is live; where the rollback fails, live is what it was before.
"""

from typing import Any

from airflow.sdk import DAG, Param, task

from sluice.airflow.flows import rollback

with DAG(
    "roll_back_and_check",
    schedule=None,
    catchup=False,
    params={"why": Param("the figures are wrong", type="string", minLength=3, title="Why")},
    tags=["example"],
) as dag:

    @task
    def check(**context: Any) -> str:
        """Fail unless the deployment that the plan promised is live."""
        promised = context["ti"].xcom_pull(task_ids="rollback_staging.plan")["facts"]["restores"]
        live = context["ti"].xcom_pull(task_ids="rollback_staging.settle")["facts"]["live"]
        if live != promised:
            raise ValueError(f"{live} is live instead of {promised}")
        return str(live)

    rollback("staging", reason="{{ params.why }}") >> check()
