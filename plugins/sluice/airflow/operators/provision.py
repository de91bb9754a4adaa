"""The account is brought to what a spec says, be it of a standing environment or of a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluice.airflow.actors import actor
from sluice.airflow.assets import ENVIRONMENTS
from sluice.airflow.operators.base import SluiceOperator
from sluice.airflow.operators.environments import request, wanted
from sluice.airflow.operators.form import Form

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.stages.provision import Provisioned
    from sluice.stages.workspace import Workspace


class Provision(SluiceOperator):
    """Database, warehouse, roles, grants and tags of the run's environment are as its spec says; again: no change."""

    custom_operator_name = "Provision"

    def work(self, workspace: Workspace, context: Context) -> dict[str, object]:
        """Apply what differs, under the environment's lock; a retry goes on where it stopped."""
        done = self._provisioned(workspace, context)
        for line in done.steps:
            self.log.info("%s", line)
        self.log.info("%d steps, %d statements", len(done.steps), done.statements)
        if ENVIRONMENTS in self.outlets:
            context["outlet_events"][ENVIRONMENTS].extra = {"environment": done.environment, "actor": actor(context)}
        return done.to_json()

    def _provisioned(self, workspace: Workspace, context: Context) -> Provisioned:
        from sluice.stages.creation import create
        from sluice.stages.provision import provision

        name, kind = wanted(Form.of(context))
        now, who = workspace.now(), actor(context)
        holder = f"provision {context['ti'].run_id}"
        if kind is None:
            return provision(workspace, name, now, holder=holder, actor=who)
        return create(workspace, kind, request(workspace, kind, context), now, holder=holder, actor=who)
