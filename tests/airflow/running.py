"""DAGs run in this process by Airflow itself (`dag.test()`), on an account that is provisioned for them."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from airflow.sdk import DAG

from sluice.airflow.workspace import airflow_workspace
from sluice.domain.journal.events import Event
from sluice.domain.names import Marker
from sluice.operations.provisioning.provision import provision
from sluice.operations.rollback import rollback
from sluice.snowflake import journal, locks, observe
from snowdome.pytest_plugin import Snowdome

ROOT = Path(__file__).parents[2]
PROJECT: Mapping[str, str] = {
    "dbt_project.yml": "name: till\nprofile: till\nmodels: {till: {+materialized: table}}\n",
    "models/sales.sql": "select 1 as id, 10 as amount union all select 2, 20",
    "models/totals.sql": "select count(*) as sales, sum(amount) as amount from {{ ref('sales') }}",
    "models/schema.yml": "models: [{name: sales, columns: [{name: id, data_tests: [unique, not_null]}]}]\n",
    "models/leaf.sql": "select sales, 'one' as version from {{ ref('totals') }}",
}
POLICIES: Mapping[str, str] = {
    "gates.yml": "defaults: {marginal: ask, run_time: {enabled: false}}\n",  # a slow machine is nothing to ask about
    "checks.yml": "checks: [{name: no_negative_sales, sql: select id from analytics.sales where amount < 0}]\n",
    "prices.yml": "credit_usd: 3\n",
}


@dataclass(frozen=True)
class Ran:
    """A DAG run that ended: its state, that of each task, and where to find it again."""

    dag: DAG
    run_id: str
    state: str
    tasks: Mapping[str, str]
    moments: Mapping[str, tuple[Any, Any]]
    """When each task began and ended."""

    def xcom(self, task_id: str, key: str = "return_value") -> Any:
        """What a task left in XCom."""
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session

        with create_session() as session:
            query = XComModel.get_many(run_id=self.run_id, dag_ids=self.dag.dag_id, task_ids=task_id, key=key)
            rows = session.execute(query.with_only_columns(XComModel)).scalars().all()
        return XComModel.deserialize_value(rows[0]) if rows else None


@dataclass(frozen=True)
class Runs:
    """An account with dev, staging and prod, the dbt project that is worked on, and ways to run DAGs there."""

    account: Snowdome
    project: Path

    def write(self, **models: str) -> None:
        """The project is the shipped one with these models changed."""
        for name, text in {**PROJECT, **{f"models/{name}.sql": text for name, text in models.items()}}.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, dag: DAG, *, conf: Mapping[str, object] | None = None, approver: str | None = None) -> Ran:
        """Run a DAG to its end; `approver` says yes to what it asks."""
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

        bag = DagBag("/dev/null")
        bag.bag_dag(dag)
        sync_bag_to_db(bag, "dags-folder", None)
        with answering(dag.dag_id, approver):
            found = dag.test(run_conf=dict(conf or {}))
        return _ran(dag, found.run_id)

    def again(self, ran: Ran, *task_ids: str) -> Ran:
        """Clear tasks of a run and what is behind them, as people do in the UI, and run them."""
        from airflow.sdk.definitions.dag import _run_task
        from airflow.utils.session import create_session
        from airflow.utils.state import DagRunState, TaskInstanceState

        scheduled = serialized(ran.dag)
        behind = scheduled.partial_subset(task_ids=set(task_ids), include_downstream=True, include_upstream=False)
        with create_session() as session:
            behind.clear(run_id=ran.run_id, dag_run_state=DagRunState.RUNNING, session=session)
        while True:
            with create_session() as session:
                run = scheduled_run(ran.dag.dag_id, ran.run_id, session)
                run.dag = scheduled
                ready, _ = run.update_state(session=session)
                if run.state != DagRunState.RUNNING:
                    return _ran(ran.dag, ran.run_id)
                for ti in ready:
                    ti.try_number += 1
                    ti.state = TaskInstanceState.SCHEDULED
                session.commit()
                session.expunge_all()
            for ti in ready:
                _run_task(ti=ti, task=ran.dag.task_dict[ti.task_id], run_triggerer=True)

    def live(self, environment: str) -> Marker | None:
        """What live bears."""
        work = airflow_workspace()
        name = work.spec(environment).database.name.name
        with work.session(environment) as session:
            return observe.markers(session, name)[name]

    def databases(self, environment: str) -> list[str]:
        """The live database and what lies beside it."""
        work = airflow_workspace()
        with work.session(environment) as session:
            return sorted(observe.markers(session, work.spec(environment).database.name.name))

    def retained(self, environment: str) -> list[str]:
        """The deployments that can come back, oldest first."""
        work = airflow_workspace()
        spec = work.spec(environment)
        with work.session(environment) as session:
            return list(rollback.retained(observe.markers(session, spec.database.name.name), spec))

    def holder(self, environment: str) -> str | None:
        """Who holds the environment's lock."""
        with airflow_workspace().session(environment) as session:
            found = locks.read(session, environment)
        return found.holder if found is not None else None

    def events(self, environment: str, *kinds: str) -> list[Event]:
        """What the journal says of an environment."""
        with airflow_workspace().control() as session:
            return journal.read(session, environment=environment, kinds=kinds)


def prepare(account: Snowdome, folder: Path) -> tuple[Runs, dict[str, str]]:
    """Return runs on an account, and the variables that have to be set for them."""
    policies = folder / "policies"
    policies.mkdir()
    (folder / "no_dags").mkdir()
    for name, text in POLICIES.items():
        (policies / name).write_text(text)
    for shipped in ("cleanup.yml", "access.yml"):
        shutil.copy(ROOT / "include" / "policies" / shipped, policies)
    runs = Runs(account, folder / "project")
    runs.write()
    bundle = {
        "name": "dags-folder",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(folder / "no_dags")},  # dag.test() reads all of it, each time
    }
    return runs, {
        "SLUICE_POLICIES": str(policies),
        "SLUICE_DBT_PROJECT": str(runs.project),
        "SLUICE_STORE": f"file://{folder / 'store'}",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,bob:op",
    }


@cache
def prepare_database() -> None:
    """Airflow's database is made: once, for all modules of a process."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.utils.db import initdb

    initdb()
    DagBundlesManager().sync_bundles_to_db()


def provision_all(environments: Iterable[str]) -> None:
    """The environments are provisioned."""
    work = airflow_workspace()
    for name in environments:
        provision(work, name, work.now(), holder="test")


def stop_after(dag: DAG, task_id: str, state: str) -> None:
    """Once that task has succeeded, somebody marks the run as `failed` or as `success`."""
    from airflow.api.common.mark_tasks import set_dag_run_state_to_failed, set_dag_run_state_to_success
    from airflow.utils.session import create_session

    mark: Callable[..., object] = {"failed": set_dag_run_state_to_failed, "success": set_dag_run_state_to_success}[
        state
    ]

    def stop(context: Any) -> None:
        with create_session() as session:
            mark(dag=serialized(dag), run_id=context["run_id"], commit=True, session=session)

    task = dag.get_task(task_id)
    before = task.on_success_callback
    task.on_success_callback = [*(before if isinstance(before, list | tuple) else [before] if before else []), stop]


@contextmanager
def answering(dag_id: str, approver: str | None) -> Iterator[None]:
    """While it lasts, what a DAG asks is approved by that user, through Airflow's own API."""
    if approver is None:
        yield
        return
    over = threading.Event()
    person = threading.Thread(target=_approve_all, args=(dag_id, approver, over))
    person.start()
    try:
        yield
    finally:
        over.set()
        person.join()


def _approve_all(dag_id: str, approver: str, over: threading.Event) -> None:
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    with TestClient(create_app(apps="core")) as client:
        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=approver, role="op"))
        client.headers["Authorization"] = f"Bearer {token}"
        waiting = f"/api/v2/dags/{dag_id}/dagRuns/~/hitlDetails"
        while not over.wait(1):
            for question in client.get(waiting, params={"response_received": "false"}).json()["hitl_details"]:
                ti = question["task_instance"]
                path = f"/api/v2/dags/{dag_id}/dagRuns/{ti['dag_run_id']}/taskInstances/{ti['task_id']}/-1/hitlDetails"
                client.patch(path, json={"chosen_options": ["Approve"], "params_input": {}}).raise_for_status()


def serialized(dag: DAG) -> Any:
    """The DAG as the scheduler knows it."""
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))


def scheduled_run(dag_id: str, run_id: str, session: Any) -> Any:
    """The run as the scheduler knows it."""
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    return session.scalars(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)).one()


def _ran(dag: DAG, run_id: str) -> Ran:
    from airflow.utils.session import create_session

    with create_session() as session:
        run = scheduled_run(dag.dag_id, run_id, session)
        found = run.get_task_instances(session=session)
        tasks = {ti.task_id: str(ti.state) for ti in found}
        moments = {ti.task_id: (ti.start_date, ti.end_date) for ti in found}
        return Ran(dag, run_id, str(run.state), tasks, moments)
