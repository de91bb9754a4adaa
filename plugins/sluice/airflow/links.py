"""Links of a deployment's tasks in Airflow's UI: to its artifacts and evidence, and to its dbt docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

from sluice.domain.promotion.deployments import Deployment
from sluice.errors import SluiceError

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey
    from upath import UPath

PREFIX = "/sluice"
"""Where the pages of deployments lie below Airflow's own address."""
DOCS_NEED = ("manifest.json", "catalog.json")
"""The artifacts without which there are no docs."""


class DeploymentLink(BaseOperatorLink):
    """To the deployment's page: its stages, the evidence of its gates, the artifacts of its build."""

    name = "Artifacts and evidence"

    @property
    def xcom_key(self) -> str:
        """The key under which Airflow keeps the link."""
        return "sluice_deployment_link"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the address; nothing where the task has no deployment."""
        deployment = deployment_of(operator)
        return page_of(ti_key.dag_id, ti_key.run_id, deployment.id) if deployment is not None else ""


class DocsLink(BaseOperatorLink):
    """To the dbt docs of what the deployment has built, or brings back."""

    name = "dbt docs"

    @property
    def xcom_key(self) -> str:
        """The key under which Airflow keeps the link."""
        return "sluice_docs_link"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the address; nothing where the store has no docs of the deployment yet."""
        from sluice.airflow.store import open_store
        from sluice.settings import settings

        deployment = deployment_of(operator)
        if deployment is None:
            return ""
        try:
            home = artifacts_of(open_store(settings().store), deployment)
            there = all((home / name).is_file() for name in DOCS_NEED)
        except (OSError, SluiceError):  # the store's own trouble fails the stages that need it, not a link
            return ""
        return f"{page_of(ti_key.dag_id, ti_key.run_id, deployment.id)}docs" if there else ""


LINKS: Sequence[BaseOperatorLink] = (DeploymentLink(), DocsLink())
"""What every task of a deployment links to."""


def deployment_of(operator: object) -> Deployment | None:
    """Return the deployment that a task planned or was given; None: it has none."""
    planned = getattr(operator, "planned_deployment", None)
    if isinstance(planned, Deployment):
        return planned
    given = getattr(operator, "deployment", None)
    return Deployment.from_json(given) if isinstance(given, Mapping) else None


def page_of(dag_id: str, run_id: str, deployment: str) -> str:
    """Return the address of a deployment's page; who may read that DAG's XCom may read it."""
    base = str(conf.get("api", "base_url", fallback="/")).rstrip("/")
    parts = (quote(part, safe="") for part in (dag_id, run_id, deployment))
    return "{}{}/dags/{}/runs/{}/deployments/{}/".format(base, PREFIX, *parts)


def artifacts_of(store: UPath, deployment: Deployment) -> UPath:
    """Return the folder of what was built for a deployment; of a rollback: for the deployment that comes back."""
    from sluice.dbt.artifacts import deployment_home

    return deployment_home(store, deployment.environment, deployment.restores or deployment.id)
