"""Task groups for anybody's DAG, and the DAGs of ours that are made of them."""

from sluice.airflow.flows.promotion import promotion, promotion_dag, promotion_params
from sluice.airflow.flows.provision import provision_dag
from sluice.airflow.flows.refresh import refresh, refresh_dag
from sluice.airflow.flows.rollback import rollback, rollback_dag

__all__ = [
    "promotion",
    "promotion_dag",
    "promotion_params",
    "provision_dag",
    "refresh",
    "refresh_dag",
    "rollback",
    "rollback_dag",
]
