"""Airflow DAG: wait until prod runs a release (or any, unless one is named), then report on what is live."""

from airflow.sdk import DAG, Param, task

from sluice.airflow.hooks import SluiceSnowflakeHook
from sluice.airflow.sensors import DeploymentSensor

RELATIONS = "select table_schema, count(*) from information_schema.tables group by table_schema order by table_schema"

with DAG(
    "report_on_deployment",
    schedule=None,
    catchup=False,
    params={"release": Param(None, type=["null", "string"], title="Release")},
    tags=["example"],
) as dag:

    @task
    def report() -> dict[str, int]:
        """Return how many relations each schema of prod holds; DAGs that may read it have such a connection."""
        return dict(SluiceSnowflakeHook("snowflake_prod", database="OLIST_PROD").get_records(RELATIONS))

    DeploymentSensor(task_id="wait", environment="prod", release="{{ params.release }}") >> report()
