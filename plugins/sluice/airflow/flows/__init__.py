"""Task groups for anybody's DAG, and sluice's own DAGs that are made of them.

A group is one step of a DAG: what is behind it runs once it has succeeded and has released what it took.

    from sluice.airflow.flows import promotion

    with DAG("nightly", schedule="0 4 * * *"):
        promotion("staging") >> promotion("prod", reason="nightly") >> report()
"""

from sluice.airflow.flows.access import access_review_dag, change_access_dag, provision_roles_dag
from sluice.airflow.flows.budgets import budget_check_dag, budget_control_dag
from sluice.airflow.flows.environments import environment_dags
from sluice.airflow.flows.lifecycle import (
    change_environment_dag,
    destroy_environment_dag,
    reclone_environment_dag,
)
from sluice.airflow.flows.promotion import promotion, promotion_dag, promotion_params
from sluice.airflow.flows.provision import provision_dag
from sluice.airflow.flows.refresh import build_environment_dag, refresh, refresh_dag
from sluice.airflow.flows.rollback import rollback, rollback_dag
from sluice.airflow.flows.sweep import sweep_dag

__all__ = [
    "access_review_dag",
    "budget_check_dag",
    "budget_control_dag",
    "build_environment_dag",
    "change_access_dag",
    "change_environment_dag",
    "destroy_environment_dag",
    "environment_dags",
    "promotion",
    "promotion_dag",
    "promotion_params",
    "provision_dag",
    "provision_roles_dag",
    "reclone_environment_dag",
    "refresh",
    "refresh_dag",
    "rollback",
    "rollback_dag",
    "sweep_dag",
]
