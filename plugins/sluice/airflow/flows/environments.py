"""The DAGs that belong to an environment: each spec of include/environments brings its own."""

from __future__ import annotations

from airflow.sdk import DAG

from sluice.airflow.authoring import readable_specs
from sluice.airflow.flows.promotion import promotion_dag
from sluice.airflow.flows.refresh import refresh_dag


def environment_dags() -> dict[str, DAG]:
    """Return by its id the DAG of each spec: `promote_<name>` of one with an upstream, `refresh_<name>` in place.

    A spec that cannot be read brings none, and takes none of the others'. `provision_environment` reads them all: the
    import error of its file names what is wrong.
    """
    dags: dict[str, DAG] = {}
    for spec in readable_specs().values():
        if spec.promotion.strategy == "in_place":
            dag = refresh_dag(spec)
        elif spec.upstream is not None:
            dag = promotion_dag(spec)
        else:
            continue
        dags[dag.dag_id] = dag
    return dags
