"""The world of the end-to-end tests: a stack, its people, and a dbt project of a few models."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sluice.airflow_client.api import FINISHED, AirflowApi, ApiError, Run
from sluice.airflow_client.follow import Ended, follow, next_run
from sluice.devstack.production import Observer
from sluice.devstack.stack import Stack
from sluice.domain.names import Marker
from sluice.domain.specs.environment import EnvironmentSpec, load_environments

ROOT = Path(__file__).resolve().parents[2]
PROJECT: Mapping[str, str] = {
    "dbt_project.yml": "name: till\nprofile: till\nmodels: {till: {+materialized: table}}\n",
    "models/sales.sql": "select 1 as id, 10 as amount union all select 2, 20",
    "models/totals.sql": "select count(*) as sales, sum(amount) as amount from {{ ref('sales') }}",
    "models/schema.yml": "models: [{name: sales, columns: [{name: id, data_tests: [unique, not_null]}]}]\n",
    "models/leaf.sql": "select sales, 1 as version from {{ ref('totals') }}",
}
GATES = "defaults: {marginal: ask}\n"
CHECKS = """
checks:
  - name: no_negative_sales
    sql: select id from analytics.sales where amount < 0
"""


@dataclass
class World:
    """The stack, its people, and the dbt project they work on."""

    stack: Stack
    admin: AirflowApi
    alice: AirflowApi
    bob: AirflowApi
    said: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    @property
    def specs(self) -> Mapping[str, EnvironmentSpec]:
        """The environments that ship."""
        return load_environments(ROOT / "include" / "environments")

    def write(self, **models: str) -> None:
        """Change models of the working project."""
        for name, text in {f"models/{name}.sql": text for name, text in models.items()}.items():
            (self.stack.environment.project / name).write_text(text)

    def reset(self) -> None:
        """The working project is as it was at first."""
        for name, text in PROJECT.items():
            path = self.stack.environment.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, dag_id: str, **conf: object) -> Ended:
        """Alice triggers a DAG and waits for its end."""
        run = self.alice.trigger(dag_id, **conf)
        self.known.add(run.run_id)
        return self.end(run)

    def end(self, run: Run, *, approver: AirflowApi | None = None) -> Ended:
        """Wait for a run's end."""
        return follow(self.alice, run, self.said.append, seconds=400, approver=approver)

    def started(self, dag_id: str) -> Run:
        """Return the run that an asset has started."""
        return next_run(self.alice, dag_id, self.known)

    def live(self, environment: str) -> Marker:
        """What live bears."""
        return Observer(self.stack.environment).live(self.specs[environment])

    def end_what_waits(self) -> None:
        """No run of any DAG is left behind which another one would wait for its turn; none is taken for a new one."""
        deadline = time.monotonic() + 120
        while waiting := self._unfinished():  # what is queued may begin once what runs is ended
            assert time.monotonic() < deadline, waiting
            for run in waiting:
                with suppress(ApiError):  # on SQLite it answers 500 while its scheduler writes: asked again
                    self.admin.call("PATCH", run.path, json={"state": "failed"})
            time.sleep(2)
        self.known |= {run["dag_run_id"] for dag_id in self.admin.dags() for run in self.admin.runs(dag_id)}

    def _unfinished(self) -> list[Run]:
        runs = [(dag_id, run) for dag_id in self.admin.dags() for run in self.admin.runs(dag_id)]
        return [Run(dag_id, run["dag_run_id"]) for dag_id, run in runs if run["state"] not in FINISHED]
