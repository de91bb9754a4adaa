"""Airflow DAG: an environment for one branch, looked into, and destroyed whatever came of it.

Operators by themselves: their arguments are values, templates, or other tasks' results.
"""

from airflow.sdk import DAG, Param, task

from sluice.airflow.hooks import SluiceSnowflakeHook
from sluice.airflow.operators import DestroyEnvironmentOperator, ProvisionEnvironmentOperator

RELATIONS = "select count(*) from information_schema.tables where table_schema <> 'INFORMATION_SCHEMA'"
NAME = "{{ ti.xcom_pull('make')['environment'] }}"

with DAG(
    "branch_environment",
    schedule=None,
    catchup=False,
    params={"branch": Param("feature/orders", type="string", minLength=1, title="Branch")},
    tags=["example"],
) as dag:
    make = ProvisionEnvironmentOperator(
        task_id="make",
        kind="testing",
        branch="{{ params.branch }}",
        environment_owner="pipeline",
        base="staging",
        reason="tests of {{ params.branch }}",
    )

    @task
    def look(environment: str) -> int:
        """Return how many relations the environment has."""
        name = environment.upper()
        hook = SluiceSnowflakeHook("snowflake_dev", database=name, role=f"SLUICE_{name}", warehouse=f"{name}_WH")
        return int(hook.get_first(RELATIONS)[0])

    destroy = DestroyEnvironmentOperator(task_id="destroy", environment=NAME, force=True, reason="the tests are over")
    make >> look(NAME) >> destroy.as_teardown(setups=make)
