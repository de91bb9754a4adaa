"""The account is brought to what a spec says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluice.airflow.actors import actor
from sluice.airflow.operators.base import SluiceOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.stages.workspace import Workspace


class ExplainProvision(SluiceOperator):
    """What would change in the account for the run's `environment` is in the log; nothing has changed."""

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Observe and plan."""
        from sluice.stages.provision import as_text, explain, plan_provision

        plan = plan_provision(workspace, context["params"]["environment"], datetime.now(UTC))
        self.log.info("%s", as_text(plan))
        return {"steps": len(explain(plan)), "notes": list(plan.notes)}


class Provision(SluiceOperator):
    """Database, warehouse, roles, grants and tags of the run's `environment` are as its spec says; again: no change."""

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Apply what differs, under the environment's lock; a retry goes on where it stopped."""
        from sluice.stages.provision import provision

        ti = context["ti"]
        done = provision(
            workspace,
            context["params"]["environment"],
            datetime.now(UTC),
            holder=f"provision {ti.run_id}",
            actor=actor(context),
        )
        for line in done.steps:
            self.log.info("%s", line)
        self.log.info("%d steps, %d statements", len(done.steps), done.statements)
        return done.to_json()
